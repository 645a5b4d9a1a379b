"""How a report writes dates, the policy it rests on, and the numbers of its headings and tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..views.format import Language
from .model import Block, Heading, Paragraph, Section, Table, pair

if TYPE_CHECKING:
    from ..district import District

_NUMERALS = "一二三四五六七八九"
_LONGEST_TITLE = 60
_LARGEST = 1_000_000


def long_date(date: str, language: Language) -> str:
    """An ISO date as an office writes it.

    Examples
    --------
    >>> long_date("2007-12-31", "zh"), long_date("2007-12-31", "en")
    ('2007年12月31日', '31 December 2007')
    """
    day = dt.date.fromisoformat(date)
    months = "January February March April May June July August September October November December"
    return pair(
        language,
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.day} {months.split()[day.month - 1]} {day.year}",
    )


def policy_title(district: District, source: str) -> str:
    """What a policy is called: the first line of the text that lies beside the district, else its name."""
    file = district.folder / source
    if Path(source).name != source or file.suffix != ".txt" or not file.is_file():
        return source
    if file.stat().st_size > _LARGEST:
        return source
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return source
    first = next((line.strip() for line in lines if line.strip()), "")
    return f"《{first}》" if 0 < len(first) <= _LONGEST_TITLE else source


def chinese_number(number: int) -> str:
    """A number from 1 to 99 as a heading carries it.

    Examples
    --------
    >>> [chinese_number(number) for number in (1, 10, 12, 40, 57)]
    ['一', '十', '十二', '四十', '五十七']
    """
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_NUMERALS[tens - 1]}十"
    return head + (_NUMERALS[ones - 1] if ones else "")


def numbered(sections: Sequence[Section], language: Language) -> tuple[Section, ...]:
    """The sections with numbers before their headings and tables; a table of nothing says so."""
    tables = 0
    made = []
    for place, section in enumerate(sections, start=1):
        headings = 0
        blocks: list[Block] = []
        for block in section.blocks:
            if isinstance(block, Heading):
                headings += 1
                mark = pair(language, f"（{chinese_number(headings)}）", f"{place}.{headings} ")
                blocks.append(Heading(f"{mark}{block.text}"))
            elif isinstance(block, Table) and not block.rows:
                said = pair(language, f"{block.title}：无。", f"{block.title}: none.")
                blocks.append(replace(block, when_empty=said))
            elif isinstance(block, Table):
                tables += 1
                blocks.append(
                    replace(block, number=pair(language, f"表{tables}", f"Table {tables}"))
                )
            else:
                blocks.append(block)
        made.append(replace(section, blocks=tuple(blocks)))
    return tuple(made)


def as_printed(block: Block) -> Block:
    """What a page format prints of a block: a sentence in the place of a table of nothing."""
    if isinstance(block, Table) and block.when_empty is not None:
        return Paragraph(block.when_empty)
    return block
