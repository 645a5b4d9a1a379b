"""The figures recounted: by eye in a district of squares, by DuckDB in a generated one."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import made
import pandas as pd
import pytest
import recount

from geo.catalog import load_catalog
from geo.coverage import AMOUNTS, coverage_of, for_readers, rows_behind
from geo.scope import scope_of
from geo.survey import Survey, open_survey

LAYERS = load_catalog().layers
CHORD = 2 * sqrt(14**2 - 8**2)

# Village → covered, not covered, unknown; villages that are left out have a total of 0; "–" is in no village.
# Columns 1 and 2 lie inside the area, column 3 with its western half.
EVERYWHERE: dict[str, dict[str, tuple[float, float, float]]] = {
    "hardening.back_streets": {
        "V11": (80, 15, 0),
        "V15": (0, 0, 80),
        "V21": (0, 100, 0),
        "V22": (0, 100, 0),
        "V23": (0, 100, 0),
        "V24": (0, 100, 0),
        "V25": (0, 100, 0),
        "V33": (0, 0, 60),
        "V35": (0, 80, 0),
        "V41": (30, 0, 0),
        "V44": (40, 0, 0),
        "V45": (50, 0, 0),
        "–": (50, 5, 0),
    },
    # S3 and S6 are urban; the zone of S5 is missing
    "hardening.fringe_roads": {
        "V11": (80, 0, 0),
        "V15": (0, 0, 80),
        "V21": (0, 100, 0),
        "V22": (0, 100, 0),
        "V23": (0, 100, 0),
        "V24": (0, 100, 0),
        "V25": (0, 100, 0),
        "V33": (0, 0, 60),
        "V35": (0, 80, 0),
        "V45": (0, 0, 50),
        "–": (0, 0, 50),
    },
    "cleaning.back_streets": {
        "V11": (0, 95, 0),
        "V15": (80, 0, 0),
        "V21": (100, 0, 0),
        "V22": (100, 0, 0),
        "V23": (100, 0, 0),
        "V24": (100, 0, 0),
        "V25": (100, 0, 0),
        "V33": (60, 0, 0),
        "V35": (80, 0, 0),
        "V41": (0, 0, 30),
        "V44": (0, 0, 40),
        "V45": (50, 0, 0),
        "–": (50, 5, 0),
    },
    # S1 and S6 meet all six; S2 is a tie of five villages, S5 of V45 and none
    "cleaning.six_no": {
        "V11": (2, 0, 0),
        "V15": (0, 0, 1),
        "V21": (0, 1, 0),
        "V33": (0, 0, 1),
        "V35": (0, 1, 0),
        "V44": (0, 0, 1),
        "V45": (0, 1, 0),
    },
    "lighting.lamp_reach": {
        "V11": (0, 95, 0),
        "V15": (49, 31, 0),
        "V21": (28 + 7, 48, 17),  # L1 and L2; L7 may add 64–81
        "V22": (7, 93, 0),
        "V23": (0, 58, 42),
        "V24": (0, 72, 28),
        "V25": (CHORD, 100 - CHORD, 0),
        "V33": (0, 60, 0),
        "V35": (0, 80, 0),
        "V41": (0, 30, 0),
        "V44": (0, 40, 0),
        "V45": (0, 50, 0),
        "–": (0, 55, 0),
    },
    "lighting.lamps_working": {
        "V15": (1, 0, 0),
        "V21": (3, 0, 0),
        "V23": (1, 0, 0),
        "V24": (0, 0, 1),
        "V25": (1, 1, 0),
    },
    "greening.housing_areas": {
        "V11": (1, 0, 0),
        "V13": (0, 1, 0),
        "V15": (1, 0, 0),
        "V22": (0, 0, 1),
        "V24": (0, 0, 1),
        "V31": (1, 0, 0),
        "V43": (0, 1, 0),
    },
    "lighting.scenic_works": {
        "V11": (0, 100, 0),
        "V25": (0, 0, 200),
        "V42": (1000, 0, 0),
        "V43": (2000, 0, 0),
        "V44": (1000, 0, 0),
        "–": (0, 0, 200),
    },
    # column 1 are communities; the kind of column 5 is missing
    "certification.villages": {
        **{f"V1{column}": (1, 0, 0) for column in (2, 3, 4)},
        **{f"V2{column}": (0, 1, 0) for column in (2, 3, 4)},
        **{f"V3{column}": (0, 0, 1) for column in (2, 3, 4)},
        **{f"V4{column}": (1, 0, 0) for column in (2, 3, 4)},
        **{f"V{row}5": (0, 0, 1) for row in (1, 2, 3, 4)},
    },
    "certification.communities": {
        "V11": (1, 0, 0),
        "V21": (0, 1, 0),
        "V31": (0, 0, 1),
        "V41": (1, 0, 0),
        **{f"V{row}5": (0, 0, 1) for row in (1, 2, 3, 4)},
    },
    # where four villages meet, the smallest code holds the point
    "weak_spots.closed": {"V11": (1, 0, 1), "V12": (0, 1, 0), "V22": (1, 0, 0), "–": (0, 1, 0)},
    "weak_spots.closed.produce_market": {"V11": (1, 0, 1), "V12": (0, 0, 1)},
    "weak_spots.closed.small_trade": {"V12": (0, 0, 1), "V22": (1, 0, 0), "–": (0, 1, 0)},
    "weak_spots.closed.small_water": {"V12": (0, 0, 1)},
    "greening.ndvi_cover": {
        **{f"V{row}1": (10_000, 0, 0) for row in (1, 2, 3, 4)},
        **{f"V{row}2": (8_000, 2_000, 0) for row in (1, 2, 3, 4)},
        **{f"V{row}3": (0, 10_000, 0) for row in (1, 2, 3, 4)},
        **{f"V{row}4": (6_000, 0, 4_000) for row in (1, 2, 3, 4)},
        **{f"V{row}5": (2_000, 0, 8_000) for row in (1, 2, 3, 4)},
    },
    "facades.renewed": {},
    "lighting.facades": {},
    "certification.work_units": {},
    "certification.towns": {"–": (1, 0, 1)},
}

# The same within the area, where it is not simply columns 1 to 3 of the table above.
INSIDE: dict[str, dict[str, tuple[float, float, float]]] = {
    "hardening.back_streets": {"V23": (0, 50, 0), "–": (0, 5, 0)},
    "hardening.fringe_roads": {"V23": (0, 50, 0), "–": (0, 0, 0)},
    "cleaning.back_streets": {"V23": (50, 0, 0), "–": (0, 5, 0)},
    "cleaning.six_no": {"V21": (0, 1, 0)},  # 250 of the 500 m of S2: half is enough
    "lighting.lamp_reach": {"V23": (0, 29, 21), "–": (0, 5, 0)},
    "lighting.scenic_works": {"V43": (1000, 0, 0), "–": (0, 0, 0)},
    "greening.ndvi_cover": {f"V{row}3": (0, 5_000, 0) for row in (1, 2, 3, 4)},
    "weak_spots.closed": {"–": (0, 0, 0)},
    "weak_spots.closed.small_trade": {"–": (0, 0, 0)},
}


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = made.write_district(tmp_path_factory.mktemp("squares"), made.squares(LAYERS))
    made.squares_raster(folder)
    return open_survey(folder)


@pytest.fixture(scope="module")
def squares_rows(squares: Survey) -> pd.DataFrame:
    return coverage_of(squares)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = made.write_district(tmp_path_factory.mktemp("generated"), made.generated(LAYERS))
    made.generated_raster(folder)
    return open_survey(folder)


@pytest.fixture(scope="module")
def recounted(generated: Survey) -> Any:
    return recount.connect(generated.district.rounds_folder / f"{made.ROUND}.gpkg")


@pytest.fixture(scope="module")
def figures(recounted: Any) -> recount.Figures:
    found = recount.recount(recounted)
    recount.recount_towns(recounted, found)
    return found


def figures_of(rows: pd.DataFrame, **chosen: str) -> dict[str, tuple[float, float, float]]:
    """Unit code ("–" for none) → covered, not covered, unknown."""
    for column, value in chosen.items():
        rows = rows[rows[column] == value]
    codes = rows["unit_code"].astype(object).where(rows["unit_code"].notna(), "–")
    values = rows[["covered", "not_covered", "unknown"]].itertuples(index=False, name=None)
    return dict(zip(codes, values, strict=True))


def in_columns(codes: Mapping[str, Any], columns: str) -> dict[str, Any]:
    return {code: value for code, value in codes.items() if code == "–" or code[2] in columns}


@pytest.mark.parametrize("scope", ["all", "inside"])
@pytest.mark.parametrize("indicator", EVERYWHERE)
def test_every_figure_of_the_squares(
    squares_rows: pd.DataFrame, indicator: str, scope: str
) -> None:
    expected = EVERYWHERE[indicator]
    if scope == "inside":
        expected = in_columns(expected, "123") | INSIDE.get(indicator, {})
    found = figures_of(squares_rows, indicator=indicator, level="village", scope=scope)
    for code, figures in found.items():
        assert figures == pytest.approx(expected.get(code, (0, 0, 0)), abs=2e-6), code
    assert set(expected) <= set(found)


@pytest.mark.parametrize("scope", ["all", "inside"])
def test_towns_and_the_district_are_sums_of_villages(
    squares_rows: pd.DataFrame, scope: str
) -> None:
    for indicator in set(squares_rows["indicator"]) - {"certification.towns"}:
        villages = figures_of(squares_rows, indicator=indicator, level="village", scope=scope)
        towns = figures_of(squares_rows, indicator=indicator, level="town", scope=scope)
        (district,) = figures_of(
            squares_rows, indicator=indicator, level="district", scope=scope
        ).values()
        rows_of = {"T1": "12", "T2": "34", "–": "–"}
        for code, figures in towns.items():
            parts = [
                value
                for village, value in villages.items()
                if (village if village == "–" else village[1]) in rows_of[code]
            ]
            assert figures == pytest.approx([sum(column) for column in zip(*parts, strict=True)])
        whole = [sum(column) for column in zip(*villages.values(), strict=True)]
        assert district == pytest.approx(whole)


def test_towns_are_counted_at_their_own_level(squares_rows: pd.DataFrame) -> None:
    # Both towns lie inside with exactly half of their area.
    for scope in ("all", "inside"):
        towns = figures_of(squares_rows, indicator="certification.towns", level="town", scope=scope)
        assert towns["T1"] == (1, 0, 0)
        assert towns["T2"] == (0, 0, 1)


def test_verdicts_of_the_squares(squares_rows: pd.DataFrame) -> None:
    rows = squares_rows[
        (squares_rows["indicator"] == "lighting.scenic_works")
        & (squares_rows["level"] == "village")
        & (squares_rows["scope"] == "all")
    ]
    status = dict(zip(rows["unit_code"], rows["status"], strict=True))
    assert status["V42"] == "met"
    assert status["V11"] == "not_met"
    assert status["V25"] == "undecided"
    assert status["V12"] == "no_data"


def test_an_absent_layer_is_no_data(squares_rows: pd.DataFrame) -> None:
    rows = squares_rows[squares_rows["indicator"] == "certification.work_units"]
    assert set(rows["status"]) == {"no_data"}
    assert len(rows) == 2 * (20 + 1 + 2 + 1 + 1)
    assert rows["rate"].isna().all()


def test_to_a_reader_an_absent_layer_has_no_amounts_and_an_empty_unit_has_none_of_it(
    squares: Survey, squares_rows: pd.DataFrame
) -> None:
    shown = for_readers(squares, squares_rows)
    absent = shown["indicator"] == "certification.work_units"
    for name in AMOUNTS:
        assert shown.loc[absent, name].isna().all()
        # A village without streets has 0 m of them, which is known; to programs nothing else changes either.
        assert shown.loc[~absent, name].tolist() == squares_rows.loc[~absent, name].tolist()
        assert (squares_rows.loc[absent, name] == 0).all()
    others = [name for name in shown if name not in AMOUNTS]
    pd.testing.assert_frame_equal(shown[others], squares_rows[others])
    assert (shown.loc[~absent, "total"] == 0).any()


def test_rows_behind_a_figure_are_the_rows(squares: Survey) -> None:
    rows = rows_behind(squares, "hardening.back_streets", "V11").set_index("key")
    assert set(rows.index) == {"S1", "S6"}
    assert rows.loc["S1", "covered"] == 80
    assert rows.loc["S6", "not_covered"] == 15
    assert rows["inside"].all()


def test_scope_of_the_squares(squares: Survey) -> None:
    scope = scope_of(squares)
    assert scope.area.polygon.area == pytest.approx(260 * 420)
    rows = scope.rows[scope.rows["level"] == "village"].set_index("unit_code")
    decided = {1: ("in", 1.0), 2: ("in", 1.0), 3: ("partly", 0.5), 4: ("out", 0.0), 5: ("out", 0.0)}
    for code, row in rows.iterrows():
        decision, share = decided[int(str(code)[2])]
        assert row["decision"] == decision
        assert row["share"] == pytest.approx(share)
        # The eastern edge is known to 48 m: column 3 could be in or out.
        assert row["near_edge"] == (str(code)[2] == "3")
        assert ("east" in row["sides"]) == (str(code)[2] == "3")
    margins = rows["margin_m"]
    assert margins["V11"] == pytest.approx(10)  # to the southern and the western edge
    assert margins["V22"] == pytest.approx(50)  # to the eastern edge
    assert margins["V23"] == pytest.approx(0)  # which crosses it
    assert margins["V25"] == pytest.approx(150)


def test_the_recount_agrees_with_the_eye(squares: Survey) -> None:
    """DuckDB itself is held against the squares, so that it is not one machine vouching for another."""
    database = recount.connect(squares.district.rounds_folder / f"{made.ROUND}.gpkg")
    figures = recount.recount(database)
    for indicator, villages in EVERYWHERE.items():
        if indicator not in recount.QUESTIONS:
            continue
        for code, expected in villages.items():
            key = (indicator, "village", None if code == "–" else code, "all")
            assert [float(value) for value in figures[key]] == pytest.approx(expected), key


@pytest.mark.parametrize("engine", ["reference", "fast"])
def test_the_generated_district_recounted_by_duckdb(
    generated: Survey, figures: recount.Figures, engine: str
) -> None:
    ours = coverage_of(generated, engine=engine)
    totals = {
        row.indicator: row.total
        for row in ours.itertuples()
        if row.level == "district" and row.scope == "all"
    }
    compared = set()
    for row in ours.itertuples():
        if row.indicator == "greening.ndvi_cover":
            continue
        code = None if row.level == "district" or pd.isna(row.unit_code) else row.unit_code
        key = (row.indicator, row.level, code, row.scope)
        expected = [float(value) for value in figures.get(key, (0, 0, 0))]
        found = [row.covered, row.not_covered, row.unknown]
        assert found == pytest.approx(expected, rel=0, abs=1e-9 * totals[row.indicator]), key
        compared.add(key)
    assert set(figures) <= compared
    assert min(totals.values()) > 0


def test_the_generated_raster_recounted_by_duckdb(generated: Survey, recounted: Any) -> None:
    figures: recount.Figures = {}
    recount.recount_pixels(recounted, generated.district.rasters_folder / "ndvi.tif", 0.4, figures)
    ours = coverage_of(generated, ["greening.ndvi_cover"])
    for row in ours.itertuples():
        code = None if row.level == "district" or pd.isna(row.unit_code) else row.unit_code
        expected = figures.get((row.indicator, row.level, code, row.scope), (0, 0, 0))
        found = [row.covered, row.not_covered, row.unknown]
        # exactextract keeps the overlap of a pixel as a 32-bit number
        assert found == pytest.approx(expected, rel=0, abs=1e-6 * max(row.total, 1.0)), code


def test_the_generated_scope_recounted_by_duckdb(generated: Survey, recounted: Any) -> None:
    shares = dict(recounted.execute("FROM shares").fetchall())
    rows = scope_of(generated).rows
    rows = rows[rows["level"] == "village"].set_index("unit_code")
    assert set(rows.index) == set(shares)
    for code, share in shares.items():
        assert rows.loc[code, "share"] == pytest.approx(share, rel=0, abs=1e-9)
        decision = "in" if share >= 0.95 else "out" if share <= 0.05 else "partly"
        assert rows.loc[code, "decision"] == decision
