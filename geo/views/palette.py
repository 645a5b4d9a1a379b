"""Colours that stay apart for colour-blind eyes and in grey print: by hue, by lightness and by line.

Decisions are pale, since they lie underneath; figures are strong. Blue against vermilion holds for
every common kind of colour blindness; unknown is grey and dashed, so it is never taken for either.
"""

from __future__ import annotations

from ..model import Severity
from .description import Look

COVERED = "#08488a"
NOT_COVERED = "#e2580f"
UNKNOWN = "#4a4a4a"

THREE_VALUES = {
    "covered": Look(COVERED, width_px=2.6),
    "partly_covered": Look("#7a3e9d", width_px=2.6, dash="9 3"),
    "not_covered": Look(NOT_COVERED, width_px=2.6),
    "unknown": Look(UNKNOWN, width_px=2.2, dash="3 4"),
}

STRETCHES = {
    "covered": Look(COVERED, width_px=2.6),
    "not_covered": Look(NOT_COVERED, width_px=3.8),
    "unknown": Look(UNKNOWN, width_px=2.6, dash="3 3"),
}
"""Of a street's stretches: what is not covered is what the map is looked at for, and broader."""

DECISIONS = {
    "in": Look("#5f7f9c", width_px=0.7, fill="#a9cbe6", fill_opacity=0.75),
    "partly": Look("#5f7f9c", width_px=0.7, fill="#f6dc8c", fill_opacity=0.8),
    "out": Look("#8a8f94", width_px=0.7, fill="#ececec", fill_opacity=0.8),
    "unknown": Look("#8a8f94", width_px=0.7, dash="2 3", fill="#ffffff", fill_opacity=0.4),
}
NEAR_EDGE = Look("#8e1f63", width_px=1.8, dash="6 3")

VERDICTS = {
    "met": Look("#ffffff", width_px=0.8, fill="#4f97d4", fill_opacity=0.9),
    "undecided": Look("#7d6a2e", width_px=0.8, fill="#f2c14e", fill_opacity=0.9),
    "not_met": Look("#ffffff", width_px=0.8, fill="#962605", fill_opacity=0.9),
    "no_data": Look("#8a8f94", width_px=0.8, dash="2 3", fill="#f4f4f4", fill_opacity=0.7),
}
"""From dark to light: what falls short is seen first, in grey print too."""
ON_VERDICTS = {"met": "#061f38", "undecided": "#4d3b00", "not_met": "#ffffff"}
"""For words that stand on those fills."""

FINDINGS: dict[Severity, Look] = {
    "error": Look("#ffffff", width_px=1.4, fill="#a3171b", fill_opacity=1.0, radius_px=7),
    "warning": Look("#4d3b00", width_px=1.2, fill="#ffc93c", fill_opacity=1.0, radius_px=6),
    "info": Look("#22506e", width_px=1.2, fill="#cfe6f5", fill_opacity=1.0, radius_px=5),
}
FINDING_SHAPE = Look("#b0007a", width_px=2.2, fill="#b0007a", fill_opacity=0.2)

CATEGORIES = ("#0f5ea8", "#d55e00", "#00856a", "#b0448a", "#b98a00", "#4aa3d8", "#5b5b5b")
"""For the values of a field that mean neither good nor bad; apart in lightness as well as in hue."""

RATES = ("#fff0a3", "#b3deae", "#5fb9bf", "#2c7fb8", "#1d3b86")
ALL_UNKNOWN = "#c2c2c2"
"""Light to dark for a rate with no target, a fifth each."""

BOUNDARY = Look("#1b1b1b", width_px=7.0, opacity=0.22)
EDGE = Look("#1b1b1b", width_px=2.4, dash="10 6")
CORNER = Look("#6b4f2a", width_px=2.2, dash="2 5")
EDGE_POINT = Look("#1b1b1b", width_px=2.0, fill="#ffffff", fill_opacity=1.0, radius_px=6)
ACCURACY = Look("#8c7450", width_px=0.8, dash="2 4", fill="#b09468", fill_opacity=0.13)
TOWN = Look("#3c3c3c", width_px=1.5)


def of_fill(fill: str) -> Look:
    """The look of a unit filled with `fill`.

    Examples
    --------
    >>> of_fill("#045a8d").fill
    '#045a8d'
    """
    return Look("#ffffff", width_px=0.8, fill=fill, fill_opacity=0.9)
