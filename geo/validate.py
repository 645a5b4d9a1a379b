"""A frame and a declaration → a layer with exactly the declared fields, and what was found amiss.

Nothing here raises for data: whatever is wrong is a finding, and an `error` among them says that the layer
cannot be measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .crs import converted, crs_called
from .errors import amount
from .model import FieldSpec, Finding, GeometryKind, Layer, Severity
from .said import NOTHING, Said, joined, quoted
from .sources.lazy import are_flat, kinds_of, lacking, without_length, without_numbers
from .vocabulary import Reading, all_different, read_values

AMISS = {
    "unreadable-value": Said("cannot be read", "无法识别"),
    "ambiguous-value": Said(
        "may say either (the title itself says no)", "是否两可（字段名本身为否定）"
    ),
    "ambiguous-date": Said("could be several dates", "可作几种日期理解"),
}
READ_AS = {
    "unit-in-text": Said("name a unit in the text", "数值中带有单位"),
    "serial-date": Said("were read as a spreadsheet's count of days", "按电子表格的日期序列数读取"),
    "date-order": Said("were read by the others of the column", "按同列其他日期的写法读取"),
}
"""How findings word what a reading told, by its code."""

PROVENANCE = {"src_import": "Int64", "src_row": "string"}
"""Columns an import adds to every row: the id of its import record, and its row in the file."""

KINDS: dict[GeometryKind, tuple[str, ...]] = {
    "Point": ("Point", "MultiPoint"),
    "LineString": ("LineString", "LinearRing", "MultiLineString"),
    "Polygon": ("Polygon", "MultiPolygon"),
}


GEOMETRY: dict[GeometryKind, Said] = {
    "Point": Said("Point", "点"),
    "LineString": Said("LineString", "线"),
    "Polygon": Said("Polygon", "面"),
    "Raster": Said("Raster", "栅格"),
    "Table": Said("Table", "属性表"),
}
"""What kinds of layer are called."""
_KINDS_ZH = {
    "Point": "点",
    "MultiPoint": "多点",
    "LineString": "线",
    "LinearRing": "环线",
    "MultiLineString": "多段线",
    "Polygon": "面",
    "MultiPolygon": "多部件面",
    "GeometryCollection": "几何集合",
}
_WHY_INVALID = {
    "Self-intersection": "边界自相交",
    "Ring Self-intersection": "环自相交",
    "Hole lies outside shell": "内环在外环之外",
    "Holes are nested": "内环相套",
    "Nested holes": "内环相套",
    "Nested shells": "外环相套",
    "Interior is disconnected": "内部不连通",
    "Duplicate Rings": "环重复",
    "Too few points in geometry component": "顶点过少",
    "Too few distinct points in geometry component": "顶点过少",
    "Ring is not closed": "环未闭合",
    "Invalid Coordinate": "坐标无效",
}
"""GEOS's reasons for which an outline is none."""


def invalid_said(reason: str) -> Said:
    """GEOS's reason for which an outline is none.

    Examples
    --------
    >>> invalid_said("Self-intersection").zh
    '边界自相交'
    """
    return Said(reason, _WHY_INVALID.get(reason, reason))


def kind_called(kind: str) -> Said:
    """What a kind of geometry is called.

    Examples
    --------
    >>> kind_called("MultiPolygon").zh
    '多部件面'
    """
    return Said(kind, _KINDS_ZH.get(kind, kind))


@dataclass(frozen=True)
class Conformed:
    """A layer as declared, and the findings made on the way."""

    frame: gpd.GeoDataFrame | pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the layer from being used."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def conform(
    frame: gpd.GeoDataFrame | pd.DataFrame, layer: Layer, *, crs: str | None = None
) -> Conformed:
    """The frame with exactly the declared fields, in their types, and 2-D geometry.

    Parameters
    ----------
    frame : as stored; index and row order are kept
    layer : the declaration; not a Raster
    crs : where given, geometry is converted to it (longitude or easting first)

    Returns
    -------
    Conformed
        dtypes `string` (text, category), `boolean`, `float64`, `Int64`, `datetime64[ms]`; a declared
        column that is absent is added, all unknown; `src_import` and `src_row` stay. A value that cannot
        be read, or that the declaration does not allow, is unknown and a warning. Rows without geometry
        stay and are a warning. Errors: `missing-crs`, `wrong-geometry`, `missing-column`,
        `missing-value`, `missing-key`, `duplicate-key`, `invalid-geometry`, `non-finite-coordinates`,
        `outside-crs`.
    """
    if layer.geometry == "Raster":
        raise ValueError(f"{layer.name} is a raster; only rows conform to a declaration")
    check = _Check(layer, frame.index)
    columns: dict[str, pd.Series[Any]] = {}
    key_column = find_column(frame, layer.key) if layer.key else None
    readings: dict[str, Reading] = {}
    if layer.key and key_column is not None:
        # First of all, since what is found amiss in any other field names its rows by it.
        readings[layer.key] = read_values(frame[key_column], layer.fields[layer.key])
        check.keys = readings[layer.key].values.astype("string")
    for name, spec in layer.fields.items():
        stored = find_column(frame, name)
        if stored is None:
            if spec.required:
                check.add(
                    "missing-column",
                    "error",
                    (),
                    found=Said(f"no column {name!r}", f"缺少字段 {layer.field_called(name).zh}"),
                    expected=Said(f"the column {name!r}", f"有字段 {name}"),
                    remedy=Said("map one of the file's columns to it", "指定文件中与之对应的列"),
                )
            blank = pd.Series(pd.NA, index=frame.index, dtype="object")
            columns[name] = read_values(blank, spec).values
            continue
        reading = readings.get(name) or read_values(frame[stored], spec)
        columns[name] = reading.values
        check.amiss(name, frame[stored], reading)
    check.required(columns)
    for name, dtype in PROVENANCE.items():
        if name in frame.columns:
            columns[name] = frame[name].astype(dtype)  # type: ignore[call-overload]
    attributes = pd.DataFrame(columns, index=frame.index)
    if layer.geometry == "Table":
        return Conformed(attributes, tuple(check.findings))
    if not isinstance(frame, gpd.GeoDataFrame) or frame._geometry_column_name not in frame.columns:
        check.add(
            "wrong-geometry",
            "error",
            (),
            found=Said("rows without geometry", "各行均无图形"),
            expected=GEOMETRY[layer.geometry],
            remedy=Said(
                "give the layer's geometry, or choose a layer that is a table",
                "补充图形，或改选属性表类图层",
            ),
        )
        empty = gpd.GeoSeries([None] * len(frame), index=frame.index)
        return Conformed(gpd.GeoDataFrame(attributes, geometry=empty), tuple(check.findings))
    geometry = check.geometry(frame.geometry, crs)
    shaped = gpd.GeoDataFrame(attributes.assign(geometry=geometry.array), geometry="geometry")
    return Conformed(shaped, tuple(check.findings))


def find_column(frame: pd.DataFrame, name: str) -> str | None:
    """The column of that name; in another case where none is written just so (SQLite sees no case)."""
    if name in frame.columns:
        return name
    for column in frame.columns:
        if str(column).lower() == name.lower():
            return str(column)
    return None


class _Check:
    """Collects the findings about one layer, naming rows by their key where they have one."""

    def __init__(self, layer: Layer, index: pd.Index) -> None:
        self.layer = layer
        self.index = index
        self.keys: pd.Series[Any] = pd.Series(pd.NA, index=index, dtype="string")
        self.findings: list[Finding] = []

    def add(
        self,
        code: str,
        severity: Severity,
        rows: Iterable[object],
        *,
        found: Said,
        expected: Said,
        remedy: Said,
        repairable: bool = False,
    ) -> None:
        self.findings.append(
            Finding(
                code, severity, self.layer.name, tuple(rows), found, expected, remedy, repairable
            )
        )

    def names(self, mask: np.ndarray[Any, Any]) -> tuple[object, ...]:
        """The keys of the rows, or their fids where they have none."""
        keys = self.keys[mask].astype(object)
        fids = np.asarray(self.index)[mask].tolist()
        return tuple(fid if key is pd.NA else key for key, fid in zip(keys, fids, strict=True))

    def amiss(self, name: str, stored: pd.Series[Any], reading: Reading) -> None:
        spec, called = self.layer.fields[name], self.layer.field_called(name).zh
        for item in reading.amiss:
            samples = joined(quoted(value) for value in stored[item.rows].unique()[:3])
            count, why = int(item.rows.sum()), AMISS[item.code]
            self.add(
                item.code,
                "warning",
                self.names(item.rows),
                found=Said(
                    f"{name} of {amount(count, 'row')} {why}, such as {samples}; they count as unknown",
                    f"{count:,} 行的{called}{why.zh}，如{samples.zh}；按“情况不明”计",
                ),
                expected=expected_values(spec),
                remedy=Said(
                    "correct the entries, or say in the mapping what they mean",
                    "更正填写内容，或在字段对应中说明其含义",
                ),
            )
        for remark in reading.remarks:
            count, how = int(remark.rows.sum()), READ_AS[remark.code]
            self.add(
                remark.code,
                "info",
                self.names(remark.rows),
                found=Said(
                    f"{name} of {amount(count, 'row')} {how}: {remark.sample}",
                    f"{count:,} 行的{called}{how.zh}：{remark.sample.zh}",
                ),
                expected=expected_values(spec),
                remedy=NOTHING,
            )

    def required(self, columns: dict[str, pd.Series[Any]]) -> None:
        key = self.layer.key
        for name, spec in self.layer.fields.items():
            values = columns[name]
            missing = values.isna().to_numpy(dtype=bool)
            if name == key:
                self._key(values, missing)
            elif spec.required and missing.any() and not self._has("missing-column", name):
                self.add(
                    "missing-value",
                    "error",
                    self.names(missing),
                    found=Said(f"no {name}", f"未填{self.layer.field_called(name).zh}"),
                    expected=Said(f"{name} for every row", "逐行填写"),
                    remedy=Said(f"fill in {name}", "补填"),
                )

    def _has(self, code: str, name: str) -> bool:
        return any(item.code == code and repr(name) in item.found for item in self.findings)

    def _key(self, values: pd.Series[Any], missing: np.ndarray[Any, Any]) -> None:
        key = self.layer.key
        if missing.any() and not self._has("missing-column", str(key)):
            self.add(
                "missing-key",
                "error",
                self.names(missing),
                found=Said(f"no {key}", f"未填{self.layer.field_called(str(key)).zh}"),
                expected=Said(f"{key} for every row", "逐行填写"),
                remedy=Said(
                    f"fill in {key}, or map another column to it", "补填，或改用其他列作编号"
                ),
            )
        # That none is there twice is told much sooner than which are.
        doubled = np.zeros(len(values), dtype=bool)
        if not all_different(values):
            doubled = values.duplicated(keep=False).to_numpy(dtype=bool) & ~missing
        if doubled.any():
            self.add(
                "duplicate-key",
                "error",
                values[doubled].unique().tolist(),
                found=Said(
                    f"{amount(int(doubled.sum()), 'row')} that share their {key} with another",
                    f"{int(doubled.sum()):,} 行的{self.layer.field_called(str(key)).zh}与他行相同",
                ),
                expected=Said(f"{key} of its own for every row", "每行编号唯一"),
                remedy=Said(
                    "remove the copies, or give them keys of their own",
                    "删除重复行，或另编编号",
                ),
            )

    def geometry(self, geometry: gpd.GeoSeries, crs: str | None) -> gpd.GeoSeries:
        """Two-dimensional geometry in `crs`; every row that cannot be measured is a finding."""
        if not are_flat(geometry):
            shapes = flat_shapes(geometry.to_numpy())
            geometry = gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs)
        nothing = lacking(geometry)
        if nothing.any():
            self.add(
                "no-geometry",
                "warning",
                self.names(nothing),
                found=Said("no geometry", "没有图形"),
                expected=GEOMETRY[self.layer.geometry],
                remedy=Said(
                    "draw them; until then they have no length, area or place",
                    "补绘图形；补绘前不计长度、面积和位置",
                ),
            )
        self._kinds(geometry, nothing)
        not_finite = without_numbers(geometry)
        if not_finite.any():
            self.add(
                "non-finite-coordinates",
                "error",
                self.names(not_finite),
                found=Said("coordinates that are no numbers", "坐标不是有效数字"),
                expected=Said("finite coordinates", "坐标为有限数值"),
                remedy=Said("draw them again", "重新绘制"),
            )
        self._validity(geometry, nothing | not_finite)
        flat = geometry
        if geometry.crs is None:
            if len(flat):
                self.add(
                    "missing-crs",
                    "error",
                    (),
                    found=Said("no coordinate system", "未注明坐标系"),
                    expected=Said("a coordinate system", "注明坐标系"),
                    remedy=Said(
                        "say which it is (--crs EPSG:n, gcj02 or bd09 when importing)",
                        "导入时指定坐标系（EPSG:n、gcj02 或 bd09）",
                    ),
                )
            return flat
        if crs is None or flat.crs == crs:
            return flat
        moved = converted(flat, crs)
        lost = without_numbers(moved) & ~not_finite
        if lost.any():
            self.add(
                "outside-crs",
                "error",
                self.names(lost),
                found=Said(
                    f"coordinates that {flat.crs.name} cannot mean",
                    f"坐标超出 {crs_called(flat.crs.name).zh} 的范围",
                ),
                expected=Said(f"places that lie in {crs}", f"位置在 {crs} 范围内"),
                remedy=Said(
                    "check the coordinate system the layer states", "核对图层所注明的坐标系"
                ),
            )
        return moved

    def _kinds(self, geometry: gpd.GeoSeries, nothing: np.ndarray[Any, Any]) -> None:
        allowed = KINDS[self.layer.geometry]
        if self.layer.points_too:
            allowed = allowed + KINDS["Point"]
        ids = [int(getattr(shapely.GeometryType, kind.upper())) for kind in allowed]
        wrong = ~np.isin(kinds_of(geometry), ids) & ~nothing
        if wrong.any():
            found = joined(map(kind_called, sorted(set(geometry[wrong].geom_type))))
            self.add(
                "wrong-geometry",
                "error",
                self.names(wrong),
                found=found,
                expected=joined(map(kind_called, allowed), " or ", "或"),
                remedy=Said("put them into a layer of their own kind", "归入相应几何类型的图层"),
            )

    def _validity(self, geometry: gpd.GeoSeries, skip: np.ndarray[Any, Any]) -> None:
        if self.layer.geometry == "Polygon":
            shapes = geometry.to_numpy()
            invalid = ~shapely.is_valid(shapes) & ~skip
            if invalid.any():
                why = sorted(
                    {str(text).split("[")[0] for text in shapely.is_valid_reason(shapes[invalid])}
                )
                self.add(
                    "invalid-geometry",
                    "error",
                    self.names(invalid),
                    found=joined(map(invalid_said, why)),
                    expected=Said("outlines that do not cross themselves", "边界线不自相交"),
                    remedy=Said(
                        "redraw them, or import the file again: an import repairs them",
                        "重新绘制，或重新导入文件（导入时自动修复）",
                    ),
                    repairable=True,
                )
        elif self.layer.geometry == "LineString":
            lines = np.isin(kinds_of(geometry), (1, 2, 5))
            short = lines & ~skip & without_length(geometry)
            if short.any():
                self.add(
                    "zero-length",
                    "warning",
                    self.names(short),
                    found=Said("lines without length", "线长为零"),
                    expected=Said("lines from one place to another", "线的两端位置不同"),
                    remedy=Said("redraw or remove them", "重新绘制或删除"),
                )


def flat_shapes(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Shapes without Z and M; the very same where they have neither, since a copy takes long."""
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    if not high.any():
        return np.asarray(shapes)
    return np.asarray(shapely.force_2d(shapes))


def expected_values(spec: FieldSpec) -> Said:
    """What entries a field takes, in words.

    Examples
    --------
    >>> width = FieldSpec(type="number", unit="m", minimum=0)
    >>> print(expected_values(width), expected_values(width).zh)
    a number in m at least 0 数值（单位 m），不小于 0
    """
    if spec.values:
        titles = {value: title.zh for value, title in spec.value_titles.items()}
        titled = [
            f"{titles[value]}（{value}）" if value in titles else value for value in spec.values
        ]
        return Said(f"one of {', '.join(spec.values)}", f"{'、'.join(titled)}之一")
    if spec.type == "bool":
        words = "是, 否, √, ×, true, false, 1, 0"
        return Said(f"yes or no ({words})", f"是或否（{words.replace(', ', '、')}）")
    if spec.type == "date":
        return Said("a date such as 2007-12-31", "日期，如 2007-12-31")
    bounds = (("at least", "不小于", spec.minimum), ("at most", "不大于", spec.maximum))
    limits = [
        Said(f"{en} {bound:g}", f"{zh} {bound:g}") for en, zh, bound in bounds if bound is not None
    ]
    article = "an" if spec.type == "integer" else "a"
    kind = Said(
        f"{article} {spec.type}", {"number": "数值", "integer": "整数"}.get(spec.type, "文本")
    )
    kind += Said(f" in {spec.unit}", f"（单位 {spec.unit}）") if spec.unit else NOTHING
    return joined([kind, *([joined(limits, " and ", "，")] if limits else [])], " ", "，")
