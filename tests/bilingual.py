"""Whether what the program says to a reader is Chinese where its reader is."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from geo.errors import DeclarationError, Fault
from geo.model import Finding
from geo.said import Said
from geo.sources.base import LeftOut

CHINESE = re.compile(r"[\u4e00-\u9fff]")
WORDS = re.compile(r"\b[a-z]{3,}\b.*\b[a-z]{3,}\b", re.S)
"""Two English words are more than a name."""
SENTENCE = re.compile(r"\b[A-Za-z]{2,}(?: [A-Za-z]{2,}){3,}\b")
FROM_ELSEWHERE = re.compile(r"（[^）]*）|“[^”]*”|\([^)]*\)|[\w,. ]+ ← [^，；]+")
"""What a library or a file said, or a column's own name."""
TEXTS: dict[type, tuple[str, ...]] = {
    Finding: ("found", "expected", "remedy"),
    Fault: ("found", "expected", "remedy"),
    LeftOut: ("reason",),
    DeclarationError: ("problems",),
}


def half_said(text: str) -> str | None:
    """What keeps a Chinese reader from reading a text; None where nothing does.

    Examples
    --------
    >>> half_said(Said("no west edge", "缺西至")), half_said("no west edge")
    (None, 'no Chinese')
    >>> half_said(Said("3 of the rows", "3 of the rows")), half_said(Said("a GeoTIFF", "GeoTIFF"))
    ('no Chinese', None)
    >>> half_said(Said("rows left out of it", "行 were left out of it")), half_said("")
    ('English in it', None)
    """
    chinese = FROM_ELSEWHERE.sub("", text.zh if isinstance(text, Said) else text)
    english = FROM_ELSEWHERE.sub("", text)
    if WORDS.search(english) and not CHINESE.search(chinese):
        return "no Chinese"
    return "English in it" if SENTENCE.search(chinese) else None


def heeded(offences: list[str]) -> Iterator[None]:
    """Until told to go on, look at every text of a finding, a fault, a wrong declaration or a row left out that `geo` makes."""
    kept = {kind: kind.__init__ for kind in TEXTS}

    def heed(kind: Any) -> None:
        def made(self: Any, *given: Any, **named: Any) -> None:
            kept[kind](self, *given, **named)
            if _asked_by_geo():
                for name in TEXTS[kind]:
                    said = getattr(self, name)
                    for text in said if isinstance(said, tuple) else (said,):
                        why = half_said(text)
                        if why is not None:
                            offences.append(f"{kind.__name__}.{name} has {why}: {text!r}")

        kind.__init__ = made

    for kind in TEXTS:
        heed(kind)
    yield
    for kind, first in kept.items():
        kind.__init__ = first


def _asked_by_geo() -> bool:
    """Whether a module of the program makes it, by itself or as another with some field replaced."""
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") == "dataclasses" and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).split(".")[0] == "geo"
