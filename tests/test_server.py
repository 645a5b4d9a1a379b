"""The app's server: what a page's head names, and where the programs that draw are to be had."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.file_util import get_static_dir

from geo.app.server import Ahead, link_header, parts_of_pages
from geo.app.shell import PAGES
from geo.views import component
from geo.views.listing import Column, Listing, Row, listing_json

JS = Path(get_static_dir()) / "static" / "js"


def answer(path: str, method: str = "GET", query: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """What a reader gets who asks a server whose every other page says `page`."""
    said: list[dict[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        status = 200 if scope["path"] != "/a/gone" else 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": method, "path": path, "query_string": query}
    asyncio.run(Ahead(page)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], headers, said[1]["body"]


def test_a_page_names_the_parts_it_is_made_of_and_no_others() -> None:
    parts = parts_of_pages()
    assert len(parts) == len(set(parts)) > 5
    assert any(name.startswith("BidiComponent.") for name in parts)
    assert all((JS / name).is_file() for name in parts)
    page = (JS.parents[1] / "index.html").read_text(encoding="utf-8")
    assert not [name for name in parts if name in page]
    # Whatever they import is either among them or on the page already.
    for name in parts:
        for other in re.findall(r'from"\./([\w.-]+\.js)"', (JS / name).read_text("utf-8")):
            assert other in parts or other in page


def test_a_page_names_what_drew_its_map_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component, "_last_drawn_by", {})
    assert "atlas/" not in link_header("scope")
    component._last_drawn_by.update(scope_map="map", overview_map="tiles")
    assert f"<./{component.script_address('map')}>" in link_header("scope")
    assert f"<./{component.script_address('tiles')}>" in link_header("")
    status, headers, body = answer("/scope")
    assert (status, headers["link"], body) == (200, link_header("scope"), b"page")


def test_an_address_that_names_no_page_leads_to_the_one_that_opens() -> None:
    status, headers, body = answer("/no page&x", query=b"lang=en&unit=1")
    assert (status, headers["location"], body) == (302, "./?page=no+page%26x&lang=en&unit=1", b"")
    assert answer("/overview", query=b"lang=en")[1]["location"] == "./?lang=en"
    for page in ("", *PAGES[1:]):
        assert answer(f"/{page}")[0] == 200


@pytest.mark.parametrize("path", ["/_stcore/health", "/static/js/x.js", "/favicon.png", "/a/gone"])
def test_what_is_no_page_is_passed_on_as_it_is(path: str) -> None:
    _, headers, body = answer(path)
    assert (headers, body) == ({}, b"page")


@pytest.mark.parametrize("drawing", ["map", "tiles", "table"])
def test_a_script_is_to_be_had_at_its_address_for_ever(drawing: str) -> None:
    address = component.script_address(drawing)
    status, headers, body = answer(f"/{address}")
    assert status == 200
    assert body.decode() == component._SCRIPTS[drawing]()
    assert "immutable" in headers["cache-control"]
    assert headers["content-type"].startswith("text/javascript")
    assert answer(f"/{address}", "HEAD")[2] == b""


def test_at_another_address_there_is_nothing() -> None:
    for path in ("/atlas/map-0000000000000000.js", "/atlas/", "/atlas/../app.py"):
        status, headers, body = answer(path)
        assert (status, body) == (404, b"")
        assert "cache-control" not in headers


def test_a_long_list_is_packed_and_said_whole_where_no_server_has_an_address_for_it() -> None:
    rows = tuple(Row(str(number), (f"街 {number}" * 5,)) for number in range(9_000))
    few = Listing("t", "zh", (Column("a"),), rows[:3], layer="streets")
    many = Listing("t", "zh", (Column("a"),), rows, layer="streets", marking=True)
    short, long = component.listed(few), component.listed(many)
    assert (short.packed, long.packed) == (False, True)
    assert (long.rows, long.layer, long.marking) == (9_000, "streets", True)
    assert gzip.decompress(long.text).decode() == listing_json(many)
    for listed, listing in ((short, few), (long, many)):
        said = json.loads(b"{" + component._table(listed, "key") + b"}")["table"]
        assert said.pop("table") == json.loads(listing_json(listing))
        assert said == {
            "digest": listed.digest,
            "layer": "streets",
            "marking": listing.marking,
        }
