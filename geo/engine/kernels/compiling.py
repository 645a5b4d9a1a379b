"""How kernels are compiled: for stated types only, without the interpreter's lock, once for a machine.

Compiling takes seconds, loading what was compiled a fraction of one. What was compiled lies in the user's
cache, in a folder named after the kernels' own text: an installed package may be read-only, and a kernel
must not outlive a change of another that it calls. Where no folder can be written to, kernels are compiled
anew in each process.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numba

# Types of arguments, named so that a signature is one line.
floats = numba.float64[::1]
pairs = numba.float64[:, ::1]
ints = numba.int64[::1]
int_pairs = numba.int64[:, ::1]
short_ints = numba.int32[::1]
short_pairs = numba.int32[:, ::1]
octets = numba.uint8[::1]
flags = numba.boolean[::1]
number = numba.int64
metres = numba.float64

_T = TypeVar("_T")

_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    # Kernels make no arrays, and so need not count who holds one: in inner loops that costs more than the work.
    "_nrt": False,
}


def kernel(signature: Any) -> Callable[[Any], Any]:
    """Compile for one signature, when the module is imported; kept on disk where that is possible."""

    njit: Any = numba.njit

    def compiled(function: Any) -> Any:
        try:
            return njit(signature, cache=True, **_OPTIONS)(function)
        except RuntimeError:  # "no locator available": nowhere to keep it
            return njit(signature, **_OPTIONS)(function)

    def restoring(function: Any) -> Any:
        config: Any = numba.config
        before = config.CACHE_DIR
        config.CACHE_DIR = str(_folder(before))
        try:
            return compiled(function)
        finally:
            config.CACHE_DIR = before

    return restoring


def part(function: Any) -> Any:
    """A function that kernels call: compiled with them and kept with them."""
    njit: Any = numba.njit
    return njit(**_OPTIONS)(function)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(work: Callable[[int, int], _T], count: int, least: int = 4096) -> list[_T]:
    """`work(first, last)` over ranges of `count` items on every core, results in order.

    The ranges depend on `count` alone, so that no figure depends on the number of cores.

    Parameters
    ----------
    least : items a range holds at least
    """
    pieces = max(1, min(64, count // least))
    edges = [count * k // pieces for k in range(pieces + 1)]
    ranges = list(pairwise(edges))
    workers = min(cores(), pieces)
    if workers == 1:
        return [work(first, last) for first, last in ranges]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda ends: work(*ends), ranges))


def _folder(chosen: str) -> Path:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    if chosen:
        base = chosen
    elif sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "chengxiang-atlas" / f"kernels-{digest.hexdigest()[:16]}"
