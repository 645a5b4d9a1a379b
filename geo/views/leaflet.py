"""Leaflet as the installed package brings it, ready to stand inside a page or a component.

The script and its stylesheet are read from the installation when a map is made: none of it is kept in
this project, and nothing of it is fetched when the map is looked at.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from ..errors import MissingExtraError

_PICTURE = re.compile(r"url\((?!['\"]?data:|['\"]?#)[^)]*\)")
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=\S+\s*$")


@cache
def leaflet_script() -> str:
    """Leaflet's script."""
    return without_source_map(_file("leaflet.js"))


@cache
def leaflet_style() -> str:
    """Leaflet's stylesheet with no picture in it: we draw neither its markers nor its layer button."""
    return _PICTURE.sub("none", _file("leaflet.css"))


@cache
def drawing_script() -> str:
    """Our own script: `drawAtlasMap(L, element, description, options)`."""
    own = resources.files(__package__)
    names = ("atlas_text.js", "atlas_parts.js", "atlas_map.js")
    return "\n".join(own.joinpath(name).read_text(encoding="utf-8") for name in names)


@cache
def drawing_style() -> str:
    """The style of what our script makes."""
    return resources.files(__package__).joinpath("atlas_map.css").read_text(encoding="utf-8")


def without_source_map(script: str) -> str:
    """A script without the line that would make a browser's tools ask for its source map.

    Examples
    --------
    >>> without_source_map("f();\\n//# sourceMappingURL=f.js.map")
    'f();\\n'
    """
    return _SOURCE_MAP.sub("\n", script)


def _file(name: str) -> str:
    try:
        folder = resources.files("js_lib_leaflet")
    except ModuleNotFoundError:
        raise MissingExtraError("django-js-lib-leaflet", "map") from None
    return folder.joinpath("static", "js_lib_leaflet", name).read_text(encoding="utf-8")
