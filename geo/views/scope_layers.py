"""The layers of a map that say where: backdrop, coarser units, units by decision, edges, the area."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from ..model import Layer
from . import palette
from .description import DrawnLayer, Entry, Look
from .format import Language, number, percent, sides, word, yes_no
from .shapes import attributes, field_title, shapes_of, to_degrees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..scope import Scope
    from ..survey import Survey

_TITLES = {
    "decisions": ("范围认定", "Scope decision"),
    "near_edge": ("临界单元（四至精度内可能改变）", "Near the edge: could change within accuracy"),
    "edges": ("四至界线", "Edges"),
    "edge_line": ("界线", "edge"),
    "edge_point": ("参照点", "point of reference"),
    "corner": ("推定连接", "corner closed by inference"),
    "accuracy": ("界线位置精度带", "Band of the edges' accuracy"),
    "area": ("城乡一体化范围", "The area"),
    "undecided": ("未划定范围", "no area drawn"),
}
_ROW = {
    "code": ("代码", "Code"),
    "decision": ("认定", "Decision"),
    "share": ("范围内面积占比", "Share inside"),
    "margin": ("距边界", "Distance to the border"),
    "near_edge": ("临界", "Near the edge"),
    "sides": ("相关界线", "Edges at issue"),
    "nearest_side": ("最近界线", "Nearest edge"),
    "how": ("来历", "Origin"),
    "accuracy": ("位置精度", "Accuracy"),
}


def said(table: Mapping[str, tuple[str, str]], key: str, language: Language) -> str:
    """A word of a table of pairs, Chinese first."""
    return table[key][0 if language == "zh" else 1]


def backdrop(survey: Survey, language: Language) -> Iterator[DrawnLayer]:
    """Waters, roads and whatever else is declared for orientation, in drawing order."""
    layers = [layer for layer in survey.district.catalog.layers.values() if layer.backdrop]
    for layer in sorted(layers, key=lambda item: item.style.order):
        if not survey.has(layer.name):
            continue
        frame = survey.frame(layer.name)
        label = layer.label or layer.key
        shapes = shapes_of(
            to_degrees(frame.geometry),
            frame.index,
            ["all"] * len(frame),
            frame[label] if label else [""] * len(frame),
        )
        look = declared_look(layer)
        title = layer.title.in_(language)
        yield DrawnLayer(
            layer.name,
            title,
            (Entry("all", title, look, len(shapes)),),
            shapes,
            shown=layer.style.shown,
        )


def coarser_units(survey: Survey, language: Language) -> Iterator[DrawnLayer]:
    """The outlines of the coarser levels, with their names."""
    for layer in survey.district.levels[1:]:
        if survey.has(layer.name) and layer.unit is not None:
            frame = survey.frame(layer.name)
            shapes = shapes_of(
                to_degrees(frame.geometry),
                frame[layer.unit.code],
                ["all"] * len(frame),
                frame[layer.unit.name],
            )
            title = layer.title.in_(language)
            yield DrawnLayer(
                layer.name,
                title,
                (Entry("all", title, palette.TOWN, len(shapes)),),
                shapes,
                named=True,
            )


def units_by_decision(
    survey: Survey, scope: Scope | None, language: Language, *, shown: bool = True
) -> Iterator[DrawnLayer]:
    """The finest units coloured by decision, and an outline round those near the edge."""
    layer = survey.district.levels[0]
    if layer.unit is None or not survey.has(layer.name):
        return
    frame = survey.frame(layer.name)
    geometry = to_degrees(frame.geometry)
    codes = frame[layer.unit.code].to_numpy(object)
    names = frame[layer.unit.name].to_numpy(object)
    if scope is None:
        yield _without_scope(layer, geometry, codes, names, language, shown=shown)
        return
    rows = scope.rows[scope.rows["level"] == layer.unit.level].set_index("unit_code").loc[codes]
    kinds = [kind for kind in ("in", "partly", "out") if kind in set(rows["decision"])]
    fields = ("code", "decision", "share", "margin", "near_edge", "sides", "nearest_side")
    shapes = shapes_of(geometry, codes, rows["decision"], names, _decision_words(rows, language))
    yield DrawnLayer(
        layer.name,
        f"{layer.title.in_(language)} · {said(_TITLES, 'decisions', language)}",
        tuple(
            Entry(
                kind,
                word(kind, language),
                palette.DECISIONS[kind],
                int((rows["decision"] == kind).sum()),
            )
            for kind in kinds
        ),
        shapes,
        tuple(said(_ROW, name, language) for name in fields),
        shown=shown,
        answers=True,
    )
    near = rows["near_edge"].to_numpy(bool)
    if near.any():
        title = said(_TITLES, "near_edge", language)
        outlined = shapes_of(geometry[near], codes[near], ["near"] * int(near.sum()), names[near])
        yield DrawnLayer(
            "near_edge",
            title,
            (Entry("near", title, palette.NEAR_EDGE, len(outlined)),),
            outlined,
            shown=shown,
        )


def boundary(survey: Survey, scope: Scope, language: Language) -> Iterator[DrawnLayer]:
    """The band of accuracy, the outline of the area, and each edge as it was recorded."""
    import geopandas as gpd

    area = scope.area
    bands = [
        shapely.buffer(part.line, part.accuracy_m) for part in area.parts if part.accuracy_m > 0
    ]
    if bands:
        title = said(_TITLES, "accuracy", language)
        band = gpd.GeoSeries([shapely.union_all(bands).simplify(5.0)], crs=area.crs)
        yield DrawnLayer(
            "accuracy",
            title,
            (Entry("all", title, palette.ACCURACY, None),),
            shapes_of(to_degrees(band), ["accuracy"], ["all"], [title]),
        )
    title = said(_TITLES, "area", language)
    outline = gpd.GeoSeries([shapely.boundary(area.polygon)], crs=area.crs)
    square_km = number(area.polygon.area / 1e6, 1)
    yield DrawnLayer(
        "area",
        title,
        (Entry("all", title, palette.BOUNDARY, None, f"{square_km} km²"),),
        shapes_of(to_degrees(outline), ["area"], ["all"], [title]),
    )
    yield _edges(survey, scope, language)


def declared_look(layer: Layer) -> Look:
    """The look a layer declares, in its one colour."""
    style = layer.style
    filled = layer.geometry != "LineString"
    return Look(
        style.color,
        width_px=style.width_px,
        dash="8 5" if style.dashed else None,
        fill=style.color if filled else None,
        fill_opacity=style.fill_opacity if filled else 0.0,
        radius_px=style.radius_px if layer.geometry == "Point" or layer.points_too else None,
    )


def _without_scope(
    layer: Layer,
    geometry: NDArray[np.object_],
    codes: NDArray[np.object_],
    names: NDArray[np.object_],
    language: Language,
    *,
    shown: bool,
) -> DrawnLayer:
    label = said(_TITLES, "undecided", language)
    shapes = shapes_of(
        geometry, codes, ["unknown"] * len(codes), names, [(str(code), label) for code in codes]
    )
    return DrawnLayer(
        layer.name,
        layer.title.in_(language),
        (Entry("unknown", label, palette.DECISIONS["unknown"], len(shapes)),),
        shapes,
        tuple(said(_ROW, name, language) for name in ("code", "decision")),
        shown=shown,
        answers=True,
    )


def _decision_words(rows: pd.DataFrame, language: Language) -> list[tuple[str, ...]]:
    return [
        (
            str(code),
            word(row["decision"], language),
            percent(row["share"]),
            f"{number(row['margin_m'])} m",
            yes_no(row["near_edge"], language),
            sides(row["sides"], language),
            word(row["nearest_side"], language),
        )
        for code, row in zip(rows.index, rows.to_dict("records"), strict=True)
    ]


def _edges(survey: Survey, scope: Scope, language: Language) -> DrawnLayer:
    import geopandas as gpd

    from ..scope import EDGES_LAYER

    layer = survey.district.catalog.layer(EDGES_LAYER)
    frame = survey.frame(EDGES_LAYER)
    fields = [name for name in layer.fields if name != layer.label]
    titles, values = attributes(frame, layer, fields, language)
    is_point = frame.geometry.geom_type.isin(["Point", "MultiPoint"]).to_numpy()
    kinds = np.where(is_point, "edge_point", "edge_line")
    label = layer.label or "side"
    shapes = shapes_of(to_degrees(frame.geometry), frame.index, kinds, frame[label], values)
    closing = [part for part in scope.area.parts if len(part.sides) > 1]
    if closing:
        lines = gpd.GeoSeries([part.line for part in closing], crs=scope.area.crs)
        side_title, accuracy_title = (
            field_title(layer, name, language) for name in ("side", "accuracy_m")
        )
        said_of = [
            _closing_words(
                titles,
                {
                    side_title: sides(part.sides, language),
                    accuracy_title: f"{number(part.accuracy_m)} m",
                },
                language,
            )
            for part in closing
        ]
        names = [said(_TITLES, "corner", language)] * len(closing)
        numbers = [f"corner-{'-'.join(part.sides)}" for part in closing]
        shapes += shapes_of(to_degrees(lines), numbers, ["corner"] * len(closing), names, said_of)
    looks = {
        "edge_line": palette.EDGE,
        "edge_point": palette.EDGE_POINT,
        "corner": palette.CORNER,
    }
    counts = pd.Series(shapes.entries, dtype=object).value_counts()
    return DrawnLayer(
        EDGES_LAYER,
        said(_TITLES, "edges", language),
        tuple(
            Entry(kind, said(_TITLES, kind, language), look, int(counts[kind]))
            for kind, look in looks.items()
            if kind in counts
        ),
        shapes,
        titles,
        answers=True,
    )


def _closing_words(
    titles: Sequence[str], known: Mapping[str, str], language: Language
) -> tuple[str, ...]:
    return tuple(known.get(title, word(None, language)) for title in titles)
