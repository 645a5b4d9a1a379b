"""The command `atlas`, as its user types it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import made
import pytest

from geo.catalog import load_catalog
from geo.cli import app, main
from geo.cli.output import print_table
from geo.coverage import COLUMNS

ROOT = Path(__file__).parents[1]
SCOPE_KEYS = {
    "unit_code",
    "unit_name",
    "level",
    "decision",
    "share",
    "margin_m",
    "near_edge",
    "sides",
}


@dataclass(frozen=True)
class Result:
    returncode: int
    stdout: str
    stderr: str


def atlas(*arguments: str) -> Result:
    """Run the command in this process: what a new one takes to start is tested once, below."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    err = io.StringIO()
    status: Any = 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "argv", ["atlas", *arguments])
        try:
            main()
        except SystemExit as stop:
            status = stop.code
    out.seek(0)
    return Result(status or 0, out.read(), err.getvalue())


def test_it_runs_as_a_program_of_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "geo", "coverage", "--round", "1999-01-01"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("atlas: no round named '1999-01-01'")


def answer(*arguments: str) -> Any:
    result = atlas(*arguments, "--format", "json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def figures() -> Any:
    return answer("coverage")


def test_coverage_is_one_object_of_the_declared_shape(figures: Any) -> None:
    assert set(figures) == {"district", "code", "round", "data_digest", "version", "rows"}
    assert figures["code"] == "321202"
    assert len(figures["data_digest"]) == 64
    for row in figures["rows"]:
        assert tuple(row) == COLUMNS
    levels = {row["level"] for row in figures["rows"]}
    assert levels == {"village", "town", "district"}
    assert {row["scope"] for row in figures["rows"]} == {"all", "inside"}
    assert {row["measure"] for row in figures["rows"]} == {"m", "m2", "count"}


def test_figures_of_the_embedded_district_hold_the_promises(figures: Any) -> None:
    for row in figures["rows"]:
        total = row["covered"] + row["not_covered"] + row["unknown"]
        assert row["total"] == pytest.approx(total, rel=1e-12)
        if row["total"] == 0:
            assert row["rate"] is row["rate_lower"] is row["rate_upper"] is None
        else:
            assert 0 <= row["rate_lower"] <= row["rate_upper"] <= 1
        if row["target"] is None:
            assert row["status"] in (None, "no_data")
        else:
            assert row["status"] in ("met", "not_met", "undecided", "no_data")
        if row["measure"] == "count":
            assert isinstance(row["total"], int)


def test_what_was_not_measured_has_no_amounts_in_a_table_and_is_no_data_to_programs(
    tmp_path: Path,
) -> None:
    squares = made.squares(load_catalog().layers)  # in which no work units were surveyed
    folder = str(made.write_district(tmp_path / "d", squares))
    for name, nothing in (("certification.work_units", True), ("hardening.back_streets", False)):
        asked = ("coverage", "--district", folder, "--indicator", name, "--scope", "all")
        line = atlas(*asked).stdout.splitlines()[1]
        assert (line.split()[3:6] == ["—"] * 3) is nothing, line
        for row in json.loads(atlas(*asked, "--format", "json").stdout)["rows"]:
            assert row["total"] == row["covered"] + row["not_covered"] + row["unknown"]
            assert (row["status"] == "no_data") is nothing


def test_parts_sum_to_the_whole_at_every_level(figures: Any) -> None:
    sums: dict[tuple[str, str], dict[str, float]] = {}
    for row in figures["rows"]:
        by_level = sums.setdefault((row["indicator"], row["scope"]), {})
        by_level[row["level"]] = by_level.get(row["level"], 0.0) + row["total"]
    assert sums
    for by_level in sums.values():
        assert by_level["village"] == pytest.approx(by_level["district"], rel=1e-9, abs=1e-9)
        assert by_level["town"] == pytest.approx(by_level["district"], rel=1e-9, abs=1e-9)


def test_csv_and_json_hold_the_same_rows(figures: Any) -> None:
    result = atlas("coverage", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == len(figures["rows"])
    for text, row in zip(rows, figures["rows"], strict=True):
        assert text["indicator"] == row["indicator"]
        assert float(text["covered"]) == row["covered"]
        assert (text["unit_code"] or None) == row["unit_code"]


def test_the_table_shows_rates_rounded_down_and_says_whose_they_are() -> None:
    result = atlas("coverage", "--indicator", "certification.towns", "--scope", "all")
    assert "92.8%" in result.stdout  # 13 of 14 are 92.857 %
    assert "met" in result.stdout
    assert "round 2007-12-31" in result.stderr


def test_columns_stand_under_each_other_a_character_takes_two_places_and_no_cell_is_empty() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    rows = [
        {"unit": "海陵区", "rate": 0.5, "note": None},
        {"unit": "[b]", "rate": 1, "note": "a\x1b"},
        {"unit": "", "rate": 0, "note": True},
    ]
    with contextlib.redirect_stdout(out):
        print_table(
            rows, {name: name for name in rows[0]}, {"rate": lambda row: f"{row['rate']:.0%}"}
        )
    out.seek(0)
    assert out.read() == (
        "unit    rate  note\n海陵区   50%  —\n[b]     100%  a\ufffd\n—         0%  true\n"
    )


def test_scope_is_one_object_of_the_declared_shape() -> None:
    scope = answer("scope")
    assert set(scope) == {"district", "code", "round", "rule", "area_m2", "boundary", "rows"}
    assert scope["boundary"]["type"] == "Polygon"
    longitude, latitude = scope["boundary"]["coordinates"][0][0]
    assert (119 < longitude < 121, 32 < latitude < 33) == (True, True)
    assert all(set(row) == SCOPE_KEYS for row in scope["rows"])
    assert {row["level"] for row in scope["rows"]} == {"village", "town"}
    assert sum(row["level"] == "village" for row in scope["rows"]) == 156
    assert {row["decision"] for row in scope["rows"]} == {"in", "partly", "out"}


def test_another_rule_decides_otherwise() -> None:
    by_point = answer("scope", "--rule", "representative_point")
    assert by_point["rule"] == "representative_point"
    assert {row["decision"] for row in by_point["rows"]} == {"in", "out"}


def test_rows_behind_a_figure_add_up_to_it(figures: Any) -> None:
    town = "321202002"
    behind = answer("rows", "hardening.back_streets", "--unit", town)
    figure = next(
        row
        for row in figures["rows"]
        if (row["indicator"], row["unit_code"], row["scope"])
        == ("hardening.back_streets", town, "all")
    )
    for name in ("covered", "not_covered", "unknown"):
        assert sum(row[name] for row in behind["rows"]) == pytest.approx(figure[name], rel=1e-9)
    assert all(row["key"] for row in behind["rows"])


def test_rows_that_no_file_is_named_for_say_where_they_are_from(tmp_path: Path) -> None:
    told = atlas("rows", "hardening.fringe_roads", "--unit", "321202002").stderr
    rows = "50 rows come from no imported file, but were written into round 2007-12-31 itself"
    assert f"atlas: {rows}: see its table back_streets, by fid\n" in told
    assert "Illustrative data: outlines, streets, lamps" in told
    assert "Illustrative data" in atlas("coverage").stderr
    assert "示意数据" in atlas("scope", "--lang", "zh").stderr
    (tmp_path / "district.toml").write_text(
        'name = { zh = "甲", en = "A" }\ncode = "1"\nmetric_crs = "EPSG:4549"\n', encoding="utf-8"
    )
    (tmp_path / "l.csv").write_text("id,working,x,y\nL1,是,500100,3600100\n", encoding="utf-8")
    here = ("--district", str(tmp_path))
    imported = atlas(
        "import", str(tmp_path / "l.csv"), *here, "--layer", "lamps", "--crs", "EPSG:4549"
    )
    assert imported.returncode == 0, imported.stderr
    shown = atlas("rows", "lighting.lamps_working", *here)
    assert (shown.stdout.split()[-3:], shown.stderr) == (["l.csv", "line", "2"], "")


def test_layers_are_listed_with_their_indicators() -> None:
    rows = {row["layer"]: row for row in answer("layers")["rows"]}
    assert rows["back_streets"]["rows"] == 657
    assert "hardening.fringe_roads" in rows["back_streets"]["indicators"]
    assert rows["ndvi"]["in_round"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["coverage", "--district", "nowhere"], "district.toml"),
        (
            ["coverage", "--round", "1999-01-01"],
            "no round named '1999-01-01'; there are: 2007-06-30",
        ),
        (["coverage", "--indicator", "no.such"], "no indicator named 'no.such'"),
        (["coverage", "--level", "street"], "no level named 'street'"),
        (["coverage", "--unit", "1"], "no unit named '1'"),
        (["coverage", "--engine", "warp"], "no engine named 'warp'"),
        (["rows", "hardening.back_streets", "--unit", "1"], "no unit named '1'"),
        (["scope", "--rule", "by_luck"], "no rule named 'by_luck'"),
        (["scope", "--format", "xml"], "xml"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_fault_of_input_is_one_message_and_status_2(arguments: list[str], said: str) -> None:
    result = atlas(*arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_version() -> None:
    assert atlas("--version").stdout.startswith("chengxiang-atlas ")


@pytest.mark.parametrize(
    "command",
    [command.callback.__name__ for command in app.registered_commands if command.callback],
)
def test_every_command_is_in_both_readmes_and_explains_itself(command: str) -> None:
    name = command.removesuffix("_command").removesuffix("_")
    for readme in ("README.md", "README.zh-CN.md"):
        assert f"atlas {name}" in (ROOT / readme).read_text(encoding="utf-8")
    helped = atlas(name, "--help")
    assert helped.returncode == 0
    # What an option takes is called in the user's words, not by its type in Python.
    assert re.findall(r"--[a-z-]+ <(?:str|int|path|list|bool)\b.*", helped.stdout) == []


@pytest.mark.parametrize(
    ("metric_crs", "said"),
    [
        ("EPSG:4326", "longitude and latitude are not metres"),
        ("EPSG:999999", "not a coordinate system"),
        ("EPSG:2263", "measured in US survey foot, not in metres"),
    ],
)
def test_a_district_is_measured_in_metres_or_refused(
    tmp_path: Path, metric_crs: str, said: str
) -> None:
    (tmp_path / "district.toml").write_text(
        f'name = {{ zh = "甲", en = "A" }}\ncode = "1"\nmetric_crs = "{metric_crs}"\n',
        encoding="utf-8",
    )
    result = atlas("coverage", "--district", str(tmp_path))
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_district_without_rounds_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "district.toml").write_text(
        'name = { zh = "甲", en = "A" }\ncode = "1"\nmetric_crs = "EPSG:4549"\n', encoding="utf-8"
    )
    for command in ("coverage", "scope", "publish"):
        result = atlas(command, "--district", str(tmp_path))
        assert result.returncode == 2
        assert "has no round yet; import one" in result.stderr
    # What there is to list is listed.
    for command, said in (("rounds", "round  state"), ("layers", "layer  ")):
        result = atlas(command, "--district", str(tmp_path))
        assert (result.returncode, result.stdout.startswith(said)) == (0, True)
        assert "has no round yet; import one" in result.stderr
        assert "not in round" not in result.stdout


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_locks_hold_what_the_project_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=\[ ]", entry)[0].lower() for entry in project["dependencies"]}
    for lock in ("requirements.txt", "requirements-dev.txt"):
        pinned = re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.M)
        assert needed <= {name.lower() for name in pinned}, "run `make lock`"


def test_a_fault_of_our_own_is_one_line_and_a_traceback_only_on_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("here")

    monkeypatch.setattr("geo.survey.open_survey", broken)
    result = atlas("scope")
    assert result.returncode == 1
    assert "ZeroDivisionError: here" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("ATLAS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        atlas("scope")
