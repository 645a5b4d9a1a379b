"""What every store of rounds promises: one contract, whatever lies beneath."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Protocol

from ..errors import GeoError, StoreError, UnknownNameError
from ..model import ImportRecord
from ..said import Said

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from .publication import Publication
    from .scan import Scan

IMPORTS_TABLE = "atlas_imports"
"""Where a round keeps its import records; never listed among its tables."""


class Store(Protocol):
    """Rounds by date, each a set of tables.

    A draft is added to, and what was added last is taken back, always whole or not at all; what is
    published never changes. Who changes a round says which state of it they saw, so that nobody writes over
    what somebody else did meanwhile.
    """

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

    def scan(self, round_: str, table: str) -> Scan | None:
        """A table to be read part by part; None from a store that holds it in memory anyhow.

        Raises
        ------
        UnknownNameError
            There is no such round or table.
        StoreError
            It cannot be read.
        """
        ...

    def sizes(self, round_: str) -> Mapping[str, int]:
        """How many rows each of the round's tables has, by name.

        Raises
        ------
        UnknownNameError
            There is no such round.
        StoreError
            It cannot be read.
        """
        ...

    def turn(self) -> AbstractContextManager[object]:
        """Keep other writers out until the block ends: for work between seeing a round and writing it.

        Raises
        ------
        StoreError
            Another program kept them out for longer than one waits; says who, where and since when.
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
            The round changed since, is published, has a table of that name, or cannot be written; all is as
            before.
        """
        ...

    def undo(self, round_: str, *, onto: str) -> tuple[ImportRecord, ...]:
        """Take back the last import of a draft, all or nothing; a round that holds nothing else goes with it.

        What other tables hold by now is left as it is.

        Parameters
        ----------
        onto : the digest of the round as the caller saw it

        Returns
        -------
        tuple of ImportRecord
            What was taken back: the records of the last write or addition.

        Raises
        ------
        UnknownNameError
            There is no such round.
        StoreError
            The round changed since, is published, records no import, or a table was edited after its import,
            which taking it back would lose; all is as before.
        """
        ...

    def publish(self, round_: str, *, by: str, at: str, onto: str) -> Publication:
        """Mark a round as published: from now on it is refused to be written to.

        Parameters
        ----------
        by : who publishes it
        at : when, ISO 8601 in UTC
        onto : the digest of the round as the caller saw it

        Raises
        ------
        UnknownNameError
            There is no such round.
        StoreError
            It changed since, is published already, or the mark cannot be written.
        """
        ...

    def published_dates(self) -> tuple[str, ...]:
        """The dates of the published rounds, oldest first, with those that are no longer there."""
        ...

    def publication(self, round_: str) -> Publication | None:
        """The record of a round's publication; None for a draft.

        Raises
        ------
        StoreError
            There is a record, and it cannot be read.
        """
        ...

    def require_draft(self, round_: str) -> None:
        """Refuse a round that is published, whether or not it is still there.

        Raises
        ------
        StoreError
            It is.
        """
        ...

    def digests(self, round_: str) -> Mapping[str, str]:
        """The SHA-256 of each table's data, in hex, by name."""
        ...

    def digest(self, round_: str) -> str:
        """The SHA-256 of the round's data, in hex: of all its tables, whatever file holds them."""
        ...

    def imports(self, round_: str) -> tuple[ImportRecord, ...]:
        """Where the round's rows came from; () for a round that was made by another program."""
        ...


def no_round(folder: object) -> UnknownNameError:
    """What there is to say of a district without rounds."""
    return UnknownNameError.nothing(
        "round",
        folder,
        Said(
            "import one with `atlas import FILE --district …`",
            "请先导入：atlas import FILE --district …",
        ),
    )


def chosen_round(store: Store, round_: str | None, folder: object) -> str:
    """The round that is meant: the one named, or the newest.

    Parameters
    ----------
    round_ : ISO date; None means the newest
    folder : the district's, to speak of it

    Raises
    ------
    UnknownNameError
        There is no such round, or none at all.
    """
    rounds = store.rounds()
    if not rounds:
        raise no_round(folder)
    wanted = round_ if round_ is not None else rounds[-1]
    if wanted not in rounds:
        raise UnknownNameError("round", wanted, rounds)
    return wanted


def rounds_holding(store: Store, table: str, dates: Iterable[str]) -> Iterator[str]:
    """Which of some rounds hold a table, in their order; one that cannot be opened is passed over.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> store = open_survey().store
    >>> list(rounds_holding(store, "towns", reversed(store.rounds())))
    ['2007-12-31', '2007-06-30']
    """
    for date in dates:
        with suppress(GeoError):
            if table in store.tables(date):
                yield date


def first_readable(
    store: Store, table: str, dates: Iterable[str]
) -> tuple[str, gpd.GeoDataFrame | pd.DataFrame] | None:
    """A table as stored in the first of some rounds in which it can be read, and that round; None where in none."""
    for date in rounds_holding(store, table, dates):
        with suppress(GeoError):
            return date, store.read(date, table)
    return None


def witnesses(
    store: Store, table: str, dates: Sequence[str]
) -> Iterator[tuple[str, gpd.GeoDataFrame | pd.DataFrame]]:
    """A table as stored in the few rounds that speak for its past: the first, the newest published and the last of some.

    Each is read only when it is asked for; one that cannot be read says nothing.

    Parameters
    ----------
    dates : ISO dates, those that are to be heard first in front
    """
    first = first_readable(store, table, dates)
    if first is None:
        return
    yield first
    held = list(rounds_holding(store, table, dates[dates.index(first[0]) + 1 :]))
    published = set(store.published_dates())
    chosen = [max((date for date in held if date in published), default=None), *held[-1:]]
    for date in dict.fromkeys(date for date in chosen if date is not None):
        with suppress(GeoError):
            yield date, store.read(date, table)


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
        raise StoreError(
            Said(
                f"a round is named by its date, YYYY-MM-DD; found {round_!r}",
                f"轮次以日期命名（YYYY-MM-DD）；现为“{round_}”",
            )
        )
    return round_
