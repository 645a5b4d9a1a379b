"""Kernels: machine code that is made once, kept, and run without the compiler."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from geo.engine.kernels import cutting, kept
from geo.engine.kernels.compiling import Kernel

RUN = """
import sys, numpy
from geo.engine.kernels.cutting import count_pieces
slot = numpy.zeros(4, numpy.int64)
count_pieces(numpy.array([0, 0, 2]), slot)
assert slot.tolist() == [0, 2, 0, 1]
sys.exit(10 if "numba" in sys.modules else 0)
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    kept.folder.cache_clear()
    yield tmp_path
    kept.folder.cache_clear()


def test_a_kernel_is_compiled_once_and_then_runs_without_the_compiler(cache: Path) -> None:
    count = cutting.count_pieces
    Kernel(count.function, count.signature).ready()
    (file,) = cache.glob("chengxiang-atlas/kernels-*/cutting.count_pieces.o")
    assert subprocess.run([sys.executable, "-c", RUN], check=False).returncode == 0
    file.write_bytes(file.read_bytes()[:-1])
    assert kept.read(count.name) is None, "a damaged file is not run"


def test_where_nothing_can_be_kept_a_kernel_still_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    kept.folder.cache_clear()
    row, slot = np.array([1]), np.zeros(3, np.int64)
    Kernel(cutting.count_pieces.function, cutting.count_pieces.signature)(row, slot)
    assert slot.tolist() == [0, 0, 1]
    kept.folder.cache_clear()


def test_another_numba_costs_time_and_no_figure(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.engine.kernels.making.machine_code", lambda kernel: None)
    row, slot = np.array([1]), np.zeros(3, np.int64)
    Kernel(cutting.count_pieces.function, cutting.count_pieces.signature)(row, slot)
    assert slot.tolist() == [0, 0, 1]
    assert not list(cache.rglob("*.o"))


def test_what_older_versions_kept_is_swept_away(cache: Path) -> None:
    base = cache / "chengxiang-atlas"
    old = [base / f"kernels-{number:016x}" for number in range(6)]
    for folder in (*old, base / "kernels-of-mine"):
        folder.mkdir(parents=True)
    kept.write("a.b", ("name", b"code"))
    assert kept.read("a.b") == ("name", b"code")
    assert sum(folder.exists() for folder in old) == kept.KEPT_FOLDERS - 1
    assert (base / "kernels-of-mine").exists()


def test_an_array_of_another_kind_never_reaches_the_machine() -> None:
    slot = np.zeros(3, np.int64)
    for wrong in (np.zeros(3), np.zeros((3, 1), np.int64), np.zeros(6, np.int64)[::2]):
        with pytest.raises(TypeError, match="not a contiguous one"):
            cutting.count_pieces(wrong, slot)
    with pytest.raises(TypeError, match="takes 2 arguments"):
        cutting.count_pieces(slot)
