"""`atlas report`: what an office signs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..said import in_language
from .dates import iso_day
from .output import DISTRICT, FILE_LANG, ROUND, Reader, note, require_place, spoken, wrote
from .wording import told


class ReportFormat(StrEnum):
    """The formats of a report."""

    pdf = "pdf"
    docx = "docx"
    xlsx = "xlsx"
    html = "html"
    gpkg = "gpkg"


class Paper(StrEnum):
    """The size of the map sheets."""

    a4 = "a4"
    a3 = "a3"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    format_: Annotated[
        ReportFormat | None,
        typer.Option("--format", help="The format [default: by the file's name]."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            help="Code of a town or village, or its name where no other has it [default: the district]."
        ),
    ] = None,
    lang: Annotated[Reader, FILE_LANG] = Reader.zh,
    date: Annotated[
        str | None,
        typer.Option(
            callback=iso_day, help="The date to print, YYYY-MM-DD [default: the round's]."
        ),
    ] = None,
    author: Annotated[str, typer.Option(help="Who answers for the report.")] = "",
    paper: Annotated[Paper, typer.Option(help="The size of the map sheets.")] = Paper.a4,
    template: Annotated[
        Path | None, typer.Option(help="An office's own Word template (.docx).")
    ] = None,
    progress: Annotated[
        bool, typer.Option("--progress", help="Say what is being done, line by line.")
    ] = False,
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
) -> None:
    """A report on the district, a town or a village; the same data and options give the same bytes."""
    from ..report.write import write_report
    from ..survey import open_survey

    if format_ is None:
        try:
            format_ = ReportFormat(output.suffix.lower().lstrip("."))
        except ValueError:
            raise typer.BadParameter(
                f"{output.name} does not end in one of {', '.join(f'.{one}' for one in ReportFormat)};"
                f" name it so, or say --format {'|'.join(ReportFormat)}",
                param_hint="-o",
            ) from None
    if template is not None and str(format_) != "docx":
        raise typer.BadParameter("only a Word report has a template", param_hint="--template")

    if template is not None and not template.is_file():
        raise typer.BadParameter(f"no file {template}", param_hint="--template")
    require_place(output)

    def tell(done: int, total: int, name: str) -> None:
        if name and (progress or sys.stderr.isatty()):
            note(f"{100 * done // total:3d} % {in_language(name, spoken())}")

    survey = open_survey(district, round_)
    written = write_report(
        output,
        survey,
        format_.value,
        unit,
        language=lang.value,
        date=date,
        author=author,
        paper=paper.value,
        template=template,
        progress=tell,
    )
    for finding in survey.findings:
        note(told(finding, spoken()))
    note(wrote(written))
