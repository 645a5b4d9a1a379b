"""A table read part by part: what a layer that is larger than memory is read through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd
import pyarrow as pa

from ..errors import StoreError
from ..said import Said
from ..sources.nullable import NULLABLE

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

Bounds = tuple[float, float, float, float]
"""West, south, east, north, in the table's own coordinates."""


@dataclass(frozen=True)
class Part:
    """Rows of a table that can be read without the others; which, only its scan can say."""

    first: int
    last: int
    rows: int
    """About how many there are."""


@dataclass(frozen=True)
class StoredRows:
    """Some rows of a table, as stored."""

    fid: NDArray[np.int64]
    attributes: pa.Table
    """The columns that were asked for."""
    wkb: pa.Array | None
    """Geometry as well-known binary; None where the table has none, or none was asked for."""

    def __len__(self) -> int:
        return len(self.fid)

    def plain_frame(self) -> pd.DataFrame:
        """The attributes as `Store.read` has them: index `fid`, missing values missing."""
        frame: pd.DataFrame = _without_dictionaries(self.attributes).to_pandas(
            types_mapper=NULLABLE.get
        )
        frame.index = pd.Index(self.fid, name="fid")
        return frame

    def frame(self, crs: str | None) -> gpd.GeoDataFrame | pd.DataFrame:
        """The rows as `Store.read` has them, geometry last; what cannot be decoded is missing."""
        import geopandas as gpd
        import shapely

        frame = self.plain_frame()
        if self.wkb is None:
            return frame
        shapes = shapely.from_wkb(self.wkb.to_numpy(zero_copy_only=False), on_invalid="ignore")
        column = "geometry"
        while column in frame.columns:
            column = f"atlas_{column}"
        return gpd.GeoDataFrame(frame.assign(**{column: shapes}), geometry=column, crs=crs)


class Scan(Protocol):
    """A table of a round that is read in parts, in any order, in any process that sees the file.

    It belongs to the file as it was when the scan was made: where that changes, reading is refused.
    """

    @property
    def table(self) -> str:
        """The table's name."""
        ...

    @property
    def rows(self) -> int:
        """How many rows it has."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its attributes, as stored."""
        ...

    @property
    def has_geometry(self) -> bool:
        """Whether its rows lie anywhere."""
        ...

    @property
    def crs(self) -> str | None:
        """The system of its coordinates, in a form pyproj understands; None where it states none."""
        ...

    def parts(self, rows: int) -> tuple[Part, ...]:
        """The table in parts of about so many rows, no part empty of them by design."""
        ...

    def read(
        self, part: Part, columns: Sequence[str], batch_rows: int, *, geometry: bool = True
    ) -> Iterator[StoredRows]:
        """The rows of a part, at most `batch_rows` at a time.

        Raises
        ------
        StoreError
            It cannot be read, or the file changed.
        """
        ...

    def within(
        self, bounds: Bounds, columns: Sequence[str], batch_rows: int
    ) -> Iterator[StoredRows]:
        """At least the rows that lie within some bounds; few others where the file keeps an index.

        Raises
        ------
        StoreError
            It cannot be read, or the file changed.
        """
        ...


@dataclass(frozen=True)
class FileState:
    """A file as it was at one time: what tells that another program wrote to it."""

    path: Path
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The state it is in."""
        seen = path.stat()
        return cls(path, seen.st_size, seen.st_mtime_ns)

    def require(self) -> None:
        """Refuse to go on where the file is no longer as it was.

        Raises
        ------
        StoreError
            It is another, or gone.
        """
        try:
            same = FileState.of(self.path) == self
        except OSError as error:
            raise StoreError(
                Said(
                    f"{self.path} cannot be read any more: {error}",
                    f"{self.path} 已无法读取（{error}）",
                )
            ) from error
        if not same:
            raise StoreError(
                Said(
                    f"{self.path} was changed while it was read; start again",
                    f"{self.path} 在读取时有改动；请重新开始",
                )
            )


def spread(count: int, rows: int) -> Iterator[tuple[int, int]]:
    """Ranges of about `rows` that share `count` out evenly.

    Examples
    --------
    >>> list(spread(10, 4))
    [(0, 3), (3, 6), (6, 10)]
    """
    ranges = max(1, -(-count // rows))
    for number in range(ranges):
        yield count * number // ranges, count * (number + 1) // ranges


def _without_dictionaries(table: pa.Table) -> pa.Table:
    for number, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(number).cast(field.type.value_type)
            table = table.set_column(number, field.name, plain)
    return table
