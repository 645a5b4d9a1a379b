"""Rows held against what the district has already: whether they are shifted, and as what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from ..district import District
from ..errors import GeoError
from ..model import Layer
from ..registration import (
    FEWEST,
    TITLES,
    Registration,
    astray,
    corrections,
    displaced,
    outlines,
    registered,
    sample_points,
    shifted_out,
    unshifted,
)
from ..said import NOTHING as NOTHING_SAID
from ..said import Said, joined
from ..store.base import first_readable, witnesses
from ..validate import find_column
from ..vocabulary import read_values
from .home import metric_shapes

if TYPE_CHECKING:
    import geopandas as gpd

    from ..crs import Shift
    from ..store.base import Store

MOST_ROWS = 2_000
MOST_KNOWN = 300_000
"""A layer of more rows than this is not read for evidence alone, unless it is the very same."""
ALIGNED_M = 30.0
"""Things known by their keys that are no further apart than this are where they were."""
MOST_SLIPS = 0.02
"""Where no more rows than this lie outside the unit they name, they lie where they should."""


@dataclass(frozen=True)
class Alignment:
    """What the comparison told."""

    registration: Registration | None
    """None where the rows are where they should be, or nothing tells."""
    evidence: Said
    """Empty where nothing tells."""
    alike: Said = NOTHING_SAID
    """What is shifted in the same way, and so does not tell; empty where nothing is."""
    shifted_round: str = ""
    """The round that looks shifted, where it is not the rows that do."""
    round_shift: Shift | None = None

    @property
    def tells(self) -> bool:
        """Whether there was anything to compare with."""
        return bool(self.evidence)


NOTHING = Alignment(None, NOTHING_SAID)


def alignment(rows: gpd.GeoDataFrame, layer: Layer, district: District, store: Store) -> Alignment:
    """Whether rows are shifted against their own past, the units they name, or their neighbours.

    Parameters
    ----------
    rows : declared fields and geometry, in the district's metric system
    layer : their declaration
    district, store : what is there already; the newest round that has a layer speaks for it, unless an older one
        shows that both are shifted

    Returns
    -------
    Alignment
        With the shift that explains the displacement, and the distance, the bearing and what it was
        seen against in words.
    """
    shapes = rows.geometry.to_numpy()
    with np.errstate(invalid="ignore"):
        sound = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    some = np.flatnonzero(sound)
    some = some[:: max(1, len(some) // MOST_ROWS)]
    rows = rows.iloc[some]
    if not len(rows):
        return NOTHING
    for look in (_against_itself, _against_named_units, _against_others):
        found = look(rows, layer, district, store)
        if found.tells:
            return found
    return NOTHING


def _against_itself(
    rows: gpd.GeoDataFrame, layer: Layer, district: District, store: Store
) -> Alignment:
    """The same layer in the newest round that has it, and by key in an older one or two.

    That the newest round agrees proves nothing: it may have come from the same shifted source.
    """
    first, newest = NOTHING, ""
    for round_, stored in witnesses(store, layer.name, store.rounds()[::-1]):
        if getattr(stored, "crs", None) is None:
            continue
        found = _row_by_row(rows, round_, stored, layer, district)
        if not newest:
            newest = round_
            if not found.tells:
                shapes = metric_shapes(store, round_, layer, district.spec.metric_crs)
                found = _nearby(rows, shapes, _named(layer, round_), district)
            told = found.registration is not None and found.registration.shift is not None
            if told or found.shifted_round or layer.key not in rows.columns:
                return found
            first = found
        elif found.registration is not None and found.registration.shift is not None:
            if not first.tells or first.registration is not None:
                return found
            alike = Said(
                f"round {newest} has them where these are, and so is shifted alike",
                f"{newest} 轮次与之位置一致，因而有同样的偏移",
            )
            return replace(found, alike=alike)
    return first


def _named(layer: Layer, round_: str) -> Said:
    return Said(f"the {layer.name} of round {round_}", f"{round_} 轮次的{layer.called.zh}")


def _row_by_row(
    rows: gpd.GeoDataFrame, round_: str, stored: Any, layer: Layer, district: District
) -> Alignment:
    """Rows held against those of the same key in a round."""
    against = _named(layer, round_)
    key = find_column(stored, layer.key) if layer.key else None
    if key is None or layer.key is None or layer.key not in rows.columns:
        return NOTHING
    keys = read_values(stored[key], layer.fields[layer.key]).values
    places = pd.Series(np.arange(len(stored)), index=pd.Index(keys.astype(object)))
    places = places[~places.index.duplicated(keep=False) & places.index.notna()]
    mine = rows[layer.key].astype(object)
    both = mine.isin(places.index).to_numpy(dtype=bool) & mine.notna().to_numpy(dtype=bool)
    known = stored.geometry.iloc[places.reindex(mine[both]).to_numpy()]
    a = centres(rows.geometry.to_numpy()[both])
    b = centres(known.to_crs(district.spec.metric_crs).to_numpy())
    finite = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b = a[finite], b[finite]
    if len(a) < FEWEST:
        return NOTHING
    moved = displaced(a, b, district.spec.metric_crs)
    if moved is not None:
        told = Said(
            f"{moved} against {len(a)} rows of the same key in {against}",
            f"相对于{against.zh}中编号相同的 {len(a):,} 行{moved.said.zh}",
        )
        return Alignment(moved, told)
    theirs = displaced(b, a, district.spec.metric_crs)
    if theirs is not None and theirs.shift is not None:
        back = replace(theirs, east_m=-theirs.east_m, north_m=-theirs.north_m)
        title = TITLES[theirs.shift]
        corrected = unshifted(b, theirs.shift, district.spec.metric_crs)
        left_m = float(np.median(np.hypot(*(a - corrected).T)))
        told = Said(
            f"{len(a)} rows lie {back.distance_m:.0f} m, bearing {back.bearing_deg:.0f}°, from those of the same key in"
            f" {against}: it looks as if that round were shifted, for with {title} taken off it they are"
            f" {left_m:.0f} m apart; nothing was changed in the rows of the file",
            f"{len(a):,} 行距{against.zh}中编号相同者 {back.distance_m:.0f} 米，方位角 {back.bearing_deg:.0f}°："
            f"疑似该轮次有偏移，对其扣除 {title} 偏移后相距 {left_m:.0f} 米；文件各行未作改动",
        )
        return Alignment(None, told, shifted_round=round_, round_shift=theirs.shift)
    if float(np.median(np.hypot(*(a - b).T))) <= ALIGNED_M:
        told = Said(
            f"{len(a)} rows are where {against} has those of the same key",
            f"{len(a):,} 行与{against.zh}中编号相同者位置一致",
        )
        return Alignment(None, told)
    return NOTHING


def _against_named_units(
    rows: gpd.GeoDataFrame, layer: Layer, district: District, store: Store
) -> Alignment:
    """Points that lie outside the unit they name, and inside once a shift is taken off."""
    if layer.geometry != "Point":
        return NOTHING
    crs = district.spec.metric_crs
    for name, spec in layer.fields.items():
        for other_name in spec.refers_to:
            other = district.catalog.layer(other_name)
            round_, stored = first_readable(store, other_name, reversed(store.rounds())) or (
                "",
                None,
            )
            key = find_column(stored, other.key) if stored is not None and other.key else None
            if stored is None or key is None or other.geometry != "Polygon":
                continue
            if getattr(stored, "crs", None) is None or name not in rows.columns:
                continue
            codes = pd.Index(
                read_values(stored[key], other.fields[str(other.key)]).values.astype(object)
            )
            if not codes.is_unique:
                continue
            position = codes.get_indexer(pd.Index(rows[name].astype(object)))
            known = position >= 0
            units = stored.geometry.iloc[position[known]].to_crs(crs).to_numpy()
            points = centres(rows.geometry.to_numpy()[known])
            if len(points) < FEWEST:
                continue
            against = Said(
                f"the {other_name} of round {round_} that {name} names",
                f"{layer.field_called(name).zh}所填的 {round_} 轮次{other.called.zh}",
            )
            found = _in_units(points, units, crs, against)
            if found.tells:
                return found
    return NOTHING


def _in_units(
    points: np.ndarray[Any, Any], units: np.ndarray[Any, Any], crs: str, against: Said
) -> Alignment:
    outside = astray(points, units)
    if outside.mean() <= MOST_SLIPS:
        told = Said(f"{len(points)} rows lie in {against}", f"{len(points):,} 行在{against.zh}内")
        return Alignment(None, told)
    found = shifted_out(points, units, crs)
    if found is None:
        return NOTHING
    told = Said(
        f"{found.registration} against {against}: {found.before:.0%} of the rows lie outside,"
        f" {found.after:.0%} with that taken off",
        f"相对于{against.zh}{found.registration.said.zh}：{found.before:.0%} 的行在其外，"
        f"扣除后为 {found.after:.0%}",
    )
    return Alignment(found.registration, told)


def _against_others(
    rows: gpd.GeoDataFrame, layer: Layer, district: District, store: Store
) -> Alignment:
    """The other layers of the newest round: the one that a shift explains best."""
    best = NOTHING
    rounds = store.rounds()
    if not rounds:
        return best
    sizes = store.sizes(rounds[-1])
    for other in district.catalog.layers.values():
        if other.name == layer.name or other.geometry in ("Table", "Raster"):
            continue
        if not 0 < sizes.get(other.name, 0) <= MOST_KNOWN:
            continue
        try:
            shapes = metric_shapes(store, rounds[-1], other, district.spec.metric_crs)
        except GeoError:
            continue
        found = _nearby(rows, shapes, _named(other, rounds[-1]), district)
        if found.registration is not None and (
            best.registration is None
            or found.registration.corrected_apart_m < best.registration.corrected_apart_m
        ):
            best = found
    return best


def _nearby(
    rows: gpd.GeoDataFrame, shapes: np.ndarray[Any, Any], against: Said, district: District
) -> Alignment:
    if len(shapes) < 2:
        return NOTHING
    points = sample_points(rows.geometry.to_numpy())
    corrected = corrections(points, district.spec.metric_crs)
    found = registered(points, shapely.STRtree(outlines(shapes)), corrected)
    if found is None:
        return NOTHING
    told = Said(
        f"{found} against {against}: {found.apart_m:.0f} m apart as it stands,"
        f" {found.corrected_apart_m:.0f} m with that taken off",
        f"相对于{against.zh}{found.said.zh}：现相距 {found.apart_m:.0f} 米，"
        f"扣除后相距 {found.corrected_apart_m:.0f} 米",
    )
    return Alignment(found, told)


def said(found: Alignment) -> Said:
    """The evidence, and what it comes to."""
    shift = found.registration.shift if found.registration else None
    if found.registration is None:
        return found.evidence
    if shift is None:
        return found.evidence + Said(
            "; neither GCJ-02 nor BD-09 does that", "；既非 GCJ-02 也非 BD-09 的偏移"
        )
    this = Said(f"; this is {TITLES[shift]}", f"；应为 {TITLES[shift]} 坐标")
    return found.evidence + this + (joined(["", found.alike], "; ", "；") if found.alike else "")


def centres(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The middle of each shape's extent."""
    bounds = shapely.bounds(shapes)
    return np.column_stack([(bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2])
