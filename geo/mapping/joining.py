"""Rows that say by a code or a name which thing they are about: found in a layer that knows where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import DataError, Fault
from ..model import Layer
from ..said import Said, joined
from ..sources.base import LeftOut
from ..sources.joins import join_column, join_rows
from ..store.base import first_readable
from ..validate import find_column
from ..vocabulary import read_values
from .columns import find

if TYPE_CHECKING:
    import geopandas as gpd

    from ..store.base import Store


@dataclass(frozen=True, eq=False)
class Known:
    """A layer of the district that rows may be about."""

    layer: Layer
    round: str
    frame: gpd.GeoDataFrame | pd.DataFrame
    """As stored, only the rows that have a key."""
    codes: tuple[str, ...]
    names: tuple[str | None, ...]

    @property
    def said(self) -> Said:
        """What it is called in messages."""
        return Said(
            f"the {self.layer.name} of round {self.round}",
            f"{self.round} 轮次的{self.layer.called.zh}",
        )


@dataclass(frozen=True, eq=False)
class Matching:
    """Which row of the known layer each entry means."""

    positions: np.ndarray[Any, np.dtype[np.intp]]
    """-1 where none, or several."""
    left_out: tuple[LeftOut, ...]
    """The rows without one, and what they may mean."""
    by_form: tuple[Said, ...]
    """Names that were taken for another form of the same."""


def known_rows(store: Store, layer: Layer, prefer: str) -> Known | None:
    """A layer as the district has it: in the preferred round, else in the newest that has it.

    Parameters
    ----------
    store : the district's rounds
    layer : its declaration, with a key
    prefer : the round that is being imported to
    """
    rounds = [round_ for round_ in reversed(store.rounds()) if round_ != prefer]
    if prefer in store.rounds():
        rounds.insert(0, prefer)
    readable = first_readable(store, layer.name, rounds)
    if readable is None:
        return None
    round_, stored = readable
    keys = _texts(stored, layer, layer.key)
    frame = stored[keys.notna().to_numpy(dtype=bool)]
    named = layer.unit.name if layer.unit is not None else layer.label
    names = _texts(frame, layer, named).astype(object)
    return Known(
        layer,
        round_,
        frame,
        tuple(str(key) for key in keys.dropna()),
        tuple(None if name is pd.NA else str(name) for name in names),
    )


def matched(entries: pd.Series[Any], labels: pd.Series[Any], known: Known) -> Matching:
    """The rows that codes or names mean; each different entry is looked up once.

    Parameters
    ----------
    entries : as they stand in the file
    labels : what the rows are called in it
    known : the layer they are about
    """
    places, different = pd.factorize(entries.astype(object), use_na_sentinel=False)
    words = [None if value is None or value is pd.NA else value for value in different]
    found = join_rows(
        words, [str(number) for number in range(len(words))], known.codes, known.names
    )
    positions = found.positions[places]
    reasons = {int(item.row): item.reason for item in found.left_out}
    missing = np.flatnonzero(positions < 0)
    named = labels.to_numpy()
    left_out = tuple(LeftOut(str(named[row]), reasons[int(places[row])]) for row in missing)
    return Matching(positions, left_out, found.by_form)


def joining_column(frame: pd.DataFrame, known: Known, wanted: str | None, file: str) -> str:
    """The column that says which row of a layer each row is about.

    Parameters
    ----------
    frame : the file's rows
    known : the layer they are about
    wanted : the column, where the user names it
    file : the file's name, to speak of it

    Raises
    ------
    DataError
        It is not there; or, where none is named, no column holds the layer's codes or names.
    """
    name = known.layer.name
    columns = [str(column) for column in frame.columns]
    has = joined(columns) or Said("none", "无")
    if wanted is not None:
        column = find(wanted, columns)
        if column is not None:
            return column
        raise DataError(
            Fault(
                name,
                Said(
                    f"no column {wanted!r} in {file} (it has {has})",
                    f"{file} 没有“{wanted}”列（现有：{has.zh}）",
                ),
                Said(
                    f"the column that names rows of {name}",
                    f"填有{known.layer.called.zh}名称或代码的列",
                ),
                Said("name one that is there", "改选文件中已有的列"),
            )
        )
    best = holding_column(frame, known)
    if best is None:
        found = Said(
            f"no column of {file} in which most entries are codes or names of {known.said} (it has {has})",
            f"{file} 中没有多数内容为{known.said.zh}代码或名称的列（现有：{has.zh}）",
        )
        remedy = Said(f"name it: --join {name}=COLUMN", f"指定该列：--join {name}=列名")
        raise DataError(Fault(name, found, Said("such a column", "有这样的列"), remedy))
    return best


def holding_column(frame: pd.DataFrame, known: Known) -> str | None:
    """The column in which most entries are a layer's codes or names, if there is one."""
    shapes = getattr(frame, "_geometry_column_name", None)
    attributes = frame.drop(columns=[shapes] if shapes in frame.columns else [])
    some = attributes.iloc[:: max(1, len(attributes) // _SAMPLE)]
    return join_column(some, known.codes, known.names)


_SAMPLE = 2_000


def _texts(frame: pd.DataFrame, layer: Layer, name: str | None) -> pd.Series[Any]:
    column = find_column(frame, name) if name is not None else None
    if column is None or name is None:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    return read_values(frame[column], layer.fields[name]).values.astype("string")
