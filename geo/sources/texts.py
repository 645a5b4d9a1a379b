"""Bytes → text, by what they can only be: UTF-8, UTF-16 with its mark, or GB18030 that makes sense."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ..said import Said
from .base import refuse

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_COMMON_RATE = 0.8
"""Of Chinese text, at least this share of characters is in GB 2312; of other bytes taken for it, less."""
_SAMPLE_CHARACTERS = 200_000


@dataclass(frozen=True)
class Decoded:
    """A file's text and the encoding it turned out to be in."""

    text: str
    encoding: str
    note: Said | None
    """Set where the encoding had to be found out."""


def decode(raw: bytes, name: str) -> Decoded:
    """Text from bytes that do not say their encoding, or may say it wrongly.

    Parameters
    ----------
    raw : the whole file
    name : of the file, to speak of it

    Raises
    ------
    SourceError
        It is no text in UTF-8, UTF-16 with a byte order mark, or GB18030 (which GBK and GB 2312 are part of).

    Examples
    --------
    >>> decode("编号,名称".encode("gbk"), "a.csv").text
    '编号,名称'
    """
    for mark, codec, encoding in _MARKS:
        if raw.startswith(mark):
            try:
                return Decoded(raw.decode(codec), encoding, None)
            except UnicodeDecodeError as error:
                raise _no_text(
                    name,
                    Said(
                        f"damaged {encoding} text at byte {error.start}",
                        f"{encoding} 文字在第 {error.start} 字节处损坏",
                    ),
                ) from error
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
    else:
        return Decoded(text, "UTF-8", None)
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if not is_chinese(text):
        raise _no_text(
            name,
            Said(
                f"text that is neither UTF-8 (at byte {at}) nor GBK",
                f"文字既非 UTF-8（第 {at} 字节）也非 GBK",
            ),
        )
    return Decoded(
        text,
        "GB18030",
        Said(
            "text read as GB18030: it is not UTF-8, and is GBK",
            "文字按 GB18030 读取：不是 UTF-8，是 GBK",
        ),
    )


def is_chinese(text: str) -> bool:
    """Whether what lies beyond ASCII is mostly in GB 2312, as Chinese text is.

    Examples
    --------
    >>> is_chinese("海陵区"), is_chinese("café crème".encode("latin-1").decode("gb18030", "replace"))
    (True, False)
    """
    beyond = [sign for sign in text[:_SAMPLE_CHARACTERS] if not sign.isascii()]
    common = sum(1 for sign in beyond if _is_common(sign))
    return bool(beyond) and common >= _COMMON_RATE * len(beyond)


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text, and not of a markup or object notation.

    Examples
    --------
    >>> looks_like_text(b"id,name"), looks_like_text(b"<kml>"), looks_like_text(bytes(4))
    (True, False, False)
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    plain = head.removeprefix(codecs.BOM_UTF8)
    if plain.lstrip().startswith((b"{", b"[", b"<", b"%PDF", b"PK\x03\x04")):
        return False
    control = any(sign < 32 and sign not in b"\t\r\n\f" for sign in plain)
    return bool(plain.strip()) and not control


def _is_common(sign: str) -> bool:
    try:
        sign.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _no_text(name: str, found: Said) -> Exception:
    return refuse(
        name,
        found,
        Said("text in UTF-8 or GBK", "UTF-8 或 GBK 文字"),
        Said("save it again as UTF-8", "另存为 UTF-8"),
    )
