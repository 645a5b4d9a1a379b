"""Whether contenders agree, and how their times stand to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from statistics import median

import numpy as np

from benchmarks.measure import Run
from benchmarks.works.common import Contender, Floats, Work


@dataclass(frozen=True)
class Spread:
    """A figure that was measured several times."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """The median with the least and the most."""
        return cls(median(figures), min(figures), max(figures))


@dataclass(frozen=True)
class Agreement:
    """How far a result is from the one it is held against."""

    sums: float
    """The largest difference of a column's sum, relative to it."""
    rows: float
    """The largest difference of a row, relative to the largest of its column; NaN where only sums are given."""
    good: bool

    def words(self) -> str:
        """For a table."""
        rows = "" if np.isnan(self.rows) else f", a row {self.rows:.0e}"
        return f"{'✓' if self.good else '**differs**'} {self.sums:.0e}{rows}"


def agreement(work: Work, contender: Contender, result: Floats, held: Floats) -> Agreement:
    """A result against another of the same work, with the tolerance that is stated for it."""
    allowed = contender.tolerance or work.tolerance
    slack = max(contender.tolerance or 0.0, work.row_slack)
    whole = np.abs(held).sum(axis=0)
    scale = np.where(whole > 0, whole, 1.0)
    sums = float((np.abs(result.sum(axis=0) - held.sum(axis=0)) / scale).max())
    if contender.total_only:
        return Agreement(sums, float("nan"), sums <= allowed)
    if result.shape != held.shape:
        return Agreement(sums, float("inf"), False)
    most = np.abs(held).max(axis=0)
    off = np.abs(result - held) / np.where(most > 0, most, 1.0)
    rows = float(off.max()) if off.size else 0.0
    # What is not exact may be far off in a small row; its sums are what is promised.
    good_rows = contender.tolerance is not None or rows <= slack
    return Agreement(sums, rows, sums <= allowed and good_rows and not np.isnan(result).any())


def agreements(work: Work, results: Mapping[str, Floats]) -> tuple[str, dict[str, Agreement]]:
    """All results against the first exact one, and whose that is."""
    exact = [
        one.name
        for one in work.contenders
        if one.name in results
        and not one.only_reads
        and not one.total_only
        and one.tolerance is None
    ]
    if not exact:
        return "", {}
    held = results[exact[0]]
    return exact[0], {
        one.name: agreement(work, one, results[one.name], held)
        for one in work.contenders
        if one.name in results and not one.only_reads and one.name != exact[0]
    }


def seconds_of(runs: Sequence[Run], contender: str) -> dict[int, float]:
    """The seconds of a contender's turns."""
    return {
        run.turn: run.seconds
        for run in runs
        if run.contender == contender and run.seconds is not None
    }


def ratio(runs: Sequence[Run], above: str, below: str) -> Spread | None:
    """How many times one contender's seconds are another's: turn by turn, since a machine's speed drifts.

    Where one of them had fewer turns, its others are taken for the median of those it had.
    """
    one, other = seconds_of(runs, above), seconds_of(runs, below)
    if not one or not other:
        return None
    turns = sorted(set(one) | set(other))
    return Spread.of(
        [
            one.get(turn, median(one.values())) / other.get(turn, median(other.values()))
            for turn in turns
        ]
    )


def best(runs: Sequence[Run], names: Sequence[str]) -> str | None:
    """Of these contenders the one with the least seconds."""
    timed = {name: median(found.values()) for name in names if (found := seconds_of(runs, name))}
    return min(timed, key=lambda name: timed[name]) if timed else None


def exponents(runs: Sequence[Run], contender: str) -> list[tuple[int, int, float]]:
    """From each size to the next, and from the least to the most: the power of the size that the time grows by."""
    sizes = sorted({run.size for run in runs if run.contender == contender and run.seconds})
    middles = {
        size: median(seconds_of([run for run in runs if run.size == size], contender).values())
        for size in sizes
    }
    spans = list(pairwise(sizes))
    if len(sizes) > 2:
        spans.append((sizes[0], sizes[-1]))
    return [(low, high, log(middles[high] / middles[low]) / log(high / low)) for low, high in spans]
