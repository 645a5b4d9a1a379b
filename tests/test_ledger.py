"""A ledger that comes back: what the office changed is taken into a new round, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import made
import openpyxl
import pytest
from typer.testing import CliRunner

from geo.catalog import load_catalog
from geo.cli import app
from geo.errors import DataError, GeoError, StoreError
from geo.importing import ImportReport, import_file
from geo.report.build import report_from
from geo.report.ledger import ledger_bytes
from geo.report.material import gather
from geo.store import open_store
from geo.survey import open_survey

NEW = "2008-03-31"
LATER = "2007-12-31"


def frames() -> dict[str, Any]:
    every = made.squares(load_catalog().layers)
    return {name: every[name] for name in ("villages", "towns", "boundary_edges", "weak_spots")}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write_district(tmp_path_factory.mktemp("printed") / "d", frames())


@pytest.fixture(scope="module")
def printed(original: Path) -> bytes:
    return ledger_bytes(report_from(gather(open_survey(original), None, "zh")))


@pytest.fixture
def district(tmp_path: Path, original: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "d"))


def returned(tmp_path: Path, printed: bytes, cells: Mapping[tuple[str, str], object]) -> Path:
    """The ledger with some cells changed: by key and column."""
    file = tmp_path / "回来的台账.xlsx"
    file.write_bytes(printed)
    book = openpyxl.load_workbook(file)
    said = dict(book["atlas"].iter_rows(values_only=True))
    sheet, columns = book[said["sheet"]], said["columns"].split(",")
    rows = {sheet.cell(row, 1).value: row for row in range(5, sheet.max_row + 1)}
    for (key, column), value in cells.items():
        sheet.cell(rows[key], columns.index(column) + 1).value = value
    book.save(file)
    return file


def states(district: Path, round_: str) -> dict[str, tuple[object, object]]:
    frame = open_survey(district, round_).frame("weak_spots").set_index("id")
    plain = (
        frame[["status", "remarks"]]
        .astype(object)
        .where(frame[["status", "remarks"]].notna(), None)
    )
    return {
        str(key): (row.status, row.remarks)
        for key, row in zip(plain.index, plain.itertuples(), strict=True)
    }


def told(report: ImportReport) -> list[tuple[str, str]]:
    return [(finding.code, finding.found) for finding in report.findings]


def test_states_and_remarks_come_back_into_a_round_of_their_own(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    before = states(district, made.ROUND)
    assert before == {
        "P1": ("closed", None),
        "P2": (None, None),
        "P3": ("open", None),
        "P4": ("closed", None),
        "P5": ("in_hand", None),
    }
    cells = {
        ("P2", "status"): "in hand",
        ("P3", "status"): "已整改",
        ("P3", "remarks"): "+1 见照片",
    }
    cells[("P1", "status")] = "情况不明"
    report = import_file(district, returned(tmp_path, printed, cells), round=NEW)
    assert states(district, NEW) == before | {
        "P1": (None, None),
        "P2": ("in_hand", None),
        "P3": ("closed", "+1 见照片"),
    }
    assert states(district, made.ROUND) == before
    assert (report.layer, report.round, report.left_out) == ("weak_spots", NEW, ())
    assert (report.rows_read, report.rows_taken) == (5, 5)
    ((code, found),) = told(report)
    assert code == "ledger-changes"
    assert found.startswith("4 entries of 3 rows changed: ")
    for change in ("P1 status closed → unknown", "P3 status open → closed"):
        assert change in found
    store = open_store(district / "rounds")
    assert store.tables(NEW) == store.tables(made.ROUND)
    (record,) = store.imports(NEW)
    assert (record.file, record.source_layer) == ("回来的台账.xlsx", "整改清单")
    kept = json.loads(record.mapping)
    assert kept["ledger"]["round"] == kept["onto"] == made.ROUND
    assert ["P3", "status", "open", "closed"] in kept["changes"]


def test_rows_that_cannot_be_taken_are_listed_and_the_others_taken(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    cells = {
        ("P1", "status"): "搞定了",
        ("P2", "status"): None,
        ("P3", "key"): "P9",
        ("P4", "key"): "P5",
        ("P5", "remarks"): "两次",
    }
    report = import_file(district, returned(tmp_path, printed, cells), round=NEW)
    words = "待整改, 整改中, 已整改, 情况不明"
    assert sorted(item.reason for item in report.left_out) == [
        f"P1: '搞定了' is no state; expected one of {words}",
        f"P2: 'an empty cell' is no state; expected one of {words}",
        "P5: a row above has that key already",
        f"P9: no such id in round {made.ROUND}",
    ]
    assert all(item.row.startswith("整改清单 row ") for item in report.left_out)
    assert (report.rows_read, report.rows_taken) == (5, 1)


def test_a_ledger_into_a_round_of_the_future_is_taken_with_a_warning(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    file = returned(tmp_path, printed, {("P3", "status"): "整改中"})
    ahead = import_file(district, file, round="9999-12-31", dry_run=True)
    assert "future-round" in dict(told(ahead))
    assert "future-round" not in dict(told(import_file(district, file, round=NEW)))


def test_a_row_that_changed_meanwhile_stays_as_it_is_and_is_listed(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    first = {("P3", "status"): "整改中", ("P4", "remarks"): "复查"}
    import_file(district, returned(tmp_path, printed, first), round=LATER)
    second = {
        ("P3", "status"): "已整改",  # in hand by now
        ("P4", "remarks"): "复查",  # the same by now
        ("P5", "status"): "已整改",
    }
    report = import_file(district, returned(tmp_path, printed, second), round=NEW)
    assert states(district, NEW) == states(district, LATER) | {"P5": ("closed", None)}
    (left,) = report.left_out
    assert left.reason == (
        f"P3: status became 'in_hand' in round {LATER}, and is 'closed' in the ledger"
    )
    assert ("ledger-changes", f"1 entry is in round {LATER} as the ledger has it") in told(report)


def test_what_else_was_changed_is_not_taken_and_is_said(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    cells = {("P1", "owner"): "城管局", ("P1", "due_on"): "2008-01-01"}
    report = import_file(district, returned(tmp_path, printed, cells), round=NEW)
    assert [code for code, _ in told(report)] == ["ledger-changes", "ledger-other-columns"]
    assert "P1 owner '城管局', P1 due_on '2008-01-01'" in told(report)[1][1]
    assert (report.round, open_store(district / "rounds").rounds()) == (None, (made.ROUND,))


def test_a_ledger_of_data_that_changed_since_is_taken_only_when_told_to(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    spots = frames()["weak_spots"].copy()
    spots.loc[spots["id"] == "P5", "status"] = "closed"
    (district / "rounds" / f"{made.ROUND}.gpkg").unlink()
    made.write_round(district, frames() | {"weak_spots": spots})
    file = returned(tmp_path, printed, {("P3", "status"): "已整改"})
    with pytest.raises(DataError, match="no longer what the ledger was printed from"):
        import_file(district, file, round=NEW)
    assert open_store(district / "rounds").rounds() == (made.ROUND,)
    report = import_file(district, file, round=NEW, accept_proposals=True)
    assert [proposal.code for proposal in report.proposals] == ["older-ledger"]
    assert states(district, NEW)["P3"] == ("closed", None)


def test_a_ledger_goes_only_where_it_belongs(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    file = returned(tmp_path, printed, {("P3", "status"): "已整改"})
    with pytest.raises(StoreError, match="exists already, and a ledger makes a round of its own"):
        import_file(district, file, round=made.ROUND)
    settings = (district / "district.toml").read_text(encoding="utf-8")
    (district / "district.toml").write_text(settings.replace('code = "', 'code = "1'), "utf-8")
    with pytest.raises(DataError, match="a ledger of district"):
        import_file(district, file, round=NEW)


def test_who_names_a_layer_is_told_how_a_ledger_is_taken_back(
    tmp_path: Path, district: Path, printed: bytes
) -> None:
    with pytest.raises(DataError, match="it is a ledger: with no --layer named"):
        import_file(district, returned(tmp_path, printed, {}), "weak_spots", round=NEW)


def test_an_ordinary_workbook_is_no_ledger(tmp_path: Path, district: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["编号", "名称"])
    book.active.append(["1", "甲"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(GeoError, match="--layer NAME"):
        import_file(district, tmp_path / "a.xlsx")


def test_the_command_says_what_came_back(tmp_path: Path, district: Path, printed: bytes) -> None:
    file = returned(tmp_path, printed, {("P3", "status"): "已整改", ("P1", "status"): "搞定了"})
    options = ["import", str(file), "--district", str(district), "--round", NEW]
    done = CliRunner().invoke(app, [*options, "--format", "json", "--dry-run"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["rows_read"], said["rows_taken"]) == (0, 5, 4)
    assert open_store(district / "rounds").rounds() == (made.ROUND,)
    done = CliRunner().invoke(app, options)
    assert f"weak_spots: 4 of 5 rows taken into round {NEW}, 1 left out" in done.stderr
    same = returned(tmp_path, printed, {})
    done = CliRunner().invoke(app, ["import", str(same), "--district", str(district)])
    assert "the ledger changes nothing; no round was written" in done.stderr
