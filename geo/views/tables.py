"""Decisions and figures as tables in words, for the screen and for a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..assess import REACHES
from .format import Language, number, percent, sides, word, yes_no
from .inert import inert_cell

if TYPE_CHECKING:
    from ..scope import Scope
    from ..survey import Survey

SCOPE_HEADINGS: dict[str, tuple[str, str]] = {
    "unit_name": ("名称", "Name"),
    "town": ("镇（街道）", "Town"),
    "decision": ("认定", "Decision"),
    "share": ("面积占比", "Share inside"),
    "margin_m": ("距边界 m", "To border, m"),
    "near_edge": ("临界", "Near edge"),
    "sides": ("相关界线", "Edges"),
    "unit_code": ("代码", "Code"),
}
FIGURE_HEADINGS: dict[str, tuple[str, str]] = {
    "unit_name": ("名称", "Name"),
    "status": ("判定", "Verdict"),
    "rate": ("比率", "Rate"),
    "rate_lower": ("下限", "Lower"),
    "rate_upper": ("上限", "Upper"),
    "covered": ("已达到", "Covered"),
    "not_covered": ("未达到", "Not covered"),
    "unknown": ("情况不明", "Unknown"),
    "total": ("合计", "Total"),
    "target": ("目标", "Target"),
    "unit_code": ("代码", "Code"),
}
ROW_HEADINGS: dict[str, tuple[str, str]] = {
    "key": ("编号", "Id"),
    "label": ("名称", "Name"),
    "unit_code": ("单元代码", "Unit"),
    "inside": ("四至内", "Inside"),
    "covered": ("已达到", "Covered"),
    "not_covered": ("未达到", "Not covered"),
    "unknown": ("情况不明", "Unknown"),
    "source_file": ("来源文件", "Source file"),
    "source_row": ("来源行", "Source row"),
    "fid": ("轮次内行号", "Row of the round"),
}
PERCENTAGES = ("share", "rate", "rate_lower", "rate_upper", "target")
"""Columns that hold percentages, cut to one decimal as `percent` cuts them."""
_MEASURES = {"m": ("米", "m"), "m2": ("平方米", "m²"), "count": ("个", "numbers of features")}
_NOWHERE = ("不在任何单元内", "in no unit")


def heading(headings: dict[str, tuple[str, str]], name: str, language: Language) -> str:
    """The heading of a column."""
    return headings[name][0 if language == "zh" else 1]


def scope_table(survey: Survey, scope: Scope, language: Language) -> pd.DataFrame:
    """The finest units with their decisions, in words.

    Parameters
    ----------
    survey : the round
    scope : its decisions
    language : "zh" or "en"

    Returns
    -------
    DataFrame
        Columns as in `SCOPE_HEADINGS`, plus `kind` (in, partly, out) and `is_near`, by which to filter.
        `share` is a percentage rounded down to one decimal.
    """
    layer = survey.district.levels[0]
    assert layer.unit is not None
    rows = scope.rows[scope.rows["level"] == layer.unit.level]
    frame = survey.frame(layer.name)
    towns = pd.Series("", index=rows["unit_code"], dtype=object)
    if layer.unit.parent is not None:
        parents = frame.set_index(layer.unit.code)[layer.unit.parent].reindex(rows["unit_code"])
        towns = parents.map(_names_of_coarser(survey)).astype(object)
    return pd.DataFrame(
        {
            "unit_code": rows["unit_code"].astype(str),
            "unit_name": rows["unit_name"].astype(str),
            "town": towns.where(towns.notna(), word("unknown", language)).to_numpy(object),
            "decision": [word(name, language) for name in rows["decision"]],
            "share": [floored(share) for share in rows["share"]],
            "margin_m": [math.floor(margin) for margin in rows["margin_m"]],
            "near_edge": [yes_no(near, language) for near in rows["near_edge"]],
            "sides": [sides(names, language) for names in rows["sides"]],
            "kind": rows["decision"],
            "is_near": rows["near_edge"],
        }
    ).reset_index(drop=True)


def figures_table(rows: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Coverage rows of one indicator at one level, in words.

    Parameters
    ----------
    rows : of `coverage_of`
    language : "zh" or "en"

    Returns
    -------
    DataFrame
        Columns as in `FIGURE_HEADINGS`; amounts in the measure with one decimal; rates are percentages
        rounded down to one decimal, NaN where there is none. What lies in no unit is a row only where there is something.
    """
    shown = rows[rows["unit_code"].notna() | (rows["total"] > 0)]
    table = shown[[name for name in FIGURE_HEADINGS if name != "status"]].copy()
    nowhere = shown["unit_code"].isna()
    table["unit_code"] = table["unit_code"].astype(object).where(~nowhere, "")
    table["unit_name"] = (
        table["unit_name"].astype(object).where(~nowhere, _NOWHERE[0 if language == "zh" else 1])
    )
    for name in ("covered", "not_covered", "unknown", "total"):
        table[name] = table[name].round(1)  # finer than any survey; the command gives every digit
    for name in PERCENTAGES:
        if name in table:
            table[name] = [floored(value) for value in shown[name]]
    table["status"] = [
        word(status if isinstance(status, str) else None, language) for status in shown["status"]
    ]
    return table.reset_index(drop=True)


def rows_table(pieces: pd.DataFrame, language: Language) -> pd.DataFrame:
    """The pieces behind a figure, in words.

    Parameters
    ----------
    pieces : of `rows_behind`
    language : "zh" or "en"

    Returns
    -------
    DataFrame
        Columns as in `ROW_HEADINGS`, one row for each piece.
    """
    table = pieces[list(ROW_HEADINGS)].copy()
    table["inside"] = [yes_no(inside, language) for inside in table["inside"]]
    for name in ("key", "label", "unit_code", "source_file", "source_row"):
        table[name] = table[name].astype(object).where(table[name].notna(), "")
    return table.reset_index(drop=True)


def measured_in(measure: str, language: Language) -> str:
    """What the amounts of a table are measured in.

    Examples
    --------
    >>> measured_in("m", "zh"), measured_in("count", "en")
    ('数量单位：米', 'Amounts in numbers of features')
    """
    zh, en = _MEASURES[measure]
    return f"数量单位：{zh}" if language == "zh" else f"Amounts in {en}"


def why(row: Mapping[Hashable, Any], language: Language) -> str:
    """One sentence or two in which an official can defend a unit's decision.

    Parameters
    ----------
    row : of `Scope.rows`
    language : "zh" or "en"

    Returns
    -------
    str

    Examples
    --------
    >>> why({"unit_name": "甲村", "decision": "partly", "share": 0.4, "margin_m": 0.0, "near_edge": True,
    ...      "sides": ("south",), "nearest_side": "south"}, "zh")
    '甲村：部分在内。40.0% 的面积在范围内，单元边线距范围南界 0 米。南界在其位置精度内移动，认定就可能改变。'
    """
    name, share = row["unit_name"], percent(row["share"])
    distance = number(row["margin_m"])
    nearest = word(row["nearest_side"], language)
    at_issue = sides(row["sides"], language)
    decision = word(row["decision"], language)
    if language == "zh":
        text = (
            f"{name}：{decision}。{share} 的面积在范围内，单元边线距范围{nearest}界 {distance} 米。"
        )
        if row["near_edge"]:
            text += f"{at_issue}界在其位置精度内移动，认定就可能改变。"
        elif row["sides"]:
            text += f"穿过它的是{at_issue}界；在界线的位置精度内，认定不会改变。"
        else:
            text += "在界线的位置精度内，认定不会改变。"
        return text
    text = (
        f"{name}: {decision}. {share} of its area lies inside; its border is {distance} m from the "
        f"{nearest} edge. "
    )
    if row["near_edge"]:
        return f"{text}Moving the {at_issue} edge within its accuracy could change the decision."
    if row["sides"]:
        return f"{text}The {at_issue} edge cuts it; within the edges' accuracy the decision stands."
    return f"{text}Within the edges' accuracy the decision stands."


def floored(rate: float | None) -> float:
    """A rate as a percentage with one decimal, rounded down as `percent` does; NaN for none.

    Examples
    --------
    >>> floored(0.9996), floored(0.57)
    (99.9, 57.0)
    """
    if rate is None or math.isnan(rate):
        return math.nan
    return math.floor((rate + REACHES) * 1000) / 10


def csv_bytes(
    table: pd.DataFrame, headings: dict[str, tuple[str, str]], language: Language
) -> bytes:
    """A table as CSV that a spreadsheet opens in the right encoding and never takes for formulas.

    Parameters
    ----------
    table : columns as in `headings`; others are left out
    headings : of the columns, both languages
    language : "zh" or "en"

    Returns
    -------
    bytes
        UTF-8 with a byte order mark, which is how Excel knows it; numbers as numbers, text inert.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    columns = [name for name in headings if name in table]
    writer.writerow([inert_cell(heading(headings, name, language)) for name in columns])
    for row in table[columns].itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    if isinstance(value, (int, float)):
        return "" if isinstance(value, float) and math.isnan(value) else value
    return inert_cell(value)


def _names_of_coarser(survey: Survey) -> dict[object, object]:
    for layer in survey.district.levels[1:2]:
        if layer.unit is not None and survey.has(layer.name):
            frame = survey.frame(layer.name)
            return dict(zip(frame[layer.unit.code], frame[layer.unit.name], strict=True))
    return {}
