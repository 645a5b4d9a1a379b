"""MapLibre as the installed package brings it, ready to stand inside a page or a component.

As with Leaflet (`leaflet.py`): read from the installation when a map is made, kept nowhere, fetched from nobody.
"""

from __future__ import annotations

from functools import cache
from importlib import resources, util
from pathlib import Path

from ..errors import MissingExtraError
from .leaflet import without_source_map


@cache
def maplibre_script() -> str:
    """MapLibre's script."""
    return without_source_map(_file("maplibre-gl.js"))


@cache
def maplibre_style() -> str:
    """MapLibre's stylesheet, whose few pictures it holds itself."""
    return _file("maplibre-gl.css")


@cache
def tiles_script() -> str:
    """Our own script: `atlasArchive(read)` and `drawAtlasTiles(maplibregl, element, description, options)`."""
    own = resources.files(__package__)
    return "\n".join(
        own.joinpath(name).read_text(encoding="utf-8")
        for name in (
            "atlas_text.js",
            "atlas_parts.js",
            "atlas_archive.js",
            "atlas_pace.js",
            "atlas_tiles.js",
        )
    )


def _file(name: str) -> str:
    # Found without being imported: the package itself would load a good deal that is not needed.
    spec = util.find_spec("maplibre")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("maplibre", "map")
    folder = Path(next(iter(spec.submodule_search_locations)))
    return (folder / "srcjs" / name).read_text(encoding="utf-8")
