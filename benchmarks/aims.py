"""What was aimed at, and how near the runs come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.compare import Spread, best, exponents, ratio
from benchmarks.measure import Run

MILLION = 1_000_000
GIB = 1024.0


@dataclass(frozen=True)
class Aim:
    """A figure that is aimed at."""

    words: str
    aimed: str
    measured: str
    """Empty where nothing was measured."""
    kept: bool | None


@dataclass(frozen=True)
class _Against:
    """One contender's time over another's; or, where more is better, the other's over ours."""

    work: str
    size: int
    ours: tuple[str, ...]
    others: tuple[str, ...]
    aimed: float
    faster: bool
    words: str


_RATIOS = (
    _Against("clip", MILLION, ("ours: fast",), ("geopandas reads",), 1.0, False,
             "clip and sum, 1 M streets: kernel against `geopandas.read_parquet` merely reading"),
    _Against("clip", MILLION, ("ours: coverage",), ("geopandas reads",), 1.0, False,
             "the same: all of `atlas coverage` against merely reading"),
    _Against("clip", MILLION, ("ours: fast",), ("tuned shapely", "SedonaDB", "DuckDB", "dask-geopandas"),
             5.0, True, "clip and sum, 1 M streets: the best peer against ours"),
    _Against("reach", MILLION, ("ours: fast",), ("geopandas reads",), 0.5, False,
             "lamps' reach, 1 M streets, 3 M lamps: against merely reading"),
    _Against("reach", MILLION, ("ours: fast",), ("DuckDB, intervals in SQL", "SedonaDB, intervals in SQL"),
             5.0, True, "lamps' reach: intervals in SQL against ours"),
    _Against("reach", MILLION, ("ours: fast",), ("shapely buffers",), 60.0, True,
             "lamps' reach: buffers against ours"),
    _Against("scope", 100_000, ("ours: scope",), ("geopandas reads",), 1.0, False,
             "scope of 100,000 villages, by kernels from the file: against merely reading"),
    _Against("scope", 100_000, ("ours: scope of frames",), ("geopandas reads",), 1.0, False,
             "the same of frames, as `atlas scope` takes it"),
    _Against("scope", 100_000, ("ours: scope",), ("SedonaDB", "DuckDB"), 4.0, True,
             "scope of 100,000 villages, by kernels from the file: the best other program against ours"),
    _Against("scope", 100_000, ("ours: scope",), ("tuned shapely",), 1.0, True,
             "the same: shapely tuned by hand, which gives shares alone, against ours with its margins"),
    _Against("pixels", MILLION, ("ours: pixels",), ("windowed read",), 1.3, False,
             "green share, 20,000² pixels, 10,000 units: against the windowed read"),
    _Against("pixels", MILLION, ("ours: pixels",), ("exactextract",), 10.0, True,
             "green share: exactextract against ours"),
)  # fmt: skip


def aims(runs: Sequence[Run]) -> list[Aim]:
    """Each aim with what these runs say of it."""
    found = [_ratio(one, runs) for one in _RATIOS]
    for work, contender in (("clip", "ours: coverage"), ("reach", "ours: coverage")):
        mine = [run for run in runs if run.work == work]
        spans = [span for span in exponents(mine, contender) if span[0] >= 100_000]
        whole = [span for span in spans if span[1] == 10 * MILLION]
        steps = ", ".join(f"{low:,} → {high:,}: {power:.2f}" for low, high, power in spans)
        last = max(whole, key=lambda span: span[1] / span[0], default=None)
        found.append(
            Aim(
                f"{work}, growth 100 k → 10 M: the exponent of `atlas coverage`",
                "≤ 1.05",
                steps,
                last[2] <= 1.05 if last else None,
            )
        )
        peaks = [
            run.peak_mib
            for run in mine
            if run.contender == contender and run.size == 10 * MILLION and run.peak_mib
        ]
        found.append(
            Aim(
                f"{work}, peak of memory, 10 M streets, streamed",
                "≤ 1,024 MiB",
                f"{max(peaks):,.0f} MiB" if peaks else "",
                max(peaks) <= GIB if peaks else None,
            )
        )
    started = {run.contender: run for run in runs if run.work == "start"}
    if started:
        spread = ratio([run for run in runs if run.work == "start"], "atlas coverage", "geopandas")
        if spread:
            found.append(
                Aim(
                    "`atlas coverage`, embedded district, whole process: against importing geopandas",
                    "≤ 1.5×",
                    times(spread),
                    spread.middle <= 1.5,
                )
            )
    return found


def _ratio(one: _Against, runs: Sequence[Run]) -> Aim:
    mine = [run for run in runs if run.work == one.work and run.size == one.size]
    ours, other = best(mine, one.ours), best(mine, one.others)
    aimed = f"≥ {one.aimed:g}×" if one.faster else f"≤ {one.aimed:g}×"
    if ours is None or other is None:
        return Aim(one.words, aimed, "", None)
    spread = ratio(mine, other, ours) if one.faster else ratio(mine, ours, other)
    assert spread is not None
    kept = spread.middle >= one.aimed if one.faster else spread.middle <= one.aimed
    whom = f" ({other})" if one.faster and len(one.others) > 1 else ""
    return Aim(one.words, aimed, times(spread) + whom, kept)


def times(spread: Spread) -> str:
    """A ratio with its spread."""
    if spread.low == spread.high:
        return f"{figure(spread.middle)}×"
    return f"{figure(spread.middle)}× ({figure(spread.low)}–{figure(spread.high)})"


def figure(value: float) -> str:
    """Three digits that count."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
