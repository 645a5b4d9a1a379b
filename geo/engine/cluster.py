"""The engine on many machines, or on all processes of one: rows are shared out, and what they come to is gathered.

Built on dask.distributed. Each worker gets the units once and cuts its share of the rows with the local engine;
sums are added up in a tree, two levels of which hold ninety parts. What a lost worker had is computed anew by
another. Scheduler and workers speak pickle, which is code: they belong on a network whose members are trusted. A
cluster that is started here listens on this machine alone.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from operator import add
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from ..errors import EngineError, GeoError, MissingExtraError
from ..said import Said
from .auto import AutoEngine
from .base import AreaPieces, Engine, Pieces, ReachPieces

if TYPE_CHECKING:
    from shapely import Polygon

    from .base import Floats, Geometries
    from .lines import Lines, Points

_P = TypeVar("_P", bound=Pieces)
_S = TypeVar("_S", bound="Sum")
_W = TypeVar("_W")
_I = TypeVar("_I")

FAN_IN = 10
"""So many sums are added up at a time, where they lie."""
SHARES = 4
"""Rows are cut into so many shares a worker, so that one slow share does not keep the others waiting."""
SCHEDULER_S = 10.0
"""How long to wait for a scheduler to answer."""
FIRST_WORKER_S = 60.0
"""How long to wait for it to have a worker."""


class Sum(Protocol):
    """What parts come to: two of them add up."""

    def __add__(self: _S, other: _S) -> _S: ...


class ClusterEngine:
    """Cuts with the local engine on the workers of a Dask cluster; see `geo.engine.base.Engine`.

    Parameters
    ----------
    scheduler : its address, `tcp://host:port`; None starts one process for each core of this machine, which
        end with this process
    workers : of the cluster that is started here

    Raises
    ------
    MissingExtraError
        dask and distributed are not installed.
    EngineError
        There is no scheduler at the address, or it has no workers.
    """

    name = "cluster"

    def __init__(self, scheduler: str | None = None, workers: int | None = None) -> None:
        if find_spec("distributed") is None:
            raise MissingExtraError("distributed", "cluster")
        self._client = connected(scheduler, workers)
        self._sent: dict[str, tuple[tuple[Any, ...], Any]] = {}

    # -- the contract of an engine ----------------------------------------------------------------------

    def lengths(self, lines: Geometries | Lines, units: Geometries, area: Polygon | None) -> Pieces:
        """Length (m) of each line by unit and side of the area."""
        found: Pieces = self._shared_out("lengths", lines, (units, area))
        return found

    def reach(
        self,
        lines: Geometries | Lines,
        units: Geometries,
        area: Polygon | None,
        points: Geometries | Points,
        certain_m: Floats,
        possible_m: Floats,
    ) -> ReachPieces:
        """Length (m) of each line by unit and side, and of that the length within reach of a point."""
        ground = (units, area, points, certain_m, possible_m)
        found: ReachPieces = self._shared_out("reach", lines, ground)
        return found

    def areas(self, polygons: Geometries, units: Geometries, area: Polygon | None) -> AreaPieces:
        """Area (m²) of each polygon by unit and side of the area."""
        found: AreaPieces = self._shared_out("areas", polygons, (units, area))
        return found

    def places(
        self, points: Geometries | Points, units: Geometries, area: Polygon | None
    ) -> Pieces:
        """Unit and side of each point, measure 1; a null or empty point lies in no unit."""
        found: Pieces = self._shared_out("places", points, (units, area))
        return found

    # -- sums of parts that the workers read themselves -------------------------------------------------

    def added_up(
        self,
        work: Callable[[_W, _I], _S],
        shared: _W,
        items: Sequence[_I],
        nothing: _S,
        done: Callable[[_I], None] | None = None,
    ) -> _S:
        """What all items come to, each worked on where there is room.

        Parameters
        ----------
        work : a function of a module, called as work(shared, item) on a worker
        shared : sent once to each worker
        items : small; what is large is read by the worker
        nothing : the sum of no items
        done : called with each item that is done, in any order; one whose result was lost with its worker is
            done again without a word

        Raises
        ------
        GeoError
            What `work` raised first.
        EngineError
            The cluster failed: its scheduler is gone, or a part ended one worker after another.
        """
        if not items:
            return nothing
        client = self._client
        sent = self._broadcast("shared", (work, shared))
        futures = [client.submit(_worked, sent, item, pure=False) for item in items]
        news: SimpleQueue[_I | None] = SimpleQueue()
        held = dict(zip((future.key for future in futures), futures, strict=True))
        of = dict(zip(held, items, strict=True))

        def tell(future: Any) -> None:
            news.put(of[future.key])
            # What is no longer held here goes as soon as it was added up.
            held.pop(future.key, None)

        total = futures
        while len(total) > 1:
            total = [
                client.submit(_summed, total[first : first + FAN_IN], pure=False)
                for first in range(0, len(total), FAN_IN)
            ]
        last = total[0]
        for future in futures:
            future.add_done_callback(tell)
        last.add_done_callback(lambda _: news.put(None))
        del futures, total
        try:
            # A part that fails ends the whole, since the whole is made of it.
            while (item := news.get()) is not None:
                if done is not None:
                    done(item)
            answer: _S = _answer(last)
            return answer
        finally:
            last.cancel()

    @staticmethod
    def local() -> Engine:
        """The engine that a worker cuts with: what suits the size of its part."""
        return AutoEngine()

    def _shared_out(self, method: str, features: Any, ground: tuple[Any, ...]) -> Any:
        """Pieces of features, cut share by share, in the order of the features."""
        if not len(features):
            return getattr(_local(), method)(features, *ground)
        sent = self._broadcast("ground", ground)
        shares = min(len(features), SHARES * max(1, len(self._client.scheduler_info()["workers"])))
        cuts = np.linspace(0, len(features), shares + 1).astype(int)
        futures = [
            self._client.submit(_cut, method, _share(features, first, last), sent, pure=False)
            for first, last in pairwise(cuts)
        ]
        found = []
        for future, first in zip(futures, cuts[:-1], strict=True):
            pieces = _answer(future)
            found.append(replace(pieces, row=pieces.row + first))
        columns = {
            item.name: np.concatenate([getattr(one, item.name) for one in found])
            for item in fields(found[0])
        }
        return type(found[0])(**columns)

    def _broadcast(self, role: str, data: tuple[Any, ...]) -> Any:
        """The data, which each worker fetches once; handed over again only where it is other data than before.

        The scheduler keeps it packed, so that it is there again though every worker that had it is lost.
        """
        known = self._sent.get(role)
        same = known is not None and len(known[0]) == len(data)
        if (
            known is None
            or not same
            or any(a is not b for a, b in zip(known[0], data, strict=True))
        ):
            known = (data, self._client.submit(pickle.loads, pickle.dumps(data), pure=False))
            self._sent[role] = known
        return known[1]


_clients: dict[str | None, Any] = {}
"""Connections of this process: engines that are made anew share them."""
_engine: list[Engine] = []
"""The local engine of a worker's process, with the index of the units it cuts by."""


def connected(scheduler: str | None = None, workers: int | None = None) -> Any:
    """A client of the scheduler, once there is a worker; one for each scheduler in a process.

    Raises
    ------
    EngineError
        There is no scheduler at the address, or it gets no worker in time.
    """
    known = _clients.get(scheduler)
    if known is not None and known.status == "running":
        return known
    distributed = _distributed()
    # Units are large on purpose: one task carries them, and all others share it.
    import_module("dask").config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    try:
        if scheduler is None:
            cluster = distributed.LocalCluster(
                n_workers=workers or os.cpu_count() or 1,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                worker_dashboard_address=None,
                # Without a page, but it answers how it is: where nobody else is in the way.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                # How much is read at a time is what bounds it.
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
            atexit.register(_closed, cluster)
            client = distributed.Client(cluster)
        else:
            client = distributed.Client(scheduler, timeout=SCHEDULER_S)
        client.wait_for_workers(1, timeout=FIRST_WORKER_S)
        if scheduler is None:
            # A terminal's Ctrl-C reaches them too: this process tells them to end.
            client.run(_deaf_to_ctrl_c)
    except (OSError, TimeoutError, ValueError) as error:
        where = scheduler or "this machine"
        raise EngineError(
            Said(
                f"no cluster at {where}: {error}; start a scheduler (`dask scheduler`) and workers (`dask worker`)",
                f"{scheduler or '本机'} 没有计算集群（{error}）；请启动调度器（dask scheduler）和工作进程（dask worker）",
            )
        ) from error
    atexit.register(_closed, client)
    _clients[scheduler] = client
    return client


def _deaf_to_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _closed(one: Any) -> None:
    # The process ends, perhaps by Ctrl-C amid the start of a worker: there is nobody to tell of what was cut short.
    logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
    logging.getLogger("tornado").setLevel(logging.CRITICAL + 1)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
    with suppress(Exception):
        one.close(timeout=5)


def _distributed() -> Any:
    # Its calls are not typed.
    return import_module("distributed")


def _local() -> Engine:
    """The engine that a process of its own cuts with."""
    if not _engine:
        _engine.append(ClusterEngine.local())
    return _engine[0]


def _share(features: Any, first: int, last: int) -> Any:
    return (
        features.take(np.arange(first, last)) if hasattr(features, "xy") else features[first:last]
    )


def _cut(method: str, features: Any, ground: tuple[Any, ...]) -> Pieces:
    pieces: Pieces = getattr(_local(), method)(features, *ground)
    return pieces


def _worked(sent: tuple[Callable[[Any, Any], Any], Any], item: Any) -> Any:
    work, shared = sent
    return work(shared, item)


def _summed(parts: list[Any]) -> Any:
    return reduce(add, parts)


def _answer(future: Any) -> Any:
    """What came of it; what the program raised there is raised here, and what the cluster did is named."""
    try:
        return future.result()
    except GeoError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise EngineError(
            Said(f"the cluster failed ({what})", f"计算集群出错（{what}）")
        ) from error
