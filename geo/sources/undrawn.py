"""Geometry that is still numbers: told from its bytes many rows at once, and drawn by whoever takes the rows.

The process that opens a file only hands its rows over. Where every shape is of the plainest kind, it need
not build a million of them to take them apart again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

_POINT, _LINE, _SURFACE, _LINES, _SURFACES = 1, 2, 3, 5, 6
"""Numbers of well-known binary; in the plane, without heights."""
_START = {
    _POINT: (),
    _LINE: (None,),
    _SURFACE: (1, None),
    _LINES: (1, _LINE, None),
    _SURFACES: (1, _SURFACE, 1, None),
}
"""What follows a kind's number: how many parts, of which kind; None is how many places there are."""
_LEAST = {_POINT: 1, _LINE: 2, _SURFACE: 4, _LINES: 2, _SURFACES: 4}
_PLACE_BYTES, _KIND_BYTES = 16, 5
_MOST_SMALL = 2**31
"""Bytes from which a column counts them in 64 bits."""


@dataclass(frozen=True)
class Undrawn:
    """Shapes of one kind, each of one part and one line or outline."""

    kind: int
    """Its number in well-known binary."""
    places: NDArray[np.float64]
    """x, y of each place, row after row."""
    counts: NDArray[np.int64]
    """How many places each row has; 0 where it has no shape."""
    crs: Any = None
    """A pyproj.CRS, or None where the file states none."""

    def __post_init__(self) -> None:
        given = self.counts[self.counts != 0]
        if self.kind not in _START or self.places.shape != (int(self.counts.sum()), 2):
            raise ValueError("shapes of another kind")
        if len(given) and given.min() < _LEAST[self.kind]:
            raise ValueError("a shape of too few places")
        if self.kind == _POINT and len(given) and given.max() > 1:
            raise ValueError("a point of several places")
        if self.kind in (_SURFACE, _SURFACES):
            ends = np.cumsum(given)
            if not (self.places[ends - given] == self.places[ends - 1]).all():
                raise ValueError("an outline that is open")

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where the places of each row begin, and at last how many there are."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    def take(self, rows: NDArray[np.intp]) -> Undrawn:
        """The rows at these positions."""
        if len(rows) == len(self.counts) and (rows == np.arange(len(rows))).all():
            return self
        counts = self.counts[rows]
        first = self.starts[:-1][rows]
        if len(rows) and (np.diff(rows) == 1).all():
            places = self.places[first[0] : first[0] + counts.sum()]
        else:
            ends = np.cumsum(counts)
            places = self.places[
                np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + counts, counts)
            ]
        return Undrawn(self.kind, places, counts, self.crs)

    @property
    def wide(self) -> NDArray[np.float64] | None:
        """The places of the rows that have any, row by row, where each has as many: a pass for each then does."""
        counts = self.counts[self.counts != 0]
        if not len(counts) or counts.min() != counts.max():
            return None
        return self.places.reshape(len(counts), -1, 2)

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """West, south, east, north of each row; NaN where it has no shape."""
        found = np.full((len(self.counts), 4), np.nan)
        present = self.counts != 0
        first = self.starts[:-1][present]
        if not len(first):
            return found
        wide = self.wide
        if wide is not None:
            box = found if len(first) == len(found) else np.empty((len(first), 4))
            low, high = box[:, :2], box[:, 2:]
            low[:] = high[:] = wide[:, 0]
            for place in range(1, wide.shape[1]):
                np.minimum(low, wide[:, place], out=low)
                np.maximum(high, wide[:, place], out=high)
            if box is not found:
                found[present] = box
            return found
        for axis in (0, 1):
            along = np.ascontiguousarray(self.places[:, axis])
            found[present, axis] = np.minimum.reduceat(along, first)
            found[present, axis + 2] = np.maximum.reduceat(along, first)
        return found

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """How long each row is, a surface along its border; NaN where it has no shape."""
        found = np.where(self.counts == 0, np.nan, 0.0)
        if self.kind == _POINT or not len(self.places):
            return found
        present = self.counts != 0
        wide = self.wide
        if wide is not None:
            total = np.zeros(len(wide))
            for place in range(1, wide.shape[1]):
                east, north = (wide[:, place] - wide[:, place - 1]).T
                total += np.sqrt(east * east + north * north)
            found[present] = total
            return found
        east, north = np.diff(self.places, axis=0, append=self.places[-1:]).T
        steps = np.sqrt(east * east + north * north)
        # From the last place of a row it is no step to the first of the next.
        steps[self.starts[1:][present] - 1] = 0.0
        found[present] = np.add.reduceat(steps, self.starts[:-1][present])
        return found

    @cached_property
    def wkb(self) -> pa.Array:
        """Each row as well-known binary, null where it has no shape."""
        import pyarrow as pa
        import pyarrow.compute as pc

        form, size = _form(self.kind)
        heads = np.zeros((len(self.counts), size), dtype=np.uint8)
        for at, value in form:
            heads[:, at : at + len(value)] = np.frombuffer(value, dtype=np.uint8)
        if self.kind != _POINT:
            heads[:, -4:] = self.counts.astype("<u4")[:, None].view(np.uint8)
        # A byte past the last row's places is none of ours: only as much is taken as there is.
        ends = self.starts * _PLACE_BYTES
        small = ends[-1] + heads.size < _MOST_SMALL
        type_, width = (pa.binary(), np.int32) if small else (pa.large_binary(), np.int64)
        places = np.ascontiguousarray(self.places, dtype="<f8")
        parts = [
            pa.Array.from_buffers(
                type_,
                len(self.counts),
                [None, pa.py_buffer(offsets.astype(width)), pa.py_buffer(bytes_)],
            )
            for offsets, bytes_ in (
                (np.arange(len(self.counts) + 1) * size, heads),
                (ends, places),
            )
        ]
        joined = pc.binary_join_element_wise(*parts, pa.scalar(b"", type_))
        if (self.counts != 0).all():
            return joined
        return pc.if_else(pa.array(self.counts != 0), joined, pa.scalar(None, type_))

    def drawn(self) -> NDArray[np.object_]:
        """The shapes; None where a row has none."""
        import shapely

        present = self.counts != 0
        ends = np.concatenate([[0], np.cumsum(self.counts[present])])
        each = np.arange(int(present.sum()) + 1)
        offsets = {
            _POINT: (),
            _LINE: (ends,),
            _SURFACE: (ends, each),
            _LINES: (ends, each),
            _SURFACES: (ends, each, each),
        }[self.kind]
        kind = _kinds()[self.kind]
        with np.errstate(all="ignore"):  # coordinates that are no numbers are found later
            shapes: NDArray[np.object_] = shapely.from_ragged_array(kind, self.places, offsets)
        if present.all():
            return shapes
        found = np.full(len(present), None, dtype=object)
        found[present] = shapes
        return found


def undrawn(binary: pa.ChunkedArray, crs: object = None) -> Undrawn | None:
    """Shapes in well-known binary as numbers, where all are of one plain kind; else None.

    Parameters
    ----------
    binary : a column, null where a row has no shape
    crs : of all of them

    Returns
    -------
    Undrawn or None
        None also where a single one is broken: which it is, is found by drawing them.

    Examples
    --------
    >>> import pyarrow as pa, shapely
    >>> line = shapely.LineString([(0, 0), (1, 2)])
    >>> undrawn(pa.chunked_array([[line.wkb, None]])).counts.tolist()
    [2, 0]
    """
    import pyarrow.compute as pc

    rows = pc.drop_null(binary)
    if not len(rows):
        return None
    kind = int.from_bytes(rows[0].as_py()[1:_KIND_BYTES], "little")
    found = _places(rows, kind) if kind in _START else None
    if found is None:
        return None
    counts = np.zeros(len(binary), dtype=np.int64)
    counts[binary.is_valid().to_numpy()] = found[1]
    try:
        return Undrawn(kind, found[0], counts, crs)
    except ValueError:
        return None


def _places(
    rows: pa.ChunkedArray, kind: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """The places of all rows, and how many each has; None where a row is of another form."""
    form, size = _form(kind)
    lengths = _lengths(rows)
    if lengths.min() < size or ((lengths - size) % _PLACE_BYTES).any():
        return None
    counts = (lengths - size) // _PLACE_BYTES
    # One without places would be taken for one that is missing.
    if counts.min() < _LEAST[kind] or (kind == _POINT and counts.max() > 1):
        return None
    # A chunk at a time, since fresh memory is what takes most of the time.
    places = np.empty((int(counts.sum()), 2))
    row = place = 0
    for chunk in rows.chunks:
        span = counts[row : row + len(chunk)]
        if not len(span):
            continue
        heads, rest = _apart(chunk, size, lengths[row : row + len(chunk)])
        fits = all(
            (heads[:, at : at + len(value)] == np.frombuffer(value, dtype=np.uint8)).all()
            for at, value in form
        )
        if kind != _POINT:
            fits = fits and (np.ascontiguousarray(heads[:, -4:]).view("<u4")[:, 0] == span).all()
        if not fits:
            return None
        end = place + int(span.sum())
        places[place:end].reshape(-1).view(np.uint8).reshape(rest.shape)[:] = rest
        row, place = row + len(chunk), end
    if kind == _POINT and np.isnan(places).any():
        return None  # that is how one without a place is written
    return places, counts


def _lengths(rows: pa.ChunkedArray) -> NDArray[np.int64]:
    import pyarrow.compute as pc

    return np.asarray(pc.binary_length(rows).to_numpy(), dtype=np.int64)


def _apart(
    chunk: pa.Array, size: int, lengths: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The first bytes of every row, a row each, and all that follows them."""
    import pyarrow.compute as pc

    longest = int(lengths.max())
    if longest == lengths.min():
        same = _bytes(chunk).reshape(-1, longest)
        return same[:, :size], same[:, size:]
    heads = _bytes(pc.binary_slice(chunk, 0, size)).reshape(-1, size)
    # Without an end, pyarrow 26 counts the bytes it needs below nothing.
    return heads, _bytes(pc.binary_slice(chunk, size, longest))


def _bytes(chunk: pa.Array) -> NDArray[np.uint8]:
    """All the bytes of a column, row after row; none is null."""
    width = np.int64 if str(chunk.type).startswith("large") else np.int32
    ends = np.frombuffer(chunk.buffers()[1], dtype=width)[chunk.offset :][: len(chunk) + 1]
    return np.frombuffer(chunk.buffers()[2], dtype=np.uint8)[ends[0] : ends[-1]]


def _form(kind: int) -> tuple[list[tuple[int, bytes]], int]:
    """The bytes every shape of that kind starts with, each with where it stands, and how many there are."""
    form = [(0, b"\x01" + kind.to_bytes(4, "little"))]
    at = 5
    follows = _START[kind]
    for position, value in enumerate(follows):
        if position == 1 and kind in (
            _LINES,
            _SURFACES,
        ):  # a part has its own order of bytes and kind
            form.append((at, b"\x01" + int(value or 0).to_bytes(4, "little")))
            at += 5
            continue
        if value is not None:
            form.append((at, value.to_bytes(4, "little")))
        at += 4
    return form, at


def _kinds() -> dict[int, Any]:
    import shapely

    kinds = shapely.GeometryType
    return {
        _POINT: kinds.POINT,
        _LINE: kinds.LINESTRING,
        _SURFACE: kinds.POLYGON,
        _LINES: kinds.MULTILINESTRING,
        _SURFACES: kinds.MULTIPOLYGON,
    }
