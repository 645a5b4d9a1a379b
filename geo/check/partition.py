"""Units as a partition: what two of them both claim, what none does, and what lies outside them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from shapely import STRtree

from ..engine import engine_named
from ..engine.lines import Points
from ..said import NOTHING, Said, joined
from ..sources.lazy import places_of
from .evidence import THIN_M, Check, Evidence, LayerRows, Observation, Shapes, amount

NOISE_M = 1e-3
"""Narrower than this it is the noise of arithmetic, and no finding."""
SHOWN = 5
LOOSE_M = 1.0
"""How much of a line may lie outside all units before it is said."""
MISMATCH = 1e-3
"""The share of a unit that its parts may leave over, or reach beyond."""


def overlaps(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Ground that two units of one level both claim."""
    if not _is_level(rows, evidence):
        return
    first, second, common, width = _claimed_twice(rows, evidence)
    if not len(common):
        return
    positions = rows.tree_rows
    area = shapely.area(common)
    order = np.argsort(-area, kind="stable")
    names = rows.names[positions]
    listed = [
        Said(
            f"{names[first[n]]} and {names[second[n]]} {area[n]:,.1f} m²",
            f"{names[first[n]]} 与 {names[second[n]]} {area[n]:,.1f} 平方米",
        )
        for n in order
    ]
    yield rows.observe(
        "overlap",
        "warning",
        np.unique(positions[np.concatenate([first, second])]),
        found=Said(
            f"{amount(len(area), 'pair')} that overlap by {area.sum():,.1f} m² in all",
            f"{len(area):,} 对单元重叠，共 {area.sum():,.1f} 平方米",
        )
        + _thin(width)
        + Said(": ", "：")
        + _few(listed),
        expected=Said("borders in common and no ground", "只共边界，不共地面"),
        remedy=Said(
            "redraw the border once for both; until then the smaller code has what both claim",
            "两单元共用一条边界重画；改正前，重叠处计入代码较小的单元",
        ),
        shapes=common[order],
    )


def gaps(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Ground that lies between the units of a level and belongs to none."""
    if not _is_level(rows, evidence):
        return
    holes = np.array([shapely.Polygon(ring) for ring in _rims(rows)], dtype=object)
    width = _width_m(holes)
    holes, width = holes[width > NOISE_M], width[width > NOISE_M]
    if not len(holes):
        return
    area = shapely.area(holes)
    order = np.argsort(-area, kind="stable")
    beside = rows.tree.query(holes[order], predicate="intersects")
    names = rows.names[rows.tree_rows]
    listed = []
    for place, number in enumerate(order):
        round_it = sorted(str(name) for name in names[beside[1][beside[0] == place]])
        listed.append(
            Said(
                f"{area[number]:,.1f} m² between {', '.join(round_it[:4])}",
                f"{'、'.join(round_it[:4])} 之间 {area[number]:,.1f} 平方米",
            )
        )
    yield rows.observe(
        "gap",
        "warning",
        np.unique(rows.tree_rows[beside[1]]),
        found=Said(
            f"{amount(len(area), 'gap')} of {area.sum():,.1f} m² in all",
            f"{len(area):,} 处空隙，共 {area.sum():,.1f} 平方米",
        )
        + _thin(width)
        + Said(": ", "：")
        + _few(listed, "; ", "；"),
        expected=Said("units that leave nothing between them", "单元之间不留空隙"),
        remedy=Said(
            "redraw the borders so that they meet; what lies in a gap is in no unit",
            "重画边界使之相接；空隙内的事物不属于任何单元",
        ),
        shapes=holes[order],
    )


def cracks(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Borders that run beside each other without meeting, open to the outside: no hole, and yet a gap."""
    if not _is_level(rows, evidence):
        return
    edges = rows.loose_edges.copy()
    first, second, *_ = _claimed_twice(rows, evidence)
    edges[np.concatenate([first, second])] = None  # overlaps have a finding of their own
    owners = np.flatnonzero(~shapely.is_missing(edges))
    if not len(owners):
        return
    # So have closed gaps: only what faces the outside is left.
    rims = shapely.MultiLineString([ring.coords for ring in _rims(rows)])
    outline = shapely.difference(shapely.boundary(rows.union), rims)
    open_edges = shapely.intersection(edges[owners], outline)
    length = shapely.length(open_edges)
    long = length > THIN_M
    if long.any():
        yield rows.observe(
            "crack",
            "warning",
            rows.tree_rows[owners[long]],
            found=Said(
                f"borders of {amount(int(long.sum()), 'unit')} that run beside a neighbour's, less than"
                f" {THIN_M:g} m away, over {length[long].sum() / 2:,.1f} m",
                f"{int(long.sum()):,} 个单元的边界与邻单元边界并行而未贴合，相距不足 {THIN_M:g} 米，"
                f"长 {length[long].sum() / 2:,.1f} 米",
            ),
            expected=Said("one border for both neighbours", "相邻单元共用一条边界"),
            remedy=Said("snap the one to the other", "将一方边界捕捉到另一方"),
            shapes=open_edges[long],
        )


def levels_apart(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Units whose outline is not that of the finer units that say they belong to it."""
    names = [level.name for level in evidence.levels]
    if rows.name not in names or names.index(rows.name) == 0:
        return
    finer = evidence.levels[names.index(rows.name) - 1]
    parent = finer.layer.unit.parent if finer.layer.unit else None
    if parent is None:
        return
    codes = finer.texts(parent)
    apart, listed, differing = [], [], []
    for position in rows.tree_rows:
        parts = np.flatnonzero((codes == rows.names[position]) & finer.usable)
        if not len(parts):
            continue
        whole, outline = finer.united(parts), rows.shapes[position]
        if _is_drawn_alike(outline, whole):
            continue
        left = shapely.area(shapely.difference(outline, whole))
        beyond = shapely.area(shapely.difference(whole, outline))
        if max(left, beyond) > MISMATCH * outline.area:
            apart.append(position)
            differing.append(shapely.symmetric_difference(outline, whole))
            listed.append(
                Said(
                    f"{rows.names[position]} by {left:,.0f} m² left over and {beyond:,.0f} m² beyond",
                    f"{rows.names[position]} 余 {left:,.0f} 平方米、超出 {beyond:,.0f} 平方米",
                )
            )
    if apart:
        yield rows.observe(
            "levels-apart",
            "info",
            apart,
            found=Said(
                f"{amount(len(apart), 'outline')} that {finer.name} do not fill: ",
                f"{len(apart):,} 个单元的边界与下级{finer.layer.called.zh}拼合的结果不一致：",
            )
            + _few(listed, "; ", "；"),
            expected=Said(
                f"the outline of the {finer.name} that belong to it",
                f"与所属{finer.layer.called.zh}拼合的外廓一致",
            ),
            remedy=Said(
                f"see which of the two is right; figures go by {finer.name}",
                f"核对何者为准；统计以{finer.layer.called.zh}为准",
            ),
            shapes=differing,
        )


def outside_units(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Things that are measured and lie, wholly or in part, in no unit."""
    finest = evidence.finest
    if finest is None or rows.layer.unit or not rows.layer.indicators or not rows.usable.any():
        return
    positions = rows.tree_rows
    if rows.layer.geometry == "Point":
        touched, loose = _holding_points(rows, finest), np.zeros(len(positions))
    else:
        found = [_within(rows, shapes, finest) for _, shapes in rows.in_pieces()]
        touched, loose = (np.concatenate(part) for part in zip(*found, strict=True))
    partly = loose > LOOSE_M
    wholly = ~touched
    unit, unit_zh = ("m", "米") if rows.layer.geometry == "LineString" else ("m²", "平方米")
    if wholly.any():
        yield rows.observe(
            "outside-units",
            "warning",
            positions[wholly],
            found=Said(
                f"{amount(int(wholly.sum()), 'row')} in none of the {finest.name}",
                f"{int(wholly.sum()):,} 行不在任何{finest.layer.called.zh}内",
            ),
            expected=Said("a place in one of them", "位于某一单元内"),
            remedy=Said(
                "correct the place, or the outlines; they count for the district and for no unit",
                "更正位置或单元边界；这些行计入全区，不计入任何单元",
            ),
        )
    if partly.any():
        yield rows.observe(
            "partly-outside-units",
            "info",
            positions[partly],
            found=Said(
                f"{amount(int(partly.sum()), 'row')} with {loose[partly].sum():,.1f} {unit} in none of the {finest.name}",
                f"{int(partly.sum()):,} 行中有 {loose[partly].sum():,.1f} {unit_zh}不在任何{finest.layer.called.zh}内",
            ),
            expected=Said("a place in them", "位于单元内"),
            remedy=Said(
                "nothing, where they rightly reach beyond; that part counts for no unit",
                "确属伸出区外的，无需处理；该部分不计入任何单元",
            ),
        )


def _holding_points(rows: LayerRows, finest: LayerRows) -> np.ndarray:
    """Which usable points lie in a unit, its border included."""
    places = places_of(rows.frame.geometry.iloc[rows.tree_rows])
    if len(places) != len(rows.tree_rows):  # some are of several points
        return _within(rows, rows.chosen(rows.tree_rows), finest)[0]
    units = finest.shapes[finest.tree_rows]
    return np.asarray(engine_named("auto").places(Points(places), units, None).unit >= 0)


def _within(rows: LayerRows, shapes: Shapes, finest: LayerRows) -> tuple[np.ndarray, np.ndarray]:
    """Which of some shapes touch a unit, and how much of each that does lies in none."""
    units = finest.shapes[finest.tree_rows]
    inside = np.zeros(len(shapes), dtype=bool)
    inside[STRtree(shapes).query(units, predicate="covers")[1]] = True
    touched = inside.copy()
    rest = np.flatnonzero(~inside)
    touched[rest[finest.tree.query(shapes[rest], predicate="intersects")[0]]] = True
    crossing = np.flatnonzero(touched & ~inside)
    loose = np.zeros(len(shapes))
    if rows.layer.geometry != "Point" and len(crossing):
        measure = shapely.length if rows.layer.geometry == "LineString" else shapely.area
        if not finest.loose[finest.tree_rows].any():
            # Most cross from one unit into the next: what lies in all of them together need not be cut.
            shapely.prepare(finest.union)
            crossing = crossing[~shapely.covers(finest.union, shapes[crossing])]
        loose[crossing] = _beyond(shapes[crossing], finest.tree, units, measure)
    return touched, loose


def _beyond(shapes: Shapes, tree: STRtree, units: Shapes, measure: Any) -> np.ndarray:
    """How much of each shape lies in no unit."""
    row, unit = tree.query(shapes, predicate="intersects")
    order = np.argsort(row, kind="stable")
    row, unit = row[order], unit[order]
    left = shapes.copy()
    # Take the units off one after the other, all rows at a time: the first of each row, the second, …
    nth = np.arange(len(row)) - np.searchsorted(row, row)
    for turn in range(int(nth.max()) + 1 if len(nth) else 0):
        now = nth == turn
        left[row[now]] = shapely.difference(left[row[now]], units[unit[now]])
    return np.asarray(measure(left))


def _is_drawn_alike(outline: Any, whole: Any) -> bool:
    """Whether two surfaces have the very same vertices, wherever their rings start."""
    if shapely.get_num_coordinates(outline) != shapely.get_num_coordinates(whole):
        return False
    whole = shapely.get_geometry(whole, 0) if shapely.get_num_geometries(whole) == 1 else whole
    outline = (
        shapely.get_geometry(outline, 0) if shapely.get_num_geometries(outline) == 1 else outline
    )
    return bool(shapely.equals_exact(outline, whole, tolerance=0.0, normalize=True))


def _claimed_twice(
    rows: LayerRows, evidence: Evidence
) -> tuple[np.ndarray, np.ndarray, Shapes, np.ndarray]:
    """The pairs (positions in the tree) that overlap, their common ground and how wide it is."""
    known = evidence.claimed.get(rows.name)
    if known is None:
        known = evidence.claimed[rows.name] = _common_ground(rows)
    return known


def _common_ground(rows: LayerRows) -> tuple[np.ndarray, np.ndarray, Shapes, np.ndarray]:
    shapes = rows.shapes[rows.tree_rows]
    first, second = rows.tree.query(shapes)
    # Where two overlap, edges of one at least lie inside the other: neighbours that meet as they should are passed.
    loose = rows.loose[rows.tree_rows]
    pairs = (first < second) & (loose[first] | loose[second])
    first, second = first[pairs], second[pairs]
    # Nor are those that merely touch cut, but pairs whose interiors meet.
    meeting = shapely.intersects(shapes[first], shapes[second])
    meeting[meeting] = ~shapely.touches(shapes[first[meeting]], shapes[second[meeting]])
    first, second = first[meeting], second[meeting]
    common = _surfaces(shapely.intersection(shapes[first], shapes[second]))
    width = _width_m(common)
    real = width > NOISE_M
    return first[real], second[real], common[real], width[real]


def _rims(rows: LayerRows) -> list[Any]:
    """The borders of the holes between units."""
    return [ring for part in shapely.get_parts(rows.union) for ring in part.interiors]


def _is_level(rows: LayerRows, evidence: Evidence) -> bool:
    return any(rows is level for level in evidence.levels) and int(rows.usable.sum()) > 0


def _surfaces(shapes: Shapes) -> Shapes:
    """Of each shape only its surfaces: where outlines also touch, lines and points are left out."""
    kept = np.array(shapes, dtype=object)
    mixed = shapely.get_type_id(kept) == shapely.GeometryType.GEOMETRYCOLLECTION
    for number in np.flatnonzero(mixed):
        parts = shapely.get_parts(kept[number])
        kept[number] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    kept[shapely.get_dimensions(kept) < 2] = shapely.Polygon()
    return kept


def _width_m(shapes: Shapes) -> np.ndarray:
    """The breadth of a long thin surface: twice its area over its outline."""
    around = shapely.length(shapes)
    return np.divide(2 * shapely.area(shapes), around, out=np.zeros(len(shapes)), where=around > 0)


def _thin(width: np.ndarray) -> Said:
    thin = int((width < THIN_M).sum())
    if not thin:
        return NOTHING
    return Said(
        f", {thin} of them narrower than {THIN_M:g} m", f"，其中 {thin} 处窄于 {THIN_M:g} 米"
    )


def _few(texts: list[Said], en: str = ", ", zh: str = "，") -> Said:
    rest = len(texts) - SHOWN
    few = joined(texts[:SHOWN], en, zh)
    return few + Said(f" and {rest} more", f"，另有 {rest} 处") if rest > 0 else few


CHECKS: tuple[Check, ...] = (overlaps, gaps, cracks, levels_apart, outside_units)
