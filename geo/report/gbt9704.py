"""A Word document's page, faces and styles after GB/T 9704-2012.

The margins leave the type area of 156 × 225 mm; body text is set on a grid of 22 lines of 28 characters. The
faces the standard names are not on every machine: each is named with what stands in for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docx.document import Document

    from .model import Report

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
NOTE_STYLE, SUMMARY_STYLE = "Atlas table note", "Atlas summary"
_LINE_TWENTIETHS = 579
"""22 lines of 28.95 pt fill the type area's 225 mm."""
TYPE_AREA_MM = 156.0
_LATIN = "Times New Roman"


def set_up(document: Document, report: Report, *, own: bool) -> None:
    """Give a document the page and the styles of the standard, or an office's own what it lacks.

    Parameters
    ----------
    document : is changed
    report : what its header says
    own : whether it is an office's own, whose page and styles are kept
    """
    if not own:
        _page(document, report)
        _styles(document)
    _missing_styles(document)
    _cell_styles(document)
    _small_styles(document)


def _page(document: Document, report: Report) -> None:
    from docx.shared import Mm

    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.left_margin = Mm(37), Mm(28)
    page.bottom_margin, page.right_margin = Mm(297 - 37 - 225), Mm(210 - 28 - 156)
    page.footer_distance = Mm(25.5)  # its dash then stands 7 mm below the type area
    # Lines alone: a grid of characters narrower than the type makes other programs take two cells for each.
    grid = element("w:docGrid", {"w:type": "lines", "w:linePitch": str(_LINE_TWENTIETHS)})
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
            run._r.append(element("w:fldChar", {"w:fldCharType": kind}))
        else:
            part = element("w:instrText", {})
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
            fonts.attrib.pop(tag_of(f"w:{theme}"), None)
        fonts.set(tag_of("w:eastAsia"), face)
    line = document.styles["Title"].element.get_or_add_pPr().find(tag_of("w:pBdr"))
    if line is not None:
        line.getparent().remove(line)
    normal: Any = document.styles["Normal"]
    normal.paragraph_format.line_spacing = Pt(_LINE_TWENTIETHS / 20)
    # 28 characters of 16 pt take 448 pt of the 442 there are: each gives up a quarter of a point.
    tight = normal.element.get_or_add_rPr()
    tight.insert_element_before(
        element("w:spacing", {"w:val": "-5"}), "w:w", "w:kern", "w:position", "w:sz", "w:szCs"
    )
    normal.paragraph_format.first_line_indent = Pt(32)
    normal.paragraph_format.space_after = Pt(0)
    for name in ("Title", "Heading 1", "Heading 2", "Heading 3", "Header", "Footer"):
        other: Any = document.styles[name]
        other.paragraph_format.first_line_indent = Pt(0)
        other.paragraph_format.line_spacing = 1.2
    # A table's name is no line of the body: on its grid the name would stand half a line off the table.
    _off_grid(document.styles["Heading 3"])
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
        _off_grid(style)
        face = style.element.get_or_add_rPr()
        face.insert_element_before(
            element("w:spacing", {"w:val": "0"}), "w:w", "w:kern", "w:position", "w:sz", "w:szCs"
        )


def _small_styles(document: Document) -> None:
    """Styles of the words under a table, and of the summary, which is one page."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    for name, size, indent in ((NOTE_STYLE, 8.5, 0.0), (SUMMARY_STYLE, 10.0, 20.0)):
        style: Any = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = document.styles["Normal"]
        style.font.size = Pt(size)
        form = style.paragraph_format
        form.first_line_indent, form.line_spacing = Pt(indent), 1.0
        form.space_before = form.space_after = Pt(2)
        _off_grid(style)


def _off_grid(style: Any) -> None:
    """Keep what is smaller than the body off the body's grid of lines."""
    look = style.element.get_or_add_pPr()
    look.insert_element_before(
        element("w:snapToGrid", {"w:val": "0"}), "w:spacing", "w:ind", "w:jc", "w:outlineLvl"
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
            font = etree.SubElement(root, tag_of("w:font"), {tag_of("w:name"): face})
            etree.SubElement(font, tag_of("w:altName"), {tag_of("w:val"): other})
        part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def element(name: str, attributes: dict[str, str]) -> Any:
    """An element of a document, by names such as "w:tbl"."""
    from docx.oxml import OxmlElement

    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(tag_of(key), value)
    return made


def tag_of(name: str) -> str:
    """The qualified name of "w:tbl" and the like."""
    from docx.oxml.ns import qn

    return str(qn(name))
