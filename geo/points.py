"""The points that serve lines, and how far each does: lamps, say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import shapely

from .batches import shapes_of
from .conditions import NO, YES, state_of
from .engine.lines import Points
from .model import Finding, Layer, Reach, ShareWithinDistance

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from .batches import Batch, Bounds
    from .engine.base import Floats
    from .keys import Fingerprints
    from .store.scan import Scan
    from .streaming import Reading

    Served = tuple[Any, Floats, Floats]
    """Points (geometries, or `Points`) with how far (m) each surely, and possibly, serves."""

BYTES_A_POINT = 32
_BLOCK = 1024
"""Of so many points after another the bounds are kept together."""


class PointsNear(Protocol):
    """Where to ask for the points that may serve what lies within some bounds."""

    def near(self, bounds: Bounds | None) -> Served:
        """At least all the points whose reach meets the bounds; None asks for none."""
        ...


@dataclass(frozen=True)
class EveryPoint:
    """Points in memory, few enough that the engine may look for those that are near."""

    points: Any
    certain_m: Floats
    possible_m: Floats

    def near(self, bounds: Bounds | None) -> Served:
        """All of them."""
        return self.points, self.certain_m, self.possible_m


@dataclass(frozen=True)
class PointsInMemory:
    """Points as arrays."""

    points: Points
    certain_m: Floats
    possible_m: Floats
    farthest_m: float

    def near(self, bounds: Bounds | None) -> Served:
        """Those within the bounds and the longest reach about them."""
        if bounds is None:
            return self.points.take(np.array([], np.intp)), self.certain_m[:0], self.possible_m[:0]
        west, south, east, north = _widened(bounds, self.farthest_m)
        x0, y0, x1, y1 = self._blocks
        meets = (x1 >= west) & (x0 <= east) & (y1 >= south) & (y0 <= north)
        turns = np.flatnonzero(np.diff(np.concatenate([[False], meets, [False]]))) * _BLOCK
        found = [np.zeros(0, np.intp)]
        for first, last in turns.reshape(-1, 2).tolist():
            x, y = self.points.xy[first:last].T
            inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
            found.append(first + np.flatnonzero(inside))
        close = np.concatenate(found)
        if 2 * len(close) > len(self.points):
            # The same ones every time, which an engine sorts once: those far away cost nothing more.
            return self.points, self.certain_m, self.possible_m
        return self.points.take(close), self.certain_m[close], self.possible_m[close]

    @cached_property
    def _blocks(self) -> Floats:
        """West, south, east and north of so many points after another: in a sorted file few of them are near."""
        at = np.arange(0, len(self.points), _BLOCK)
        # What lies nowhere is passed over.
        return np.stack(
            [side.reduceat(axis, at) for side in (np.fmin, np.fmax) for axis in self.points.xy.T]
        )


@dataclass(frozen=True)
class PointsOnDisk:
    """Points that are read anew for each place that is asked about."""

    reading: Reading
    indicator: ShareWithinDistance
    farthest_m: float

    def near(self, bounds: Bounds | None) -> Served:
        """Those within the bounds and the longest reach about them."""
        found = [] if bounds is None else self.reading.within(_widened(bounds, self.farthest_m))
        served = [(one.shapes, *reaches(one.attributes, self.indicator)) for one in found]
        if not served:
            return Points(np.empty((0, 2))), np.empty(0), np.empty(0)
        shapes, certain, possible = zip(*served, strict=True)
        return _together(shapes), np.concatenate(certain), np.concatenate(possible)


def all_points(
    frame: gpd.GeoDataFrame, indicator: ShareWithinDistance, *, arrays: bool = False
) -> PointsNear:
    """The points of a conformed layer, with their reach.

    Parameters
    ----------
    arrays : whether the engine takes `Points`, and will be asked for one place after another
    """
    shapes = shapes_of(frame.geometry)
    certain, possible = reaches(frame, indicator)
    if arrays and (
        isinstance(shapes, Points) or not (shapely.get_num_coordinates(shapes) > 1).any()
    ):
        farthest = float(np.maximum(certain, possible).max(initial=0.0))
        points = shapes if isinstance(shapes, Points) else Points.from_shapely(shapes)
        return PointsInMemory(points, certain, possible, farthest)
    return EveryPoint(shapes, certain, possible)


def stored_points(
    scan: Scan,
    layer: Layer,
    indicator: ShareWithinDistance,
    crs: str,
    *,
    arrays: bool,
    batch_rows: int,
    memory_bytes: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[PointsNear, tuple[Finding, ...], int]:
    """The points of a layer that is not in memory, read once to see that they are good.

    Parameters
    ----------
    arrays : whether the engine takes `Points`
    memory_bytes : what they may take; where that is not enough they are read again for each place
    progress : called with the number of rows read so far

    Returns
    -------
    points, findings, rows : nothing is to be asked of the points where an `error` is among the findings
    """
    from .streaming import Reading, doubled_keys, merged

    reading = Reading.of(
        scan, layer, reach_fields(indicator), crs, arrays=arrays, batch_rows=batch_rows
    )
    findings: list[Finding] = []
    keys: list[Fingerprints] = []
    farthest, done = 0.0, 0
    kept = _Kept(scan.rows) if arrays and scan.rows * BYTES_A_POINT <= memory_bytes else None
    for read in reading.all_batches(reading.parts()):
        findings += read.findings
        keys += [read.keys] if read.keys is not None else []
        if read.batch is not None:
            certain, possible = reaches(read.batch.attributes, indicator)
            farthest = max(farthest, float(np.maximum(certain, possible).max(initial=0.0)))
            if kept is not None and not kept.take(read.batch, certain, possible):
                kept = None
        done += read.rows
        if progress:
            progress(done)
    findings += doubled_keys(reading, keys)
    near: PointsNear = PointsOnDisk(reading, indicator, farthest)
    if kept is not None:
        near = kept.points(farthest)
    return near, merged(findings), done


class _Kept:
    """Points that come batch by batch into arrays that have room for all."""

    def __init__(self, rows: int) -> None:
        self.xy = np.empty((rows, 2))
        self.certain, self.possible = np.empty(rows), np.empty(rows)
        self.count = 0

    def take(self, batch: Batch, certain: Floats, possible: Floats) -> bool:
        """Keep a batch; False where arrays cannot hold it, since a row has several points."""
        try:
            points = batch.shapes if isinstance(batch.shapes, Points) else None
            points = Points.from_shapely(batch.shapes) if points is None else points
        except ValueError:
            return False
        here = slice(self.count, self.count + len(points))
        self.xy[here], self.certain[here], self.possible[here] = points.xy, certain, possible
        self.count += len(points)
        return True

    def points(self, farthest_m: float) -> PointsInMemory:
        here = slice(self.count)
        certain, possible = self.certain[here], self.possible[here]
        if np.array_equal(certain, possible):
            possible = certain  # once, for those who sort them
        return PointsInMemory(Points(self.xy[here]), certain, possible, farthest_m)


def _widened(bounds: Bounds, by_m: float) -> Bounds:
    west, south, east, north = bounds
    # A little more, so that a point at just its reach is never left out.
    by_m = by_m * (1 + 1e-6) + 1e-3
    return west - by_m, south - by_m, east + by_m, north + by_m


def _together(shapes: tuple[Any, ...]) -> Any:
    if all(isinstance(one, Points) for one in shapes):
        return Points(np.concatenate([one.xy for one in shapes]))
    drawn = [one.to_shapely() if isinstance(one, Points) else one for one in shapes]
    return np.concatenate(drawn)


def reach_fields(indicator: ShareWithinDistance) -> tuple[str, ...]:
    """The fields of the layer of points that their reach is computed from."""
    height = [indicator.reach.field] if indicator.reach.field is not None else []
    return tuple(dict.fromkeys([*indicator.of_where, *height]))


def reaches(
    points: pd.DataFrame, indicator: ShareWithinDistance
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
