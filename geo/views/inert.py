"""The one place where text from a file is made harmless before it goes near a renderer.

Text that comes from data, from a layer's declaration or from a file's name is only ever *shown*. Three
kinds of renderer would otherwise read it as more than text, and each has its own form here: markup and
templates (`inert`), a JSON block inside a page (`json_block`), a spreadsheet (`inert_cell`).
"""

from __future__ import annotations

import json
import re

# Besides what HTML reads, the characters that start a template (Jinja, which folium's renderer runs on
# text it has already rendered), a script's template literal, an escape, or a new line of a string.
_MARKUP = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'`${}\\%\r\n\u2028\u2029"})
_IN_JSON = {ord(char): f"\\u{ord(char):04x}" for char in "<>&`${}\u2028\u2029"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(text: object) -> str:
    """Text as markup that shows exactly that text, in HTML and through any template engine.

    Parameters
    ----------
    text : anything; its `str` is shown

    Returns
    -------
    str
        Safe as element content and inside a quoted attribute.

    Examples
    --------
    >>> inert("{{7*191}}")
    '&#123;&#123;7*191&#125;&#125;'
    >>> inert("<b>") == "&#60;b&#62;"
    True
    """
    return str(text).translate(_MARKUP)


def json_block(value: object) -> str:
    """A value as JSON that may stand in a `<script type="application/json">` block of any page.

    Inside strings, keys included, every character that a browser, a template engine or a script would
    read as its own is written as a JSON escape, so that parsing gives the value back and nothing else can
    happen on the way.

    Parameters
    ----------
    value : what `json.dumps` takes, without NaN

    Returns
    -------
    str

    Examples
    --------
    >>> json_block({"</script>": "{{7*191}}"})
    '{"\\\\u003c/script\\\\u003e":"\\\\u007b\\\\u007b7*191\\\\u007d\\\\u007d"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Only strings: the braces that are JSON's own must stay.
    return _STRING.sub(lambda match: match[0].translate(_IN_JSON), text)


def inert_cell(text: object) -> str:
    """Text as a spreadsheet cell that never starts a formula.

    Parameters
    ----------
    text : anything; its `str` is shown

    Returns
    -------
    str
        The text, after an apostrophe where a spreadsheet would take it for a formula.

    Examples
    --------
    >>> inert_cell("=1+1"), inert_cell("京泰路")
    ("'=1+1", '京泰路')
    """
    shown = str(text)
    return f"'{shown}" if shown.lstrip(" ").startswith(_STARTS_FORMULA) else shown
