"""Text of the data as a page or a cell can hold it: control characters out, and a list of where they were."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from .model import Column, Heading, Paragraph, Removed, Report, Section, Table

# C0 and C1 controls, line and paragraph separators, marks that turn the reading order of a whole line
# round, lone surrogates, and code points that are no characters.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]"
)


class PlainText:
    """Cleans texts one by one and remembers what was taken out of which."""

    def __init__(self) -> None:
        self._removed: dict[Removed, None] = {}

    def __call__(self, value: object, layer: str, row: object, field: str) -> str:
        """The text without what cannot be printed; a new line or tab between words becomes a space.

        Parameters
        ----------
        value : of a text field; missing gives ""
        layer, row, field : where it stands

        Examples
        --------
        >>> clean = PlainText()
        >>> clean("甲\\x07乙", "villages", "001", "name"), clean.removed[0].characters
        ('甲乙', 'U+0007')
        """
        if not isinstance(value, str):
            import pandas as pd

            if value is None or pd.isna(value):  # type: ignore[call-overload]
                return ""
        text = str(value)
        if not _UNFIT.search(text):
            return text.strip()
        found = _UNFIT.findall(text)
        points = " ".join(dict.fromkeys(f"U+{ord(char):04X}" for char in found))
        self._removed[Removed(layer, _UNFIT.sub("", str(row)), field, points)] = None
        return _UNFIT.sub("", re.sub(r"[\t\r\n\u2028\u2029]+", " ", text)).strip()

    def everywhere(self, value: Any) -> Any:
        """The same plain data with every text in it clean: what a declaration says, too."""
        if isinstance(value, str):
            return self(value, "declaration", "", "text") if _UNFIT.search(value) else value
        if isinstance(value, tuple):
            cleaned = tuple(self.everywhere(item) for item in value)
            # What is clean is not kept twice: tables are long.
            same = all(one is two for one, two in zip(value, cleaned, strict=True))
            return value if same else cleaned
        if isinstance(value, (Table, Section, Report, Column, Heading, Paragraph)):
            return replace(
                value,
                **{item.name: self.everywhere(getattr(value, item.name)) for item in fields(value)},
            )
        return value

    @property
    def removed(self) -> tuple[Removed, ...]:
        """What was taken out, in the order in which it was met."""
        return tuple(self._removed)
