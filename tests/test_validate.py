"""Frames and declarations: exact types, three values, and every fault found at once."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from geo.catalog import load_catalog
from geo.model import FieldSpec, Finding
from geo.validate import Conformed, conform
from geo.vocabulary import NO, UNKNOWN, YES, read_values

CATALOG = load_catalog()
STREETS = CATALOG.layer("back_streets")
VILLAGES = CATALOG.layer("villages")
EDGES = CATALOG.layer("boundary_edges")
INSPECTIONS = CATALOG.layer("inspections")
LINE = LineString([(0, 0), (10, 0)])


def streets(
    geometry: list[Any] | None = None, crs: object = "EPSG:4549", **columns: Any
) -> gpd.GeoDataFrame:
    rows = max((len(values) for values in columns.values()), default=len(geometry or [1]))
    shapes = geometry if geometry is not None else [LINE] * rows
    columns.setdefault("id", [f"s{number}" for number in range(len(shapes))])
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    return frame.set_index(pd.Index(range(101, 101 + len(shapes)), name="fid"))


def villages(*shapes: Any) -> gpd.GeoDataFrame:
    codes = [f"{number:03}" for number in range(len(shapes))]
    return gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=list(shapes), crs="EPSG:4549")


def found(conformed: Conformed) -> dict[str, Finding]:
    return {finding.code: finding for finding in conformed.findings}


# -- fields ---------------------------------------------------------------------------------------------


def test_a_layer_has_exactly_its_declared_fields_in_their_types() -> None:
    conformed = conform(streets(extra=[1], lit=[1], src_import=[3], src_row=["record 7"]), STREETS)
    frame = conformed.frame
    assert list(frame.columns) == [*STREETS.fields, "src_import", "src_row", "geometry"]
    assert {name: str(frame[name].dtype) for name in ("id", "zone", "width_m", "hardened")} == {
        "id": "string", "zone": "string", "width_m": "float64", "hardened": "boolean",
    }  # fmt: skip
    assert frame["lit"].tolist() == [True]
    assert frame["hardened"].tolist() == [pd.NA]
    assert frame[["src_import", "src_row"]].iloc[0].tolist() == [3, "record 7"]
    assert conformed.findings == ()


def test_index_and_order_are_kept() -> None:
    frame = streets(id=["b", "a", "c"]).iloc[[2, 0, 1]]
    assert conform(frame, STREETS).frame.index.tolist() == [103, 101, 102]
    assert conform(frame, STREETS).frame["id"].tolist() == ["c", "b", "a"]


def test_dates_and_whole_numbers_have_types_that_can_lack_a_value() -> None:
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "unit_code": [1, 2],
            "held_on": ["2007-01-02", None],
            "score": [95, None],
        }
    )
    conformed = conform(frame, INSPECTIONS).frame
    assert str(conformed["held_on"].dtype) == "datetime64[ms]"
    assert conformed["held_on"].isna().tolist() == [False, True]
    assert conformed["score"].isna().tolist() == [False, True]


def test_a_column_is_found_whatever_its_case() -> None:
    assert conform(streets(HARDENED=["是"]), STREETS).frame["hardened"].tolist() == [True]


def test_an_absent_column_is_all_unknown() -> None:
    assert conform(streets(id=["a", "b"]), STREETS).frame["lit"].tolist() == [pd.NA, pd.NA]


def test_text_that_says_nothing_is_unknown() -> None:
    assert conform(streets(name=["", "  ", None, "东街"]), STREETS).frame["name"].tolist() == [
        pd.NA,
        pd.NA,
        pd.NA,
        "东街",
    ]


def test_a_code_that_went_through_a_spreadsheet_is_the_same_code() -> None:
    frame = villages(box(0, 0, 1, 1), box(1, 0, 2, 1)).assign(town_code=[321202001.0, np.nan])
    assert conform(frame, VILLAGES).frame["town_code"].tolist() == ["321202001", pd.NA]


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ([True, False, None], [True, False, pd.NA]),
        ([1.0, 0.0, np.nan], [True, False, pd.NA]),
        ([1, 0, 1], [True, False, True]),
        (["True", "False", None], [True, False, pd.NA]),
        (["是", "否", "不详"], [True, False, pd.NA]),
        (["√", "×", ""], [True, False, pd.NA]),
        (["ＹＥＳ", " no ", "-"], [True, False, pd.NA]),
        (["已硬化", "未硬化", "/"], [True, False, pd.NA]),
        (["100%", "0%", "n/a"], [True, False, pd.NA]),
        (pd.array([True, None, False], dtype="boolean"), [True, pd.NA, False]),
    ],
)
def test_yes_no_and_unknown_as_they_are_written(stored: Any, expected: list[Any]) -> None:
    conformed = conform(streets(hardened=stored), STREETS)
    assert conformed.frame["hardened"].tolist() == expected
    assert conformed.findings == ()


@pytest.mark.parametrize("word", ["x", "X", "2", "maybe", "60%", "部分", "-1"])
def test_a_word_that_is_not_plain_is_unknown_and_listed(word: str) -> None:
    conformed = conform(streets(id=["a", "b"], hardened=["是", word]), STREETS)
    assert conformed.frame["hardened"].tolist() == [True, pd.NA]
    finding = found(conformed)["unreadable-value"]
    assert (finding.severity, finding.rows) == ("warning", ("b",))
    assert repr(word) in finding.found


def test_no_word_means_two_things() -> None:
    assert not YES & NO
    assert not (YES | NO) & UNKNOWN


def test_a_category_takes_its_values_and_their_titles() -> None:
    conformed = conform(streets(zone=["fringe", "城中村", "Urban", None, "suburb"]), STREETS)
    assert conformed.frame["zone"].tolist() == ["fringe", "urban_village", "urban", pd.NA, pd.NA]
    assert found(conformed)["unreadable-value"].rows == ("s4",)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [("3.5", 3.5), ("１２.５", 12.5), ("1,234.5", 1234.5), (" 4 ", 4.0), (3, 3.0), ("不详", None)],
)
def test_figures_as_people_type_them(stored: object, expected: float | None) -> None:
    conformed = conform(streets(width_m=[stored]), STREETS)
    value = conformed.frame["width_m"].iloc[0]
    assert (None if np.isnan(value) else value) == expected
    assert conformed.findings == ()


@pytest.mark.parametrize("stored", ["wide", -1, float("inf"), "3.5 m²", True])
def test_a_figure_that_is_none_or_not_allowed_is_unknown_and_listed(stored: object) -> None:
    conformed = conform(streets(width_m=[stored]), STREETS)
    assert conformed.frame["width_m"].isna().all()
    assert found(conformed)["unreadable-value"].rows == ("s0",)


@pytest.mark.parametrize(
    "stored",
    [
        "2007-06-30",
        "2007/6/30",
        "2007年6月30日",
        "20070630",
        20070630,
        "2007.6.30",
        "2007-06-30T00:00:00Z",
    ],
)
def test_dates_as_people_write_them(stored: object) -> None:
    frame = pd.DataFrame({"id": ["a"], "unit_code": ["1"], "held_on": [stored]})
    assert conform(frame, INSPECTIONS).frame["held_on"].tolist() == [pd.Timestamp("2007-06-30")]


@pytest.mark.parametrize("stored", ["soon", "2007-13-01", 200706, "2007", "31/06/2007"])
def test_what_is_no_date_is_unknown_and_listed(stored: object) -> None:
    conformed = conform(
        pd.DataFrame({"id": ["a"], "unit_code": ["1"], "held_on": [stored]}), INSPECTIONS
    )
    assert conformed.frame["held_on"].isna().all()
    assert found(conformed)["unreadable-value"].rows == ("a",)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["text", "bool", "number", "integer", "date"]),
    st.lists(
        st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans()),
        max_size=6,
    ),
)
def test_nothing_in_a_column_makes_reading_fail_or_a_row_vanish(
    kind: Any, entries: list[Any]
) -> None:
    column = pd.Series(entries, dtype=object)
    reading = read_values(column, FieldSpec(type=kind))
    assert len(reading.values) == len(entries)
    # What could not be read is unknown; nothing is both read and reported.
    assert reading.values[reading.unreadable.to_numpy(dtype=bool)].isna().all()
    assert not reading.unreadable[column.isna()].any()


# -- required fields and keys ------------------------------------------------------------------------------


def test_a_missing_required_column_is_an_error() -> None:
    finding = found(conform(streets().drop(columns="id"), STREETS))["missing-column"]
    assert finding.severity == "error"
    assert "'id'" in finding.found


def test_a_missing_key_and_a_doubled_one_are_errors_that_name_the_rows() -> None:
    findings = found(conform(streets(id=["a", None, "a", "b"]), STREETS))
    assert (findings["missing-key"].severity, findings["missing-key"].rows) == ("error", (102,))
    assert (findings["duplicate-key"].severity, findings["duplicate-key"].rows) == ("error", ("a",))


def test_a_missing_required_value_is_an_error() -> None:
    frame = villages(box(0, 0, 1, 1), box(1, 0, 2, 1)).assign(name=["东", None])
    finding = found(conform(frame, VILLAGES))["missing-value"]
    assert (finding.severity, finding.rows) == ("error", ("001",))


def test_all_faults_come_at_once() -> None:
    frame = streets(
        [LINE, None, Point(0, 0)], crs=None, id=["a", "a", None], hardened=["是", "x", None]
    )
    assert set(found(conform(frame, STREETS))) == {
        "unreadable-value", "missing-key", "duplicate-key", "no-geometry", "wrong-geometry", "missing-crs",
    }  # fmt: skip


# -- geometry ------------------------------------------------------------------------------------------------


def test_heights_are_dropped_and_parts_are_kept() -> None:
    high = MultiLineString([[(0, 0, 5), (3, 0, 9)], [(5, 0, 5), (6, 0, 9)]])
    shape = conform(streets([high]), STREETS).frame.geometry.iloc[0]
    assert not shape.has_z
    assert shape.length == 4


def test_geometry_comes_in_the_crs_that_is_asked_for_longitude_first() -> None:
    degrees = streets([LineString([(120.0, 32.5), (120.01, 32.5)])], crs="EPSG:4490")
    frame = conform(degrees, STREETS, crs="EPSG:4549").frame
    assert frame.crs.to_epsg() == 4549
    assert frame.geometry.iloc[0].coords[0][0] == pytest.approx(500_000, abs=0.01)
    assert frame.geometry.length.iloc[0] == pytest.approx(939.7, abs=1)


def test_a_layer_without_a_crs_is_an_error() -> None:
    finding = found(conform(streets(crs=None), STREETS, crs="EPSG:4549"))["missing-crs"]
    assert finding.severity == "error"
    assert "gcj02" in finding.remedy


def test_rows_without_geometry_stay_and_are_a_warning() -> None:
    conformed = conform(streets([LINE, None, LineString()]), STREETS)
    assert len(conformed.frame) == 3
    assert (found(conformed)["no-geometry"].severity, found(conformed)["no-geometry"].rows) == (
        "warning",
        ("s1", "s2"),
    )


@pytest.mark.parametrize(
    "shape", [Point(0, 0), box(0, 0, 1, 1), GeometryCollection([LINE, Point(0, 0)])]
)
def test_another_kind_of_geometry_is_an_error(shape: Any) -> None:
    finding = found(conform(streets([LINE, shape]), STREETS))["wrong-geometry"]
    assert (finding.severity, finding.rows) == ("error", ("s1",))
    assert finding.found == shape.geom_type


def test_a_point_may_stand_for_an_edge_where_the_declaration_says_so() -> None:
    frame = gpd.GeoDataFrame(
        {"side": ["west", "east"]}, geometry=[Point(0, 0), LINE], crs="EPSG:4549"
    )
    assert conform(frame, EDGES).findings == ()


def test_a_layer_of_shapes_without_any_is_an_error() -> None:
    assert (
        found(conform(pd.DataFrame({"id": ["a"]}), STREETS))["wrong-geometry"].severity == "error"
    )


@pytest.mark.parametrize(
    ("shape", "found_as"),
    [
        (Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), "Self-intersection"),
        (MultiPolygon([box(0, 0, 2, 2), box(1, 1, 3, 3)]), "Self-intersection"),
        (Polygon(box(0, 0, 4, 4).exterior, [box(3, 3, 5, 5).exterior]), "Self-intersection"),
    ],
)
def test_an_outline_that_crosses_itself_is_an_error(shape: Any, found_as: str) -> None:
    finding = found(conform(villages(box(9, 9, 10, 10), shape), VILLAGES))["invalid-geometry"]
    assert (finding.severity, finding.rows, finding.repairable) == ("error", ("001",), True)
    assert found_as in finding.found


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_coordinates_that_are_no_numbers_are_an_error(bad: float) -> None:
    finding = found(conform(streets([LINE, LineString([(0, 0), (bad, 1)])]), STREETS))[
        "non-finite-coordinates"
    ]
    assert (finding.severity, finding.rows) == ("error", ("s1",))


def test_coordinates_that_the_stated_crs_cannot_mean_are_an_error() -> None:
    # An easting with the zone's prefix, said to be without: no error, and no place, from PROJ itself.
    prefixed = streets(
        [LineString([(40_500_000, 3_590_000), (40_500_010, 3_590_000)])], crs="EPSG:4549"
    )
    assert found(conform(prefixed, STREETS, crs="EPSG:4490"))["outside-crs"].severity == "error"


def test_a_line_without_length_is_a_warning() -> None:
    assert (
        found(conform(streets([LineString([(1, 1), (1, 1)])]), STREETS))["zero-length"].severity
        == "warning"
    )


def test_an_empty_layer_is_no_fault() -> None:
    assert conform(streets().iloc[:0], STREETS, crs="EPSG:4490").errors == ()


def test_a_raster_does_not_conform() -> None:
    with pytest.raises(ValueError, match="raster"):
        conform(streets(), CATALOG.layer("ndvi"))
