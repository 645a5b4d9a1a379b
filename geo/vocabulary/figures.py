"""Figures as people write them: full-width, with separators, and with a unit that is not the field's."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np

from ..model import FieldSpec
from .words import UNKNOWN, UnreadableError, plain

_FIGURE = re.compile(
    r"([-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)\s*([万亿]?)\s*([^\d\s,.].*)?"
)
_TIMES = {"": 1.0, "万": 1e4, "亿": 1e8}
# Dimension and factor to the metre or square metre.
_UNITS: dict[str, tuple[str, float]] = {
    name: (dimension, factor)
    for dimension, factor, names in (
        ("length", 1.0, "m 米 公尺 metre metres meter meters"),
        ("length", 0.1, "dm 分米"),
        ("length", 0.01, "cm 厘米 公分"),
        ("length", 0.001, "mm 毫米"),
        ("length", 1000.0, "km 千米 公里"),
        ("area", 1.0, "m2 平方米 平米 平方 平方m sqm m^2"),
        ("area", 1e-4, "cm2 平方厘米"),
        ("area", 1e6, "km2 平方公里 平方千米"),
        ("area", 1e4, "ha 公顷"),
        ("area", 2000 / 3, "亩 mu"),
        ("share", 0.01, "% 百分比"),
    )
    for name in names.split()
}
_COUNTERS = frozenset(
    [
        "个",
        "盏",
        "条",
        "处",
        "户",
        "人",
        "株",
        "棵",
        "座",
        "块",
        "片",
        "幢",
        "栋",
        "次",
        "分",
        "项",
        "只",
        "pcs",
    ]
)


@lru_cache(maxsize=256)
def unit_of(text: str) -> tuple[str, float] | None:
    """The dimension of a unit and its factor to the basic one; None for an unknown unit.

    Examples
    --------
    >>> unit_of("ｃｍ"), unit_of("㎡"), unit_of("lux")
    (('length', 0.01), ('area', 1.0), None)
    """
    return _UNITS.get(plain(text))


def factor_between(written: str, wanted: str | None) -> float | None:
    """What a figure in one unit is multiplied by to be in another; None where that makes no sense.

    Examples
    --------
    >>> factor_between("厘米", "m"), factor_between("亩", "m")
    (0.01, None)
    """
    if wanted is None:
        return None
    if plain(written) == plain(wanted):
        return 1.0
    one, other = unit_of(written), unit_of(wanted)
    if one is None or other is None or one[0] != other[0]:
        return None
    return one[1] / other[1]


def figure(entry: object, spec: FieldSpec, unit: str | None) -> tuple[float, bool] | None:
    """The number an entry says, and whether its text names a unit; None where it says nothing.

    Parameters
    ----------
    entry : anything but a missing value
    spec : the field, with the unit its figures are in
    unit : the unit of figures that name none, where it is not the field's

    Raises
    ------
    UnreadableError
        It is no figure, or its unit is not one the field's can be worked out from.
    """
    if isinstance(entry, (bool, np.bool_)):
        raise UnreadableError
    if isinstance(entry, (int, float, np.number)):
        return float(entry) * _factor(unit, spec), False
    word = plain(entry).replace("\u2212", "-")
    if word in UNKNOWN:
        return None
    parts = _FIGURE.fullmatch(word)
    if parts is None:
        raise UnreadableError
    digits, times, written = parts.groups()
    value = float(digits.replace(",", "")) * _TIMES[times]
    if not math.isfinite(value):
        raise UnreadableError
    if written is None:
        return value * _factor(unit, spec), False
    written = written.strip()
    if spec.unit is None and written in _COUNTERS:
        return value, True
    factor = factor_between(written, spec.unit)
    if (
        factor is None
        and unit_of(written) == unit_of("%")
        and (spec.minimum, spec.maximum) == (0, 1)
    ):
        factor = 0.01
    if factor is None:
        raise UnreadableError
    return value * factor, True


def _factor(unit: str | None, spec: FieldSpec) -> float:
    factor = 1.0 if unit is None else factor_between(unit, spec.unit)
    if factor is None:
        raise UnreadableError
    return factor
