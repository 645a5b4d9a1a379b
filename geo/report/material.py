"""What a report is made of: everything measured once, for the round and for the round before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..coverage import coverage_of, for_readers, pieces_behind
from ..indicators import MEASURES, needed_layers
from ..model import Indicator, Layer, Measure
from ..scope import EDGES_LAYER, Scope, scope_of
from ..survey import Survey, open_survey
from ..units import code_of_unit
from ..views.format import Language
from .features import FeatureNames
from .plaintext import PlainText

if TYPE_CHECKING:
    import geopandas as gpd

Progress = Callable[[int, int, str], None]
KEPT_ROWS = 500_000
"""Rows behind figures that are kept at hand. Those of a million streets are a third of a gigabyte for each indicator,
and are looked up again sooner than a dozen of them find room."""


@dataclass(frozen=True)
class Unit:
    """A unit of the district, or the district itself."""

    code: str
    name: str
    level: str
    parent: str | None


@dataclass
class Material:
    """A survey measured for one report, and the survey before it."""

    survey: Survey
    previous: Survey | None
    language: Language
    unit: Unit
    units: Mapping[str, Unit]
    """By code, from the district to the villages, each level in the order of its codes."""
    clean: PlainText
    date: str
    """ISO date of the report: what is due before it is overdue."""
    rows: list[dict[str, Any]]
    """Coverage of every indicator, as `coverage_of` gives it."""
    earlier: list[dict[str, Any]]
    """The same of the round before; empty where there is none."""
    _pieces: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    _unknown: dict[tuple[str, str], int] = field(default_factory=dict)
    _names: dict[str, FeatureNames] = field(default_factory=dict)

    @cached_property
    def indicators(self) -> tuple[tuple[Layer, Indicator], ...]:
        """Every declared indicator with its layer, in the order of declaration."""
        return tuple(self.survey.district.catalog.indicators())

    @cached_property
    def scope(self) -> Scope | None:
        """The area and the decisions; None where the round has no edges."""
        if not self.survey.has(EDGES_LAYER) or not len(self.survey.frame(EDGES_LAYER)):
            return None
        return scope_of(self.survey)

    @cached_property
    def figures(self) -> dict[tuple[str, str | None, str, str], dict[str, Any]]:
        """Coverage by indicator, unit code, level and scope."""
        return {_key(row): row for row in self.rows}

    @cached_property
    def earlier_figures(self) -> dict[tuple[str, str | None, str, str], dict[str, Any]]:
        """The same of the round before."""
        return {_key(row): row for row in self.earlier}

    @cached_property
    def inner(self) -> tuple[Unit, ...]:
        """The units the report ranks: those one level below its own."""
        return tuple(unit for unit in self.units.values() if unit.parent == self.unit.code)

    @cached_property
    def finest(self) -> tuple[Unit, ...]:
        """The finest units within the report's unit, itself where it is one of them."""
        return tuple(
            unit
            for unit in self.units.values()
            if unit.level == "village" and self.holds(unit.code)
        )

    def holds(self, code: object) -> bool:
        """Whether a unit is the report's own or lies in it."""
        if self.unit.level == "district":
            return True
        found = self.units.get(str(code))
        while found is not None:
            if found.code == self.unit.code:
                return True
            found = self.units.get(found.parent) if found.parent else None
        return False

    def measured(self, layer: Layer, indicator: Indicator, survey: Survey | None = None) -> bool:
        """Whether the round holds what the indicator is measured on."""
        return all((survey or self.survey).has(name) for name in needed_layers(indicator, layer))

    def pieces(self, indicator: Indicator, survey: Survey | None = None) -> pd.DataFrame:
        """The features behind an indicator that lie in the report's unit, as `pieces_behind` gives them."""
        wanted = survey or self.survey
        place = (wanted.round, indicator.id)
        if place not in self._pieces:
            behind = pieces_behind(wanted, indicator.id)
            if self.unit.level != "district":
                codes = {code: self.holds(code) for code in behind["unit_code"].unique()}
                behind = behind[behind["unit_code"].map(codes).astype(bool)].reset_index(drop=True)
            self._pieces[place] = behind
            self._unknown[place] = int(behind["fid"][behind["unknown"] > 0].nunique())
            while len(self._pieces) > 1 and sum(map(len, self._pieces.values())) > KEPT_ROWS:
                del self._pieces[next(iter(self._pieces))]
            return behind
        return self._pieces[place]

    def unknown_rows(self, layer: Layer, indicator: Indicator) -> int | None:
        """How many rows of the layer lack what the indicator needs, in the report's unit; None where it is not measured."""
        if not self.measured(layer, indicator):
            return None
        place = (self.survey.round, indicator.id)
        if place not in self._unknown:  # else they were counted when the pieces were at hand
            self.pieces(indicator)
        return self._unknown[place]

    def names(self, layer: Layer) -> FeatureNames:
        """What the features of a layer are called, and where they come from."""
        if layer.name not in self._names:
            self._names[layer.name] = FeatureNames(layer, self.clean)
        return self._names[layer.name]

    def outline(self) -> gpd.GeoSeries:
        """The outlines of the finest units within the report's unit (metric CRS)."""
        import geopandas as gpd

        layer = self.survey.district.levels[0]
        if layer.unit is None or not self.survey.has(layer.name):
            return gpd.GeoSeries([], crs=self.survey.district.spec.metric_crs)
        frame = self.survey.frame(layer.name)
        chosen = frame[layer.unit.code].isin([unit.code for unit in self.finest])
        return frame.geometry[chosen.to_numpy(bool)]

    def name_of(self, code: object) -> str:
        """What a unit is called; a dash for what lies in no unit."""
        unit = self.units.get(str(code)) if code is not None else None
        return unit.name if unit is not None else "—"


def gather(
    survey: Survey,
    unit: str | None,
    language: Language,
    date: str | None = None,
    progress: Progress | None = None,
) -> Material:
    """Measure a survey, and the one before it, for a report.

    Parameters
    ----------
    survey : the round
    unit : code of a town or village, or its name where no other has it; None, or the district's own, means the
        district
    language : "zh" or "en"
    date : ISO date of the report; None means the round's
    progress : called with (done, of how many, indicator id)

    Returns
    -------
    Material

    Raises
    ------
    UnknownNameError
        There is no unit of that code.
    DataError
        A layer cannot be used.
    """
    clean = PlainText()
    units = _units(survey, language, clean)
    named = {code: one.name for code, one in units.items()}
    code = code_of_unit(unit or survey.district.spec.code, named)
    rounds = [name for name in survey.store.rounds() if name < survey.round]
    previous = open_survey(survey.district, rounds[-1]) if rounds else None
    rows = _records(for_readers(survey, coverage_of(survey, progress=progress)))
    earlier = _records(for_readers(previous, coverage_of(previous))) if previous is not None else []
    day = date or survey.round
    return Material(survey, previous, language, units[code], units, clean, day, rows, earlier)


def measure_of(indicator: Indicator) -> Measure:
    """m, m2 or count."""
    return MEASURES[indicator.kind]


def is_split(indicator: Indicator) -> bool:
    """Whether it is one value of a category another indicator is given by: the whole has its features."""
    return "." in indicator.id.partition(".")[2]


def _units(survey: Survey, language: Language, clean: PlainText) -> dict[str, Unit]:
    spec = survey.district.spec
    found = {spec.code: Unit(spec.code, spec.name.in_(language), "district", None)}
    coarser: set[str] = set()
    for layer in reversed(survey.district.levels):
        if layer.unit is None or not survey.has(layer.name):
            continue
        frame = survey.frame(layer.name).sort_values(layer.unit.code, kind="stable")
        codes = frame[layer.unit.code].astype(str).to_list()
        parents = frame[layer.unit.parent] if layer.unit.parent else [None] * len(frame)
        for code, name, parent in zip(codes, frame[layer.unit.name], parents, strict=True):
            own = str(parent) if isinstance(parent, str) and parent in coarser else None
            title = clean(name, layer.name, code, layer.unit.name)
            if not title:
                title = f"（无名称 {code}）" if language == "zh" else f"(no name, {code})"
            found[code] = Unit(code, title, layer.unit.level, own or spec.code)
        coarser = set(codes)
    return found


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dicts of Python's own values; None for what is missing."""
    names = list(frame.columns)
    columns = [
        # NaN is the one value that is not itself.
        [None if value != value else value for value in frame[name].to_list()]  # noqa: PLR0124
        for name in names
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _key(row: Mapping[str, Any]) -> tuple[str, str | None, str, str]:
    return row["indicator"], row["unit_code"], row["level"], row["scope"]
