"""A list that is shown beside a map: rows in words, with what to sort and narrow them by.

Like a map's description it is plain data: drawn, found, sorted and picked in the browser by our own
script, so that none of it waits for the server or reads text as more than text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .format import NOTHING, Language, number, percent, percent_range, word

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "prose", "number", "range", "chip"]
"""A cell of prose holds sentences, and takes the room that the others leave."""
Cell = str | tuple[object, ...]
"""What is shown; or that, the value to sort by (None: not known), and what its kind draws besides."""

FINDINGS = "findings"
"""The layer of a map whose features are findings, each with its place in the report as its id."""

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "find": "查找",
        "all": "{}：全部",
        "shown": "{} / {} 行",
        "marked": "已选 {}",
        "more": "再显示（余 {} 行）",
        "mark": "选取",
        "mark_all": "选取列出的全部",
        "none": "没有记录",
    },
    "en": {
        "find": "Find",
        "all": "{}: all",
        "shown": "{} of {} rows",
        "marked": "{} marked",
        "more": "Show more ({} left)",
        "mark": "Mark",
        "mark_all": "Mark all that are listed",
        "none": "No rows",
    },
}


@dataclass(frozen=True)
class Column:
    """A column: its heading, what its cells are, and whether rows can be narrowed by its values, where they differ."""

    title: str
    kind: Kind = "text"
    filtered: bool = False


@dataclass(frozen=True)
class Row:
    """A row: the id of the feature it is about, its cells, and a sentence shown when it is picked."""

    id: str
    cells: tuple[Cell, ...]
    detail: str = ""
    find: str = ""
    """More text to find it by, which is not shown."""


@dataclass(frozen=True)
class Listing:
    """A table as a reader sees it."""

    title: str
    language: Language
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    layer: str | None = None
    """The layer of the map beside it whose features the rows are."""
    hint: str = ""
    """Shown where nothing is picked."""
    order: tuple[int, bool] | None = None
    """The column it is sorted by at first, and whether downwards."""
    marking: bool = False
    """Whether rows can be marked, many at once."""
    height_px: int | None = 440


def listing_json(listing: Listing) -> str:
    """A listing as compact JSON: the same listing gives the same text.

    Examples
    --------
    >>> json.loads(listing_json(Listing("t", "en", (Column("a"),), (Row("1", ("x",)),))))["rows"]
    [{'id': '1', 'cells': ['x'], 'detail': '', 'find': ''}]
    """
    filters = []
    for place, column in enumerate(listing.columns):
        if column.filtered:
            values = dict.fromkeys(_shown(row.cells[place]) for row in listing.rows)
            if len(values) > 1:
                filters.append({"column": place, "title": column.title, "values": list(values)})
    plain = {
        "title": listing.title,
        "language": listing.language,
        "layer": listing.layer,
        "hint": listing.hint,
        "order": listing.order,
        "marking": listing.marking,
        "height": listing.height_px,
        "words": _WORDS[listing.language],
        "columns": [{"title": column.title, "kind": column.kind} for column in listing.columns],
        "filters": filters,
        "rows": [
            {"id": row.id, "cells": list(row.cells), "detail": row.detail, "find": row.find}
            for row in listing.rows
        ],
    }
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def number_cell(value: float | None, places: int = 0) -> Cell:
    """A number that sorts as one.

    Examples
    --------
    >>> number_cell(1234.5, 1), number_cell(None)
    (('1,234.5', 1234.5), ('—', None))
    """
    known = value is not None and not math.isnan(value)
    return (number(value, places), float(value or 0.0) if known else None)


def rate_cell(row: Mapping[Hashable, Any]) -> Cell:
    """A rate that sorts as one."""
    return (percent(row["rate"]), known(row["rate"]))


def range_cell(row: Mapping[Hashable, Any]) -> Cell:
    """The bounds of a rate in words, and drawn as a range with a mark at the target or reference."""
    low, high = known(row["rate_lower"]), known(row["rate_upper"])
    mark = known(row["target"])
    if mark is None:
        mark = known(row["reference"])
    return (percent_range(row["rate_lower"], row["rate_upper"]), low, low, high, mark)


def verdict_cell(status: object, language: Language) -> Cell:
    """A verdict as a chip; a dash where there is no target."""
    name = status if isinstance(status, str) else None
    return (word(name, language), _RANK.get(name or ""), name or "none")


_RANK = {"not_met": 3, "undecided": 2, "met": 1, "no_data": 0}


def text_of(value: object) -> str:
    """A text from data; a dash where there is none."""
    missing = value is None or value != value  # noqa: PLR0124
    return NOTHING if missing else str(value)


def texts(values: pd.Series[Any] | Sequence[object]) -> list[str]:
    """A column of texts, a dash where there is none."""
    return [text_of(value) for value in values]


def known(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _shown(cell: Cell) -> str:
    return str(cell[0]) if isinstance(cell, tuple) else cell
