"""Where it is dark, in a report: its sheets draw stretches, and its GeoPackage holds them for QGIS."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import made
import pyogrio
import pytest

from geo.catalog import load_catalog
from geo.coverage import rows_behind
from geo.report.build import report_from
from geo.report.drawing import Drawing, window_round
from geo.report.geopackage import geopackage_bytes
from geo.report.material import gather
from geo.report.themes import themes_of
from geo.survey import Survey, open_survey
from geo.views import palette

REACH = "lighting.lamp_reach"
STATES = ("covered", "not_covered", "unknown")


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = tmp_path_factory.mktemp("made") / "squares"
    return open_survey(made.write_district(folder, made.squares(load_catalog().layers)))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """The squares, where lamps have a target: then it is what the sheet of the project draws."""
    folder = tmp_path_factory.mktemp("made") / "judged"
    made.write_district(folder, made.squares(load_catalog().layers))
    with (folder / "district.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'[targets."{REACH}"]\nat_least = 0.9\nsource = "policy.txt"\nclause = "二、4"\n'
        )
    return open_survey(folder)


def test_a_sheet_draws_the_stretches_and_says_their_lengths(judged: Survey) -> None:
    material = gather(judged, None, "zh")
    theme = themes_of(material, "lighting")
    assert theme is not None
    group = next(group for group in theme.groups if group.kind == "line")
    assert group.in_stretches
    drawing = Drawing(
        window_round((*made.ORIGIN, *(at + 500 for at in made.ORIGIN)), 200, 200, 2_500)
    )
    signs = list(theme.draw(drawing, material.unit, "zh"))
    rows = rows_behind(judged, REACH)
    said = {sign.label: sign.amount for sign in signs if sign.amount.endswith("米")}
    assert said == {
        word: f"{rows[state].sum():,.0f} 米"
        for word, state in zip(("已达到", "未达到", "情况不明"), STATES, strict=True)
    }
    # S2 is dark from 0 to 36 m: at 1:2,500 that is 14.4 mm of paper, from its left edge.
    assert "M0 140L14.4 140" in drawing.svg()


def test_where_there_is_no_street_there_is_no_layer_of_stretches(
    squares: Survey, tmp_path: Path
) -> None:
    frames = dict(made.squares(load_catalog().layers))
    frames["back_streets"] = frames["back_streets"].iloc[:0]
    none = open_survey(made.write_district(tmp_path / "none", frames))
    for survey, unit in ((none, None), (squares, "V31")):
        material = gather(survey, unit, "zh")
        path = tmp_path / "r.gpkg"
        path.write_bytes(geopackage_bytes(material, report_from(material)))
        assert not [name for name, _ in pyogrio.list_layers(path) if "stretches" in name]


@pytest.mark.parametrize("unit", [None, "T1"])
def test_the_geopackage_holds_stretches_that_add_up_to_its_figures(
    unit: str | None, squares: Survey, tmp_path: Path
) -> None:
    material = gather(squares, unit, "zh")
    path = tmp_path / "r.gpkg"
    path.write_bytes(geopackage_bytes(material, report_from(material)))
    found = pyogrio.read_dataframe(path, layer="lighting_lamp_reach_stretches")
    assert found.crs.to_epsg() == 4549
    assert (found["length_m"] - found.length).abs().max() < 1e-6
    figures = pyogrio.read_dataframe(path, layer="figures")
    figures = figures[figures["indicator"] == REACH]
    own = figures[(figures["unit_code"] == material.unit.code)]
    for scope, chosen in (("全部", found), ("范围内", found[found["inside"].astype(bool)])):
        row = own[own["scope"] == scope].iloc[0]
        for state in STATES:
            lengths = chosen.loc[chosen["state"] == state, "length_m"]
            assert lengths.sum() == pytest.approx(row[state], rel=1e-9, abs=1e-9)
    one = found[(found["key"] == "S2") & (found["unit_code"] == "V21")]
    assert one["length_m"].round(6).tolist() == [36, 28, 17, 12, 7]
    with closing(sqlite3.connect(path)) as database:
        (style,) = database.execute(
            "SELECT styleQML FROM layer_styles WHERE f_table_name = 'lighting_lamp_reach_stretches'"
        ).fetchone()
    dark = palette.STRETCHES["not_covered"].color
    red, green, blue = (int(dark[at : at + 2], 16) for at in (1, 3, 5))
    assert f"{red},{green},{blue}" in style
