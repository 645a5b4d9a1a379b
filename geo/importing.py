"""A user's file → a layer of a round: read, mapped, repaired where that is safe, and kept with its origin."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .district import District, open_district
from .errors import DataError, Fault, StoreError
from .model import Finding, ImportRecord, Layer
from .placing import Proposal
from .sources.base import LeftOut

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from .crs import Shift
    from .mapping import ImportMapping
    from .sources.base import Source

Progress = Callable[[int, int, str], None]
_STEPS = ("reading", "mapping", "checking", "writing")


@dataclass(frozen=True)
class ImportReport:
    """What an import read, took and left, and what was found on the way."""

    layer: str
    round: str
    rows_read: int
    rows_taken: int
    left_out: tuple[LeftOut, ...]
    proposals: tuple[Proposal, ...]
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, object]:
        """The report as `atlas import --format json` prints it."""
        return {
            "layer": self.layer,
            "round": self.round,
            "rows_read": self.rows_read,
            "rows_taken": self.rows_taken,
            "left_out": [asdict(item) for item in self.left_out],
            "proposals": [asdict(item) for item in self.proposals],
            "findings": [asdict(item) for item in self.findings],
        }


def import_file(
    district: District | Path | str,
    file: Path | str,
    layer: str | None = None,
    *,
    fields: Sequence[str] = (),
    mapping: ImportMapping | Path | str | None = None,
    crs: str | None = None,
    round: str | None = None,
    accept_proposals: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Take a file's rows into a district as one layer of a round.

    Parameters
    ----------
    district : a district or its folder
    file : a regular file on this machine, of a known format
    layer : the declared layer; None where the mapping names it
    fields : `NAME=COLUMN`, on top of the mapping
    mapping : a mapping, or its TOML file
    crs : what the coordinates are: `EPSG:n`, `gcj02` or `bd09`; needed where the file does not say
    round : ISO date; a new one, or one made by imports that lacks the layer; None means today
    accept_proposals : use what the importer believes where the file does not say
    progress : called with the step's number, how many there are, and its name

    Returns
    -------
    ImportReport
        Rows that could not be taken are in `left_out`; entries that could not be read are unknown and in
        `findings`.

    Raises
    ------
    DeclarationError
        The district's or the mapping's declaration is wrong.
    UnknownNameError
        There is no such layer or coordinate system.
    SourceError, DataError
        The file cannot be read, lacks a column, states no coordinate system, or has no usable row.
    StoreError
        The round cannot be written; all is as it was before.
    """
    from .intake import Rows
    from .mapping import columns_wanted, map_columns
    from .sources.base import Request
    from .sources.registry import read_source

    report_step = progress or (lambda done, total, what: None)
    opened = district if isinstance(district, District) else open_district(district)
    wanted = _mapping(mapping, fields)
    declared = _layer(opened, layer, wanted)
    target = _Target(opened, round or dt.date.today().isoformat(), declared.name)
    target.require_writable()

    report_step(0, len(_STEPS), _STEPS[0])
    request = Request(wanted.source_layer, declared.geometry, columns_wanted(wanted, declared))
    source, provenance = read_source(file, request)
    mapped = map_columns(wanted, declared, provenance.file, source.columns)
    rows = Rows(declared, opened.spec.metric_crs, source)
    rows.remark("field-mapping", mapped.shown)
    for note in source.notes:
        rows.remark("file", note)

    report_step(1, len(_STEPS), _STEPS[1])
    rows.choose(mapped.mapping)
    rows.read_fields(mapped)
    proposals, stated = rows.place(
        crs or wanted.crs,
        opened,
        target.store,
        accept=accept_proposals,
        named_shift=_named_shift(source, declared),
    )
    report_step(2, len(_STEPS), _STEPS[2])
    rows.take_usable()

    record = ImportRecord(
        id=target.next_id(),
        layer=declared.name,
        file=provenance.file,
        sha256=provenance.sha256,
        source_layer=source.layer,
        mapping=mapped.as_json,
        crs=stated,
        imported_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        imported_by=_user(),
        rows_read=source.rows_read,
        rows_taken=len(rows.frame),
    )
    frame = rows.frame.assign(
        src_import=record.id, src_row=rows.labels.set_axis(rows.frame.index).astype("string")
    )
    report_step(3, len(_STEPS), _STEPS[3])
    target.write(frame, record)
    return ImportReport(
        declared.name,
        target.round,
        source.rows_read,
        len(frame),
        tuple(rows.left_out),
        proposals,
        tuple(rows.findings),
    )


def _mapping(mapping: ImportMapping | Path | str | None, fields: Sequence[str]) -> ImportMapping:
    from .mapping import ImportMapping, load_mapping, with_options

    if mapping is None:
        mapping = ImportMapping()
    elif not isinstance(mapping, ImportMapping):
        mapping = load_mapping(Path(mapping))
    return with_options(mapping, fields)


def _layer(district: District, name: str | None, mapping: ImportMapping) -> Layer:
    chosen = name or mapping.layer
    if chosen is None:
        raise DataError(
            Fault("import", "no layer named", "a declared layer", "add --layer NAME, or `layer` to the mapping")
        )  # fmt: skip
    declared = district.catalog.layer(chosen)
    if declared.geometry == "Raster":
        raise DataError(
            Fault(
                chosen,
                "a layer of raster",
                "a layer of rows",
                f"put the GeoTIFF at {district.rasters_folder / (chosen + '.tif')}",
            )
        )
    return declared


class _Target:
    """The round an import writes to."""

    def __init__(self, district: District, round_: str, layer: str) -> None:
        from .store import open_store
        from .store.base import require_date

        self.round = require_date(round_)
        self.layer = layer
        self.folder = district.rounds_folder
        self.store = open_store(self.folder, district.catalog.layers)
        self.look()

    def look(self) -> None:
        """See the round as it is now."""
        self.exists = self.round in self.store.rounds()
        self.seen = self.store.digest(self.round) if self.exists else ""

    def require_writable(self) -> None:
        """Find out before the work rather than after it."""
        present = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        if not os.access(present, os.W_OK):
            raise StoreError(
                f"{present} is read-only; copy the district to a folder of your own and import there"
            )
        self.store.require_draft(self.round)
        if not self.exists:
            return
        if not self.store.imports(self.round):
            raise StoreError(
                f"round {self.round} was not made by imports, so it is not added to; choose another date"
            )
        if self.layer in self.store.tables(self.round):
            raise StoreError(
                f"round {self.round} has {self.layer} already, and what a round holds is never replaced;"
                " choose another date"
            )

    def next_id(self) -> int:
        """One more than the round's last import."""
        records = self.store.imports(self.round) if self.exists else ()
        return max((record.id for record in records), default=0) + 1

    def write(self, frame: gpd.GeoDataFrame | pd.DataFrame, record: ImportRecord) -> None:
        """Make the round, or add the layer to it; another import may have come first meanwhile."""
        with self.store.turn():
            self.look()
            self.require_writable()
            record = replace(record, id=self.next_id())
            tables = {self.layer: frame.assign(src_import=record.id)}
            if self.exists:
                self.store.add(self.round, tables, (record,), onto=self.seen)
            else:
                self.store.write(self.round, tables, (record,))


def _named_shift(source: Source, layer: Layer) -> tuple[Shift, str] | None:
    """The shift that the names of a table's coordinate columns speak of, as `高德经度` does."""
    from .sources.places import place_columns

    if source.format not in ("CSV", "Excel"):
        return None
    said = [one for one in place_columns(source.columns, layer.geometry) if one.kind != "wkt"]
    if not said or said[0].datum not in ("gcj02", "bd09"):
        return None
    shift: Shift = "gcj02" if said[0].datum == "gcj02" else "bd09"
    return shift, f"the names {' and '.join(said[0].names)} say so"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
