"""Rows without a place of their own, and codes given by name: both found in what the district has."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..district import District
from ..errors import DataError, Fault, UnknownNameError, abridge, amount
from ..mapping.joining import Known, Matching, holding_column, joining_column, known_rows, matched
from ..model import FieldSpec, Layer
from ..placing import Proposal
from ..said import Said, joined
from ..store.base import Store
from ..validate import GEOMETRY, find_column
from ..vocabulary import read_values
from .rows import Rows

OBSERVED = ("bool", "number", "integer", "date")
"""Types of what a survey observes; a row that is joined keeps of the layer only what names and sorts it."""


def filled_by_join(layer: Layer, join: str | None) -> frozenset[str]:
    """The fields that a join gives, whatever the file's columns."""
    if join is None:
        return frozenset()
    name = join.partition("=")[0].strip()
    if name == layer.name:
        return frozenset(key for key, spec in layer.fields.items() if spec.type not in OBSERVED)
    return frozenset(key for key, spec in layer.fields.items() if name in spec.refers_to)


def join(rows: Rows, wanted: str, district: District, store: Store, round_: str, file: str) -> None:
    """Give rows the place of the thing they name, and the fields that name and sort it.

    Parameters
    ----------
    rows : with their declared fields read
    wanted : `LAYER` or `LAYER=COLUMN`
    district, store : what is there already
    round_ : the round that is imported to, which is asked first
    file : the file's name, to speak of it

    Raises
    ------
    UnknownNameError
        There is no such layer, or no round has it.
    DataError
        It has no key, its geometry is of no use to these rows, or no column names its rows.
    """
    name, _, column = (part.strip() for part in wanted.partition("="))
    known = known_rows(store, _joinable(district, name, rows.layer), round_)
    if known is None:
        raise UnknownNameError("round with the layer", name, store.rounds())
    column = joining_column(rows.raw, known, column or None, file)
    found = matched(rows.raw[column], rows.labels, known)
    total = len(rows.labels)
    hits = total - len(found.left_out)
    said = Said(
        f"{hits} of {amount(total, 'row')} were matched by {column} with {known.said}",
        f"{total:,} 行中有 {hits:,} 行按“{column}”列与{known.said.zh}对上",
    )
    if found.by_form:
        forms = abridge(found.by_form)
        said += Said(
            f"; other forms of a name were taken for it: {forms}", f"；以下异名视为同名：{forms.zh}"
        )
    rows.remark("joined", said)
    lost = found.positions < 0
    positions = found.positions[~lost]
    rows.leave_out(lost, [item.reason for item in found.left_out])
    _fill(rows, known, positions)
    if rows.layer.geometry != "Table" and rows.geometry is None:
        _place(rows, known, positions)


def require_geometry(rows: Rows, district: District, store: Store, round_: str) -> None:
    """Refuse rows of a layer with geometry that have none, saying what they could be joined with.

    Raises
    ------
    DataError
        They have none.
    """
    if rows.layer.geometry == "Table" or rows.geometry is not None:
        return
    advice = Said(
        "choose a layer that is a table, or give coordinates: columns of them, or WKT",
        "改选属性表类图层，或提供坐标（坐标列或 WKT）",
    )
    for layer in district.levels:
        known = known_rows(store, layer, round_) if layer.key else None
        column = holding_column(rows.raw, known) if known is not None and known.codes else None
        if column is not None:
            advice += Said(
                f"; {column} holds {layer.name} by code or name: --join {layer.name}",
                f"；“{column}”列填有{layer.called.zh}的代码或名称，可据此关联（命令行：--join {layer.name}）",
            )
            break
    found = Said("rows without geometry", "各行均无图形")
    raise DataError(Fault(rows.layer.name, found, GEOMETRY[rows.layer.geometry], advice))


def resolve_names(
    rows: Rows, district: District, store: Store, round_: str, joined: str | None, accept: bool
) -> None:
    """Names where a field wants the code of a unit: proposed to be taken as its code, or listed.

    Parameters
    ----------
    joined : the layer that the user joins with; names of its rows are taken for their codes
    accept : the user takes what is proposed
    """
    for name, spec in rows.layer.fields.items():
        if not spec.refers_to or name not in rows.frame.columns:
            continue
        layers = [district.catalog.layer(other) for other in spec.refers_to]
        known = [
            one
            for layer in layers
            if layer.key and (one := known_rows(store, layer, round_)) is not None
        ]
        values = rows.frame[name].astype("string")
        codes = {code for one in known for code in one.codes}
        strange = (values.notna() & ~values.isin(codes)).to_numpy(dtype=bool)
        if codes and strange.any():
            take = accept or joined in spec.refers_to
            _resolve(rows, name, spec, known, strange, take, joined in spec.refers_to)


def _resolve(
    rows: Rows,
    name: str,
    spec: FieldSpec,
    known: list[Known],
    strange: np.ndarray[Any, Any],
    take: bool,
    told_to: bool,
) -> None:
    values = rows.frame[name].astype("string")
    labels = rows.labels[strange]
    meant = np.full(int(strange.sum()), None, dtype=object)
    hit = np.zeros(len(meant), dtype=bool)
    last: Matching | None = None
    for one in known:
        found = matched(values[strange], labels, one)
        use = (found.positions >= 0) & ~hit
        meant[use] = np.array(one.codes, dtype=object)[found.positions[use]]
        hit |= use
        last = found if last is None or len(found.left_out) < len(last.left_out) else last
    if hit.any():
        pairs = dict(zip(values[strange][hit], meant[hit], strict=True))
        shown = abridge(
            [Said(f"{said} is {code}", f"{said} 即 {code}") for said, code in pairs.items()], 3
        )
        where = joined((one.said for one in known), " and ")
        evidence = Said(
            f"{int(hit.sum())} entries of {name} are names of {where}: {shown}",
            f"{rows.layer.field_called(name).zh}有 {int(hit.sum()):,} 项填的是{where.zh}的名称：{shown.zh}",
        )
        if told_to:
            rows.remark("names-for-codes", evidence)
        else:
            rows.proposals.append(Proposal("names-for-codes", evidence, take))
        if take:
            texts = values.to_numpy(dtype=object, copy=True)
            texts[np.flatnonzero(strange)[hit]] = meant[hit]
            replaced = pd.Series(texts, index=values.index, dtype="string")
            rows.frame = rows.frame.assign(**{name: replaced})
    if not hit.all() and last is not None:
        reasons = {item.row: item.reason for item in last.left_out}
        lost = labels[~hit]
        samples = abridge(
            [
                joined([str(row), reasons[str(row)]], ": ", "：")
                for row in lost
                if str(row) in reasons
            ],
            3,
        )
        units = joined((one.layer.called for one in known), " or ", "或")
        rows.find(
            "unknown-unit",
            lost.tolist(),
            Said(
                f"{name} of {amount(len(lost), 'row')} is no code or name there is, such as {samples}",
                f"{len(lost):,} 行的{rows.layer.field_called(name).zh}查无此代码或名称，如 {samples.zh}",
            ),
            Said(f"a code of {' or '.join(spec.refers_to)}", f"{units.zh}中已有的代码"),
            Said(
                "correct them; until then they count for no unit",
                "更正；更正前不计入任何单元",
            ),
        )


def _joinable(district: District, name: str, target: Layer) -> Layer:
    layer = district.catalog.layer(name)
    if layer.key is None or layer.geometry == "Raster":
        fault = Fault(
            name,
            Said("a layer without a key", "该图层没有编号"),
            Said("a layer whose rows have codes", "各行有代码的图层"),
            Said("join another", "改用其他图层关联"),
        )
        raise DataError(fault)
    fits = target.geometry in ("Table", "Point") or target.geometry == layer.geometry
    if not fits:
        raise DataError(
            Fault(
                name,
                GEOMETRY[layer.geometry],
                GEOMETRY[target.geometry]
                + Said(f", as {target.name} is", f"，与{target.called.zh}一致"),
                Said(
                    "join a layer of that kind, or give the rows coordinates",
                    "改用该类图层关联，或提供坐标",
                ),
            )
        )
    return layer


def _fill(rows: Rows, known: Known, positions: np.ndarray[Any, Any]) -> None:
    """What names and sorts a thing, where the file does not say it."""
    layer = rows.layer
    filled = []
    for name, spec in layer.fields.items():
        if layer.name == known.layer.name:
            stored = find_column(known.frame, name) if spec.type not in OBSERVED else None
        else:
            stored = (
                find_column(known.frame, str(known.layer.key))
                if known.layer.name in spec.refers_to
                else None
            )
        if stored is None or (name in rows.frame.columns and rows.frame[name].notna().any()):
            continue
        values = read_values(known.frame[stored].iloc[positions], spec).values
        rows.frame = rows.frame.assign(**{name: values.set_axis(rows.frame.index)})
        filled.append(name)
    if filled:
        fields = "、".join(layer.field_called(name).zh for name in filled)
        rows.remark(
            "joined",
            Said(f"{', '.join(filled)} are those of {known.said}", f"{fields}取自{known.said.zh}"),
        )
    ordered = [name for name in layer.fields if name in rows.frame.columns]
    rest = [name for name in rows.frame.columns if name not in ordered]
    rows.frame = rows.frame[[*ordered, *rest]]


def _place(rows: Rows, known: Known, positions: np.ndarray[Any, Any]) -> None:
    if not isinstance(known.frame, gpd.GeoDataFrame) or known.frame.crs is None:
        raise DataError(
            Fault(
                known.layer.name,
                Said(f"{known.said} without places", f"{known.said.zh}没有位置"),
                Said("geometry", "有图形"),
                Said("join another layer", "改用其他图层关联"),
            )
        )
    shapes = known.frame.geometry.to_numpy()[positions]
    if rows.layer.geometry == "Point" and known.layer.geometry != "Point":
        shapes = shapely.point_on_surface(shapes)
        rows.find(
            "placed-by-unit",
            (),
            Said(
                f"each row stands at one point inside its row of {known.layer.name}, which is not where it is",
                f"各行落在所属{known.layer.called.zh}内的一点，并非实际位置",
            ),
            Said("places of their own", "各有自己的位置"),
            Said(
                f"use them for figures by {known.layer.name} alone, or survey their places",
                f"只用于按{known.layer.called.zh}统计，或补测位置",
            ),
        )
    rows.set_shapes(gpd.GeoSeries(shapes, index=rows.frame.index, crs=known.frame.crs))
