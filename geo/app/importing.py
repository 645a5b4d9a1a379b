"""A file on its way into a round, tried before it is taken in, and what is wrong with a round."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from ..carrying import left_behind
from ..errors import GeoError
from ..importing.look import layer_for
from ..said import in_language, joined
from ..survey import Survey
from ..views.component import listed, show
from .choices import as_label, choose, language, say
from .computed import checked, findings_map_for
from .lacking import carried_into
from .parts import fault, heading, list_alone, titles_of
from .upload import drop_file, file_at_hand, ledger_in, look
from .work import shown_at_work

if TYPE_CHECKING:
    from pathlib import Path

    from streamlit.delta_generator import DeltaGenerator

    from ..importing import ImportReport
    from ..model import Layer
    from ..placing import Proposal


def page(survey: Survey) -> None:
    """Two parts: a file to take in, and the round to check."""
    options = ("import_part", "check")
    part = choose(
        st.segmented_control,
        "part",
        options,
        format_func=say,
        required=True,
        label_visibility="collapsed",
    )
    if part == "check":
        _check(survey)
    else:
        _import(survey)


def _import(survey: Survey) -> None:
    _tell_what_was_done()
    file = file_at_hand()
    if file is None:
        return
    place = st.container()  # so that nothing below moves when the look into the file has been taken
    with place:
        ledger = ledger_in(file)
        first_look = look(file)
    layers = survey.district.catalog.layers
    titles = {name: f"{one.title.in_(language())} ({name})" for name, one in layers.items()}
    first, second, third = st.columns(3, vertical_alignment="bottom")
    layer: Layer | None = None
    if ledger is None:
        named = layer_for(first_look, file.name, layers)
        with first:
            chosen = choose(
                st.selectbox,
                "for_layer",
                [*titles] if named else ["", *titles],
                named or "",
                format_func=lambda name: titles.get(name) or say("choose_layer"),
            )
        layer = layers.get(chosen)
    round_ = (
        (second if ledger is None else first)
        .text_input(say("into_round"), value=dt.date.today().isoformat(), key="into")
        .strip()
    )
    if ledger is not None:
        st.info(say("is_ledger"))
    elif layer is None:
        st.info(say("which_layer"))
        return
    how: dict[str, Any] = {"round": round_}
    if layer is not None:
        crs = third.text_input(say("crs"), key="import_crs", placeholder="EPSG:4549 · gcj02 · bd09")
        how |= {"crs": crs.strip() or None, **_understood(survey, file, layer, place)}
    how["accept_proposals"] = st.toggle(say("accept"), key="import_accept")
    carry = layer is not None and _carry(survey, layer.name, round_)
    asked = (file, layer.name if layer else None, *(repr(how[name]) for name in sorted(how)))
    left, right = st.columns(2)
    begun = left.button(say("try_import"), width="stretch")
    tried: Any = st.session_state.get("tried", ())
    ready = bool(tried) and tried[0] == asked
    taken = right.button(say("take_in"), width="stretch", disabled=not ready, type="primary")
    if not ready:
        right.caption(say("try_again" if tried else "try_first"))
    if begun:
        report = _run(survey, file, layer, how, dry=True)
        # The button beside has been drawn, and by what was known before.
        st.session_state["tried"] = (asked, report)
        st.rerun()
    if taken:
        _take_in(survey, file, layer, how, carry=carry)
        st.rerun()  # so that the round stands among those to choose from
    elif ready:
        tried_report = cast("ImportReport", tried[1])
        for line in _not_accepted(tried_report):
            right.warning(line)
        _tell(survey, tried_report)


def _take_in(
    survey: Survey, file: Path, layer: Layer | None, how: dict[str, Any], *, carry: bool
) -> None:
    report = _run(survey, file, layer, how, dry=False)
    # It is in the round now, whatever becomes of what is carried to it.
    drop_file()
    done: list[str | GeoError] = [_done(report, layer)]
    try:
        if carry and report.round:
            done += carried_into(survey, report.round)
    except GeoError as error:
        done.append(error)
    st.session_state["import_done"] = (done, _not_accepted(report))


def _done(report: ImportReport, layer: Layer | None) -> str:
    """That it was taken in, and where it is."""
    if report.round is not None:
        return say("done_import").format(report.round, report.rows_taken)
    return say("done_raster" if layer is not None else "ledger_changes_nothing")


def _tell_what_was_done() -> None:
    """What came of the import before this run, until another file comes."""
    done, not_accepted = st.session_state.get("import_done", ((), ()))
    lines = [one for one in done if not isinstance(one, GeoError)]
    if lines:
        st.success("  \n".join(lines))
    for error in done:
        if isinstance(error, GeoError):
            fault(error)
    for line in not_accepted:
        st.warning(line)


def _not_accepted(report: ImportReport) -> list[str]:
    """What the importer believed and was not told to use: how much, how it is used, and what moves the places."""
    left = [one for one in report.proposals if not one.accepted]
    if not left:
        return []
    said = [say("not_accepted").format(len(left), say("accept"))]
    return said + [as_label(_proposal(one)) for one in left if one.code == "datum-shift"]


def _carry(survey: Survey, layer: str, round_: str) -> bool:
    """Whether the units and edges that the round would lack are to be carried into it; asked only where it lacks any."""
    lacking = left_behind(survey.district, survey.store, round_)
    lacking.pop(layer, None)
    if not lacking:
        return False
    titles = titles_of(survey)
    named = say("listed").join(titles[name] for name in lacking)
    words = say("carry").format(max(lacking.values()), named)
    return st.toggle(as_label(words), value=True, key="import_carry", help=say("carry_help"))


def _run(
    survey: Survey, file: Path, layer: Layer | None, how: dict[str, Any], *, dry: bool
) -> ImportReport:
    from ..importing import import_file

    with shown_at_work("import") as step:
        name = layer.name if layer is not None else None
        return import_file(survey.district, file, name, **how, dry_run=dry, progress=step)


def _understood(survey: Survey, file: Path, layer: Layer, place: DeltaGenerator) -> dict[str, Any]:
    """Which of the file's layers is meant, where its rows are, which column is which field: as far as the reader says."""
    if layer.geometry == "Raster":
        return {}
    said: dict[str, Any] = {}
    with place:
        seen = look(file)
        if seen.offered:
            seen = look(file, layer.geometry)
    row = iter(st.columns(3, vertical_alignment="bottom") if not seen.kinds else ())
    if seen.offered:
        own = {layer.name, layer.title.zh, layer.title.en}
        likely = next((name for name in seen.offered if name in own), seen.offered[0])
        with next(row):
            said["source_layer"] = choose(st.selectbox, "source_layer", seen.offered, likely)
        with place:
            seen = look(file, layer.geometry, said["source_layer"])
    if not seen.kinds:
        levels = [one.name for one in survey.district.levels]
        titles = titles_of(survey)
        join = next(row).selectbox(
            say("join"),
            ["", *levels],
            format_func=lambda name: as_label(titles[name]) if name else say("no_join"),
            key="import_join",
        )
        said["join"] = join or None
    chosen = []
    with st.expander(say("fields"), key="fields_shown"):
        st.caption(say("fields_help"))
        places = st.columns(3)
        for number, (name, spec) in enumerate(layer.fields.items()):
            title = f"{spec.title.in_(language())} · {name}" if spec.title else name
            column = places[number % 3].selectbox(
                as_label(f"{title} {say('required')}" if spec.required else title),
                ["", *seen.columns],
                format_func=lambda one: one or say("by_name"),
                key=f"field_{layer.name}_{name}",
            )
            if column:
                chosen.append(f"{name}={column}")
    return {**said, "fields": chosen}


def _tell(survey: Survey, report: ImportReport) -> None:
    from ..views.cards import reason
    from ..views.finding_listings import findings_listing, left_out_listing

    heading(say("taken").format(report.rows_taken, report.rows_read, len(report.left_out)))
    if report.proposals:
        st.html(reason("\n".join(_proposal(one) for one in report.proposals)))
    if report.findings:
        found = findings_listing(report.findings, titles_of(survey), language())
        list_alone(listed(found), key="import_findings")
    if report.left_out:
        heading(say("left_out"))
        list_alone(listed(left_out_listing(report.left_out, language())), key="import_left_out")


def _check(survey: Survey) -> None:
    from ..views.finding_listings import findings_listing

    asked = st.session_state.setdefault("check_asked", set())
    if survey.digest not in asked:
        if not st.button(say("run_check"), type="primary"):
            return
        asked.add(survey.digest)
        st.rerun()  # so that the button makes room before anything stands beneath it
    with st.spinner(say("working")):
        report = checked(survey)
    if not report.findings:
        st.success(say("no_findings"))
        return
    heading(say("findings"))
    # A click on a mark picks its row, and the reverse; it has no unit that the address could name.
    show(
        findings_map_for(survey, language()),
        listed(findings_listing(report.findings, titles_of(survey), language())),
        key="check_findings",
        height_px=480,
    )


def _proposal(proposal: Proposal) -> str:
    """What an import believes, under its title, and why."""
    from ..check.titles import title_of

    title = title_of(proposal.code).in_(language())
    return in_language(joined([title, proposal.evidence], ": ", "："), language())
