"""How written values are read: words for yes, no and unknown, figures with their units, dates.

What an entry does not clearly say stays unknown and is reported, never guessed: `x`, say, is a tick on
some forms and a cross on others.
"""

from __future__ import annotations

from .alike import all_different
from .reading import Amiss, Reading, Remark, read_values
from .words import NO, UNKNOWN, YES, plain

__all__ = [
    "NO",
    "UNKNOWN",
    "YES",
    "Amiss",
    "Reading",
    "Remark",
    "all_different",
    "plain",
    "read_values",
]
