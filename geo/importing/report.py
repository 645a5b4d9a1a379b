"""What an import did."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ..model import Finding
from ..placing.proposal import Proposal
from ..sources.base import LeftOut


@dataclass(frozen=True)
class ImportReport:
    """What an import read, took and left, and what was found on the way."""

    layer: str
    round: str | None
    """None for a raster, which is the district's and no round's, and for a ledger that changes nothing."""
    rows_read: int
    rows_taken: int
    left_out: tuple[LeftOut, ...]
    proposals: tuple[Proposal, ...]
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, object]:
        """The report as `atlas import --format json` prints it."""
        return {
            "layer": self.layer,
            "round": self.round,
            "rows_read": self.rows_read,
            "rows_taken": self.rows_taken,
            "left_out": [asdict(item) for item in self.left_out],
            "proposals": [asdict(item) for item in self.proposals],
            "findings": [asdict(item) for item in self.findings],
        }
