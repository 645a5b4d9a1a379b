"""A file format whose reader does what the file says: what a library with a fault might be made to do."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from geo.sources import child, progress
from geo.sources.base import Format, Request, Source, Staged

ACTIONS: dict[str, Callable[[str], object]] = {}


def action(act: Callable[[str], object]) -> Callable[[str], object]:
    ACTIONS[act.__name__] = act
    return act


@action
def say(word: str) -> object:
    return word


@action
def spin(_: str) -> object:
    while True:
        pass


@action
def sleep(seconds: str) -> object:
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        progress.tell(3, 7)
        time.sleep(0.1)
    return "slept"


@action
def allocate(_: str) -> object:
    held = []
    while True:
        held.append(bytearray(64 << 20))


@action
def allocate_in_c(_: str) -> object:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    while address := libc.malloc(64 << 20):
        ctypes.memset(address, 1, 64 << 20)
    return "no more was given"


@action
def crash(_: str) -> object:
    ctypes.string_at(0)
    return "not reached"


@action
def abort(_: str) -> object:
    os.abort()


@action
def leave(_: str) -> object:
    os._exit(3)


@action
def leave_as_if_done(_: str) -> object:
    os._exit(0)


@action
def raise_anything(_: str) -> object:
    raise LookupError("\x1b[31mwhat a library says in " + str(Path.cwd()))


@action
def write_without_end(_: str) -> object:
    with Path("large").open("wb") as stream:
        while True:
            stream.write(bytes(1 << 20))


@action
def open_without_end(_: str) -> object:
    held = []
    while True:
        held.append(Path("source.bad").open("rb"))  # noqa: SIM115


@action
def read(path: str) -> object:
    return _errno(lambda: Path(path).read_text())


@action
def read_in_c(path: str) -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.open(os.fsencode(path), os.O_RDONLY)
    return "read" if handle >= 0 else os.strerror(ctypes.get_errno())


@action
def list_folder(path: str) -> object:
    return _errno(lambda: list(Path(path).iterdir()))


@action
def write(path: str) -> object:
    return _errno(lambda: Path(path).write_text("x"))


@action
def call(port: str) -> object:
    return _errno(lambda: socket.create_connection(("127.0.0.1", int(port)), 2))


@action
def call_in_c(port: str) -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    place = bytes([2, 0]) + int(port).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    done = libc.connect(handle, place, len(place))
    return "connected" if done == 0 else os.strerror(ctypes.get_errno())


@action
def start(_: str) -> object:
    return _errno(lambda: subprocess.run([sys.executable, "-c", "0"], check=True))


@action
def copy(_: str) -> object:
    return _errno(os.fork)


@action
def kill_parent(_: str) -> object:
    return _errno(lambda: os.kill(os.getppid(), signal.SIGTERM))


@action
def environment(_: str) -> object:
    return " ".join(sorted(os.environ))


@action
def drivers(_: str) -> object:
    return " ".join(sorted(child.loaded_drivers("pyogrio")))


@action
def chatter(_: str) -> object:
    for _number in range(20_000):
        os.write(1, b"9" * 60 + b"\n" + b"\xff" * 40)
    return "said"


@action
def hang_up(_: str) -> object:
    os.close(1)
    while True:
        time.sleep(1)


@action
def lie(text: str) -> object:
    """An answer of its own making."""
    out = Path(child.OUT)
    for name, content in json.loads(text).items():
        if content.startswith("-> "):
            (out / name).symlink_to(content[3:])
        else:
            (out / name).write_bytes(content.encode("latin-1"))
    os._exit(0)


def _errno(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def _read(staged: Staged, request: Request) -> Source:
    import pandas as pd

    word, _, rest = staged.path.read_text().partition(" ")
    said = ACTIONS[word](rest)
    frame = pd.DataFrame({"said": [said]})
    return Source(frame, pd.Series(["row 1"]), ("said",), "Misbehaving", None, 1)


FORMAT = Format("Misbehaving", (".bad",), lambda path: True, _read, drivers=("GPKG", "CSV"))
