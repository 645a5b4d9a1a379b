"""A port of this machine for a server that a test starts."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def free_port() -> Iterator[int]:
    """A port at which nothing listens, and which meanwhile nobody is given who does not ask for it by its number.

    Where only its number was known, another test's server or browser could be given it before the server has it.
    """
    with socket.socket() as door:
        if sys.platform == "linux":  # where two may have it as long as one of them does not listen
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        if sys.platform != "linux":
            door.close()
        yield port
