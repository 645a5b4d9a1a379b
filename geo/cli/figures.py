"""`atlas layers`, `scope`, `coverage` and `rows`: what is declared, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import typer

from ..said import Said
from ..version import __version__
from ..views.format import number, percent, percent_range, word
from .output import (
    DISTRICT,
    FORMAT,
    ROUND,
    Format,
    counting,
    note,
    print_csv,
    print_json,
    print_table,
    records,
)

if TYPE_CHECKING:
    from ..engine import Engine
    from ..survey import Survey

ENGINE = "auto"
INDICATOR = typer.Option(None, "--indicator", help="Only these [default: all].")
SCOPE_COLUMNS = (
    "unit_code",
    "unit_name",
    "level",
    "decision",
    "share",
    "margin_m",
    "near_edge",
    "sides",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (layers, scope, coverage, rows):
        app.command()(command)


def layers(
    district: Path | None = DISTRICT, round_: str | None = ROUND, format_: Format = FORMAT
) -> None:
    """The declared layers, their indicators and targets, and how many rows the round has of each."""
    from ..district import open_district
    from ..errors import UnknownNameError
    from ..survey import open_survey

    opened = open_district(district)
    survey: Survey | None
    try:
        survey = open_survey(opened, round_)
    except UnknownNameError:
        if round_ is not None:
            raise
        survey = None  # a district without rounds still has declarations
    sizes = survey.store.sizes(survey.round) if survey is not None else {}
    table = []
    for layer in opened.catalog.layers.values():
        held = survey is not None and survey.has(layer.name)
        table.append(
            {
                "layer": layer.name,
                "title": layer.title.zh,
                "geometry": layer.geometry,
                "in_round": held,
                "rows": sizes.get(layer.name),
                "fields": list(layer.fields),
                "indicators": [indicator.id for indicator in layer.indicators],
                "file": opened.catalog.files[layer.name].name,
            }
        )
    if format_ is Format.json:
        print_json(
            {
                "district": opened.spec.name.zh,
                "code": opened.spec.code,
                "round": survey.round if survey else None,
                "rows": table,
            }
        )
    elif format_ is Format.csv:
        print_csv(table, list(table[0]))
    else:
        headings = ("layer", "title", "geometry", "rows", "indicators")
        print_table(
            table,
            {name: name for name in headings},
            {"rows": lambda row: number(row["rows"]) if row["in_round"] else "not in round"},
        )


def scope(
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    rule: str | None = typer.Option(
        None,
        "--rule",
        help="area_share, representative_point or any_overlap [default: the district's].",
    ),
    format_: Format = FORMAT,
) -> None:
    """Which units lie in the area, how clearly, and which edge matters for each."""
    from ..scope import scope_of
    from ..survey import open_survey

    survey = open_survey(district, round_)
    with _told(survey):
        found = scope_of(survey, _rule(survey, rule))
    table = list(records(found.rows[list(SCOPE_COLUMNS)]))
    if format_ is Format.csv:
        print_csv(table, SCOPE_COLUMNS)
    elif format_ is Format.json:
        import geopandas as gpd
        import shapely

        outline = gpd.GeoSeries([found.area.polygon], crs=found.area.crs).to_crs("EPSG:4326")
        print_json(
            {
                "district": survey.district.spec.name.zh,
                "code": survey.district.spec.code,
                "round": survey.round,
                "rule": found.rule.rule,
                "area_m2": found.area.polygon.area,
                "boundary": shapely.geometry.mapping(outline.iloc[0]),
                "rows": table,
            }
        )
    else:
        print_table(
            table,
            {name: name for name in SCOPE_COLUMNS},
            {
                "share": lambda row: percent(row["share"]),
                "margin_m": lambda row: number(row["margin_m"]),
                "near_edge": lambda row: "near edge" if row["near_edge"] else "",
            },
        )
        counts = found.rows[found.rows["level"] == "village"]["decision"].value_counts()
        tally = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("in", "partly", "out"))
        note(f"round {survey.round}, rule {found.rule.rule}: {tally} of {counts.sum()} villages")
        for corner in found.area.corners:
            if corner.how != "met":
                note(
                    f"the {'-'.join(corner.sides)} corner was {corner.how} over {corner.gap_m:,.0f} m"
                )


class _DigestMeanwhile:
    """Progress that is told on, and has a thread read the data for their digest once there is some.

    Not before: a file is opened by one thread at a time, so two that read only wait for each other, while whoever
    measures waits for none. Whatever is wrong with the data is said in either way.
    """

    def __init__(self, survey: Survey, told: Callable[[int, int, str], None] | None) -> None:
        self._survey, self._told = survey, told
        self._thread: Thread | None = None

    def __call__(self, done: int, total: int, name: str) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._digest)
            self._thread.start()
        if self._told:
            self._told(done, total, name)

    def _digest(self) -> None:
        with suppress(Exception):
            _ = self._survey.digest

    def digest(self) -> str:
        """Of the data, when the thread has it."""
        if self._thread is not None:
            self._thread.join()
        return self._survey.digest


def _tell_carried(survey: Survey) -> None:
    """Say which units and edges an earlier round has."""
    from ..carrying import left_behind

    lacking = left_behind(survey.district, survey.store, survey.round)
    if lacking:
        note(
            f"round {max(lacking.values())} has {', '.join(lacking)}; if they are as they were:"
            f" atlas carry --district DIR --round {survey.round}"
        )


def coverage(
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    indicator: list[str] | None = INDICATOR,
    level: str | None = typer.Option(
        None, "--level", help="village, town or district [default: all; in a table: district]."
    ),
    within: str | None = typer.Option(None, "--scope", help="all or inside [default: both]."),
    unit: str | None = typer.Option(
        None, "--unit", help="Only the unit of this code, or of this name."
    ),
    engine: str = typer.Option(
        ENGINE,
        "--engine",
        help="What cuts features by units: auto (by size), reference, fast or cluster.",
    ),
    scheduler: str | None = typer.Option(
        None,
        "--scheduler",
        help="tcp://HOST:PORT of a Dask cluster to measure on, in a trusted network [default: with --engine"
        " cluster, processes of this machine].",
    ),
    memory_mb: int | None = typer.Option(
        None,
        "--memory-mb",
        min=768,
        help="What a process may take; larger layers are read batch by batch [default: the district's, 1024].",
    ),
    format_: Format = FORMAT,
) -> None:
    """Every coverage rate with its bounds and its verdict against the target."""
    from ..coverage import COLUMNS, absent_layers, coverage_of
    from ..errors import UnknownNameError
    from ..survey import open_survey
    from ..units import code_of_unit

    for what, wanted, known in (
        ("level", level, ("village", "town", "district")),
        ("scope", within, ("all", "inside")),
    ):
        if wanted is not None and wanted not in known:
            words = {name: Said(name, word(name)) for name in known}
            raise UnknownNameError(what, wanted, known, called=words)
    survey = open_survey(district, round_)
    chosen = indicator or None
    with _told(survey), counting("measuring") as told:
        cutter = _engine(engine, scheduler)
        digested = _DigestMeanwhile(survey, told)
        # CSV is rows and nothing else.
        progress = told if format_ is Format.csv else digested
        frame = coverage_of(survey, chosen, engine=cutter, memory_mb=memory_mb, progress=progress)
    absent = absent_layers(survey, chosen)
    if absent:
        note(f"not in round {survey.round}: {', '.join(absent)}; what needs them is no_data")
        _tell_carried(survey)
    if unit is not None:
        named = frame[frame["unit_code"].notna()].drop_duplicates("unit_code")
        names = named["unit_name"].fillna("")
        unit = code_of_unit(unit, dict(zip(named["unit_code"], names, strict=True)))
    for column, wanted in (("level", level), ("scope", within), ("unit_code", unit)):
        if wanted is not None:
            frame = frame[frame[column] == wanted]
    if format_ is Format.table and level is None and unit is None:
        frame = frame[frame["level"] == "district"]
    table = map(_counts_whole, records(frame))
    if format_ is Format.json:
        print_json(
            {
                "district": survey.district.spec.name.zh,
                "code": survey.district.spec.code,
                "round": survey.round,
                "data_digest": digested.digest(),
                "version": __version__,
                "rows": table,
            }
        )
    elif format_ is Format.csv:
        print_csv(table, COLUMNS)
    else:
        _coverage_table([row for row in table if row["unit_code"] or row["total"]])
        note(f"{survey.district.spec.name.zh}, round {survey.round}, data {digested.digest()[:12]}")


def rows(
    indicator: str = typer.Argument(help="The indicator's id."),
    unit: str | None = typer.Option(
        None, "--unit", help="Only the unit of this code, or of this name."
    ),
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    format_: Format = FORMAT,
) -> None:
    """The rows behind a figure: each feature's part, and the file and line it came from."""
    from ..coverage import rows_behind
    from ..survey import open_survey
    from ..units import code_of_unit, units_of

    survey = open_survey(district, round_)
    with _told(survey):
        if unit is not None:
            unit = code_of_unit(unit, units_of(survey).names)
        frame = rows_behind(survey, indicator, unit)
    table = list(records(frame))
    columns = tuple(frame.columns)
    if format_ is Format.json:
        print_json(
            {
                "district": survey.district.spec.name.zh,
                "code": survey.district.spec.code,
                "round": survey.round,
                "data_digest": survey.digest,
                "indicator": indicator,
                "unit_code": unit,
                "rows": table,
            }
        )
    elif format_ is Format.csv:
        print_csv(table, columns)
    else:
        print_table(
            table,
            {name: name for name in columns},
            {name: _amount(name) for name in ("covered", "not_covered", "unknown")},
        )


def _engine(name: str, scheduler: str | None) -> Engine | str:
    """What `--engine` and `--scheduler` say; to name a scheduler is to choose the cluster."""
    if scheduler is None:
        return name
    if name not in (ENGINE, "cluster"):
        from ..errors import UnknownNameError

        raise UnknownNameError("engine with a scheduler", name, ["cluster"])
    from ..engine.cluster import ClusterEngine

    return ClusterEngine(scheduler)


def _coverage_table(table: list[dict[str, Any]]) -> None:
    print_table(
        table,
        {
            "indicator": "indicator",
            "unit_name": "unit",
            "scope": "scope",
            "covered": "covered",
            "not_covered": "not covered",
            "unknown": "unknown",
            "measure": "",
            "rate": "rate",
            "rate_lower": "lower–upper",
            "target": "target",
            "status": "status",
        },
        {
            **{name: _amount(name) for name in ("covered", "not_covered", "unknown")},
            "rate": lambda row: percent(row["rate"]),
            "rate_lower": lambda row: percent_range(row["rate_lower"], row["rate_upper"]),
            "target": lambda row: percent(row["target"]),
            "status": lambda row: row["status"] or "",
        },
    )


def _amount(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: number(row[name], 0 if row.get("measure") == "count" else 1)


def _counts_whole(row: dict[str, Any]) -> dict[str, Any]:
    """Counts are whole numbers, and print as such."""
    if row["measure"] != "count":
        return row
    whole = {name: int(row[name]) for name in ("covered", "not_covered", "unknown", "total")}
    return {**row, **whole}


def _rule(survey: Survey, name: str | None) -> Any:
    from typing import get_args

    from ..errors import UnknownNameError
    from ..model import RuleName

    if name is None:
        return None
    if name not in get_args(RuleName):
        names = get_args(RuleName)
        words = {one: Said(one, word(one)) for one in names}
        raise UnknownNameError("rule", name, names, called=words)
    return survey.district.spec.scope.model_copy(update={"rule": name})


@contextmanager
def _told(survey: Survey) -> Iterator[None]:
    """Afterwards, say what was found in the layers that were read."""
    yield
    for finding in survey.findings:
        note(f"{finding.severity}: {finding.fault()}")
