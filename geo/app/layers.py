"""Any layer of the round on the map, styled from its declaration."""

from __future__ import annotations

from ..survey import Survey
from ..views.component import show
from .choices import as_label, choose_many, language
from .computed import layers_map_for


def page(survey: Survey) -> None:
    """Which layers, and the map over the whole width."""
    catalog = survey.district.catalog
    drawable = [
        layer
        for layer in sorted(catalog.layers.values(), key=lambda layer: layer.style.order)
        if layer.geometry not in ("Raster", "Table") and survey.has(layer.name)
    ]
    names = [layer.name for layer in drawable]
    default = [layer.name for layer in drawable if layer.style.shown]
    titles = {layer.name: as_label(layer.title.in_(language())) for layer in drawable}
    chosen = choose_many("layers_shown", names, default, format_func=titles.get)
    show(
        layers_map_for(survey, tuple(chosen), language()),
        key="layers_map",
        height_px=480,
    )
