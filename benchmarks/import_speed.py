"""A million streets from a GeoPackage: imported and checked, against merely reading them with Arrow.

`python benchmarks/import_speed.py [ROWS]` prints the times, the peaks of memory and their ratios. The
promise is at most 6 times the time of the read and at most 4 times its memory. Each step runs in a
process of its own, and its time counts from after the loading of the libraries.
"""

# ruff: noqa: PLC0415  (each step loads what it needs and no more, since its memory is measured)
from __future__ import annotations

import itertools
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = "scratch-"
MOST_TIMES, MOST_MEMORY = 6.0, 4.0
ROUND = "2007-12-31"
_DISTRICT = """
name = { zh = "量速区", en = "Speed" }
code = "990002"
metric_crs = "EPSG:4549"
levels = ["villages"]
"""


def make(path: Path, rows: int) -> None:
    """Write streets of five vertices and seven fields, some unknown, some touching."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    chance = np.random.default_rng(2007)
    side = int(np.ceil(np.sqrt(rows)))
    number = np.arange(rows)
    west = 480_000 + number % side * 60.0
    south = 3_580_000 + number // side * 60.0
    steps = np.arange(5) * 12.0
    x = west[:, None] + steps
    y = south[:, None] + chance.uniform(0, 8, (rows, 5))
    lines = shapely.linestrings(np.stack([x, y], axis=-1))
    yes = np.array(["是", "否", None], dtype=object)
    frame = gpd.GeoDataFrame(
        {
            "id": pd.array([f"s{n}" for n in number], dtype="string"),
            "name": pd.array([f"街{n % 977}" for n in number], dtype="string"),
            "width_m": np.where(number % 7 == 0, np.nan, chance.uniform(2, 9, rows).round(1)),
            "hardened": yes[chance.integers(0, 3, rows)],
            "lit": yes[chance.integers(0, 3, rows)],
            "cleaned": yes[chance.integers(0, 3, rows)],
            "zone": np.array(["urban", "fringe"], dtype=object)[number % 2],
        },
        geometry=lines,
        crs="EPSG:4549",
    )
    frame.to_file(path, driver="GPKG", layer="streets")


def read(path: Path) -> Callable[[], object]:
    """Merely read, with Arrow."""
    import pyogrio

    pyogrio.list_drivers()
    return lambda: pyogrio.read_arrow(path)


def read_and_write(path: Path) -> Callable[[], object]:
    """Read, and written to another GeoPackage by GDAL itself: what no import can do without."""
    import pyogrio

    pyogrio.list_drivers()
    target = Path(tempfile.mkdtemp(dir=path.parent, prefix=SCRATCH)) / "copy.gpkg"

    def work() -> None:
        meta, table = pyogrio.read_arrow(path)
        pyogrio.write_arrow(
            table, target, driver="GPKG", layer="streets", crs=meta["crs"],
            geometry_name=meta["geometry_name"], geometry_type=meta["geometry_type"],
        )  # fmt: skip

    return work


def read_apart(path: Path) -> Callable[[], object]:
    """Read by the process of its own that opens every file, its start included."""
    import geopandas

    from geo.sources.registry import read_source

    assert geopandas.__version__
    return lambda: read_source(path)


def import_and_check(path: Path) -> Callable[[], object]:
    """Into a new round, and all checks of it."""
    import geopandas

    from geo.check.report import check_round
    from geo.importing import import_file
    from geo.survey import open_survey

    assert geopandas.__version__
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=SCRATCH))
    (folder / "district.toml").write_text(_DISTRICT, encoding="utf-8")

    def work() -> object:
        marks = [("start", time.perf_counter())]

        def step(done: int, total: int, what: str) -> None:
            name = what.partition(" ")[0]
            if marks[-1][0] != name:
                marks.append((name, time.perf_counter()))

        report = import_file(folder, path, "back_streets", round=ROUND, progress=step)
        marks.append(("check", time.perf_counter()))
        found = check_round(open_survey(folder, ROUND))
        marks.append(("end", time.perf_counter()))
        spans = {
            name: round(after - before, 2)
            for (name, before), (_, after) in itertools.pairwise(marks)
        }
        print(
            json.dumps({"taken": report.rows_taken, "findings": len(found.findings), **spans}),
            file=sys.stderr,
        )
        return None

    return work


STEPS = {
    "read": read,
    "read and write": read_and_write,
    "read apart": read_apart,
    "import and check": import_and_check,
}


def measure(step: str, path: Path) -> None:
    """Run one step, and print its time and peak of memory with that of what it started."""
    work = STEPS[step](path)
    together = _Peak()
    started = time.perf_counter()
    with together:
        work()
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": together.bytes}))


class _Peak:
    """The most memory that this process and those it started hold at one moment, looked at often."""

    def __init__(self) -> None:
        self.bytes = 0
        self._done = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._watching.start()

    def __exit__(self, *about: object) -> None:
        self._done.set()
        self._watching.join()

    def _watch(self) -> None:
        own = Path("/proc/self/task")
        while not self._done.wait(0.02):
            pids = {"self"}
            for task in own.iterdir():
                try:
                    pids |= set((task / "children").read_text().split())
                except OSError:
                    continue
            self.bytes = max(self.bytes, sum(_resident(pid) for pid in pids))


def _resident(pid: str = "self") -> int:
    """Memory of its own that a process holds; what is mapped from files is not."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(pages[1]) - int(pages[2])) * resource.getpagesize()


def _run(step: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "measure", step, str(path)],
        stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    for left in path.parent.glob(f"{SCRATCH}*"):
        shutil.rmtree(left)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _seconds(run: dict[str, float]) -> float:
    return run["seconds"]


def main() -> None:
    """Make the file where it is not there yet, run every step, and print the ratios."""
    if len(sys.argv) == 4:
        measure(sys.argv[2], Path(sys.argv[3]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = ROOT / ".cache" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"streets-{rows}.gpkg"
    if not path.exists():
        make(path, rows)
    print(f"{rows:,} streets, {path.stat().st_size >> 20} MiB")
    found = {}
    for step in STEPS:
        # The read is what the others are held against: the median of five, the file in the system's memory.
        runs = sorted((_run(step, path) for _ in range(5 if step == "read" else 1)), key=_seconds)
        found[step] = runs[len(runs) // 2]
    base = found["read"]
    for step, one in found.items():
        times, memory = one["seconds"] / base["seconds"], one["peak"] / base["peak"]
        print(
            f"{step:18} {one['seconds']:7.2f} s {times:6.2f} times"
            f" {one['peak'] >> 20:6} MiB {memory:6.2f} times   ({one['cpu']:.1f} s of CPU with loading)"
        )
    whole = found["import and check"]
    kept = (
        whole["seconds"] <= MOST_TIMES * base["seconds"]
        and whole["peak"] <= MOST_MEMORY * base["peak"]
    )
    print(f"promise of {MOST_TIMES:g} and {MOST_MEMORY:g} times: {'kept' if kept else 'not kept'}")


if __name__ == "__main__":
    main()
