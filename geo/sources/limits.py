"""How much a user's file may ask for: one place, read from the environment, with sane defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields

from ..errors import DeclarationError, meant
from ..said import Said, joined
from .base import refuse

PREFIX = "ATLAS_LIMIT_"
_MIB = 1 << 20


def _limit(default: int, help_: str) -> int:
    given: int = field(default=default, metadata={"help": help_})
    return given


@dataclass(frozen=True)
class Limits:
    """What opening one file may cost; each is a variable `ATLAS_LIMIT_…` of the environment.

    Time and memory grow with the file, from what is enough for a small one to the most that is ever
    given: a small file has no business taking much.
    """

    file_mib: int = _limit(4096, "the largest file that is opened, with its companions")
    seconds: int = _limit(6, "processor time a small file may take, after the start")
    seconds_per_mib: int = _limit(6, "and this much more for each MiB of the file")
    seconds_at_most: int = _limit(1800, "and never more than this")
    wall_factor: int = _limit(4, "wall clock time, as a multiple of the processor time")
    memory_mib: int = _limit(640, "memory a small file may take, beyond what the libraries take")
    memory_per_mib: int = _limit(24, "and so many MiB more for each MiB of the file")
    memory_at_most_mib: int = _limit(6144, "and never more than this")
    written_mib: int = _limit(4096, "the largest file that may be written while it is opened")
    open_files: int = _limit(256, "files that may be open at once")
    rows: int = _limit(20_000_000, "rows that are taken from one file")
    columns: int = _limit(2000, "columns that are taken from one file")
    unpacked_mib: int = _limit(2048, "what an archive may unpack to")
    ratio: int = _limit(200, "how many times its packed size a member of an archive may be")
    text_mib: int = _limit(512, "a file of text: CSV or GeoJSON")
    xml_mib: int = _limit(128, "a file of XML: KML or GPX")
    workbook_mib: int = _limit(256, "what an Excel workbook may unpack to")
    members: int = _limit(10_000, "files in an archive")
    pixels: int = _limit(400_000_000, "pixels of a raster, each of its bands counted once")
    bands: int = _limit(64, "bands of a raster")

    def cpu_seconds(self, size: int) -> int:
        """Processor time for a file of that many bytes.

        Examples
        --------
        >>> Limits().cpu_seconds(0), Limits().cpu_seconds(10 << 20)
        (6, 66)
        """
        return min(self.seconds + self.seconds_per_mib * size // _MIB, self.seconds_at_most)

    def wall_seconds(self, size: int) -> int:
        """Wall clock time for a file of that many bytes, on a machine that has other things to do."""
        return self.wall_factor * self.cpu_seconds(size)

    def memory_bytes(self, size: int) -> int:
        """Memory for a file of that many bytes."""
        return min(
            self.memory_mib * _MIB + self.memory_per_mib * size, self.memory_at_most_mib * _MIB
        )


def require_size(name: str, size: int, limit: str, what: Said) -> None:
    """Refuse a file, or a part of one, that is past the limit of its kind.

    Parameters
    ----------
    name : of the file, to speak of it
    size : in bytes
    limit : the limit's name, one in MiB
    what : it is made of

    Raises
    ------
    SourceError
        It is larger.
    """
    most: int = getattr(limits(), limit)
    if size > most << 20:
        raise refuse(
            name,
            Said(f"{size >> 20} MiB of {what}", f"{what}共 {size >> 20} MiB"),
            Said(f"at most {most} MiB", f"不超过 {most} MiB"),
            Said(
                f"split it, convert it to a GeoPackage, or set {PREFIX}{limit.upper()} higher",
                f"拆分，或转为 GeoPackage，或调高 {PREFIX}{limit.upper()}",
            ),
        )


def require_columns(name: str, count: int) -> None:
    """Refuse a file with more columns than are taken from one.

    Raises
    ------
    SourceError
        It has more.
    """
    most = limits().columns
    if count > most:
        raise refuse(
            name,
            Said(f"more than {most} columns", f"超过 {most:,} 列"),
            Said(f"at most {most}", f"不超过 {most:,} 列"),
            Said(
                f"keep those that are needed, or set {PREFIX}COLUMNS higher",
                f"只保留所需的列，或调高 {PREFIX}COLUMNS",
            ),
        )


def limits() -> Limits:
    """The limits that hold, as the environment has them.

    Raises
    ------
    DeclarationError
        A variable is not a whole number above 0, or there is no such limit.

    Examples
    --------
    >>> limits().bands
    64
    """
    known = {f"{PREFIX}{one.name.upper()}": one.name for one in fields(Limits)}
    given: dict[str, int] = {}
    problems = []
    for variable, text in os.environ.items():
        if not variable.startswith(PREFIX):
            continue
        if variable not in known:
            there = joined(sorted(known))
            problems.append(
                Said(
                    f"{variable}: no such limit; there are {there}",
                    f"{variable}：没有这样的上限；现有：{there.zh}",
                )
                + meant(variable, known)
            )
        elif not text.strip().isdecimal() or int(text) == 0:
            problems.append(
                Said(
                    f"{variable}: {text!r}; a whole number above 0 is allowed",
                    f"{variable}：{text!r}；须为大于 0 的整数",
                )
            )
        else:
            given[known[variable]] = int(text)
    if problems:
        raise DeclarationError(Said("environment", "环境变量"), sorted(problems))
    return Limits(**given)
