"""`atlas check`: what is wrong with a round, and a new round with what can safely be put right."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import DataError, Fault, amount
from ..said import Said, in_language, joined
from .dates import iso_day
from .output import (
    DISTRICT,
    FORMAT,
    LANG,
    ROUND,
    Format,
    Reader,
    counting,
    note,
    plain,
    print_csv,
    print_json,
    print_table,
    require_place,
)
from .wording import code_titled, headed, layer_titled, worded

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..check.repair import RepairReport
    from ..model import Finding
    from ..views.format import Language

COLUMNS = ("code", "severity", "layer", "rows", "found", "expected", "remedy", "repairable")
SHOWN = ("severity", "code", "layer", "rows", "found", "remedy")
ROWS_SHOWN = 5
LAYER = typer.Option(
    None, "--layer", metavar="NAME", help="Only these, each by its name or title [default: all]."
)


OUTPUT = typer.Option(
    None,
    "--output",
    "-o",
    metavar="FILE",
    help="Also write the places of the findings as a map layer: FILE.geojson or FILE.gpkg.",
)
FAIL_ON = typer.Option(
    None,
    "--fail-on",
    help="End with status 2 where a finding of that severity, or a graver one, is left: for scripts.",
)


class FailOn(StrEnum):
    """What a script takes for a failure."""

    error = "error"
    warning = "warning"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    layer: list[str] | None = LAYER,
    repair: bool = typer.Option(
        False,
        "--repair",
        help="Put right what can safely be, in a new round, and list the changes.",
    ),
    to: str | None = typer.Option(
        None,
        "--to",
        metavar="DAY",
        callback=iso_day,
        help="The new round, YYYY-MM-DD [default: the next free day].",
    ),
    output: Path | None = OUTPUT,
    fail_on: FailOn | None = FAIL_ON,
    format_: Format = FORMAT,
    lang: Reader = LANG,
) -> None:
    """What is wrong with a round: code, rows, what was found, what was expected and what to do."""
    from ..check.places import require_place_file, write_places
    from ..check.repair import repair_round
    from ..check.report import check_round
    from ..survey import open_survey

    if to is not None and not repair:
        raise DataError(
            Fault(
                "--to",
                Said("no --repair", "没有 --repair"),
                Said(
                    "--repair with it, which alone writes a round",
                    "与 --repair 同用（只有它写入轮次）",
                ),
                Said("add --repair, or leave --to out", "请加 --repair，或去掉 --to"),
            )
        )
    if output is not None:
        require_place_file(output)
        require_place(output)
    survey = open_survey(district, round_)
    with counting(Said("checking", "检查")) as progress:
        report = check_round(survey, layer or None, progress=progress)
    repaired = None
    if repair:
        repaired = repair_round(survey, layer or None, to=to)
    rows = [_row(finding) for finding in report.findings]
    if format_ is Format.json:
        print_json({"findings": rows} | ({"repair": repaired.as_json()} if repaired else {}))
    elif format_ is Format.csv:
        print_csv([_for_reader(row, lang) for row in rows], COLUMNS)
    elif rows:
        _table(survey.district.catalog, rows, lang.language)
    counts = [
        (sum(item.severity == severity for item in report.findings), en, zh)
        for severity, en, zh in _COUNTED
    ]
    tally = joined(Said(amount(count, en), f"{count:,} {zh}") for count, en, zh in counts)
    name = survey.district.spec.name.zh
    note(Said(f"{name}, round {survey.round}: ", f"{name}，轮次 {survey.round}：") + tally)
    if repaired is not None:
        _tell(repaired)
    if output is not None:
        written = write_places(report, output, lang.value)
        note(
            Said(
                f"wrote {output} ({amount(written, 'place')})",
                f"已写出 {output}（{written:,} 处位置）",
            )
        )
    if fail_on is not None:
        grave = {"error"} if fail_on is FailOn.error else {"error", "warning"}
        mended = repaired is not None and repaired.round is not None
        left = [one for one in report.findings if not (mended and one.repairable)]
        if any(one.severity in grave for one in left):
            raise typer.Exit(2)


_COUNTED = (
    ("error", "error", "个错误"),
    ("warning", "warning", "个警告"),
    ("info", "remark", "条提示"),
)
"""How findings are counted, by severity."""


def _table(catalog: Catalog, rows: list[dict[str, object]], language: Language) -> None:
    otherwise = {"rows": "涉及"} if language == "zh" else {}
    print_table(
        [_for_reader(row, language) for row in rows],
        headed(SHOWN, language) | otherwise,
        {},
        {
            "severity": lambda row: worded(row["severity"], language),
            "code": lambda row: code_titled(row["code"], language),
            "layer": lambda row: layer_titled(row["layer"], catalog, language),
            "rows": lambda row: _few(row["rows"], language),
        },
    )


def _row(finding: Finding) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(finding, name) for name in COLUMNS}
    row["rows"] = [plain(name) for name in finding.rows]
    return row


def _for_reader(row: dict[str, object], language: str) -> dict[str, object]:
    """The same row with its texts in a reader's language."""
    texts = {name: text for name, text in row.items() if isinstance(text, str)}
    return {**row, **{name: in_language(text, language) for name, text in texts.items()}}


def _few(rows: object, language: str) -> str:
    from ..errors import abridge

    if not isinstance(rows, list) or not rows:
        return ""
    return in_language(abridge(rows, ROWS_SHOWN), language)


def _tell(repaired: RepairReport) -> None:
    for change in repaired.changes:
        note(
            Said(
                f"repaired {change.layer} {change.row}: {change.change}",
                f"已修复 {change.layer} {change.row}：{in_language(change.change, 'zh')}",
            )
        )
    if repaired.round is None:
        note(
            Said(
                "nothing that can safely be repaired; no round was written",
                "没有可安全修复之处；未写入轮次",
            )
        )
    else:
        count = len(repaired.changes)
        note(
            Said(
                f"{amount(count, 'change')} written to round {repaired.round}; {repaired.source} is as it was",
                f"{count:,} 处改动写入轮次 {repaired.round}；轮次 {repaired.source} 保持原样",
            )
        )
