"""Layers as they stand in an earlier round → a draft that lacks them.

A survey looks at streets and lamps anew, while units and edges mostly stay what they were. They are carried from
round to round, so that each can be measured by itself, and every row still leads to the file it once came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from .district import District, open_district
from .errors import StoreError, UnknownNameError
from .importing.target import now, require_addable, require_folder
from .model import ImportRecord
from .said import Said
from .scope import EDGES_LAYER
from .store.base import chosen_round, require_date, rounds_holding

if TYPE_CHECKING:
    from .store.base import Store


@dataclass(frozen=True)
class CarryReport:
    """What was carried, and from where."""

    round: str
    origins: dict[str, str]
    """The round that each layer was taken from, by layer; empty where the round lacked nothing."""
    rows: dict[str, int]
    """How many rows of each layer."""


def left_behind(district: District, store: Store, round_: str) -> dict[str, str]:
    """Units and edges that a round lacks and an earlier one has: without them nothing is counted by unit.

    Parameters
    ----------
    round_ : ISO date, of a round that exists or is still to come

    Returns
    -------
    dict
        For each of those layers the newest earlier round that has it.
    """
    held = store.tables(round_) if round_ in store.rounds() else ()
    earlier = [date for date in reversed(store.rounds()) if date < round_]
    needed = [name for name in (*district.spec.levels, EDGES_LAYER) if name not in held]
    newest = {name: next(rounds_holding(store, name, earlier), None) for name in needed}
    return {name: date for name, date in newest.items() if date is not None}


def carry_layers(
    district: District | Path | str,
    round: str | None = None,
    layers: Sequence[str] | None = None,
    *,
    source: str | None = None,
    new: bool = False,
    waiting: Callable[[str], None] | None = None,
) -> CarryReport:
    """Take layers, row for row, from an earlier round into a draft that lacks them, all of them or none.

    The rows keep the file and line they were once imported from, and the draft's records say which round they
    were carried from; `undo_import` takes them back.

    Parameters
    ----------
    district : a district or its folder
    round : ISO date of a draft made by imports; None means the newest
    layers : which, by name or title; None means the units and edges that the round lacks
    source : ISO date of the round to take them from; None means, for each layer, the newest earlier one that
        has it
    new : make the round where there is none of that date; else a mistyped date is answered
    waiting : told once, in words, for whom one has to wait

    Returns
    -------
    CarryReport
        With nothing in it where `layers` is None and the round lacks none.

    Raises
    ------
    UnknownNameError
        There is no such round or layer, or no earlier round has the layer.
    StoreError
        The round is published, made by another program, has such a layer already, or cannot be written; all is
        as it was before.
    """
    from .store import open_store

    opened = district if isinstance(district, District) else open_district(district)
    store = open_store(
        opened.rounds_folder, opened.catalog.layers, new_as=opened.spec.rounds, waiting=waiting
    )
    wanted = chosen_round(store, None, opened.folder) if round is None else require_date(round)
    if not new:
        chosen_round(store, wanted, opened.folder)
    require_folder(opened.rounds_folder)
    with store.turn():
        origins = _origins(opened, store, wanted, layers, source)
        if not origins:
            return CarryReport(wanted, {}, {})
        require_addable(store, wanted, origins)
        exists = wanted in store.rounds()
        before = store.imports(wanted) if exists else ()
        number = max((one.id for one in before), default=0)
        tables: dict[str, Any] = {}
        records: list[ImportRecord] = []
        for layer, date in origins.items():
            table, made = _carried(store, layer, date, number)
            tables[layer] = table
            records += made
            number += len(made)
        if exists:
            store.add(wanted, tables, records, onto=store.digest(wanted))
        else:
            store.write(wanted, tables, records)
    return CarryReport(wanted, origins, {name: len(table) for name, table in tables.items()})


def _origins(
    district: District,
    store: Store,
    wanted: str,
    layers: Sequence[str] | None,
    source: str | None,
) -> dict[str, str]:
    """For each layer that is to be carried the round it comes from."""
    if source is not None and source not in store.rounds():
        raise UnknownNameError("round", source, store.rounds())
    if source == wanted:
        raise StoreError(
            Said(
                f"round {wanted} cannot be carried into itself; name another with --from",
                f"轮次 {wanted} 不能沿用自身；请另选来源轮次",
            )
        )
    if layers is None:
        lacking = left_behind(district, store, wanted)
        if source is None:
            return lacking
        return {name: source for name in lacking if name in store.tables(source)}
    earlier = [date for date in reversed(store.rounds()) if date < wanted]
    found: dict[str, str] = {}
    for layer in map(district.catalog.layer_asked_for, layers):
        dates = [source] if source is not None else earlier
        held = next(rounds_holding(store, layer.name, dates), None)
        if held is None:
            kind = (
                Said(f"layer in round {source}", f"{source} 轮次的图层")
                if source is not None
                else Said(f"layer in the rounds before {wanted}", f"{wanted} 之前各轮次的图层")
            )
            known = {table for date in dates for table in store.tables(date)}
            raise UnknownNameError(kind, layer.name, sorted(known))
        found[layer.name] = held
    return found


def _carried(
    store: Store, layer: str, date: str, number: int
) -> tuple[pd.DataFrame, list[ImportRecord]]:
    """A layer's rows as stored, and the records to go with them, numbered from `number` + 1.

    Rows that were imported keep the records of where they came from, and are numbered anew with them; those of
    another program's round came from that round.
    """
    from .store.lock import current_user

    frame = store.read(date, layer)
    told = [one for one in store.imports(date) if one.layer == layer]
    anew = {one.id: number + place for place, one in enumerate(told, 1)}
    records = [replace(one, id=anew[one.id]) for one in told]
    carrying = number + len(told) + 1
    fids = pd.Series(frame.index, index=frame.index).astype("string")
    old = frame["src_import"] if "src_import" in frame else pd.Series(pd.NA, index=frame.index)
    label = frame["src_row"] if "src_row" in frame else pd.Series(pd.NA, index=frame.index)
    kept = old.map(anew).astype("Int64")
    # What no record tells of, such as a row that QGIS added, came from that round and its own row there.
    frame = frame.assign(
        src_import=kept.fillna(carrying),
        src_row=label.astype("string").where(kept.notna(), layer + " " + fids),
    )
    records.append(
        ImportRecord(
            id=carrying,
            layer=layer,
            file=f"round {date}",
            sha256=store.digests(date)[layer],
            source_layer=layer,
            mapping="{}",
            crs=str(getattr(frame, "crs", None) or ""),
            imported_at=now(),
            imported_by=current_user(),
            rows_read=len(frame),
            rows_taken=len(frame),
        )
    )
    return frame, records
