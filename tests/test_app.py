"""The app's pages, run by Streamlit itself without a browser."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import hostile
import made
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from geo.bundled import app_script
from geo.catalog import load_catalog
from geo.cli.show import SETTINGS

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "squares"
    return made.write_district(folder, made.squares(load_catalog().layers))


@pytest.fixture
def open_app(squares: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page of the app on a district, with what its address says."""

    def opened(page: str = "scope", district: Path = squares, **address: str) -> AppTest:
        monkeypatch.setenv("ATLAS_DISTRICT", str(district))
        app = AppTest.from_file(app_script(), default_timeout=60)
        app.query_params.update(address)
        app._page_hash = calc_hash(page)  # AppTest switches to pages that are files only
        return app.run()

    return opened


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def tiles_of(app: AppTest) -> list[str]:
    values = re.findall(r'class="v">(.*?)</div>', html_of(app))
    return [re.sub("<.*?>", "", value) for value in values]


def test_the_scope_page_lists_every_village_with_its_decision(open_app: Open) -> None:
    app = open_app()
    assert not app.exception
    table = app.dataframe[0].value
    assert len(table) == 20
    assert table["decision"].value_counts().to_dict() == {"范围内": 8, "范围外": 8, "部分在内": 4}
    assert table.set_index("unit_code").loc["V13", "sides"] == "东"
    assert tiles_of(app) == ["8", "4", "8", "4", "0.1 km²"]
    assert len(app.get("bidi_component")) == 1  # the map


def test_the_list_is_narrowed_by_decision_nearness_and_name(open_app: Open) -> None:
    app = open_app(decision="partly")
    assert set(app.dataframe[0].value["unit_code"]) == {"V13", "V23", "V33", "V43"}
    app = open_app()
    app.toggle("near").set_value(True).run()
    assert len(app.dataframe[0].value) == 4
    app.text_input("find").set_value("3排3").run()
    assert list(app.dataframe[0].value["unit_code"]) == ["V33"]


def test_english_is_a_switch_away_and_stands_in_the_address(open_app: Open) -> None:
    app = open_app()
    assert "范围面积" in html_of(app)
    app.button_group("lang").set_value("en").run()
    assert app.query_params["lang"] == "en"
    assert "The area" in html_of(app)
    assert set(app.dataframe[0].value["decision"]) == {"in", "partly in", "out"}
    assert "The area" in html_of(open_app(lang="en"))


def test_the_figures_page_gives_rates_bounds_verdicts_and_clauses(open_app: Open) -> None:
    app = open_app("figures", indicator="hardening.fringe_roads", level="town")
    assert not app.exception
    html = html_of(app)
    for said in ("净化", "绿化", "硬化", "亮化", "美化", "基层创建", "薄弱环节"):
        assert said in html
    for said in ("未达标", "上下限", "硬化工程", "情况不明", "政策未定目标"):
        assert said in html
    table = app.dataframe[0].value
    assert set(table["unit_code"]) >= {"T1", "T2"}
    assert (table["rate_lower"] <= table["rate_upper"]).all()


def test_figures_inside_the_area_are_other_figures(open_app: Open) -> None:
    asked = {"indicator": "hardening.back_streets", "level": "district"}
    whole = open_app("figures", **asked).dataframe[0].value
    inside = open_app("figures", within="inside", **asked).dataframe[0].value
    assert inside["total"].item() < whole["total"].item()


def test_a_word_in_the_address_that_means_nothing_is_passed_over(open_app: Open) -> None:
    app = open_app("figures", indicator="no.such", level="planet", lang="xx", round="1999-01-01")
    assert not app.exception
    assert not app.error
    assert len(app.dataframe) == 1


def test_a_fault_of_the_data_is_answered_in_words(open_app: Open, tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    edges = frames["boundary_edges"]
    frames["boundary_edges"] = edges[edges["side"] != "west"]
    app = open_app(district=made.write_district(tmp_path / "open", frames))
    assert not app.exception
    assert "数据不能使用" in app.error[0].value
    assert "west" in app.code[0].value


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
    app = open_app("figures", district=folder, within="inside", level="district")
    assert not app.exception
    assert app.dataframe[0].value["status"].item() == "无数据"


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
    for page in ("scope", "figures"):
        html = html_of(open_app(page, district=folder))
        assert "示意" in html
        assert "{{" not in html
        assert "<img" not in html


def test_the_embedded_district_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATLAS_DISTRICT", raising=False)
    app = AppTest.from_file(app_script(), default_timeout=60).run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 156
    assert "示意数据" in html_of(app)


def test_the_app_does_no_geometry() -> None:
    text = app_script().read_text(encoding="utf-8")
    for name in ("shapely", "geopandas", "numpy", ".geometry", "innerHTML", "unsafe_allow"):
        assert name not in text


def test_a_checkout_and_an_installed_copy_run_under_the_same_settings() -> None:
    file = app_script().parent / ".streamlit" / "config.toml"
    declared = tomllib.loads(file.read_text(encoding="utf-8"))
    flat = {
        f"{section}.{name}": str(value).lower() if isinstance(value, bool) else str(value)
        for section, settings in declared.items()
        for name, value in settings.items()
    }
    assert flat == SETTINGS
    assert SETTINGS["server.address"] == "127.0.0.1"
    assert SETTINGS["client.showErrorDetails"] == "none"
    assert SETTINGS["browser.gatherUsageStats"] == "false"
