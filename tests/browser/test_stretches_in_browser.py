"""Where it is dark, in a real browser: a street cut into stretches is found, clicked and listed as one street."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import profile
from seeing import DRAWN, SCREEN, colours, keep, watched
from test_app_in_browser import app, drawn, settled  # noqa: F401  # a fixture

from geo.coverage import rows_behind
from geo.survey import open_survey
from geo.views import palette
from geo.views.map import write_map

if TYPE_CHECKING:
    import pandas as pd
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

OpenPage = Callable[..., tuple["Page", list[str]]]
REACH = "lighting.lamp_reach"
STATES = ("covered", "not_covered", "unknown")
EDGE = "#111111"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map that is sent whole."""
    return write_map(tmp_path_factory.mktemp("maps") / "whole.html", open_survey(), REACH)


@pytest.fixture(scope="module", params=["tiles", "beside tiles"])
def tiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as if it were too large: the stretches in tiles, or whole beside the lamps in tiles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geo.views.tiles.WHOLE_UP_TO", 1_000)
        if request.param != "tiles":
            patch.setattr("geo.views.tiles._SMALL_LAYER", 2_000)
        file = tmp_path_factory.mktemp("maps") / "tiles.html"
        return write_map(file, open_survey(), REACH)


@pytest.fixture(scope="module")
def street() -> pd.Series[Any]:
    """A street of a name of its own that is lit, dark and unknown by turns: key, label and metres of each."""
    rows = rows_behind(open_survey(), REACH)
    rows = rows[rows["label"].notna() & ~rows["label"].duplicated(keep=False)]
    every = rows[(rows[list(STATES)] > 20).all(axis=1)]
    return every.iloc[0]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = profile(browser, viewport=SCREEN, offline=True).new_page()
    yield page
    page.context.close()


def metres(street: pd.Series[Any]) -> list[str]:
    return [f"{street[state]:,.0f} 米" for state in STATES]


def found_by_name(page: Page, street: pd.Series[Any]) -> None:
    """The street is found once, and its card says how much of it is what, and that it is of no one state."""
    page.locator(".atlas-finder input").fill(street["label"])
    hits = page.locator(".atlas-hits button", has_text=street["label"])
    hits.first.wait_for()
    assert hits.locator("small").all_text_contents() == ["后街背巷路灯照及率"]
    hits.first.click()
    card = page.locator(".atlas-card")
    card.locator("h3", has_text=street["label"]).wait_for()
    assert card.locator("dd").all_text_contents()[:3] == metres(street)
    assert card.locator(".atlas-kind").text_content() == "后街背巷路灯照及率"


def test_a_street_found_by_name_keeps_the_colours_of_its_stretches_within_an_edge(
    page: Page, whole: Path, street: pd.Series[Any]
) -> None:
    seen = watched(page)
    page.goto(whole.as_uri())
    page.wait_for_selector(DRAWN)
    found_by_name(page, street)
    # Brought so near that its stretches are seen.
    assert page.evaluate("() => map_atlas.getZoom()") >= 16
    assert colours(page).get(EDGE, 0) > 100
    for state in ("covered", "not_covered"):
        assert colours(page).get(palette.STRETCHES[state].color, 0) > 50
    keep(page, "stretches-found")

    # Switched off and on, the edge goes with it.
    switch = page.locator(".atlas-group", has_text="照及率").locator("input")
    switch.uncheck()
    assert colours(page).get(EDGE, 0) == 0
    assert colours(page).get(palette.STRETCHES["not_covered"].color, 0) == 0
    switch.check()
    page.locator(".leaflet-popup-close-button").click()
    assert seen["errors"] == []


def test_a_click_on_a_dark_stretch_says_so_and_names_its_street(
    page: Page, whole: Path, street: pd.Series[Any]
) -> None:
    page.goto(whole.as_uri())
    page.wait_for_selector(DRAWN)
    at = page.evaluate(
        """([key, dark]) => {
          const data = JSON.parse(document.getElementById("atlas-data").textContent);
          const layer = data.layers.find((one) => one.inParts);
          const part = layer.features.features.find((one) => one.id === key
            && layer.entries[one.properties.entry].key === dark);
          const [[[x0, y0], [x1, y1]]] = part.geometry.coordinates;
          const place = L.latLng((y0 + y1) / 2, (x0 + x1) / 2);
          map_atlas.setView(place, 18, { animate: false });
          return map_atlas.latLngToContainerPoint(place);
        }""",
        [street["key"], "not_covered"],
    )
    page.mouse.click(at["x"], at["y"])
    card = page.locator(".atlas-card")
    card.wait_for()
    assert card.locator("h3").text_content() == street["label"]
    assert card.locator(".atlas-kind").text_content() == "后街背巷路灯照及率 · 未达到"
    assert card.locator("dd").all_text_contents()[:3] == metres(street)
    keep(page, "stretches-clicked")


def test_from_afar_a_district_is_as_dark_as_it_is(page: Page, whole: Path) -> None:
    """Half of it is: neither colour hides the other where a stretch is less than a pixel."""
    page.goto(whole.as_uri())
    page.wait_for_selector(DRAWN)
    inside = colours(page)
    lit, dark = (
        inside.get(palette.STRETCHES[state].color, 0) for state in ("covered", "not_covered")
    )
    assert lit > 100
    assert dark > 100
    assert 0.2 < lit / dark < 2
    keep(page, "stretches-afar")


def test_in_tiles_a_street_is_one_street_too(
    page: Page, tiled: Path, street: pd.Series[Any]
) -> None:
    seen = watched(page)
    page.goto(tiled.as_uri())
    page.wait_for_selector(DRAWN)
    found_by_name(page, street)
    # All its stretches have the edge, and nothing else has.
    edged = page.wait_for_function(
        """() => {
          const over = map_atlas.getStyle().layers.filter(({ id }) => id.startsWith("picked-"));
          const found = map_atlas.queryRenderedFeatures({ layers: over.map(({ id }) => id) });
          const states = new Set(found.map(({ properties }) => properties.e));
          return states.size === 3 && [...new Set(found.map(({ properties }) => properties.i))];
        }"""
    )
    assert edged.json_value() == [street["key"]]
    assert page.evaluate("() => map_atlas.getZoom()") >= 15
    keep(page, "stretches-tiles")

    at = page.evaluate(
        "([key]) => { const [one] = map_atlas.queryRenderedFeatures().filter(({ properties: { i, e } }) => i === key && e === 1);"
        " const line = one.geometry.type === 'LineString' ? one.geometry.coordinates : one.geometry.coordinates[0];"
        " map_atlas.jumpTo({ center: [(line[0][0] + line[1][0]) / 2, (line[0][1] + line[1][1]) / 2], zoom: 18 });"
        " return map_atlas.once('idle').then(() => map_atlas.project(map_atlas.getCenter())); }",
        [street["key"]],
    )
    page.mouse.click(at["x"], at["y"])
    card = page.locator(".atlas-card")
    card.locator(".atlas-kind", has_text="未达到").wait_for()
    assert card.locator("h3").text_content() == street["label"]
    assert card.locator("dd").all_text_contents()[:3] == metres(street)
    assert seen["errors"] == []


def test_a_row_of_the_list_is_the_street_on_the_map_and_the_reverse(
    open_page: OpenPage,
    app: str,  # noqa: F811
    street: pd.Series[Any],
) -> None:
    page, refused = open_page(f"{app}/explain?indicator={REACH}", viewport=SCREEN)
    drawn(page)
    settled(page)
    page.locator(".atlas-table input[type=search]").fill(street["key"])
    page.locator(".atlas-tally", has_text="1 / 657").wait_for()
    page.locator(".atlas-rows tbody tr").first.click()
    card = page.locator(".atlas-card")
    card.locator("h3", has_text=street["label"]).wait_for()
    assert card.locator("dd").all_text_contents()[:3] == metres(street)
    assert colours(page).get(EDGE, 0) > 0
    keep(page, "app-stretches-listed")

    page.locator(".leaflet-popup-close-button").click()  # which the finder does not lie over
    card.wait_for(state="hidden")
    page.locator(".atlas-table input[type=search]").fill("")
    rows = rows_behind(open_survey(), REACH)
    other = rows[rows["label"].notna() & ~rows["label"].duplicated(keep=False)].iloc[-1]
    page.locator(".atlas-finder input").fill(other["label"])
    page.locator(".atlas-hits button", has_text=other["label"]).first.click()
    page.locator("tr[aria-selected=true]", has_text=other["key"]).wait_for()
    assert refused == []
