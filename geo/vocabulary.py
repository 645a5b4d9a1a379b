"""How written values are read: the words for yes, no and unknown, and figures as people type them.

What a word does not clearly say stays unknown and is reported, never guessed: `x`, say, is a tick on some
forms and a cross on others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .model import FieldSpec

YES = frozenset(
    {"yes", "y", "true", "t", "on", "1", "100%", "是", "有", "对", "√", "✓", "✔", "☑"}
    | {"已", "完成", "已完成", "硬化", "已硬化", "亮化", "已亮化", "已保洁", "已改造", "已出新"}
    | {"已创建", "达标", "已达标", "合格", "完好", "正常"}
)
NO = frozenset(
    {"no", "n", "false", "f", "off", "0", "0%", "否", "无", "没有", "错", "×", "✗", "✘", "☒"}
    | {"未", "未完成", "未硬化", "未亮化", "未保洁", "未改造", "未出新", "未创建"}
    | {"不达标", "未达标", "不合格", "损坏", "故障"}
)
UNKNOWN = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "?", "n/a", "na", "nan", "nil", "null", "none", "<na>"}
    | {"unknown", "不详", "不明", "未知", "不清楚", "待查", "待定", "未调查", "未填"}
)
_DTYPES = {
    "text": "string",
    "category": "string",
    "bool": "boolean",
    "number": "float64",
    "integer": "Int64",
    "date": "datetime64[ms]",
}


@dataclass(frozen=True)
class Reading:
    """Values read by a declaration, and the rows whose entry could not be read (they are unknown)."""

    values: pd.Series[Any]
    unreadable: pd.Series[Any]


def plain(word: object) -> str:
    """A word in the form the vocabularies use: full-width forms made plain, trimmed, case folded.

    Examples
    --------
    >>> plain("　ＹＥＳ ")
    'yes'
    """
    return unicodedata.normalize("NFKC", str(word)).strip().casefold()


def read_values(
    column: pd.Series[Any], spec: FieldSpec, words: Mapping[str, bool | str] | None = None
) -> Reading:
    """A column as its declaration has it: missing stays missing, what cannot be read becomes so.

    Parameters
    ----------
    column : as stored or as found in a file, of any dtype
    spec : the declared field
    words : further words (in the form of `plain`) for true and false, or for a category's values;
        they come before the vocabulary

    Returns
    -------
    Reading
        dtype `string` for text and category, `boolean`, `float64`, `Int64`, or `datetime64[ms]`.

    Examples
    --------
    >>> read_values(pd.Series(["是", "×", None, "perhaps"]), FieldSpec(type="bool")).values.tolist()
    [True, False, <NA>, <NA>]
    >>> read_values(pd.Series(["１,２３４.５", "3 m"]), FieldSpec(type="number")).values.tolist()
    [1234.5, nan]
    """
    given = words or {}
    if not column.notna().any():
        return Reading(_blank(column, spec), _none_of(column))
    if spec.type == "text":
        return _texts(column)
    if spec.type == "bool":
        return _by_word(column, lambda value: _bool(value, given), "boolean")
    if spec.type == "category":
        return _by_word(column, _category_reader(spec, given), "string")
    if spec.type == "date":
        return _dates(column)
    return _numbers(column, spec)


class _UnreadableError(Exception):
    """An entry that says nothing the declaration knows."""


def _by_word(column: pd.Series[Any], read: Callable[[object], Any], dtype: str) -> Reading:
    """Read each different entry once; a million rows seldom hold more than a few words."""
    if str(column.dtype) == dtype == "boolean":
        return Reading(column, _none_of(column))
    codes, entries = pd.factorize(column.astype(object), use_na_sentinel=True)
    values: list[Any] = []
    bad: list[bool] = []
    for entry in entries:
        try:
            values.append(read(entry))
            bad.append(False)
        except _UnreadableError:
            values.append(None)
            bad.append(True)
    # Code -1 (missing) takes the last place, which is the one appended here.
    distinct: pd.Series[Any] = pd.Series([*values, None], dtype=dtype)
    return Reading(
        pd.Series(distinct.array.take(codes), index=column.index, name=column.name),
        pd.Series(np.array([*bad, False])[codes], index=column.index),
    )


def _bool(value: object, words: Mapping[str, bool | str]) -> bool | None:
    word = _word(value)
    if word in words:
        return bool(words[word])
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if words and set(words.values()) == {True, False}:
        # Words for yes and no were given: they are the whole vocabulary, the rest is unknown by intent.
        return None
    if word in UNKNOWN:
        return None
    if word in YES:
        return True
    if word in NO:
        return False
    raise _UnreadableError


def _category_reader(
    spec: FieldSpec, words: Mapping[str, bool | str]
) -> Callable[[object], str | None]:
    known: dict[str, str] = {}
    for value, title in spec.value_titles.items():
        known[plain(title.zh)] = value
        known[plain(title.en)] = value
    known.update({plain(value): value for value in spec.values})
    known.update({word: str(value) for word, value in words.items()})

    def read(value: object) -> str | None:
        word = _word(value)
        if word in known:
            return known[word]
        if word in UNKNOWN:
            return None
        raise _UnreadableError

    return read


def _texts(column: pd.Series[Any]) -> Reading:
    if isinstance(column.dtype, pd.StringDtype):
        text = column.astype("string")
    elif pd.api.types.is_bool_dtype(column.dtype):
        text = column.astype("boolean").astype("string").str.lower()
    elif pd.api.types.is_integer_dtype(column.dtype):
        text = column.astype("Int64").astype("string")
    else:
        text = column.map(_text_of, na_action="ignore").astype("string")
    # An empty cell says nothing, so it is unknown.
    return Reading(text.mask(text.str.strip() == "", pd.NA), _none_of(column))


def _text_of(value: object) -> str:
    # A code that went through a spreadsheet: 321202001.0 is 321202001.
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _word(value: object) -> str:
    return plain(_text_of(value))


def _numbers(column: pd.Series[Any], spec: FieldSpec) -> Reading:
    present = column.notna()
    if pd.api.types.is_bool_dtype(column.dtype):
        read = pd.Series(np.nan, index=column.index)
    elif pd.api.types.is_numeric_dtype(column.dtype):
        read = column.astype("Float64" if column.hasnans else "float64").astype("float64")
    else:
        text = column.map(_figure, na_action="ignore")
        present &= ~text.isin(UNKNOWN)
        read = pd.to_numeric(text, errors="coerce").astype("float64")
    figures = read.to_numpy()
    good = np.isfinite(figures)
    if spec.minimum is not None:
        good &= figures >= spec.minimum
    if spec.maximum is not None:
        good &= figures <= spec.maximum
    values: pd.Series[Any] = read
    if spec.type == "integer":
        good &= figures == np.floor(figures)
        # As integers where they are such already: beyond 2**53 a float would lose digits.
        whole = pd.api.types.is_integer_dtype(column.dtype)
        values = (column if whole else read.where(good)).astype("Int64")
    unreadable = pd.Series(present.to_numpy(dtype=bool) & ~good, index=column.index)
    return Reading(values.mask(~good), unreadable)


def _figure(value: object) -> str:
    return plain(value).replace(",", "")


def _dates(column: pd.Series[Any]) -> Reading:
    present = column.notna()
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        read = column
    elif pd.api.types.is_numeric_dtype(column.dtype):
        # 20071231 is a date as people write it; any other number is not one.
        text = column.astype("Float64").astype("Int64").astype("string")
        read = pd.to_datetime(text, format="%Y%m%d", errors="coerce")
    else:
        words = column.map(plain, na_action="ignore")
        present &= ~words.isin(UNKNOWN)
        text = words.map(_date_text, na_action="ignore").astype("string")
        read = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    if getattr(read.dtype, "tz", None) is not None:
        read = read.dt.tz_localize(None)
    return Reading(read.astype("datetime64[ms]"), present & read.isna())


def _date_text(word: str) -> str:
    if ":" in word:  # with a time of day
        return word.upper()
    for mark in "年月/.":
        word = word.replace(mark, "-")
    parts = word.removesuffix("日").split("-")
    if len(parts) == 3 and all(part.isdecimal() for part in parts):
        return f"{parts[0]}-{parts[1]:0>2}-{parts[2]:0>2}"
    return word


def _blank(column: pd.Series[Any], spec: FieldSpec) -> pd.Series[Any]:
    return pd.Series(index=column.index, dtype=_DTYPES[spec.type], name=column.name)


def _none_of(column: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(False, index=column.index)
