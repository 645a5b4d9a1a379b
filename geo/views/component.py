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

if TYPE_CHECKING:
    from collections.abc import Callable

HEIGHT_PX = 560


@dataclass(frozen=True)
class Drawn:
    """Something to draw, as JSON in UTF-8, and the digest that changes exactly when it does."""

    text: bytes
    digest: str


@dataclass(frozen=True)
class Answer:
    """What the reader did: the feature that was clicked in this run, and all that are marked."""

    picked: tuple[str, str] | None
    marked: tuple[str, ...]


def drawn(text: str) -> Drawn:
    """JSON, ready to be sent."""
    data = text.encode()
    return Drawn(data, hashlib.sha256(data).hexdigest())


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
    said = {
        "picked": {"layer": picked[0], "id": picked[1]} if picked else None,
        "marked": list(marked),
    }
    rest = json.dumps(said, ensure_ascii=False)[1:-1].encode()
    data = b"{" + b",".join([*parts, rest]) + b"}"
    state = _component()(
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
    leaflet = (
        "const L = (() => { const exports = {}, module = { exports };\n"
        f"{leaflet_script()}\nreturn module.exports; }})();\n"
    )
    return f"{leaflet}{drawing_script()}\n{_own('atlas_table.js')}\n{_own('atlas_component.js')}"


@cache
def _component() -> Callable[..., Any]:
    import streamlit as st

    mounted: Callable[..., Any] = st.components.v2.component(
        "chengxiang_atlas_map",
        html='<div class="atlas-mount"></div>',
        css=f"{leaflet_style()}\n{drawing_style()}\n{_own('atlas_table.css')}",
        js=component_script(),
    )
    return mounted


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
