"""Every wrong declaration is answered in English and in Chinese: file, key, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from bilingual import CHINESE, FROM_ELSEWHERE, SENTENCE, half_said
from test_cli import atlas
from test_declarations import DISTRICT, SHARE, STREETS, WRONG

from geo.catalog import load_catalog
from geo.district import open_district
from geo.errors import DeclarationError
from geo.mapping.declared import ImportMapping, load_mapping, with_options
from geo.said import Said
from geo.scenario import load_scenario
from geo.sources.limits import limits

TARGET = 'target = { at_least = 0.5, source = "s", clause = "c", by = %s }\n'
KIND = 'kind = "share_of_length"\ncovered = "paved"'
LAMPS = STREETS.replace('"streets"', '"lamps"').replace("LineString", "Point")
POLYGONS = STREETS.replace("LineString", "Polygon")
MEETING = """kind = "share_meeting"
ratio = { numerator = "green" }
category = "zone"
thresholds = { inne = 0.3 }"""
LAYERS = {
    **{name: text for name, (text, _) in WRONG.items() if "unit = {" not in text},
    "no table": STREETS.replace('{ zh = "街", en = "Streets" }', '"街"'),
    "no list": STREETS.replace('["inner", "outer"]', "3"),
    "no text": STREETS.replace('"id"', "7", 1),
    "no truth": STREETS.replace("required = true", 'required = "perhaps"'),
    "no number": STREETS + 'minimum = "low"\n',
    "no whole number": STREETS + "[style]\norder = 1.5\n",
    "no indicators": 'indicator = "none"\n' + STREETS,
    "fields in no table": STREETS.split("[fields", 1)[0] + "fields = 3\n",
    "no name": STREETS.replace('"streets"', '"Streets of ours"'),
    "no day": STREETS + SHARE + TARGET % '"soon"',
    "an hour": STREETS + SHARE + TARGET % "2007-12-31T12:00:00",
    "below": STREETS + SHARE + TARGET.replace("0.5", "-1") % "2007-12-31",
    "not above": STREETS
    + SHARE.replace(
        KIND, 'kind = "share_within_distance"\nof = "lamps"\nreach = { distance_m = 0 }'
    ),
    "no kind": STREETS + SHARE.replace('kind = "share_of_length"\n', ""),
    "a key far from any": STREETS + SHARE + "zzz = 1\n",
    "a key of a table": STREETS + "[style]\ncolour_by = 3\n",
    "label": STREETS.replace('key = "id"', 'key = "id"\nlabel = "pavd"'),
    "colour": STREETS + '[style]\ncolor_by = "zonne"\n',
    "network": POLYGONS.replace('key = "id"', 'key = "id"\nnetwork = true'),
    "unit": POLYGONS + '[unit]\nlevel = "village"\ncode = "idd"\nname = "id"\n',
    "not a date": STREETS + "not_after_round = true\n",
    "titles of nothing": STREETS + 'value_titles = { outr = { zh = "外", en = "Outer" } }\n',
    "titles of a bool": STREETS.replace(
        '"bool"', '"bool"\nvalue_titles = { yes = { zh = "是", en = "Yes" } }'
    ),
    "both reaches": STREETS
    + SHARE.replace(
        KIND,
        'kind = "share_within_distance"\nof = "lamps"\nreach = { distance_m = 3, field = "h" }',
    ),
    "part of a reach": STREETS
    + SHARE.replace(KIND, 'kind = "share_within_distance"\nof = "lamps"\nreach = { field = "h" }'),
    "of no points": STREETS
    + SHARE.replace(
        KIND, 'kind = "share_within_distance"\nof = "lamp"\nreach = { distance_m = 3 }'
    ),
    "no height": STREETS
    + SHARE.replace(
        KIND,
        'kind = "share_within_distance"\nof = "lamps"\n'
        'of_where = { paved = "yes" }\nreach = { field = "h", times = 2, at_most_m = 30 }',
    ),
    "no raster": POLYGONS
    + SHARE.replace(KIND, 'kind = "share_of_pixels"\nraster = "lamps"\nat_least = 0.3'),
    "ratios": POLYGONS + SHARE.replace(KIND, MEETING),
    "no category": POLYGONS
    + SHARE.replace(KIND, MEETING.replace('category = "zone"', 'category = "zon"')),
    "refers to nothing": STREETS.replace('"text"', '"text"\nrefers_to = ["lamp"]'),
    "used in two": STREETS.replace('name = "streets"', 'name = "other"'),
    "covered by no sort of name": STREETS + SHARE.replace('"paved"', "5"),
    "covered by a number among names": STREETS + SHARE.replace('"paved"', '["paved", 5]'),
    "where by a day": STREETS + SHARE + "where = { zone = 2007-12-31 }\n",
    "fields called as sorts are, and no tables": STREETS.split("[fields", 1)[0]
    + "[fields]\nstr = 5\nint = 6\n",
    "fields called as sorts are": STREETS + "[fields.str]\n[fields.int]\n",
    "a table twice": STREETS + "[fields.id]\n",
    "cut short": STREETS + 'title = "',
    "one key twice": 'key = "id"\n' + STREETS,
}


def chinese_of(error: DeclarationError) -> str:
    """The Chinese of what is wrong, in which all but names, keys and values is Chinese."""
    assert str(error) == error.in_("en")
    for problem in error.problems:
        assert isinstance(problem, Said), problem
        assert half_said(problem) is None, problem
    lines = error.in_("zh").splitlines()
    assert len(lines) == len(error.problems)
    for line in lines:
        said = FROM_ELSEWHERE.sub("", line)
        assert CHINESE.search(said.split("：", 1)[1]), line
        assert not SENTENCE.search(said), line
    return "\n".join(lines)


@pytest.mark.parametrize("text", LAYERS.values(), ids=LAYERS)
def test_a_wrong_layer_file_is_answered_in_chinese(tmp_path: Path, text: str) -> None:
    (tmp_path / "lamps.toml").write_text(LAMPS, encoding="utf-8")
    (tmp_path / "streets.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_catalog(tmp_path)
    assert chinese_of(caught.value).startswith("图层声明：streets.toml：")


SENTENCES = {
    "unknown key": (
        "key 'keys' is not one a declaration has; nearest: key",
        "键“keys”不是声明中的键；最接近的：key",
    ),
    "a key far from any": (
        "key 'indicator[1].zzz' is not one a declaration has; there are: id, project, title, definition, where,"
        " by, target, reference, kind, covered",
        "键“indicator[1].zzz”不是声明中的键；现有：id、project、title、definition、where、by、target、reference、"
        "kind、covered",
    ),
    "a key of a table": (
        "key 'style.colour_by' is not one a declaration has; nearest: color_by, color, colors",
        "键“style.colour_by”不是声明中的键；最接近的：color_by、color、colors",
    ),
    "unknown geometry": (
        "geometry = 'Line': expected one of 'Point', 'LineString', 'Polygon', 'Raster' or 'Table';"
        " nearest: LineString",
        "geometry = 'Line'：应为 Point、LineString、Polygon、Raster、Table 之一；最接近的：LineString",
    ),
    "label": (
        "label = 'pavd': not a declared field (id, paved, zone); nearest: paved",
        "label = 'pavd'：不是已声明的字段（现有：id、paved、zone）；最接近的：paved",
    ),
    "of no points": (
        "indicator hardening.streets: of = 'lamp': not a declared Point layer; nearest: lamps",
        "指标 hardening.streets：of = 'lamp'：不是已声明的 Point 图层；最接近的：lamps",
    ),
    "target above one": (
        "indicator[1].target.at_least = 95: expected less than or equal to 1",
        "indicator[1].target.at_least = 95：应不大于 1",
    ),
    "no kind": (
        "indicator[1]: key 'kind' is missing; expected one of 'share_of_count', 'share_of_length',"
        " 'share_of_area', 'share_within_distance', 'share_of_pixels', 'share_meeting'",
        "indicator[1]：缺少键“kind”；应为 share_of_count、share_of_length、share_of_area、"
        "share_within_distance、share_of_pixels、share_meeting 之一",
    ),
    "no truth": (
        "fields.id.required = 'perhaps': expected true or false",
        "fields.id.required = 'perhaps'：应为 true 或 false",
    ),
    "an hour": (
        "indicator[1].target.by = 2007-12-31T12:00:00: expected a date such as 2007-12-31",
        "indicator[1].target.by = 2007-12-31T12:00:00：应为日期，如 2007-12-31",
    ),
    "covered by no sort of name": (
        "indicator[1].covered = 5: expected one of: text in quotation marks, a list in square brackets, a table of keys",
        "indicator[1].covered = 5：应为下列之一：引号中的文字、方括号中的列表、由键组成的表",
    ),
    "where by a day": (
        "indicator[1].where.zone = 2007-12-31: expected one of: true or false, a whole number, a number,"
        " text in quotation marks, a list in square brackets",
        "indicator[1].where.zone = 2007-12-31：应为下列之一：true 或 false、整数、数、引号中的文字、方括号中的列表",
    ),
    "fields called as sorts are, and no tables": (
        'fields.str = 5: expected a table of keys, as in { zh = "…", en = "…" }\n'
        'fields.int = 6: expected a table of keys, as in { zh = "…", en = "…" }',
        'fields.str = 5：应为由键组成的表，如 { zh = "…", en = "…" }\n'
        'fields.int = 6：应为由键组成的表，如 { zh = "…", en = "…" }',
    ),
    "one key twice": (
        "is not TOML in UTF-8: Cannot overwrite a value (at line 5, column 11)",
        "不是 UTF-8 编码的 TOML：第 5 行第 11 列同一键写了两次",
    ),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_file_key_value_and_what_is_allowed_in_both(tmp_path: Path, name: str) -> None:
    (tmp_path / "lamps.toml").write_text(LAMPS, encoding="utf-8")
    (tmp_path / "streets.toml").write_text(LAYERS[name], encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_catalog(tmp_path)
    english, chinese = SENTENCES[name]
    lines = [f"layers: streets.toml: {line}" for line in english.splitlines()]
    assert str(caught.value).splitlines() == lines
    lines = [f"图层声明：streets.toml：{line}" for line in chinese.splitlines()]
    assert caught.value.in_("zh").splitlines() == lines


DISTRICTS = {
    "a level that is none": DISTRICT + 'levels = ["vilages"]\n',
    "a rule that is none": DISTRICT + '[scope]\nrule = "feeling"\n',
    "thresholds in disorder": DISTRICT + "[scope]\nin_at_least = 0.1\nout_at_most = 0.2\n",
    "a target of nothing": DISTRICT
    + '[targets."hardening.fringe_road"]\nat_least = 1\nsource = "s"\nclause = "c"\n',
    "no code": DISTRICT.replace("code", "cod"),
    "no TOML": "{",
    "a text that is none": DISTRICT
    + '[value_titles.boundary_edges.bassis]\nx = { zh = "甲", en = "x" }\n',
    "a layer that is none": DISTRICT
    + '[value_titles.boundary_edge.basis]\nx = { zh = "甲", en = "x" }\n',
    "no coordinate system": DISTRICT.replace("EPSG:4549", "somewhere"),
    "degrees": DISTRICT.replace("4549", "4326"),
    "feet": DISTRICT.replace("4549", "2263"),
    "too little memory": DISTRICT + "memory_mb = 5\n",
}


@pytest.mark.parametrize("text", DISTRICTS.values(), ids=DISTRICTS)
def test_a_wrong_district_is_answered_in_chinese(tmp_path: Path, text: str) -> None:
    (tmp_path / "district.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        open_district(tmp_path)
    assert chinese_of(caught.value).startswith(f"{tmp_path / 'district.toml'}：")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("a level that is none", "villages"),
        ("a target of nothing", "hardening.fringe_roads"),
        ("a text that is none", "basis"),
        ("a layer that is none", "boundary_edges"),
    ],
)
def test_a_name_misspelt_in_a_district_has_its_nearest(
    tmp_path: Path, name: str, nearest: str
) -> None:
    (tmp_path / "district.toml").write_text(DISTRICTS[name], encoding="utf-8")
    with pytest.raises(DeclarationError, match=rf"nearest: {nearest}\b") as caught:
        open_district(tmp_path)
    assert f"最接近的：{nearest}" in caught.value.in_("zh")


@pytest.mark.parametrize(
    "text",
    [
        "layer = ",
        "colour = 1",
        "[fields.lit]\n",
        "[fields.lit]\ncolumn = 'a'\nvalue = true",
        "[fields.lit]\nvalue = true\nyes = ['y']",
        "[fields.lit]\ncolumn = 'a'\nyes = ['y']\nno = ['Y']",
        None,
    ],
)
def test_a_wrong_mapping_is_answered_in_chinese(tmp_path: Path, text: str | None) -> None:
    mapping = tmp_path / "mapping.toml"
    if text is not None:
        mapping.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_mapping(mapping)
    chinese_of(caught.value)


def test_a_wrong_option_scenario_or_setting_is_answered_in_chinese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeclarationError) as caught:
        with_options(ImportMapping(), ["lit"])
    chinese_of(caught.value)
    bad = tmp_path / "bad.json"
    for text in ('{"name": 1}', '{"name": "a", "edits": [{"value": {}}]}', "[]", ""):
        bad.write_text(text, encoding="utf-8")
        with pytest.raises(DeclarationError) as caught:
            load_scenario(bad)
        chinese_of(caught.value)
    bad.write_text('{"name" "a"}', encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_scenario(bad)
    assert chinese_of(caught.value) == f"{bad}：不是 JSON：第 1 行第 9 列写法有误"
    monkeypatch.setenv("ATLAS_LIMIT_PIXLES", "7")
    monkeypatch.setenv("ATLAS_LIMIT_BANDS", "many")
    with pytest.raises(DeclarationError, match="nearest: ATLAS_LIMIT_PIXELS") as caught:
        limits()
    assert chinese_of(caught.value).startswith(
        "环境变量：ATLAS_LIMIT_BANDS：'many'；须为大于 0 的整数"
    )


def test_a_layer_file_that_cannot_be_read_is_answered(tmp_path: Path) -> None:
    (tmp_path / "streets.toml").mkdir()
    with pytest.raises(DeclarationError, match=r"streets\.toml: cannot be read: ") as caught:
        load_catalog(tmp_path)
    assert chinese_of(caught.value) == "图层声明：streets.toml：无法读取：是文件夹"


def test_a_wrong_declaration_is_told_in_the_readers_language(tmp_path: Path) -> None:
    (tmp_path / "district.toml").write_text(DISTRICTS["no code"], encoding="utf-8")
    told = atlas("layers", "--district", str(tmp_path), "--lang", "zh")
    file = tmp_path / "district.toml"
    assert told.returncode == 2
    assert told.stderr.splitlines() == [
        f"atlas: {file}：缺少键“code”",
        f"{file}：键“cod”不是声明中的键；最接近的：code",
    ]
