"""Every feature behind every figure: what the ledger lets a reader recount."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .columns import Cells, Coded, Part, Plain, Rows, Same, Texts
from .model import Column, Table, pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..model import Indicator, Layer
    from .material import Material
    from .plaintext import PlainText


_TEXTS = ("key", "label", "source_file", "source_row")


class FeatureNames:
    """What the features of a layer are called and where they come from, each cleaned and kept once."""

    def __init__(self, layer: Layer, clean: PlainText) -> None:
        self.layer, self._clean = layer, clean
        nothing = pa.array([], pa.large_string())
        self.keys: pa.Array = nothing
        self.names: pa.Array = nothing
        """Null where a feature's name is its key."""
        self.files: pa.Array = nothing
        self.lines: pa.Array = nothing
        self._fids: pd.Index[Any] = pd.Index([])
        self._order: NDArray[np.intp] | None = None

    def places(self, pieces: pd.DataFrame) -> NDArray[np.intp]:
        """For each piece, as `pieces_behind` gives them, the place of its feature in the lists."""
        found = self._fids.get_indexer(pd.Index(pieces["fid"]))
        if (found < 0).any():
            self._add(pieces[found < 0].drop_duplicates("fid"))
            found = self._fids.get_indexer(pd.Index(pieces["fid"]))
        return np.asarray(found, dtype=np.int32)

    def order(self) -> NDArray[np.intp]:
        """For each feature, where it stands by its key."""
        if self._order is None or len(self._order) != len(self.keys):
            self._order = np.empty(len(self.keys), dtype=np.intp)
            self._order[pc.array_sort_indices(self.keys).to_numpy()] = np.arange(len(self.keys))
        return self._order

    def _add(self, pieces: pd.DataFrame) -> None:
        held = [self._clean.column(pieces[name]) for name in _TEXTS]
        texts = [pc.fill_null(column, "") for column, _ in held]
        odd = np.logical_or.reduce([mask for _, mask in held])
        if odd.any():
            few = pieces[odd]
            rows = zip(few["fid"], *(few[name].astype(object) for name in _TEXTS), strict=True)
            for at, cleaned in enumerate(zip(*map(self._cleaned, rows), strict=True)):
                texts[at] = pc.replace_with_mask(
                    texts[at], pa.array(odd), pa.array(cleaned, pa.large_string())
                )
        keys, names, files, lines = texts
        unnamed = pc.equal(keys, "")
        if pc.any(unnamed).as_py():
            fids = pa.array([str(fid) for fid in pieces["fid"]], pa.large_string())
            keys = pc.if_else(unnamed, fids, keys)
        none = pa.scalar(None, pa.large_string())
        for name, more in (
            ("keys", keys),
            ("names", pc.if_else(pc.equal(names, keys), none, names)),
            ("files", pc.if_else(pc.equal(files, ""), none, files)),
            ("lines", pc.if_else(pc.equal(lines, ""), none, lines)),
        ):
            setattr(self, name, pa.concat_arrays([getattr(self, name), more]))
        self._fids = self._fids.append(pd.Index(pieces["fid"]))

    def _cleaned(self, row: Sequence[object]) -> tuple[str, str, str, str]:
        """Key, name, file and line of a feature in which there is something to clean."""
        clean, layer = self._clean, self.layer
        fid, key, label, file, line = row
        key = clean(key, layer.name, fid, layer.key or "fid") or str(fid)
        name = clean(label, layer.name, key, layer.label or layer.key or "fid")
        source = clean(file, layer.name, key, "source_file")
        return key, name, source, clean(line, layer.name, key, "source_row")


def units_of(material: Material, pieces: pd.DataFrame) -> tuple[Coded, Coded]:
    """The code and the name of the unit that each piece lies in."""
    numbers, codes = pd.factorize(pieces["unit_code"].astype(object), use_na_sentinel=True)
    texts = [str(code) for code in codes]
    # What lies in no unit has the number -1, which is the last.
    return (
        Coded(numbers, [*(material.clean.everywhere(text) for text in texts), None]),
        Coded(numbers, [*(material.name_of(text) for text in texts), material.name_of(None)]),
    )


def _columns(material: Material, layer: Layer, indicator: Indicator) -> tuple[Cells, ...]:
    from .material import measure_of

    pieces = material.pieces(indicator)
    names = material.names(layer)
    places = names.places(pieces)
    return (
        Same(indicator.id),
        Same(material.clean.everywhere(indicator.title.in_(material.language))),
        Texts(places, names.keys),
        Texts(places, names.names),
        *units_of(material, pieces),
        Plain(pieces["inside"].to_numpy(bool)),
        Same(measure_of(indicator)),
        *(Plain(pieces[name].to_numpy(float)) for name in ("covered", "not_covered", "unknown")),
        Texts(places, names.files),
        Texts(places, names.lines),
    )


def features_table(material: Material) -> Table:
    """Every feature behind every figure of the report's unit."""
    from .material import KEPT_ROWS, is_split

    language = material.language
    parts: list[Part] = []
    for layer, indicator in material.indicators:
        if not material.measured(layer, indicator) or is_split(indicator):
            continue
        pieces = material.pieces(indicator)
        material.names(layer).places(
            pieces
        )  # what is taken out of their texts is told, whoever prints them
        make = partial(_columns, material, layer, indicator)
        # What a sheet has no room for is never made.
        parts.append(Part(len(pieces), make if len(pieces) > KEPT_ROWS else make()))
    return Table(
        "features",
        pair(language, "各指标所依据的对象", "The features behind each figure"),
        (
            Column("indicator", pair(language, "标识", "Id"), "code", 1.6),
            Column("title", pair(language, "指标", "Indicator"), width=2.0),
            Column("key", pair(language, "编号", "Id of feature"), "code", 1.0),
            Column("name", pair(language, "名称", "Name"), width=1.6),
            Column("unit_code", pair(language, "单元代码", "Unit code"), "code", 1.2),
            Column("unit_name", pair(language, "单元", "Unit"), width=1.4),
            Column("inside", pair(language, "范围内", "Inside"), "yes_no", 0.7),
            Column("measure", pair(language, "单位", "Measure"), "measure", 0.7),
            Column("covered", pair(language, "已达到", "Covered"), "amount", 1.0),
            Column("not_covered", pair(language, "未达到", "Not covered"), "amount", 1.0),
            Column("unknown", pair(language, "情况不明", "Unknown"), "amount", 1.0),
            Column("source_file", pair(language, "来源文件", "Source file"), width=1.6),
            Column("source_row", pair(language, "来源行", "Source row"), width=0.7),
        ),
        Rows(parts),
    )
