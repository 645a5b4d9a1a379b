"""Words for yes, no and unknown in Chinese and English, and how a word is compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

import numpy as np

from ..model import FieldSpec

UNKNOWN = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "?", "n/a", "na", "nan", "nil", "null", "none", "<na>"}
    | {"unknown", "不详", "不明", "未知", "不清楚", "待查", "待定", "未调查", "未填", "空"}
)
_YES = frozenset(
    {"yes", "y", "true", "t", "on", "1", "100%", "done", "complete", "completed"}
    | {"是", "有", "对", "√", "✓", "✔", "☑", "已", "完成", "已完成", "达标", "已达标", "合格"}
)
_NO = frozenset(
    {"no", "n", "false", "f", "off", "0", "0%", "not done", "incomplete"}
    | {"否", "无", "没有", "错", "×", "✗", "✘", "☒", "未", "未完成", "不达标", "未达标", "不合格"}
)
_DONE = ("硬化", "亮化", "保洁", "改造", "出新", "创建", "绿化", "净化", "美化", "整改")
"""What may be done to a thing: `硬化` and `已硬化` say yes, `未硬化` no, of a field with that title."""
_CONDITION = ("完好", "正常", "状态", "亮灯", "运行", "working", "condition", "state")
_CONDITION_YES = frozenset({"完好", "正常"})
_CONDITION_NO = frozenset({"损坏", "故障"})
_DONE_YES = frozenset({word for act in _DONE for word in (act, f"已{act}")})
_DONE_NO = frozenset({f"未{act}" for act in _DONE})

YES = _YES | _DONE_YES | _CONDITION_YES
NO = _NO | _DONE_NO | _CONDITION_NO

_NEGATIVE_TITLE = re.compile(r"[无未不非没]|no |not |without ")
_OF_PRESENCE = frozenset({"有", "无", "没有"})
_DECIMALS = re.compile(r"(\d+)\.0+(%?)")
_BRACKETS = re.compile(r"\s*[(\[].*[)\]]\s*")


class UnreadableError(Exception):
    """An entry that says nothing the declaration knows."""

    def __init__(self, code: str = "unreadable-value") -> None:
        self.code = code
        super().__init__(code)


def plain(word: object) -> str:
    """A word in the form the vocabularies use: full-width forms made plain, trimmed, case folded.

    Examples
    --------
    >>> plain("　ＹＥＳ ")
    'yes'
    """
    return unicodedata.normalize("NFKC", str(word)).strip().casefold()


def bool_reader(
    spec: FieldSpec, words: Mapping[str, bool | str]
) -> Callable[[object], bool | None]:
    """How an entry of a three-valued field is read.

    Parameters
    ----------
    spec : the field; words that name an act or a state (`未硬化`, `损坏`) count only where its title
        speaks of the same, since in another column they are a slip
    words : further words in the form of `plain`, which come first
    """
    yes, no = _vocabulary(spec)
    # With words for yes and for no given, the rest is unknown by intent.
    whole = bool(words) and set(words.values()) == {True, False}
    titles = (plain(spec.title.zh), plain(spec.title.en)) if spec.title else ()
    # "No litter: none" may say that there is none, or that this is not so.
    twofold = any(_NEGATIVE_TITLE.match(title) for title in titles)

    def read(value: object) -> bool | None:
        if isinstance(value, (bool, np.bool_)):
            word = "true" if value else "false"
        else:
            word = _DECIMALS.sub(r"\1\2", word_of(value))
        if word in words:
            return bool(words[word])
        if whole or word in UNKNOWN:
            return None
        if twofold and word in _OF_PRESENCE:
            raise UnreadableError("ambiguous-value")
        if word not in yes and word not in no:
            raise UnreadableError
        return word in yes

    return read


def category_reader(
    spec: FieldSpec, words: Mapping[str, bool | str]
) -> Callable[[object], str | None]:
    """How an entry of a category is read: its values, their titles in both languages, `words` first."""
    known: dict[str, str] = {}
    short: dict[str, set[str]] = {}
    for value, title in spec.value_titles.items():
        for text in (plain(title.zh), plain(title.en)):
            known[text] = value
            short.setdefault(_BRACKETS.sub("", text), set()).add(value)
    for text, values in short.items():
        if text and len(values) == 1:
            known.setdefault(text, next(iter(values)))
    known.update({plain(value): value for value in spec.values})
    known.update({word: str(value) for word, value in words.items()})

    def read(value: object) -> str | None:
        word = word_of(value)
        if word in known:
            return known[word]
        if word in UNKNOWN:
            return None
        raise UnreadableError

    return read


def text_of(value: object) -> str:
    """An entry as text: a code that went through a spreadsheet, 321202001.0, is 321202001."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat is not None else str(value)


def word_of(value: object) -> str:
    """An entry as a word to compare."""
    return plain(text_of(value))


def _vocabulary(spec: FieldSpec) -> tuple[frozenset[str], frozenset[str]]:
    if spec.title is None:
        return YES, NO
    title = f"{plain(spec.title.zh)} {plain(spec.title.en)}"
    yes, no = set(_YES), set(_NO)
    for act in _DONE:
        if act in title:
            yes |= {act, f"已{act}"}
            no |= {f"未{act}"}
    if any(word in title for word in _CONDITION):
        yes |= _CONDITION_YES
        no |= _CONDITION_NO
    return frozenset(yes), frozenset(no)
