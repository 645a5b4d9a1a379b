"""二 口径与数据 and 三 完成情况: what is measured how, on what, and how far each project has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from ..model import Indicator, Project
from ..views.format import percent, word
from .material import measure_of
from .model import FIGURES, Block, Column, Heading, Paragraph, Section, Table, Value, pair
from .wording import long_date, policy_title

if TYPE_CHECKING:
    from .material import Material, Unit

LIMIT = 400
"""Rows of one table that a page format prints."""
UNASKED = ("remarks",)
"""Fields that no survey has to fill: that they are empty is no gap in the data."""


def basis_section(material: Material) -> Section:
    """Each indicator's numerator, denominator and source; the round's layers, their files and gaps."""
    language = material.language
    return Section(
        "二" if language == "zh" else "2",
        pair(language, "口径与数据", "Definitions and data"),
        (
            Paragraph(
                pair(
                    language,
                    "比率 = 已达到 ÷（已达到 + 未达到）。资料缺失的记为“情况不明”，既不算达到也不算未达到；"
                    "下限把情况不明全部视为未达到，上限把它全部视为达到。下限达到目标方为“达标”，上限仍不及目标方为“未达标”，"
                    "其余“尚不能判定”。百分数一律舍去，不进位。",
                    "Rate = covered ÷ (covered + not covered). What was not recorded is unknown: neither covered nor not. "
                    "The lower bound takes all of it as not covered, the upper bound as covered. A target is met only if the "
                    "lower bound reaches it, not met only if the upper bound cannot; all else is undecided. "
                    "Percentages are cut, never rounded up.",
                )
            ),
            Heading(pair(language, "指标口径", "Indicators")),
            _definitions(material),
            Heading(pair(language, "本轮数据", "Data of this round")),
            _layers(material),
            Heading(pair(language, "情况不明", "What is unknown")),
            _unknown(material),
        ),
    )


def figures_section(material: Material) -> Section:
    """Base, done, unknown, rate, bounds, target and verdict, from the district to its villages."""
    language = material.language
    blocks: list[Block] = [
        Paragraph(
            pair(
                language,
                "“全部”指单元全境，“范围内”指其中落在城乡一体化范围以内的部分；村（社区）仅部分在内的另列一行。"
                "没有该类对象的村（社区）不列。",
                "“Whole” is the whole unit, “inside” what of it lies within the area; a village that is partly in has a row "
                "for each. Villages with nothing to measure are left out.",
            )
        ),
        Heading(pair(language, "总体情况", "Overview")),
        *_overview(material),
    ]
    for project in get_args(Project):
        own = [item for item in material.indicators if item[1].project == project]
        if own:
            blocks.append(Heading(word(project, language)))
            blocks += [_figures(material, indicator) for _, indicator in own]
    return Section(
        "三" if language == "zh" else "3",
        pair(language, "完成情况", "How far each project has come"),
        tuple(blocks),
    )


_VERDICTS = ("met", "not_met", "undecided", "no_data")


def _overview(material: Material) -> tuple[Block, ...]:
    """The unit's own figures of every indicator that has a target, and how many reach it."""
    language, unit = material.language, material.unit
    rows: list[tuple[Value, ...]] = []
    count = dict.fromkeys(_VERDICTS, 0)
    names = ("total", "covered", "not_covered", "unknown")
    rates = ("rate", "rate_lower", "rate_upper", "target", "status")
    for _, indicator in material.indicators:
        figure = figure_of(material, indicator, unit)
        if figure is None or figure["target"] is None:
            continue
        count[figure["status"]] += 1
        title = indicator.title.in_(language)
        values = (figure[name] for name in (*names, *rates))
        rows.append((title, measure_of(indicator), *values))
    met, not_met, undecided, no_data = (count[name] for name in _VERDICTS)
    said = pair(
        language,
        f"{unit.name}有目标的指标共 {len(rows)} 项：达标 {met} 项，未达标 {not_met} 项，尚不能判定 {undecided} 项，无数据 {no_data} 项。",
        f"{unit.name} has {len(rows)} indicators with a target: {met} met, {not_met} not met, {undecided} undecided, {no_data} without data.",
    )
    table = Table(
        "overview",
        pair(language, "有目标的各项指标", "Every indicator with a target"),
        (
            Column("title", pair(language, "指标", "Indicator"), width=2.4),
            Column("measure", pair(language, "单位", "Unit"), "measure", 0.95),
            Column("total", pair(language, "基数", "Base"), "amount", 1.1),
            Column("covered", pair(language, "已达到", "Done"), "amount", 1.1),
            Column("not_covered", pair(language, "未达到", "Not done"), "amount", 1.0),
            Column("unknown", pair(language, "不明", "Unknown"), "amount", 1.0),
            Column("rate", pair(language, "比率", "Rate"), "rate", 0.9),
            Column("rate_lower", pair(language, "下限", "Lower"), "rate", 0.9),
            Column("rate_upper", pair(language, "上限", "Upper"), "rate", 0.9),
            Column("target", pair(language, "目标", "Target"), "rate", 0.9),
            Column("status", pair(language, "判定", "Verdict"), "word", 1.2),
        ),
        tuple(rows),
    )
    return Paragraph(said), table


def basis_of(material: Material, indicator: Indicator) -> str:
    """The clause or source a target or reference rests on, in words."""
    language = material.language
    target = material.survey.district.target(indicator)
    if target is not None:
        source = policy_title(material.survey.district, target.source)
        by = long_date(target.by.isoformat(), language) if target.by else ""
        by = by and pair(language, f"，{by}前", f", by {by}")
        return material.clean(f"{source} {target.clause}{by}", "policy", indicator.id, "source")
    if indicator.reference is not None:
        year = f" ({indicator.reference.year})" if indicator.reference.year else ""
        mark = pair(language, "参考：", "Reference: ")
        return f"{mark}{percent(indicator.reference.value)} {indicator.reference.source}{year}"
    return pair(language, "政策未定目标，不作判定", "no target in the policy: no verdict")


def _definitions(material: Material) -> Table:
    language = material.language
    rows: list[tuple[Value, ...]] = []
    for _, indicator in material.indicators:
        target = material.survey.district.target(indicator)
        rows.append(
            (
                indicator.id,
                word(indicator.project, language),
                indicator.title.in_(language),
                indicator.definition.in_(language),
                target.at_least if target else None,
                basis_of(material, indicator),
            )
        )
    return Table(
        "definitions",
        pair(language, "指标、分子分母与依据", "Indicators: numerator, denominator, source"),
        (
            Column("indicator", pair(language, "标识", "Id"), "code", 1.7),
            Column(
                "project",
                pair(language, "工程", "Project"),
                width=0.85 if language == "zh" else 1.25,
            ),
            Column("title", pair(language, "指标", "Indicator"), width=1.7),
            Column(
                "definition", pair(language, "分子 ÷ 分母", "Numerator ÷ denominator"), width=2.8
            ),
            Column("target", pair(language, "目标", "Target"), "rate", 0.7),
            Column("basis", pair(language, "依据", "Source"), width=2.6),
        ),
        tuple(rows),
    )


def _layers(material: Material) -> Table:
    language, survey = material.language, material.survey
    imports = list(survey.imports().values())
    rows: list[tuple[Value, ...]] = []
    for layer in survey.district.catalog.layers.values():
        if not survey.has(layer.name):
            rows.append((layer.title.in_(language), layer.name, None, _absent(material), None))
            continue
        if layer.geometry == "Raster":
            rows.append((layer.title.in_(language), layer.name, None, f"{layer.name}.tif", None))
            continue
        frame = survey.frame(layer.name)
        files = [
            f"{material.clean(item.file, layer.name, item.id, 'file')} (SHA-256 {item.sha256[:12]})"
            for item in imports
            if item.layer == layer.name
        ]
        gaps = [
            f"{spec.title.in_(language) if spec.title else name} {int(frame[name].isna().sum())}"
            for name, spec in layer.fields.items()
            if name in frame and name not in UNASKED and frame[name].isna().any()
        ]
        own = pair(language, f"{survey.round} 轮次数据", f"round {survey.round}")
        rows.append(
            (
                layer.title.in_(language),
                layer.name,
                len(frame),
                "；".join(files) or own,
                pair(language, "，", ", ").join(gaps) or None,
            )
        )
    return Table(
        "layers",
        pair(
            language,
            "图层、来源与缺失项数",
            "Layers, their sources and how many values are missing",
        ),
        (
            Column("title", pair(language, "图层", "Layer"), width=1.3),
            Column("layer", pair(language, "标识", "Name"), "code", 1.2),
            Column("rows", pair(language, "条数", "Rows"), "count", 0.7),
            Column("sources", pair(language, "来源", "Source"), width=2.2),
            Column("missing", pair(language, "缺失", "Missing"), width=3.0),
        ),
        tuple(rows),
    )


def _unknown(material: Material) -> Table:
    language = material.language
    rows: list[tuple[Value, ...]] = []
    for _, indicator in material.indicators:
        figure = figure_of(material, indicator, material.unit)
        share = figure["unknown"] / figure["total"] if figure and figure["total"] else None
        if figure is not None and figure["unknown"]:
            rows.append(
                (
                    indicator.title.in_(language),
                    measure_of(indicator),
                    figure["unknown"],
                    figure["total"],
                    share,
                )
            )
    return Table(
        "unknown",
        pair(language, "各指标情况不明的数量", "How much of each indicator is unknown"),
        (
            Column("title", pair(language, "指标", "Indicator"), width=3.0),
            Column("measure", pair(language, "单位", "Unit"), "measure", 0.8),
            Column("unknown", pair(language, "情况不明", "Unknown"), "amount", 1.2),
            Column("total", pair(language, "总量", "Total"), "amount", 1.2),
            Column("share", pair(language, "占比", "Share"), "rate", 0.8),
        ),
        tuple(rows),
    )


def figure_of(
    material: Material, indicator: Indicator, unit: Unit, scope: str = "all"
) -> dict[str, Any] | None:
    """The coverage row of an indicator for a unit; None where it has none."""
    return material.figures.get((indicator.id, unit.code, unit.level, scope))


def _figures(material: Material, indicator: Indicator) -> Table:
    language = material.language
    measure = measure_of(indicator)
    rows: list[tuple[Value, ...]] = []
    for unit in _units_shown(material):
        whole, inside = (figure_of(material, indicator, unit, scope) for scope in ("all", "inside"))
        if whole is None:
            continue
        if unit.level == "village" and not whole["total"]:
            continue
        rows.append(_row(material, unit, whole))
        partly = inside is not None and whole["total"] != inside["total"] and bool(inside["total"])
        if inside is not None and (unit.level != "village" or partly):
            rows.append(_row(material, unit, inside))
    rest = material.figures.get((indicator.id, None, "village", "all"))
    note = None
    if material.unit.level == "district" and rest is not None and rest["total"]:
        amount = f"{rest['total']:,.1f}" if measure == "m" else f"{rest['total']:,.0f}"
        note = pair(
            language,
            f"另有 {amount} {_unit(measure, language)}不在任何村（社区）内，已计入全区合计。",
            f"{amount} {_unit(measure, language)} lie in no village; they count in the district's figures.",
        )
    target = material.survey.district.target(indicator)
    said = f"{pair(language, '目标', 'target')} {percent(target.at_least)}" if target else ""
    title = (
        f"{indicator.title.in_(language)}（{_unit(measure, language)}{'，' if said else ''}{said}）"
    )
    if language == "en":
        title = f"{indicator.title.en} ({_unit(measure, 'en')}{', ' if said else ''}{said})"
    return Table(
        f"{FIGURES}{indicator.id}",
        title,
        (
            Column("unit_code", pair(language, "代码", "Code"), "code", 1.5),
            Column("unit_name", pair(language, "单元", "Unit"), width=1.75),
            Column("level", pair(language, "层级", "Level"), "word", 1.1, paged=False),
            Column("scope", pair(language, "口径", "Scope"), width=0.85),
            Column("total", pair(language, "基数", "Base"), measure, 1.25),
            Column("covered", pair(language, "已达到", "Done"), measure, 1.25),
            Column("not_covered", pair(language, "未达到", "Not done"), measure, 1.25),
            Column("unknown", pair(language, "不明", "Unknown"), measure, 1.1),
            Column("rate", pair(language, "比率", "Rate"), "rate", 0.95),
            Column("rate_lower", pair(language, "下限", "Lower"), "rate", 0.95),
            Column("rate_upper", pair(language, "上限", "Upper"), "rate", 0.95),
            Column("target", pair(language, "目标", "Target"), "rate", 0.75, paged=False),
            Column("status", pair(language, "判定", "Verdict"), "word", 1.2),
        ),
        tuple(rows),
        note,
        LIMIT,
    )


def _row(material: Material, unit: Unit, figure: dict[str, Any]) -> tuple[Value, ...]:
    scopes = {
        "all": pair(material.language, "全部", "whole"),
        "inside": pair(material.language, "范围内", "inside"),
    }
    names = ("total", "covered", "not_covered", "unknown", "rate", "rate_lower", "rate_upper")
    return (
        unit.code,
        unit.name,
        unit.level,
        scopes[figure["scope"]],
        *(figure[name] for name in names),
        figure["target"],
        figure["status"],
    )


def _units_shown(material: Material) -> list[Unit]:
    """The district, then coarser units on the way down to the report's own, then all within it."""
    own = material.unit
    above: list[Unit] = []
    step = own
    while step.parent is not None and step.parent in material.units:
        step = material.units[step.parent]
        above.insert(0, step)
    if own.level == "district":
        return list(material.units.values())
    return [*above, *(unit for unit in material.units.values() if material.holds(unit.code))]


def _unit(measure: str, language: str) -> str:
    words = {"m": ("米", "m"), "m2": ("平方米", "m²"), "count": ("个", "number")}
    return words[measure][0 if language == "zh" else 1]


def _absent(material: Material) -> str:
    return pair(material.language, "本轮没有", "not in this round")
