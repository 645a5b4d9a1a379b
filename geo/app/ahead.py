"""Maps that a page brings itself, before Streamlit is ready to show it.

Which map a page shows follows from its address and the district's files. So once somebody has opened an address,
whoever opens it next gets a page that names its map, and the browser draws that while Streamlit's own programs are
still being read. What Streamlit says afterwards takes the drawn map over, or puts another in its place: nothing
here decides what is shown, only when. A district whose files have changed since is opened the usual way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import ref

from ..views.component import SCRIPTS_AT, Drawn, Shown, script_address
from .computed import files_of

Address = tuple[str, tuple[tuple[str, str], ...]]
Files = tuple[tuple[str, int, int], ...]
_ADDRESSES = 64
"""So many are kept in mind; their maps only as long as the cache of the pages keeps them."""


@dataclass(frozen=True)
class Place:
    """Where a page shows its map on a screen that is wide enough for two columns, in CSS pixels."""

    top_px: int
    width: str
    """Of the map, or of the map and the list where they stand side by side."""


_INNER = "(100vw - 51.2px)"
_LEFT_PX = 25.6
PLACES: Mapping[str, Place] = {
    "overview_map": Place(153, f"calc(({_INNER} - 33.6px) * 10 / 21)"),
    "scope_map": Place(209, f"calc({_INNER})"),
    "coverage_map": Place(323, f"calc({_INNER})"),
}
"""By the keys of the maps; a test holds them against what the pages do."""
_NARROWEST_PX = 981
"""Of a screen on which a page has two columns."""


@dataclass(frozen=True)
class Known:
    """What an address showed last."""

    map_: ref[Drawn]
    key: str
    height_px: int
    both: bool
    drawing: str
    folder: Path
    files: Files


_known: OrderedDict[Address, Known] = OrderedDict()
_at_work = Lock()


def address(page: str, query: Mapping[str, str]) -> Address:
    """An address as something to look up by."""
    return page, tuple(sorted(query.items()))


def keep_in_mind(asked: Address, shown: Sequence[Shown], folder: Path, files: Files) -> None:
    """From now on whoever asks for this address gets the map that it showed.

    Parameters
    ----------
    asked : the address as it was asked for, with which nobody had yet done anything
    shown : the maps that its page showed
    folder : the district's
    files : its files as they were before the page was made (`files_of`): one that changed meanwhile is not in it
    """
    if len(shown) != 1 or shown[0].key not in PLACES:
        return
    (one,) = shown
    known = Known(ref(one.map_), one.key, one.height_px, one.both, one.drawing, folder, files)
    with _at_work:
        _known.pop(asked, None)
        _known[asked] = known
        while len(_known) > _ADDRESSES:
            _known.popitem(last=False)


def known_at(asked: Address) -> Known | None:
    """What the address showed; None where nobody has asked for it, or its files are no longer the same."""
    known = _known.get(asked)
    if known is None or known.map_() is None or files_of(known.folder) != known.files:
        return None
    return known


def drawing_of(known: Known) -> tuple[str, dict[str, Any]] | None:
    """Which script draws a known map, and what it is told; None where the map is no longer kept.

    Numbers, digests and names of our own: nothing that a file or a reader says comes into the page.
    """
    map_ = known.map_()
    if map_ is None:
        return None
    place = PLACES[known.key]
    said: dict[str, Any] = {
        "at": f"{SCRIPTS_AT}/{map_.digest}.json",
        "digest": map_.digest,
        "height": known.height_px,
        "left": _LEFT_PX,
        "top": place.top_px,
        "width": place.width,
        "both": known.both,
        "from": _NARROWEST_PX,
    }
    if map_.archive is not None:
        said["archive"] = {
            "tiles": f"{SCRIPTS_AT}/{map_.archive.digest}.pmtiles",
            "index": f"{SCRIPTS_AT}/{map_.archive.digest}.index.gz",
        }
    return script_address(known.drawing), said


def data_at(path: str) -> tuple[bytes, bytes] | None:
    """The data of a known map that are to be had there, and their media type; None where there are none."""
    name = path.removeprefix(f"{SCRIPTS_AT}/")
    with _at_work:
        maps = [map_ for known in _known.values() if (map_ := known.map_()) is not None]
    for map_ in maps:
        if name == f"{map_.digest}.json":
            return map_.text, b"application/json"
        archive = map_.archive
        if archive is not None and name == f"{archive.digest}.pmtiles":
            return archive.tiles, b"application/vnd.pmtiles"
        if archive is not None and name == f"{archive.digest}.index.gz":
            return archive.index, b"application/gzip"
    return None
