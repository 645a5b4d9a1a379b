"""A file's rows on their way to becoming a layer: each step may take some out, and says so."""

from __future__ import annotations

from .joins import filled_by_join, join, require_geometry, resolve_names
from .places import place
from .rows import Rows
from .usable import take_usable

__all__ = [
    "Rows",
    "filled_by_join",
    "join",
    "place",
    "require_geometry",
    "resolve_names",
    "take_usable",
]
