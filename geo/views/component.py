"""The map and the list beside it inside the app: a Streamlit component of our own over the installed Leaflet.

Script and style are given to Streamlit as text, so nothing need lie in a folder that is served, and an
installed copy may be read-only; where the server has an address for the script (`app/server.py`), the text says
no more than that. The data travel as bytes and are parsed once in the browser, long lists from an address of
their own, after the map. Map and list are drawn anew only when their own digest changes, so that no rerun makes
them flicker, and a click in one is followed by the other without waiting for the server.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from .leaflet import drawing_script, drawing_style, leaflet_script, leaflet_style
from .listing import Listing, listing_json
from .maplibre import maplibre_script, maplibre_style, tiles_script

if TYPE_CHECKING:
    from .format import Language
    from .tiles import Archive

HEIGHT_PX = 560
SCRIPTS_AT = "atlas"
"""The folder of the addresses of scripts, on a server that has them."""
_IN_MESSAGE_UP_TO = 500_000
"""Bytes of a list; a longer one has an address of its own, or every run would send it again."""

_FAILED: dict[Language, str] = {
    "zh": "列表未能读取。请检查与服务器的连接，然后刷新页面。",
    "en": "The list could not be fetched. Check the connection to the server, then reload the page.",
}
"""What stands in the place of a list that has an address and did not come."""


@dataclass(frozen=True)
class Drawn:
    """A map to draw, as JSON in UTF-8, and the digest that changes exactly when it does."""

    text: bytes
    digest: str
    archive: Archive | None = None
    """The features of a map that has too many to be said in the text."""


@dataclass(frozen=True)
class Listed:
    """A list to draw, likewise; a long one as gzip."""

    text: bytes
    packed: bool
    digest: str
    layer: str | None
    """The layer of the map beside it whose features the rows are."""
    marking: bool
    """Whether rows can be marked."""
    rows: int
    language: Language


@dataclass(frozen=True)
class Shown:
    """A map as a page showed it."""

    key: str
    map_: Drawn
    height_px: int
    both: bool
    """Whether a list stands beside it."""
    drawing: str
    """Which of the scripts draws it."""


@dataclass(frozen=True)
class Answer:
    """What the reader did: the feature that was clicked in this run, and all that are marked."""

    picked: tuple[str, str] | None
    marked: tuple[str, ...]


def drawn(text: str, archive: Archive | None = None) -> Drawn:
    """A map's JSON, ready to be sent, with the archive that holds its tiles, if it has one."""
    data = text.encode()
    digest = hashlib.sha256(data)
    if archive is not None:
        digest.update(archive.digest.encode())
    return Drawn(data, digest.hexdigest(), archive)


def listed(listing: Listing) -> Listed:
    """A list, ready to be sent."""
    data = listing_json(listing).encode()
    digest = hashlib.sha256(data).hexdigest()
    packed = len(data) > _IN_MESSAGE_UP_TO
    text = gzip.compress(data, compresslevel=5, mtime=0) if packed else data
    return Listed(
        text,
        packed,
        digest,
        listing.layer,
        listing.marking,
        len(listing.rows),
        listing.language,
    )


def show(
    map_: Drawn | None = None,
    table: Listed | None = None,
    *,
    key: str,
    picked: tuple[str, str] | None = None,
    marked: Sequence[str] = (),
    height_px: int = HEIGHT_PX,
) -> Answer:
    """Draw a map, a list or both side by side, and say what the reader did in them.

    Parameters
    ----------
    map_ : the map (`description.as_json`)
    table : the list (`listed`)
    key : the widget's key; the map keeps its place and zoom as long as the key stays
    picked : layer name and feature id to pick at first
    marked : ids of the list's rows to mark at first; another key starts afresh
    height_px : of the map in CSS pixels; its legend lies beneath

    Returns
    -------
    Answer
    """
    parts = []
    if map_ is not None:
        parts.append(b'"map":{"digest":"%s","height":%d,"map":%s}' % (
            map_.digest.encode(), height_px, map_.text,
        ))  # fmt: skip
    if table is not None:
        parts.append(_table(table, key))
    said: dict[str, Any] = {
        "picked": {"layer": picked[0], "id": picked[1]} if picked else None,
        "marked": list(marked),
    }
    archive = map_.archive if map_ is not None else None
    if archive is not None:
        said["archive"] = {
            "tiles": _address(
                archive.tiles, "application/vnd.pmtiles", f"{key}.tiles", archive.digest
            ),
            "index": _address(archive.index, "application/gzip", f"{key}.index", archive.digest),
        }
    rest = json.dumps(said, ensure_ascii=False)[1:-1].encode()
    data = b"{" + b",".join([*parts, rest]) + b"}"
    drawing = "table" if map_ is None else "tiles" if archive else "map"
    _last_drawn_by[key] = drawing
    shown = _shown.get()
    if map_ is not None and shown is not None:
        shown.append(Shown(key, map_, height_px, table is not None, drawing))
    state = _component(drawing)(
        key=key,
        data=data,
        default={"marked": list(marked)},
        on_picked_change=_nothing,
        on_marked_change=_nothing,
    )
    return Answer(_feature(state.picked), _ids(state.marked))


@contextmanager
def watched() -> Iterator[list[Shown]]:
    """The maps that are shown within."""
    shown: list[Shown] = []
    before = _shown.set(shown)
    try:
        yield shown
    finally:
        _shown.reset(before)


def _table(table: Listed, key: str) -> bytes:
    """What is said of a list; of a long one where it is."""
    said: dict[str, Any] = {"digest": table.digest, "layer": table.layer, "marking": table.marking}
    if table.packed:
        said["at"] = _address(table.text, "application/gzip", f"{key}.list", table.digest)
        if said["at"]:
            said["failed"] = _FAILED[table.language]
            return b'"table":' + json.dumps(said, ensure_ascii=False).encode()
        del said["at"]
    text = gzip.decompress(table.text) if table.packed else table.text
    return b'"table":%s,"table":%s}' % (json.dumps(said, ensure_ascii=False)[:-1].encode(), text)


@cache
def component_script() -> str:
    """The module that Streamlit loads: Leaflet kept to itself, our drawing, and the way in."""
    begin = "const drawAtlas = (...said) => drawAtlasMap(L, ...said);"
    parts = (_kept_to_itself("L", leaflet_script()), drawing_script(), begin)
    return "\n".join((*parts, *_way_in()))


@cache
def tiles_component_script() -> str:
    """The same for maps of tiles, over MapLibre."""
    # Its workers start while the rest is still being read.
    begin = (
        "maplibregl.prewarm(); const drawAtlas = (...said) => drawAtlasTiles(maplibregl, ...said);"
    )
    parts = (_kept_to_itself("maplibregl", maplibre_script()), tiles_script(), begin)
    return "\n".join((*parts, *_way_in()))


@cache
def table_component_script() -> str:
    """The same for a list by itself, which needs no library: what draws maps would only delay it."""
    return "\n".join((_own("atlas_text.js"), "const drawAtlas = null;", *_way_in()))


def _way_in() -> tuple[str, ...]:
    return (_own("atlas_table.js"), _own("atlas_component.js"))


_SCRIPTS: dict[str, Callable[[], str]] = {
    "map": component_script,
    "tiles": tiles_component_script,
    "table": table_component_script,
}
_STYLES: dict[str, Callable[[], str]] = {
    "map": leaflet_style,
    "tiles": maplibre_style,
    "table": str,
}
_last_drawn_by: dict[str, str] = {}
_shown: ContextVar[list[Shown] | None] = ContextVar("shown", default=None)
_addressed = False


def address_scripts() -> None:
    """From now on say of a script where it is; for a server that answers there (`script_at`)."""
    global _addressed  # noqa: PLW0603
    _addressed = True


def last_drawn_by(key: str) -> str | None:
    """Which of the scripts last drew what has this key, for any reader; None while none has."""
    return _last_drawn_by.get(key)


@cache
def addressed_script(drawing: str) -> bytes:
    """A script as it is to be had at its address, where it can also draw before Streamlit is ready."""
    parts = [_SCRIPTS[drawing]()]
    if drawing != "table":
        parts += [f"const atlasStyle = {json.dumps(_style(drawing))};", _own("atlas_ahead.js")]
    return "\n".join(parts).encode()


@cache
def script_address(drawing: str) -> str:
    """Where a script is to be had: another place for another text, so that a browser may keep it for ever."""
    digest = hashlib.sha256(addressed_script(drawing)).hexdigest()
    return f"{SCRIPTS_AT}/{drawing}-{digest[:16]}.js"


def script_at(address: str) -> bytes | None:
    """The script that is to be had there; None where there is none."""
    found = next((name for name in _SCRIPTS if script_address(name) == address), None)
    return addressed_script(found) if found else None


def _kept_to_itself(name: str, library: str) -> str:
    """A library as the value of a constant, with nothing left on the page."""
    return (
        f"const {name} = (() => {{ const exports = {{}}, module = {{ exports }};\n"
        f"{library}\nreturn module.exports; }})();"
    )


@cache
def _component(drawing: str) -> Callable[..., Any]:
    import streamlit as st

    script = _SCRIPTS[drawing]()
    if _addressed:
        script = (
            f"const address = {json.dumps(script_address(drawing))};\n{_own('atlas_arrival.js')}"
        )
    mounted: Callable[..., Any] = st.components.v2.component(
        f"chengxiang_atlas_{drawing}",
        html='<div class="atlas-mount"></div>',
        css=_style(drawing),
        js=script,
    )
    return mounted


def _style(drawing: str) -> str:
    return f"{_STYLES[drawing]()}\n{drawing_style()}\n{_own('atlas_table.css')}"


def _address(data: bytes, kind: str, place: str, digest: str) -> str:
    """Where on the app's own server these bytes are to be had while the reader's page shows them.

    Of large files Streamlit looks at parts only to tell them apart: the digest in the name tells for certain.
    """
    from streamlit.runtime import exists, get_instance

    if not exists():
        return ""
    return str(get_instance().media_file_mgr.add(data, kind, place, digest))


def _own(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _feature(said: object) -> tuple[str, str] | None:
    if not isinstance(said, dict):
        return None
    layer, feature = said.get("layer"), said.get("id")
    return (layer, feature) if isinstance(layer, str) and isinstance(feature, str) else None


def _ids(said: object) -> tuple[str, ...]:
    if not isinstance(said, (list, tuple)):
        return ()
    return tuple(item for item in said if isinstance(item, str))


def _nothing() -> None:
    """Streamlit gives a value only for events that have a listener."""
