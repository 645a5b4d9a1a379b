"""七 与上期比较: what was put right, what was only found out, and what got worse, kept apart.

A rate can rise because streets were paved or because somebody went and looked. Features of two rounds are
matched by their key, and what each lost in one of the three values is traced to what it gained in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .figures import figure_of
from .material import is_split, measure_of
from .model import Block, Column, Paragraph, Section, Table, Value, pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..model import Indicator, Layer
    from .material import Material

STATES = ("covered", "not_covered", "unknown")
_COVERED, _NOT_COVERED, _UNKNOWN = range(3)
_NOISE = 1e-6
"""Metres, square metres or counts below this are rounding."""
FLOWS = (
    "fixed",
    "found_covered",
    "found_not_covered",
    "worse",
    "lost_sight",
    "added",
    "removed",
)


def flows(before: pd.DataFrame, now: pd.DataFrame) -> dict[str, float]:
    """What moved between covered, not covered and unknown from one round to the next.

    Parameters
    ----------
    before, now : indexed by the features' key, columns covered, not_covered, unknown in one measure

    Returns
    -------
    dict
        `fixed` not covered → covered; `found_covered`, `found_not_covered` unknown → known; `worse`
        covered → not covered; `lost_sight` known → unknown; `added`, `removed`: of features that only
        one round has, or that grew or shrank. For each value the balance holds: now − before = what
        came in − what went out.

    Examples
    --------
    >>> import pandas as pd
    >>> def one(covered, not_covered, unknown):
    ...     return pd.DataFrame({"covered": [covered], "not_covered": [not_covered], "unknown": [unknown]}, index=["a"])
    >>> found = flows(one(0.0, 5.0, 3.0), one(8.0, 0.0, 0.0))
    >>> found["fixed"], found["found_covered"], found["worse"]
    (5.0, 3.0, 0.0)
    """
    _, part, added, removed = _moves(before, now)
    total = part.sum(axis=0)
    return {
        "fixed": float(total[_NOT_COVERED, _COVERED]),
        "found_covered": float(total[_UNKNOWN, _COVERED]),
        "found_not_covered": float(total[_UNKNOWN, _NOT_COVERED]),
        "worse": float(total[_COVERED, _NOT_COVERED]),
        "lost_sight": float(total[_COVERED, _UNKNOWN] + total[_NOT_COVERED, _UNKNOWN]),
        "added": float(added.sum()),
        "removed": float(removed.sum()),
    }


def _moves(
    before: pd.DataFrame, now: pd.DataFrame
) -> tuple[pd.Index[Any], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each key what moved from each value to each, and what was added and removed outright."""
    keys = before.index.union(now.index, sort=True)
    p, q = (
        frame.reindex(keys, fill_value=0.0)[list(STATES)].to_numpy(float) for frame in (before, now)
    )
    lost, gained = np.maximum(p - q, 0.0), np.maximum(q - p, 0.0)
    out, came = lost.sum(axis=1), gained.sum(axis=1)
    moved = np.minimum(out, came)
    both = (out > 0) & (came > 0)
    share = np.divide(moved, out * came, out=np.zeros(len(keys)), where=both)
    part = lost[:, :, None] * gained[:, None, :] * share[:, None, None]
    return keys, part, came - moved, out - moved


def changes_section(material: Material) -> Section:
    """The two rounds' rates, and what explains the difference."""
    language = material.language
    number = "七" if language == "zh" else "7"
    title = pair(language, "与上期比较", "Against the round before")
    if material.previous is None:
        text = pair(language, "没有更早的轮次可比。", "There is no earlier round to compare with.")
        return Section(number, title, (Paragraph(text),))
    earlier = material.previous.round
    blocks: list[Block] = [
        Paragraph(
            pair(
                language,
                f"本期 {material.survey.round}，上期 {earlier}，按编号逐个对象对照。“整改到位”是上期未达到、本期已达到的；"
                "“查明”是上期情况不明、本期查清的，不是工程成效；“变差”是上期已达到、本期未达到的；"
                "“转为不明”是上期清楚、本期缺资料的；“新增”“减少”是对象本身的增减。各项分列，不互相抵消。",
                f"This round {material.survey.round}, the one before {earlier}, feature by feature by their keys. “Put right”: not "
                "covered before, covered now. “Found out”: unknown before, known now, which is no work done. “Got worse”: covered "
                "before, not now. “Lost sight of”: known before, unknown now. “Added” and “removed”: the features themselves. "
                "None of these is offset against another.",
            )
        ),
        _table(material),
        _fixed_and_worse(material),
    ]
    return Section(number, title, tuple(blocks))


def _table(material: Material) -> Table:
    language = material.language
    rows: list[tuple[Value, ...]] = []
    for layer, indicator in material.indicators:
        found = _states(material, layer, indicator)
        if found is None:
            continue
        moved = flows(*found)
        now = figure_of(material, indicator, material.unit)
        key = (indicator.id, material.unit.code, material.unit.level, "all")
        before = material.earlier_figures.get(key)
        rows.append(
            (
                indicator.id,
                indicator.title.in_(language),
                measure_of(indicator),
                before["rate"] if before else None,
                now["rate"] if now else None,
                *(moved[name] for name in FLOWS),
            )
        )
    words = {
        "fixed": ("整改到位", "Put right"),
        "found_covered": ("查明：达到", "Found covered"),
        "found_not_covered": ("查明：未达到", "Found not covered"),
        "worse": ("变差", "Got worse"),
        "lost_sight": ("转为不明", "Lost sight of"),
        "added": ("新增", "Added"),
        "removed": ("减少", "Removed"),
    }
    return Table(
        "changes",
        pair(
            language,
            "两期比率及变化来源",
            "The rates of both rounds and what explains the difference",
        ),
        (
            Column("indicator", pair(language, "标识", "Id"), "code", 1.6),
            Column("title", pair(language, "指标", "Indicator"), width=1.8),
            Column("measure", pair(language, "单位", "Unit"), "measure", 0.85),
            Column("before", pair(language, "上期", "Before"), "rate", 0.95),
            Column("now", pair(language, "本期", "Now"), "rate", 0.95),
            *(Column(name, pair(language, *words[name]), "amount", 0.9) for name in FLOWS),
        ),
        tuple(rows),
    )


def _fixed_and_worse(material: Material) -> Table:
    """The features that changed for good or ill, of the indicators that have a target."""
    language, clean = material.language, material.clean
    rows: list[tuple[Value, ...]] = []
    order: list[tuple[int, str, str]] = []
    for layer, indicator in material.indicators:
        if material.survey.district.target(indicator) is None:
            continue
        found = _states(material, layer, indicator)
        if found is None:
            continue
        before, now = found
        names = material.pieces(indicator).drop_duplicates("key").set_index("key")["label"]
        keys, part, _, _ = _moves(before, now)
        for place, origin, goal, words in (
            (0, _NOT_COVERED, _COVERED, ("整改到位", "put right")),
            (1, _COVERED, _NOT_COVERED, ("变差", "got worse")),
        ):
            amounts = part[:, origin, goal]
            for number in np.flatnonzero(amounts > _NOISE).tolist():
                key = clean(keys[number], layer.name, keys[number], layer.key or "fid")
                name = clean(names.get(keys[number]), layer.name, key, layer.label or "fid")
                rows.append(
                    (
                        pair(language, *words),
                        indicator.title.in_(language),
                        key,
                        name if name != key else None,
                        measure_of(indicator),
                        float(amounts[number]),
                    )
                )
                order.append((1 - place, indicator.id, key))
    rows = [row for _, row in sorted(zip(order, rows, strict=True), key=lambda item: item[0])]
    return Table(
        "changed",
        pair(
            language,
            "有目标的指标中变差与整改到位的对象",
            "What got worse and what was put right, where there is a target",
        ),
        (
            Column("kind", pair(language, "变化", "Change"), width=0.9),
            Column("title", pair(language, "指标", "Indicator"), width=2.4),
            Column("key", pair(language, "编号", "Id"), "code", 1.2),
            Column("name", pair(language, "名称", "Name"), width=2.0),
            Column("measure", pair(language, "单位", "Unit"), "measure", 0.7),
            Column("amount", pair(language, "数量", "Amount"), "amount", 1.0),
        ),
        tuple(rows),
        limit=200,
    )


def _states(
    material: Material, layer: Layer, indicator: Indicator
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """What each feature came to in the round before and comes to now, by key; None if either lacks it."""
    previous = material.previous
    if previous is None or layer.key is None or is_split(indicator):
        return None
    if not material.measured(layer, indicator) or not material.measured(layer, indicator, previous):
        return None
    frames = []
    for survey in (previous, material.survey):
        pieces = material.pieces(indicator, survey)
        frames.append(pieces.groupby("key", sort=True)[list(STATES)].sum())
    return frames[0], frames[1]
