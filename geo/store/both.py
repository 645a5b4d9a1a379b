"""A folder in which some rounds are GeoPackages and some are folders of GeoParquet: each is left to its own store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError, UnknownNameError
from .geopackage import GeoPackageStore
from .geoparquet import GeoParquetStore

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..model import ImportRecord, Layer
    from .base import Store
    from .lock import Waiting
    from .publication import Publication
    from .scan import Scan


class BothStore:
    """Meets `Store`; a round is either a file or a folder.

    Parameters
    ----------
    folder : need not exist
    layers : declarations by name, which give what is written its style
    new_as : what a new round is written as
    waiting : told once, in words, for whom a writer has to wait
    """

    def __init__(
        self,
        folder: Path,
        layers: Mapping[str, Layer] | None = None,
        *,
        new_as: str = "geopackage",
        waiting: Waiting | None = None,
    ) -> None:
        self._files = GeoPackageStore(folder, layers, waiting=waiting)
        self._folders = GeoParquetStore(folder, layers, waiting=waiting)
        self._new: Store = self._folders if new_as == "geoparquet" else self._files

    def rounds(self) -> tuple[str, ...]:
        """The ISO dates of the rounds, oldest first."""
        files, folders = self._files.rounds(), self._folders.rounds()
        doubled = sorted({*files} & {*folders})
        if doubled:
            raise StoreError(
                f"round {doubled[0]} is there twice, as {doubled[0]}.gpkg and as a folder of GeoParquet;"
                " move one of them away"
            )
        return tuple(sorted((*files, *folders)))

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

    def turn(self) -> AbstractContextManager[object]:
        """Hold the folder's lock."""
        return self._new.turn()

    def write(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
    ) -> None:
        """Make a new round, all or nothing."""
        with self.turn():
            holder = self._of(round_) if round_ in self.rounds() else self._new
            holder.write(round_, tables, imports)

    def add(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
        *,
        onto: str,
    ) -> None:
        """Add tables to a round, as what it is."""
        self._of(round_).add(round_, tables, imports, onto=onto)

    def undo(self, round_: str, *, onto: str) -> tuple[ImportRecord, ...]:
        """Take back the last import of a draft."""
        return self._of(round_).undo(round_, onto=onto)

    def publish(self, round_: str, *, by: str, at: str, onto: str) -> Publication:
        """Mark a round as published."""
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

    def _of(self, round_: str) -> Store:
        known = self.rounds()
        if round_ not in known:
            raise UnknownNameError("round", round_, known)
        holder: Store = self._files if round_ in self._files.rounds() else self._folders
        return holder
