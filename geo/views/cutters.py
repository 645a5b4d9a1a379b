"""Processes that cut tiles, so that both of a computer's processors are used and the interpreter is left to others.

They are started where they are needed and ended with the work, whatever happens. What one of them could not do,
because it cannot be started, because it ended or because GDAL refused, is done in this process: so it is
done, or the reason is said by the error itself.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .cutting import ANSWERED, ASKED, cut

if TYPE_CHECKING:
    import pyarrow as pa

    from .pieces import Piece

MOST = 4
"""Processes for one map: some 150 MB each."""
_MAPS_AT_ONCE = threading.BoundedSemaphore(2)
"""So that a small map need not wait for a large one, and many do not take all the memory."""
_PATIENCE_SECONDS = 0.5
"""On Windows a wait without an end does not hear Ctrl-C."""
_ONE_THREAD = dict.fromkeys(
    ("GDAL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
"""There is a process for each processor; more threads would stand in each other's way."""
_Done = queue.SimpleQueue[tuple[int, bytes | None] | None]
"""The number of a piece and its tiles, None where a process has ended over it; None where a thread has ended."""


@contextmanager
def cutters(most: int | None = None) -> Iterator[Cutters]:
    """Processes that wait for work; they start at once, and are gone at the end.

    Parameters
    ----------
    most : how many; None means one for each processor, up to `MOST`
    """
    with _MAPS_AT_ONCE:
        team = Cutters()
        try:
            team.start(_processors() if most is None else most)
            yield team
        finally:
            team.end()


class Cutters:
    """Those that could be started, each with a thread that hands it its work."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []

    def start(self, most: int) -> None:
        """Start so many, or as many as the system allows; by the thread that will wait for them.

        On Linux they would end with the thread that has started them.
        """
        with suppress(OSError):
            while sys.executable and len(self._processes) < most:
                self._processes.append(_start())

    def cut(self, table: pa.Table, pieces: Sequence[Piece], finest: int) -> Iterator[bytes]:
        """Set them to work at once; the tiles of each piece, in the order of the pieces, as they come.

        Parameters
        ----------
        table : the features of all pieces
        pieces : what is to be cut
        finest : the zoom at which every bend is kept
        """
        waiting = deque(range(len(pieces)))
        done: _Done = queue.SimpleQueue()

        def keep_busy(process: subprocess.Popen[bytes]) -> None:
            try:
                while process.poll() is None:
                    number = waiting.popleft()
                    piece = pieces[number]
                    rows = table.take(piece.rows)
                    done.put((number, _answer(process, rows, piece.zoom, piece.zoom == finest)))
            except IndexError:  # nothing waits any more
                pass
            finally:
                done.put(None)

        with suppress(RuntimeError):  # the system allows no more threads
            for process in self._processes:
                thread = threading.Thread(target=keep_busy, args=(process,), daemon=True)
                thread.start()
                self._threads.append(thread)
        came = _in_order(done, len(pieces), len(self._threads))
        return (
            cut(table.take(piece.rows), piece.zoom, piece.zoom == finest)
            if tiles is None
            else tiles
            for piece, tiles in zip(pieces, came, strict=True)
        )

    def end(self) -> None:
        """End them, whatever they are at."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()


def _in_order(done: _Done, count: int, busy: int) -> Iterator[bytes | None]:
    """What has come, by its number; None for what will not come, since nobody is at it any more."""
    came: dict[int, bytes | None] = {}
    for number in range(count):
        while number not in came and busy:
            with suppress(queue.Empty):
                one = done.get(timeout=_PATIENCE_SECONDS)
                if one is None:
                    busy -= 1
                else:
                    came[one[0]] = one[1]
        yield came.pop(number, None)


def _answer(
    process: subprocess.Popen[bytes], table: pa.Table, zoom: int, finest: bool
) -> bytes | None:
    """What a process makes of a table; None where it has ended over it."""
    import pyarrow as pa

    assert process.stdin is not None
    assert process.stdout is not None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    body = sink.getvalue()
    try:
        process.stdin.write(ASKED.pack(zoom, finest, body.size))
        process.stdin.write(body)
        process.stdin.flush()
        head = process.stdout.read(ANSWERED.size)
        if len(head) == ANSWERED.size:
            (size,) = ANSWERED.unpack(head)
            tiles = process.stdout.read(size)
            if len(tiles) == size:
                return tiles
    except OSError:
        pass
    process.wait()
    return None


def _start() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    given = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        flags = 0
    return subprocess.Popen(
        [sys.executable, "-P", "-X", "utf8", "-m", "geo.views.cutting", str(os.getpid())],
        env={**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(given)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what is wrong is said by this process, which tries again
        creationflags=flags,
        start_new_session=True,  # Ctrl-C is for us alone: we end them
    )


def _processors() -> int:
    """That this process may use, up to `MOST`."""
    if sys.platform == "linux":
        return min(MOST, len(os.sched_getaffinity(0)))
    return min(MOST, os.cpu_count() or 1)
