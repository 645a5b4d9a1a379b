"""Text that was read in the wrong encoding: how it is recognised, and what it said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..said import Said, joined, quoted
from ..validate import find_column
from .evidence import Check, Evidence, LayerRows, Observation, amount

LOST = ("\ufffd", "锟斤拷", "烫烫烫", "屯屯屯", "ï¿½")
"""What is left of text once a decoder has given up: it cannot be got back."""
ODD = frozenset("?" + "".join(LOST))
SHOWN = 3
PIECE = 100_000
Garbled = tuple[str | None, Literal["lost", "misread"]]


def mojibake(rows: LayerRows, evidence: Evidence) -> Iterator[Observation]:
    """Text in another encoding than it was read in, with what it would say in the right one."""
    for name in rows.layer.fields:
        garbled = garbled_entries(rows, name)
        if not garbled:
            continue
        column = rows.stored[stored_column(rows, name)]
        mask = column.isin(list(garbled)).to_numpy(dtype=bool)
        readable = [(text, meant) for text, (meant, _) in garbled.items() if meant is not None]
        samples = [
            Said(f"{text!r} for {meant!r}", f"{quoted(text).zh}（应为{quoted(meant).zh}）")
            for text, meant in readable[:SHOWN]
        ]
        samples += [quoted(text) for text, (meant, _) in garbled.items() if meant is None]
        whole = len(readable) == len(garbled)
        yield rows.observe(
            "mojibake",
            "warning",
            mask,
            found=Said(
                f"{name} of {amount(int(mask.sum()), 'row')} in a wrong encoding, such as ",
                f"{int(mask.sum()):,} 行的{rows.layer.field_called(name).zh}编码有误，如",
            )
            + joined(samples[:SHOWN]),
            expected=Said("text as it was written", "文字与原文一致"),
            remedy=Said(
                "--repair reads it again in the right encoding; better, import the file again",
                "可用 atlas check --repair 按正确编码重读；最好重新导入文件",
            )
            if whole and mendable(rows, name)
            else Said(
                "import the file again with the right encoding; what is lost here cannot be got back",
                "按正确编码重新导入文件；此处已丢失的文字无法恢复",
            ),
            repairable=whole and mendable(rows, name),
        )


def garbled_entries(rows: LayerRows, name: str) -> dict[str, Garbled]:
    """The entries of a field that are garbled, each with what it meant (None: lost)."""
    column = stored_column(rows, name)
    if column is None or rows.layer.fields[name].type not in ("text", "category", "bool"):
        return {}
    stored = rows.stored[column]
    if not (pd.api.types.is_string_dtype(stored.dtype) or stored.dtype == object):
        return {}
    # Nearly always no character of the whole column is odd, and no entry need be looked at.
    entries = _different(stored)
    odd = {char for char in set().union(*map(set, _joined(entries))) if _is_odd(char)}
    if not odd:
        return {}
    found = {}
    for entry in dict.fromkeys(entries):
        if not odd.isdisjoint(entry):
            verdict = read_again(entry)
            if verdict is not None:
                found[entry] = verdict
    return found


def _different(stored: pd.Series) -> NDArray[np.object_]:
    """The different entries of a column that are text; none where no character can be odd."""
    if stored.dtype == object:
        texts = [entry for entry in stored.dropna() if isinstance(entry, str)]
        return np.array([*dict.fromkeys(texts)], dtype=object)
    held = pa.array(stored, type=pa.large_string(), from_pandas=True)
    chunks = held.chunks if isinstance(held, pa.ChunkedArray) else [held]
    if all(_is_plain(chunk) for chunk in chunks):
        return np.array([], dtype=object)
    different = pc.drop_null(pc.unique(held))
    return np.asarray(different.to_numpy(zero_copy_only=False), dtype=object)


def _is_plain(texts: pa.Array) -> bool:
    """Whether all bytes are ASCII and none is odd: told from the column as it lies in memory."""
    data = texts.buffers()[2]
    if data is None:
        return True
    held = np.bincount(np.frombuffer(data, dtype=np.uint8), minlength=256)
    return not held[128:].any() and not any(held[ord(char)] for char in ODD if char.isascii())


def _joined(texts: NDArray[np.object_]) -> Iterator[str]:
    """The texts in long pieces, whose characters are quickly told."""
    for start in range(0, len(texts), PIECE):
        yield "".join(texts[start : start + PIECE].tolist())


def _is_odd(char: str) -> bool:
    """Whether a character occurs in garbled text and seldom elsewhere; garbled text has one at least."""
    if char in ODD:
        return True
    return not char.isascii() and ("\x80" <= char <= "\xff" or not _encodes(char, "gb2312"))


def stored_column(rows: LayerRows, name: str) -> str | None:
    """The stored column of a declared field."""
    return find_column(rows.stored, name)


def mendable(rows: LayerRows, name: str) -> bool:
    """Whether a field's text may be mended without touching what figures or references rest on."""
    spec = rows.layer.fields[name]
    return spec.type == "text" and name != rows.layer.key and not spec.refers_to


def read_again(text: str) -> Garbled | None:
    """What garbled text meant, or None where the text is not garbled.

    Parameters
    ----------
    text : as stored

    Returns
    -------
    tuple or None
        The text in the right encoding (None where it is lost) and whether it was lost or misread.

    Examples
    --------
    >>> read_again("Ãû³Æ"), read_again("鍚嶇О"), read_again("å\\x90\\x8dç§°")
    (('名称', 'misread'), ('名称', 'misread'), ('名称', 'misread'))
    >>> read_again("锟斤拷")
    (None, 'lost')
    >>> read_again("东风路"), read_again("Calle León y Castillo")
    (None, None)
    """
    if any(mark in text for mark in LOST) or (len(text) > 1 and set(text) == {"?"}):
        return None, "lost"
    if text.isascii():
        return None
    for readings in (_utf8_as_latin, _gbk_as_latin, _utf8_as_gbk):
        meant = readings(text)
        if meant is not None:
            return meant, "misread"
    return None


def _utf8_as_latin(text: str) -> str | None:
    """Chance all but never makes Western text valid UTF-8 beyond ASCII."""
    for latin in ("latin-1", "cp1252"):
        meant = _recode(text, latin, "utf-8")
        if meant is not None:
            return meant
    return None


def _gbk_as_latin(text: str) -> str | None:
    """Pairs of Western letters with accents, and little else, that are common Chinese characters."""
    high = [char for char in text if not char.isascii()]
    if len(high) * 2 < len(text) or len(high) < 2:
        return None
    for latin in ("latin-1", "cp1252"):
        meant = _recode(text, latin, "gb2312")
        if meant is not None and _mostly_common(meant):
            return meant
    return None


def _utf8_as_gbk(text: str) -> str | None:
    """Rare characters that are, byte for byte, common ones in UTF-8."""
    if _encodes(text, "gb2312"):
        return None
    meant = _recode(text, "gb18030", "utf-8")
    if meant is None or not all(char.isascii() or _encodes(char, "gb2312") for char in meant):
        return None
    return meant


def _recode(text: str, read_as: str, written_as: str) -> str | None:
    """The text had it been read as it was written; None unless that is possible to the last byte."""
    try:
        meant = text.encode(read_as).decode(written_as)
    except UnicodeError:
        return None
    if meant == text or not meant.isprintable():
        return None
    return meant if meant.encode(written_as).decode(read_as) == text else None


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True


def _mostly_common(text: str) -> bool:
    """Whether most of the text's wide characters are among the 3,755 common ones of GB 2312.

    Chance makes rare ones of two small letters with accents; the common ones need capitals and signs.
    """
    first_bytes = [char.encode("gb2312")[0] for char in text if not char.isascii()]
    common = sum(0xB0 <= byte <= 0xD7 for byte in first_bytes)
    return bool(common) and common * 2 >= len(first_bytes)


CHECKS: tuple[Check, ...] = (mojibake,)
