"""A line that no command takes: told in one message, whole in either language, and never in the framework's words."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
from bilingual import CHINESE
from test_cli import atlas
from test_cli_chinese import ENGLISH

from geo.cli import app

TAKEN = re.compile(r"atlas(?: [a-z]+)?|--?[a-z-]+|[a-z]\w*(?:、[a-z]\w*)+|nonsense|YYYY-MM-DD")
"""What is typed at a keyboard whatever the language: commands, options and choices."""


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


@pytest.mark.parametrize(
    ("line", "en", "zh"),
    [
        ("coverage --lang fr", "--lang: found 'fr'; expected one of zh, en; see `atlas coverage --help`", None),
        (
            "coverage --memory-mb 5",
            "--memory-mb: found '5'; expected a whole number of at least 768; see `atlas coverage --help`",
            "--memory-mb：发现：“5”；应为：不小于 768 的整数；建议：用法见 atlas coverage --help",
        ),
        (
            "app --port ten",
            "--port: found 'ten'; expected a whole number from 1 to 65535; see `atlas app --help`",
            "--port：发现：“ten”；应为：1 至 65535 的整数；建议：用法见 atlas app --help",
        ),
        (
            "scope --format=yaml",
            "--format: found 'yaml'; expected one of table, json, csv; see `atlas scope --help`",
            "--format：发现：“yaml”；应为：下列之一：table、json、csv；建议：用法见 atlas scope --help",
        ),
        (
            "map",
            "--output: found nothing; expected a path; see `atlas map --help`",
            "--output：发现：未给出；应为：路径；建议：用法见 atlas map --help",
        ),
        (
            "rows",
            "INDICATOR: found nothing; expected a value; see `atlas rows --help`",
            "INDICATOR：发现：未给出；应为：一个值；建议：用法见 atlas rows --help",
        ),
        (
            "convert --district x",
            "--as: found nothing; expected one of geopackage, geoparquet; see `atlas convert --help`",
            "--as：发现：未给出；应为：下列之一：geopackage、geoparquet；建议：用法见 atlas convert --help",
        ),
        (
            "check --repair=3",
            "--repair: found a value; expected no value: it is a switch; see `atlas check --help`",
            "--repair：发现：一个值；应为：不带值：它是开关；建议：用法见 atlas check --help",
        ),
        (
            "rows a b c",
            "atlas rows: found 'b', 'c'; expected nothing more; put a text with blanks in quotes; see `atlas rows --help`",
            "atlas rows：发现：“b”、“c”；应为：不再有其他词；建议：带空格的文字请加引号；用法见 atlas rows --help",
        ),
        (
            "rows x --unit 321202001 --unit=321202002",
            "--unit: found it 2 times; expected it once; see `atlas rows --help`",
            "--unit：发现：给出 2 次；应为：只给一次；建议：用法见 atlas rows --help",
        ),
        (
            "map -o a.html --output b.html",
            "--output: found it 2 times; expected it once; see `atlas map --help`",
            None,
        ),
        (
            "map -o=m.html",
            "-o: found '=m.html'; expected a blank in place of =: -o m.html; see `atlas map --help`",
            "-o：发现：“=m.html”；应为：以空格代替等号：-o m.html；建议：用法见 atlas map --help",
        ),
        (
            "check ——layer lamps",
            "atlas check: found '——layer'; expected an option, which begins with two hyphens: --layer;"
            " see `atlas check --help`",
            "atlas check：发现：“——layer”；应为：选项以两个半角连字符开头：--layer；建议：用法见 atlas check --help",
        ),
        (
            "rounds --distict x",
            "no option named '--distict'; nearest: --district; there are: --district, --format, --lang, --help;"
            " see `atlas rounds --help`",
            "没有名为“--distict”的选项；最接近的：--district；现有：--district、--format、--lang、--help；"
            "用法见 atlas rounds --help",
        ),
        (
            "check --to 2008-01-01",
            "--to: found no --repair; expected --repair with it, which alone writes a round;"
            " add --repair, or leave --to out",
            "--to：发现：没有 --repair；应为：与 --repair 同用（只有它写入轮次）；建议：请加 --repair，或去掉 --to",
        ),
        (
            "report -o r.pdf --template t.docx",
            "--template: found a report as pdf; expected a Word report, which alone has a template;"
            " say --format docx, or leave --template out",
            "--template：发现：pdf 报告；应为：Word 报告（只有它用模板）；建议：请用 --format docx，或去掉 --template",
        ),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_taken_is_told_in_either_language(
    line: str, en: str, zh: str | None
) -> None:
    for more, said in (([], en), (["--lang", "zh"], zh), (["--lang=zh"], zh)):
        if said is not None:
            result = atlas(*line.split(), *more)
            assert (result.returncode, result.stdout, result.stderr) == (2, "", f"atlas: {said}\n")


def test_help_takes_no_value() -> None:
    for command in ((), ("coverage",)):
        assert "--help: found a value; expected no value" in atlas(*command, "--help=3").stderr


def test_a_command_that_is_none_is_answered_with_the_nearest() -> None:
    assert atlas("covrage").stderr.startswith(
        "atlas: no command named 'covrage'; nearest: coverage;"
    )
    said = atlas("covrage", "--lang", "zh").stderr
    assert said.startswith("atlas: 没有名为“covrage”的命令；最接近的：coverage；现有：layers、")
    assert said.endswith("；用法见 atlas --help\n")


def test_an_option_before_the_command_is_told_where_it_belongs() -> None:
    result = atlas("--lang", "zh", "coverage")
    assert result.returncode == 2
    assert "它应写在命令之后，如 atlas layers --lang" in result.stderr
    assert (
        atlas("--").stderr
        == "atlas: atlas: found nothing; expected a command; see `atlas --help`\n"
    )


@pytest.mark.parametrize("swallowed", ["--lang", "--lang=zh"])
def test_an_option_that_swallows_the_next_is_named(swallowed: str) -> None:
    more = ["zh"] if swallowed == "--lang" else []
    result = atlas("coverage", "--level", swallowed, *more)
    assert (
        result.stderr
        == "atlas: --level：发现：未给出；应为：一个值；建议：用法见 atlas coverage --help\n"
    )
    # One that may be repeated, too.
    listed = atlas("check", "--layer", "lamps", "--layer", swallowed, *more)
    assert "--layer：发现：未给出；应为：一个值；" in listed.stderr
    last = atlas("coverage", "--level")
    assert (
        last.stderr
        == "atlas: --level: found nothing; expected a value; see `atlas coverage --help`\n"
    )


@pytest.mark.parametrize("name", commands())
def test_whatever_a_command_refuses_it_refuses_in_chinese(name: str) -> None:
    """Every option of every command: unknown, without its value, and with a value that is none of its choices."""
    lines = [["--nonsense"], ["-y"]]
    for param in commands()[name].params:
        if param.param_type_name == "option" and not getattr(param, "is_flag", False):
            lines.append([param.opts[0]])
            if param.type_descriptor.is_choice or param.type_descriptor.annotation is int:
                lines.append([param.opts[0], "nonsense"])
    for line in lines:
        result = atlas(name, "--lang=zh", *line)
        assert (result.returncode, result.stdout) == (2, ""), line
        rest = TAKEN.sub("", result.stderr)
        assert CHINESE.search(rest), line
        assert ENGLISH.findall(rest) == [], line
