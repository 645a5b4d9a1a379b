"""A file on its way into a round, tried before it is taken in, and what is wrong with a round."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from ..survey import Survey
from .choices import choose, language, say
from .computed import checked
from .parts import heading, listed

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from ..importing import ImportReport
    from ..model import Finding

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
    held = st.session_state.setdefault("uploads", 0)
    uploaded = st.file_uploader(say("upload"), key=f"upload_{held}", help=say("upload_help"))
    if uploaded is not None:
        _set_aside(uploaded)
    file: Path | None = st.session_state.get("file_at_hand")
    if file is None or not file.is_file():
        st.caption(say("upload_help"))
        return
    heading(f"{file.name} · {file.stat().st_size / 1e6:.1f} MB")
    catalog = survey.district.catalog
    titles = {
        name: f"{layer.title.in_(language())} ({name})"
        for name, layer in catalog.layers.items()
        if layer.geometry != "Raster"
    }
    first, second, third = st.columns(3, vertical_alignment="bottom")
    with first:
        layer = choose(st.selectbox, "for_layer", list(titles), format_func=titles.get)
    round_ = second.text_input(say("into_round"), value=dt.date.today().isoformat(), key="into")
    crs = third.text_input(say("crs"), key="import_crs", placeholder="EPSG:4549 · gcj02 · bd09")
    said = st.text_area(say("fields"), key="import_fields", height=90)
    accept = st.toggle(say("accept"), key="import_accept")
    how: dict[str, Any] = {
        "fields": [line.strip() for line in said.splitlines() if line.strip()],
        "crs": crs.strip() or None,
        "round": round_.strip(),
        "accept_proposals": accept,
    }
    left, right = st.columns(2)
    asked = (file, layer, tuple(how["fields"]), how["crs"], how["round"], accept)
    if left.button(say("try_import"), width="stretch"):
        with st.spinner(say("working")):
            st.session_state["tried"] = (asked, *_try(survey, file, layer, how))
    tried: Any = st.session_state.get("tried", ())
    ready = bool(tried) and tried[0] == asked
    if right.button(say("take_in"), width="stretch", disabled=not ready, type="primary"):
        from ..importing import import_file

        with st.spinner(say("working")):
            report = import_file(survey.district, file, layer, **how)
        st.success(say("done_import").format(report.round, report.rows_taken))
        st.session_state.pop("tried")
        _drop_file()
        return
    if ready:
        _tell(survey, cast("ImportReport", tried[1]), tried[2])


def _try(
    survey: Survey, file: Path, layer: str, how: dict[str, Any]
) -> tuple[ImportReport, tuple[Finding, ...]]:
    """The import done in a copy of the district that is thrown away, and what a check says of it."""
    from ..check.report import check_round
    from ..district import open_district
    from ..importing import import_file
    from ..survey import open_survey

    own = survey.district
    with tempfile.TemporaryDirectory(prefix="atlas-", ignore_cleanup_errors=True) as name:
        copy = Path(name) / own.folder.name
        (copy / "rounds").mkdir(parents=True)
        shutil.copy(own.folder / "district.toml", copy)
        if (own.folder / "layers").is_dir():
            shutil.copytree(own.folder / "layers", copy / "layers")
        # The newest round says where the district is; one of the same date is what would be added to.
        for round_ in {*survey.store.rounds()[-1:], how["round"]}:
            stored = own.rounds_folder / f"{Path(round_).name}.gpkg"
            if stored.is_file():
                shutil.copy(stored, copy / "rounds")
        report = import_file(open_district(copy), file, layer, **how)
        findings = check_round(open_survey(copy, report.round), [layer]).findings
    return report, findings


def _tell(survey: Survey, report: ImportReport, checks: tuple[Finding, ...]) -> None:
    from ..views.cards import told
    from ..views.listings import findings_listing, left_out_listing

    heading(say("taken").format(report.rows_taken, report.rows_read, len(report.left_out)))
    if report.proposals:
        st.html(told("\n".join(f"{one.code}: {one.evidence}" for one in report.proposals)))
    findings = [*report.findings, *checks]
    if findings:
        listed(findings_listing(findings, _titles(survey), language()), key="import_findings")
    if report.left_out:
        heading(say("left_out"))
        listed(left_out_listing(report.left_out, language()), key="import_left_out")


def _check(survey: Survey) -> None:
    from ..views.listings import findings_listing

    asked = st.session_state.setdefault("check_asked", set())
    if survey.digest not in asked:
        if not st.button(say("run_check"), type="primary"):
            return
        asked.add(survey.digest)
    with st.spinner(say("working")):
        report = checked(survey)
    if not report.findings:
        st.success(say("no_findings"))
        return
    heading(say("findings"))
    listed(findings_listing(report.findings, _titles(survey), language()), key="check_findings")


def _titles(survey: Survey) -> dict[str, str]:
    return {name: one.title.in_(language()) for name, one in survey.district.catalog.layers.items()}


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
    finally:
        _forget(uploaded)
        st.session_state["uploads"] += 1


def _drop_file() -> None:
    folder = st.session_state.pop("file_folder", None)
    st.session_state.pop("file_at_hand", None)
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
