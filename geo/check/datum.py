"""Layers drawn over a shifted map: GCJ-02 and BD-09, and displacements of another kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely

from ..errors import amount
from ..placing.alignment import ALIGNED_M
from ..registration import (
    MANY,
    SAMPLE,
    TITLES,
    Registration,
    corrections,
    displaced,
    outlines,
    registered,
    sample_points,
    shifted_out,
)
from ..said import NOTHING, Said
from ..store.base import witnesses
from ..validate import find_column
from ..vocabulary import read_values
from .evidence import PIECE, Check, Evidence, LayerRows, Observation, Shapes

MOST_KEYED = 2_000
FIRST_LOOKS = 3
"""Times that the nearest shapes are looked for before all are put into a tree: as it stands, and without either shift."""
BESIDE_M = 500.0
"""How far around a place shapes are drawn that may be the nearest."""
MOST_SQUARES_ACROSS = 2_000


@dataclass(frozen=True)
class Evident:
    """A displacement and what it was seen against."""

    registration: Registration
    against: Said
    astray: Said = NOTHING
    alike: Said = NOTHING
    """What is shifted in the same way."""


def datum_shift(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """A layer that lies off its neighbours, its past or its units as a shifted map would have it."""
    if not rows.usable.any():
        return
    seen = _against_another_round(rows, evidence)
    seen = seen or _against_named_units(rows, evidence)
    seen = seen or _against_layers(rows, evidence)
    if seen is None:
        return
    shift = seen.registration
    how = seen.astray or _closer(shift)
    found = Said(
        f"{shift} against {seen.against} ({how})",
        f"相对于{seen.against.zh}{shift.said.zh}（{how.zh}）",
    )
    if shift.shift is None:
        yield rows.observe(
            "datum-shift",
            "warning",
            [],
            found=found + Said(": neither GCJ-02 nor BD-09", "：既非 GCJ-02 也非 BD-09 的偏移"),
            expected=Said("the same things at the same place", "同一事物位置相同"),
            remedy=Said(
                "look which of the two is right; another datum (Beijing 1954, Xi'an 1980) shifts like this",
                "核对两者何者为准；其他基准（北京54、西安80）会有此类偏移",
            ),
            shapes=rows.marks(rows.tree_rows[:1]),
        )
        return
    yield rows.observe(
        "datum-shift",
        "warning",
        [],
        found=found
        + Said(f": this is {TITLES[shift.shift]}", f"：应为 {TITLES[shift.shift]} 坐标")
        + seen.alike,
        expected=Said("coordinates without the shift of map services", "未经地图服务偏移的坐标"),
        remedy=Said(
            f"import the file again with --crs {shift.shift}",
            f"重新导入文件，坐标系选 {shift.shift}",
        ),
        shapes=rows.marks(rows.tree_rows),
    )


def _closer(shift: Registration) -> Said:
    return Said(
        f"{shift.apart_m:.0f} m apart as it stands, {shift.corrected_apart_m:.0f} m with that taken off",
        f"现相距 {shift.apart_m:.0f} 米，扣除后相距 {shift.corrected_apart_m:.0f} 米",
    )


def _against_another_round(rows: LayerRows, evidence: Evidence) -> Evident | None:
    """The same layer in the round before, or after the first, by key, else by place; and by key in one or two further.

    That the next round agrees proves nothing: it may have come from the same shifted source.
    """
    survey = evidence.survey
    rounds = survey.store.rounds()
    others = [item for item in rounds if item < survey.round][::-1] or [
        item for item in rounds if item > survey.round
    ]
    next_to = agreeing = ""
    first: Evident | None = None
    for other, stored in witnesses(survey.store, rows.name, others):
        # Evidence that cannot be had is no evidence.
        if getattr(stored, "crs", None) is None:
            continue
        against = Said(f"{rows.name} of round {other}", f"{other} 轮次的{rows.layer.called.zh}")
        key = find_column(stored, rows.layer.key) if rows.layer.key else None
        if key is None and not next_to:
            return _against_its_course(rows, stored, against, evidence)
        found, apart_m = _row_by_row(rows, stored, key, against, evidence)
        if not next_to:
            if found is not None and found.registration.shift is not None:
                return found
            first = found
            next_to, agreeing = other, other if apart_m <= ALIGNED_M else ""
        elif found is not None and found.registration.shift is not None:
            if not agreeing or first is not None:
                return found
            alike = Said(
                f"; round {agreeing} has them at the same place, and so is shifted alike",
                f"；{agreeing} 轮次位置一致，因而有同样的偏移",
            )
            return replace(found, alike=alike)
    return first


def _against_its_course(
    rows: LayerRows, stored: Any, against: Said, evidence: Evidence
) -> Evident | None:
    known = stored.geometry.dropna().to_crs(evidence.metric_crs).to_numpy()
    points = _sample(rows)
    corrected = corrections(points, evidence.metric_crs)
    found = registered(points, shapely.STRtree(outlines(known)), corrected)
    return Evident(found, against) if found else None


def _row_by_row(
    rows: LayerRows, stored: Any, key: str | None, against: Said, evidence: Evidence
) -> tuple[Evident | None, float]:
    """How rows lie off those of the same key, and how far apart they are as a middle value; infinite without any."""
    if key is None or rows.layer.key is None:
        return None, np.inf
    keys = read_values(stored[key], rows.layer.fields[rows.layer.key]).values
    place = pd.Series(np.arange(len(stored)), index=pd.Index(keys.astype(object)))
    place = place[~place.index.duplicated(keep=False) & place.index.notna()]
    mine = rows.tree_rows[pd.Index(rows.names[rows.tree_rows]).isin(place.index)]
    mine = mine[:: max(1, len(mine) // MOST_KEYED)]
    theirs = stored.geometry.iloc[place.reindex(rows.names[mine]).to_numpy()]
    theirs = theirs.to_crs(evidence.metric_crs).to_numpy()
    a, b = _centres(rows.shapes[mine]), _centres(theirs)
    both = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b = a[both], b[both]
    if not len(a):
        return None, np.inf
    apart_m = float(np.median(np.hypot(*(a - b).T)))
    moved = displaced(a, b, evidence.metric_crs)
    if moved is None:
        return None, apart_m
    told = Said(f"{amount(len(a), 'row')} with the same key", f"{len(a):,} 行编号相同")
    return Evident(moved, against, told), apart_m


def _against_named_units(rows: LayerRows, evidence: Evidence) -> Evident | None:
    """Points that lie outside the unit they name, and inside once a shift is taken off."""
    if rows.layer.geometry != "Point":
        return None
    for name, spec in rows.layer.fields.items():
        for other_name in spec.refers_to:
            other = evidence.rows(other_name)
            if other is None or other.layer.geometry != "Polygon" or not other.usable.any():
                continue
            target = pd.Index(other.names)
            if not target.is_unique:
                continue
            position = target.get_indexer(pd.Index(rows.texts(name)))
            both = np.flatnonzero((position >= 0) & rows.usable)
            both = both[other.usable[position[both]]]
            both = both[:: max(1, len(both) // MOST_KEYED)]
            units = other.shapes[position[both]]
            points = _centres(rows.shapes[both])
            found = shifted_out(points, units, evidence.metric_crs)
            if found is not None:
                told = Said(
                    f"{found.before:.0%} of the rows lie outside the unit that {name} names,"
                    f" {found.after:.0%} with that taken off",
                    f"{found.before:.0%} 的行在{rows.layer.field_called(name).zh}所填单元之外，"
                    f"扣除后为 {found.after:.0%}",
                )
                return Evident(found.registration, other.layer.called, told)
    return None


def _against_layers(rows: LayerRows, evidence: Evidence) -> Evident | None:
    """The other layers of the round: the one that the shift explains best."""
    others = [
        other for other in evidence.every() if other is not rows and int(other.usable.sum()) >= 2
    ]
    if not others:
        return None
    points = _sample(rows)
    corrected = corrections(points, evidence.metric_crs)
    best: Evident | None = None
    for other in others:
        reference = _Outlines(other) if len(other.tree_rows) > PIECE else other.outline_tree
        found = registered(points, reference, corrected)
        if found is not None and (
            best is None or found.corrected_apart_m < best.registration.corrected_apart_m
        ):
            best = Evident(found, other.layer.called)
    return best


def _sample(rows: LayerRows) -> np.ndarray:
    """Places spread over a layer; only the shapes that they lie on are drawn."""
    every = max(1, len(rows.tree_rows) // (MANY * SAMPLE))
    return sample_points(rows.chosen(rows.tree_rows[::every]))


class _Outlines:
    """How far places are from the nearest of many shapes, of which few are drawn: those with a place beside them.

    Most layers lie where they should, which the first places asked for settle. Where they do not, more is asked,
    and all shapes are put into a tree.
    """

    def __init__(self, rows: LayerRows) -> None:
        self._rows = rows
        self._asked = 0

    def __len__(self) -> int:
        return len(self._rows.tree_rows)

    def query_nearest(self, geometry: Shapes, *, return_distance: bool, all_matches: bool) -> Any:
        """The nearest shape of each place, and how far it is, as `shapely.STRtree` has it."""
        self._asked += 1
        if self._asked <= FIRST_LOOKS and "outline_tree" not in self._rows.__dict__:
            beside = self._rows.tree_rows[self._beside(shapely.get_coordinates(geometry))]
            if len(beside):
                few = shapely.STRtree(outlines(self._rows.chosen(beside)))
                pairs, metres = few.query_nearest(
                    geometry, return_distance=True, all_matches=all_matches
                )
                # Nothing that was not looked at can be nearer.
                if len(metres) == len(geometry) and metres.max() <= BESIDE_M:
                    return (pairs, metres) if return_distance else pairs
        return self._rows.outline_tree.query_nearest(
            geometry, return_distance=return_distance, all_matches=all_matches
        )

    def _beside(self, places: np.ndarray) -> np.ndarray:
        """At least the shapes that reach to within `BESIDE_M` of a place: those in a square around it."""
        origin, side, squares, corners, wide = self._squares
        marked = np.zeros(squares, dtype=bool)
        for column, row in np.floor((places - origin) / side).astype(np.int64):
            marked[max(column - 1, 0) : max(column + 2, 0), max(row - 1, 0) : max(row + 2, 0)] = (
                True
            )
        near = wide.copy()
        for square in corners:
            near |= marked.ravel().take(square)
        return near

    @cached_property
    def _squares(self) -> tuple[Any, float, tuple[int, int], list[np.ndarray], np.ndarray]:
        """A grid: where it begins, how wide its squares are and how many there are; the squares of each shape's corners,
        and which shapes reach over more than those."""
        box = self._rows.bounds[self._rows.tree_rows]
        whole = self._rows.total_bounds
        side = max(BESIDE_M, float((whole[2:] - whole[:2]).max()) / MOST_SQUARES_ACROSS)
        west, south, east, north = (
            np.floor((box[:, at] - whole[at % 2]) / side).astype(np.int32) for at in range(4)
        )
        columns, rows = (int(edge.max()) + 1 for edge in (east, north))
        wide = (east - west > 1) | (north - south > 1)
        corners = [west * rows + south]
        if self._rows.layer.geometry != "Point" or (west != east).any() or (south != north).any():
            corners += [west * rows + north, east * rows + south, east * rows + north]
        return whole[:2], side, (columns, rows), corners, wide


def _centres(shapes: Shapes) -> np.ndarray:
    bounds = shapely.bounds(shapes)
    return np.column_stack([(bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2])


CHECKS: tuple[Check, ...] = (datum_shift,)
