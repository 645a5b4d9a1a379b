"""Which villages lie in the area, on the map and in a list, why, and what another rule would change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ..survey import Survey
from ..views.component import show
from .ahead import above, above_unmeasured, column
from .choices import choose, language, remembered, say
from .computed import list_for, map_for, scope_for
from .parts import download, heading, list_alone, side_by_side, way_to

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from ..model import ScopeRule


def page(survey: Survey) -> None:
    """Tiles, the map and the list, and a rule to try."""
    from ..scope import EDGES_LAYER
    from ..views.cards import reason, scope_tiles
    from ..views.listings import changes_listing, scope_listing
    from ..views.tables import SCOPE_HEADINGS, scope_table

    bounded = survey.has(EDGES_LAYER)
    if not bounded:
        st.info(say("no_scope"))
        above_unmeasured()
    if not bounded or not survey.has(survey.district.levels[0].name):
        # Nothing is decided: what there is, is drawn.
        show(map_for(survey, None, None, language()), key="scope_map")
        return
    widths = [10, 2]
    tiles, switch = st.columns(widths, vertical_alignment="center")
    with switch:
        trying = st.toggle(say("try_rule"), key="try_rule")
    rule, said_of_it = None, None
    if trying:
        rule, said_of_it = _rule_tried(survey)
        # It may stand in the first answer to an address: to a server that is back a browser says what it had.
        above_unmeasured()
    scope = scope_for(survey, rule)
    unit = survey.district.levels[0].unit
    level = unit.level if unit else "village"
    tiles.html(above(scope_tiles(scope, level, language()), width=column(widths)))
    said = rule.model_dump_json() if rule else None
    changes = None
    if rule is not None and said_of_it is not None:
        changes = list_for(
            survey,
            ("scope_changes", said),
            lambda: changes_listing(survey, scope_for(survey), scope, language()),
        )
        told = say("changed").format(changes.rows) if changes.rows else say("none_changed")
        said_of_it.html(reason(told))
    side_by_side(
        map_for(survey, None, None, language(), rule=rule),
        list_for(
            survey,
            ("scope", said),
            lambda: scope_listing(survey, scope, language(), say("click")),
        ),
        key="scope_map",
    )
    if changes is not None and changes.rows:
        heading(say("changed").format(changes.rows))
        list_alone(changes, key="rule_changes")
    with st.container(horizontal=True, vertical_alignment="center"):
        download(
            partial(scope_table, survey, scope, language()),
            SCOPE_HEADINGS,
            f"scope-{survey.district.spec.code}-{survey.round}",
            key="scope_csv",
        )
        picked = remembered("unit")
        if picked in set(scope.rows.loc[scope.rows["level"] == level, "unit_code"]):
            way_to("coverage", say("figures_of_picked"), unit=picked, level=level)


def _rule_tried(survey: Survey) -> tuple[ScopeRule | None, DeltaGenerator]:
    """The rule that the reader tries, None while it is none that can be; and where to say what it changes."""
    from ..model import ScopeRule

    own = survey.district.spec.scope
    pick, low, high, told = st.columns([6, 3, 3, 4], vertical_alignment="bottom")
    names = ["area_share", "representative_point", "any_overlap"]
    with pick:
        name = choose(
            st.segmented_control,
            "rule",
            sorted(names, key=lambda one: one != own.rule),
            format_func=say,
            required=True,
        )
    said = {"rule": name, "close_within_m": own.close_within_m}
    if name == "area_share":
        upper = high.number_input(
            say("in_at_least"), 1.0, 100.0, own.in_at_least * 100, step=1.0, key="in_at_least"
        )
        lower = low.number_input(
            say("out_at_most"), 0.0, 99.0, own.out_at_most * 100, step=1.0, key="out_at_most"
        )
        if lower >= upper:
            told.warning(say("thresholds"))
            return None, told
        said |= {"in_at_least": upper / 100, "out_at_most": lower / 100}
    return ScopeRule.model_validate(said), told
