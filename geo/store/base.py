"""What every store of rounds promises: one contract, whatever lies beneath."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ..errors import StoreError
from ..model import ImportRecord

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

IMPORTS_TABLE = "atlas_imports"
"""Where a round keeps its import records; never listed among its tables."""


class Store(Protocol):
    """Rounds by date, each a set of tables; a round that stands is never changed, only added to."""

    def rounds(self) -> tuple[str, ...]:
        """The ISO dates of the rounds, oldest first."""
        ...

    def tables(self, round_: str) -> tuple[str, ...]:
        """The names of the round's tables, declared or not, as stored.

        Raises
        ------
        UnknownNameError
            There is no such round.
        StoreError
            It cannot be read.
        """
        ...

    def read(self, round_: str, table: str) -> gpd.GeoDataFrame | pd.DataFrame:
        """A table as stored: index `fid`, CRS as stored (None where undefined), geometry last.

        True/false columns come as `boolean`, whole numbers as `Int64` (or `Int32`), text as `string`,
        numbers as `float64`, so that a missing value stays missing in each.

        Raises
        ------
        UnknownNameError
            There is no such round or table.
        StoreError
            It cannot be read.
        """
        ...

    def write(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
    ) -> None:
        """Make a new round of the tables, all or nothing; rows get the fids 1, 2, … in their order.

        Raises
        ------
        StoreError
            The round exists, its name is no date, or it cannot be written; all is as it was before.
        """
        ...

    def add(
        self,
        round_: str,
        tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
        imports: Sequence[ImportRecord] = (),
        *,
        onto: str,
    ) -> None:
        """Add tables to a round, all or nothing, leaving those it has as they are.

        Parameters
        ----------
        onto : the digest of the round as the caller saw it

        Raises
        ------
        UnknownNameError
            There is no such round.
        StoreError
            The round changed since, has a table of that name, or cannot be written; all is as before.
        """
        ...

    def digest(self, round_: str) -> str:
        """The SHA-256 of the round's data, in hex."""
        ...

    def imports(self, round_: str) -> tuple[ImportRecord, ...]:
        """Where the round's rows came from; () for a round that was made by another program."""
        ...


def require_date(round_: str) -> str:
    """The name of a round, which must be an ISO date.

    Raises
    ------
    StoreError
        It is not one.

    Examples
    --------
    >>> require_date("2007-06-30")
    '2007-06-30'
    """
    try:
        good = dt.date.fromisoformat(round_).isoformat() == round_
    except ValueError:
        good = False
    if not good:
        raise StoreError(f"a round is named by its date, YYYY-MM-DD; found {round_!r}")
    return round_
