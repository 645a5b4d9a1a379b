"""`atlas report`: what an office signs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import DataError, Fault
from ..said import Said, in_language, joined, quoted
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
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")
    ],
    format_: Annotated[
        ReportFormat | None,
        typer.Option("--format", help="The format [default: by the file's name]."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Code of a town or village, or its name where no other has it [default: the district].",
        ),
    ] = None,
    lang: Annotated[Reader, FILE_LANG] = Reader.zh,
    date: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=iso_day,
            help="The date to print, YYYY-MM-DD [default: the round's].",
        ),
    ] = None,
    author: Annotated[str, typer.Option(metavar="NAME", help="Who answers for the report.")] = "",
    paper: Annotated[Paper, typer.Option(help="The size of the map sheets.")] = Paper.a4,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An office's own Word template (.docx).")
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
            endings = joined(f".{one}" for one in ReportFormat)
            raise DataError(
                Fault(
                    "-o",
                    quoted(output.name),
                    Said("a name that ends in one of ", "文件名以下列之一结尾：") + endings,
                    Said(
                        "name it so, or say --format with one of them",
                        "请这样命名，或用 --format 指明格式",
                    ),
                )
            ) from None
    if template is not None and format_ is not ReportFormat.docx:
        raise DataError(
            Fault(
                "--template",
                Said(f"a report as {format_}", f"{format_} 报告"),
                Said("a Word report, which alone has a template", "Word 报告（只有它用模板）"),
                Said(
                    "say --format docx, or leave --template out",
                    "请用 --format docx，或去掉 --template",
                ),
            )
        )
    if template is not None and not template.is_file():
        raise DataError(
            Fault(
                "--template",
                Said(f"no file {template}", f"没有文件 {template}"),
                Said("a Word file (.docx)", "Word 文件（.docx）"),
                Said("correct the name of the file", "请核对文件名"),
            )
        )
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
