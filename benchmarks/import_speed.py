"""A million streets from a GeoPackage: imported and checked, against merely reading them with Arrow.

`python benchmarks/import_speed.py [ROWS]` prints the times, the peaks of memory and their ratios. The
promise is at most 6 times the time of the read and at most 4 times its memory. What a read is can be
understood in two ways, and both are printed: a table of bytes (`pyogrio.read_arrow`), in which no street
is a line yet, and a frame that can be measured (`pyogrio.read_dataframe` with Arrow).

The round takes the form that a new one of that size takes: GeoParquet above 200,000 rows, a GeoPackage below.
Every row is taken and every check made; how many rows, which findings, and the form stand on standard error.

Each step runs in a process of its own, the steps in turn, round after round; the round with the least
processor time counts, since others that use the machine only ever add to it. Time counts from after the
loading of the libraries, in the process that opens the file as well.
"""

# ruff: noqa: PLC0415  (each step loads what it needs and no more, since its memory is measured)
from __future__ import annotations

import contextlib
import itertools
import json
import os
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
ROUNDS = 3
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


def read_frame(path: Path) -> Callable[[], object]:
    """Read with Arrow, every street a line that can be measured."""
    import geopandas
    import pyogrio

    pyogrio.list_drivers()
    assert geopandas.__version__
    return lambda: pyogrio.read_dataframe(path, use_arrow=True)


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
    _load_reader(path)
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
    _load_reader(path)

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
            json.dumps(
                {
                    "taken": report.rows_taken,
                    "findings": [finding.code for finding in found.findings],
                    "form": "geoparquet" if (folder / "rounds" / ROUND).is_dir() else "geopackage",
                    **spans,
                }
            ),
            file=sys.stderr,
        )
        return None

    return work


_KEPT = contextlib.ExitStack()


def _load_reader(path: Path) -> None:
    """Have the process that opens files load its libraries, as the step itself has loaded its own."""
    from geo.sources.registry import read_source
    from geo.sources.sandbox import kept_ready

    _KEPT.enter_context(kept_ready())
    small = path.with_name(f"{SCRATCH}small.csv")
    small.write_text("x,y\n1,2\n", encoding="utf-8")
    read_source(small)
    small.unlink()


STEPS = {
    "read": read,
    "read frame": read_frame,
    "read and write": read_and_write,
    "read apart": read_apart,
    "import and check": import_and_check,
}


def measure(step: str, path: Path) -> None:
    """Run one step, and print its time and peak of memory with that of what it started."""
    work = STEPS[step](path)
    together = _Peak()
    before, started = _cpu_seconds(), time.perf_counter()
    with together:
        work()
    seconds, cpu = time.perf_counter() - started, _cpu_seconds() - before
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": together.bytes}))


def _cpu_seconds() -> float:
    """Of this process and of those that it started, the copies of the one that opens files among them."""
    from geo.sources import sandbox

    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime + sum(one.cpu_seconds for one in sandbox._ready)


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
        while not self._done.wait(0.02):
            pids = {"self", *_started_by("self")}
            # The one that is ready copies itself for each file.
            pids |= {copy for pid in pids - {"self"} for copy in _started_by(pid)}
            self.bytes = max(self.bytes, sum(_resident(pid) for pid in pids))


def _started_by(pid: str) -> set[str]:
    found: set[str] = set()
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found |= set((task / "children").read_text().split())
    except OSError:
        pass  # it has ended
    return found


def _resident(pid: str = "self") -> int:
    """Memory of its own that a process holds; what is mapped from files is not."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(pages[1]) - int(pages[2])) * resource.getpagesize()


def _run(step: str, path: Path) -> dict[str, float]:
    # What is installed has been compiled; told not to keep that, Python would compile our modules while they are timed.
    environment = {
        name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    done = subprocess.run(
        [sys.executable, __file__, "measure", step, str(path)],
        stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    for left in path.parent.glob(f"{SCRATCH}*"):
        shutil.rmtree(left)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _cpu(run: dict[str, float]) -> float:
    return run["cpu"]


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
    runs: dict[str, list[dict[str, float]]] = {step: [] for step in STEPS}
    for _ in range(ROUNDS):
        for step, done in runs.items():
            done.append(_run(step, path))
    found = {step: min(done, key=_cpu) for step, done in runs.items()}
    print(
        f"{'':18} {'wall':>8} {'processor':>10} {'memory':>10}   against the read of bytes; of a frame"
    )
    for step, one in found.items():
        ratios = "; ".join(
            f"{one['seconds'] / base['seconds']:.1f}, {one['cpu'] / base['cpu']:.1f},"
            f" {one['peak'] / base['peak']:.1f} times"
            for base in (found["read"], found["read frame"])
        )
        print(
            f"{step:18} {one['seconds']:6.2f} s {one['cpu']:8.2f} s {one['peak'] / 2**20:6.0f} MiB   {ratios}"
        )
    whole = found["import and check"]
    for name in ("read", "read frame"):
        base = found[name]
        kept = (
            whole["cpu"] <= MOST_TIMES * base["cpu"] and whole["peak"] <= MOST_MEMORY * base["peak"]
        )
        verdict = "kept" if kept else "not kept"
        print(
            f"{MOST_TIMES:g} times the time and {MOST_MEMORY:g} the memory of {name!r}: {verdict}"
        )


if __name__ == "__main__":
    main()
