"""A picture of the ground from elsewhere to lay beneath a map: a choice, and none unless it is made.

Without one, the district's own waters, roads and borders are the backdrop and nothing is asked of anyone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import DataError, Fault
from ..said import Said, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .description import MapDescription

SETTING = "ATLAS_BASEMAP"
KEY = "ATLAS_TIANDITU_KEY"
_PLACES = ("{z}", "{x}", "{y}")


@dataclass(frozen=True)
class Basemap:
    """Where tiles come from, and what must be known of them."""

    name: str
    addresses: tuple[str, ...]
    """Templates with {z}, {x} and {y}, drawn one over the other."""
    origin: str
    """The words of whom it belongs to."""
    gcj02: bool = False
    """Its ground is shifted as GCJ-02 is, so whatever lies on it has to be shifted alike."""
    secret: bool = False
    """Its addresses hold a key, which never goes into a file."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The origins it asks, as a content policy names them."""
        parts = [urlsplit(re.sub(r"[{}]", "", address)) for address in self.addresses]
        return tuple(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))


def basemap_named(said: str | None, environment: Mapping[str, str]) -> Basemap | None:
    """The basemap of a setting.

    Parameters
    ----------
    said : `none` or nothing, `tianditu`, `osm`, `amap`, or a template `https://…/{z}/{x}/{y}.png`
    environment : holds the key of 天地图 as `ATLAS_TIANDITU_KEY`

    Returns
    -------
    Basemap or None

    Raises
    ------
    DataError
        It is none of these, or the key is missing.

    Examples
    --------
    >>> basemap_named("none", {}) is None
    True
    >>> basemap_named("http://127.0.0.1:9/{z}/{x}/{y}.png", {}).hosts
    ('http://127.0.0.1:9',)
    """
    wanted = (said or "none").strip()
    if wanted == "none":
        return None
    if wanted == "tianditu":
        key = environment.get(KEY, "")
        if not re.fullmatch(r"[0-9A-Za-z]{8,64}", key):
            raise _wrong(
                Said(f"no key in {KEY}", f"{KEY} 中没有密钥"),
                Said("a key of letters and digits", "由字母和数字组成的密钥"),
                Said(f"set {KEY}", f"设置 {KEY}"),
            )
        layers = [
            f"https://t0.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
            f"&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
            f"&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
            for layer in ("vec", "cva")
        ]
        return Basemap("tianditu", tuple(layers), "天地图", secret=True)
    if wanted == "osm":
        tiles = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
        return Basemap("osm", (tiles,), "© OpenStreetMap")
    if wanted == "amap":
        tiles = "https://webrd01.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"
        return Basemap("amap", (tiles,), "高德地图", gcj02=True)
    template = re.fullmatch(r"https?://[\w.:\[\]-]+(/[\w./?&=:%{}+-]*)?", wanted)
    if template and all(place in wanted for place in _PLACES):
        return Basemap("xyz", (wanted,), urlsplit(wanted).netloc)
    raise _wrong(
        Said(f"basemap {wanted!r}", f"底图{quoted(wanted).zh}"),
        Said(
            "none, tianditu, osm, amap or an address with {z}, {x} and {y}",
            "none、tianditu、osm、amap，或含 {z}、{x}、{y} 的地址",
        ),
        Said(f"correct --basemap or {SETTING}", f"更正 --basemap 或 {SETTING}"),
    )


def laid_on(description: MapDescription, basemap: Basemap | None) -> MapDescription:
    """A map over a basemap, shifted as the basemap is.

    Parameters
    ----------
    description : in WGS84
    basemap : None leaves the map as it is

    Returns
    -------
    MapDescription
        On a basemap in GCJ-02 every coordinate is shifted alike, and a note says so.
    """
    if basemap is None:
        return description
    note = basemap.origin
    if basemap.gcj02:
        import numpy as np
        import shapely

        chinese = description.language == "zh"
        note += " · 图层已按 GCJ-02 偏移" if chinese else " · layers shifted to GCJ-02 to match"
        west, south, east, north = description.extent
        corners = _shifted(np.array([[west, south], [east, north]]))
        layers = tuple(
            replace(
                layer,
                shapes=replace(
                    layer.shapes,
                    geometry=np.asarray(
                        shapely.transform(layer.shapes.geometry, _shifted), dtype=object
                    ),
                ),
            )
            for layer in description.layers
        )
        extent = (
            float(corners[0, 0]),
            float(corners[0, 1]),
            float(corners[1, 0]),
            float(corners[1, 1]),
        )
        description = replace(description, layers=layers, extent=extent)
    return replace(description, basemap=basemap, notes=(*description.notes, note))


def _shifted(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitudes and latitudes, two columns, in GCJ-02 with six decimals."""
    import numpy as np

    from ..crs.shifts import wgs84_to_gcj02

    lon, lat = wgs84_to_gcj02(coordinates[:, 0], coordinates[:, 1])
    return np.asarray(np.round(np.column_stack([lon, lat]), 6), dtype=np.float64)


def _wrong(found: Said, expected: Said, remedy: Said) -> DataError:
    return DataError(Fault("basemap", found, expected, remedy))
