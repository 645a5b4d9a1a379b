"""What stores in a folder have in common: one writer at a time, drafts on the same disk, records of publication."""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreError, reason_of
from ..model import ImportRecord, Layer
from ..said import Said
from .base import require_date
from .digest import combined
from .durable import put_new
from .lock import Waiting, turn
from .publication import Publication, imports_digest, read_publication

TEMPORARY = ".atlas-"
_PUBLISHED = ".published.json"
_PUBLISHED_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.published\.json\Z")


@dataclass(frozen=True)
class Step:
    """What one write or addition brought in, and so what is taken back together."""

    tables: Mapping[str, str]
    """The digest of each table as it was brought in; empty for one that was edited before that."""
    imports: tuple[ImportRecord, ...]


class RoundsFolder(ABC):
    """A folder of rounds, whatever each of them is kept as.

    Parameters
    ----------
    folder : need not exist
    layers : declarations by name, which give what is written its style
    lock_timeout_s : how long to wait for another writer
    waiting : told once, in words, for whom
    """

    def __init__(
        self,
        folder: Path,
        layers: Mapping[str, Layer] | None = None,
        *,
        lock_timeout_s: float = 30.0,
        waiting: Waiting | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.layers = layers or {}
        self.lock_timeout_s = lock_timeout_s
        self.waiting = waiting
        self.edited: frozenset[str] = frozenset()
        """Tables that are written as they were edited after their import, so that no undo takes them back."""

    # -- what each form of round does its own way -------------------------------------------------------

    @abstractmethod
    def sizes(self, round_: str) -> Mapping[str, int]:
        """How many rows each table has."""

    @abstractmethod
    def imports(self, round_: str) -> tuple[ImportRecord, ...]:
        """The round's import records, by id."""

    @abstractmethod
    def digests(self, round_: str) -> Mapping[str, str]:
        """The SHA-256 of each table's data."""

    @abstractmethod
    def seen(self, round_: str, onto: str) -> AbstractContextManager[Callable[[], None]]:
        """A draft that still is what the caller saw; gives what refuses to go on once it is not."""

    @abstractmethod
    def take_over(self, room: Path, round_: str) -> None:
        """Put a round that was made in a folder on the same disk among these."""

    @abstractmethod
    def remove_round(self, round_: str) -> None:
        """Take a round away in a single stroke."""

    @abstractmethod
    def _steps(self, round_: str) -> Sequence[Step]:
        """What each write or addition brought in, oldest first."""

    @abstractmethod
    def _parts(self, round_: str) -> Iterable[Path]:
        """The files that hold a round's tables."""

    # -- what is the same for all -----------------------------------------------------------------------

    def digest(self, round_: str) -> str:
        """The SHA-256 of the round's data."""
        return combined(self.digests(round_))

    def publish(self, round_: str, *, by: str, at: str, onto: str) -> Publication:
        """Write the record of the publication, and make the files read-only."""
        with self.turn(), self._room() as room, self.seen(round_, onto) as require_unchanged:
            record = Publication(
                round=round_,
                digest=onto,
                tables=dict(self.digests(round_)),
                imports=imports_digest(self.imports(round_)),
                published_at=at,
                published_by=by,
            )
            draft = room / self._record(round_).name
            draft.write_text(record.as_json(), encoding="utf-8")
            require_unchanged()
            put_new(draft, self._record(round_))
            # So that another program does not change them by accident; the record is what tells if one does.
            for path in self._parts(round_):
                with suppress(OSError):
                    path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        return record

    def steps(
        self, round_: str
    ) -> list[tuple[list[str], tuple[ImportRecord, ...], frozenset[str]]]:
        """How to make a round again: tables, records, and which of the tables were edited since their import.

        Tables of no import come first; a record whose table was deleted since stays with the next.
        """
        now = self.digests(round_)
        left = dict(now)
        made: list[tuple[list[str], tuple[ImportRecord, ...], frozenset[str]]] = []
        carried: tuple[ImportRecord, ...] = ()
        for step in self._steps(round_):
            mine = [name for name in step.tables if left.pop(name, None) is not None]
            carried += step.imports
            if mine:
                edited = frozenset(name for name in mine if now[name] != step.tables[name])
                made.append((mine, carried, edited))
                carried = ()
        if left:
            made.insert(0, ([*left], (), frozenset()))
        if carried:
            tables, records, edited = made[-1]
            made[-1] = (tables, records + carried, edited)
        return made

    def _require_absent(self, round_: str, tables: Iterable[str]) -> None:
        """Refuse tables that the round has, in whatever case."""
        present = {name.lower() for name in self.sizes(round_)}
        doubled = [name for name in tables if name.lower() in present]
        if doubled:
            raise StoreError(
                Said(
                    f"round {round_} has the table {doubled[0]!r} already; choose another date",
                    f"轮次 {round_} 已有表“{doubled[0]}”；请另选日期",
                )
            )

    def _require_unedited(self, round_: str, step: Step) -> None:
        """Refuse to take back what was edited after it was imported."""
        now = self.digests(round_)
        edited = [name for name in step.tables if name in now and now[name] != step.tables[name]]
        if edited:
            raise StoreError(
                Said(
                    f"{', '.join(edited)} was edited after it was imported, and taking the import back would"
                    f" lose that; save it elsewhere, delete the table from round {round_}, and try again",
                    f"{'、'.join(edited)} 在导入后有编辑，撤回导入会丢失这些编辑；请先另存，从轮次 {round_} 中删除该表后再试",
                )
            )

    def published_dates(self) -> tuple[str, ...]:
        """The dates of the published rounds."""
        return tuple(sorted(name[: -len(_PUBLISHED)] for name in self._names(_PUBLISHED_FILE)))

    def publication(self, round_: str) -> Publication | None:
        """The record of a round's publication; None for a draft."""
        file = self._record(require_date(round_))
        if not file.exists():
            return None
        try:
            return read_publication(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(
                Said(f"{file} cannot be read: ", f"{file} 无法读取：") + reason_of(error)
            ) from error

    def require_draft(self, round_: str) -> None:
        """Refuse a published round."""
        # The file alone decides: a record that cannot be read still says that there was one.
        if self._record(round_).exists():
            raise StoreError(
                Said(
                    f"round {round_} is published, and what is published never changes; choose another date",
                    f"轮次 {round_} 已发布，已发布的内容不再改动；请另选日期",
                )
            )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the folder's lock; what the machine refuses is a StoreError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with turn(self.folder, self.lock_timeout_s, self.waiting) as outermost:
                if outermost:
                    self._sweep()
                yield
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                Said(
                    f"cannot write to {self.folder} ({reason_of(error)}); what was there is as it was",
                    f"无法写入 {self.folder}（{reason_of(error).zh}）；原有内容未变",
                )
            ) from error
        except sqlite3.Error as error:
            raise StoreError(
                Said(
                    f"cannot write to {self.folder} (database: {error}); what was there is as it was",
                    f"无法写入 {self.folder}（数据库：{error}）；原有内容未变",
                )
            ) from error

    def _names(self, pattern: re.Pattern[str]) -> list[str]:
        if not self.folder.is_dir():
            return []
        return [path.name for path in self.folder.iterdir() if pattern.match(path.name)]

    def _record(self, round_: str) -> Path:
        return self.folder / f"{round_}{_PUBLISHED}"

    def _sweep(self) -> None:
        """Clear away what a killed writer left; whoever holds the lock is the only writer."""
        for path in self.folder.glob(f"{TEMPORARY}*"):
            if path.is_dir():
                shutil.rmtree(path)

    @contextmanager
    def _room(self) -> Iterator[Path]:
        """A folder on the same disk for drafts."""
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self.folder) as room:
            yield Path(room)


def exists_already(round_: str) -> StoreError:
    """What a writer of a round that is there is told."""
    return StoreError(
        Said(
            f"round {round_} exists already; a round is never overwritten, choose another date",
            f"轮次 {round_} 已存在；轮次不予覆盖，请另选日期",
        )
    )


def changed_meanwhile(round_: str) -> StoreError:
    """What a writer is told whose round is no longer as it was seen."""
    return StoreError(
        Said(
            f"round {round_} was changed by someone else meanwhile; look at it and try again",
            f"轮次 {round_} 期间已被他人改动；请查看后再试",
        )
    )
