"""What can be put right without deciding anything: done in a copy of the round, and every change listed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ..model import ImportRecord
from ..said import Said, alike
from ..store.base import require_date
from ..store.lock import current_user
from .evidence import Evidence, LayerRows
from .redrawing import redrawable
from .shapes import copies
from .text import garbled_entries, mendable, stored_column

if TYPE_CHECKING:
    from ..survey import Survey


@dataclass(frozen=True)
class Change:
    """One thing a repair did: which finding it answers, to which row, and what changed."""

    code: str
    layer: str
    row: object
    change: Said


@dataclass(frozen=True)
class RepairReport:
    """What a repair changed, and the round that holds the result."""

    source: str
    round: str | None
    """None where there was nothing to repair, and so no round was written."""
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, object]:
        """The report as `atlas check --repair --format json` prints it beside the findings."""
        return {
            "source": self.source,
            "round": self.round,
            "changes": [asdict(change) for change in self.changes],
        }


def repair_round(
    survey: Survey, layers: Sequence[str] | None = None, *, to: str | None = None
) -> RepairReport:
    """Write a copy of a round in which what can safely be repaired is repaired.

    Safe is: an outline that crosses itself, redrawn by structure, where that changes its area by no more
    than `AREA_CHANGE`; a row that repeats another in every column and in geometry, dropped; text read in
    the wrong encoding, where reading it again gives back every byte. Nothing else is touched.

    Parameters
    ----------
    survey : the round, which itself stays as it is
    layers : repair only these, by name or title; None means all
    to : ISO date of the new round; None means the next day after the round that is free

    Returns
    -------
    RepairReport

    Raises
    ------
    UnknownNameError
        There is no such layer.
    StoreError
        The new round exists already or cannot be written.
    """
    catalog = survey.district.catalog
    if to is not None:
        require_date(to)
    wanted = (
        {catalog.layer_asked_for(name).name for name in layers} if layers else set(catalog.layers)
    )
    evidence = Evidence(survey)
    store = survey.store
    tables: dict[str, gpd.GeoDataFrame | pd.DataFrame] = {}
    changes: list[Change] = []
    for table in store.tables(survey.round):
        rows = evidence.rows(table) if table in wanted else None
        if rows is None:
            tables[table] = store.read(survey.round, table)
            continue
        tables[table], done = repaired(rows, evidence)
        changes += done
    if not changes:
        return RepairReport(survey.round, None, ())
    target = to or _next_free(survey)
    records = [*store.imports(survey.round), *_records(survey, changes, tables)]
    store.write(target, tables, records)
    return RepairReport(survey.round, target, tuple(changes))


def repaired(
    rows: LayerRows, evidence: Evidence
) -> tuple[gpd.GeoDataFrame | pd.DataFrame, list[Change]]:
    """The stored rows with what can safely be repaired put right, and each change."""
    changes: list[Change] = []
    frame = rows.stored.copy()
    for name in rows.layer.fields:
        column = stored_column(rows, name)
        garbled = garbled_entries(rows, name) if mendable(rows, name) else {}
        meant = {text: reading for text, (reading, _) in garbled.items() if reading is not None}
        if column is None or not meant:
            continue
        at = frame[column].isin(list(meant)).to_numpy(dtype=bool)
        for row, text in zip(rows.names[at], frame.loc[at, column], strict=True):
            changes.append(
                Change(
                    "mojibake",
                    rows.name,
                    row,
                    alike(f"{name}: {text!r} → {meant[text]!r}"),
                )
            )
        frame.loc[at, column] = [meant[text] for text in frame.loc[at, column]]
    if rows.layer.geometry == "Polygon" and isinstance(frame, gpd.GeoDataFrame):
        positions, redrawn, notes = redrawable(rows, evidence)
        shapes = np.asarray(frame.geometry.to_numpy(), dtype=object).copy()
        shapes[positions] = redrawn
        frame = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
        changes += [
            Change("invalid-geometry", rows.name, rows.names[position], text)
            for position, text in zip(positions, notes, strict=True)
        ]
    again = copies(rows)
    for row, fid in zip(rows.names[again], rows.stored.index[again], strict=True):
        changes.append(
            Change(
                "duplicate-row",
                rows.name,
                row,
                Said(
                    f"dropped row {fid}, a copy of another", f"删去第 {fid} 行，它与另一行完全相同"
                ),
            )
        )
    return frame[~again], changes


def _next_free(survey: Survey) -> str:
    taken = set(survey.store.rounds())
    day = dt.date.fromisoformat(survey.round)
    while day.isoformat() in taken:
        day += dt.timedelta(days=1)
    return day.isoformat()


def _records(
    survey: Survey, changes: Iterable[Change], tables: dict[str, Any]
) -> Iterable[ImportRecord]:
    """One record a repaired layer, so that the new round itself says what was done to it."""
    number = max((record.id for record in survey.store.imports(survey.round)), default=0)
    by_layer: dict[str, list[Change]] = {}
    for change in changes:
        by_layer.setdefault(change.layer, []).append(change)
    for layer, done in by_layer.items():
        number += 1
        dropped = sum(change.code == "duplicate-row" for change in done)
        yield ImportRecord(
            id=number,
            layer=layer,
            file=f"round {survey.round}, repaired",
            sha256=survey.store.digest(survey.round),
            source_layer=layer,
            mapping=json.dumps(
                {"repair": [asdict(item) for item in done]}, ensure_ascii=False, default=str
            ),
            crs=str(getattr(tables[layer], "crs", "") or ""),
            imported_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            imported_by=current_user(),
            rows_read=len(tables[layer]) + dropped,
            rows_taken=len(tables[layer]),
        )
