"""The report as a Word document after GB/T 9704-2012: A4, real headings, tables that repeat their header.

The margins leave the type area of 156 × 225 mm; body text is set on a grid of 22 lines of 28 characters. The
faces the standard names are not on every machine: each is named with what stands in for it.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..said import Said
from .model import (
    NUMERIC,
    Heading,
    Paragraph,
    Report,
    Table,
    cut_note,
    pair,
    shown_rows,
)
from .pdf import Tell, last_words, sheet_picture
from .sheets import Atlas, Paper
from .wording import as_printed

if TYPE_CHECKING:
    from docx.document import Document

    from .material import Material

TITLE_FACE = "方正小标宋简体"
BODY_FACE = "仿宋_GB2312"
HEADING_FACE = "黑体"
SUBHEADING_FACE = "楷体_GB2312"
STAND_INS = {
    TITLE_FACE: "SimSun",
    BODY_FACE: "FangSong",
    HEADING_FACE: "SimHei",
    SUBHEADING_FACE: "KaiTi",
}
"""What a machine without the standard's face is told to use."""
CELL_STYLE, HEAD_STYLE = "Atlas table cell", "Atlas table head"
_LINE_TWENTIETHS = 579
"""22 lines of 28.95 pt fill the type area's 225 mm."""
_LATIN = "Times New Roman"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_TYPE_AREA_MM = 156.0


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
    if template is None:
        _page(document, report)
        _styles(document)
    _missing_styles(document)
    _cell_styles(document)
    document.core_properties.title = report.title
    document.core_properties.author = report.author
    document.core_properties.last_modified_by = report.author
    document.core_properties.comments = f"{report.round} {report.digest} {report.version}"
    document.core_properties.revision = 1
    made = dt.datetime.fromisoformat(report.date)
    document.core_properties.created = made
    document.core_properties.modified = made
    _cover(document, report)
    for section in report.all_sections():
        document.add_heading(section.heading, level=1)
        for block in map(as_printed, section.blocks):
            if isinstance(block, Heading):
                document.add_heading(block.text, level=2)
            elif isinstance(block, Paragraph):
                document.add_paragraph(block.text)
            else:
                _table(document, block, report)
    _sheets(document, material, report, paper, tell)
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


def _page(document: Document, report: Report) -> None:
    from docx.shared import Mm

    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.left_margin = Mm(37), Mm(28)
    page.bottom_margin, page.right_margin = Mm(297 - 37 - 225), Mm(210 - 28 - 156)
    page.footer_distance = Mm(25.5)  # its dash then stands 7 mm below the type area
    # Lines alone: a grid of characters narrower than the type makes other programs take two cells for each.
    grid = _element("w:docGrid", {"w:type": "lines", "w:linePitch": str(_LINE_TWENTIETHS)})
    for old in page._sectPr.findall(grid.tag):
        page._sectPr.remove(old)
    page._sectPr.append(grid)
    document.settings.odd_and_even_pages_header_footer = True
    said = " · ".join(text for text in (report.stamp, report.banner) if text)
    for header in (page.header, page.even_page_header):
        header.paragraphs[0].text = said
    # The number stands outside: a character from the right on odd pages, from the left on even ones.
    for footer, side in ((page.footer, "right"), (page.even_page_footer, "left")):
        _page_number(footer.paragraphs[0], side)


def _page_number(paragraph: Any, side: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    form = paragraph.paragraph_format
    if side == "right":
        paragraph.alignment, form.right_indent = WD_ALIGN_PARAGRAPH.RIGHT, Pt(14)
    else:
        paragraph.alignment, form.left_indent = WD_ALIGN_PARAGRAPH.LEFT, Pt(14)
    paragraph.add_run("— ")
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = paragraph.add_run()
        if kind is not None:
            run._r.append(_element("w:fldChar", {"w:fldCharType": kind}))
        else:
            part = _element("w:instrText", {})
            part.text = text
            run._r.append(part)
    paragraph.add_run(" —")


def _styles(document: Document) -> None:
    from docx.shared import Pt, RGBColor

    sizes = {
        "Normal": (BODY_FACE, 16.0),
        "Title": (TITLE_FACE, 22.0),
        "Heading 1": (HEADING_FACE, 16.0),
        "Heading 2": (SUBHEADING_FACE, 16.0),
        "Heading 3": (BODY_FACE, 12.0),
        "Header": (BODY_FACE, 9.0),
        "Footer": ("宋体", 14.0),
    }
    for name, (face, size) in sizes.items():
        style: Any = document.styles[name]
        style.font.name = _LATIN
        style.font.size = Pt(size)
        style.font.bold = name == "Heading 3"
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(_name(f"w:{theme}"), None)
        fonts.set(_name("w:eastAsia"), face)
    line = document.styles["Title"].element.get_or_add_pPr().find(_name("w:pBdr"))
    if line is not None:
        line.getparent().remove(line)
    normal: Any = document.styles["Normal"]
    normal.paragraph_format.line_spacing = Pt(_LINE_TWENTIETHS / 20)
    # 28 characters of 16 pt take 448 pt of the 442 there are: each gives up a quarter of a point.
    tight = normal.element.get_or_add_rPr()
    tight.insert_element_before(
        _element("w:spacing", {"w:val": "-5"}), "w:w", "w:kern", "w:position", "w:sz", "w:szCs"
    )
    normal.paragraph_format.first_line_indent = Pt(32)
    normal.paragraph_format.space_after = Pt(0)
    for name in ("Title", "Heading 1", "Heading 2", "Heading 3", "Header", "Footer"):
        other: Any = document.styles[name]
        other.paragraph_format.first_line_indent = Pt(0)
        other.paragraph_format.line_spacing = 1.2
    _stand_ins(document)


def _cell_styles(document: Document) -> None:
    """Styles of a table's cells: small, and off the grid, whose lines are for the body's size."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    for name, bold in ((CELL_STYLE, False), (HEAD_STYLE, True)):
        style: Any = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = document.styles["Normal"]
        style.font.size, style.font.bold = Pt(7.5), bold
        form = style.paragraph_format
        form.first_line_indent, form.line_spacing = Pt(0), 1.0
        form.space_before = form.space_after = Pt(0)
        look = style.element.get_or_add_pPr()
        look.insert_element_before(
            _element("w:snapToGrid", {"w:val": "0"}), "w:spacing", "w:ind", "w:jc"
        )
        face = style.element.get_or_add_rPr()
        face.insert_element_before(
            _element("w:spacing", {"w:val": "0"}), "w:w", "w:kern", "w:position", "w:sz", "w:szCs"
        )


def _missing_styles(document: Document) -> None:
    """An office's template may lack the styles that headings are made of."""
    from docx.enum.style import WD_STYLE_TYPE

    known = {style.name for style in document.styles}
    for name in ("Title", "Heading 1", "Heading 2", "Heading 3"):
        if name not in known:
            document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=True)


def _stand_ins(document: Document) -> None:
    """Name for each face of the standard what stands in for it (fontTable's altName)."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from lxml import etree

    for relation in document.part.rels.values():
        if relation.reltype != RELATIONSHIP_TYPE.FONT_TABLE:
            continue
        part: Any = relation.target_part
        root = etree.fromstring(part.blob)
        for face, other in STAND_INS.items():
            font = etree.SubElement(root, _name("w:font"), {_name("w:name"): face})
            etree.SubElement(font, _name("w:altName"), {_name("w:val"): other})
        part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


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
    document.add_page_break()  # type: ignore[no-untyped-call]


def _table(document: Document, table: Table, report: Report) -> None:
    from lxml import etree

    document.add_heading(table.caption, level=3)
    columns = table.paged()
    whole = sum(column.width for column in columns)
    widths = [round(_TYPE_AREA_MM / 25.4 * 1440 * column.width / whole) for column in columns]
    root = _element("w:tbl", {})
    settings = etree.SubElement(root, _name("w:tblPr"))
    etree.SubElement(
        settings, _name("w:tblW"), {_name("w:w"): str(sum(widths)), _name("w:type"): "dxa"}
    )
    borders = etree.SubElement(settings, _name("w:tblBorders"))
    line = {"w:val": "single", "w:sz": "4", "w:space": "0", "w:color": "9AA4AD"}
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        etree.SubElement(
            borders, _name(f"w:{side}"), {_name(key): value for key, value in line.items()}
        )
    etree.SubElement(settings, _name("w:tblLayout"), {_name("w:type"): "fixed"})
    margins = etree.SubElement(settings, _name("w:tblCellMar"))
    for side in ("left", "right"):
        etree.SubElement(margins, _name(f"w:{side}"), {_name("w:w"): "40", _name("w:type"): "dxa"})
    etree.SubElement(settings, _name("w:tblCaption"), {_name("w:val"): table.title})
    grid = etree.SubElement(root, _name("w:tblGrid"))
    for width in widths:
        etree.SubElement(grid, _name("w:gridCol"), {_name("w:w"): str(width)})
    styles = [document.styles[name].style_id for name in (CELL_STYLE, HEAD_STYLE)]
    numeric = [column.kind in NUMERIC for column in columns]
    head = [column.heading for column in columns]
    for number, cells in enumerate([head, *shown_rows(table, report.language)]):
        row = etree.SubElement(root, _name("w:tr"))
        kept = etree.SubElement(row, _name("w:trPr"))
        etree.SubElement(kept, _name("w:cantSplit"))
        if number == 0:
            etree.SubElement(kept, _name("w:tblHeader"))
        for text, width, right in zip(cells, widths, numeric, strict=True):
            align = "center" if number == 0 else "right" if right else None
            row.append(_cell(text, width, align, styles[number == 0]))
    body = document.element.body
    body.insert(len(body) - 1, root)
    for note in (table.note, cut_note(table, report.language)):
        if note:
            document.add_paragraph(note)


def _cell(text: str, width: int, align: str | None, style: str) -> Any:
    from lxml import etree

    cell = _element("w:tc", {})
    settings = etree.SubElement(cell, _name("w:tcPr"))
    etree.SubElement(settings, _name("w:tcW"), {_name("w:w"): str(width), _name("w:type"): "dxa"})
    if align == "center":
        shade = {"w:val": "clear", "w:color": "auto", "w:fill": "E8EEF4"}
        etree.SubElement(
            settings, _name("w:shd"), {_name(key): value for key, value in shade.items()}
        )
    etree.SubElement(settings, _name("w:vAlign"), {_name("w:val"): "center"})
    paragraph = etree.SubElement(cell, _name("w:p"))
    look = etree.SubElement(paragraph, _name("w:pPr"))
    etree.SubElement(look, _name("w:pStyle"), {_name("w:val"): style})
    if align is not None:
        etree.SubElement(look, _name("w:jc"), {_name("w:val"): align})
    run = etree.SubElement(paragraph, _name("w:r"))
    said = etree.SubElement(run, _name("w:t"))
    said.text = text
    said.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return cell


def _sheets(
    document: Document, material: Material, report: Report, paper: Paper, tell: Tell | None
) -> None:
    from docx.shared import Mm

    atlas = Atlas(material, report, paper)
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
            tell(number, count, f"{sheet.number} {sheet.name}")
        room = min(_TYPE_AREA_MM / sheet.width_mm, 205 / sheet.height_mm)
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.first_line_indent = 0
        paragraph.paragraph_format.line_spacing = 1.0
        picture = paragraph.add_run().add_picture(
            io.BytesIO(sheet_picture(report, sheet)), width=Mm(sheet.width_mm * room)
        )
        about = picture._inline.docPr
        about.set("descr", sheet.alt)
        about.set("title", f"{sheet.title} {sheet.number}")
        document.add_paragraph(
            pair(
                language,
                f"{sheet.number} {sheet.title}（{sheet.subtitle}）。图中比例尺 1:{sheet.scale:,} 以 {report_paper(paper)} 原大为准，插图已缩放，请以图上线段比例尺量算。",
                f"{sheet.number} {sheet.title}: {sheet.subtitle}. The scale 1:{sheet.scale:,} holds at {report_paper(paper)}; "
                "the picture is reduced: measure by its scale bar.",
            )
        )


def report_paper(paper: Paper) -> str:
    """The name of a paper size."""
    return paper.upper()


def _centre() -> Any:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    return WD_ALIGN_PARAGRAPH.CENTER


def _element(name: str, attributes: dict[str, str]) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(_name(key), value)
    return made


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(tag))


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
