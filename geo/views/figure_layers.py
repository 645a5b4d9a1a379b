"""The layers of a map that say how much: features by an indicator's three values, units by verdict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..coverage import rows_behind
from ..errors import UnknownNameError
from ..indicators import MEASURES, needed_layers
from ..model import Indicator, Layer, Level
from . import palette
from .description import DrawnLayer, Entry, Look
from .format import Language, amount, percent, percent_range, word
from .shapes import attributes, shapes_of, to_degrees

if TYPE_CHECKING:
    from ..survey import Survey

STATES = ("covered", "partly_covered", "not_covered", "unknown")
_WHOLE = 1e-9
"""A part smaller than this share of a feature is rounding."""


def features_by_state(
    survey: Survey, indicator_id: str, language: Language, *, shown: bool = True
) -> DrawnLayer | None:
    """The features an indicator is measured on, coloured by its three values.

    Parameters
    ----------
    survey : the round
    indicator_id : a declared indicator
    language : "zh" or "en"
    shown : whether the layer is switched on at first

    Returns
    -------
    DrawnLayer or None
        A feature that is covered for a part of it only has a class of its own; the amounts in the
        legend are the indicator's own numerators. None where the round does not hold the layer.
    """
    layer, indicator = survey.district.catalog.indicator(indicator_id)
    if layer.geometry in ("Raster", "Table"):
        return None
    if not all(survey.has(name) for name in needed_layers(indicator, layer)):
        return None
    frame = survey.frame(layer.name)
    parts = rows_behind(survey, indicator_id)
    sums = parts.groupby("fid")[["covered", "not_covered", "unknown"]].sum()
    frame = frame.loc[frame.index.isin(sums.index)]
    sums = sums.loc[frame.index]
    state = states_of(sums)
    # An unknown part of a street that is covered for the rest is shown as partly covered, yet its metres count as unknown.
    totals = sums.sum()
    measure = MEASURES[indicator.kind]
    fields = fields_shown(layer, indicator)
    titles, values = attributes(frame, layer, fields, language)
    label = layer.label or layer.key
    shapes = shapes_of(
        to_degrees(frame.geometry),
        frame[layer.key] if layer.key else frame.index,
        state,
        frame[label].fillna("") if label else frame.index,
        values,
    )
    counts = pd.Series(shapes.entries, dtype=object).value_counts()
    entries = tuple(
        Entry(
            name,
            _label(name, MEASURES[indicator.kind], language),
            _look(palette.THREE_VALUES[name], layer),
            int(counts.get(name, 0)),
            amount(float(totals[name]), measure, language)
            if name in totals and measure != "count"
            else None,
        )
        for name in STATES
        if name in counts or name != "partly_covered"
    )
    return DrawnLayer(
        f"figure:{indicator.id}",
        indicator.title.in_(language),
        entries,
        shapes,
        titles,
        shown=shown,
        answers=True,
    )


def units_by_verdict(
    survey: Survey,
    rows: pd.DataFrame,
    indicator_id: str,
    level: Level,
    language: Language,
) -> DrawnLayer:
    """The units of a level coloured by verdict; by rate where the indicator has no target.

    Parameters
    ----------
    survey : the round
    rows : the indicator's coverage at that level, one row a unit
    indicator_id : a declared indicator
    level : "village" or "town"
    language : "zh" or "en"

    Returns
    -------
    DrawnLayer

    Raises
    ------
    UnknownNameError
        The district has no units of that level.
    """
    layer = unit_layer(survey, level)
    assert layer.unit is not None
    frame = survey.frame(layer.name)
    _, indicator = survey.district.catalog.indicator(indicator_id)
    codes = frame[layer.unit.code].to_numpy(object)
    found = rows.dropna(subset=["unit_code"]).set_index("unit_code").reindex(codes)
    judged = survey.district.target(indicator) is not None
    figures = found.to_dict("records")
    kinds = [_verdict(row) if judged else _fifth(row) for row in figures]
    shapes = shapes_of(
        to_degrees(frame.geometry),
        codes,
        kinds,
        frame[layer.unit.name],
        [
            (
                str(code),
                percent(row["rate"]),
                percent_range(row["rate_lower"], row["rate_upper"]),
                *(
                    amount(row[name], MEASURES[indicator.kind], language)
                    for name in ("covered", "not_covered", "unknown", "total")
                ),
                word(_text(row["status"]), language),
            )
            for code, row in zip(codes, figures, strict=True)
        ],
    )
    counts = pd.Series(kinds, dtype=object).value_counts()
    return DrawnLayer(
        f"units:{indicator.id}",
        f"{indicator.title.in_(language)} · {layer.title.in_(language)}",
        tuple(
            Entry(kind, label, look, int(counts.get(kind, 0)))
            for kind, label, look in _unit_classes(judged, language)
        ),
        shapes,
        _UNIT_FIELDS[language],
        answers=True,
    )


_UNIT_FIELDS: dict[Language, tuple[str, ...]] = {
    "zh": ("代码", "比率", "上下限", "已达到", "未达到", "情况不明", "合计", "判定"),
    "en": ("Code", "Rate", "Bounds", "Covered", "Not covered", "Unknown", "Total", "Verdict"),
}


def unit_layer(survey: Survey, level: Level) -> Layer:
    """The layer that holds the units of a level; UnknownNameError where there is none."""
    layers = [layer for layer in survey.district.levels if survey.has(layer.name) and layer.unit]
    for layer in layers:
        if layer.unit is not None and layer.unit.level == level:
            return layer
    raise UnknownNameError(
        "level to draw", level, [layer.unit.level for layer in layers if layer.unit]
    )


def _label(state: str, measure: str, language: Language) -> str:
    if state != "partly_covered" or measure == "count":
        return word(state, language)
    note = "（数量分别计入各类）" if language == "zh" else " (amounts counted in each)"
    return f"{word(state, language)}{note}"


def states_of(sums: pd.DataFrame) -> list[str]:
    """What is said of each feature by its `covered`, `not_covered` and `unknown`: a word of the legend."""
    slack = sums.sum(axis=1) * _WHOLE
    has = sums.gt(slack, axis=0)
    state = pd.Series("unknown", index=sums.index, dtype=object)
    state[has["not_covered"] & ~has["covered"]] = "not_covered"
    state[has["unknown"] & ~has["covered"]] = "unknown"
    state[has["covered"]] = "partly_covered"
    state[has["covered"] & ~has["not_covered"] & ~has["unknown"]] = "covered"
    return list(state)


def fields_shown(layer: Layer, indicator: Indicator) -> list[str]:
    """The fields of a feature that a click shows: those that its state follows from, and what describes it."""
    asked: set[str] = set(indicator.where)
    covered = getattr(indicator, "covered", ())
    asked.update([covered] if isinstance(covered, str) else covered)
    ratio = getattr(indicator, "ratio", None)
    if ratio is not None:
        asked.update((ratio.numerator, ratio.denominator, indicator.category))  # type: ignore[union-attr]
    return [
        name
        for name, spec in layer.fields.items()
        if name != layer.label and (spec.type != "bool" or name in asked)
    ]


def _look(look: Look, layer: Layer) -> Look:
    if layer.geometry == "LineString":
        return look
    unknown = (
        look is palette.THREE_VALUES["unknown"]
    )  # hollow, so that grey is not taken for a colour
    fill = "#ffffff" if unknown else look.color
    if layer.geometry == "Point":
        radius = layer.style.radius_px
        edge = look.color if unknown else "#ffffff"
        return Look(edge, width_px=0.9, fill=fill, fill_opacity=0.95, radius_px=radius)
    return replace(look, width_px=1.2, fill=fill, fill_opacity=0.6)


def _verdict(row: Mapping[Hashable, Any]) -> str:
    return _text(row["status"]) or "no_data"


def _fifth(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["rate"]) and row["total"] > 0:
        return "unknown"
    return "no_data" if pd.isna(row["rate"]) else f"fifth_{min(4, int(row['rate'] * 5))}"


def _unit_classes(judged: bool, language: Language) -> list[tuple[str, str, Look]]:
    no_data = ("no_data", word("no_data", language), palette.VERDICTS["no_data"])
    if judged:
        return [
            *(
                (kind, word(kind, language), palette.VERDICTS[kind])
                for kind in ("met", "undecided", "not_met")
            ),
            no_data,
        ]
    fifths = [
        (f"fifth_{step}", f"{step * 20}–{step * 20 + 20}%", palette.of_fill(fill))
        for step, fill in enumerate(palette.RATES)
    ]
    unknown = ("unknown", word("unknown", language), palette.of_fill(palette.ALL_UNKNOWN))
    return [*reversed(fifths), unknown, no_data]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
