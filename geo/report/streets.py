"""The register of back streets: one row a street, with what the survey says of it, for the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .columns import Cells, Coded, Part, Plain, Rows, coded
from .model import Column, Kind, Table, Value, pair

if TYPE_CHECKING:
    from ..model import FieldSpec, Layer
    from .material import Material

STREETS_LAYER = "back_streets"
"""The core layer of streets."""
_KINDS: dict[str, Kind] = {"bool": "yes_no", "number": "m", "integer": "count"}


def streets_table(material: Material) -> Table | None:
    """The streets that lie in the report's unit; None where the round has none.

    A street in several units stands with the one that holds most of it; its length is the whole street's.
    """
    survey, language = material.survey, material.language
    if not survey.has(STREETS_LAYER):
        return None
    layer = survey.district.catalog.layer(STREETS_LAYER)
    homes = _homes(material, layer)
    frame = survey.frame(STREETS_LAYER)
    chosen = frame.loc[frame.index.isin(homes.index)]
    names = [name for name in layer.fields if name in chosen]
    # A street in no unit has the number -1, which is the last.
    numbers, codes = pd.factorize(homes.reindex(chosen.index).astype(object), use_na_sentinel=True)
    units = [*(material.units.get(str(code)) for code in codes), None]
    cells: list[Cells] = [_cells(material, layer, name, chosen) for name in names]
    cells[2:2] = [
        Coded(numbers, [unit.name if unit else None for unit in units]),
        Coded(numbers, [material.name_of(unit.parent) if unit else None for unit in units]),
        Plain(chosen.geometry.length.to_numpy()),
    ]
    first = cells[0].between(0, len(chosen))
    order = np.array(sorted(range(len(first)), key=lambda row: str(first[row])), dtype=np.intp)
    own = [_column(name, layer.fields[name], language) for name in names]
    return Table(
        "streets",
        layer.title.in_(language),
        (
            *own[:2],
            Column("unit_name", pair(language, "所在单元", "Unit"), width=1.4),
            Column("town", pair(language, "镇（街道）", "Town"), width=1.2),
            Column("length_m", pair(language, "长度（米）", "Length, m"), "m", 1.0),
            *own[2:],
        ),
        Rows([Part(len(order), tuple(cell.taken(order) for cell in cells))]),
    )


def _column(name: str, spec: FieldSpec, language: Any) -> Column:
    heading = spec.title.in_(language) if spec.title else name
    if spec.unit:
        said = {"m": pair(language, "米", "m"), "m2": pair(language, "平方米", "m²")}
        unit = said.get(spec.unit, spec.unit)
        heading += f"（{unit}）" if language == "zh" else f", {unit}"
    return Column(name, heading, _KINDS.get(spec.type, "text"), 1.0)


def _homes(material: Material, layer: Layer) -> pd.Series[Any]:
    """The finest unit of each street by its fid: where most of it lies."""
    for own, indicator in material.indicators:
        if own.name == layer.name and not indicator.where and material.measured(own, indicator):
            pieces = material.pieces(indicator)
            size = pieces[["covered", "not_covered", "unknown"]].sum(axis=1)
            order = pieces.assign(size=size).sort_values(
                ["size", "unit_code"], ascending=[False, True], kind="stable"
            )
            return order.drop_duplicates("fid").set_index("fid")["unit_code"]
    return pd.Series(dtype=object)


def _cells(material: Material, layer: Layer, name: str, frame: pd.DataFrame) -> Cells:
    spec, values = layer.fields[name], frame[name]
    if spec.type in ("number", "integer"):
        return Plain(values.to_numpy(float, na_value=np.nan))
    if spec.type == "bool":
        numbers, known = pd.factorize(values.astype(object), use_na_sentinel=True)
        return Coded(numbers, [*(bool(value) for value in known), None])
    if spec.type == "date":
        numbers, known = pd.factorize(values.astype(object), use_na_sentinel=True)
        return Coded(numbers, [*(str(value)[:10] for value in known), None])
    found: list[Value] = []
    for fid, value in zip(frame.index, values.astype(object), strict=True):
        text = material.clean(value, layer.name, fid, name)
        title = spec.value_titles.get(text)
        said = material.clean.everywhere(title.in_(material.language)) if title else text
        found.append(said or None)
    return coded(found)
