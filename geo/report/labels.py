"""Names on a map such that no two lie over each other: each where it fits, else a number, else nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MM_A_PT = 25.4 / 72
LONGEST = 14
"""Characters of a name that a map prints before it cuts it."""
_STEPS = (
    (0, 0),
    (0, -1),
    (0, 1),
    (0.6, 0),
    (-0.6, 0),
    (0.5, -1),
    (-0.5, -1),
    (0.5, 1),
    (-0.5, 1),
    (0, -2),
    (0, 2),
)


@dataclass(frozen=True)
class Wish:
    """A name that wants to stand at a place."""

    text: str
    x_mm: float
    y_mm: float
    size_pt: float
    kind: str
    number: bool = False
    """Whether a number that the margin explains may stand for it."""


@dataclass(frozen=True)
class Label:
    """A text in its place: the middle of its box, in millimetres from the map's upper left corner."""

    text: str
    x_mm: float
    y_mm: float
    size_pt: float
    kind: str
    width_mm: float
    height_mm: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        half_w, half_h = self.width_mm / 2, self.height_mm / 2
        return self.x_mm - half_w, self.y_mm - half_h, self.x_mm + half_w, self.y_mm + half_h


def place(
    wishes: Sequence[Wish], width_mm: float, height_mm: float, most_numbers: int | None = None
) -> tuple[tuple[Label, ...], tuple[tuple[str, str], ...], int]:
    """Labels that overlap neither each other nor the frame.

    Parameters
    ----------
    wishes : in order of precedence
    width_mm, height_mm : of the map
    most_numbers : how many the margin has room to explain; None means any number

    Returns
    -------
    labels, index, left_out
        The index explains the numbers that stand for names; what found no place at all is counted.
    """
    placed: list[Label] = []
    index: list[tuple[str, str]] = []
    left_out = 0
    for wish in wishes:
        if not (0 <= wish.x_mm <= width_mm and 0 <= wish.y_mm <= height_mm):
            continue
        label = _fit(cut(wish.text), wish, placed, width_mm, height_mm)
        room = most_numbers is None or len(index) < most_numbers
        if label is None and wish.number and room:
            name = str(len(index) + 1)
            label = _fit(name, wish, placed, width_mm, height_mm)
            if label is not None:
                index.append((name, cut(wish.text)))
        if label is None:
            left_out += 1
        else:
            placed.append(label)
    return tuple(placed), tuple(index), left_out


def cut(text: str) -> str:
    """A name short enough for a map.

    Examples
    --------
    >>> cut("长" * 40) == "长" * 13 + "…"
    True
    """
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def width_em(text: str) -> float:
    """How wide a text is in ems of a Chinese face, never less than it will be.

    Examples
    --------
    >>> width_em("东安"), round(width_em("A1"), 2)
    (2.0, 1.4)
    """
    return sum(1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.7 for char in text)


def _fit(
    text: str, wish: Wish, placed: Sequence[Label], width_mm: float, height_mm: float
) -> Label | None:
    size = wish.size_pt * MM_A_PT
    width, height = width_em(text) * size + 0.8, size * 1.3
    for across, down in _STEPS:
        label = Label(
            text,
            round(wish.x_mm + across * width, 2),
            round(wish.y_mm + down * height, 2),
            wish.size_pt,
            wish.kind,
            round(width, 2),
            round(height, 2),
        )
        left, top, right, bottom = label.box
        if left < 0.3 or top < 0.3 or right > width_mm - 0.3 or bottom > height_mm - 0.3:
            continue
        if not any(_over(label.box, other.box) for other in placed):
            return label
    return None


def _over(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
