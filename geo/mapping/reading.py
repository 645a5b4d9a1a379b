"""A file's columns → the declared fields of its rows, and the entries that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import amount
from ..model import FieldSpec, Finding, Severity
from ..said import NOTHING, Said, joined, quoted
from ..validate import AMISS, READ_AS, expected_values
from ..vocabulary import read_values
from .columns import Mapped, find
from .declared import ROW, FieldMapping, ImportMapping

if TYPE_CHECKING:
    from collections.abc import Callable

_SCIENTIFIC = r"[+-]?\d(?:\.\d+)?[eE]\+?\d+"
_AS_NUMBER = r"(\d+)\.0+"


def chosen(mapping: ImportMapping, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """For each row of a file, whether `where` and `has` choose it."""
    take = np.ones(len(frame), dtype=bool)
    for name, wanted in mapping.where.items():
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        words = {str(value).lower() if isinstance(value, bool) else str(value) for value in values}
        take &= _text(frame, name).isin(words).to_numpy(dtype=bool)
    for name in mapping.has:
        take &= _text(frame, name).notna().to_numpy(dtype=bool)
    return take


def mapped_fields(
    mapped: Mapped,
    frame: pd.DataFrame,
    rows: pd.Series[Any],
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """The declared fields of a file's rows, in their types, and the entries that could not be read.

    Parameters
    ----------
    frame : the file's rows
    rows : what each is called in the file; findings name them so
    progress : called before each field
    """
    columns: dict[str, pd.Series[Any]] = {}
    findings: list[Finding] = []
    for number, (name, one) in enumerate(mapped.fields.items()):
        progress(number, len(mapped.fields), name)
        values, found = _field(mapped, name, one, frame, rows)
        columns[name] = values
        findings += found
    return pd.DataFrame(columns, index=frame.index), tuple(findings)


def _field(
    mapped: Mapped, name: str, one: FieldMapping, frame: pd.DataFrame, rows: pd.Series[Any]
) -> tuple[pd.Series[Any], list[Finding]]:
    layer = mapped.layer
    spec = layer.fields[name]
    stored = _stored(one, frame, rows)
    reading = read_values(stored, spec, one.words, one.unit)
    findings = []

    def add(
        code: str, severity: Severity, at: np.ndarray[Any, Any], found: Said, remedy: Said
    ) -> None:
        named = tuple(rows[at])
        findings.append(
            Finding(code, severity, layer.name, named, found, expected_values(spec), remedy)
        )

    column = "行名" if one.column == ROW else f"“{one.column}”列"
    for item in reading.amiss:
        samples = joined(quoted(value) for value in stored[item.rows].unique()[:5])
        count, why = int(item.rows.sum()), AMISS[item.code]
        text = Said(
            f"{one.column} of {amount(count, 'row')} {why} as {name}, such as {samples};"
            " they count as unknown",
            f"{column}有 {count:,} 行作为{layer.field_called(name).zh}{why.zh}，如{samples.zh}；"
            "按“情况不明”计",
        )
        remedy = Said(
            "say in the mapping file what they mean, or correct them",
            "在字段对应文件中说明其含义，或更正填写内容",
        )
        add(item.code, "warning", item.rows, text, remedy)
    for remark in reading.remarks:
        count, how = int(remark.rows.sum()), READ_AS[remark.code]
        text = Said(
            f"{one.column} of {amount(count, 'row')} {how}: {remark.sample}",
            f"{column}有 {count:,} 行{how.zh}：{remark.sample.zh}",
        )
        add(remark.code, "info", remark.rows, text, NOTHING)
    values = reading.values
    if spec.type == "text" and (name == layer.key or spec.refers_to):
        values = _as_codes(values)
        lost = values.str.fullmatch(_SCIENTIFIC).fillna(False).to_numpy(dtype=bool)
        if lost.any():
            sample = quoted(values[lost].iloc[0])
            text = Said(
                f"{one.column} of {amount(int(lost.sum()), 'row')} lost digits in a spreadsheet, such as"
                f" {sample}; they count as unknown",
                f"{column}有 {int(lost.sum()):,} 行的代码在电子表格中丢失了位数，如{sample.zh}；"
                "按“情况不明”计",
            )
            remedy = Said(
                "format the column as text before typing or pasting codes into it",
                "先把该列设为文本格式，再填写或粘贴代码",
            )
            add("lost-digits", "warning", lost, text, remedy)
            values = values.mask(lost)
    return values, findings


def _as_codes(values: pd.Series[Any]) -> pd.Series[Any]:
    """Codes of a column that a spreadsheet wrote as numbers: 321202001.0 is 321202001, unless some say 2.1."""
    pointed = values.str.contains(".", regex=False).fillna(False)
    if not pointed.any() or not values[pointed].str.fullmatch(_AS_NUMBER).all():
        return values
    return values.where(~pointed, values.str.replace(r"\.0+$", "", regex=True))


def _stored(one: FieldMapping, frame: pd.DataFrame, rows: pd.Series[Any]) -> pd.Series[Any]:
    if one.column is None:
        return pd.Series([one.value] * len(frame), index=frame.index, dtype=object)
    if one.column == ROW:
        return rows.set_axis(frame.index)
    found = find(one.column, [str(column) for column in frame.columns])
    if found is None:
        # A column may be left out by a format where every row lacks it.
        return pd.Series(index=frame.index, dtype=object)
    return frame[found]


def _text(frame: pd.DataFrame, column: str) -> pd.Series[Any]:
    found = find(column, [str(item) for item in frame.columns])
    if found is None:
        return pd.Series(index=frame.index, dtype="string")
    return read_values(frame[found], FieldSpec(type="text")).values
