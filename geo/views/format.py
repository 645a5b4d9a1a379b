"""Figures and decisions as words, in Chinese and in English.

Numbers are rounded so that a miss never reads as a hit, and an unknown is never an empty cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from ..assess import REACHES

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
LANGUAGE_TAGS: Mapping[Language, str] = {"zh": "zh-CN", "en": "en"}
"""As a page says in which language it is."""

NOTHING = "—"
"""Stands where there is no figure: a rate with no denominator, a verdict with no target."""

_WORDS: dict[str, tuple[str, str]] = {
    # verdicts
    "met": ("达标", "met"),
    "not_met": ("未达标", "not met"),
    "undecided": ("尚不能判定", "undecided"),
    "no_data": ("无数据", "no data"),
    # three values
    "covered": ("已达到", "covered"),
    "partly_covered": ("部分达到", "covered in part"),
    "not_covered": ("未达到", "not covered"),
    "unknown": ("情况不明", "unknown"),
    # scope
    "in": ("范围内", "in"),
    "partly": ("部分在内", "partly in"),
    "out": ("范围外", "out"),
    "near_edge": ("临界", "near the edge"),
    "all": ("全区", "whole district"),
    "inside": ("仅四至范围内", "only inside the area"),
    "area_share": ("按面积比例", "by share of area"),
    "representative_point": ("按代表点", "by a point inside"),
    "any_overlap": ("有重叠即入", "by any overlap"),
    # levels
    "village": ("村（社区）", "villages and communities"),
    "town": ("镇（街道）", "towns and streets"),
    "district": ("全区合计", "district"),
    # sides
    "north": ("北", "north"),
    "east": ("东", "east"),
    "south": ("南", "south"),
    "west": ("西", "west"),
    # projects
    "cleaning": ("净化", "Cleaning"),
    "greening": ("绿化", "Greening"),
    "hardening": ("硬化", "Hardening"),
    "lighting": ("亮化", "Lighting"),
    "facades": ("美化", "Facades"),
    "certification": ("基层创建", "Certification"),
    "weak_spots": ("薄弱环节", "Weak spots"),
}

_SQUARE_KM_FROM_M2 = 1e6
_MOST_PLACES = 3
_UNITS: dict[str, tuple[str, str]] = {"m": ("米", "m"), "m2": ("平方米", "m²"), "count": ("个", "")}


def word(name: str | None, language: Language = "zh") -> str:
    """The word a reader knows a verdict, decision, level, side, project or value by.

    Parameters
    ----------
    name : the name used in code and JSON; None is a dash, a name that has no word stands as it is
    language : "zh" or "en"

    Returns
    -------
    str

    Examples
    --------
    >>> word("not_met"), word("not_met", "en"), word(None)
    ('未达标', 'not met', '—')
    """
    if name is None:
        return NOTHING
    pair = _WORDS.get(name)
    return name if pair is None else pair[LANGUAGES.index(language)]


def capital(text: str) -> str:
    """A word as it stands by itself, at the head of a column or of a line.

    Examples
    --------
    >>> capital("not covered"), capital("未达到")
    ('Not covered', '未达到')
    """
    return text[:1].upper() + text[1:]


def percent(rate: float | None, places: int = 1) -> str:
    """A rate between 0 and 1 as a percentage, always rounded down.

    Rounding down keeps a comparison with any target that has no more than `places` decimals:
    what prints as 90.0% is at least 90 %, what falls short of 100 % never prints as 100.0%.

    Parameters
    ----------
    rate : dimensionless; None and NaN are a dash
    places : decimals printed

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.9996), percent(1.0), percent(0.57), percent(None)
    ('99.9%', '100.0%', '57.0%', '—')
    """
    if _absent(rate):
        return NOTHING
    # What a verdict takes as reaching a target also prints as reaching it.
    steps = math.floor((float(rate or 0.0) + REACHES) * 10 ** (places + 2))
    return f"{steps / 10**places:.{places}f}%"


def percent_range(lower: float | None, upper: float | None, places: int = 1) -> str:
    """The bounds of a rate; one figure where they are the same.

    Examples
    --------
    >>> percent_range(0.8, 0.9), percent_range(0.8, 0.8), percent_range(None, None)
    ('80.0%–90.0%', '80.0%', '—')
    """
    low, high = percent(lower, places), percent(upper, places)
    return low if low == high else f"{low}–{high}"


def number(value: float | None, places: int = 0) -> str:
    """A number with thousands separated; a dash where there is none.

    Examples
    --------
    >>> number(1234.5), number(12), number(float("nan")), number(0.25, 2)
    ('1,234', '12', '—', '0.25')
    """
    if _absent(value):
        return NOTHING
    return f"{float(value or 0.0):,.{places}f}"


def amount(
    value: float | None, measure: str, language: Language = "zh", places: int | None = None
) -> str:
    """A numerator or denominator with its unit: metres, square metres (kilometres from 1 km²), a count.

    Parameters
    ----------
    value : in the unit of `measure`
    measure : "m", "m2" or "count"
    language : "zh" or "en"
    places : decimals, with which square metres stay what they are; None prints none

    Returns
    -------
    str

    Examples
    --------
    >>> amount(12345.6, "m"), amount(12345.6, "m2", "en"), amount(7, "count"), amount(7, "count", "en")
    ('12,346 米', '12,346 m²', '7 个', '7')
    >>> amount(2.5e6, "m2", "en"), amount(2.5e6, "m2", "en", 1)
    ('2.50 km²', '2,500,000.0 m²')
    """
    if _absent(value):
        return NOTHING
    if places is None and measure == "m2" and abs(value or 0.0) >= _SQUARE_KM_FROM_M2:
        return f"{number((value or 0.0) / 1e6, 2)} {'平方公里' if language == 'zh' else 'km²'}"
    return f"{number(value, places or 0)} {measure_unit(measure, language)}".strip()


def measure_unit(measure: str, language: Language = "zh") -> str:
    """What a measure is counted in; nothing for a count in English.

    Examples
    --------
    >>> measure_unit("m2"), measure_unit("m2", "en"), measure_unit("count", "en")
    ('平方米', 'm²', '')
    """
    return _UNITS.get(measure, (measure, measure))[LANGUAGES.index(language)]


def places_that_add_up(values: Sequence[float]) -> int:
    """With how many decimals numbers have to be printed so that their sum is the sum of what is printed.

    Three at the most.

    Examples
    --------
    >>> places_that_add_up((2.0, 3.0)), places_that_add_up((2.4, 2.4))
    (0, 1)
    """
    for places in range(_MOST_PLACES):
        as_printed = sum(round(one, places) for one in values)
        if math.isclose(as_printed, round(sum(values), places), abs_tol=1e-6):
            return places
    return _MOST_PLACES


def size(count: int) -> str:
    """How large a file of so many bytes is.

    Examples
    --------
    >>> size(52), size(22_211), size(1_100_000)
    ('52 B', '22.2 KB', '1.1 MB')
    """
    for unit, scale in (("MB", 1e6), ("KB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"


def sides(names: Sequence[str], language: Language = "zh") -> str:
    """Edges in words, in the order given.

    Examples
    --------
    >>> sides(("south", "west")), sides(("south", "west"), "en"), sides(())
    ('南、西', 'south, west', '—')
    """
    if not names:
        return NOTHING
    return ("、" if language == "zh" else ", ").join(word(name, language) for name in names)


def yes_no(value: object, language: Language = "zh") -> str:
    """A three-valued attribute in words: what is missing is unknown, never no.

    Examples
    --------
    >>> yes_no(True), yes_no(False), yes_no(None), yes_no(float("nan"), "en")
    ('是', '否', '情况不明', 'unknown')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return word("unknown", language)
    try:
        answer = bool(value)
    except TypeError:  # pandas.NA will not say
        return word("unknown", language)
    return {"zh": ("否", "是"), "en": ("no", "yes")}[language][answer]


def _absent(value: float | None) -> bool:
    return value is None or math.isnan(value)
