"""What stores in a folder have in common: one writer at a time, drafts on the same disk, records of publication."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError
from ..model import Layer
from .base import require_date
from .lock import Waiting, turn
from .publication import Publication, read_publication

TEMPORARY = ".atlas-"
_PUBLISHED = ".published.json"
_PUBLISHED_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.published\.json\Z")


class RoundsFolder:
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
            raise StoreError(f"{file} cannot be read: {error}") from error

    def require_draft(self, round_: str) -> None:
        """Refuse a published round."""
        # The file alone decides: a record that cannot be read still says that there was one.
        if self._record(round_).exists():
            raise StoreError(
                f"round {round_} is published, and what is published never changes; choose another date"
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
                f"cannot write to {self.folder} ({error}); what was there is as it was"
            ) from error
        except sqlite3.Error as error:
            raise StoreError(
                f"cannot write to {self.folder} (database: {error}); what was there is as it was"
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
        f"round {round_} exists already; a round is never overwritten, choose another date"
    )
