"""Days as users type them: every written form of one day is that day, and any other is answered once."""

from __future__ import annotations

import json
from pathlib import Path

import made
import pytest
from test_cli import atlas

from geo.catalog import load_catalog
from geo.cli.dates import iso_day
from geo.errors import DataError
from geo.store import open_store


class Round:
    """The option, as far as it is spoken of."""

    opts = ("--round",)


def day(text: str) -> str | None:
    return iso_day(Round, text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "2008-06-30", "2008-6-30", "2008.6.30", "2008/6/30", "2008/06/30", "20080630", "2008年6月30日",
        "2008 年 6 月 30 日", "２００８－０６－３０", " 2008-06-30 ", "30/6/2008", "6/30/2008", "30 Jun 2008",
        "June 30, 2008", "2008-06-30 00:00:00",
    ],
)  # fmt: skip
def test_the_written_forms_of_a_day_are_that_day(text: str) -> None:
    assert day(text) == "2008-06-30"


@pytest.mark.parametrize(
    ("text", "found", "meant"),
    [
        ("2008-13-40", "'2008-13-40', which has month 13", "write it as YYYY-MM-DD"),
        ("20081340", "'20081340', which has month 13", "write it as YYYY-MM-DD"),
        ("2008-30-06", "'2008-30-06', which has month 30", "did you mean 2008-06-30?"),
        ("2008-06-31", "'2008-06-31', but 2008-06 has 30 days", "did you mean 2008-06-30?"),
        ("2008年2月30日", "'2008年2月30日', but 2008-02 has 29 days", "did you mean 2008-02-29?"),
        ("3/4/2007", "'3/4/2007'", "did you mean 2007-04-03 or 2007-03-04?"),
        ("08-6-30", "'08-6-30'", "did you mean 2008-06-30 or 2030-06-08 or 2030-08-06?"),
        ("2008-6", "'2008-6'", "say which day of that month, 2008-06-01 to 2008-06-30"),
        ("2008年2月", "'2008年2月'", "say which day of that month, 2008-02-01 to 2008-02-29"),
        ("39629", "'39629'", "as a spreadsheet's count of days it would be 2008-06-30: write"),
        ("2008-06-30T12:00", "'2008-06-30T12:00'", "leave out the time: 2008-06-30"),
        ("0000-00-00", "'0000-00-00'", "write it as YYYY-MM-DD"),
        ("soon", "'soon'", "write it as YYYY-MM-DD"),
        ("", "''", "write it as YYYY-MM-DD"),
        ("-", "'-'", "write it as YYYY-MM-DD"),
        ("\x1b[2J", r"'\x1b[2J'", "write it as YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_any_other_says_what_was_found_expected_and_perhaps_meant(
    text: str, found: str, meant: str
) -> None:
    with pytest.raises(DataError) as caught:
        day(text)
    said = str(caught.value)
    assert said.startswith(f"--round: found {found}; expected a day, as 2008-06-30; {meant}")
    assert "应为：日期，如 2008-06-30；建议：" in caught.value.in_("zh")


def test_every_option_that_takes_a_day_takes_its_written_forms(tmp_path: Path) -> None:
    district = str(made.write_district(tmp_path / "d", made.squares(load_catalog().layers)))
    (date,) = open_store(tmp_path / "d" / "rounds").rounds()
    written = date.replace("-", "/")
    listed = atlas("layers", "--district", district, "--round", written, "--format", "json")
    assert json.loads(listed.stdout)["round"] == date
    file = tmp_path / "lamps.csv"
    file.write_text("编号,x,y\nL1,500100,3600100\n", encoding="utf-8")
    into = (
        "--district",
        district,
        "--layer",
        "lamps",
        "--crs",
        "EPSG:4549",
        "--round",
        "2099年1月2日",
    )
    assert "into round 2099-01-02" in atlas("import", str(file), *into).stderr
    carried = atlas("carry", "--district", district, "--round", "2099.1.2", "--from", written)
    assert f"of round {date} carried into 2099-01-02" in carried.stderr
    assert "round 2099-01-02" in atlas("undo", "--district", district, "--round", "20990102").stderr
    for arguments in (
        ["check", "--repair", "--to"],
        ["report", "-o", str(tmp_path / "r.html"), "--date"],
        ["carry", "--from"],
        ["publish", "--round"],
        ["convert", "--as", "geoparquet", "--round"],
        ["map", "-o", str(tmp_path / "m.html"), "--round"],
    ):
        refused = atlas(arguments[0], "--district", district, *arguments[1:], "2099-02-30")
        assert refused.returncode == 2
        assert f"{arguments[-1]}: found '2099-02-30', but 2099-02 has 28 days" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_a_wrong_day_is_told_in_the_language_that_is_asked_for_wherever_that_stands() -> None:
    for arguments in (("--round", "soon", "--lang", "zh"), ("--lang", "zh", "--round", "soon")):
        assert "应为：日期" in atlas("layers", *arguments).stderr
    assert "expected a day" in atlas("layers", "--round", "soon").stderr
