"""Layers too large to hold: which they are, and their tallies, read batch by batch.

Memory is shared out by rough costs of a row, taken from measurements (docs/scaling.md): what is read and cut of a
batch at a time, and the points beside it. What does not grow with the layer (the program, the units) is on top of
neither. What reads them is loaded once there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .batches import whole_layer
from .engine.cluster import ClusterEngine
from .engine.fast import available
from .errors import DataError, Fault
from .indicators import Ground, measure, needed_fields, needed_layers
from .model import Finding, GeometryKind, Indicator, Layer, ShareMeeting, ShareWithinDistance
from .points import PointsNear, all_points, stored_points
from .said import Said
from .tally import Tally, tally_of

if TYPE_CHECKING:
    from .engine import Engine
    from .partials import Partial, Work
    from .store.scan import Part, Scan
    from .streaming import Reading
    from .survey import Survey

    Declared = Sequence[tuple[Layer, Indicator]]
    Told = Callable[[str, int, int], None]
    """Told a layer, how many of its rows are done, and how many there are."""

MEMORY_MB = 1024
"""What a process may take where nobody says otherwise."""
LEAST_MEMORY_MB = 768
PROGRAM_MB = 600
"""The program itself, its libraries and compiled kernels, and the units of a province."""
FRAME_BYTES: dict[GeometryKind, int] = {"Point": 800, "LineString": 1_500, "Polygon": 4_000}
"""A row in memory as a frame, with what checking it takes."""
BATCH_BYTES: dict[GeometryKind, int] = {"Point": 800, "LineString": 2_000, "Polygon": 10_000}
"""A row of a batch, with what cutting it takes, while the next batch is read."""
FEWEST_ROWS, MOST_ROWS = 2_000, 100_000
"""Of a batch: fewer cost more to hand around than to measure; memory for more is slow to come by."""


def large_layers(survey: Survey, names: Iterable[str], memory_mb: int) -> dict[str, Scan]:
    """The layers, of these, whose rows would take more than a quarter of the memory; with a way to read each.

    Units, edges and tables are always held.
    """
    held = {*survey.district.spec.levels}
    rows = survey.store.sizes(survey.round)
    found: dict[str, Scan] = {}
    for name in dict.fromkeys(names):
        kind = survey.district.catalog.layer(name).geometry
        if kind not in FRAME_BYTES or name in held or not survey.has(name):
            continue
        if rows[name] * FRAME_BYTES[kind] > memory_mb * 1e6 / 4:
            scan = survey.scan(name)
            if scan is not None:
                found[name] = scan
    return found


def tallies_of_large(
    survey: Survey,
    wanted: Declared,
    scans: Mapping[str, Scan],
    ground: Ground,
    memory_mb: int,
    told: Told | None = None,
) -> dict[str, Tally]:
    """The tallies of the indicators that need a large layer, by id.

    Parameters
    ----------
    scans : of the large layers; the others are read by now, and good
    memory_mb : what the process may take

    Raises
    ------
    DataError
        A large layer cannot be used; carries the faults of all of them.
    StoreError
        A layer cannot be read to its end, or changed meanwhile.
    """
    from .partials import Work
    from .streaming import doubled_keys, merged

    tallies: dict[str, Tally] = {}
    findings: list[Finding] = []
    points: dict[str, PointsNear] = {}
    concerned = [
        (layer, indicator)
        for layer, indicator in wanted
        if any(name in scans for name in needed_layers(indicator, layer))
        and all(survey.has(name) for name in needed_layers(indicator, layer))
    ]
    for _, indicator in concerned:
        if isinstance(indicator, ShareWithinDistance):
            near, found = _points(survey, indicator, scans, ground.engine, memory_mb, told)
            points[indicator.id] = near
            findings += found
    for layer in dict.fromkeys(layer.name for layer, _ in concerned):
        mine = [indicator for one, indicator in concerned if one.name == layer]
        declared = survey.district.catalog.layer(layer)
        if any(item.severity == "error" for item in findings):
            # Nothing can come of it, but the faults of all come together.
            mine = [one for one in mine if not isinstance(one, ShareWithinDistance)]
        if layer not in scans:
            batch = whole_layer(survey.frame(layer))
            for one in mine:
                measured = measure(one, declared, batch, ground, points.get(one.id))
                tallies[one.id] = tally_of(measured, ground.units)
            continue
        reading = _reading(survey, declared, mine, scans[layer], ground.engine, memory_mb)
        near_mine = {one.id: points[one.id] for one in mine if one.id in points}
        work = Work(reading, declared, tuple(mine), ground, near_mine)
        total = _added(work, partial(told, layer) if told else None)
        findings += [*total.findings, *doubled_keys(reading, total.keys)]
        _require_all(scans[layer], total.rows)
        tallies |= total.tallies
    faults = [item.fault() for item in findings if item.severity == "error"]
    if faults:
        raise DataError(dict.fromkeys(faults))
    survey.findings += [item for item in merged(findings) if item not in survey.findings]
    return tallies


def faults_of_large(
    survey: Survey, scans: Mapping[str, Scan], memory_mb: int, told: Told | None = None
) -> list[Fault]:
    """What keeps large layers from being used, where nothing is to be measured."""
    from .streaming import doubled_keys, merged

    found: list[Finding] = []
    for name, scan in scans.items():
        layer = survey.district.catalog.layer(name)
        mine = list(layer.indicators)
        reading = _reading(survey, layer, mine, scan, None, memory_mb)
        keys, done = [], 0
        for part in reading.parts():
            for read in reading.batches(part):
                found += read.findings
                keys += [read.keys] if read.keys is not None else []
                done += read.rows
                if told:
                    told(name, done, scan.rows)
        found += doubled_keys(reading, keys)
    return [item.fault() for item in merged(found) if item.severity == "error"]


def _reading(
    survey: Survey,
    layer: Layer,
    indicators: Sequence[Indicator],
    scan: Scan,
    engine: Engine | None,
    memory_mb: int,
) -> Reading:
    from .streaming import Reading

    fields = {name for one in indicators for name in needed_fields(one, layer)}
    # A shape's own area is asked of outlines only.
    own_area = any(isinstance(one, ShareMeeting) for one in indicators)
    arrays = engine is not None and takes_arrays(engine) and not own_area
    rows = _batch_rows(layer, memory_mb)
    crs = survey.district.spec.metric_crs
    return Reading.of(scan, layer, fields, crs, arrays=arrays, batch_rows=rows)


def takes_arrays(engine: Engine) -> bool:
    """Whether an engine cuts `Lines` and looks for `Points`, or only geometries."""
    local = engine.local() if isinstance(engine, ClusterEngine) else engine
    return local.name == "fast" or (local.name == "auto" and available())


def _batch_rows(layer: Layer, memory_mb: int) -> int:
    room = max(memory_mb - PROGRAM_MB, 0) * 1e6
    return int(min(max(room / BATCH_BYTES[layer.geometry], FEWEST_ROWS), MOST_ROWS))


def _points(
    survey: Survey,
    indicator: ShareWithinDistance,
    scans: Mapping[str, Scan],
    engine: Engine,
    memory_mb: int,
    told: Told | None,
) -> tuple[PointsNear, tuple[Finding, ...]]:
    arrays = takes_arrays(engine)
    if indicator.of not in scans:
        return all_points(survey.frame(indicator.of), indicator, arrays=arrays), ()
    scan = scans[indicator.of]
    layer = survey.district.catalog.layer(indicator.of)
    near, findings, rows = stored_points(
        scan,
        layer,
        indicator,
        survey.district.spec.metric_crs,
        arrays=arrays,
        batch_rows=_batch_rows(layer, memory_mb),
        memory_bytes=int(memory_mb * 1e6 / 4),
        progress=(lambda done: told(layer.name, done, scan.rows)) if told else None,
    )
    _require_all(scan, rows)
    return near, findings


def _added(work: Work, told: Callable[[int, int], None] | None) -> Partial:
    from .partials import Partial, added_here, partial_of

    parts = work.reading.parts()
    rows = work.reading.scan.rows
    engine = work.ground.engine
    if not isinstance(engine, ClusterEngine):
        return added_here(work, parts, (lambda done: told(done, rows)) if told else None)
    done = 0

    def count(part: Part) -> None:
        nonlocal done
        done += part.rows
        if told:
            told(min(done, rows), rows)

    there = replace(work, ground=replace(work.ground, engine=engine.local()))
    return engine.added_up(partial_of, there, parts, Partial(), count)


def _require_all(scan: Scan, rows: int) -> None:
    """Arrow ends without a word where a file is damaged."""
    from .errors import StoreError

    if rows != scan.rows:
        raise StoreError(
            Said(
                f"{scan.table} is damaged: {rows} of {scan.rows} rows can be read",
                f"{scan.table} 已损坏：{scan.rows:,} 行只有 {rows:,} 行可读",
            )
        )
