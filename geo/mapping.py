"""Which column of a file becomes which declared field, and what its words mean."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, ValidationError, model_validator

from .catalog import describe
from .errors import DataError, DeclarationError, Fault
from .model import Declared, FieldSpec, Finding, Layer, Scalar
from .vocabulary import plain, read_values

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROW = "#row"
"""Stands for what a row is called in its file (`way 123`), as a column to map."""


class FieldMapping(Declared):
    """Where one field's values come from: a column and what its words mean, or one value for all."""

    column: str | None = None
    value: Scalar | None = None
    yes: tuple[Scalar, ...] = ()
    no: tuple[Scalar, ...] = ()
    """With both `yes` and `no`, every other word is unknown by intent and no finding."""
    values: dict[str, str] = Field(default_factory=dict)
    """For a category: the file's words and the declared values they stand for."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("give either `column` or `value`")
        if self.value is not None and (self.yes or self.no or self.values):
            raise ValueError("`yes`, `no` and `values` read a column; `value` stands by itself")
        doubled = {plain(word) for word in self.yes} & {plain(word) for word in self.no}
        if doubled:
            raise ValueError(f"in both `yes` and `no`: {sorted(doubled)}")
        return self

    @property
    def words(self) -> dict[str, bool | str]:
        """The words it gives a meaning to, in the form they are compared in."""
        meanings: dict[str, bool | str] = {plain(word): True for word in self.yes}
        meanings.update({plain(word): False for word in self.no})
        meanings.update({plain(word): value for word, value in self.values.items()})
        return meanings


class ImportMapping(Declared):
    """How a file becomes a layer: as a mapping file says it, in TOML."""

    layer: str | None = None
    """The declared layer the rows are for."""
    source_layer: str | None = None
    """The file's layer to read."""
    crs: str | None = None
    """What the coordinates are, as for `--crs`."""
    where: dict[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    """Only rows whose column has this value, or one of these."""
    has: tuple[str, ...] = ()
    """Only rows in which these columns are not empty."""
    fields: dict[str, FieldMapping] = Field(default_factory=dict)


@dataclass(frozen=True)
class Mapped:
    """A mapping held against a layer and a file's columns: nothing in it is left to find out."""

    layer: Layer
    mapping: ImportMapping
    fields: Mapping[str, FieldMapping]
    """With those that took a column of their own name or title."""

    @property
    def as_json(self) -> str:
        """The mapping as an import record keeps it."""
        used = self.mapping.model_copy(update={"fields": dict(self.fields)})
        return json.dumps(used.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)

    @property
    def shown(self) -> str:
        """The mapping in a line, and what it leaves unknown.

        The form is `hardened ← surface, zone = urban; unknown: width_m`.
        """
        filled = ", ".join(
            f"{name} ← {one.column}" if one.column is not None else f"{name} = {one.value}"
            for name, one in self.fields.items()
        )
        blank = ", ".join(name for name in self.layer.fields if name not in self.fields)
        return filled + (f"; unknown: {blank}" if blank else "")


def load_mapping(path: Path) -> ImportMapping:
    """Read a mapping file.

    Raises
    ------
    DeclarationError
        It is absent, not TOML, or says something a mapping may not say.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeclarationError(path, ["not found; a mapping is a TOML file"]) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(path, [f"is not TOML in UTF-8: {error}"]) from error
    try:
        return ImportMapping.model_validate(raw)
    except ValidationError as error:
        raise DeclarationError(path, describe(error)) from error


def with_options(mapping: ImportMapping, options: Sequence[str]) -> ImportMapping:
    """The mapping with `NAME=COLUMN` options on top; they take the place of its own for those fields.

    Raises
    ------
    DeclarationError
        An option has no `=`, or nothing on one side of it.

    Examples
    --------
    >>> with_options(ImportMapping(), ["lit=tag:lit"]).fields["lit"].column
    'tag:lit'
    """
    fields = dict(mapping.fields)
    problems = []
    for option in options:
        name, equals, column = (part.strip() for part in option.partition("="))
        if not (name and equals and column):
            problems.append(f"{option!r}: write NAME=COLUMN")
            continue
        kept = fields.get(name)
        words = {} if kept is None else {"yes": kept.yes, "no": kept.no, "values": kept.values}
        fields[name] = FieldMapping(column=column, **words)
    if problems:
        raise DeclarationError("--field", problems)
    return mapping.model_copy(update={"fields": fields})


def columns_wanted(mapping: ImportMapping, layer: Layer) -> frozenset[str]:
    """Every column the mapping may look at, for a format that can give only what is asked."""
    names = {_bare(one.column) for one in mapping.fields.values() if one.column is not None}
    names |= {_bare(name) for name in (*mapping.where, *mapping.has)}
    for name, spec in layer.fields.items():
        names |= _own_names(name, spec)
    return frozenset(names)


def map_columns(mapping: ImportMapping, layer: Layer, file: str, columns: Sequence[str]) -> Mapped:
    """The mapping held against a layer's fields and a file's columns.

    A declared field that is not mapped takes the column of its own name, or else of its title.

    Parameters
    ----------
    mapping : as the user gave it
    layer : the declared layer
    file : the file's name, to speak of it
    columns : all columns the file has

    Raises
    ------
    DataError
        A field is not declared, a column is not there, words do not fit the field, or a required field
        gets no column: all of these at once.
    """
    faults: list[Fault] = []
    has = ", ".join(columns) or "none"

    def require(column: str, use: str) -> None:
        if _find(column, columns) is None and column != ROW:
            faults.append(
                Fault(
                    layer.name,
                    f"no column {column!r} in {file} (it has {has})",
                    f"the column {use}",
                    "name one that is there",
                )
            )

    for column in (*mapping.where, *mapping.has):
        require(column, "that rows are chosen by")
    fields: dict[str, FieldMapping] = {}
    for name, one in mapping.fields.items():
        spec = layer.fields.get(name)
        if spec is None:
            faults.append(
                Fault(
                    layer.name,
                    f"a mapping for {name!r}",
                    f"declared fields ({', '.join(layer.fields)})",
                    "correct the name",
                )
            )
            continue
        if one.column is not None:
            require(one.column, f"for {name}")
        faults += [Fault(layer.name, *problem) for problem in _misfits(name, spec, one)]
        fields[name] = one
    for name, spec in layer.fields.items():
        if name not in fields:
            own = next((item for item in columns if _is_own(item, name, spec)), None)
            if own is not None:
                fields[name] = FieldMapping(column=own)
            elif spec.required:
                faults.append(
                    Fault(
                        layer.name,
                        f"no column for {name} (the file has {has})",
                        f"{name} for every row",
                        f"add --field {name}=COLUMN; --field {name}={ROW} takes each row's name in the file",
                    )
                )
    if faults:
        raise DataError(faults)
    ordered = {name: fields[name] for name in layer.fields if name in fields}
    return Mapped(layer, mapping, ordered)


def chosen(mapping: ImportMapping, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """For each row of a file, whether `where` and `has` choose it."""
    import numpy as np

    take = np.ones(len(frame), dtype=bool)
    for name, wanted in mapping.where.items():
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        words = {str(value).lower() if isinstance(value, bool) else str(value) for value in values}
        take &= _text(frame, name).isin(words).to_numpy(dtype=bool)
    for name in mapping.has:
        take &= _text(frame, name).notna().to_numpy(dtype=bool)
    return take


def mapped_fields(
    mapped: Mapped, frame: pd.DataFrame, rows: pd.Series[Any]
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """The declared fields of a file's rows, in their types, and the entries that could not be read.

    Parameters
    ----------
    frame : the file's rows
    rows : what each is called in the file; findings name them so
    """
    import pandas as pd

    columns: dict[str, pd.Series[Any]] = {}
    findings = []
    for name, one in mapped.fields.items():
        spec = mapped.layer.fields[name]
        if one.column is None:
            stored = pd.Series([one.value] * len(frame), index=frame.index, dtype=object)
        elif one.column == ROW:
            stored = rows.set_axis(frame.index)
        else:
            found = _find(one.column, [str(column) for column in frame.columns])
            # A column may be left out by a format where every row lacks it.
            blank = pd.Series(index=frame.index, dtype=object)
            stored = frame[found] if found is not None else blank
        reading = read_values(stored, spec, one.words)
        columns[name] = reading.values
        bad = reading.unreadable.to_numpy(dtype=bool)
        if bad.any():
            samples = ", ".join(repr(str(value)) for value in stored[bad].unique()[:5])
            findings.append(
                Finding(
                    "unreadable-value",
                    "warning",
                    mapped.layer.name,
                    tuple(rows[bad]),
                    f"{one.column} of {int(bad.sum())} rows cannot be read as {name}, such as {samples};"
                    " they count as unknown",
                    _expected(spec),
                    "say in the mapping file what they mean, or correct them",
                )
            )
    return pd.DataFrame(columns, index=frame.index), tuple(findings)


def _misfits(name: str, spec: FieldSpec, one: FieldMapping) -> list[tuple[str, str, str]]:
    problems = []
    if (one.yes or one.no) and spec.type != "bool":
        problems.append(
            (f"`yes` or `no` for {name}", f"a bool field; {name} is {spec.type}", "remove them")
        )
    if one.values and spec.type != "category":
        problems.append(
            (f"`values` for {name}", f"a category field; {name} is {spec.type}", "remove them")
        )
    stray = sorted(set(one.values.values()) - set(spec.values)) if spec.values else []
    if stray:
        problems.append((f"{name} = {', '.join(stray)}", _expected(spec), "correct the value"))
    if one.value is not None:
        import pandas as pd

        reading = read_values(pd.Series([one.value], dtype=object), spec)
        if reading.values.isna().any():
            problems.append((f"{name} = {one.value!r}", _expected(spec), "correct the value"))
    return problems


def _expected(spec: FieldSpec) -> str:
    return f"one of {', '.join(spec.values)}" if spec.values else f"a {spec.type}"


def _own_names(name: str, spec: FieldSpec) -> set[str]:
    return {name} | ({spec.title.zh, spec.title.en} if spec.title else set())


def _is_own(column: str, name: str, spec: FieldSpec) -> bool:
    return plain(column) in {plain(own) for own in _own_names(name, spec)}


def _bare(column: str) -> str:
    return column.removeprefix("tag:")


def _find(column: str, columns: Sequence[str]) -> str | None:
    """The column as the file writes it: as given, as an OSM tag, or in another case."""
    for wanted in (column, _bare(column)):
        if wanted in columns:
            return wanted
    return next((item for item in columns if item.lower() == column.lower()), None)


def _text(frame: pd.DataFrame, column: str) -> pd.Series[Any]:
    import pandas as pd

    found = _find(column, [str(item) for item in frame.columns])
    if found is None:
        return pd.Series(index=frame.index, dtype="string")
    return read_values(frame[found], FieldSpec(type="text")).values
