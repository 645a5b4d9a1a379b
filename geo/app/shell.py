"""The frame round every page: navigation, the district's head, and an answer in words to a fault."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

import streamlit as st

from ..errors import GeoError
from ..survey import Survey
from ..version import __version__
from ..views.component import watched
from ..views.format import LANGUAGES
from .ahead import above, above_unmeasured, address, column, keep_in_mind, rows_above
from .choices import as_label, choose, language, missed, remember, say, started_with, told_missed
from .computed import files_of, rounds_for, survey_for
from .lacking import tell_what_is_lacking
from .parts import fault

PAGES = ("overview", "scope", "coverage", "explain", "layers", "what_if", "report", "import")
"""By their names in addresses, in the order they are offered; the first is the one that opens."""
FEW_ROUNDS = 3
"""So many stand side by side, beside the choice of a district one less; more are a list, which takes the browser
longer to load."""
_SIDE_BY_SIDE_PX, _LISTED_PX = 60, 68
"""How high the choice of a round is, with its label."""


def main() -> None:
    """Lay out the page that the address asks for."""
    from ..views.cards import STYLE
    from . import coverage, explain, importing, layers, overview, report, scope, what_if

    st.set_page_config(page_title=say("app"), layout="wide", initial_sidebar_state="collapsed")
    st.html(STYLE + in_chinese() if language() == "zh" else STYLE)
    pages = dict(
        zip(
            PAGES,
            (
                overview.page,
                scope.page,
                coverage.page,
                explain.page,
                layers.page,
                what_if.page,
                report.page,
                importing.page,
            ),
            strict=True,
        )
    )
    st.navigation(
        [
            st.Page(guarded(name, page), title=say(name), url_path=name, default=name == "overview")
            for name, page in pages.items()
        ],
        position="top",
    ).run()


@cache
def in_chinese() -> str:
    """The style that says Streamlit's own words in Chinese."""
    text = resources.files(__package__).joinpath("zh.css").read_text(encoding="utf-8")
    return f"<style>{text}</style>"


def guarded(name: str, page: Callable[[Survey], None]) -> Callable[[], None]:
    """A page under the district's head, that answers a fault of the data with its message."""

    def shown() -> None:
        first = "opened" not in st.session_state
        asked = address(name, st.query_params.to_dict())
        if first:
            st.session_state["opened"], st.session_state["missed"] = True, {}
        try:
            with watched() as maps, rows_above() as rows:
                survey = chosen_survey()
                files = files_of(survey.district.folder)
                told = st.empty()
                missed_on_any_page(survey)
                tell_what_is_lacking(survey)
                page(survey)
                said = told_missed()
                if said:
                    told.warning(as_label(said))
                    above_unmeasured()
            if first:
                keep_in_mind(asked, maps, rows, survey.district.folder, files)
        except GeoError as error:
            fault(error)

    shown.__name__ = f"{name}_page"
    return shown


def missed_on_any_page(survey: Survey) -> None:
    """Keep in mind that the address names an indicator that is not declared, or a unit of no level here.

    What only one page offers is missed where it is offered.
    """
    declared = {indicator.id for _, indicator in survey.district.catalog.indicators()}
    if st.query_params.get("indicator") not in (None, *declared):
        missed("indicator")
        remember("indicator", "")
    asked = st.query_params.get("unit")
    if not asked:
        return
    units = [
        (layer.name, layer.unit.code)
        for layer in survey.district.levels
        if layer.unit and survey.has(layer.name)
    ]
    try:
        known = {code for name, field in units for code in survey.frame(name)[field]}
    except GeoError:
        return  # the page itself says what is wrong with them
    # Figures have rows of the district's own, by its code.
    if asked not in {survey.district.spec.code, *known}:
        missed("unit")
        remember("unit", "")


def chosen_survey() -> Survey:
    """The round of the district that the reader chose, under whose head everything stands."""
    from ..views.cards import top

    home = asked_district()
    beside = {file.parent.name: file.parent for file in home.parent.glob("*/district.toml")}
    beside.setdefault(home.name, home)
    # Wide enough for two rounds and both languages on a screen of 1024 pixels.
    several = len(beside) > 1
    widths = [9, 5, 6, 4] if several else [13, 7, 4]
    few = FEW_ROUNDS - several
    head, *others = st.columns(widths, vertical_alignment="bottom")
    date, tongue = others[-2:]
    with tongue:
        choose(
            st.segmented_control,
            "lang",
            LANGUAGES,
            label=say("language"),
            format_func={"zh": "中文", "en": "English"}.get,
            required=True,
            label_visibility="collapsed",
        )
    name = home.name
    if several:
        order = [home.name, *sorted(set(beside) - {home.name})]
        titles = told_apart({one: name_of(beside[one]) for one in order})
        with others[0]:
            name = choose(
                st.selectbox, "district", order, label=say("pick_district"), format_func=titles.get
            )
    elif st.query_params.get("district", name) != name:
        missed("district")
        remember("district", "")
    if "page" in st.query_params:  # of an address that names no page; `server.py` leads it here
        missed("page")
        del st.query_params["page"]
    files = files_of(beside[name])
    rounds, first = rounds_for(str(beside[name]), files)
    round_, asked = "", started_with("round")
    if asked not in rounds:
        st.session_state["round_by_default"] = True  # until the reader chooses one
    with date:
        if len(rounds) > few:
            round_ = choose(st.selectbox, "round", rounds, first, always=True)
        elif rounds:
            round_ = choose(
                st.segmented_control, "round", rounds, first, required=True, always=True
            )
    survey = survey_for(str(beside[name]), round_, files)
    beside_px = _LISTED_PX if several or len(rounds) > few else _SIDE_BY_SIDE_PX
    with head:
        words = top(survey, language(), __version__)
        st.html(above(words, width=column(widths), least_px=beside_px))
    if round_ != first:
        st.session_state["round_by_default"] = False
    elif rounds and first != rounds[0] and st.session_state.get("round_by_default"):
        st.caption(say("newer_round").format(rounds[0]))
        above_unmeasured()
    return survey


def told_apart(names: dict[str, str]) -> dict[str, str]:
    """Names of districts by folder; where several are called the same, each with its folder.

    Examples
    --------
    >>> told_apart({"a": "East", "b": "East", "c": "West"})
    {'a': 'East (a)', 'b': 'East (b)', 'c': 'West'}
    """
    several = {name for name, count in Counter(names.values()).items() if count > 1}
    return {
        folder: f"{name} ({folder})" if name in several else name for folder, name in names.items()
    }


def name_of(folder: Path) -> str:
    """A district's name; its folder's where the declaration cannot be read."""
    from ..district import open_district

    try:
        return open_district(folder).spec.name.in_(language())
    except GeoError:
        return folder.name


def asked_district() -> Path:
    """The folder named after `--` or in ATLAS_DISTRICT; else the district that comes with the program."""
    from ..bundled import embedded_district

    named = district_among(tuple(sys.argv[1:])) or os.environ.get("ATLAS_DISTRICT")
    return Path(named).resolve() if named else embedded_district()


@cache
def district_among(arguments: tuple[str, ...]) -> str | None:
    """The district that the command line names."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--district")
    named: str | None = parser.parse_known_args(arguments)[0].district
    return named
