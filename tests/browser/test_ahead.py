"""A map that the page brings itself: drawn before Streamlit is there, taken over when it is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hostile
import pytest
from seeing import DRAWN, SCREEN, keep, watched
from serving import drawn, serving, settled

from geo.bundled import embedded_district

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Route, ViewportSize

pytestmark = pytest.mark.browser

OpenPage = Callable[..., tuple["Page", list[str]]]
FRAME = re.compile(r"/static/js/index\.[\w-]+\.js")
"""Streamlit's own program, without which nothing of it is on the page."""
WIDE: ViewportSize = {"width": 1920, "height": 1080}
NARROW: ViewportSize = {"width": 1024, "height": 768}
"""On which the head of a page in English takes more lines, and the choices of one two."""
LESS_NARROW: ViewportSize = {"width": 1280, "height": 720}
PAGES = (
    "",
    "scope?lang=en",
    "scope",
    "coverage",
    "coverage?lang=en&level=town&within=inside&indicator=hardening.fringe_roads",
)
AGREES_PX = 2


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    with serving(embedded_district()) as address:
        yield address


@pytest.fixture
def held(reader: BrowserContext) -> Iterator[tuple[Page, list[Route]]]:
    """A page to which Streamlit's program does not come before the test lets it."""
    page = reader.new_page()
    page.set_viewport_size(SCREEN)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(FRAME, hold)
    yield page, waiting
    page.close()


def ahead(page: Page) -> Locator:
    """The map of a page that is not yet Streamlit's."""
    found = page.locator(f"#atlas-ahead {DRAWN}")
    found.wait_for()
    assert page.locator("#root > *").count() == 0
    return found


def has_been_opened(open_page: OpenPage, address: str) -> None:
    """By somebody before, without whom the server knows no map for it."""
    page, _ = open_page(address, viewport=SCREEN)
    drawn(page)


def let_through(waiting: list[Route]) -> None:
    while waiting:
        waiting.pop().continue_()


def box(map_: Locator) -> tuple[float, ...]:
    found = map_.bounding_box()
    assert found
    return tuple(found.values())


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("screen", [NARROW, SCREEN, WIDE], ids=["1024", "1366", "1920"])
def test_the_map_is_drawn_before_streamlit_where_streamlit_shows_it(
    open_page: OpenPage,
    held: tuple[Page, list[Route]],
    app: str,
    path: str,
    screen: ViewportSize,
) -> None:
    first, _ = open_page(f"{app}/{path}", viewport=SCREEN)
    drawn(first)
    settled(first)
    page, waiting = held
    choices_wrap = screen is NARROW and path.startswith("coverage")
    page.set_viewport_size(LESS_NARROW if choices_wrap else screen)
    seen = watched(page)
    page.goto(f"{app}/{path}", wait_until="commit")
    early = ahead(page)
    assert page.locator("#atlas-ahead .atlas-strip").is_visible()  # what a map may not be without
    place, features = box(early), early.get_attribute("data-atlas-features")
    early.evaluate("node => { node.kept = true; }")
    keep(page, f"app-ahead-{path.partition('?')[0] or 'overview'}-{screen['width']}")
    let_through(waiting)
    late = drawn(page)
    assert late.evaluate("node => node.kept")  # the same map, not another like it
    assert late.get_attribute("data-atlas-features") == features
    assert page.locator("#atlas-ahead").count() == 0
    settled(page)
    assert box(late) == pytest.approx(place, abs=AGREES_PX)
    assert seen["errors"] == []


def test_it_lies_where_it_will_among_several_districts_and_many_rounds_and_runs_nothing(
    open_page: OpenPage, held: tuple[Page, list[Route]], tmp_path: Path
) -> None:
    home = hostile.hostile_district(tmp_path / "hostile")
    (file,) = (home / "rounds").glob("*.gpkg")
    for month in range(1, 5):
        shutil.copy(file, file.with_name(f"2001-0{month}-01.gpkg"))
    shutil.copytree(home, tmp_path / "another")
    page, waiting = held
    seen = watched(page)
    with serving(home) as app:
        first, _ = open_page(f"{app}/scope", viewport=SCREEN)
        drawn(first)
        settled(first)
        page.goto(f"{app}/scope", wait_until="commit")
        place = box(ahead(page))
        assert page.locator("#atlas-ahead h1").text_content() == f"名{hostile.SPITE}"
        keep(page, "app-ahead-several")
        let_through(waiting)
        late = drawn(page)
        settled(page)
        assert box(late) == pytest.approx(place, abs=AGREES_PX)
        keep(page, "app-ahead-several-late")
    assert (seen["errors"], seen["dialogs"]) == ([], [])


def test_a_page_with_a_warning_above_its_map_comes_the_usual_way(
    open_page: OpenPage, held: tuple[Page, list[Route]], app: str
) -> None:
    address = f"{app}/scope?unit=of-no-place"
    first, _ = open_page(address, viewport=SCREEN)
    first.get_by_text("of-no-place").wait_for()
    drawn(first)
    settled(first)
    page, waiting = held
    with page.expect_request(FRAME):
        page.goto(address, wait_until="commit")
    page.wait_for_function("() => document.readyState !== 'loading'")
    assert page.locator("#atlas-ahead").count() == 0
    let_through(waiting)
    drawn(page)


def test_what_is_picked_before_streamlit_is_picked_in_its_list(
    open_page: OpenPage, held: tuple[Page, list[Route]], app: str
) -> None:
    first, _ = open_page(f"{app}/scope", viewport=SCREEN)
    drawn(first)
    page, waiting = held
    page.goto(f"{app}/scope", wait_until="commit")
    x, y, width, height = box(ahead(page))
    page.mouse.click(x + width * 0.5, y + height * 0.62)
    card = page.locator(".atlas-card h3")
    card.wait_for()
    name = card.text_content() or "?"
    let_through(waiting)
    picked = page.locator("tr[aria-selected=true]")
    picked.wait_for()
    assert name in (picked.text_content() or "")
    assert page.locator(".atlas-card h3").text_content() == name
    page.wait_for_url("**unit=*")
    keep(page, "app-ahead-picked")


def test_a_street_picked_before_streamlit_stays_as_far_off_as_it_was(
    open_page: OpenPage, held: tuple[Page, list[Route]], app: str
) -> None:
    address = f"{app}/coverage?indicator=lighting.lamp_reach&drawn=features"
    first, _ = open_page(address, viewport=SCREEN)
    drawn(first)
    settled(first)
    page, waiting = held
    page.goto(address, wait_until="commit")
    x, y, width, height = box(ahead(page))
    page.mouse.click(x + width * 0.62, y + height * 0.6)
    card, scale = page.locator(".atlas-card"), page.locator(".leaflet-control-scale-line")
    card.wait_for()
    said, far = card.inner_text(), scale.inner_text()
    assert "HX592" in said
    let_through(waiting)
    drawn(page)
    settled(page)
    assert (card.inner_text(), scale.inner_text()) == (said, far)


def test_a_district_that_has_changed_since_is_not_drawn_ahead(
    held: tuple[Page, list[Route]], open_page: OpenPage, tmp_path: Path
) -> None:
    home = hostile.hostile_district(tmp_path / "hostile")
    with serving(home) as app:
        first, _ = open_page(f"{app}/scope", viewport=SCREEN)
        drawn(first)
        settled(first)
        page, waiting = held
        page.goto(f"{app}/scope", wait_until="commit")
        ahead(page)
        let_through(waiting)
        drawn(page)
        declared = home / "district.toml"
        declared.write_text(f"{declared.read_text(encoding='utf-8')}# changed\n", encoding="utf-8")
        with page.expect_request(FRAME):
            page.goto(f"{app}/scope", wait_until="commit")
        page.wait_for_function("() => document.readyState !== 'loading'")
        assert page.locator("#atlas-ahead").count() == 0
        let_through(waiting)
        drawn(page)


def test_on_a_narrow_screen_nothing_is_drawn_ahead(open_page: OpenPage, app: str) -> None:
    has_been_opened(open_page, f"{app}/scope")
    page, _ = open_page("about:blank", viewport={"width": 390, "height": 844})
    page.add_init_script(
        "new MutationObserver((all) => all.forEach(({ addedNodes }) => addedNodes.forEach((node) =>"
        " { if (node.id === 'atlas-ahead') window.early = true; }))).observe(document, { childList: true, subtree: true });"
    )
    page.goto(f"{app}/scope")
    drawn(page)
    assert page.evaluate("() => window.early") is None


def test_a_map_that_nobody_takes_over_goes_when_the_page_does(
    held: tuple[Page, list[Route]], open_page: OpenPage, app: str
) -> None:
    has_been_opened(open_page, f"{app}/scope")
    page, waiting = held
    page.goto(f"{app}/scope", wait_until="commit")
    ahead(page)
    page.evaluate("() => history.pushState(null, '', 'report')")
    page.locator("#atlas-ahead").wait_for(state="detached")
    assert waiting


def test_a_map_stays_however_slowly_streamlit_comes_and_not_for_ever_after(
    held: tuple[Page, list[Route]], open_page: OpenPage, app: str
) -> None:
    has_been_opened(open_page, f"{app}/scope")
    page, waiting = held
    page.clock.install()
    page.goto(f"{app}/scope", wait_until="commit")
    map_ = ahead(page)
    page.clock.run_for(120_000)
    assert map_.is_visible()
    page.evaluate("() => document.querySelector('#root').append(document.createElement('p'))")
    page.clock.run_for(30_000)
    assert map_.is_visible()
    page.clock.run_for(40_000)
    page.locator("#atlas-ahead").wait_for(state="detached")
    assert waiting


def test_a_map_in_whose_place_a_fault_is_told_makes_room_for_it(
    held: tuple[Page, list[Route]], open_page: OpenPage, app: str
) -> None:
    has_been_opened(open_page, f"{app}/scope")
    page, waiting = held
    page.goto(f"{app}/scope", wait_until="commit")
    ahead(page)
    # What Streamlit's page says of itself once it is whole.
    page.evaluate("() => { document.body.dataset.testScriptState = 'notRunning'; }")
    page.locator("#atlas-ahead").wait_for(state="detached")
    assert waiting
