"""`atlas import`: a user's file becomes a layer of a round."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import amount
from ..said import NOTHING, Said, in_language
from .dates import iso_day
from .output import (
    FORMAT,
    LANG,
    Form,
    Format,
    Reader,
    in_one_line,
    note,
    print_csv,
    print_json,
    print_table,
    spoken,
)
from .wording import code_titled, headed, layers_titled, row_called, worded

if TYPE_CHECKING:
    from ..importing import ImportReport
    from ..views.format import Language

QUIET_SECONDS = 1.0
BETWEEN_SECONDS = 0.1
BETWEEN_LINES_SECONDS = 5.0
REMARKS = ("kind", "code", "row", "remark")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Shapefile (.shp with its parts, or .zip), GeoPackage (.gpkg), GeoJSON, KML and KMZ, GPX, DXF,"
            " FileGDB (the .gdb folder, or zipped), FlatGeobuf, GeoParquet, OSM PBF, CSV and other text"
            " tables, Excel (.xlsx), GeoTIFF; or a ledger of `atlas report --format xlsx` that comes back.",
        ),
    ],
    district: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The folder of the district to import into.")
    ],
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The declared layer the rows are for, by its name or title [default: the mapping's].",
        ),
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
        typer.Option(
            metavar="FILE", help="A TOML file: columns, the words for yes and no, which rows."
        ),
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
        typer.Option(
            "--round",
            metavar="DAY",
            callback=iso_day,
            help="The round to make or add to, YYYY-MM-DD [default: today].",
        ),
    ] = None,
    source_layer: Annotated[
        str | None,
        typer.Option(
            "--source-layer",
            metavar="NAME",
            help="The file's layer or sheet to read, where it has several.",
        ),
    ] = None,
    join: Annotated[
        str | None,
        typer.Option(
            metavar="LAYER[=COLUMN]",
            help="Give rows the place (or the code) of the row of that layer which a column names.",
        ),
    ] = None,
    accept_proposals: Annotated[
        bool,
        typer.Option(
            "--accept-proposals",
            help="Use what the importer believes where the file is silent or wrong.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but write.")] = False,
    as_: Annotated[
        Form | None,
        typer.Option(
            "--as",
            help="What a new round is kept as [default: what district.toml says, else GeoParquet where the"
            " layer has more than 200,000 rows, else a GeoPackage].",
        ),
    ] = None,
    format_: Format = FORMAT,
    lang: Reader = LANG,
) -> None:
    """Take a file's rows into a round of a district; list what was left out, and why."""
    from ..sources.sandbox import expected

    count = _Count()
    try:
        # The process that will open the file loads while this one does.
        with expected():
            from ..importing import import_file

            report = import_file(
                district,
                file,
                layer,
                fields=field or (),
                mapping=mapping,
                crs=crs,
                round=round_,
                source_layer=source_layer,
                join=join,
                accept_proposals=accept_proposals,
                dry_run=dry_run,
                new_as=as_.value if as_ is not None else None,
                progress=count,
                waiting=count.waits,
            )
    except KeyboardInterrupt:
        count.clear()
        if count.written:
            note(
                Said("stopped, but only after ", "已停止，但此前")
                + count.written
                + Said("; `atlas undo` takes it back", "；可用 atlas undo 撤回")
            )
        elif count.writing:
            raise
        else:
            note(Said("stopped; nothing was changed", "已停止；未作任何改动"))
        raise typer.Exit(130) from None
    finally:
        count.clear()
    if format_ is Format.json:
        print_json(report.as_json())
        return
    language = lang.language
    if format_ is Format.csv:
        print_csv(_rows(report, language, str), REMARKS)
        return
    rows = _rows(report, language, lambda row: row_called(row, language))
    if rows:
        print_table(
            rows,
            headed(REMARKS, language),
            {},
            {
                "kind": lambda row: worded(row["kind"], language),
                "code": lambda row: code_titled(row["code"], language),
            },
        )
    if report.round is None and any(one.code == "ledger-changes" for one in report.findings):
        note(
            Said(
                f"{report.layer}: the ledger changes nothing; no round was written",
                f"{report.layer}：台账没有改动；未写入轮次",
            )
        )
        return
    where = (
        Said("checked, none written", "已检查，未写入")
        if dry_run
        else Said("taken", "已采用") + _into(report)
    )
    note(
        Said(
            f"{report.layer}: {report.rows_taken:,} of {amount(report.rows_read, 'row')} ",
            f"{report.layer}：共 {report.rows_read:,} 行，其中 {report.rows_taken:,} 行",
        )
        + where
        + Said(f", {len(report.left_out):,} left out", f"，{len(report.left_out):,} 行未采用")
    )
    if report.round is not None and not dry_run:
        _tell_left_behind(district, report.round)
    _tell_not_taken(report, district, dry_run)


def _tell_not_taken(report: ImportReport, folder: Path, dry_run: bool) -> None:
    """Say how what was only proposed is taken."""
    codes = [one.code for one in report.proposals if not one.accepted]
    if not codes:
        return
    were, them = ("was", "it") if len(codes) == 1 else ("were", "them")
    undo = f"atlas undo --district {folder} --round {report.round}"
    first = (
        NOTHING
        if dry_run or report.round is None
        else Said(f"; first take this import back: {undo}", f"；请先撤回本次导入：{undo}")
    )
    names = ", ".join(dict.fromkeys(codes))
    note(
        Said(
            f"{amount(len(codes), 'proposal')} {were} not taken ({names}):"
            f" --accept-proposals takes {them}",
            f"{len(codes)} 项建议未采纳（{names}）：加 --accept-proposals 即采纳",
        )
        + first
    )


def _tell_left_behind(folder: Path, round_: str) -> None:
    """Say which units and edges the round lacks, or its figures come as a surprise."""
    from ..carrying import left_behind
    from ..district import open_district
    from ..store import open_store

    district = open_district(folder)
    lacking = left_behind(district, open_store(district.rounds_folder), round_)
    if lacking:
        carry = f"atlas carry --district {folder} --round {round_}"
        newest = max(lacking.values())
        note(
            Said(
                f"round {round_} has no {', '.join(lacking)}, without which nothing is counted by unit;"
                f" if they are as in round {newest}: {carry}",
                f"轮次 {round_} 没有{layers_titled(lacking, district.catalog).zh}，无法按单元统计；如与轮次 {newest} 相同，可沿用：{carry}",
            )
        )


def _into(report: ImportReport) -> Said:
    if report.round is None:
        return NOTHING
    return Said(f" into round {report.round}", f"，写入轮次 {report.round}")


class _Count:
    """What is being done, on standard error, once it has taken more than a second."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.shown_at = 0.0
        self.shown = ""
        self.watched = sys.stderr.isatty()
        self.writing = False
        self.written = ""

    def __call__(self, done: int, total: int, what: str) -> None:
        if done >= total:
            self.written = what
            return
        self.writing = done == total - 1
        now = time.monotonic()
        pause = BETWEEN_SECONDS if self.watched else BETWEEN_LINES_SECONDS
        if now - self.started < QUIET_SECONDS or now - self.shown_at < pause:
            return
        self.shown_at, self.shown = now, what
        said = in_language(what, spoken())
        text = f"{done + 1}/{total} {said}"
        if self.watched:
            sys.stderr.write(f"\r\033[K{in_one_line(text)}")
            sys.stderr.flush()
        else:
            note(text)

    def waits(self, words: str) -> None:
        """Say at once for whom: it may be half a minute."""
        self.clear()
        note(words)

    def clear(self) -> None:
        """Leave the line to what comes next."""
        if self.shown and self.watched:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _rows(
    report: ImportReport, language: Language, called: Callable[[object], str]
) -> list[dict[str, object]]:
    """All the report's remarks as rows of one table, the file's rows as they are to be called."""
    from ..errors import abridge

    rows: list[dict[str, object]] = [
        {
            "kind": "left out",
            "code": None,
            "row": called(item.row),
            "remark": in_language(item.reason, language),
        }
        for item in report.left_out
    ]
    rows += [
        {
            "kind": "accepted" if item.accepted else "proposal",
            "code": item.code,
            "row": None,
            "remark": in_language(item.evidence, language),
        }
        for item in report.proposals
    ]
    rows += [
        {
            "kind": item.severity,
            "code": item.code,
            "row": in_language(abridge([called(row) for row in item.rows], 3), language)
            if item.rows
            else None,
            "remark": in_language(item.found, language),
        }
        for item in report.findings
    ]
    return rows
