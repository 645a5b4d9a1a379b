"""The app's server: what a page says and brings, and where the programs that draw are to be had."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
import os
import re
import socket
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.file_util import get_static_dir

from geo.app import ahead
from geo.app.computed import files_of
from geo.app.opening import link_header, opening_page, parts_of_pages
from geo.app.server import Ahead, answer_at_once
from geo.app.shell import PAGES
from geo.views import component
from geo.views.cards import STYLE
from geo.views.inert import inert
from geo.views.listing import Column, Listing, Row, listing_json
from geo.views.tiles import Archive

JS = Path(get_static_dir()) / "static" / "js"


def answer(
    path: str, method: str = "GET", query: bytes = b"", asked_range: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """What a reader gets who asks a server whose every other page says `page`."""
    said: list[dict[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        status = 200 if scope["path"] != "/media/gone" else 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"range", asked_range)] if asked_range else [],
    }
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
    assert f"<./{component.script_address('tiles')}>" in link_header("overview")
    status, headers, body = answer("/scope")
    assert (status, headers["link"], body) == (
        200,
        link_header("scope"),
        opening_page(None, "zh"),
    )
    assert answer("/")[1]["link"] == link_header("overview")


def test_a_page_is_streamlits_with_its_readers_language() -> None:
    theirs = (JS.parents[1] / "index.html").read_text(encoding="utf-8")
    (entry,) = re.findall(r'<script type="module"[^>]*></script>', theirs)
    for query, tag, title in ((b"", "zh-CN", "城乡图"), (b"lang=en", "en", "Chengxiang Atlas")):
        _, headers, body = answer("/scope", query=query)
        page = body.decode()
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["content-length"] == str(len(body))
        assert headers["cache-control"] == "no-cache"
        assert f'<html lang="{tag}">' in page
        assert f"<title>{title}</title>" in page
        assert STYLE.removeprefix("<style>\n") in page  # before there is a word that it is for
        assert page.count(entry) == 1
        for line in theirs.splitlines():
            if "lang=" not in line and "<title>" not in line:
                assert line.strip() in page
    assert answer("/scope", "HEAD")[2] == b""


def test_a_page_says_where_the_server_is_and_trusts_no_page_round_it() -> None:
    page = opening_page(None, "zh").decode()
    (said,) = re.findall(r"window\.__streamlit = (.*);</script>", page)
    assert 'BACKEND_BASE_URL: new URL("./", location.href).href' in said
    assert "allowedOrigins: [location.origin]" in said
    assert "streamlit.io" not in page


class Seen:
    """A page that showed a map, of a district whose file can change."""

    def __init__(self, home: Path, text: str = '{"map": "<b>"}', tiles: bytes = b"") -> None:
        self.home = home
        (home / "district.toml").write_text("a", encoding="utf-8")
        archive = Archive(tiles, b"index", ("streets",), (8, 14), (1,), "abc") if tiles else None
        self.map_ = component.drawn(text, archive)
        self.rows: list[ahead.Above | None] = []
        self.shown = component.Shown("scope_map", self.map_, 520, True, "tiles" if tiles else "map")

    def at(self, page: str = "scope", **query: str) -> ahead.Known | None:
        return ahead.known_at(ahead.address(page, query))

    def keep(self, page: str = "scope", **query: str) -> None:
        asked = ahead.address(page, query)
        ahead.keep_in_mind(asked, [self.shown], self.rows, self.home, files_of(self.home))


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_known", OrderedDict())


def test_a_page_brings_the_map_that_its_address_showed(tmp_path: Path) -> None:
    seen = Seen(tmp_path)
    assert seen.at() is None
    seen.keep(lang="en", unit="<i>")
    assert seen.at() is None
    assert seen.at(unit="<i>", lang="en") is not None
    _, headers, body = answer("/scope", query=b"unit=%3Ci%3E&lang=en")
    page = body.decode()
    assert "<i>" not in page.split("<style>")[1]  # the address is looked up, never repeated
    at = f"atlas/{seen.map_.digest}.json"
    assert f'"at":"{at}"' in page
    assert f'import("./{component.script_address("map")}")' in page
    first, second = headers["link"].split(", ")  # what is Streamlit's is asked for after the map
    assert "static/js" not in headers["link"]
    assert '<link rel="modulepreload"' not in page
    assert all(f'"./static/js/{name}"' in page for name in parts_of_pages())
    assert first.startswith(f"<./{component.script_address('map')}>; rel=modulepreload")
    assert second.startswith(f"<./{at}>; rel=preload; as=fetch")
    status, headers, body = answer(f"/{at}")
    assert (status, body) == (200, seen.map_.text)
    assert headers["content-type"] == "application/json"
    assert "private" in headers["cache-control"]
    assert answer("/scope", query=b"lang=en")[2] == opening_page(None, "en")


def test_a_map_is_known_no_longer_than_its_files_stay_and_its_page_keeps_it(tmp_path: Path) -> None:
    seen = Seen(tmp_path)
    seen.keep()
    assert seen.at()
    (tmp_path / "district.toml").write_text("changed", encoding="utf-8")
    assert seen.at() is None
    seen.keep()
    known = seen.at()
    assert known
    digest = seen.map_.digest
    del seen.map_, seen.shown
    assert seen.at() is None
    assert ahead.drawing_of(known) is None
    assert opening_page(known, "zh") == opening_page(None, "zh")
    assert answer(f"/atlas/{digest}.json")[0] == 404


def test_a_map_of_files_that_changed_while_it_was_made_is_not_brought(tmp_path: Path) -> None:
    seen = Seen(tmp_path)
    before = files_of(tmp_path)
    (tmp_path / "district.toml").write_text("changed", encoding="utf-8")
    ahead.keep_in_mind(ahead.address("scope", {}), [seen.shown], [], tmp_path, before)
    assert seen.at() is None


def test_drafts_and_what_goes_while_it_is_looked_at_are_no_files_of_a_district(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_ = tmp_path / "rounds" / "2008-01-01"
    draft = tmp_path / "rounds" / ".atlas-x1"
    for folder in (round_, draft):
        folder.mkdir(parents=True)
        (folder / "lamps.parquet").write_bytes(b"12")
    (tmp_path / "district.toml").write_text("a", encoding="utf-8")
    found = files_of(tmp_path)
    assert [(name, size) for name, _, size in found] == [
        (str(tmp_path / "district.toml"), 1),
        (str(round_ / "lamps.parquet"), 2),
    ]
    glob = Path.glob

    def late(self: Path, pattern: str) -> Iterator[Path]:
        yield from glob(self, pattern)
        yield self / "gone"
        raise FileNotFoundError(self)  # as of a folder that went after it was listed

    monkeypatch.setattr(Path, "glob", late)
    assert files_of(tmp_path) == found


def test_only_so_many_addresses_are_kept_in_mind_the_newest(tmp_path: Path) -> None:
    seen = Seen(tmp_path)
    for number in range(ahead._ADDRESSES + 5):
        seen.keep(unit=str(number))
    assert len(ahead._known) == ahead._ADDRESSES
    assert seen.at(unit="4") is None
    assert seen.at(unit="5") is not None


def test_a_page_with_other_maps_is_not_kept_in_mind(tmp_path: Path) -> None:
    seen = Seen(tmp_path)
    other = dataclasses.replace(seen.shown, key="layers_map")
    for shown in ([], [other], [seen.shown, other]):
        asked = ahead.address("scope", {})
        ahead.keep_in_mind(asked, shown, [], tmp_path, files_of(tmp_path))
        assert seen.at() is None


def test_a_page_brings_what_stands_above_its_map_or_no_map(tmp_path: Path) -> None:
    seen = Seen(tmp_path)
    with ahead.rows_above() as rows:
        assert ahead.above(inert("</script>{x}"), width="9px", least_px=60) == inert("</script>{x}")
    seen.rows = rows
    seen.keep()
    page = answer("/scope")[2].decode()
    (said,) = re.findall(r"const said = (\{.*\}), files", page)
    assert json.loads(said)["above"] == [{"width": "9px", "least_px": 60}], "no words in a script"
    assert f'<template id="atlas-above"><div>{inert("</script>{x}")}</div></template>' in page
    with ahead.rows_above() as rows:
        ahead.above("a head")
        ahead.above_unmeasured()  # a warning, of as many lines as the window makes of it
    seen.rows = rows
    seen.keep(lang="en")
    assert seen.at(lang="en") is None
    ahead.above("of no page")  # heard by nobody
    assert len(rows) == 2


def test_tiles_come_in_the_parts_that_are_asked_for(tmp_path: Path) -> None:
    tiles = bytes(range(200))
    seen = Seen(tmp_path, tiles=tiles)
    seen.keep()
    page = answer("/scope")[2].decode()
    assert '"tiles":"atlas/abc.pmtiles","index":"atlas/abc.index.gz"' in page
    assert answer("/atlas/abc.pmtiles")[::2] == (200, tiles)
    assert answer("/atlas/abc.index.gz")[::2] == (200, b"index")
    for asked, part, status in (
        (b"bytes=0-126", tiles[:127], 206),
        (b"bytes=190-500", tiles[190:], 206),
        (b"bytes=200-210", tiles, 200),
        (b"bytes=9-3", tiles, 200),
        (b"bytes=-5", tiles, 200),
        (b"bytes=1-2,5-6", tiles, 200),
    ):
        got, headers, body = answer("/atlas/abc.pmtiles", asked_range=asked)
        assert (got, body) == (status, part)
        assert headers["content-length"] == str(len(part))
        if status == 206:
            first = tiles.index(part)
            assert headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/200"


def test_a_connection_waits_for_nobody_to_say_that_a_part_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from streamlit.web.server.starlette import starlette_server

    monkeypatch.setattr(starlette_server, "_bind_socket", starlette_server._bind_socket)
    answer_at_once()
    listening = starlette_server._bind_socket("127.0.0.1", 0, 1)
    with listening, socket.create_connection(listening.getsockname()):
        listening.setblocking(True)
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


STOPPED_AT_WORK = """
import atexit, threading
import pyarrow as pa
from geo.app.server import leave
atexit.register(print, "tidied")
table = pa.table({str(column): range(200_000) for column in range(8)})
begun = threading.Barrier(5)
def page():
    begun.wait()
    while True:
        table.to_pandas()
for _ in range(4):
    threading.Thread(target=page, daemon=True).start()
begun.wait()
table.to_pandas()
leave(7)
"""


def test_a_server_that_is_stopped_ends_though_pages_are_at_work() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_AT_WORK], capture_output=True, text=True, check=False,
        timeout=300, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (7, "tidied\n"), done.stderr


def test_an_address_that_names_no_page_leads_to_the_one_that_opens() -> None:
    status, headers, body = answer("/no page&x", query=b"lang=en&unit=1")
    assert (status, headers["location"], body) == (302, "./?page=no+page%26x&lang=en&unit=1", b"")
    assert answer("/overview", query=b"lang=en")[1]["location"] == "./?lang=en"
    assert answer("/scope/far/off")[1]["location"] == "../../?page=scope%2Ffar%2Foff"
    for page in ("", *PAGES[1:]):
        assert answer(f"/{page}")[0] == 200


@pytest.mark.parametrize(
    "path", ["/_stcore/health", "/static/js/x.js", "/favicon.png", "/media/gone"]
)
def test_what_is_no_page_is_passed_on_as_it_is(path: str) -> None:
    _, headers, body = answer(path)
    assert (headers, body) == ({}, b"page")


@pytest.mark.parametrize("drawing", ["map", "tiles", "table"])
def test_a_script_is_to_be_had_at_its_address_for_ever(drawing: str) -> None:
    address = component.script_address(drawing)
    status, headers, body = answer(f"/{address}")
    assert status == 200
    text = body.decode()
    assert text.startswith(component._SCRIPTS[drawing]())
    assert ("export async function ahead(" in text) == (drawing != "table")
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
