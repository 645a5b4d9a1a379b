"""六 整改清单: the weak spots, where they are, whose they are, when they are due and how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..views.format import word
from .figures import LIMIT
from .model import Block, Column, Paragraph, Section, Table, Value, pair

if TYPE_CHECKING:
    from .material import Material

SPOTS_LAYER = "weak_spots"
"""The core layer of what is to be put right; its fields are fixed by the design."""
REMARKS = "remarks"
"""The field an office writes its remarks into; like the state it comes back with the ledger."""
STATES = ("open", "in_hand", "closed")
_ORDER = {"open": 0, None: 1, "in_hand": 2, "closed": 3}


def spots_section(material: Material) -> Section:
    """The list of weak spots in the report's unit: those still open first, by due date."""
    language = material.language
    number = "六" if language == "zh" else "6"
    title = pair(language, "整改清单", "Weak spots to put right")
    if not material.survey.has(SPOTS_LAYER):
        text = pair(language, "本轮数据没有薄弱环节图层。", "The round holds no weak spots.")
        return Section(number, title, (Paragraph(text),))
    table = spots_table(material)
    records = list(table.records())
    words: dict[str | None, str] = {None: word("unknown", language)}
    words.update(state_words(material))
    count = {
        state: sum(row["status"] == words.get(state) for row in records)
        for state in (*STATES, None)
    }
    overdue = sum(row["overdue"] is True for row in records)
    blocks: list[Block] = [
        Paragraph(
            pair(
                language,
                f"共 {len(records):,} 处：待整改 {count['open']}，整改中 {count['in_hand']}，已整改 {count['closed']}，"
                f"状态不明 {count[None]}；未整改完毕且已逾期 {overdue} 处（以报告日期计）。",
                f"{len(records):,} in all: {count['open']} open, {count['in_hand']} in hand, {count['closed']} closed, "
                f"{count[None]} of unknown state; {overdue} not closed and overdue on the report's date.",
            )
        ),
        table,
    ]
    return Section(number, title, tuple(blocks))


def spots_table(material: Material) -> Table:
    """One row a weak spot, raw state names included, as the ledger gives them back."""
    language, clean = material.language, material.clean
    layer = material.survey.district.catalog.layer(SPOTS_LAYER)
    words = state_words(material)
    found: list[tuple[tuple[object, ...], tuple[Value, ...]]] = []
    for row in _spots(material):
        key = str(row["id"])
        category = row.get("category")
        spec = layer.fields.get("category")
        problem = None
        if isinstance(category, str):
            named = spec.value_titles.get(category) if spec else None
            problem = (
                named.in_(language) if named else clean(category, SPOTS_LAYER, key, "category")
            )
        status = row["status"] if isinstance(row.get("status"), str) else None
        due = str(row["due_on"])[:10] if pd.notna(row.get("due_on")) else None
        unit = material.units.get(str(row["home"])) if row["home"] is not None else None
        line = (
            clean(key, SPOTS_LAYER, key, "id"),
            unit.name if unit else None,
            material.name_of(unit.parent) if unit else None,
            row["place"],
            problem,
            clean(row.get("owner"), SPOTS_LAYER, key, "owner") or None,
            due,
            words.get(status, status) if status else word("unknown", language),
            bool(due < material.date) if due and status != "closed" else False,
            clean(row.get("remarks"), SPOTS_LAYER, key, "remarks") or None,
        )
        found.append(((_ORDER.get(status, 1), due or "9999", key), line))
    rows = [line for _, line in sorted(found, key=lambda item: item[0])]
    return Table(
        "spots",
        pair(language, "薄弱环节整改清单", "Weak spots"),
        (
            Column("key", pair(language, "编号", "Id"), "code", 0.9),
            Column("unit_name", pair(language, "责任村（社区）", "Unit"), width=1.3),
            Column("town", pair(language, "镇（街道）", "Town"), width=1.1),
            Column("place", pair(language, "位置（经度，纬度）", "Place (lon, lat)"), width=1.7),
            Column("problem", pair(language, "问题", "Problem"), width=1.6),
            Column("owner", pair(language, "责任单位", "Responsible"), width=1.1),
            Column("due_on", pair(language, "期限", "Due"), width=1.05),
            Column("status", pair(language, "状态", "State"), width=0.9),
            Column("overdue", pair(language, "逾期", "Overdue"), "yes_no", 0.8),
            Column(REMARKS, pair(language, "备注", "Remarks"), width=1.1),
        ),
        tuple(rows),
        limit=LIMIT * 2,
    )


def state_words(material: Material) -> dict[str, str]:
    """What each state is called, as the layer declares it."""
    language = material.language
    spec = material.survey.district.catalog.layer(SPOTS_LAYER).fields["status"]
    return {
        value: spec.value_titles[value].in_(language) if value in spec.value_titles else value
        for value in spec.values
    }


def _spots(material: Material) -> list[dict[str, Any]]:
    frame = material.survey.frame(SPOTS_LAYER)
    home = _homes(material, frame)
    degrees = frame.geometry.to_crs("EPSG:4326")
    places = [
        f"{point.x:.5f}, {point.y:.5f}" if point is not None and not point.is_empty else None
        for point in degrees
    ]
    found = [
        {**row, "home": unit, "place": place}
        for row, unit, place in zip(frame.to_dict("records"), home, places, strict=True)
    ]
    return [row for row in found if material.holds(row["home"])]


def _homes(material: Material, frame: pd.DataFrame) -> list[str | None]:
    """The unit answerable for each: the one it names, else the one it lies in."""
    named = frame["unit_code"].astype(object).to_numpy() if "unit_code" in frame else None
    lies_in: dict[object, object] = {}
    for layer, indicator in material.indicators:
        if layer.name == SPOTS_LAYER and not indicator.where:
            pieces = material.pieces(indicator)
            lies_in = dict(zip(pieces["fid"], pieces["unit_code"], strict=True))
            break
    homes: list[str | None] = []
    for number, fid in enumerate(np.asarray(frame.index)):
        code = named[number] if named is not None else None
        if not isinstance(code, str) or code not in material.units:
            code = lies_in.get(fid)
        homes.append(str(code) if code is not None else None)
    return homes
