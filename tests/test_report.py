"""The one model of a report: its figures are the coverage's, and it never says more than the data do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hostile
import made
import pandas as pd
import pytest
import reports

from geo.catalog import load_catalog
from geo.coverage import coverage_of, pieces_behind
from geo.errors import DataError, UnknownNameError
from geo.report.build import report_of
from geo.report.changes import STATES, flows
from geo.report.gaps import missing, places_of
from geo.report.material import Unit
from geo.report.model import FIGURES as FIGURES_OF
from geo.report.model import Paragraph, Report, Section, Table
from geo.report.summary import PROJECTS, WEAKEST
from geo.survey import Survey, open_survey

WHOLE = {"全部": "all", "范围内": "inside", "whole": "all", "inside": "inside"}
FIGURES = ("total", "covered", "not_covered", "unknown", "rate", "rate_lower", "rate_upper")


@pytest.fixture(scope="module")
def report() -> Report:
    return reports.district()[1]


@pytest.fixture(scope="module")
def survey() -> Survey:
    return reports.district()[0].survey


@pytest.fixture(scope="module")
def english(survey: Survey) -> Report:
    return report_of(survey, "321202003", language="en")


def coverage(survey: Survey) -> dict[tuple[Any, ...], Mapping[Any, Any]]:
    rows = coverage_of(survey).to_dict("records")
    return {(row["indicator"], row["unit_code"], row["scope"]): row for row in rows}


def test_every_figure_is_the_coverages(survey: Survey, report: Report) -> None:
    expected = coverage(survey)
    seen = set()
    for row in report.figures():
        key = (row["indicator"], row["unit_code"], WHOLE[str(row["scope"])])
        seen.add(key)
        for name in (*FIGURES, "target", "status"):
            found = None if pd.isna(expected[key][name]) else expected[key][name]
            assert row[name] == found, (key, name)
    # nothing that holds anything is left out: the district, the towns, and the villages as a whole
    wanted = {
        key
        for key, row in expected.items()
        if key[1] is not None
        and row["total"] > 0
        and (row["level"] != "village" or key[2] == "all")
    }
    assert wanted <= seen


def test_the_sections_stand_in_the_order_asked_for(report: Report) -> None:
    assert [section.number for section in report.sections] == list("一二三四五六七")
    assert [section.title for section in report.sections] == [
        "范围与依据",
        "口径与数据",
        "完成情况",
        "差距",
        "排名",
        "整改清单",
        "与上期比较",
    ]
    assert report.appendix.number == "附件"
    assert report.digest in str(report.appendix)
    assert report.command in str(report.appendix)


def test_a_town_speaks_of_itself_and_its_villages(english: Report) -> None:
    report = english
    codes = {str(row["unit_code"]) for row in report.figures() if row["level"] == "village"}
    assert codes
    assert all(code.startswith("321202003") for code in codes)
    assert {row["level"] for row in report.figures()} == {"district", "town", "village"}
    rows = [row for row in report.features.records() if row["indicator"] == "cleaning.six_no"]
    town = next(
        row
        for row in report.figures()
        if row["indicator"] == "cleaning.six_no" and row["unit_code"] == "321202003"
    )
    assert len(rows) == town["total"]


def test_features_sum_to_the_figures(report: Report) -> None:
    frame = pd.DataFrame(list(report.features.records()))
    sums = frame.groupby("indicator")[list(STATES)].sum()
    for row in report.figures():
        whole = row["level"] == "district" and row["scope"] == "全部"
        if whole and row["indicator"] in sums.index:
            assert row["covered"] == pytest.approx(sums.loc[row["indicator"], "covered"], rel=1e-9)


def test_the_summary_says_what_the_tables_say(report: Report, survey: Survey) -> None:
    words = [block.text for block in report.summary.blocks if isinstance(block, Paragraph)]
    said = "".join(text for section in report.sections for text in texts(section))
    for text in (
        words
    ):  # each sentence is the report's own, but for the round before and the reference behind
        assert text.split("（见“")[0].split("调查轮次。")[-1].removeprefix("薄弱环节：") in said
    numbers = {table.number: table for section in report.sections for table in section.tables()}
    rows = list(report.table(PROJECTS).records())
    assert {str(row["title"]).split("：")[0] for row in rows} >= {
        "净化",
        "绿化",
        "硬化",
        "亮化",
        "美化",
    }
    changes = {row["indicator"]: row for row in report.table("changes").records()}
    for row in rows:
        table = numbers[str(row["see"])]
        indicator = table.name.removeprefix(FIGURES_OF)
        own = next(
            line
            for line in table.records()
            if line["level"] == "district" and line["scope"] == "全部"
        )
        for name in ("rate", "rate_lower", "rate_upper", "target", "status"):
            assert row[name] == own[name], (indicator, name)
        moved = changes[indicator]
        assert [row[name] for name in ("before", "fixed", "worse")] == [
            moved[name] for name in ("before", "fixed", "worse")
        ]
        pieces = pieces_behind(survey, indicator)
        assert row["unknown_rows"] == pieces["fid"][pieces["unknown"] > 0].nunique()
    assert {"met", "not_met", "undecided"} <= {row["status"] for row in rows}
    targeted = {row["title"] for row in report.table("overview").records()}
    assert targeted <= {str(row["title"]).partition("：")[2] for row in rows}


def test_the_weakest_are_those_that_surely_miss(report: Report) -> None:
    rows = list(report.table(WEAKEST).records())
    assert 3 <= len(rows) <= 5
    ranked: dict[object, list[dict[str, Any]]] = {}
    for section in report.sections:
        for table in section.tables():
            if table.name.startswith("ranking:"):
                for line in table.records():
                    ranked.setdefault(line["unit_name"], []).append({**line, "see": table.number})
    missed = {
        name: sum(line["status"] == "未达标" for line in lines) for name, lines in ranked.items()
    }
    assert [row["missed"] for row in rows] == sorted(missed.values(), reverse=True)[: len(rows)]
    for row in rows:
        (own,) = [line for line in ranked[row["unit_name"]] if line["see"] == row["see"]]
        assert (row["rate_lower"], row["rate_upper"]) == (own["rate_lower"], own["rate_upper"])
        assert row["rate_upper"] < row["target"]
        assert row["missed"] == missed[row["unit_name"]]
    more = sum(count > 0 for count in missed.values()) - len(rows)
    assert f"另有 {more} 个单元" in str(report.table(WEAKEST).note)


def test_nobody_is_weak_for_what_is_unknown(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    streets = frames["back_streets"]
    frames["back_streets"] = streets.assign(cleaned=None, hardened=None)
    for name, field in (("villages", "certified"), ("towns", "certified"), ("scenic_works", "lit")):
        frames[name] = frames[name].assign(**{field: None})
    report = report_of(open_survey(made.write_district(tmp_path / "d", frames)), language="en")
    rows = list(report.table(PROJECTS).records())
    assert {row["status"] for row in rows if row["target"] is not None} <= {"undecided", "no_data"}
    assert sum(int(row["unknown_rows"] or 0) for row in rows) > len(streets)
    weakest = report.table(WEAKEST)
    assert not weakest.rows
    assert "No unit surely misses a target" in str(weakest.when_empty)
    assert "before" not in rows[0]  # there is no earlier round
    assert "There is no earlier round" in str(report.table(PROJECTS).note)


def test_a_village_has_a_summary_and_nobody_below_it(survey: Survey) -> None:
    report = report_of(survey, "321202001002")
    assert [table.name for table in report.summary.tables()] == [PROJECTS]
    assert "东安居委会认定为：范围内" in str(report.summary)


def texts(section: Section) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Paragraph)]


def test_what_is_missing() -> None:
    # 100 of which 70 done, 20 unknown: 90 % needs 20 more, or none if the unknown are all done
    assert missing(0.9, 70, 20, 100, "count") == (0.0, 20.0)
    # 10.5 wanted of a count is 11
    assert missing(0.35, 0, 0, 30, "count") == (11.0, 11.0)
    low, high = missing(1.0, 80.5, 10.0, 100.0, "m")
    assert (low, high) == (pytest.approx(9.5), pytest.approx(19.5))


def figure(covered: float, not_covered: float, unknown: float, target: float) -> dict[str, Any]:
    total = covered + not_covered + unknown
    lower, upper = covered / total, (covered + unknown) / total
    status = "met" if lower >= target else "not_met" if upper < target else "undecided"
    return {"rate_lower": lower, "rate_upper": upper, "status": status, "total": total}


def test_who_is_in_doubt_is_not_ranked() -> None:
    figures = {
        "A": figure(95, 5, 0, 0.9),
        "B": figure(95, 5, 0, 0.9),  # a tie with A
        "C": figure(85, 5, 10, 0.9),  # 85 to 95: in doubt
        "D": figure(50, 50, 0, 0.9),
        "E": {"rate_lower": None, "rate_upper": None, "status": "no_data", "total": 0},
    }
    places = places_of([(Unit(code, code, "town", None), row) for code, row in figures.items()])
    said = [(place.unit.code, place.rank, place.state) for place in places]
    assert said == [
        ("A", 1, "ranked"),
        ("B", 1, "ranked"),
        ("D", 4, "ranked"),
        ("C", None, "to_verify"),
        ("E", None, "no_data"),
    ]
    assert all(place.best <= place.rank <= place.worst for place in places if place.rank)  # type: ignore[operator]


def states(**rows: tuple[float, float, float]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(STATES))


def test_work_done_is_kept_apart_from_looking_and_from_decay() -> None:
    before = states(
        paved=(0, 7, 0), seen=(0, 0, 4), broken=(3, 0, 0), forgotten=(2, 0, 0), gone=(1, 0, 0)
    )
    now = states(
        paved=(7, 0, 0), seen=(0, 4, 0), broken=(0, 3, 0), forgotten=(0, 0, 2), new=(5, 0, 0)
    )
    found = flows(before, now)
    assert found == {
        "fixed": 7,
        "found_covered": 0,
        "found_not_covered": 4,
        "worse": 3,
        "lost_sight": 2,
        "added": 5,
        "removed": 1,
    }


def test_every_change_of_the_district_is_explained(survey: Survey, report: Report) -> None:
    earlier = coverage(open_survey(round="2007-06-30"))
    now = coverage(survey)
    for row in report.table("changes").records():
        key = (row["indicator"], survey.district.spec.code, "all")
        grown = now[key]["total"] - earlier[key]["total"]
        assert float(row["added"]) - float(row["removed"]) == pytest.approx(grown, abs=1e-6)  # type: ignore[arg-type]


def test_spite_stays_text_and_controls_go(tmp_path: Path) -> None:
    report = report_of(open_survey(hostile.hostile_district(tmp_path / "d")))
    assert "\u202e" not in repr(report)
    assert any("U+202E" in item.characters for item in report.removed)
    assert "{{7*191}}" in repr(report)
    assert "1337" not in repr(report)


def test_a_district_without_streets_edges_or_names(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    for name in ("back_streets", "boundary_edges", "weak_spots"):
        del frames[name]
    villages = frames["villages"].copy()
    villages["name"] = villages["name"].where(villages["code"] != "V11", "\u200e")
    villages["name"] = villages["name"].where(villages["code"] != "V12", "长" * 40)
    frames["villages"] = villages
    report = report_of(open_survey(made.write_district(tmp_path / "d", frames)))
    text = repr(report)
    assert "（无名称 V11）" in text
    assert "长" * 40 in text
    empty = [row for row in report.figures() if row["indicator"] == "cleaning.back_streets"]
    assert {row["status"] for row in empty} == {"no_data"}
    # None was measured, and 0 m is not what a reader is told.
    assert {row[name] for row in empty for name in ("total", "covered", "unknown")} == {None}
    lamps = [row for row in report.figures() if row["indicator"] == "lighting.scenic_works"]
    assert {row["total"] for row in lamps if row["scope"] == "范围内"} == {None}
    assert None not in {row["total"] for row in lamps if row["scope"] == "全部"}


def test_the_round_is_not_a_district_that_is_not_there(survey: Survey) -> None:
    with pytest.raises(UnknownNameError):
        report_of(survey, "999")
    with pytest.raises(DataError, match="YYYY-MM-DD"):
        report_of(survey, date="yesterday")


def test_english_has_no_chinese_headings(english: Report) -> None:
    headings = [column.heading for table in tables(english) for column in table.columns]
    headings += [section.heading for section in english.all_sections()]
    headings += [table.caption for table in tables(english)]
    assert not [text for text in headings if any("\u4e00" <= char <= "\u9fff" for char in text)]


def tables(report: Report) -> list[Table]:
    return [table for section in report.all_sections() for table in section.tables()]
