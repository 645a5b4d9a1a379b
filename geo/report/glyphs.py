"""Characters that the embedded face has no sign for, written as what they are instead of as a box."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PUNCTUATION = frozenset("\u200b\u3000，。；：？！、（）《》“”‘’—–…·〔〕【】％＿±²³×÷≤≥ⅠⅡⅢ")
_LATEST_OF_OLD = 0x9FEF
"""The block of common characters grew at its end after the face was drawn."""


def with_signs(text: str, face: Path, name: str) -> str:
    """The text with code points, as `〔U+1F600〕`, in place of characters that the face cannot show.

    Parameters
    ----------
    text : any
    face : a font file, or a collection of them
    name : of the font within the collection

    Examples
    --------
    >>> from geo.report.pdf import FONT, font_file
    >>> with_signs("𬭚㙍村\U0001f600", font_file(), FONT)
    '𬭚㙍村〔U+1F600〕'
    """
    rare = {ord(char) for char in set(text) if not _common(char)}
    lacking = rare - _signs(face, name) if rare else rare
    return text.translate({point: f"〔U+{point:04X}〕" for point in lacking}) if lacking else text


def _common(char: str) -> bool:
    return char < "\x7f" or "\u4e00" <= char <= chr(_LATEST_OF_OLD) or char in _PUNCTUATION


@cache
def _signs(face: Path, name: str) -> frozenset[int]:
    from fontTools.ttLib import TTCollection, TTFont

    if face.suffix != ".ttc":
        return frozenset(TTFont(face, lazy=True).getBestCmap())
    fonts = TTCollection(str(face), lazy=True).fonts
    chosen = next(font for font in fonts if font["name"].getDebugName(1) == name)
    return frozenset(chosen.getBestCmap())
