"""A corpus of broken files: each a good one of some format with something in it changed, the same every time."""

from __future__ import annotations

import random
import re
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from seeds import SEEDS, Seed, repacked, seed_bytes

COUNT = 2100
_SEED = "chengxiang 2007"
_EXTREMES = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    0x7FFFFFFFFFFFFFFF,
)
_FORMS = ("<B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_HEADER_BYTES = 256
_TEXTUAL = frozenset({"GeoJSON", "KML", "GPX", "DXF", "CSV"})
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_NUMBERS = (
    b"1e999",
    b"-1e308",
    b"NaN",
    b"",
    b"9" * 400,
    b"-0",
    b"1e-320",
    "１２".encode(),
    b"0x7f",
    b"1,5",
    b"--3",
)
_WORDS = (b"\x00", b"\xff\xfe", b"\x1b[31m", b"<", b"]]>", b'"', b"\\", b"{" * 2000, b"\r", b"\n" * 500, b"&x;", b"\xed\xa0\x80")  # fmt: skip
Change = Callable[[random.Random, bytes], bytes]


@dataclass(frozen=True)
class Case:
    """One broken file."""

    number: int
    seed: Seed
    how: str
    parts: dict[str, bytes]

    @property
    def name(self) -> str:
        """What it is, to find it again."""
        return f"{self.number}: {self.seed.name}, {self.how}"

    def write(self, folder: Path) -> Path:
        """Write it with its companions; returns the path of the main file."""
        stem = self.seed.name.partition(".")[0]
        for suffix, content in self.parts.items():
            (folder / f"{stem}{suffix}").write_bytes(content)
        return folder / self.seed.name


def case(number: int) -> Case:
    """The broken file of that number."""
    seed = SEEDS[number % len(SEEDS)]
    chance = random.Random(f"{_SEED} {number}")
    parts = dict(_good(seed))
    suffix = chance.choice(sorted(parts))
    changes = _BINARY + (_TEXT * 2 if seed.format in _TEXTUAL else ())
    change = chance.choice(changes)
    how = f"{change.__name__.strip('_')} of {suffix}"
    if len(parts) > 1 and chance.random() < 0.05:
        if suffix == seed.name[seed.name.index(".") :]:
            parts[suffix] = b""
        else:
            del parts[suffix]
        return Case(number, seed, f"without {suffix}", parts)
    packed = parts[suffix].startswith(b"PK\x03\x04")
    if packed and chance.random() < 0.7:
        parts[suffix], inside = _inside(chance, parts[suffix], change)
        how += f" ({inside})"
    else:
        parts[suffix] = change(chance, parts[suffix])
    return Case(number, seed, how, parts)


@cache
def _good(seed: Seed) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return seed_bytes(seed, Path(folder) / "good")


def _inside(chance: random.Random, content: bytes, change: Change) -> tuple[bytes, str]:
    """A member of the archive changed, and the archive made whole again around it."""
    names: list[str] = []
    repacked(content, lambda name, part: names.append(name) or part)
    chosen = chance.choice(names)
    made = repacked(content, lambda name, part: change(chance, part) if name == chosen else part)
    return made, chosen


def _at(chance: random.Random, content: bytes) -> int:
    """A place, half of the time near the start, where files say what they are."""
    within = min(len(content), _HEADER_BYTES) if chance.random() < 0.5 else len(content)
    return chance.randrange(max(within, 1))


def _bytes_flipped(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content or b"\0")
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        changed[_at(chance, changed)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _bytes_replaced(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content or b"\0")
    at = _at(chance, changed)
    length = chance.choice((1, 4, 64, 1024))
    changed[at : at + length] = chance.randbytes(min(length, len(changed) - at))
    return bytes(changed)


def _cut_short(chance: random.Random, content: bytes) -> bytes:
    return content[: _at(chance, content)]


def _header_lies(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content.ljust(16, b"\0"))
    for _ in range(chance.choice((1, 1, 3))):
        form = chance.choice(_FORMS)
        size = struct.calcsize(form)
        at = min(_at(chance, changed), len(changed) - size)
        value = chance.choice(_EXTREMES) & ((1 << 8 * size) - 1)
        struct.pack_into(form, changed, at, value)
    return bytes(changed)


def _zeros(chance: random.Random, content: bytes) -> bytes:
    at = _at(chance, content)
    length = chance.choice((8, 512, 4096))
    return content[:at] + bytes(min(length, len(content) - at)) + content[at + length :]


def _doubled(chance: random.Random, content: bytes) -> bytes:
    start, end = sorted((_at(chance, content), _at(chance, content)))
    return content[:end] + content[start:end] * chance.choice((1, 2, 50)) + content[end:]


def _taken_out(chance: random.Random, content: bytes) -> bytes:
    at = _at(chance, content)
    return content[:at] + content[at + chance.choice((1, 2, 16, 700)) :]


def _put_in(chance: random.Random, content: bytes) -> bytes:
    at = _at(chance, content)
    return content[:at] + chance.randbytes(chance.choice((1, 3, 100))) + content[at:]


def _number_changed(chance: random.Random, content: bytes) -> bytes:
    found = list(_NUMBER.finditer(content))
    for match in sorted(chance.sample(found, min(len(found), 3)), key=lambda m: -m.start()):
        content = content[: match.start()] + chance.choice(_NUMBERS) + content[match.end() :]
    return content


def _word_put_in(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(_WORDS) + content[at:]


def _line_lost(chance: random.Random, content: bytes) -> bytes:
    pieces = re.split(rb"([\n>,])", content)
    del pieces[chance.randrange(len(pieces))]
    return b"".join(pieces)


_BINARY: tuple[Change, ...] = (
    _bytes_flipped, _bytes_replaced, _cut_short, _header_lies, _header_lies, _zeros, _doubled, _taken_out, _put_in,
)  # fmt: skip
_TEXT: tuple[Change, ...] = (_number_changed, _word_put_in, _line_lost)
