"""概要: the report on one page, for those who read no other.

Nothing is measured here. Every sentence is one that the report's sections say, every figure one of their tables',
and each line names the table that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from ..model import Indicator, Layer, Project
from ..views.format import word
from .figures import figure_of
from .material import is_split, measure_of
from .model import FIGURES, Block, Column, Paragraph, Section, Table, Value, pair
from .wording import long_date

if TYPE_CHECKING:
    from .material import Material, Unit

PROJECTS, WEAKEST = "summary:projects", "summary:weakest"
"""The names of the summary's tables."""
MOST_INDICATORS = 16
"""Lines of figures that one page has room for."""
MOST_WEAK = 5


def summary_section(material: Material, sections: Mapping[str, Section]) -> Section:
    """The report on one page.

    Parameters
    ----------
    material : what was measured
    sections : the report's, by what `build` calls them, with the numbers of their tables: what the summary repeats
        and refers to

    Returns
    -------
    Section
        Without a number: it stands before them.
    """
    language = material.language
    tables = {table.name: table for section in sections.values() for table in section.tables()}
    area, spots = sections["area"], sections["weak spots"]
    verdicts = sections["figures by unit"]
    surveyed = long_date(material.survey.round, language)
    round_ = pair(language, f"{surveyed}调查轮次。", f"Survey round of {surveyed}. ")
    said = (
        (round_ + _said(verdicts, before="overview"), verdicts),
        (_said(area), area),
        (pair(language, "薄弱环节：", "Weak spots: ") + _said(spots), spots),
    )
    blocks: list[Block] = [
        Paragraph(text + pair(language, f"（见“{one.heading}”）", f" (See {one.heading}.)"))
        for text, one in said
    ]
    blocks.append(_projects(material, tables))
    if len(material.inner) > 1:
        blocks.append(_weakest(material, sections["ranking"].heading, tables))
    return Section("", pair(language, "概要", "Summary"), tuple(blocks))


def _said(section: Section, before: str | None = None) -> str:
    """The first words of a section, or the last before one of its tables."""
    words = ""
    for block in section.blocks:
        if isinstance(block, Paragraph):
            words = block.text
            if before is None:
                break
        elif isinstance(block, Table) and block.name == before:
            break
    return words


def _shown(material: Material) -> list[tuple[Layer, Indicator]]:
    """Of each project the indicators with a target, or its first where it has none with one."""
    found: list[tuple[Layer, Indicator]] = []
    for project in get_args(Project):
        own = [
            (layer, indicator)
            for layer, indicator in material.indicators
            if indicator.project == project
            and not is_split(indicator)
            and figure_of(material, indicator, material.unit) is not None
        ]
        target = material.survey.district.target
        found += [item for item in own if target(item[1]) is not None] or own[:1]
    return found


def _projects(material: Material, tables: Mapping[str, Table]) -> Table:
    language, previous = material.language, material.previous
    changed = {row["indicator"]: row for row in tables["changes"].records()} if previous else {}
    indicators = _shown(material)
    colon = pair(language, "：", ": ")
    rows: list[tuple[Value, ...]] = []
    for layer, indicator in indicators[:MOST_INDICATORS]:
        figure = figure_of(material, indicator, material.unit)
        assert figure is not None
        moved = changed.get(indicator.id, {})
        rows.append(
            (
                f"{word(indicator.project, language)}{colon}{indicator.title.in_(language)}",
                *(figure[name] for name in ("rate", "rate_lower", "rate_upper", "target")),
                figure["status"],
                *(
                    (
                        *(moved.get(name) for name in ("before", "fixed", "worse")),
                        measure_of(indicator),
                    )
                    if previous
                    else ()
                ),
                material.unknown_rows(layer, indicator),
                _number(f"{FIGURES}{indicator.id}", tables),
            )
        )
    wide, measured, seen = (2.9, 0.85, 0.95) if language == "zh" else (3.4, 1.1, 1.15)
    columns = [
        Column("title", pair(language, "工程：指标", "Project: indicator"), width=wide),
        Column("rate", pair(language, "比率", "Rate"), "rate", 0.95),
        Column("rate_lower", pair(language, "下限", "Lower"), "rate", 0.95),
        Column("rate_upper", pair(language, "上限", "Upper"), "rate", 0.95),
        Column("target", pair(language, "目标", "Target"), "rate", 0.95),
        Column("status", pair(language, "判定", "Verdict"), "word", 1.25),
    ]
    if previous:
        columns += [
            Column("before", pair(language, "上期比率", "Rate before"), "rate", 0.95),
            Column("fixed", pair(language, "整改到位", "Put right"), "amount", 1.05),
            Column("worse", pair(language, "变差", "Got worse"), "amount", 0.95),
            Column("measure", pair(language, "单位", "Unit"), "measure", measured),
        ]
    columns += [
        Column("unknown_rows", pair(language, "不明条数", "Rows not known"), "count", 0.85),
        Column("see", pair(language, "详见", "See"), "see", seen),
    ]
    return Table(
        PROJECTS,
        pair(language, "各工程完成情况", "How far each project has come"),
        tuple(columns),
        tuple(rows),
        _notes(material, tables, len(indicators) - len(rows)),
    )


def _notes(material: Material, tables: Mapping[str, Table], left_out: int) -> str:
    language = material.language
    defined, unknown, changes = (
        _number(name, tables) for name in ("definitions", "unknown", "changes")
    )
    notes = [
        pair(
            language,
            f"下限、上限：把情况不明的全部视为未达到、全部视为达到；政策未定目标的不作判定（—）。口径见{defined}。",
            "Bounds: all that is unknown taken as not covered, and as covered; without a target in the policy there is no verdict "
            f"(—). Definitions: {defined}.",
        )
    ]
    if unknown:
        notes.append(
            pair(
                language,
                f"“不明条数”是资料缺失、未作推断的记录条数，见{unknown}。",
                f"“Rows not known” counts the records that lack what the figure needs; nothing is assumed of them: {unknown}.",
            )
        )
    if material.previous is None:
        notes.append(
            pair(language, "没有更早的轮次可比。", "There is no earlier round to compare with.")
        )
    elif changes:
        earlier = material.previous.round
        notes.append(
            pair(
                language,
                f"上期为 {earlier}。“整改到位”“变差”只计两期都清楚的；比率的其余升降出自补查、资料缺失和对象增减，不是工程成效，见{changes}。",
                f"The round before is {earlier}. “Put right” and “got worse” count only what both rounds know; a rate also moves "
                f"because somebody looked, or things were added, which is no work done: {changes}.",
            )
        )
    if left_out:
        overview = _number("overview", tables)
        notes.append(
            pair(
                language,
                f"另有 {left_out} 项指标未列，见{overview}。",
                f"{left_out} more in {overview}.",
            )
        )
    return pair(language, "", " ").join(notes)


@dataclass(frozen=True)
class _Weak:
    """A unit that misses targets however the unknown turns out."""

    unit: Unit
    missed: int
    undecided: int
    indicator: Indicator
    """The one that falls short by most, whatever the unknown turns out to be."""
    figure: dict[str, Any]
    short: float


def _weak(material: Material) -> list[_Weak]:
    """The units that surely miss a target: those that miss most of them first, then those furthest from one.

    What is undecided counts for nothing, and the distance is that of the upper bound: a unit never stands here, or
    higher up, for what nobody knows.
    """
    target = material.survey.district.target
    targeted = [item for _, item in material.indicators if target(item) is not None]
    found: list[_Weak] = []
    for unit in material.inner:
        missed: list[tuple[float, Indicator, dict[str, Any]]] = []
        undecided = 0
        for indicator in targeted:
            figure = figure_of(material, indicator, unit)
            if figure is not None and figure["status"] == "not_met":
                missed.append((figure["target"] - figure["rate_upper"], indicator, figure))
            undecided += figure is not None and figure["status"] == "undecided"
        if missed:
            short, indicator, figure = max(missed, key=lambda item: round(item[0], 9))
            found.append(_Weak(unit, len(missed), undecided, indicator, figure, short))
    return sorted(found, key=lambda weak: (-weak.missed, -round(weak.short, 9), weak.unit.code))


def _weakest(material: Material, ranking: str, tables: Mapping[str, Table]) -> Table:
    language = material.language
    found = _weak(material)
    rows = tuple(
        (
            weak.unit.name,
            weak.missed,
            weak.undecided,
            weak.indicator.title.in_(language),
            *(weak.figure[name] for name in ("rate_lower", "rate_upper", "target")),
            _number(f"ranking:{weak.indicator.id}", tables),
        )
        for weak in found[:MOST_WEAK]
    )
    notes = [
        pair(
            language,
            "只列无论不明部分结果如何都确未达标的单元：先按未达标项数，再按上限距目标最远的一项排列；尚不能判定的不作依据。",
            "Only units that miss a target however the unknown turns out: by how many they miss, then by how far the upper bound "
            "is from the target it misses by most. What is undecided counts for nothing.",
        )
    ]
    more = len(found) - len(rows)
    if more:
        notes.append(
            pair(
                language,
                f"另有 {more} 个单元也有未达标项，见{ranking}。",
                f"{more} more {'unit misses' if more == 1 else 'units miss'} a target: {ranking}.",
            )
        )
    return Table(
        WEAKEST,
        pair(language, "最薄弱的单元", "The weakest units"),
        (
            Column("unit_name", pair(language, "单元", "Unit"), width=1.5),
            Column("missed", pair(language, "未达标项", "Not met"), "count", 0.8),
            Column("undecided", pair(language, "不能判定项", "Undecided"), "count", 1.1),
            Column("title", pair(language, "差得最远的一项", "Furthest from target"), width=3.4),
            Column("rate_lower", pair(language, "下限", "Lower"), "rate", 1.0),
            Column("rate_upper", pair(language, "上限", "Upper"), "rate", 1.0),
            Column("target", pair(language, "目标", "Target"), "rate", 1.0),
            Column("see", pair(language, "详见", "See"), "see", 1.0),
        ),
        rows,
        pair(language, "", " ").join(notes),
        when_empty=None
        if rows
        else pair(
            language,
            "没有哪个单元确未达标；尚不能判定的见“完成情况”。",
            "No unit surely misses a target; what is undecided stands with the figures.",
        ),
    )


def _number(name: str, tables: Mapping[str, Table]) -> str | None:
    """What the report calls a table by; None where it has none of that name, or nothing in it."""
    return tables[name].number or None if name in tables else None
