"""`atlas import`: a user's file becomes a layer of a round."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import FORMAT, Format, note, print_csv, print_json, print_table

if TYPE_CHECKING:
    from ..importing import ImportReport

REMARKS = ("kind", "code", "row", "remark")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path, typer.Argument(help="GeoPackage, GeoJSON, Shapefile (.shp or .zip) or OSM PBF.")
    ],
    district: Annotated[Path, typer.Option(help="The folder of the district to import into.")],
    layer: Annotated[
        str | None,
        typer.Option(help="The declared layer the rows are for [default: the mapping's]."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="A declared field and the column it comes from; may be repeated.",
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="A TOML file: columns, the words for yes and no, which rows."),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(
            metavar="EPSG:n|gcj02|bd09",
            help="What the coordinates are, where the file is silent or wrong.",
        ),
    ] = None,
    round_: Annotated[
        str | None,
        typer.Option("--round", help="The round to make or add to, YYYY-MM-DD [default: today]."),
    ] = None,
    accept_proposals: Annotated[
        bool,
        typer.Option(
            "--accept-proposals", help="Use what the importer believes where the file is silent."
        ),
    ] = False,
    format_: Format = FORMAT,
) -> None:
    """Take a file's rows into a round of a district; list what was left out, and why."""
    from ..importing import import_file

    report = import_file(
        district,
        file,
        layer,
        fields=field or (),
        mapping=mapping,
        crs=crs,
        round=round_,
        accept_proposals=accept_proposals,
        progress=_progress if sys.stderr.isatty() else None,
    )
    if format_ is Format.json:
        print_json(report.as_json())
        return
    rows = _rows(report)
    if format_ is Format.csv:
        print_csv(rows, REMARKS)
        return
    if rows:
        print_table(rows, {name: name for name in REMARKS}, {})
    note(
        f"{report.layer}: {report.rows_taken} of {report.rows_read} rows taken into round {report.round},"
        f" {len(report.left_out)} left out"
    )


def _progress(done: int, total: int, what: str) -> None:
    note(f"{done + 1}/{total} {what}")


def _rows(report: ImportReport) -> list[dict[str, object]]:
    """All the report's remarks as rows of one table."""
    from ..errors import abridge

    rows: list[dict[str, object]] = [
        {"kind": "left out", "code": None, "row": item.row, "remark": item.reason}
        for item in report.left_out
    ]
    rows += [
        {
            "kind": "accepted" if item.accepted else "proposal",
            "code": item.code,
            "row": None,
            "remark": item.evidence,
        }
        for item in report.proposals
    ]
    rows += [
        {
            "kind": item.severity,
            "code": item.code,
            "row": abridge(item.rows, 3) if item.rows else None,
            "remark": item.found,
        }
        for item in report.findings
    ]
    return rows
