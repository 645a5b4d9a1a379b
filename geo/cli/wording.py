"""What the tables of `atlas` say to a Chinese reader: headings, states, names with their titles.

English tables speak the words of JSON and CSV, so that what is read in one is found in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..said import Said, joined
from ..views.format import Language, word

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..model import Finding

_CHINESE = {
    "layer": "图层",
    "title": "名称",
    "geometry": "几何类型",
    "rows": "行数",
    "indicators": "指标",
    "level": "层级",
    "indicator": "指标",
    "scope": "统计范围",
    "measure": "单位",
    "rate_lower": "下限–上限",
    "severity": "级别",
    "code": "事项",
    "found": "发现",
    "remedy": "建议",
    "round": "轮次",
    "state": "状态",
    "table": "图层",
    "file": "来源文件",
    "source_layer": "源图层",
    "imported_at": "导入时间",
    "imported_by": "导入人",
    "kind": "类别",
    "row": "行",
    "remark": "说明",
}
"""Headings that no other view has; the others are those of `geo.views.tables`."""
_WORDS = {
    # severities
    "error": "错误",
    "warning": "警告",
    "info": "提示",
    # what an import says of rows and of what it believes
    "left out": "未采用",
    "accepted": "已采纳",
    "proposal": "建议",
    # states of a round
    "draft": "草稿",
    "published": "已发布",
    "changed": "发布后有改动",
    "missing": "文件缺失",
    "unreadable": "无法读取",
    # kinds of geometry
    "Point": "点",
    "LineString": "线",
    "Polygon": "面",
    "Raster": "栅格",
    "Table": "表",
}

_ROWS = {"line": "行", "row": "行", "record": "条记录", "feature": "个要素"}
_ROW = re.compile(rf"(.* )?({'|'.join(_ROWS)}) (\d+)( \(id .*\))?", re.DOTALL)
"""What importers call the rows of a file."""
_CARRIED = re.compile(r"round (\d{4}-\d\d-\d\d)")


def headed(columns: Iterable[str], language: Language, **otherwise: str) -> dict[str, str]:
    """Columns with their headings; in English their names, but for those said otherwise.

    Examples
    --------
    >>> headed(("unit_name", "state"), "zh"), headed(("measure", "state"), "en", measure="")
    ({'unit_name': '名称', 'state': '状态'}, {'measure': '', 'state': 'state'})
    """
    if language == "en":
        return {name: otherwise.get(name, name) for name in columns}
    from ..views.tables import FIGURE_HEADINGS, ROW_HEADINGS, SCOPE_HEADINGS

    shared: Mapping[str, tuple[str, str]] = {**ROW_HEADINGS, **FIGURE_HEADINGS, **SCOPE_HEADINGS}
    return {name: _CHINESE[name] if name in _CHINESE else shared[name][0] for name in columns}


def worded(value: object, language: Language) -> str:
    """A state, level, decision or the like; in English as JSON has it, and nothing where there is none.

    Examples
    --------
    >>> worded("not_met", "zh"), worded("not_met", "en"), worded("draft", "zh"), worded(None, "zh")
    ('未达标', 'not_met', '草稿', '')
    """
    if value is None:
        return ""
    name = str(value)
    return name if language == "en" else _WORDS.get(name) or word(name, language)


def titled(name: object, title: str | None, language: Language) -> str:
    """A name that commands take, in Chinese with its title.

    Examples
    --------
    >>> titled("lamps", "路灯", "zh"), titled("lamps", "路灯", "en"), titled("round", None, "zh")
    ('路灯（lamps）', 'lamps', 'round')
    """
    return str(name) if language == "en" or not title or title == name else f"{title}（{name}）"


def layer_titled(name: object, catalog: Catalog, language: Language) -> str:
    """A layer's name, in Chinese with its title."""
    layer = catalog.layers.get(str(name))
    return titled(name, layer.title.zh if layer is not None else None, language)


def layers_titled(names: Iterable[str], catalog: Catalog) -> Said:
    """Layers by their names, in Chinese with their titles."""
    return joined(Said(name, layer_titled(name, catalog, "zh")) for name in names)


def row_called(label: object, language: Language) -> str:
    """What a row is called in its file, in the reader's words.

    Examples
    --------
    >>> row_called("line 9", "zh"), row_called("Sheet1 row 7", "zh"), row_called("HX017", "zh")
    ('第 9 行', 'Sheet1 第 7 行', 'HX017')
    >>> row_called("line 9", "en")
    'line 9'
    """
    found = _ROW.fullmatch(str(label)) if language == "zh" else None
    if found is None:
        return str(label)
    before, kind, number, after = found.groups(default="")
    return f"{before}第 {number} {_ROWS[kind]}{after}"


def file_called(file: object, language: Language) -> str:
    """The file of an import; a round that a layer was carried from stands in its place.

    Examples
    --------
    >>> file_called("round 2007-06-30", "zh"), file_called("街.zip", "zh")
    ('轮次 2007-06-30', '街.zip')
    """
    found = _CARRIED.fullmatch(str(file)) if language == "zh" else None
    return str(file) if found is None else f"轮次 {found[1]}"


def code_titled(code: object, language: Language) -> str:
    """A finding's code, in Chinese with what it is called; nothing where there is none."""
    if code is None or language == "en":
        return "" if code is None else str(code)
    from ..check.titles import title_of  # no figure needs it

    return titled(code, title_of(str(code)).zh, language)


def told(finding: Finding, language: Language) -> str:
    """A finding in a line, as it is noted beside figures."""
    fault = finding.fault()
    if language == "en":
        return f"{finding.severity}: {fault}"
    return f"{worded(finding.severity, language)}：{fault.in_(language)}"
