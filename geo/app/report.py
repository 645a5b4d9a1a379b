"""A report to print, sign or send on: on the district, a town or a village."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from ..survey import Survey
from ..views.format import LANGUAGES, size
from .choices import as_label, choose, language, say
from .computed import coverage_for
from .work import shown_at_work

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "gpkg": "application/geopackage+sqlite3",
}
_PRINTED = ("pdf", "docx")


def page(survey: Survey) -> None:
    """What the report is to be, its making, and the file."""
    from ..report.write import report_bytes

    units = _units(survey)
    first, second, third = st.columns([8, 6, 6], vertical_alignment="bottom")
    with first:
        unit = choose(
            st.selectbox,
            "unit",
            list(units),
            told=False,
            label=say("report_on"),
            format_func=units.get,
        )
    with second:
        tongues = sorted(LANGUAGES, key=lambda one: one != language())
        spoken = choose(
            st.segmented_control,
            "report_lang",
            tongues,
            format_func={"zh": "中文", "en": "English"}.get,
            required=True,
        )
    with third:
        author = st.text_input(say("report_author"), key="report_author", max_chars=60).strip()
    kind = choose(
        st.radio,
        "format",
        list(KINDS),
        format_func=lambda one: say(f"report_{one}"),
        captions=[say(f"report_{one}_is") for one in KINDS],
        horizontal=True,
    )
    paper = "a4"
    if kind in _PRINTED:
        paper = choose(
            st.segmented_control, "paper", ("a4", "a3"), format_func=str.upper, required=True
        )
    asked = (survey.digest, unit, spoken, author, kind, paper)
    if st.button(say("make_report"), type="primary"):
        st.session_state.pop("report_made", None)
        with shown_at_work("report") as step:
            made = report_bytes(
                survey,
                kind,
                unit or None,
                language="en" if spoken == "en" else "zh",
                author=author,
                paper="a3" if paper == "a3" else "a4",
                progress=lambda done, total, what: step(done, total, _step(what)),
            )
        st.session_state["report_made"] = (asked, made)
    held: Any = st.session_state.get("report_made")
    if held is None or held[0] != asked:
        return
    data: bytes = held[1]
    name = f"report-{unit or survey.district.spec.code}-{survey.round}-{spoken}.{kind}"
    st.success(f"{say('report_ready')} {as_label(name)} · {size(len(data))}")
    st.download_button(
        say("download_report"),
        data,
        file_name=name,
        mime=KINDS[kind],
        key="report_file",
        on_click="ignore",
        type="primary",
    )


def _units(survey: Survey) -> dict[str, str]:
    """The district and every unit of it by code, coarse to fine; the district's code is empty."""
    found = {"": survey.district.spec.name.in_(language())}
    rows = coverage_for(survey)
    rows = rows[rows["unit_code"].notna()].drop_duplicates(["level", "unit_code"])
    for layer in survey.district.levels[::-1]:
        if layer.unit is None:
            continue
        own = rows[rows["level"] == layer.unit.level].sort_values("unit_code")
        title = say(layer.unit.level)
        for code, name in zip(own["unit_code"], own["unit_name"], strict=True):
            found.setdefault(str(code), f"{name or code} · {title} · {code}")
    return found


def _step(what: str) -> str:
    """What is being done, in the reader's words where there are any for it."""
    return say(f"step_{what}") if what in ("figures", "sections", *KINDS) else what
