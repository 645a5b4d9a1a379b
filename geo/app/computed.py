"""What is computed once for all readers: keyed by the digest of the data and declarations, and bounded."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from .choices import language as chosen_language

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from ..check.report import CheckReport
    from ..model import Indicator, Level, ScopeRule
    from ..scope import Scope
    from ..survey import Survey
    from ..views.component import Drawn, Listed
    from ..views.description import MapDescription
    from ..views.format import Language
    from ..views.listing import Listing

_FILES = ("district.toml", "layers/*", "rounds/*.gpkg", "rounds/[!.]*/*", "rasters/*")
ENTRIES = 16
"""Of each cache."""
_SURVEYS = 6


def files_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells that a district's files have changed: names, times, sizes.

    Without drafts of rounds, which are in folders of a hidden name; whatever goes while it is looked at is left out.
    """
    found = []
    for pattern in _FILES:
        with suppress(FileNotFoundError):  # a folder that has gone
            for file in folder.glob(pattern):
                with suppress(FileNotFoundError):
                    about = file.stat()
                    if stat.S_ISREG(about.st_mode):
                        found.append((str(file), about.st_mtime_ns, about.st_size))
    return tuple(sorted(found))


@st.cache_resource(max_entries=_SURVEYS, show_spinner=False)
def survey_for(folder: str, round_: str, files: tuple[tuple[str, int, int], ...]) -> Survey:
    """An opened round; `files` is in the key, so that a changed file opens anew."""
    from ..survey import open_survey

    return open_survey(folder, round_ or None)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def rounds_for(
    folder: str, files: tuple[tuple[str, int, int], ...]
) -> tuple[tuple[str, ...], str | None]:
    """A district's rounds, newest first, and the one to open: the newest that holds units.

    A round into which somebody has only begun to import has no villages yet. Every other reader would find
    its pages empty, so until it has some they see the round before, and may choose this one.
    """
    from ..district import open_district
    from ..errors import StoreError
    from ..store import open_store

    district = open_district(folder)
    store = open_store(district.rounds_folder)
    rounds = store.rounds()[::-1]
    finest = district.levels[0].name
    for round_ in rounds:
        try:
            if finest in store.tables(round_):
                return rounds, round_
        except StoreError:
            continue
    return rounds, rounds[0] if rounds else None


def scope_for(survey: Survey, rule: ScopeRule | None = None) -> Scope:
    """The decisions of a round, by the district's rule or by another."""
    said = rule.model_dump_json() if rule else ""
    return _scope(survey.digest, survey.district.declarations_digest, said, survey, rule)


def coverage_for(survey: Survey, indicators: tuple[str, ...] | None = None) -> pd.DataFrame:
    """The figures of a round."""
    return _coverage(survey.digest, survey.district.declarations_digest, indicators, survey)


def rows_for(
    survey: Survey, indicator: str, unit_code: str | None, within: str = "all"
) -> pd.DataFrame:
    """The rows behind a figure."""
    declarations = survey.district.declarations_digest
    rows = _rows(survey.digest, declarations, indicator, unit_code, survey)
    return rows[rows["inside"]] if within == "inside" else rows


def rows_list_for(
    survey: Survey, indicator: Indicator, unit_code: str | None, within: str
) -> Listed:
    """The list of the rows behind a figure."""
    from ..indicators import MEASURES
    from ..views.listings import rows_listing

    return list_for(
        survey,
        ("rows", indicator.id, unit_code, within),
        lambda: rows_listing(
            rows_for(survey, indicator.id, unit_code, within),
            indicator,
            MEASURES[indicator.kind],
            chosen_language(),
        ),
    )


def map_for(
    survey: Survey,
    indicator: str | None,
    level: Level | None,
    language: Language,
    within: str = "all",
    rule: ScopeRule | None = None,
) -> Drawn:
    """A map, ready to be sent."""
    said = rule.model_dump_json() if rule else ""
    return _map(
        survey.digest,
        survey.district.declarations_digest,
        indicator,
        level,
        language,
        within,
        said,
        survey,
        rule,
    )


def layers_map_for(
    survey: Survey,
    names: tuple[str, ...],
    language: Language,
    by: tuple[tuple[str, str], ...] = (),
) -> Drawn:
    """A map of layers as they are declared, or coloured `by` other fields, ready to be sent."""
    return _layers_map(
        survey.digest, survey.district.declarations_digest, names, language, by, survey
    )


def list_for(survey: Survey, said: tuple[str | None, ...], make: Callable[[], Listing]) -> Listed:
    """A list, ready to be sent.

    Parameters
    ----------
    survey : the round
    said : what it is a list of and all else, beside the survey, that it depends on
    make : makes it
    """
    return _list(survey.digest, survey.district.declarations_digest, said, chosen_language(), make)


def trial_for(trial: Survey, indicators: tuple[str, ...]) -> pd.DataFrame:
    """The figures of a survey seen through a scenario, which nobody else is likely to ask for."""
    return _trial(trial.digest, trial.district.declarations_digest, indicators, trial)


def checked(survey: Survey) -> CheckReport:
    """What a check finds in a round."""
    return _checked(survey.digest, survey.district.declarations_digest, survey)


def findings_map_for(survey: Survey, language: Language) -> Drawn:
    """A map of what a check finds in a round, ready to be sent."""
    return _findings_map(survey.digest, survey.district.declarations_digest, language, survey)


def _sent(description: MapDescription) -> Drawn:
    """A map over the basemap that the server was started with, ready to be sent."""
    from ..views.basemap import SETTING, basemap_named, laid_on
    from ..views.component import drawn
    from ..views.description import as_json
    from ..views.tiles import archive_of

    basemap = basemap_named(os.environ.get(SETTING), os.environ)
    whole = laid_on(description, basemap)
    archive = archive_of(whole)
    return drawn(as_json(whole, archive), archive)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _scope(
    data: str, declarations: str, said: str, _survey: Survey, _rule: ScopeRule | None
) -> Scope:
    from ..scope import scope_of

    return scope_of(_survey, _rule)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _coverage(
    data: str, declarations: str, indicators: tuple[str, ...] | None, _survey: Survey
) -> pd.DataFrame:
    from ..coverage import coverage_of, for_readers

    return for_readers(_survey, coverage_of(_survey, indicators))


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _rows(
    data: str, declarations: str, indicator: str, unit_code: str | None, _survey: Survey
) -> pd.DataFrame:
    from ..coverage import rows_behind

    return rows_behind(_survey, indicator, unit_code)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _map(
    data: str,
    declarations: str,
    indicator: str | None,
    level: Level | None,
    language: Language,
    within: str,
    said: str,
    _survey: Survey,
    _rule: ScopeRule | None,
) -> Drawn:
    from ..views.map import map_description

    return _sent(map_description(_survey, indicator, level, language, within, _rule))


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _layers_map(
    data: str,
    declarations: str,
    names: tuple[str, ...],
    language: Language,
    by: tuple[tuple[str, str], ...],
    _survey: Survey,
) -> Drawn:
    from ..views.map import layers_description

    return _sent(layers_description(_survey, names, language, dict(by)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _findings_map(data: str, declarations: str, language: Language, _survey: Survey) -> Drawn:
    from ..views.finding_layers import findings_description

    return _sent(findings_description(_survey, checked(_survey), language))


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _list(
    data: str,
    declarations: str,
    said: tuple[str | None, ...],
    language: Language,
    _make: Callable[[], Listing],
) -> Listed:
    from ..views.component import listed

    return listed(_make())


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def _trial(
    data: str, declarations: str, indicators: tuple[str, ...], _survey: Survey
) -> pd.DataFrame:
    from ..coverage import coverage_of, for_readers

    return for_readers(_survey, coverage_of(_survey, indicators))


@st.cache_resource(max_entries=4, show_spinner=False)
def _checked(data: str, declarations: str, _survey: Survey) -> CheckReport:
    from ..check.report import check_round

    return check_round(_survey)
