"""A map says what the figures say, as data that nothing on the way takes for more than text."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import hostile
import made
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template

from geo.catalog import load_catalog
from geo.cli import app
from geo.coverage import coverage_of
from geo.errors import DataError, UnknownNameError
from geo.model import ScopeRule
from geo.scope import scope_of
from geo.survey import Survey, open_survey
from geo.views.basemap import basemap_named, laid_on
from geo.views.cards import projects, reckoning, top
from geo.views.component import component_script
from geo.views.description import DrawnLayer, MapDescription, as_json, plain
from geo.views.inert import inert, inert_cell, json_block
from geo.views.leaflet import leaflet_style
from geo.views.map import (
    default_indicator,
    layers_description,
    map_description,
    map_html,
    write_map,
)
from geo.views.tables import FIGURE_HEADINGS, SCOPE_HEADINGS, csv_bytes, figures_table, scope_table

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = made.write_district(
        tmp_path_factory.mktemp("made") / "squares", made.squares(load_catalog().layers)
    )
    made.squares_raster(folder)
    return open_survey(folder)


@pytest.fixture(scope="module")
def spiteful(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return open_survey(hostile.hostile_district(tmp_path_factory.mktemp("made") / "hostile"))


def layer_named(description: MapDescription, name: str) -> DrawnLayer:
    return next(layer for layer in description.layers if layer.name == name)


def counts(layer: DrawnLayer) -> dict[str, int | None]:
    return {entry.key: entry.count for entry in layer.entries}


def data_of(page: str) -> dict[str, object]:
    block = re.search(r'<script type="application/json" id="atlas-data">(.*?)</script>', page)
    assert block
    found: dict[str, object] = json.loads(block[1])
    return found


def skeleton(page: str) -> str:
    page = re.sub('(id="atlas-data">).*?(</script>)', r"\1\2", page)
    return re.sub("<title>.*?</title>", "", page)


# ---------------------------------------------------------------- what a map says


def test_villages_are_drawn_by_decision_and_those_near_the_edge_outlined(squares: Survey) -> None:
    description = map_description(squares)
    # Columns 1 and 2 lie in the area, half of column 3 does, 4 and 5 do not; each has four rows.
    assert counts(layer_named(description, "villages")) == {"in": 8, "partly": 4, "out": 8}
    outlined = layer_named(description, "near_edge").shapes
    assert {shape.id for shape in outlined} == {"V13", "V23", "V33", "V43"}


def test_streets_are_drawn_by_three_values_with_counts_and_metres(squares: Survey) -> None:
    layer = layer_named(
        map_description(squares, "hardening.back_streets"), "figure:hardening.back_streets"
    )
    assert counts(layer) == {"covered": 3, "not_covered": 3, "unknown": 2}
    rows = coverage_of(squares, ["hardening.back_streets"])
    whole = rows[(rows["level"] == "district") & (rows["scope"] == "all")].iloc[0]
    assert [entry.amount for entry in layer.entries] == [
        f"{whole[name]:,.0f} 米" for name in ("covered", "not_covered", "unknown")
    ]


def test_units_are_coloured_by_verdict_where_there_is_a_target(squares: Survey) -> None:
    description = map_description(squares, "hardening.fringe_roads", level="town")
    layer = layer_named(description, "units:hardening.fringe_roads")
    rows = coverage_of(squares, ["hardening.fringe_roads"])
    towns = rows[(rows["level"] == "town") & (rows["scope"] == "all")].set_index("unit_code")
    assert {shape.id: shape.entry for shape in layer.shapes} == {
        code: towns.loc[code, "status"] for code in ("T1", "T2")
    }
    assert not layer_named(description, "villages").shown


def test_units_are_coloured_by_rate_where_there_is_none(squares: Survey) -> None:
    layer = layer_named(
        map_description(squares, "greening.ndvi_cover"), "units:greening.ndvi_cover"
    )
    entry = {shape.id: shape.entry for shape in layer.shapes}
    assert entry["V11"] == "fifth_4"  # all of it above the threshold
    assert entry["V14"] == "no_data" or entry["V14"].startswith("fifth_")
    assert len(layer.shapes) == 20


def test_edges_carry_their_accuracy(squares: Survey) -> None:
    layer = layer_named(map_description(squares), "boundary_edges")
    place = layer.fields.index("位置精度")
    east = next(shape for shape in layer.shapes if shape.label == "east")
    assert east.values[place] == "48 m"


def test_coordinates_are_degrees_with_six_decimals(squares: Survey) -> None:
    description = map_description(squares, "hardening.back_streets")
    for layer in description.layers:
        for shape in layer.shapes:
            xy = shapely.get_coordinates(shapely.geometry.shape(dict(shape.geometry)))
            assert ((xy > (119, 32)) & (xy < (121, 33))).all()
            assert (abs(xy * 1e6 - (xy * 1e6).round()) < 1e-3).all()


def test_only_what_is_shown_is_sent(squares: Survey) -> None:
    layer = layer_named(
        map_description(squares, "hardening.back_streets"), "figure:hardening.back_streets"
    )
    assert layer.fields == ("编号", "区位", "宽度", "硬化")  # not the six no's, nor the lighting
    unknown = next(shape for shape in layer.shapes if shape.id == "S4")
    assert unknown.values[-1] == "情况不明"


def test_the_map_carries_round_digest_system_and_stamp(squares: Survey) -> None:
    notes = " ".join(map_description(squares).notes)
    assert made.ROUND in notes
    assert squares.digest[:12] in notes
    assert "EPSG:4549" in notes
    assert "内部资料 不得公开" in notes
    assert map_description(squares).banner is None


def test_a_review_number_takes_the_place_of_the_stamp(spiteful: Survey) -> None:
    notes = " ".join(map_description(spiteful, language="en").notes)
    assert f"审{hostile.SPITE}" in notes
    assert "Internal" not in notes
    assert map_description(spiteful, language="en").banner == f"made up{hostile.SPITE}"


def test_without_edges_there_is_a_map_but_no_decision(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    del frames["boundary_edges"]
    survey = open_survey(made.write_district(tmp_path / "open", frames))
    description = map_description(survey, "hardening.back_streets")
    assert counts(layer_named(description, "villages")) == {"unknown": 20}
    assert "area" not in {layer.name for layer in description.layers}


def test_what_the_streets_are_styled_by_is_shown_when_nothing_is_asked(squares: Survey) -> None:
    assert default_indicator(squares) == "hardening.back_streets"


def test_a_name_that_does_not_exist_is_answered(squares: Survey) -> None:
    with pytest.raises(UnknownNameError, match=r"hardening\.back_streets"):
        map_description(squares, "hardening.moon")
    with pytest.raises(UnknownNameError, match="town"):
        map_description(squares, "hardening.back_streets", level="hamlet")  # type: ignore[arg-type]


# ---------------------------------------------------------------- the file


def test_the_same_survey_gives_the_same_bytes_in_another_process(
    squares: Survey, tmp_path: Path
) -> None:
    here = write_map(tmp_path / "here.html", squares)
    there = tmp_path / "there.html"
    command = [sys.executable, "-m", "geo", "map", "-o", str(there)]
    subprocess.run(
        [*command, "--district", str(squares.district.folder)],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
    )
    assert there.read_bytes() == here.read_bytes()


def test_the_file_names_no_other_place(squares: Survey) -> None:
    page = map_html(squares)
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!data:)\w""", page.split("<script>")[0])
    assert "url(" not in leaflet_style().replace("url(#default#VML)", "")
    # Leaflet's own comments and links name its home; nothing else names any.
    named = set(re.findall(r"https?://([\w.-]+)", page))
    assert named <= {"leafletjs.com", "www.w3.org", "bugs.chromium.org", "bugzilla.mozilla.org"}
    assert "default-src 'none'" in page


def test_the_command_writes_it_in_either_language(squares: Survey, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    file = tmp_path / "map.html"
    folder = str(squares.district.folder)
    said = ["map", "-o", str(file), "--district", folder, "--lang", "en", "--level", "village"]
    ran = CliRunner().invoke(app, [*said, "--indicator", "hardening.fringe_roads"])
    assert ran.exit_code == 0, ran.output
    data = data_of(file.read_text(encoding="utf-8"))
    assert data["language"] == "en"
    assert data["subtitle"] == "Roads of urban villages and the fringe hardened"


def test_a_file_that_cannot_be_written_is_answered(squares: Survey, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    nowhere = tmp_path / "no such folder" / "map.html"
    ran = CliRunner().invoke(
        app, ["map", "-o", str(nowhere), "--district", str(squares.district.folder)]
    )
    assert "cannot write" in str(ran.exception)


# ---------------------------------------------------------------- nothing in the data runs


@given(st.text())
def test_inert_text_passes_any_template_and_any_parser_unchanged(text: str) -> None:
    from html import unescape

    rendered = Template(inert(text)).render()
    assert rendered == inert(text)
    if not re.search("[\x00-\x1f\x7f-\x9f]", text):  # which HTML cannot hold
        assert unescape(rendered) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_a_json_block_gives_its_value_back_and_holds_nothing_else(value: object) -> None:
    block = json_block(value)
    assert json.loads(block) == value
    assert not set("<>&`$\u2028\u2029") & set(block)


def test_spite_in_every_text_of_a_district_stays_text_in_the_file(
    spiteful: Survey, squares: Survey
) -> None:
    page = map_html(spiteful)
    # What stands around the data and the title is what stands there for an innocent district.
    assert skeleton(page) == skeleton(map_html(squares))
    title = re.search("<title>(.*?)</title>", page)
    assert title
    assert title[1] == inert(f"名{hostile.SPITE}")
    assert not [ran for ran in hostile.RAN if ran in page]
    # In the title, the banner, a note, units' names, streets' keys, layers', fields' and edges' names.
    assert json.dumps(data_of(page), ensure_ascii=False).count(hostile.SPITE[:60]) > 100
    assert data_of(page)["title"] == f"名{hostile.SPITE}"


def test_spite_stays_text_in_the_cards_of_the_app(spiteful: Survey) -> None:
    rows = coverage_of(spiteful)
    whole = rows[(rows["level"] == "district") & (rows["scope"] == "all")]
    declared = [indicator for _, indicator in spiteful.district.catalog.indicators()]
    html = top(spiteful, "zh", "0") + projects(spiteful, whole, declared, "zh")
    assert inert(hostile.SPITE) in html
    for part in ("{{", "<img", "<script", "`"):
        assert part not in html


def test_a_sum_adds_up_as_it_is_printed(squares: Survey) -> None:
    declared = {one.id: one for _, one in squares.district.catalog.indicators()}
    parts = {"covered": 2.4, "not_covered": 2.4, "unknown": 0.0}
    rates = {"rate": 0.5, "rate_lower": 0.5, "rate_upper": 0.5, "target": None, "reference": None}
    row = {**parts, **rates, "measure": "m", "status": None}
    html = reckoning(row, declared["hardening.back_streets"], "en")
    assert "covered 2.4 m + not covered 2.4 m = 4.8 m" in html


def test_the_component_holds_no_data_and_no_address() -> None:
    script = component_script()
    assert set(re.findall(r"https?://([\w.-]+)", script)) <= {"leafletjs.com", "www.w3.org"}
    assert "innerHTML" not in script.split("function drawAtlasMap")[1]


def test_our_scripts_write_text_and_never_markup() -> None:
    for file in (ROOT / "geo" / "views").glob("*.js"):
        text = file.read_text(encoding="utf-8")
        for markup in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert markup not in text, f"{file.name} uses {markup}"


# ---------------------------------------------------------------- tables


def test_the_list_of_villages_can_be_taken_into_a_spreadsheet(squares: Survey) -> None:
    table = scope_table(squares, scope_of(squares), "zh")
    rows = list(csv.reader(io.StringIO(csv_bytes(table, SCOPE_HEADINGS, "zh").decode("utf-8-sig"))))
    assert rows[0] == [
        "名称",
        "镇（街道）",
        "认定",
        "面积占比",
        "距边界 m",
        "临界",
        "相关界线",
        "代码",
    ]
    third = next(row for row in rows if row[-1] == "V13")
    assert third == ["1排3列", "南镇", "部分在内", "50.0", "0", "是", "东", "V13"]


def test_no_cell_starts_a_formula(spiteful: Survey) -> None:
    assert inert_cell("=1+1") == "'=1+1"
    assert inert_cell(" @x").startswith("'")
    frame = scope_table(spiteful, scope_of(spiteful), "zh").assign(unit_name='=cmd|"/c calc"!A1')
    text = csv_bytes(frame, SCOPE_HEADINGS, "zh").decode("utf-8-sig")
    for row in list(csv.reader(io.StringIO(text)))[1:]:
        assert not [cell for cell in row if cell.startswith(("=", "+", "@"))]


def test_rates_in_a_table_are_cut_never_rounded_up(squares: Survey) -> None:
    rows = coverage_of(squares, ["hardening.back_streets"])
    rows = rows[(rows["level"] == "district") & (rows["scope"] == "all")].assign(rate=0.9996)
    table = figures_table(rows, "en")
    assert table["rate"].item() == 99.9
    assert set(FIGURE_HEADINGS) == set(table.columns)


def test_what_lies_in_no_village_is_a_row_of_its_own(squares: Survey) -> None:
    rows = coverage_of(squares, ["hardening.back_streets"])
    rows = rows[(rows["level"] == "village") & (rows["scope"] == "all")]
    table = figures_table(rows, "zh")
    assert (table["unit_name"] == "不在任何单元内").sum() == 1
    assert table["total"].sum() == pytest.approx(rows["total"].sum(), abs=1)


# ---------------------------------------------------------------- the description itself


def test_a_description_is_plain_data_and_always_the_same(squares: Survey) -> None:
    once = as_json(map_description(squares, "hardening.back_streets"))
    again = as_json(map_description(open_survey(squares.district), "hardening.back_streets"))
    assert once == again
    assert json.loads(once) == json.loads(
        json.dumps(plain(map_description(squares, "hardening.back_streets")))
    )


# ---------------------------------------------------------------- a basemap, where someone chose one


def test_no_basemap_is_asked_for_unless_one_is_chosen(squares: Survey) -> None:
    assert basemap_named(None, {}) is None
    assert plain(map_description(squares))["basemap"] == []


def test_a_chosen_basemap_is_all_that_a_file_may_ask(squares: Survey) -> None:
    ground = basemap_named("http://127.0.0.1:9/{z}/{x}/{y}.png", {})
    page = map_html(squares, basemap=ground)
    assert "img-src data: http://127.0.0.1:9;" in page
    assert data_of(page)["basemap"] == ["http://127.0.0.1:9/{z}/{x}/{y}.png"]


def test_the_key_of_a_basemap_never_goes_into_a_file(squares: Survey, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ATLAS_TIANDITU_KEY"):
        basemap_named("tianditu", {})
    ground = basemap_named("tianditu", {"ATLAS_TIANDITU_KEY": "0123456789abcdef"})
    assert ground
    assert ground.secret
    with pytest.raises(DataError, match="key"):
        write_map(tmp_path / "map.html", squares, basemap=ground)
    assert not (tmp_path / "map.html").exists()


def test_layers_are_shifted_to_match_a_shifted_basemap(squares: Survey) -> None:
    straight = map_description(squares, "hardening.back_streets")
    shifted = laid_on(straight, basemap_named("amap", {}))
    away_m = []
    for layer, moved in zip(straight.layers, shifted.layers, strict=True):
        assert len(layer.shapes) == len(moved.shapes)
        for one, other in zip(layer.shapes, moved.shapes, strict=True):
            a = shapely.get_coordinates(shapely.geometry.shape(dict(one.geometry)))
            b = shapely.get_coordinates(shapely.geometry.shape(dict(other.geometry)))
            away_m += list(abs((b - a) * (94_000, 111_000)).sum(axis=1))
    assert min(away_m) > 300
    assert max(away_m) < 900
    assert "GCJ-02" in " ".join(shifted.notes)
    assert laid_on(straight, basemap_named("osm", {})).layers == straight.layers


@pytest.mark.parametrize("said", ["moon", "file:///etc/{z}/{x}/{y}", "http://a/{z}/{x}'/{y}"])
def test_what_is_no_basemap_is_refused(said: str) -> None:
    with pytest.raises(DataError, match="basemap"):
        basemap_named(said, {})


# ---------------------------------------------------------------- layers as they are declared


def test_a_layer_is_drawn_by_its_declared_field_with_unknown_apart(squares: Survey) -> None:
    layer = layer_named(layers_description(squares, ["back_streets"]), "back_streets")
    assert counts(layer) == {"true": 3, "false": 3, "unknown": 2}
    by_zone = layers_description(squares, ["back_streets"], by={"back_streets": "zone"})
    assert counts(layer_named(by_zone, "back_streets")) == {
        "urban": 2,
        "urban_village": 2,
        "fringe": 3,
        "unknown": 1,
    }


def test_another_rule_draws_other_decisions(squares: Survey) -> None:
    description = map_description(squares, rule=ScopeRule(rule="any_overlap"))
    assert counts(layer_named(description, "villages")) == {"in": 12, "out": 8}
