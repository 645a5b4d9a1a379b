"""The district at a glance: every project against its target, how it moved, and the map beside it."""

from __future__ import annotations

import streamlit as st

from ..survey import Survey
from ..views.component import show
from .choices import language, say
from .computed import coverage_for, files_of, map_for, survey_for
from .parts import address_of, district_rows, main_indicators


def page(survey: Survey) -> None:
    """The map first, since it is what takes the reader's eye longest; then the figures."""
    from ..views.cards import headlines
    from ..views.map import default_indicator

    left, right = st.columns([10, 11], gap="medium")
    with left:
        show(
            map_for(survey, default_indicator(survey), None, language()),
            key="overview_map",
            height_px=560,
        )
    with right, st.spinner(say("working")):
        earlier = None
        rounds = survey.store.rounds()
        place = rounds.index(survey.round)
        if place:
            folder = survey.district.folder
            before = survey_for(str(folder), rounds[place - 1], files_of(folder))
            earlier = (rounds[place - 1], district_rows(coverage_for(before)))
        st.html(
            headlines(
                survey,
                district_rows(coverage_for(survey)),
                earlier,
                main_indicators(survey),
                language(),
                address_of("explain", indicator=""),
            )
        )
