"""`--lang zh`: the frame of every table, every remark and every fault in Chinese; what programs read as it was."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import made
import pytest
from bilingual import CHINESE
from rich.cells import cell_len
from test_cli import atlas

from geo.bundled import embedded_district
from geo.catalog import load_catalog
from geo.check.titles import CODES
from geo.cli.wording import code_titled, headed, row_called, told, worded
from geo.importing.titles import CODES as IMPORTED
from geo.model import Finding
from geo.said import Said

NAMES = re.compile(
    r"[a-z]+(?:[._][a-z0-9_]+)+|\b(?:lamps|towns|villages|roads|waters|ndvi|facades|inspections|squares)\b"
    r"|[a-z]+(?:-[a-z]+)+|\b[0-9a-f]{12}\b|NDVI|GB18030|UTC|EPSG|id|root|atlas|--[a-z-]+|/\S+|\b[A-Z]+\d+\b"
)
"""What a Chinese text holds of names that commands take, of digests and of files."""
TABLES = (
    ("layers",),
    ("scope",),
    ("coverage",),
    ("coverage", "--level", "village", "--indicator", "hardening.back_streets"),
    ("check",),
    ("rounds",),
    ("rows", "hardening.back_streets", "--unit", "321202002"),
)
ENGLISH = re.compile(r"[A-Za-z]{3,}")


def english_in(text: str) -> list[str]:
    return ENGLISH.findall(NAMES.sub("", text))


@pytest.mark.parametrize("command", TABLES, ids=" ".join)
def test_a_table_and_its_remarks_hold_no_english_but_names(command: tuple[str, ...]) -> None:
    result = atlas(*command, "--lang", "zh")
    assert result.returncode == 0, result.stderr
    heading = result.stdout.splitlines()[0]
    assert all(CHINESE.search(word) for word in heading.split() if word != "m"), heading
    assert english_in(result.stdout) == []
    assert english_in(result.stderr) == []


# As CSV the texts of findings are in the reader's language, see docs/check.md.
@pytest.mark.parametrize("command", TABLES, ids=" ".join)
@pytest.mark.parametrize("kind", ["json", "csv"])
def test_what_programs_read_is_the_same_in_either_language(
    command: tuple[str, ...], kind: str
) -> None:
    english, chinese = (atlas(*command, "--format", kind, "--lang", lang) for lang in ("en", "zh"))
    if (command, kind) == (("check",), "csv"):
        assert english.stdout.splitlines()[0] == chinese.stdout.splitlines()[0]
        codes = [
            [row["code"] for row in csv.DictReader(io.StringIO(one.stdout))]
            for one in (english, chinese)
        ]
        assert codes[0] == codes[1] != []
    else:
        assert english.stdout == chinese.stdout


def test_columns_of_a_chinese_table_stand_under_each_other() -> None:
    lines = atlas("coverage", "--lang", "zh").stdout.splitlines()
    at = cell_len(lines[0].partition("已达到")[0]) + cell_len("已达到")
    for line in lines:
        cells = [place for place in range(len(line) + 1) if cell_len(line[:place]) == at]
        assert cells, line
        assert line[cells[0] :].startswith("  "), line


def test_verdicts_levels_and_sides_are_words() -> None:
    coverage = atlas("coverage", "--lang", "zh").stdout
    assert "未达标" in coverage
    assert "城中村及城郊结合部道路硬化率（hardening.fringe_roads）" in coverage
    assert "平方米" in coverage
    scope = atlas("scope", "--lang", "zh").stdout
    for words in ("村（社区）", "镇（街道）", "部分在内", "范围外", "临界", "北、西"):
        assert words in scope, words
    assert "不在任何单元内" in atlas("coverage", "--level", "village", "--lang", "zh").stdout
    check = atlas("check", "--lang", "zh").stdout
    assert "警告" in check
    assert "端点未接上（nearly-joined）" in check
    assert "草稿" in atlas("rounds", "--lang", "zh").stdout


def test_the_whole_way_of_a_round_is_told_in_chinese(tmp_path: Path) -> None:
    district = tmp_path / "d"
    shutil.copytree(embedded_district(), district)
    file = tmp_path / "路灯.csv"
    file.write_text(
        "编号,完好,经度,纬度\nL1,是,119.91,32.48\nL2,可能,119.92,32.48\n,是,119.93,32.48\n",
        encoding="gb18030",
    )
    where = ("--district", str(district), "--lang", "zh")
    draft = (*where, "--round", "2008-01-31")
    imported = atlas("import", str(file), *draft, "--layer", "lamps", "--crs", "wgs84")
    for words in ("类别", "未采用", "第 4 行", "字段对应（field-mapping）", "警告", "提示"):
        assert words in imported.stdout, words
    for words in (
        "lamps：共 3 行，其中 2 行已采用，写入轮次 2008-01-31，1 行未采用",
        "可沿用：atlas carry",
    ):
        assert words in imported.stderr, words
    assert ",line 4," in atlas(
        "import", str(file), *where, "--layer", "lamps", "--crs", "wgs84", "--dry-run", "--format", "csv", "--round", "2008-01-30"
    ).stdout  # fmt: skip
    carried = atlas("carry", *draft)
    assert "villages：轮次 2007-12-31 的 156 行已沿用到轮次 2008-01-31" in carried.stderr
    assert "都有，无需沿用" in atlas("carry", *draft).stderr
    undone = atlas("undo", *draft)
    assert "已撤回：" in undone.stderr
    assert "轮次 2008-01-31 已恢复原样，各表摘要" in undone.stderr
    converted = atlas("convert", *draft, "--as", "geoparquet")
    assert "现以 GeoParquet 保存" in converted.stderr
    published = atlas("publish", *draft, "--as-it-is")
    assert re.search(r"已由 \S+ 于 \d{4}-\d\d-\d\d \d\d:\d\d UTC 发布", published.stderr)
    listed = atlas("rounds", *where)
    assert "路灯（lamps）" in listed.stdout
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", listed.stdout)
    assert re.search(r"轮次 2008-01-31：数据摘要 \w+，已发布，\S+ 于 .* 发布", listed.stderr)
    for result in (carried, undone, converted, published, listed):
        assert result.returncode == 0
        shown = result.stderr.replace(str(district), "").replace("GeoParquet", "")
        assert english_in(shown) == []
    refused = atlas("undo", *draft)
    assert (refused.returncode, english_in(refused.stderr)) == (2, [])


def test_a_report_and_a_map_speak_chinese_to_whoever_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for asked in (
        ["report", "-o", "r.html", "--unit", "1"],
        ["map", "-o", "m.html", "--indicator", "x"],
    ):
        assert (
            "no " in atlas(*asked).stderr
        )  # their files are Chinese by default, the command English
        assert "没有名为" in atlas(*asked, "--lang", "zh").stderr
    assert re.search(
        r"已写出 m\.html（[\d.]+ [KM]B）", atlas("map", "-o", "m.html", "--lang", "zh").stderr
    )


def test_a_district_that_is_none_is_told_in_chinese(tmp_path: Path) -> None:
    assert "未找到；一个区是" in atlas("layers", "--district", str(tmp_path), "--lang", "zh").stderr
    (tmp_path / "district.toml").write_text("x", encoding="utf-8")
    assert (
        "不是 UTF-8 编码的 TOML"
        in atlas("layers", "--district", str(tmp_path), "--lang", "zh").stderr
    )
    frames = made.squares(load_catalog().layers)
    empty = made.write_district(tmp_path / "d", frames)
    for file in (empty / "rounds").iterdir():
        file.unlink()
    for command in ("scope", "rounds", "layers"):
        said = atlas(command, "--district", str(empty), "--lang", "zh").stderr
        assert "尚无轮次；请先导入：atlas import" in said


def test_a_round_without_edges_is_told_which_layer_to_bring_in(tmp_path: Path) -> None:
    frames = made.squares(load_catalog().layers)
    del frames["boundary_edges"]
    half = made.write_district(tmp_path / "d", frames)
    said = atlas("scope", "--district", str(half), "--lang", "zh").stderr
    assert (
        "；请先导入城乡一体化四至：atlas import FILE --district DIR --layer boundary_edges\n"
        in said
    )
    said = atlas("scope", "--district", str(half)).stderr
    assert "; import it first (Edges of the area): atlas import FILE" in said


def test_a_round_that_cannot_be_opened_is_told_in_chinese_to_the_end(tmp_path: Path) -> None:
    district = made.write_district(tmp_path / "d", made.squares(load_catalog().layers))
    (district / "rounds" / "2030-01-01.gpkg").write_text("junk", encoding="utf-8")
    refused = atlas("coverage", "--district", str(district), "--lang", "zh")
    assert refused.returncode == 2
    assert refused.stderr.startswith("atlas: 轮次 2030-01-01 无法打开：2030-01-01.gpkg：发现：")
    assert (
        ENGLISH.findall(
            re.sub(r"2030-01-01\.gpkg|SQLite|GeoPackage|\.gpkg|atlas", "", refused.stderr)
        )
        == []
    )
    english = atlas("coverage", "--district", str(district)).stderr
    assert english.startswith("atlas: round 2030-01-01 cannot be opened: 2030-01-01.gpkg: found ")


def test_the_line_of_a_file_is_called_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "district.toml").write_text(
        'name = { zh = "甲", en = "A" }\ncode = "1"\nmetric_crs = "EPSG:4549"\n', encoding="utf-8"
    )
    (tmp_path / "灯.csv").write_text("编号,完好,经度,纬度\nL1,是,119.9,32.5\n", encoding="utf-8")
    here = ("--district", str(tmp_path), "--lang", "zh")
    atlas("import", str(tmp_path / "灯.csv"), *here, "--layer", "lamps", "--crs", "wgs84")
    assert atlas("rows", "亮灯率", *here).stdout.splitlines()[1].endswith("灯.csv    第 2 行")
    file = str(tmp_path / "灯.csv")
    refused = atlas(
        "import", file, *here, "--layer", "lamps", "--crs", "x", "--round", "2008-01-01"
    )
    assert "EPSG:n（如 EPSG:4490）" in refused.stderr


def test_every_word_there_is_has_its_chinese() -> None:
    for code in (*CODES, *IMPORTED):
        assert CHINESE.search(code_titled(code, "zh")), code
        assert code_titled(code, "zh").endswith(f"（{code}）")
        assert code_titled(code, "en") == code
    for name in (
        "error",
        "left out",
        "unreadable",
        "Raster",
        "in",
        "not_met",
        "district",
        "inside",
    ):
        assert CHINESE.search(worded(name, "zh")), name
        assert worded(name, "en") == name
    assert headed(("code", "fid"), "en") == {"code": "code", "fid": "fid"}
    finding = Finding(
        "x", "warning", "lamps", ("L1",), Said("a", "甲"), Said("b", "乙"), Said("c", "丙")
    )
    assert told(finding, "zh") == "警告：lamps（涉及 L1）：发现：甲；应为：乙；建议：丙"
    assert told(finding, "en") == "warning: lamps: rows L1: found a; expected b; c"


@pytest.mark.parametrize(
    ("label", "called"),
    [
        ("line 12", "第 12 行"), ("Sheet1 row 7", "Sheet1 第 7 行"), ("record 3", "第 3 条记录"),
        ("feature 2 (id 9)", "第 2 个要素 (id 9)"), ("way 4526354", "way 4526354"), ("row", "row"),
        ("HX017", "HX017"), (17, "17"),
    ],
)  # fmt: skip
def test_rows_of_a_file_are_called_in_chinese(label: object, called: str) -> None:
    assert row_called(label, "zh") == called
    assert row_called(label, "en") == str(label)
