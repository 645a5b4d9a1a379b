"""How far the reading of a file has come, told to whoever waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

Progress = Callable[[int, int, str], None]
"""Called with how much is done, of how much (0 where that is not known), and of what."""
EVERY_SECONDS = 0.25


@dataclass
class _Teller:
    listener: TextIO | None = None
    told_at: float = 0.0


_teller = _Teller()


def tell_to(listener: TextIO) -> None:
    """From now on, `tell` writes there."""
    _teller.listener = listener


def tell(done: int, total: int = 0) -> None:
    """Say that so many rows are read; a few times a second, and only if someone listens.

    Parameters
    ----------
    done : rows so far
    total : of how many; 0 where that is not known
    """
    now = time.monotonic()
    if _teller.listener is None or now - _teller.told_at < EVERY_SECONDS:
        return
    _teller.told_at = now
    with suppress(OSError, ValueError):  # whoever listened has gone
        _teller.listener.write(f"{done} {total}\n")
        _teller.listener.flush()
