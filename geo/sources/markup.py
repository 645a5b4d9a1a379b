"""XML as data only: no entity, no other file, and every element knows its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from ..said import Said
from .base import refuse
from .limits import require_size
from .texts import decode

DEEPEST = 100
MOST_ELEMENTS = 1_500_000
"""Within one that is wanted: about 400 MB of memory."""
_MOST_AROUND = 20
"""So many children of an element around those wanted are kept: its name, say."""
_HEAD_BYTES = 4096
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_CHUNK = 1 << 20


@dataclass(eq=False, slots=True)
class Element:
    """One element with what is inside it; its tag is without any prefix."""

    tag: str
    line: int
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    raw_text: str = ""

    @property
    def text(self) -> str:
        """Its own text, trimmed."""
        return self.raw_text.strip()

    def all(self, tag: str) -> list[Element]:
        """Its children of that tag."""
        return [child for child in self.children if child.tag == tag]

    def word(self, tag: str) -> str | None:
        """The text of its first child of that tag; None where there is none or it is empty."""
        return next((child.text for child in self.children if child.tag == tag), None) or None

    def within(self) -> Iterator[Element]:
        """The elements it lies in, from the nearest outwards."""
        outer = self.parent
        while outer is not None:
            yield outer
            outer = outer.parent


def starts_with_root(path: Path, root: str) -> bool:
    """Whether a file is XML whose first elements have one of that tag."""
    with path.open("rb") as stream:
        # In UTF-16 every other byte is zero.
        head = stream.read(_HEAD_BYTES).replace(b"\x00", b"")
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return start.startswith(b"<") and re.search(rb"<(\w+:)?%b\b" % root.encode(), head) is not None


def each(
    raw: bytes, name: str, tags: frozenset[str], take: Callable[[Element], None]
) -> Said | None:
    """Hand over each element of some tags as it ends, and forget it.

    Parameters
    ----------
    raw : the whole file
    name : of the file, to speak of it
    tags : of the elements wanted; one inside another is part of that one
    take : called with each, in the order of the file; what it lies in has only the first few of its
        plain children

    Returns
    -------
    Said or None
        How the encoding was found, where the file does not say it rightly.

    Raises
    ------
    SourceError
        It is not XML, declares entities, or is nested too deeply.
    """
    require_size(name, len(raw), "xml_mib", Said("XML", "XML"))
    raw, encoding, note = _in_unicode(raw, name)
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    root = Element("", 0, {})
    now = root
    depth = inside = count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal now, depth, inside, count
        depth += 1
        count = count + 1 if inside else 0
        if count > MOST_ELEMENTS:
            raise refuse(
                name,
                Said(
                    f"more than {MOST_ELEMENTS} elements in one {_outermost(now, tags)}",
                    f"一个 {_outermost(now, tags)} 内超过 {MOST_ELEMENTS:,} 个元素",
                ),
                Said("fewer", "较少"),
                Said("cut it into several", "拆成几个文件"),
            )
        if depth > DEEPEST:
            raise refuse(
                name,
                Said(f"XML nested more than {DEEPEST} deep", f"XML 嵌套超过 {DEEPEST} 层"),
                Said("a plain file", "普通文件"),
                Said("export it again", "重新导出"),
            )
        element = Element(_local(tag), parser.CurrentLineNumber, attributes, now)
        now.children.append(element)
        now = element
        inside += element.tag in tags

    def end(_: str) -> None:
        nonlocal now, depth, inside
        depth -= 1
        element, outer = now, now.parent
        assert outer is not None
        now = outer
        if element.tag in tags:
            inside -= 1
            if not inside:
                take(element)
                outer.children.pop()
        elif not inside and (element.children or len(outer.children) > _MOST_AROUND):
            outer.children.pop()

    def text(more: str) -> None:
        now.raw_text += more

    def refuse_entity(*_: object) -> None:
        raise refuse(
            name,
            Said("an entity declaration", "含实体声明"),
            Said("plain XML", "普通 XML"),
            Said("export it again without a DOCTYPE", "不带 DOCTYPE 重新导出"),
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refuse_entity
    parser.ExternalEntityRefHandler = None
    try:
        for at in range(0, max(len(raw), 1), _CHUNK):
            parser.Parse(raw[at : at + _CHUNK], at + _CHUNK >= len(raw))
    except expat.ExpatError as error:
        raise refuse(
            name,
            Said(
                f"XML that is broken at line {error.lineno} ({expat.ErrorString(error.code)})",
                f"XML 在第 {error.lineno} 行损坏（{expat.ErrorString(error.code)}）",
            ),
            Said("whole XML", "完整的 XML"),
            Said("export it again", "重新导出"),
        ) from error
    return note


def _in_unicode(raw: bytes, name: str) -> tuple[bytes, str | None, Said | None]:
    """The bytes as expat can read them, and the encoding where it must not look at the declaration.

    expat knows no GBK; and files that say UTF-8 and are GBK are met with.
    """
    declared = _DECLARED.match(raw)
    word = declared.group(1).decode("ascii").upper() if declared else "UTF-8"
    if word not in ("UTF-8", "UTF8", "GBK", "GB2312", "GB18030"):
        return raw, None, None
    decoded = decode(raw, name)
    if decoded.encoding == "UTF-16":
        return raw, None, None
    said = "UTF-8" if word in ("UTF-8", "UTF8") else "GB18030"
    note = None
    if declared and decoded.encoding != said and not raw.isascii():
        note = Said(
            f"text read as {decoded.encoding}, though the file says {word}",
            f"文字按 {decoded.encoding} 读取，而文件注明 {word}",
        )
    return decoded.text.encode("utf-8"), "utf-8", note


def _outermost(element: Element, tags: frozenset[str]) -> str:
    return next((one.tag for one in (element, *element.within()) if one.tag in tags), "element")


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]
