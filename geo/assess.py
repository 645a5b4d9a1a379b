"""Coverage held against a target: rate, bounds and a verdict that admits what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

REACHES = 1e-9
"""A rate this close below a target reaches it: sums of lengths carry rounding of that order."""


def rates(covered: Floats, not_covered: Floats, unknown: Floats) -> tuple[Floats, Floats, Floats]:
    """Covered over what is known, and covered over all with the unknown taken as not, then as covered.

    Parameters
    ----------
    covered, not_covered, unknown : figures of one measure

    Returns
    -------
    rate, rate_lower, rate_upper : 0–1; NaN where there is no denominator
    """
    import numpy as np

    known = covered + not_covered
    total = known + unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.where(known > 0, covered / known, np.nan),
            np.where(total > 0, covered / total, np.nan),
            np.where(total > 0, (covered + unknown) / total, np.nan),
        )


def verdicts(lower: Floats, upper: Floats, target: float | None) -> NDArray[np.object_]:
    """Whether a target is met: only what holds however the unknown turns out is certain.

    Parameters
    ----------
    lower, upper : the bounds of a rate; NaN where the total is 0
    target : the rate to reach; None where there is none

    Returns
    -------
    array of "met", "not_met", "undecided", "no_data", or None without a target

    Examples
    --------
    >>> import numpy as np
    >>> verdicts(np.array([0.9, 0.8, 0.1]), np.array([1.0, 1.0, 0.2]), 0.9).tolist()
    ['met', 'undecided', 'not_met']
    """
    import numpy as np

    if target is None:
        return np.full(len(lower), None, object)
    reached = lower >= target - REACHES
    lost = upper < target - REACHES
    return np.select(
        [np.isnan(lower), reached, lost], ["no_data", "met", "not_met"], default="undecided"
    ).astype(object)
