"""A survey's report as a file, in whichever format is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from ..errors import StoreError, UnknownNameError, reason_of
from ..said import Said
from ..views.format import Language
from ..whole import write_whole
from .build import report_from, require_date
from .material import gather

if TYPE_CHECKING:
    from ..survey import Survey
    from .material import Material
    from .model import Report

ReportFormat = Literal["pdf", "docx", "xlsx", "html", "gpkg"]
FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)
Paper = Literal["a4", "a3"]
Steps = Callable[[int, int, str], None]


def report_bytes(
    survey: Survey,
    format_: str,
    unit: str | None = None,
    *,
    language: Language = "zh",
    date: str | None = None,
    author: str = "",
    paper: Paper = "a4",
    template: Path | None = None,
    progress: Steps | None = None,
) -> bytes:
    """The report on a district, a town or a village as the bytes of a file.

    Parameters
    ----------
    survey : the round
    format_ : one of `FORMATS`
    unit : code of a town or village, or its name where no other has it; None means the district
    language : "zh" or "en"
    date : ISO date to print; None means the round's own
    author : who answers for the report
    paper : the size of the map sheets, "a4" or "a3"
    template : an office's own Word template; only for "docx"
    progress : called with (hundredths done, 100, what is being done): indicators, sections, sheets

    Returns
    -------
    bytes
        The same survey, version and options give the same bytes, on any machine and any day.

    Raises
    ------
    UnknownNameError
        There is no such format or unit.
    DataError
        A layer cannot be used, or `date` is no date; ScopeError where the edges enclose no area.
    """
    if format_ not in FORMATS:
        raise UnknownNameError("format", format_, FORMATS)
    require_date(date)
    tell = progress or (lambda done, total, name: None)
    material = gather(survey, unit, language, date, _part(tell, 0, 35))
    report = report_from(material, author=author, progress=_part(tell, 35, 60))
    if format_ != "xlsx":  # only the ledger lists every feature
        report = replace(report, features=replace(report.features, rows=()))
    rest = _part(tell, 60, _WHOLE)
    made = written(material, report, format_, paper=paper, template=template, progress=rest)
    tell(_WHOLE, _WHOLE, "")
    return made


def written(
    material: Material,
    report: Report,
    format_: str,
    *,
    paper: Paper = "a4",
    template: Path | None = None,
    progress: Steps | None = None,
) -> bytes:
    """A report that is made already, as the bytes of a file: for whoever wants several formats of one.

    Parameters
    ----------
    material, report : what was measured, and what is said of it
    format_ : one of `FORMATS`
    paper, template, progress : as for `report_bytes`

    Raises
    ------
    UnknownNameError
        There is no such format.
    """
    if format_ not in FORMATS:
        raise UnknownNameError("format", format_, FORMATS)
    tell = progress or (lambda done, total, name: None)
    tell(0, 1, format_)
    return _WRITERS[format_](material, report, _Options(paper, template, tell))


def write_report(
    path: Path | str, survey: Survey, format_: str, unit: str | None = None, **options: object
) -> Path:
    """Write the report to a file; what was there is replaced only when the new one is whole.

    Parameters
    ----------
    path : the file
    survey, format_, unit, options : as for `report_bytes`

    Returns
    -------
    Path

    Raises
    ------
    UnknownNameError, DataError
        As `report_bytes`.
    StoreError
        The file cannot be written.
    """
    file = Path(path)
    made = report_bytes(survey, format_, unit, **options)  # type: ignore[arg-type]
    try:
        write_whole(file, made)
    except OSError as error:
        raise StoreError(
            Said(f"cannot write {file}: ", f"无法写入 {file}：") + reason_of(error)
        ) from error
    return file


_WHOLE = 100
"""A report's steps are of many kinds: progress counts in hundredths of the whole."""


def _part(tell: Steps, start: int, end: int) -> Steps:
    """Progress of a part, told as progress of the whole."""

    def told(done: int, total: int, name: str) -> None:
        if name:
            tell(start + (end - start) * done // max(total, 1), _WHOLE, name)

    return told


class _Options:
    """What only some formats look at."""

    def __init__(self, paper: Paper, template: Path | None, tell: Steps) -> None:
        self.paper, self.template, self.tell = paper, template, tell


def _xlsx(material: Material, report: Report, options: _Options) -> bytes:
    from .ledger import ledger_bytes

    return ledger_bytes(report)


def _pdf(material: Material, report: Report, options: _Options) -> bytes:
    from .pdf import pdf_bytes

    return pdf_bytes(material, report, options.paper, options.tell)


def _docx(material: Material, report: Report, options: _Options) -> bytes:
    from .word import word_bytes

    return word_bytes(material, report, options.paper, options.template, options.tell)


def _html(material: Material, report: Report, options: _Options) -> bytes:
    from .page import page_html

    return page_html(material, report).encode("utf-8")


def _gpkg(material: Material, report: Report, options: _Options) -> bytes:
    from .geopackage import geopackage_bytes

    return geopackage_bytes(material, report)


_WRITERS: dict[str, Callable[[Material, Report, _Options], bytes]] = {
    "pdf": _pdf,
    "docx": _docx,
    "xlsx": _xlsx,
    "html": _html,
    "gpkg": _gpkg,
}
