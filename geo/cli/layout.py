"""How a table stands on a page: aligned, folded to a screen, or, on a narrow one, each row by itself.

A figure, a code or a name of the program is never cut in two: `126,2` over `01.6` reads as another number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells

GAP = 2
_CHINESE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_PIECE = re.compile(rf"\s+|[（《“]*(?:{_CHINESE}|(?:(?!{_CHINESE})[^\s”])+)[，。；：、）》”]*")
"""What a line may be broken before: a Chinese character, a word; what opens or closes stays with what it holds."""
_LEAST = 12
"""A screen that leaves less for a value breaks its lines itself."""
_NAME = 8
"""So many places of Chinese are not broken for a column's sake."""


def aligned(lines: Sequence[Sequence[str]], right: Sequence[bool]) -> Iterator[str]:
    """Lines of cells with each column as wide as its widest cell; a Chinese character takes two places.

    Examples
    --------
    >>> list(aligned([["unit", "rate"], ["海陵区", "5%"]], [False, True]))
    ['unit    rate', '海陵区    5%']
    """
    return _set(lines, [_widest(column) for column in zip(*lines, strict=True)], right)


def fitted(
    headings: Sequence[str],
    lines: Sequence[Sequence[str]],
    right: Sequence[bool],
    names: Sequence[str],
    width: int,
) -> tuple[list[str], list[str]]:
    """The heading and the lines of a table for a screen.

    Parameters
    ----------
    headings, right : of each column, and whether it holds figures
    names : what a column is called where its heading says nothing
    width : places of the screen

    Returns
    -------
    tuple
        Lines of the heading, none where each row stands by itself; and all others.

    Examples
    --------
    >>> fitted(["unit", "found"], [["A1", "two ends that stop short"]], [False, False], ["", ""], 20)
    (['unit  found'], ['A1    two ends that', '      stop short'])
    >>> fitted(["unit", ""], [["A1", "3,000"], ["A2", "4,000"]], [False, True], ["", "rows"], 11)
    (['unit'], ['A1    3,000', 'A2    4,000'])
    >>> fitted(["unit", ""], [["A1", "3,000"], ["A2", "4,000"]], [False, True], ["", "rows"], 10)
    ([], ['unit  A1', 'rows  3,000', '', 'unit  A2', 'rows  4,000'])
    """
    columns = list(zip(headings, *lines, strict=True))
    widths = [_widest(column) for column in columns]
    room = width - GAP * (len(columns) - 1)
    if sum(widths) > room:
        least = [
            most if figures else min(most, max(map(_unbroken, column)))
            for column, most, figures in zip(columns, widths, right, strict=True)
        ]
        if sum(least) > room:
            return [], list(_one_by_one(headings, lines, names, width))
        while sum(widths) > room:  # of those that can, the widest gives way
            spare = [at for at, few in enumerate(least) if widths[at] > few]
            widths[max(spare, key=widths.__getitem__)] -= 1
    head, *rest = (list(_folded(line, widths, right)) for line in (headings, *lines))
    return head, [text for part in rest for text in part]


def _folded(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    """One row over as many lines as its longest cell takes."""
    cells = [_broken(cell, width) for cell, width in zip(line, widths, strict=True)]
    most = max(map(len, cells))
    filled = [cell + [""] * (most - len(cell)) for cell in cells]
    return _set(list(zip(*filled, strict=True)), widths, right)


def _one_by_one(
    headings: Sequence[str], lines: Sequence[Sequence[str]], names: Sequence[str], width: int
) -> Iterator[str]:
    """Each row by itself, a line for each of its cells."""
    labels = [heading or name for heading, name in zip(headings, names, strict=True)]
    widths = [_widest(labels), max(_LEAST, width - GAP - _widest(labels))]
    for number, line in enumerate(lines):
        if number:
            yield ""
        for pair in zip(labels, line, strict=True):
            yield from _folded(pair, widths, [False, False])


def _set(
    lines: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[bool]
) -> Iterator[str]:
    for line in lines:
        padded = []
        for cell, width, to_the_right in zip(line, widths, right, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if to_the_right else cell + space)
        yield (" " * GAP).join(padded).rstrip()


def _broken(text: str, width: int) -> list[str]:
    """A text in lines of at most that width, broken where it may be; a word that is longer still is cut."""
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for piece in _PIECE.findall(text):
        if cell_len(lines[-1]) + cell_len(piece.rstrip()) <= width:
            lines[-1] += piece
        elif piece.strip():
            parts = chop_cells(piece, width)
            lines += parts
    return [line.rstrip() for line in lines if line.strip()] or [""]


def _unbroken(text: str) -> int:
    """The least width in which no figure and no name of a text is broken."""
    chinese = cell_len("".join(re.findall(_CHINESE, text)))
    return max([min(chinese, _NAME), *(cell_len(one.rstrip()) for one in _PIECE.findall(text))])


def _widest(cells: Sequence[str]) -> int:
    return max(map(cell_len, cells))
