"""What is true: the names and codes, the town seats, the estimated edges; and the two CRS."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

FOLDER = Path(__file__).resolve().parent.parent / "facts"
METRIC = "EPSG:4549"
DEGREES = "EPSG:4490"
EDGES_CRS = "EPSG:4326"


@dataclass(frozen=True)
class Unit:
    """A village or community of the official list."""

    code: str
    name: str
    kind: str
    town_code: str
    town_name: str

    @property
    def short(self) -> str:
        """The name without its official ending."""
        for ending in ("社区居民委员会", "社区居委会", "居民委员会", "居委会", "村委会"):
            if self.name.endswith(ending):
                return self.name.removesuffix(ending)
        return self.name


def units() -> list[Unit]:
    """All villages and communities, by code."""
    with (FOLDER / "divisions_321202.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            Unit(row["code"], row["name"], row["kind"], row["town_code"], row["town_name"])
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda unit: unit.code)


def seats() -> dict[str, shapely.Point]:
    """The known town seats by the town's name, in the metric CRS."""
    return {
        feature["properties"]["name"]: to_metric(shapely.geometry.shape(feature["geometry"]))
        for feature in _features("town_seats.geojson")
    }


def edges() -> list[tuple[dict[str, Any], BaseGeometry]]:
    """The estimated edges as given (WGS84): attributes and geometry."""
    return [
        (feature["properties"], shapely.geometry.shape(feature["geometry"]))
        for feature in _features("boundary_edges.geojson")
    ]


def edge_line(name: str) -> shapely.LineString:
    """The line of an edge in the metric CRS."""
    for properties, geometry in edges():
        if properties["name"] == name and geometry.geom_type == "LineString":
            line: shapely.LineString = to_metric(geometry)
            return line
    raise LookupError(name)


def to_metric(geometry: BaseGeometry) -> Any:
    """From longitude and latitude to the metric CRS, to the centimetre."""
    return _transform(_transformer(EDGES_CRS, METRIC), geometry, digits=2)


def to_degrees(geometry: BaseGeometry) -> Any:
    """From the metric CRS to longitude and latitude (CGCS2000), to about a millimetre."""
    return _transform(_transformer(METRIC, DEGREES), geometry, digits=8)


def _features(name: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((FOLDER / name).read_text(encoding="utf-8"))[
        "features"
    ]
    return features


@cache
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _transform(transformer: pyproj.Transformer, geometry: BaseGeometry, digits: int) -> Any:
    def move(xy: Any) -> Any:
        x, y = transformer.transform(xy[:, 0], xy[:, 1])
        return shapely.get_coordinates(shapely.points(x, y)).round(digits)

    return shapely.transform(geometry, move)
