"""Where along a street: stretches that are seen at a glance, and that add up to the figures whoever made these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import made
import numpy as np
import pandas as pd
import pytest
import shapely
from engine_cases import Case, cases
from hypothesis import HealthCheck, given, settings
from shapely import LineString, MultiLineString, Point, box

import geo
from geo.catalog import load_catalog
from geo.conditions import NO, UNKNOWN, YES
from geo.coverage import coverage_of, rows_behind
from geo.engine import (
    ENGINES,
    ReachPieces,
    Stretches,
    engine_named,
    reach_parts,
    stretches,
)
from geo.engine.intervals import NOISE_M, segments_of
from geo.engine.lines import Lines
from geo.errors import StoreError, UnknownNameError
from geo.stretches import STATUSES, stretches_of
from geo.survey import Survey, open_survey

REACH = "lighting.lamp_reach"
STREET = LineString([(0, 0), (100, 0)])
NOWHERE = np.array([], object)
TWO_SQUARES = np.array([box(0, -50, 50, 50), box(50, -50, 100, 50)], object)


def objects(*items: Any) -> Any:
    array = np.empty(len(items), object)
    array[:] = items
    return array


def cut(
    line: Any,
    lamps: list[tuple[float, float, float, float]],
    units: Any = NOWHERE,
    area: Any = None,
) -> Stretches:
    """A line by lamps of (x, y, surely reaching, perhaps reaching)."""
    spots = objects(*(Point(x, y) for x, y, _, _ in lamps))
    sure, maybe = np.array([lamp[2:] for lamp in lamps], float).reshape(-1, 2).T
    return of(Case(objects(line), units, area, spots, sure, maybe))


def of(case: Case) -> Stretches:
    parts = reach_parts(
        case.lines, case.units, case.area, case.points, case.certain_m, case.possible_m
    )
    kind = np.where(parts.certain, YES, np.where(parts.possible, UNKNOWN, NO)).astype(np.int8)
    return stretches(parts, kind)


def said(found: Stretches) -> list[tuple[str, str]]:
    """(status, geometry) of each stretch."""
    return [
        (STATUSES[kind], shapely.to_wkt(shape, rounding_precision=6))
        for kind, shape in zip(found.kind.tolist(), found.geometry, strict=True)
    ]


# ---------------------------------------------------------------- seen at a glance


def test_a_lamp_amid_a_street_lights_the_middle_of_it() -> None:
    found = cut(STREET, [(50, 0, 30, 30)])
    assert said(found) == [
        ("not_covered", "LINESTRING (0 0, 20 0)"),
        ("covered", "LINESTRING (20 0, 80 0)"),
        ("not_covered", "LINESTRING (80 0, 100 0)"),
    ]
    assert found.measure.tolist() == [20, 60, 20]


def test_a_lamp_beside_the_street_lights_the_chord_of_its_circle() -> None:
    found = cut(STREET, [(50, 24, 30, 30)])  # 18 m each way, since 18² + 24² = 30²
    assert found.measure.tolist() == pytest.approx([32, 36, 32], abs=1e-9)


def test_lamps_whose_reach_overlaps_light_one_stretch() -> None:
    found = cut(STREET, [(20, 0, 20, 20), (30, 0, 20, 20), (60, 0, 20, 20)])
    assert said(found) == [
        ("covered", "LINESTRING (0 0, 80 0)"),
        ("not_covered", "LINESTRING (80 0, 100 0)"),
    ]


def test_what_only_an_unknown_lamp_may_reach_is_unknown_and_what_another_reaches_is_not() -> None:
    found = cut(STREET, [(20, 0, 10, 10), (40, 0, 0, 20)])
    assert said(found) == [
        ("not_covered", "LINESTRING (0 0, 10 0)"),
        ("covered", "LINESTRING (10 0, 30 0)"),
        ("unknown", "LINESTRING (30 0, 60 0)"),
        ("not_covered", "LINESTRING (60 0, 100 0)"),
    ]


def test_a_stretch_goes_round_a_bend_with_the_vertices_of_its_street() -> None:
    bent = LineString([(0, 0), (30, 0), (30, 0), (60, 0), (60, 40)])
    assert said(cut(bent, [(60, 0, 30, 30)])) == [
        ("not_covered", "LINESTRING (0 0, 30 0)"),
        ("covered", "LINESTRING (30 0, 60 0, 60 30)"),
        ("not_covered", "LINESTRING (60 30, 60 40)"),
    ]


def test_no_stretch_leaps_from_one_part_of_a_street_to_the_next() -> None:
    parted = MultiLineString([[(0, 0), (40, 0)], [(60, 0), (100, 0)]])
    assert said(cut(parted, [])) == [
        ("not_covered", "LINESTRING (0 0, 40 0)"),
        ("not_covered", "LINESTRING (60 0, 100 0)"),
    ]


def test_a_street_that_runs_back_over_itself_keeps_both_ways() -> None:
    found = cut(LineString([(0, 0), (100, 0), (0, 0)]), [(50, 0, 30, 30)])
    assert found.measure.tolist() == [20, 60, 40, 60, 20]


def test_units_and_the_area_end_a_stretch_where_they_are_given() -> None:
    found = cut(STREET, [(50, 0, 30, 30)], TWO_SQUARES, box(0, -50, 70, 50))
    assert list(
        zip(
            found.unit.tolist(),
            found.inside.tolist(),
            (STATUSES[kind] for kind in found.kind.tolist()),
            found.measure.tolist(),
            strict=True,
        )
    ) == [
        (0, True, "not_covered", 20),
        (0, True, "covered", 30),
        (1, True, "covered", 20),
        (1, False, "covered", 10),
        (1, False, "not_covered", 20),
    ]


def test_reaches_that_all_but_meet_leave_no_gap_between_them_nor_at_the_ends() -> None:
    hair = 4e-9  # two of them are less than the noise of coordinates, which is 1e-8 m
    lamps = [(25.0, 0.0, 25 - hair, 25 - hair), (75.0, 0.0, 25 - hair, 25 - hair)]
    found = cut(STREET, lamps)
    assert said(found) == [("covered", "LINESTRING (0 0, 100 0)")]
    assert found.measure.tolist() == [100]
    far = [(x, y, sure - 1e-7, maybe - 1e-7) for x, y, sure, maybe in lamps]
    assert [status for status, _ in said(cut(STREET, far))] == [
        *("not_covered", "covered", "not_covered", "covered", "not_covered")
    ]


def test_a_gap_at_the_border_of_a_unit_goes_to_the_neighbour_on_its_own_side() -> None:
    hair = 4e-9
    found = cut(STREET, [(75, 0, 25 - hair, 25 - hair)], TWO_SQUARES)
    assert list(zip(found.unit.tolist(), found.kind.tolist(), strict=True)) == [(0, NO), (1, YES)]
    assert found.measure.tolist() == [50, 50]


def test_a_stretch_that_begins_a_hair_before_a_vertex_or_ends_after_it_has_it_once() -> None:
    x, y = 509_632.0, 3_342_511.0  # where a hair is less than a digit
    bent = LineString([(x, y), (x + 50, y), (x + 50, y + 50)])
    found = cut(bent, [(x, y, 50 - 2e-11, 50 - 2e-11)])
    assert [shapely.get_coordinates(shape).tolist() for shape in found.geometry] == [
        [[x, y], [x + 50, y]],
        [[x + 50, y], [x + 50, y + 50]],
    ]
    straight = LineString([(x, y), (x + 50, y), (x + 100, y)])
    found = cut(straight, [(x, y, 50 + 2e-11, 50 + 2e-11)])
    assert [shapely.get_coordinates(shape).tolist() for shape in found.geometry] == [
        [[x, y], [x + 50, y]],
        [[x + 50, y], [x + 100, y]],
    ]


def test_what_is_not_there_has_no_stretches() -> None:
    for line in (None, LineString(), LineString([(1, 1), (1, 1)])):
        assert len(cut(line, [(0, 0, 5, 5)])) == 0


def test_arrays_of_coordinates_are_cut_like_geometries() -> None:
    case = Case(
        objects(STREET), NOWHERE, None, objects(Point(50, 0)), np.array([30.0]), np.array([30.0])
    )
    arrays = Case(Lines.from_shapely(case.lines), *list(vars(case).values())[1:])
    assert said(of(arrays)) == said(of(case))


# ---------------------------------------------------------------- whatever the shapes


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_stretches_add_up_to_what_every_engine_measures(case: Case) -> None:
    found = of(case)
    length = np.nan_to_num(shapely.length(case.lines))
    keys = list(zip(found.row.tolist(), found.unit.tolist(), found.inside.tolist(), strict=True))
    for name in ("reference", "fast"):
        pieces = engine_named(name).reach(
            case.lines, case.units, case.area, case.points, case.certain_m, case.possible_m
        )
        measured = {**dict.fromkeys(keys, (0.0, 0.0, 0.0)), **by_status(pieces)}
        for key, expected in measured.items():
            mine = [
                sum(
                    metres
                    for one, of_kind, metres in zip(keys, found.kind, found.measure, strict=True)
                    if one == key and of_kind == kind
                )
                for kind in (YES, NO, UNKNOWN)
            ]
            # The tolerance that engines are held to among each other (engine_cases).
            assert mine == pytest.approx(expected, abs=1e-9 * length[key[0]] + 5e-8), (name, key)


def by_status(pieces: ReachPieces) -> dict[tuple[int, int, bool], tuple[float, float, float]]:
    covered, not_covered = pieces.certain, pieces.measure - pieces.possible
    unknown = pieces.possible - pieces.certain
    keys = zip(pieces.row.tolist(), pieces.unit.tolist(), pieces.inside.tolist(), strict=True)
    figures = zip(covered.tolist(), not_covered.tolist(), unknown.tolist(), strict=True)
    return dict(zip(keys, figures, strict=True))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_stretches_follow_one_another_along_their_line_and_are_what_circles_say(case: Case) -> None:
    """In order, end to end, none over another; and each lies as a whole in, or out of, the lamps' circles."""
    found = of(case)
    segments = segments_of(case.lines)
    scale = float(np.nanmax(np.abs(shapely.total_bounds(case.lines)), initial=1.0))
    near = 1e-6 + 1e-12 * scale
    for row in range(len(case.lines)):
        mine = np.flatnonzero(found.row == row)
        along = np.append(0.0, np.cumsum(segments.length[segments.row == row]))
        starts = segments.start[segments.row == row]
        ways = segments.end[segments.row == row] - starts
        done = 0.0
        for place in mine:
            xy = shapely.get_coordinates(found.geometry[place])
            steps = np.hypot(*np.diff(xy, axis=0).T)
            assert (steps > 0).all()
            assert steps.sum() == pytest.approx(found.measure[place], abs=near)
            for middle, step in zip((xy[:-1] + xy[1:]) / 2, steps.tolist(), strict=True):
                at = done + step / 2
                one = min(int(np.searchsorted(along, at, side="right")) - 1, len(starts) - 1)
                share = (at - along[one]) / (along[one + 1] - along[one])
                if step > 1e-3:  # what is shorter may lie beyond a break by rounding alone
                    assert starts[one] + ways[one] * share == pytest.approx(middle, abs=near)
                    assert found.kind[place] in held_against_circles(case, middle, near)
                done += step
        assert done == pytest.approx(along[-1], abs=near)


def held_against_circles(case: Case, place: Any, near: float) -> set[int]:
    """What may be said of a place: two things where it lies on a circle, one elsewhere."""
    away = np.nan_to_num(shapely.distance(case.points, Point(place)), nan=np.inf)
    sure = np.where(case.certain_m > 0, case.certain_m - away, -np.inf).max(initial=-np.inf)
    maybe = np.where(case.possible_m > 0, case.possible_m - away, -np.inf).max(initial=-np.inf)
    # Near a circle's rim a chord is as long as the root of what is left.
    slack = 10 * near
    kinds = {YES} if sure > -slack else set()
    if sure < slack and maybe > -slack:
        kinds.add(UNKNOWN)
    if maybe < slack:
        kinds.add(NO)
    return kinds


# ---------------------------------------------------------------- of a survey


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = made.write_district(
        tmp_path_factory.mktemp("made") / "squares", made.squares(load_catalog().layers)
    )
    made.squares_raster(folder)
    return open_survey(folder)


def sums(found: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    table = found.pivot_table(
        index=by, columns="status", values="length_m", aggfunc="sum", fill_value=0.0, dropna=False
    )
    return table.reindex(columns=sorted(STATUSES.values()), fill_value=0.0)


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("district", ["squares", "embedded"])
def test_stretches_are_what_the_rows_behind_the_figure_measure(
    engine: str, district: str, squares: Survey
) -> None:
    survey = squares if district == "squares" else open_survey()
    by = ["fid", "unit_code", "inside"]
    rows = rows_behind(survey, REACH, engine=engine)
    rows = rows.assign(unit_code=rows["unit_code"].fillna("–"))
    found = stretches_of(survey, REACH, by_unit=True)
    found = found.rename(columns={"source_fid": "fid"})
    mine = sums(found.assign(unit_code=found["unit_code"].fillna("–")), by)
    expected = rows.set_index(by)[list(mine.columns)].reindex(mine.index)
    assert len(mine) >= len(rows)
    pd.testing.assert_frame_equal(
        mine[expected.notna().all(axis=1)].rename_axis(columns=None),
        expected.dropna(),
        rtol=1e-9,
        atol=2 * NOISE_M,
    )
    assert mine[expected.isna().any(axis=1)].to_numpy().sum() == 0


def test_stretches_add_up_to_the_figure_of_the_district_with_and_without_units(
    squares: Survey,
) -> None:
    figures = coverage_of(squares, [REACH])
    figures = figures[(figures["level"] == "district")].set_index("scope")
    for by_unit in (False, True):
        found = stretches_of(squares, REACH, by_unit=by_unit)
        whole = found.groupby("status")["length_m"].sum()
        for status in STATUSES.values():
            assert whole[status] == pytest.approx(figures.loc["all", status], rel=1e-9)
    inside = found[found["inside"]].groupby("status")["length_m"].sum()
    for status in STATUSES.values():
        assert inside[status] == pytest.approx(figures.loc["inside", status], rel=1e-9)


def test_a_street_of_the_district_is_cut_as_its_lamps_say(squares: Survey) -> None:
    """S2 runs from 0 to 500 m east at 150 m north, past eight lamps; see `made.squares`."""
    found = stretches_of(squares, REACH)
    street = found[found["key"] == "S2"]
    ends = (street.geometry.bounds[["minx", "maxx"]] - made.ORIGIN[0]).round(6)
    chord = round(float(np.sqrt(14**2 - 8**2)), 6)
    assert list(zip(street["status"], ends["minx"], ends["maxx"], strict=True)) == [
        ("not_covered", 0, 36),
        ("covered", 36, 64),  # L1, of 8 m
        ("unknown", 64, 81),  # L7, whose height is missing
        ("not_covered", 81, 93),
        ("covered", 93, 107),  # L2, of 4 m
        ("not_covered", 107, 229),
        ("unknown", 229, 271),  # L3, whose height is missing
        ("not_covered", 271, 336),
        ("unknown", 336, 364),  # L4, of which nobody knows whether it works
        ("not_covered", 364, 430 - chord),  # L5 is broken
        ("covered", 430 - chord, 430 + chord),  # L6, 8 m aside
        ("not_covered", 430 + chord, 500),
    ]
    assert found.crs == made.CRS
    assert found["key"].drop_duplicates().tolist() == [f"S{n}" for n in range(1, 9)]


def test_they_go_into_a_file_as_they_are(squares: Survey, tmp_path: Path) -> None:
    for by_unit in (False, True):
        found = stretches_of(squares, REACH, by_unit=by_unit)
        found.to_file(tmp_path / "stretches.gpkg")
        read = gpd.read_file(tmp_path / "stretches.gpkg")
        assert read["length_m"].tolist() == found["length_m"].tolist()
        assert read["key"].tolist() == found["key"].tolist()
        assert read.crs == found.crs
        assert read.geom_equals(found.geometry).all()


def test_a_recount_by_buffers_finds_the_same_stretches_in_the_embedded_district() -> None:
    """Written from the definition: circles of 256 sides fall short of round ones by less than 8e-5 of the radius.

    That is two millimetres, and centimetres along a street that a circle only just reaches.
    """
    survey = open_survey()
    streets, lamps = survey.frame("back_streets").geometry, survey.frame("lamps")
    works, height = lamps["working"], lamps["height_m"]
    known = works.notna() & height.notna()
    reach = (1.75 * height).fillna(21.0).to_numpy()
    circles = pd.Series(shapely.buffer(lamps.geometry.to_numpy(), reach, quad_segs=64), lamps.index)
    lit = touching(streets, circles[known & works.fillna(False)])
    perhaps = touching(streets, circles[~known & works.fillna(True)])
    maybe = shapely.union(perhaps, lit)
    lines = streets.to_numpy()
    expected = {
        "covered": shapely.intersection(lines, lit),
        "not_covered": shapely.difference(lines, maybe),
        "unknown": shapely.difference(shapely.intersection(lines, maybe), lit),
    }
    found = stretches_of(survey, REACH)
    for status, grounds in expected.items():
        mine = found[found["status"] == status].groupby("source_fid")["length_m"].sum()
        apart = mine.reindex(streets.index, fill_value=0.0) - shapely.length(grounds)
        assert apart.abs().max() < 0.2, status
        assert apart.abs().sum() < 1e-4 * streets.length.sum(), status
        own = found[found["status"] == status]
        home = grounds[streets.index.get_indexer(own["source_fid"])]
        beyond = shapely.difference(own.geometry.to_numpy(), shapely.buffer(home, 0.2))
        assert shapely.length(beyond).max() == 0, status


def touching(streets: Any, circles: Any) -> Any:
    """Of each street, the circles that touch it as one."""
    circle, street = shapely.STRtree(streets).query(circles.to_numpy(), predicate="intersects")
    order = np.argsort(street, kind="stable")
    found = np.split(
        circles.to_numpy()[circle[order]], np.searchsorted(street[order], range(1, len(streets)))
    )
    return np.array([shapely.union_all(ones) for ones in found], dtype=object)


def test_a_street_that_may_not_be_of_the_kind_is_unknown_as_a_whole(
    squares: Survey, tmp_path: Path
) -> None:
    found = stretches_of(with_where(tmp_path), REACH)
    # S2 and S1 are of the fringe; of S5 nobody knows; the others are not asked about.
    assert set(found["key"]) == {"S1", "S2", "S5", "S7"}
    assert found[found["key"] == "S5"][["status", "length_m"]].to_numpy().tolist() == [
        ["unknown", 100.0]
    ]
    rows = rows_behind(with_where(tmp_path), REACH)
    for status in STATUSES.values():
        whole = found.loc[found["status"] == status, "length_m"].sum()
        assert whole == pytest.approx(rows[status].sum(), rel=1e-9)


def with_where(folder: Path) -> Survey:
    """The squares, where only the streets of the fringe are asked about."""
    district = folder / "fringe"
    if not district.exists():
        made.write_district(district, made.squares(load_catalog().layers))
        own = district / "layers" / "back_streets.toml"
        own.parent.mkdir()
        text = load_catalog().files["back_streets"].read_text(encoding="utf-8")
        asked = 'kind = "share_within_distance"\n'
        own.write_text(text.replace(asked, f'{asked}where = {{ zone = "fringe" }}\n'), "utf-8")
    return open_survey(district)


def test_an_indicator_of_another_kind_or_of_a_layer_that_is_not_there_is_answered(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnknownNameError, match=r"lighting\.lamp_reach"):
        stretches_of(open_survey(), "hardening.back_streets")
    frames = dict(made.squares(load_catalog().layers))
    del frames["lamps"]
    dark = open_survey(made.write_district(tmp_path / "dark", frames))
    with pytest.raises((UnknownNameError, StoreError), match="lamps"):
        geo.stretches_of(dark, REACH)


def test_a_round_without_a_single_street_has_none_and_a_figure_of_nought(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    frames["back_streets"] = frames["back_streets"].iloc[:0]
    survey = open_survey(made.write_district(tmp_path / "none", frames))
    assert stretches_of(survey, REACH).empty
    assert coverage_of(survey, [REACH])["total"].sum() == 0
