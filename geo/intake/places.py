"""Where rows lie: in the system the file states, the one that is said, or the one that is accepted."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..crs import Shift, Stated, brought_over, crossing, state
from ..district import District
from ..errors import DataError, Fault, amount
from ..placing import Alignment, Home, Judgement, Placement, alignment, home_of, judge
from ..store.base import Store
from .rows import Rows

JUDGED_BY = 5_000
"""Rows by which the place of all is judged."""


def place(
    rows: Rows,
    said: str | None,
    district: District,
    store: Store,
    *,
    accept: bool = False,
    named_shift: tuple[Shift, str] | None = None,
) -> str:
    """Put rows where they are.

    Parameters
    ----------
    rows : with their geometry as it is in the file
    said : what the user says the coordinates are
    district, store : what is there already, which the rows are held against
    accept : the user takes what is proposed
    named_shift : a shift the file itself speaks of, and where

    Returns
    -------
    str
        The system, as an import record keeps it.

    Raises
    ------
    UnknownNameError
        There is no such coordinate system.
    DataError
        Nothing tells where the rows are, or what does was not accepted.
    """
    geometry = rows.geometry
    if geometry is None:
        return ""
    stated = None if said is None else state(said)
    if stated is not None:
        _overrule(rows, geometry, stated)
    home = home_of(district, store)
    some = _sample(geometry)

    def align(placed: gpd.GeoSeries) -> Alignment:
        metric = placed.to_crs(district.spec.metric_crs)
        fields = rows.frame.iloc[some].drop(columns="geometry")
        return alignment(gpd.GeoDataFrame(fields, geometry=metric), rows.layer, district, store)

    found = judge(
        geometry.iloc[some],
        home,
        align,
        said_crs=Placement(stated.crs, shift=stated.shift) if stated is not None else None,
        named_shift=named_shift,
        accept=accept,
    )
    if found.refused:
        raise DataError(_refusal(rows.layer.name, found))
    rows.proposals += found.proposals
    if found.placement is None:
        return ""
    for code, what, expected, remedy in found.doubts:
        rows.find(code, (), what, expected, remedy)
    placed = found.placement.applied(geometry)
    if found.placement.shift is None:
        placed = _onto_a_modern_datum(rows, placed)
    rows.set_shapes(placed)
    if home is not None and not any(code == "outside-district" for code, *_ in found.doubts):
        _list_strays(rows, placed, home)
    return found.placement.text


def _overrule(rows: Rows, geometry: gpd.GeoSeries, stated: Stated) -> None:
    if stated.shift is None and geometry.crs is not None and geometry.crs != stated.crs:
        rows.find(
            "crs-overruled",
            (),
            f"the file states {geometry.crs.name}, and was taken as {stated.text} as you said",
            "one statement",
            "leave --crs out if the file is right",
        )
    if stated.shift is not None or stated.crs.is_geographic:
        _require_degrees(rows, geometry, stated.text)


def _require_degrees(rows: Rows, geometry: gpd.GeoSeries, text: str) -> None:
    if geometry.crs is not None and geometry.crs.is_projected:
        return
    west, south, east, north = geometry.total_bounds
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise DataError(
            Fault(
                rows.layer.name,
                f"coordinates from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}",
                f"longitude and latitude, as {text} is",
                "say the projected coordinate system with --crs EPSG:n",
            )
        )


def _onto_a_modern_datum(rows: Rows, placed: gpd.GeoSeries) -> gpd.GeoSeries:
    way = crossing(placed)
    if way is None:
        return placed
    if way.operation is None:
        found = (
            f"{way.datum}: no way to CGCS2000 or WGS 84 is known here, so longitude and latitude were kept;"
            " places may be off by tens of metres, even more than a hundred"
        )
        remedy = "have the surveying office convert the file with its own parameters"
        rows.find("datum-accuracy", (), found, "coordinates on CGCS2000", remedy)
        return placed
    good = f"good to {way.accuracy_m:g} m" if way.accuracy_m is not None else "of unknown accuracy"
    found = f"{way.datum}: brought to WGS 84 by {way.operation}, {good}"
    remedy = "where that is not enough, have the surveying office convert the file with its own parameters"
    rows.find("datum-accuracy", (), found, "coordinates on CGCS2000", remedy)
    return brought_over(placed)


def _list_strays(rows: Rows, placed: gpd.GeoSeries, home: Home) -> None:
    """Rows that lie far from the district while most do not."""
    if not home.sure:
        return
    bounds = shapely.bounds(placed.to_numpy())
    middles = np.column_stack(
        [(bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2]
    )
    present = np.isfinite(middles).all(axis=1)
    metric = Placement(placed.crs).metric(middles[present], home.crs)
    astray = np.zeros(len(middles), dtype=bool)
    astray[present] = home.away_m(metric) > home.within_m
    if not astray.any():
        return
    turned = Placement(placed.crs, swapped=True).metric(middles[astray], home.crs)
    back = int((home.away_m(turned) <= home.within_m).sum())
    hint = f"; {back} would lie in it with their axes swapped" if back else ""
    rows.find(
        "outside-district",
        rows.labels[astray].tolist(),
        f"{amount(int(astray.sum()), 'row')} more than {home.within_m / 1000:g} km from {home.said}{hint}",
        "rows in the district",
        "correct their coordinates, or leave them out",
    )


def _sample(geometry: gpd.GeoSeries) -> np.ndarray[Any, Any]:
    """Rows spread evenly over those that have a place."""
    shapes = geometry.to_numpy()
    present = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    return present[:: max(1, len(present) // JUDGED_BY)]


def _refusal(layer: str, found: Judgement) -> Fault:
    advice = "say which it is with --crs EPSG:n, gcj02 or bd09"
    if found.placement is not None:
        reasons = "; ".join(proposal.evidence for proposal in found.proposals)
        option = "" if found.placement.swapped else f"--crs {found.placement.text}, or "
        advice += f"; {reasons}: {option}--accept-proposals"
    expected = "a coordinate system that puts the rows into the district"
    return Fault(layer, found.refused, expected, advice)
