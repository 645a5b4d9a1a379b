"""What a check of the round finds, as a table: by its title for readers, by its code for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..said import in_language
from .model import Column, Table, pair

if TYPE_CHECKING:
    from ..model import Finding
    from .material import Material

_SHOWN = 12
"""Ids of rows that one finding names."""


def findings_table(material: Material, found: Sequence[Finding]) -> Table:
    """What `atlas check` found in the round, errors first."""
    from ..check.titles import SEVERITIES, title_of

    language, clean = material.language, material.clean
    layers = material.survey.district.catalog.layers
    rows = []
    for item in found:
        more = len(item.rows) - _SHOWN
        ids = [clean(str(row), item.layer, row, "id") for row in item.rows[:_SHOWN]]
        said = ", ".join(ids)
        rest = pair(language, f" 等 {len(item.rows)} 条", f" and {more} more") if more > 0 else ""
        layer = layers[item.layer].title.in_(language) if item.layer in layers else item.layer
        rows.append(
            (
                SEVERITIES[item.severity].in_(language),
                title_of(item.code).in_(language),
                item.code,
                clean(layer, item.layer, "", "title"),
                len(item.rows) or None,
                f"{said}{rest}" or None,
                *(
                    clean(in_language(getattr(item, name), language), item.layer, item.code, name)
                    for name in ("found", "expected", "remedy")
                ),
            )
        )
    return Table(
        "findings",
        pair(language, "本轮数据核对发现的问题", "What a check of the round finds"),
        (
            Column("severity", pair(language, "程度", "Severity"), width=0.7),
            Column("title", pair(language, "问题", "Finding"), width=1.7),
            Column("code", pair(language, "代码", "Code"), "code", 1.3, paged=False),
            Column("layer", pair(language, "图层", "Layer"), width=1.1),
            Column("count", pair(language, "条数", "Rows"), "count", 0.6),
            Column("rows", pair(language, "编号", "Ids"), width=3.4),
            Column("found", pair(language, "所见", "Found"), width=2.2),
            Column("expected", pair(language, "应为", "Expected"), width=1.2, paged=False),
            Column("remedy", pair(language, "处理", "Remedy"), width=1.8),
        ),
        tuple(rows),
        limit=200,
    )
