"""The exported map in a real browser, opened from disk with the network refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hostile
import pytest
from browsing import profile
from seeing import DRAWN, SCREEN, colours, keep, watched

from geo.survey import open_survey
from geo.views import palette
from geo.views.basemap import basemap_named
from geo.views.map import write_map

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

OpenPage = Callable[..., tuple["Page", list[str]]]


@pytest.fixture(scope="module")
def district_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_map(tmp_path_factory.mktemp("maps") / "district.html", open_survey())


@pytest.fixture(scope="module")
def spiteful_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    survey = open_survey(hostile.hostile_district(folder / "hostile"))
    return write_map(folder / "hostile.html", survey)


def test_the_file_draws_its_features_and_asks_for_nothing(
    browser: Browser, district_map: Path
) -> None:
    context = profile(browser, viewport=SCREEN, offline=True)
    page = context.new_page()
    seen = watched(page)
    page.goto(district_map.as_uri())
    page.wait_for_selector(DRAWN)
    assert seen == {"errors": [], "requests": [district_map.as_uri()], "dialogs": []}
    features = int(page.locator(DRAWN).get_attribute("data-atlas-features") or 0)
    assert features > 657 + 156
    found = colours(page)
    for name in ("covered", "not_covered"):  # a street in each colour is on the canvas
        assert found.get(palette.THREE_VALUES[name].color, 0) > 100
    keep(page, "file-zh")
    context.close()


def test_legend_scale_north_and_banner_are_there(open_page: OpenPage, district_map: Path) -> None:
    page, refused = open_page(district_map.as_uri(), viewport=SCREEN)
    page.wait_for_selector(DRAWN)
    legend = page.locator(".atlas-panel").inner_text()
    for said in ("情况不明", "已达到", "未达到", "范围内", "部分在内", "范围外", "临界单元"):
        assert said in legend
    assert re.search(r"[\d,]+ 米", legend)
    assert "示意数据" in page.locator(".atlas-banner").inner_text()
    assert page.locator(".leaflet-control-scale-line").inner_text().endswith("m")
    assert "北" in page.locator(".atlas-north").inner_text()
    assert not page.locator(".leaflet-control-attribution").inner_text()
    assert refused == []


def test_a_layer_is_switched_off_and_on(open_page: OpenPage, district_map: Path) -> None:
    page, _ = open_page(district_map.as_uri(), viewport=SCREEN)
    page.wait_for_selector(DRAWN)
    colour = palette.THREE_VALUES["not_covered"].color
    switch = page.locator(".atlas-switch input").first  # the streets lie on top
    switch.uncheck()
    page.wait_for_function(_no_pixel_of(colour))
    switch.check()
    page.wait_for_function(f"() => !({_no_pixel_of(colour)})()")


def test_a_click_shows_a_villages_attributes(open_page: OpenPage, district_map: Path) -> None:
    page, _ = open_page(district_map.as_uri(), viewport=SCREEN)
    page.wait_for_selector(DRAWN)
    _click_on(page, "villages", 0)
    card = page.locator(".atlas-card").inner_text()
    assert "范围内面积占比" in card
    assert re.search(r"321202\d{6}", card)
    keep(page, "file-card")


def test_a_basemap_that_does_not_answer_is_said_and_the_map_works(
    browser: Browser, tmp_path: Path
) -> None:
    ground = basemap_named("http://127.0.0.1:9/{z}/{x}/{y}.png", {})
    file = write_map(tmp_path / "over.html", open_survey(), basemap=ground)
    context = profile(browser, viewport=SCREEN, offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector(DRAWN)
    page.locator(".atlas-silent", has_text="底图没有响应").wait_for()
    _click_on(page, "villages", 0)
    keep(page, "file-no-tiles")
    context.close()


def test_a_street_is_found_by_its_name(browser: Browser, district_map: Path) -> None:
    context = profile(browser, viewport=SCREEN, offline=True)
    page = context.new_page()
    page.goto(district_map.as_uri())
    page.wait_for_selector(DRAWN)
    name = open_survey().frame("back_streets")["name"].dropna().iloc[0]
    page.locator(".atlas-finder input").fill(name)
    page.keyboard.press("Enter")
    page.locator(".atlas-card h3", has_text=name).wait_for()
    keep(page, "file-found")
    context.close()


def test_on_a_phone_nothing_lies_over_title_or_district(
    open_page: OpenPage, district_map: Path
) -> None:
    page, _ = open_page(district_map.as_uri(), viewport={"width": 390, "height": 844})
    page.wait_for_selector(DRAWN)
    head, legend = (page.locator(name).bounding_box() for name in (".atlas-head", ".atlas-panel"))
    assert head
    assert legend
    assert legend["y"] + legend["height"] <= head["y"]
    north = page.evaluate(
        "() => Math.min(...Object.values(map_atlas._layers).filter((one) => one.getBounds && one.feature)"
        ".map((one) => map_atlas.latLngToContainerPoint(one.getBounds().getNorthWest()).y))"
    )
    assert head["y"] + head["height"] <= north
    keep(page, "file-phone")


def test_a_street_without_a_name_goes_by_its_id(open_page: OpenPage, district_map: Path) -> None:
    page, _ = open_page(district_map.as_uri(), viewport=SCREEN)
    page.wait_for_selector(DRAWN)
    streets = open_survey().frame("back_streets")
    nameless = streets.loc[streets["name"].isna(), "id"].iloc[0]
    page.locator(".atlas-finder input").fill(nameless)
    page.keyboard.press("Enter")
    page.locator(".atlas-card h3", has_text=nameless).wait_for()
    page.locator(".leaflet-popup-close-button").click()
    x, y = page.evaluate(
        "id => { let at; map_atlas.eachLayer((one) => { if (one.feature?.id === id)"
        " at = map_atlas.latLngToContainerPoint(one.getLatLngs()[0]); }); return [at.x, at.y]; }",
        nameless,
    )
    page.mouse.move(x, y)
    page.locator(".leaflet-tooltip", has_text=nameless).wait_for()


@pytest.mark.parametrize("guarded", [True, False], ids=["as written", "without its content policy"])
def test_spite_is_shown_whole_and_runs_nowhere(
    browser: Browser, spiteful_map: Path, guarded: bool
) -> None:
    context = profile(browser, viewport=SCREEN, offline=True, bypass_csp=not guarded)
    page = context.new_page()
    seen = watched(page)
    page.goto(spiteful_map.as_uri())
    page.wait_for_selector(DRAWN)
    assert page.title() == f"名{hostile.SPITE}"
    assert page.locator(".atlas-head h1").text_content() == f"名{hostile.SPITE}"
    assert page.locator(".atlas-banner").text_content() == f"示意{hostile.SPITE}"
    assert hostile.SPITE in (page.locator(".atlas-notes").text_content() or "")
    assert hostile.SPITE in (page.locator(".atlas-panel").text_content() or "")
    data = json.loads(page.locator("#atlas-data").text_content() or "")
    for name in ("villages", "figure:hardening.back_streets"):
        feature = _click_on(page, name, 0)
        card = page.locator(".atlas-card").last
        layer = next(layer for layer in data["layers"] if layer["name"] == name)
        assert card.locator("h3").text_content() == feature["properties"]["label"]
        assert card.locator("dt").all_text_contents() == layer["fields"]
        assert card.locator("dd").all_text_contents() == feature["properties"]["values"]
        assert hostile.SPITE in " ".join(feature["properties"]["values"])
    keep(page, "file-hostile")
    assert seen == {"errors": [], "requests": [spiteful_map.as_uri()], "dialogs": []}
    assert page.locator("img").count() == 0
    context.close()


def _no_pixel_of(colour: str) -> str:
    """A script that says whether no opaque pixel of a colour is left on the canvas."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"""() => {{
      const canvas = document.querySelector("canvas");
      const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4)
        if (data[at] === {red} && data[at + 1] === {green} && data[at + 2] === {blue} && data[at + 3] === 255)
          return false;
      return true;
    }}"""


def _click_on(page: Page, layer: str, number: int) -> dict[str, Any]:
    """Click in the middle of a feature; the feature."""
    found: dict[str, Any] = page.evaluate(
        """([name, number]) => {
          const data = JSON.parse(document.getElementById("atlas-data").textContent);
          const feature = data.layers.find((layer) => layer.name === name).features.features[number];
          const path = L.geoJSON(feature);
          const shape = path.getLayers()[0];
          const line = feature.geometry.type.endsWith("LineString");
          let at;
          if (line) {
            const points = shape.getLatLngs().flat();
            at = L.latLng((points[0].lat + points[1].lat) / 2, (points[0].lng + points[1].lng) / 2);
          } else at = path.getBounds().getCenter();
          map_atlas.setView(at, 16, { animate: false });
          const point = map_atlas.latLngToContainerPoint(at);
          return { feature, x: point.x, y: point.y };
        }""",
        [layer, number],
    )
    page.mouse.click(found["x"], found["y"])
    page.wait_for_selector(".atlas-card")
    feature: dict[str, Any] = found["feature"]
    return feature
