"""A column of a file or a round → values of a declared field, and what could not be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..model import FieldSpec
from ..said import Said, quoted
from .dates import date, written_in
from .figures import factor_between, figure
from .words import UnreadableError, bool_reader, category_reader, text_of

_DTYPES = {
    "text": "string",
    "category": "string",
    "bool": "boolean",
    "number": "float64",
    "integer": "Int64",
    "date": "datetime64[ms]",
}
EXACT = 2.0**53
"""Below this every whole number is a float of its own."""
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Amiss:
    """Entries that could not be read; they are unknown."""

    code: str
    """`unreadable-value`, `ambiguous-value` or `ambiguous-date`."""
    rows: Mask


@dataclass(frozen=True, eq=False)
class Remark:
    """Entries that were read in a way that is worth saying."""

    code: str
    rows: Mask
    sample: Said


@dataclass(frozen=True, eq=False)
class Reading:
    """Values read by a declaration, what could not be read, and how the rest was understood."""

    values: pd.Series[Any]
    amiss: tuple[Amiss, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def unreadable(self) -> pd.Series[Any]:
        """The rows whose entry could not be read."""
        bad = np.zeros(len(self.values), dtype=bool)
        for item in self.amiss:
            bad |= item.rows
        return pd.Series(bad, index=self.values.index)


def read_values(
    column: pd.Series[Any],
    spec: FieldSpec,
    words: Mapping[str, bool | str] | None = None,
    unit: str | None = None,
) -> Reading:
    """A column as its declaration has it: missing stays missing, what cannot be read becomes so.

    Parameters
    ----------
    column : as stored or as found in a file, of any dtype
    spec : the declared field
    words : further words (in the form of `plain`) for true and false, or for a category's values;
        they come before the vocabulary
    unit : the unit of figures that name none, where it is not the field's own

    Returns
    -------
    Reading
        dtype `string` for text and category, `boolean`, `float64`, `Int64`, or `datetime64[ms]`.

    Examples
    --------
    >>> read_values(pd.Series(["是", "×", None, "perhaps"]), FieldSpec(type="bool")).values.tolist()
    [True, False, <NA>, <NA>]
    >>> width = FieldSpec(type="number", unit="m")
    >>> read_values(pd.Series(["１,２３４.５", "350cm", "wide"]), width).values.tolist()
    [1234.5, 3.5, nan]
    >>> read_values(pd.Series([45292]), FieldSpec(type="date")).values.dt.date.tolist()
    [datetime.date(2024, 1, 1)]
    """
    if not column.notna().any():
        return Reading(pd.Series(index=column.index, dtype=_DTYPES[spec.type], name=column.name))
    if spec.type in ("bool", "category"):
        return _words(column, spec, words or {})
    if spec.type == "text":
        return _texts(column)
    return _dates(column) if spec.type == "date" else _numbers(column, spec, unit)


def _told_apart(column: pd.Series[Any]) -> tuple[np.ndarray[Any, np.dtype[np.intp]], list[Any]]:
    """The number of each row's entry, -1 for none, and the entries; yes and 1, which pandas takes for one, are two."""
    codes, entries = pd.factorize(column, use_na_sentinel=True)
    if column.dtype != object or not pd.api.types.infer_dtype(column).startswith("mixed"):
        return codes, list(entries)
    yes_or_no = np.array([isinstance(value, (bool, np.bool_)) for value in column])
    codes, others = pd.factorize(column.mask(yes_or_no), use_na_sentinel=True)
    said = np.zeros(len(column), dtype=bool)
    said[yes_or_no] = column[yes_or_no].to_numpy(dtype=bool)
    told: list[Any] = list(others)
    for value in (False, True):
        rows = yes_or_no & (said == value)
        if rows.any():
            codes[rows] = len(told)
            told.append(value)
    return codes, told


class _Entries:
    """The different entries of a column, each read once: a million rows seldom hold more than a few."""

    def __init__(self, column: pd.Series[Any]) -> None:
        self.column = column
        try:
            # Text as it is: turning it into objects first takes twice as long as all the rest.
            plain = column if isinstance(column.dtype, pd.StringDtype) else column.astype(object)
            self.codes, entries = _told_apart(plain)
        except TypeError:  # lists and the like, as JSON may nest them
            written = column.map(str, na_action="ignore").astype(object)
            self.codes, different = pd.factorize(written, use_na_sentinel=True)
            entries = list(different)
        self.entries = entries
        self.bad: dict[str, list[int]] = {}
        self.said: dict[str, list[int]] = {}
        self.samples: dict[str, Said] = {}

    def read(self, read: Callable[[Any], Any]) -> list[Any]:
        """What each entry says, and None in the last place, which stands for a missing one."""
        values: list[Any] = []
        for number, entry in enumerate(self.entries):
            try:
                values.append(read(entry))
            except UnreadableError as error:
                values.append(None)
                self.bad.setdefault(error.code, []).append(number)
        return [*values, None]

    def remark(self, code: str, number: int, sample: Said) -> None:
        self.said.setdefault(code, []).append(number)
        self.samples.setdefault(code, sample)

    def rows(self, numbers: Sequence[int]) -> Mask:
        chosen = np.zeros(len(self.entries) + 1, dtype=bool)
        chosen[list(numbers)] = True
        # Code -1 (missing) takes the last place.
        return np.asarray(chosen[self.codes])

    def reading(self, distinct: pd.Series[Any]) -> Reading:
        """Spread over the rows again."""
        values = pd.Series(
            distinct.array.take(self.codes), index=self.column.index, name=self.column.name
        )
        return Reading(
            values,
            tuple(Amiss(code, self.rows(numbers)) for code, numbers in self.bad.items()),
            tuple(
                Remark(code, self.rows(numbers), self.samples[code])
                for code, numbers in self.said.items()
            ),
        )


def _words(column: pd.Series[Any], spec: FieldSpec, words: Mapping[str, bool | str]) -> Reading:
    if spec.type == "bool" and str(column.dtype) == "boolean" and not words:
        return Reading(column)
    entries = _Entries(column)
    read: Callable[[Any], Any] = (
        bool_reader(spec, words) if spec.type == "bool" else category_reader(spec, words)
    )
    return entries.reading(pd.Series(entries.read(read), dtype=_DTYPES[spec.type]))


def _texts(column: pd.Series[Any]) -> Reading:
    if isinstance(column.dtype, pd.StringDtype):
        text = column.astype("string")
    elif pd.api.types.is_bool_dtype(column.dtype):
        text = column.astype("boolean").astype("string").str.lower()
    elif pd.api.types.is_integer_dtype(column.dtype):
        text = column.astype("Int64").astype("string")
    else:
        text = column.map(text_of, na_action="ignore").astype("string")
    # An empty cell says nothing, so it is unknown.
    empty = text.str.strip() == ""
    return Reading(text.mask(empty, pd.NA) if empty.any() else text)


def _numbers(column: pd.Series[Any], spec: FieldSpec, unit: str | None) -> Reading:
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return _figures(column, spec, unit)
    entries = _Entries(column)
    numbers: list[float | None] = []
    for number, found in enumerate(entries.read(lambda entry: figure(entry, spec, unit))):
        value = None if found is None else found[0]
        if value is not None and not _allowed(np.array([value]), spec)[0]:
            entries.bad.setdefault("unreadable-value", []).append(number)
            value = None
        elif found is not None and found[1]:
            entry = quoted(entries.entries[number])
            sample = Said(f"{entry} is {value:g}", f"{entry.zh}即 {value:g}")
            entries.remark("unit-in-text", number, sample)
        numbers.append(value)
    if spec.type == "integer":
        whole = [None if value is None else int(value) for value in numbers]
        return entries.reading(pd.Series(pd.array(whole, dtype="Int64")))
    return entries.reading(pd.Series(numbers, dtype="float64"))


def _figures(column: pd.Series[Any], spec: FieldSpec, unit: str | None) -> Reading:
    """A column of numbers already."""
    present = column.notna().to_numpy(dtype=bool)
    factor = 1.0 if unit is None else factor_between(unit, spec.unit)
    if factor is None:
        return Reading(
            pd.Series(index=column.index, dtype=_DTYPES[spec.type], name=column.name),
            (Amiss("unreadable-value", present),),
        )
    read = column.astype("Float64" if column.hasnans else "float64").astype("float64") * factor
    values: pd.Series[Any] = read
    if spec.type == "integer" and factor == 1 and pd.api.types.is_integer_dtype(column.dtype):
        good = _allowed(read.to_numpy(), spec.model_copy(update={"type": "number"}))
        values = column.astype("Int64")
    else:
        good = _allowed(read.to_numpy(), spec)
        if spec.type == "integer":
            values = read.where(good).astype("Int64")
    bad = present & ~good
    if bad.any():
        values = values.mask(bad)
        return Reading(values, (Amiss("unreadable-value", bad),))
    return Reading(values)


def _allowed(figures: np.ndarray[Any, Any], spec: FieldSpec) -> Mask:
    good = np.isfinite(figures)
    with np.errstate(invalid="ignore"):
        if spec.minimum is not None:
            good &= figures >= spec.minimum
        if spec.maximum is not None:
            good &= figures <= spec.maximum
        if spec.type == "integer":
            # Beyond that a float has lost digits.
            good &= (figures == np.floor(figures)) & (np.abs(figures) < EXACT)
    return np.asarray(good)


def _dates(column: pd.Series[Any]) -> Reading:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        zone = getattr(column.dtype, "tz", None)
        values = column.dt.tz_convert("UTC").dt.tz_localize(None) if zone is not None else column
        return Reading(values.astype("datetime64[ms]"))
    entries = _Entries(column)
    written = written_in(entries.entries)
    dates: list[dt.datetime | None] = []
    for number, found in enumerate(entries.read(lambda entry: date(entry, written))):
        moment, how = found or (None, None)
        if how == "serial" and moment is not None:
            entry = f"{entries.entries[number]}"
            sample = Said(f"{entry} is {moment:%Y-%m-%d}", f"{entry} 即 {moment:%Y-%m-%d}")
            entries.remark("serial-date", number, sample)
        elif how == "order":
            shown_by = quoted(written.shown_by)
            order = "日在前" if written.order == "day first" else "月在前"
            sample = Said(f"{written.order}, as {shown_by} shows", f"{order}，由{shown_by.zh}可知")
            entries.remark("date-order", number, sample)
        dates.append(moment)
    return entries.reading(pd.Series(dates, dtype="datetime64[ms]"))


__all__ = ["Amiss", "Reading", "Remark", "read_values"]
