"""Mappings a district keeps, one a source, so that the next file of the same columns need not be explained again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DeclarationError
from ..model import Layer
from ..said import Said
from .columns import find
from .declared import ROW, ImportMapping, load_mapping

MOST_ALIKE = 0.8
"""The share of columns in common from which on a file counts as one of the same source."""


@dataclass(frozen=True)
class Kept:
    """A kept mapping that fits a file."""

    path: Path
    mapping: ImportMapping
    alike: float
    """The share of columns in common."""

    @property
    def evidence(self) -> Said:
        """In words."""
        how = "all" if self.alike == 1 else f"{self.alike:.0%} of"
        how_zh = "各列" if self.alike == 1 else f"{self.alike:.0%} 的列"
        said = ", ".join(
            f"{name} ← {one.column}" if one.column is not None else f"{name} = {one.value}"
            for name, one in self.mapping.fields.items()
        )
        crs = self.mapping.crs
        return Said(
            f"{how} columns are those of an earlier import ({self.path.name}): {said}"
            + (f"; coordinates in {crs}" if crs else ""),
            f"{how_zh}与以往某次导入（{self.path.name}）相同：{said.replace(', ', '，')}"
            + (f"；坐标系为 {crs}" if crs else ""),
        )


def kept_mappings(folder: Path, layer: Layer) -> dict[Path, ImportMapping]:
    """The mappings a district keeps for a layer; one that cannot be read is none.

    Parameters
    ----------
    folder : the district's `mappings`
    """
    found = {}
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        try:
            mapping = load_mapping(path)
        except DeclarationError:
            continue
        if mapping.layer == layer.name and mapping.columns:
            found[path] = mapping
    return found


def fitting(kept: dict[Path, ImportMapping], columns: Sequence[str]) -> Kept | None:
    """The kept mapping that was made for a file of these columns, or nearly these."""
    best: Kept | None = None
    mine = set(columns)
    for path, mapping in kept.items():
        theirs = set(mapping.columns)
        alike = len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0
        needed = [one.column for one in mapping.fields.values() if one.column not in (None, ROW)]
        whole = all(find(str(name), columns) for name in (*needed, *mapping.where, *mapping.has))
        if whole and alike >= MOST_ALIKE and (best is None or alike > best.alike):
            best = Kept(path, mapping, alike)
    return best


def keep(folder: Path, mapping: ImportMapping, file: str, at: str) -> Path:
    """Write a mapping into the district's folder, in the place of an earlier one for the same columns.

    Parameters
    ----------
    mapping : with `layer` and `columns`
    file, at : of which file it is, and when it was imported

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    columns = "\n".join(sorted(mapping.columns))
    digest = hashlib.sha256(columns.encode()).hexdigest()[:8]
    target = folder / f"{mapping.layer}-{digest}.toml"
    folder.mkdir(parents=True, exist_ok=True)
    text = f"# {_one_line(file)}, {at}\n{as_toml(mapping)}"
    handle, draft = tempfile.mkstemp(prefix=".atlas-", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(draft).replace(target)
    finally:
        Path(draft).unlink(missing_ok=True)
    return target


def as_toml(mapping: ImportMapping) -> str:
    """A mapping as the text of a mapping file.

    Examples
    --------
    >>> print(as_toml(ImportMapping(layer="lamps", columns=("编号",))), end="")
    layer = "lamps"
    columns = ["编号"]
    """
    dumped = mapping.model_dump(mode="json", exclude_defaults=True)
    fields = dumped.pop("fields", {})
    where = dumped.pop("where", {})
    lines = [f"{key} = {_value(value)}" for key, value in dumped.items()]
    for title, table in (
        ("where", where),
        *((f"fields.{_key(key)}", one) for key, one in fields.items()),
    ):
        if table:
            lines += [
                f"[{title}]",
                *(f"{_key(key)} = {_value(value)}" for key, value in table.items()),
            ]
    return "\n".join(lines) + "\n"


def _key(text: str) -> str:
    return text if text.isascii() and text.replace("_", "").isalnum() else _value(text)


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_value(str(key))} = {_value(item)}' for key, item in value.items())} }}"
    # TOML writes text, numbers and true or false as JSON does, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
