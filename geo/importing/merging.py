"""What a returned ledger changes: each of its rows held against the round it was printed from and the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import abridge, amount
from ..model import Finding, Layer, Severity
from ..said import NOTHING, Said, joined, quoted
from ..sources.base import LeftOut
from ..validate import find_column
from ..vocabulary import read_values
from ..vocabulary.words import plain

if TYPE_CHECKING:
    from ..store.base import Store

Value = str | None
STATE, REMARKS = "status", "remarks"
TAKEN = (STATE, REMARKS)
"""The fields in which a ledger may be changed."""
_STATE_WORD = "state:"
_SHOWN = 5


@dataclass(frozen=True)
class LedgerRecord:
    """What a ledger says of itself."""

    said: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """What each column of its sheet holds, from the first."""
        return tuple(self.said["columns"].split(","))

    @property
    def states(self) -> dict[str, str]:
        """Its words for each state, in plain form; the word for an unknown one stands for itself."""
        words = {
            name.removeprefix(_STATE_WORD): text
            for name, text in self.said.items()
            if name.startswith(_STATE_WORD)
        }
        return {plain(text): name for name, text in words.items() if name}

    @property
    def unknown(self) -> str:
        """Its word for a state that is not known, in plain form."""
        return plain(self.said.get(_STATE_WORD, ""))


@dataclass(frozen=True)
class Line:
    """A row of the ledger: its place in the file, its key, and what stands in each column."""

    label: str
    key: str
    values: Mapping[str, Value]


class Merge:
    """What a ledger changes, held against what it was printed from and what is newest."""

    def __init__(
        self, layer: Layer, store: Store, printed: str, newest: str, record: LedgerRecord
    ) -> None:
        self.layer = layer
        self.record = record
        self.newest_round = newest
        self.frame = store.read(newest, layer.name)
        self.before = _entries(store.read(printed, layer.name), layer)
        self.now = _entries(self.frame, layer)
        self.changes: list[tuple[str, str, Value, Value]] = []
        self.left_out: list[LeftOut] = []
        self._already = 0
        self._ignored: list[Said] = []

    def take(self, lines: list[Line]) -> None:
        """Find what each row changes, or why it cannot be taken."""
        seen: set[str] = set()
        for line in lines:
            reason = self._take(line, seen)
            if reason:
                named = Said(f"{line.key}: {reason}", f"{line.key}：{reason.zh}")
                self.left_out.append(LeftOut(line.label, named))
            seen.add(line.key)

    def _take(self, line: Line, seen: set[str]) -> Said:
        """Why the row cannot be taken; empty where it can."""
        if line.key in seen:
            return Said("a row above has that key already", "上方已有此编号的行")
        if line.key not in self.before:
            printed = self.record.said["round"]
            return Said(f"no such {self.layer.key} in round {printed}", f"{printed} 轮次无此编号")
        if line.key not in self.now:
            return Said(
                f"no longer in round {self.newest_round}", f"{self.newest_round} 轮次已无此项"
            )
        said: dict[str, Value] = {}
        if STATE in line.values:
            found = self._state(line.values[STATE])
            if found is None:
                cell = line.values[STATE]
                return Said(
                    f"{cell or 'an empty cell'!r} is no state;"
                    f" expected one of {', '.join(self._words())}",
                    f"{quoted(cell).zh if cell else '空单元格'}不是规定的状态；"
                    f"应为{'、'.join(self._words())}之一",
                )
            said[STATE] = found[0]
        if REMARKS in line.values:
            said[REMARKS] = line.values[REMARKS]
        before, current = self.before[line.key], self.now[line.key]
        edits = {name: value for name, value in said.items() if value != before[name]}
        clashes = [
            name
            for name, value in edits.items()
            if current[name] != before[name] and current[name] != value
        ]
        if clashes:
            return joined(
                (
                    Said(
                        f"{name} became {current[name] or 'unknown'!r} in round {self.newest_round},"
                        f" and is {edits[name] or 'unknown'!r} in the ledger",
                        f"{self.layer.field_called(name).zh}在 {self.newest_round} 轮次已改为"
                        f"{_shown(current[name])}，而台账填{_shown(edits[name])}",
                    )
                    for name in clashes
                ),
                "; ",
                "；",
            )
        for name, value in edits.items():
            if current[name] == value:
                self._already += 1
            else:
                self.changes.append((line.key, name, current[name], value))
        for name, value in line.values.items():
            if name not in TAKEN and name in before and value != before[name]:
                self._ignored.append(
                    Said(
                        f"{line.key} {name} {value or 'empty'!r}",
                        f"{line.key} {self.layer.field_called(name).zh}"
                        f"{quoted(value).zh if value else '为空'}",
                    )
                )
        return NOTHING

    def _state(self, text: Value) -> tuple[Value] | None:
        """The state that a cell names, or None where it names none."""
        if text is None:
            return None
        word = plain(text)
        if word == self.record.unknown:
            return (None,)
        known = self.record.states.get(word)
        if known in self.layer.fields[STATE].values:
            return (known,)
        reading = read_values(pd.Series([text], dtype=object), self.layer.fields[STATE])
        value = reading.values.iloc[0]
        return None if value is pd.NA else (str(value),)

    def _words(self) -> list[str]:
        return [text for name, text in self.record.said.items() if name.startswith(_STATE_WORD)]

    def changed(self) -> pd.DataFrame:
        """The newest rows as stored, with what the ledger changes."""
        frame = self.frame.copy()
        keys = _keys(frame, self.layer)
        at = {key: position for position, key in enumerate(keys) if key is not None}
        for name in {name for _, name, _, _ in self.changes}:
            column = find_column(frame, name)
            values = (
                np.full(len(frame), None, dtype=object)
                if column is None
                else frame[column].astype(object).to_numpy(copy=True)
            )
            for key, field, _, value in self.changes:
                if field == name:
                    values[at[key]] = value
            shaped = pd.Series(values, index=frame.index, dtype="string")
            frame[column or name] = shaped
        return frame

    def findings(self) -> list[Finding]:
        """What was taken, and what was not."""
        found: list[Finding] = []

        def add(
            code: str, severity: Severity, rows: tuple[str, ...], text: Said, remedy: Said
        ) -> None:
            found.append(Finding(code, severity, self.layer.name, rows, text, NOTHING, remedy))

        keys = tuple(dict.fromkeys(key for key, *_ in self.changes))
        shown = [
            Said(
                f"{key} {name} {old or 'unknown'} → {new or 'unknown'}",
                f"{key} {self.layer.field_called(name).zh} {old or '情况不明'} → {new or '情况不明'}",
            )
            for key, name, old, new in self.changes
        ]
        if shown:
            text = Said(
                f"{amount(len(shown), 'entry', 'entries')} of {amount(len(keys), 'row')} changed: ",
                f"{len(keys):,} 行有 {len(shown):,} 处改动：",
            ) + abridge(shown, _SHOWN)
        else:
            text = Said("nothing changed", "无改动")
        add("ledger-changes", "info", keys, text, NOTHING)
        if self._already:
            text = Said(
                f"{amount(self._already, 'entry is', 'entries are')} in round {self.newest_round} as the"
                f" ledger has {'it' if self._already == 1 else 'them'}",
                f"{self._already:,} 处在 {self.newest_round} 轮次中已与台账一致",
            )
            add("ledger-changes", "info", (), text, NOTHING)
        if self._ignored:
            text = Said(
                f"{len(self._ignored)} entries beside state and remarks differ from the round and were not"
                " taken: ",
                f"状态和备注以外有 {len(self._ignored):,} 处与轮次不同，未采用：",
            ) + abridge(self._ignored, _SHOWN)
            remedy = Said(
                "change them where the layer is kept, and import it",
                "在图层的原始数据中修改后再导入",
            )
            add("ledger-other-columns", "warning", (), text, remedy)
        if self.left_out:
            rows = tuple(item.row for item in self.left_out)
            reasons = [item.reason for item in self.left_out]
            text = Said(
                f"{amount(len(rows), 'row')} of the ledger were not taken: ",
                f"台账有 {len(rows):,} 行未采用：",
            ) + abridge(reasons, _SHOWN)
            remedy = Said(
                "settle them with the office, and send a ledger of the new round",
                "与填报单位核实，并下发新轮次的台账",
            )
            add("ledger-conflict", "warning", rows, text, remedy)
        return found


def _shown(value: Value) -> str:
    """An entry as Chinese quotes it."""
    return quoted(value).zh if value else "“情况不明”"


def _entries(frame: pd.DataFrame, layer: Layer) -> dict[str, dict[str, Value]]:
    """For each key the fields that a ledger prints as they are stored: states, remarks, texts, dates."""
    columns: dict[str, list[Value]] = {}
    for name, spec in layer.fields.items():
        if name == layer.key or (name != STATE and spec.type not in ("text", "date")):
            continue
        stored = find_column(frame, name)
        if stored is None:
            columns[name] = [None] * len(frame)
            continue
        values = read_values(frame[stored], spec).values
        if spec.type == "date":
            values = values.dt.strftime("%Y-%m-%d").astype("string")
        columns[name] = [
            str(value).strip() or None if isinstance(value, str) else None
            for value in values.astype("string")
        ]
    return {
        key: {name: entries[position] for name, entries in columns.items()}
        for position, key in enumerate(_keys(frame, layer))
        if key is not None
    }


def _keys(frame: pd.DataFrame, layer: Layer) -> list[Value]:
    column = find_column(frame, str(layer.key))
    if column is None:
        return [None] * len(frame)
    keys = read_values(frame[column], layer.fields[str(layer.key)]).values.astype("string")
    return [key.strip() if isinstance(key, str) else None for key in keys]
