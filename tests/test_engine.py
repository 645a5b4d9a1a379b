"""One contract for every engine: what each method promises, on shapes whose figures can be seen."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from engine_cases import Case, cases, disagreement
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import (
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    affinity,
    box,
)

from geo.engine import ENGINES, Engine, Pieces, engine_named, one_for_each
from geo.engine.arrays import placed
from geo.engine.lines import Lines, Points

# Five squares of 100 m in a row; the area is the first two and half of the third.
SQUARES = np.array([box(100 * i, 0, 100 * i + 100, 100) for i in range(5)], object)
AREA = box(0, 0, 250, 100)
NONE = np.array([], object)


def shapes(*items: object) -> np.ndarray:
    array = np.empty(len(items), object)
    array[:] = items
    return array


def parts(pieces: Pieces) -> list[tuple[int, int, bool, float]]:
    """(row, unit, inside, measure) of each piece."""
    return [
        (int(row), int(unit), bool(inside), pytest.approx(float(measure), abs=1e-9))
        for row, unit, inside, measure in zip(
            pieces.row, pieces.unit, pieces.inside, pieces.measure, strict=True
        )
    ]


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    return engine_named(request.param)


def test_a_street_across_all_units_is_cut_at_every_border(engine: Engine) -> None:
    street = shapes(LineString([(-50, 50), (550, 50)]))
    assert parts(engine.lengths(street, SQUARES, AREA)) == [
        (0, -1, False, 100.0),
        (0, 0, True, 100.0),
        (0, 1, True, 100.0),
        (0, 2, False, 50.0),
        (0, 2, True, 50.0),
        (0, 3, False, 100.0),
        (0, 4, False, 100.0),
    ]


def test_a_street_on_a_shared_border_counts_once_for_the_first_unit(engine: Engine) -> None:
    street = shapes(LineString([(100, 0), (100, 100)]))
    assert parts(engine.lengths(street, SQUARES, AREA)) == [(0, 0, True, 100.0)]
    assert parts(engine.lengths(street, SQUARES[::-1], AREA)) == [(0, 3, True, 100.0)]


def test_a_street_on_the_border_of_the_area_is_inside(engine: Engine) -> None:
    street = shapes(LineString([(250, 10), (250, 60)]))
    assert parts(engine.lengths(street, SQUARES, AREA)) == [(0, 2, True, 50.0)]


def test_a_street_that_runs_over_itself_keeps_its_whole_length(engine: Engine) -> None:
    street = shapes(
        LineString([(90, 10), (110, 10), (90, 10)]),
        MultiLineString([[(10, 20), (20, 20)], [(10, 20), (20, 20)]]),
    )
    assert parts(engine.lengths(street, SQUARES, None)) == [
        (0, 0, False, 20.0),
        (0, 1, False, 20.0),
        (1, 0, False, 20.0),
    ]


def test_what_units_share_belongs_to_the_first_and_what_lies_in_a_gap_to_none(
    engine: Engine,
) -> None:
    units = shapes(box(0, 0, 60, 10), box(40, 0, 100, 10), box(120, 0, 200, 10))
    street = shapes(LineString([(0, 5), (200, 5)]))
    assert parts(engine.lengths(street, units, None)) == [
        (0, -1, False, 20.0),
        (0, 0, False, 60.0),
        (0, 1, False, 40.0),
        (0, 2, False, 80.0),
    ]
    field = shapes(box(0, 0, 200, 10))
    assert parts(engine.areas(field, units, None)) == [
        (0, -1, False, 200.0),
        (0, 0, False, 600.0),
        (0, 1, False, 400.0),
        (0, 2, False, 800.0),
    ]


def test_a_hole_is_not_the_unit(engine: Engine) -> None:
    ring = shapes(Polygon(box(0, 0, 100, 100).exterior, [box(40, 40, 60, 60).exterior.coords]))
    street = shapes(LineString([(0, 50), (100, 50)]))
    assert parts(engine.lengths(street, ring, None)) == [(0, -1, False, 20.0), (0, 0, False, 80.0)]


def test_touching_zero_length_null_and_empty_have_no_pieces(engine: Engine) -> None:
    street = shapes(None, LineString(), LineString([(5, 5), (5, 5)]))
    assert len(engine.lengths(street, SQUARES, AREA)) == 0
    touching = shapes(LineString([(50, 100), (50, 150)]))
    assert parts(engine.lengths(touching, SQUARES, AREA)) == [(0, -1, False, 50.0)]


def test_without_units_or_area_everything_lies_in_none(engine: Engine) -> None:
    street = shapes(LineString([(0, 0), (30, 40)]))
    assert parts(engine.lengths(street, NONE, None)) == [(0, -1, False, 50.0)]
    assert parts(engine.places(shapes(Point(0, 0)), NONE, None)) == [(0, -1, False, 1.0)]
    assert len(engine.lengths(NONE, SQUARES, AREA)) == 0
    assert len(engine.areas(NONE, SQUARES, AREA)) == 0
    assert len(engine.places(NONE, SQUARES, AREA)) == 0


def test_a_polygon_is_given_out_by_area(engine: Engine) -> None:
    fields = shapes(
        box(90, 10, 110, 30),
        MultiPolygon([box(-10, 0, 10, 10), box(240, 0, 260, 10)]),
        box(600, 0, 601, 1),
    )
    pieces = engine.areas(fields, SQUARES, AREA)
    assert parts(pieces) == [
        (0, 0, True, 200.0),
        (0, 1, True, 200.0),
        (1, -1, False, 100.0),
        (1, 0, True, 100.0),
        (1, 2, False, 100.0),
        (1, 2, True, 100.0),
        (2, -1, False, 1.0),
    ]
    assert shapely.area(pieces.geometry) == pytest.approx(pieces.measure)


@pytest.mark.parametrize("away", [(0, 0), (468_000, 3_590_000)])
def test_a_street_along_a_turned_border_and_beyond_its_corner_leaves_the_area_there(
    engine: Engine, away: tuple[float, float]
) -> None:
    # Down one side of the area, out at its corner, and so up the other: 100 m of each lie outside. Turned, some of
    # these lie on the border to the last digit, some nearly.
    street, area = LineString([(100, 0), (100, 400), (0, 400), (0, 0)]), box(0, 100, 100, 800)
    for degrees in np.linspace(0.5, 89.5, 60):
        line, ground = (
            affinity.translate(affinity.rotate(one, degrees, origin=(0, 0)), *away)
            for one in (street, area)
        )
        found = engine.lengths(shapes(line), NONE, ground)
        outside = found.measure[~found.inside].sum()
        assert (outside, found.measure.sum()) == (pytest.approx(200), pytest.approx(900)), degrees


@pytest.mark.parametrize("degrees", [10, 30, 45, 61.7])
def test_points_on_turned_borders_lie_in_the_first_unit_though_no_digit_says_so(
    engine: Engine, degrees: float
) -> None:
    def turned(shapes_: np.ndarray) -> np.ndarray:
        moved = [
            affinity.translate(
                affinity.rotate(affinity.scale(one, 37.3, 37.3, origin=(0, 0)), degrees, (0, 0)),
                468_000,
                3_590_000,
            )
            for one in shapes_
        ]
        return np.array(moved, dtype=object)

    units = turned(np.array([box(0, 0, 8, 8), box(8, 0, 16, 8)], dtype=object))
    along = np.linspace(0.1, 7.9, 40)
    shared = turned(np.array([Point(8, y) for y in along], dtype=object))
    outer = turned(np.array([Point(16, y) for y in along], dtype=object))
    beside = turned(np.array([Point(8 + 1e-6, y) for y in along], dtype=object))
    for points, owner, inside in ((shared, 0, True), (outer, 1, False), (beside, 1, False)):
        found = engine.places(points, units, units[0])
        assert set(found.unit.tolist()) == {owner}
        assert set(found.inside.tolist()) == {inside}


def test_points_on_borders_lie_in_the_first_unit_and_in_the_area(engine: Engine) -> None:
    points = shapes(
        Point(100, 50),
        Point(250, 50),
        Point(251, 50),
        Point(-1, 0),
        None,
        Point(),
        MultiPoint([(310, 1), (320, 1)]),
    )
    assert parts(engine.places(points, SQUARES, AREA)) == [
        (0, 0, True, 1.0),
        (1, 2, True, 1.0),
        (2, 2, False, 1.0),
        (3, -1, False, 1.0),
        (4, -1, False, 1.0),
        (5, -1, False, 1.0),
        (6, 3, False, 1.0),
    ]


def test_reach_is_exact_and_counts_overlap_once(engine: Engine) -> None:
    street = shapes(LineString([(0, 0), (50, 0), (100, 0)]))
    # 3 m aside with a reach of 5 m serves 4 m each way; the second lamp overlaps the first by 2 m.
    lamps = shapes(Point(20, 3), Point(26, 3), Point(80, 5.1), None)
    found = engine.reach(street, SQUARES, AREA, lamps, np.full(4, 5.0), np.full(4, 5.0))
    assert parts(found) == [(0, 0, True, 100.0)]
    assert found.certain == pytest.approx([14.0])
    assert found.possible == pytest.approx([14.0])


def test_reach_crosses_a_border_and_a_bend(engine: Engine) -> None:
    street = shapes(LineString([(90, 0), (110, 0), (110, 50)]))
    found = engine.reach(
        street, SQUARES, None, shapes(Point(110, 0)), np.array([15.0]), np.array([15.0])
    )
    assert parts(found) == [(0, 0, False, 10.0), (0, 1, False, 60.0)]
    assert found.certain == pytest.approx([5.0, 25.0])


def test_what_only_a_lamp_of_unknown_height_may_reach_is_possible_not_certain(
    engine: Engine,
) -> None:
    street = shapes(LineString([(0, 0), (100, 0)]))
    lamps = shapes(Point(50, 0), Point(55, 0))
    found = engine.reach(street, NONE, None, lamps, np.array([10.0, 0.0]), np.array([10.0, 20.0]))
    assert found.certain == pytest.approx([20.0])
    assert found.possible == pytest.approx([40.0])  # 35 to 75


def test_a_feature_is_counted_where_most_of_it_lies(engine: Engine) -> None:
    fields = shapes(
        box(95, 0, 125, 10),  # 25 of 30 m in the second square
        box(90, 0, 110, 10),  # half and half: the first
        box(240, 0, 260, 10),  # half in the area: inside
        box(241, 0, 261, 10),  # less than half: outside
        box(-30, 0, 10, 10),  # mostly in none
        None,
    )
    owned = one_for_each(engine.areas(fields, SQUARES, AREA), len(fields))
    assert owned.unit.tolist() == [1, 0, 2, 2, -1, -1]
    assert owned.inside.tolist() == [True, True, True, False, False, False]
    assert owned.measure.tolist() == [1.0] * 6


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_the_fast_engine_says_what_the_reference_says(case: Case) -> None:
    """Two hundred of the cases that `tests/fuzz/engines_run.py` goes on with."""
    assert disagreement(case, engine_named("reference"), engine_named("fast")) is None


def _walks(count: int, steps: int, chance: np.random.Generator) -> np.ndarray:
    """Streets of short steps that wander about a kilometre, here and there back to where they were."""
    xy = np.cumsum(chance.normal(0, 4, (count, steps, 2)), axis=1)
    xy += chance.uniform(0, 1000, (count, 1, 2))
    again = chance.random((count, steps)) < 0.1
    again[:, 0] = False
    xy[again] = np.roll(xy, 1, axis=1)[again]
    return np.asarray(shapely.linestrings(xy))


def _coasts(count: int, chance: np.random.Generator) -> np.ndarray:
    """Outlines with many corners that lie over each other and leave gaps."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    rings = []
    for _ in range(count):
        radius = chance.uniform(100, 300) * (1 + 0.03 * chance.normal(0, 1, len(angle)))
        middle = chance.uniform(0, 1000, 2)
        rings.append(middle + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1))
    return np.asarray(shapely.polygons(rings))


def test_short_steps_along_and_across_many_borders_are_cut_alike() -> None:
    """Who holds where a segment begins is mostly known from the one before."""
    chance = np.random.default_rng(7)
    units, area = _coasts(12, chance), _coasts(1, chance)[0]
    lamps = shapely.points(chance.uniform(0, 1000, (300, 2)))
    certain, possible = chance.uniform(0, 20, 300), chance.uniform(20, 30, 300)
    for corner in ((0.0, 0.0), (509_632.1, 3_342_511.7)):
        case = Case(
            *(shapely.transform(some, lambda xy, by=corner: xy + by) for some in (
                _walks(300, 60, chance), units, area, lamps
            )),
            certain,
            possible,
        )  # fmt: skip
        assert disagreement(case, engine_named("reference"), engine_named("fast")) is None


def test_to_the_last_digit_no_figure_depends_on_the_order_of_a_file() -> None:
    """Streets that come along a curve are cut in their own order, others in that of the cells they begin in."""
    chance = np.random.default_rng(11)
    streets, units = _walks(9_000, 5, chance), _coasts(20, chance)
    x, y = shapely.get_coordinates(shapely.get_point(streets, 0)).T
    band = np.floor(y / 20)
    sorted_ones = streets[np.lexsort((np.where(band % 2 == 0, x, -x), band))]
    mixed = chance.permutation(len(streets))
    in_order = {}
    for name, lines in (("sorted", sorted_ones), ("mixed", sorted_ones[mixed])):
        held = Lines.from_shapely(lines)
        in_order[name] = placed(held, np.arange(len(lines) + 1))[1]
    assert in_order == {"sorted": True, "mixed": False}
    one, other = (engine_named("fast").lengths(some, units, None)
                  for some in (sorted_ones, sorted_ones[mixed]))  # fmt: skip
    back = np.lexsort((other.unit, mixed[other.row]))
    assert np.array_equal(one.row, mixed[other.row][back])
    assert np.array_equal(one.unit, other.unit[back])
    assert np.array_equal(one.measure, other.measure[back])


def test_arrays_are_cut_like_geometries(engine: Engine) -> None:
    street = shapes(
        LineString([(-50, 50), (550, 50)]), None, MultiLineString([[(0, 1, 7), (9, 1, 8)]])
    )
    lamps = shapes(Point(3, 0), None, Point(60, 50))
    reach = np.full(3, 5.0)
    lines, points = Lines.from_shapely(street), Points.from_shapely(lamps)
    assert parts(engine.lengths(lines, SQUARES, AREA)) == parts(
        engine.lengths(street, SQUARES, AREA)
    )
    assert parts(engine.places(points, SQUARES, AREA)) == parts(engine.places(lamps, SQUARES, AREA))
    found = engine.reach(lines, SQUARES, AREA, points, reach, reach)
    assert found.certain.sum() == pytest.approx(10 + 3 + np.sqrt(24))


def test_a_street_a_hair_beside_a_border_lies_on_it(engine: Engine) -> None:
    """Drawn on a border that is not along an axis, a street never lies on it to the last digit."""
    turned = shapes(*(affinity.rotate(square, 12.3456, origin=(0, 0)) for square in SQUARES))
    border = affinity.rotate(LineString([(100, 10), (100, 30), (100, 90)]), 12.3456, origin=(0, 0))
    assert parts(engine.lengths(shapes(border), turned, None)) == [(0, 0, False, 80.0)]
    assert parts(engine.lengths(shapes(border), turned[::-1], None)) == [(0, 3, False, 80.0)]


def test_where_geos_errs_about_a_street_along_borders_it_is_cut_all_the_same(
    engine: Engine,
) -> None:
    """Turned, it lies beside the borders by a last digit: all of it within the lower unit, says GEOS, and none
    within the upper one."""

    def turned(shape: Any) -> Any:
        matrix = [37.3, 0, 0, 37.3, 0, 0]
        return affinity.affine_transform(affinity.rotate(shape, 30.0, origin=(0, 0)), matrix)

    street = turned(LineString([(0, 4), (0, 0.5)]))
    lower, upper = turned(box(0, 0, 8, 1)), turned(box(0, 1, 8, 8))
    pieces = engine.lengths(shapes(street), shapes(lower, upper), None)
    assert parts(pieces) == [(0, 0, False, 0.5 * 37.3), (0, 1, False, 3 * 37.3)]


def test_without_numba_the_size_still_finds_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.engine.fast.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"chengxiang-atlas\[fast\]"):
        engine_named("fast")
    many = np.full(2_000, LineString([(10, 50), (60, 50)]), object)
    assert engine_named("auto").lengths(many, SQUARES, AREA).measure.sum() == 100_000


def test_a_small_district_does_not_load_numba() -> None:
    code = (
        "import sys, numpy, shapely; from geo.engine import engine_named;"
        "lines = shapely.linestrings(numpy.ones((657, 6, 2)).cumsum(axis=1));"
        "engine_named('auto').lengths(lines, lines[:0], None);"
        "sys.exit('numba' in sys.modules or 'llvmlite' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("flavor", ["extended", "iso"])
def test_lines_and_points_are_read_from_binary_as_they_are_drawn(
    flavor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes_ = shapes(
        LineString([(0, 0), (1, 1), (2, 2)]),
        None,
        LineString(),
        MultiLineString([[(0, 0), (3, 4)], [(5, 5), (6, 6), (7, 7)]]),
        LineString([(0, 0, 9), (1, 1, 8)]),
    )
    dots = shapes(Point(1, 2), None, Point(), Point(1, 2, 3))
    monkeypatch.setattr("geo.engine.lines.PLAIN_ROWS", 0)
    for type_ in (pa.binary(), pa.large_binary()):
        array = pa.array(shapely.to_wkb(shapes_, flavor=flavor), type_)
        for some in (array, array[1:], array[:0], pa.chunked_array([array, array[2:]])):
            read = Lines.from_wkb(some)
            drawn = shapely.from_wkb(some.to_numpy(zero_copy_only=False))
            expected = Lines.from_shapely(drawn)
            assert read.count == expected.count
            for name in ("xy", "starts", "feature"):
                assert getattr(read, name).tolist() == getattr(expected, name).tolist()
        found = Points.from_wkb(pa.array(shapely.to_wkb(dots, flavor=flavor), type_))
        assert found.xy[[0, 3]].tolist() == [[1, 2], [1, 2]]
        assert np.isnan(found.xy[1:3]).all()


def test_damaged_binary_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.engine.lines.PLAIN_ROWS", 0)
    whole = shapely.to_wkb(LineString([(0, 0), (1, 1)]))
    for broken in (
        whole[:-1],
        whole[:3],
        whole[:5] + b"\xff" * 4 + whole[9:],
        b"\x01\x09" + whole[2:],
    ):
        with pytest.raises(shapely.errors.GEOSException):
            Lines.from_wkb(pa.array([whole, broken], pa.binary()))


def test_lines_are_drawn_taken_and_bounded() -> None:
    street = shapes(
        MultiLineString([[(0, 0), (3, 4)], [(5, 5), (6, 9)]]), None, LineString([(1, 1), (2, 0)])
    )
    lines = Lines.from_shapely(street)
    assert lines.segments == 3
    assert lines.to_shapely().tolist() == street.tolist()
    assert lines.take(np.array([2, 0])).to_shapely().tolist() == [street[2], street[0]]
    assert lines.take(np.array([True, False, False])).to_shapely().tolist() == [street[0]]
    assert lines.bounds[[0, 2]].tolist() == [[0, 0, 6, 9], [1, 0, 2, 1]]
    assert np.isnan(lines.bounds[1]).all()


coordinate = st.integers(-60, 560).map(float)
street = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=8).map(LineString)


@settings(max_examples=60, deadline=None)
@given(st.lists(street, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_pieces_add_up_whatever_the_order(streets: list[LineString], random: object) -> None:
    for name in ("reference", "fast"):  # the others cut with these
        engine = engine_named(name)
        lines = shapes(*streets)
        pieces = engine.lengths(lines, SQUARES, AREA)
        total = np.bincount(pieces.row, pieces.measure, len(lines))
        assert total == pytest.approx(shapely.length(lines), rel=1e-9)
        back = engine.lengths(lines[::-1], SQUARES, AREA)
        mirrored = sorted(
            (len(lines) - 1 - row, *rest)
            for row, *rest in zip(
                back.row.tolist(), back.unit.tolist(), back.inside.tolist(), strict=True
            )
        )
        assert mirrored == list(
            zip(pieces.row.tolist(), pieces.unit.tolist(), pieces.inside.tolist(), strict=True)
        )


@settings(max_examples=60, deadline=None)
@given(
    street,
    st.lists(st.tuples(coordinate, coordinate, st.floats(0, 40), st.floats(0, 40)), max_size=6),
)
def test_reach_is_a_buffer_without_its_error(
    line: LineString, lamps: list[tuple[float, float, float, float]]
) -> None:
    """A buffer of many segments is the peer; it falls short of the circle by its facets only."""
    points = shapes(*(Point(x, y) for x, y, _, _ in lamps))
    sure = np.array([r for *_, r, _ in lamps], float)
    maybe = np.maximum(sure, np.array([r for *_, r in lamps], float))
    lines = shapes(*(LineString(pair) for pair in zip(line.coords, line.coords[1:], strict=False)))
    found = engine_named("reference").reach(lines, SQUARES, AREA, points, sure, maybe)
    assert (found.certain <= found.possible + 1e-9).all()
    assert (found.possible <= found.measure + 1e-9).all()
    served = shapely.union_all(
        [shapely.buffer(p, r, quad_segs=64) for p, r in zip(points, sure, strict=True) if r > 0]
    )
    expected = shapely.length(shapely.intersection(lines, served)).sum()
    assert found.certain.sum() == pytest.approx(expected, abs=0.2 * (1 + len(lamps)) * len(lines))
