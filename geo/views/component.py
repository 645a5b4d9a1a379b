"""The map inside the app: a Streamlit component of our own over the installed Leaflet.

Script and style are given to Streamlit as text, so nothing need lie in a folder that is served, and an
installed copy may be read-only. The data travel as bytes and are parsed once in the browser; the map is
drawn anew only when the digest of its description changes, so that no rerun makes it flicker.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .leaflet import drawing_script, drawing_style, leaflet_script, leaflet_style

if TYPE_CHECKING:
    from collections.abc import Callable

HEIGHT_PX = 600
_FILE = "atlas_component.js"


def show_map(
    description: bytes, digest: str, *, key: str, height_px: int = HEIGHT_PX
) -> tuple[str, str] | None:
    """Draw a map in the app and say which feature was clicked in this run.

    Parameters
    ----------
    description : the map as JSON in UTF-8 (`description.as_json`)
    digest : changes exactly when the description does
    key : the widget's key; the map keeps its place and zoom as long as the key stays
    height_px : of the map in CSS pixels; its legend lies beneath

    Returns
    -------
    layer name and feature id, or None
    """
    head = f'{{"digest":"{digest}","height":{height_px},"map":'.encode()
    state = _component()(key=key, data=head + description + b"}", on_picked_change=_nothing)
    picked = state.picked
    if not isinstance(picked, dict):
        return None
    layer, feature = picked.get("layer"), picked.get("id")
    return (layer, feature) if isinstance(layer, str) and isinstance(feature, str) else None


@cache
def component_script() -> str:
    """The module that Streamlit loads: Leaflet kept to itself, our drawing, and the way in."""
    from importlib import resources

    start = resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    leaflet = (
        "const L = (() => { const exports = {}, module = { exports };\n"
        f"{leaflet_script()}\nreturn module.exports; }})();\n"
    )
    return f"{leaflet}{drawing_script()}\n{start}"


@cache
def _component() -> Callable[..., Any]:
    import streamlit as st

    mounted: Callable[..., Any] = st.components.v2.component(
        "chengxiang_atlas_map",
        html='<div class="atlas-mount"></div>',
        css=f"{leaflet_style()}\n{drawing_style()}\n.atlas-mount {{ width: 100%; }}",
        js=component_script(),
    )
    return mounted


def _nothing() -> None:
    """Streamlit gives a value only for events that have a listener."""
