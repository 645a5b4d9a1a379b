"""A trial moves the figures by exactly what was changed, and never the survey."""

from __future__ import annotations

from pathlib import Path

import made
import pytest

from geo.catalog import load_catalog
from geo.coverage import coverage_of
from geo.errors import DataError, DeclarationError, StoreError, UnknownNameError
from geo.scenario import (
    Edit,
    Scenario,
    affected,
    load_scenario,
    missing_rows,
    overlay,
    save_scenario,
    saved_scenarios,
    with_edit,
)
from geo.survey import Survey, open_survey

HARDENED = "hardening.back_streets"


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = tmp_path_factory.mktemp("made") / "squares"
    return open_survey(made.write_district(folder, made.squares(load_catalog().layers)))


def trial(survey: Survey, *edits: Edit, name: str = "试") -> Scenario:
    return Scenario(name=name, round=survey.round, data_digest=survey.digest, edits=edits)


def street(value: bool | None, *keys: str, field: str = "hardened") -> Edit:
    return Edit(layer="back_streets", field=field, keys=keys, value=value)


def whole(survey: Survey, indicator: str = HARDENED) -> dict[str, float]:
    rows = coverage_of(survey, [indicator])
    rows = rows[(rows["level"] == "district") & (rows["scope"] == "all")]
    found: dict[str, float] = rows[["covered", "not_covered", "unknown"]].iloc[0].to_dict()
    return found


def test_a_street_that_is_hardened_moves_its_length_and_nothing_else(squares: Survey) -> None:
    before = whole(squares)
    after = whole(overlay(squares, trial(squares, street(True, "S2"))))  # 500 m, not hardened
    assert after["covered"] - before["covered"] == pytest.approx(500, abs=1e-6)
    assert before["not_covered"] - after["not_covered"] == pytest.approx(500, abs=1e-6)
    assert after["unknown"] == before["unknown"]


def test_a_street_can_be_made_unknown(squares: Survey) -> None:
    before = whole(squares)
    after = whole(overlay(squares, trial(squares, street(None, "S2"))))
    assert after["unknown"] - before["unknown"] == pytest.approx(500, abs=1e-6)


def test_the_survey_stays_as_it_is(squares: Survey) -> None:
    before, digest = whole(squares), squares.digest
    seen = overlay(squares, trial(squares, street(True, "S2")))
    seen.frame("back_streets")
    assert seen.digest != digest
    assert squares.digest == digest
    assert whole(squares) == before
    assert seen.frame("lamps") is squares.frame("lamps")


def test_lamps_that_are_mended_light_the_streets(squares: Survey) -> None:
    lamp = Edit(layer="lamps", field="working", keys=("L5",), value=True)
    lit = "lighting.lamp_reach"
    assert lit in affected(squares, trial(squares, lamp))
    before, after = whole(squares, lit), whole(overlay(squares, trial(squares, lamp)), lit)
    # S2 lies under L5, which is 8 m tall and so reaches 14 m each way; L6 beside it reaches a part of that.
    assert 0 < after["covered"] - before["covered"] <= 28


def test_only_figures_that_look_at_the_field_can_move(squares: Survey) -> None:
    found = affected(squares, trial(squares, street(True, "S2")))
    assert set(found) == {HARDENED, "hardening.fringe_roads"}


def test_a_later_edit_takes_the_place_of_an_earlier_one(squares: Survey) -> None:
    scenario = with_edit(trial(squares, street(True, "S2")), street(False, "S1"))
    assert scenario.edits == (street(False, "S1"),)
    lit = street(True, "S3", field="lit")
    assert with_edit(scenario, lit).edits == (street(False, "S1"), lit)
    assert overlay(squares, trial(squares)) is squares


def test_what_cannot_be_is_answered_all_at_once(squares: Survey) -> None:
    wrong = trial(squares, street(True, "S1", field="paved"), street(True, "S1", field="zone"))
    with pytest.raises(DataError) as found:
        overlay(squares, wrong)
    assert len(found.value.faults) == 2
    with pytest.raises(UnknownNameError):
        overlay(squares, trial(squares, Edit(layer="moons", field="lit", keys=(), value=True)))


def test_rows_that_are_gone_are_counted(squares: Survey) -> None:
    assert missing_rows(squares, trial(squares, street(True, "S1", "S99"))) == 1


def test_a_scenario_comes_back_as_it_was_saved(squares: Survey, tmp_path: Path) -> None:
    scenario = trial(
        squares, street(True, "S2"), street(None, "S1", field="lit"), name="明年 一期/../x"
    )
    file = save_scenario(tmp_path, scenario)
    assert file.parent == tmp_path / "scenarios"
    assert load_scenario(file) == scenario
    assert saved_scenarios(tmp_path) == {scenario.name: scenario}
    save_scenario(tmp_path, scenario.model_copy(update={"edits": ()}))
    assert saved_scenarios(tmp_path)[scenario.name].edits == ()
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_name_that_is_none_or_anothers_is_refused(squares: Survey, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name"):
        save_scenario(tmp_path, trial(squares, name="../.."))
    save_scenario(tmp_path, trial(squares, name="甲 乙"))
    with pytest.raises(StoreError, match="another name"):
        save_scenario(tmp_path, trial(squares, name="甲/乙"))


def test_a_file_that_is_no_scenario_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    bad = tmp_path / "scenarios" / "bad.json"
    bad.write_text('{"name": 1}', encoding="utf-8")
    assert saved_scenarios(tmp_path) == {}
    with pytest.raises(DeclarationError, match="round"):
        load_scenario(bad)
