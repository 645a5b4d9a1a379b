"""The lists of the app: units by decision, units by figure, the rows behind a figure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from .format import Language, amount, capital, percent, percent_range, word
from .listing import (
    Cell,
    Column,
    Listing,
    Row,
    known,
    number_cell,
    range_cell,
    rate_cell,
    text_of,
    verdict_cell,
)
from .tables import scope_table, why

if TYPE_CHECKING:
    from ..model import Indicator
    from ..scope import Scope
    from ..survey import Survey

_SAID: dict[str, tuple[str, str]] = {
    "units": ("单元清单", "List of units"),
    "name": ("名称", "Name"),
    "town": ("镇（街道）", "Town"),
    "decision": ("认定", "Decision"),
    "before": ("现行认定", "Now"),
    "share": ("面积占比", "Share inside"),
    "margin": ("距边界 m", "To border, m"),
    "near": ("临界", "Near edge"),
    "sides": ("相关界线", "Edges"),
    "verdict": ("判定", "Verdict"),
    "rate": ("比率", "Rate"),
    "level": ("单元层级", "Level"),
    "indicator": ("指标", "Indicator"),
    "surveyed": ("现判定", "As surveyed"),
    "tried": ("试算后", "In the trial"),
    "rate_surveyed": ("现比率", "Rate now"),
    "rate_tried": ("试算比率", "Rate in the trial"),
    "bounds": ("上下限与目标", "Bounds and target"),
    "unknown": ("情况不明", "Unknown"),
    "total": ("合计", "Total"),
    "key": ("编号", "Id"),
    "state": ("状态", "State"),
    "source": ("来源", "Source"),
    "nowhere": ("不在任何单元内", "in no unit"),
    "in_round": ("本轮次第 {} 行", "row {} of this round"),
    "mixed": ("部分", "in part"),
}


def scope_listing(survey: Survey, scope: Scope, language: Language, hint: str) -> Listing:
    """The finest units with their decisions; the sentence of each is its reason.

    Parameters
    ----------
    survey : the round
    scope : its decisions
    language : "zh" or "en"
    hint : shown where none is picked
    """
    layer = survey.district.levels[0]
    table = scope_table(survey, scope, language)
    decided = {row["unit_code"]: row for row in scope.rows.to_dict("records")}
    rows = tuple(
        Row(
            row["unit_code"],
            (
                row["unit_name"],
                row["town"],
                (row["decision"], {"in": 0, "partly": 1, "out": 2}[row["kind"]], row["kind"]),
                (f"{row['share']:.1f}%", row["share"]),
                number_cell(decided[row["unit_code"]]["margin_m"]),
                row["near_edge"],
                row["sides"],
            ),
            why(decided[row["unit_code"]], language),
            row["unit_code"],
        )
        for row in table.to_dict("records")
    )
    columns = (
        Column(_said("name", language)),
        Column(_said("town", language), filtered=True),
        Column(_said("decision", language), "chip", filtered=True),
        Column(_said("share", language), "number"),
        Column(_said("margin", language), "number"),
        Column(_said("near", language), filtered=True),
        Column(_said("sides", language)),
    )
    return Listing(
        _said("units", language), language, columns, rows, layer.name, hint, height_px=520
    )


def changes_listing(survey: Survey, before: Scope, after: Scope, language: Language) -> Listing:
    """The finest units that another rule decides otherwise."""
    layer = survey.district.levels[0]
    level = layer.unit.level if layer.unit else None
    old = before.rows[before.rows["level"] == level].set_index("unit_code")["decision"]
    rows = []
    for row in after.rows[after.rows["level"] == level].to_dict("records"):
        was = old.get(row["unit_code"])
        if was is not None and was != row["decision"]:
            chips = [(word(kind, language), kind, kind) for kind in (was, row["decision"])]
            share = (percent(row["share"]), float(row["share"]))
            rows.append(
                Row(
                    str(row["unit_code"]),
                    (text_of(row["unit_name"]), *chips, share),
                    why(row, language),
                )
            )
    columns = (
        Column(_said("name", language)),
        Column(_said("before", language), "chip"),
        Column(_said("decision", language), "chip"),
        Column(_said("share", language), "number"),
    )
    return Listing(
        _said("units", language), language, columns, tuple(rows), layer.name, height_px=260
    )


def figures_listing(
    rows: pd.DataFrame, indicator: Indicator, judged: bool, language: Language, hint: str = ""
) -> Listing:
    """The units of a level by an indicator, the lowest rate first, bounds drawn as ranges.

    Parameters
    ----------
    rows : of `coverage_of`, of one indicator, level and scope
    indicator : its declaration
    judged : whether it has a target here
    language : "zh" or "en"
    hint : shown where none is picked
    """
    shown = rows[rows["unit_code"].notna() | (rows["total"] > 0)]
    made = []
    for row in shown.to_dict("records"):
        code, measure = row["unit_code"], row["measure"]
        name = _said("nowhere", language) if pd.isna(code) else text_of(row["unit_name"])
        verdict = (verdict_cell(row["status"], language),) if judged else ()
        made.append(
            Row(
                "" if pd.isna(code) else str(code),
                (
                    name,
                    *verdict,
                    rate_cell(row),
                    range_cell(row),
                    *(_amount(row[part], measure, language) for part in ("unknown", "total")),
                ),
                _sentence(name, row, language),
                "" if pd.isna(code) else str(code),
            )
        )
    columns = [
        Column(_said("name", language)),
        *([Column(_said("verdict", language), "chip", filtered=True)] if judged else []),
        Column(_said("rate", language), "number"),
        Column(_said("bounds", language), "range"),
        Column(_said("unknown", language), "number"),
        Column(_said("total", language), "number"),
    ]
    return Listing(
        indicator.title.in_(language),
        language,
        tuple(columns),
        tuple(made),
        f"units:{indicator.id}",
        hint,
        order=(2 if judged else 1, False),
        height_px=470,
    )


def verdicts_listing(
    before: pd.DataFrame, after: pd.DataFrame, titles: Mapping[str, str], language: Language
) -> Listing:
    """The units of which a trial changes the verdict, by indicator.

    Parameters
    ----------
    before, after : of `coverage_of`, of the same indicators
    titles : what the indicators are called, by id
    language : "zh" or "en"
    """
    key = ["indicator", "level", "unit_code", "scope"]
    judged = after[after["status"].notna() & after["unit_code"].notna()]
    both = judged.merge(before[[*key, "status", "rate"]], on=key, suffixes=("", "_was"))
    changed = both[(both["status"] != both["status_was"]) & (both["scope"] == "all")]
    made = tuple(
        Row(
            str(row["unit_code"]),
            (
                text_of(row["unit_name"]),
                word(row["level"], language),
                titles.get(row["indicator"], str(row["indicator"])),
                verdict_cell(row["status_was"], language),
                verdict_cell(row["status"], language),
                rate_cell({"rate": row["rate_was"]}),
                rate_cell(row),
            ),
            _sentence(text_of(row["unit_name"]), row, language),
        )
        for row in changed.to_dict("records")
    )
    columns = (
        Column(_said("name", language)),
        Column(_said("level", language), filtered=True),
        Column(_said("indicator", language), filtered=True),
        Column(_said("surveyed", language), "chip"),
        Column(_said("tried", language), "chip", filtered=True),
        Column(_said("rate_surveyed", language), "number"),
        Column(_said("rate_tried", language), "number"),
    )
    title = _said("verdict", language)
    return Listing(title, language, columns, made, height_px=300)


def rows_listing(
    pieces: pd.DataFrame, indicator: Indicator, measure: str, language: Language
) -> Listing:
    """The features behind a figure, each with what of it is covered, not covered, unknown, and its source.

    Parameters
    ----------
    pieces : of `rows_behind`; the pieces of one feature are added up
    indicator : its declaration
    measure : "m", "m2" or "count"
    language : "zh" or "en"
    """
    parts = ["covered", "not_covered", "unknown"]
    first = pieces.groupby("fid", sort=False).agg(
        {**dict.fromkeys(parts, "sum"), "key": "first", "label": "first"}
        | dict.fromkeys(("source_file", "source_row"), "first")
    )
    made = []
    for fid, row in zip(first.index, first.to_dict("records"), strict=True):
        slack = 1e-9 * max(sum(row[part] for part in parts), 1e-9)
        kinds = [part for part in parts if row[part] > slack]
        state = word(kinds[0], language) if len(kinds) == 1 else _said("mixed", language)
        chip = {"covered": "met", "not_covered": "not_met", "unknown": "undecided"}
        kind = chip[kinds[0]] if len(kinds) == 1 else "info"
        key = str(fid) if pd.isna(row["key"]) else str(row["key"])
        source = (
            _said("in_round", language).format(fid)
            if pd.isna(row["source_file"])
            else f"{row['source_file']} · {text_of(row['source_row'])}"
        )
        made.append(
            Row(
                key,
                (
                    text_of(row["label"]),
                    key,
                    (state, kind, kind),
                    *(_amount(row[part], measure, language) for part in parts),
                    source,
                ),
            )
        )
    columns = (
        Column(_said("name", language)),
        Column(_said("key", language)),
        Column(_said("state", language), "chip", filtered=True),
        *(Column(capital(word(part, language)), "number") for part in parts),
        Column(_said("source", language)),
    )
    return Listing(
        indicator.title.in_(language),
        language,
        columns,
        tuple(made),
        f"figure:{indicator.id}",
        height_px=360,
    )


def attributes_listing(
    title: str,
    layer: str,
    ids: Sequence[str],
    labels: Sequence[str],
    columns: Sequence[tuple[str, Sequence[str]]],
    language: Language,
) -> Listing:
    """The features of a layer with some of their attributes in words, to be marked."""
    rows = tuple(
        Row(one, (label, *said), "")
        for one, label, *said in zip(ids, labels, *(values for _, values in columns), strict=True)
    )
    heads = (
        Column(_said("name", language)),
        *(Column(name, filtered=len(set(values)) <= 12) for name, values in columns),
    )
    return Listing(title, language, heads, rows, layer, marking=True, height_px=520)


def _sentence(name: str, row: Mapping[Hashable, Any], language: Language) -> str:
    measure = row["measure"]
    parts = " · ".join(
        f"{word(part, language)} {amount(row[part], measure, language)}"
        for part in ("covered", "not_covered", "unknown")
    )
    limits = percent_range(row["rate_lower"], row["rate_upper"])
    form = "{}：{}（上下限 {}） {}" if language == "zh" else "{}: {} (bounds {}) {}"
    return form.format(name, percent(row["rate"]), limits, parts)


def _amount(value: float, measure: str, language: Language) -> Cell:
    return amount(value, measure, language), known(value)


def _said(name: str, language: Language) -> str:
    return _SAID[name][0 if language == "zh" else 1]
