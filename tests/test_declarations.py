"""Every layer file is tested the moment it exists; a wrong one names file, key, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import made
import pandas as pd
import pytest

from geo.bundled import layers_folder
from geo.catalog import load_catalog, load_layer
from geo.coverage import coverage_of, rows_behind
from geo.district import open_district
from geo.errors import DeclarationError, UnknownNameError
from geo.survey import Survey, open_survey
from geo.validate import conform
from geo.views.shapes import value_in_words

CATALOG = load_catalog()
FILES = sorted(layers_folder().glob("*.toml"))
INDICATORS = [indicator for _, indicator in CATALOG.indicators()]
ROW_LAYERS = [layer for layer in CATALOG.layers.values() if layer.geometry != "Raster"]

CORE = {
    "boundary_edges": {"side", "name", "accuracy_m", "status"},
    "towns": {"code", "name", "certified"},
    "villages": {"code", "name", "kind", "town_code", "certified"},
    "back_streets": {"id", "name", "zone", "width_m", "hardened", "lit", "cleaned"}
    | {f"six_no_{number}" for number in range(1, 7)},
    "lamps": {"id", "working", "height_m"},
    "housing_areas": {"id", "name", "kind", "green_m2"},
    "scenic_works": {"id", "name", "lit"},
    "facades": {"id", "name", "renewed", "lit"},
    "weak_spots": {"id", "category", "status", "unit_code", "owner", "due_on"},
    "work_units": {"id", "name", "certified"},
    "inspections": {"id", "unit_code", "period", "held_on", "score"},
    "ndvi": set(),
}

STREETS = """\
name = "streets"
title = { zh = "街", en = "Streets" }
geometry = "LineString"
key = "id"
[fields.id]
type = "text"
required = true
[fields.paved]
type = "bool"
[fields.zone]
type = "category"
values = ["inner", "outer"]
"""
SHARE = """
[[indicator]]
id = "hardening.streets"
project = "hardening"
title = { zh = "硬化率", en = "Hardened" }
definition = { zh = "硬化 ÷ 全部", en = "hardened ÷ all" }
kind = "share_of_length"
covered = "paved"
"""


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """A district with made rows for every declared layer, and nothing but declarations to make them from."""
    folder = tmp_path_factory.mktemp("made")
    made.write_district(folder, made.made_round(CATALOG.layers))
    made.made_rasters(folder, CATALOG.layers)
    return open_survey(folder)


def test_the_core_layers_have_their_fields() -> None:
    for name, fields in CORE.items():
        assert fields <= set(CATALOG.layer(name).fields), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_layer_file_reads_and_names_itself(path: Path) -> None:
    layer = load_layer(path)
    assert layer.name == path.stem
    assert layer.title.zh
    assert layer.title.en
    for name, spec in layer.fields.items():
        assert spec.title is None or (spec.title.zh and spec.title.en), name


@pytest.mark.parametrize("layer", ROW_LAYERS, ids=lambda layer: layer.name)
def test_made_rows_conform_with_what_is_missing_kept_missing(layer: made.Layer) -> None:
    rows = made.rows_for(layer)
    conformed = conform(rows, layer)
    assert [finding for finding in conformed.findings if finding.severity == "error"] == []
    frame = conformed.frame
    assert len(frame) == len(rows)
    for name in layer.fields:
        assert frame[name].isna().tolist() == rows[name].isna().tolist(), name


@pytest.mark.parametrize("layer", ROW_LAYERS, ids=lambda layer: layer.name)
def test_colours_are_colours_of_declared_values(layer: made.Layer) -> None:
    style = layer.style
    for color in (style.color, *style.colors.values()):
        assert color.startswith("#")
        assert len(color) == 7
        int(color[1:], 16)
    if style.color_by:
        spec = layer.fields[style.color_by]
        assert spec.type in ("bool", "category")
        values = {"true", "false"} if spec.type == "bool" else set(spec.values)
        assert set(style.colors) <= values | {"unknown"}


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda indicator: indicator.id)
def test_an_indicator_works_on_made_rows(survey: Survey, indicator: made.Any) -> None:
    rows = coverage_of(survey, [indicator.id])
    rows = rows[rows["indicator"] == indicator.id]
    assert set(rows["scope"]) == {"all", "inside"}
    assert set(rows["level"]) == {"village", "town", "district"}
    (district,) = rows[(rows["level"] == "district") & (rows["scope"] == "all")].itertuples()
    # Made rows have every value of every field, and gaps: something is covered, something is not known.
    assert district.total > 0
    assert district.covered + district.not_covered + district.unknown == pytest.approx(
        district.total
    )
    assert 0 <= district.rate_lower <= district.rate_upper <= 1
    assert (pd.isna(district.status)) == (indicator.target is None)
    traced = rows_behind(survey, indicator.id)
    assert traced[["covered", "not_covered", "unknown"]].sum().tolist() == pytest.approx(
        [district.covered, district.not_covered, district.unknown]
    )


def test_a_new_file_is_a_new_layer_with_figures(tmp_path: Path) -> None:
    """Public toilets with a target: one file, rows in a round, and not a line of Python."""
    folder = tmp_path / "district"
    (folder / "layers").mkdir(parents=True)
    (folder / "layers" / "toilets.toml").write_text(
        """
name = "toilets"
title = { zh = "公厕", en = "Public toilets" }
geometry = "Point"
key = "id"
[fields.id]
type = "text"
required = true
[fields.open]
type = "bool"
[[indicator]]
id = "cleaning.toilets"
project = "cleaning"
title = { zh = "公厕开放率", en = "Toilets open" }
definition = { zh = "开放 ÷ 全部", en = "open ÷ all" }
kind = "share_of_count"
covered = "open"
target = { at_least = 0.5, source = "a by-law", clause = "1" }
""",
        encoding="utf-8",
    )
    layers = load_catalog(layers_folder(), folder / "layers").layers
    frames = made.made_round(
        {name: layers[name] for name in ("boundary_edges", "villages", "towns")}
    )
    frames["toilets"] = made.layer_rows(
        layers["toilets"],
        [
            {"id": "1", "open": True, "geometry": made.Point(50, 50)},
            {"id": "2", "open": True, "geometry": made.Point(150, 50)},
            {"id": "3", "open": False, "geometry": made.Point(250, 50)},
            {"id": "4", "geometry": made.Point(350, 50)},
        ],
    )
    rows = coverage_of(open_survey(made.write_district(folder, frames)), ["cleaning.toilets"])
    (row,) = rows[(rows["level"] == "district") & (rows["scope"] == "all")].itertuples()
    assert (row.covered, row.not_covered, row.unknown) == (2, 1, 1)
    assert (row.rate, row.rate_lower, row.rate_upper) == (2 / 3, 0.5, 0.75)
    assert row.status == "met"


WRONG = {
    "unknown key": (STREETS.replace('key = "id"', 'keys = "id"'), ["keys"]),
    "unknown geometry": (
        STREETS.replace("LineString", "Line"),
        ["geometry", "'Line'", "'LineString'", "'Polygon'"],
    ),
    "unknown type": (STREETS.replace('"bool"', '"yesno"'), ["fields.paved.type", "yesno", "bool"]),
    "category without values": (
        STREETS.replace('values = ["inner", "outer"]', ""),
        ["fields.zone", "values"],
    ),
    "key that is no field": (STREETS.replace('key = "id"', 'key = "no"'), ["key", "'no'", "paved"]),
    "missing title": (STREETS.replace('title = { zh = "街", en = "Streets" }', ""), ["title"]),
    "unknown kind": (
        STREETS + SHARE.replace("share_of_length", "share_of_depth"),
        ["share_of_depth", "share_of_length", "share_of_count"],
    ),
    "kind for another geometry": (
        STREETS + SHARE.replace("share_of_length", "share_of_area"),
        ["hardening.streets", "share_of_area", "Polygon", "LineString"],
    ),
    "undeclared field": (
        STREETS + SHARE.replace('"paved"', '"lit"'),
        ["hardening.streets", "'lit'", "paved"],
    ),
    "covered by a field that is no bool": (
        STREETS + SHARE.replace('"paved"', '"zone"'),
        ["hardening.streets", "'zone'", "paved"],
    ),
    "where with a value that is not declared": (
        STREETS + SHARE + 'where = { zone = "middle" }\n',
        ["where.zone", "'middle'", "inner", "outer"],
    ),
    "where on an undeclared field": (
        STREETS + SHARE + "where = { depth = 1 }\n",
        ["where.depth", "zone"],
    ),
    "by a field that is no category": (STREETS + SHARE + 'by = "paved"\n', ["by", "'paved'"]),
    "target above one": (
        STREETS + SHARE + 'target = { at_least = 95, source = "s", clause = "c" }\n',
        ["target.at_least", "95", "less than or equal to 1"],
    ),
    "id used twice": (STREETS + SHARE + SHARE, ["hardening.streets", "twice"]),
    "another project": (
        STREETS + SHARE.replace('"hardening"', '"paving"'),
        ["project", "'paving'", "'hardening'"],
    ),
    "not TOML": ("name = street's", ["TOML"]),
    "unit layer of lines": (
        STREETS + 'unit = { level = "village", code = "id", name = "id" }\n',
        ["Polygon"],
    ),
}


@pytest.mark.parametrize(("text", "named"), WRONG.values(), ids=WRONG)
def test_a_wrong_layer_file_says_what_is_wrong(tmp_path: Path, text: str, named: list[str]) -> None:
    if "unit = {" in text:  # a key of the table at the top
        *rows, unit = text.splitlines()
        text = "\n".join([unit, *rows])
    (tmp_path / "streets.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_catalog(tmp_path)
    message = str(caught.value)
    assert "streets.toml" in message
    for part in named:
        assert part in message, message


def test_not_utf8_is_said(tmp_path: Path) -> None:
    (tmp_path / "streets.toml").write_bytes(STREETS.encode("gbk"))
    with pytest.raises(DeclarationError, match=r"streets\.toml.*UTF-8"):
        load_catalog(tmp_path)


def test_all_faults_of_all_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "streets.toml").write_text(
        STREETS.replace('key = "id"', 'keys = "id"').replace('"bool"', '"yesno"'), encoding="utf-8"
    )
    (tmp_path / "lanes.toml").write_text(STREETS, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_catalog(tmp_path)
    message = str(caught.value)
    for part in ("streets.toml", "keys", "yesno", "lanes.toml", "name = 'streets'"):
        assert part in message


def test_an_id_used_in_two_files_names_both(tmp_path: Path) -> None:
    (tmp_path / "streets.toml").write_text(STREETS + SHARE, encoding="utf-8")
    (tmp_path / "lanes.toml").write_text(
        (STREETS + SHARE).replace('name = "streets"', 'name = "lanes"'), encoding="utf-8"
    )
    with pytest.raises(DeclarationError) as caught:
        load_catalog(tmp_path)
    for part in ("streets.toml", "lanes.toml", "hardening.streets"):
        assert part in str(caught.value)


REACH = SHARE.replace('kind = "share_of_length"\ncovered = "paved"', "").replace(
    "hardening.streets", "lighting.streets"
)


@pytest.mark.parametrize(
    ("tail", "named"),
    [
        (
            'kind = "share_within_distance"\nof = "lanterns"\nreach = { distance_m = 20 }\n',
            ["lanterns", "Point"],
        ),
        (
            'kind = "share_within_distance"\nof = "streets"\nreach = { field = "h" }\n',
            ["reach", "times", "at_most_m"],
        ),
    ],
)
def test_reach_names_what_it_needs(tmp_path: Path, tail: str, named: list[str]) -> None:
    (tmp_path / "streets.toml").write_text(STREETS + REACH + tail, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_catalog(tmp_path)
    for part in ("streets.toml", *named):
        assert part in str(caught.value)


DISTRICT = """\
name = { zh = "区", en = "District" }
code = "990001"
metric_crs = "EPSG:4549"
"""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (DISTRICT + 'levels = ["hamlets"]\n', ["levels", "hamlets"]),
        (DISTRICT + 'levels = ["lamps"]\n', ["levels", "lamps"]),
        (DISTRICT + '[scope]\nrule = "feeling"\n', ["scope.rule", "feeling", "area_share"]),
        (DISTRICT + "[scope]\nin_at_least = 0.1\nout_at_most = 0.2\n", ["out_at_most"]),
        (
            DISTRICT + '[targets."x.y"]\nat_least = 1\nsource = "s"\nclause = "c"\n',
            ["targets.x.y", "no indicator"],
        ),
        (DISTRICT.replace("code", "cod"), ["cod", "code"]),
        ("{", ["TOML"]),
    ],
)
def test_a_wrong_district_says_what_is_wrong(tmp_path: Path, text: str, named: list[str]) -> None:
    (tmp_path / "district.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        open_district(tmp_path)
    for part in ("district.toml", *named):
        assert part in str(caught.value)


def test_a_folder_without_declaration_is_no_district(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"district\.toml.*not found"):
        open_district(tmp_path)


def test_a_target_of_the_district_overrides_the_layers(tmp_path: Path) -> None:
    made.write_district(
        tmp_path, made.made_round({name: CATALOG.layer(name) for name in ("villages", "towns")})
    )
    with (tmp_path / "district.toml").open("a", encoding="utf-8") as file:
        file.write('[targets."certification.towns"]\nat_least = 0.5\nsource = "s"\nclause = "c"\n')
    district = open_district(tmp_path)
    _, indicator = district.catalog.indicator("certification.towns")
    target = district.target(indicator)
    assert target is not None
    assert target.at_least == 0.5


def test_texts_of_a_districts_own_data_are_titled_by_it_and_shown_so(tmp_path: Path) -> None:
    titles = (
        '[value_titles.boundary_edges.basis]\n"by eye" = { zh = "目测", en = "by eye" }\n'
        '[value_titles.boundary_edges.side]\nnorth = { zh = "北", en = "N" }\n'
    )
    declared = 'name = {{ zh = "区", en = "D" }}\ncode = "1"\nmetric_crs = "EPSG:4549"\n{}'
    (tmp_path / "district.toml").write_text(declared.format(titles), encoding="utf-8")
    with pytest.raises(
        DeclarationError, match=r"value_titles\.boundary_edges\.side: no such field"
    ):
        open_district(tmp_path)
    good = titles.split("[value_titles.boundary_edges.side]", maxsplit=1)[0]
    (tmp_path / "district.toml").write_text(declared.format(good), encoding="utf-8")
    fields = open_district(tmp_path).catalog.layer("boundary_edges").fields
    assert value_in_words("by eye", fields["basis"], "zh") == "目测"
    assert value_in_words("by foot", fields["basis"], "zh") == "by foot"
    assert value_in_words("estimate", fields["status"], "zh") == "估计"
    assert fields["name"].value_titles == {}


def test_a_name_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(UnknownNameError, match=r"streets.*back_streets"):
        CATALOG.layer("streets")
    with pytest.raises(UnknownNameError, match=r"paving.*hardening\.fringe_roads"):
        CATALOG.indicator("paving")
