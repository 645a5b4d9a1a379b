"""What was measured as a page: `benchmarks/RESULTS.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from benchmarks.aims import aims, figure, times
from benchmarks.compare import Agreement, Spread, exponents, ratio, seconds_of
from benchmarks.measure import Run
from benchmarks.works.common import Work

PACKAGES = (
    "numpy", "pandas", "pyarrow", "shapely", "geopandas", "pyogrio", "rasterio", "exactextract", "numba",
    "duckdb", "sedonadb", "dask", "distributed", "dask-geopandas", "rasterstats",
)  # fmt: skip
_Agreements = Mapping[tuple[str, int], tuple[str, Mapping[str, Agreement]]]


def page(
    runs: Sequence[Run],
    works: Mapping[str, Work],
    agreed: _Agreements,
    command: str,
    day: str,
    appended: str = "",
) -> str:
    """The whole page.

    Parameters
    ----------
    agreed : for each work and size, whose result the others were held against, and how each compares
    command : that made it
    day : ISO date
    appended : what other benchmarks left to be shown beneath
    """
    lines = [
        "# Results",
        "",
        f"Made by `{command}` on {day}; see [README.md](README.md) for what is measured and how. {machine()}",
        "",
        "Seconds are of the work, reading the files included, in a fresh process whose libraries are loaded;"
        " *process* is that process from its start to its end. Median (least–most). Ratios are taken turn by"
        " turn, contenders in turn, since a shared machine drifts. Peak is the most memory one process held.",
        "",
    ]
    lines += _aims(runs)
    for name, work in works.items():
        mine = [run for run in runs if run.work == name]
        if mine:
            lines += ["", f"## {work.title}", ""]
            for size in sorted({run.size for run in mine}):
                whose, found = agreed.get((name, size), ("", {}))
                of_size = [run for run in mine if run.size == size]
                lines += [*_table(work, size, of_size, whose, found), ""]
            if work.exponent:
                lines += _growth(work, mine)
    lines += _started([run for run in runs if run.work == "start"])
    if appended:
        lines += ["", appended.rstrip()]
    return "\n".join(lines).rstrip() + "\n"


def machine() -> str:
    """The machine and what is installed on it, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    held = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            held.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores ({platform.machine()}, {_processor()}), {memory:.0f} GiB,"
        f" {platform.system()}; {', '.join(held)}."
    )


def _processor() -> str:
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in said.splitlines() if "model name" in line]
    return names[0] if names else "unknown"


def _aims(runs: Sequence[Run]) -> list[str]:
    lines = ["## Aims", "", "| what | aim | measured | kept |", "| --- | --- | --- | --- |"]
    words = {True: "yes", False: "**no**", None: "not measured"}
    lines += [
        f"| {one.words} | {one.aimed} | {one.measured or '–'} | {words[one.kept]} |"
        for one in aims(runs)
    ]
    return lines


def _table(
    work: Work, size: int, runs: Sequence[Run], whose: str, found: Mapping[str, Agreement]
) -> list[str]:
    yardstick = next(one.name for one in work.contenders if one.only_reads)
    held = f"held against {whose}" if whose else "result"
    lines = [
        f"### {work.size_words(size)}",
        "",
        f"| | seconds | CPU | process | peak MiB | ÷ {yardstick} | {held} |",
        "| --- | --: | --: | --: | --: | --: | --- |",
    ]
    for one in work.contenders:
        mine = [run for run in runs if run.contender == one.name]
        if not mine:
            continue
        name = f"**{one.name}**" if one.ours else one.name
        name += f"<br>{one.note}" if one.note else ""
        timed = [run for run in mine if run.seconds is not None]
        if not timed:
            lines.append(f"| {name} | – | | | | | {mine[-1].failure} |")
            continue
        against = ratio(runs, one.name, yardstick)
        agrees = found[one.name].words() if one.name in found else ""
        cpu = median(run.cpu_s or 0.0 for run in timed)
        process = median(run.process_s or 0.0 for run in timed)
        peak = max(run.peak_mib or 0.0 for run in timed)
        lines.append(
            f"| {name} | {_spread(Spread.of([run.seconds or 0.0 for run in timed]))} | {figure(cpu)}"
            f" | {figure(process)} | {peak:,.0f} | {times(against) if against else '–'} | {agrees} |"
        )
    return lines


def _started(runs: Sequence[Run]) -> list[str]:
    if not runs:
        return []
    lines = ["", "## Start-up: whole processes, embedded district", ""]
    lines += ["| | seconds | ÷ importing geopandas |", "| --- | --: | --: |"]
    for name in dict.fromkeys(run.contender for run in runs):
        against = ratio(runs, name, "geopandas")
        spread = Spread.of(list(seconds_of(runs, name).values()))
        lines.append(f"| `{name}` | {_spread(spread)} | {times(against) if against else '–'} |")
    return lines


def _spread(spread: Spread) -> str:
    if spread.low == spread.high:
        return figure(spread.middle)
    return f"{figure(spread.middle)} ({figure(spread.low)}–{figure(spread.high)})"


def _growth(work: Work, runs: Sequence[Run]) -> list[str]:
    lines = []
    for one in work.contenders:
        spans = exponents(runs, one.name)
        if spans and seconds_of(runs, one.name):
            said = ", ".join(f"{low:,} → {high:,}: {power:.2f}" for low, high, power in spans)
            lines.append(f"| {one.name} | {said} |")
    if not lines:
        return []
    head = ["Growth: the power of the number of streets that the seconds grow by.", ""]
    return [*head, "| | exponents |", "| --- | --- |", *lines, ""]
