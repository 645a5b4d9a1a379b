"""Maps with more features than are sent whole, in a real browser: from a file, a pair of files, and the app."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hostile
import made
import pytest
from browsing import profile
from many import MANY, many_streets, multiplied
from seeing import DRAWN, SCREEN, keep, watched
from serving import settled
from test_app_in_browser import drawn, serving

from geo.bundled import embedded_district
from geo.carrying import carry_layers
from geo.importing import import_file
from geo.survey import open_survey
from geo.views.page import tiles_page
from geo.views.tiles import archive_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

OpenPage = Callable[..., tuple["Page", list[str]]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `one.html`, and with `pair.html` and `pair.pmtiles`."""
    folder = tmp_path_factory.mktemp("large")
    description = many_streets(hostile.SPITE)
    archive = archive_of(description)
    assert archive is not None
    (folder / "one.html").write_text(tiles_page(description, archive), encoding="utf-8")
    pair = tiles_page(description, archive, "pair.pmtiles")
    (folder / "pair.html").write_text(pair, encoding="utf-8")
    (folder / "pair.pmtiles").write_bytes(archive.tiles)
    return folder


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map of which far out only a part is drawn."""
    description = many_streets(count=10_200, language="en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geo.views.tiles.ALL_UP_TO", 1_000)
        archive = archive_of(description)
    assert archive is not None
    file = tmp_path_factory.mktemp("far") / "far.html"
    file.write_text(tiles_page(description, archive), encoding="utf-8")
    return file


def opened(browser: Browser, file: Path) -> tuple[Page, dict[str, list[Any]]]:
    page = profile(browser, viewport=SCREEN, offline=True).new_page()
    seen = watched(page)
    page.goto(file.as_uri())
    return page, seen


EMPTY = 4
"""Colours of a picture on which nothing is drawn: the ground's own, and a few for a doubtful driver."""


def colours(page: Page) -> int:
    """How many colours the picture has, as it stands: what is found in its tiles may yet not be drawn."""
    return int(
        page.locator(".maplibregl-canvas").evaluate(
            "(canvas) => { const gl = canvas.getContext('webgl2'), { width, height } = canvas;"
            " const bytes = new Uint8Array(4 * width * height);"
            " gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);"
            " return new Set(new Uint32Array(bytes.buffer)).size; }"
        )
    )


def asked_outside(seen: dict[str, list[Any]]) -> list[str]:
    """Requests but for the page itself and the worker that it makes of its own script."""
    return [url for url in seen["requests"] if not url.startswith(("file:", "blob:"))]


def test_the_file_draws_its_tiles_and_answers(browser: Browser, files: Path) -> None:
    page, seen = opened(browser, files / "one.html")
    page.wait_for_selector(DRAWN)
    assert page.locator(DRAWN).get_attribute("data-atlas-features") == str(MANY + 1)
    # Every street in view is in the tiles: so many of each class are drawn.
    classes = page.evaluate(
        "() => { const found = {}; map_atlas.queryRenderedFeatures()"
        ".forEach(({ properties }) => { if (properties.l === 0) found[properties.i] = properties.e; });"
        " const all = Object.values(found); return [all.filter((e) => e === 0).length, all.length]; }"
    )
    assert classes == [MANY * 2 // 3, MANY]
    assert colours(page) > EMPTY
    legend = page.locator(".atlas-panel").text_content() or ""
    for said in ("8,000", "4,000", hostile.SPITE):
        assert said in legend
    assert page.locator(".atlas-banner").text_content() == f"示意{hostile.SPITE}"
    assert page.locator(".maplibregl-ctrl-scale").inner_text().endswith(("m", "km"))
    assert "北" in page.locator(".atlas-north").inner_text()
    assert page.locator(".atlas-name").text_content() == f"大田{hostile.SPITE}"
    keep(page, "large-file")

    page.locator(".atlas-finder input").fill("街4711")
    page.locator(".atlas-hits button").first.click()
    card = page.locator(".atlas-card")
    card.wait_for()
    assert card.locator("h3").text_content() == f"街4711{hostile.SPITE}"
    assert card.locator("dd").all_text_contents() == ["4711 m", hostile.SPITE]
    keep(page, "large-file-found")

    at = page.evaluate("() => map_atlas.project([119.9 + 0.0203, 32.4 + 0.039])")  # the next street
    page.mouse.click(at["x"], at["y"])
    page.locator(".atlas-card h3", has_text="街4700").wait_for()
    assert page.locator(".atlas-card").count() == 1

    page.locator(".atlas-switch input").first.uncheck()
    page.wait_for_function(
        "() => !map_atlas.queryRenderedFeatures().some(({ properties }) => properties.l === 0)"
    )
    shown = page.locator("body").inner_text()
    assert not [ran for ran in hostile.RAN if ran in shown]
    assert page.locator("img").count() == 0
    assert (seen["errors"], seen["dialogs"], asked_outside(seen)) == ([], [], [])
    page.context.close()


def test_a_map_is_sharp_again_once_the_wheel_rests(browser: Browser, files: Path) -> None:
    page, _ = opened(browser, files / "one.html")
    page.wait_for_selector(DRAWN)
    page.wait_for_timeout(
        600
    )  # for the first picture's time to be taken, by which a slow machine is known
    zoom = page.evaluate("() => map_atlas.getZoom()")
    page.mouse.move(400, 300)
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "zoom => map_atlas.getZoom() > zoom && !map_atlas.isMoving() && map_atlas.loaded()"
        " && map_atlas.getPixelRatio() === devicePixelRatio",
        arg=zoom,
        timeout=15_000,
    )
    page.wait_for_timeout(400)
    assert page.evaluate("() => map_atlas.getPixelRatio() === devicePixelRatio")
    page.context.close()


def test_one_of_many_without_a_name_goes_by_its_id(browser: Browser, tmp_path: Path) -> None:
    description = many_streets(count=10_200)
    field, streets = sorted(description.layers, key=lambda layer: layer.name)
    nameless = replace(streets.shapes, labels=["", *streets.shapes.labels[1:]])
    layers = (field, replace(streets, shapes=nameless))
    archive = archive_of(replace(description, layers=layers))
    assert archive is not None
    file = tmp_path / "nameless.html"
    text = tiles_page(replace(description, layers=layers), archive)
    file.write_text(text, encoding="utf-8")
    page, seen = opened(browser, file)
    page.wait_for_selector(DRAWN)
    page.locator(".atlas-finder input").fill("s0")
    page.keyboard.press("Enter")
    page.locator(".atlas-card h3", has_text=re.compile("^S0$")).wait_for()
    assert seen["errors"] == []
    page.context.close()


@pytest.mark.parametrize("screen", [(390, 844), (1000, 420)], ids=["phone", "low"])
def test_what_is_said_of_it_hides_nothing_of_the_map(
    browser: Browser, far: Path, screen: tuple[int, int]
) -> None:
    page = browser.new_context(offline=True).new_page()
    page.set_viewport_size({"width": screen[0], "height": screen[1]})
    page.goto(far.as_uri())
    page.wait_for_selector(DRAWN)
    note = page.locator(".atlas-left-out").bounding_box()
    assert note
    west, north, east, south = page.evaluate(
        "() => [[119.9, 32.485], [120.02, 32.4]].flatMap((at) => Object.values(map_atlas.project(at)))"
    )
    field = {"x": west, "y": north, "width": east - west, "height": south - north}
    keep(page, f"large-file-far-{screen[0]}")
    head, legend = (page.locator(name).bounding_box() for name in (".atlas-head", ".atlas-panel"))
    for one, other in ((note, field), (head, field), (legend, field), (legend, head)):
        assert one
        assert other
        assert apart(one, other), (one, other)
    page.context.close()


def apart(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether two boxes share nothing."""
    return any(
        first[at] + first[size] <= second[at]
        for first, second in ((one, other), (other, one))
        for at, size in (("x", "width"), ("y", "height"))
    )


def test_a_map_says_while_not_all_is_drawn(browser: Browser, far: Path) -> None:
    page, seen = opened(browser, far)
    page.wait_for_selector(DRAWN)
    note = page.locator(".atlas-left-out")
    page.evaluate("() => { map_atlas.jumpTo({ zoom: 11.2 }); return map_atlas.once('idle'); }")
    note.wait_for()
    said = re.search(r"([\d,]+) of 10,200 features", note.inner_text())
    assert said
    ids = "() => new Set(map_atlas.queryRenderedFeatures().filter(({ properties }) => properties.l === 0).map(({ properties }) => properties.i)).size"
    assert page.evaluate(ids) == int(said[1].replace(",", "")) < 10_200
    assert "6,800" in (page.locator(".atlas-panel").text_content() or "")  # the legend counts all
    keep(page, "large-file-far")
    page.evaluate("() => map_atlas.jumpTo({ zoom: 12 })")
    note.wait_for(state="hidden")
    page.wait_for_function(f"() => ({ids})() === 10200")
    assert seen["errors"] == []
    page.context.close()


def test_a_pair_opened_from_disk_asks_for_its_file(browser: Browser, files: Path) -> None:
    page, seen = opened(browser, files / "pair.html")
    page.locator(".atlas-choose label", has_text="pair.pmtiles").wait_for()
    keep(page, "large-pair-choose")
    page.locator("input[type=file]").set_input_files(files / "pair.pmtiles")
    page.wait_for_selector(DRAWN)
    page.locator(".atlas-finder input").fill("街120")
    page.keyboard.press("Enter")
    page.locator(".atlas-card h3", has_text="街120").wait_for()
    assert (seen["errors"], asked_outside(seen)) == ([], [])
    page.context.close()


@pytest.fixture
def office(files: Path) -> Iterator[str]:
    """A plain web server of the folder, which knows no ranges."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *said: object) -> None:
            pass

    handler = functools.partial(Silent, directory=str(files))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_pair_on_a_server_needs_no_asking(open_page: OpenPage, office: str, files: Path) -> None:
    page, refused = open_page(f"{office}/pair.html", viewport=SCREEN)
    page.wait_for_selector(DRAWN)
    assert refused == []
    lone = files / "lone.html"
    lone.write_text(
        (files / "pair.html").read_text(encoding="utf-8").replace("pair.pmtiles", "gone.pmtiles")
    )
    page, _ = open_page(f"{office}/lone.html", viewport=SCREEN)
    page.locator(".atlas-failed", has_text="gone.pmtiles").wait_for()


def test_a_browser_without_webgl_says_so(browser: Browser, files: Path) -> None:
    context = profile(browser, viewport=SCREEN, offline=True)
    context.add_init_script(
        "const own = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        " return kind.startsWith('webgl') ? null : own.call(this, kind, ...rest); };"
    )
    page = context.new_page()
    page.goto((files / "one.html").as_uri())
    page.locator(".atlas-failed[role=alert]", has_text="WebGL").wait_for()
    context.close()


@pytest.fixture(scope="module")
def large_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("made") / "hostile"
    hostile.hostile_district(folder)
    (file,) = (folder / "rounds").glob("*.gpkg")
    survey = open_survey(folder)
    frames = {
        name: survey.store.read(survey.round, name) for name in survey.store.tables(survey.round)
    }
    frames["back_streets"] = multiplied(frames["back_streets"], 10_200)
    file.unlink()
    made.write_round(folder, frames, file.stem)
    with serving(folder) as address:
        yield address


def test_the_app_draws_as_many_from_its_own_address(open_page: OpenPage, large_app: str) -> None:
    page, refused = open_page("about:blank", viewport=SCREEN)
    seen = watched(page)
    page.goto(f"{large_app}/layers")
    drawn(page, 10_200)
    assert colours(page) > EMPTY
    page.locator(".atlas-finder input").fill("s1")
    page.locator(".atlas-hits button").first.click()
    card = page.locator(".atlas-card")
    card.wait_for()
    assert hostile.SPITE in (card.text_content() or "")
    keep(page, "app-large")
    shown = page.locator("body").inner_text()
    assert not [ran for ran in hostile.RAN if ran in shown]
    assert (seen["errors"], seen["dialogs"], refused) == ([], [], [])
    assert any("/media/" in url for url in seen["requests"])
    assert any(re.search(r"/atlas/tiles-\w+\.js$", url) for url in seen["requests"])
    # A list as long comes from an address too.
    before = len(seen["requests"])
    page.goto(f"{large_app}/what_if")
    drawn(page, 10_200)
    page.locator(".atlas-rows tbody tr").nth(40).wait_for()
    assert "10,200" in page.locator(".atlas-side-table").inner_text()
    assert any("/media/" in url for url in seen["requests"][before:])
    assert (seen["errors"], refused) == ([], [])


_DRAWN_UPON = """canvas => {
  const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  return data.filter((value, place) => place % 4 === 0 && value !== data[0]).length;
}"""
"""How many pixels of a map of tiles are of another colour than its corner."""


def test_units_are_seen_at_once_though_what_is_in_tiles_is_switched_off(
    open_page: OpenPage, tmp_path: Path
) -> None:
    home = tmp_path / "district"
    shutil.copytree(embedded_district(), home)
    for round_ in (home / "rounds").glob("*.gpkg"):
        round_.chmod(0o644)
    lamps = "".join(
        f"L{n},{119.88 + n % 150 / 1500:.6f},{32.44 + n // 150 / 1500:.6f},1,8\n"
        for n in range(22_500)
    )
    file = tmp_path / "lamps.csv"
    file.write_text(f"id,lon,lat,working,height_m\n{lamps}", encoding="utf-8")
    import_file(home, file, "lamps", crs="EPSG:4326", round="2008-02-02")
    carry_layers(home, "2008-02-02")
    with serving(home) as app:
        path = "coverage?indicator=lighting.lamps_working&round=2008-02-02&level=town"
        page, _ = open_page(f"{app}/{path}", viewport=SCREEN)
        drawn(page)
        settled(page)
        seen = page.locator(f"{DRAWN} canvas").evaluate(_DRAWN_UPON)
        assert seen > 20_000  # pixels of towns
        note, map_ = page.locator(".atlas-left-out"), drawn(page)
        assert "22,500" in note.inner_text()
        below, above = note.bounding_box(), map_.bounding_box()
        assert below
        assert above
        assert below["y"] >= above["y"] + above["height"]  # and not upon the map
        keep(page, "app-units-over-tiles")
