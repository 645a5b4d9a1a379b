"""Units that the round before has and rows that are to take their place lack: figures would move for that alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..errors import abridge, amount
from ..model import Layer
from ..said import Said
from ..store.base import Store, first_readable
from ..validate import find_column
from ..vocabulary import read_values

SHOWN = 10


@dataclass(frozen=True, eq=False)
class UnitsLeftOut:
    """Units of an earlier round that a later one lacks."""

    layer: Layer
    round: str
    """The earlier round."""
    count: int
    """How many units it has."""
    codes: tuple[str, ...]
    """Those that are lacking, in the order of the earlier round."""
    rows: Any
    """Their rows, as the earlier round keeps them."""

    @property
    def found(self) -> Said:
        """How many there were, and which are lacking."""
        listed = abridge(self.codes, SHOWN)
        are = "is" if len(self.codes) == 1 else "are"
        return Said(
            f"{len(self.codes):,} of the {amount(self.count, 'unit')} of round {self.round} {are} not in this one: {listed}",
            f"{self.round} 轮次的 {self.count:,} 个单元中有 {len(self.codes):,} 个未在本轮次：{listed.zh}",
        )

    @property
    def expected(self) -> Said:
        """Every unit in every round."""
        return Said(
            "all units of the round before, or every figure of the district is one of fewer units",
            "包含上一轮次的全部单元，否则全区数字仅涉及部分单元",
        )

    @property
    def remedy(self) -> Said:
        """To bring them in, unless they are no more."""
        return Said(
            "import them too, in a file of all units; if they were merged or given other codes, nothing need be done",
            "用含全部单元的文件重新导入；如单元已合并或代码已变更，则无需处理",
        )


def units_left_out(
    layer: Layer, store: Store, round_: str, codes: Collection[object]
) -> UnitsLeftOut | None:
    """The units that the newest earlier round with a layer has and some rows lack.

    Parameters
    ----------
    layer : a layer of units
    round_ : ISO date of the rows' round, which exists or is still to come
    codes : the keys of the rows

    Returns
    -------
    UnitsLeftOut or None
        None where none is lacking, or no earlier round can be read.
    """
    earlier = [date for date in reversed(store.rounds()) if date < round_]
    date, stored = first_readable(store, layer.name, earlier) or ("", None)
    column = find_column(stored, layer.key) if stored is not None and layer.key else None
    if stored is None or column is None or layer.key is None:
        return None
    known = read_values(stored[column], layer.fields[layer.key]).values
    first = (known.notna() & ~known.duplicated()).to_numpy(dtype=bool)
    lacking = first & ~known.isin(list(codes)).to_numpy(dtype=bool)
    if not lacking.any():
        return None
    return UnitsLeftOut(
        layer, date, int(first.sum()), tuple(map(str, known[lacking])), stored[lacking]
    )
