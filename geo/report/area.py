"""一 范围与依据: the area, its edges, and the decision for every unit with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..scope import EDGES_LAYER
from ..views.format import number, percent, sides, word
from ..views.tables import why
from .figures import LIMIT
from .model import Block, Column, Heading, Paragraph, Section, Table, pair

if TYPE_CHECKING:
    from .material import Material
    from .model import Value


def area_section(material: Material) -> Section:
    """The area, its four edges with their accuracy, its corners, and the units in, partly in and out."""
    language = material.language
    return Section(
        "一" if language == "zh" else "1",
        pair(language, "范围与依据", "Area and basis"),
        tuple(_blocks(material)),
    )


def _blocks(material: Material) -> list[Block]:
    language, scope = material.language, material.scope
    if scope is None:
        return [
            Paragraph(
                pair(
                    language,
                    "本轮数据没有四至界线，未能划定范围，各单元不作认定。",
                    "The round holds no edges: no area can be drawn and no unit is decided.",
                )
            )
        ]
    rule = scope.rule
    rows = scope.rows
    finest = rows[rows["level"] == "village"]
    if material.unit.level != "district":
        rows = rows[[material.holds(code) for code in rows["unit_code"]]]
        finest = rows[rows["level"] == "village"]
    counts = {kind: int((finest["decision"] == kind).sum()) for kind in ("in", "partly", "out")}
    near = int(finest["near_edge"].sum())
    square_km = number(scope.area.polygon.area / 1e6, 2)
    thresholds = (
        pair(
            language,
            f"面积占比不低于 {percent(rule.in_at_least)} 为范围内，不高于 {percent(rule.out_at_most)} 为范围外，其间为部分在内",
            f"in from {percent(rule.in_at_least)} of a unit's area, out up to {percent(rule.out_at_most)}, else partly in",
        )
        if rule.rule == "area_share"
        else word(rule.rule, language)
    )
    said = pair(
        language,
        f"城乡一体化范围由东、南、西、北四至界线围成，面积 {square_km} 平方公里。认定规则：{word(rule.rule, language)}（{thresholds}）。"
        f"{material.unit.name}共 {len(finest)} 个村（社区）：范围内 {counts['in']} 个，部分在内 {counts['partly']} 个，"
        f"范围外 {counts['out']} 个；其中 {near} 个临界，界线在其位置精度内移动即可能改变认定，签发前宜实地核定。",
        f"The area is enclosed by its edges to the east, south, west and north and measures {square_km} km². "
        f"Rule: {word(rule.rule, language)} ({thresholds}). {material.unit.name} has {len(finest)} villages and communities: "
        f"{counts['in']} in, {counts['partly']} partly in, {counts['out']} out; {near} of them are near the edge: "
        "moving the edges within their accuracy could change the decision.",
    )
    if material.unit.level == "village" and len(finest):
        said = _own_decision(material, square_km, str(finest["decision"].iloc[0]), near > 0)
    return [
        Paragraph(said),
        Heading(pair(language, "四至界线", "Edges")),
        _edges(material),
        Heading(pair(language, "四角衔接", "Corners")),
        _corners(material),
        Heading(pair(language, "村（社区）认定", "Villages and communities")),
        _decisions(material),
    ]


def _own_decision(material: Material, square_km: str, decision: str, near: bool) -> str:
    language, name = material.language, material.unit.name
    assert material.scope is not None
    rule = word(material.scope.rule.rule, language)
    said = pair(
        language,
        f"城乡一体化范围由东、南、西、北四至界线围成，面积 {square_km} 平方公里。认定规则：{rule}。{name}认定为：{word(decision, language)}。",
        f"The area is enclosed by its edges to the east, south, west and north and measures {square_km} km². "
        f"Rule: {rule}. {name} is decided: {word(decision, language)}.",
    )
    if near:
        said += pair(
            language,
            "该单元临界，界线在其位置精度内移动即可能改变认定，签发前宜实地核定。",
            " It is near the edge: moving the edges within their accuracy could change the decision.",
        )
    return said


def _edges(material: Material) -> Table:
    language, clean, scope = material.language, material.clean, material.scope
    assert scope is not None
    frame = material.survey.frame(EDGES_LAYER)
    fields = material.survey.district.catalog.layer(EDGES_LAYER).fields
    titles = {name: spec.value_titles for name, spec in fields.items()}
    rows: list[tuple[Value, ...]] = []
    for fid, row in zip(frame.index, frame.to_dict("records"), strict=True):
        texts = {}
        for name in ("name", "status", "basis"):
            title = titles[name].get(str(row.get(name)))
            said = row.get(name) if title is None else title.in_(language)
            texts[name] = clean(said, EDGES_LAYER, fid, name)
        line = row["geometry"] is not None and row["geometry"].length > 0
        accuracy = row.get("accuracy_m")
        rows.append(
            (
                word(str(row["side"]), language),
                texts["name"] or None,
                pair(language, "线", "line") if line else pair(language, "点", "point"),
                float(accuracy) if accuracy is not None and accuracy == accuracy else None,  # noqa: PLR0124
                texts["status"] or None,
                texts["basis"] or None,
            )
        )
    return Table(
        "edges",
        pair(language, "四至界线及位置精度", "Edges and how well each is known"),
        (
            Column("side", pair(language, "方位", "Side"), width=0.6),
            Column("name", pair(language, "名称", "Name"), width=1.2),
            Column("geometry", pair(language, "形式", "Form"), width=0.6),
            Column("accuracy_m", pair(language, "精度（米）", "Accuracy, m"), "count", 0.9),
            Column("status", pair(language, "状态", "Status"), width=0.9),
            Column("basis", pair(language, "依据", "Basis"), width=4.0),
        ),
        tuple(rows),
    )


_HOW = {
    "met": ("相接", "met"),
    "trimmed": ("相交后截断", "trimmed where they cross"),
    "extended": ("延长相接", "extended"),
    "joined": ("直线连接", "joined by a straight line"),
}


def _corners(material: Material) -> Table:
    language, scope = material.language, material.scope
    assert scope is not None
    return Table(
        "corners",
        pair(language, "四角衔接方式", "How each corner was closed"),
        (
            Column("sides", pair(language, "角", "Corner")),
            Column("how", pair(language, "方式", "How"), width=2.0),
            Column("gap_m", pair(language, "间距（米）", "Gap, m"), "m"),
        ),
        tuple(
            (sides(corner.sides, language), pair(language, *_HOW[corner.how]), float(corner.gap_m))
            for corner in scope.area.corners
        ),
    )


def _decisions(material: Material) -> Table:
    language, scope = material.language, material.scope
    assert scope is not None
    order = {"in": 0, "partly": 1, "out": 2}
    found = [
        row
        for row in scope.rows[scope.rows["level"] == "village"].to_dict("records")
        if material.holds(row["unit_code"])
    ]
    found.sort(key=lambda row: (order[row["decision"]], str(row["unit_code"])))
    rows: list[tuple[Value, ...]] = []
    for row in found:
        unit = material.units[str(row["unit_code"])]
        said: dict[Any, Any] = {**row, "unit_name": ""}
        reason = why(said, language).lstrip("：: ")
        rows.append(
            (
                unit.code,
                unit.name,
                material.name_of(unit.parent),
                row["decision"],
                float(row["share"]),
                float(row["margin_m"]),
                bool(row["near_edge"]),
                reason,
            )
        )
    columns = (
        Column("unit_code", pair(language, "代码", "Code"), "code", 1.5),
        Column("unit_name", pair(language, "名称", "Name"), width=1.4),
        Column("town", pair(language, "镇（街道）", "Town"), width=1.1),
        Column("decision", pair(language, "认定", "Decision"), "word", 0.85),
        Column("share", pair(language, "占比", "Share"), "rate", 0.85),
        Column("margin_m", pair(language, "距界（米）", "Margin, m"), "count", 0.75),
        Column("near_edge", pair(language, "临界", "Near"), "yes_no", 0.5),
        Column("reason", pair(language, "理由", "Reason"), width=3.9),
    )
    note = None
    if len(rows) > LIMIT:
        # Of a province's ten thousand those come first that somebody has to look at.
        places = [column.name for column in columns]
        decision, near = places.index("decision"), places.index("near_edge")
        rows.sort(key=lambda row: not (row[near] or row[decision] == "partly"))
        note = pair(
            language,
            "临界和部分在内的列在前，其余按代码。",
            "Those near the edge or partly in come first, the rest by their codes.",
        )
    return Table(
        "decisions",
        pair(language, "各村（社区）认定及理由", "Each unit's decision and its reason"),
        columns,
        tuple(rows),
        note,
        LIMIT,
    )
