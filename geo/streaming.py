"""A layer read batch by batch, each batch conformed as the whole would be.

What holds for a layer in memory holds here: the same values, the same findings, an error for what cannot be
measured. Lines are read into arrays without an object for each where there is nothing amiss with them; a batch
in which anything is goes the long way, which names it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from .batches import Batch, Bounds
from .engine.fast import available
from .engine.lines import PLAIN_ROWS, Lines, Points
from .keys import fingerprints, number_fingerprints, text_fingerprints
from .model import Finding, Layer
from .said import Said
from .validate import Conformed, conform, find_column

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from .keys import Fingerprints
    from .store.scan import Part, Scan, StoredRows

ROWS_NAMED = 1_000
"""So many rows a finding names; the rest it counts."""
_COUNT = re.compile(r"(\d+) rows?\b")
_COUNT_ZH = re.compile(r"[\d,]+ 行")
_KINDS = {"LineString": (2, 5), "Point": (1,)}
"""The kinds of well-known binary that arrays hold, by the geometry of a layer."""


_T = TypeVar("_T")


@dataclass(frozen=True)
class ReadBatch:
    """Rows of a layer, and what was found in them."""

    batch: Batch | None
    """None where an error keeps them from being measured."""
    rows: int
    findings: tuple[Finding, ...]
    keys: Fingerprints | None
    """Of the rows' keys, by which two batches can be found to share one; None where there is no key."""


@dataclass(frozen=True)
class Reading:
    """How the parts of a stored layer become batches; goes to any process that sees the file."""

    scan: Scan
    layer: Layer
    """With no more fields than are needed."""
    crs: str
    """The metric CRS."""
    arrays: bool
    """Whether shapes may come as arrays of coordinates."""
    batch_rows: int
    fields: frozenset[str] = frozenset()
    """What is asked of the rows; other fields are only looked at."""

    @classmethod
    def of(
        cls,
        scan: Scan,
        layer: Layer,
        fields: Iterable[str],
        crs: str,
        *,
        arrays: bool,
        batch_rows: int,
    ) -> Reading:
        """Read a layer's key, its required fields and these."""
        asked = frozenset(fields)
        wanted = {*asked, layer.key}
        kept = {
            name: spec for name, spec in layer.fields.items() if spec.required or name in wanted
        }
        needed = layer.model_copy(update={"fields": kept})
        return cls(scan, needed, crs, arrays and layer.geometry in _KINDS, batch_rows, asked)

    def all_batches(self, parts: Sequence[Part]) -> Iterator[ReadBatch]:
        """All rows of some parts; the next batch is read while the last is worked on."""
        return read_ahead(read for part in parts for read in self.batches(part))

    def parts(self) -> tuple[Part, ...]:
        """The parts of the layer, each about a batch."""
        return self.scan.parts(self.batch_rows)

    def batches(self, part: Part) -> Iterator[ReadBatch]:
        """The rows of a part.

        Raises
        ------
        StoreError
            It cannot be read, or the file changed.
        """
        for rows in self.scan.read(part, self._columns, self.batch_rows):
            yield self._batch(rows)

    def within(self, bounds: Bounds) -> Iterator[Batch]:
        """The rows that lie within some bounds, in metres, of a layer that was found good."""
        columns = self._columns
        for rows in self.scan.within(self._stored_bounds(bounds), columns, self.batch_rows):
            read = self._batch(rows)
            if read.batch is not None:
                yield read.batch

    @cached_property
    def _blank(self) -> pd.DataFrame:
        """A frame with the columns and no rows."""
        return pd.DataFrame(columns=list(self.scan.columns))

    @cached_property
    def _columns(self) -> list[str]:
        found = (find_column(self._blank, name) for name in self.layer.fields)
        return list(dict.fromkeys(name for name in found if name is not None))

    @cached_property
    def _to_metric(self) -> Any:
        """What turns stored coordinates into metres; None where they are in metres."""
        from pyproj import CRS, Transformer

        stored = CRS.from_user_input(self.scan.crs)
        if stored == self.crs:
            return None
        return Transformer.from_crs(stored, self.crs, always_xy=True)

    def __getstate__(self) -> dict[str, Any]:
        # What was worked out here is worked out again elsewhere: a transformer does not travel.
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def _batch(self, rows: StoredRows) -> ReadBatch:
        shapes: Any = self._arrays(rows) if self.arrays else None
        if shapes is None:
            found = conform(rows.frame(self.scan.crs), self.layer, crs=self.crs)
            keys = self._keys(found)
            shapes = None if found.errors else found.frame.geometry.to_numpy()
        else:
            keys = self._plain_keys(rows)
            layer = self._unkeyed if keys is not None else self._placeless
            found = conform(rows.plain_frame(), layer)
            if keys is not None and found.findings:
                # Rows that are spoken of are named by their keys.
                found = conform(rows.plain_frame(), self._placeless)
            keys = self._keys(found) if keys is None else keys
        # Which keys are doubled only the whole layer shows.
        findings = tuple(item for item in found.findings if item.code != "duplicate-key")
        good = shapes is not None and not any(item.severity == "error" for item in findings)
        batch = Batch(found.frame, shapes) if good and shapes is not None else None
        return ReadBatch(batch, len(rows), findings, keys)

    @cached_property
    def _placeless(self) -> Layer:
        return self.layer.model_copy(update={"geometry": "Table"})

    @cached_property
    def _unkeyed(self) -> Layer:
        """The layer without its key, for rows whose keys were found good."""
        asked = {
            name: spec
            for name, spec in self.layer.fields.items()
            if name != self.layer.key or name in self.fields
        }
        return self._placeless.model_copy(update={"key": None, "fields": asked})

    def _keys(self, found: Conformed) -> Fingerprints | None:
        key = self.layer.key
        return fingerprints(found.frame[key]) if key is not None else None

    def _plain_keys(self, rows: StoredRows) -> Fingerprints | None:
        """Of keys that are text, none of it missing or blank, or whole numbers; None where they have to be looked at."""
        import pyarrow as pa
        import pyarrow.compute as pc

        key = self.layer.key
        column = find_column(self._blank, key) if key is not None else None
        if key is None or column is None:
            return None
        spec, keys = self.layer.fields[key], rows.attributes.column(column)
        if keys.null_count:
            return None
        if spec.type == "integer" and pa.types.is_integer(keys.type):
            bounded = spec.minimum is not None or spec.maximum is not None
            if bounded or pa.types.is_uint64(keys.type):
                return None
            return number_fingerprints(keys.cast(pa.int64()).to_numpy())
        if spec.type != "text" or not (
            pa.types.is_string(keys.type) or pa.types.is_large_string(keys.type)
        ):
            return None
        blank = pc.equal(pc.utf8_trim_whitespace(keys), "")
        return None if pc.any(blank).as_py() else text_fingerprints(keys)

    def _arrays(self, rows: StoredRows) -> Lines | Points | None:
        """The shapes in metres; None where there is anything about them that has to be looked at."""
        if self.scan.crs is None or rows.wkb is None or rows.wkb.null_count:
            return None
        if not _are(rows.wkb, _KINDS[self.layer.geometry]):
            return None
        from shapely.errors import ShapelyError

        if self.scan.rows >= PLAIN_ROWS and available():
            # Many batches, though each be small: what reads without drawing pays.
            from .engine.kernels import compiling, wkb

            compiling.ready(wkb.sizes_of_lines, wkb.fill_lines, wkb.fill_points)
        try:
            if self.layer.geometry == "Point":
                points = Points.from_wkb(rows.wkb)
                return self._moved(points) if np.isfinite(points.xy).all() else None
            lines = Lines.from_wkb(rows.wkb)
        except ShapelyError:
            return None
        if not np.isfinite(lines.xy).all() or not _all_long(lines):
            return None
        return self._moved(lines)

    def _moved(self, shapes: Lines | Points) -> Lines | Points | None:
        if self._to_metric is None:
            return shapes
        x, y = self._to_metric.transform(shapes.xy[:, 0], shapes.xy[:, 1])
        xy = np.column_stack([x, y])
        return replace(shapes, xy=xy) if np.isfinite(xy).all() else None

    def _stored_bounds(self, bounds: Bounds) -> Bounds:
        if self._to_metric is None:
            return bounds
        west, south, east, north = self._to_metric.transform_bounds(
            *bounds, densify_pts=21, direction="INVERSE"
        )
        # Bent edges lie a little outside of what some of their points span.
        aside = 0.001 * max(east - west, north - south)
        return west - aside, south - aside, east + aside, north + aside


def read_ahead(batches: Generator[_T]) -> Iterator[_T]:
    """The same batches, each read in a thread of its own while the one before is worked on."""
    with ThreadPoolExecutor(1) as reader:
        try:
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                yield batch
        finally:
            # What the thread has opened it closes; as the process ends there is none to ask any more.
            try:
                reader.submit(batches.close).result()
            except RuntimeError:
                batches.close()


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of batches as those of a layer: one of each, with the rows of all."""
    found: dict[tuple[object, ...], Finding] = {}
    more: dict[tuple[object, ...], int] = {}
    for item in findings:
        # A wording is the same but for the count in it and the samples after.
        wording = _COUNT.sub("", item.found).split(", such as ")[0]
        about = (item.code, item.severity, item.layer, wording, item.remedy)
        if about not in found:
            found[about], more[about] = replace(item, rows=()), 0
        else:
            first = found[about]
            total = _counted(first) + _counted(item)
            found[about] = replace(first, found=_with_count(first.found, total))
        rows = found[about].rows
        room = ROWS_NAMED - len(rows)
        found[about] = replace(found[about], rows=(*rows, *item.rows[:room]))
        more[about] += max(len(item.rows) - room, 0)
    return tuple(
        replace(
            item,
            found=item.found
            + Said(f" (and {more[about]} more rows)", f"（另有 {more[about]:,} 行未列出）"),
        )
        if more[about]
        else item
        for about, item in found.items()
    )


def _with_count(text: Said, total: int) -> Said:
    """The same with another count of rows in it."""
    return Said(
        _COUNT.sub(f"{total} rows", str(text), count=1),
        _COUNT_ZH.sub(f"{total:,} 行", text.zh, count=1),
    )


def doubled_keys(reading: Reading, keys: Sequence[Fingerprints]) -> tuple[Finding, ...]:
    """The keys that several rows of a layer have, wherever they lie.

    Parameters
    ----------
    keys : those of all batches; where none look alike, nothing is read again
    """
    suspect = _alike(keys)
    key = reading.layer.key
    if not len(suspect) or key is None:
        return ()
    column = find_column(reading._blank, key)
    only = reading.layer.model_copy(
        update={"geometry": "Table", "fields": {key: reading.layer.fields[key]}}
    )
    kept = []
    for part in reading.parts():
        wanted = [column] if column is not None else []
        for rows in reading.scan.read(part, wanted, reading.batch_rows, geometry=False):
            values = conform(rows.plain_frame(), only).frame[key]
            kept.append(values[np.isin(fingerprints(values), suspect) & values.notna().to_numpy()])
    found = conform(pd.concat(kept).to_frame(), only).findings
    return tuple(item for item in found if item.code == "duplicate-key")


def _alike(keys: Sequence[Fingerprints]) -> NDArray[np.uint64]:
    if not keys:
        return np.array([], np.uint64)
    every = np.concatenate(keys)
    every.sort()
    return np.unique(every[1:][(every[1:] == every[:-1]) & (every[1:] != 0)])


def _counted(finding: Finding) -> int:
    said = _COUNT.search(finding.found)
    return int(said[1]) if said else 0


def _are(wkb: pa.Array, kinds: tuple[int, ...]) -> bool:
    """Whether all of well-known binary is of some kinds, whatever its byte order, heights and measures."""
    import pyarrow as pa

    wide = wkb.cast(pa.large_binary())
    _, offsets, data = wide.buffers()
    if data is None:
        return not len(wide)
    begins = np.frombuffer(offsets, np.int64)[wide.offset : wide.offset + len(wide) + 1]
    if (np.diff(begins) < 9).any():
        return False
    raw = np.frombuffer(data, np.uint8)
    first = begins[:-1]
    little = raw[first] == 1
    number = np.zeros(len(first), np.int64)
    for place in range(4):
        number |= raw[first + 1 + place].astype(np.int64) << np.where(
            little, 8 * place, 24 - 8 * place
        )
    # EWKB says by its highest bits what ISO says by thousands.
    return bool(np.isin((number & 0x0FFFFFFF) % 1000, kinds).all())


def _all_long(lines: Lines) -> bool:
    """Whether each line leads from one place to another."""
    if len(lines) and not len(lines.xy):
        return False
    moves = np.empty(len(lines.xy), bool)
    moves[-1:] = False
    x, y = lines.xy.T
    moves[:-1] = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
    # From the end of a part to the begin of the next is no move of either.
    moves[lines.starts[1:] - 1] = False
    long = np.zeros(len(lines), bool)
    long[lines.feature[np.logical_or.reduceat(moves, lines.starts[:-1])]] = True
    return bool(long.all())
