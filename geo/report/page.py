"""The report as one HTML file: the map, charts, and tables that sort and filter, with the network off.

Every text is inert before it stands in the page, data stand in JSON blocks, and a content policy lets
only the scripts run whose hashes it names.
"""

from __future__ import annotations

import base64
import hashlib
import math
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd

from ..views import cards
from ..views.description import plain
from ..views.format import LANGUAGE_TAGS
from ..views.inert import inert, json_block
from ..views.leaflet import drawing_script, drawing_style, leaflet_script, leaflet_style
from ..views.map import default_indicator, map_description
from .model import (
    FIGURES,
    NUMERIC,
    Block,
    Column,
    Heading,
    Paragraph,
    Report,
    Section,
    Table,
    Value,
    cut_note,
    pair,
    shown,
)
from .wording import as_printed

if TYPE_CHECKING:
    from .material import Material

MOST_DRAWN = 50_000
"""Features that the map of a page holds: these take 20 MB of it."""
_BEGIN = """
drawAtlasMap(
  L,
  document.getElementById("map"),
  JSON.parse(document.getElementById("atlas-data").textContent),
);
"""


def page_html(material: Material, report: Report) -> str:
    """The report as an HTML page that asks nobody for anything.

    Parameters
    ----------
    material, report : what was measured, and what is said of it

    Returns
    -------
    str
        The same report gives the same text.
    """
    language = report.language
    scripts = [leaflet_script(), drawing_script() + _BEGIN, _file("report_page.js")]
    for script in scripts:
        if "</script" in script.lower():
            raise RuntimeError("a script that holds </script cannot stand inside a page")
    scripts = [script.replace("\r\n", "\n") for script in scripts]
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in scripts
    )
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {hashes}; "
        "base-uri 'none'; form-action 'none'"
    )
    card_style = cards.STYLE.replace("<style>", "").replace("</style>", "")
    style = "\n".join((leaflet_style(), drawing_style(), card_style, _file("report_page.css")))
    words = {
        "sort": pair(language, "按此列排序", "Sort by this column"),
        "filter": pair(language, "筛选", "Filter"),
    }
    figures = {
        "district": material.survey.district.spec.code,
        "unit": report.unit_code,
        "round": report.round,
        "data_digest": report.digest,
        "version": report.version,
        "rows": list(report.figures()),
    }
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{LANGUAGE_TAGS[language]}">',
        '<head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{inert(report.title)}</title><link rel="icon" href="data:,">',
        f"<style>{style}</style></head><body>",
        *_cover(report),
        *_section(material, report, 1, report.summary),
        *_map(material, report),
        *(
            part
            for number, section in enumerate(report.all_sections()[1:], start=2)
            for part in _section(material, report, number, section)
        ),
        *(_block("atlas-data", _map_data(material, report))),
        *(_block("atlas-words", words)),
        *(_block("atlas-figures", figures)),
        *(f"<script>{text}</script>" for text in scripts),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _cover(report: Report) -> list[str]:
    banner = f'<p class="banner" role="note">{inert(report.banner)}</p>' if report.banner else ""
    facts = "".join(f"<dt>{inert(name)}</dt><dd>{inert(text)}</dd>" for name, text in report.facts)
    links = "".join(
        f'<a href="#s{number}">{inert(section.heading)}</a>'
        for number, section in enumerate(report.all_sections(), start=1)
    )
    return [
        f"<h1>{inert(report.title)}</h1>",
        banner,
        f'<p class="stamp">{inert(report.stamp)}</p>',
        f"<dl>{facts}</dl>",
        f"<nav>{links}</nav>",
    ]


def _map(material: Material, report: Report) -> list[str]:
    title = pair(report.language, "地图", "Map")
    _, left_out = _drawn(material)
    said = []
    if left_out:
        layer = material.survey.district.catalog.indicator(str(default_indicator(material.survey)))[
            0
        ]
        text = pair(
            report.language,
            f"{layer.title.zh}共 {left_out:,} 个，页面地图容纳不下，只绘范围和各单元认定；完整的地图用 atlas map 生成。",
            f"{left_out:,} {layer.title.en.lower()} are more than the map of a page holds: it shows the area and the"
            " decisions; atlas map makes the whole map.",
        )
        said.append(f"<p>{inert(text)}</p>")
    return [f"<h2>{title}</h2>", *said, f'<div id="map" role="region" aria-label="{title}"></div>']


def _drawn(material: Material) -> tuple[str | None, int]:
    """The indicator whose features the map shows, or None and how many there are, where they are too many."""
    survey = material.survey
    indicator = default_indicator(survey)
    if indicator is None:
        return None, 0
    layer, _ = survey.district.catalog.indicator(indicator)
    count = survey.store.sizes(survey.round).get(layer.name, 0)
    return (None, count) if count > MOST_DRAWN else (indicator, 0)


def _map_data(material: Material, report: Report) -> object:
    survey = material.survey
    description = map_description(survey, _drawn(material)[0], language=report.language)
    outline = material.outline()
    if material.unit.level != "district" and len(outline):
        west, south, east, north = outline.to_crs("EPSG:4326").total_bounds.tolist()
        description = replace(
            description,
            extent=(round(west, 6), round(south, 6), round(east, 6), round(north, 6)),
        )
    return plain(description)


def _section(material: Material, report: Report, number: int, section: Section) -> list[str]:
    parts = [f'<h2 id="s{number}">{inert(section.heading)}</h2>']
    if any(table.name.startswith(FIGURES) for table in section.tables()):
        parts.append(_charts(material, report))
    return [*parts, *(_written(as_printed(block), report) for block in section.blocks)]


def _charts(material: Material, report: Report) -> str:
    own = [
        row
        for row in material.rows
        if row["unit_code"] == material.unit.code
        and row["level"] == material.unit.level
        and row["scope"] == "all"
    ]
    frame = pd.DataFrame(own)
    for name in ("rate", "rate_lower", "rate_upper", "target", "reference"):
        frame[name] = frame[name].astype(float)
    indicators = [indicator for _, indicator in material.indicators]
    return cards.projects(material.survey, frame, indicators, report.language)


def _written(block: Block, report: Report) -> str:
    if isinstance(block, Heading):
        return f"<h3>{inert(block.text)}</h3>"
    if isinstance(block, Paragraph):
        return f"<p>{inert(block.text)}</p>"
    return _table(block, report)


def _table(table: Table, report: Report) -> str:
    columns = table.paged()
    heads = "".join(f'<th scope="col">{inert(column.heading)}</th>' for column in columns)
    rows = []
    for row in table.printed():
        raw = dict(zip([column.name for column in table.columns], row, strict=True))
        cells = "".join(
            _cell(column, raw[column.name], shown(column, row, table.columns, report.language))
            for column in columns
        )
        rows.append(f"<tr>{cells}</tr>")
    notes = "".join(
        f'<p class="note">{inert(text)}</p>'
        for text in (table.note, cut_note(table, report.language))
        if text
    )
    place = f' id="{_place(table.number)}"' if table.number else ""
    return (
        f'<h4{place}>{inert(table.caption)}</h4><div class="scroll">'
        f'<table class="report" data-name="{inert(table.name)}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{notes}"
    )


def _cell(column: Column, value: Value, text: str) -> str:
    if column.kind in NUMERIC:
        raw = ""
        if isinstance(value, (int, float)) and math.isfinite(value):
            raw = f' data-v="{value!r}"'
        return f'<td class="n"{raw}>{inert(text)}</td>'
    if column.kind == "see" and value is not None:
        return f'<td><a href="#{_place(str(value))}">{inert(text)}</a></td>'
    judged = column.name == "status" and column.kind == "word" and value is not None
    if judged or column.kind == "code":
        return f'<td class="{inert(value) if judged else "code"}">{inert(text)}</td>'
    return f"<td>{inert(text)}</td>"


def _place(number: str) -> str:
    """Where the table of that number stands in the page."""
    return inert(number.replace(" ", "-"))


def _block(name: str, value: object) -> list[str]:
    return [f'<script type="application/json" id="{name}">{json_block(value)}</script>']


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
