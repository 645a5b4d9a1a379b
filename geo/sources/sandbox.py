"""Has a user's file opened by a process of its own, and takes from it rows or reasons, nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from ..errors import Fault, SourceError
from ..said import Said
from .base import Format, Request, Source, Staged, refuse
from .child import LARGEST_JOB, OUT, loaded_drivers, too_large
from .limits import PREFIX, Limits, limits
from .progress import Progress
from .transfer import TransferError, answer_in, copy_in, heard, unpack

T = TypeVar("T")

_PATIENCE_SECONDS = 0.25
_START_SECONDS = 120
"""What loading the libraries may take, on a machine that is doing much else."""
_LONGEST_TEXT = 2000
_LONGEST_COMPLAINT = 1 << 16
_MOST_FAULTS = 1000
_PASSED_ON = (
    "PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL",
    "LC_CTYPE", "TZ", "PROJ_DATA", "PROJ_LIB", "GDAL_DATA", "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX", "COVERAGE_PROCESS_START",
)  # fmt: skip
"""All else that the environment holds, keys and passwords among it, is not for the process that reads."""


class _Child(Protocol):
    """A process that waits for one job."""

    def ask(self, job: bytes) -> None: ...
    def heard(self) -> IO[bytes]: ...
    def complaint(self) -> bytes: ...
    def ended(self, patience: float) -> int | None: ...
    def end(self) -> None: ...


class _Started:
    """A process started for one file."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `end`)
        self._process = _start((), subprocess.PIPE, subprocess.PIPE, self._errors)

    def ask(self, job: bytes) -> None:
        assert self._process.stdin is not None
        # It may have ended already, which is noticed where its answer is due.
        with suppress(OSError), self._process.stdin as stream:
            stream.write(job)

    def heard(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def complaint(self) -> bytes:
        with suppress(OSError, ValueError):
            self._errors.seek(0)
            return self._errors.read(_LONGEST_COMPLAINT)
        return b""

    def ended(self, patience: float) -> int | None:
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        _kill(self._process.pid, self._process)
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


def _start(
    more: tuple[str, ...], stdin: Any, stdout: Any, stderr: Any, **options: Any
) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    given = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "PYTHONPATH": os.pathsep.join(given),
        # One thread each, and little memory set aside: what is set aside counts against the limit.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
    }
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        # Ctrl-C is for us alone: we end it.
        options["start_new_session"] = True
    return subprocess.Popen(
        [sys.executable, "-P", "-X", "utf8", "-m", "geo.sources.child", str(os.getpid()), *more],
        env=environment, cwd=tempfile.gettempdir(), stdin=stdin, stdout=stdout, stderr=stderr, **options,
    )  # fmt: skip


def _kill(pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """End a process and whatever it may have started, and wait for it where it is ours to wait for."""
    if process is not None and process.poll() is not None:
        return
    if sys.platform != "win32":
        with suppress(OSError):
            os.killpg(pid, 9)
    # It leads a group of its own only after it has started.
    with suppress(OSError):
        if process is None:
            os.kill(pid, 9)
        else:
            process.kill()
    if process is not None:
        process.wait()


class Ready:
    """A process that has loaded everything, and makes a copy of itself for each file (not on Windows).

    It spares every file the second that loading takes, which counts where many are opened. Each copy
    sets its own limits and drivers and ends with its file, as a process started for it would.
    """

    def __init__(self) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self.most_memory_bytes = 0
        """The most that any copy took so far."""
        self.cpu_seconds = 0.0
        """What all copies took so far."""
        self._process: subprocess.Popen[bytes] | None = None
        self._busy = threading.Lock()
        # On Linux it ends with the thread that has started it, which may not be whoever wants a file first: a page
        # of the app is at an end with its thread, and the next one would find a process that is about to end.
        self._starts = ThreadPoolExecutor(1)

    def _begin(self) -> None:
        import socket

        self._door, other = socket.socketpair()
        with other:
            self._process = self._starts.submit(
                _start, (str(other.fileno()),), subprocess.DEVNULL, subprocess.DEVNULL,
                subprocess.DEVNULL, pass_fds=(other.fileno(),),
            ).result()  # fmt: skip
        self._heard = b""

    def _hear(self, patience: float) -> bytes | None:
        """The next line that it says; empty where it has ended, None where nothing comes in time."""
        self._door.settimeout(patience)
        while b"\n" not in self._heard:
            try:
                piece = self._door.recv(1 << 12)
            except TimeoutError:
                return None
            except OSError:
                return b""
            if not piece:
                return b""
            self._heard += piece
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    def child(self) -> _Copied | None:
        """A copy for one file; None where another file is open just now."""
        if not self._busy.acquire(blocking=False):
            return None
        if self._process is None or self._process.poll() is not None:
            self._begin()
        return _Copied(self)

    def stop(self) -> None:
        """End the process; the next file has another started."""
        if self._process is None:
            return
        self._door.close()
        _kill(self._process.pid, self._process)

    def close(self) -> None:
        """End it for good."""
        self.stop()
        self._starts.shutdown()


class _Copied:
    """A copy of the one that is ready."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._pid: int | None = None
        self._status: int | None = None
        self._over = False
        reading, self._writing = os.pipe()
        self._heard = os.fdopen(reading, "rb")

    def ask(self, job: bytes) -> None:
        import socket

        try:
            self._ready._door.settimeout(_START_SECONDS)
            socket.send_fds(self._ready._door, [b"+"], [self._writing])
            self._ready._door.sendall(job)
            self._pid = int(self._ready._hear(_START_SECONDS) or 0) or None
        except OSError:
            self._pid = None  # what answer there is will be found wanting
        finally:
            os.close(self._writing)

    def heard(self) -> IO[bytes]:
        return self._heard

    def complaint(self) -> bytes:
        return b""

    def ended(self, patience: float) -> int | None:
        if self._status is None:
            line = self._ready._hear(patience)
            if line is None:
                return None
            # Without a word, the one that was copied has ended, and all copies with it.
            status, memory, milliseconds = (int(word) for word in line.split() or (-9, 0, 0))
            self._ready.most_memory_bytes = max(self._ready.most_memory_bytes, memory << 10)
            self._ready.cpu_seconds += milliseconds / 1000
            self._status = status
        return self._status

    def end(self) -> None:
        if self._over:
            return
        self._over = True
        if self._pid is not None and self._status is None:
            _kill(self._pid)
            if self.ended(_START_SECONDS) is None:
                self._ready.stop()
        self._heard.close()
        self._ready._busy.release()


_ready: list[Ready] = []
_expected: list[_Started] = []


@contextmanager
def kept_ready() -> Iterator[Ready | None]:
    """While this lasts, files are opened by copies of one process that has loaded everything.

    Where copies cannot be made (Windows), every file has a process started for it all the same.
    """
    if sys.platform == "win32" or _ready:
        yield _ready[0] if _ready else None
        return
    ready = Ready()
    _ready.append(ready)
    try:
        yield ready
    finally:
        _ready.remove(ready)
        ready.close()


@contextmanager
def expected() -> Iterator[None]:
    """While this lasts a file will be opened: its process starts now, and loads while we load ourselves."""
    if _ready or _expected:
        yield
        return
    try:
        child = _Started()
    except OSError:  # why is said where it is needed
        yield
        return
    _expected.append(child)
    try:
        yield
    finally:
        if child in _expected:
            _expected.remove(child)
            child.end()


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    """A process that will read one file; it starts at once, and is gone at the end, whatever happens.

    Parameters
    ----------
    folder : private; the file lies in it, and what is read of it will
    """
    child: _Child | None = _ready[0].child() if _ready else None
    if child is None:
        child = _expected.pop() if _expected else _Started()
    try:
        yield Reader(child, folder)
    finally:
        child.end()


class Reader:
    """Asks the process for the rows, and waits no longer than is allowed."""

    def __init__(self, child: _Child, folder: Path) -> None:
        self._child = child
        self._folder = folder

    def read(
        self,
        staged: Staged,
        size: int,
        candidates: tuple[Format, ...],
        request: Request,
        progress: Progress,
    ) -> Source:
        """The rows of a file.

        Parameters
        ----------
        staged : the private copy
        size : in bytes, with its companions
        candidates : the formats it may be of, by its name
        request : which layer and columns are wanted
        progress : called a few times a second once a second has passed

        Raises
        ------
        SourceError
            It cannot be read, or takes more than it may.
        """
        asked = {"request": request.as_json()}
        return self._do(staged, size, candidates, asked, progress, unpack)

    def copy(
        self,
        staged: Staged,
        size: int,
        candidates: tuple[Format, ...],
        crs: str | None,
        progress: Progress,
    ) -> Path:
        """A copy of a raster that holds its values and nothing else; it lies in the private folder.

        Parameters
        ----------
        staged, size, candidates, progress : as for `read`
        crs : what the coordinates are, where the file does not say or says it wrongly

        Raises
        ------
        SourceError
            It cannot be read, takes more than it may, or is no raster.
        """
        return self._do(staged, size, candidates, {"copy": {"crs": crs}}, progress, copy_in)

    def _do(
        self,
        staged: Staged,
        size: int,
        candidates: tuple[Format, ...],
        asked: dict[str, Any],
        progress: Progress,
        take: Callable[[dict[str, Any], Path], T],
    ) -> T:
        allowed = limits()
        libraries = {"pyogrio", *(one.library for one in candidates)}
        job = {
            "folder": str(self._folder),
            "file": staged.path.name,
            "name": staged.name,
            "sha256": staged.sha256,
            "size": size,
            "limits": {name: text for name, text in os.environ.items() if name.startswith(PREFIX)},
            "drivers": {library: _drivers(library) for library in sorted(libraries)},
            **asked,
        }
        line = json.dumps(job).encode() + b"\n"
        if len(line) > LARGEST_JOB:
            raise refuse(
                staged.name,
                Said("a request that is too long", "请求过长"),
                Said("fewer columns", "较少的列"),
                Said("ask for fewer", "减少所需的列"),
            )
        self._child.ask(line)
        status = self._wait(staged.name, allowed.wall_seconds(size), progress)
        out = self._folder / OUT
        try:
            answer = answer_in(out, status)
            faults = _faults(answer.get("faults"))
            if not faults:
                return take(answer, out)
        except TransferError as error:
            raise self._why(staged.name, status, allowed, size, error) from error
        raise SourceError(faults)

    def _wait(self, name: str, seconds: int, progress: Progress) -> int:
        over = threading.Event()
        said = [0, 0]

        def listen() -> None:
            with suppress(OSError, ValueError):
                for line in iter(lambda: lines.readline(64), b""):
                    words = line.split()
                    if len(words) == 2 and all(word.isdigit() for word in words):
                        said[:] = [int(word) for word in words]
            over.set()

        lines = self._child.heard()
        threading.Thread(target=listen, daemon=True).start()
        started = time.monotonic()
        # One that was only just started has to load first.
        last = started + seconds + _START_SECONDS * isinstance(self._child, _Started)
        while not over.wait(_PATIENCE_SECONDS):
            if time.monotonic() > last:
                self._child.end()
                raise _too_long(name, Said(f"{seconds} s", f"{seconds} 秒"))
            waited = time.monotonic() - started
            if waited > 1 and said[0]:
                progress(said[0], said[1], Said("rows", "行"))
            elif waited > 1:  # some libraries say nothing until they are done
                progress(int(waited), 0, Said("s", "秒"))
        status = None
        while status is None and time.monotonic() < last:
            status = self._child.ended(_PATIENCE_SECONDS)
        return -9 if status is None else status

    def _why(
        self, name: str, status: int, allowed: Limits, size: int, error: TransferError
    ) -> SourceError:
        """What happened to a process that left nothing of use."""
        said = self._child.complaint()
        if b"bad_alloc" in said or b"MemoryError" in said or b"emory allocation" in said:
            return too_large(name, allowed, size)
        if sys.platform != "win32":
            import signal

            if status == -signal.SIGXCPU:
                return _too_long(name, _processor_time(allowed.cpu_seconds(size)))
        return refuse(
            name,
            Said(
                f"a file that stops the program reading it ({error})",
                f"该文件使读取程序中止（{error}）",
            ),
            Said("a whole file", "完整的文件"),
            Said("save it again, or convert it to a GeoPackage", "重新保存，或转为 GeoPackage"),
        )


def _too_long(name: str, time_: Said) -> SourceError:
    return refuse(
        name,
        Said(f"a file that takes more than {time_} to read", f"读取该文件超过 {time_.zh}"),
        Said("one that takes less", "占用较少的文件"),
        Said(
            f"cut it into several, or, if you trust it, set {PREFIX}SECONDS higher",
            f"拆成几个文件；如信任该文件，可调高 {PREFIX}SECONDS",
        ),
    )


def _processor_time(seconds: int) -> Said:
    return Said(f"{seconds} s of processor time", f"{seconds} 秒（处理器时间）")


def _faults(value: object) -> tuple[Fault, ...]:
    """The reasons for which there are no rows, as far as they are reasons; their text made plain."""
    if value is None:
        return ()
    if not isinstance(value, list) or not value:
        raise TransferError("reasons of another kind")
    faults = []
    for item in value[:_MOST_FAULTS]:
        try:
            layer = plain(item["layer"])
            found, expected, remedy = (
                heard(item[key]).mapped(plain) for key in ("found", "expected", "remedy")
            )
            rows = tuple(plain(row) for row in item["rows"][:_MOST_FAULTS])
            choices = tuple(plain(one) for one in item.get("choices", [])[:_MOST_FAULTS])
        except (KeyError, TypeError) as error:
            raise TransferError("reasons of another kind") from error
        faults.append(Fault(layer, found, expected, remedy, rows, choices))
    return tuple(faults)


def plain(text: object) -> str:
    """Text of a file as it may be printed: what would steer a terminal is replaced.

    Examples
    --------
    >>> plain("海陵\\x1b[31m")
    '海陵�[31m'
    """
    if not isinstance(text, str):
        raise TypeError("text was expected")
    return "".join(sign if sign.isprintable() else "�" for sign in text[:_LONGEST_TEXT])


@cache
def _drivers(library: str) -> list[str]:
    """All drivers of the library's GDAL, to leave out those that are not meant."""
    return sorted(loaded_drivers(library))
