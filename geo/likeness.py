"""Which known names come near one that nobody knows: what somebody may have meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

ALIKE = 0.6
"""From this share of letters in common on two names are near, as in `difflib`."""
NAMED = 3
"""How many are named."""
_CONTAINED = 0.8
"""A name that holds the whole of what was asked for (`泰山` of `泰山街道`) is at least so near."""
_SHORTEST = 2
_SEPARATORS = re.compile(r"[\s_\-.·]+")


def nearest(asked: object, known: Iterable[str], most: int = NAMED) -> tuple[str, ...]:
    """The names most like the one asked for, the likest first; those equally like in their own order.

    One that holds all of it is near (`泰山` and `泰山街道`), and so is one that begins with half of it, however it
    goes on (`泰山街道` and `泰山居委会`), but for figures, which begin alike all over a district. Case, full-width forms, blanks, hyphens and dots make no difference.

    Parameters
    ----------
    asked : a name as somebody wrote it
    known : the names there are
    most : how many at most

    Returns
    -------
    tuple of str
        Empty where none comes near.

    Examples
    --------
    >>> nearest("back-street", ["lamps", "back_streets", "facades"])
    ('back_streets',)
    >>> nearest("泰山", ["京泰路街道", "泰山街道", "泰山村"])
    ('泰山村', '泰山街道')
    >>> nearest("泰山街", ["京泰路街道", "泰山居委会"])
    ('泰山居委会',)
    >>> nearest("321202001099", ["321202001009", "990001105210"])
    ('321202001009',)
    >>> nearest("", ["lamps"])
    ()
    """
    from difflib import SequenceMatcher  # only an error needs it

    word = plain_name(asked)
    if not word:
        return ()
    match = SequenceMatcher(None, autojunk=False)
    match.set_seq2(word)  # the one that is kept: what is known of it is worked out once
    found = []
    for name in dict.fromkeys(known):
        other = plain_name(name)
        match.set_seq1(other)
        if len(word) >= _SHORTEST and word in other:
            found.append((_CONTAINED + (1 - _CONTAINED) * len(word) / len(other), 1.0, name))
            continue
        likeness = letters = 0.0
        if match.real_quick_ratio() >= ALIKE and (letters := match.quick_ratio()) >= ALIKE:
            likeness = match.ratio()
        begun = _in_common(word, other)
        if begun >= max(_SHORTEST, len(word) / 2) and not word.isdecimal():
            likeness = max(likeness, ALIKE + (_CONTAINED - ALIKE) * begun / len(word))
        found.append((likeness, letters, name))
    # Of two equally like, the one of the same letters comes first: they were written in another order.
    found.sort(key=lambda one: (-one[0], -one[1]))
    return tuple(name for ratio, _, name in found if ratio >= ALIKE)[:most]


def _in_common(one: str, other: str) -> int:
    """How many letters two words begin alike with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def plain_name(name: object) -> str:
    """A name in the form in which two are compared.

    Examples
    --------
    >>> plain_name("Back-Streets "), plain_name("３２１２０２")
    ('backstreets', '321202')
    """
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", str(name)).casefold())
