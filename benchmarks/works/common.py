"""A work, its contenders, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import ATTRIBUTES

Floats = NDArray[np.float64]
_Item = TypeVar("_Item")
_Made = TypeVar("_Made")
THREADS = 2
"""What contenders that let it be said may use; the rest use what they find."""
CLUSTER_WORKERS = 2


@dataclass(frozen=True)
class Contender:
    """One way to do a work."""

    name: str
    run: Callable[[int], Floats]
    """From a size to a result; reading the files is part of it."""
    needs: tuple[str, ...] = ()
    """Modules that are loaded before the clock starts; one that is not installed skips the contender."""
    ours: bool = False
    only_reads: bool = False
    """The yardstick: its result is not compared."""
    largest: int | None = None
    """Beyond this size it takes minutes, or more memory than a laptop has."""
    tolerance: float | None = None
    """How far its result may be off where it is not exact, relative to the whole; None means as exact as the work."""
    total_only: bool = False
    """It gives the sum over the rows of the result, not each."""
    compiled: bool = False
    """It runs kernels that are compiled the first time they run on a machine."""
    prepared: Callable[[int], AbstractContextManager[object]] = lambda size: nullcontext()
    """What has to stand before the clock starts, for a size: a cluster, a server that holds the data."""
    absent: Callable[[], str | None] = lambda: None
    """What else than modules it needs that is not installed; None where nothing is wanting."""
    note: str = ""

    def missing(self) -> str | None:
        """The first thing it needs that is not installed."""
        for name in self.needs:
            try:
                found = find_spec(name)
            except ModuleNotFoundError:
                found = None
            if found is None:
                return name
        return self.absent()

    def load(self) -> None:
        """Load what it needs."""
        for name in self.needs:
            import_module(name)


@dataclass(frozen=True)
class Work:
    """Something to compute, at several sizes."""

    name: str
    title: str
    sizes: Mapping[str, tuple[int, ...]]
    """By the name of a choice (`tiny`, `small`, `full`, `aims`, `huge`)."""
    make: Callable[[int], None]
    """Makes the data of a size."""
    contenders: tuple[Contender, ...]
    measures: str
    """What the numbers of a result are."""
    tolerance: float = 1e-9
    """How far two exact results may be apart: the sums, relative to themselves."""
    row_slack: float = 1e-9
    """And each row of the result: relative to the largest of its column."""
    exponent: bool = False
    """Whether growth with the size is asked for."""
    size_words: Callable[[int], str] = field(default=str)

    def contender(self, name: str) -> Contender:
        """The contender of that name."""
        return next(one for one in self.contenders if one.name == name)


def read(*paths: Path) -> list[Any]:
    """GeoDataFrames, as geopandas reads them."""
    import geopandas as gpd  # noqa: PLC0415

    return [gpd.read_parquet(path) for path in paths]


def merely_read(*paths: Path) -> Floats:
    """How many rows geopandas has read."""
    return np.array([[float(len(frame)) for frame in read(*paths)]])


def merely_read_arrow(*paths: Path) -> Floats:
    """How many rows Arrow has read, geometry left as bytes."""
    from pyarrow import parquet  # noqa: PLC0415

    return np.array([[float(parquet.read_table(path).num_rows) for path in paths]])


def states(frame: Any) -> list[NDArray[np.intp]]:
    """For each attribute of streets: 0 yes, 1 no, 2 unknown."""
    found = []
    for name in ATTRIBUTES:
        column = frame[name].astype("boolean")
        yes = column.fillna(False).to_numpy(bool)
        found.append(np.where(column.isna().to_numpy(bool), 2, np.where(yes, 0, 1)))
    return found


def states_of_table(table: Any) -> list[NDArray[np.intp]]:
    """The same from an Arrow table."""
    found = []
    for name in ATTRIBUTES:
        column = table[name].combine_chunks()
        yes = np.asarray(column.fill_null(False))
        found.append(np.where(np.asarray(column.is_null()), 2, np.where(yes, 0, 1)))
    return found


def summed(
    count: int, unit: NDArray[Any], length: Floats, state: Sequence[NDArray[np.intp]]
) -> Floats:
    """Metres of each unit: yes, no and unknown of each attribute, side by side."""
    columns = [
        np.bincount(unit * 3 + one, weights=length, minlength=count * 3).reshape(count, 3)
        for one in state
    ]
    return np.concatenate(columns, axis=1)


def in_threads(work: Callable[[_Item], _Made], items: Sequence[_Item]) -> list[_Made]:
    """Each item's result, in order."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(work, items))


def slices(count: int, parts: int) -> list[slice]:
    """Neighbouring slices that are `count` together."""
    ends = np.unique(np.linspace(0, count, parts + 1).astype(int))
    return [slice(low, high) for low, high in pairwise(ends.tolist())]


# -- databases ----------------------------------------------------------------------------------------------


def in_duckdb(query: str, views: Mapping[str, Path]) -> Floats:
    """The answer of DuckDB with its spatial extension, read from GeoParquet files."""
    import duckdb  # noqa: PLC0415
    import duckdb_extension_spatial  # noqa: PLC0415

    package = Path(duckdb_extension_spatial.__file__).parent
    extension = next(package.glob("extensions/*/spatial.duckdb_extension"))
    with duckdb.connect(config={"threads": str(THREADS)}) as database:
        database.execute(f"LOAD '{extension}'")
        for name, path in views.items():
            database.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
        columns = database.execute(query).fetchnumpy()
    return np.stack([np.ma.filled(column, np.nan).astype(float) for column in columns.values()], 1)


def in_sedona(query: str, views: Mapping[str, Path]) -> Floats:
    """The answer of SedonaDB, read from GeoParquet files."""
    import sedonadb  # noqa: PLC0415

    database = sedonadb.connect()
    for name, path in views.items():
        database.read_parquet(str(path)).to_view(name)
    table = database.sql(query).to_arrow_table()
    return np.stack([np.asarray(column.to_numpy(), float) for column in table.columns], axis=1)


def by_number(answer: Floats, count: int) -> Floats:
    """Rows in the order of the number in their first column; zero where there is none."""
    rows = np.zeros((count, answer.shape[1] - 1))
    rows[answer[:, 0].astype(int)] = answer[:, 1:]
    return rows


def on_cluster(work: Callable[[Any], _Made]) -> _Made:
    """What a client of a Dask cluster of processes on this machine gives; starting it is not part of the time.

    The cluster is `cluster`'s, which stands before the clock starts.
    """
    from dask.distributed import default_client  # noqa: PLC0415

    return work(default_client())


@contextmanager
def cluster(size: int) -> Iterator[None]:
    """A Dask cluster of processes on this machine."""
    from dask.distributed import Client  # noqa: PLC0415

    client = Client(
        n_workers=CLUSTER_WORKERS,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        host="127.0.0.1",
    )
    yield
    client.shutdown()
