"""Names that are nearly right: what comes near is said, and a unit goes by its name where no other has it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import made
import numpy as np
import pytest
from test_cli import atlas

from geo.catalog import load_catalog
from geo.coverage import coverage_of, rows_behind
from geo.errors import UnknownNameError
from geo.importing import import_file
from geo.likeness import nearest
from geo.model import Level
from geo.report.material import gather
from geo.said import Said
from geo.survey import open_survey
from geo.units import UnitLevel, Units, code_of_unit
from geo.views.description import plain
from geo.views.map import map_description

UNITS = {"001": "泰山街道", "002": "泰山村", "003": "京泰路街道", "004": "泰山村"}


@pytest.mark.parametrize(
    ("asked", "known", "first"),
    [
        ("back-streets", ["lamps", "back_streets"], "back_streets"),
        ("BACK STREETS", ["lamps", "back_streets"], "back_streets"),
        ("泰山", list(UNITS.values()), "泰山村"),
        ("321202001270", ["321202001204", "321202001207"], "321202001207"),
        ("hardening.backstreet", ["lighting.back_streets", "hardening.back_streets"], "hardening.back_streets"),
    ],
)  # fmt: skip
def test_the_nearest_name_comes_first(asked: str, known: list[str], first: str) -> None:
    assert nearest(asked, known)[0] == first


@pytest.mark.parametrize("asked", ["", "   ", "xyzzy", "1", "村"])
def test_what_is_like_nothing_has_no_nearest(asked: str) -> None:
    assert nearest(asked, ["lamps", "back_streets", "321202001207", "泰山街道"]) == ()


def test_no_more_than_three_are_named() -> None:
    assert len(nearest("泰山", [f"泰山{number}" for number in range(9)])) == 3


def test_few_names_are_listed_and_many_are_counted() -> None:
    few = UnknownNameError("unit", "泰山街", UNITS, called=UNITS)
    assert str(few) == (
        "no unit named '泰山街'; nearest: 001 (泰山街道), 002 (泰山村), 004 (泰山村);"
        " there are: 001, 002, 003, 004"
    )
    many = {f"{number:03}": f"{number} 号村" for number in range(171)}
    error = UnknownNameError("unit", "甲街", many, called=many)
    assert str(error) == "no unit named '甲街'; there are 171, which `atlas scope` lists"
    assert error.in_("zh") == "没有名为“甲街”的单元；共有 171 个，可用 atlas scope 列出"


def test_a_thing_is_near_by_its_name_and_by_either_title() -> None:
    titles = {"lamps": Said("Street lamps", "路灯"), "roads": Said("Main roads", "主要道路")}
    for asked in ("lamp", "street lamp", "路灯杆"):
        error = UnknownNameError("layer", asked, titles, called=titles)
        assert "nearest: lamps (Street lamps);" in str(error)
        assert "最接近的：lamps（路灯）；" in error.in_("zh")


def test_a_unit_goes_by_its_code_or_by_a_name_that_no_other_has() -> None:
    assert code_of_unit("001", UNITS) == "001"
    assert code_of_unit(" 泰山 街道", UNITS) == "001"
    with pytest.raises(UnknownNameError, match="2 units are named '泰山村': 002, 004; say which"):
        code_of_unit("泰山村", UNITS)
    with pytest.raises(UnknownNameError, match=r"no unit named ''"):
        code_of_unit("", {**UNITS, "005": ""})


def test_a_name_and_a_code_that_two_levels_share_mean_the_same_unit() -> None:
    here = np.array([0])

    def named(level: Level, code: str, name: str) -> UnitLevel:
        return UnitLevel(level, None, np.array([code], object), np.array([name], object), here)

    levels = (
        named("village", "001", "西村"),
        named("town", "001", "东镇"),
        named("district", "9", "区"),
    )
    names = Units(levels[0].codes, np.array([], object), levels).names
    assert names == {"001": "西村", "9": "区"}
    with pytest.raises(UnknownNameError, match="no unit named '东镇'"):
        code_of_unit("东镇", names)  # by that code one would be given the village's figures


def test_figures_rows_and_reports_take_a_name() -> None:
    survey = open_survey()
    by_code = rows_behind(survey, "hardening.back_streets", "321202001")
    assert rows_behind(survey, "hardening.back_streets", "城东街道").equals(by_code)
    assert gather(survey, "城东街道", "zh").unit.code == "321202001"
    for arguments in (["coverage"], ["rows", "hardening.back_streets"]):
        asked = [*arguments, "--format", "json", "--unit"]
        named, coded = (
            json.loads(atlas(*asked, unit).stdout) for unit in ("城东街道", "321202001")
        )
        assert named == coded
        assert named["rows"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "-o", "r.html", "--unit", "泰山街道"], "nearest: 321202004011 (泰山居委会), 321202007 (京泰路街道); there are 171"),
        (["coverage", "--unit", "321202020"], "nearest: 321202002"),
        (["rows", "hardening.backstreets"], "nearest: hardening.back_streets (Back streets hardened)"),
        (["rows", "硬化率"], "hardening.back_streets"),
        (["map", "-o", "m.html", "--indicator", "hardening.backstreets"], "nearest: hardening.back_streets"),
        (["check", "--layer", "street"], "nearest: back_streets (Back streets)"),
        (["check", "--layer", "路灯杆"], "nearest: lamps ("),
        (["coverage", "--level", "villages"], "nearest: village;"),
        (["coverage", "--scope", "insides"], "nearest: inside;"),
        (["scope", "--rule", "area"], "nearest: area_share;"),
        (["layers", "--round", "2007-12-30"], "nearest: 2007-12-31"),
    ],
)  # fmt: skip
def test_a_mistaken_name_gives_the_nearest(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = atlas(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_mistaken_field_column_or_joined_layer_gives_the_nearest(tmp_path: Path) -> None:
    district = made.write_district(tmp_path / "d", made.squares(load_catalog().layers))
    file = tmp_path / "lamps.csv"
    file.write_text("柱号,完好,x,y\nL1,是,500100,3600100\n", encoding="utf-8")
    taken = {"round": "2008-06-30", "crs": "EPSG:4549"}
    for field, said in (
        ("ids=柱号", "nearest: id$"),
        ("编号=柱号", "nearest: id$"),
        ("id=柱子号", "nearest: 柱号$"),
    ):
        with pytest.raises(ValueError, match=said):
            import_file(district, file, "lamps", fields=[field], **taken)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="no layer named 'village'; nearest: villages"):
        import_file(district, file, "inspections", join="village", **taken)  # type: ignore[arg-type]


def test_an_indicator_is_found_by_its_title_where_no_other_has_it() -> None:
    catalog = load_catalog()
    for asked in (
        "hardening.fringe_roads",
        "城中村及城郊结合部道路硬化率",
        "Roads of urban villages and the fringe hardened",
        " roads of urban villages and the fringe hardened",
    ):
        layer, indicator = catalog.indicator(asked)
        assert (layer.name, indicator.id) == ("back_streets", "hardening.fringe_roads")
    assert (
        catalog.indicator("薄弱环节整改完成率：中小河沟河塘")[1].id
        == "weak_spots.closed.small_water"
    )
    with pytest.raises(UnknownNameError, match=r"nearest: hardening\.back_streets"):
        catalog.indicator("硬化率")
    with pytest.raises(UnknownNameError, match="no indicator named ''"):
        catalog.indicator("")
    streets = catalog.layers["back_streets"]
    one = catalog.indicator("hardening.back_streets")[1]
    other = one.model_copy(update={"id": "cleaning.twin", "project": "cleaning"})
    twins = streets.model_copy(update={"indicators": (*streets.indicators, other)})
    doubled = replace(catalog, layers={**catalog.layers, "back_streets": twins})
    with pytest.raises(UnknownNameError) as refused:
        doubled.indicator("后街背巷硬化率")
    assert refused.value.in_("en") == (
        "2 indicators are named '后街背巷硬化率': hardening.back_streets, cleaning.twin; say which by its id"
    )
    assert refused.value.in_("zh") == (
        "名为“后街背巷硬化率”的指标有 2 个：hardening.back_streets、cleaning.twin；请用标识指明"
    )


def test_a_title_gives_the_figures_of_its_indicator_once() -> None:
    title, name = "亮灯率", "lighting.lamps_working"
    assert load_catalog().indicator(title)[1].id == name
    by_id, by_title = (
        atlas("rows", asked, "--unit", "城东街道", "--format", "json").stdout
        for asked in (name, title)
    )
    assert by_title == by_id != ""
    both = coverage_of(open_survey(), [name, title])
    assert len(both) == len(coverage_of(open_survey(), [title]))
    assert set(both["indicator"]) == {name}
    drawn = [map_description(open_survey(), one, language="en") for one in (name, title)]
    assert plain(drawn[0]) == plain(drawn[1])


@pytest.mark.parametrize("asked", ["lamps", "路灯", "Street lamps", "street-lamps"])
def test_a_layer_is_asked_for_by_its_name_or_title(asked: str) -> None:
    assert load_catalog().layer_asked_for(asked).name == "lamps"


def test_a_title_of_several_layers_is_refused_and_a_name_comes_first() -> None:
    catalog = load_catalog()
    lamps = catalog.layers["lamps"]
    poles = lamps.model_copy(update={"name": "poles"})
    towns = lamps.model_copy(
        update={"title": lamps.title.model_copy(update={"zh": "towns", "en": "towns"})}
    )
    several = replace(catalog, layers={**catalog.layers, "poles": poles})
    with pytest.raises(UnknownNameError, match="lamps, poles; say which by its name") as caught:
        several.layer_asked_for("路灯")
    assert caught.value.in_("zh") == "名为“路灯”的图层有 2 个：lamps、poles；请用名称指明"
    shadowed = replace(catalog, layers={**catalog.layers, "lamps": towns})
    assert shadowed.layer_asked_for("towns").name == "towns"
    with pytest.raises(UnknownNameError, match="no layer named '路灯杆'; nearest: lamps"):
        catalog.layer_asked_for("路灯杆")
    with pytest.raises(UnknownNameError):
        catalog.layer("路灯")  # a program says its name


def test_commands_take_a_layer_by_its_title(tmp_path: Path) -> None:
    frames = made.squares(load_catalog().layers)
    folder = made.write_district(tmp_path / "d", frames)
    by_name, by_title = (
        atlas("check", "--district", str(folder), "--layer", one, "--format", "json").stdout
        for one in ("lamps", "路灯")
    )
    assert by_title == by_name != ""
    points = frames["lamps"].drop(columns=["src_import", "src_row"], errors="ignore")
    points.to_file(tmp_path / "points.gpkg", layer="points", engine="pyogrio")
    new = "2008-01-01"
    where = ("--district", str(folder), "--round", new)
    told = atlas(
        "import", str(tmp_path / "points.gpkg"), *where, "--layer", "路灯", "--format", "json"
    )
    assert json.loads(told.stdout)["layer"] == "lamps", told.stderr
    assert atlas("carry", *where, "--layer", "后街背巷", "--layer", "back_streets").returncode == 0
    assert open_survey(folder, new).has("back_streets")
