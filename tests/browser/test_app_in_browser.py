"""The app as its reader has it: the real server, a real browser, and no network but this machine."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hostile
import pytest
from seeing import DRAWN, SCREEN, WAIT_MS, colours, keep, watched

from geo.bundled import embedded_district
from geo.views import palette

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

OpenPage = Callable[..., tuple["Page", list[str]]]
ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(district: Path) -> Iterator[str]:
    """`atlas app` on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > until:
                    raise
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    with serving(embedded_district()) as address:
        yield address


@pytest.fixture(scope="module")
def spiteful_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("made") / "hostile"
    with serving(hostile.hostile_district(folder)) as address:
        yield address


def drawn(page: Page, features: int = 0) -> Locator:
    """The map, once it is drawn with more features than that."""
    page.set_default_timeout(WAIT_MS)
    page.wait_for_function(
        "least => [...document.querySelectorAll('*')].some((node) => (node.shadowRoot || node)"
        ".querySelector('[data-atlas-drawn=true]')?.dataset.atlasFeatures > least)",
        arg=features,
    )
    return page.locator(DRAWN)


def test_the_scope_page_draws_its_map_and_asks_no_one_else(open_page: OpenPage, app: str) -> None:
    page, refused = open_page("about:blank", viewport=SCREEN)
    seen = watched(page)  # from the first request on
    page.goto(app)
    drawn(page)
    found = colours(page)
    assert sum(found.values()) > 2_000  # borders and edges; the fills are translucent
    page.get_by_text("示意数据").first.wait_for()
    page.get_by_text("显示 156 / 156 个单元").wait_for()
    keep(page, "app-scope-zh")
    assert refused == []
    assert seen["errors"] == []
    asked = {re.match(r"(?:blob:)?\w+://[^/]+", request) for request in seen["requests"]}
    assert {found[0].removeprefix("blob:") if found else None for found in asked} == {app}


def test_a_click_on_a_village_gives_the_reason_for_its_decision(
    open_page: OpenPage, app: str
) -> None:
    page, refused = open_page(app, viewport=SCREEN)
    box = drawn(page).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.62)
    page.locator(".atlas-why", has_text="的面积在范围内").wait_for()
    name = page.locator(".atlas-card h3").text_content() or "?"
    assert name in (page.locator(".atlas-why").text_content() or "")
    # The map stays as it is: the card is still open, and nothing was drawn anew.
    assert page.locator(".atlas-card").count() == 1
    keep(page, "app-scope-picked")
    assert refused == []


def test_the_figures_page_draws_the_streets_by_the_indicator(open_page: OpenPage, app: str) -> None:
    page, refused = open_page(f"{app}/figures?indicator=hardening.back_streets", viewport=SCREEN)
    drawn(page, 657)
    assert colours(page).get(palette.THREE_VALUES["covered"].color, 0) > 20
    keep(page, "app-figures-zh")
    page.locator(DRAWN).scroll_into_view_if_needed()
    keep(page, "app-figures-map-zh")
    assert refused == []


def test_the_address_opens_the_same_view_in_english(open_page: OpenPage, app: str) -> None:
    page, refused = open_page(
        f"{app}/figures?lang=en&indicator=certification.villages&level=town&drawn=verdicts",
        viewport=SCREEN,
    )
    drawn(page)
    page.get_by_text("Villages certified · Towns and streets").wait_for()
    page.get_by_text("Illustrative data").first.wait_for()
    page.locator(DRAWN).scroll_into_view_if_needed()
    keep(page, "app-figures-units-en")
    assert refused == []


def test_pages_and_languages_change_by_a_click(open_page: OpenPage, app: str) -> None:
    page, refused = open_page(app, viewport=SCREEN)
    drawn(page)
    page.get_by_role("radio", name="English").or_(
        page.get_by_role("button", name="English")
    ).click()
    page.get_by_text("156 of 156 units shown").wait_for()
    page.get_by_role("link", name="Figures").click()
    page.get_by_text("By project").wait_for()
    drawn(page, 657)
    assert "lang=en" in page.url
    keep(page, "app-figures-en")
    assert refused == []


@pytest.mark.parametrize("path", ["", "/figures"])
def test_spite_is_shown_whole_and_runs_nowhere_in_the_app(
    open_page: OpenPage, spiteful_app: str, path: str
) -> None:
    page, refused = open_page("about:blank", viewport=SCREEN)
    seen = watched(page)  # from the first request on
    page.goto(spiteful_app + path)
    drawn(page)
    page.locator(".atlas-top h1", has_text=f"名{hostile.SPITE}").wait_for()
    assert page.locator(".atlas-strip").text_content() == f"示意{hostile.SPITE}"
    assert hostile.SPITE in (page.locator(".atlas-panel").text_content() or "")
    box = page.locator(DRAWN).bounding_box()
    assert box
    page.locator(DRAWN).click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    card = page.locator(".atlas-card")
    card.wait_for()
    assert hostile.SPITE in (card.text_content() or "")
    if path:
        assert f"后街背巷硬化率{hostile.SPITE}" in (
            page.locator(".atlas-projects").text_content() or ""
        )
    else:
        page.locator(".atlas-why", has_text=hostile.SPITE).wait_for()
    keep(page, f"app-hostile{path.replace('/', '-')}")
    shown = page.locator("body").inner_text()
    assert not [ran for ran in hostile.RAN if ran in shown]
    assert page.locator("img[src=x]").count() == 0
    assert seen["dialogs"] == []
    assert seen["errors"] == []
    assert refused == []
