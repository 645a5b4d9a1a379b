"""Rounds as folders of GeoParquet, `YYYY-MM-DD/LAYER.parquet`: for layers larger than memory.

Beside the tables lies `atlas_imports.json`, which tells their imports and which files are on their way in or out. A
file on its way is no table of the round, so that putting one small file in the place of another is what makes a
change, whole or not at all; what a killed writer left on its way is cleared away by the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..errors import StoreError, UnknownNameError
from ..model import ImportRecord
from ..said import Said
from .base import require_date
from .durable import put_in_place, put_new, put_new_folder, remove
from .folder import RoundsFolder, Step, changed_meanwhile, exists_already
from .geoparquet_file import GeoParquetScan, file_digest, read_file, scan_file
from .geoparquet_writing import write_file
from .styles import qml
from .tables import require_names

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

BOOK = "atlas_imports.json"
_ROUND_FOLDER = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_ENDING = ".parquet"
_STYLE = ".qml"
_UNSAFE = re.compile(r"[^\w \-]|\A[ .]|[ .]\Z")

_State = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Book:
    """What a round says of itself beside its tables."""

    steps: tuple[Step, ...] = ()
    pending: tuple[str, ...] = ()
    """Names of files that are no tables: not yet, or no longer."""

    def as_json(self) -> str:
        steps = [
            {"tables": dict(step.tables), "imports": [asdict(one) for one in step.imports]}
            for step in self.steps
        ]
        said = {"steps": steps, "pending": list(self.pending)}
        return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True)
class _Written:
    """A table that was written to a file on its way."""

    path: Path
    digest: str


class GeoParquetStore(RoundsFolder):
    """A folder of folders of GeoParquet; meets `Store`."""

    # -- reading ----------------------------------------------------------------------------------------

    def rounds(self) -> tuple[str, ...]:
        """The ISO dates of the rounds, oldest first."""
        dated = sorted(self._names(_ROUND_FOLDER))
        return tuple(date for date in dated if self._tables(self.folder / date))

    def tables(self, round_: str) -> tuple[str, ...]:
        """The names of the round's tables."""
        return tuple(self._files(round_))

    def sizes(self, round_: str) -> Mapping[str, int]:
        """How many rows each table has."""
        return {name: scan_file(path).rows for name, path in self._files(round_).items()}

    def read(self, round_: str, table: str) -> gpd.GeoDataFrame | pd.DataFrame:
        """A table as stored, index `fid`."""
        return read_file(self._table(round_, table))

    def scan(self, round_: str, table: str) -> GeoParquetScan:
        """A table to be read by row groups."""
        return scan_file(self._table(round_, table))

    def imports(self, round_: str) -> tuple[ImportRecord, ...]:
        """The round's import records, by id."""
        book = _book(self._path(round_))
        every = [one for step in book.steps for one in step.imports]
        return tuple(sorted(every, key=lambda one: one.id))

    def digests(self, round_: str) -> Mapping[str, str]:
        """The SHA-256 of each table's data, its rows as they are stored."""
        return {name: file_digest(path) for name, path in self._files(round_).items()}

    # -- writing ----------------------------------------------------------------------------------------

    def write(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
    ) -> None:
        """Make a new round, all or nothing."""
        require_date(round_)
        target = self.folder / round_
        with self.turn(), self._room() as room:
            self.require_draft(round_)
            if target.exists():
                raise exists_already(round_)
            draft = room / round_
            draft.mkdir()
            written = self._write(draft, tables)
            book = self._with_step(_Book(), written, imports)
            if book.steps:
                (draft / BOOK).write_text(book.as_json(), encoding="utf-8")
            try:
                put_new_folder(draft, target)
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
        """Put tables beside the others, of which none is touched."""
        with self.turn(), self._room() as room, self.seen(round_, onto) as require_unchanged:
            folder = self._path(round_)
            self._require_absent(round_, tables)
            written = self._write(room, tables)
            before = _book(folder)
            after = self._with_step(before, written, imports)
            require_unchanged()
            coming = tuple(
                part.name
                for one in written.values()
                for part in (one.path, _style_of(one.path))
                # A style that is there already is somebody's own.
                if part.exists() and (part == one.path or not (folder / part.name).exists())
            )
            _put_book(folder, room, _Book(before.steps, coming))
            try:
                for name in coming:
                    put_new(room / name, folder / name)
            except FileExistsError as error:
                _sweep_round(folder, room)
                raise changed_meanwhile(round_) from error
            _put_book(folder, room, after)

    def undo(self, round_: str, *, onto: str) -> tuple[ImportRecord, ...]:
        """Take the last step out, by no longer counting its files among the round's; then remove them."""
        with self.turn(), self._room() as room, self.seen(round_, onto) as require_unchanged:
            folder = self._path(round_)
            book = _book(folder)
            if not book.steps:
                raise StoreError(
                    Said(
                        f"round {round_} was not made by imports: there is none to take back",
                        f"轮次 {round_} 不是由导入生成，没有可撤回的导入",
                    )
                )
            step = book.steps[-1]
            self._require_unedited(round_, step)
            files = self._files(round_)
            require_unchanged()
            gone = [files[name] for name in step.tables if name in files]
            if len(gone) == len(files):
                self.remove_round(round_)
                return step.imports
            styles = (_style_of(path) for path in gone)
            going = tuple(path.name for path in (*gone, *styles) if path.is_file())
            _put_book(folder, room, _Book(book.steps[:-1], going))
            _sweep_round(folder, room)
            return step.imports

    @contextmanager
    def seen(self, round_: str, onto: str) -> Iterator[Callable[[], None]]:
        """The folder of a draft that still is what the caller saw, cleared of what a killed writer left."""
        folder = self._path(round_)
        self.require_draft(round_)
        if _book(folder).pending:
            with self._room() as room:
                _sweep_round(folder, room)
        state = _state(folder)
        if self.digest(round_) != onto:
            raise changed_meanwhile(round_)
        yield lambda: _require_state(folder, state)

    def take_over(self, room: Path, round_: str) -> None:
        """Put the folder of a round that was made in a folder on the same disk among these."""
        put_new_folder(room / round_, self.folder / round_)

    def styles(self, round_: str) -> Mapping[str, str]:
        """By table, the style that QGIS draws it with, as QML."""
        beside = {name: _style_of(path) for name, path in self._files(round_).items()}
        return {
            name: path.read_text(encoding="utf-8")
            for name, path in beside.items()
            if path.is_file()
        }

    def restyle(self, round_: str, styles: Mapping[str, str]) -> None:
        """Have QGIS draw tables by other styles."""
        files = self._files(round_)
        for name, text in styles.items():
            _style_of(files[name]).write_text(text, encoding="utf-8")

    def only_here(self, round_: str) -> Said | None:
        """What somebody saved in the round that no other form holds: nothing."""
        return None

    def remove_round(self, round_: str) -> None:
        """Take a round's folder away."""
        with self._room() as room:
            (self.folder / round_).rename(room / round_)

    # -- inside -----------------------------------------------------------------------------------------

    def _path(self, round_: str) -> Path:
        known = self.rounds()
        if round_ not in known:
            raise UnknownNameError("round", round_, known)
        return self.folder / round_

    def _tables(self, folder: Path) -> dict[str, Path]:
        """The files of a round's tables, by the names of the tables."""
        if folder.is_symlink() or not folder.is_dir():
            return {}
        pending = set(_book(folder).pending)
        return {
            unquote(path.name[: -len(_ENDING)]): path
            for path in sorted(folder.iterdir())
            if path.name.endswith(_ENDING)
            and not path.name.startswith(".")
            and path.name not in pending
            and path.is_file()
            and not path.is_symlink()
        }

    def _files(self, round_: str) -> dict[str, Path]:
        return dict(sorted(self._tables(self._path(round_)).items()))

    def _table(self, round_: str, table: str) -> Path:
        known = self._files(round_)
        if table not in known:
            raise UnknownNameError(f"table in round {round_}", table, known)
        return known[table]

    def _steps(self, round_: str) -> tuple[Step, ...]:
        return _book(self._path(round_)).steps

    def _parts(self, round_: str) -> Iterable[Path]:
        return self._files(round_).values()

    def _write(
        self, folder: Path, tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]
    ) -> dict[str, _Written]:
        """Write tables, and beside each the style that QGIS draws it with where it is declared."""
        require_names(tables)
        written = {}
        for name, frame in tables.items():
            path = folder / _file_name(name)
            digest = write_file(path, frame)
            # Read back what was written before anything is replaced.
            found = scan_file(path).rows
            if found != len(frame):
                raise StoreError(
                    Said(
                        f"{name}: {found} of {len(frame)} rows were written; nothing was changed",
                        f"{name}：{len(frame):,} 行只写入 {found:,} 行；未作任何改动",
                    )
                )
            written[name] = _Written(path, digest)
            if name in self.layers:
                _style_of(path).write_text(qml(self.layers[name]), encoding="utf-8")
        return written

    def _with_step(
        self, book: _Book, written: Mapping[str, _Written], imports: Sequence[ImportRecord]
    ) -> _Book:
        if not imports:
            return _Book(book.steps)
        ids = [one.id for step in book.steps for one in step.imports] + [one.id for one in imports]
        if len(set(ids)) < len(ids):
            raise StoreError(
                Said(
                    f"import records need an id each; found {sorted(ids)}",
                    f"导入记录须各有编号；现为 {sorted(ids)}",
                )
            )
        brought = {name: "" if name in self.edited else one.digest for name, one in written.items()}
        return _Book((*book.steps, Step(brought, tuple(imports))))


def _style_of(path: Path) -> Path:
    """Where QGIS looks for the style of a file."""
    return path.with_suffix(_STYLE)


def _file_name(table: str) -> str:
    """A table's name as a name of a file: other than letters, digits, - and _ as percent codes.

    Examples
    --------
    >>> _file_name("back_streets"), _file_name("../a%")
    ('back_streets.parquet', '%2E%2E%2Fa%25.parquet')
    """
    safe = _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), table)
    return f"{safe}{_ENDING}"


def _book(folder: Path) -> _Book:
    """What a round says of itself; nothing where another program made it.

    Raises
    ------
    StoreError
        It says what cannot be understood.
    """
    file = folder / BOOK
    if not file.exists():
        return _Book()
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        steps = tuple(
            Step(
                {str(name): str(digest) for name, digest in step["tables"].items()},
                tuple(_record(one) for one in step["imports"]),
            )
            for step in said["steps"]
        )
        pending = tuple(str(name) for name in said["pending"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            Said(
                f"{folder.name}/{BOOK} cannot be read: {error}",
                f"{folder.name}/{BOOK} 无法读取（{error}）",
            )
        ) from error
    return _Book(steps, pending)


def _record(said: Mapping[str, Any]) -> ImportRecord:
    record = ImportRecord(**said)
    numbers = (record.id, record.rows_read, record.rows_taken)
    if not all(isinstance(one, int) for one in numbers):
        raise TypeError("an import record without its numbers")
    return record


def _put_book(folder: Path, room: Path, book: _Book) -> None:
    if not book.steps and not book.pending:
        if (folder / BOOK).exists():
            remove(folder / BOOK)
        return
    draft = room / BOOK
    draft.write_text(book.as_json(), encoding="utf-8")
    put_in_place(draft, folder / BOOK)


def _sweep_round(folder: Path, room: Path) -> None:
    """Finish what was begun: files on their way are removed, and then no longer spoken of."""
    book = _book(folder)
    inside = {path.name for path in folder.iterdir()}
    for name in book.pending:
        if name in inside and name.endswith((_ENDING, _STYLE)):
            (folder / name).unlink()
    _put_book(folder, room, _Book(book.steps))


def _state(folder: Path) -> _State:
    facts: Iterable[tuple[str, Any]] = ((path.name, path.stat()) for path in folder.iterdir())
    return tuple(sorted((name, seen.st_size, seen.st_mtime_ns) for name, seen in facts))


def _require_state(folder: Path, state: _State) -> None:
    if _state(folder) != state:
        raise changed_meanwhile(folder.name)
