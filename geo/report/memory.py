"""Memory that is free, given back to the system: a report goes through layers one after another."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Have the allocators let go of what nobody uses; where they cannot be asked to, nothing happens.

    After a million streets were checked they keep three quarters of a gigabyte for what may come, in pieces that
    what does come seldom fits.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
        if trim is not None:
            trim(0)
