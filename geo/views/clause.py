"""The words of the policy that a target answers to, found in the text beside the district."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..district import District
    from ..model import Target

_LARGEST = 1_000_000
_CLAUSE = re.compile(r"^(?P<part>[一二三四五六七八九十]+)、(?P<number>\d+)")


def clause_text(district: District, target: Target) -> str | None:
    """The paragraphs of a target's clause, from the text file it names in the district's folder.

    Parameters
    ----------
    district : whose folder holds the text
    target : its `source` is a file's name, its `clause` is written `二、4 硬化工程`: part, number, name

    Returns
    -------
    str or None
        Its heading and its paragraphs; None where the source is no such file or has no such clause.
    """
    if Path(target.source).name != target.source:
        return None  # only a file of the folder itself
    file = district.folder / target.source
    found = _CLAUSE.match(target.clause)
    if found is None or not file.is_file() or file.stat().st_size > _LARGEST:
        return None
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return None
    paragraphs = _of_clause(lines, found["part"], found["number"])
    return "\n".join(paragraphs) or None


def _of_clause(lines: list[str], part: str, number: str) -> list[str]:
    """The heading and the paragraphs from it to the next one."""
    inside = False
    taken: list[str] = []
    for line in lines:
        if re.match(r"[一二三四五六七八九十]+、", line):
            inside = line.startswith(f"{part}、")
            if taken:
                break
        elif re.match(r"\d+[.．、]", line) and inside:
            if taken:
                break
            if re.match(rf"{number}[.．、]", line):
                taken.append(line)
        elif taken and line:
            taken.append(line)
    return taken
