"""Figures for every indicator, level, unit and side of the area: sums of pieces, held against targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from .assess import rates, verdicts
from .batches import Batch, whole_layer
from .edges import area_of
from .engine import Engine, engine_named
from .errors import DataError
from .indicators import MEASURES, Ground, Measured, measure, needed_layers
from .large import MEMORY_MB, faults_of_large, large_layers, tallies_of_large
from .model import Indicator, Layer, ShareWithinDistance
from .points import all_points
from .said import Said
from .scope import EDGES_LAYER
from .tally import Tally, belonging, tally_of
from .units import UnitLevel, Units, code_of_unit, units_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .survey import Survey

COLUMNS = (
    "indicator",
    "project",
    "unit_code",
    "unit_name",
    "level",
    "scope",
    "measure",
    "covered",
    "not_covered",
    "unknown",
    "total",
    "rate",
    "rate_lower",
    "rate_upper",
    "target",
    "reference",
    "status",
)

AMOUNTS = ("covered", "not_covered", "unknown", "total")

_grounds: WeakKeyDictionary[Survey, dict[str, Ground]] = WeakKeyDictionary()
"""What a survey's features are cut by, by engine: its figures and the rows behind them share it."""

_batches: WeakKeyDictionary[Ground, dict[str, Batch]] = WeakKeyDictionary()
"""Whole layers with what they were cut into, by what cut them: the rows behind a figure are cut alike."""

Progress = Callable[[int, int, str], None]


def coverage_of(
    survey: Survey,
    indicators: Sequence[str] | None = None,
    *,
    engine: Engine | str = "auto",
    memory_mb: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Covered, not covered, unknown, rate, bounds and verdict for each indicator, unit and side.

    Parameters
    ----------
    survey : the round
    indicators : ids, or titles in either language where no other has them; None means all that are declared
    engine : what cuts features by units, or its name: auto, reference, fast or cluster
    memory_mb : what the process may take; a layer too large for that is read batch by batch, and the
        figures are the same. None means the district's `memory_mb`, or else 1024
    progress : called with (done, of how many, indicator id), and while a large layer is read with its name
        and how many of its rows are done

    Returns
    -------
    DataFrame
        `COLUMNS`, one row for each indicator, level (from village to district), unit and scope (`all`,
        `inside` the area). Figures are in `measure` (m, m2, count); rates 0–1, NaN without a
        denominator; `target`, `reference` NaN and `status` None where there is none. What lies in no
        unit has `unit_code` None. An indicator whose layers the round lacks, and `inside` where the
        round has no edges, is `no_data`.

    Raises
    ------
    UnknownNameError
        No such indicator.
    DataError
        A layer cannot be used; ScopeError where the edges do not enclose an area.

    Source: DESIGN promises 1–3; each indicator's own clause is in its declaration.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> rows = coverage_of(open_survey(), ["certification.towns"])
    >>> rows[(rows.level == "district") & (rows.scope == "all")].total.item()
    14.0
    """
    wanted = _declared(survey, indicators)
    measured_layers = [name for layer, one in wanted for name in needed_layers(one, layer)]
    allowed = memory_mb or survey.district.spec.memory_mb or MEMORY_MB
    scans = large_layers(survey, measured_layers, allowed)

    def told(layer: str, done: int, rows: int) -> None:
        if progress:
            title = survey.district.catalog.layer(layer).title.zh
            words = Said(f"{layer}: {done:,} of {rows:,} rows", f"{title}：{done:,}/{rows:,} 行")
            progress(0, len(wanted), words)

    try:
        held = [name for name in measured_layers if name not in scans]
        survey.require([EDGES_LAYER, *survey.district.spec.levels, *held])
    except DataError as error:
        raise DataError([*error.faults, *faults_of_large(survey, scans, allowed, told)]) from None
    ground = ground_of(survey, engine)
    tallies = tallies_of_large(survey, wanted, scans, ground, allowed, told) if scans else {}
    tables = []
    for number, (layer, indicator) in enumerate(wanted):
        if progress:
            progress(number, len(wanted), Said(indicator.id, indicator.title.zh))
        tally = tallies.get(indicator.id)
        present = all(survey.has(name) for name in needed_layers(indicator, layer))
        if tally is None and present:
            measured = _measured(survey, layer, indicator, _whole(survey, layer, ground), ground)
            tally = tally_of(measured, ground.units)
        tables += list(_figures(survey, indicator, tally, ground))
    if progress:
        progress(len(wanted), len(wanted), "")
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        values = np.concatenate([table[name] for table in tables]) if tables else np.array([])
        # Said outright, so that a missing code or status stays None instead of becoming NaN.
        columns[name] = pd.Series(values, dtype=values.dtype)
    return pd.DataFrame(columns)


def for_readers(survey: Survey, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `coverage_of` with no amount where the round lacks what is measured: 0 m is a finding, and none was made.

    For tables and pages; to programs such rows are `no_data`, and their amounts add up as 0.

    Parameters
    ----------
    survey : the round
    rows : of `coverage_of`, all of them or some

    Returns
    -------
    DataFrame
        The same with covered, not_covered, unknown and total NaN there: of an indicator of which a layer is absent,
        and `inside` where the round has no edges.
    """
    declared = _declared(survey, rows["indicator"].unique().tolist())
    measured = [
        one.id
        for layer, one in declared
        if all(survey.has(name) for name in needed_layers(one, layer))
    ]
    none = ~rows["indicator"].isin(measured)
    if not _has_edges(survey):
        none |= rows["scope"] == "inside"
    return rows.assign(**{name: rows[name].mask(none) for name in AMOUNTS})


def absent_layers(survey: Survey, indicators: Sequence[str] | None = None) -> tuple[str, ...]:
    """The layers that figures need and the round does not hold: measured ones, units and edges."""
    needed = {EDGES_LAYER, *survey.district.spec.levels}
    for layer, indicator in _declared(survey, indicators):
        needed.update(needed_layers(indicator, layer))
    absent = {name for name in needed if not survey.has(name)}
    return tuple(sorted(absent))


def ground_of(survey: Survey, engine: Engine | str = "auto") -> Ground:
    """The units and the area of a round, with the engine to cut by them."""
    kept = _grounds.setdefault(survey, {})
    if isinstance(engine, str) and engine in kept:
        return kept[engine]
    area = None
    if _has_edges(survey):
        area = area_of(survey.frame(EDGES_LAYER), survey.district.spec.scope).polygon
    cutter = engine_named(engine) if isinstance(engine, str) else engine
    rasters = {
        layer.name: survey.raster(layer.name)
        for layer in survey.district.catalog.layers.values()
        if layer.geometry == "Raster" and survey.has(layer.name)
    }
    crs = survey.district.spec.metric_crs
    ground = Ground(units_of(survey), area, cutter, crs, rasters)
    if isinstance(engine, str):
        kept[engine] = ground
    return ground


def _has_edges(survey: Survey) -> bool:
    return survey.has(EDGES_LAYER) and len(survey.frame(EDGES_LAYER)) > 0


def rows_behind(
    survey: Survey,
    indicator: str,
    unit_code: str | None = None,
    *,
    engine: Engine | str = "auto",
) -> pd.DataFrame:
    """The features a figure is the sum of, and the file and line each came from.

    Parameters
    ----------
    survey : the round
    indicator : its id, or its title where no other has it
    unit_code : of a unit of any level, or its name where no other has it; None means the whole district

    Returns
    -------
    DataFrame
        One row for each piece: fid, key, label, unit_code (the finest unit; None for none), inside,
        covered, not_covered, unknown (in the indicator's measure), source_file, source_row (None for a
        round that was not imported: the round's own file and fid are the source).

    Raises
    ------
    UnknownNameError
        No such indicator or unit, or the round lacks its layer.
    """
    table, measured, ground = _behind(survey, indicator, engine)
    if unit_code is not None:
        chosen = _belongs(ground.units, measured, unit_code)
        table = table[chosen].reset_index(drop=True)
    return table.assign(**{name: _text(table[name]) for name in ("key", "label", "source_row")})


def pieces_behind(survey: Survey, indicator: str, *, engine: Engine | str = "auto") -> pd.DataFrame:
    """As `rows_behind` of the whole district, with keys, labels and rows of files as the round holds them.

    A million texts are a column then, and not a million objects; a missing one is missing as that column has it.
    """
    return _behind(survey, indicator, engine)[0]


def _behind(
    survey: Survey, indicator: str, engine: Engine | str
) -> tuple[pd.DataFrame, Measured, Ground]:
    layer, declared = survey.district.catalog.indicator(indicator)
    for name in needed_layers(declared, layer):
        if not survey.has(name):
            raise survey.absent(name)
    ground = ground_of(survey, engine)
    measured = _measured(survey, layer, declared, _whole(survey, layer, ground), ground)
    frame = survey.frame(layer.name)
    said = {layer.key, layer.label, "src_import", "src_row"}
    frame = pd.DataFrame(frame[[name for name in frame if name in said]]).iloc[measured.pieces.row]
    home = ground.units.levels[measured.level]
    table = pd.DataFrame(
        {
            "fid": frame.index.to_numpy(),
            "key": _held(frame, layer.key),
            "label": _held(frame, layer.label or layer.key),
            "unit_code": _at(home.codes, measured.pieces.unit),
            "inside": measured.pieces.inside,
            "covered": measured.covered,
            "not_covered": measured.not_covered,
            "unknown": measured.unknown,
            **_sources(survey, layer, frame),
        }
    )
    return table, measured, ground


def _belongs(units: Units, measured: Measured, asked: str) -> NDArray[np.bool_]:
    """Which pieces lie in a unit of any level."""
    code = code_of_unit(asked, units.names)
    number = next(at for at, level in enumerate(units.levels) if code in level.codes)
    level = units.levels[number]
    belongs = belonging(units, measured.level, measured.pieces.unit, number)
    return np.asarray(
        (level.level == "district") | (belongs == np.flatnonzero(level.codes == code)[0])
    )


def _declared(survey: Survey, ids: Sequence[str] | None) -> list[tuple[Layer, Indicator]]:
    catalog = survey.district.catalog
    if ids is None:
        return list(catalog.indicators())
    wanted = [catalog.indicator(name) for name in ids]
    # Once, though it be named by its id and by its title.
    return list({indicator.id: (layer, indicator) for layer, indicator in wanted}.values())


def _whole(survey: Survey, layer: Layer, ground: Ground) -> Batch:
    kept = _batches.setdefault(ground, {})
    if layer.name not in kept:
        kept[layer.name] = whole_layer(survey.frame(layer.name))
    return kept[layer.name]


def _measured(
    survey: Survey, layer: Layer, indicator: Indicator, batch: Batch, ground: Ground
) -> Measured:
    near = None
    if isinstance(indicator, ShareWithinDistance):
        near = all_points(survey.frame(indicator.of), indicator)
    return measure(indicator, layer, batch, ground, near)


def _figures(
    survey: Survey, indicator: Indicator, tally: Tally | None, ground: Ground
) -> Iterator[dict[str, NDArray[np.object_]]]:
    """A table for each level and scope; `tally` is None where the round lacks what is measured."""
    own_level = tally.level if tally else 0
    for number, level in enumerate(ground.units.levels):
        # Units measured as features have no figures at levels finer than their own, only a rest.
        codes, names = (level.codes, level.names) if number >= own_level else (level.codes[:0],) * 2
        if level.level != "district":
            codes, names = np.append(codes, [None]), np.append(names, [None])
        for scope in ("all", "inside"):
            available = tally is not None and (scope == "all" or ground.area is not None)
            sums = np.zeros((3, len(codes)))
            if tally is not None and available:
                sums = tally.at(ground.units, number, len(codes), scope)
            yield _table(survey, indicator, level, codes, names, scope, sums, available)


def _table(
    survey: Survey,
    indicator: Indicator,
    level: UnitLevel,
    codes: NDArray[np.object_],
    names: NDArray[np.object_],
    scope: str,
    sums: NDArray[np.float64],
    available: bool,
) -> dict[str, NDArray[np.object_]]:
    covered, not_covered, unknown = sums
    rate, lower, upper = rates(covered, not_covered, unknown)
    target = survey.district.target(indicator)
    status = verdicts(lower, upper, target.at_least if target else None)
    if not available:
        status = np.full(len(codes), "no_data", object)
    same = len(codes)
    return {
        "indicator": np.full(same, indicator.id, object),
        "project": np.full(same, indicator.project, object),
        "unit_code": codes,
        "unit_name": names,
        "level": np.full(same, level.level, object),
        "scope": np.full(same, scope, object),
        "measure": np.full(same, MEASURES[indicator.kind], object),
        "covered": covered,
        "not_covered": not_covered,
        "unknown": unknown,
        "total": covered + not_covered + unknown,
        "rate": rate,
        "rate_lower": lower,
        "rate_upper": upper,
        "target": np.full(same, target.at_least if target else np.nan),
        "reference": np.full(same, indicator.reference.value if indicator.reference else np.nan),
        "status": status,
    }


def _text(column: pd.Series[Any]) -> NDArray[np.object_]:
    return column.astype(object).where(column.notna(), None).to_numpy(object)


def _held(frame: pd.DataFrame, column: str | None) -> Any:
    return np.full(len(frame), None, object) if column is None else frame[column].array


def _at(codes: NDArray[np.object_], unit: NDArray[np.intp]) -> NDArray[np.object_]:
    named = np.append(codes, [None])
    return named[unit]


def _sources(survey: Survey, layer: Layer, frame: pd.DataFrame) -> dict[str, NDArray[np.object_]]:
    nothing = np.full(len(frame), None, object)
    if "src_import" not in frame:
        return {"source_file": nothing, "source_row": nothing.copy()}
    files = {
        number: item.file for (name, number), item in survey.imports().items() if name == layer.name
    }
    return {
        "source_file": frame["src_import"].map(files).astype(object).to_numpy(object),
        "source_row": _held(frame, "src_row"),
    }
