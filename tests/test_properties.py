"""What must hold for any rows: bounds, conservation, no order, and no matter how things are cut up.

Coordinates are drawn from a lattice that the villages' borders and the edges of the area lie on, so
that lines along borders, through corners and over the edge are the rule and not the exception.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import geopandas as gpd
import made
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, Polygon, box

from geo.catalog import load_catalog
from geo.coverage import coverage_of

CATALOG = load_catalog()
LAYERS = CATALOG.layers
SIDE = 3
VILLAGE_M = 100
STEP_M = 25
MEASURED = ["hardening.back_streets", "hardening.fringe_roads", "lighting.lamp_reach"]
COUNTED = ["cleaning.six_no", "lighting.lamps_working", "weak_spots.closed"]
AREAS = ["lighting.scenic_works"]

lattice = st.integers(-2, 14).map(lambda step: float(step * STEP_M))
# Off the lattice, but never nearer to it than a thousandth of a metre.
anywhere = st.one_of(lattice, st.integers(-49_000, 349_000).map(lambda mm: mm / 1000))
positions = st.tuples(anywhere, anywhere)
truth = st.sampled_from([True, False, None])


@st.composite
def lines(draw: st.DrawFn) -> LineString | MultiLineString:
    parts = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        points = draw(st.lists(positions, min_size=2, max_size=4))
        kept = [points[0]]
        kept += [b for a, b in pairwise(points) if a != b]
        if len(kept) < 2:
            kept.append((kept[0][0] + STEP_M, kept[0][1]))
        parts.append(LineString(kept))
    return parts[0] if len(parts) == 1 else MultiLineString(parts)


@st.composite
def patches(draw: st.DrawFn) -> Polygon:
    x, y = draw(positions)
    width, height = draw(st.sampled_from([5, 25, 60])), draw(st.sampled_from([5, 25, 110]))
    return box(x, y, x + width, y + height)


@st.composite
def rounds(draw: st.DrawFn) -> dict[str, Any]:
    """A round over 3 × 3 villages whose codes are in any order."""
    codes = draw(st.permutations([f"V{number}" for number in range(SIDE * SIDE)]))
    villages = [
        {
            "code": codes[row * SIDE + column],
            "name": "村",
            "kind": "village",
            "town_code": f"T{row % 2}",
            "geometry": made.square(column, row, VILLAGE_M, VILLAGE_M),
        }
        for row in range(SIDE)
        for column in range(SIDE)
    ]
    towns = [
        {
            "code": "T0",
            "name": "镇",
            "geometry": shapely.union_all([box(0, 0, 300, 100), box(0, 200, 300, 300)]),
        },
        {"code": "T1", "name": "镇", "geometry": box(0, 100, 300, 200)},
    ]
    streets = [
        {
            "id": f"S{number}",
            "zone": draw(st.sampled_from(["urban", "fringe", None])),
            "hardened": draw(truth),
            **{f"six_no_{i}": draw(truth) for i in (1, 2)},
            **{f"six_no_{i}": True for i in (3, 4, 5, 6)},
            "geometry": line,
        }
        for number, line in enumerate(draw(st.lists(lines(), min_size=1, max_size=6)))
    ]
    lamps = [
        {
            "id": f"L{number}",
            "working": draw(truth),
            "height_m": draw(st.sampled_from([None, 4.0, 10.0, 20.0])),
            "geometry": Point(at),
        }
        for number, at in enumerate(draw(st.lists(positions, max_size=5)))
    ]
    works = [
        {"id": f"W{number}", "lit": draw(truth), "geometry": patch}
        for number, patch in enumerate(draw(st.lists(patches(), max_size=4)))
    ]
    spots = [
        {
            "id": f"P{number}",
            "status": draw(st.sampled_from(["open", "closed", None])),
            "geometry": Point(at),
        }
        for number, at in enumerate(draw(st.lists(positions, max_size=5)))
    ]
    tables = {
        "villages": villages,
        "towns": towns,
        "back_streets": streets,
        "lamps": lamps,
        "scenic_works": works,
        "weak_spots": spots,
    }
    frames: dict[str, Any] = {
        name: made.layer_rows(LAYERS[name], rows) for name, rows in tables.items()
    }
    east = draw(st.sampled_from([150, 200, 210]))
    frames["boundary_edges"] = made.edges(LAYERS["boundary_edges"], -25, 50, east, 250)
    return frames


def figures(frames: dict[str, Any], indicators: list[str]) -> pd.DataFrame:
    rows = coverage_of(made.survey_of(frames, CATALOG), indicators)
    rows["unit_code"] = rows["unit_code"].astype(object).where(rows["unit_code"].notna(), "–")
    keys = ["indicator", "level", "unit_code", "scope"]
    return rows.set_index(keys).sort_index()


def sums(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["covered", "not_covered", "unknown", "total"]].astype(float)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Equal to 1e-9 of the largest total."""
    left, right = sums(one), sums(other)
    assert list(left.index) == list(right.index)
    largest = max(1.0, left.to_numpy().max())
    assert right.to_numpy() == pytest.approx(left.to_numpy(), rel=0, abs=1e-9 * largest)


@given(rounds())
def test_bounds_hold_and_parts_sum_to_the_whole(frames: dict[str, Any]) -> None:
    rows = figures(frames, MEASURED + COUNTED + AREAS)
    parts = rows["covered"] + rows["not_covered"] + rows["unknown"]
    assert parts.to_numpy() == pytest.approx(rows["total"].to_numpy(), abs=1e-6)
    assert (rows[["covered", "not_covered", "unknown"]] >= 0).all(axis=None)
    some = rows[rows["total"] > 0]
    for name in ("rate_lower", "rate_upper"):
        assert some[name].between(0, 1).all()
        assert rows.loc[rows["total"] == 0, name].isna().all()
    known = some[some["rate"].notna()]
    assert (known["rate_lower"] <= known["rate"]).all()
    assert (known["rate"] <= known["rate_upper"]).all()
    assert (some["covered"] + some["not_covered"] > 0).equals(some["rate"].notna())


@given(rounds())
def test_villages_and_what_lies_in_none_are_the_layer(frames: dict[str, Any]) -> None:
    rows = figures(frames, MEASURED + COUNTED + AREAS)
    district = rows.xs("district", level="level").droplevel("unit_code").sort_index()
    for level in ("village", "town"):
        summed = sums(rows.xs(level, level="level")).groupby(["indicator", "scope"]).sum()
        same(summed.sort_index(), district)
    streets = frames["back_streets"].geometry
    whole = district["total"].xs("all", level="scope")
    assert whole["hardening.back_streets"] == pytest.approx(streets.length.sum(), rel=1e-9)
    assert whole["lighting.lamp_reach"] == pytest.approx(streets.length.sum(), rel=1e-9)
    assert whole["lighting.scenic_works"] == pytest.approx(
        frames["scenic_works"].area.sum(), rel=1e-9
    )
    assert whole["cleaning.six_no"] == len(streets)
    assert whole["lighting.lamps_working"] == len(frames["lamps"])
    inside = district["total"].xs("inside", level="scope")
    assert (inside <= whole * (1 + 1e-9)).all()


@given(rounds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(frames: dict[str, Any], random: Any) -> None:
    shuffled = {
        name: frame.iloc[random.sample(range(len(frame)), len(frame))].reset_index(drop=True)
        for name, frame in frames.items()
    }
    same(figures(frames, MEASURED + COUNTED + AREAS), figures(shuffled, MEASURED + COUNTED + AREAS))


@given(rounds(), st.floats(0.01, 0.99))
def test_a_street_cut_in_two_measures_the_same(frames: dict[str, Any], where: float) -> None:
    streets = frames["back_streets"]
    cut = []
    for row in streets.to_dict("records"):
        parts = list(shapely.get_parts(row["geometry"]))
        at = where * parts[0].length
        halves = [
            shapely.ops.substring(parts[0], 0, at),
            shapely.ops.substring(parts[0], at, parts[0].length),
        ]
        cut += [
            {**row, "id": f"{row['id']}{number}", "geometry": piece}
            for number, piece in enumerate([*halves, *parts[1:]])
        ]
    pieces = gpd.GeoDataFrame(cut, geometry="geometry", crs=streets.crs).astype(
        streets.drop(columns="geometry").dtypes.to_dict()
    )
    before = figures(frames, MEASURED)
    after = figures({**frames, "back_streets": pieces}, MEASURED)
    # A cut point is rounded to the grid of its coordinates, some 5e-10 m: it leaves the line, and
    # where the line touches a border or the rim of a lamp's circle, that shows more.
    assert sums(after).to_numpy() == pytest.approx(sums(before).to_numpy(), abs=1e-6)


@given(rounds(), st.integers(0, SIDE * SIDE - 1), st.sampled_from([0.25, 0.5, 0.37]))
def test_a_village_cut_in_two_changes_no_other(
    frames: dict[str, Any], number: int, where: float
) -> None:
    villages = frames["villages"]
    whole = villages.iloc[[number]]
    code = whole["code"].iloc[0]
    west, south, east, north = whole.total_bounds
    middle = west + where * (east - west)
    halves = pd.concat([whole, whole])
    halves["code"] = [f"{code}a", f"{code}b"]
    halves["geometry"] = [box(west, south, middle, north), box(middle, south, east, north)]
    divided = pd.concat([villages.drop(index=whole.index), halves], ignore_index=True)
    names = MEASURED + AREAS
    before = sums(figures(frames, names))
    after = sums(figures({**frames, "villages": divided}, names))
    merged = after.rename(index={f"{code}a": code, f"{code}b": code}, level="unit_code")
    merged = merged.groupby(level=list(range(4))).sum().sort_index()
    same(before, merged)


@given(rounds())
def test_a_street_on_a_border_counts_once(frames: dict[str, Any]) -> None:
    """Every shared border as a street: the smaller of the two codes holds it, the other nothing."""
    cells = frames["villages"].set_index("code").geometry
    rows = []
    expected: dict[str, float] = dict.fromkeys(cells.index, 0.0)
    for code in cells.index:
        for other in cells.index:
            if code < other:
                border = cells[code].intersection(cells[other])
                if border.length > 0:
                    expected[code] += border.length
                    shape = shapely.affinity.translate(border, -made.ORIGIN[0], -made.ORIGIN[1])
                    rows.append({"id": code + other, "hardened": True, "geometry": shape})
    streets = made.layer_rows(LAYERS["back_streets"], rows)
    found = figures({**frames, "back_streets": streets}, ["hardening.back_streets"])
    villages = found.xs(("hardening.back_streets", "village", "all"), level=(0, 1, 3))["total"]
    for code, length_m in expected.items():
        assert villages[code] == pytest.approx(length_m)
    assert villages["–"] == pytest.approx(0)
