"""The kinds of measurement: how much of each feature is covered, not covered or unknown, and where.

One function a kind. Each gives *pieces*: the part of a feature in one unit on one side of the area's
border. Figures are sums of pieces, so every figure leads back to rows, and a layer may be measured batch by
batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import shapely

from .conditions import NO, UNKNOWN, YES, state_of
from .engine import AreaPieces, Engine, Pieces, Stretches, one_for_each, reach_parts, stretches
from .model import (
    Indicator,
    Layer,
    Measure,
    ShareMeeting,
    ShareOfArea,
    ShareOfCount,
    ShareOfLength,
    ShareOfPixels,
    ShareWithinDistance,
)
from .pixels import pixel_shares

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from shapely import Polygon

    from .batches import Batch
    from .points import PointsNear
    from .units import Units

_P = TypeVar("_P", bound=Pieces)

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


@dataclass(frozen=True, eq=False)
class Ground:
    """What features are cut by and held against; all that measuring needs besides the features."""

    units: Units
    area: Polygon | None
    engine: Engine
    crs: str
    """The metric CRS of everything."""
    rasters: Mapping[str, Path]
    """The files of the Raster layers that the round has."""


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


def needed_fields(indicator: Indicator, layer: Layer) -> tuple[str, ...]:
    """The fields of its own layer that an indicator is computed from."""
    needed = list(indicator.where)
    if isinstance(indicator, ShareOfCount | ShareOfLength | ShareOfArea):
        covered = indicator.covered
        needed += [covered] if isinstance(covered, str) else list(covered)
    elif isinstance(indicator, ShareMeeting):
        needed += [indicator.category, indicator.ratio.numerator]
        needed += [name for name in [indicator.ratio.denominator] if name != "area"]
    if layer.unit is not None:
        needed.append(layer.unit.code)
    return tuple(dict.fromkeys(needed))


def measure(
    indicator: Indicator,
    layer: Layer,
    batch: Batch,
    ground: Ground,
    near: PointsNear | None = None,
) -> Measured:
    """The pieces of a batch of features, each with what of it is covered, not covered, unknown.

    Parameters
    ----------
    indicator, layer : what to measure, and the layer it is declared on
    batch : some rows of the layer, or all; sums over the batches of a layer are the layer's
    ground : what to cut by
    near : the points of `ShareWithinDistance.of`

    Returns
    -------
    Measured
        In metres, square metres or counts, by `MEASURES`. A feature whose `where` is unknown is unknown
        as a whole; one that `where` excludes has no pieces.

    Raises
    ------
    DataError
        A raster cannot be used.
    """
    member = _member(indicator, batch)
    measured = _KINDS[indicator.kind](indicator, layer, _Features(batch, member, ground, near))
    pieces = measured.pieces
    doubtful = member[pieces.row] == UNKNOWN
    if not doubtful.any():
        return measured
    return replace(
        measured,
        covered=np.where(doubtful, 0.0, measured.covered),
        not_covered=np.where(doubtful, 0.0, measured.not_covered),
        unknown=np.where(doubtful, pieces.measure, measured.unknown),
    )


def stretches_within_distance(
    indicator: ShareWithinDistance,
    batch: Batch,
    ground: Ground,
    near: PointsNear,
    *,
    by_unit: bool = False,
) -> Stretches:
    """The stretches of a batch of lines that `measure` gives the lengths of.

    Parameters
    ----------
    indicator, batch, ground, near : as for `measure`
    by_unit : whether stretches end at the borders of units and of the area too, as pieces do

    Returns
    -------
    Stretches
        Their kind is YES for what is covered, NO for what is not, UNKNOWN for the rest. Of each piece they add
        up to what `measure` says of it, by whatever engine.
    """
    member = _member(indicator, batch)
    nothing = np.array([], dtype=object)
    units = ground.units.polygons if by_unit else nothing
    reached = reach_parts(
        batch.shapes, units, ground.area if by_unit else None, *near.near(batch.bounds)
    )
    kind = np.where(reached.certain, YES, np.where(reached.possible, UNKNOWN, NO))
    kind[member[reached.row] == UNKNOWN] = UNKNOWN
    found = stretches(reached, kind.astype(np.int8))
    return _chosen(found, member)


def _member(indicator: Indicator, batch: Batch) -> NDArray[np.int8]:
    """Whether `where` holds for each row."""
    if not indicator.where:
        return np.full(len(batch), YES, np.int8)
    return state_of(batch.attributes, indicator.where)


def _chosen(pieces: _P, member: NDArray[np.int8]) -> _P:
    """Without the pieces of features that `where` excludes."""
    if not (member == NO).any():
        return pieces
    keep = member[pieces.row] != NO
    return replace(
        pieces, **{item.name: getattr(pieces, item.name)[keep] for item in fields(pieces)}
    )


@dataclass(frozen=True)
class _Features:
    """The features of a batch that an indicator may be about, and what they are measured by."""

    batch: Batch
    member: NDArray[np.int8]
    """Whether `where` holds for each row."""
    ground: Ground
    near: PointsNear | None

    @property
    def attributes(self) -> pd.DataFrame:
        return self.batch.attributes

    def lengths(self) -> Pieces:
        units, area = self.ground.units.polygons, self.ground.area
        cut = self.batch.once(
            "lengths", lambda lines: self.ground.engine.lengths(lines, units, area)
        )
        return self.chosen(cut)

    def areas(self) -> AreaPieces:
        units, area = self.ground.units.polygons, self.ground.area
        cut = self.batch.once(
            "areas", lambda polygons: self.ground.engine.areas(polygons, units, area)
        )
        return self.chosen(cut)

    def chosen(self, pieces: _P) -> _P:
        """Without the pieces of features that `where` excludes."""
        return _chosen(pieces, self.member)


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


def _share_of_count(indicator: ShareOfCount, layer: Layer, features: _Features) -> Measured:
    level, pieces = _counted(layer, features)
    return _by_state(
        indicator, layer, pieces, state_of(features.attributes, indicator.covered), level
    )


def _share_meeting(indicator: ShareMeeting, layer: Layer, features: _Features) -> Measured:
    attributes = features.attributes
    numerator: NDArray[np.float64] = attributes[indicator.ratio.numerator].to_numpy(
        float, na_value=np.nan
    )
    denominator: NDArray[np.float64] = (
        shapely.area(features.batch.shapes)
        if indicator.ratio.denominator == "area"
        else attributes[indicator.ratio.denominator].to_numpy(float, na_value=np.nan)
    )
    threshold = (
        attributes[indicator.category].map(indicator.thresholds).to_numpy(float, na_value=np.nan)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(denominator > 0, numerator / denominator, np.nan)
    state = np.where(
        np.isnan(ratio) | np.isnan(threshold), UNKNOWN, ratio >= threshold - RATIO_NOISE
    ).astype(np.int8)
    level, pieces = _counted(layer, features)
    return _by_state(indicator, layer, pieces, state, level)


def _share_of_length(indicator: ShareOfLength, layer: Layer, features: _Features) -> Measured:
    state = state_of(features.attributes, indicator.covered)
    return _by_state(indicator, layer, features.lengths(), state)


def _share_of_area(indicator: ShareOfArea, layer: Layer, features: _Features) -> Measured:
    state = state_of(features.attributes, indicator.covered)
    return _by_state(indicator, layer, features.areas(), state)


def _share_within_distance(
    indicator: ShareWithinDistance, layer: Layer, features: _Features
) -> Measured:
    assert features.near is not None
    ground = features.ground
    points, certain, possible = features.near.near(features.batch.bounds)
    pieces = features.chosen(
        ground.engine.reach(
            features.batch.shapes, ground.units.polygons, ground.area, points, certain, possible
        )
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


def _share_of_pixels(indicator: ShareOfPixels, layer: Layer, features: _Features) -> Measured:
    ground = features.ground
    pieces = features.areas()
    if not len(pieces):
        state = np.full(len(features.batch), UNKNOWN, np.int8)
        return _by_state(indicator, layer, pieces, state)
    passing, failing = features.batch.once(
        f"pixels of {indicator.id}",
        lambda _: pixel_shares(
            pieces.geometry,
            ground.crs,
            ground.rasters[indicator.raster],
            indicator.at_least,
            indicator.band,
            indicator.raster,
        ),
    )
    covered, not_covered = passing * pieces.measure, failing * pieces.measure
    unknown = np.maximum(pieces.measure - covered - not_covered, 0.0)
    return Measured(indicator, layer, 0, pieces, covered, not_covered, unknown)


def _counted(layer: Layer, features: _Features) -> tuple[int, Pieces]:
    """Each feature once, and the level its unit refers to."""
    ground, batch = features.ground, features.batch
    units, area, engine = ground.units.polygons, ground.area, ground.engine
    for number, level in enumerate(ground.units.levels):
        if level.layer == layer.name:
            assert layer.unit is not None
            codes = batch.attributes[layer.unit.code].to_numpy(object)
            order = np.argsort(level.codes.astype(str), kind="stable")
            unit = order[np.searchsorted(level.codes[order].astype(str), codes.astype(str))]
            none = np.array([], dtype=object)
            side = one_for_each(engine.areas(batch.shapes, none, area), len(batch))
            return number, features.chosen(replace(side, unit=unit.astype(np.intp)))
    if layer.geometry == "Point":
        placed = batch.once("places", lambda points: engine.places(points, units, area))
        return 0, features.chosen(placed)
    whole = replace(features, member=np.full(len(batch), YES, np.int8))
    cut = whole.lengths() if layer.geometry == "LineString" else whole.areas()
    return 0, features.chosen(one_for_each(cut, len(batch)))


_KINDS: dict[str, Callable[[Any, Layer, _Features], Measured]] = {
    "share_of_count": _share_of_count,
    "share_of_length": _share_of_length,
    "share_of_area": _share_of_area,
    "share_within_distance": _share_within_distance,
    "share_of_pixels": _share_of_pixels,
    "share_meeting": _share_meeting,
}
"""A new kind of measurement is a model in `geo.model` and a function here."""
