"""Rows of a layer → shapes of a map: WGS84 geometry with six decimals, and attributes in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from ..model import FieldSpec, Layer
from .description import Shapes
from .format import Language, number, word, yes_no

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

DECIMALS = 6
"""Of a degree: about 0.1 m, which is finer than any survey drawn here."""


def to_degrees(geometry: gpd.GeoSeries) -> NDArray[np.object_]:
    """Geometry in WGS84, longitude first, with coordinates cut to six decimals.

    Parameters
    ----------
    geometry : any kind, with a CRS

    Returns
    -------
    array of shapely geometries
        None stays None.
    """
    values = geometry.to_crs("EPSG:4326").to_numpy()
    return np.asarray(shapely.transform(values, lambda xy: np.round(xy, DECIMALS)), dtype=object)


def shapes_of(
    geometry: NDArray[np.object_],
    ids: Iterable[object],
    entries: Iterable[str],
    labels: Iterable[object],
    values: Iterable[Sequence[str]] | None = None,
) -> Shapes:
    """Features as shapes; those without a geometry cannot be drawn and are left out.

    Parameters
    ----------
    geometry : in WGS84, as `to_degrees` gives it
    ids, entries, labels, values : one for each geometry

    Returns
    -------
    Shapes
    """
    said = values if values is not None else [()] * len(geometry)
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = [
        (str(id_), entry, in_words(label), tuple(row))
        for id_, entry, label, row, has in zip(ids, entries, labels, said, there, strict=True)
        if has
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * 4
    return Shapes(geometry[there], *columns)


def attributes(
    frame: pd.DataFrame, layer: Layer, fields: Sequence[str], language: Language
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The chosen fields in words: their titles, and a row of texts for each feature.

    Parameters
    ----------
    frame : conformed rows of the layer
    layer : its declaration
    fields : which, in the order wanted
    language : "zh" or "en"

    Returns
    -------
    titles, rows
    """
    titles = tuple(field_title(layer, name, language) for name in fields)
    columns = []
    for name in fields:
        # Each value once: of many streets few are of different widths.
        which, different = pd.factorize(frame[name], use_na_sentinel=False)
        texts = [value_in_words(value, layer.fields[name], language) for value in different]
        columns.append([texts[number] for number in which])
    rows: list[tuple[str, ...]] = [()] * len(frame)
    if columns:
        rows = list(zip(*columns, strict=True))
    return titles, rows


def field_title(layer: Layer, name: str, language: Language) -> str:
    """What a reader calls a field; its name where the declaration has no title for it."""
    title = layer.fields[name].title
    return title.in_(language) if title else name


def value_in_words(value: object, spec: FieldSpec, language: Language) -> str:
    """An attribute as text, with its unit; a missing one says that it is unknown.

    Examples
    --------
    >>> value_in_words(3.5, FieldSpec(type="number", unit="m"), "zh")
    '3.5 m'
    >>> value_in_words(None, FieldSpec(type="text"), "en")
    'unknown'
    """
    if _missing(value):
        return word("unknown", language)
    if spec.type == "bool":
        return yes_no(value, language)
    if spec.type in ("category", "text"):
        title = spec.value_titles.get(str(value))
        return title.in_(language) if title else str(value)
    if spec.type in ("number", "integer"):
        amount = float(str(value))
        text = number(amount, 0 if amount.is_integer() else 1)
        return f"{text} {spec.unit}" if spec.unit else text
    if spec.type == "date":
        return str(value)[:10]
    return str(value)


def in_words(value: object) -> str:
    """A label; empty where there is none."""
    return "" if _missing(value) else str(value)


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124
