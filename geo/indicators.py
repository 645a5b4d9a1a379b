"""The kinds of measurement: how much of each feature is covered, not covered or unknown, and where.

One function a kind. Each gives *pieces*: the part of a feature in one unit on one side of the area's
border. Figures are sums of pieces, so every figure leads back to rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .conditions import NO, UNKNOWN, YES, state_of
from .engine import Engine, Pieces, one_for_each
from .model import (
    Indicator,
    Layer,
    Measure,
    Reach,
    ShareMeeting,
    ShareOfArea,
    ShareOfCount,
    ShareOfLength,
    ShareOfPixels,
    ShareWithinDistance,
)
from .pixels import pixel_shares

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely import Polygon

    from .survey import Survey
    from .units import Units

MEASURES: dict[str, Measure] = {
    "share_of_count": "count",
    "share_meeting": "count",
    "share_of_length": "m",
    "share_within_distance": "m",
    "share_of_area": "m2",
    "share_of_pixels": "m2",
}
"""The unit each kind of indicator is measured in."""

RATIO_NOISE = 1e-12


@dataclass(frozen=True)
class Ground:
    """What features are cut by: the units, the area, and the engine that cuts."""

    units: Units
    area: Polygon | None
    engine: Engine


@dataclass(frozen=True)
class Measured:
    """The pieces of an indicator's features and what is known of each, in the indicator's measure."""

    indicator: Indicator
    layer: Layer
    level: int
    """The position in `Units.levels` that `pieces.unit` refers to; 0 unless units themselves are counted."""
    pieces: Pieces
    covered: NDArray[np.float64]
    not_covered: NDArray[np.float64]
    unknown: NDArray[np.float64]


def needed_layers(indicator: Indicator, layer: Layer) -> tuple[str, ...]:
    """The layers a round must hold for an indicator to be measured."""
    if isinstance(indicator, ShareWithinDistance):
        return layer.name, indicator.of
    if isinstance(indicator, ShareOfPixels):
        return layer.name, indicator.raster
    return (layer.name,)


def measure(indicator: Indicator, layer: Layer, survey: Survey, ground: Ground) -> Measured:
    """The pieces of an indicator's features, each with what of it is covered, not covered, unknown.

    Parameters
    ----------
    indicator, layer : what to measure, and the layer it is declared on
    survey : a round that holds `needed_layers`
    ground : what to cut by

    Returns
    -------
    Measured
        In metres, square metres or counts, by `MEASURES`. A feature whose `where` is unknown is unknown
        as a whole; one that `where` excludes has no pieces.

    Raises
    ------
    DataError
        A layer or raster cannot be used.
    """
    frame = survey.frame(layer.name)
    member = (
        state_of(frame, indicator.where) if indicator.where else np.full(len(frame), YES, np.int8)
    )
    chosen = np.flatnonzero(member != NO)
    features = frame.iloc[chosen]
    measured = _KINDS[indicator.kind](indicator, layer, features, survey, ground)
    doubtful = member[chosen][measured.pieces.row] == UNKNOWN
    pieces = replace(measured.pieces, row=chosen[measured.pieces.row])
    return replace(
        measured,
        pieces=pieces,
        covered=np.where(doubtful, 0.0, measured.covered),
        not_covered=np.where(doubtful, 0.0, measured.not_covered),
        unknown=np.where(doubtful, pieces.measure, measured.unknown),
    )


def _by_state(
    indicator: Indicator, layer: Layer, pieces: Pieces, state: NDArray[np.int8], level: int = 0
) -> Measured:
    """Each piece is wholly what its feature's state says."""
    known = state[pieces.row]
    return Measured(
        indicator,
        layer,
        level,
        pieces,
        *(np.where(known == value, pieces.measure, 0.0) for value in (YES, NO, UNKNOWN)),
    )


def _share_of_count(
    indicator: ShareOfCount,
    layer: Layer,
    features: gpd.GeoDataFrame,
    survey: Survey,
    ground: Ground,
) -> Measured:
    level, pieces = _counted(layer, features, ground)
    return _by_state(indicator, layer, pieces, state_of(features, indicator.covered), level)


def _share_meeting(
    indicator: ShareMeeting,
    layer: Layer,
    features: gpd.GeoDataFrame,
    survey: Survey,
    ground: Ground,
) -> Measured:
    numerator: NDArray[np.float64] = features[indicator.ratio.numerator].to_numpy(
        float, na_value=np.nan
    )
    denominator: NDArray[np.float64] = (
        shapely.area(features.geometry.to_numpy())
        if indicator.ratio.denominator == "area"
        else features[indicator.ratio.denominator].to_numpy(float, na_value=np.nan)
    )
    threshold = (
        features[indicator.category].map(indicator.thresholds).to_numpy(float, na_value=np.nan)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(denominator > 0, numerator / denominator, np.nan)
    state = np.where(
        np.isnan(ratio) | np.isnan(threshold), UNKNOWN, ratio >= threshold - RATIO_NOISE
    ).astype(np.int8)
    level, pieces = _counted(layer, features, ground)
    return _by_state(indicator, layer, pieces, state, level)


def _share_of_length(
    indicator: ShareOfLength,
    layer: Layer,
    features: gpd.GeoDataFrame,
    survey: Survey,
    ground: Ground,
) -> Measured:
    lines = features.geometry.to_numpy()
    pieces = ground.engine.lengths(lines, ground.units.polygons, ground.area)
    return _by_state(indicator, layer, pieces, state_of(features, indicator.covered))


def _share_of_area(
    indicator: ShareOfArea, layer: Layer, features: gpd.GeoDataFrame, survey: Survey, ground: Ground
) -> Measured:
    polygons = features.geometry.to_numpy()
    pieces = ground.engine.areas(polygons, ground.units.polygons, ground.area)
    return _by_state(indicator, layer, pieces, state_of(features, indicator.covered))


def _share_within_distance(
    indicator: ShareWithinDistance,
    layer: Layer,
    features: gpd.GeoDataFrame,
    survey: Survey,
    ground: Ground,
) -> Measured:
    points = survey.frame(indicator.of)
    certain, possible = reaches(points, indicator)
    pieces = ground.engine.reach(
        features.geometry.to_numpy(),
        ground.units.polygons,
        ground.area,
        points.geometry.to_numpy(),
        certain,
        possible,
    )
    return Measured(
        indicator,
        layer,
        0,
        pieces,
        pieces.certain,
        pieces.measure - pieces.possible,
        pieces.possible - pieces.certain,
    )


def reaches(
    points: gpd.GeoDataFrame, indicator: ShareWithinDistance
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far (m) each point surely, and possibly, serves.

    A point that `of_where` excludes serves nothing; one whose state is unknown may serve as far as its
    reach; one of unknown height may serve as far as the declaration's `at_most_m`.

    Parameters
    ----------
    points : rows of the layer `indicator.of`

    Returns
    -------
    certain_m, possible_m : 0 for none

    Source: half of the largest spacing of semi-cut-off lamps, 3.5 heights, each way (CJJ 45).
    """
    reach: Reach = indicator.reach
    if reach.distance_m is not None:
        sure = far = np.full(len(points), reach.distance_m)
    else:
        assert reach.field is not None
        assert reach.times is not None
        height = points[reach.field].to_numpy(float, na_value=np.nan)
        sure = np.nan_to_num(height * reach.times, nan=0.0)
        far = sure.copy()
        far[np.isnan(height)] = reach.at_most_m
    serves = (
        state_of(points, indicator.of_where)
        if indicator.of_where
        else np.full(len(points), YES, np.int8)
    )
    return np.where(serves == YES, sure, 0.0), np.where(serves == NO, 0.0, far)


def _share_of_pixels(
    indicator: ShareOfPixels,
    layer: Layer,
    features: gpd.GeoDataFrame,
    survey: Survey,
    ground: Ground,
) -> Measured:
    polygons = features.geometry.to_numpy()
    pieces = ground.engine.areas(polygons, ground.units.polygons, ground.area)
    if not len(pieces):
        return _by_state(indicator, layer, pieces, np.full(len(features), UNKNOWN, np.int8))
    passing, failing = pixel_shares(
        pieces.geometry,
        survey.district.spec.metric_crs,
        survey.raster(indicator.raster),
        indicator.at_least,
        indicator.band,
        indicator.raster,
    )
    covered, not_covered = passing * pieces.measure, failing * pieces.measure
    unknown = np.maximum(pieces.measure - covered - not_covered, 0.0)
    return Measured(indicator, layer, 0, pieces, covered, not_covered, unknown)


def _counted(layer: Layer, features: gpd.GeoDataFrame, ground: Ground) -> tuple[int, Pieces]:
    """Each feature once, and the level its unit refers to."""
    shapes = features.geometry.to_numpy()
    for number, level in enumerate(ground.units.levels):
        if level.layer == layer.name:
            assert layer.unit is not None
            codes = features[layer.unit.code].to_numpy(object)
            order = np.argsort(level.codes.astype(str), kind="stable")
            unit = order[np.searchsorted(level.codes[order].astype(str), codes.astype(str))]
            none = np.array([], dtype=object)
            side = one_for_each(ground.engine.areas(shapes, none, ground.area), len(shapes))
            return number, replace(side, unit=unit.astype(np.intp))
    if layer.geometry == "Point":
        return 0, ground.engine.places(shapes, ground.units.polygons, ground.area)
    cut = ground.engine.lengths if layer.geometry == "LineString" else ground.engine.areas
    return 0, one_for_each(cut(shapes, ground.units.polygons, ground.area), len(shapes))


_KINDS: dict[str, Callable[[Any, Layer, gpd.GeoDataFrame, Survey, Ground], Measured]] = {
    "share_of_count": _share_of_count,
    "share_of_length": _share_of_length,
    "share_of_area": _share_of_area,
    "share_within_distance": _share_within_distance,
    "share_of_pixels": _share_of_pixels,
    "share_meeting": _share_meeting,
}
"""A new kind of measurement is a model in `geo.model` and a function here."""
