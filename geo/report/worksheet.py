"""A worksheet that writes plain cells at once: a ledger has tens of millions."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

# What the library has rules for: markup, controls, codes it escapes, spaces at the ends.
_SPECIAL = re.compile(r"[&<>\x00-\x1f\ufffe\uffff]|_x[0-9a-fA-F]{4}_|^\s|\s$")


class LedgerSheet(Worksheet):  # type: ignore[misc]
    """Writes texts and numbers that need no rule of the library's itself, and leaves it all others.

    Should the library stop calling `_write_cell`, sheets come out the same and take longer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._starts: dict[tuple[int, int], tuple[str, str]] = {}

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        kind = cell.__class__.__name__
        if cell.format is None or kind not in ("String", "Number"):
            super()._write_cell(row, col, cell)
            return
        place = (col, id(cell.format))
        start = self._starts.get(place)
        if start is None:
            index = cell.format._get_xf_index()
            start = self._starts[place] = (f'<c r="{xl_col_to_name(col)}', f'" s="{index}"')
        head, style = start
        if kind == "Number":
            self.fh.write(f"{head}{row + 1}{style}><v>{cell.number:.16G}</v></c>")
            return
        text = cell.string
        if _SPECIAL.search(text):
            if not text.startswith("<r>"):
                super()._write_cell(row, col, cell)
                return
            text = escape(text, quote=False)  # the library would take it for markup of its own
        self.fh.write(f'{head}{row + 1}{style} t="inlineStr"><is><t>{text}</t></is></c>')
