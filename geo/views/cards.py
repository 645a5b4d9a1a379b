"""Figures as cards of HTML: the rate, its bounds drawn as a range, the target, the verdict, the clause.

Every text goes through `inert`; the markup holds no script and no address.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from ..model import Project
from .format import (
    Language,
    amount,
    capital,
    number,
    percent,
    percent_range,
    places_that_add_up,
    word,
)
from .inert import inert

if TYPE_CHECKING:
    from ..model import Indicator
    from ..scope import Scope
    from ..survey import Survey

Row = Mapping[Hashable, Any]

_SIGNS = {"met": "✓", "not_met": "✕", "undecided": "?", "no_data": "–"}
_PARAGRAPHS_END = str.maketrans("\u2028\u2029", "  ")
_SAID: dict[str, tuple[str, str]] = {
    "bounds": ("上下限", "bounds"),
    "target": ("目标", "target"),
    "reference": ("参考值", "reference"),
    "no_target": ("政策未定目标，不作判定", "no target in the policy: no verdict"),
    "in_area": ("范围面积", "The area"),
    "near": ("临界（可能改变）", "Near the edge"),
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
        "不计入比率，只计入上下限",
        "not in the rate, only in the bounds",
    ),
    "rate": ("比率", "Rate"),
}

STYLE = f"<style>\n{resources.files(__package__).joinpath('atlas_cards.css').read_text(encoding='utf-8')}</style>"


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
        (capital(word(kind, language)), number(int((rows["decision"] == kind).sum())), colour)
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


def figure(
    survey: Survey, row: Row, indicator: Indicator, language: Language, *, wide: bool = False
) -> str:
    """One figure with its bounds, numerator, denominator, verdict and the clause it answers to.

    What is in small letters is one line where the figure has the page's width.
    """
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
        f'<div class="atlas-figure{" atlas-wide" if wide else ""}"><div class="atlas-line">'
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
            if was[part] != now[part] and not pd.isna(now[part])
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

    places = places_that_add_up((row["covered"], row["not_covered"]))

    def said(*parts: str) -> str:
        return amount(sum(row[part] for part in parts), row["measure"], language, places)

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
            capital(word("unknown", language)),
            f"{said('unknown')}（{_said('unknown_left', language)}）"
            if language == "zh"
            else f"{said('unknown')} ({_said('unknown_left', language)})",
        ),
        (
            capital(_said("bounds", language)),
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


def fault(text: str) -> str:
    """What is wrong, beneath the line that says so."""
    return f'<pre class="atlas-pre atlas-fault" role="alert">{_q(text)}</pre>'


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
    """Inert, and apart from its surroundings, so that a right-to-left mark turns nothing else round.

    Examples
    --------
    >>> _q("a\\u2029b")
    '<span class="atlas-q" dir="auto">a b</span>'
    """
    # A paragraph's end would end the isolation with it.
    line = str(text).translate(_PARAGRAPHS_END)
    return f'<span class="atlas-q" dir="auto">{inert(line)}</span>'
