"""Where the findings of a check are: a mark for each place, and the outline of what overlaps, gapes or crosses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from ..check.titles import SEVERITIES, title_of
from . import palette
from .description import DrawnLayer, Entry, MapDescription
from .format import Language, number
from .listing import FINDINGS
from .map import layers_description
from .shapes import shapes_of

if TYPE_CHECKING:
    from ..check.report import CheckReport
    from ..survey import Survey

_SAID: dict[str, tuple[str, str]] = {
    "findings": ("检查结果", "Findings"),
    "outlines": ("所在图形", "What they are about"),
    "layer": ("图层", "Layer"),
    "found": ("发现", "Found"),
    "remedy": ("处理办法", "Remedy"),
    "places": ("位置数", "Places"),
    "subtitle": ("检查结果", "What a check found"),
}


def findings_description(survey: Survey, report: CheckReport, language: Language) -> MapDescription:
    """A map of what a check of a round found, over the layers that it found it in.

    Parameters
    ----------
    survey : the round
    report : what the check found in it
    language : "zh" or "en"

    Returns
    -------
    MapDescription
        A feature of the layer `FINDINGS` for each finding that has a place, at all its places; findings
        about a whole layer have none.

    Raises
    ------
    UnknownNameError, DataError
        As `layers_description`.
    """
    catalog = survey.district.catalog
    places = report.places(language)
    about = set(places["layer"]) & set(catalog.layers)
    units = {layer.name for layer in survey.district.levels[:1]}
    base = layers_description(survey, sorted(about | units), language)
    titles = {name: catalog.layer(name).title.in_(language) for name in catalog.layers}
    drawn = places[~(places.geometry.is_empty | places.geometry.isna())]
    drawn = drawn[np.isfinite(drawn.geometry.bounds).all(axis=1).to_numpy(dtype=bool)]
    layers = [replace(layer, answers=False) for layer in base.layers]
    if len(drawn):
        layers += [_outlines(drawn, language), _marks(drawn, titles, language)]
    return replace(base, subtitle=_said("subtitle", language), layers=tuple(layers))


def _marks(places: pd.DataFrame, titles: dict[str, str], language: Language) -> DrawnLayer:
    geometry = shapely.point_on_surface(places.geometry.to_numpy())
    points = pd.Series(geometry, index=places.index).groupby(places["finding"])
    together = points.agg(lambda group: shapely.multipoints(group.to_list()))
    first = places.groupby("finding").first().loc[together.index]
    counts = first["severity"].value_counts()
    shapes = shapes_of(
        np.array([_plain(one) for one in together], dtype=object),
        together.index,
        first["severity"],
        [title_of(code).in_(language) for code in first["code"]],
        zip(
            [titles.get(name, name) for name in first["layer"]],
            first["found"],
            first["remedy"],
            [number(shapely.get_num_geometries(one)) for one in together],
            strict=True,
        ),
    )
    entries = tuple(
        Entry(kind, SEVERITIES[kind].in_(language), look, int(counts[kind]))
        for kind, look in palette.FINDINGS.items()
        if kind in counts
    )
    fields = tuple(_said(name, language) for name in ("layer", "found", "remedy", "places"))
    title = _said("findings", language)
    return DrawnLayer(FINDINGS, title, entries, shapes, fields, answers=True)


def _outlines(places: pd.DataFrame, language: Language) -> DrawnLayer:
    """The lines and areas themselves, beneath their marks."""
    wide = places[~places.geometry.geom_type.isin(["Point", "MultiPoint"])]
    shapes = shapes_of(
        wide.geometry.to_numpy(),
        wide.index,
        ["all"] * len(wide),
        [title_of(code).in_(language) for code in wide["code"]],
    )
    title = _said("outlines", language)
    return DrawnLayer(
        "finding_shapes", title, (Entry("all", title, palette.FINDING_SHAPE, len(wide)),), shapes
    )


def _plain(points: shapely.MultiPoint) -> shapely.Geometry:
    return points.geoms[0] if len(points.geoms) == 1 else points


def _said(name: str, language: Language) -> str:
    return _SAID[name][0 if language == "zh" else 1]
