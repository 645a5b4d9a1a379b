"""Figures as cards of HTML: the rate, its bounds drawn as a range, the target, the verdict, the clause.

Every text goes through `inert`; the markup holds no script and no address.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from ..model import Project
from .format import Language, amount, number, percent, percent_range, word
from .inert import inert

if TYPE_CHECKING:
    from ..model import Indicator
    from ..scope import Scope
    from ..survey import Survey

Row = Mapping[Hashable, Any]

_SIGNS = {"met": "✓", "not_met": "✕", "undecided": "?", "no_data": "–"}
_SAID: dict[str, tuple[str, str]] = {
    "bounds": ("上下限", "bounds"),
    "target": ("目标", "target"),
    "reference": ("参考值", "reference"),
    "no_target": ("政策未定目标，不作判定", "no target in the policy: no verdict"),
    "in_area": ("范围面积", "The area"),
    "near": ("临界（精度内可能改变）", "Near the edge"),
    "total": ("合计", "total"),
    "round": ("轮次", "Round"),
    "digest": ("数据摘要", "Data digest"),
    "code": ("行政区划代码", "Division code"),
}

STYLE = """<style>
[data-testid="stMainBlockContainer"] { max-width: none; padding: 3.4rem 1.6rem 2rem; }
[data-testid="stMainBlockContainer"] [data-testid="stVerticalBlock"] { gap: .7rem; }
.atlas-top h1 { font-size: 1.55rem; line-height: 1.3; margin: 0; padding: 0; }
.atlas-top p { color: #5a6068; margin: .1rem 0 0; font-size: .8rem; }
.atlas-strip { background: #fff3cf; border-left: 4px solid #d99a00; color: #5a3d00; padding: .2rem .75rem; margin: .3rem 0 0; font-size: .85rem; }
.atlas-tiles { display: flex; flex-wrap: wrap; gap: .6rem; }
.atlas-tile { align-items: baseline; background: #fff; border: 1px solid #e3e1da; border-left: 5px solid var(--c); border-radius: 6px; display: flex; flex: 1 1 130px; gap: .6rem; justify-content: space-between; padding: .3rem .8rem; }
.atlas-tile .v { font-size: 1.3rem; font-variant-numeric: tabular-nums; font-weight: 700; }
.atlas-tile .n { color: #4c5258; font-size: .85rem; }
.atlas-projects { columns: 370px; column-gap: .8rem; }
.atlas-project { border: 1px solid #e3e1da; border-radius: 8px; background: #fff; padding: .6rem .9rem; break-inside: avoid; margin-bottom: .8rem; }
.atlas-project h3 { font-size: 1.05rem; margin: 0; padding: 0 0 .2rem; }
.atlas-figure { border-top: 1px solid #eeece6; padding: .5rem 0; }
.atlas-line { display: flex; align-items: baseline; gap: .5rem; }
.atlas-line .t { flex: 1; font-weight: 600; font-size: .9rem; }
.atlas-line .r { font-size: 1.15rem; font-weight: 700; font-variant-numeric: tabular-nums; }
.atlas-small { color: #4c5258; font-size: .78rem; line-height: 1.5; }
.atlas-chip { border-radius: 9px; padding: 0 .55rem; font-size: .78rem; white-space: nowrap; border: 1px solid transparent; }
.atlas-chip.met { background: #2166ac; color: #fff; }
.atlas-chip.not_met { background: #b5340a; color: #fff; }
.atlas-chip.undecided { background: #fbe08a; color: #4d3b00; }
.atlas-chip.no_data { background: #fff; color: #5a6068; border-color: #9aa0a6; border-style: dashed; }
.atlas-bar { position: relative; height: 9px; background: #ecebe6; border-radius: 5px; margin: .3rem 0 .25rem; }
.atlas-bar i { position: absolute; top: 0; bottom: 0; border-radius: 5px; }
.atlas-bar .low { left: 0; background: #2b6ca3; }
.atlas-bar .gap { background: repeating-linear-gradient(135deg, #8fb4d3 0 3px, #dbe7f1 3px 6px); border-radius: 0 5px 5px 0; }
.atlas-bar .mark { width: 2px; background: #1b1b1b; top: -3px; bottom: -3px; border-radius: 0; }
.atlas-bar .mark.ref { background: none; border-left: 2px dotted #5a6068; }
.atlas-why { border: 1px solid #e3e1da; border-left: 5px solid #0b5fa5; border-radius: 6px; background: #fff; padding: .5rem .8rem; }
.atlas-h { font-size: 1.1rem; font-weight: 700; border-left: 4px solid #0b5fa5; padding-left: .5rem; margin: .3rem 0 0; }
.atlas-q { unicode-bidi: isolate; overflow-wrap: anywhere; }
</style>"""


def top(survey: Survey, language: Language, version: str) -> str:
    """The head of a page: district, round, digest, and the words that illustrative data must carry."""
    spec = survey.district.spec
    notes = " · ".join(
        (
            f"{_said('code', language)} {_q(spec.code)}",
            f"{_said('round', language)} {_q(survey.round)}",
            f"{_said('digest', language)} {_q(survey.digest[:12])}",
            _q(spec.metric_crs),
            f"{'城乡图' if language == 'zh' else 'Chengxiang Atlas'} {_q(version)}",
        )
    )
    strip = (
        f'<div class="atlas-strip" role="note">{_q(spec.illustrative.in_(language))}</div>'
        if spec.illustrative
        else ""
    )
    return (
        f'<div class="atlas-top"><h1>{_q(spec.name.in_(language))}</h1><p>{notes}</p>{strip}</div>'
    )


def scope_tiles(scope: Scope, level: str, language: Language) -> str:
    """How many units are in, partly in, out and near the edge, and how large the area is."""
    rows = scope.rows[scope.rows["level"] == level]
    tiles = [
        (word(kind, language), number(int((rows["decision"] == kind).sum())), colour)
        for kind, colour in (("in", "#5d9bd0"), ("partly", "#e0b93c"), ("out", "#b9bcc0"))
    ]
    tiles.append((_said("near", language), number(int(rows["near_edge"].sum())), "#8e1f63"))
    square_km = number(scope.area.polygon.area / 1e6, 1)
    tiles.append((_said("in_area", language), f"{square_km} km²", "#1b1b1b"))
    body = "".join(
        f'<div class="atlas-tile" style="--c:{colour}"><div class="n">{_q(name)}</div><div class="v">{_q(value)}</div></div>'
        for name, value, colour in tiles
    )
    return f'<div class="atlas-tiles">{body}</div>'


def section(text: str) -> str:
    """The head of a part of a page."""
    return f'<div class="atlas-h" role="heading" aria-level="2">{_q(text)}</div>'


def reason(text: str) -> str:
    """A sentence about the unit that was picked."""
    return f'<div class="atlas-why" role="status">{_q(text)}</div>'


def projects(
    survey: Survey, rows: pd.DataFrame, indicators: Sequence[Indicator], language: Language
) -> str:
    """A card for each project with the figures of its indicators.

    Parameters
    ----------
    survey : the round
    rows : of `coverage_of`, one for each indicator
    indicators : those to show, in order
    language : "zh" or "en"

    Returns
    -------
    str
        HTML.
    """
    found: dict[object, Row] = {row["indicator"]: row for row in rows.to_dict("records")}
    groups: dict[str, list[str]] = {project: [] for project in get_args(Project)}
    for indicator in indicators:
        if indicator.id in found:
            card = figure(survey, found[indicator.id], indicator, language)
            groups[indicator.project].append(card)
    body = "".join(
        f'<section class="atlas-project"><h3>{_q(word(project, language))}</h3>{"".join(cards)}</section>'
        for project, cards in groups.items()
        if cards
    )
    return f'<div class="atlas-projects">{body}</div>'


def figure(survey: Survey, row: Row, indicator: Indicator, language: Language) -> str:
    """One figure with its bounds, numerator, denominator, verdict and the clause it answers to."""
    target = survey.district.target(indicator)
    status = row["status"] if isinstance(row["status"], str) else None
    chip = (
        f'<span class="atlas-chip {status}">{_SIGNS[status]} {_q(word(status, language))}</span>'
        if status in _SIGNS
        else ""
    )
    if target is not None:
        basis = f"{_said('target', language)} {percent(target.at_least)} — {_q(target.source)} {_q(target.clause)}"
        if target.by is not None:
            basis += f" ({_q(target.by.isoformat())})"
    elif indicator.reference is not None:
        reference = indicator.reference
        year = f", {reference.year}" if reference.year else ""
        basis = f"{_said('reference', language)} {percent(reference.value)} — {_q(reference.source)}{year}"
    else:
        basis = _said("no_target", language)
    parts = " · ".join(
        f"{_q(word(name, language))} {_q(amount(row[name], row['measure'], language))}"
        for name in ("covered", "not_covered", "unknown")
    )
    total = f"{_said('total', language)} {_q(amount(row['total'], row['measure'], language))}"
    bounds = f"{_said('bounds', language)} {percent_range(row['rate_lower'], row['rate_upper'])}"
    return (
        '<div class="atlas-figure"><div class="atlas-line">'
        f'<span class="t">{_q(indicator.title.in_(language))}</span>{chip}'
        f'<span class="r">{percent(row["rate"])}</span></div>'
        f"{_bar(row)}"
        f'<div class="atlas-small">{bounds} · {parts} · {total}</div>'
        f'<div class="atlas-small">{_q(indicator.definition.in_(language))}</div>'
        f'<div class="atlas-small">{basis}</div></div>'
    )


def _bar(row: Row) -> str:
    low, high = row["rate_lower"], row["rate_upper"]
    if pd.isna(low) or pd.isna(high):
        return '<div class="atlas-bar"></div>'
    marks = ""
    if not pd.isna(row["target"]):
        marks = f'<i class="mark" style="left:calc({row["target"] * 100:.1f}% - 1px)"></i>'
    elif not pd.isna(row["reference"]):
        marks = f'<i class="mark ref" style="left:{row["reference"] * 100:.1f}%"></i>'
    return (
        '<div class="atlas-bar">'
        f'<i class="low" style="width:{low * 100:.2f}%"></i>'
        f'<i class="gap" style="left:{low * 100:.2f}%;width:{(high - low) * 100:.2f}%"></i>'
        f"{marks}</div>"
    )


def _said(name: str, language: Language) -> str:
    return _SAID[name][0 if language == "zh" else 1]


def _q(text: object) -> str:
    """Inert, and apart from its surroundings, so that a right-to-left mark turns nothing else round."""
    return f'<span class="atlas-q" dir="auto">{inert(text)}</span>'
