"""What a user says of a file: which column becomes which field, and what its words mean."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from ..errors import DeclarationError
from ..misdeclared import describe, unreadable
from ..model import Declared, Scalar
from ..said import Said
from ..vocabulary import plain

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
    unit: str | None = None
    """The unit of figures that name none, where it is not the field's: `cm`, say."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError(
                Said("give either `column` or `value`", "`column` 与 `value` 须且只能写一个")
            )
        if self.value is not None and (self.yes or self.no or self.values or self.unit):
            raise ValueError(
                Said(
                    "`yes`, `no`, `values` and `unit` read a column; `value` stands by itself",
                    "`yes`、`no`、`values`、`unit` 用于读取列；`value` 须单独使用",
                )
            )
        doubled = {plain(word) for word in self.yes} & {plain(word) for word in self.no}
        if doubled:
            both = sorted(doubled)
            raise ValueError(
                Said(f"in both `yes` and `no`: {both}", f"同时写在 `yes` 和 `no` 中：{both}")
            )
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
    join: str | None = None
    """The layer whose rows say where these are, by code or name: `LAYER` or `LAYER=COLUMN`."""
    fields: dict[str, FieldMapping] = Field(default_factory=dict)
    columns: tuple[str, ...] = ()
    """The columns of the file it was made for; it is proposed for another file that has the same."""


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
        raise DeclarationError(
            path, [Said("not found; a mapping is a TOML file", "未找到；字段对应是一个 TOML 文件")]
        ) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(path, [unreadable(error)]) from error
    try:
        return ImportMapping.model_validate(raw)
    except ValidationError as error:
        raise DeclarationError(path, describe(error, ImportMapping)) from error


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
            problems.append(Said(f"{option!r}: write NAME=COLUMN", f"“{option}”：请写作 字段=列名"))
            continue
        kept = fields.get(name)
        words = {} if kept is None else kept.model_dump(include={"yes", "no", "values", "unit"})
        fields[name] = FieldMapping(column=column, **words)
    if problems:
        raise DeclarationError("--field", problems)
    return mapping.model_copy(update={"fields": fields})
