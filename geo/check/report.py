"""A round held against every check: what was found, in the order in which it matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..model import Finding
from ..said import Said, in_language
from .evidence import Check, Evidence, Observation

if TYPE_CHECKING:
    import geopandas as gpd

    from ..survey import Survey

Progress = Callable[[int, int, str], None]
_RANK = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, eq=False)
class CheckReport:
    """What a check of a round found."""

    round: str
    crs: str
    observations: tuple[Observation, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings alone, errors first."""
        return tuple(item.finding for item in self.observations)

    def as_json(self) -> dict[str, object]:
        """The report as `atlas check --format json` prints it."""
        return {"findings": [asdict(finding) for finding in self.findings]}

    def places(self, language: str = "en") -> gpd.GeoDataFrame:
        """Where the findings are, for a map.

        Parameters
        ----------
        language : "zh" or "en", for `found` and `remedy`

        Returns
        -------
        GeoDataFrame
            WGS 84; a row for each place: `finding` (its position in `findings`), `code`, `severity`,
            `layer`, `row` (the id, where the place is that of one row), `found`, `remedy`, `repairable`.
        """
        import geopandas as gpd

        rows: list[dict[str, object]] = []
        shapes = []
        for number, item in enumerate(self.observations):
            finding = item.finding
            one_each = len(item.shapes) == len(finding.rows)
            for place, shape in enumerate(item.shapes):
                rows.append(
                    {
                        "finding": number,
                        "code": finding.code,
                        "severity": finding.severity,
                        "layer": finding.layer,
                        "row": str(finding.rows[place]) if one_each else None,
                        "found": in_language(finding.found, language),
                        "remedy": in_language(finding.remedy, language),
                        "repairable": finding.repairable,
                    }
                )
                shapes.append(shape)
        columns = ["finding", "code", "severity", "layer", "row", "found", "remedy", "repairable"]
        frame = gpd.GeoDataFrame(rows, columns=columns, geometry=shapes, crs=self.crs)
        return frame.to_crs("EPSG:4326")


def check_round(
    survey: Survey, layers: Sequence[str] | None = None, *, progress: Progress | None = None
) -> CheckReport:
    """Everything that looks wrong with a round: in its rows, between its layers, and against its past.

    Parameters
    ----------
    survey : the round
    layers : only findings about these, by name or title; None means all. The other layers still serve as evidence.
    progress : called with the steps done, how many there are, and the layer at hand

    Returns
    -------
    CheckReport
        Errors first, then warnings, then what is merely worth knowing; within each in the order of the
        declarations. An `error` keeps a layer from being measured, or makes its figures wrong as a whole.

    Raises
    ------
    UnknownNameError
        There is no such layer.
    StoreError
        The round cannot be read at all.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> report = check_round(open_survey(), ["back_streets"])
    >>> [finding.code for finding in report.findings if finding.severity == "error"]
    []
    """
    from .placement import set_aside

    catalog = survey.district.catalog
    wanted = (
        [catalog.layer_asked_for(name).name for name in layers] if layers else list(catalog.layers)
    )
    evidence = Evidence(survey)
    set_aside(evidence)
    checks = _checks()
    present = [name for name in catalog.layers if name in wanted and survey.has(name)]
    total = len(present) * len(checks)
    found: list[Observation] = []
    for number, name in enumerate(present):
        rows = evidence.rows(name)
        if rows is None:
            continue
        for step, check in enumerate(checks):
            if progress is not None:
                doing = Said(f"{name}: {_title(check)}", catalog.layer(name).title.zh)
                progress(number * len(checks) + step, total, doing)
            found += check(rows, evidence)
    found += _of_the_round(evidence, wanted if layers else None)
    if progress is not None:
        progress(total, total, "")
    places = {name: number for number, name in enumerate(catalog.layers)}
    found.sort(key=lambda item: _order(item, places))
    return CheckReport(survey.round, evidence.metric_crs, tuple(found))


def _checks() -> tuple[Check, ...]:
    from . import (
        datum,
        ground,
        network,
        partition,
        placement,
        redrawing,
        references,
        shapes,
        text,
        values,
    )

    modules = (
        redrawing,
        placement,
        ground,
        datum,
        shapes,
        partition,
        references,
        network,
        values,
        text,
    )
    return tuple(check for module in modules for check in module.CHECKS)


def _title(check: Check) -> str:
    return getattr(check, "__name__", "check").replace("_", " ")


def _of_the_round(evidence: Evidence, wanted: Sequence[str] | None) -> list[Observation]:
    """What concerns no declared layer's rows."""
    from ..rounds import publication_findings
    from .ground import layers_left_behind, undeclared_tables
    from .rasters import raster_findings

    found = [
        Observation(
            Finding(
                "unreadable-layer", "error", name, (), reason,
                Said("a table that can be read", "数据表可以读取"),
                Said(
                    "restore the round from a copy, or import the layer again into a new round",
                    "用备份恢复该轮次，或将图层重新导入新轮次",
                ),
            )
        )
        for name, reason in evidence.unreadable.items()
        if wanted is None or name in wanted
    ]  # fmt: skip
    found += raster_findings(evidence, wanted)
    if wanted is None:
        found += layers_left_behind(evidence)
        found += undeclared_tables(evidence)
        survey = evidence.survey
        found += map(Observation, publication_findings(survey.store, survey.round))
    return found


def _order(item: Observation, places: dict[str, int]) -> tuple[int, int, str]:
    finding = item.finding
    return _RANK[finding.severity], places.get(finding.layer, len(places)), finding.code
