"""Lines that should meet and do not, and points that serve no line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..model import ShareWithinDistance
from .evidence import Check, Evidence, LayerRows, Observation, amount

TOUCHING_M = 0.01
"""Closer than this two lines meet."""
NEARLY_M = 1.0
"""An end this near to another line was meant to meet it."""
NEIGHBOURHOOD_M = 300.0
FAR_M = 100.0
"""A lamp this far from every line lights none of them, however tall."""


def nearly_joined(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Ends of lines that stop just short of another line of the same network."""
    if not rows.layer.network or not rows.usable.any():
        return
    ends, owners = _ends(rows)
    free = _unshared(ends)
    ends, owners = ends[free], owners[free]
    # Neighbours one after the other: the tree finds what it has just looked at far sooner.
    order = np.lexsort((ends[:, 0], ends[:, 1] // NEIGHBOURHOOD_M))
    ends, owners = ends[order], owners[order]
    points = np.asarray(shapely.points(ends), dtype=object)
    positions = rows.tree_rows
    of_end, near = rows.tree.query(points, predicate="dwithin", distance=NEARLY_M)
    line = positions[near]
    other = line != owners[of_end]
    of_end, line = of_end[other], line[other]
    gap = np.full(len(points), np.inf)
    np.minimum.at(gap, of_end, shapely.distance(points[of_end], rows.shapes[line]))
    at = np.flatnonzero((gap > TOUCHING_M) & np.isfinite(gap))
    if len(at):
        short = gap[at]
        yield rows.observe(
            "nearly-joined",
            "warning",
            np.unique(owners[at]),
            found=f"{amount(len(at), 'end')} that stop short of another line, by {short.min():.2f} to {short.max():.2f} m",
            expected="ends that meet",
            remedy="snap them to the line they were meant to reach",
            shapes=points[at],
        )


def _ends(rows: LayerRows) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The first and last vertex of every part of every open line, and the row of each."""
    parts, index = shapely.get_parts(rows.shapes[rows.tree_rows], return_index=True)
    lines = (shapely.get_dimensions(parts) == 1) & ~shapely.is_closed(parts)
    parts, index = parts[lines], index[lines]
    ends = np.concatenate(
        [
            shapely.get_coordinates(shapely.get_point(parts, 0)),
            shapely.get_coordinates(shapely.get_point(parts, -1)),
        ]
    )
    return ends, np.tile(rows.tree_rows[index], 2)


def _unshared(ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Ends that no other end coincides with: nearly all of a good network is settled here, cheaply."""
    # A place as one complex number: pandas tells those apart exactly, and fast.
    places = np.ascontiguousarray(ends).view(np.complex128).ravel()
    return ~pd.Series(places).duplicated(keep=False).to_numpy(dtype=bool)


def far_from_lines(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Points that an indicator measures the reach of, too far from any line to reach one."""
    if rows.layer.geometry != "Point" or not rows.usable.any():
        return
    reaches = []
    for layer in evidence.survey.district.catalog.layers.values():
        for indicator in layer.indicators:
            if isinstance(indicator, ShareWithinDistance) and indicator.of == rows.name:
                reaches.append(indicator.reach.distance_m or indicator.reach.at_most_m or 0.0)
    lines = [
        other
        for other in evidence.every()
        if other.layer.geometry == "LineString" and (other.layer.network or other.layer.indicators)
        and other.usable.any()
    ]  # fmt: skip
    if not reaches or not lines:
        return
    far_m = max(FAR_M, *reaches)
    points = rows.shapes[rows.tree_rows]
    alone = np.ones(len(points), dtype=bool)
    for other in lines:
        # Ask only for those that nothing was near to so far.
        asked = np.flatnonzero(alone)
        near, _ = other.tree.query_nearest(
            points[asked], max_distance=far_m, all_matches=False, return_distance=False
        )
        alone[asked[near]] = False
    if alone.any():
        yield rows.observe(
            "far-from-lines",
            "warning",
            rows.tree_rows[alone],
            found=f"{amount(int(alone.sum()), 'row')} more than {far_m:g} m from every line of"
            f" {', '.join(other.name for other in lines)}",
            expected="points along the lines they serve",
            remedy="check their place; they serve no line",
        )


CHECKS: tuple[Check, ...] = (nearly_joined, far_from_lines)
