"""Days as a person types them: any written form of one and the same day, or what it may have meant."""

from __future__ import annotations

import calendar
import datetime as dt
import re

import typer

from ..errors import DataError, Fault
from ..said import NOTHING, Said, joined, quoted

_PARTS = re.compile(r"(\d{1,4})\D+(\d{1,2})\D+(\d{1,4})\D*|(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?")
_CENTURY = 2000


def iso_day(param: typer.CallbackParam, value: str | None) -> str | None:
    """What an option says as YYYY-MM-DD; for the callback of an option that takes a day.

    Raises
    ------
    DataError
        It is no day, or could be several; says what it may have meant.
    """
    if value is None or _is_iso(value):
        return value
    from ..vocabulary.dates import Written, date
    from ..vocabulary.words import UnreadableError

    try:
        found = date(value, Written(None, None))
    except UnreadableError:
        found = None
    if found is not None and found[1] is None and found[0].time() == dt.time():
        return found[0].date().isoformat()
    raise DataError(
        Fault(
            max(param.opts, key=len),
            quoted(value) + _wrong(value),
            Said("a day, as 2008-06-30", "日期，如 2008-06-30"),
            _meant(value) if found is None else _nearly(*found),
        )
    )


def _is_iso(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _wrong(text: str) -> Said:
    """Why a text that looks like a day is none."""
    year, month, day = _numbers(text)
    if not year:
        return NOTHING
    if not 1 <= month <= 12:
        return Said(f", which has month {month}", f"，其中月份为 {month}")
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        return Said(
            f", but {year}-{month:02} has {last} days", f"，而 {year} 年 {month} 月只有 {last} 天"
        )
    return NOTHING


def _nearly(moment: dt.datetime, how: str | None) -> Said:
    """What to write for an entry that says a day and more, or says it as a number."""
    day = moment.date().isoformat()
    if how == "serial":
        return Said(
            f"as a spreadsheet's count of days it would be {day}: write that if you mean it",
            f"若为电子表格的日期序号，则是 {day}：确是此意请照此填写",
        )
    return Said(f"leave out the time: {day}", f"请不要带时刻：{day}")


def _meant(text: str) -> Said:
    """What may have been meant, or how to write it."""
    month = _MONTH.fullmatch(text.strip())
    if month is not None and 1 <= int(month[2]) <= 12 and int(month[1]):
        last = calendar.monthrange(int(month[1]), int(month[2]))[1]
        whole = f"{month[1]}-{int(month[2]):02}"
        return Said(
            f"say which day of that month, {whole}-01 to {whole}-{last}",
            f"请写明是该月哪一天（{whole}-01 至 {whole}-{last}）",
        )
    days = _readings(text) or _last_day(text)
    if days:
        either = joined(days, " or ", "或")
        return Said(f"did you mean {either}?", f"是否指 {either.zh}？")
    return Said("write it as YYYY-MM-DD", "请写作 YYYY-MM-DD")


def _numbers(text: str) -> tuple[int, int, int]:
    """Year, month and day in their usual order; zeros where the text is not so."""
    parts = _PARTS.fullmatch(text.strip())
    if parts is None:
        return 0, 0, 0
    year, month, day = (int(part) for part in parts.groups() if part is not None)
    return (year, month, day) if year >= 1000 else (0, 0, 0)


def _last_day(text: str) -> list[str]:
    """The last day of a month that has not so many."""
    year, month, day = _numbers(text)
    if not year or not 1 <= month <= 12 or not 28 < day <= 31:
        return []
    return [f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}"]


def _readings(text: str) -> list[str]:
    """The days that three numbers say in one order or another."""
    parts = _PARTS.fullmatch(text.strip())
    if parts is None:
        return []
    numbers = [part for part in parts.groups() if part is not None]
    found = []
    # Year first as here; day first; month first; year first with day and month changed about.
    for year, month, day in ((0, 1, 2), (2, 1, 0), (2, 0, 1), (0, 2, 1)):
        y, m, d = numbers[year], int(numbers[month]), int(numbers[day])
        if (year, month, day) == (0, 2, 1) and len(y) == 2:
            continue  # nobody writes it so
        if len(y) in (2, 4) and len(numbers[day]) <= 2 and len(numbers[month]) <= 2:
            whole = int(y) + (_CENTURY if len(y) == 2 else 0)
            if whole >= 1000 and 1 <= m <= 12 and 1 <= d <= calendar.monthrange(whole, m)[1]:
                found.append(f"{whole:04}-{m:02}-{d:02}")
    return list(dict.fromkeys(found))
