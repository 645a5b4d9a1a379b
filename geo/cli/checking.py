"""`atlas check`: what is wrong with a round, and a new round with what can safely be put right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .output import (
    DISTRICT,
    FORMAT,
    ROUND,
    Format,
    counting,
    note,
    plain,
    print_csv,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from ..check.repair import RepairReport
    from ..model import Finding

COLUMNS = ("code", "severity", "layer", "rows", "found", "expected", "remedy", "repairable")
SHOWN = ("severity", "code", "layer", "rows", "found", "remedy")
ROWS_SHOWN = 5
LAYER = typer.Option(None, "--layer", help="Only these [default: all].")


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
        None, "--to", help="The new round, YYYY-MM-DD [default: the next free day]."
    ),
    format_: Format = FORMAT,
) -> None:
    """What is wrong with a round: code, rows, what was found, what was expected and what to do."""
    from ..check.repair import repair_round
    from ..check.report import check_round
    from ..survey import open_survey

    if to is not None and not repair:
        raise typer.BadParameter("only --repair writes a round", param_hint="--to")
    survey = open_survey(district, round_)
    with counting("checking") as progress:
        report = check_round(survey, layer or None, progress=progress)
    repaired = None
    if repair:
        repaired = repair_round(survey, layer or None, to=to)
    rows = [_row(finding) for finding in report.findings]
    if format_ is Format.json:
        print_json({"findings": rows} | ({"repair": repaired.as_json()} if repaired else {}))
    elif format_ is Format.csv:
        print_csv(rows, COLUMNS)
    elif rows:
        print_table(
            [{**row, "rows": _few(row["rows"])} for row in rows], {name: name for name in SHOWN}, {}
        )
    tally = ", ".join(
        f"{sum(item.severity == severity for item in report.findings)} {severity}"
        for severity in ("error", "warning", "info")
    )
    note(f"{survey.district.spec.name.zh}, round {survey.round}: {tally}")
    if repaired is not None:
        _tell(repaired)


def _row(finding: Finding) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(finding, name) for name in COLUMNS}
    row["rows"] = [plain(name) for name in finding.rows]
    return row


def _few(rows: object) -> str:
    from ..errors import abridge

    return abridge(rows, ROWS_SHOWN) if isinstance(rows, list) and rows else ""


def _tell(repaired: RepairReport) -> None:
    for change in repaired.changes:
        note(f"repaired {change.layer} {change.row}: {change.change}")
    if repaired.round is None:
        note("nothing that can safely be repaired; no round was written")
    else:
        note(
            f"{len(repaired.changes)} changes written to round {repaired.round}; {repaired.source} is as it was"
        )
