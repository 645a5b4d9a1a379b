"""A folder in which some rounds are GeoPackages and some are folders of GeoParquet: each is left to its own store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import StoreError, UnknownNameError
from ..said import Said
from .durable import put_in_place, remove
from .geopackage import GeoPackageStore

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..model import ImportRecord, Layer
    from .base import Store
    from .geoparquet import GeoParquetStore
    from .lock import Waiting
    from .publication import Publication
    from .scan import Scan

Form = Literal["geopackage", "geoparquet"]
"""What a round is kept as."""

LARGE_ROWS = 200_000
"""A new round with a larger table becomes a folder of GeoParquet, unless something else is asked for.

Up to here a GeoPackage, which every QGIS opens and edits, costs a second or two more to write; a million rows
cost seven, and the whole file is copied whenever a layer is added.
"""
_UNDER_WAY = ".converting"
"""Ends the name of a note beside a round of which both forms lie there for a moment; it holds the new form."""

_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


class BothStore:
    """Meets `Store`; a round is either a file or a folder.

    Parameters
    ----------
    folder : need not exist
    layers : declarations by name, which give what is written its style
    new_as : what a new round is written as; None means what suits its size
    waiting : told once, in words, for whom a writer has to wait
    """

    def __init__(
        self,
        folder: Path,
        layers: Mapping[str, Layer] | None = None,
        *,
        new_as: str | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self.folder = Path(folder)
        self._layers = layers
        self._new_as = new_as
        self._waiting = waiting
        self._files = GeoPackageStore(folder, layers, waiting=waiting)

    @cached_property
    def _folders(self) -> GeoParquetStore:
        # Most districts have no such round, and Parquet need not be loaded for them.
        from .geoparquet import GeoParquetStore

        return GeoParquetStore(self.folder, self._layers, waiting=self._waiting)

    def rounds(self) -> tuple[str, ...]:
        """The ISO dates of the rounds, oldest first."""
        return tuple(sorted(self._forms()))

    def form(self, round_: str) -> Form:
        """What a round is kept as.

        Raises
        ------
        UnknownNameError
            There is no such round.
        """
        forms = self._forms()
        if round_ not in forms:
            raise UnknownNameError("round", round_, sorted(forms))
        return forms[round_]

    def tables(self, round_: str) -> tuple[str, ...]:
        """The names of the round's tables."""
        return self._of(round_).tables(round_)

    def read(self, round_: str, table: str) -> gpd.GeoDataFrame | pd.DataFrame:
        """A table as stored, index `fid`."""
        return self._of(round_).read(round_, table)

    def scan(self, round_: str, table: str) -> Scan | None:
        """A table to be read part by part."""
        return self._of(round_).scan(round_, table)

    def sizes(self, round_: str) -> Mapping[str, int]:
        """How many rows each table has."""
        return self._of(round_).sizes(round_)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the folder's lock; what a writer killed amid a change of form left is cleared away."""
        with self._files.turn():
            self._settle()
            yield

    def write(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
    ) -> None:
        """Make a new round, all or nothing."""
        with self.turn():
            forms = self._forms()
            form = forms.get(round_) or self._new_as or suitable_form(tables)
            self._store(form).write(round_, tables, imports)

    def add(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
        *,
        onto: str,
    ) -> None:
        """Add tables to a round, as what it is."""
        with self.turn():
            self._of(round_).add(round_, tables, imports, onto=onto)

    def undo(self, round_: str, *, onto: str) -> tuple[ImportRecord, ...]:
        """Take back the last import of a draft."""
        with self.turn():
            return self._of(round_).undo(round_, onto=onto)

    def publish(self, round_: str, *, by: str, at: str, onto: str) -> Publication:
        """Mark a round as published."""
        with self.turn():
            return self._of(round_).publish(round_, by=by, at=at, onto=onto)

    def published_dates(self) -> tuple[str, ...]:
        """The dates of the published rounds."""
        return self._files.published_dates()

    def publication(self, round_: str) -> Publication | None:
        """The record of a round's publication; None for a draft."""
        return self._files.publication(round_)

    def require_draft(self, round_: str) -> None:
        """Refuse a published round."""
        self._files.require_draft(round_)

    def digests(self, round_: str) -> Mapping[str, str]:
        """The SHA-256 of each table's data."""
        return self._of(round_).digests(round_)

    def digest(self, round_: str) -> str:
        """The SHA-256 of the round's data."""
        return self._of(round_).digest(round_)

    def imports(self, round_: str) -> tuple[ImportRecord, ...]:
        """The round's import records."""
        return self._of(round_).imports(round_)

    def convert(self, round_: str, form: Form, *, onto: str) -> bool:
        """Keep a draft in the other form, all or nothing: same rows, same records, same steps to take back.

        Parameters
        ----------
        form : what it is to be kept as
        onto : the digest of the round as the caller saw it; that of the new form is another

        Returns
        -------
        bool
            False where it is kept so already.

        Raises
        ------
        UnknownNameError
            There is no such round.
        StoreError
            It is published, changed since, is open in another program, cannot be written, or holds what the other
            form cannot keep: a QGIS project, or a second style of a table; all is as before.
        """
        with self.turn():
            now = self.form(round_)
            if now == form:
                return False
            old, new = self._store(now), self._store(form)
            left = old.only_here(round_)
            if left is not None:
                raise StoreError(
                    Said(
                        f"round {round_} holds {left}, which {form} cannot keep; nothing was changed:"
                        " save a copy of it from QGIS and delete it there first",
                        f"轮次 {round_} 中存有{left.zh}，{form} 无法保存；未作任何改动："
                        "请先在 QGIS 中另存，再从中删除",
                    )
                )
            with old.seen(round_, onto) as require_unchanged, new._room() as room:
                made = type(new)(room, self._layers)
                for tables, records, edited in old.steps(round_):
                    frames = {name: old.read(round_, name) for name in tables}
                    made.edited = edited
                    if round_ in made.rounds():
                        made.add(round_, frames, records, onto=made.digest(round_))
                    else:
                        made.write(round_, frames, records)
                made.restyle(round_, old.styles(round_))
                require_unchanged()
                note = self._note(round_)
                (room / note.name).write_text(form, encoding="utf-8")
                put_in_place(room / note.name, note)
                new.take_over(room, round_)
                # Until the old form has gone, in a single stroke, it is still the round.
                old.remove_round(round_)
                remove(note)
        return True

    def _forms(self) -> dict[str, Form]:
        """Which form each round has."""
        forms: dict[str, Form] = dict.fromkeys(self._files.rounds(), "geopackage")
        if not self._has_folders():
            return forms
        for date in self._folders.rounds():
            if date not in forms:
                forms[date] = "geoparquet"
                continue
            coming = self._coming(date)
            if coming is None:
                raise StoreError(
                    Said(
                        f"round {date} is there twice, as {date}.gpkg and as a folder of GeoParquet;"
                        " move one of them away",
                        f"轮次 {date} 有两份：{date}.gpkg 和 GeoParquet 文件夹；请移走其一",
                    )
                )
            forms[date] = "geopackage" if coming == "geoparquet" else "geoparquet"
        return forms

    def _has_folders(self) -> bool:
        return self.folder.is_dir() and any(
            path.name[:1].isdigit() and path.is_dir() for path in self.folder.iterdir()
        )

    def _note(self, round_: str) -> Path:
        return self.folder / f"{round_}{_UNDER_WAY}"

    def _coming(self, round_: str) -> str | None:
        """The form that a round was being brought into when its writer was killed."""
        try:
            said = self._note(round_).read_text(encoding="utf-8")
        except OSError:
            return None
        return said if said in ("geopackage", "geoparquet") else None

    def _settle(self) -> None:
        """Where a change of form was cut short, leave the form that counts and nothing else."""
        for note in self.folder.glob(f"{_DATE}{_UNDER_WAY}"):
            date = note.name.removesuffix(_UNDER_WAY)
            coming = self._coming(date)
            both = date in self._files.rounds() and (self.folder / date).is_dir()
            if both and coming is not None:
                self._store(coming).remove_round(date)
            remove(note)

    def _store(self, form: str) -> GeoPackageStore | GeoParquetStore:
        return self._folders if form == "geoparquet" else self._files

    def _of(self, round_: str) -> Store:
        return self._store(self.form(round_))


def suitable_form(tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> Form:
    """What a new round of these tables is best kept as.

    Examples
    --------
    >>> suitable_form({"lamps": [0] * 10})
    'geopackage'
    """
    largest = max((len(frame) for frame in tables.values()), default=0)
    return "geoparquet" if largest > LARGE_ROWS else "geopackage"
