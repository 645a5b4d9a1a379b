"""Streets marked as hardened or lit, and what that would do to the figures; the survey stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from ..errors import StoreError
from ..model import Layer
from ..scenario import (
    Edit,
    Scenario,
    affected,
    fields_used,
    missing_rows,
    overlay,
    save_scenario,
    saved_scenarios,
    scenario_json,
    with_edit,
)
from ..survey import Survey
from ..views.component import listed, show
from ..views.listing import Listing
from .choices import as_label, choose, language, say
from .computed import coverage_for, layers_map_for, list_for, trial_for
from .parts import district_rows, heading, list_alone

VALUES: Mapping[str, bool | None] = {"true": True, "false": False, "unknown": None}


def page(survey: Survey) -> None:
    """What is changed, how the figures move, and where: on the map or in the list."""
    options = _what_can_be_tried(survey)
    if not options:
        st.info(say("nothing_to_try"))
        return
    which, what, to = st.columns([5, 6, 5], vertical_alignment="bottom")
    with which:
        scenario = _chosen_scenario(survey)
    with what:
        trial = choose(
            st.selectbox,
            "trial",
            list(options),
            format_func=lambda name: _title(options[name], name.partition(".")[2]),
        )
    layer, field = options[trial], trial.partition(".")[2]
    standing = next(
        (one for one in scenario.edits if (one.layer, one.field) == (layer.name, field)), None
    )
    key = f"what_if_{trial}_{st.session_state['taken_up']}"
    if key not in st.session_state:
        # What it begins with, here or after another page: said once, so that no later run sends the map again.
        st.session_state[f"{key}_first"] = standing.keys if standing else ()
        if standing:
            names: dict[object, str] = {value: name for name, value in VALUES.items()}
            st.session_state["to"] = names.get(standing.value, "true")
    with to:
        value = choose(st.segmented_control, "to", list(VALUES), format_func=say, required=True)
    moved = st.container()
    answer = show(
        layers_map_for(survey, (layer.name,), language(), ((layer.name, field),)),
        list_for(survey, ("tried", layer.name, field), lambda: _features(survey, layer, field)),
        key=key,
        marked=st.session_state[f"{key}_first"],
        height_px=470,
    )
    if answer.marked or standing:
        edit = Edit(layer=layer.name, field=field, keys=answer.marked, value=VALUES[value])
        scenario = with_edit(scenario, edit)
        st.session_state["trial_at_hand"] = scenario
    with moved:
        changed = _movement(survey, scenario, layer, field)
    if changed is not None:
        _verdicts(changed)
    _keeping(survey, scenario)


def _what_can_be_tried(survey: Survey) -> dict[str, Layer]:
    """Fields of yes or no that some indicator looks at, as `layer.field`."""
    found: dict[str, Layer] = {}
    for layer, indicator in survey.district.catalog.indicators():
        for name, field in sorted(fields_used(layer, indicator)):
            owner = survey.district.catalog.layer(name)
            if (
                field in owner.bool_fields
                and owner.key is not None
                and owner.geometry not in ("Raster", "Table")
                and survey.has(name)
                and len(survey.frame(name))
            ):
                found[f"{name}.{field}"] = owner
    first = next((name for name in found if name.endswith(".hardened")), None)
    return {name: found[name] for name in sorted(found, key=lambda name: name != first)}


def _title(layer: Layer, field: str) -> str:
    from ..views.shapes import field_title

    mark = "：" if language() == "zh" else ": "
    return f"{layer.title.in_(language())}{mark}{field_title(layer, field, language())}"


def _features(survey: Survey, layer: Layer, field: str) -> Listing:
    from ..views.listings import attributes_listing
    from ..views.shapes import attributes, in_words

    frame = survey.frame(layer.name)
    assert layer.key is not None
    few = [field, *(name for name, spec in layer.fields.items() if spec.type == "category")][:2]
    titles, values = attributes(frame, layer, few, language())
    columns = [(title, [row[place] for row in values]) for place, title in enumerate(titles)]
    return attributes_listing(
        layer.title.in_(language()),
        layer.name,
        [str(key) for key in frame[layer.key]],
        [
            in_words(label) or str(key)
            for label, key in zip(frame[layer.label or layer.key], frame[layer.key], strict=True)
        ],
        columns,
        language(),
    )


def _chosen_scenario(survey: Survey) -> Scenario:
    """The scenario at hand: a new one, or one that was saved and is taken up again."""
    stored = _stored(survey)
    names = ["", *stored]
    st.session_state.setdefault("taken_up", 0)
    if "scenario_saved" in st.session_state:
        # What is at hand is that scenario now: nothing is taken up anew, and the map stays as it is.
        saved = st.session_state.pop("scenario_saved")
        st.session_state["scenario"] = saved
        st.session_state["scenario_taken"] = saved
    name = choose(
        st.selectbox, "scenario", names, format_func=lambda name: name or say("new_scenario")
    )
    at_hand: Scenario | None = st.session_state.get("trial_at_hand")
    before = (st.session_state.get("scenario_of"), st.session_state.get("scenario_taken"))
    now = (survey.digest, name)
    if at_hand is None or before != now:
        at_hand = stored.get(name) or Scenario(
            name="", round=survey.round, data_digest=survey.digest
        )
        st.session_state["trial_at_hand"] = at_hand
        st.session_state["scenario_of"], st.session_state["scenario_taken"] = now
        st.session_state["taken_up"] += 1
    lost = missing_rows(survey, at_hand)
    if lost:
        st.warning(say("other_data").format(lost))
    return at_hand


def _stored(survey: Survey) -> dict[str, Scenario]:
    """The scenarios that were saved, by name; those of this session where the folder could not be written."""
    return {**saved_scenarios(survey.district.folder), **st.session_state.get("own", {})}


def _movement(survey: Survey, scenario: Scenario, layer: Layer, field: str) -> Listing | None:
    """How the figures move; the units whose verdict does, where anything is changed."""
    from ..views.cards import moves
    from ..views.listings import verdicts_listing

    looked_at = scenario
    if not scenario.edits:
        # What could move, before anything does.
        edit = Edit(layer=layer.name, field=field, keys=("",), value=None)
        looked_at = with_edit(scenario, edit)
    wanted = affected(survey, looked_at)
    declared = {one.id: one for _, one in survey.district.catalog.indicators()}
    before = coverage_for(survey)
    after = trial_for(overlay(survey, scenario), wanted) if scenario.edits else before
    heading(say("figures_move"))
    shown = [declared[name] for name in wanted]
    st.html(moves(survey, district_rows(before), district_rows(after), shown, language()))
    st.caption(say("trial_hint"))
    if not scenario.edits:
        return None
    titles = {one.id: one.title.in_(language()) for one in shown}
    return verdicts_listing(before[before["indicator"].isin(wanted)], after, titles, language())


def _verdicts(changed: Listing) -> None:
    """The units whose verdict is another in the trial."""
    with st.expander(say("verdicts_change").format(len(changed.rows))):
        if changed.rows:
            list_alone(listed(changed), key="verdicts_changed")
        else:
            st.caption(say("no_verdict_changes"))


def _keeping(survey: Survey, scenario: Scenario) -> None:
    """Name, save and download."""
    heading(say("scenario"))
    name, save, take = st.columns([4, 2, 2], vertical_alignment="bottom")
    with name:
        said = st.text_input(say("scenario_name"), value=scenario.name, max_chars=60).strip()
    named = scenario.model_copy(update={"name": said})
    standing = _stored(survey).get(said)
    with save:
        asked = st.button(
            say("save" if standing in (None, named) else "save_over"),
            disabled=not (said and scenario.edits) or standing == named,
            width="stretch",
        )
    with take:
        st.download_button(
            say("download_scenario"),
            scenario_json(named),
            file_name="scenario.json",
            mime="application/json",
            disabled=not scenario.edits,
            on_click="ignore",
            width="stretch",
        )
    if not (said and scenario.edits):
        st.caption(say("name_it" if scenario.edits else "mark_first"))
    elif standing not in (None, named):
        st.caption(say("is_saved_over").format(as_label(said)))
    for line in st.session_state.pop("scenario_told", ()):
        st.success(line)
    if not asked:
        return
    st.session_state["trial_at_hand"] = named
    try:
        file = save_scenario(survey.district.folder, named)
        told = say("saved").format(as_label(f"{file.parent.name}/{file.name}"))
    except StoreError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        st.session_state.setdefault("own", {})[said] = named
        told = say("kept_here")
    st.session_state["scenario_told"] = [told]
    st.session_state["scenario_saved"] = said
    st.rerun()  # so that it stands among those to choose from, and in the address
