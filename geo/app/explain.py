"""A figure taken apart: numerator, denominator, rows, the clause it answers to, the declaration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from ..survey import Survey
from ..views.format import percent
from .choices import choose, language, say, started_with
from .computed import coverage_for, map_for, rows_for, rows_list_for
from .parts import download, heading, one_row, pick_indicator, pick_level, pick_within, side_by_side

if TYPE_CHECKING:
    from ..model import Indicator


def page(survey: Survey) -> None:
    """The figure as a sum, then each thing that it rests on."""
    from ..indicators import needed_layers
    from ..views.cards import reckoning, told
    from ..views.tables import ROW_HEADINGS, rows_table

    _at_the_level_of_the_unit(survey)
    pick, units, counted, one = st.columns([12, 8.5, 7.2, 5.5], vertical_alignment="bottom")
    with pick:
        indicator = pick_indicator(survey)
    with units:
        level = pick_level(survey, "at", "district")
    with counted:
        within = pick_within()
    rows = coverage_for(survey)
    rows = rows[(rows["indicator"] == indicator.id) & (rows["scope"] == within)]
    rows = rows[(rows["level"] == level) & rows["unit_code"].notna()]
    names = dict(zip(rows["unit_code"], rows["unit_name"], strict=True))
    with one:
        unit = ""
        if len(names) > 1:
            unit = choose(st.selectbox, "unit", list(names), told=False, format_func=names.get)
        elif names:
            (unit,) = names
    row = one_row(rows, [("unit_code", unit)])
    left, right = st.columns([11, 10], gap="medium")
    with left:
        heading(say("sum"))
        if row is not None:
            st.html(reckoning(row, indicator, language()))
    with right:
        heading(say("clause"))
        st.html(_clause(survey, indicator))
    layer, _ = survey.district.catalog.indicator(indicator.id)
    if all(survey.has(name) for name in needed_layers(indicator, layer)):
        heading(say("behind"))
        tongue = language()
        side_by_side(
            map_for(survey, indicator.id, None, tongue, within),
            rows_list_for(survey, indicator, unit or None, within),
            key="explain_map",
            height_px=420,
        )
        download(
            lambda: rows_table(rows_for(survey, indicator.id, unit or None, within), tongue),
            ROW_HEADINGS,
            f"rows-{indicator.id}-{unit}-{within}-{survey.round}",
            key="explain_csv",
        )
    else:
        st.info(say("no_layer"))
    heading(say("declaration"))
    st.html(told(_declaration(survey, indicator)))


def _clause(survey: Survey, indicator: Indicator) -> str:
    """What the policy says of the indicator, or that it says nothing, with the reference it is held against then."""
    from ..views.cards import quotation, reason
    from ..views.clause import clause_text

    target, reference = survey.district.target(indicator), indicator.reference
    if target is not None:
        words = clause_text(survey.district, target) or target.clause
        return quotation(words, f"{target.source} {target.clause}")
    if reference is not None:
        year = f", {reference.year}" if reference.year else ""
        words = say("only_reference").format(percent(reference.value))
        return quotation(words, f"{reference.source}{year}")
    return reason(say("no_clause"))


def _at_the_level_of_the_unit(survey: Survey) -> None:
    """A link that names a unit and no level means that unit's own level."""
    unit = st.query_params.get("unit")
    if not unit or started_with("at") is not None:
        return
    rows = coverage_for(survey)
    levels = rows.loc[rows["unit_code"] == unit, "level"]
    if len(levels):
        st.session_state["kept"]["at"] = str(levels.iloc[0])


def _declaration(survey: Survey, indicator: Indicator) -> str:
    """The part of the layer's file that declares the indicator, as it stands there."""
    layer, _ = survey.district.catalog.indicator(indicator.id)
    file = survey.district.catalog.files[layer.name]
    parts = re.split(r"(?m)^(?=\[\[indicator\]\])", file.read_text(encoding="utf-8"))
    own = [part.strip() for part in parts if _id_of(part) and indicator.id.startswith(_id_of(part))]
    return f"# {file.name}\n{max(own, key=lambda part: len(_id_of(part)), default='')}"


def _id_of(part: str) -> str:
    found = re.search(r'(?m)^id\s*=\s*"([^"]+)"', part)
    return found[1] if found and part.startswith("[[indicator]]") else ""
