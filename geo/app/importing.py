"""A file on its way into a round, tried before it is taken in, and what is wrong with a round."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from ..carrying import left_behind
from ..errors import GeoError, SourceError
from ..said import in_language, joined
from ..survey import Survey
from ..views.component import listed, show
from .choices import as_label, choose, language, say
from .computed import checked, findings_map_for
from .lacking import carried_into
from .parts import fault, heading, list_alone, titles_of
from .work import shown_at_work

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from ..importing import ImportReport
    from ..model import GeometryKind, Layer
    from ..placing import Proposal

_LONGEST_NAME = 80


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
    held = st.session_state.setdefault("uploads", 0)
    uploaded = st.file_uploader(say("upload"), key=f"upload_{held}", help=say("upload_help"))
    if uploaded is not None:
        _set_aside(uploaded)
    file: Path | None = st.session_state.get("file_at_hand")
    if file is None or not file.is_file():
        st.caption(say("upload_help"))
        return
    heading(f"{file.name} · {file.stat().st_size / 1e6:.1f} MB")
    layers = survey.district.catalog.layers
    titles = {name: f"{one.title.in_(language())} ({name})" for name, one in layers.items()}
    first, second, third = st.columns(3, vertical_alignment="bottom")
    with first:
        layer = layers[choose(st.selectbox, "for_layer", list(titles), format_func=titles.get)]
    round_ = second.text_input(say("into_round"), value=dt.date.today().isoformat(), key="into")
    crs = third.text_input(say("crs"), key="import_crs", placeholder="EPSG:4549 · gcj02 · bd09")
    source_layer, fields = _understood(file, layer)
    accept = st.toggle(say("accept"), key="import_accept")
    carry = _carry(survey, layer.name, round_.strip())
    how: dict[str, Any] = {
        "fields": fields,
        "crs": crs.strip() or None,
        "round": round_.strip(),
        "source_layer": source_layer,
        "accept_proposals": accept,
    }
    asked = (
        file,
        layer.name,
        tuple(fields),
        *(how[name] for name in sorted(how) if name != "fields"),
    )
    left, right = st.columns(2)
    begun = left.button(say("try_import"), width="stretch")
    tried: Any = st.session_state.get("tried", ())
    ready = bool(tried) and tried[0] == asked
    taken = right.button(say("take_in"), width="stretch", disabled=not ready, type="primary")
    if begun:
        report = _run(survey, file, layer.name, how, dry=True)
        # The button beside has been drawn, and by what was known before.
        st.session_state["tried"] = (asked, report)
        st.rerun()
    if taken:
        report = _run(survey, file, layer.name, how, dry=False)
        # It is in the round now, whatever becomes of what is carried to it.
        st.session_state.pop("tried", None)
        _drop_file()
        where = report.round or say("rasters")
        done: list[str | GeoError] = [say("done_import").format(where, report.rows_taken)]
        try:
            if carry and report.round:
                done += carried_into(survey, report.round)
        except GeoError as error:
            done.append(error)
        st.session_state["import_done"] = (done, _not_accepted(report))
        st.rerun()  # so that the round stands among those to choose from
    elif ready:
        tried_report = cast("ImportReport", tried[1])
        for line in _not_accepted(tried_report):
            right.warning(line)
        _tell(survey, tried_report)


def _tell_what_was_done() -> None:
    """The lines of the import before this run, until another file comes."""
    done, not_accepted = st.session_state.get("import_done", ((), ()))
    for one in done:
        if isinstance(one, GeoError):
            fault(one)
        else:
            st.success(one)
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


def _run(survey: Survey, file: Path, layer: str, how: dict[str, Any], *, dry: bool) -> ImportReport:
    from ..importing import import_file

    with shown_at_work("import") as step:
        return import_file(survey.district, file, layer, **how, dry_run=dry, progress=step)


def _understood(file: Path, layer: Layer) -> tuple[str | None, list[str]]:
    """Which of the file's layers is meant, and which of its columns is which field, as far as the reader says."""
    if layer.geometry == "Raster":
        return None, []
    offered, columns = _contents(file, layer.geometry, None)
    source_layer = None
    if offered:
        source_layer = choose(st.selectbox, "source_layer", offered)
        _, columns = _contents(file, layer.geometry, source_layer)
    chosen = []
    with st.expander(say("fields")):
        st.caption(say("fields_help"))
        places = st.columns(3)
        for number, (name, spec) in enumerate(layer.fields.items()):
            title = f"{spec.title.in_(language())} · {name}" if spec.title else name
            column = places[number % 3].selectbox(
                as_label(f"{title} {say('required')}" if spec.required else title),
                ["", *columns],
                format_func=lambda one: one or say("by_name"),
                key=f"field_{layer.name}_{name}",
            )
            if column:
                chosen.append(f"{name}={column}")
    return source_layer, chosen


def _contents(
    file: Path, geometry: GeometryKind, source_layer: str | None
) -> tuple[list[str], list[str]]:
    """The layers to choose from, where the file has several, and the columns of the one that is meant."""
    known: dict[object, tuple[list[str], list[str]]] = st.session_state.setdefault("contents", {})
    asked = (file, geometry, source_layer)
    if asked not in known:
        from ..sources.base import Request
        from ..sources.registry import read_source

        request = Request(source_layer, geometry, frozenset())
        try:
            with shown_at_work("contents") as step:
                source, _ = read_source(file, request, progress=step)
            known[asked] = ([], list(source.columns))
        except SourceError as error:
            offered = [name for fault in error.faults for name in fault.choices]
            if not offered:
                raise
            known[asked] = (offered, [])
    return known[asked]


def _tell(survey: Survey, report: ImportReport) -> None:
    from ..views.cards import told
    from ..views.finding_listings import findings_listing, left_out_listing

    heading(say("taken").format(report.rows_taken, report.rows_read, len(report.left_out)))
    if report.proposals:
        st.html(told("\n".join(_proposal(one) for one in report.proposals)))
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
    )


def _proposal(proposal: Proposal) -> str:
    """What an import believes, under its title, and why."""
    from ..check.titles import title_of

    title = title_of(proposal.code).in_(language())
    return in_language(joined([title, proposal.evidence], ": ", "："), language())


def _set_aside(uploaded: UploadedFile) -> None:
    """Put an upload on disk under a name that is only a name, and give its memory back at once.

    The server's own endpoint takes any file, so what it is is looked at here, not in the widget.
    """
    from ..sources.registry import formats_named

    name = re.sub(r"[^\w.-]+", "_", Path(uploaded.name).name)[-_LONGEST_NAME:].lstrip(".") or "file"
    try:
        formats_named(name)
        _drop_file()
        folder = tempfile.TemporaryDirectory(prefix="atlas-", ignore_cleanup_errors=True)
        file = Path(folder.name) / name
        file.write_bytes(uploaded.getbuffer())
        st.session_state["file_folder"] = folder  # gone with the session
        st.session_state["file_at_hand"] = file
        st.session_state.pop("import_done", None)
    finally:
        _forget(uploaded)
        st.session_state["uploads"] += 1


def _drop_file() -> None:
    folder = st.session_state.pop("file_folder", None)
    st.session_state.pop("file_at_hand", None)
    st.session_state.pop("contents", None)
    if folder is not None:
        folder.cleanup()


def _forget(uploaded: UploadedFile) -> None:
    """Streamlit keeps an upload in memory until long after its reader has left; nobody needs it now."""
    from streamlit.runtime import exists, get_instance
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    if exists() and context is not None:
        manager = cast("Any", get_instance().uploaded_file_mgr)
        manager.remove_file(session_id=context.session_id, file_id=uploaded.file_id)
