"""Colours are told apart without their hue, and what stands on them can be read."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

import geo.views
from geo.views import palette

READABLE = 4.5
"""The contrast that WCAG asks of text."""
APART = 12.0
"""Of CIE lightness, 0 to 100: as far as two greys have to be apart to be told from each other in a legend."""
PAPER = (1.0, 1.0, 1.0)
STYLES = sorted(Path(geo.views.__file__).parent.glob("atlas_*.css"))
CHIP = re.compile(
    r"\.atlas-chip\.(\w+)[^{]*\{[^}]*?background: (#\w+);[^}]*?(?<!-)\bcolor: (#\w+);"
)


def channels(colour: str) -> tuple[float, ...]:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * one for one in digits)
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


def luminance(rgb: tuple[float, ...]) -> float:
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lightness(rgb: tuple[float, ...]) -> float:
    return float(116 * luminance(rgb) ** (1 / 3) - 16)


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(channels(one)), luminance(channels(other))))
    return (light + 0.05) / (dark + 0.05)


def on_paper(fill: str, opacity: float) -> tuple[float, ...]:
    pairs = zip(channels(fill), PAPER, strict=True)
    return tuple(opacity * ink + (1 - opacity) * paper for ink, paper in pairs)


@pytest.mark.parametrize("pair", list(combinations(palette.VERDICTS, 2)), ids=" ".join)
def test_verdicts_differ_in_lightness(pair: tuple[str, str]) -> None:
    one, other = (
        lightness(on_paper(look.fill or "#ffffff", look.fill_opacity or 0.0))
        for look in (palette.VERDICTS[name] for name in pair)
    )
    assert abs(one - other) >= APART


def test_black_and_white_are_as_far_apart_as_can_be() -> None:
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert lightness(channels("#ffffff")) == pytest.approx(100)


def chips() -> list[tuple[str, str, str, str]]:
    return [
        (file.name, *found)
        for file in STYLES
        for line in file.read_text(encoding="utf-8").splitlines()
        for found in CHIP.findall(line)
    ]


@pytest.mark.parametrize("chip", chips(), ids=lambda chip: f"{chip[0]} {chip[1]}")
def test_words_on_chips_can_be_read_and_verdicts_look_as_on_the_map(
    chip: tuple[str, str, str, str],
) -> None:
    _, name, ground, ink = chip
    assert contrast(ground, ink) >= READABLE
    if name in palette.ON_VERDICTS:
        assert ground == palette.VERDICTS[name].fill
        assert channels(ink) == channels(palette.ON_VERDICTS[name])


def test_each_verdict_has_its_chip_in_cards_and_in_lists() -> None:
    for file in ("atlas_cards.css", "atlas_table.css"):
        named = {name for where, name, *_ in chips() if where == file}
        assert set(palette.VERDICTS) <= named


def test_small_grey_text_can_be_read_on_every_ground_it_stands_on() -> None:
    grounds = ("#ffffff", "#fbfaf7", "#f0eee8")
    for file in STYLES:
        text = file.read_text(encoding="utf-8")
        for ink in set(re.findall(r"(?<![-\w])color: (#[3-7]\w{5})", text)):
            for ground in grounds:
                assert contrast(ink, ground) >= READABLE, (file.name, ink, ground)
