"""Lines that should meet and do not, and points that serve no line."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ..model import ShareWithinDistance
from ..said import Said, joined
from ..sources.lazy import bounds_of, ends_of, kinds_of, places_of, undrawn_in
from .evidence import Check, Evidence, LayerRows, Observation, Shapes, amount, repeated

TOUCHING_M = 0.01
"""Closer than this two lines meet."""
NEARLY_M = 1.0
"""An end this near to another line was meant to meet it."""
FAR_M = 100.0
"""A lamp this far from every line lights none of them, however tall."""


def nearly_joined(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Ends of lines that stop just short of another line of the same network."""
    if not rows.layer.network or not rows.usable.any():
        return
    lines = rows.frame.geometry.iloc[rows.tree_rows]
    ends, owners = _lonely(lines)
    gap = np.full(len(ends), np.inf)
    for end, line in _candidates(ends, owners, bounds_of(lines)):
        # Few ends of a good network come so far: only these are made points, each once.
        some, each = np.unique(end, return_inverse=True)
        points = np.asarray(shapely.points(ends[some]), dtype=object)
        others, which = np.unique(line, return_inverse=True)
        shapes = rows.chosen(rows.tree_rows[others])
        np.minimum.at(gap, end, shapely.distance(points[each], shapes[which]))
    gap[gap > NEARLY_M] = np.inf
    at = np.flatnonzero((gap > TOUCHING_M) & np.isfinite(gap))
    if len(at):
        short = gap[at]
        yield rows.observe(
            "nearly-joined",
            "warning",
            rows.tree_rows[np.unique(owners[at])],
            found=Said(
                f"{amount(len(at), 'end')} that {'stops' if len(at) == 1 else 'stop'} short of another line, by {short.min():.2f} to {short.max():.2f} m",
                f"{len(at):,} 个端点未接上邻近的线，相差 {short.min():.2f} 至 {short.max():.2f} 米",
            ),
            expected=Said("ends that meet", "端点相接"),
            remedy=Said("snap them to the line they were meant to reach", "将端点捕捉到应接的线上"),
            shapes=np.asarray(shapely.points(ends[at]), dtype=object),
        )


def _lonely(lines: gpd.GeoSeries) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Ends of open lines that no other end shares, and the position of the line of each."""
    firsts, lasts, of = ends_of(lines)
    kinds = kinds_of(lines)[of]
    if undrawn_in(lines) is not None:
        kinds[kinds == _SEVERAL] = 1  # what is undrawn has one part, whatever it is called
    plain = np.isin(kinds, (1, 2)) & (firsts != lasts).any(axis=1)
    ends = np.concatenate([firsts[plain], lasts[plain]])
    owners = np.tile(of[plain], 2)
    several = of[kinds == _SEVERAL]
    if len(several):
        more, theirs = _ends_of_parts(lines.iloc[several].to_numpy())
        ends, owners = np.concatenate([ends, more]), np.concatenate([owners, several[theirs]])
    free = _unshared(ends)
    return ends[free], owners[free]


_SEVERAL = 5
"""GEOS's number of a line of several parts."""


def _ends_of_parts(shapes: Shapes) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The first and last vertex of every open part, and the position of its line."""
    parts, index = shapely.get_parts(shapes, return_index=True)
    lines = ~shapely.is_closed(parts)
    parts, index = parts[lines], index[lines]
    ends = [shapely.get_coordinates(shapely.get_point(parts, at)) for at in (0, -1)]
    return np.concatenate(ends), np.tile(index, 2)


def _unshared(ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Ends that no other end coincides with: nearly all of a good network is settled here, cheaply."""
    places = np.ascontiguousarray(ends) + 0.0  # of the two zeros there are, one
    # Alike are only places of one number; which of those are, is looked at exactly.
    bits = places.view(np.uint64)
    shared = repeated(bits[:, 0] * _MIXED[0] ^ (bits[:, 1] * _MIXED[1] >> np.uint64(7)))
    some = np.flatnonzero(shared)
    if len(some):
        # A place as one complex number: pandas tells those apart exactly, and fast.
        exact = pd.Series(places[some].view(np.complex128).ravel())
        shared[some] = exact.duplicated(keep=False).to_numpy(dtype=bool)
    return ~shared


_MIXED = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)
"""Odd numbers whose bits are spread evenly: a product with one brings low bits up."""


def _candidates(
    ends: NDArray[np.float64], owners: NDArray[np.intp], bounds: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Ends and lines whose extent they are in or all but in: positions of both, pair by pair, in pieces.

    A tree of the lines would tell the same; a million of them are sooner sorted into the squares of a grid,
    where an end has to be held only against the few lines of its own square.
    """
    if not len(ends):
        return
    # A side of all boxes after another: looked up apart, they are read in a quarter of the time.
    sides = np.array(bounds.T, order="C")
    sides[:2] -= NEARLY_M
    sides[2:] += NEARLY_M
    origin = sides[:2].min(axis=1)[:, None]
    side = float(np.median(sides[2:] - sides[:2])) + NEARLY_M
    side = max(side, float((sides[2:].max(axis=1)[:, None] - origin).max()) / _MOST_ACROSS)
    while True:
        low, high = (
            np.floor((corner - origin) / side).astype(np.int32) for corner in (sides[:2], sides[2:])
        )
        across = high - low + 1
        every = across.prod(axis=0, dtype=np.int64)
        if every.sum() <= _MOST_SQUARES_EACH * len(bounds):
            break
        side *= 2
    columns, ranks = (int(one) + 1 for one in high.max(axis=1))
    places = np.array(ends.T, order="C")
    column, row = np.floor((places - origin) / side).astype(np.int64)
    squares = _Squares(column * ranks + row, columns * ranks)
    del high, column, row
    for first, last in _runs(np.cumsum(every) // _PIECE):
        # Some lines, a square of theirs at a time.
        mine = every[first:last]
        line = np.repeat(np.arange(first, last), mine)
        number = np.arange(len(line)) - np.repeat(np.cumsum(mine) - mine, mine)
        north, east = np.divmod(number, across[0][line])
        begins, counts = squares.held((low[0][line] + east) * ranks + low[1][line] + north)
        found = np.flatnonzero(counts)
        line, begins, counts = line[found], begins[found], counts[found]
        # Pieces of so many pairs: where streets are dense a line has hundreds of ends beside it.
        for start, stop in _runs(np.cumsum(counts) // _PIECE):
            count = counts[start:stop]
            among = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            which = squares.order[np.repeat(begins[start:stop], count) + among]
            other = np.repeat(line[start:stop], count)
            near = owners[which] != other
            for axis in (0, 1):
                which, other = which[near], other[near]
                at = places[axis][which]
                near = (at >= sides[axis][other]) & (at <= sides[axis + 2][other])
            yield which[near], other[near]


class _Squares:
    """Which of the numbered squares of a grid hold which places.

    Parameters
    ----------
    of : the square of each place
    count : how many squares there are
    """

    def __init__(self, of: NDArray[np.int64], count: int) -> None:
        self.order = np.argsort(of, kind="stable")
        """The places, square by square."""
        self._all = count <= _SQUARES_EACH * len(of)
        if self._all:
            self._begins = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=count))])
            return
        # Far more squares than places: only those with any in them.
        along = of[self.order]
        firsts = np.flatnonzero(np.diff(along, prepend=-1))
        self._numbers = along[firsts]
        self._begins = np.append(firsts, len(along))

    def held(self, squares: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each of these squares where in the order its places begin, and how many it has."""
        if self._all:
            begins = self._begins[squares]
            return begins, self._begins[squares + 1] - begins
        at = np.minimum(np.searchsorted(self._numbers, squares), len(self._numbers) - 1)
        begins = self._begins[at]
        counts = np.where(self._numbers[at] == squares, self._begins[at + 1] - begins, 0)
        return begins, counts


_MOST_ACROSS = 1 << 30
_SQUARES_EACH = 8
"""Squares for each place up to which a table of all squares is kept."""
_MOST_SQUARES_EACH = 4
"""Squares that a line lies in, on average."""
_PIECE = 200_000
"""Pairs of an end and a line at a time, so that what is at hand for them stays small."""


def _runs(values: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Where each run of equal values begins and ends."""
    bounds = np.flatnonzero(np.diff(values, prepend=-1, append=-1))
    yield from zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)


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
    places = places_of(rows.frame.geometry.iloc[rows.tree_rows])
    alone = np.ones(len(rows.tree_rows), dtype=bool)
    for other in lines:
        # Ask only for those that nothing was near to so far.
        if len(places) == len(alone):  # else some are of several points
            asked = np.flatnonzero(alone)
            vertices = places_of(other.frame.geometry.iloc[other.tree_rows])
            alone[asked[_beside_a_vertex(places[asked], vertices, far_m)]] = False
        for _, shapes in other.in_pieces():
            asked = np.flatnonzero(alone)
            if not len(asked):
                break
            near, _ = STRtree(shapes).query_nearest(
                rows.chosen(rows.tree_rows[asked]), max_distance=far_m,
                all_matches=False, return_distance=False,
            )  # fmt: skip
            alone[asked[near]] = False
    if alone.any():
        them = joined(other.layer.called for other in lines)
        yield rows.observe(
            "far-from-lines",
            "warning",
            rows.tree_rows[alone],
            found=Said(
                f"{amount(int(alone.sum()), 'row')} more than {far_m:g} m from every line of {them}",
                f"{int(alone.sum()):,} 行距{them.zh}的任何线都超过 {far_m:g} 米",
            ),
            expected=Said("points along the lines they serve", "点在所服务的线旁"),
            remedy=Said("check their place; they serve no line", "核对位置；目前不服务于任何线"),
        )


def _beside_a_vertex(
    places: NDArray[np.float64], vertices: NDArray[np.float64], far_m: float
) -> NDArray[np.bool_]:
    """Places in a square with a vertex of a line, the square so small that the vertex is surely near.

    In a dense network this settles nearly all, where a tree would go through hundreds of lines for each.
    """
    side = far_m / np.sqrt(2)
    found = np.zeros(len(places), dtype=bool)
    if not len(vertices):
        return found
    # Four grids, each moved by half a square: a place near the side of one is in the midst of another.
    for east, north in ((0.0, 0.0), (0.5, 0.5), (0.5, 0.0), (0.0, 0.5)):
        rest = np.flatnonzero(~found)
        origin = vertices.min(axis=0) - np.array([east, north]) * side
        found[rest] = _in_squares_of(places[rest], vertices, origin, side)
    return found


def _in_squares_of(
    places: NDArray[np.float64],
    others: NDArray[np.float64],
    origin: NDArray[np.float64],
    side: float,
) -> NDArray[np.bool_]:
    """Places that share a square of a grid with one of the others, none of which lies before its origin."""
    across, along = np.floor((others.max(axis=0) - origin) / side) + 1
    if not across * along <= _SQUARES_EACH * (len(places) + len(others)):
        # A square as one complex number, which compares fast and overflows nowhere.
        mine, theirs = (
            np.ascontiguousarray(np.floor((xy - origin) / side)).view(np.complex128).ravel()
            for xy in (places, others)
        )
        return np.isin(mine, theirs)
    held = np.zeros((int(across), int(along)), dtype=bool)
    held[tuple(np.floor((others - origin) / side).astype(np.int32).T)] = True
    column, row = np.floor((places - origin) / side).T
    within = (column >= 0) & (column < across) & (row >= 0) & (row < along)
    within[within] = held[column[within].astype(np.int32), row[within].astype(np.int32)]
    return np.asarray(within)


CHECKS: tuple[Check, ...] = (nearly_joined, far_from_lines)
