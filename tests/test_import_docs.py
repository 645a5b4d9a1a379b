"""docs/import.md lists every option, every word and every proposal there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from geo.cli import app
from geo.mapping import ImportMapping
from geo.sources.registry import formats
from geo.vocabulary import words

PAGE = (Path(__file__).parents[1] / "docs" / "import.md").read_text(encoding="utf-8")
GEO = Path(__file__).parents[1] / "geo"


def cells(heading: str) -> set[str]:
    """The marked words of the table row that begins with a heading."""
    (row,) = re.findall(rf"^\| {heading} \|(.*)\|$", PAGE, re.MULTILINE)
    return set(re.findall(r"`([^`]+)`", row))


def test_every_option_is_there() -> None:
    command = typer.main.get_command(app).commands["import"]  # type: ignore[attr-defined]
    options = {name for one in command.params for name in one.opts if name.startswith("--")}
    assert set(re.findall(r"^\| `(--[a-z-]+)` \|", PAGE, re.MULTILINE)) == options - {"--help"}


def test_the_command_names_every_format() -> None:
    command = typer.main.get_command(app).commands["import"]  # type: ignore[attr-defined]
    said = " ".join(str(getattr(one, "help", "")) for one in command.params)
    for one in formats():
        assert one.name in said
        assert one.name in PAGE or one.name == "FileGDB"


def test_every_word_is_there() -> None:
    assert cells("yes") == words._YES
    assert cells("no") == words._NO
    assert cells("unknown") == words.UNKNOWN - {""}
    assert cells("of a field with that title") == {*words._DONE, "已", "未"}
    assert cells("of a field about a condition") == words._CONDITION_YES | words._CONDITION_NO


def test_every_proposal_is_there() -> None:
    made = set()
    for path in GEO.rglob("*.py"):
        made |= set(re.findall(r'Proposal\(\s*"([a-z-]+)"', path.read_text(encoding="utf-8")))
    source = (GEO / "placing" / "judging.py").read_text(encoding="utf-8")
    made |= set(re.findall(r'return\s*\(?\s*"([a-z]+(?:-[a-z]+)+)",', source))
    table = PAGE.split("## Proposals")[1].split("## Where")[0]
    listed = set(
        re.findall(r"`([a-z]+(?:-[a-z]+)+)`", "".join(re.findall(r"^\|[^|]*\|", table, re.M)))
    )
    assert listed == made - {"outside-district"}


def test_the_mapping_file_shown_is_one(tmp_path: Path) -> None:
    import tomllib

    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    mapping = ImportMapping.model_validate(tomllib.loads(text))
    assert mapping.fields["width_m"].unit == "cm"
    assert set(mapping.fields["hardened"].words) == {"沥青", "水泥", "土路", "砂石"}


def test_every_code_of_an_import_has_a_title_in_both_languages() -> None:
    from geo.check.titles import CODES as CHECKED
    from geo.importing.titles import CODES

    given = set()
    for folder in ("importing", "intake", "mapping", "placing"):
        for path in (GEO / folder).glob("*.py"):
            text = path.read_text(encoding="utf-8")
            calls = r'(?:\.find|\.remark|Proposal|Finding|\badd)\(\s*"([a-z]+(?:-[a-z]+)*)"'
            given |= set(re.findall(calls, text))
    assert given - set(CHECKED) == set(CODES)
