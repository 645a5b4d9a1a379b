"""The map and the list beside it inside the app: a Streamlit component of our own over the installed Leaflet.

Script and style are given to Streamlit as text, so nothing need lie in a folder that is served, and an
installed copy may be read-only. The data travel as bytes and are parsed once in the browser; map and list
are drawn anew only when their own digest changes, so that no rerun makes them flicker, and a click in
one is followed by the other without waiting for the server.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from .leaflet import drawing_script, drawing_style, leaflet_script, leaflet_style
from .maplibre import maplibre_script, maplibre_style, tiles_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from .tiles import Archive

HEIGHT_PX = 560


@dataclass(frozen=True)
class Drawn:
    """Something to draw, as JSON in UTF-8, and the digest that changes exactly when it does."""

    text: bytes
    digest: str
    archive: Archive | None = None
    """The features of a map that has too many to be said in the text."""


@dataclass(frozen=True)
class Answer:
    """What the reader did: the feature that was clicked in this run, and all that are marked."""

    picked: tuple[str, str] | None
    marked: tuple[str, ...]


def drawn(text: str, archive: Archive | None = None) -> Drawn:
    """JSON, ready to be sent; a map's with the archive that holds its tiles, if it has one."""
    data = text.encode()
    digest = hashlib.sha256(data)
    if archive is not None:
        digest.update(archive.digest.encode())
    return Drawn(data, digest.hexdigest(), archive)


def show(
    map_: Drawn | None = None,
    table: Drawn | None = None,
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
    table : the list (`listing.listing_json`)
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
        parts.append(b'"table":{"digest":"%s","table":%s}' % (table.digest.encode(), table.text))
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
    state = _component_for(map_)(
        key=key,
        data=data,
        default={"marked": list(marked)},
        on_picked_change=_nothing,
        on_marked_change=_nothing,
    )
    return Answer(_feature(state.picked), _ids(state.marked))


@cache
def component_script() -> str:
    """The module that Streamlit loads: Leaflet kept to itself, our drawing, and the way in."""
    begin = "const drawAtlas = (...said) => drawAtlasMap(L, ...said);"
    parts = (_kept_to_itself("L", leaflet_script()), drawing_script(), begin)
    return "\n".join((*parts, _own("atlas_table.js"), _own("atlas_component.js")))


@cache
def tiles_component_script() -> str:
    """The same for maps of tiles, over MapLibre."""
    # Its workers start while the rest is still being read.
    begin = (
        "maplibregl.prewarm(); const drawAtlas = (...said) => drawAtlasTiles(maplibregl, ...said);"
    )
    parts = (_kept_to_itself("maplibregl", maplibre_script()), tiles_script(), begin)
    return "\n".join((*parts, _own("atlas_table.js"), _own("atlas_component.js")))


@cache
def table_component_script() -> str:
    """The same for a list by itself, which needs no library: what draws maps would only delay it."""
    parts = (_own("atlas_text.js"), "const drawAtlas = null;", _own("atlas_table.js"))
    return "\n".join((*parts, _own("atlas_component.js")))


def _kept_to_itself(name: str, library: str) -> str:
    """A library as the value of a constant, with nothing left on the page."""
    return (
        f"const {name} = (() => {{ const exports = {{}}, module = {{ exports }};\n"
        f"{library}\nreturn module.exports; }})();"
    )


def _component_for(map_: Drawn | None) -> Callable[..., Any]:
    if map_ is None:
        return _component_of_tables()
    return _component() if map_.archive is None else _component_of_tiles()


@cache
def _component() -> Callable[..., Any]:
    return _registered("chengxiang_atlas_map", leaflet_style(), component_script())


@cache
def _component_of_tiles() -> Callable[..., Any]:
    return _registered("chengxiang_atlas_tiles", maplibre_style(), tiles_component_script())


@cache
def _component_of_tables() -> Callable[..., Any]:
    return _registered("chengxiang_atlas_table", "", table_component_script())


def _registered(name: str, style: str, script: str) -> Callable[..., Any]:
    import streamlit as st

    mounted: Callable[..., Any] = st.components.v2.component(
        name,
        html='<div class="atlas-mount"></div>',
        css=f"{style}\n{drawing_style()}\n{_own('atlas_table.css')}",
        js=script,
    )
    return mounted


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
