"""What each code of an import is called, in both languages: for the app and reports.

Codes that a check gives as well are named in `geo.check.titles`.
"""

from __future__ import annotations

from ..model import Title

_CODES = {
    # Proposals.
    "saved-mapping": ("沿用以往的字段对应", "Mapping of an earlier file"),
    "column-match": ("字段名相近", "Column nearly of that name"),
    "names-for-codes": ("以名称代替代码", "Names in the place of codes"),
    "merge-parts": ("同一编号的多段", "Parts of one thing"),
    "older-ledger": ("台账所据数据已变", "Ledger of older data"),
    # A ledger that comes back.
    "ledger-changes": ("台账回填的改动", "Changes of a ledger"),
    "ledger-other-columns": ("台账其他列有改动", "Other columns of a ledger changed"),
    "ledger-conflict": ("台账有冲突未采用", "Rows of a ledger not taken"),
    # How the file was understood.
    "file": ("文件读法", "How the file was read"),
    "field-mapping": ("字段对应", "Field mapping"),
    "mapping-kept": ("字段对应已保存", "Mapping kept"),
    "rows-chosen": ("按条件选取", "Rows chosen"),
    "future-round": ("轮次日期晚于今天", "Round dated in the future"),
    "round-form": ("轮次改以 GeoParquet 保存", "Round kept as GeoParquet"),
    "not-rows": ("非数据行", "Lines that are no rows"),
    "joined": ("按名称或代码关联", "Joined by code or name"),
    "ambiguous-column": ("多列可作同一字段", "Two columns for one field"),
    # What could not be taken as it is.
    "broken-geometry": ("图形损坏", "Broken geometry"),
    "impossible-coordinates": ("坐标不可能", "Coordinates of no place"),
    "other-words": ("列名与字段相近，用词不同", "Column called like a field, in other words"),
    "unmapped-field": ("指标所用字段无对应列", "Field of an indicator without a column"),
    "unreadable-coordinates": ("坐标无法识别", "Coordinates that cannot be read"),
    "repaired-geometry": ("图形已修复", "Geometry repaired"),
    "lost-digits": ("代码位数丢失", "Code that lost digits"),
    "placed-by-unit": ("位置仅到单元", "Placed by its unit alone"),
    "crs-overruled": ("未采用文件坐标系", "Stated system overruled"),
    "datum-accuracy": ("旧基准精度有限", "Accuracy of an older datum"),
}

CODES: dict[str, Title] = {code: Title(zh=zh, en=en) for code, (zh, en) in _CODES.items()}
"""Every code that an import alone can give."""
