"""What a map shows, said once and drawn by whatever draws it: an exported file, the app, a sheet.

A description is plain data, already in words: it holds no code, no markup and nothing that needs
another look at the survey. Coordinates are WGS84 longitude and latitude with six decimals (0.1 m).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from .basemap import Basemap
from .format import Language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .tiles import Archive

FORMAT = 1
"""Raised when a drawing program of before could no longer draw what `plain` gives."""


@dataclass(frozen=True)
class Look:
    """How a feature is drawn: stroke and fill, in CSS colours and pixels."""

    color: str
    width_px: float = 1.0
    opacity: float = 1.0
    dash: str | None = None
    fill: str | None = None
    fill_opacity: float = 0.0
    radius_px: float | None = None


@dataclass(frozen=True)
class Entry:
    """A class of features of a layer, which is also its line in the legend."""

    key: str
    label: str
    look: Look
    count: int | None
    """How many features; None where counting them says nothing."""
    amount: str | None = None
    """What the features of this class come to, in words with a unit."""


@dataclass(frozen=True)
class Shape:
    """A feature: its geometry, its class, and the words it is known by."""

    id: str
    entry: str
    label: str
    geometry: Mapping[str, Any]
    """A GeoJSON geometry in WGS84."""
    values: tuple[str, ...] = ()
    """One for each of the layer's `fields`."""


@dataclass(frozen=True, eq=False)
class Shapes(Sequence[Shape]):
    """The features of a layer as columns, so that a million of them are a few lists and not a million objects."""

    geometry: NDArray[np.object_]
    """Shapely geometries in WGS84, none missing or empty."""
    ids: Sequence[str]
    entries: Sequence[str]
    labels: Sequence[str]
    values: Sequence[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> Shape: ...

    @overload
    def __getitem__(self, place: slice) -> Shapes: ...

    def __getitem__(self, place: int | slice) -> Shape | Shapes:
        if isinstance(place, slice):
            return Shapes(
                self.geometry[place],
                self.ids[place],
                self.entries[place],
                self.labels[place],
                self.values[place],
            )
        return next(iter(self[place : place + 1 or None]))

    def __add__(self, other: Shapes) -> Shapes:
        import numpy as np

        return Shapes(
            np.concatenate([self.geometry, other.geometry]),
            [*self.ids, *other.ids],
            [*self.entries, *other.entries],
            [*self.labels, *other.labels],
            [*self.values, *other.values],
        )

    def __iter__(self) -> Iterator[Shape]:
        import shapely

        rows = zip(self.ids, self.entries, self.labels, self.values, strict=True)
        for text, (id_, entry, label, values) in zip(
            shapely.to_geojson(self.geometry), rows, strict=True
        ):
            yield Shape(id_, entry, label, json.loads(text), values)


@dataclass(frozen=True)
class DrawnLayer:
    """Features drawn together, switched on and off together, with one group in the legend."""

    name: str
    title: str
    entries: tuple[Entry, ...]
    shapes: Shapes
    fields: tuple[str, ...] = ()
    """What the values shown on a click are called."""
    shown: bool = True
    answers: bool = False
    """Whether it answers the pointer, by a label on hover and its values on a click."""
    named: bool = False
    """Whether its features carry their labels on the map."""
    in_parts: bool = False
    """Whether shapes of one id are parts of one feature: found, listed and picked together."""


@dataclass(frozen=True)
class MapDescription:
    """A map: title, layers from bottom to top, legend, extent, and what every copy must say."""

    title: str
    subtitle: str
    language: Language
    extent: tuple[float, float, float, float]
    """West, south, east, north in degrees."""
    layers: tuple[DrawnLayer, ...]
    banner: str | None = None
    """Words that must be seen before anything else: that the data are illustrative."""
    notes: tuple[str, ...] = ()
    """Round, digest, reference system, version, review number."""
    basemap: Basemap | None = None
    """Tiles from elsewhere beneath it all; None asks nobody."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The few words of the drawing itself, in the map's language."""


def plain(description: MapDescription, archive: Archive | None = None) -> dict[str, Any]:
    """A description as plain data, ready for JSON; features as GeoJSON.

    Parameters
    ----------
    description : the map
    archive : holds the features of the large layers as tiles; of those only how many they are is said

    Returns
    -------
    dict
        Classes are numbers into the layer's `entries`, so that a long layer stays short.

    Examples
    --------
    >>> plain(MapDescription("t", "", "en", (0, 0, 1, 1), ()))["title"]
    't'
    """
    tiled = archive.layers if archive else ()
    said = {
        "format": FORMAT,
        "title": description.title,
        "subtitle": description.subtitle,
        "language": description.language,
        "extent": list(description.extent),
        "banner": description.banner,
        "notes": list(description.notes),
        "words": dict(sorted(description.words.items())),
        "basemap": list(description.basemap.addresses) if description.basemap else [],
        "layers": [_plain_layer(layer, layer.name in tiled) for layer in description.layers],
    }
    if archive is None:
        return said
    return {**said, "zooms": list(archive.zooms), "drawn": list(archive.drawn)}


def as_json(description: MapDescription, archive: Archive | None = None) -> str:
    """A description as compact JSON: the same description gives the same text."""
    return json.dumps(
        plain(description, archive), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def _plain_layer(layer: DrawnLayer, tiled: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": layer.name,
        "title": layer.title,
        "fields": list(layer.fields),
        "shown": layer.shown,
        "answers": layer.answers,
        "named": layer.named,
        "entries": [
            {
                "key": entry.key,
                "label": entry.label,
                "count": entry.count,
                "amount": entry.amount,
                "look": _plain_look(entry.look),
            }
            for entry in layer.entries
        ],
    }
    if layer.in_parts:
        said["inParts"] = True
    if tiled:
        said["tiled"] = len(layer.shapes)
        return said
    place = {entry.key: number for number, entry in enumerate(layer.entries)}
    said["features"] = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": shape.id,
                "properties": {
                    "entry": place[shape.entry],
                    "label": shape.label,
                    "values": list(shape.values),
                },
                "geometry": shape.geometry,
            }
            for shape in layer.shapes
        ],
    }
    return said


def _plain_look(look: Look) -> dict[str, Any]:
    said = {
        "color": look.color,
        "width": look.width_px,
        "opacity": look.opacity,
        "dash": look.dash,
        "fill": look.fill,
        "fillOpacity": look.fill_opacity,
        "radius": look.radius_px,
    }
    return {key: value for key, value in said.items() if value is not None}
