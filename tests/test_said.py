"""Texts in both languages: English to every program, Chinese to a Chinese reader, and none without."""

from __future__ import annotations

import ast
import copy
import json
import pickle
from dataclasses import asdict, replace
from pathlib import Path

import made
import pytest
from bilingual import CHINESE, WORDS
from typer.testing import CliRunner

import geo
from geo.catalog import load_catalog
from geo.cli import app
from geo.errors import DataError, Fault, GeoError, StoreError, UnknownNameError, abridge
from geo.model import Finding
from geo.said import Said, alike, in_language, joined, quoted

TEXT = Said("3 rows left out", "3 行未采用")
FINDING = Finding("x", "info", "lamps", (1,), TEXT, alike("–"), Said("look", "查看"))


def test_it_is_the_english_to_every_program() -> None:
    assert TEXT == "3 rows left out"
    assert hash(TEXT) == hash("3 rows left out")
    assert f"{TEXT}; more" == "3 rows left out; more"
    assert json.dumps(asdict(FINDING)["found"]) == '"3 rows left out"'


@pytest.mark.parametrize(
    "again",
    [
        lambda text: pickle.loads(pickle.dumps(text)),
        copy.deepcopy,
        copy.copy,
        lambda text: asdict(replace(FINDING, found=text))["found"],
        lambda text: text.mapped(str),
    ],
)
def test_its_chinese_is_not_lost(again) -> None:  # type: ignore[no-untyped-def]
    assert in_language(again(TEXT), "zh") == "3 行未采用"
    assert in_language(again(TEXT), "en") == "3 rows left out"


def test_texts_are_put_together_in_both_languages() -> None:
    both = joined([TEXT, quoted("a\x1b"), alike(7)]) + Said("!", "！") + " (a.csv)"
    assert both == r"3 rows left out, 'a\x1b', 7! (a.csv)"
    assert both.zh == r"3 行未采用、“a\x1b”、7！ (a.csv)"
    assert abridge([1, 2, 3], shown=2).zh == "1、2 等 3 个"


def test_what_has_no_chinese_is_said_as_it_is() -> None:
    assert in_language("Dongfeng Road", "zh") == "Dongfeng Road"


def test_an_error_is_told_in_either_language() -> None:
    faults = [
        Fault(
            "gates", Said("no west edge", "缺西至"), Said("four", "四至"), Said("add it", "补充")
        ),
        Fault("lamps", TEXT, alike(""), alike(""), rows=(4, 5)),
    ]
    error = pickle.loads(pickle.dumps(DataError(faults)))
    assert error.in_("zh") == (
        "gates：发现：缺西至；应为：四至；建议：补充\nlamps（涉及 4、5）：发现：3 行未采用"
    )
    assert error.in_("en") == str(error)
    gone = UnknownNameError("round", "1999-01-01", ["2007-06-30", "2007-12-31"])
    assert gone.in_("zh") == "没有名为“1999-01-01”的轮次；现有：2007-06-30、2007-12-31"
    assert StoreError(Said("it is full", "已满")).in_("zh") == "已满"
    assert GeoError("plain").in_("zh") == "plain"


def _said_in_the_program() -> list[tuple[str, str, str]]:
    """Where a text is said in both languages, with the words that stand there in either."""
    found = []
    for file in sorted(Path(geo.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Said"
            if called and len(node.args) == 2:
                en, zh = (_words(part) for part in node.args)
                found.append((f"{file.name}:{node.lineno}", en, zh))
    return found


def _words(node: ast.expr) -> str:
    """The literal text of an expression, `…` for what is put into it."""
    return " ".join(
        str(part.value)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def test_every_text_of_the_program_has_chinese_words() -> None:
    said = _said_in_the_program()
    assert len(said) > 500
    assert [place for place, en, zh in said if WORDS.search(en) and not CHINESE.search(zh)] == []


def test_a_finding_holds_nothing_but_such_texts() -> None:
    # The type checker holds every place that makes one to it.
    for kind in (Finding, Fault):
        assert {name: kind.__annotations__[name] for name in ("found", "expected", "remedy")} == (
            dict.fromkeys(("found", "expected", "remedy"), "Said")
        )


def test_the_command_line_says_it_in_the_language_that_is_asked_for(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    edges = frames["boundary_edges"]
    frames["boundary_edges"] = edges[edges["side"] != "west"]
    asked = ["check", "--district", str(made.write_district(tmp_path / "open", frames))]
    run = CliRunner().invoke
    assert "缺西至" in run(app, [*asked, "--lang", "zh"]).stdout
    assert "补充西至" in run(app, [*asked, "--lang", "zh", "--format", "csv"]).stdout
    for alike_in_both in ("zh", "en"):
        printed = run(app, [*asked, "--lang", alike_in_both, "--format", "json"]).stdout
        assert "no west edge" in [one["found"] for one in json.loads(printed)["findings"]]
    assert "no west edge" in run(app, asked).stdout
