"""The report as a Word document after GB/T 9704-2012: A4, real headings, tables that repeat their header."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..said import Said
from .gbt9704 import (
    CELL_STYLE,
    HEAD_STYLE,
    NOTE_STYLE,
    SUMMARY_STYLE,
    TYPE_AREA_MM,
    element,
    set_up,
    tag_of,
)
from .model import (
    NUMERIC,
    Block,
    Heading,
    Paragraph,
    Report,
    Table,
    cut_note,
    pair,
    shown_rows,
)
from .overview import overview_of
from .pdf import OVERVIEW_LEGEND_MM, Tell, last_words, overview_picture, sheet_picture
from .sheets import Atlas, Paper
from .wording import as_printed

if TYPE_CHECKING:
    from docx.document import Document

    from .material import Material

_OVERVIEW_MM, _OVERVIEW_ALONE_MM = 29.0, 70.0
"""How high the summary's map is: beneath two tables, and beneath one."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def word_bytes(
    material: Material,
    report: Report,
    paper: Paper = "a4",
    template: Path | None = None,
    tell: Tell | None = None,
) -> bytes:
    """The report as a .docx file.

    Parameters
    ----------
    material, report : what was measured, and what is said of it
    paper : the size of the sheets
    template : an office's own .docx, whose page, styles, headers and text before the end are kept
    tell : called with (done, of how many, what is being done)

    Returns
    -------
    bytes
        The same report gives the same bytes. The overview sheets are in it as pictures; a district's
        sheets of single towns are in the PDF.

    Raises
    ------
    DataError
        `template` is not a Word document.
    """
    document = _open(template)
    set_up(document, report, own=template is not None)
    document.core_properties.title = report.title
    document.core_properties.author = report.author
    document.core_properties.last_modified_by = report.author
    document.core_properties.comments = f"{report.round} {report.digest} {report.version}"
    document.core_properties.revision = 1
    made = dt.datetime.fromisoformat(report.date)
    document.core_properties.created = made
    document.core_properties.modified = made
    _cover(document, report)
    atlas = Atlas(material, report, paper)
    _summary(document, report, atlas)
    first, *others = report.all_sections()[1:]
    _on_a_new_page(document, first.heading)
    _blocks(document, report, first.blocks)
    for section in others:
        document.add_heading(section.heading, level=1)
        _blocks(document, report, section.blocks)
    _sheets(document, report, atlas, tell)
    for line in last_words(report):
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    return _dateless(stream.getvalue())


def _open(template: Path | None) -> Document:
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    from ..errors import DataError, Fault

    if template is None:
        return docx.Document()
    try:
        return docx.Document(str(template))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            Fault(
                "template",
                Said(f"{template}: {error}", f"{template} 无法读取（{error}）"),
                Said("a Word document (.docx)", "Word 文档（.docx）"),
                Said("save it as .docx", "另存为 .docx"),
            )
        ) from error


def _cover(document: Document, report: Report) -> None:
    from docx.shared import Pt

    if report.banner:
        banner = document.add_paragraph(report.banner)
        banner.alignment = _centre()
        banner.paragraph_format.first_line_indent = 0
    title = document.add_paragraph(report.title, style="Title")
    title.alignment = _centre()
    title.paragraph_format.space_before, title.paragraph_format.space_after = Pt(96), Pt(96)
    for name, text in report.facts:
        document.add_paragraph(f"{name}：{text}" if report.language == "zh" else f"{name}: {text}")


def _summary(document: Document, report: Report, atlas: Atlas) -> None:
    """The summary on a page of its own; its map comes last, so that it is what moves where all has no room."""
    _on_a_new_page(document, report.summary.heading)
    _blocks(document, report, report.summary.blocks, SUMMARY_STYLE)
    overview = overview_of(atlas.ground)
    if overview is not None:
        tables = sum(isinstance(block, Table) for block in report.summary.blocks)
        part = (_OVERVIEW_MM if tables > 1 else _OVERVIEW_ALONE_MM) / overview.height_mm
        width = min(TYPE_AREA_MM, (overview.width_mm + OVERVIEW_LEGEND_MM) * part)
        _picture(document, overview_picture(report, overview), width, overview.alt)


def _on_a_new_page(document: Document, heading: str) -> None:
    """A heading that begins a page by itself: a break is a line of its own, which on a full page makes an empty one."""
    document.add_heading(heading, level=1).paragraph_format.page_break_before = True


def _blocks(
    document: Document, report: Report, blocks: Sequence[Block], style: str | None = None
) -> None:
    for block in map(as_printed, blocks):
        if isinstance(block, Heading):
            document.add_heading(block.text, level=2)
        elif isinstance(block, Paragraph):
            document.add_paragraph(block.text, style)
        else:
            _table(document, block, report)


def _picture(document: Document, png: bytes, width_mm: float, alt: str) -> Any:
    """Put a picture into a line of its own; returns what Word keeps about it."""
    from docx.shared import Mm

    line = document.add_paragraph()
    line.paragraph_format.first_line_indent = 0
    line.paragraph_format.line_spacing = 1.0
    about = line.add_run().add_picture(io.BytesIO(png), width=Mm(width_mm))._inline.docPr
    about.set("descr", alt)
    return about


def _table(document: Document, table: Table, report: Report) -> None:
    from lxml import etree

    document.add_heading(table.caption, level=3)
    columns = table.paged()
    whole = sum(column.width for column in columns)
    widths = [round(TYPE_AREA_MM / 25.4 * 1440 * column.width / whole) for column in columns]
    root = element("w:tbl", {})
    settings = etree.SubElement(root, tag_of("w:tblPr"))
    etree.SubElement(
        settings, tag_of("w:tblW"), {tag_of("w:w"): str(sum(widths)), tag_of("w:type"): "dxa"}
    )
    borders = etree.SubElement(settings, tag_of("w:tblBorders"))
    line = {"w:val": "single", "w:sz": "4", "w:space": "0", "w:color": "9AA4AD"}
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        etree.SubElement(
            borders, tag_of(f"w:{side}"), {tag_of(key): value for key, value in line.items()}
        )
    etree.SubElement(settings, tag_of("w:tblLayout"), {tag_of("w:type"): "fixed"})
    margins = etree.SubElement(settings, tag_of("w:tblCellMar"))
    for side in ("left", "right"):
        etree.SubElement(
            margins, tag_of(f"w:{side}"), {tag_of("w:w"): "40", tag_of("w:type"): "dxa"}
        )
    etree.SubElement(settings, tag_of("w:tblCaption"), {tag_of("w:val"): table.title})
    grid = etree.SubElement(root, tag_of("w:tblGrid"))
    for width in widths:
        etree.SubElement(grid, tag_of("w:gridCol"), {tag_of("w:w"): str(width)})
    styles = [document.styles[name].style_id for name in (CELL_STYLE, HEAD_STYLE)]
    numeric = [column.kind in NUMERIC for column in columns]
    head = [column.heading for column in columns]
    for number, cells in enumerate([head, *shown_rows(table, report.language)]):
        row = etree.SubElement(root, tag_of("w:tr"))
        kept = etree.SubElement(row, tag_of("w:trPr"))
        etree.SubElement(kept, tag_of("w:cantSplit"))
        if number == 0:
            etree.SubElement(kept, tag_of("w:tblHeader"))
        for text, width, right in zip(cells, widths, numeric, strict=True):
            align = "center" if number == 0 else "right" if right else None
            row.append(_cell(text, width, align, styles[number == 0]))
    body = document.element.body
    body.insert(len(body) - 1, root)
    for note in (table.note, cut_note(table, report.language)):
        if note:
            document.add_paragraph(note, NOTE_STYLE)


def _cell(text: str, width: int, align: str | None, style: str) -> Any:
    from lxml import etree

    cell = element("w:tc", {})
    settings = etree.SubElement(cell, tag_of("w:tcPr"))
    etree.SubElement(
        settings, tag_of("w:tcW"), {tag_of("w:w"): str(width), tag_of("w:type"): "dxa"}
    )
    if align == "center":
        shade = {"w:val": "clear", "w:color": "auto", "w:fill": "E8EEF4"}
        etree.SubElement(
            settings, tag_of("w:shd"), {tag_of(key): value for key, value in shade.items()}
        )
    etree.SubElement(settings, tag_of("w:vAlign"), {tag_of("w:val"): "center"})
    paragraph = etree.SubElement(cell, tag_of("w:p"))
    look = etree.SubElement(paragraph, tag_of("w:pPr"))
    etree.SubElement(look, tag_of("w:pStyle"), {tag_of("w:val"): style})
    if align is not None:
        etree.SubElement(look, tag_of("w:jc"), {tag_of("w:val"): align})
    run = etree.SubElement(paragraph, tag_of("w:r"))
    said = etree.SubElement(run, tag_of("w:t"))
    said.text = text
    said.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return cell


def _sheets(document: Document, report: Report, atlas: Atlas, tell: Tell | None) -> None:
    count = atlas.count(towns=False)
    if not count:
        return
    language = report.language
    document.add_heading(pair(language, "附图", "Map sheets"), level=1)
    if atlas.count() > count:
        document.add_paragraph(
            pair(
                language,
                f"此处为总图 {count} 幅；各镇（街道）分工程的图幅见同一报告的 PDF。",
                f"The {count} overview sheets; those of each town and project are in the same report as PDF.",
            )
        )
    for number, sheet in enumerate(atlas.sheets(towns=False)):
        if tell:
            tell(number, count, f"{sheet.number} {sheet.title}")
        room = min(TYPE_AREA_MM / sheet.width_mm, 205 / sheet.height_mm)
        png = sheet_picture(report, sheet)
        about = _picture(document, png, sheet.width_mm * room, sheet.alt)
        about.set("title", f"{sheet.title} {sheet.number}")
        document.add_paragraph(
            pair(
                language,
                f"{sheet.number} {sheet.title}（{sheet.subtitle}）。图中比例尺 1:{sheet.scale:,} 以 {report_paper(atlas.paper)} 原大为准，插图已缩放，请以图上线段比例尺量算。",
                f"{sheet.number} {sheet.title}: {sheet.subtitle}. The scale 1:{sheet.scale:,} holds at {report_paper(atlas.paper)}; "
                "the picture is reduced: measure by its scale bar.",
            )
        )


def report_paper(paper: Paper) -> str:
    """The name of a paper size."""
    return paper.upper()


def _centre() -> Any:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    return WD_ALIGN_PARAGRAPH.CENTER


def _dateless(data: bytes) -> bytes:
    """The same package with no clock in it."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        for name, content in _members(source):
            item = zipfile.ZipInfo(name, _ZIP_TIME)
            item.compress_type = zipfile.ZIP_DEFLATED
            item.external_attr = 0o600 << 16
            item.create_system = 0
            target.writestr(item, content)
    return stream.getvalue()


def _members(source: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for name in source.namelist():
        yield name, source.read(name)
