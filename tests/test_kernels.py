"""Kernels: machine code that is made once, kept, and run without the compiler."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest

from geo.engine.kernels import cutting, kept, making
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
    monkeypatch.setattr("geo.engine.kernels.making.KNOWN", ("0.1",))
    row, slot = np.array([1]), np.zeros(3, np.int64)
    Kernel(cutting.count_pieces.function, cutting.count_pieces.signature)(row, slot)
    assert slot.tolist() == [0, 0, 1]
    assert not list(cache.rglob("*.o"))


def test_the_numba_installed_is_one_whose_code_can_be_kept() -> None:
    assert numba.__version__.rpartition(".")[0] in making.KNOWN


def test_a_user_without_a_home_compiles_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    kept.folder.cache_clear()
    kept.write("a.b", ("name", b"code"))
    assert kept.read("a.b") is None
    kept.folder.cache_clear()


@pytest.mark.skipif(sys.platform == "win32", reason="there the folder's own rights keep others out")
@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_what_another_may_have_put_there_is_not_run(cache: Path, what: str) -> None:
    kept.write("a.b", ("name", b"code"))
    assert kept.read("a.b") == ("name", b"code")
    (file,) = cache.glob("chengxiang-atlas/kernels-*/a.b.o")
    if what == "link":
        file.rename(cache / "elsewhere.o")
        file.symlink_to(cache / "elsewhere.o")
    else:
        (file.parent if what == "folder" else file).chmod(0o777)
    assert kept.read("a.b") is None


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
    turned = slot.astype(slot.dtype.newbyteorder())
    for wrong in (np.zeros(3), np.zeros((3, 1), np.int64), np.zeros(6, np.int64)[::2], turned):
        with pytest.raises(TypeError, match="not a contiguous one"):
            cutting.count_pieces(wrong, slot)
    with pytest.raises(TypeError, match="takes 2 arguments"):
        cutting.count_pieces(slot)
