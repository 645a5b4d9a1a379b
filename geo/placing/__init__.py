"""Where a file's coordinates lie: what they could be, judged by what the district already has."""

from __future__ import annotations

from .alignment import Alignment, alignment
from .home import Home, home_of
from .judging import Judgement, judge
from .placement import Placement
from .proposal import Proposal

__all__ = [
    "Alignment",
    "Home",
    "Judgement",
    "Placement",
    "Proposal",
    "alignment",
    "home_of",
    "judge",
]
