"""GeoJSON, read without GDAL: a file is data only, and each feature stands or falls by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...said import Said
from .. import progress
from ..base import Format, LeftOut, Request, Source, Staged, choose_layer, refuse
from ..limits import require_columns, require_size

if TYPE_CHECKING:
    import pyproj

_GEOMETRIES = {
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection",
}  # fmt: skip


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(4096)
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def _read(staged: Staged, request: Request) -> Source:
    import geopandas as gpd
    import pandas as pd

    document = _document(staged)
    if request.layer is not None:
        called = document.get("name")
        known = [Path(staged.name).stem, *([called] if isinstance(called, str) else [])]
        choose_layer(staged.name, request.layer, tuple(dict.fromkeys(known)))
    crs = _crs(staged, document)
    features = _features(staged, document)
    shapes, faults = _geometry(features)
    labels = [_label(number, feature) for number, feature in enumerate(features, start=1)]
    left_out = tuple(LeftOut(labels[row], why) for row, why in faults.items())
    kept = [row for row in range(len(features)) if row not in faults]
    names: dict[str, None] = {}
    for feature in features:
        names.update(dict.fromkeys(_properties(feature)))
        require_columns(staged.name, len(names))
    attributes = pd.DataFrame(
        {
            name: pd.Series(
                [_cell(_properties(features[row]).get(name)) for row in kept], dtype=object
            )
            for name in names
            if name != "geometry"
        },
        index=pd.RangeIndex(len(kept)),
    )
    frame = gpd.GeoDataFrame(attributes, geometry=[shapes[row] for row in kept], crs=crs)
    rows = pd.Series([labels[row] for row in kept], dtype="string")
    return Source(frame, rows, tuple(names), "GeoJSON", None, len(features), left_out)


def _document(staged: Staged) -> dict[str, Any]:
    require_size(staged.name, staged.path.stat().st_size, "text_mib", Said("JSON", "JSON"))
    try:
        document = json.loads(staged.path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise refuse(
            staged.name,
            Said(
                f"text that is not JSON in UTF-8 ({error})",
                f"内容不是 UTF-8 编码的 JSON（{error}）",
            ),
            Said("GeoJSON", "GeoJSON"),
            Said("save it again", "重新保存"),
        ) from error
    return document if isinstance(document, dict) else {}


def _features(staged: Staged, document: dict[str, Any]) -> list[dict[str, Any]]:
    kind = document.get("type")
    if kind == "Feature":
        found: Any = [document]
    elif kind == "FeatureCollection":
        found = document.get("features")
    elif kind in _GEOMETRIES:
        found = [{"type": "Feature", "geometry": document, "properties": {}}]
    else:
        found = None
    if not isinstance(found, list) or not all(isinstance(feature, dict) for feature in found):
        raise refuse(
            staged.name,
            Said(f"JSON of type {str(kind)[:40]!r}", f"JSON 的类型为 {str(kind)[:40]!r}"),
            Said("a FeatureCollection", "FeatureCollection"),
            Said("save it as GeoJSON", "另存为 GeoJSON"),
        )
    return found


def _crs(staged: Staged, document: dict[str, Any]) -> pyproj.CRS | None:
    """WGS 84 unless the file names another system; a link to one is not followed."""
    from ...crs import known_crs

    if "crs" not in document:
        return known_crs("EPSG:4326")
    stated = document["crs"]
    if stated is None:
        return None
    properties = stated.get("properties") if isinstance(stated, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(stated, dict) or stated.get("type") != "name" or not isinstance(name, str):
        raise refuse(
            staged.name,
            Said("a coordinate system given by a link", "坐标系以链接给出"),
            Said("one given by name, or none", "以名称给出或不给"),
            Said(
                "remove the member `crs`, and say the system with --crs",
                "删除 `crs` 成员，并指定坐标系",
            ),
        )
    return known_crs(name)


def _geometry(features: list[dict[str, Any]]) -> tuple[list[Any], dict[int, Said]]:
    import shapely

    from ..ogr import broken

    shapes: list[Any] = []
    faults: dict[int, Said] = {}
    for row, feature in enumerate(features):
        progress.tell(row, len(features))
        stated = feature.get("geometry")
        shape = None
        if stated is not None:
            try:
                shape = shapely.from_geojson(_finite(stated))
            except (shapely.errors.ShapelyError, ValueError, RecursionError) as error:
                faults[row] = broken(error)
        shapes.append(shape)
    return shapes, faults


def _finite(geometry: Any) -> str:
    """The geometry as JSON that every reader takes; Python's own would let NaN and Infinity by."""
    try:
        return json.dumps(geometry, allow_nan=False)
    except ValueError as error:
        raise ValueError(Said("coordinates that are no numbers", "坐标不是有效数字")) from error


def _properties(feature: dict[str, Any]) -> Mapping[str, Any]:
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _label(number: int, feature: dict[str, Any]) -> str:
    own = feature.get("id")
    return f"feature {number} (id {own})" if isinstance(own, (str, int)) else f"feature {number}"


FORMAT = Format("GeoJSON", (".geojson", ".json"), _recognises, _read)
