"""Plain geometry told from its bytes is what drawing those bytes gives; what is not plain is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box

from geo.sources.undrawn import Undrawn, undrawn

# Nearer to nothing than a micron a place is at it: the length of what is far shorter would be lost to arithmetic.
number = st.floats(-1e6, 1e6).map(lambda at: at if abs(at) > 1e-6 else 0.0)
place = st.tuples(number, number)
line = st.lists(place, min_size=2, max_size=6).map(LineString)
surface = st.tuples(number, number, st.floats(1, 9), st.floats(1, 9)).map(
    lambda one: box(one[0], one[1], one[0] + one[2], one[1] + one[3])
)
columns = st.one_of(
    st.lists(one | st.none(), min_size=1, max_size=12)
    for one in (
        place.map(Point),
        line,
        surface,
        line.map(lambda one: MultiLineString([one])),
        surface.map(lambda one: MultiPolygon([one])),
    )
)


def binary(shapes: list[Any], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array(
        [pa.array(list(shapely.to_wkb(np.array(shapes, dtype=object))), type=kind or pa.binary())]
    )


@given(columns, st.sampled_from([pa.binary(), pa.large_binary()]), st.booleans())
def test_plain_shapes_come_out_as_they_are(shapes: list[Any], kind: pa.DataType, cut: bool) -> None:
    column = binary([*shapes, *shapes], kind)
    column = (
        column.slice(len(shapes)) if cut else pa.chunked_array([*column.chunks, *column.chunks])
    )
    expected = shapely.from_wkb(column.to_numpy())
    found = undrawn(column)
    if all(shape is None for shape in shapes):
        assert found is None
        return
    assert found is not None
    drawn = found.drawn()
    assert [shape is None for shape in drawn] == [shape is None for shape in expected]
    present = ~shapely.is_missing(expected)
    assert shapely.equals_exact(drawn[present], expected[present]).all()
    assert (shapely.get_type_id(drawn) == shapely.get_type_id(expected)).all()


@pytest.mark.parametrize(
    "shapes",
    [
        [],
        [None],
        [Point()],
        [LineString()],
        [Point(1, 2), Point()],
        [LineString([(0, 0), (1, 1)]), LineString()],
        [Point(1, 2, 3)],
        [MultiPoint([(1, 2)])],
        [Point(1, 2), LineString([(0, 0), (1, 1)])],
        [LineString([(0, 0), (1, 1)]), MultiLineString([[(0, 0), (1, 1)]])],
        [MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3)]])],
        [Polygon([(0, 0), (9, 0), (9, 9)], [[(1, 1), (2, 1), (2, 2)]])],
    ],
)
def test_what_is_not_plain_is_left_to_be_drawn(shapes: list[Any]) -> None:
    assert undrawn(binary(shapes)) is None


GOOD = LineString([(0, 0), (1, 1), (2, 0)]).wkb


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"\x01", GOOD[:-1], GOOD + b"\0", b"\x00" + GOOD[1:], b"\x07" + GOOD[1:],
        GOOD[:5] + b"\xff\xff\xff\xff" + GOOD[9:], GOOD[:5] + b"\x01\0\0\0" + GOOD[9:25], GOOD[:9],
    ],
)  # fmt: skip
def test_a_broken_one_is_left_to_be_found(broken: bytes) -> None:
    for column in ([broken], [GOOD, broken], [broken, GOOD]):
        assert undrawn(pa.chunked_array([pa.array(column, type=pa.binary())])) is None
    assert undrawn(pa.chunked_array([pa.array([GOOD], type=pa.binary())])) is not None


@pytest.mark.parametrize(
    ("kind", "places", "counts"),
    [
        (2, 1, [1]), (2, 3, [2]), (2, 2, [3]), (7, 2, [2]), (1, 2, [2]), (3, 3, [3]), (3, 5, [5]), (2, 2, [-2, 4]),
    ],
)  # fmt: skip
def test_numbers_that_make_no_shape_are_refused(kind: int, places: int, counts: list[int]) -> None:
    numbers = np.arange(2.0 * places).reshape(-1, 2)
    with pytest.raises(ValueError, match=r"shape|point|outline"):
        Undrawn(kind, numbers, np.array(counts))
