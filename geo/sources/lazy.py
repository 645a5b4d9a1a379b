"""A column of geometry that is drawn only when something wants the shapes, and what can be told of it undrawn.

A million streets are a million objects of GEOS once they are drawn: a second, and five times the memory of their
coordinates. Most of what an import and a check ask of them - extents, lengths, kinds, whether all are numbers - is
asked of the coordinates sooner. The functions here ask them where they are at hand, and the shapes where not.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from geopandas.array import GeometryArray
from numpy.typing import NDArray

from .undrawn import Undrawn, undrawn

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
WORTH_WHILE = 20_000
"""Rows from which it pays to leave geometry undrawn."""
_NUMBERS = {1: 0, 2: 1, 3: 3, 5: 5, 6: 6}
"""Well-known binary's number of a kind → GEOS's."""


class LazyGeometry(GeometryArray):  # type: ignore[misc]  # geopandas says nothing of its types
    """Meets `GeometryArray`; rows are chosen, copied and measured undrawn, all else draws them.

    Parameters
    ----------
    undrawn : whose coordinates are all numbers
    crs : of all of them
    """

    def __init__(self, undrawn: Undrawn, crs: Any = None) -> None:
        self.undrawn: Undrawn | None = undrawn
        self._shapes: NDArray[np.object_] | None = None
        self._crs = None
        self.crs = crs
        self._sindex = None

    @property
    def _data(self) -> NDArray[np.object_]:
        if self._shapes is None:
            assert self.undrawn is not None
            self._shapes = self.undrawn.drawn()
            # Both forms are asked from here on: neither may change behind the other's back.
            self._shapes.flags.writeable = False
        return self._shapes

    @_data.setter
    def _data(self, shapes: NDArray[np.object_]) -> None:
        self.undrawn, self._shapes = None, shapes

    def __setitem__(self, key: Any, value: Any) -> None:
        self._data = self._data.copy()
        super().__setitem__(key, value)

    def __getitem__(self, idx: Any) -> Any:
        import pandas as pd

        if self.undrawn is None:
            return super().__getitem__(idx)
        if isinstance(idx, (int, np.integer)):
            at = range(len(self))[idx]
            return self[at : at + 1]._data[0] if self._shapes is None else self._shapes[at]
        if isinstance(idx, slice) and idx == slice(None):
            return self._as_it_is()
        if not isinstance(idx, slice):
            idx = pd.api.indexers.check_array_indexer(self, idx)
        return LazyGeometry(self.undrawn.take(np.arange(len(self))[idx]), self._crs)

    def take(self, indices: Any, allow_fill: bool = False, fill_value: Any = None) -> Any:
        """The rows at these positions."""
        positions = np.asarray(indices, dtype=np.intp)
        if self.undrawn is None or (allow_fill and (positions < 0).any()):
            return super().take(indices, allow_fill=allow_fill, fill_value=fill_value)
        return self[positions]

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        """Another column of the same rows; what is undrawn is never written to, and shared."""
        return super().copy() if self.undrawn is None else self._as_it_is()

    def _as_it_is(self) -> LazyGeometry:
        assert self.undrawn is not None
        same = LazyGeometry(self.undrawn, self._crs)
        same._shapes, same._sindex = self._shapes, self._sindex
        return same

    def __getstate__(self) -> Any:
        return shapely.to_wkb(self._data), self._crs

    def isna(self) -> Mask:
        """The rows without a shape."""
        return np.asarray(super().isna()) if self.undrawn is None else self.undrawn.counts == 0

    @property
    def size(self) -> int:
        return int(self._data.size) if self.undrawn is None else len(self.undrawn.counts)

    @property
    def nbytes(self) -> int:
        return int(self._data.nbytes) if self.undrawn is None else int(self.undrawn.places.nbytes)

    @property
    def is_empty(self) -> Mask:
        return np.asarray(super().is_empty) if self.undrawn is None else np.zeros(len(self), bool)

    @property
    def has_z(self) -> Mask:
        return np.asarray(super().has_z) if self.undrawn is None else np.zeros(len(self), bool)

    @property
    def has_m(self) -> Mask:
        return np.asarray(super().has_m) if self.undrawn is None else np.zeros(len(self), bool)

    @property
    def bounds(self) -> Floats:
        return np.asarray(super().bounds) if self.undrawn is None else self.undrawn.bounds


def column_of(undrawn: Undrawn, crs: Any = None) -> GeometryArray:
    """Shapes as a column: left undrawn where they are many and all their coordinates are numbers."""
    with np.errstate(all="ignore"):
        sound = len(undrawn.counts) >= WORTH_WHILE and np.isfinite(undrawn.places.sum())
    if sound:
        return LazyGeometry(undrawn, crs)
    return GeometryArray(undrawn.drawn(), crs=crs)


def column_from_wkb(binary: pa.ChunkedArray, crs: Any = None) -> GeometryArray:
    """A column of well-known binary as one of geometry; what cannot be decoded is missing."""
    if len(binary) >= WORTH_WHILE:
        plain = undrawn(binary)
        if plain is not None:
            return column_of(plain, crs)
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are found later
        shapes = shapely.from_wkb(binary.to_numpy(zero_copy_only=False), on_invalid="ignore")
    return GeometryArray(shapes, crs=crs)


def undrawn_in(geometry: gpd.GeoSeries) -> Undrawn | None:
    """What a column holds undrawn; None where it holds shapes."""
    return getattr(geometry.array, "undrawn", None)


def bounds_of(geometry: gpd.GeoSeries) -> Floats:
    """West, south, east, north of each row; NaN where it has no place."""
    with np.errstate(invalid="ignore"):
        return np.asarray(geometry.array.bounds)


def lacking(geometry: gpd.GeoSeries) -> Mask:
    """The rows that have no shape, or one without a single place."""
    # Of the array: geopandas' own columns draw what they are asked this of.
    array = geometry.array
    return np.asarray(array.isna() | array.is_empty)


def kinds_of(geometry: gpd.GeoSeries) -> NDArray[np.int32]:
    """GEOS's number of the kind of each row; -1 where there is no shape."""
    plain = undrawn_in(geometry)
    if plain is None:
        return np.asarray(shapely.get_type_id(geometry.to_numpy()))
    return np.where(plain.counts == 0, -1, _NUMBERS[plain.kind]).astype(np.int32)


def dimensions_of(geometry: gpd.GeoSeries) -> NDArray[np.int32]:
    """0, 1 or 2 for points, lines and surfaces; -1 where there is no shape."""
    plain = undrawn_in(geometry)
    if plain is None:
        return np.asarray(shapely.get_dimensions(geometry.to_numpy()))
    dimension = {1: 0, 2: 1, 5: 1}.get(plain.kind, 2)
    return np.where(plain.counts == 0, -1, dimension).astype(np.int32)


def lengths_of(geometry: gpd.GeoSeries) -> Floats:
    """The length of each row, of surfaces that of their borders, in its own units; NaN without a shape."""
    plain = undrawn_in(geometry)
    if plain is None:
        return np.asarray(shapely.length(geometry.to_numpy()))
    return plain.lengths


def without_length(geometry: gpd.GeoSeries) -> Mask:
    """The rows whose length is nothing."""
    if undrawn_in(geometry) is None:
        return np.asarray(lengths_of(geometry) == 0)
    # Of one part: all its places are one.
    box = bounds_of(geometry)
    return np.asarray((box[:, 0] == box[:, 2]) & (box[:, 1] == box[:, 3]))


def are_flat(geometry: gpd.GeoSeries) -> bool:
    """Whether no row has heights or measures."""
    array = geometry.array
    return not (array.has_z.any() or array.has_m.any())


def without_numbers(geometry: gpd.GeoSeries) -> Mask:
    """The rows with a coordinate that is no number, even where GEOS passes it over."""
    bad = np.zeros(len(geometry), dtype=bool)
    if undrawn_in(geometry) is not None:
        return bad
    shapes = geometry.to_numpy()
    with np.errstate(all="ignore"):
        # The sum of all is finite unless one of them is not, and takes a tenth of the time.
        if np.isfinite(shapely.get_coordinates(shapes).sum()):
            return bad
    coordinates, owners = shapely.get_coordinates(shapes, return_index=True)
    bad[owners[~np.isfinite(coordinates).all(axis=1)]] = True
    return bad


def ends_of(geometry: gpd.GeoSeries) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """The first and the last place of each row that has any, and which rows those are."""
    plain = undrawn_in(geometry)
    if plain is None:
        places, owners = shapely.get_coordinates(geometry.to_numpy(), return_index=True)
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        lasts = np.flatnonzero(np.diff(owners, append=-1))
        return places[firsts], places[lasts], owners[firsts]
    rows = np.flatnonzero(plain.counts)
    wide = plain.wide
    if wide is not None:
        return wide[:, 0].copy(), wide[:, -1].copy(), rows
    return plain.places[plain.starts[rows]], plain.places[plain.starts[rows + 1] - 1], rows


def places_of(geometry: gpd.GeoSeries) -> Floats:
    """x and y of all places of all rows, in their order."""
    plain = undrawn_in(geometry)
    if plain is None:
        return np.asarray(shapely.get_coordinates(geometry.to_numpy()))
    return plain.places


def wkb_of(geometry: gpd.GeoSeries) -> pa.Array:
    """Each row as well-known binary, null where there is no shape."""
    plain = undrawn_in(geometry)
    if plain is None:
        return pa.array(shapely.to_wkb(geometry.to_numpy()), pa.binary())
    return plain.wkb


__all__ = [
    "WORTH_WHILE",
    "LazyGeometry",
    "are_flat",
    "bounds_of",
    "column_from_wkb",
    "column_of",
    "dimensions_of",
    "ends_of",
    "kinds_of",
    "lacking",
    "lengths_of",
    "places_of",
    "undrawn_in",
    "without_length",
    "without_numbers",
    "wkb_of",
]
