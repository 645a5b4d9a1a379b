"""Rounds as their readers see them: what is listed, published, taken back, and what a changed one says."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box
from test_cli import atlas
from typer.testing import CliRunner

from geo.bundled import embedded_district
from geo.carrying import carry_layers
from geo.catalog import load_catalog
from geo.check.report import check_round
from geo.cli import app, main
from geo.coverage import coverage_of, rows_behind
from geo.district import open_district
from geo.errors import GeoError, StoreError, UnknownNameError
from geo.importing import import_file
from geo.importing.fewer import fewer_rows
from geo.model import ImportRecord
from geo.rounds import (
    changes_since_publication,
    publication_findings,
    publish_round,
    rounds_of,
    undo_import,
)
from geo.store import open_store
from geo.store.base import Store
from geo.store.conversion import convert_round
from geo.store.lock import current_user
from geo.survey import open_survey

OLD, NEW = "2007-06-30", "2007-12-31"
DISTRICT = """
name = { zh = "方格县", en = "Squares" }
code = "999999"
metric_crs = "EPSG:4549"
levels = ["villages"]
"""


@pytest.fixture
def district(tmp_path: Path) -> Path:
    """A round that QGIS made, with a table nobody declared, and one that two imports made."""
    folder = tmp_path / "squares"
    folder.mkdir()
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    rounds = folder / "rounds"
    rounds.mkdir()
    villages().to_file(rounds / f"{OLD}.gpkg", layer="villages", driver="GPKG")
    villages().to_file(rounds / f"{OLD}.gpkg", layer="sketches", driver="GPKG")
    store = open_store(rounds)
    store.write(NEW, {"villages": villages()}, [record(1, "villages", "村界.shp")])
    lines = [LineString([(500_000, 3_590_000), (500_100, 3_590_000 + row)]) for row in range(3)]
    streets = gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=lines, crs="EPSG:4549")
    store.add(
        NEW,
        {"back_streets": streets},
        [record(2, "back_streets", "街.zip")],
        onto=store.digest(NEW),
    )
    return folder


def villages() -> gpd.GeoDataFrame:
    squares = [box(500_000 + x, 3_590_000, 501_000 + x, 3_591_000) for x in (0, 1000)]
    return gpd.GeoDataFrame(
        {"code": ["1", "2"], "name": ["东村", "西村"]}, geometry=squares, crs="EPSG:4549"
    )


def record(id_: int, layer: str, file: str) -> ImportRecord:
    return ImportRecord(
        id_, layer, file, "ab" * 32, "层", "{}", "EPSG:4549", f"2008-01-0{id_}T08:00:00+00:00", "li", 4, 3
    )  # fmt: skip


def store_of(district: Path) -> Store:
    return open_store(district / "rounds")


def tamper(district: Path, round_: str, statement: str) -> None:
    path = district / "rounds" / f"{round_}.gpkg"
    path.chmod(0o644)
    with closing(sqlite3.connect(path)) as database:
        database.create_function("ST_IsEmpty", 1, lambda shape: 0)
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda shape: 0)
        database.execute(statement)
        database.commit()


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(one) for one in arguments])


# -- listing


def test_rounds_are_listed_with_what_they_hold(district: Path) -> None:
    old, new = rounds_of(district)
    assert (old.round, old.state, dict(old.tables)) == (
        OLD,
        "draft",
        {"sketches": 2, "villages": 2},
    )
    assert (old.imports, old.publication, old.changes) == ((), None, ())
    assert (new.round, new.state, dict(new.tables)) == (
        NEW,
        "draft",
        {"back_streets": 3, "villages": 2},
    )
    assert [one.file for one in new.imports] == ["村界.shp", "街.zip"]


def test_the_digest_is_the_one_that_figures_carry(district: Path) -> None:
    for one in rounds_of(district):
        assert one.data_digest == open_survey(district, one.round).digest
        assert one.digest == store_of(district).digest(one.round)


def test_a_round_that_cannot_be_read_does_not_hide_the_others(district: Path) -> None:
    (district / "rounds" / "2007-09-30.gpkg").write_bytes(b"no database")
    states = {one.round: one.state for one in rounds_of(district)}
    assert states == {OLD: "draft", "2007-09-30": "unreadable", NEW: "draft"}
    (damaged,) = [one for one in rounds_of(district) if one.state == "unreadable"]
    assert "not a SQLite database" in damaged.changes[0]


def test_a_district_without_rounds_has_none(district: Path) -> None:
    for path in (district / "rounds").iterdir():
        path.unlink()
    assert rounds_of(district) == ()
    with pytest.raises(UnknownNameError):
        publish_round(district)
    with pytest.raises(UnknownNameError):
        undo_import(district)


# -- publishing


def test_the_newest_round_is_published_unless_another_is_named(district: Path) -> None:
    assert publish_round(district).round == NEW
    assert publish_round(district, OLD).round == OLD
    assert [one.state for one in rounds_of(district)] == ["published", "published"]
    with pytest.raises(StoreError, match="is published"):
        publish_round(district, OLD)


def test_a_published_round_that_was_changed_says_so_and_what(district: Path) -> None:
    publish_round(district, NEW)
    assert changes_since_publication(store_of(district), NEW) == ()
    assert publication_findings(store_of(district), NEW) == ()
    tamper(district, NEW, "UPDATE villages SET name = '别村' WHERE code = '1'")
    (_, new) = rounds_of(district)
    assert (new.state, new.changes) == ("changed", ("villages was changed",))
    (finding,) = publication_findings(store_of(district), NEW)
    assert (finding.code, finding.severity) == ("changed-since-published", "error")
    assert "changed since it was published: villages was changed" in finding.found
    tamper(district, NEW, "UPDATE villages SET name = '东村' WHERE code = '1'")
    assert rounds_of(district)[1].state == "published"


def test_a_published_round_that_is_gone_is_still_listed(district: Path) -> None:
    publish_round(district, OLD)
    (district / "rounds" / f"{OLD}.gpkg").unlink()
    (old, _) = rounds_of(district)
    assert (old.state, old.changes) == ("missing", ("the round is gone",))
    assert [one.found for one in publication_findings(store_of(district), OLD)]


def test_a_draft_changes_without_a_finding(district: Path) -> None:
    tamper(district, NEW, "UPDATE villages SET name = '别村' WHERE code = '1'")
    assert publication_findings(store_of(district), NEW) == ()


def test_figures_come_from_a_published_round_as_before(district: Path) -> None:
    before = open_survey(district, NEW).digest
    publish_round(district, NEW)
    assert open_survey(district, NEW).digest == before


# -- taking back


def test_undo_takes_back_import_by_import_and_at_last_the_round(district: Path) -> None:
    first = undo_import(district)
    assert ([one.file for one in first.imports], first.remains) == (["街.zip"], True)
    assert store_of(district).tables(NEW) == ("villages",)
    assert first.digest == store_of(district).digest(NEW)
    second = undo_import(district, NEW)
    assert ([one.file for one in second.imports], second.remains) == (["村界.shp"], False)
    assert store_of(district).rounds() == (OLD,)
    with pytest.raises(StoreError, match="not made by imports"):
        undo_import(district)


def test_undo_holds_to_what_was_shown(district: Path) -> None:
    shown = store_of(district).digest(NEW)
    tamper(district, NEW, "UPDATE back_streets SET id = 'x' WHERE id = 'a'")
    with pytest.raises(StoreError, match="someone else"):
        undo_import(district, NEW, onto=shown)
    assert store_of(district).tables(NEW) == ("back_streets", "villages")


def test_a_published_round_is_not_taken_back(district: Path) -> None:
    publish_round(district, NEW)
    with pytest.raises(StoreError, match="is published"):
        undo_import(district, NEW)


# -- the command line


def test_the_list_prints_the_same_rows_in_every_format(district: Path) -> None:
    shown = json.loads(run("rounds", "--district", district, "--format", "json").stdout)
    assert (shown["district"], shown["code"]) == ("方格县", "999999")
    assert [(row["round"], row["table"], row["rows"], row["file"]) for row in shown["rows"]] == [
        (OLD, "sketches", 2, None),
        (OLD, "villages", 2, None),
        (NEW, "back_streets", 3, "街.zip"),
        (NEW, "villages", 2, "村界.shp"),
    ]
    (_, new) = shown["rounds"]
    assert new["imports"][0]["imported_by"] == "li"
    assert (new["state"], new["publication"]) == ("draft", None)
    lines = run("rounds", "--district", district, "--format", "csv").stdout.splitlines()
    assert len(lines) == 5
    assert lines[3].startswith(
        f"{NEW},draft,{new['digest']},back_streets,3,2,街.zip,层,4,3,2008-01-02T"
    )
    table = run("rounds", "--district", district).stdout
    assert table.count(NEW) == 2
    assert "村界.shp" in table


def test_publishing_and_taking_back_say_what_they_did(district: Path) -> None:
    undone = run("undo", "--district", district)
    assert undone.exit_code == 0
    assert "taken back: back_streets, 3 rows of 街.zip" in undone.stderr
    published = run("publish", "--district", district, "--round", NEW)
    assert published.exit_code == 0
    assert f"round {NEW} is published by {current_user()}" in published.stderr
    shown = json.loads(run("rounds", "--district", district, "--format", "json").stdout)
    (_, new) = shown["rounds"]
    assert new["state"] == "published"
    assert new["publication"]["published_by"] == current_user()
    tamper(district, NEW, "DELETE FROM villages WHERE code = '1'")
    assert (
        "CHANGED SINCE IT WAS PUBLISHED (villages was changed)"
        in run("rounds", "--district", district).stderr
    )


@pytest.mark.parametrize(
    "arguments", [["undo"], ["publish"], ["publish", "--round", "2007-01-01"]], ids=" ".join
)
def test_a_refusal_is_one_message_and_status_2(
    district: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    publish_round(district, NEW)
    monkeypatch.setattr("sys.argv", ["atlas", *arguments, "--district", str(district)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("atlas: ")
    assert "Traceback" not in said


def test_publish_and_undo_never_touch_the_embedded_district_unasked() -> None:
    for command in ("publish", "undo"):
        result = atlas(command)
        assert result.returncode == 2
        assert result.stderr.startswith("atlas: --district: found nothing; expected a path;")


def test_a_check_names_what_changed_since_it_was_published(tmp_path: Path) -> None:
    from geo.check.report import check_round
    from geo.district import open_district

    folder = tmp_path / "hailing"
    shutil.copytree(open_district().folder, folder)
    publish_round(folder, "2007-12-31")
    file = folder / "rounds" / "2007-12-31.gpkg"
    file.chmod(0o644)
    with closing(sqlite3.connect(file)) as database, database:
        # The spatial index's triggers need GDAL's functions; this edit is of text alone.
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'weak_spots'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE weak_spots SET owner = 'x' WHERE fid = 1")
    found = check_round(open_survey(folder), layers=None).findings
    assert [item.found for item in found if item.code == "changed-since-published"] == [
        "changed since it was published: weak_spots was changed"
    ]


def test_a_round_without_the_units_of_the_one_before_is_told_of(district: Path) -> None:
    store = open_store(district / "rounds")
    later = "2008-06-30"
    streets = store.read(NEW, "back_streets")
    store.write(later, {"back_streets": streets}, [record(3, "back_streets", "街.zip")])
    found = {
        item.layer: item
        for item in check_round(open_survey(district, later)).findings
        if item.code == "layer-left-behind"
    }
    assert list(found) == ["villages"]  # no round of this district ever had edges
    assert found["villages"].found == f"round {later} has none, round {NEW} has"
    assert not [
        item
        for item in check_round(open_survey(district, NEW)).findings
        if item.code == "layer-left-behind"
    ]


def test_units_that_a_later_round_leaves_out_are_named(tmp_path: Path, district: Path) -> None:
    later, after = "2008-06-30", "2008-12-31"
    file = tmp_path / "villages.gpkg"
    villages().iloc[1:].to_file(file, driver="GPKG")
    report = import_file(district, file, "villages", round=later)
    (told,) = [item for item in report.findings if item.code == "units-left-out"]
    assert (told.severity, told.rows) == ("warning", ("1",))
    assert told.found == f"1 of the 2 units of round {NEW} is not in this one: 1"
    assert told.found.zh == f"{NEW} 轮次的 2 个单元中有 1 个未在本轮次：1"
    # The check says the very same, and where the village was.
    checked = check_round(open_survey(district, later))
    (seen,) = [item for item in checked.observations if item.finding.code == "units-left-out"]
    assert seen.finding == told
    assert [shape.bounds for shape in seen.shapes] == [(500_000, 3_590_000, 501_000, 3_591_000)]
    # A round with all of them, and the first of all, leave nothing out; new units are none of the old.
    more = gpd.GeoDataFrame(
        {"code": ["2", "3"], "name": ["西村", "新村"]},
        geometry=villages().geometry.translate(0, 50).to_list(),
        crs="EPSG:4549",
    )
    more.to_file(file, driver="GPKG")
    codes = {item.code for item in import_file(district, file, "villages", round=after).findings}
    assert "units-left-out" not in codes
    for round_ in (OLD, NEW, after):
        found = {item.code for item in check_round(open_survey(district, round_)).findings}
        assert "units-left-out" not in found


def test_far_fewer_rows_than_the_round_before_are_told_of_with_the_units_left_without(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "d"
    shutil.copytree(embedded_district(), folder)
    store = open_store(folder / "rounds")
    before, later = store.rounds()[-1], "2008-06-30"
    streets = store.read(before, "back_streets")
    towns = store.read(before, "towns").set_index("code")
    of_town = streets[streets.within(towns.geometry["321202002"])]
    file = tmp_path / "streets.gpkg"
    of_town.to_file(file, driver="GPKG")
    report = import_file(folder, file, "back_streets", round=later)
    (told,) = [item for item in report.findings if item.code == "fewer-rows"]
    assert (told.severity, told.rows) == ("warning", ())
    count = len(of_town)
    assert told.found.startswith(
        f"{count} rows, where round {before} has 657; of the 14 towns that had some 13 have none:"
        " 321202001 (城东街道), 321202003 (城南街道), "
    )
    assert told.found.zh.startswith(
        f"{count} 行，而 {before} 轮次有 657 行；原有数据的 14 个镇（街道）中，13 个已无数据：城东街道（321202001）、"
    )
    assert "at least 75% of the rows" in told.expected
    assert "read their figures, and not the district's" in told.remedy
    # The check says the very same, and where those towns are: the round has no units of its own.
    checked = check_round(open_survey(folder, later), ["back_streets"])
    (seen,) = [item for item in checked.observations if item.finding.code == "fewer-rows"]
    assert seen.finding == told
    assert len(seen.shapes) == 13
    # So is a file in degrees, as most are that come from a phone.
    degrees = tmp_path / "degrees.gpkg"
    of_town.to_crs("EPSG:4326").to_file(degrees, driver="GPKG")
    report = import_file(folder, degrees, "back_streets", round="2008-05-31", dry_run=True)
    assert [item for item in report.findings if item.code == "fewer-rows"] == [told]
    # Where every town has some, the villages are named; three quarters are enough.
    some = streets.iloc[::2]
    some.to_file(file, driver="GPKG")
    report = import_file(folder, file, "back_streets", round="2008-03-31")
    (told,) = [item for item in report.findings if item.code == "fewer-rows"]
    assert told.found.startswith(f"{len(some)} rows, where round {before} has 657; of the ")
    assert " villages that had some " in told.found
    streets.iloc[: 3 * len(streets) // 4 + 1].to_file(file, driver="GPKG")
    report = import_file(folder, file, "back_streets", round="2008-01-31")
    assert "fewer-rows" not in {item.code for item in report.findings}
    for round_ in (before, "2008-01-31"):
        found = {item.code for item in check_round(open_survey(folder, round_)).findings}
        assert "fewer-rows" not in found


def test_rows_that_can_be_counted_and_not_read_keep_no_later_file_out(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    shutil.copytree(embedded_district(), folder)
    before, later = open_store(folder / "rounds").rounds()[-1], "2008-06-30"
    file = tmp_path / "streets.gpkg"
    open_store(folder / "rounds").read(before, "back_streets").iloc[:20].to_file(file)
    convert_round(folder, "geoparquet", before)
    stored = folder / "rounds" / before / "back_streets.parquet"
    data = stored.read_bytes()
    stored.write_bytes(data[:2000] + b"U" * (len(data) // 2) + data[2000 + len(data) // 2 :])
    report = import_file(folder, file, "back_streets", round=later)
    (told,) = [item for item in report.findings if item.code == "fewer-rows"]
    assert told.found == f"20 rows, where round {before} has 657"
    assert (folder / "rounds" / f"{later}.gpkg").exists()
    checked = check_round(open_survey(folder, later), ["back_streets"]).findings
    assert [item for item in checked if item.code == "fewer-rows"] == [told]


def test_where_rows_come_anew_each_time_few_are_no_remark(tmp_path: Path, district: Path) -> None:
    layer = load_catalog().layers["weak_spots"]
    store = open_store(district / "rounds")
    frame = store.read(NEW, "villages").pipe(
        lambda all_: all_.set_geometry(all_.representative_point())
    )
    spots = frame[["code", "geometry"]].rename(columns={"code": "id"})
    store.write("2008-01-31", {"weak_spots": spots}, [record(3, "weak_spots", "点.csv")])
    opened = open_survey(district).district
    few = fewer_rows(opened, store, "2008-06-30", layer, spots.iloc[:1])
    assert few is not None
    assert (
        few.found
        == "1 row, where round 2008-01-31 has 2; of the 2 villages that had some 1 has none: 2 (西村)"
    )
    anew = layer.model_copy(update={"rows_at_least": 0})
    assert fewer_rows(opened, store, "2008-06-30", anew, spots.iloc[:1]) is None
    # The first round of all has none before it; what has no rows at all is told of as an empty layer.
    assert fewer_rows(opened, store, "2008-01-31", layer, spots.iloc[:1]) is None
    assert fewer_rows(opened, store, "2008-06-30", layer, spots.iloc[:0]) is None


def test_a_round_of_the_future_is_taken_with_a_warning(tmp_path: Path, district: Path) -> None:
    file = tmp_path / "villages.gpkg"
    villages().to_file(file, driver="GPKG")
    today = dt.date.today()
    ahead = (today + dt.timedelta(days=3650)).isoformat()
    report = import_file(district, file, "villages", round=ahead)
    (told,) = [item for item in report.findings if item.code == "future-round"]
    assert told.severity == "warning"
    days = {today, dt.date.today()}  # midnight may have passed
    assert told.found.startswith(
        tuple(f"round {ahead} is dated in the future (today is {day})" for day in days)
    )
    assert told.found.zh.startswith(f"轮次 {ahead} 的日期晚于今天")
    assert f"atlas undo --round {ahead}" in told.remedy
    assert store_of(district).rounds()[-1] == ahead
    report = import_file(district, file, "villages", round=today.isoformat())
    assert "future-round" not in {item.code for item in report.findings}


def test_units_are_carried_into_a_round_of_streets_and_lead_to_their_file(district: Path) -> None:
    store = open_store(district / "rounds")
    later = "2008-06-30"
    streets = store.read(NEW, "back_streets").assign(hardened=[True, False, None], src_import=3)
    store.write(later, {"back_streets": streets}, [record(3, "back_streets", "街2.zip")])
    alone = store.digest(later)
    result = run("carry", "--district", district)
    assert result.exit_code == 0
    assert f"villages: 2 rows of round {NEW} carried into {later}" in result.stderr
    told = [(one.id, one.layer, one.file) for one in store.imports(later)]
    assert told == [
        (3, "back_streets", "街2.zip"),
        (4, "villages", "村界.shp"),  # what the rows came from, as the earlier round tells it
        (5, "villages", f"round {NEW}"),
    ]
    assert store.imports(later)[2].sha256 == store.digests(NEW)["villages"]
    assert "layer-left-behind" not in {
        one.code for one in check_round(open_survey(district)).findings
    }
    # Nothing more to carry; and taking it back leaves the round of streets alone.
    assert "lacks no units" in run("carry", "--district", district).stderr
    undo_import(district, later)
    assert store.digest(later) == alone


def test_rows_that_were_imported_keep_their_file_and_line_where_they_are_carried(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "hailing"
    shutil.copytree(open_district().folder, folder)
    store = open_store(folder / "rounds")
    towns = store.read(NEW, "towns")
    labels = [f"sheet row {row}" for row in range(len(towns))]
    named = towns.assign(src_import=7, src_row=labels)
    store.write("2008-01-01", {"towns": named}, [record(7, "towns", "镇.xlsx")])
    report = carry_layers(folder, "2008-06-30", new=True)
    assert report.origins == {
        "villages": NEW,
        "towns": "2008-01-01",  # each from the newest that has it
        "boundary_edges": NEW,
    }
    assert report.rows == {"villages": 156, "towns": 14, "boundary_edges": 5}
    survey = open_survey(folder, "2008-06-30")
    behind = rows_behind(survey, "certification.towns")
    assert set(behind.source_file) == {"镇.xlsx"}
    assert sorted(behind.source_row) == sorted(labels)
    # Villages that nobody imported came from that round, and its row.
    villages = rows_behind(survey, "certification.villages").iloc[0]
    assert (villages.source_file, villages.source_row) == (
        f"round {NEW}",
        f"villages {villages.fid}",
    )
    before = coverage_of(open_survey(folder, NEW), ["certification.towns"])
    assert coverage_of(survey, ["certification.towns"]).equals(before)


def test_a_layer_that_only_an_earlier_round_has_is_said_to_be_there(district: Path) -> None:
    store = open_store(district / "rounds")
    later = "2008-06-30"
    store.write(later, {"back_streets": store.read(NEW, "back_streets")})
    result = run("rows", "certification.villages", "--district", district)
    assert isinstance(result.exception, UnknownNameError)
    assert str(result.exception).endswith(
        f"there are: back_streets; round {NEW} has it, and a draft takes it over:"
        f" atlas carry --district DIR --round {later} --layer villages"
    )
    zh = result.exception.in_("zh")
    assert f"没有名为“villages”的{later} 轮次的图层" in zh
    assert f"轮次 {NEW} 有" in zh


def test_rows_that_no_record_tells_of_came_from_the_round_they_are_carried_from(
    district: Path,
) -> None:
    store = open_store(district / "rounds")
    odd = villages().assign(src_import=[1, 9], src_row=["行 1", None])
    store.write("2008-01-01", {"villages": odd}, [record(1, "villages", "村界.shp")])
    carry_layers(district, "2008-06-30", new=True)
    carried = store.read("2008-06-30", "villages")
    files = {one.id: one.file for one in store.imports("2008-06-30")}
    assert [files[number] for number in carried["src_import"]] == ["村界.shp", "round 2008-01-01"]
    assert carried["src_row"].tolist() == ["行 1", "villages 2"]


def test_a_round_without_its_units_is_published_only_as_it_is(district: Path) -> None:
    store = open_store(district / "rounds")
    store.write("2008-06-30", {"back_streets": store.read(NEW, "back_streets")})
    result = run("publish", "--district", district)
    assert isinstance(result.exception, StoreError)
    assert "has no villages, which round 2007-12-31 has" in str(result.exception)
    assert "没有村（社区）（villages），而轮次 2007-12-31 有" in result.exception.in_("zh")
    assert store.publication("2008-06-30") is None
    assert run("publish", "--district", district, "--as-it-is").exit_code == 0
    assert store.publication("2008-06-30") is not None


def test_what_cannot_be_carried_is_said_and_nothing_is_changed(district: Path) -> None:
    store = open_store(district / "rounds")
    before = {one: store.digest(one) for one in store.rounds()}
    said = {
        ("--round", OLD, "--layer", "back_streets"): "no layer in the rounds before 2007-06-30",
        ("--layer", "lamps"): "no layer in the rounds before 2007-12-31 named 'lamps'",
        ("--layer", "villages"): f"round {NEW} has villages already",
        ("--layer", "nothing"): "no layer named 'nothing'",
        ("--from", "2001-01-01"): "no round named '2001-01-01'",
        ("--from", NEW): f"round {NEW} cannot be carried into itself",
        ("--round", "soon"): "--round: found 'soon'; expected a day",
        ("--round", "2008-07-30"): "no round named '2008-07-30'",
        ("--round", OLD, "--from", NEW, "--layer", "back_streets"): "was not made by imports",
    }
    for arguments, words in said.items():
        error = run("carry", "--district", district, *arguments).exception
        assert isinstance(error, GeoError), arguments
        assert words in str(error), arguments
    publish_round(district, NEW)
    with pytest.raises(StoreError, match="published"):
        carry_layers(district, NEW, ["villages"], source=OLD)
    assert {one: store.digest(one) for one in store.rounds()} == before


def test_a_round_is_checked_though_the_one_before_cannot_be_opened(district: Path) -> None:
    before = check_round(open_survey(district, NEW)).findings
    (district / "rounds" / f"{OLD}.gpkg").write_bytes(b"no database")
    codes = [item.code for item in check_round(open_survey(district, NEW)).findings]
    assert set(codes) <= {item.code for item in before}
