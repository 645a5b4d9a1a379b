"""Whose turn it is to write: one writer a folder, and the others are told who it is.

The system's own file lock is what keeps writers apart, and it ends with the process that holds it, so a
killed writer blocks nobody. A note beside it says who holds it; the note is only for reading.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..said import Said

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_FILE = ".atlas.lock"
HOLDER_FILE = ".atlas.holder"

Waiting = Callable[[str], None]
"""Told once, in words, for whom one waits."""


@contextmanager
def turn(folder: Path, timeout_s: float, waiting: Waiting | None = None) -> Iterator[bool]:
    """Hold the folder's lock; a thread that holds it already goes on.

    Parameters
    ----------
    folder : exists and can be written to
    timeout_s : how long to wait for whoever holds the lock
    waiting : told who that is, if there is a wait

    Yields
    ------
    bool
        True for the outermost holder.

    Raises
    ------
    StoreError
        Another program kept the lock for that long; says who, where and since when.
    """
    from filelock import Timeout  # only writers need it

    lock = _lock(folder.resolve())
    outermost = not lock.is_locked
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if waiting is not None:
            waiting(Said("waiting for ", "正在等待 ") + _holder(folder))
        try:
            lock.acquire(timeout=timeout_s)
        except Timeout as error:
            raise StoreError(
                Said(
                    f"{_holder(folder)} is writing to {folder}, and still was after {timeout_s:g} s;"
                    " try again when that is done",
                    f"{_holder(folder).zh} 正在写入 {folder}，{timeout_s:g} 秒后仍未结束；请待其完成后再试",
                )
            ) from error
    try:
        if outermost:
            _sign(folder)
        yield outermost
    finally:
        if outermost:
            with suppress(OSError):
                (folder / HOLDER_FILE).unlink(missing_ok=True)
        lock.release()


def current_user() -> str:
    """The name the system knows the user by."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


@lru_cache(maxsize=64)
def _lock(folder: Path) -> FileLock:
    from filelock import FileLock

    # One for a folder, so that a thread that holds it is let through again.
    return FileLock(folder / LOCK_FILE)


def _sign(folder: Path) -> None:
    note = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "user": current_user(),
        "since": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    # Where even this cannot be written, what follows will say so better.
    with suppress(OSError):
        (folder / HOLDER_FILE).write_text(json.dumps(note), encoding="utf-8")


def _holder(folder: Path) -> Said:
    """Who holds the lock, in words; the note of a dead process is not believed."""
    try:
        note = json.loads((folder / HOLDER_FILE).read_text(encoding="utf-8"))
        pid, host, user, since = int(note["pid"]), note["host"], note["user"], note["since"]
    except (OSError, ValueError, KeyError, TypeError):
        return Said("another program", "另一程序")
    if host == socket.gethostname() and not _alive(pid):
        return Said("another program", "另一程序")
    return Said(
        f"{user} (process {pid} on {host}, since {since})",
        f"{user}（{host} 上的进程 {pid}，自 {since} 起）",
    )


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
