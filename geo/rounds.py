"""The rounds of a district: what each holds and where it came from; publishing one, taking an import back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .district import District, open_district
from .errors import GeoError, StoreError, reason_of
from .model import Finding, ImportRecord
from .said import Said, joined
from .store import open_store
from .store.base import Store, chosen_round
from .store.publication import Publication, changes

RoundState = Literal["draft", "published", "changed", "missing", "unreadable"]
"""`changed`: it is published, and no longer what was published. `missing`: published, and gone."""
_GONE = Said("the round is gone", "轮次文件已不存在")


@dataclass(frozen=True)
class RoundSummary:
    """A round at a glance."""

    round: str
    state: RoundState
    tables: Mapping[str, int]
    """How many rows each table has."""
    digest: str | None
    """Of its tables' data; None where it cannot be read."""
    data_digest: str | None
    """Of all that its figures come from, the district's rasters too: what figures and reports carry."""
    publication: Publication | None
    changes: tuple[str, ...]
    """What is no longer as published, or why the round cannot be read."""
    imports: tuple[ImportRecord, ...]
    """None for a round that was made by another program."""

    def rows(self) -> tuple[dict[str, object], ...]:
        """A row for each table and for each import into it, as `atlas rounds` prints them.

        A round with no table to show has one row that says so.
        """
        held: list[tuple[str | None, int | None, ImportRecord | None]] = []
        for table, rows in self.tables.items():
            records = [one for one in self.imports if one.layer == table]
            held += [(table, rows, one) for one in records] or [(table, rows, None)]
        held += [(one.layer, None, one) for one in self.imports if one.layer not in self.tables]
        return tuple(self._row(*one) for one in held or [(None, None, None)])

    def _row(
        self, table: str | None, rows: int | None, record: ImportRecord | None
    ) -> dict[str, object]:
        return {
            "round": self.round,
            "state": self.state,
            "digest": self.digest,
            "table": table,
            "rows": rows,
            "import": record and record.id,
            "file": record and record.file,
            "source_layer": record and record.source_layer,
            "rows_read": record and record.rows_read,
            "rows_taken": record and record.rows_taken,
            "imported_at": record and record.imported_at,
            "imported_by": record and record.imported_by,
        }


@dataclass(frozen=True)
class UndoReport:
    """What taking back an import took."""

    round: str
    imports: tuple[ImportRecord, ...]
    remains: bool
    """Whether the round is still there; it goes with the only import it had."""
    digest: str | None
    """Of the round as it is now."""
    mappings: tuple[Said, ...] = ()
    """What became of the column mappings that the imports kept."""


def rounds_of(district: District | Path | str | None = None) -> tuple[RoundSummary, ...]:
    """Every round of a district, oldest first, with what it holds, its state and its imports.

    Parameters
    ----------
    district : a district or its folder; None means the one that comes with the program

    Returns
    -------
    tuple of RoundSummary
        With published rounds that are gone; a round that cannot be read says why instead of failing.

    Raises
    ------
    DeclarationError
        The district's declaration is wrong.

    Examples
    --------
    >>> [one.round for one in rounds_of()]
    ['2007-06-30', '2007-12-31']
    """
    opened = _opened(district)
    store = open_store(opened.rounds_folder)
    dates = sorted({*store.rounds(), *store.published_dates()})
    return tuple(_summary(opened, store, round_) for round_ in dates)


def publish_round(district: District | Path | str, round: str | None = None) -> Publication:
    """Mark a round as published: it is never changed after, and if it is, that shows.

    Parameters
    ----------
    district : a district or its folder
    round : ISO date; None means the newest

    Returns
    -------
    Publication
        Who, when, and the digests of what was published.

    Raises
    ------
    UnknownNameError
        There is no such round.
    StoreError
        It is published already, is being written to, or cannot be.
    """
    from .store.lock import current_user

    opened = _opened(district)
    store = open_store(opened.rounds_folder)
    wanted = chosen_round(store, round, opened.folder)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return store.publish(wanted, by=current_user(), at=now, onto=store.digest(wanted))


def undo_import(
    district: District | Path | str, round: str | None = None, *, onto: str | None = None
) -> UndoReport:
    """Take the last import of an unpublished round back, so that the round is what it was before.

    What was edited since in the round's other tables stays; where the imported table itself was edited,
    nothing is taken back. May be repeated, down to the first import, with which the round goes.
    A column mapping that the import kept for later files is no longer proposed, unless an import that stands
    has the same or it was edited since.

    Parameters
    ----------
    district : a district or its folder
    round : ISO date; None means the newest
    onto : the digest of the round as the caller showed it to whoever decided; None means as it is now

    Returns
    -------
    UndoReport

    Raises
    ------
    UnknownNameError
        There is no such round.
    StoreError
        It is published, records no import, changed meanwhile, or its imported table was edited since.
    """
    opened = _opened(district)
    store = open_store(opened.rounds_folder, opened.catalog.layers)
    wanted = chosen_round(store, round, opened.folder)
    taken = store.undo(wanted, onto=store.digest(wanted) if onto is None else onto)
    remains = wanted in store.rounds()
    digest = store.digest(wanted) if remains else None
    return UndoReport(wanted, taken, remains, digest, _mappings_of(opened, store, taken))


def _mappings_of(
    district: District, store: Store, taken: tuple[ImportRecord, ...]
) -> tuple[Said, ...]:
    """Set aside the column mappings that imports kept, and say so."""
    from .importing.plan import FOLDER
    from .mapping import set_aside

    standing: list[ImportRecord] = []
    for round_ in store.rounds():
        with suppress(GeoError):  # one that cannot be read says nothing
            standing += store.imports(round_)
    told = []
    for record in taken:
        try:
            told.append(set_aside(district.folder / FOLDER, record, standing))
        except OSError as error:
            told.append(
                Said(
                    "the column mapping it kept could not be set aside: ",
                    "其保存的字段对应未能撤下：",
                )
                + reason_of(error)
            )
    return tuple(one for one in told if one is not None)


def changes_since_publication(store: Store, round_: str) -> tuple[str, ...]:
    """What a published round no longer has as it was published, in words.

    Returns
    -------
    tuple of str
        Empty where nothing changed, and for a round that is not published.

    Raises
    ------
    StoreError
        The round or the record of its publication cannot be read.
    """
    publication = store.publication(round_)
    if publication is None:
        return ()
    if round_ not in store.rounds():
        return (_GONE,)
    return tuple(changes(publication, store.digests(round_), store.imports(round_)))


def publication_findings(store: Store, round_: str) -> tuple[Finding, ...]:
    """A finding where a round is published and no longer what was published.

    Returns
    -------
    tuple of Finding
        Severity `error`: its figures are not those that were published.
    """
    found = changes_since_publication(store, round_)
    if not found:
        return ()
    publication = store.publication(round_)
    when = f" on {publication.published_at} by {publication.published_by}" if publication else ""
    when_zh = f"（{publication.published_by}，{publication.published_at}）" if publication else ""
    return (
        Finding(
            "changed-since-published",
            "error",
            "round",
            (),
            Said("changed since it was published: ", "发布后有改动：") + joined(found, "; ", "；"),
            Said(
                f"round {round_} as it was published{when}", f"{round_} 轮次与发布时一致{when_zh}"
            ),
            Said(
                "put the published file back from a copy, and import corrections into a new round",
                "用备份恢复已发布的文件，更正内容导入新轮次",
            ),
        ),
    )


def _summary(district: District, store: Store, round_: str) -> RoundSummary:
    from .survey import Survey

    publication: Publication | None = None
    try:
        publication = store.publication(round_)
        if round_ not in store.rounds():
            return RoundSummary(round_, "missing", {}, None, None, publication, (_GONE,), ())
        changed = changes_since_publication(store, round_)
        state: RoundState = (
            "draft" if publication is None else "changed" if changed else "published"
        )
        return RoundSummary(
            round_,
            state,
            store.sizes(round_),
            store.digest(round_),
            Survey(district, round_, store).digest,
            publication,
            changed,
            store.imports(round_),
        )
    except StoreError as error:
        return RoundSummary(round_, "unreadable", {}, None, None, publication, (error.args[0],), ())


def _opened(district: District | Path | str | None) -> District:
    return district if isinstance(district, District) else open_district(district)
