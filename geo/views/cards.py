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
    "since": ("▲ ▼ 自 {} 以来的变化（百分点）", "▲ ▼ change since {}, in percentage points"),
    "no_change": ("持平", "no change"),
    "explain": ("查证", "Explain"),
    "before": ("现状", "as surveyed"),
    "after": ("试算", "in the trial"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母（已知）", "Denominator, what is known"),
    "unknown_left": (
        "情况不明，不计入比率，只计入上下限",
        "unknown: not in the rate, only in the bounds",
    ),
    "rate": ("比率", "Rate"),
}

STYLE = """<style>
[data-testid="stMainBlockContainer"] { max-width: none; padding: 3.4rem 1.6rem 2rem; }
[data-testid="stMainBlockContainer"] [data-testid="stVerticalBlock"] { gap: .7rem; }
.atlas-top h1 { font-size: 1.55rem; line-height: 1.3; margin: 0; padding: 0; }
.atlas-top p { color: #5a6068; margin: .1rem 0 0; font-size: .8rem; }
.atlas-strip { background: #fff3cf; border-left: 4px solid #d99a00; color: #5a3d00; padding: .2rem .75rem; margin: .3rem 0 0; font-size: .85rem; }
.atlas-tiles { display: flex; flex-wrap: wrap; gap: .6rem; }
.atlas-tile { align-items: baseline; background: #fff; border: 1px solid #e3e1da; border-left: 5px solid var(--c); border-radius: 6px; display: flex; flex: 1 1 130px; gap: .6rem; justify-content: space-between; padding: .3rem .8rem; }
.atlas-tile .v { white-space: nowrap; font-size: 1.3rem; font-variant-numeric: tabular-nums; font-weight: 700; }
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
.atlas-head-figure { border-top: 1px solid #eeece6; padding: .4rem 0 .3rem; }
.atlas-head-figure a { color: inherit; text-decoration: none; }
.atlas-head-figure a:hover, .atlas-head-figure a:focus-visible { text-decoration: underline; }
.atlas-headlines { columns: 305px; }
.atlas-trend { color: #4c5258; font-size: .78rem; white-space: nowrap; }
.atlas-trend.up { color: #08488a; font-weight: 600; } .atlas-trend.down { color: #a3330a; font-weight: 600; }
.atlas-moves { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fill, minmax(350px, 1fr)); }
.atlas-move { background: #fff; border: 1px solid #e3e1da; border-radius: 8px; padding: .5rem .8rem; }
.atlas-move.changed { border-color: #d6006c; border-left-width: 5px; }
.atlas-move .pair { align-items: baseline; display: flex; flex-wrap: wrap; gap: .2rem .5rem; }
.atlas-move .pair b { font-size: 1.1rem; font-variant-numeric: tabular-nums; }
.atlas-sum { background: #fff; border: 1px solid #e3e1da; border-radius: 8px; padding: .7rem 1rem; }
.atlas-sum dl { display: grid; gap: .25rem 1.2rem; grid-template-columns: max-content minmax(0, 1fr); margin: .3rem 0 0; }
.atlas-sum dt { color: #4c5258; } .atlas-sum dd { font-variant-numeric: tabular-nums; margin: 0; }
.atlas-quote { background: #fff; border-left: 5px solid #d99a00; border-radius: 4px; font-size: 1rem; line-height: 1.8; padding: .6rem 1rem; white-space: pre-line; }
.atlas-pre { background: #fff; border: 1px solid #e3e1da; border-radius: 6px; font: 12.5px/1.55 ui-monospace, "Cascadia Mono", "Noto Sans Mono", monospace; margin: 0; overflow: auto; padding: .6rem .9rem; white-space: pre-wrap; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 3.9rem .7rem 2rem; }
  .atlas-top h1 { font-size: 1.25rem; }
  .atlas-sum dl { grid-template-columns: 1fr; }
}
@media print {
  [data-testid="stHeader"], [data-testid="stElementToolbar"], .stButton, .stDownloadButton { display: none; }
  * { print-color-adjust: exact; }
}
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
    chip = _chip(row["status"], language)
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
        f'<div class="atlas-small">{_q(indicator.definition.in_(language))} · {basis}</div></div>'
    )


def headlines(
    survey: Survey,
    rows: pd.DataFrame,
    earlier: tuple[str, pd.DataFrame] | None,
    indicators: Sequence[Indicator],
    language: Language,
    address: str,
) -> str:
    """A card for each project with a line for each of its indicators, and how it moved since the round before.

    Parameters
    ----------
    survey : the round
    rows : of `coverage_of`, one for each indicator
    earlier : the round before and its rows; None where there is none
    indicators : those to show, in order
    language : "zh" or "en"
    address : of the page that explains a figure, to which the indicator's id is added

    Returns
    -------
    str
        HTML.
    """
    found: dict[object, Row] = {row["indicator"]: row for row in rows.to_dict("records")}
    before: dict[object, Row] = {}
    if earlier is not None:
        before = {row["indicator"]: row for row in earlier[1].to_dict("records")}
    groups: dict[str, list[str]] = {project: [] for project in get_args(Project)}
    for indicator in indicators:
        if indicator.id not in found:
            continue
        row = found[indicator.id]
        target = survey.district.target(indicator)
        said = f"{_said('bounds', language)} {percent_range(row['rate_lower'], row['rate_upper'])}"
        if target is not None:
            said += f" · {_said('target', language)} {percent(target.at_least)}"
        elif indicator.reference is not None:
            said += f" · {_said('reference', language)} {percent(indicator.reference.value)}"
        moved = _trend(row, before.get(indicator.id), language)
        link = f"{inert(address)}{inert(indicator.id)}"
        groups[indicator.project].append(
            '<div class="atlas-head-figure"><div class="atlas-line">'
            f'<a class="t" href="{link}" target="_self">{_q(indicator.title.in_(language))}</a>'
            f'{_chip(row["status"], language)}<span class="r">{percent(row["rate"])}</span></div>'
            f"{_bar(row)}"
            f'<div class="atlas-line"><span class="atlas-small" style="flex:1">{said}</span>{moved}</div></div>'
        )
    body = "".join(
        f'<section class="atlas-project"><h3>{_q(word(project, language))}</h3>{"".join(cards)}</section>'
        for project, cards in groups.items()
        if cards
    )
    since = _said("since", language).format(earlier[0]) if earlier else ""
    note = f'<p class="atlas-small">{_q(since)}</p>' if since else ""
    return f'{note}<div class="atlas-projects atlas-headlines">{body}</div>'


def moves(
    survey: Survey,
    before: pd.DataFrame,
    after: pd.DataFrame,
    indicators: Sequence[Indicator],
    language: Language,
) -> str:
    """A card for each indicator with its figure as surveyed and as in a trial, those that moved first.

    Parameters
    ----------
    survey : the round
    before, after : of `coverage_of`, one row for each indicator
    indicators : those to show
    language : "zh" or "en"
    """
    old = {row["indicator"]: row for row in before.to_dict("records")}
    new = {row["indicator"]: row for row in after.to_dict("records")}
    cards = []
    for indicator in indicators:
        was, now = old[indicator.id], new[indicator.id]
        changed = any(was[part] != now[part] for part in ("covered", "not_covered", "unknown"))
        target = survey.district.target(indicator)
        aim = f" · {_said('target', language)} {percent(target.at_least)}" if target else ""
        parts = " · ".join(
            f"{_q(word(part, language))} {_q(amount(was[part], was['measure'], language))} → {_q(amount(now[part], now['measure'], language))}"
            for part in ("covered", "not_covered", "unknown")
            if was[part] != now[part]
        )
        cards.append(
            (
                not changed,
                f'<div class="atlas-move{" changed" if changed else ""}" data-indicator="{inert(indicator.id)}">'
                f'<div class="atlas-line"><span class="t">{_q(indicator.title.in_(language))}</span></div>'
                f'<div class="pair"><b>{percent(was["rate"])}</b>{_chip(was["status"], language)} → '
                f"<b>{percent(now['rate'])}</b>{_chip(now['status'], language)}{_trend(now, was, language)}</div>"
                f"{_bar(now)}"
                f'<div class="atlas-small">{_said("bounds", language)} {percent_range(now["rate_lower"], now["rate_upper"])}{aim}</div>'
                f'<div class="atlas-small">{parts}</div></div>',
            )
        )
    cards.sort(key=lambda item: item[0])
    return f'<div class="atlas-moves">{"".join(card for _, card in cards)}</div>'


def reckoning(row: Row, indicator: Indicator, language: Language) -> str:
    """A figure as a sum that a reader can do over: numerator, denominator, what is unknown, the bounds."""

    def said(*parts: str) -> str:
        return amount(sum(row[part] for part in parts), row["measure"], language)

    bounds = percent_range(row["rate_lower"], row["rate_upper"])
    lines = [
        (_said("numerator", language), f"{word('covered', language)} {said('covered')}"),
        (
            _said("denominator", language),
            f"{word('covered', language)} {said('covered')} + {word('not_covered', language)} {said('not_covered')}"
            f" = {said('covered', 'not_covered')}",
        ),
        (_said("rate", language), percent(row["rate"])),
        (
            word("unknown", language),
            f"{said('unknown')}（{_said('unknown_left', language)}）"
            if language == "zh"
            else f"{said('unknown')} ({_said('unknown_left', language)})",
        ),
        (
            _said("bounds", language),
            f"{said('covered')} ÷ {said('covered', 'not_covered', 'unknown')}"
            f" – {said('covered', 'unknown')} ÷ {said('covered', 'not_covered', 'unknown')} = {bounds}",
        ),
    ]
    body = "".join(f"<dt>{_q(term)}</dt><dd>{_q(text)}</dd>" for term, text in lines)
    return (
        f'<div class="atlas-sum"><div class="atlas-line"><span class="t">{_q(indicator.title.in_(language))}</span>'
        f'{_chip(row["status"], language)}<span class="r">{percent(row["rate"])}</span></div>{_bar(row)}'
        f'<div class="atlas-small">{_q(indicator.definition.in_(language))}</div><dl>{body}</dl></div>'
    )


def quotation(text: str, origin: str) -> str:
    """Words of the policy and where they stand."""
    return f'<div class="atlas-quote">{_q(text)}<div class="atlas-small">— {_q(origin)}</div></div>'


def told(text: str) -> str:
    """Lines as they are: a message, or a part of a file."""
    return f'<pre class="atlas-pre" role="status">{_q(text)}</pre>'


def _trend(now: Row, was: Row | None, language: Language) -> str:
    if was is None or pd.isna(now["rate"]) or pd.isna(was["rate"]):
        return ""
    tenths = round((now["rate"] - was["rate"]) * 1000)
    if not tenths:
        return f'<span class="atlas-trend">＝ {_said("no_change", language)}</span>'
    way, sign = ("up", "▲ +") if tenths > 0 else ("down", "▼ −")
    return f'<span class="atlas-trend {way}">{sign}{abs(tenths) / 10:.1f}</span>'


def _chip(status: object, language: Language) -> str:
    if not isinstance(status, str) or status not in _SIGNS:
        return ""
    return f'<span class="atlas-chip {status}">{_SIGNS[status]} {_q(word(status, language))}</span>'


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
