"""Rounds as GeoPackage files, `YYYY-MM-DD.gpkg`, each written whole or not at all.

A published round has a record beside it, `YYYY-MM-DD.published.json`, and its file is made read-only.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import geopandas as gpd
import pandas as pd

from ..errors import StoreError, UnknownNameError
from ..model import ImportRecord
from ..said import Said
from .base import require_date
from .bookkeeping import (
    finish,
    geopackage_time,
    keep_imports,
    last_step,
    read_imports,
    steps_of,
    take_out,
)
from .digest import table_digest
from .durable import put_in_place, put_new, remove
from .folder import RoundsFolder, Step, changed_meanwhile, exists_already
from .saved_styles import keep_styles, kept_nowhere_else, styles_in
from .tables import count_tables, read_table, require_names, without_index, write_table

if TYPE_CHECKING:
    from .scan_geopackage import GeoPackageScan

_ROUND_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.gpkg\Z")
_LOG_BYTE = 18
"""Where a SQLite file says that writers log beside it; a crashed one has left it so."""
_SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again without its time stamp telling."""

_State = tuple[int, int, int]
_Value = TypeVar("_Value")


class GeoPackageStore(RoundsFolder):
    """A folder of GeoPackage rounds; meets `Store`."""

    # -- reading ----------------------------------------------------------------------------------------

    def rounds(self) -> tuple[str, ...]:
        """The ISO dates of the rounds, oldest first."""
        return tuple(sorted(name[: -len(".gpkg")] for name in self._names(_ROUND_FILE)))

    def tables(self, round_: str) -> tuple[str, ...]:
        """The names of the round's tables, as stored."""
        return tuple(self.sizes(round_))

    def sizes(self, round_: str) -> Mapping[str, int]:
        """How many rows each table has."""
        return _looked(count_tables, self._path(round_))

    def read(self, round_: str, table: str) -> gpd.GeoDataFrame | pd.DataFrame:
        """A table as stored, index `fid`."""
        known = self.sizes(round_)
        if table not in known:
            raise UnknownNameError(f"table in round {round_}", table, known)
        return read_table(self._path(round_), table, known[table])

    def scan(self, round_: str, table: str) -> GeoPackageScan:
        """A table to be read by ranges of its row numbers."""
        from .scan_geopackage import scan_table

        known = self.sizes(round_)
        if table not in known:
            raise UnknownNameError(f"table in round {round_}", table, known)
        return scan_table(self._path(round_), table, known[table])

    def imports(self, round_: str) -> tuple[ImportRecord, ...]:
        """The round's import records, by id."""
        path = self._path(round_)
        _looked(count_tables, path)
        return read_imports(path)

    def digests(self, round_: str) -> Mapping[str, str]:
        """The SHA-256 of each table's data."""
        path = self._path(round_)
        journal = _beside(path, "-wal")
        if journal.exists() and journal.stat().st_size:
            raise StoreError(
                Said(
                    f"{path.name} is being edited in another program (it has a {journal.name}); close it there first",
                    f"{path.name} 正在其他程序中编辑（有 {journal.name}）；请先在该程序中关闭",
                )
            )
        return _looked(_digests, path)

    # -- writing ----------------------------------------------------------------------------------------

    def write(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
    ) -> None:
        """Make a new round, all or nothing."""
        require_date(round_)
        target = self._file(round_)
        with self.turn(), self._room() as room:
            self.require_draft(round_)
            if target.exists():
                raise exists_already(round_)
            draft = room / target.name
            self._fill(draft, round_, tables, imports)
            try:
                put_new(draft, target)
            except FileExistsError:
                raise exists_already(round_) from None

    def add(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
        *,
        onto: str,
    ) -> None:
        """Add tables to a copy of the round, which then takes its place."""
        with self.turn(), self._room() as room, self.seen(round_, onto) as require_unchanged:
            self._require_absent(round_, tables)
            target = self._path(round_)
            draft = _copy(target, room)
            self._fill(draft, round_, tables, imports)
            require_unchanged()
            put_in_place(draft, target)

    def undo(self, round_: str, *, onto: str) -> tuple[ImportRecord, ...]:
        """Take the last step out of a copy of the round, which then takes its place."""
        with self.turn(), self._room() as room, self.seen(round_, onto) as require_unchanged:
            target = self._path(round_)
            step = last_step(target)
            self._require_unedited(round_, step)
            before = self.digests(round_)
            left = {name: digest for name, digest in before.items() if name not in step.tables}
            if left:
                draft = _copy(target, room)
                take_out(draft, step)
                _check(draft, count_tables(draft))
                if _digests(draft) != left:
                    raise StoreError(
                        Said(
                            "the rest of the round did not stay as it was; nothing was changed",
                            "该轮次的其他内容未能保持原样；未作任何改动",
                        )
                    )
                require_unchanged()
                put_in_place(draft, target)
            else:
                require_unchanged()
                remove(target)
            return step.imports

    @contextmanager
    def seen(self, round_: str, onto: str) -> Iterator[Callable[[], None]]:
        """The file of a draft that nobody has open and that still is what the caller saw."""
        target = self._path(round_)
        self.require_draft(round_)
        _require_closed(target)
        state = _state(target)
        if self.digest(round_) != onto:
            raise changed_meanwhile(round_)
        yield lambda: _require_state(target, state)

    def take_over(self, room: Path, round_: str) -> None:
        """Put the file of a round that was made in a folder on the same disk among these."""
        put_new(room / self._file(round_).name, self._file(round_))

    def styles(self, round_: str) -> Mapping[str, str]:
        """By table, the style that QGIS draws it with, as QML."""
        return styles_in(self._path(round_))

    def restyle(self, round_: str, styles: Mapping[str, str]) -> None:
        """Have QGIS draw tables by other styles."""
        keep_styles(self._path(round_), styles)

    def only_here(self, round_: str) -> Said | None:
        """What somebody saved in the round that no other form holds, in words."""
        return kept_nowhere_else(self._path(round_))

    def remove_round(self, round_: str) -> None:
        """Take a round's file away."""
        remove(self._file(round_))

    # -- inside -----------------------------------------------------------------------------------------

    def _file(self, round_: str) -> Path:
        return self.folder / f"{round_}.gpkg"

    def _path(self, round_: str) -> Path:
        known = self.rounds()
        if round_ not in known:
            raise UnknownNameError("round", round_, known)
        path = self._file(round_)
        if not path.is_file():
            raise StoreError(Said(f"{path} is not a regular file", f"{path} 不是普通文件"))
        return path

    def _steps(self, round_: str) -> tuple[Step, ...]:
        return steps_of(self._path(round_))

    def _parts(self, round_: str) -> tuple[Path, ...]:
        return (self._path(round_),)

    def _fill(
        self,
        draft: Path,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord],
    ) -> None:
        require_names(tables)
        expected = dict(count_tables(draft)) if draft.exists() else {}
        for name, frame in tables.items():
            write_table(draft, name, frame)
            expected[name] = len(frame)
        placed = [name for name, frame in tables.items() if isinstance(frame, gpd.GeoDataFrame)]
        bare = without_index(draft, placed) if placed else []
        if bare:
            raise StoreError(
                Said(
                    f"cannot write to {self.folder} (the spatial index of {bare[0]} was not written; is the disk"
                    " full?); what was there is as it was",
                    f"无法写入 {self.folder}（{bare[0]} 的空间索引未写成，磁盘是否已满？）；原有内容未变",
                )
            )
        if imports:
            brought = {
                name: "" if name in self.edited else table_digest(draft, name, expected[name])
                for name in tables
            }
            keep_imports(draft, imports, brought)
        said = max((one.imported_at for one in imports), default=None)
        finish(draft, tables, self.layers, geopackage_time(said, round_))
        _check(draft, expected)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _state(path: Path) -> _State:
    seen = path.stat()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def _looked(look: Callable[[Path], Mapping[str, _Value]], path: Path) -> Mapping[str, _Value]:
    """What there is to see in a file, looked at once for each state it is in: every read asks again."""
    state = _state(path)
    if time.time_ns() - state[2] < _SETTLED_NS:
        return look(path)
    return MappingProxyType(_remembered(look, path, state))


@lru_cache(maxsize=128)
def _remembered(
    look: Callable[[Path], Mapping[str, Any]], path: Path, state: _State
) -> Mapping[str, Any]:
    return look(path)


def _digests(path: Path) -> Mapping[str, str]:
    tables = _looked(count_tables, path)
    return {name: table_digest(path, name, rows) for name, rows in tables.items()}


def _copy(target: Path, room: Path) -> Path:
    draft = room / target.name
    shutil.copyfile(target, draft)
    return draft


def _require_closed(path: Path) -> None:
    """Refuse a file that another program has open; clear away what one that crashed has left of it."""
    beside = [_beside(path, ending) for ending in ("-wal", "-shm", "-journal")]
    with path.open("rb") as stream:
        logged = stream.read(_LOG_BYTE + 1)[_LOG_BYTE:] == b"\x02"
    if not logged and not any(one.exists() for one in beside):
        return
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise _open_elsewhere(path, str(error)) from error
    left = [one.name for one in beside if one.exists()]
    if left:
        raise _open_elsewhere(path, f"it has a {left[0]}")


def _require_state(path: Path, state: _State) -> None:
    """Refuse to go on where another program wrote to the file, or opened it to write, meanwhile."""
    for ending in ("-wal", "-journal"):
        if _beside(path, ending).exists():
            raise _open_elsewhere(path, f"it has a {_beside(path, ending).name}")
    if _state(path) != state:
        raise changed_meanwhile(path.stem)


def _open_elsewhere(path: Path, reason: str) -> StoreError:
    return StoreError(
        Said(
            f"{path.name} is open in another program ({reason}); close it there first",
            f"{path.name} 正在其他程序中打开（{reason}）；请先关闭",
        )
    )


def _check(draft: Path, expected: Mapping[str, int]) -> None:
    """Read back what was written before anything is replaced."""
    with closing(sqlite3.connect(draft)) as database:
        verdict = database.execute("PRAGMA quick_check").fetchone()[0]
    if verdict != "ok":
        raise StoreError(
            Said(
                f"the round was not written well ({verdict}); nothing was changed",
                f"轮次未能正确写入（{verdict}）；未作任何改动",
            )
        )
    found = count_tables(draft)
    if set(found) != set(expected):
        raise StoreError(
            Said(
                "the round was not written whole; nothing was changed",
                "轮次未能完整写入；未作任何改动",
            )
        )
    for name, rows in expected.items():
        if found[name] != rows:
            raise StoreError(
                Said(
                    f"{name}: {found[name]} of {rows} rows were written; nothing was changed",
                    f"{name}：{rows:,} 行只写入 {found[name]:,} 行；未作任何改动",
                )
            )
