"""四 差距 and 五 排名: what is missing to reach each target, and who stands where, without pretence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..assess import REACHES
from ..model import Indicator, Layer
from ..views.format import percent, word
from .columns import Coded, Part, Plain, Rows, Texts
from .features import units_of
from .figures import LIMIT, figure_of
from .material import measure_of
from .model import Block, Column, Heading, Paragraph, Section, Table, Value, pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .material import Material, Unit


def missing(
    target: float, covered: float, unknown: float, total: float, measure: str
) -> tuple[float, float]:
    """How much is still missing to a target: at least, and at most.

    Parameters
    ----------
    target : 0–1
    covered, unknown, total : in the measure
    measure : "m", "m2" or "count"; what is counted is missing in whole numbers

    Returns
    -------
    at_least, at_most : the first if all that is unknown turns out covered, the second if none of it does

    Examples
    --------
    >>> missing(0.9, 80, 5, 100, "count")
    (5.0, 10.0)
    >>> missing(0.9, 95, 5, 100, "count")
    (0.0, 0.0)
    """
    needed = target * total
    slack = REACHES * total
    gaps = [max(0.0, needed - covered - unknown - slack), max(0.0, needed - covered - slack)]
    if measure == "count":
        gaps = [float(math.ceil(gap)) for gap in gaps]
    return gaps[0], gaps[1]


def gaps_section(material: Material) -> Section:
    """What is missing to each target, for the unit and those within it, and the places themselves."""
    language = material.language
    targeted = _targeted(material)
    blocks: list[Block] = [
        Paragraph(
            pair(
                language,
                "“确缺”是情况不明的全部查实为达到时仍缺的数量，“至多缺”是全部查实为未达到时所缺的数量；两者之差靠补查消除，不靠施工。",
                "“Surely missing” is what is missing even if all that is unknown turns out covered; “missing at most” if none of it "
                "does. Their difference is closed by surveying, not by building.",
            )
        ),
        _gap_table(material, targeted),
    ]
    for layer, indicator in targeted:
        table = _places(material, layer, indicator)
        if table is not None:
            blocks += [Heading(indicator.title.in_(language)), table]
    return Section(
        "四" if language == "zh" else "4", pair(language, "差距", "What is missing"), tuple(blocks)
    )


def _targeted(material: Material) -> list[tuple[Layer, Indicator]]:
    return [
        (layer, indicator)
        for layer, indicator in material.indicators
        if material.survey.district.target(indicator) is not None
    ]


def _gap_table(material: Material, targeted: Sequence[tuple[Layer, Indicator]]) -> Table:
    language = material.language
    rows: list[tuple[Value, ...]] = []
    for _, indicator in targeted:
        for unit in (material.unit, *material.inner):
            figure = figure_of(material, indicator, unit)
            if figure is None or not figure["total"] or figure["target"] is None:
                continue
            measure = measure_of(indicator)
            sure, most = missing(
                figure["target"], figure["covered"], figure["unknown"], figure["total"], measure
            )
            if most > 0:
                rows.append(
                    (
                        indicator.title.in_(language),
                        unit.name,
                        figure["target"],
                        figure["rate_lower"],
                        figure["rate_upper"],
                        measure,
                        sure,
                        most,
                        figure["status"],
                    )
                )
    return Table(
        "gaps",
        pair(
            language,
            "各指标与目标的差距（已达标的不列）",
            "Missing to each target (what is met is left out)",
        ),
        (
            Column("title", pair(language, "指标", "Indicator"), width=2.6),
            Column("unit_name", pair(language, "单元", "Unit"), width=1.5),
            Column("target", pair(language, "目标", "Target"), "rate", 0.8),
            Column("rate_lower", pair(language, "下限", "Lower"), "rate", 0.8),
            Column("rate_upper", pair(language, "上限", "Upper"), "rate", 0.8),
            Column("measure", pair(language, "单位", "Unit"), "measure", 0.8),
            Column("sure", pair(language, "确缺", "Surely"), "amount", 1.0),
            Column("most", pair(language, "至多缺", "At most"), "amount", 1.0),
            Column("status", pair(language, "判定", "Verdict"), "word", 1.1),
        ),
        tuple(rows),
        limit=LIMIT,
    )


def _places(material: Material, layer: Layer, indicator: Indicator) -> Table | None:
    if not material.measured(layer, indicator):
        return None
    language = material.language
    pieces = material.pieces(indicator)
    lacking = pieces[(pieces["not_covered"] > 0) | (pieces["unknown"] > 0)]
    if not len(lacking):
        return None
    measure = measure_of(indicator)
    names = material.names(layer)
    places = names.places(lacking)
    not_covered, unknown = (lacking[name].to_numpy(float) for name in ("not_covered", "unknown"))
    _, units = units_of(material, lacking)
    order = np.lexsort(
        (_alphabetical(units.values)[units.codes], names.order()[places], -unknown, -not_covered)
    )
    columns = (
        Texts(places[order], names.keys),
        Texts(places[order], names.names),
        Coded(units.codes[order], units.values),
        Plain(not_covered[order]),
        Plain(unknown[order]),
    )
    return Table(
        f"places:{indicator.id}",
        pair(language, "尚未达到或情况不明的对象", "What is not covered, or unknown"),
        (
            Column("key", pair(language, "编号", "Id"), "code", 1.2),
            Column("name", pair(language, "名称", "Name"), width=2.4),
            Column("unit_name", pair(language, "所在单元", "Unit"), width=1.6),
            Column("not_covered", pair(language, "未达到", "Not covered"), measure, 1.1),
            Column("unknown", pair(language, "情况不明", "Unknown"), measure, 1.1),
        ),
        Rows([Part(len(order), columns)]),
        limit=LIMIT,
    )


def _alphabetical(texts: Sequence[Value]) -> NDArray[np.intp]:
    """Where each text stands among them; a text that is there twice stands in one place."""
    places = {text: place for place, text in enumerate(sorted({str(text) for text in texts}))}
    return np.array([places[str(text)] for text in texts], dtype=np.intp)


@dataclass(frozen=True)
class Place:
    """Where a unit stands: its rank and the ranks it could have, or why it has none."""

    unit: Unit
    figure: dict[str, Any]
    rank: int | None
    """One more than the units whose lower bound, which is what the data prove, is higher; equal bounds share it."""
    best: int | None
    """The rank it has if all that is unknown turns out in its favour and against the others."""
    worst: int | None
    state: str
    """"ranked", "to_verify" where the bounds straddle the target, "no_data"."""


def places_of(figures: Sequence[tuple[Unit, dict[str, Any]]]) -> list[Place]:
    """Units in order, by what the data prove; those the target is not decided for stand apart.

    Parameters
    ----------
    figures : units with their coverage of one indicator

    Returns
    -------
    list of Place
        Ranked ones first, then those to verify (by code), then those without data (by code).
    """
    decided = [item for item in figures if item[1]["status"] in ("met", "not_met")]
    open_ones = [item for item in figures if item[1]["status"] == "undecided"]
    rest = [item for item in figures if item[1]["status"] not in ("met", "not_met", "undecided")]
    with_bounds = [figure for _, figure in (*decided, *open_ones)]

    def span(figure: dict[str, Any]) -> tuple[int, int]:
        others = [other for other in with_bounds if other is not figure]
        best = 1 + sum(other["rate_lower"] > figure["rate_upper"] + REACHES for other in others)
        worst = 1 + sum(other["rate_upper"] > figure["rate_lower"] + REACHES for other in others)
        return best, worst

    decided.sort(key=lambda item: (-round(item[1]["rate_lower"], 9), item[0].code))
    placed: list[Place] = []
    for unit, figure in decided:
        proven = figure["rate_lower"]
        rank = 1 + sum(other["rate_lower"] > proven + REACHES for other in with_bounds)
        placed.append(Place(unit, figure, rank, *span(figure), "ranked"))
    for unit, figure in sorted(open_ones, key=lambda item: item[0].code):
        placed.append(Place(unit, figure, None, *span(figure), "to_verify"))
    for unit, figure in sorted(rest, key=lambda item: item[0].code):
        placed.append(Place(unit, figure, None, None, None, "no_data"))
    return placed


def ranking_section(material: Material) -> Section:
    """The units one level below, ranked for each target; those in doubt are marked and not ranked."""
    language = material.language
    title = pair(language, "排名", "Ranking")
    number = "五" if language == "zh" else "5"
    if len(material.inner) < 2:
        text = pair(
            language,
            f"{material.unit.name}之下没有可供排名的单元。",
            f"{material.unit.name} has no units below it to rank.",
        )
        return Section(number, title, (Paragraph(text),))
    blocks: list[Block] = [
        Paragraph(
            pair(
                language,
                "规则：按下限（现有资料能够证实的比率）由高到低排列；下限相同的并列同一名次，其后名次顺延空出。"
                "上下限跨越目标的单元标注“待核”，按其下限占位但补查之前不编名次；没有该类对象的标“无数据”。"
                "“可能名次”是情况不明部分查实后可能落到的最好与最差名次，范围重叠的单元先后不能视为定论。",
                "Rule: by the lower bound, the rate that the data prove, from high to low; equal bounds share a rank and the next "
                "ranks are skipped. Units whose bounds straddle the target are marked “to verify”: they keep a place by their lower bound "
                "but have no rank until they are surveyed; those with nothing to measure are marked “no data”. “Possible ranks” are the best and the worst a unit "
                "can come to once the unknown is known: where they overlap, the order is not final.",
            )
        )
    ]
    for _, indicator in _targeted(material):
        figures = [
            (unit, figure)
            for unit in material.inner
            if (figure := figure_of(material, indicator, unit)) is not None
        ]
        if figures and any(figure["total"] for _, figure in figures):
            blocks.append(_ranking(material, indicator, places_of(figures)))
    return Section(number, title, tuple(blocks))


def _ranking(material: Material, indicator: Indicator, places: Sequence[Place]) -> Table:
    language = material.language
    states = {
        "to_verify": pair(language, "待核", "to verify"),
        "no_data": pair(language, "无数据", "no data"),
    }
    target = material.survey.district.target(indicator)
    assert target is not None
    rows: list[tuple[Value, ...]] = []
    for place in places:
        possible = None
        if place.best is not None:
            possible = (
                f"{place.best}" if place.best == place.worst else f"{place.best}–{place.worst}"
            )
        rows.append(
            (
                str(place.rank) if place.rank is not None else states[place.state],
                place.unit.code,
                place.unit.name,
                place.figure["rate_lower"],
                place.figure["rate_upper"],
                possible,
                word(place.figure["status"], language),
            )
        )
    return Table(
        f"ranking:{indicator.id}",
        f"{indicator.title.in_(language)} · {pair(language, '目标', 'target')} {percent(target.at_least)}",
        (
            Column("rank", pair(language, "名次", "Rank"), width=0.8),
            Column("unit_code", pair(language, "代码", "Code"), "code", 1.4),
            Column("unit_name", pair(language, "单元", "Unit"), width=2.0),
            Column("rate_lower", pair(language, "下限", "Lower"), "rate", 0.9),
            Column("rate_upper", pair(language, "上限", "Upper"), "rate", 0.9),
            Column("possible", pair(language, "可能名次", "Possible ranks"), width=1.1),
            Column("status", pair(language, "判定", "Verdict"), width=1.2),
        ),
        tuple(rows),
        limit=LIMIT,
    )
