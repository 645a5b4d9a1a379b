"""docs/las-palmas.md, done: an OpenStreetMap extract as a district of its own, with honest bounds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from samples import SAMPLES, needs_samples

import geo
from geo.crs import metric_error
from geo.importing import ImportReport, import_file
from geo.survey import Survey
from geo.views.format import percent

DOCS = Path(__file__).parents[1] / "docs"
EXTRACT = SAMPLES / "las_palmas_2023.osm.pbf"
ROUND = "2023-01-01"
BROKEN = [
    "way 251380117", "way 251383707", "way 411370694", "way 411753784", "way 852139552", "way 1072352981",
]  # fmt: skip

pytestmark = needs_samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("las-palmas")
    shutil.copy(DOCS / "las-palmas" / "district.toml", place)
    return place


@pytest.fixture(scope="module")
def reports(folder: Path) -> dict[str, ImportReport]:
    return {
        name: import_file(
            folder, EXTRACT, mapping=DOCS / "las-palmas" / f"{name}.toml", round=ROUND
        )
        for name in ("municipality", "roads")
    }


@pytest.fixture(scope="module")
def survey(folder: Path, reports: dict[str, ImportReport]) -> Survey:
    return geo.open_survey(folder)


@pytest.fixture(scope="module")
def figures(survey: Survey) -> pd.DataFrame:
    rows = geo.coverage_of(survey, ["hardening.back_streets", "lighting.back_streets"])
    rows = rows[rows["scope"] == "all"]
    # What lies in no village has no code.
    return (
        rows.fillna({"unit_code": "none"})
        .set_index(["indicator", "level", "unit_code"])
        .sort_index()
    )


def test_the_broken_areas_are_listed_by_their_osm_ids(reports: dict[str, ImportReport]) -> None:
    report = reports["municipality"]
    assert (report.layer, report.rows_read, report.rows_taken) == ("villages", 30_994, 1)
    assert [item.row for item in report.left_out] == BROKEN
    assert all("LinearRing" in item.reason for item in report.left_out)


def test_every_road_is_a_street(reports: dict[str, ImportReport], survey: Survey) -> None:
    report = reports["roads"]
    assert (report.layer, report.rows_read, report.rows_taken) == ("back_streets", 19_353, 13_467)
    assert report.left_out == ()
    streets = survey.frame("back_streets")
    assert streets["id"].is_unique
    assert (streets["id"] == streets["src_row"]).all()


def test_a_tag_that_is_absent_is_unknown_and_not_no(survey: Survey) -> None:
    plain = pyogrio.read_dataframe(EXTRACT, layer="lines")
    roads = plain[plain["highway"].notna()]
    tagged = roads["other_tags"].fillna("").str.contains('"surface"=>', regex=False)
    streets = survey.frame("back_streets")
    assert tagged.mean() == pytest.approx(0.31, abs=0.005)
    # Some surfaces (wood, cycleway …) are in neither list, so fewer are known than tagged.
    assert 0 <= tagged.sum() - streets["hardened"].notna().sum() < 20
    assert streets["lit"].value_counts().to_dict() == {True: 796, False: 70}


def test_lengths_are_those_on_the_ellipsoid(survey: Survey, figures: pd.DataFrame) -> None:
    roads = survey.frame("back_streets")
    assert metric_error(survey.district.spec.metric_crs, tuple(roads.total_bounds)).length < 1e-5
    degrees: gpd.GeoSeries = roads.geometry.to_crs("EPSG:4326")
    on_ellipsoid = sum(degrees.crs.get_geod().geometry_length(line) for line in degrees)
    of_all = figures.loc[("hardening.back_streets", "district", "35016"), "total"]
    assert of_all == pytest.approx(on_ellipsoid, rel=1e-5)


@pytest.mark.parametrize(
    ("indicator", "lengths", "rates"),
    [
        ("hardening.back_streets", [631_514.5, 67_591.0, 989_378.0], [0.9033, 0.3740, 0.9600]),
        ("lighting.back_streets", [110_320.5, 6_529.6, 1_571_633.3], [0.9441, 0.0653, 0.9961]),
    ],
)
def test_the_municipalitys_figures_have_wide_bounds(
    figures: pd.DataFrame, indicator: str, lengths: list[float], rates: list[float]
) -> None:
    row = figures.loc[(indicator, "village", "35016")]
    assert row[["covered", "not_covered", "unknown"]].tolist() == pytest.approx(lengths, abs=0.1)
    assert row[["rate", "rate_lower", "rate_upper"]].tolist() == pytest.approx(rates, abs=1e-4)


def test_the_municipality_and_what_lies_outside_make_up_the_whole(
    survey: Survey, figures: pd.DataFrame
) -> None:
    for indicator in ("hardening.back_streets", "lighting.back_streets"):
        parts = figures.loc[(indicator, "village")]
        whole = figures.loc[(indicator, "district", "35016")]
        assert parts.index.tolist() == ["35016", "none"]
        for measure in ("covered", "not_covered", "unknown", "total"):
            assert parts[measure].sum() == pytest.approx(whole[measure], rel=1e-9)
        assert whole["total"] == pytest.approx(survey.frame("back_streets").length.sum(), rel=1e-9)


def test_without_edges_there_is_no_scope_and_the_message_says_so(survey: Survey) -> None:
    with pytest.raises(geo.GeoError, match="boundary_edges"):
        geo.scope_of(survey)


def test_every_figure_leads_back_to_a_way(survey: Survey) -> None:
    rows = geo.rows_behind(survey, "lighting.back_streets")
    assert set(rows["source_file"]) == {EXTRACT.name}
    assert rows["source_row"].str.fullmatch(r"way \d+").all()


def test_the_page_says_what_the_program_says(figures: pd.DataFrame) -> None:
    page = (DOCS / "las-palmas.md").read_text(encoding="utf-8")
    for way in BROKEN:
        assert way in page
    told = re.findall(
        r"^\| (hardened|lit), in (the municipality|no unit) \|(.*)\|$", page, re.MULTILINE
    )
    assert len(told) == 4
    for word, place, cells in told:
        indicator = {"hardened": "hardening.back_streets", "lit": "lighting.back_streets"}[word]
        code = {"the municipality": "35016", "no unit": "none"}[place]
        row = figures.loc[(indicator, "village", code)]
        lengths = [f"{row[name] / 1000:,.1f} km" for name in ("covered", "not_covered", "unknown")]
        rate, low, high = (
            percent(row[name]).replace("%", " %") for name in ("rate", "rate_lower", "rate_upper")
        )
        assert [cell.strip() for cell in cells.split("|")] == [*lengths, rate, f"{low} and {high}"]
