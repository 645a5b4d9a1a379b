"""Dates as people and spreadsheets write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .words import UNKNOWN, UnreadableError, plain, text_of

EPOCH = dt.datetime(1899, 12, 30)
"""Day 0 of a spreadsheet's count."""
SERIALS = (20_000.0, 60_000.0)
"""Numbers that are taken for such a count: the days from 1954 to 2064."""
_ISO = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:[t\s]\s*(\d.*))?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(?:\s+(\d.*))?")
_SHORT_YEAR = re.compile(r"\d{1,2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*[日号]?")
_DAY_NAME_YEAR = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})")
_NAME_DAY_YEAR = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(z|[-+]\d{2}:?\d{2})?")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
Order = Literal["day first", "month first"]


@dataclass(frozen=True)
class Written:
    """How the dates of a column are written, as far as one entry has to be read by the others."""

    order: Order | None
    """Of day and month where the year comes last; None where no entry tells, or they differ."""
    shown_by: str | None
    """An entry that tells."""


def written_in(entries: Sequence[object]) -> Written:
    """The order of day and month in a column's entries: 25/12/2007 tells what 03/04/2007 means.

    Examples
    --------
    >>> written_in(["03/04/2007", "25/12/2007"]).order
    'day first'
    >>> written_in(["03/04/2007"]).order is None
    True
    """
    found: dict[Order, str] = {}
    for entry in entries:
        parts = _YEAR_LAST.fullmatch(plain(entry)) if isinstance(entry, str) else None
        if parts is not None:
            first, second = int(parts.group(1)), int(parts.group(2))
            if first > 12 >= second:
                found.setdefault("day first", str(entry))
            elif second > 12 >= first:
                found.setdefault("month first", str(entry))
    if len(found) != 1:
        return Written(None, None)
    order, entry = next(iter(found.items()))
    return Written(order, entry)


def date(entry: object, written: Written) -> tuple[dt.datetime, str | None] | None:
    """The date an entry says, and how it was read where that is worth saying; None where it says nothing.

    Returns
    -------
    tuple or None
        `serial` for a spreadsheet's count of days, `order` where the column told day from month.

    Raises
    ------
    UnreadableError
        It is no date, or could be several.
    """
    if isinstance(entry, (bool, np.bool_)):
        raise UnreadableError
    if isinstance(entry, dt.datetime):
        return _plain_time(entry), None
    if isinstance(entry, dt.date):
        return dt.datetime(entry.year, entry.month, entry.day), None
    word = plain(text_of(entry))
    return None if word in UNKNOWN else _in_words(word, written)


def _in_words(word: str, written: Written) -> tuple[dt.datetime, str | None]:
    serial = _serial(word)
    if serial is not None:
        return EPOCH + dt.timedelta(days=serial), "serial"
    parts = _ISO.fullmatch(word) or _COMPACT.fullmatch(word)
    if parts is not None:
        year, month, day = (int(part) for part in parts.groups()[:3])
        return _moment(year, month, day, parts.group(4) if len(parts.groups()) > 3 else None), None
    parts = _YEAR_LAST.fullmatch(word)
    if parts is not None:
        return _year_last(parts, written)
    for pattern, order in ((_DAY_NAME_YEAR, (2, 1, 3)), (_NAME_DAY_YEAR, (1, 2, 3))):
        parts = pattern.fullmatch(word)
        if parts is not None:
            month_name, day_of_month, in_year = (parts.group(number) for number in order)
            return _moment(int(in_year), _month(month_name), int(day_of_month), None), None
    raise UnreadableError("ambiguous-date" if _SHORT_YEAR.fullmatch(word) else "unreadable-value")


def _year_last(parts: re.Match[str], written: Written) -> tuple[dt.datetime, str | None]:
    first, second, year = (int(part) for part in parts.groups()[:3])
    if first == second:
        return _moment(year, first, second, parts.group(4)), None
    if first <= 12 and second <= 12:
        if written.order is None:
            raise UnreadableError("ambiguous-date")
        day, month = (first, second) if written.order == "day first" else (second, first)
        return _moment(year, month, day, parts.group(4)), "order"
    day, month = (first, second) if first > 12 else (second, first)
    return _moment(year, month, day, parts.group(4)), None


def _serial(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if SERIALS[0] <= number < SERIALS[1] else None


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name) or name == "sept" == month[:4]:
            return number
    raise UnreadableError


def _moment(year: int, month: int, day: int, time: str | None) -> dt.datetime:
    try:
        moment = dt.datetime(year, month, day)
        if time is None:
            return moment
        parts = _TIME.fullmatch(time)
        if parts is None:
            raise UnreadableError
        hours, minutes, seconds, zone = parts.groups()
        moment += dt.timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds or 0))
        if int(hours) > 24 or int(minutes) > 59 or float(seconds or 0) >= 61:
            raise UnreadableError
        if zone is not None and zone != "z":
            ahead = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            moment += ahead if zone[0] == "-" else -ahead
    except (ValueError, OverflowError):
        raise UnreadableError from None
    return moment


def _plain_time(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return moment
