"""Mappings a district keeps, one a source, so that the next file of the same columns need not be explained again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DeclarationError, UnknownNameError
from ..model import ImportRecord, Layer
from ..said import NOTHING, Said
from ..whole import write_whole
from .columns import find
from .declared import ROW, ImportMapping, load_mapping

MOST_ALIKE = 0.8
"""The share of columns in common from which on a file counts as one of the same source."""
UNDONE = ".undone"
"""Follows the name of a mapping that is not proposed any more, since the import that kept it was taken back."""


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

    The earlier one stays beside it, as `NAME.toml.1` and so on, for `set_aside`; one that says the same as another
    takes its place.

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
    if target.exists():
        number = _next(target)
        for one in _earlier(target):
            if _body(one) == _body(target):
                one.unlink()
        shutil.copyfile(target, f"{target}.{number}")
    write_whole(target, f"{_mark(file, at)}\n{as_toml(mapping)}".encode())
    return target


def set_aside(folder: Path, record: ImportRecord, standing: Iterable[ImportRecord]) -> Said | None:
    """No longer propose what an import kept, since it was taken back; what was kept before is proposed again.

    Parameters
    ----------
    folder : the district's `mappings`
    record : the import that was taken back
    standing : those that were not

    Returns
    -------
    Said or None
        What became of the mapping; None where the import kept none.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    mark = _mark(record.file, record.imported_at)
    for path in sorted(folder.glob(f"{record.layer}-*.toml")) if folder.is_dir() else ():
        held = [one for one in (path, *reversed(_earlier(path))) if _first_line(one) == mark]
        if held:
            # Two imports of one file may fall into the same second.
            one = next((one for one in held if _as_recorded(one, record)), held[0])
            return _taken_back(path, one, record, standing)
    return None


def _taken_back(
    path: Path, one: Path, record: ImportRecord, standing: Iterable[ImportRecord]
) -> Said | None:
    """Of a mapping and those it replaced, take the one that an import kept out."""
    where = f"{path.parent.name}/{path.name}"
    said = _recorded(record)
    used = [other for other in standing if other.layer == record.layer and _recorded(other) == said]
    edited = not _as_recorded(one, record)
    if one == path and edited:
        return Said(
            f"the column mapping it kept was edited since, and stays: {where}",
            f"其保存的字段对应之后被修改过，予以保留：{where}",
        )
    if used and not edited:
        last = max(used, key=lambda other: other.imported_at)
        _pass_on(one, path, last)
    elif one != path:
        _put_aside(one, path)
    if one != path:  # another took its place meanwhile, and is what is proposed
        return None
    if used:
        return Said(
            f"the column mapping it kept stays, since the import of {last.file} has the same: {where}",
            f"其保存的字段对应也是导入 {last.file} 所用，予以保留：{where}",
        )
    aside = _put_aside(path, path)
    earlier = _earlier(path)
    if earlier:
        earlier[-1].replace(path)
    return Said(
        f"the column mapping it kept is no longer proposed; it lies in {path.parent.name}/{aside.name}, which --mapping still takes",
        f"其保存的字段对应不再建议采用；见 {path.parent.name}/{aside.name}，仍可用 --mapping 指定",
    ) + (
        Said(
            "; the one before it for the same columns is proposed again",
            "；此前同列的字段对应恢复建议",
        )
        if earlier
        else NOTHING
    )


def _pass_on(one: Path, path: Path, heir: ImportRecord) -> None:
    """Let a mapping be that of an import that has the same, and lie there once."""
    body = _body(one)
    for twin in (path, *_earlier(path)):
        if twin != one and _body(twin) == body:
            if twin == path:
                one.unlink()
                return
            twin.unlink()
    write_whole(one, _mark(heir.file, heir.imported_at).encode() + b"\n" + body)


def _as_recorded(path: Path, record: ImportRecord) -> bool:
    """Whether a kept mapping still says what the import's record says was used."""
    from ..crs import state

    try:
        mapping = load_mapping(path)
        if _how(mapping.model_dump(mode="json", exclude_defaults=True)) != _recorded(record):
            return False
        if mapping.crs is None or not record.crs:
            return True
        return state(mapping.crs).text in record.crs  # which also says what was put right
    except (DeclarationError, UnknownNameError):
        return False


def _recorded(record: ImportRecord) -> dict[str, object]:
    try:
        said = json.loads(record.mapping)
    except ValueError:
        return {}
    return _how(said) if isinstance(said, dict) else {}


def _how(said: dict[str, object]) -> dict[str, object]:
    """What a mapping says of rows and columns, without what its record keeps elsewhere."""
    return {name: said[name] for name in ("where", "has", "join", "fields") if name in said}


def _put_aside(one: Path, path: Path) -> Path:
    """Where a mapping is that is no longer proposed; those that lie there already stay what they were told to be."""
    number, aside = 1, path.with_name(f"{path.name}{UNDONE}")
    while aside.exists():
        if _body(aside) == _body(one):  # tried and taken back once more
            one.unlink()
            return aside
        number += 1
        aside = path.with_name(f"{path.name}.{number}{UNDONE}")
    return one.replace(aside)


def _earlier(path: Path) -> list[Path]:
    """Those that a mapping replaced and that are still there, by when they were imported, the oldest first."""
    held = [one for one in path.parent.glob(f"{path.name}.*") if one.suffix[1:].isdecimal()]
    return sorted(held, key=lambda one: (_first_line(one).rpartition(", ")[2], int(one.suffix[1:])))


def _next(path: Path) -> int:
    return max((int(one.suffix[1:]) for one in _earlier(path)), default=0) + 1


def _mark(file: str, at: str) -> str:
    """The first line of a kept mapping: of which import it is."""
    return f"# {_one_line(file)}, {at}"


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def _body(path: Path) -> bytes:
    """What a kept mapping says, whichever import it is of."""
    return path.read_bytes().partition(b"\n")[2]


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
