"""A mapping held against a layer's fields and a file's columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import DataError, Fault
from ..likeness import nearest
from ..model import FieldSpec, Layer
from ..said import NOTHING, Said, alike, joined, quoted
from ..validate import expected_values
from ..vocabulary import read_values
from .declared import ROW, FieldMapping, ImportMapping
from .headings import Match, near_misses, own_match, own_names, stated_unit

if TYPE_CHECKING:
    import pandas as pd

READABLE = 0.9
"""A near miss is proposed where at least this share of its entries can be read as the field."""
_SAMPLE = 5_000
_MOST_WORDS, _SHOWN = 12, 5
_NONE = Said("none", "无")


@dataclass(frozen=True)
class NearMiss:
    """A column that may hold a field by its heading, and what its entries say to that."""

    match: Match
    entries: int
    readable: int
    unread: tuple[str, ...] = ()
    """Some of the words that say nothing, where the column holds but a few."""

    @property
    def in_other_words(self) -> Said:
        """What to say of one that is not proposed, because its words are not the field's."""
        column, field = self.match.column, self.match.field
        words = joined(quoted(word) for word in self.unread)
        return Said(
            f"the column {column!r} is called like {field}, but only {self.readable} of {self.entries} entries can"
            f" be read so, not {words}",
            f"“{column}”列的名称与 {field} 相近，但 {self.entries} 项中只有 {self.readable} 项可按此读取，"
            f"无法识别{words.zh}",
        )

    @property
    def evidence(self) -> Said:
        """In words."""
        column, field, unit = self.match.column, self.match.field, self.match.unit
        said = Said(f"the column {column!r} may be {field}", f"“{column}”列可能是 {field}")
        if unit:
            said += Said(f", in {unit}", f"（单位 {unit}）")
        if self.entries:
            said += Said(
                f": {self.readable} of {self.entries} entries can be read so",
                f"：{self.entries} 项中有 {self.readable} 项可按此读取",
            )
        return said

    @property
    def mapping(self) -> FieldMapping:
        """The column as that field's."""
        return FieldMapping(column=self.match.column, unit=self.match.unit)


@dataclass(frozen=True)
class Mapped:
    """A mapping held against a layer and a file's columns: nothing in it is left to find out."""

    layer: Layer
    mapping: ImportMapping
    fields: Mapping[str, FieldMapping]
    """With those that took a column of their own name or title."""
    near: tuple[NearMiss, ...] = ()
    other_words: tuple[NearMiss, ...] = ()
    """Columns called like a field, whose words are others than the field's."""
    doubled: tuple[Said, ...] = ()
    """Columns that could be a field's as well as the one that was taken."""

    @property
    def used(self) -> ImportMapping:
        """All that was used, as one mapping."""
        return self.mapping.model_copy(update={"fields": dict(self.fields)})

    @property
    def as_json(self) -> str:
        """The mapping as an import record keeps it."""
        dumped = self.used.model_dump(mode="json", exclude_defaults=True, exclude={"columns"})
        return json.dumps(dumped, ensure_ascii=False)

    @property
    def shown(self) -> Said:
        """The mapping in a line, and what it leaves unknown.

        The form is `hardened ← surface, zone = urban; unknown: width_m`.
        """
        filled = joined((_shown(name, one) for name, one in self.fields.items()), zh="，")
        blank = joined(self.blank)
        return filled + Said(f"; unknown: {blank}", f"；情况不明：{blank.zh}") if blank else filled

    def unused(self, columns: Sequence[str], others: Sequence[str] = ()) -> tuple[str, ...]:
        """The columns of the file that nothing was taken from.

        Parameters
        ----------
        columns : all the file has
        others : those that were looked at for other reasons: where the rows are, what they are joined by
        """
        mapping = self.mapping
        looked = [one.column for one in self.fields.values() if one.column is not None]
        looked += [*mapping.where, *mapping.has, *others]
        taken = {find(name, columns) for name in looked}
        return tuple(column for column in columns if column not in taken)

    @property
    def blank(self) -> tuple[str, ...]:
        """The declared fields that nothing was taken for."""
        return tuple(name for name in self.layer.fields if name not in self.fields)

    def with_fields(self, more: Mapping[str, FieldMapping]) -> Mapped:
        """The same with more fields mapped."""
        fields = {**self.fields, **more}
        ordered = {name: fields[name] for name in self.layer.fields if name in fields}
        return replace(self, fields=ordered)


def _shown(name: str, one: FieldMapping) -> Said:
    if one.column is None:
        return alike(f"{name} = {one.value}")
    taken = alike(f"{name} ← {one.column}")
    return taken + Said(f" in {one.unit}", f"（单位 {one.unit}）") if one.unit else taken


def columns_wanted(mappings: Sequence[ImportMapping], layer: Layer) -> frozenset[str]:
    """Every column the mappings may look at, for a format that can give only what is asked."""
    names: set[str] = set()
    for mapping in mappings:
        names |= {_bare(one.column) for one in mapping.fields.values() if one.column is not None}
        names |= {_bare(name) for name in (*mapping.where, *mapping.has)}
        if mapping.join is not None and "=" in mapping.join:
            names.add(_bare(mapping.join.partition("=")[2].strip()))
    for name, spec in layer.fields.items():
        names |= set(own_names(name, spec))
    return frozenset(names)


def map_columns(
    mapping: ImportMapping, layer: Layer, file: str, columns: Sequence[str], frame: pd.DataFrame
) -> Mapped:
    """The mapping held against a layer's fields and a file's columns.

    A declared field that is not mapped takes the column of its own name, or else of its title. What
    looks like one is a near miss, for the user to decide.

    Parameters
    ----------
    mapping : as the user gave it
    layer : the declared layer
    file : the file's name, to speak of it
    columns : all columns the file has
    frame : the file's rows, whose entries are held against the field of a near miss

    Raises
    ------
    DataError
        A field is not declared, a column is not there, or words do not fit the field: all at once.
    """
    faults: list[Fault] = []
    has = joined(columns) or _NONE

    def require(column: str, use: Said) -> None:
        if find(column, columns) is None and column != ROW:
            faults.append(
                Fault(
                    layer.name,
                    Said(
                        f"no column {column!r} in {file} (it has {has})",
                        f"{file} 没有“{column}”列（现有：{has.zh}）",
                    ),
                    Said(f"the column {use}", f"有{use.zh}"),
                    Said("name one that is there", "改选文件中已有的列")
                    + _meant(column, {one: one for one in columns}),
                )
            )

    for column in (*mapping.where, *mapping.has):
        require(column, Said("that rows are chosen by", "用于筛选行的列"))
    fields: dict[str, FieldMapping] = {}
    for name, one in mapping.fields.items():
        spec = layer.fields.get(name)
        if spec is None:
            faults.append(
                Fault(
                    layer.name,
                    Said(f"a mapping for {name!r}", f"对应了未声明的字段“{name}”"),
                    Said(
                        f"declared fields ({', '.join(layer.fields)})",
                        f"已声明的字段（{'、'.join(layer.fields)}）",
                    ),
                    Said("correct the name", "更正字段名") + _meant(name, _own_names(layer)),
                )
            )
            continue
        if one.column is not None:
            called = layer.field_called(name).zh
            require(one.column, Said(f"for {name}", f"与{called}对应的列"))
            if one.unit is None:
                one = one.model_copy(update={"unit": stated_unit(one.column, spec)})  # noqa: PLW2901
        faults += [Fault(layer.name, *problem) for problem in _misfits(name, spec, one)]
        fields[name] = one
    if faults:
        raise DataError(faults)
    doubled = []
    for name, spec in layer.fields.items():
        if name not in fields:
            own = _own_columns(columns, name, spec)
            if own:
                fields[name] = FieldMapping(column=own[0].column, unit=own[0].unit)
            if len(own) > 1:
                taken_from = quoted(own[0].column)
                others = joined(quoted(match.column) for match in own[1:])
                doubled.append(
                    Said(
                        f"{name} was taken from {taken_from}, and not from {others}",
                        f"{layer.field_called(name).zh}取自{taken_from.zh}列，未取{others.zh}列",
                    )
                )
    ordered = {name: fields[name] for name in layer.fields if name in fields}
    taken = {one.column for one in fields.values()}
    near = near_misses(
        [column for column in columns if column not in taken],
        [(name, spec) for name, spec in layer.fields.items() if name not in fields],
    )
    weighed = [_weighed(match, layer, frame) for match in near]
    held = tuple(one for one in weighed if one.readable >= READABLE * one.entries)
    in_other_words = tuple(one for one in weighed if one not in held and one.unread)
    return Mapped(layer, mapping, ordered, held, in_other_words, tuple(doubled))


def require_fields(
    mapped: Mapped,
    columns: Sequence[str],
    filled: frozenset[str] = frozenset(),
    advice: Said = NOTHING,
) -> None:
    """Refuse a mapping that leaves a required field without a column.

    Parameters
    ----------
    mapped : as far as it goes
    columns : the file's, to speak of them
    filled : fields that get their values elsewhere
    advice : what else would do

    Raises
    ------
    DataError
        With what comes near, where anything does.
    """
    near = {one.match.field: one for one in mapped.near}
    faults = []
    for name, spec in mapped.layer.fields.items():
        if spec.required and name not in mapped.fields and name not in filled:
            remedy = Said(
                f"add --field {name}=COLUMN; --field {name}={ROW} takes each row's name in the file",
                f"在字段对应中为 {name} 指定列（命令行：--field {name}=列名；{name}={ROW} 取各行在文件中的名称）",
            )
            if name in near or advice:
                evidence = near[name].evidence if name in near else advice
                remedy = Said(
                    f"{evidence}: --accept-proposals, or {remedy}",
                    f"{evidence.zh}：可采纳建议；或{remedy.zh}",
                )
            has = joined(columns) or _NONE
            called = mapped.layer.field_called(name).zh
            faults.append(
                Fault(
                    mapped.layer.name,
                    Said(
                        f"no column for {name} (the file has {has})",
                        f"没有与{called}对应的列（文件现有：{has.zh}）",
                    ),
                    Said(f"{name} for every row", f"逐行有{called}"),
                    remedy,
                )
            )
    if faults:
        raise DataError(faults)


def _own_names(layer: Layer) -> dict[str, str]:
    """A layer's fields by their names and their titles."""
    titles = {
        title: name
        for name, spec in layer.fields.items()
        if spec.title is not None
        for title in (spec.title.zh, spec.title.en)
    }
    return titles | {name: name for name in layer.fields}


def _meant(name: str, known: Mapping[str, str]) -> Said:
    """What a name that is not there may have meant, among names and what they stand for."""
    near = joined(dict.fromkeys(known[one] for one in nearest(name, known)))
    return Said(f"; nearest: {near}", f"；最接近的：{near.zh}") if near else NOTHING


def find(column: str, columns: Sequence[str]) -> str | None:
    """The column as the file writes it: as given, as an OSM tag, or in another case."""
    for wanted in (column, _bare(column)):
        if wanted in columns:
            return wanted
    return next((item for item in columns if item.lower() == column.lower()), None)


def _own_columns(columns: Sequence[str], name: str, spec: FieldSpec) -> list[Match]:
    """The columns that are called as the field is: by its name before its titles."""
    own = [match for column in columns if (match := own_match(column, name, spec)) is not None]
    return sorted(own, key=lambda match: match.column.strip().lower() != name)


def _weighed(match: Match, layer: Layer, frame: pd.DataFrame) -> NearMiss:
    """Whether the entries of a near miss can be read as the field."""
    if match.column not in frame.columns:
        return NearMiss(match, 0, 0)
    entries = frame[match.column].dropna()
    entries = entries.iloc[:: max(1, len(entries) // _SAMPLE)]
    spec = layer.fields[match.field]
    reading = read_values(entries, spec, unit=match.unit)
    unread: tuple[str, ...] = ()
    if spec.type in ("bool", "category"):
        words = entries[reading.unreadable.to_numpy()].astype(str).unique()
        # Of a hundred different ones none is a word for yes or no.
        unread = tuple(words[:_SHOWN]) if len(words) <= _MOST_WORDS else ()
    return NearMiss(match, len(entries), int((~reading.unreadable).sum()), unread)


def _misfits(name: str, spec: FieldSpec, one: FieldMapping) -> list[tuple[Said, Said, Said]]:
    problems: list[tuple[Said, Said, Said]] = []
    remove, correct = Said("remove them", "删除"), Said("correct the value", "更正取值")
    if (one.yes or one.no) and spec.type != "bool":
        found = Said(f"`yes` or `no` for {name}", f"为 {name} 设了 `yes` 或 `no`")
        expected = Said(
            f"a bool field; {name} is {spec.type}", f"是否型字段；{name} 为 {spec.type} 型"
        )
        problems.append((found, expected, remove))
    if one.values and spec.type != "category":
        found = Said(f"`values` for {name}", f"为 {name} 设了 `values`")
        expected = Said(
            f"a category field; {name} is {spec.type}", f"分类型字段；{name} 为 {spec.type} 型"
        )
        problems.append((found, expected, remove))
    stray = sorted(set(one.values.values()) - set(spec.values)) if spec.values else []
    if stray:
        found = Said(f"{name} = {', '.join(stray)}", f"{name} 取值为 {'、'.join(stray)}")
        problems.append((found, expected_values(spec), correct))
    if one.unit is not None:
        from ..vocabulary.figures import factor_between

        if spec.type not in ("number", "integer") or factor_between(one.unit, spec.unit) is None:
            expected = expected_values(spec)
            problems.append(
                (
                    Said(f"`unit = {one.unit!r}` for {name}", f"{name} 的单位写作“{one.unit}”"),
                    Said(f"a unit of {expected}", f"{expected.zh}所用的单位"),
                    Said("correct it", "更正单位"),
                )
            )
    if one.value is not None:
        import pandas as pd

        reading = read_values(pd.Series([one.value], dtype=object), spec)
        if reading.values.isna().any():
            found = Said(f"{name} = {one.value!r}", f"{name} 取值为 {one.value!r}")
            problems.append((found, expected_values(spec), correct))
    return problems


def _bare(column: str) -> str:
    return column.removeprefix("tag:")
