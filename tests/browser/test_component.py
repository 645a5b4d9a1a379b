"""The way into maps and lists, in a real browser, round a map that only says what it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from browsing import profile

from geo.views.component import table_component_script
from geo.views.listing import Column, Listing, Row, listing_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

_FRAME = """
const said = { picked: [], maps: [], asked: [] };
globalThis.said = said;
const drawAtlas = (place, map, options) => {
  said.maps.push(options);
  return { view: () => null, show: () => true, mark() {}, remove() {} };
};
globalThis.fetch = () => new Promise((come, fail) => said.asked.push({ come, fail }));
const gzipped = (text) => new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")));
globalThis.brought = (text) => said.asked.shift().come(gzipped(text));
const parentElement = document.createElement("div");
parentElement.innerHTML = '<div class="atlas-mount"></div>';
document.body.append(parentElement);
globalThis.run = (data) => show({ parentElement, data,
  setTriggerValue: (name, value) => said.picked.push(value), setStateValue() {} });
"""
LIST = Listing("Villages", "en", (Column("Name"),), (Row("V1", ("one",)), Row("V2", ("two",))), "v")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in which `run` is what Streamlit calls."""
    page = profile(browser, offline=True).new_page()
    script = table_component_script().replace("const drawAtlas = null;", _FRAME)
    page.add_script_tag(content=script.replace("export default function", "const show = function"))
    yield page
    page.context.close()


def said(map_: str) -> str:
    """What a run sends: a map by its digest, and where its list is."""
    return json.dumps(
        {
            "map": {"digest": map_, "height": 300, "map": {"extent": [0], "language": "en"}},
            "table": {
                "digest": "l",
                "layer": "v",
                "marking": False,
                "at": "http://atlas.invalid/list.gz",
                "failed": "It did not come.",
            },
            "picked": None,
            "marked": [],
        }
    )


def test_a_click_on_the_map_counts_while_its_list_is_still_to_come(page: Page) -> None:
    page.evaluate("(data) => { run(data); }", said("a"))
    page.evaluate("() => said.maps[0].onPick({ layer: 'v', id: 'V2' })")
    assert page.evaluate("() => said.picked") == [{"layer": "v", "id": "V2"}]
    page.evaluate("() => said.maps[0].onDrawn()")
    page.wait_for_function("() => said.asked.length")
    page.evaluate("(text) => { brought(text); }", listing_json(LIST))
    page.wait_for_selector("tr[data-id=V2][aria-selected=true]")


def test_a_list_comes_though_the_map_it_waited_for_was_replaced_before_it_was_drawn(
    page: Page,
) -> None:
    page.evaluate("(data) => { run(data); }", said("a"))
    page.evaluate("(data) => { run(data); }", said("b"))
    page.wait_for_function("() => said.asked.length")
    page.evaluate("(text) => { brought(text); }", listing_json(LIST))
    page.wait_for_selector("tr[data-id=V1]")
    assert page.evaluate("() => said.asked.length") == 0


def test_a_list_that_does_not_come_says_so_and_is_asked_for_again(page: Page) -> None:
    page.evaluate("(data) => { run(data); }", said("a"))
    page.evaluate("() => said.maps[0].onDrawn()")
    page.wait_for_function("() => said.asked.length")
    page.evaluate("() => said.asked.shift().fail(new TypeError('gone'))")
    assert page.get_by_role("alert").inner_text() == "It did not come."
    page.evaluate("(data) => { run(data); }", said("a"))
    page.wait_for_function("() => said.asked.length")
    page.evaluate("(text) => { brought(text); }", listing_json(LIST))
    page.wait_for_selector("tr[data-id=V1]")
    assert page.get_by_role("alert").count() == 0
