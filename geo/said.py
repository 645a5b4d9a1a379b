"""A text said in both languages, which to every program is its English."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Said(str):
    """What the program says to a reader: an English string that knows its Chinese.

    It compares, prints and goes into JSON as the English, so that what other programs read does not depend on
    anyone's language; `in_language` gives a reader theirs. What is made of it by `str`'s own methods, or by an
    f-string, is English alone: put texts together with `+`, `joined` and `mapped`, or say both anew.

    Examples
    --------
    >>> text = Said("3 rows", "3 行")
    >>> text == "3 rows", text.zh, (text + Said(" left out", "未采用")).zh
    (True, '3 行', '3 行未采用')
    """

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Said:
        """The English, and the Chinese of it."""
        made = super().__new__(cls, en)
        made.zh = zh
        return made

    def __getnewargs__(self) -> Any:
        """So that it is copied and goes from process to process with its Chinese."""
        return str(self), self.zh

    def __add__(self, other: str) -> Said:
        """Followed by another text; what has no Chinese is said as it is."""
        return Said(str(self) + str(other), self.zh + in_language(other, "zh"))

    def __radd__(self, other: str) -> Said:
        """Preceded by another text."""
        return Said(str(other) + str(self), in_language(other, "zh") + self.zh)

    def mapped(self, change: Callable[[str], str]) -> Said:
        """The same change made to both: a path taken out, what cannot be printed replaced."""
        return Said(change(str(self)), change(self.zh))


NOTHING = Said("", "")
"""Where there is nothing to say."""


def alike(text: object) -> Said:
    """What reads the same in both languages: a name, a figure, a range of dates."""
    return Said(str(text), str(text))


def in_language(text: str, language: str) -> str:
    """The text in `language` ("zh" or "en"); as it is where it has no Chinese.

    Examples
    --------
    >>> in_language(Said("a line", "一行"), "zh"), in_language("Dongfeng Rd", "zh")
    ('一行', 'Dongfeng Rd')
    """
    return text.zh if language == "zh" and isinstance(text, Said) else str(text)


def joined(parts: Iterable[str], en: str = ", ", zh: str = "、") -> Said:
    """Texts one after the other.

    Examples
    --------
    >>> joined(["a", Said("two", "二")]).zh
    'a、二'
    """
    parts = list(parts)
    return Said(en.join(map(str, parts)), zh.join(in_language(part, "zh") for part in parts))


def quoted(entry: object) -> Said:
    """An entry of a file as it is quoted: control characters are written out.

    Examples
    --------
    >>> print(quoted("12 m"), quoted("12 m").zh)
    '12 m' “12 m”
    """
    written = repr(str(entry))
    return Said(written, f"“{written[1:-1]}”")
