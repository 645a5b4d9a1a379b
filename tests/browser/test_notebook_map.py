"""A map within a notebook, as a notebook puts it into its page: with the network refused, and shut off from the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import profile
from seeing import DRAWN, SCREEN, keep, watched

from geo.survey import open_survey
from geo.views.inline import show_map

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def test_it_draws_in_its_frame_and_reaches_neither_notebook_nor_network(
    browser: Browser, tmp_path: Path
) -> None:
    notebook = tmp_path / "notebook.html"
    shown = show_map(open_survey(), "hardening.back_streets", language="en")
    notebook.write_text(f"<!doctype html><h1>Cell 1</h1>{shown._repr_html_()}", encoding="utf-8")
    context = profile(browser, viewport=SCREEN, offline=True)
    page = context.new_page()
    seen = watched(page)
    page.goto(notebook.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator(DRAWN).wait_for()
    assert int(frame.locator(DRAWN).get_attribute("data-atlas-features") or 0) > 657
    assert page.locator("iframe").bounding_box()["height"] == shown.height_px  # type: ignore[index]
    inner = next(one for one in page.frames if one.parent_frame is not None)
    with pytest.raises(Exception, match=r"cross-origin|SecurityError"):
        inner.evaluate("parent.document.title")
    outside = [url for url in seen["requests"] if not url.startswith(("about:", "data:", "blob:"))]
    assert outside == [notebook.as_uri()]
    assert seen["errors"] == []
    keep(page, "notebook-map")
    context.close()
