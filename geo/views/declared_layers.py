"""A layer of a round drawn as its declaration says: one colour, or colours by the values of a field."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from ..model import FieldSpec, Layer
from . import palette
from .description import DrawnLayer, Entry, Look
from .format import Language, word, yes_no
from .scope_layers import declared_look
from .shapes import attributes, field_title, shapes_of, to_degrees

if TYPE_CHECKING:
    from ..survey import Survey


def declared_layer(
    survey: Survey,
    name: str,
    language: Language,
    *,
    by: str | None = None,
    shown: bool = True,
) -> DrawnLayer:
    """A layer with all its attributes, styled from its declaration.

    Parameters
    ----------
    survey : the round
    name : a declared layer of points, lines or polygons that the round holds
    language : "zh" or "en"
    by : the field whose values give the colours; None means `style.color_by`
    shown : whether the layer is switched on at first

    Returns
    -------
    DrawnLayer
        A class for each value of that field, and one for unknown.

    Raises
    ------
    UnknownNameError, DataError
        As `Survey.frame`.
    """
    layer = survey.district.catalog.layer(name)
    frame = survey.frame(name)
    by = by or layer.style.color_by
    kinds, classes = _classes(frame, layer, by, language)
    fields = [field for field in layer.fields if field != layer.label]
    titles, values = attributes(frame, layer, fields, language)
    label = layer.label or layer.key
    shapes = shapes_of(
        to_degrees(frame.geometry),
        frame[layer.key] if layer.key else frame.index,
        kinds,
        frame[label].fillna("") if label else frame.index,
        values,
    )
    counts = pd.Series(shapes.entries, dtype=object).value_counts()
    title = layer.title.in_(language)
    return DrawnLayer(
        name,
        f"{title} · {field_title(layer, by, language)}" if by else title,
        tuple(Entry(key, text, look, int(counts.get(key, 0))) for key, text, look in classes),
        shapes,
        titles,
        shown=shown,
        answers=True,
        named=layer.unit is not None and layer.name != survey.district.spec.levels[0],
    )


def _classes(
    frame: pd.DataFrame, layer: Layer, by: str | None, language: Language
) -> tuple[list[str], list[tuple[str, str, Look]]]:
    plain = declared_look(layer)
    if by is None:
        return ["all"] * len(frame), [("all", layer.title.in_(language), plain)]
    spec = layer.fields[by]
    values = frame[by]
    if spec.type == "bool":
        kinds = values.map({True: "true", False: "false"}).astype(object)
        said = [("true", yes_no(True, language), palette.COVERED)]
        said.append(("false", yes_no(False, language), palette.NOT_COVERED))
    else:
        kinds = values.astype(object)
        names = list(spec.values) or sorted({str(value) for value in values.dropna()})
        kinds = kinds.map(lambda value: None if pd.isna(value) else str(value))
        said = [
            (
                name,
                _value_title(spec, name, language),
                layer.style.colors.get(name, palette.CATEGORIES[place % len(palette.CATEGORIES)]),
            )
            for place, name in enumerate(names)
        ]
    entries = [(key, text, _coloured(plain, layer, colour)) for key, text, colour in said]
    unknown = ("unknown", word("unknown", language), _hollow(plain, layer))
    return [kind if isinstance(kind, str) else "unknown" for kind in kinds], [*entries, unknown]


def _value_title(spec: FieldSpec, name: str, language: Language) -> str:
    title = spec.value_titles.get(name)
    return title.in_(language) if title else name


def _coloured(look: Look, layer: Layer, colour: str) -> Look:
    if layer.geometry == "LineString":
        return replace(look, color=colour)
    if layer.geometry == "Point":
        return replace(look, color="#ffffff", width_px=0.9, fill=colour, fill_opacity=0.95)
    return replace(look, color=colour, fill=colour, fill_opacity=max(0.45, look.fill_opacity))


def _hollow(look: Look, layer: Layer) -> Look:
    """Unknown is grey, and hollow or dashed, so that it is never taken for a colour."""
    if layer.geometry == "LineString":
        return replace(look, color=palette.UNKNOWN, dash="3 4")
    return replace(
        look, color=palette.UNKNOWN, width_px=0.9, dash=None, fill="#ffffff", fill_opacity=0.9
    )
