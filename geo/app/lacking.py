"""Units and edges that a round lacks: what is missing, where it is to be had, and taking it over."""

from __future__ import annotations

import streamlit as st

from ..errors import GeoError, StoreError
from ..survey import Survey
from .ahead import above_unmeasured
from .choices import as_label, say
from .parts import fault, titles_of


def tell_what_is_lacking(survey: Survey) -> None:
    """One line on it, and a button for a draft that an earlier round can give it to; nothing where all is there."""
    from ..carrying import left_behind

    carried = st.session_state.pop("carried", ())
    if carried:
        st.success("  \n".join(carried))
        above_unmeasured()
    found = left_behind(survey.district, survey.store, survey.round)
    absent = [name for name in survey.district.spec.levels if not survey.has(name)]
    layers = dict.fromkeys((*absent, *found))
    if not layers:
        return
    titles = titles_of(survey)
    named: dict[str, list[str]] = {}
    for name in layers:
        named.setdefault(found.get(name, ""), []).append(as_label(titles[name]))
    parts = [
        say("lacks_held" if date else "lacks_unheld").format(say("listed").join(names), date)
        for date, names in named.items()
    ]
    above_unmeasured()
    line, button = st.columns([9, 3], vertical_alignment="center")
    line.warning(say("lacks").format(say("semicolon").join(parts)))
    if not found or not _is_draft(survey):
        return
    if button.button(say("carry_now"), key="carry_now", width="stretch"):
        try:
            st.session_state["carried"] = carried_into(survey, survey.round)
        except GeoError as error:
            fault(error)
            return
        st.rerun()


def carried_into(survey: Survey, round_: str) -> list[str]:
    """Take the units and edges that a draft lacks from the rounds before; a line on each of those."""
    from ..carrying import carry_layers

    report = carry_layers(survey.district, round_)
    titles = titles_of(survey)
    told: dict[str, list[str]] = {}
    for name, date in report.origins.items():
        part = say("carried_part").format(as_label(titles[name]), report.rows[name])
        told.setdefault(date, []).append(part)
    return [
        say("done_carry").format(date, say("listed").join(parts)) for date, parts in told.items()
    ]


def _is_draft(survey: Survey) -> bool:
    """Whether imports made the round, and may add to it."""
    from ..importing.target import require_addable

    try:
        require_addable(survey.store, survey.round, ())
    except StoreError:
        return False
    return True
