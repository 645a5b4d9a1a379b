"""Text of the data as a page or a cell can hold it: control characters out, and a list of where they were."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from .model import Column, Heading, Paragraph, Removed, Report, Section, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

# C0 and C1 controls, line and paragraph separators, marks that turn the reading order of a whole line
# round, and code points that are no characters; besides them lone surrogates.
_RANGES = (
    (0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069),
    (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFF),
)  # fmt: skip
_UNFIT = re.compile(
    "[" + "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in (*_RANGES, (0xD800, 0xDFFF))) + "]"
)
_UNFIT_IN_ARROW = "[" + "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in _RANGES) + "]"
"""The same as Arrow reads it, whose text has no surrogates."""


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

    def column(self, values: pd.Series[Any]) -> tuple[pa.Array, NDArray[np.bool_]]:
        """The texts of a field without what stands before and after them, and the rows that are to be cleaned one by one.

        Nearly every text of a million is clean, which is told of all at once. Those of the rows named are left as
        they are; missing ones are null.
        """
        import numpy as np
        import pandas as pd
        import pyarrow as pa
        import pyarrow.compute as pc

        held = values if isinstance(values.dtype, pd.StringDtype) else values.to_numpy(object)
        try:
            texts = pa.array(held, pa.large_string(), from_pandas=True)
        except (TypeError, ValueError):  # something else than text, or halves of characters
            return pa.nulls(len(values), pa.large_string()), np.ones(len(values), dtype=bool)
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        unfit = pc.fill_null(pc.match_substring_regex(texts, _UNFIT_IN_ARROW), False)
        return pc.utf8_trim_whitespace(texts), unfit.to_numpy(zero_copy_only=False)

    @property
    def removed(self) -> tuple[Removed, ...]:
        """What was taken out, in the order in which it was met."""
        return tuple(self._removed)
