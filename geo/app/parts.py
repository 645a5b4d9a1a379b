"""Parts that several pages are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

import streamlit as st

from ..views.component import Answer, show
from ..views.format import LANGUAGES
from .choices import as_label, choose, language, remember, remembered, say

if TYPE_CHECKING:
    import pandas as pd

    from ..errors import GeoError
    from ..model import Indicator, Level
    from ..survey import Survey
    from ..views.cards import Row
    from ..views.component import Drawn, Listed


def main_indicators(survey: Survey) -> list[Indicator]:
    """The declared indicators, without those that a category splits them into."""
    layers = survey.district.catalog.layers.values()
    return [indicator for layer in layers for indicator in layer.indicators]


def all_indicators(survey: Survey) -> dict[str, Indicator]:
    """Every indicator by id, the one a map shows by default first."""
    from ..views.map import default_indicator

    found = {indicator.id: indicator for _, indicator in survey.district.catalog.indicators()}
    first = default_indicator(survey)
    return {name: found[name] for name in sorted(found, key=lambda name: name != first)}


def pick_indicator(survey: Survey) -> Indicator:
    """The indicator that the reader chooses from a list."""
    declared = all_indicators(survey)
    name = choose(
        st.selectbox,
        "indicator",
        list(declared),
        format_func=lambda name: declared[name].title.in_(language()),
    )
    return declared[name]


def pick_level(survey: Survey, key: str = "level", first: str = "") -> Level:
    """The level of units that figures are shown for, offered fine to coarse; `first` is the one at first."""
    levels = [layer.unit.level for layer in survey.district.levels if layer.unit]
    chosen = choose(
        st.segmented_control,
        key,
        (*levels, "district"),
        first or None,
        label=say("level"),
        format_func=say,
        required=True,
    )
    return cast("Level", chosen)


def pick_within() -> str:
    """Whether the whole district is counted or only what lies inside the area."""
    return choose(st.segmented_control, "within", ("all", "inside"), format_func=say, required=True)


def side_by_side(
    map_: Drawn | None, listing: Listed | None, *, key: str, height_px: int = 520
) -> Answer:
    """A map and a list that follow each other; a unit that is picked stands in the address."""
    held = f"{key}_first"
    if key not in st.session_state:
        # Only at first, here or after another page: what the reader picks later the browser itself knows.
        unit = remembered("unit")
        layer = listing.layer if listing is not None else None
        st.session_state[held] = (layer, unit) if layer and unit else None
    answer = show(map_, listing, key=key, picked=st.session_state[held], height_px=height_px)
    if answer.picked and listing is not None and answer.picked[0] == listing.layer:
        remember("unit", answer.picked[1])
    return answer


def list_alone(listing: Listed, *, key: str) -> None:
    """A list by itself."""
    show(None, listing, key=key)


def download(
    table: Callable[[], pd.DataFrame], headings: dict[str, tuple[str, str]], name: str, *, key: str
) -> None:
    """A table to take into a spreadsheet, made when somebody does."""
    from ..views.tables import csv_bytes

    tongue = language()
    st.download_button(
        say("download"),
        lambda: csv_bytes(table(), headings, tongue),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=key,
        on_click="ignore",
    )


def heading(text: str) -> None:
    """The head of a part of a page."""
    from ..views.cards import section

    st.html(section(text))


def titles_of(survey: Survey) -> dict[str, str]:
    """The titles of the declared layers, by name."""
    return {name: one.title.in_(language()) for name, one in survey.district.catalog.layers.items()}


def fault(error: GeoError) -> None:
    """A fault of the data or of a file, in its own words."""
    from ..views.cards import fault as words_of

    st.error(say("fault"))
    st.html(words_of(error.in_(language())))


def address_of(page: str, **said: str) -> str:
    """The address of another page with the same choices; what is to come is left open at its end."""
    return f"{page}?{urlencode(_choices_with(said))}"


def way_to(page: str, label: str, **said: str) -> None:
    """A link to another page with the same choices and these; what is being tried is not lost by it."""
    there = st.Page(_nothing, title=say(page), url_path=page)
    st.page_link(
        there,
        label=f"{as_label(label)} →",
        query_params=_choices_with(said),
    )


def _nothing() -> None:
    """Streamlit tells the pages of links by their addresses alone."""


def _choices_with(said: Mapping[str, str]) -> dict[str, str]:
    wanted = st.query_params.to_dict()
    kept: dict[str, str] = {
        name: wanted[name] for name in ("lang", "district", "round") if name in wanted
    }
    if language() != LANGUAGES[0]:
        kept["lang"] = language()
    return {**kept, **said}


def district_rows(rows: pd.DataFrame, within: str = "all") -> pd.DataFrame:
    """The rows of coverage that are about the district as a whole."""
    return rows[(rows["level"] == "district") & (rows["scope"] == within)]


def one_row(rows: pd.DataFrame, wanted: Sequence[tuple[str, object]]) -> Row | None:
    """The row of coverage in which these columns have these values; None where there is none."""
    for column, value in wanted:
        rows = rows[rows[column] == value]
    found = rows.to_dict("records")
    return found[0] if found else None
