"""Long work: it shows how far it is, and its reader can stop it without harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from ..errors import GeoError
from ..said import in_language
from .choices import as_label, language, say

Steps = Callable[[int, int, str], None]


@contextmanager
def shown_at_work(key: str) -> Iterator[Steps]:
    """A bar that the work moves, and a button that ends it.

    The button needs no code of its own: whatever a reader touches starts the page anew, and the run that
    is at work ends where it next says how far it is.

    Yields
    ------
    called with (done, of how many, what is being done)
    """
    place = st.empty()
    with place.container():
        left, right = st.columns([10, 2], vertical_alignment="center")
        bar = left.progress(0.0, say("working"))
        right.button(say("stop"), key=f"{key}_stop", width="stretch")

    def step(done: int, total: int, what: str) -> None:
        share = min(1.0, done / total) if total else 0.0
        bar.progress(share, f"{say('working')} {as_label(in_language(what, language()))}")

    try:
        yield step
    except GeoError:
        place.empty()  # a fault is told without a bar that stands still above it
        raise
    place.empty()
