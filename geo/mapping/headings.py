"""Headings of columns held against declared fields: the same name, the same but for a unit, or nearly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from ..model import FieldSpec
from ..vocabulary import plain
from ..vocabulary.figures import factor_between, unit_of

NEAR = 0.72
"""Below this a heading is no near miss."""
_BRACKET = re.compile(r"^(.*?)\s*[(\[](.*?)[)\]]\s*$")
_UNIT_SAID = re.compile(r"单位\s*[:为]?\s*|unit\s*:?\s*")
_SEPARATORS = re.compile(r"[\s_\-./·:]+")
_BEFORE = re.compile(r"^(是否已|是否|有无|可否|is|has)(?=.)")
_AFTER = re.compile(r"(情况|状况|状态|与否|标志|标识|字段|信息|flag|yn)$")
_NUMBERED = re.compile(r"_?\d{1,2}$")
_CUT_ASCII, _CUT_HAN = 8, 3
# Words that mean the same in headings, each set under one of them.
_ALIKE = {
    "编号": ("编码", "代码", "代号", "号码", "id", "code", "no"),
    "代码": ("编码", "编号", "区划代码", "行政代码", "code", "id"),
    "名称": ("名字", "名", "name"),
}


@dataclass(frozen=True)
class Heading:
    """A column's heading without what stands in brackets behind it."""

    bare: str
    bracket: str | None

    @property
    def unit(self) -> str | None:
        """The unit it states, if any."""
        said = _UNIT_SAID.sub("", self.bracket) if self.bracket else ""
        return said if said and unit_of(said) is not None else None


@dataclass(frozen=True)
class Match:
    """A column that may hold a field."""

    column: str
    field: str
    likeness: float
    """1 is the very name."""
    unit: str | None
    """The unit its heading states, where it is not the field's."""


def heading_of(column: str) -> Heading:
    """A heading taken apart.

    Examples
    --------
    >>> heading_of("宽度（ｃｍ）").bare, heading_of("宽度（ｃｍ）").unit
    ('宽度', 'cm')
    """
    parts = _BRACKET.match(plain(column))
    if parts is None or not parts.group(1):
        return Heading(plain(column), None)
    return Heading(parts.group(1), parts.group(2).strip())


def own_names(name: str, spec: FieldSpec) -> tuple[str, ...]:
    """What a field is called: its name, and its title in Chinese and in English."""
    return (name, *((spec.title.zh, spec.title.en) if spec.title else ()))


def own_match(column: str, name: str, spec: FieldSpec) -> Match | None:
    """The match of a column that is called as the field is, with the unit in brackets or without.

    Examples
    --------
    >>> from geo.model import Title
    >>> width = FieldSpec(type="number", unit="m", title=Title(zh="宽度", en="Width"))
    >>> own_match("宽度(cm)", "width_m", width).unit
    'cm'
    >>> own_match("宽度(亩)", "width_m", width) is None
    True
    """
    names = {plain(one) for one in own_names(name, spec)}
    if plain(column) in names:
        return Match(column, name, 1.0, None)
    heading = heading_of(column)
    if heading.bare in names and heading.unit is not None:
        factor = factor_between(heading.unit, spec.unit)
        if factor is not None:
            return Match(column, name, 1.0, heading.unit if factor != 1 else None)
    return None


def stated_unit(column: str, spec: FieldSpec) -> str | None:
    """The unit a column's heading states, where figures have to be converted from it."""
    unit = heading_of(column).unit
    factor = factor_between(unit, spec.unit) if unit is not None else None
    return unit if factor is not None and factor != 1 else None


def near_misses(
    columns: Iterable[str], fields: Iterable[tuple[str, FieldSpec]]
) -> tuple[Match, ...]:
    """Columns that nearly have a field's name, the likeliest first; each column and field once.

    Parameters
    ----------
    columns : those that are no field's yet
    fields : those that have no column yet

    Examples
    --------
    >>> [match.column for match in near_misses(["Hardend", "备注"], [("hardened", FieldSpec(type="bool"))])]
    ['Hardend']
    """
    found = []
    for column in columns:
        for name, spec in fields:
            match = _near(column, name, spec)
            if match is not None:
                found.append(match)
    found.sort(key=lambda match: -match.likeness)
    taken: list[Match] = []
    for match in found:
        if all(match.column != one.column and match.field != one.field for one in taken):
            taken.append(match)
    return tuple(taken)


def _near(column: str, name: str, spec: FieldSpec) -> Match | None:
    heading = heading_of(column)
    unit = heading.unit
    factor = factor_between(unit, spec.unit) if unit is not None else 1.0
    if factor is None:
        return None
    word = _squeezed(heading.bare)
    if not word:
        return None
    likeness = max(_likeness(word, _squeezed(plain(own))) for own in own_names(name, spec))
    if likeness < NEAR:
        return None
    return Match(column, name, likeness, unit if factor != 1 else None)


def _likeness(word: str, own: str) -> float:
    """How much alike two names are, by the rule that says most."""
    return max(_rules(word, own), default=0.0) if own else 0.0


def _rules(word: str, own: str) -> Iterator[float]:
    if word == own:
        yield 0.99
    core = _AFTER.sub("", _BEFORE.sub("", word))
    if core == own:
        yield 0.97
    han = not own.isascii()
    cut = _NUMBERED.sub("", word)
    # A shapefile keeps ten bytes of a name: ten letters, five Chinese characters of GBK, three of UTF-8.
    if own.startswith(cut) and len(cut) >= (_CUT_HAN if han else _CUT_ASCII):
        yield 0.95
    for other in _ALIKE.get(own, ()):
        if core == other:
            yield 0.9
        elif not other.isascii() and core.endswith(other):
            yield 0.8
    if han and len(own) >= 2 and own in core:
        yield 0.75 + 0.2 * len(own) / len(core)
    if han and len(core) >= 2 and core in own:
        yield 0.72 + 0.2 * len(core) / len(own)
    if len(own) >= 3 and len(core) >= 3:
        ratio = SequenceMatcher(None, core, own).ratio()
        yield 0.9 * ratio if ratio >= 0.8 else 0.0


def _squeezed(word: str) -> str:
    return _SEPARATORS.sub("", word)
