"""Tables without places: each row finds the feature it speaks of, by its code or by its name."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..likeness import nearest
from ..said import Said, joined, quoted
from .base import LeftOut

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MOST_SUGGESTIONS_FOR = 200
"""Beyond so many rows without a match, looking for what they might mean takes long and helps nobody."""
# The same unit goes by several forms of its name; a village and a community of one name are two units.
_FORMS = (
    ("社区", re.compile(r"(社区居民委员会|社区居委会|居民委员会|居委会|社区)\Z")),
    ("村", re.compile(r"(村民委员会|村委会|行政村|村)\Z")),
)


@dataclass(frozen=True)
class Joined:
    """For each row of a table, the feature it belongs to."""

    positions: NDArray[np.intp]
    """Among the features; -1 where there is none."""
    left_out: tuple[LeftOut, ...]
    """The rows without one, with what they may mean."""
    by_form: tuple[Said, ...]
    """Rows that were matched by another form of the name: `唐甸村 is 唐甸村委会`."""


def join_rows(
    keys: Sequence[Any],
    labels: Sequence[str],
    codes: Sequence[str],
    names: Sequence[str | None] | None = None,
) -> Joined:
    """The feature each row of a table speaks of.

    Parameters
    ----------
    keys : what the rows say, a code or a name, as it stands in their cells
    labels : what the rows are called in their file
    codes : of the features, each its own
    names : of the features, where they have any

    Returns
    -------
    Joined
        By code, else by name, else by another form of the name (`唐甸村`, `唐甸村委会`); never by likeness,
        which only makes the suggestions. A name that several features have matches none.

    Examples
    --------
    >>> joined = join_rows(["001", "东村"], ["row 2", "row 3"], ["001", "002"], ["西村", "东村委会"])
    >>> joined.positions.tolist(), joined.by_form
    ([0, 1], ('东村 is 东村委会',))
    """
    shown = [name or code for name, code in zip(names or codes, codes, strict=True)]
    by_code = {_plain(code): position for position, code in enumerate(codes)}
    by_name = _places([_plain(name) for name in names or ()])
    by_form = _places([_form(_plain(name)) for name in names or ()])
    positions = np.full(len(keys), -1, dtype=np.intp)
    left_out: list[LeftOut] = []
    forms: dict[Said, None] = {}
    for row, (key, label) in enumerate(zip(keys, labels, strict=True)):
        word = _plain(key)
        if not word:
            left_out.append(LeftOut(label, Said("neither code nor name", "既无代码也无名称")))
            continue
        found = [by_code[word]] if word in by_code else by_name.get(word, [])
        if not found:
            found = by_form.get(_form(word), [])
            if len(found) == 1:
                one = shown[found[0]]
                forms[Said(f"{key} is {one}", f"{key} 即 {one}")] = None
        if len(found) == 1:
            positions[row] = found[0]
        elif found:
            several = joined(f"{codes[one]} {shown[one]}" for one in found)
            reason = Said(
                f"{key!r} is the name of several: {several}",
                f"{quoted(key).zh}有多个同名单元：{several.zh}",
            )
            left_out.append(LeftOut(label, reason))
        else:
            near = _near(word, codes, names) if len(left_out) < _MOST_SUGGESTIONS_FOR else ()
            reason = Said(f"no feature {quoted(key)}", f"查无{quoted(key).zh}")
            if near:
                meant = joined(near, " or ", "或")
                reason += Said(f"; did you mean {meant}?", f"；是否为{meant.zh}？")
            left_out.append(LeftOut(label, reason))
    return Joined(positions, tuple(left_out), tuple(forms))


def join_column(
    frame: pd.DataFrame, codes: Sequence[str], names: Sequence[str | None]
) -> str | None:
    """The column of a table that most rows can be joined by; None where no column reaches half.

    Parameters
    ----------
    frame : the table
    codes, names : of the features
    """
    known = {_plain(code) for code in codes} | {_form(_plain(name)) for name in names}
    known -= {""}
    best, best_share = None, 0.5
    for column in frame.columns:
        words = [_plain(value) for value in frame[column]]
        share = sum(word in known or _form(word) in known for word in words) / max(len(words), 1)
        if share > best_share or (share == best_share and best is None):
            best, best_share = str(column), share
    return best


def _plain(value: Any) -> str:
    """A code or name in one form: full-width signs made plain, no blanks; 1.0 is 1."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value)).casefold()
    return "" if text == "<na>" else "".join(text.split())


def _form(word: str) -> str:
    for form, ending in _FORMS:
        stem, endings = ending.subn("", word)
        if endings and stem:
            return stem + form
    return word


def _places(words: Sequence[str]) -> dict[Hashable, list[int]]:
    places: dict[Hashable, list[int]] = defaultdict(list)
    for position, word in enumerate(words):
        if word:
            places[word].append(position)
    return dict(places)


def _near(word: str, codes: Sequence[str], names: Sequence[str | None] | None) -> tuple[str, ...]:
    """What a row may mean: the likest names, or for figures the likest codes."""
    known: dict[str, str] = {}
    for position, code in enumerate(codes):
        name = names[position] if names else None
        said = f"{code} {name}" if name else code
        known.setdefault(_plain(code) if word.isdecimal() or not name else _plain(name), said)
    return tuple(known[one] for one in nearest(word, known))
