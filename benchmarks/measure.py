"""Running a contender in a fresh process and keeping what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.data import ROOT


@dataclass(frozen=True)
class Run:
    """What one process took, or why there is no figure."""

    work: str
    size: int
    contender: str
    turn: int
    seconds: float | None = None
    """Of the work, reading included, libraries loaded."""
    cpu_s: float | None = None
    """Of the same, in that process alone."""
    process_s: float | None = None
    """Of the whole process, from its start to its end."""
    peak_mib: float | None = None
    """The most memory any one of its processes held."""
    failure: str | None = None

    def line(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_runs(file: Path) -> list[Run]:
    """The runs that were kept."""
    if not file.exists():
        return []
    return [Run(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def run_once(
    work: str, contender: str, size: int, turn: int, result: Path, timeout_s: float
) -> Run:
    """Let a contender do a work in a process of its own; the result goes to a file."""
    command = [sys.executable, "-m", "benchmarks.one", work, contender, str(size), str(result)]
    said, process_s, failure = spent(command, timeout_s)
    if failure is not None:
        return Run(work, size, contender, turn, failure=failure)
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return Run(
        work, size, contender, turn, told["seconds"], told["cpu_s"], process_s, told["peak_mib"]
    )


def spent(command: Sequence[str], timeout_s: float) -> tuple[str, float, str | None]:
    """What a command prints, its seconds, and how it failed if it did."""
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "",
        "OMP_NUM_THREADS": "2",
        "PYTHONUTF8": "1",
    }
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        begun = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=said, stderr=complained, cwd=ROOT, env=environment,
            start_new_session=True,
        )  # fmt: skip
        killed = threading.Event()

        def kill() -> None:
            killed.set()
            os.killpg(child.pid, 9)

        timer = threading.Timer(timeout_s, kill)
        timer.start()
        try:
            status = child.wait()
        except BaseException:
            # Whoever stops the benchmark stops what it has started.
            kill()
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - begun
        said.seek(0)
        complained.seek(0)
        failure = None
        if killed.is_set():
            failure = f"stopped after {timeout_s:.0f} s"
        elif status:
            last = complained.read().decode(errors="replace").strip().splitlines() or [""]
            failure = f"exit status {status}: {last[-1][:200]}"
        return said.read().decode(), seconds, failure
