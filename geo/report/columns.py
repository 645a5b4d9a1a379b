"""Rows of a long table, kept as columns: the values of a row are made when it is read.

A million rows of a dozen values are gigabytes as tuples and tens of megabytes as columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .model import Row, Value

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_CHUNK = 8192
"""Rows whose values are made at once."""


@dataclass(frozen=True, eq=False)
class Coded:
    """Values that other rows, or other tables, have too: the place of each row's value among them."""

    codes: NDArray[np.integer[Any]]
    values: Sequence[Value]

    def between(self, start: int, stop: int) -> list[Value]:
        """The values of the rows from `start` up to `stop`."""
        values = self.values
        return [values[code] for code in self.codes[start:stop].tolist()]

    def taken(self, order: NDArray[np.intp]) -> Coded:
        """The rows in another order."""
        return Coded(self.codes[order], self.values)


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts that other rows, or other tables, have too, of which there are too many to hold each by itself."""

    codes: NDArray[np.integer[Any]]
    values: pa.Array

    def between(self, start: int, stop: int) -> list[Value]:
        """The texts of the rows from `start` up to `stop`."""
        found: list[Value] = self.values.take(self.codes[start:stop]).to_pylist()
        return found

    def taken(self, order: NDArray[np.intp]) -> Texts:
        """The rows in another order."""
        return Texts(self.codes[order], self.values)


@dataclass(frozen=True, eq=False)
class Plain:
    """Numbers or yes and no; NaN is missing."""

    numbers: NDArray[Any]

    def between(self, start: int, stop: int) -> list[Value]:
        """The values of the rows from `start` up to `stop`."""
        found: list[Value] = self.numbers[start:stop].tolist()
        # NaN is the one value that is not itself.
        return [None if value != value else value for value in found]  # noqa: PLR0124

    def taken(self, order: NDArray[np.intp]) -> Plain:
        """The rows in another order."""
        return Plain(self.numbers[order])


@dataclass(frozen=True, eq=False)
class Same:
    """One value for every row."""

    value: Value

    def between(self, start: int, stop: int) -> list[Value]:
        """The values of the rows from `start` up to `stop`."""
        return [self.value] * (stop - start)

    def taken(self, order: NDArray[np.intp]) -> Same:
        """The rows in another order: each is the same."""
        return self


Cells = Coded | Texts | Plain | Same


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows: how many, and a column of each of their values, or what makes the columns when they are read."""

    length: int
    columns: tuple[Cells, ...] | Callable[[], tuple[Cells, ...]]

    def between(self, start: int, stop: int) -> Iterator[Row]:
        """The rows from `start` up to `stop`."""
        columns = self.columns() if callable(self.columns) else self.columns
        for low in range(start, stop, _CHUNK):
            high = min(low + _CHUNK, stop)
            yield from zip(*(cells.between(low, high) for cells in columns), strict=True)


class Rows(Sequence[Row]):
    """Rows that read like a tuple of tuples. Whoever makes them has cleaned their texts.

    Examples
    --------
    >>> rows = Rows([Part(2, (Same("m"), Plain(np.array([1.5, np.nan])), Coded(np.array([1, 0]), ("甲", "乙"))))])
    >>> len(rows), rows[0], rows[1:]
    (2, ('m', 1.5, '乙'), (('m', None, '甲'),))
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self._length = sum(part.length for part in parts)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Row]:
        for part in self._parts:
            yield from part.between(0, part.length)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, place: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self._length)
            if step == 1:
                return tuple(self._between(start, stop))
            return tuple(self[number] for number in range(start, stop, step))
        number = range(self._length)[place]
        return next(self._between(number, number + 1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def _between(self, start: int, stop: int) -> Iterator[Row]:
        before = 0
        for part in self._parts:
            low, high = max(start - before, 0), min(stop - before, part.length)
            if low < high:
                yield from part.between(low, high)
            before += part.length
