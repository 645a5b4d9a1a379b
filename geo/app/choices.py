"""What a reader chose: it stands in the address, outlives the page, and a colleague's link brings it back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import streamlit as st

from ..views.format import Language
from . import words

_CALLED = {"district": "pick_district", "at": "level"}
"""What choices are called whose own names mean something else."""
# Streamlit makes icons, links and, of signs that stand alone, arrows of what is left when the escapes are read: a sign
# without width parts it.
_TURNED = re.compile(
    r":(?=[\w+-]+:|material/|//)|@(?=\w)|www(?=\.)|(?<!\S)[<>~-](?=(->|[>=-])(?!\S))", re.IGNORECASE
)
_TOLD = 60
"""Characters of a name in the address that are repeated to its reader."""


def language() -> Language:
    """The reader's language, from the switch or the address."""
    return "en" if started_with("lang") == "en" else "zh"


def say(name: str) -> str:
    """A word in the reader's language."""
    return words.say(name, language())


def as_label(text: str) -> str:
    """Text from data or a declaration as a widget's label, in which Streamlit then finds no markdown.

    Examples
    --------
    >>> print(as_label("![](//a)"))
    \\!\\[\\](//a)
    >>> as_label("www.a -> b").split("\\u2060")
    ['www', '.a -', '> b']
    """
    parted = _TURNED.sub(lambda found: f"{found[0]}\u2060", text)
    return "".join(f"\\{char}" if char in "\\`*_[]<!$:~|#&" else char for char in parted)


def started_with(key: str) -> object:
    """What a choice is before its widget is drawn: as it stands, as in the address, or as on the page before."""
    places = (st.session_state, st.query_params, st.session_state.setdefault("kept", {}))
    return next((place[key] for place in places if key in place), None)


def choose(
    widget: Callable[..., Any],
    key: str,
    options: Sequence[str],
    default: str | None = None,
    **how: Any,
) -> str:
    """A widget whose value stands in the address where it is not the default, and outlives its page.

    Unless said otherwise the first of the options is the default. An address that names none of them is told of,
    but where `told` is False. A default that another day is another one stands in the address too: `always`.
    """
    asked, usual = started_with(key), options[0] if default is None else default
    if how.pop("told", True):
        missed(key, options)
    st.session_state[key] = asked if asked in options else usual
    label, always = how.pop("label", say(key)), how.pop("always", False)
    chosen = cast("str", widget(label, list(options), key=key, **how) or usual)
    _keep(key, chosen, None if always else usual)
    return chosen


def missed(key: str, options: Collection[str] = ()) -> None:
    """Keep in mind, for one line above the page, that the address names what is not there.

    Parameters
    ----------
    key : the choice
    options : what there is
    """
    if "missed" not in st.session_state:
        return  # what the reader does later is no longer the link's doing
    said = st.query_params.get(key, "")
    absent = [] if said in options else [one for one in said.split(",") if one not in options]
    if any(absent):
        st.session_state["missed"][key] = ", ".join(absent)


def told_missed() -> str:
    """What the address named that is not there, in a line; "" where it named nothing such.

    Said once, in the answer to the link: what is shown instead stands in the address from then on.
    """
    absent: dict[str, str] = st.session_state.pop("missed", {})
    one = say("missed_one")
    named = [one.format(say(_CALLED.get(key, key)), _shortly(text)) for key, text in absent.items()]
    comma = "、" if language() == "zh" else ", "
    return say("missed").format(comma.join(named)) if named else ""


def _shortly(text: str) -> str:
    """In one line, in which a mark that turns letters round turns none but its own.

    Examples
    --------
    >>> _shortly("S1\\n"), _shortly("\\u202eS1").encode("ascii", "backslashreplace")
    ('S1', b'\\\\u2068\\\\u202eS1\\\\u2069')
    """
    line = " ".join(text.split())
    line = line if len(line) <= _TOLD else f"{line[:_TOLD]}…"
    marked = any(unicodedata.category(char) == "Cf" for char in line)
    return f"\N{FIRST STRONG ISOLATE}{line}\N{POP DIRECTIONAL ISOLATE}" if marked else line


def choose_many(key: str, options: Sequence[str], default: Sequence[str], **how: Any) -> list[str]:
    """Several of the options, as pills; in the address separated by commas."""
    asked = started_with(key)
    names = asked.split(",") if isinstance(asked, str) else asked
    wanted = [name for name in names if name in options] if isinstance(names, list) else default
    missed(key, options)
    st.session_state[key] = list(wanted)
    picked = st.pills(say(key), list(options), selection_mode="multi", key=key, **how)
    chosen = [name for name in options if name in picked]
    _keep(key, ",".join(chosen), ",".join(default))
    return chosen


def remembered(key: str) -> str:
    """A choice that no widget holds, such as the unit that was picked; "" for none."""
    kept = st.session_state.setdefault("kept", {})
    if key not in kept:
        kept[key] = st.query_params.get(key, "")
    return str(kept[key])


def remember(key: str, value: str) -> None:
    """Keep such a choice, and say it in the address."""
    _keep(key, value, "")


def forget(key: str) -> None:
    """Let a choice be again what it is at first."""
    st.session_state.pop(key, None)
    st.session_state.setdefault("kept", {}).pop(key, None)
    if key in st.query_params:
        del st.query_params[key]


def _keep(key: str, value: str, default: str | None) -> None:
    st.session_state.setdefault("kept", {})[key] = value
    if value != default:
        st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]
