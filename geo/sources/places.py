"""Tables that say where things are: columns of coordinates, or of geometry as well-known text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..model import GeometryKind
from ..said import Said, joined, quoted
from .base import LeftOut, Source
from .tables import Table

if TYPE_CHECKING:
    import pyproj

_WKT = frozenset(
    {"wkt", "wktgeom", "geomwkt", "geometrywkt", "geom", "geometry", "thegeom", "shape"}
    | {"几何", "空间数据", "图形"}
)
_TOGETHER = frozenset(
    {
        "经纬度",
        "坐标",
        "坐标点",
        "坐标值",
        "location",
        "lnglat",
        "lonlat",
        "coordinate",
        "coordinates",
    }
)
# Longitude or easting first. A surveyor's X is the northing, so a bare x and y may be swapped: whether
# they are is judged where it is known in which place the rows should lie.
_PAIRS = (
    ({"经度", "东经", "lon", "lng", "long", "longitude"}, {"纬度", "北纬", "lat", "latitude"}),
    ({"横", "东", "easting", "east"}, {"纵", "北", "northing", "north"}),
    ({"x", "pointx", "xcoord"}, {"y", "pointy", "ycoord"}),
)
_DATUMS = {
    "gcj02": ("gcj02", "gcj", "火星", "高德", "amap", "腾讯"),
    "bd09": ("bd09ll", "bd09", "bd", "百度", "baidu"),
    "WGS 84": ("wgs84", "wgs", "gps"),
    "CGCS2000": ("cgcs2000", "2000"),
}
_SHIFTED = ("gcj02", "bd09")
_DECORATION = re.compile(r"[\s_\-./:°]|\(.*?\)|\[.*?\]|中心点?|坐标(?=.)|(?<=.)坐标|\bdeg\b")
_EWKT = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)
_DEGREES = re.compile(
    r"([nsew东南西北])?\s*(-?\d+(?:\.\d+)?)\s*[°度]\s*(?:(\d+(?:\.\d+)?)\s*['′’分])?"
    r"\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|″|”|''|秒))?\s*([nsew东南西北])?"
)
_MOST_COLLECTIONS = 100
_NEGATIVE = ("s", "w", "南", "西")
Kind = Literal["wkt", "together", "pair"]


@dataclass(frozen=True)
class Columns:
    """Which columns say where a row is, in what manner, and the datum their names speak of."""

    kind: Kind
    names: tuple[str, ...]
    datum: str | None = None


def place_columns(
    names: Sequence[str], geometry: GeometryKind | None = None
) -> tuple[Columns, ...]:
    """The columns that may hold coordinates, told by their names, the likeliest first.

    Parameters
    ----------
    names : of all columns
    geometry : the kind wanted; pairs of coordinates make points only

    Examples
    --------
    >>> place_columns(["编号", "经度(GCJ-02)", "纬度(GCJ-02)"])
    (Columns(kind='pair', names=('经度(GCJ-02)', '纬度(GCJ-02)'), datum='gcj02'),)
    """
    if geometry in ("Table", "Raster"):
        return ()
    bare = {name: _bare(name) for name in names}
    found = [Columns("wkt", (name,)) for name, word in bare.items() if word in _WKT]
    if geometry in (None, "Point"):
        pairs = [
            Columns("pair", (x, y), _datum(x))
            for first, second in _PAIRS
            for x in names
            for y in names
            if bare[x] in first and bare[y] in second and _datum(x) == _datum(y)
        ]
        # Where a table has true and shifted ones, the true ones are taken.
        found += sorted(pairs, key=lambda one: one.datum in _SHIFTED)
        found += [
            Columns("together", (name,), _datum(name))
            for name, word in bare.items()
            if word in _TOGETHER
        ]
    return tuple(found)


def placed(
    table: Table,
    format_: str,
    layer: str | None,
    geometry: GeometryKind | None,
    notes: Sequence[Said] = (),
) -> Source:
    """A table as a source: with geometry where its columns hold it, else without.

    Parameters
    ----------
    table : as found in the file
    format_, layer : what the source says it is
    geometry : the kind that is wanted
    notes : what is known of the file already

    Returns
    -------
    Source
        Without a CRS, unless the well-known text says it; what a column's name says of the datum is a
        note. A row whose coordinates cannot be read is left out; one that has none stays, without
        geometry.
    """
    names = tuple(str(name) for name in table.frame.columns)
    read = len(table.frame) + len(table.left_out)
    for where in place_columns(names, geometry):
        columns = [table.frame[name].tolist() for name in where.names]
        drawn = [_READERS[where.kind](*values) for values in zip(*columns, strict=True)]
        filled = sum(any(v is not None for v in values) for values in zip(*columns, strict=True))
        good = sum(isinstance(shape, tuple) for shape in drawn)
        # A column called `location` may hold street names.
        if filled and (where.kind == "pair" or 2 * good >= filled):
            break
    else:
        return Source(
            table.frame, table.rows, names, format_, layer, read, table.left_out, (*notes, *table.notes)
        )  # fmt: skip
    return _with_shapes(table, where, drawn, format_, layer, (*notes, *table.notes))


def degrees(text: str) -> float | None:
    """A coordinate as people write it, or None: 119.92, １１９.９２, 119°55′12″E, 东经119度55分.

    Examples
    --------
    >>> degrees("119°55′12″E"), degrees("abc")
    (119.92, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower().replace("′′", '"')
    try:
        return float(plain)
    except ValueError:
        parts = _DEGREES.fullmatch(plain.replace("经", "").replace("纬", ""))
    if parts is None:
        return None
    before, whole, minutes, seconds, after = parts.groups()
    if float(minutes or 0) >= 60 or float(seconds or 0) >= 60:
        return None
    value = abs(float(whole)) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -value if whole.startswith("-") or (before or after) in _NEGATIVE else value


def _bare(name: str) -> str:
    """A column's name without datum, units and decoration."""
    word = unicodedata.normalize("NFKC", name).lower()
    for words in _DATUMS.values():
        for one in words:
            word = word.replace(one, "")
    return _DECORATION.sub("", word)


def _datum(name: str) -> str | None:
    word = unicodedata.normalize("NFKC", name).lower().replace("-", "").replace("_", "")
    return next(
        (datum for datum, words in _DATUMS.items() if any(one in word for one in words)), None
    )


@dataclass(frozen=True)
class _Curve:
    """Text with arcs in it, to be drawn with all the others."""

    text: str


# A place as read: a shape (in a tuple, with the SRID it states), None where the cell is empty, or why not.
_Drawn = tuple[Any, int | None] | Said | None


def _by_pair(x: Any, y: Any) -> _Drawn:
    import shapely

    if x is None and y is None:
        return None
    read = (_number(x), _number(y))
    if read[0] is None or read[1] is None:
        shown = joined([_shown(x), _shown(y)], ", ", "，")
        return Said("coordinates ", "坐标") + shown
    return shapely.Point(read[0], read[1]), None


def _by_text(value: Any) -> _Drawn:
    if value is None:
        return None
    text = unicodedata.normalize("NFKC", str(value)).strip(" ()[]")
    words = [word for word in re.split(r"[,;、\s]+", text) if word]
    return _by_pair(*words) if len(words) == 2 else Said("coordinates ", "坐标") + _shown(value)


def _by_wkt(value: Any) -> _Drawn:
    import shapely

    if value is None:
        return None
    if not isinstance(value, str):
        return Said("geometry ", "图形") + _shown(value)
    if value.upper().count("COLLECTION") > _MOST_COLLECTIONS:
        # GEOS goes down into each, and crashes when it is too deep.
        return Said(
            f"broken geometry: more than {_MOST_COLLECTIONS} collections in one another",
            f"图形损坏：集合嵌套超过 {_MOST_COLLECTIONS} 层",
        )
    stated = _EWKT.match(value)
    try:
        shape = shapely.from_wkt(value[stated.end() :] if stated else value)
    except NotImplementedError:
        return _Curve(value[stated.end() :] if stated else value), int(
            stated.group(1)
        ) if stated else None
    except shapely.errors.ShapelyError:
        return Said("broken geometry: ", "图形损坏：") + _shown(value)
    return shape, int(stated.group(1)) if stated else None


_READERS: dict[Kind, Callable[..., _Drawn]] = {
    "wkt": _by_wkt,
    "together": _by_text,
    "pair": _by_pair,
}


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number: float | None = float(value)
    else:
        number = degrees(value) if isinstance(value, str) else None
    return number if number is not None and math.isfinite(number) else None


def _shown(value: Any) -> Said:
    return quoted(str(value)[:40]) if value is not None else Said("empty", "为空")


def _with_shapes(
    table: Table,
    where: Columns,
    drawn: Sequence[_Drawn],
    format_: str,
    layer: str | None,
    notes: Sequence[Said],
) -> Source:
    import geopandas as gpd
    import numpy as np
    import shapely

    from .curves import NOTE as CURVES_NOTE
    from .curves import drawn_straight
    from .ogr import without_heights

    labels = table.rows.tolist()
    faults = [
        LeftOut(str(label), said) for label, said in zip(labels, drawn, strict=True) if isinstance(said, str)
    ]  # fmt: skip
    kept = np.array([not isinstance(said, str) for said in drawn], dtype=bool)
    shapes = np.array(
        [said[0] if isinstance(said, tuple) else None for said in drawn], dtype=object
    )
    curved = np.array([isinstance(shape, _Curve) for shape in shapes], dtype=bool)
    if curved.any():
        shapes[curved] = drawn_straight([shape.text for shape in shapes[curved]])
        notes = (*notes, CURVES_NOTE)
        lost = curved & shapely.is_missing(shapes)
        faults += [
            LeftOut(str(label), Said("broken geometry: a curve", "图形损坏：曲线"))
            for label in table.rows[lost]
        ]
        kept &= ~lost
    flat, flattened = without_heights(shapes[kept])
    frame = table.frame[kept].reset_index(drop=True)
    if where.kind == "wkt":
        frame = frame.drop(columns=list(where.names))
    # The name is taken for the shapes themselves.
    frame = frame.rename(columns={"geometry": "geometry (text)"})
    srids = {said[1] for said in drawn if isinstance(said, tuple)}
    located = gpd.GeoDataFrame(frame, geometry=flat, crs=_stated(srids))
    said = Said(
        f"places are read from {' and '.join(where.names)}", f"位置取自{'、'.join(where.names)}列"
    )
    if where.datum is not None:
        said += Said(f"; the name speaks of {where.datum}", f"；列名提及 {where.datum}")
    return Source(
        located,
        table.rows[kept].reset_index(drop=True),
        tuple(str(name) for name in frame.columns),
        format_,
        layer,
        len(table.frame) + len(table.left_out),
        (*table.left_out, *faults),
        (*notes, said, *flattened),
    )


def _stated(srids: set[int | None]) -> pyproj.CRS | None:
    from ..crs import known_crs

    one = srids.pop() if len(srids) == 1 else None
    return known_crs(f"EPSG:{one}") if one else None
