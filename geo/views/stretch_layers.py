"""The layers of a map that say where along a street: its stretches by what reaches them, and the points that do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from ..indicators import MEASURES, needed_layers
from ..model import ShareWithinDistance
from ..stretches import stretches_of
from . import palette
from .declared_layers import declared_layer
from .description import DrawnLayer, Entry
from .figure_layers import fields_shown
from .format import Language, amount, word
from .shapes import attributes, shapes_of, to_degrees

if TYPE_CHECKING:
    from typing import TypeGuard

    from ..model import Indicator, Layer
    from ..survey import Survey

STATES = ("covered", "not_covered", "unknown")
DRAWN_IN_TURN = ("covered", "unknown", "not_covered")
"""From bottom to top: where ends meet, what is not covered is seen."""
MOST_STREETS = 200_000
"""Stretches are some five to a street, and take 3 KB of memory a street: of more the streets are drawn whole."""
MOST_POINTS = 10_000
"""Of the points that reach; more would fill the map's file before anybody asked for them."""


def by_stretch(
    indicator: Indicator, layer: Layer, survey: Survey
) -> TypeGuard[ShareWithinDistance]:
    """Whether an indicator has stretches to be drawn: it is of reach, and the round has its layers, not too long."""
    return (
        isinstance(indicator, ShareWithinDistance)
        and all(survey.has(name) for name in needed_layers(indicator, layer))
        and len(survey.frame(layer.name)) <= MOST_STREETS
    )


def by_street_and_state(found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The stretches of one state of a street as one feature.

    Parameters
    ----------
    found : of `stretches_of`

    Returns
    -------
    GeoDataFrame
        MultiLineStrings with fid, state and length_m; in the order to be drawn in, and streets in their own.
    """
    turn = found["status"].map(DRAWN_IN_TURN.index).to_numpy(int)
    order = np.argsort(turn, kind="stable")
    turn, fid = turn[order], found["source_fid"].to_numpy()[order]
    begins = np.append(True, (turn[1:] != turn[:-1]) | (fid[1:] != fid[:-1]))[: len(order)]
    first = np.flatnonzero(begins)
    lines = shapely.multilinestrings(
        found.geometry.to_numpy()[order], indices=np.cumsum(begins) - 1
    )
    metres = found["length_m"].to_numpy()[order]
    return gpd.GeoDataFrame(
        {
            "fid": fid[first],
            "state": np.array(DRAWN_IN_TURN, dtype=object)[turn[first]],
            "length_m": np.add.reduceat(metres, first) if len(first) else metres,
        },
        geometry=np.asarray(lines, dtype=object),
        crs=found.crs,
    )


def streets_by_stretch(
    survey: Survey,
    layer: Layer,
    indicator: ShareWithinDistance,
    language: Language,
    *,
    shown: bool = True,
) -> DrawnLayer:
    """The streets an indicator of reach is measured on, each stretch in the colour of its own state.

    Parameters
    ----------
    survey : the round
    layer, indicator : of the catalog; the round holds its layers (`by_stretch`)
    language : "zh" or "en"
    shown : whether the layer is switched on at first

    Returns
    -------
    DrawnLayer
        A street has a shape for each state of which it has a stretch, all with the street's id: they are found,
        listed and picked as the one street they are, and a click says how many metres of it are in each state.
        The amounts in the legend are the indicator's own.
    """
    parts = by_street_and_state(stretches_of(survey, indicator.id))
    frame = survey.frame(layer.name)
    street = frame.index.get_indexer(parts["fid"])
    metres = np.zeros((len(frame), len(STATES)))
    metres[street, parts["state"].map(STATES.index).to_numpy(int)] = parts["length_m"]
    measure = MEASURES[indicator.kind]
    titles, values = attributes(frame, layer, fields_shown(layer, indicator), language)
    said = [
        (*(amount(part, measure, language) for part in own), *told)
        for own, told in zip(metres.tolist(), values, strict=True)
    ]
    label = layer.label or layer.key
    shapes = shapes_of(
        in_degrees(parts.geometry),
        (frame[layer.key] if layer.key else frame.index.to_series()).iloc[street],
        parts["state"],
        (frame[label].fillna("") if label else frame.index.to_series()).iloc[street],
        [said[place] for place in street.tolist()],
    )
    totals = dict(zip(STATES, metres.sum(axis=0).tolist(), strict=True))
    return DrawnLayer(
        f"figure:{indicator.id}",
        indicator.title.in_(language),
        tuple(
            Entry(
                state,
                word(state, language),
                palette.STRETCHES[state],
                None,  # most streets are of two states
                amount(totals[state], measure, language),
            )
            for state in STATES
        ),
        shapes,
        (*(word(state, language) for state in STATES), *titles),
        shown=shown,
        answers=True,
        in_parts=True,
    )


def points_that_reach(
    survey: Survey, indicator: ShareWithinDistance, language: Language
) -> DrawnLayer | None:
    """The points that an indicator of reach is about, as they are declared; None where they are too many."""
    if len(survey.frame(indicator.of)) > MOST_POINTS:
        return None
    declared = survey.district.catalog.layer(indicator.of)
    return declared_layer(survey, indicator.of, language, shown=declared.style.shown)


def in_degrees(geometry: gpd.GeoSeries) -> np.ndarray:
    """As `to_degrees`, without what is too short to be drawn; None where that is all there is."""
    parts, row = shapely.get_parts(to_degrees(geometry), return_index=True)
    there = shapely.length(parts) > 0
    drawn = np.full(len(geometry), None, dtype=object)
    if there.any():
        shapely.multilinestrings(parts[there], indices=row[there], out=drawn)
    return drawn
