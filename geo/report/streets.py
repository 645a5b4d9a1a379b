"""The register of back streets: one row a street, with what the survey says of it, for the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .columns import Cells, Coded, Part, Plain, Rows, Texts
from .model import Column, Kind, Table, pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    order = _alphabetical(cells[0], len(chosen))
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
            numbers, codes = pd.factorize(pieces["unit_code"], sort=True, use_na_sentinel=True)
            # The largest piece, of equal ones that in the unit with the smaller code; what lies in none comes last.
            numbers = np.where(numbers < 0, len(codes), numbers)
            order = np.lexsort((numbers, -size.to_numpy(float)))
            fids = pd.Index(pieces["fid"].to_numpy()[order])
            first = ~fids.duplicated()
            homes = np.array([*codes, None], dtype=object)[numbers[order[first]]]
            return pd.Series(homes, index=fids[first], dtype=object)
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
    texts, odd = material.clean.column(values)
    if odd.any():
        cleaned = [
            material.clean(value, layer.name, fid, name) for fid, value in values[odd].items()
        ]
        texts = pc.replace_with_mask(texts, pa.array(odd), pa.array(cleaned, pa.large_string()))
    encoded = pc.fill_null(texts, "").dictionary_encode()
    known = encoded.dictionary
    if spec.value_titles:
        titled = (spec.value_titles.get(text) for text in known.to_pylist())
        said = [
            title and material.clean.everywhere(title.in_(material.language)) for title in titled
        ]
        known = pc.coalesce(pa.array(said, pa.large_string()), known)
    known = pc.if_else(pc.equal(known, ""), pa.scalar(None, pa.large_string()), known)
    return Texts(encoded.indices.to_numpy(), known)


def _alphabetical(cells: Cells, count: int) -> NDArray[np.intp]:
    """The rows in the order of their first column, as text."""
    if isinstance(cells, Texts):
        texts = pc.fill_null(cells.values, "None").take(cells.codes)
        return np.asarray(pc.array_sort_indices(texts).to_numpy(), dtype=np.intp)
    values = cells.between(0, count)
    return np.array(sorted(range(count), key=lambda row: str(values[row])), dtype=np.intp)
