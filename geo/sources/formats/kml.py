"""KML and KMZ, as phones and Google Earth write them.

Not through GDAL: its driver turns Chinese column names into underscores, and coordinates it cannot
read into an empty line without a word. What a file links to is never fetched.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...said import Said, quoted
from ..archive import is_zip_with, opened
from ..base import Format, Request, Source, Staged, choose_layer, refuse
from ..features import Features
from ..limits import require_size
from ..markup import Element, each, starts_with_root

if TYPE_CHECKING:
    import shapely

_PLAIN = ("name", "description", "address", "phoneNumber")
_TIMES = {"TimeStamp": ("when",), "TimeSpan": ("begin", "end")}


def _recognises(path: Path) -> bool:
    return starts_with_root(path, "kml") or is_zip_with(path, _is_kml)


def _is_kml(member: str) -> bool:
    return member.lower().endswith(".kml")


def _read(staged: Staged, request: Request) -> Source:
    found = Features()
    folders: list[str] = []
    links = 0

    def take(element: Element) -> None:
        nonlocal links
        if element.tag == "NetworkLink":
            links += 1
            return
        folder = _folder(element)
        folders.append(folder)
        label = f"Placemark {len(folders)} (line {element.line})"
        if request.layer is None or _lies_in(folder, request.layer):
            said = _said(element)
            found.add(
                label, {"folder": folder, **said} if folder else said, lambda: _shape(element)
            )

    wanted = frozenset({"Placemark", "NetworkLink"})
    note = each(_document(staged), staged.name, wanted, take)
    if request.layer is not None:
        names = {part for folder in folders for part in (folder, *folder.split("/")) if part}
        choose_layer(staged.name, request.layer, tuple(sorted(names)))
    notes = [] if note is None else [note]
    if links:
        notes.append(
            Said(f"{links} links to other places were not followed", f"{links} 个外部链接未予打开")
        )
    return found.source("KML", request.layer, "EPSG:4326", tuple(notes))


def _document(staged: Staged) -> bytes:
    if staged.path.suffix != ".kmz":
        require_size(staged.name, staged.path.stat().st_size, "xml_mib", Said("XML", "XML"))
        return staged.path.read_bytes()
    with opened(staged.path, staged.name) as (archive, members):
        documents = [name for name in members if _is_kml(name)]
        # The one at the top is the document; the others are what it may link to.
        top = [name for name in documents if "/" not in name] or documents
        if not top:
            raise refuse(
                staged.name,
                Said("an archive without a .kml", "压缩包中没有 .kml"),
                Said("a KMZ file", "KMZ 文件"),
                Said("export it again", "重新导出"),
            )
        main = next((name for name in top if name.lower() == "doc.kml"), top[0])
        require_size(staged.name, members[main].file_size, "xml_mib", Said("XML", "XML"))
        return archive.read(members[main])


def _folder(element: Element) -> str:
    """The folders a place lies in, from the outermost: `海陵/街巷`."""
    names = [outer.word("name") or "" for outer in element.within() if outer.tag == "Folder"]
    return "/".join(name.replace("/", "／") for name in reversed(names) if name)


def _lies_in(folder: str, wanted: str) -> bool:
    return folder == wanted or folder.startswith(wanted + "/") or wanted in folder.split("/")


def _said(element: Element) -> dict[str, str]:
    said = {tag: word for tag in _PLAIN if (word := element.word(tag)) is not None}
    for outer, tags in _TIMES.items():
        for time in element.all(outer):
            said.update({tag: word for tag in tags if (word := time.word(tag)) is not None})
    for extended in element.all("ExtendedData"):
        for data in extended.all("Data"):
            _keep(said, data.attributes.get("name"), data.word("value"))
        for schema in extended.all("SchemaData"):
            for data in schema.all("SimpleData"):
                _keep(said, data.attributes.get("name"), data.text)
    return said


def _keep(said: dict[str, str], name: str | None, value: str | None) -> None:
    if name and value:
        said[name.strip()] = value


def _shape(placemark: Element) -> shapely.Geometry | None:
    for child in placemark.children:
        if child.tag in _DRAWN:
            return _DRAWN[child.tag](child)
    return None


def _point(element: Element) -> shapely.Geometry:
    import shapely

    places = _places(element)
    if len(places) != 1:
        raise ValueError(Said(f"a point of {len(places)} places", f"点有 {len(places)} 个位置"))
    return shapely.Point(places[0])


def _line(element: Element) -> shapely.Geometry:
    import shapely

    return shapely.LineString(_places(element))


def _polygon(element: Element) -> shapely.Geometry:
    import shapely

    outer, inner = (
        [ring for side in element.all(tag) for ring in side.all("LinearRing")]
        for tag in ("outerBoundaryIs", "innerBoundaryIs")
    )
    if len(outer) != 1:
        raise ValueError(Said(f"a polygon with {len(outer)} outlines", f"面有 {len(outer)} 个外环"))
    return shapely.Polygon(_places(outer[0]), [_places(ring) for ring in inner])


def _several(element: Element) -> shapely.Geometry | None:
    import shapely

    parts = [
        part
        for child in element.children
        if child.tag in _DRAWN and (part := _DRAWN[child.tag](child)) is not None
    ]
    if not parts:
        return None
    flat = [piece for part in parts for piece in shapely.get_parts(part)]
    kinds = {piece.geom_type for piece in flat}
    together: dict[str, Any] = {
        "Point": shapely.MultiPoint,
        "LineString": shapely.MultiLineString,
        "Polygon": shapely.MultiPolygon,
    }
    gather = together.get(kinds.pop() if len(kinds) == 1 else "", shapely.GeometryCollection)
    gathered: shapely.Geometry = gather(flat)
    return gathered


def _track(element: Element) -> shapely.Geometry:
    import shapely

    return shapely.LineString([_numbers(place.text.split()) for place in element.all("coord")])


_DRAWN = {
    "Point": _point,
    "LineString": _line,
    "LinearRing": _line,
    "Polygon": _polygon,
    "MultiGeometry": _several,
    "Track": _track,
    "MultiTrack": _several,
}


def _places(element: Element) -> list[tuple[float, ...]]:
    text = re.sub(r"\s*,\s*", ",", element.word("coordinates") or "")
    return [_numbers(place.split(",")) for place in text.split()]


def _numbers(words: list[str]) -> tuple[float, ...]:
    """Longitude and latitude; heights are left out, since not every place has one."""
    try:
        numbers = tuple(float(word) for word in words[:2])
    except ValueError:
        numbers = ()
    if len(numbers) != 2:
        raise ValueError(
            Said(f"coordinates {','.join(words)[:40]!r}", f"坐标{quoted(','.join(words)[:40]).zh}")
        )
    return numbers


FORMAT = Format("KML", (".kml", ".kmz"), _recognises, _read)
