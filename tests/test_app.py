"""The app's pages, run by Streamlit itself without a browser."""

from __future__ import annotations

import errno
import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs

import hostile
import made
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from geo.app import ahead, upload
from geo.app.shell import asked_district
from geo.app.upload import the_one_meant
from geo.app.words import WORDS
from geo.bundled import app_script
from geo.catalog import load_catalog
from geo.check.report import check_round
from geo.cli.show import SETTINGS
from geo.coverage import coverage_of
from geo.errors import SourceError, StoreError
from geo.importing import ImportReport, import_file
from geo.placing import Proposal
from geo.report.write import report_bytes
from geo.said import Said
from geo.scenario import Edit, Scenario, save_scenario
from geo.sources.registry import formats
from geo.store import open_store
from geo.survey import open_survey

Open = Callable[..., AppTest]
ROOT = Path(__file__).parents[1]
PAGES = ("overview", "scope", "coverage", "explain", "layers", "what_if", "report", "import")


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "squares"
    return made.write_district(folder, made.squares(load_catalog().layers))


@pytest.fixture
def open_app(squares: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page of the app on a district, with what its address says."""

    def opened(
        page: str = "scope",
        district: Path = squares,
        also: Mapping[str, str] = MappingProxyType({}),
        held: Mapping[str, object] | None = None,
        **address: str,
    ) -> AppTest:
        monkeypatch.setenv("ATLAS_DISTRICT", str(district))
        app = AppTest.from_file(app_script(), default_timeout=300)
        app.query_params.update({**address, **also})
        for name, value in (held or {}).items():
            app.session_state[name] = value
        app._page_hash = calc_hash(page)  # AppTest switches to pages that are files only
        return app.run()

    return opened


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def text_of(app: AppTest) -> str:
    return re.sub("<.*?>", "", html_of(app))


def tiles_of(app: AppTest) -> list[str]:
    values = re.findall(r'class="v">(.*?)</div>', html_of(app))
    return [re.sub("<.*?>", "", value) for value in values]


def sent(app: AppTest) -> list[dict[str, Any]]:
    """What the pages' maps and lists were given to draw."""
    return [json.loads(element.proto.bytes) for element in app.get("bidi_component")]


def listing(app: AppTest, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = [one["table"]["table"] for one in sent(app) if "table" in one][number]
    return found


def cells(app: AppTest, column: int, number: int = 0) -> list[str]:
    return [
        row["cells"][column][0] if isinstance(row["cells"][column], list) else row["cells"][column]
        for row in listing(app, number)["rows"]
    ]


def ids(app: AppTest, number: int = 0) -> list[str]:
    return [row["id"] for row in listing(app, number)["rows"]]


def test_every_page_opens_in_both_languages(open_app: Open) -> None:
    for page in PAGES:
        for lang in ("zh", "en"):
            app = open_app(page, lang=lang)
            assert not app.exception, page
            assert not app.error, page
            assert "方格区" in html_of(app) or "Squares" in html_of(app)


def test_the_overview_gives_every_project_its_rate_bounds_target_and_verdict(
    open_app: Open,
) -> None:
    text = text_of(open_app("overview"))
    for said in ("净化", "绿化", "硬化", "亮化", "基层创建", "薄弱环节"):
        assert said in text
    for said in ("未达标", "上下限", "目标 100.0%"):
        assert said in text


def test_the_overview_says_how_rates_moved_since_the_round_before(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "two rounds"
    shutil.copytree(squares, folder)
    frames = dict(made.squares(load_catalog().layers))
    frames["back_streets"] = frames["back_streets"].assign(hardened=True)
    made.write_round(folder, frames, "2007-12-31")
    text = text_of(open_app("overview", district=folder))
    assert "自 2007-06-30 以来" in text
    assert "▲ +" in text
    assert "▲" not in text_of(open_app("overview", district=folder, round="2007-06-30"))


def test_a_round_that_is_only_begun_is_a_choice_and_not_what_everyone_sees(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "begun"
    shutil.copytree(squares, folder)
    frames = made.squares(load_catalog().layers)
    made.write_round(folder, {"lamps": frames["lamps"]}, "2007-12-31")
    app = open_app(district=folder)
    assert app.button_group("round").options == ["2007-12-31", "2007-06-30"]
    assert app.button_group("round").value == "2007-06-30"
    assert len(ids(app)) == 20
    assert "2007-12-31，其中还没有单元" in app.caption[0].value
    assert app.run().caption  # until the reader chooses a round himself
    app.button_group("round").set_value("2007-12-31").run()
    app.button_group("round").set_value("2007-06-30").run()
    assert not app.caption
    assert not open_app(district=folder, round="2007-06-30").caption
    assert not open_app().caption
    assert open_app(district=folder, round="2007-12-31").info


def test_a_link_keeps_its_round_when_a_newer_one_comes(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "newer"
    shutil.copytree(squares, folder)
    app = open_app("overview", district=folder)
    assert app.query_params["round"] in ("2007-06-30", ["2007-06-30"])
    assert re.search(r'href="explain\?[^"]*round=2007-06-30', html_of(app))
    made.write_round(folder, made.squares(load_catalog().layers), "2007-12-31")
    assert open_app("overview", district=folder).button_group("round").value == "2007-12-31"
    again = open_app("overview", district=folder, round="2007-06-30")
    assert again.button_group("round").value == "2007-06-30"


def test_the_scope_page_lists_every_village_with_its_decision(open_app: Open) -> None:
    app = open_app()
    decisions = cells(app, 2)
    assert {kind: decisions.count(kind) for kind in set(decisions)} == {
        "范围内": 8,
        "范围外": 8,
        "部分在内": 4,
    }
    place = ids(app).index("V13")
    assert cells(app, 6)[place] == "东"
    assert "50.0% 的面积在范围内" in listing(app)["rows"][place]["detail"]
    assert tiles_of(app) == ["8", "4", "8", "4", "0.1 km²"]
    assert listing(app)["layer"] == "villages"  # what makes map and list follow each other


def test_another_rule_shows_what_it_would_change(open_app: Open) -> None:
    app = open_app()
    app.toggle("try_rule").set_value(True).run()
    assert "没有单元的认定改变" in html_of(app)
    app.button_group("rule").set_value("any_overlap").run()
    assert set(ids(app, 1)) == {"V13", "V23", "V33", "V43"}  # partly in before, in now
    assert tiles_of(app)[0] == "12"
    app.button_group("rule").set_value("area_share").run()
    app.number_input("in_at_least").set_value(40.0).run()
    assert tiles_of(app)[0] == "12"
    app.number_input("out_at_most").set_value(60.0).run()
    assert "须低于" in app.warning[0].value


def test_a_rule_that_one_reader_tries_is_drawn_ahead_for_no_other(open_app: Open) -> None:
    """A browser whose server has come back says what stood in its widgets with the first thing it asks."""
    asked = ahead.address("scope", {"lang": "en", "at": "trial"})
    tried = open_app(lang="en", at="trial", held={"try_rule": True, "in_at_least": 40.0})
    assert tiles_of(tried)[0] == "12"
    assert ahead.known_at(asked) is None
    assert tiles_of(open_app(lang="en", at="trial"))[0] != "12"
    assert ahead.known_at(asked) is not None


def test_a_unit_in_the_address_is_picked(open_app: Open) -> None:
    assert sent(open_app(unit="V13"))[0]["picked"] == {"layer": "villages", "id": "V13"}
    assert sent(open_app())[0]["picked"] is None


def test_english_is_a_switch_away_and_stands_in_the_address(open_app: Open) -> None:
    app = open_app()
    assert "范围面积" in html_of(app)
    app.button_group("lang").set_value("en").run()
    assert app.query_params["lang"] == ["en"] or app.query_params["lang"] == "en"
    assert "The area" in html_of(app)
    assert set(cells(app, 2)) == {"in", "partly in", "out"}
    assert "The area" in html_of(open_app(lang="en"))


def test_the_coverage_page_ranks_units_with_bounds_and_shows_the_rows(open_app: Open) -> None:
    app = open_app("coverage", indicator="hardening.fringe_roads", level="town")
    assert set(ids(app)) >= {"T1", "T2"}
    for row in listing(app)["rows"]:
        _, low, low_again, high, target = row["cells"][3]
        assert low == low_again
        if low is not None:
            assert low <= high <= 1
        assert target == 1.0
    assert set(ids(app, 1)) == {"S1", "S2", "S4", "S5", "S7", "S8"}
    assert "硬化工程" in html_of(app)


def test_figures_inside_the_area_are_other_figures(open_app: Open) -> None:
    asked = {"indicator": "hardening.back_streets", "level": "district"}
    (whole,) = listing(open_app("coverage", **asked))["rows"]
    (inside,) = listing(open_app("coverage", within="inside", **asked))["rows"]
    assert inside["cells"][-1][1] < whole["cells"][-1][1]


def test_a_picked_unit_narrows_the_rows_behind(open_app: Open) -> None:
    app = open_app("coverage", indicator="hardening.back_streets", level="village", unit="V44")
    assert ids(app, 1) == ["S3"]  # 40 m of it, not hardened or not
    assert "4排4列" in html_of(app)


def test_a_figure_is_explained_down_to_its_declaration(open_app: Open) -> None:
    app = open_app("explain", indicator="hardening.fringe_roads")
    text = text_of(app)
    for said in ("分子", "分母", "情况不明", "上下限", "[[indicator]]", "hardening.fringe_roads"):
        assert said in text
    assert "share_of_length" in text
    assert set(ids(app)) == {"S1", "S2", "S4", "S5", "S7", "S8"}


def test_the_levels_stand_in_the_same_order_on_every_page(open_app: Open) -> None:
    offered = open_app("coverage").button_group("level").options
    app = open_app("explain")
    assert app.button_group("at").options == offered
    assert offered[-1] == "全区合计"
    assert app.button_group("at").value == "district"


def test_an_indicator_without_target_says_so_and_names_its_reference(open_app: Open) -> None:
    said = text_of(open_app("explain", indicator="hardening.back_streets"))
    assert "政策未定目标，不作判定。" in said
    said = unescape(text_of(open_app("explain", indicator="greening.ndvi_cover")))
    assert "政策未定目标，不作判定。参考值 36.0%。" in said


def test_a_picked_unit_leads_on_to_its_figures_and_to_what_they_rest_on(open_app: Open) -> None:
    assert not open_app().get("page_link")
    (onwards,) = open_app(unit="V44").get("page_link")
    assert onwards.proto.page == "coverage"
    assert parse_qs(onwards.proto.query_string)["unit"] == ["V44"]
    asked = {"indicator": "hardening.back_streets", "level": "village", "within": "inside"}
    (onwards,) = open_app("coverage", unit="V44", **asked).get("page_link")
    assert onwards.proto.page == "explain"
    assert onwards.proto.label == "查证这个数字：4排4列 →"
    said = {key: one for key, (one,) in parse_qs(onwards.proto.query_string).items()}
    app = open_app("explain", also=said)
    assert app.selectbox("unit").value == "V44"
    assert app.button_group("within").value == "inside"


def test_a_link_to_a_unit_explains_that_units_figure(open_app: Open) -> None:
    app = open_app("explain", indicator="hardening.back_streets", unit="V44")
    assert app.query_params["at"] == "village"
    assert ids(app) == ["S3"]


def test_districts_of_one_name_are_told_apart(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    home = tmp_path / "here"
    shutil.copytree(squares, home)
    shutil.copytree(squares, tmp_path / "copy")
    (picker,) = [box for box in open_app("overview", home).selectbox if box.key == "district"]
    assert [option.rpartition(" ")[2] for option in picker.options] == ["(here)", "(copy)"]
    assert picker.value == "here"


def test_what_is_said_of_a_unit_has_the_signs_of_its_language(open_app: Open) -> None:
    chinese, english = (
        listing(open_app("coverage", lang=lang))["rows"][0]["detail"] for lang in ("zh", "en")
    )
    assert "（上下限 " in chinese
    assert " (bounds " in english
    assert "（" not in english


def test_layers_are_switched_on_from_the_address(open_app: Open) -> None:
    app = open_app("layers", layers_shown="lamps,housing_areas")
    drawn = {layer["name"]: layer for layer in sent(app)[0]["map"]["map"]["layers"]}
    assert {"lamps", "housing_areas"} <= set(drawn)
    assert "back_streets" not in drawn
    assert drawn["lamps"]["fields"] == ["编号", "完好", "灯高"]


def test_a_trial_moves_a_rate_by_exactly_what_was_marked(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "trial"
    shutil.copytree(squares, folder)
    survey = open_survey(folder)
    edit = Edit(layer="back_streets", field="hardened", keys=("S2",), value=True)
    saved = Scenario(name="一期", round=survey.round, data_digest=survey.digest, edits=(edit,))
    save_scenario(folder, saved)
    untouched = text_of(open_app("what_if", district=folder))
    assert "持平" in untouched
    app = open_app("what_if", district=folder, scenario="一期")
    assert not app.exception
    text = text_of(app)
    assert re.search(r"已达到 ([\d,]+) 米 → ([\d,]+) 米", text)
    before, after = re.findall(r"已达到 ([\d,]+) 米 → ([\d,]+) 米", text)[0]
    assert int(after.replace(",", "")) - int(before.replace(",", "")) == 500
    assert sent(app)[0]["marked"] == ["S2"]


def test_a_street_without_a_name_is_told_from_others_of_its_kind_when_marked(
    open_app: Open,
) -> None:
    app = open_app("what_if")
    named = open_survey(asked_district()).frame("back_streets").set_index("id")["name"]
    said = dict(zip(ids(app), cells(app, 0), strict=True))
    nameless = named.index[named.isna()]
    assert len(nameless)
    assert {said[key] for key in nameless} == set(nameless)


def test_a_scenario_that_is_saved_is_the_one_at_hand_and_is_not_lost_to_one_of_its_name(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "saving"
    shutil.copytree(squares, folder)
    survey = open_survey(folder)
    edit = Edit(layer="back_streets", field="hardened", keys=("S2",), value=True)
    first = Scenario(name="一期", round=survey.round, data_digest=survey.digest, edits=(edit,))
    save_scenario(folder, first)
    app = open_app("what_if", district=folder)
    assert button(app, "保存方案").disabled
    assert "先在地图上或表中选取" in app.caption[-1].value
    app = open_app("what_if", district=folder, scenario="一期")
    assert button(app, "保存方案").disabled  # it is what is saved already
    drawn = [one.proto.id for one in app.get("bidi_component")]
    name = next(one for one in app.text_input if one.label == "方案名称")
    name.set_value("二期").run()
    app = button(app, "保存方案").click().run()
    assert [one.value for one in app.success] == ["已保存到 scenarios/二期.json"]
    assert app.selectbox("scenario").value == "二期"
    assert app.query_params["scenario"] in ("二期", ["二期"])
    assert [one.proto.id for one in app.get("bidi_component")] == drawn  # the map stays as it was
    app.button_group("to").set_value("false").run()
    next(one for one in app.text_input if one.label == "方案名称").set_value("一期").run()
    assert not button(app, "覆盖同名方案").disabled
    assert "已有名为“一期”的方案" in app.caption[-1].value


def test_a_report_is_made_on_the_unit_and_in_the_format_that_were_chosen(open_app: Open) -> None:
    app = open_app("report", unit="T2", format="xlsx", report_lang="en")
    assert app.selectbox("unit").value == "T2"
    assert not app.get("download_button")
    next(button for button in app.button if button.label == "生成报告").click().run()
    assert not app.exception
    assert app.get("download_button")[0].label == "下载报告"
    (asked, made_of) = app.session_state["report_made"]
    survey = open_survey(asked_district())
    assert made_of == report_bytes(survey, "xlsx", "T2", language="en")
    assert asked[1:3] == ("T2", "en")


def test_a_report_asked_for_otherwise_is_made_anew(open_app: Open) -> None:
    app = open_app("report", format="html")
    next(button for button in app.button if button.label == "生成报告").click().run()
    (said,) = [one.value for one in app.success]
    assert re.fullmatch(r"报告已生成。 report-\w+-2007-06-30-zh.html · [\d.]+ KB", said)
    app.selectbox("unit").set_value("T1").run()
    assert not app.success


def test_a_trial_lists_the_units_whose_verdict_it_changes(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "verdicts"
    shutil.copytree(squares, folder)
    survey = open_survey(folder)
    keys = tuple(survey.frame("back_streets")["id"])
    edit = Edit(layer="back_streets", field="hardened", keys=keys, value=True)
    saved = Scenario(name="全", round=survey.round, data_digest=survey.digest, edits=(edit,))
    save_scenario(folder, saved)
    before = coverage_of(survey, ["hardening.fringe_roads"])
    before = before[(before["scope"] == "all") & before["unit_code"].notna()]
    falling_short = before[before["status"].isin(["not_met", "undecided"])]
    app = open_app("what_if", district=folder, scenario="全")
    assert not app.exception
    changed = listing(app, -1)
    assert [one["title"] for one in changed["columns"][3:5]] == ["现判定", "试算后"]
    fringe = [row for row in changed["rows"] if row["cells"][2] == "城中村及城郊结合部道路硬化率"]
    # V45's only street has no zone: whether it counts is unknown, hardened or not.
    assert {row["id"] for row in fringe} == set(falling_short["unit_code"]) - {"V45"}
    assert {row["cells"][4][0] for row in fringe} == {"达标", "尚不能判定"}
    assert "未达标" in {row["cells"][3][0] for row in fringe}


def test_a_round_is_checked_when_asked(open_app: Open) -> None:
    app = open_app("import", part="check")
    assert not app.get("bidi_component")
    next(button for button in app.button if "检查" in button.label).click().run()
    assert not app.exception
    rows = listing(app)["rows"]
    assert len(rows) > 0
    assert all(row["detail"] for row in rows)
    # Those that have a place are marks on the map beside, by the same ids.
    marks = next(one for one in sent(app)[0]["map"]["map"]["layers"] if one["name"] == "findings")
    assert listing(app)["layer"] == "findings"
    assert {one["id"] for one in marks["features"]["features"]} <= {row["id"] for row in rows}
    survey = open_survey(asked_district())
    named = {rows[int(one["id"])]["find"] for one in marks["features"]["features"]}
    assert named == set(check_round(survey).places()["code"])


def with_file(open_app: Open, district: Path, file: Path, for_layer: str = "lamps") -> AppTest:
    """The page of imports with a file set aside, as after an upload, for a round that is to come."""
    app = open_app("import", district=district, **({"for_layer": for_layer} if for_layer else {}))
    app.session_state["file_at_hand"] = file
    app.session_state["into"] = "2008-03-01"
    return app.run()


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)


def pressed(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


TAKEN_IN = "已导入轮次 2008-03-01：2 行；可在上方“调查轮次”中选择查看。"


@pytest.fixture
def files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the app, every file has a process of its own: one that is kept ready would end with the thread of
    the run that first asked for it."""
    monkeypatch.setattr("geo.sources.sandbox._ready", [])


@pytest.fixture
def two_lamps(tmp_path: Path, files_alone: None) -> Path:
    lamps = made.squares(load_catalog().layers)["lamps"].iloc[:2]
    file = tmp_path / "two lamps.geojson"
    lamps.to_crs(4326).to_file(file)
    return file


def test_what_was_taken_in_is_not_offered_again_where_nothing_could_be_carried_to_it(
    open_app: Open,
    squares: Path,
    tmp_path: Path,
    two_lamps: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "taking in"
    shutil.copytree(squares, folder)

    def full(*_: object) -> None:
        raise StoreError(Said("the disk is full", "磁盘已满"))

    monkeypatch.setattr("geo.carrying.carry_layers", full)
    app = pressed(with_file(open_app, folder, two_lamps), "试导入（不写入）")
    app = pressed(app, "正式导入")
    assert not app.exception
    assert "磁盘已满" in html_of(app)
    assert [one.value for one in app.success] == [TAKEN_IN]
    assert "tried" not in app.session_state
    assert "file_at_hand" not in app.session_state
    assert open_store(folder / "rounds", load_catalog().layers).tables("2008-03-01") == ("lamps",)


def test_the_round_that_a_file_was_taken_into_is_there_to_choose_at_once(
    open_app: Open, squares: Path, tmp_path: Path, two_lamps: Path
) -> None:
    folder = tmp_path / "taking in"
    shutil.copytree(squares, folder)
    app = pressed(with_file(open_app, folder, two_lamps), "试导入（不写入）")
    app = pressed(app, "正式导入")
    assert app.button_group("round").options == ["2008-03-01", "2007-06-30"]
    said = [one.value for one in app.success]
    assert said == [
        f"{TAKEN_IN}  \n已沿用轮次 2007-06-30 的村（社区） 20 行、镇（街道） 2 行、城乡一体化四至 4 行"
    ]
    assert [one.value for one in app.run().success] == said


def test_what_the_importer_believed_and_was_not_told_to_use_is_said_before_and_after(
    open_app: Open, squares: Path, tmp_path: Path, two_lamps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "taking in"
    shutil.copytree(squares, folder)
    believed = (
        Proposal("field-by-title", Said("no is id", "no 即 id")),
        Proposal("datum-shift", Said("this is [GCJ-02]", "这是 [GCJ-02]")),
        Proposal("assume-crs", Said("degrees", "度"), accepted=True),
    )
    report = ImportReport("lamps", "2008-03-01", 2, 2, (), believed, ())
    monkeypatch.setattr("geo.importing.import_file", lambda *_, **__: report)
    app = pressed(with_file(open_app, folder, two_lamps), "试导入（不写入）")
    said = [one.value for one in app.warning]
    assert said == [
        "未采用的推断：2 项。打开“采用系统的推断”后导入才会采用。",
        "疑似坐标偏移：这是 \\[GCJ-02\\]",
    ]
    app.toggle("import_carry").set_value(False).run()
    assert [one.value for one in pressed(app, "正式导入").warning] == said


def test_a_button_that_cannot_be_pressed_says_why(
    open_app: Open, squares: Path, two_lamps: Path
) -> None:
    app = with_file(open_app, squares, two_lamps)
    assert button(app, "正式导入").disabled
    assert app.caption[-1].value == "先试导入，看过结果后才能正式导入。"
    app = pressed(app, "试导入（不写入）")
    assert not button(app, "正式导入").disabled
    assert not [one for one in app.caption if "正式导入" in one.value]
    app.text_input("import_crs").set_value("wgs84").run()
    assert button(app, "正式导入").disabled
    assert app.caption[-1].value == "设置已改变，请再试一次，然后才能正式导入。"


def test_findings_stand_with_the_worst_first_and_are_narrowed_by_what_differs(
    open_app: Open, squares: Path, two_lamps: Path
) -> None:
    app = pressed(with_file(open_app, squares, two_lamps), "试导入（不写入）")
    shown = listing(app)
    assert [one["title"] for one in shown["columns"]][:2] == ["程度", "图层"]
    assert shown["order"] == [0, False]
    assert {row["cells"][0][1] for row in shown["rows"]} <= {0, 1, 2}
    assert {row["cells"][1] for row in shown["rows"]} == {"路灯"}
    assert 1 not in [one["column"] for one in shown["filters"]]


def test_a_file_goes_to_the_layer_it_is_for_and_where_that_is_open_its_reader_is_asked(
    open_app: Open, squares: Path, two_lamps: Path, tmp_path: Path
) -> None:
    app = with_file(open_app, squares, two_lamps, for_layer="")
    assert app.selectbox("for_layer").value == "lamps"
    named = tmp_path / "points.geojson"
    text = two_lamps.read_text(encoding="utf-8")
    named.write_text(re.sub("working|height_m", "name", text), encoding="utf-8")
    app = with_file(open_app, squares, named, for_layer="")
    assert app.selectbox("for_layer").value == ""
    assert "请先选择" in app.info[0].value
    assert not [one for one in app.button if one.label == "试导入（不写入）"]
    app.selectbox("for_layer").set_value("work_units").run()
    assert not app.info
    assert button(app, "试导入（不写入）")


@pytest.mark.usefixtures("files_alone")
def test_a_broken_file_is_answered_with_one_message(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    file = tmp_path / "broken.geojson"
    file.write_text('{"type": "FeatureCollection", "fea', encoding="utf-8")
    app = with_file(open_app, squares, file)
    assert not app.exception
    assert len(app.error) == 1
    assert html_of(app).count('class="atlas-pre atlas-fault"') == 1
    assert "broken.geojson：发现：内容不是" in text_of(app)
    app = pressed(app, "换一个文件")
    assert not app.error
    assert "file_at_hand" not in app.session_state


@pytest.mark.usefixtures("files_alone")
def test_a_table_without_coordinates_is_placed_by_the_units_it_names(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    file.write_text("编号,村名,得分\n1,4排4列,95分\n2,4排3列,88\n", encoding="utf-8")
    app = with_file(open_app, squares, file, for_layer="inspections")
    app.selectbox("import_join").set_value("villages").run()
    app = pressed(app, "试导入（不写入）")
    assert not app.exception
    assert not app.error
    assert "2 / 2 行可导入" in html_of(app)


@pytest.mark.usefixtures("files_alone")
def test_a_ledger_that_comes_back_asks_for_no_layer(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.xlsx"
    file.write_bytes(report_bytes(open_survey(squares), "xlsx"))
    app = with_file(open_app, squares, file, for_layer="")
    assert "整改台账" in app.info[0].value
    assert not [one for one in app.selectbox if one.key == "for_layer"]
    app = pressed(app, "试导入（不写入）")
    assert not app.error
    app = pressed(app, "正式导入")
    assert [one.value for one in app.success] == ["台账中没有改动，未生成新轮次。"]


@pytest.mark.parametrize("language", [0, 1])
def test_the_page_of_imports_names_every_format_that_can_be_read(language: int) -> None:
    said = WORDS["upload_help"][language]
    assert [one.name for one in formats() if one.name not in said] == []


def test_of_several_files_all_but_one_must_be_its_parts() -> None:
    assert the_one_meant(["A.shp", "A.dbf", "A.shx", "A.prj", "A.sbn"]) == "A.shp"
    assert the_one_meant(["flight.tif", "flight.tfw"]) == "flight.tif"
    for names in (["a.shp", "b.dbf"], ["a.shp", "a.dbf", "b.csv"], ["a.csv", "a.xlsx"], ["a.dbf"]):
        with pytest.raises(SourceError):
            the_one_meant(names)


def test_what_does_not_fit_on_the_disk_is_said_and_leaves_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> None:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    session = SimpleNamespace(session_state={"uploads": 0})
    monkeypatch.setattr(upload, "st", session)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "write_bytes", full)
    sent = SimpleNamespace(name="灯.csv", file_id="1", getbuffer=lambda: b"x")
    with pytest.raises(StoreError, match="No space left") as error:
        upload._set_aside([cast("Any", sent)])
    assert error.value.in_("zh") == "上传的文件无法暂存：磁盘空间已满"
    assert list(tmp_path.iterdir()) == []
    assert session.session_state == {"uploads": 1}  # another may be sent


def begun(folder: Path, squares: Path, *layers: str) -> Path:
    """The squares, and a draft after them that an import began with these layers."""
    shutil.copytree(squares, folder)
    frames = made.squares(load_catalog().layers)
    for name in layers:
        file = folder / f"{name}.gpkg"
        frames[name].to_file(file)
        import_file(folder, file, name, round="2008-03-01")
        file.unlink()
    return folder


@pytest.mark.parametrize("layers", [("lamps",), ("lamps", "boundary_edges"), ("lamps", "villages")])
def test_every_page_of_a_round_without_units_or_edges_says_so_and_fails_nowhere(
    open_app: Open, squares: Path, tmp_path: Path, layers: tuple[str, ...]
) -> None:
    folder = begun(tmp_path / "begun", squares, *layers)
    for page in PAGES:
        app = open_app(page, district=folder, round="2008-03-01")
        assert not app.exception, page
        assert not app.error, page
        (said,) = [one.value for one in app.warning]
        assert said.startswith("本轮次缺少")
        assert "（轮次 2007-06-30 有）" in said
        for name, title in (("villages", "村（社区）"), ("boundary_edges", "城乡一体化四至")):
            assert (title in said) == (name not in layers)
    app = pressed(app, "沿用到本轮次")
    assert not app.warning
    (told,) = [one.value for one in app.success]
    assert told.count(" 行") == 4 - len(layers)
    assert not app.run().success


def test_what_could_not_be_carried_is_said_in_its_own_words(
    open_app: Open, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun(tmp_path / "begun", squares, "lamps")

    def full(*_: object) -> None:
        raise StoreError(Said("the disk is full", "磁盘已满"))

    monkeypatch.setattr("geo.carrying.carry_layers", full)
    app = open_app("overview", district=folder, round="2008-03-01", lang="en")
    assert "(round 2007-06-30 has them)" in app.warning[0].value
    app = pressed(app, "Carry them over into this round")
    assert not app.exception
    assert "the disk is full" in html_of(app)


def test_a_round_that_is_no_draft_of_imports_is_not_added_to(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "another's"
    shutil.copytree(squares, folder)
    lamps = made.squares(load_catalog().layers)["lamps"]
    made.write_round(folder, {"lamps": lamps}, "2008-03-01")
    app = open_app("overview", district=folder, round="2008-03-01")
    assert app.warning
    assert not [one for one in app.button if one.key == "carry_now"]


def test_a_word_in_the_address_that_means_nothing_is_passed_over(open_app: Open) -> None:
    app = open_app("coverage", indicator="no.such", level="planet", lang="xx", round="1999-01-01")
    assert not app.exception
    assert not app.error
    assert len(listing(app)["rows"]) >= 20
    (said,) = [warning.value for warning in app.warning]
    for name in ("no.such", "planet", "xx", "1999-01-01"):
        assert f"“{name}”" in said
    assert said.startswith("链接所指在此不存在：")
    # Said in the answer to the link; what is done then is not the link's doing.
    assert not app.run().warning


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("key", "called"),
    [("page", "Page"), ("district", "District"), ("unit", "Unit"), ("indicator", "Indicator")],
)
def test_an_address_that_names_what_is_absent_is_told_of(
    open_app: Open, page: str, key: str, called: str
) -> None:
    app = open_app(page, lang="en", also={key: "![](//a) <b>\n" + "x" * 200})
    (markdown,) = [warning.value for warning in app.warning]
    said = re.sub(r"\\(.)", r"\1", markdown)
    assert said.startswith(f'The link names what is not here: {called} "')
    assert said.endswith('…". Shown instead is what there is.')
    assert "\\!\\[\\](//a) \\<b> x" in markdown  # no picture, no link, no markup
    assert key not in app.query_params
    assert not app.error


def test_a_unit_of_another_level_is_not_absent(open_app: Open) -> None:
    assert not open_app("explain", unit="V11", at="town").warning
    assert not open_app("coverage", unit="V11", level="town").warning


def test_the_districts_own_code_is_a_unit_of_every_page(open_app: Open, squares: Path) -> None:
    code = open_survey(squares).district.spec.code
    for page in PAGES:
        assert not open_app(page, unit=code).warning, page
    app = open_app("explain", unit=code, at="district")
    assert app.query_params["unit"] in (code, [code])


def test_a_fault_of_the_data_is_answered_in_words(open_app: Open, tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    edges = frames["boundary_edges"]
    frames["boundary_edges"] = edges[edges["side"] != "west"]
    folder = made.write_district(tmp_path / "open", frames)
    for language, said in (
        ("zh", "发现：缺西至；应为：四至齐全；建议：补充西至"),
        ("en", "no west edge"),
    ):
        app = open_app(district=folder, lang=language)
        assert not app.exception
        assert app.error[0].value
        assert said in html_of(app)


def test_a_district_without_rounds_is_answered_in_words(
    open_app: Open, squares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    shutil.copy(squares / "district.toml", folder)
    app = open_app(district=folder)
    assert not app.exception
    assert app.error


def test_without_edges_the_app_says_so_and_still_shows_the_figures(
    open_app: Open, tmp_path: Path
) -> None:
    frames = dict(made.squares(load_catalog().layers))
    del frames["boundary_edges"]
    folder = made.write_district(tmp_path / "open", frames)
    assert "没有四至界线" in open_app(district=folder).info[0].value
    app = open_app("coverage", district=folder, within="inside", level="district")
    assert not app.exception
    assert listing(app)["rows"][0]["cells"][1][0] == "—"  # no denominator, so no rate


def test_a_changed_file_changes_the_page(open_app: Open, squares: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changing"
    shutil.copytree(squares, folder)
    before = html_of(open_app(district=folder))
    declaration = folder / "district.toml"
    declaration.write_text(
        declaration.read_text(encoding="utf-8").replace("方格区", "圆圈区"), encoding="utf-8"
    )
    after = html_of(open_app(district=folder))
    assert "方格区" in before
    assert "圆圈区" in after


def test_illustrative_data_say_so_on_every_page(open_app: Open, tmp_path: Path) -> None:
    folder = hostile.hostile_district(tmp_path / "hostile")
    for page in PAGES:
        app = open_app(page, district=folder)
        assert not app.exception
        html = html_of(app)
        assert "示意" in html
        assert "{{" not in html
        assert "<img" not in html


def test_the_embedded_district_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATLAS_DISTRICT", raising=False)
    app = AppTest.from_file(app_script(), default_timeout=300).run()
    assert not app.exception
    assert "示意数据" in html_of(app)
    assert "自 2007-06-30 以来" in html_of(app)


def test_the_app_does_no_geometry_and_writes_no_markup_of_its_own() -> None:
    files = [app_script(), *(ROOT / "geo" / "app").glob("*.py")]
    assert len(files) > 8
    for file in files:
        text = file.read_text(encoding="utf-8")
        for name in ("shapely", "geopandas", "numpy", ".geometry.", "innerHTML", "unsafe_allow"):
            assert name not in text, f"{file.name} uses {name}"
        # Markup is made in geo.views.cards, where every text is made inert.
        assert not re.search(r"st\.html\(f?[\"']", text), file.name


def test_a_checkout_and_an_installed_copy_run_under_the_same_settings() -> None:
    file = app_script().parent / ".streamlit" / "config.toml"
    declared = tomllib.loads(file.read_text(encoding="utf-8"))
    flat = {
        f"{section}.{name}": value
        for section, settings in declared.items()
        for name, value in settings.items()
    }
    assert flat == SETTINGS
    assert SETTINGS["server.address"] == "127.0.0.1"
    assert SETTINGS["client.showErrorDetails"] == "none"
    assert SETTINGS["browser.gatherUsageStats"] is False


@pytest.mark.parametrize("page", ["overview", "coverage", "explain", "what_if"])
def test_what_was_not_measured_has_no_amounts_on_a_page(open_app: Open, page: str) -> None:
    app = open_app(page, indicator="certification.work_units", lang="en")
    assert not app.exception
    if page == "explain":
        said = " ".join(re.sub(r"<[^>]*>", " ", html_of(app)).split())
        assert "covered — + not covered — = —" in said
