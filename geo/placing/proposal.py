"""What an import believes of a file."""

from __future__ import annotations

from dataclasses import dataclass

from ..said import Said


@dataclass(frozen=True)
class Proposal:
    """Something the importer believes of a file, and why; used only when told to."""

    code: str
    evidence: Said
    accepted: bool = False
