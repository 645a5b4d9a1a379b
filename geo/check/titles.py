"""What each code is called, in both languages: for the app, the map and reports."""

from __future__ import annotations

from ..importing.titles import CODES as IMPORTED
from ..model import Severity, Title

SEVERITIES: dict[Severity, Title] = {
    "error": Title(zh="错误", en="Error"),
    "warning": Title(zh="警告", en="Warning"),
    "info": Title(zh="提示", en="Remark"),
}

_CODES = {
    # What a layer's own declaration tells.
    "missing-crs": ("缺坐标系", "No coordinate system"),
    "outside-crs": ("坐标超出坐标系", "Coordinates the system cannot mean"),
    "wrong-geometry": ("几何类型不符", "Wrong kind of geometry"),
    "invalid-geometry": ("边界自相交", "Outline crosses itself"),
    "no-geometry": ("没有图形", "No geometry"),
    "non-finite-coordinates": ("坐标不是数字", "Coordinates that are no numbers"),
    "zero-length": ("长度为零", "Line without length"),
    "missing-column": ("缺字段", "Missing column"),
    "missing-value": ("必填项为空", "Missing value"),
    "missing-key": ("缺编号", "Missing key"),
    "duplicate-key": ("编号重复", "Key used twice"),
    "unreadable-value": ("填写内容无法识别", "Entry that cannot be read"),
    "ambiguous-value": ("填写内容有歧义", "Entry that may say either"),
    "ambiguous-date": ("日期有歧义", "Date that could be several"),
    "unit-in-text": ("数值带单位", "Unit written with the figure"),
    "serial-date": ("日期为序列数", "Date as a serial number"),
    "date-order": ("日期顺序", "Order of day and month"),
    # Where things lie.
    "assume-crs": ("推测的坐标系", "Likely coordinate system"),
    "swapped-axes": ("经纬度（纵横坐标）颠倒", "Axes swapped"),
    "zone-prefix": ("带号不符", "Zone number in the easting"),
    "wrong-zone": ("投影带不符", "Wrong zone"),
    "wrong-crs": ("坐标系不符", "Wrong coordinate system"),
    "degrees-in-metric-crs": ("经纬度被当作米", "Degrees taken for metres"),
    "metres-in-degrees-crs": ("米被当作经纬度", "Metres taken for degrees"),
    "datum-shift": ("疑似坐标偏移", "Likely datum shift"),
    "round-shifted": ("既有轮次疑似偏移", "Round that looks shifted"),
    "outside-district": ("远离本区", "Far from the district"),
    "metric-crs": ("量算坐标系误差过大", "Metres that are none"),
    # Shapes.
    "duplicate-row": ("整行重复", "Row repeated"),
    "duplicate-geometry": ("图形重复", "Drawn twice"),
    "absurd-length": ("长度异常", "Absurd length"),
    "absurd-area": ("面积异常", "Absurd area"),
    "mixed-geometry": ("几何类型混杂", "Mixed kinds of geometry"),
    "nearly-joined": ("端点未接上", "Ends that nearly meet"),
    "far-from-lines": ("远离道路", "Far from every line"),
    # Units.
    "overlap": ("单元重叠", "Units overlap"),
    "gap": ("单元间有空隙", "Gap between units"),
    "crack": ("边界未贴合", "Crack between units"),
    "levels-apart": ("上下级边界不一致", "Levels disagree"),
    "outside-units": ("不在任何单元内", "In no unit"),
    "partly-outside-units": ("部分不在单元内", "Partly in no unit"),
    "unknown-unit": ("代码无对应单元", "Code with no unit"),
    "not-in-named-unit": ("不在所填单元内", "Outside the unit it names"),
    # Entries.
    "mojibake": ("乱码", "Text in a wrong encoding"),
    "future-date": ("日期晚于调查轮次", "Date after the round"),
    "implausible-date": ("日期异常", "Date of another age"),
    "mostly-unknown": ("多数未填", "Mostly unknown"),
    "impossible-ratio": ("部分大于整体", "Part larger than the whole"),
    "unmatched-column": ("字段名不符", "Column of another name"),
    "empty-layer": ("空图层", "Empty layer"),
    # The round.
    "open-area": ("四至不闭合", "Edges that do not close"),
    "wide-corner": ("四至转角间距大", "Corner closed over a wide gap"),
    "changed-since-published": ("发布后有改动", "Changed since it was published"),
    "layer-left-behind": ("本轮次缺单元或四至", "Units or edges left behind"),
    "units-left-out": ("缺上一轮次的部分单元", "Units of the round before left out"),
    "fewer-rows": ("行数比上一轮次少很多", "Far fewer rows than the round before"),
    "undeclared-table": ("未声明的表", "Table nobody declared"),
    "unreadable-layer": ("图层无法读取", "Layer that cannot be read"),
    "unusable-raster": ("栅格无法量算", "Raster that cannot be measured"),
    "raster-short": ("栅格未覆盖全区", "Raster that falls short"),
}

CODES: dict[str, Title] = {code: Title(zh=zh, en=en) for code, (zh, en) in _CODES.items()}
"""Every code a check can give."""


def title_of(code: str) -> Title:
    """What a code is called; the code itself where it is none of a check's or an import's.

    Examples
    --------
    >>> title_of("datum-shift").zh
    '疑似坐标偏移'
    >>> title_of("placed-by-unit").en
    'Placed by its unit alone'
    """
    return CODES.get(code) or IMPORTED.get(code) or Title(zh=code, en=code)
