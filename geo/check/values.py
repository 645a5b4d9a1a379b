"""What the columns say: dates that cannot be, ratios over one, fields that are mostly unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..catalog import Catalog
from ..model import Severity, ShareMeeting
from ..said import NOTHING, Said, joined
from ..validate import PROVENANCE, find_column
from .evidence import Check, Evidence, LayerRows, Observation, amount

EARLIEST = pd.Timestamp("1949-10-01")
"""No survey of this kind is older; spreadsheets make 1900-01-00 of an empty date."""
LATEST_YEARS = 50
DBF_NAME = 10
"""Characters a shapefile keeps of a column's name."""


def future_dates(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Dates of what has happened that lie after the round's own date."""
    for name, spec in rows.layer.fields.items():
        if spec.type == "date" and spec.not_after_round:
            late = (rows.frame[name] > pd.Timestamp(evidence.held_on)).to_numpy(dtype=bool)
            if late.any():
                latest = rows.frame.loc[late, name].max().date()
                yield rows.observe(
                    "future-date",
                    "warning",
                    late,
                    found=Said(
                        f"{name} of {amount(int(late.sum()), 'row')} after the round, up to {latest}",
                        f"{int(late.sum()):,} 行的{rows.layer.field_called(name).zh}晚于调查轮次，"
                        f"最晚 {latest}",
                    ),
                    expected=Said(
                        f"no later than {evidence.held_on}", f"不晚于 {evidence.held_on}"
                    ),
                    remedy=Said(
                        "correct the dates, or put the rows into a later round",
                        "更正日期，或归入以后的轮次",
                    ),
                )


def implausible_dates(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Dates of another age."""
    latest = pd.Timestamp(evidence.held_on) + pd.DateOffset(years=LATEST_YEARS)
    for name, spec in rows.layer.fields.items():
        if spec.type == "date":
            dates = rows.frame[name]
            odd = ((dates < EARLIEST) | (dates > latest)).to_numpy(dtype=bool)
            if odd.any():
                yield rows.observe(
                    "implausible-date",
                    "warning",
                    odd,
                    found=Said(
                        f"{name} of {amount(int(odd.sum()), 'row')} such as {dates[odd].iloc[0].date()}",
                        f"{int(odd.sum()):,} 行的{rows.layer.field_called(name).zh}日期异常，"
                        f"如 {dates[odd].iloc[0].date()}",
                    ),
                    expected=Said(
                        f"from {EARLIEST.date()} to {latest.date()}",
                        f"{EARLIEST.date()} 至 {latest.date()} 之间",
                    ),
                    remedy=Said(
                        "look at how the source writes dates (a spreadsheet counts days from 1899-12-30)",
                        "核对来源的日期写法（电子表格自 1899-12-30 起计日）",
                    ),
                )


def mostly_unknown(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Fields unknown in over half of the rows: the bounds of what is measured with them lie far apart."""
    if not len(rows.frame):
        return
    catalog = evidence.survey.district.catalog
    measured = catalog.measuring_fields(rows.layer)
    unread = {
        finding.found.split(" ", maxsplit=1)[0]
        for finding in rows.conformed.findings
        if finding.code == "unreadable-value"
    }
    whole: dict[Severity, list[str]] = {"warning": [], "info": []}
    for name, spec in rows.layer.fields.items():
        share = float(rows.frame[name].isna().mean())
        if share <= 0.5 or name == rows.layer.key or spec.seldom:
            continue
        severity: Severity = "warning" if measured.get(name) else "info"
        if share == 1:
            whole[severity].append(name)
            continue
        found = Said(
            f"{name} is unknown in {int(share * 100)}% of {amount(len(rows.frame), 'row')}",
            f"{len(rows.frame):,} 行中 {int(share * 100)}% 的{rows.layer.field_called(name).zh}情况不明",
        )
        if name in unread:
            found += Said(", some because their entry cannot be read", "，部分因填写内容无法识别")
        yield _unknown(rows, severity, found, [name], measured, catalog)
    # What nobody surveyed at all is one thing to know, not ten.
    for severity, names in whole.items():
        if names:
            stored = [name for name in names if find_column(rows.stored, name) is not None]
            absent = ", ".join(name for name in names if name not in stored)
            called = joined(rows.layer.field_called(name) for name in names)
            found = called + Said(
                f": unknown in every one of {amount(len(rows.frame), 'row')}",
                f"：{len(rows.frame):,} 行全部情况不明",
            )
            if absent:
                found += (
                    Said(" (no such column)", "（无此列）")
                    if not stored
                    else Said(f" (no column {absent})", f"（无 {absent.replace(', ', '、')} 列）")
                )
            yield _unknown(rows, severity, found, names, measured, catalog)


def _unknown(
    rows: LayerRows,
    severity: Severity,
    found: Said,
    names: Sequence[str],
    measured: Mapping[str, Sequence[str]],
    catalog: Catalog,
) -> Observation:
    uses = catalog.indicators_called(use for name in names for use in measured.get(name, ()))
    return rows.observe(
        "mostly-unknown",
        severity,
        [],
        found=found
        + (Said(f"; measured with it: {uses}", f"；影响指标：{uses.zh}") if uses else NOTHING),
        expected=Said("known in at least half of the rows", "至少半数的行已填"),
        remedy=Said(
            "survey the missing ones, or map the column that holds it",
            "补充调查，或指定存有该项的列",
        ),
    )


def unmatched_columns(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Stored columns that are no declared field but look like one that is missing: cut short, misspelt."""
    taken = {find_column(rows.stored, name) for name in rows.layer.fields}
    missing = [name for name in rows.layer.fields if find_column(rows.stored, name) is None]
    shape = rows.stored.geometry.name if isinstance(rows.stored, gpd.GeoDataFrame) else None
    for column in map(str, rows.stored.columns):
        if column in taken or column == shape or column in PROVENANCE:
            continue
        like = _meant(column, missing)
        if like is not None:
            yield rows.observe(
                "unmatched-column",
                "warning",
                [],
                found=Said(
                    f"the column {column!r} is no declared field, and {like!r} has no column",
                    f"“{column}”列不是已声明的字段，而{rows.layer.field_called(like).zh}没有对应的列",
                ),
                expected=Said(f"the column {like!r}", f"列名为 {like}"),
                remedy=Said(
                    f"import again with --field {like}={column}, if that is what it holds",
                    f"若确为该项，重新导入并将“{column}”对应到 {like}",
                ),
            )


def _meant(column: str, missing: list[str]) -> str | None:
    low = column.lower()
    titles = {name.lower(): name for name in missing}
    for known, name in titles.items():
        if len(low) >= DBF_NAME - 2 and known.startswith(low[:DBF_NAME].rstrip("_0123456789")):
            return name
    close = get_close_matches(low, titles, n=1, cutoff=0.8)
    return titles[close[0]] if close else None


def impossible_ratios(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Features whose part is larger than their whole, in what an indicator divides."""
    for indicator in rows.layer.indicators:
        if not isinstance(indicator, ShareMeeting):
            continue
        ratio = indicator.ratio
        part = rows.frame[ratio.numerator].astype("float64").to_numpy()
        if ratio.denominator == "area" and rows.layer.geometry == "Polygon":
            whole = np.where(rows.usable, shapely.area(rows.shapes), np.nan)
        else:
            whole = rows.frame[ratio.denominator].astype("float64").to_numpy()
        with np.errstate(invalid="ignore"):
            over = part > whole * (1 + 1e-6)
        if over.any():
            whole_zh = (
                "面积"
                if ratio.denominator == "area"
                else rows.layer.field_called(ratio.denominator).zh
            )
            yield rows.observe(
                "impossible-ratio",
                "warning",
                over,
                found=Said(
                    f"{ratio.numerator} of {amount(int(over.sum()), 'row')} is more than their {ratio.denominator}",
                    f"{int(over.sum()):,} 行的{rows.layer.field_called(ratio.numerator).zh}大于其{whole_zh}",
                ),
                expected=Said("a part no larger than the whole", "部分不大于整体"),
                remedy=Said(
                    "check the unit of the figure, and the outline", "核对数值的单位和图形边界"
                ),
            )


def empty_layer(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """A layer that is there without a single row."""
    if not len(rows.stored) and rows.layer.indicators:
        yield rows.observe(
            "empty-layer",
            "info",
            [],
            found=Said("a table without rows: its figures are no_data", "空表：相应数字为“无数据”"),
            expected=Said("rows", "有数据行"),
            remedy=Said("import the survey, or leave the table out", "导入调查数据，或去掉该表"),
        )


CHECKS: tuple[Check, ...] = (
    empty_layer,
    unmatched_columns,
    future_dates,
    implausible_dates,
    impossible_ratios,
    mostly_unknown,
)
