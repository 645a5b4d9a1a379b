"""GPX, as GPS receivers and phones write it: tracks, routes or waypoints, each by its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...said import Said
from ..base import Format, Request, Source, Staged, choose_layer, refuse
from ..features import Features
from ..limits import require_size
from ..markup import Element, each, starts_with_root

if TYPE_CHECKING:
    import shapely

_TAGS = {"waypoints": "wpt", "routes": "rte", "tracks": "trk"}
_FOR_KIND = {"Point": ("waypoints",), "LineString": ("tracks", "routes")}
_DRAWN_BY = frozenset({"trkseg", "trkpt", "rtept", "extensions", "link"})


def _recognises(path: Path) -> bool:
    return starts_with_root(path, "gpx")


def _read(staged: Staged, request: Request) -> Source:
    require_size(staged.name, staged.path.stat().st_size, "xml_mib", Said("XML", "XML"))
    found = {layer: Features() for layer in _TAGS}
    counts = dict.fromkeys(_TAGS, 0)
    layer_of = {tag: layer for layer, tag in _TAGS.items()}

    def take(element: Element) -> None:
        layer = layer_of[element.tag]
        counts[layer] += 1
        label = f"{element.tag} {counts[layer]} (line {element.line})"
        found[layer].add(label, _said(element), lambda: _shape(element))

    note = each(staged.path.read_bytes(), staged.name, frozenset(layer_of), take)
    present = tuple(layer for layer, count in counts.items() if count)
    fitting = tuple(
        layer for layer in _FOR_KIND.get(request.geometry or "", present) if layer in present
    )
    if request.layer is None and not fitting:
        raise refuse(
            staged.name,
            Said(
                f"the layers {', '.join(present) or 'none'}",
                f"文件中的图层：{'、'.join(present) or '无'}",
            ),
            Said(
                " or ".join(_FOR_KIND.get(request.geometry or "", tuple(_TAGS))),
                "或".join(_FOR_KIND.get(request.geometry or "", tuple(_TAGS))),
            ),
            Said("record it again as such", "按此类型重新记录"),
        )
    layer = choose_layer(staged.name, request.layer, fitting if request.layer is None else present)
    notes = [] if note is None else [note]
    others = [f"{counts[one]} {one}" for one in present if one != layer]
    if others:
        notes.append(
            Said(
                f"the file also has {', '.join(others)}, which were not read",
                f"文件另有 {'、'.join(others)}，未读取",
            )
        )
    return found[layer].source("GPX", layer, "EPSG:4326", tuple(notes))


def _said(element: Element) -> dict[str, str]:
    """What is written of it, with what a device added of its own."""
    said = {
        child.tag: child.text
        for child in element.children
        if child.tag not in _DRAWN_BY and not child.children and child.text
    }
    for extensions in element.all("extensions"):
        for child in extensions.children:
            for one in child.children or [child]:
                if one.text:
                    said.setdefault(one.tag, one.text)
    return said


def _shape(element: Element) -> shapely.Geometry | None:
    import shapely

    if element.tag == "wpt":
        return shapely.Point(_place(element))
    if element.tag == "rte":
        return shapely.LineString([_place(point) for point in element.all("rtept")])
    lines = [[_place(point) for point in part.all("trkpt")] for part in element.all("trkseg")]
    # A receiver that loses its signal leaves parts of a single point.
    drawn = [line for line in lines if len(line) > 1]
    if not drawn:
        raise ValueError(Said("a track of fewer than two points", "轨迹不足两点"))
    return shapely.LineString(drawn[0]) if len(drawn) == 1 else shapely.MultiLineString(drawn)


def _place(element: Element) -> tuple[float, float]:
    said = [element.attributes.get(name) for name in ("lon", "lat")]
    try:
        lon, lat = (float(word) for word in said if word is not None)
    except ValueError:
        raise ValueError(
            Said(
                f"lon {said[0]!r}, lat {said[1]!r} at line {element.line}",
                f"第 {element.line} 行经度为 {said[0]!r}、纬度为 {said[1]!r}",
            )
        ) from None
    return lon, lat


FORMAT = Format("GPX", (".gpx",), _recognises, _read)
