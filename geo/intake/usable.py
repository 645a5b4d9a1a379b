"""What can be measured is taken: repaired where that is safe, left out and listed where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..errors import DataError, Fault, abridge, amount
from ..placing import Proposal
from ..sources.lazy import are_flat, kinds_of, without_numbers
from ..validate import KINDS, conform, flat_shapes
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
            rows.leave_out(rows.frame[name].isna().to_numpy(dtype=bool), f"no {name}")
    if layer.key is not None and len(rows.frame):
        _take_each_key_once(rows, layer.key, accept)
    if not len(rows.frame):
        sample = "; ".join(f"{item.row}: {item.reason}" for item in rows.left_out[:3])
        raise DataError(
            Fault(
                layer.name,
                f"no row that can be taken ({len(rows.left_out)} left out, such as {sample})",
                f"rows of {layer.geometry}",
                "check the layer and the mapping",
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
        rows.leave_out(wrong, [f"{kind}, not {rows.layer.geometry}" for kind in kinds])
    rows.leave_out(without_numbers(rows.frame.geometry), "coordinates that are no numbers")
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
        f"{name} {old:.1f} → {new:.1f} m²" for name, old, new in zip(names, *in_metres, strict=True)
    ]
    if changes:
        rows.find(
            "repaired-geometry",
            names,
            f"{amount(len(names), 'outline')} that crossed themselves; repaired by structure,"
            f" which changed their area: {abridge(changes)}",
            "outlines that do not cross themselves",
            "compare them with the source",
        )
    rows.set_shapes(gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs))
    lost = np.zeros(len(shapes), dtype=bool)
    lost[np.flatnonzero(invalid)[~surfaces]] = True
    why = [
        str(text).split("[", maxsplit=1)[0] for text in shapely.is_valid_reason(before[~surfaces])
    ]
    rows.leave_out(lost, [f"an outline without area ({text})" for text in why])


def _take_each_key_once(rows: Rows, key: str, accept: bool) -> None:
    """One row a key: parts of one thing are put together where that is accepted, others left out."""
    keys = rows.frame[key]
    if not keys.duplicated().any():
        return
    parts = _parts(rows, key)
    if parts.any():
        evidence = (
            f"{amount(int(parts.sum()), 'row')} share their {key} with a row that differs from them in nothing but its"
            f" place, such as {abridge(keys[parts].unique().tolist(), 3)}: they may be parts of one"
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
        f"a copy of {firsts[value]}"
        if copy
        else f"{key} {value} is that of {firsts[value]} already"
        for value, copy in zip(keys[again], copies[again], strict=True)
    ]
    same = int((again & copies).sum())
    differ = int(again.sum()) - same
    rows.find(
        "duplicate-key",
        rows.labels[again].tolist(),
        f"{amount(int(again.sum()), 'row')} whose {key} an earlier row has ({same} are copies of it, {differ} differ);"
        " they were left out",
        f"{key} of its own for every row",
        "correct them in the source, or map another column",
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
