"""Edges → area → decisions, on a square of 1,000 m whose answers can be seen."""

from __future__ import annotations

import math
from typing import get_args

import geopandas as gpd
import made
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scope_cases import ScopeCase, scope_cases, scope_disagreement
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.bearings import Surveyor
from geo.catalog import load_catalog
from geo.edges import Area, area_of
from geo.engine.outlines import Outlines
from geo.errors import DataError, ScopeError
from geo.model import RuleName, ScopeRule
from geo.scope import decide, scope_of

MEETING: dict[str, BaseGeometry] = {
    "north": LineString([(0, 1000), (1000, 1000)]),
    "east": LineString([(1000, 1000), (1000, 0)]),
    "south": LineString([(0, 0), (1000, 0)]),
    "west": LineString([(0, 0), (0, 1000)]),
}


def edges(accuracy_m: float = 0.0, **changed: BaseGeometry | None) -> gpd.GeoDataFrame:
    sides = {side: line for side, line in {**MEETING, **changed}.items() if line is not None}
    return gpd.GeoDataFrame(
        {"side": list(sides), "accuracy_m": [accuracy_m] * len(sides)},
        geometry=list(sides.values()),
        crs="EPSG:4549",
    )


def how(area: Area) -> dict[str, str]:
    return {"-".join(corner.sides): corner.how for corner in area.corners}


def units(*outlines: BaseGeometry) -> gpd.GeoDataFrame:
    codes = [f"u{number}" for number in range(len(outlines))]
    return gpd.GeoDataFrame(
        {"unit_code": codes, "unit_name": codes}, geometry=list(outlines), crs="EPSG:4549"
    )


def test_edges_that_meet_enclose_the_square() -> None:
    area = area_of(edges(), ScopeRule())
    assert area.polygon.area == pytest.approx(1_000_000)
    assert set(how(area).values()) == {"met"}
    assert [part.sides for part in area.parts] == [("north",), ("east",), ("south",), ("west",)]


def test_edges_that_fall_short_go_straight_on() -> None:
    short = edges(
        north=LineString([(50, 1000), (950, 1000)]),
        east=LineString([(1000, 950), (1000, 50)]),
        south=LineString([(50, 0), (950, 0)]),
        west=LineString([(0, 50), (0, 950)]),
    )
    area = area_of(short, ScopeRule())
    assert area.polygon.area == pytest.approx(1_000_000)
    assert set(how(area).values()) == {"extended"}
    assert [corner.gap_m for corner in area.corners] == pytest.approx([100.0] * 4)


def test_edges_that_cross_are_trimmed() -> None:
    crossing = edges(
        north=LineString([(-50, 1000), (1050, 1000)]), west=LineString([(0, -70), (0, 1070)])
    )
    area = area_of(crossing, ScopeRule())
    assert area.polygon.area == pytest.approx(1_000_000)
    assert how(area)["west-north"] == "trimmed"


def test_edges_drawn_the_other_way_round_are_the_same_edges() -> None:
    turned = {side: LineString(list(line.coords)[::-1]) for side, line in MEETING.items()}
    assert area_of(edges(**turned), ScopeRule()).polygon.equals(
        area_of(edges(), ScopeRule()).polygon
    )


def test_an_edge_in_pieces_that_join_is_one_edge() -> None:
    pieces = MultiLineString([[(600, 1000), (1000, 1000)], [(0, 1000), (600, 1000)]])
    assert area_of(edges(north=pieces), ScopeRule()).polygon.area == pytest.approx(1_000_000)


def test_an_edge_in_pieces_that_do_not_join_is_named() -> None:
    pieces = MultiLineString([[(0, 1000), (400, 1000)], [(600, 1000), (1000, 1000)]])
    with pytest.raises(ScopeError, match="2 separate lines on the north side"):
        area_of(edges(north=pieces), ScopeRule())


def test_a_sluice_is_an_edge_through_a_point() -> None:
    through = area_of(edges(west=Point(-100, 500)), ScopeRule())
    # The square and the triangle out to the point: 1000 × 100 / 2.
    assert through.polygon.area == pytest.approx(1_050_000)
    trimmed = area_of(edges(west=Point(200, 500)), ScopeRule())
    assert trimmed.polygon.area == pytest.approx(800_000)


def test_where_a_side_has_a_line_a_point_is_only_evidence() -> None:
    both = edges()
    both.loc[len(both)] = {"side": "west", "accuracy_m": 900.0, "geometry": Point(-300, 500)}
    area = area_of(both, ScopeRule())
    assert area.polygon.area == pytest.approx(1_000_000)
    assert {part.accuracy_m for part in area.parts} == {0.0}


def test_parallel_ends_are_joined_and_the_join_is_as_uncertain_as_half_its_gap() -> None:
    offset = edges(
        north=LineString([(0, 1000), (800, 1000), (900, 1100)]),
        east=LineString([(1100, 1100), (1000, 1000), (1000, 0)]),
    )
    area = area_of(offset, ScopeRule())
    assert how(area)["north-east"] in ("extended", "joined")
    joined = area_of(
        edges(
            north=LineString([(0, 1000), (800, 1000), (800, 900)]),
            east=LineString([(1000, 900), (1000, 0)]),
        ),
        ScopeRule(),
    )
    assert how(joined)["north-east"] == "joined"
    join = next(part for part in joined.parts if part.sides == ("north", "east"))
    assert join.line.length == pytest.approx(200)
    assert join.accuracy_m == pytest.approx(100)


def test_open_corners_are_named_with_their_widths_all_together() -> None:
    far = edges(east=LineString([(3000, 1000.0), (3000, 0)]))
    with pytest.raises(ScopeError) as caught:
        area_of(far, ScopeRule())
    assert "the north-east corner open by 2,000.0 m" in str(caught.value)
    assert "the east-south corner open by 2,000.0 m" in str(caught.value)
    assert area_of(far, ScopeRule(close_within_m=2500)).polygon.area == pytest.approx(3_000_000)


def test_edges_less_sure_may_be_closed_over_wider_corners() -> None:
    far = {"east": LineString([(1800, 1000), (1800, 0)])}
    with pytest.raises(ScopeError):
        area_of(edges(**far), ScopeRule())
    assert area_of(edges(accuracy_m=400, **far), ScopeRule()).polygon.area == pytest.approx(
        1_800_000
    )


def test_missing_sides_are_all_named() -> None:
    with pytest.raises(ScopeError) as caught:
        area_of(edges(north=None, west=None), ScopeRule())
    assert len(caught.value.faults) == 2
    assert "no north edge" in str(caught.value)
    assert "no west edge" in str(caught.value)


def test_edges_named_wrongly_do_not_enclose_anything() -> None:
    swapped = edges(north=MEETING["south"], south=MEETING["north"])
    with pytest.raises(ScopeError):
        area_of(swapped, ScopeRule())


ROW = (
    box(100, 100, 200, 200),  # inside
    box(950, 400, 1050, 500),  # half
    box(1100, 400, 1200, 500),  # outside by 100 m
    box(903, 400, 1003, 500),  # 97 % inside
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("area_share", ["in", "partly", "out", "in"]),
        ("representative_point", ["in", "in", "out", "in"]),
        ("any_overlap", ["in", "in", "out", "in"]),
    ],
)
def test_each_rule_decides(rule: RuleName, expected: list[str]) -> None:
    rows = decide(units(*ROW), area_of(edges(), ScopeRule()), ScopeRule(rule=rule))
    assert rows["decision"].tolist() == expected
    assert rows["share"].tolist() == pytest.approx([1.0, 0.5, 0.0, 0.97])
    assert not rows["near_edge"].any()


def test_margin_is_the_way_to_the_border_of_the_area() -> None:
    area = area_of(edges(), ScopeRule())
    rows = decide(units(*ROW), area, ScopeRule())
    assert rows["margin_m"].tolist() == pytest.approx([100, 0, 100, 0])
    assert rows["nearest_side"].tolist()[1:] == ["east"] * 3
    by_point = decide(units(*ROW), area, ScopeRule(rule="representative_point"))
    assert by_point["margin_m"].tolist() == pytest.approx([150, 0, 150, 47])


@pytest.mark.parametrize(("accuracy_m", "near"), [(99, False), (110, True)])
def test_a_unit_is_near_the_edge_where_the_edge_may_reach_it(accuracy_m: float, near: bool) -> None:
    rows = decide(units(ROW[2]), area_of(edges(accuracy_m), ScopeRule()), ScopeRule())
    assert rows["decision"].tolist() == ["out"]
    assert rows["near_edge"].tolist() == [near]
    assert rows["sides"].tolist() == [("east",) if near else ()]


def test_a_unit_cut_by_a_well_known_edge_names_the_edge_that_cuts_it() -> None:
    corner = box(950, 950, 1050, 1050)
    rows = decide(units(ROW[1], corner), area_of(edges(1), ScopeRule()), ScopeRule())
    assert rows["near_edge"].tolist() == [False, False]
    assert rows["sides"].tolist() == [("east",), ("north", "east")]


def test_a_unit_without_an_outline_cannot_be_decided() -> None:
    with pytest.raises(DataError, match="rows u1: found units without an outline"):
        decide(units(ROW[0], box(0, 0, 0, 0)), area_of(edges(), ScopeRule()), ScopeRule())


def test_no_units_give_no_rows() -> None:
    assert decide(units(), area_of(edges(), ScopeRule()), ScopeRule()).empty


@settings(max_examples=60, deadline=None)
@given(
    st.integers(-200, 1200),
    st.integers(-200, 1200),
    st.integers(1, 400),
    st.sampled_from(["area_share", "representative_point", "any_overlap"]),
)
def test_a_decision_agrees_with_its_share(x: int, y: int, size: int, rule: RuleName) -> None:
    outline = box(x, y, x + size, y + size)
    row = decide(units(outline), area_of(edges(), ScopeRule()), ScopeRule(rule=rule)).iloc[0]
    expected = outline.intersection(box(0, 0, 1000, 1000)).area / outline.area
    assert row["share"] == pytest.approx(expected, abs=1e-12)
    if expected == 1:
        assert row["decision"] == "in"
    if expected == 0 and rule != "representative_point":
        assert row["decision"] == "out"
    assert row["near_edge"] in (False, True)
    assert row["margin_m"] >= 0


WAVE = [(1000 + 60 * math.sin(step / 9), 1000 - step) for step in range(0, 1001, 2)]


@pytest.mark.parametrize("rule", get_args(RuleName))
@pytest.mark.parametrize("accuracy_m", [0.0, 25.0])
def test_a_border_in_pieces_decides_as_the_whole(
    rule: RuleName, accuracy_m: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wavy eastern edge: cut up, and searched by boxes, it gives the same rows to the last unit."""
    area = area_of(edges(accuracy_m, east=LineString(WAVE)), ScopeRule())
    squares = units(
        *(box(x, y, x + 70, y + 90) for x in range(-150, 1200, 75) for y in range(-150, 1150, 95))
    )
    decided = []
    for vertices, pairs in ((1 << 30, 1 << 60), (16, 0)):
        monkeypatch.setattr("geo.scope.PIECE_VERTICES", vertices)
        monkeypatch.setattr("geo.bearings.FAST_PAIRS", pairs)
        decided.append(decide(squares, area, ScopeRule(rule=rule)))
    pd.testing.assert_frame_equal(*decided, rtol=0, atol=1e-9)
    plain = shapely.area(shapely.intersection(squares.geometry, area.polygon)) / (70 * 90)
    assert decided[1]["share"].to_numpy() == pytest.approx(plain, abs=1e-9)
    far = shapely.distance(shapely.boundary(squares.geometry), area.polygon.exterior)
    if rule != "representative_point":
        assert decided[1]["margin_m"].to_numpy() == pytest.approx(far, abs=1e-9)
    assert set(decided[1]["decision"]) >= {"in", "out"}


@pytest.mark.parametrize("rule", get_args(RuleName))
def test_a_unit_on_both_sides_of_an_edge_it_keeps_away_from_is_placed_alike(rule: RuleName) -> None:
    beyond, within = box(3000, 0, 3100, 100), box(400, 400, 600, 600)
    around = box(-500, -500, 1500, 1500)
    cases: list[BaseGeometry] = [
        MultiPolygon([beyond, within]),  # a village with an exclave
        MultiPolygon([within, beyond]),
        around,  # one that holds the whole area
        around.difference(box(-50, -50, 1050, 1050)),  # and one that lies around it
    ]
    laid = np.array(cases, dtype=object)
    assert (
        scope_disagreement(ScopeCase(laid, area_of(edges(), ScopeRule()), ScopeRule(rule=rule)))
        is None
    )


def test_a_hole_without_vertices_is_no_ring() -> None:
    square = box(0, 0, 10, 10)
    outlines = Outlines.from_shapely(
        np.array([Polygon(square.exterior, [Polygon().exterior]), square], dtype=object)
    )
    assert outlines.rings.starts.tolist() == [0, 5, 10]
    assert outlines.areas().tolist() == [100.0, 100.0]


def test_of_many_units_one_that_holds_the_area_is_not_out() -> None:
    fine = area_of(
        edges(**{side: shapely.segmentize(line, 0.5) for side, line in MEETING.items()}),
        ScopeRule(),
    )
    far = [box(2000 + 20 * number, 0, 2010 + 20 * number, 10) for number in range(600)]
    decided = decide(units(box(-500, -500, 1500, 1500), *far), fine, ScopeRule())
    assert decided.loc[0, "share"] == pytest.approx(0.25)
    assert (decided["share"][1:] == 0).all()


def test_no_margin_hangs_on_the_order_or_on_the_batches() -> None:
    chance = np.random.default_rng(5)
    wavy = {
        side: shapely.transform(
            shapely.segmentize(line, 0.7), lambda xy: xy + np.sin(xy[:, ::-1] / 20) * 9
        )
        for side, line in MEETING.items()
    }
    corner = chance.uniform(-900, 1900, (900, 2)).round(1)
    squares = shapely.box(*corner.T, *(corner + chance.uniform(1, 60, (900, 2)).round(1)).T)
    outlines = shapely.segmentize(squares, 11)
    surveyor = Surveyor(area_of(edges(**wavy), ScopeRule()), of_points=False)
    in_turn = surveyor.by_kernels(Outlines.from_shapely(outlines))
    order = chance.permutation(len(outlines))
    shuffled = surveyor.by_kernels(Outlines.from_shapely(outlines[order]))
    binary = pa.array(shapely.to_wkb(outlines))
    in_batches = surveyor.bearings_of_batches(
        lambda batch: binary[90 * batch : 90 * batch + 90], 10
    )
    for name in ("margin_m", "nearest", "within"):
        expected = getattr(in_turn, name)
        assert getattr(shuffled, name).tolist() == expected[order].tolist()
        assert getattr(in_batches, name).tolist() == expected.tolist()
    assert in_batches.near.tolist() == in_turn.near.tolist()
    assert np.sort(order[shuffled.near]).tolist() == in_turn.near.tolist()
    plain = surveyor.plain(outlines)
    assert in_turn.margin_m == pytest.approx(plain.margin_m, abs=1e-9)
    assert (in_turn.margin_m == 0).any()
    assert (in_turn.margin_m > 500).any()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(scope_cases())
def test_by_kernels_and_by_geometry_a_unit_is_placed_alike(case: ScopeCase) -> None:
    assert scope_disagreement(case) is None


@pytest.mark.parametrize("flavor", ["extended", "iso"])
def test_outlines_are_read_from_binary_as_they_are_drawn(flavor: str) -> None:
    ring = Polygon(box(0, 0, 9, 9).exterior, [box(2, 2, 3, 3).exterior.coords])
    outlines = np.array(
        [
            box(0, 0, 1, 2),
            None,
            ring,
            MultiPolygon([ring, box(10, 0, 12, 1)]),
            Polygon(),
            shapely.force_3d(box(0, 0, 3, 3), 7.0),
        ],
        object,
    )
    for type_ in (pa.binary(), pa.large_binary()):
        read = Outlines.from_wkb(pa.array(shapely.to_wkb(outlines, flavor=flavor), type_))
        expected = Outlines.from_shapely(outlines)
        assert (
            read.areas().tolist() == [2.0, 0.0, 80.0, 82.0, 0.0, 9.0] == expected.areas().tolist()
        )
        assert read.hole.tolist() == expected.hole.tolist()
        assert read.rings.feature.tolist() == expected.rings.feature.tolist()
        assert read.rings.xy.tolist() == expected.rings.xy.tolist()
        assert read.draw(np.array([2]))[0].equals(ring)


def test_damaged_outlines_are_refused() -> None:
    whole = shapely.to_wkb(box(0, 0, 1, 1))
    for broken in (
        whole[:-1],
        whole[:9],
        whole[:5] + b"\xff" * 4 + whole[9:],
        whole[:9] + b"\xff" * 4 + whole[13:],
        whole[:-8] + b"\x11" * 8,
    ):
        with pytest.raises(shapely.errors.GEOSException):
            Outlines.from_wkb(pa.array([whole, broken]))


def test_edges_without_units_enclose_an_area_in_which_nothing_is_decided() -> None:
    catalog = load_catalog()
    edges = made.squares(catalog.layers)["boundary_edges"]
    scope = scope_of(made.survey_of({"boundary_edges": edges}, catalog))
    assert scope.area.polygon.area > 0
    assert list(scope.rows.columns[:3]) == ["unit_code", "unit_name", "level"]
    assert scope.rows.empty
