"""What can be measured is taken: repaired where that is safe, left out and listed where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..errors import DataError, Fault, abridge, amount
from ..placing import Proposal
from ..said import Said, joined
from ..sources.lazy import are_flat, kinds_of, without_numbers
from ..validate import GEOMETRY, KINDS, conform, flat_shapes, invalid_said, kind_called
from ..vocabulary import all_different
from .rows import Rows

MERGED = ("LineString", "Polygon")


def take_usable(rows: Rows, metric_crs: str, *, accept: bool = False) -> None:
    """Repair what can be, leave out what cannot be measured, and list both.

    Parameters
    ----------
    rows : in their place
    metric_crs : in which a change of area is told
    accept : the user takes what is proposed

    Raises
    ------
    DataError
        No row is left, or what is left does not conform to the declaration.
    """
    layer = rows.layer
    if rows.geometry is not None:
        _take_shapes(rows, metric_crs)
    for name, spec in layer.fields.items():
        if spec.required:
            rows.leave_out(
                rows.frame[name].isna().to_numpy(dtype=bool),
                Said(f"no {name}", f"未填{layer.field_called(name).zh}"),
            )
    if layer.key is not None and len(rows.frame):
        _take_each_key_once(rows, layer.key, accept)
    if not len(rows.frame):
        sample = joined(
            (joined([item.row, item.reason], ": ", "：") for item in rows.left_out[:3]), "; ", "；"
        )
        raise DataError(
            Fault(
                layer.name,
                Said(
                    f"no row that can be taken ({len(rows.left_out)} left out, such as {sample})",
                    f"没有可采用的行（{len(rows.left_out):,} 行未采用，如 {sample.zh}）",
                ),
                Said(f"rows of {layer.geometry}", f"几何类型为{GEOMETRY[layer.geometry].zh}的行"),
                Said("check the layer and the mapping", "核对图层和字段对应"),
            )
        )
    # Without its key, the layer's findings name rows by their place in the frame.
    conformed = conform(rows.frame, layer.model_copy(update={"key": None}))
    labels = rows.labels.set_axis(rows.frame.index)
    for finding in conformed.findings:
        named = tuple(labels.reindex(list(finding.rows)).astype(object)) if finding.rows else ()
        rows.findings.append(replace(finding, rows=named))
    faults = [finding.fault() for finding in conformed.errors]
    if faults:
        raise DataError(faults)
    rows.frame = conformed.frame


def _take_shapes(rows: Rows, metric_crs: str) -> None:
    allowed = KINDS[rows.layer.geometry]
    if rows.layer.points_too:
        allowed = (*allowed, *KINDS["Point"])
    geometry = rows.frame.geometry
    if not are_flat(geometry):
        flat = flat_shapes(geometry.to_numpy())
        rows.set_shapes(gpd.GeoSeries(flat, index=geometry.index, crs=geometry.crs))
        geometry = rows.frame.geometry
    ids = [int(getattr(shapely.GeometryType, kind.upper())) for kind in allowed]
    wrong = ~np.isin(kinds_of(geometry), ids) & ~geometry.isna().to_numpy()
    if wrong.any():
        kinds = rows.frame.geometry[wrong].geom_type
        due = GEOMETRY[rows.layer.geometry]
        said = {
            kind: Said(f"{kind}, not {due}", f"图形为{kind_called(kind).zh}，应为{due.zh}")
            for kind in kinds.unique()
        }
        rows.leave_out(wrong, [said[kind] for kind in kinds])
    rows.leave_out(
        without_numbers(rows.frame.geometry),
        Said("coordinates that are no numbers", "坐标不是有效数字"),
    )
    if rows.layer.geometry == "Polygon":
        _repair(rows, metric_crs)


def _repair(rows: Rows, metric_crs: str) -> None:
    """Redraw outlines that cross themselves; what does not stay a surface is left out."""
    geometry = rows.frame.geometry
    shapes = geometry.to_numpy().copy()
    invalid = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    if not invalid.any():
        return
    before = shapes[invalid]
    repaired = shapely.make_valid(before, method="structure", keep_collapsed=False)
    surfaces = np.isin(shapely.get_type_id(repaired), (3, 6)) & ~shapely.is_empty(repaired)
    shapes[invalid] = np.where(surfaces, repaired, None)
    in_metres = [
        gpd.GeoSeries(part, crs=geometry.crs).to_crs(metric_crs).area.to_numpy()
        for part in (before[surfaces], repaired[surfaces])
    ]
    names = rows.labels[invalid][surfaces].tolist()
    changes = [
        Said(f"{name} {old:.1f} → {new:.1f} m²", f"{name} {old:.1f} → {new:.1f} 平方米")
        for name, old, new in zip(names, *in_metres, strict=True)
    ]
    if changes:
        rows.find(
            "repaired-geometry",
            names,
            Said(
                f"{amount(len(names), 'outline')} that crossed themselves; repaired by structure,"
                " which changed their area: ",
                f"{len(names):,} 个面的边界自相交，已按结构修复，面积变化：",
            )
            + abridge(changes),
            Said("outlines that do not cross themselves", "边界线不自相交"),
            Said("compare them with the source", "与原始数据核对"),
        )
    rows.set_shapes(gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs))
    lost = np.zeros(len(shapes), dtype=bool)
    lost[np.flatnonzero(invalid)[~surfaces]] = True
    why = [
        str(text).split("[", maxsplit=1)[0] for text in shapely.is_valid_reason(before[~surfaces])
    ]
    rows.leave_out(
        lost,
        [
            Said(f"an outline without area ({text})", f"面积为零的面（{invalid_said(text).zh}）")
            for text in why
        ],
    )


def _take_each_key_once(rows: Rows, key: str, accept: bool) -> None:
    """One row a key: parts of one thing are put together where that is accepted, others left out."""
    keys = rows.frame[key]
    if all_different(keys):
        return
    parts = _parts(rows, key)
    if parts.any():
        such = abridge(keys[parts].unique().tolist(), 3)
        evidence = Said(
            f"{amount(int(parts.sum()), 'row')} share their {key} with a row that differs from them in nothing but its"
            f" place, such as {such}: they may be parts of one",
            f"{int(parts.sum()):,} 行与他行编号相同且仅位置不同，如 {such.zh}：可能是同一事物的几个部分",
        )
        rows.proposals.append(Proposal("merge-parts", evidence, accept))
        if accept:
            _merge(rows, key, parts)
    keys = rows.frame[key]
    again = keys.duplicated(keep="first").to_numpy(dtype=bool)
    if not again.any():
        return
    copies = _copies(rows)
    firsts = dict(zip(keys[~again], rows.labels[~again], strict=True))
    reasons = [
        Said(f"a copy of {firsts[value]}", f"与 {firsts[value]} 完全相同")
        if copy
        else Said(
            f"{key} {value} is that of {firsts[value]} already",
            f"编号 {value} 已为 {firsts[value]} 所用",
        )
        for value, copy in zip(keys[again], copies[again], strict=True)
    ]
    same = int((again & copies).sum())
    differ = int(again.sum()) - same
    rows.find(
        "duplicate-key",
        rows.labels[again].tolist(),
        Said(
            f"{amount(int(again.sum()), 'row')} whose {key} an earlier row has ({same} are copies of it, {differ} differ);"
            " they were left out",
            f"{int(again.sum()):,} 行的编号与前面的行重复（{same:,} 行为重复行，{differ:,} 行内容不同），未采用",
        ),
        Said(f"{key} of its own for every row", "每行编号唯一"),
        Said(
            "correct them in the source, or map another column",
            "在原始数据中更正，或改用其他列作编号",
        ),
    )
    rows.leave_out(again, reasons)


def _copies(rows: Rows) -> np.ndarray[Any, Any]:
    """The rows that say the same as an earlier one, and at the same place."""
    said = rows.frame.drop(columns="geometry", errors="ignore")
    if rows.geometry is not None:
        said = said.assign(_place=shapely.to_wkb(shapely.normalize(rows.frame.geometry.to_numpy())))
    return np.asarray(said.duplicated().to_numpy(dtype=bool))


def _parts(rows: Rows, key: str) -> np.ndarray[Any, Any]:
    """The rows of keys under which all say the same, at different places."""
    none = np.zeros(len(rows.frame), dtype=bool)
    if rows.geometry is None or rows.layer.geometry not in MERGED:
        return none
    keys = rows.frame[key]
    shared = keys.duplicated(keep=False).to_numpy(dtype=bool)
    attributes = rows.frame[shared].drop(columns="geometry")
    different = attributes.drop_duplicates()[key].value_counts()
    alike = keys.isin(different.index[different == 1]).to_numpy(dtype=bool) & shared
    copies = _copies(rows)
    alive = alike & ~copies
    several = keys[alive].value_counts()
    return np.asarray(alive & keys.isin(several.index[several > 1]).to_numpy(dtype=bool))


def _merge(rows: Rows, key: str, parts: np.ndarray[Any, Any]) -> None:
    geometry = rows.frame.geometry
    shapes = geometry.to_numpy().copy()
    labels = rows.labels.to_numpy(dtype=object).copy()
    keys = rows.frame[key].to_numpy(dtype=object)
    gone = np.zeros(len(shapes), dtype=bool)
    groups: dict[object, list[int]] = {}
    for position in np.flatnonzero(parts):
        groups.setdefault(keys[position], []).append(int(position))
    for positions in groups.values():
        first, *others = positions
        together = shapes[positions]
        shapes[first] = (
            shapely.union_all(together)
            if rows.layer.geometry == "Polygon"
            else shapely.multilinestrings(shapely.get_parts(together))
        )
        labels[first] = " + ".join(str(labels[position]) for position in positions)
        gone[others] = True
    rows.labels = rows.labels.copy()
    rows.labels.iloc[:] = labels
    rows.set_shapes(gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs))
    rows.keep(~gone)
