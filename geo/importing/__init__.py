"""A user's file → a layer of a round: read, mapped, repaired where that is safe, and kept with its origin."""

from __future__ import annotations

from .file import Progress, import_file
from .report import ImportReport

__all__ = ["ImportReport", "Progress", "import_file"]
