"""The report as PDF, set by Typst with an embedded Chinese face: searchable, tagged, with bookmarks."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .drawing import Sign
from .glyphs import with_signs
from .labels import Label
from .memory import give_back
from .model import (
    FIGURES,
    NUMERIC,
    Heading,
    Paragraph,
    Report,
    Section,
    Table,
    cut_note,
    pair,
    shown_rows,
)
from .overview import Overview, overview_of
from .sheets import Atlas, Paper, Sheet, north_arrow
from .summary import PROJECTS
from .wording import as_printed

if TYPE_CHECKING:
    from .material import Material

FONT = "Noto Sans CJK SC"
PICTURE_DPI = 200
OVERVIEW_LEGEND_MM = 72.0
"""How much of the picture of a summary's map its legend has."""
MOST_TAGGED_ROWS = 40
"""Tagging every cell of the long tables would make the file four times as large; Word and HTML tag them all."""
_LONG = re.compile(r"[!-~]{15,}")
_JOINT = re.compile(r"(?<=[._/|%&=:;,)}\]>-])(?=[!-~])")
_PIECE = re.compile(r"[^\u200b]{16,}")
_LONGEST_PIECE = 12
_BREAK = "\u200b"

Tell = Callable[[int, int, str], None]


def pdf_bytes(
    material: Material, report: Report, paper: Paper = "a4", tell: Tell | None = None
) -> bytes:
    """The report as PDF, with its map sheets.

    Parameters
    ----------
    material, report : what was measured, and what is said of it
    paper : the size of the sheets
    tell : called with (done, of how many, what is being done)

    Returns
    -------
    bytes
        The same report gives the same bytes.
    """
    atlas = Atlas(material, report, paper)
    small = overview_of(atlas.ground)
    sheets = []
    count = atlas.count()
    for number, sheet in enumerate(atlas.sheets()):
        if tell:
            tell(number, count + 1, f"{sheet.number} {sheet.title}")
        sheets.append(sheet)
    if tell:
        tell(count, count + 1, "pdf")
    data = page_data(report, sheets, overview=small)
    del sheets, atlas  # a large district's take more memory than Typst should have to share
    give_back()
    return set_page(data, "pdf")


def sheet_picture(report: Report, sheet: Sheet) -> bytes:
    """A sheet as a PNG of 200 dots an inch, for documents that take pictures."""
    return set_page({**page_data(report, [sheet], sections=()), "only": "sheet"}, "png")


def overview_picture(report: Report, overview: Overview) -> bytes:
    """The summary's map beside its legend, as a PNG of 200 dots an inch."""
    data = page_data(report, [], sections=(), overview=overview)
    return set_page({**data, "only": "overview", "legend_mm": OVERVIEW_LEGEND_MM}, "png")


def page_data(
    report: Report,
    sheets: Sequence[Sheet],
    sections: Sequence[Section] | None = None,
    overview: Overview | None = None,
) -> dict[str, Any]:
    """What the template sets, as plain data; without `sections` all that the report has, its summary first."""
    language = report.language
    whole = sections is None
    shown = (*report.sections, report.appendix) if sections is None else sections
    year, month, day = (int(part) for part in report.date.split("-"))
    return {
        "title": report.title,
        "author": report.author,
        "keywords": [report.round, report.digest, report.version],
        "date": [year, month, day],
        "font": FONT,
        "lang": language,
        "running": f"{report.title} · {report.round}",
        "banner": report.banner,
        "stamp": report.stamp,
        "facts": [[name, _breakable(text)] for name, text in report.facts],
        "words": {
            "contents": pair(language, "目录", "Contents"),
            "north": pair(language, "北", "N"),
            "inset": pair(language, "本图在全区的位置", "Where the sheet lies in the district"),
            "sheets": pair(language, "附图", "Map sheets"),
            "last": pair(language, "复核信息", "To check this report"),
            "page": {"zh": ["第", "页"], "en": ["p. ", ""]}[language],
        },
        "summary": _section(report.summary, report) if whole else None,
        "overview": _overview(overview) if overview is not None else None,
        "sections": [_section(section, report) for section in shown],
        "sheets": [
            {**_sheet(sheet), **listed}
            for sheet, listed in zip(sheets, _listed(sheets, report), strict=True)
        ],
        "north_arrow": north_arrow(),
        "last": [_breakable(text) for text in last_words(report)] if whole else [],
        "only": None,
    }


def last_words(report: Report) -> tuple[str, ...]:
    """What stands on the last page: digest, version, and the command that makes the report again."""
    language = report.language
    return (
        pair(
            language,
            f"数据摘要（SHA-256）：{report.digest}",
            f"Data digest (SHA-256): {report.digest}",
        ),
        pair(
            language,
            f"版本：城乡图 {report.version}",
            f"Version: Chengxiang Atlas {report.version}",
        ),
        pair(language, f"命令：{report.command}", f"Command: {report.command}"),
    )


def font_folder() -> Path:
    """The folder of the installed face."""
    return Path(str(resources.files("noto_cjk_sans_otc")))


def font_file() -> Path:
    """The installed face, a collection of several."""
    return next(iter(sorted(font_folder().glob("*.ttc"))))


def set_page(data: dict[str, Any], format_: Literal["pdf", "png"]) -> bytes:
    """The pages Typst makes of the template and the data, as "pdf", or one of them as "png".

    The data are taken, not kept: they are empty afterwards.
    """
    import typst

    with tempfile.TemporaryDirectory(prefix="atlas-report-") as room:
        folder = Path(room)
        template = resources.files(__package__).joinpath("report.typ").read_bytes()
        (folder / "report.typ").write_bytes(template)
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text = with_signs(text, font_file(), FONT)
        (folder / "report.json").write_text(text, encoding="utf-8")
        del text
        data.clear()  # what the page is set from lies in the file: the setting has the memory to itself
        made = typst.compile(
            str(folder / "report.typ"),
            root=str(folder),
            font_paths=[str(font_folder())],
            ignore_system_fonts=True,
            format=format_,
            ppi=float(PICTURE_DPI),
        )
    assert isinstance(made, bytes)
    return made


def _section(section: Section, report: Report) -> dict[str, Any]:
    return {
        "title": section.heading,
        "blocks": [
            {"kind": "heading", "text": block.text}
            if isinstance(block, Heading)
            else {"kind": "paragraph", "text": _breakable(block.text)}
            if isinstance(block, Paragraph)
            else _table(block, report)
            for block in map(as_printed, section.blocks)
        ],
    }


def _table(table: Table, report: Report) -> dict[str, Any]:
    columns = table.paged()
    names = [column.name for column in columns]
    judged = table.name.startswith((FIGURES, "gaps", "overview", PROJECTS))
    tinted = names.index("status") if judged else -1
    statuses = [str(row["status"]) if judged else "" for row in table.records()]
    note = cut_note(table, report.language)
    return {
        "kind": "table",
        "title": _breakable(table.caption),
        "number": table.number,
        "see": names.index("see") if "see" in names else -1,
        "widths": [column.width for column in columns],
        "numeric": [column.kind in NUMERIC for column in columns],
        "headings": [_breakable(column.heading) for column in columns],
        "rows": [[_breakable(cell) for cell in row] for row in shown_rows(table, report.language)],
        "tinted": tinted,
        "tints": statuses[: len(table.printed())],
        "notes": [text for text in (table.note, note) if text],
        "tagged": len(table.printed()) <= MOST_TAGGED_ROWS,
    }


def _listed(sheets: Sequence[Sheet], report: Report) -> Iterator[dict[str, Any]]:
    """How the contents and the bookmarks have each sheet: the unit's own by themselves, its towns' under each town."""
    count = Counter(sheet.unit_code for sheet in sheets)
    seen: set[str] = set()
    for sheet in sheets:
        own, many = sheet.unit_code == report.unit_code, count[sheet.unit_code]
        first = sheet.unit_code not in seen
        seen.add(sheet.unit_code)
        town = pair(
            report.language,
            f"{sheet.unit_name}（{many} 幅）",
            f"{sheet.unit_name} ({many} {'sheet' if many == 1 else 'sheets'})",
        )
        yield {"own": own, "town": town if first and not own else None}


def _sheet(sheet: Sheet) -> dict[str, Any]:
    index_columns = 3 if len(sheet.index) > 24 else 2
    return {
        **{
            name: getattr(sheet, name)
            for name in (
                "number",
                "title",
                "subtitle",
                "landscape",
                "width_mm",
                "height_mm",
                "map_x_mm",
                "map_y_mm",
                "map_width_mm",
                "map_height_mm",
                "map_svg",
                "inset_svg",
                "inset_width_mm",
                "legend_title",
                "alt",
            )
        },
        "scale": f"1:{sheet.scale:,}",
        **_bar(sheet.bar_m, sheet.bar_m * 1000 / sheet.scale),
        "labels": _labels(sheet.labels),
        "index": [list(line) for line in sheet.index],
        "index_columns": index_columns,
        "ticks": [{"side": tick.side, "at": tick.at_mm, "text": tick.text} for tick in sheet.ticks],
        "legend": _legend(sheet.legend),
        "notes": list(sheet.notes),
    }


def _overview(overview: Overview) -> dict[str, Any]:
    return {
        "width_mm": overview.width_mm,
        "height_mm": overview.height_mm,
        "map_svg": overview.map_svg,
        "alt": overview.alt,
        **_bar(overview.bar_m, overview.bar_mm),
        "labels": _labels(overview.labels),
        "legend": _legend(overview.legend),
    }


def _bar(bar_m: float, bar_mm: float) -> dict[str, Any]:
    """A scale bar, and what stands at its beginning, middle and end."""
    unit, size = ("km", 1000) if bar_m >= 2000 else ("m", 1)
    return {"bar_mm": bar_mm, "bar": ["0", f"{bar_m / size / 2:g}", f"{bar_m / size:g} {unit}"]}


def _labels(labels: Sequence[Label]) -> list[dict[str, Any]]:
    return [
        {
            "text": label.text,
            "x": label.box[0],
            "y": label.box[1],
            "w": label.width_mm,
            "h": label.height_mm,
            "size": label.size_pt,
            "kind": label.kind,
        }
        for label in labels
    ]


def _legend(legend: Sequence[Sign]) -> list[dict[str, Any]]:
    return [{"svg": sign.svg, "label": sign.label, "amount": sign.amount} for sign in legend]


def _breakable(text: str) -> str:
    """The text with places where a run too long for a column may break; they show nothing.

    A run breaks at its joints, and within a word only where that is too long by itself.
    """

    def cut(piece: re.Match[str]) -> str:
        word = piece[0]
        return _BREAK.join(
            word[at : at + _LONGEST_PIECE] for at in range(0, len(word), _LONGEST_PIECE)
        )

    return _LONG.sub(lambda run: _PIECE.sub(cut, _JOINT.sub(_BREAK, run[0])), text)
