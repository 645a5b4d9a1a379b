"""A process that has loaded everything and makes copies of itself that run `atlas`, to be killed at any moment.

Run as a program it reads a job a line from its input, JSON, and answers each with a line of JSON. `Warm` is
the other end. Loading takes a second or two, a copy some milliseconds, so that fifty are soon done.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ended:
    """How a copy ended."""

    status: int
    """The exit status, or the signal that killed it, negative."""
    seconds: float
    errors: str


class Warm:
    """Starts the process on entering and ends it on leaving."""

    def __enter__(self) -> Warm:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *about: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def run(
        self,
        *arguments: object,
        kill_after_s: float | None = None,
        largest_file: int | None = None,
        only_writing: bool = False,
    ) -> Ended:
        """Run `atlas` with these arguments in a copy.

        Parameters
        ----------
        only_writing : of an import, the copy begins where the rows are read and checked and writing starts;
            what comes before is done once
        kill_after_s : then the copy is killed, as by kill -9
        largest_file : in bytes; where a file would grow beyond, the disk is as good as full
        """
        job = {
            "arguments": [str(one) for one in arguments],
            "kill_after_s": kill_after_s,
            "largest_file": largest_file,
            "only_writing": only_writing,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


def main() -> None:
    """Load, then copy and run for each job."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _load()
    prepared: dict[tuple[str, ...], Callable[[], None]] = {}
    for line in sys.stdin:
        job = json.loads(line)
        given = tuple(job["arguments"])
        if job["only_writing"] and given not in prepared:
            prepared[given] = _ready_to_write(given)
        reading, writing = os.pipe()
        started = time.monotonic()
        copy = os.fork()
        if copy == 0:
            os.close(reading)
            _run(job, writing, prepared.get(given) if job["only_writing"] else None)
        os.close(writing)
        status = _wait(copy, started, job["kill_after_s"])
        seconds = time.monotonic() - started
        os.set_blocking(reading, False)
        try:
            errors = os.read(reading, 1 << 16).decode(errors="replace")
        except BlockingIOError:
            errors = ""
        os.close(reading)
        answers.write(json.dumps({"status": status, "seconds": seconds, "errors": errors}) + "\n")
        answers.flush()


def _load() -> None:
    import importlib

    import geopandas
    import pyarrow.pandas_compat

    for name in ("cli", "importing", "intake", "mapping", "rounds", "sources.registry",
                 "sources.sandbox", "store.geopackage", "survey", "validate"):  # fmt: skip
        importlib.import_module(f"geo.{name}")
    assert geopandas.__version__
    assert pyarrow.pandas_compat


def _ready_to_write(arguments: tuple[str, ...]) -> Callable[[], None]:
    """Run an import up to where it writes; what is left to do."""
    from geo.cli import app
    from geo.importing.target import Target

    kept: list[Callable[[], None]] = []
    write = Target.write

    def stop(*given: Any) -> None:
        kept.append(lambda: write(*given))
        raise _ReadyError

    Target.write = stop  # type: ignore[method-assign]
    try:
        app(list(arguments), standalone_mode=False)
    except _ReadyError:
        return kept[0]
    finally:
        Target.write = write  # type: ignore[method-assign]
    raise RuntimeError("an import that does not write")


class _ReadyError(Exception):
    """The import has come to where it writes."""


def _run(job: dict[str, Any], errors: int, write: Callable[[], None] | None) -> None:
    """In the copy: run the command and end, leaving nothing to be put in order."""
    status = 1
    try:
        os.dup2(errors, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if job["largest_file"] is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest_file"],) * 2)
        sys.argv = ["atlas", *job["arguments"]]
        from geo.cli import main as atlas
        from geo.errors import GeoError

        try:
            (write or atlas)()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        except GeoError as error:  # as the command would say it
            sys.stderr.write(f"atlas: {error}\n")
            status = 2
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _wait(copy: int, started: float, kill_after_s: float | None) -> int:
    killed = False
    while True:
        ended, status = os.waitpid(copy, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if kill_after_s is not None and not killed and time.monotonic() - started >= kill_after_s:
            os.kill(copy, signal.SIGKILL)
            killed = True
        time.sleep(0.0005)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
