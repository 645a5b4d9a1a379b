"""What a report says, before anything decides what it looks like.

Every format is written from this one model: PDF, Word, the Excel ledger, HTML and the GeoPackage. It is
plain data in reading order. Text that came from a file stands in it as text, without control characters;
numbers stand in it as numbers, and `shown` is the one place that puts them into words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..views.format import NOTHING, Language, number, percent, word, yes_no

Value = str | float | int | bool | None
Row = tuple[Value, ...]
Kind = Literal[
    "text", "code", "m", "m2", "count", "amount", "measure", "rate", "word", "yes_no", "see"
]
"""What a column holds. `amount` is in the unit that the row's `measure` column names; `rate` is 0–1;
`word` is a name that code knows and readers know by another (a verdict, a decision); `see` is what the report
calls another table by, which a page leads to where it can."""

PLACES: Mapping[str, int] = {"m": 1, "m2": 0, "count": 0}
"""Decimals printed for each measure; the ledger holds every digit."""
_UNIT_WORDS = {"m": ("米", "m"), "m2": ("平方米", "m²"), "count": ("个", "number")}
NUMERIC: frozenset[str] = frozenset(("m", "m2", "count", "amount", "rate"))


@dataclass(frozen=True)
class Column:
    """A column: the name that code uses, the heading a reader sees, what it holds, its share of width."""

    name: str
    heading: str
    kind: Kind = "text"
    width: float = 1.0
    paged: bool = True
    """Whether page formats print it; the ledger has every column."""


@dataclass(frozen=True)
class Table:
    """Rows of raw values under columns."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    """A tuple, or for a table as long as a layer `columns.Rows`, which makes rows as they are read."""
    note: str | None = None
    limit: int | None = None
    """How many rows a page format prints before it refers to the ledger, which has all."""
    number: str = ""
    """What the report's text calls it by, once it stands in one."""
    when_empty: str | None = None
    """What a page format says in place of a table without rows."""

    @property
    def caption(self) -> str:
        """What stands over the table on a page."""
        return f"{self.number}\u3000{self.title}" if self.number else self.title

    def printed(self) -> Sequence[Row]:
        """The rows that a page format prints."""
        return self.rows if self.limit is None else self.rows[: self.limit]

    def paged(self) -> tuple[Column, ...]:
        """The columns that a page format prints."""
        return tuple(column for column in self.columns if column.paged)

    def records(self) -> Iterator[dict[str, Value]]:
        """The rows as dicts of raw values."""
        names = [column.name for column in self.columns]
        for row in self.rows:
            yield dict(zip(names, row, strict=True))


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


Block = Heading | Paragraph | Table


@dataclass(frozen=True)
class Section:
    """A numbered part of the report."""

    number: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def heading(self) -> str:
        """Number and title: `三、完成情况`, `附件\u3000…`, `3 …`; what has no number has its title."""
        if not self.number:
            return self.title
        if self.number.isascii():
            return f"{self.number} {self.title}"
        mark = "、" if len(self.number) == 1 else "\u3000"
        return f"{self.number}{mark}{self.title}"

    def tables(self) -> tuple[Table, ...]:
        """The section's tables in order."""
        return tuple(block for block in self.blocks if isinstance(block, Table))


@dataclass(frozen=True)
class Removed:
    """Characters that were taken out of a text of the data, since no page or cell can hold them."""

    layer: str
    row: str
    field: str
    characters: str
    """Their code points, as U+0007."""


@dataclass(frozen=True)
class Report:
    """A report on a district, a town or a village in one round."""

    language: Language
    title: str
    district_code: str
    unit_code: str
    unit_name: str
    level: str
    round: str
    previous_round: str | None
    date: str
    """ISO date printed on the report: the round's, or the one that was asked for."""
    author: str
    crs: str
    digest: str
    version: str
    command: str
    """Makes the same report again; holds no path of this machine."""
    banner: str | None
    """Words that illustrative data must carry."""
    stamp: str
    """The map review number, or the words that a map without one must carry."""
    facts: tuple[tuple[str, str], ...]
    """The lines of the cover."""
    summary: Section
    """The report on one page, which stands before the sections."""
    sections: tuple[Section, ...]
    appendix: Section
    states: tuple[tuple[str, str], ...]
    """What the state of a weak spot can be, by name and in words: what the ledger lets a reader choose from."""
    features: Table
    """Every feature behind the figures, for the ledger."""
    streets: Table | None
    """The register of back streets, for the ledger; None where the round has none."""
    findings: Table
    removed: tuple[Removed, ...]

    def all_sections(self) -> tuple[Section, ...]:
        """The summary, the sections, and the appendix last."""
        return (self.summary, *self.sections, self.appendix)

    def table(self, name: str) -> Table:
        """The table of that name; KeyError where there is none."""
        for section in self.all_sections():
            for table in section.tables():
                if table.name == name:
                    return table
        raise KeyError(name)

    def figures(self) -> Iterator[dict[str, Value]]:
        """The coverage rows the report prints: each with its indicator, unit, scope and raw figures."""
        for section in self.sections:
            for table in section.tables():
                if table.name.startswith(FIGURES):
                    for row in table.records():
                        yield {"indicator": table.name.removeprefix(FIGURES), **row}


FIGURES = "figures:"
"""Begins the name of a table of coverage; the indicator's id follows."""


def pair(language: Language, zh: str, en: str) -> str:
    """The text in the report's language."""
    return zh if language == "zh" else en


def shown(
    column: Column, row: Sequence[Value], columns: Sequence[Column], language: Language
) -> str:
    """A cell in words, as every page format prints it.

    Parameters
    ----------
    column : one of `columns`
    row : the raw values, one for each of `columns`
    columns : of the table
    language : "zh" or "en"

    Returns
    -------
    str
        A rate is cut, never rounded up; what is missing is a dash.

    Examples
    --------
    >>> columns = (Column("measure", "", "measure"), Column("covered", "", "amount"), Column("rate", "", "rate"))
    >>> [shown(column, ("m", 1234.56, 0.9996), columns, "en") for column in columns]
    ['m', '1,234.6', '99.9%']
    """
    value = row[list(columns).index(column)]
    kind: str = column.kind
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if kind == "amount":
        kind = "count"
        for other, found in zip(columns, row, strict=True):
            if other.kind == "measure" and isinstance(found, str):
                kind = found
    if kind in PLACES and isinstance(value, (int, float)):
        return number(float(value), PLACES[kind])
    if kind == "rate" and isinstance(value, (int, float)):
        return percent(float(value))
    if kind == "measure":
        return pair(language, *_UNIT_WORDS[str(value)])
    if kind == "yes_no":
        return yes_no(value, language)
    return word(str(value), language) if kind == "word" else str(value)


def shown_rows(table: Table, language: Language) -> list[list[str]]:
    """The printed rows of a table in words."""
    return [
        [shown(column, row, table.columns, language) for column in table.paged()]
        for row in table.printed()
    ]


def cut_note(table: Table, language: Language) -> str | None:
    """What a page format says under a table that it does not print whole."""
    if table.limit is None or len(table.rows) <= table.limit:
        return None
    return pair(
        language,
        f"共 {len(table.rows):,} 行，此处列前 {table.limit:,} 行；全部见 Excel 台账。",
        f"{len(table.rows):,} rows, of which the first {table.limit:,} are printed; the ledger has all.",
    )
