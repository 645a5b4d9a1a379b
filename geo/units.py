"""The units figures are given for: the finest polygons, and which coarser unit each belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from shapely import Polygon

from .errors import DataError, Fault
from .model import Level
from .naming import CODE, named
from .said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .survey import Survey


@dataclass(frozen=True)
class UnitLevel:
    """The units of one level, and for each finest unit the position of the one it belongs to."""

    level: Level
    layer: str | None
    """The unit layer; None for the district itself."""
    codes: NDArray[np.object_]
    names: NDArray[np.object_]
    member: NDArray[np.intp]
    """Of each finest unit, the position in `codes`; -1 where it belongs to none."""


@dataclass(frozen=True)
class Units:
    """The finest units in the order of their codes, and the levels built on them."""

    codes: NDArray[np.object_]
    polygons: NDArray[np.object_]
    """Metric CRS; the order is the order of precedence: on a shared border the first one owns."""
    levels: tuple[UnitLevel, ...]
    """From fine to coarse; the last is the district."""

    @property
    def names(self) -> dict[str, str]:
        """What the units of all levels are called, by their codes; where two levels share a code, the finer's.

        It is also the finer that a code alone means.
        """
        return {
            str(code): "" if pd.isna(name) else str(name)
            for level in reversed(self.levels)
            for code, name in zip(level.codes, level.names, strict=True)
        }


def code_of_unit(asked: str, names: Mapping[str, str]) -> str:
    """The code of the unit that is asked for, by its code or, where one unit alone has it, by its name.

    Parameters
    ----------
    asked : as somebody wrote it
    names : what the units are called, by their codes

    Raises
    ------
    UnknownNameError
        No unit has that code or name, or several have the name.

    Examples
    --------
    >>> names = {"001": "西村", "002": "东村"}
    >>> code_of_unit("东村", names), code_of_unit("001", names)
    ('002', '001')
    """
    return named("unit", asked, names, CODE)


def units_of(survey: Survey) -> Units:
    """The units of a survey's round, level by level.

    Parameters
    ----------
    survey : the round

    Returns
    -------
    Units
        Empty where the round has no unit layer: all then lies in no unit.

    Raises
    ------
    DataError
        A unit names a coarser unit that does not exist.
    """
    district = survey.district
    frames = [
        (layer, survey.frame(layer.name)) for layer in district.levels if survey.has(layer.name)
    ]
    code = district.spec.code
    name = district.spec.name.zh
    if not frames or frames[0][0].name != district.spec.levels[0]:
        nothing = np.array([], dtype=object)
        whole = UnitLevel(
            "district",
            None,
            np.array([code], object),
            np.array([name], object),
            np.array([], np.intp),
        )
        return Units(nothing, nothing, (whole,))

    levels: list[UnitLevel] = []
    faults: list[Fault] = []
    sorted_frames = []
    for layer, frame in frames:
        assert layer.unit is not None
        sorted_frames.append(frame.sort_values(layer.unit.code, kind="stable"))
    finest_layer, finest = frames[0][0], sorted_frames[0]
    assert finest_layer.unit is not None
    member = np.arange(len(finest), dtype=np.intp)
    for position, (layer, frame) in enumerate(
        zip([item[0] for item in frames], sorted_frames, strict=True)
    ):
        assert layer.unit is not None
        codes = frame[layer.unit.code].to_numpy(object)
        if position:
            finer_layer, finer = frames[position - 1][0], sorted_frames[position - 1]
            assert finer_layer.unit is not None
            if finer_layer.unit.parent is None:
                break
            parents = finer[finer_layer.unit.parent]
            found = pd.Index(codes).get_indexer(parents.to_numpy(object))
            stray = finer.loc[(found < 0) & parents.notna().to_numpy(), finer_layer.unit.code]
            if len(stray):
                faults.append(
                    Fault(
                        finer_layer.name,
                        Said(
                            f"{finer_layer.unit.parent} with no such code in {layer.name}",
                            f"{finer_layer.field_called(finer_layer.unit.parent).zh}在{layer.called.zh}中查无",
                        ),
                        Said(f"a code of {layer.name}", f"{layer.called.zh}中已有的代码"),
                        Said(
                            f"correct the code or add the unit to {layer.name}",
                            f"更正代码，或在{layer.called.zh}中补充该单元",
                        ),
                        tuple(stray),
                    )
                )
            previous = levels[-1].member
            member = np.where(previous >= 0, found[previous], -1).astype(np.intp)
        names = frame[layer.unit.name].to_numpy(object)
        levels.append(UnitLevel(layer.unit.level, layer.name, codes, names, member))
    if faults:
        raise DataError(faults)
    levels.append(
        UnitLevel(
            "district",
            None,
            np.array([code], object),
            np.array([name], object),
            np.zeros(len(finest), np.intp),
        )
    )
    polygons = finest.geometry.to_numpy().copy()
    polygons[pd.isna(polygons)] = Polygon()
    return Units(levels[0].codes, polygons, tuple(levels))
