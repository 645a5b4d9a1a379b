"""What checks of many rows are spared must not change what they find: held against the long way round."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box

from geo.check.evidence import LayerRows
from geo.check.network import _beside_a_vertex
from geo.check.partition import _common_ground, _is_drawn_alike


def units(*shapes: Polygon) -> LayerRows:
    """Rows of these outlines, all of use."""
    rows = object.__new__(LayerRows)
    rows.__dict__.update(
        layer=SimpleNamespace(geometry="Polygon"),
        shapes=np.array(shapes, dtype=object),
        tree_rows=np.arange(len(shapes)),
        conformed=SimpleNamespace(frame=shapes),
    )
    return rows


SQUARES = (box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 100, 100, 200))


def test_units_that_meet_are_united_as_they_would_be_otherwise() -> None:
    rows = units(*SQUARES)
    assert not rows.loose.any()
    assert rows.union.equals(shapely.union_all(SQUARES))
    assert len(_common_ground(rows)[0]) == 0


@pytest.mark.parametrize(
    ("extra", "pairs"),
    [
        (box(40, 40, 60, 60), [(0, 3)]),
        (box(0, 0, 100, 100), [(0, 3)]),
        (box(190, 0, 300, 100), [(1, 3)]),
        (box(199.5, 0, 300, 100), [(1, 3)]),
        (box(200.5, 0, 300, 100), []),
        (box(50, 50, 150, 150), [(0, 3), (1, 3), (2, 3)]),
    ],
    ids=["within", "twice", "across", "sliver", "apart", "over three"],
)
def test_ground_that_two_claim_is_found(extra: Polygon, pairs: list[tuple[int, int]]) -> None:
    rows = units(*SQUARES, extra)
    first, second, common, _ = _common_ground(rows)
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == pairs
    every = np.array(rows.shapes)
    assert shapely.area(common).tolist() == pytest.approx(
        shapely.area(shapely.intersection(every[first], every[second])).tolist()
    )
    assert rows.union.area == pytest.approx(shapely.union_all(every).area)


def test_outlines_are_alike_wherever_they_start() -> None:
    drawn = Polygon([(0, 0), (100, 0), (100, 100), (0, 100)])
    turned = Polygon([(100, 100), (100, 0), (0, 0), (0, 100)])
    moved = Polygon([(0, 0), (100, 0), (100, 100.01), (0, 100)])
    assert _is_drawn_alike(drawn, shapely.MultiPolygon([turned]))
    assert not _is_drawn_alike(drawn, moved)


@pytest.mark.parametrize("stretch", [1.0, 1e9], ids=["a table", "too wide for a table"])
def test_no_point_counts_as_beside_a_vertex_that_is_far(stretch: float) -> None:
    chance = np.random.default_rng(7)
    ends = chance.uniform(0, 2_000, (60, 2, 2))
    lines = np.asarray(shapely.linestrings(ends), dtype=object)
    lines[0] = LineString([(0, 0), (2_000 * stretch, 0)])
    points = np.asarray(shapely.points(chance.uniform(-300, 2_300, (3_000, 2))), dtype=object)
    places, vertices = shapely.get_coordinates(points), shapely.get_coordinates(lines)
    near = _beside_a_vertex(places, vertices, 100.0)
    away_m = np.asarray(shapely.distance(points, shapely.MultiPoint(vertices)))
    assert (away_m[near] <= 100.0).all()
    # A vertex a quarter as near lies in one square of the four with nearly every point.
    assert near[away_m < 17].all()
