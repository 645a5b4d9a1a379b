"""The reports that several tests read, each measured once in a run."""

from __future__ import annotations

from functools import cache

from geo.report.build import report_from
from geo.report.material import Material, gather
from geo.report.model import Report
from geo.survey import open_survey

TOWN = "321202408"  # the smallest


@cache
def district() -> tuple[Material, Report]:
    """The embedded district's, in Chinese."""
    material = gather(open_survey(), None, "zh")
    return material, report_from(material)


@cache
def town(code: str = TOWN) -> tuple[Material, Report]:
    """A town's, in Chinese."""
    material = gather(open_survey(), code, "zh")
    return material, report_from(material)
