"""One indicator: units on the map and ranked with their bounds, and the rows behind each figure."""

from __future__ import annotations

from functools import partial

import streamlit as st

from ..survey import Survey
from .ahead import above
from .choices import choose, language, remembered, say
from .computed import coverage_for, list_for, map_for, rows_for, rows_list_for
from .parts import (
    download,
    heading,
    list_alone,
    one_row,
    pick_indicator,
    pick_level,
    pick_within,
    side_by_side,
    way_to,
)

_CHOICES_PX = 68
"""How high a choice is, with its label."""


def page(survey: Survey) -> None:
    """Choices, the figure of the whole, the map beside the ranked units, and what lies behind."""
    from ..indicators import needed_layers
    from ..views.cards import figure
    from ..views.listings import figures_listing
    from ..views.tables import FIGURE_HEADINGS, ROW_HEADINGS, figures_table, rows_table

    pick, units, counted, kind = st.columns([13, 9.3, 8, 6], vertical_alignment="bottom")
    with pick:
        indicator = pick_indicator(survey)
    with units:
        level = pick_level(survey)
    with counted:
        within = pick_within()
    with kind:
        shown = choose(
            st.segmented_control, "drawn", ("verdicts", "features"), format_func=say, required=True
        )
    above(least_px=_CHOICES_PX)
    rows = coverage_for(survey)
    rows = rows[(rows["scope"] == within) & (rows["indicator"] == indicator.id)]
    whole = one_row(rows, [("level", "district")])
    if whole is not None:
        st.html(above(figure(survey, whole, indicator, language(), wide=True)))
    judged = survey.district.target(indicator) is not None
    # A round that lacks these units is drawn by its features.
    there = any(
        layer.unit and layer.unit.level == level and survey.has(layer.name)
        for layer in survey.district.levels
    )
    coloured = level if shown == "verdicts" and there else None
    wanted = rows[rows["level"] == level]
    side_by_side(
        map_for(survey, indicator.id, coloured, language(), within),
        list_for(
            survey,
            ("figures", indicator.id, level, within),
            lambda: figures_listing(wanted, indicator, judged, language(), say("pick_unit")),
        ),
        key="coverage_map",
        height_px=420,
    )
    stem = f"{indicator.id}-{level}-{within}-{survey.round}"
    unit = remembered("unit")
    names = dict(zip(wanted["unit_code"], wanted["unit_name"], strict=True))
    code = unit if unit in names else None
    with st.container(horizontal=True, vertical_alignment="center"):
        download(
            partial(figures_table, wanted, language()), FIGURE_HEADINGS, stem, key="figures_csv"
        )
        whose = {"unit": code, "at": level} if code else {}
        label = say("explain_unit").format(names[code]) if code else say("explain_this")
        way_to("explain", label, indicator=indicator.id, within=within, **whose)

    layer, _ = survey.district.catalog.indicator(indicator.id)
    if not all(survey.has(name) for name in needed_layers(indicator, layer)):
        st.info(say("no_layer"))
        return
    heading(say("behind_unit").format(names[code]) if code else say("behind"))
    tongue = language()
    list_alone(rows_list_for(survey, indicator, code, within), key="rows_behind")
    download(
        lambda: rows_table(rows_for(survey, indicator.id, code, within), tongue),
        ROW_HEADINGS,
        f"rows-{stem}",
        key="rows_csv",
    )
