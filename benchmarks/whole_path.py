"""Where the time goes from a file to a report: every command of `atlas` on a made district of several sizes.

`python -m benchmarks.whole_path [--sizes 657 20000] [--no-profile]` makes the files (streets, lamps, villages,
towns, edges), then imports, checks, measures, decides, maps and reports them, each command in a process of its
own. Each runs once plainly for its time and once under a profiler, which tells what share of it each function
of the program takes together with the libraries it calls. Writes `.cache/bench/whole-path.md`, which `make
bench` puts at the end of RESULTS.md.
"""

# ruff: noqa: PLC0415  (what makes the files is not loaded to measure)
from __future__ import annotations

import argparse
import json
import pstats
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import figure  # noqa: E402
from benchmarks.data import CACHE, CRS, ROUND, SIZES, SOUTH_M, WEST_M, Size, make  # noqa: E402
from benchmarks.measure import spent  # noqa: E402

REPORT = "xlsx"
PROFILED = "-profiled"
SHOWN = 6
LEAST_SHARE = 0.03
LOADING, OTHER = "loading modules", "other"
_Function = tuple[str, int, str]
_DISTRICT = """
name = {{ zh = "全程区", en = "Whole path" }}
code = "990004"
metric_crs = "{crs}"
levels = ["villages", "towns"]
"""
_RUN = """
import json, resource, sys, time
begun = time.process_time()
sys.argv = ["atlas", *json.loads(sys.argv[1])]
from geo.cli import main
status = 0
try:
    main()
except SystemExit as end:
    status = end.code or 0
finally:
    status_file = open("/proc/self/status").read() if sys.platform == "linux" else ""
    peak = next((int(line.split()[1]) / 1024 for line in status_file.splitlines()
                 if line.startswith("VmHWM")), 0)
    peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = time.process_time() - begun + children.ru_utime + children.ru_stime
    print("\\n" + json.dumps({"cpu_s": cpu, "peak_mib": peak}))
sys.exit(status)
"""


@dataclass(frozen=True)
class Step:
    """A command and what it took."""

    name: str
    seconds: float
    cpu_s: float
    peak_mib: float
    failure: str | None
    hot: tuple[tuple[str, float], ...]
    """Functions of the program, each with the share of the time that it and the libraries it calls take."""


def write_files(size: Size, folder: Path) -> dict[str, Path]:
    """The files of an office, one a layer, columns named as the fields are."""
    import geopandas as gpd
    import numpy as np
    import shapely
    from shapely import LineString

    files = {
        name: folder / f"{name}.gpkg"
        for name in ("towns", "villages", "boundary_edges", "back_streets", "lamps")
    }
    if files["lamps"].exists():
        return files
    folder.mkdir(parents=True, exist_ok=True)
    make(size)
    chance = np.random.default_rng([2007, 9, size.streets])

    def flags(count: int) -> object:
        drawn = chance.random(count)
        return np.where(drawn > 0.9, None, drawn < 0.58)

    def write(frame: gpd.GeoDataFrame, name: str) -> None:
        half = files[name].with_suffix(".half.gpkg")
        half.unlink(missing_ok=True)
        frame.to_file(half, layer=name, driver="GPKG", engine="pyogrio", use_arrow=True)
        shutil.move(half, files[name])

    rows, columns = size.grid
    units = gpd.read_parquet(size.table("villages"))
    block = np.arange(rows)[:, None] // 5 * 100 + np.arange(columns)[None] // 5
    names, town = np.unique(block.ravel(), return_inverse=True)
    codes = np.array([f"T{number:04d}" for number in range(len(names))])
    outlines = [
        shapely.coverage_union_all(units.geometry.to_numpy()[town == number])
        for number in range(len(names))
    ]
    towns = {"code": codes, "name": codes, "certified": flags(len(codes))}
    write(gpd.GeoDataFrame(towns, geometry=outlines, crs=CRS), "towns")
    kinds = np.where(chance.random(len(units)) < 0.3, "community", "village")
    villages = units[["code", "name", "geometry"]].assign(
        kind=kinds, town_code=codes[town], certified=flags(len(units))
    )
    write(villages, "villages")
    low, high = 0.15 * size.side_m, 0.85 * size.side_m
    along = np.linspace(low - 50, high + 50, 200)
    wave = 0.01 * size.side_m * np.sin(np.linspace(0, 12 * np.pi, 200))
    corner = np.array([WEST_M, SOUTH_M])
    edges = [
        LineString(np.stack(xy, axis=1) + corner)
        for xy in ((along, high + wave), (high + wave, along), (along, low + wave),
                   (low + wave, along))
    ]  # fmt: skip
    sides = ["north", "east", "south", "west"]
    stated = {"side": sides, "name": sides, "accuracy_m": [50.0] * 4}
    write(gpd.GeoDataFrame(stated, geometry=edges, crs=CRS), "boundary_edges")
    streets = gpd.read_parquet(size.table("back_streets"))
    count = len(streets)
    ids = np.char.add("s", streets["id"].to_numpy().astype(str))
    zones = np.array(["urban", "urban_village", "fringe"])[chance.integers(0, 3, count)]
    streets = streets.assign(
        id=ids, name=ids, zone=zones, width_m=chance.uniform(2, 9, count).round(1),
        **{f"six_no_{number}": flags(count) for number in range(1, 7)},
    )  # fmt: skip
    write(streets.drop(columns="bbox", errors="ignore"), "back_streets")
    lamps = gpd.read_parquet(size.table("lamps"))
    lamps = lamps.assign(
        id=np.char.add("l", lamps["id"].to_numpy().astype(str)),
        working=flags(len(lamps)),
        height_m=np.where(chance.random(len(lamps)) < 0.2, np.nan, 8.0),
    )
    write(lamps.drop(columns="bbox", errors="ignore"), "lamps")
    return files


def steps(files: dict[str, Path], district: Path) -> dict[str, list[str]]:
    """The commands in order, by name."""
    where = ["--district", str(district)]
    imports = {
        f"import {name}": ["import", str(file), *where, "--layer", name, "--round", ROUND]
        for name, file in files.items()
    }
    return imports | {
        "check": ["check", *where, "--format", "json"],
        "coverage": ["coverage", *where, "--format", "json"],
        "scope": ["scope", *where, "--format", "json"],
        "map": ["map", *where, "-o", str(district / "map.html")],
        f"report, {REPORT}": [
            "report", *where, "--format", REPORT, "-o", str(district / f"report.{REPORT}"),
        ],
    }  # fmt: skip


def run_step(name: str, arguments: list[str], profile: bool, timeout_s: float) -> Step:
    """The command once for its time, and where it leaves nothing behind once more for its functions."""
    said, seconds, failure = spent([sys.executable, "-c", _RUN, json.dumps(arguments)], timeout_s)
    told = {"cpu_s": 0.0, "peak_mib": 0.0}
    if failure is None:
        told = json.loads(said.splitlines()[-1])
    hot: tuple[tuple[str, float], ...] = ()
    if profile and failure is None:
        stats = CACHE / "step.prof"
        again = [*arguments]
        if arguments[0] == "import":
            # In a district of its own, since this one has the layer by now, and a second round is compared.
            again[again.index("--district") + 1] += PROFILED
        wrapped = _RUN.replace("from geo.cli import main", _PROFILED.format(stats=str(stats)))
        _, _, worse = spent([sys.executable, "-c", wrapped, json.dumps(again)], 3 * timeout_s)
        hot = hot_functions(stats) if worse is None else ()
    return Step(name, seconds, told["cpu_s"], told["peak_mib"], failure, hot)


_PROFILED = """
import atexit, cProfile
profiler = cProfile.Profile()
atexit.register(lambda: (profiler.disable(), profiler.dump_stats({stats!r})))
profiler.enable()
from geo.cli import main"""


def hot_functions(file: Path) -> tuple[tuple[str, float], ...]:
    """Functions of `geo` with the share of the time that each takes with the libraries it calls.

    What a library's function takes is shared out among those that call it, by the time it takes for each, up
    to the nearest function of `geo`; loading modules is named as such.
    """
    stats = pstats.Stats(str(file))
    table = stats.stats  # type: ignore[attr-defined]
    home = str(ROOT / "geo")
    known: dict[_Function, dict[str, float]] = {}

    def answerable(function: _Function, above: frozenset[_Function]) -> dict[str, float]:
        path, _, name = function
        if name in ("_find_and_load", "<module>", "exec_module"):
            return {LOADING: 1.0}
        if path.startswith(home):
            module = Path(path).relative_to(home).with_suffix("").as_posix().replace("/", ".")
            return {f"`{module}.{name}`": 1.0}
        if function not in known:
            callers = {
                caller: spent_for[3]
                for caller, spent_for in table[function][4].items()
                if caller not in above and caller != function
            }
            whole = sum(callers.values())
            shares: dict[str, float] = {}
            for caller, took in callers.items():
                for name, share in answerable(caller, above | {function}).items():
                    shares[name] = shares.get(name, 0.0) + share * (took / whole if whole else 0.0)
            known[function] = shares or {OTHER: 1.0}
        return known[function]

    found: dict[str, float] = {}
    for function, (_, _, own, _, _) in table.items():
        for name, share in answerable(function, frozenset()).items():
            found[name] = found.get(name, 0.0) + share * own / stats.total_tt  # type: ignore[attr-defined]
    hottest = sorted(found.items(), key=lambda item: -item[1])[:SHOWN]
    return tuple((name, share) for name, share in hottest if share >= LEAST_SHARE)


def page(found: dict[int, list[Step]]) -> str:
    """The tables."""
    lines = [
        "## The whole path: where the time goes",
        "",
        "Made by `.venv/bin/python -m benchmarks.whole_path`. Seconds of whole processes, start-up included;"
        " CPU and peak with those of the processes they start. The last column: functions of the program with"
        " the share that each and the libraries it calls take.",
    ]
    for streets, taken in found.items():
        lines += [
            "",
            f"### {streets:,} streets, {3 * streets:,} lamps, {SIZES[streets].units:,} villages",
            "",
            "| command | seconds | CPU | peak MiB | where |",
            "| --- | --: | --: | --: | --- |",
        ]
        for step in taken:
            where = ", ".join(f"{name} {share:.0%}" for name, share in step.hot)
            lines.append(
                f"| {step.name} | {figure(step.seconds)} | {figure(step.cpu_s)} | {step.peak_mib:,.0f}"
                f" | {step.failure or where} |"
            )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 where a command failed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.whole_path")
    parser.add_argument("--sizes", type=int, nargs="+", choices=[657, 20_000, 1_000_000],
                        default=[657, 20_000])  # fmt: skip
    parser.add_argument("--no-profile", action="store_true", help="times alone")
    parser.add_argument("--timeout", type=float, default=900, metavar="S", help="of one command")
    options = parser.parse_args(arguments)
    found: dict[int, list[Step]] = {}
    for streets in options.sizes:
        files = write_files(SIZES[streets], CACHE / f"{streets}-files")
        district = CACHE / f"{streets}-district"
        for folder in (district, district.with_name(district.name + PROFILED)):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "district.toml").write_text(_DISTRICT.format(crs=CRS), encoding="utf-8")
        for name, command in steps(files, district).items():
            step = run_step(name, command, not options.no_profile, options.timeout)
            found.setdefault(streets, []).append(step)
            text = step.failure or f"{step.seconds:8.1f} s {step.peak_mib:8,.0f} MiB"
            print(f"{streets:>10,} {name:24} {text}", file=sys.stderr, flush=True)
            (CACHE / "whole-path.md").write_text(page(found), encoding="utf-8")
    print(page(found))
    return 1 if any(step.failure for taken in found.values() for step in taken) else 0


if __name__ == "__main__":
    sys.exit(main())
