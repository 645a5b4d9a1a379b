"""Proof that something was left alone: a file that nobody opened, a port that nobody called."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_OPENED = 0x20 | 0x1  # IN_OPEN, IN_ACCESS


class Canary:
    """A file, and whether anyone has opened it: asked of the kernel where it can say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = None
        if sys.platform == "linux":
            libc = ctypes.CDLL(None, use_errno=True)
            self._handle = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            assert libc.inotify_add_watch(self._handle, os.fsencode(path), _OPENED) >= 0
        else:
            os.utime(path, (0, 10))

    def was_opened(self) -> bool:
        """Whether it was, since it was last asked."""
        if self._handle is None:
            return self.path.stat().st_atime > 0
        try:
            return bool(os.read(self._handle, 1 << 16))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Watch no longer."""
        if self._handle is not None:
            os.close(self._handle)


@dataclass
class Port:
    """A port of this machine, and who called it."""

    number: int
    callers: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.number}/"


@contextmanager
def listening() -> Iterator[Port]:
    """A port that takes down every call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        port = Port(server.getsockname()[1])
        done = threading.Event()

        def wait() -> None:
            while not done.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                port.callers.append(str(address))
                connection.close()

        waiting = threading.Thread(target=wait)
        waiting.start()
        try:
            yield port
        finally:
            done.set()
            waiting.join()
