"""Sums of pieces by unit, side and state: what figures are made of, and what adds up over batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .indicators import Measured
    from .units import Units


@dataclass(frozen=True)
class Tally:
    """What of an indicator lies in which unit: sums of pieces, in the indicator's measure."""

    level: int
    """The position in `Units.levels` of the units it is told by."""
    sums: NDArray[np.float64]
    """(outside or inside the area; covered, not covered, unknown; unit, and in none as the last)."""

    def __add__(self, other: Tally) -> Tally:
        """The tally of both."""
        return Tally(self.level, self.sums + other.sums)

    def at(self, units: Units, number: int, count: int, scope: str) -> NDArray[np.float64]:
        """Covered, not covered and unknown of each unit of a level, what lies in none the last.

        Parameters
        ----------
        number : the level's position in `Units.levels`
        count : of rows wanted: the level's units, and one for none where the level has such a row
        scope : `all`, or `inside` the area
        """
        sums = self.sums[1] if scope == "inside" else self.sums.sum(axis=0)
        home = np.append(np.arange(sums.shape[1] - 1, dtype=np.intp), np.intp(-1))
        belongs = belonging(units, self.level, home, number)
        slot = np.where(belongs < 0, count - 1, belongs)
        return np.stack([np.bincount(slot, figure, count) for figure in sums])


def tally_of(measured: Measured, units: Units) -> Tally:
    """The sums of an indicator's pieces."""
    level = units.levels[measured.level]
    count = 0 if level.level == "district" else len(level.codes)
    pieces = measured.pieces
    slot = np.where(pieces.unit < 0, count, pieces.unit) + (count + 1) * pieces.inside
    sums = np.stack(
        [
            np.bincount(slot, figure, 2 * (count + 1)).astype(float).reshape(2, count + 1)
            for figure in (measured.covered, measured.not_covered, measured.unknown)
        ],
        axis=1,
    )
    return Tally(measured.level, sums)


def belonging(units: Units, level: int, unit: NDArray[np.intp], number: int) -> NDArray[np.intp]:
    """The unit of level `number` that things belong to; -1 for none.

    Parameters
    ----------
    level, unit : the level they are told by, and their unit there (-1 for none)
    """
    if number == level:
        return unit
    if units.levels[number].level == "district":
        return np.zeros(len(unit), np.intp)
    if number < level or not len(units.levels[number].member):
        return np.full(len(unit), -1, np.intp)
    return np.where(unit < 0, -1, units.levels[number].member[unit])
