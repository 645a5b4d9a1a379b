"""Which coordinate system a text or a file names, and geometry brought into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import UnknownNameError
from ..said import Said
from .shifts import bd09_to_wgs84, gcj02_to_wgs84

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj

Shift = Literal["gcj02", "bd09"]
_DATUMS = {
    "wgs84": "EPSG:4326",
    "cgcs2000": "EPSG:4490",
    "xian80": "EPSG:4610",
    "xian1980": "EPSG:4610",
    "beijing54": "EPSG:4214",
    "beijing1954": "EPSG:4214",
}
_CHINESE = {
    "China Geodetic Coordinate System 2000": "2000国家大地坐标系",
    "Beijing 1954": "1954年北京坐标系",
    "Xian 1980": "1980西安坐标系",
    "New Beijing": "新1954年北京坐标系",
}
# What makes PROJ open a file that a definition names: a list of definitions, or a grid of shifts. The grid
# called @null is none, and stands in every Web Mercator.
_OPENS_FILE = re.compile(
    r"""\binit\s*=|grids\s*=\s*(?!@null\b)|PARAMETERFILE|["']PROJ4_GRIDS["']""", re.IGNORECASE
)


@dataclass(frozen=True)
class Stated:
    """What someone says coordinates are: a system, or longitude and latitude shifted in a known way."""

    text: str
    crs: pyproj.CRS
    shift: Shift | None = None


def network_off() -> None:
    """Keep PROJ from fetching grids, whatever the machine's settings say."""
    from pyproj import network

    network.set_network_enabled(False)  # type: ignore[attr-defined]


def transformer(source: str | pyproj.CRS, target: str | pyproj.CRS) -> pyproj.Transformer:
    """What brings coordinates from one system into another, longitude or easting first.

    PROJ looks through all the ways there are for the best at a place, 40 ms for two systems of different datums, so
    each is looked for once.

    Examples
    --------
    >>> transformer("EPSG:4326", "EPSG:4549") is transformer("EPSG:4326", "EPSG:4549")
    True
    """
    network_off()
    return _transformer(source, target)


@lru_cache(maxsize=32)
def _transformer(source: str | pyproj.CRS, target: str | pyproj.CRS) -> pyproj.Transformer:
    import pyproj

    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def state(text: str) -> Stated:
    """The coordinate system that a text names.

    Parameters
    ----------
    text : `EPSG:n` or another authority's code, a PROJ or WKT text, one of `wgs84`, `cgcs2000`, `xian80`,
        `beijing54` for longitude and latitude on these datums, or `gcj02` or `bd09` for shifted ones

    Returns
    -------
    Stated
        GCJ-02 and BD-09 as WGS 84 with the shift to take off.

    Raises
    ------
    UnknownNameError
        There is no such system.

    Examples
    --------
    >>> state("GCJ-02").shift
    'gcj02'
    >>> state("EPSG:4549").crs.to_epsg(), state("cgcs2000").text
    (4549, 'EPSG:4490')
    """
    import pyproj

    network_off()
    word = text.strip().lower().replace("-", "").replace("_", "")
    if word in ("gcj02", "bd09", "bd09ll"):
        shift: Shift = "gcj02" if word == "gcj02" else "bd09"
        return Stated(shift, pyproj.CRS.from_epsg(4326), shift)
    try:
        crs = _defined(_DATUMS.get(word, text.strip()))
    except pyproj.exceptions.CRSError:
        known = [
            Said("EPSG:n (say, EPSG:4490)", "EPSG:n（如 EPSG:4490）"),
            *_DATUMS,
            "gcj02",
            "bd09",
        ]
        raise UnknownNameError("coordinate system", text, known) from None
    return Stated(crs.to_string(), crs)


def crs_called(name: str) -> Said:
    """What a coordinate system is called; PROJ knows none by a Chinese name.

    Examples
    --------
    >>> crs_called("Beijing 1954 / 3-degree Gauss-Kruger CM 120E").zh
    '1954年北京坐标系 / 3-degree Gauss-Kruger CM 120E'
    """
    said = name
    for english, chinese in _CHINESE.items():
        said = said.replace(english, chinese)
    return Said(name, said)


def known_crs(crs: object) -> pyproj.CRS | None:
    """The system a file states, or None where it states none; "undefined" is none.

    Neither is one whose definition needs another file, which would be opened.

    Examples
    --------
    >>> known_crs(None) is None
    True
    >>> known_crs("+proj=tmerc +lon_0=120 +x_0=500000 +ellps=GRS80 +units=m +type=crs").is_projected
    True
    """
    import pyproj

    network_off()
    if crs is None or crs == "":
        return None
    try:
        found = _defined(crs)
    except pyproj.exceptions.CRSError:
        return None
    name = found.name.lower()
    # A PROJ text has no name, and says all the same where it is; an engineer's plane does not.
    nowhere = name.startswith("unknown") and found.is_engineering
    return None if nowhere or name.startswith("undefined") else found


def _defined(said: object) -> pyproj.CRS:
    """The system of a definition that is whole in itself."""
    import pyproj

    found = None
    if not isinstance(said, str) or not _OPENS_FILE.search(said):
        found = pyproj.CRS.from_user_input(said)
    # Another spelling of the same may come out as one of these.
    if found is None or _OPENS_FILE.search(found.to_wkt()):
        raise pyproj.exceptions.CRSError("a definition that names a file")
    return found


def straighten(geometry: gpd.GeoSeries, stated: Stated) -> gpd.GeoSeries:
    """Geometry in the system it is said to be in, any shift of longitude and latitude taken off.

    Parameters
    ----------
    geometry : any kind, in `stated`; shifted coordinates may be projected ones with their CRS set

    Returns
    -------
    GeoSeries
        In `stated.crs`.
    """
    import shapely

    if stated.shift is None:
        return geometry.set_crs(stated.crs, allow_override=True)
    degrees = geometry
    if geometry.crs is not None and geometry.crs.is_projected:
        degrees = geometry.to_crs(stated.crs)
    inverse = gcj02_to_wgs84 if stated.shift == "gcj02" else bd09_to_wgs84
    moved = shapely.transform(
        shapely.force_2d(degrees.to_numpy()),
        lambda xy: np.column_stack(inverse(xy[:, 0], xy[:, 1])),
    )
    import geopandas as gpd

    return gpd.GeoSeries(moved, index=geometry.index, crs=stated.crs)
