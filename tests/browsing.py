"""A browser whose pages wait as long as a busy machine takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

WAIT_MS = 90_000
"""For a state, on a machine with other work to do; nothing waits longer than it has to."""


def profile(browser: Browser, **options: Any) -> BrowserContext:
    """A profile whose pages wait as long as a busy machine takes."""
    context = browser.new_context(**options)
    context.set_default_timeout(WAIT_MS)
    return context
