"""What is computed of one part of a layer, and how parts add up: the same on one machine and on many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .indicators import Ground, measure
from .model import Finding, Indicator, Layer
from .streaming import ReadBatch, Reading, merged
from .tally import Tally, tally_of

if TYPE_CHECKING:
    from .keys import Fingerprints
    from .points import PointsNear
    from .store.scan import Part


@dataclass(frozen=True)
class Work:
    """What is done with every part of a layer; a worker gets it once."""

    reading: Reading
    layer: Layer
    indicators: tuple[Indicator, ...]
    ground: Ground
    near: Mapping[str, PointsNear]
    """By indicator, for those that need points."""


@dataclass(frozen=True)
class Partial:
    """What some parts of a layer came to."""

    rows: int = 0
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    """By indicator; empty where an error was found."""
    findings: tuple[Finding, ...] = ()
    keys: tuple[Fingerprints, ...] = ()

    def __add__(self, other: Partial) -> Partial:
        """Both together."""
        tallies = dict(self.tallies)
        for name, tally in other.tallies.items():
            tallies[name] = tallies[name] + tally if name in tallies else tally
        found = merged((*self.findings, *other.findings))
        return Partial(self.rows + other.rows, tallies, found, (*self.keys, *other.keys))


def partial_of(work: Work, part: Part) -> Partial:
    """Read a part, and measure each indicator on each batch of it.

    Raises
    ------
    StoreError
        It cannot be read.
    DataError
        A raster cannot be used.
    """
    return sum((_of_batch(work, read) for read in work.reading.batches(part)), Partial())


def _of_batch(work: Work, read: ReadBatch) -> Partial:
    tallies = {}
    if read.batch is not None:
        for indicator in work.indicators:
            near = work.near.get(indicator.id)
            measured = measure(indicator, work.layer, read.batch, work.ground, near)
            tallies[indicator.id] = tally_of(measured, work.ground.units)
    keys = () if read.keys is None else (read.keys,)
    return Partial(read.rows, tallies, read.findings, keys)


def added_here(
    work: Work, parts: Sequence[Part], progress: Callable[[int], None] | None = None
) -> Partial:
    """All parts, one after another in this process.

    Parameters
    ----------
    progress : called with the number of rows done so far
    """
    total = Partial()
    for read in work.reading.all_batches(parts):
        total += _of_batch(work, read)
        if progress:
            progress(total.rows)
    return total
