"""The planner's app: pages and widgets over `geo`, which does all the geometry and all the arithmetic.

Start it with `atlas app`, or `streamlit run app.py -- --district DIR`. What a reader chose stands in the
address, so that a colleague who opens it sees the same.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from geo import __version__
from geo.errors import GeoError
from geo.views.format import LANGUAGES, NOTHING, Language, word

if TYPE_CHECKING:
    import pandas as pd

    from geo.model import Indicator, Level
    from geo.scope import Scope
    from geo.survey import Survey

# Of each cache: bounded, and shared between readers, since the answer is the same for all of them.
ENTRIES = 16
MAP_PX = 500
TABLE_PX = 400

WORDS: dict[str, tuple[str, str]] = {
    "app": ("城乡图", "Chengxiang Atlas"),
    "scope": ("范围", "Scope"),
    "figures": ("指标", "Figures"),
    "language": ("语言 Language", "语言 Language"),
    "pick_district": ("区", "District"),
    "round": ("调查轮次", "Survey round"),
    "decision": ("认定", "Decision"),
    "any": ("全部", "All"),
    "near_only": ("只看临界单元", "Only near the edge"),
    "search": ("查找名称、代码或镇（街道）", "Find a name, code or town"),
    "shown": ("显示 {} / {} 个单元", "{} of {} units shown"),
    "download": ("下载表格（CSV）", "Download the table (CSV)"),
    "click": (
        "在地图上点一个村（社区），这里说明认定的理由。",
        "Click a village on the map: the reason for its decision appears here.",
    ),
    "projects": ("各项工程", "By project"),
    "one": ("一项指标", "One indicator"),
    "indicator": ("指标", "Indicator"),
    "level": ("单元层级", "Units"),
    "within": ("统计范围", "Counted"),
    "drawn": ("地图显示", "On the map"),
    "features": ("逐个对象", "Features"),
    "verdicts": ("单元判定", "Units"),
    "fault": ("数据不能使用：", "The data cannot be used:"),
    "no_scope": (
        "本轮次没有四至界线，无法认定范围。",
        "This round has no edges, so no scope can be decided.",
    ),
    "working": ("正在计算……", "Computing…"),
}


def main() -> None:
    """Lay out the page that the address asks for."""
    st.set_page_config(page_title=say("app"), layout="wide")
    from geo.views.cards import STYLE

    st.html(STYLE)
    pages = [
        st.Page(guarded(scope_page), title=say("scope"), url_path="scope", default=True),
        st.Page(guarded(figures_page), title=say("figures"), url_path="figures"),
    ]
    st.navigation(pages, position="top").run()


def guarded(page: Callable[[Survey], None]) -> Callable[[], None]:
    """A page under the district's head, that answers a fault of the data with its message."""

    def shown() -> None:
        try:
            survey = chosen_survey()
            with st.spinner(say("working")):
                page(survey)
        except GeoError as error:
            st.error(say("fault"))
            st.code(str(error), language=None, wrap_lines=True)

    shown.__name__ = page.__name__
    return shown


# ---------------------------------------------------------------- pages


def scope_page(survey: Survey) -> None:
    """Which villages lie in the area, on the map and in a table, with the reason for each."""
    from geo.scope import EDGES_LAYER
    from geo.views.cards import reason, scope_tiles
    from geo.views.tables import SCOPE_HEADINGS, csv_bytes, scope_table, why

    if not survey.has(EDGES_LAYER):
        st.info(say("no_scope"))
        draw(survey, None, None, "all", key="scope_map")
        return
    scope = scope_for(survey)
    unit = survey.district.levels[0].unit
    st.html(scope_tiles(scope, unit.level if unit else "village", language()))
    left, right = st.columns([11, 10], gap="medium")
    with left:
        picked = draw(survey, None, None, "all", key="scope_map")
    with right:
        if picked and picked[0] == survey.district.levels[0].name:
            st.session_state["picked_unit"] = picked[1]
        code = st.session_state.get("picked_unit")
        rows = scope.rows[scope.rows["unit_code"] == code].to_dict("records")
        st.html(reason(why(cast("dict[str, Any]", rows[0]), language()) if rows else say("click")))
        table = scope_table(survey, scope, language())
        shown = filtered(table)
        st.caption(say("shown").format(len(shown), len(table)))
        show_table(shown, SCOPE_HEADINGS)
        st.download_button(
            say("download"),
            csv_bytes(shown, SCOPE_HEADINGS, language()),
            file_name=f"scope-{survey.district.spec.code}-{survey.round}.csv",
            mime="text/csv",
        )


def figures_page(survey: Survey) -> None:
    """Every rate with its bounds against its target, by project and by unit, and on the map."""
    from geo.indicators import MEASURES
    from geo.views.cards import figure, projects, section
    from geo.views.tables import FIGURE_HEADINGS, csv_bytes, figures_table, measured_in

    rows = coverage_for(survey)
    within = choose(
        st.segmented_control, "within", ("all", "inside"), format_func=say, required=True
    )
    rows = rows[rows["scope"] == within]
    declared = {indicator.id: indicator for _, indicator in survey.district.catalog.indicators()}

    st.html(section(say("projects")))
    whole = rows[rows["level"] == "district"]
    main_ones = [
        indicator
        for layer in survey.district.catalog.layers.values()
        for indicator in layer.indicators
    ]
    st.html(projects(survey, whole, main_ones, language()))

    st.html(section(say("one")))
    pick, units, drawn = st.columns([10, 8, 4])
    with pick:
        indicator = declared[
            choose(
                st.selectbox,
                "indicator",
                by_default_first(survey, list(declared)),
                format_func=lambda name: declared[name].title.in_(language()),
            )
        ]
    with units:
        levels = [layer.unit.level for layer in survey.district.levels if layer.unit]
        level = choose(
            st.segmented_control, "level", (*levels, "district"), format_func=say, required=True
        )
    with drawn:
        kind = choose(
            st.segmented_control, "drawn", ("features", "verdicts"), format_func=say, required=True
        )
    left, right = st.columns([11, 10], gap="medium")
    coloured = level if kind == "verdicts" and level in levels else None
    with left:
        draw(survey, indicator, cast("Level | None", coloured), within, key="figure_map")
    with right:
        here = whole[whole["indicator"] == indicator.id].to_dict("records")
        if here:
            st.html(figure(survey, here[0], indicator, language()))
        wanted = rows[(rows["indicator"] == indicator.id) & (rows["level"] == level)]
        st.caption(measured_in(MEASURES[indicator.kind], language()))
        table = figures_table(wanted, language())
        show_table(table, FIGURE_HEADINGS)
        st.download_button(
            say("download"),
            csv_bytes(table, FIGURE_HEADINGS, language()),
            file_name=f"{indicator.id}-{level}-{within}-{survey.round}.csv",
            mime="text/csv",
        )


# ---------------------------------------------------------------- parts of pages


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """The table narrowed by decision, by nearness to the edge and by a word."""
    options = ("any", *[kind for kind in ("in", "partly", "out") if (table["kind"] == kind).any()])
    kind = choose(st.segmented_control, "decision", options, format_func=say, required=True)
    find, near = st.columns([3, 2], vertical_alignment="bottom")
    text = find.text_input(
        say("search"), key="find", label_visibility="collapsed", placeholder=say("search")
    )
    only_near = near.toggle(say("near_only"), key="near")
    if kind != "any":
        table = table[table["kind"] == kind]
    if only_near:
        table = table[table["is_near"]]
    if text.strip():
        words = table["unit_name"] + " " + table["unit_code"] + " " + table["town"]
        table = table[words.str.contains(text.strip(), case=False, regex=False)]
    return table


def show_table(table: pd.DataFrame, headings: dict[str, tuple[str, str]]) -> None:
    """A table with its headings in the reader's language and its rates with one decimal."""
    from geo.views.tables import PERCENTAGES, WIDTHS_PX, heading

    columns: dict[str, Any] = {}
    for name in headings:
        label, width = heading(headings, name, language()), WIDTHS_PX.get(name)
        if name in PERCENTAGES:
            columns[name] = st.column_config.NumberColumn(label, width=width, format="%.1f%%")
        elif name in table and table[name].dtype.kind in "if":
            columns[name] = st.column_config.NumberColumn(label, width=width, format="localized")
        else:
            columns[name] = st.column_config.TextColumn(label, width=width)
    st.dataframe(
        table[[name for name in headings if name in table]],
        column_config=columns,
        hide_index=True,
        height=TABLE_PX,
        placeholder=NOTHING,
    )


def draw(
    survey: Survey, indicator: Indicator | None, level: Level | None, within: str, *, key: str
) -> tuple[str, str] | None:
    """The map; the layer and id of the feature that was clicked in this run."""
    from geo.views.component import show_map

    name = indicator.id if indicator else None
    data, digest = map_data(
        survey.digest, declared(survey), survey, name, level, language(), within
    )
    return show_map(data, digest, key=key, height_px=MAP_PX)


def by_default_first(survey: Survey, names: list[str]) -> list[str]:
    """The indicators, the one a map shows by default first."""
    from geo.views.map import default_indicator

    first = default_indicator(survey)
    return sorted(names, key=lambda name: name != first)


# ---------------------------------------------------------------- what was chosen


def say(name: str) -> str:
    """A word of the app, or of the figures, in the reader's language."""
    pair = WORDS.get(name)
    return pair[LANGUAGES.index(language())] if pair else word(name, language())


def language() -> Language:
    """The reader's language, from the switch or the address."""
    return "en" if started_with("lang") == "en" else "zh"


def started_with(key: str) -> object:
    """What a choice is before its widget is drawn: as it stands, as in the address, or as on the page before."""
    places = (st.session_state, st.query_params, st.session_state.setdefault("kept", {}))
    return next((place[key] for place in places if key in place), None)


def choose(widget: Callable[..., Any], key: str, options: Sequence[str], **how: Any) -> str:
    """A widget whose value stands in the address where it is not the default, and outlives its page."""
    asked = started_with(key)
    st.session_state[key] = asked if asked in options else options[0]
    label = how.pop("label", say(key))
    chosen = cast("str", widget(label, list(options), key=key, **how) or options[0])
    st.session_state["kept"][key] = chosen
    if chosen != options[0]:
        st.query_params[key] = chosen
    elif key in st.query_params:
        del st.query_params[key]
    return chosen


def chosen_survey() -> Survey:
    """The round of the district that the reader chose, under whose head everything stands."""
    from geo.store import open_store
    from geo.views.cards import top

    head, pick, date, tongue = st.columns([14, 4, 3, 3], vertical_alignment="bottom")
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
    home = asked_district()
    beside = {file.parent.name: file.parent for file in home.parent.glob("*/district.toml")}
    beside.setdefault(home.name, home)
    with pick:
        order = [home.name, *sorted(set(beside) - {home.name})]
        titles = {name: name_of(beside[name]) for name in order}
        name = choose(
            st.selectbox, "district", order, label=say("pick_district"), format_func=titles.get
        )
    with date:
        rounds = open_store(beside[name] / "rounds").rounds()
        round_ = choose(st.selectbox, "round", rounds[::-1]) if rounds else ""
    survey = survey_for(str(beside[name]), round_, files_of(beside[name]))
    with head:
        st.html(top(survey, language(), __version__))
    return survey


def name_of(folder: Path) -> str:
    """A district's name; its folder's where the declaration cannot be read."""
    from geo.district import open_district

    try:
        return open_district(folder).spec.name.in_(language())
    except GeoError:
        return folder.name


def asked_district() -> Path:
    """The folder named after `--` or in ATLAS_DISTRICT; else the district that comes with the program."""
    from geo.bundled import embedded_district

    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--district")
    named = parser.parse_known_args(sys.argv[1:])[0].district or os.environ.get("ATLAS_DISTRICT")
    return Path(named).resolve() if named else embedded_district()


# ---------------------------------------------------------------- what is computed once for all readers


def files_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells that a district's files have changed: names, times, sizes."""
    files = [
        folder / "district.toml",
        *folder.glob("layers/*"),
        *folder.glob("rounds/*"),
        *folder.glob("rasters/*"),
    ]
    found = [(file, file.stat()) for file in sorted(files) if file.is_file()]
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in found)


def declared(survey: Survey) -> str:
    """A digest of what the district and its layers declare, on which figures depend as on the data."""
    catalog = survey.district.catalog
    said = [survey.district.spec.model_dump_json()]
    said += [catalog.layers[name].model_dump_json() for name in sorted(catalog.layers)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


@st.cache_resource(max_entries=4, show_spinner=False)
def survey_for(folder: str, round_: str, files: tuple[tuple[str, int, int], ...]) -> Survey:
    """An opened round; `files` is in the key, so that a changed file opens anew."""
    from geo.survey import open_survey

    return open_survey(folder, round_ or None)


def scope_for(survey: Survey) -> Scope:
    """The decisions of a round."""
    return _scope(survey.digest, declared(survey), survey)


def coverage_for(survey: Survey) -> pd.DataFrame:
    """All figures of a round."""
    return _coverage(survey.digest, declared(survey), survey)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _scope(data: str, declarations: str, _survey: Survey) -> Scope:
    from geo.scope import scope_of

    return scope_of(_survey)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _coverage(data: str, declarations: str, _survey: Survey) -> pd.DataFrame:
    from geo.coverage import coverage_of

    return coverage_of(_survey)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def map_data(
    data: str,
    declarations: str,
    _survey: Survey,
    indicator: str | None,
    level: Level | None,
    reader: Language,
    within: str,
) -> tuple[bytes, str]:
    """A map's description as bytes, made once, and its digest."""
    from geo.views.description import as_json
    from geo.views.map import map_description

    text = as_json(map_description(_survey, indicator, level, reader, within)).encode()
    return text, hashlib.sha256(text).hexdigest()


main()
