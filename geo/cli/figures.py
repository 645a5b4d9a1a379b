"""`atlas layers`, `scope` and `coverage`: what is declared, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import typer

from ..said import Said, in_language, joined
from ..version import __version__
from ..views.format import measure_unit, number, percent, percent_range, sides, word
from .output import (
    DISTRICT,
    FORMAT,
    LANG,
    ROUND,
    Format,
    Reader,
    counting,
    note,
    print_csv,
    print_json,
    print_table,
    records,
    spoken,
)
from .wording import headed, layers_titled, titled, told, worded

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..engine import Engine
    from ..survey import Survey
    from ..views.format import Language

ENGINE = "auto"
INDICATOR = typer.Option(
    None,
    "--indicator",
    metavar="INDICATOR",
    help="Only these, each by its id or title [default: all].",
)
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


_NOWHERE = "不在任何单元内"
_HOW = {"trimmed": "截去越过部分", "extended": "延长边线", "joined": "直接连接"}
"""How a corner was closed, in Chinese."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (layers, scope, coverage):
        app.command()(command)


def layers(
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    format_: Format = FORMAT,
    lang: Reader = LANG,
) -> None:
    """The declared layers, their indicators and targets, and how many rows the round has of each."""
    from ..district import open_district
    from ..errors import UnknownNameError
    from ..survey import open_survey

    opened = open_district(district)
    survey: Survey | None
    try:
        survey = open_survey(opened, round_)
    except UnknownNameError as none:
        if round_ is not None:
            raise
        survey = None  # a district without rounds still has declarations
        note(none.args[0])
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
        language = lang.language
        absent = Said("not in round", "本轮次无")
        print_table(
            table,
            headed(("layer", "title", "geometry", "rows", "indicators"), language),
            {
                "rows": lambda row: (
                    number(row["rows"])
                    if row["in_round"] or survey is None
                    else in_language(absent, language)
                )
            },
            {"geometry": lambda row: worded(row["geometry"], language)},
        )


def scope(
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    rule: str | None = typer.Option(
        None,
        "--rule",
        metavar="RULE",
        help="area_share, representative_point or any_overlap [default: the district's].",
    ),
    format_: Format = FORMAT,
    lang: Reader = LANG,
) -> None:
    """Which units lie in the area, how clearly, and which edge matters for each."""
    from ..model import corner_zh
    from ..scope import scope_of
    from ..survey import open_survey

    survey = open_survey(district, round_)
    with told_of(survey):
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
        _scope_table(table, lang.language)
        counts = found.rows[found.rows["level"] == "village"]["decision"].value_counts()
        decided = [(counts.get(name, 0), name) for name in ("in", "partly", "out")]
        tally = joined(
            Said(f"{count} {name}", f"{word(name)} {count} 个") for count, name in decided
        )
        rule_named = found.rule.rule
        note(
            Said(
                f"round {survey.round}, rule {rule_named}: ",
                f"轮次 {survey.round}，规则：{word(rule_named)}；",
            )
            + tally
            + Said(f" of {counts.sum()} villages", f"，共 {counts.sum()} 个村（社区）")
        )
        for corner in found.area.corners:
            if corner.how != "met":
                note(
                    Said(
                        f"the {_corner(corner.sides)} corner was {corner.how} over {corner.gap_m:,.0f} m",
                        f"{corner_zh(corner.sides)}转角由{_HOW[corner.how]} {corner.gap_m:,.0f} 米闭合",
                    )
                )
        tell_illustrative(survey)


def _corner(sides: Iterable[str]) -> str:
    """A corner as English has it: north or south comes first."""
    return "-".join(sorted(sides, key=("north", "south").count, reverse=True))


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
        carry = f"atlas carry --district DIR --round {survey.round}"
        newest = max(lacking.values())
        note(
            Said(
                f"round {newest} has {', '.join(lacking)}; if they are as they were: {carry}",
                f"轮次 {newest} 有{layers_titled(lacking, survey.district.catalog).zh}；如无变化可沿用：{carry}",
            )
        )


def coverage(
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    indicator: list[str] | None = INDICATOR,
    level: str | None = typer.Option(
        None,
        "--level",
        metavar="LEVEL",
        help="village, town or district [default: all; in a table: district].",
    ),
    within: str | None = typer.Option(
        None, "--scope", metavar="SCOPE", help="all or inside [default: both]."
    ),
    unit: str | None = typer.Option(
        None, "--unit", metavar="UNIT", help="Only the unit of this code, or of this name."
    ),
    engine: str = typer.Option(
        ENGINE,
        "--engine",
        metavar="ENGINE",
        help="What cuts features by units: auto (by size), reference, fast or cluster.",
    ),
    scheduler: str | None = typer.Option(
        None,
        "--scheduler",
        metavar="ADDRESS",
        help="tcp://HOST:PORT of a Dask cluster to measure on, in a trusted network [default: with --engine"
        " cluster, processes of this machine].",
    ),
    memory_mb: int | None = typer.Option(
        None,
        "--memory-mb",
        metavar="MB",
        min=768,
        help="What a process may take; larger layers are read batch by batch [default: the district's, 1024].",
    ),
    format_: Format = FORMAT,
    lang: Reader = LANG,
) -> None:
    """Every coverage rate with its bounds and its verdict against the target."""
    from ..coverage import COLUMNS, absent_layers, coverage_of, for_readers
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
    with told_of(survey), counting(Said("measuring", "量算")) as shown:
        cutter = _engine(engine, scheduler)
        digested = _DigestMeanwhile(survey, shown)
        # CSV is rows and nothing else.
        progress = shown if format_ is Format.csv else digested
        frame = coverage_of(survey, chosen, engine=cutter, memory_mb=memory_mb, progress=progress)
    absent = absent_layers(survey, chosen)
    if absent:
        note(
            Said(
                f"not in round {survey.round}: {', '.join(absent)}; what needs them is no_data",
                f"轮次 {survey.round} 没有：{layers_titled(absent, survey.district.catalog).zh}；所涉指标无数据",
            )
        )
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
    if format_ is Format.table:
        frame = for_readers(survey, frame)
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
        held = [row for row in table if row["unit_code"] or row["total"]]
        _coverage_table(held, survey.district.catalog, lang.language)
        name, digest = survey.district.spec.name.zh, digested.digest()[:12]
        note(
            Said(
                f"{name}, round {survey.round}, data {digest}",
                f"{name}，轮次 {survey.round}，数据摘要 {digest}",
            )
        )
        tell_illustrative(survey)


def tell_illustrative(survey: Survey) -> None:
    """What figures of a made-up district are must stand beside them."""
    said = survey.district.spec.illustrative
    if said is not None:
        note(Said(said.en, said.zh))


def _engine(name: str, scheduler: str | None) -> Engine | str:
    """What `--engine` and `--scheduler` say; to name a scheduler is to choose the cluster."""
    if scheduler is None:
        return name
    if name not in (ENGINE, "cluster"):
        from ..errors import UnknownNameError

        raise UnknownNameError("engine with a scheduler", name, ["cluster"])
    from ..engine.cluster import ClusterEngine

    return ClusterEngine(scheduler)


def _scope_table(table: list[dict[str, Any]], language: Language) -> None:
    near = Said("near edge", "临界")
    words: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "level": lambda row: worded(row["level"], language),
        "decision": lambda row: worded(row["decision"], language),
        "near_edge": lambda row: in_language(near, language) if row["near_edge"] else "",
    }
    if language == "zh":
        words["sides"] = lambda row: sides(row["sides"]) if row["sides"] else ""
    print_table(
        table,
        headed(SCOPE_COLUMNS, language),
        {
            "share": lambda row: percent(row["share"]),
            "margin_m": lambda row: number(row["margin_m"]),
        },
        words,
    )


def _coverage_table(table: list[dict[str, Any]], catalog: Catalog, language: Language) -> None:
    columns = (
        "indicator",
        "unit_name",
        "scope",
        "covered",
        "not_covered",
        "unknown",
        "measure",
        "rate",
        "rate_lower",
        "target",
        "status",
    )
    words: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "status": lambda row: worded(row["status"], language)
    }
    if language == "zh":
        titles = {one.id: one.title.zh for _, one in catalog.indicators()}
        words |= {
            "indicator": lambda row: titled(
                row["indicator"], titles.get(row["indicator"]), language
            ),
            "unit_name": lambda row: row["unit_name"] or _NOWHERE,
            "scope": lambda row: worded(row["scope"], language),
            "measure": lambda row: measure_unit(row["measure"], language),
        }
    print_table(
        table,
        headed(
            columns,
            language,
            unit_name="unit",
            not_covered="not covered",
            measure="",
            rate_lower="lower–upper",
        ),
        {
            **{name: _amount(name) for name in ("covered", "not_covered", "unknown")},
            "rate": lambda row: percent(row["rate"]),
            "rate_lower": lambda row: percent_range(row["rate_lower"], row["rate_upper"]),
            "target": lambda row: percent(row["target"]),
        },
        words,
    )


def _amount(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: number(row[name], 0 if row.get("measure") == "count" else 1)


def _counts_whole(row: dict[str, Any]) -> dict[str, Any]:
    """Counts are whole numbers, and print as such."""
    if row["measure"] != "count":
        return row
    whole = ("covered", "not_covered", "unknown", "total")
    return {**row, **{name: int(row[name]) for name in whole if row[name] is not None}}


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
def told_of(survey: Survey) -> Iterator[None]:
    """Afterwards, say what was found in the layers that were read."""
    yield
    for finding in survey.findings:
        note(told(finding, spoken()))
