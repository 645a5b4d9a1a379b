"""The app as its reader has it: the real server, and the states that its pages come to."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import WAIT_MS
from ports import free_port
from seeing import DRAWN

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(district: Path, held: int | None = None) -> Iterator[str]:
    """`atlas app` on a free port, or on one that is held for it; its address. It has to end when it is told to."""
    with contextlib.nullcontext(held) if held else free_port() as port:
        command = [sys.executable, "-m", "geo", "app", "--no-browser", "--port", str(port)]
        server = subprocess.Popen(
            [*command, "--district", str(district)],
            cwd=ROOT / "tests",  # where no .streamlit folder lies, as beside an installed copy
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(server, address)
            yield address
        finally:
            server.terminate()
            server.wait(WAIT_MS / 1000)


def _wait_for(server: subprocess.Popen[bytes], address: str) -> None:
    """Until the server answers."""
    until = time.monotonic() + WAIT_MS / 1000
    while True:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
        except OSError:
            if time.monotonic() > until:
                raise
        else:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            pytest.fail(f"the server ended at once, with {server.wait(0.1)}")


def drawn(page: Page, features: int = 0) -> Locator:
    """The map, once it is drawn with more features than that and has its place in the app."""
    page.wait_for_function(
        "least => [...document.querySelectorAll('#root *')].some((node) => (node.shadowRoot || node)"
        ".querySelector('[data-atlas-drawn=true]')?.dataset.atlasFeatures > least)",
        arg=features,
    )
    return page.locator(DRAWN)


def settled(page: Page) -> None:
    """Waits until the server has nothing more to say."""
    page.wait_for_function(
        "() => document.querySelector('[data-test-script-state=notRunning]')"
        " && !document.querySelector('[data-testid=stSpinner], [data-stale=true]')"
    )
