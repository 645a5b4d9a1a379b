"""Maps that a page brings itself, before Streamlit is ready to show it.

Which map a page shows follows from its address and the district's files. So once somebody has opened an address,
whoever opens it next gets a page that names its map, and the browser draws that while Streamlit's own programs are
still being read. What Streamlit says afterwards takes the drawn map over, or puts another in its place: nothing
here decides what is shown, only when. A district whose files have changed since is opened the usual way.

Where the map lies follows from what stands above it, which takes more lines in one window than in another. So the
page brings that as well, row by row; a page above whose map a warning stands comes the usual way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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
class Above:
    """A row of a page above its map."""

    html: str
    """What is read in it, made inert; empty where it has widgets alone."""
    width: str
    least_px: float
    """The height of the widgets beside that."""


_WHOLE = "100vw - 3.2rem"


def column(weights: Sequence[float], gap_rem: float = 1) -> str:
    """How wide the first of the columns of a page is, in CSS.

    Examples
    --------
    >>> column([10, 2])
    'calc((100vw - 3.2rem) * 10 / 12 - 0.5rem)'
    """
    count = len(weights)
    less = round(gap_rem * (count - 1) / count, 4)
    return f"calc(({_WHOLE}) * {weights[0]} / {sum(weights)} - {less}rem)"


WIDTHS: Mapping[str, str] = {
    "overview_map": column([10, 11], gap_rem=2),
    "scope_map": f"calc({_WHOLE})",
    "coverage_map": f"calc({_WHOLE})",
}
"""Of a map by its key, or of the map and the list where they stand side by side; a test holds them against the pages."""
NARROWEST_PX: Mapping[str, int] = {"overview_map": 981, "scope_map": 981, "coverage_map": 1280}
"""Of a screen on which a page has two columns, and its choices stand on one line."""


@dataclass(frozen=True)
class Known:
    """What an address showed last."""

    map_: ref[Drawn]
    key: str
    height_px: int
    both: bool
    drawing: str
    above: tuple[Above, ...]
    folder: Path
    files: Files


_known: OrderedDict[Address, Known] = OrderedDict()
_rows: ContextVar[list[Above | None] | None] = ContextVar("rows", default=None)
_at_work = Lock()


def address(page: str, query: Mapping[str, str]) -> Address:
    """An address as something to look up by."""
    return page, tuple(sorted(query.items()))


@contextmanager
def rows_above() -> Iterator[list[Above | None]]:
    """The rows that a page has above its map; None for one whose height nobody knows beforehand."""
    rows: list[Above | None] = []
    before = _rows.set(rows)
    try:
        yield rows
    finally:
        _rows.reset(before)


def above(html: str = "", *, width: str = f"calc({_WHOLE})", least_px: float = 0) -> str:
    """Take note of a row above the map; the markup as it is.

    Parameters
    ----------
    html : made inert, without widgets
    width : of the markup, in CSS
    least_px : the height of the widgets beside it
    """
    _note(Above(html, width, least_px))
    return html


def above_unmeasured() -> None:
    """Take note of a row above the map of which nobody knows beforehand how high it is."""
    _note(None)


def _note(row: Above | None) -> None:
    rows = _rows.get()
    if rows is not None:
        rows.append(row)


def keep_in_mind(
    asked: Address,
    shown: Sequence[Shown],
    rows: Sequence[Above | None],
    folder: Path,
    files: Files,
) -> None:
    """From now on whoever asks for this address gets the map that it showed.

    Parameters
    ----------
    asked : the address as it was asked for, with which nobody had yet done anything
    shown : the maps that its page showed
    rows : what stands above it
    folder : the district's
    files : its files as they were before the page was made (`files_of`): one that changed meanwhile is not in it
    """
    measured = tuple(row for row in rows if row is not None)
    if len(shown) != 1 or shown[0].key not in WIDTHS or len(measured) < len(rows):
        return
    (one,) = shown
    known = Known(
        ref(one.map_), one.key, one.height_px, one.both, one.drawing, measured, folder, files
    )
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

    Numbers, digests and names of our own: nothing that a file or a reader says comes into a script.
    """
    map_ = known.map_()
    if map_ is None:
        return None
    said: dict[str, Any] = {
        "at": f"{SCRIPTS_AT}/{map_.digest}.json",
        "digest": map_.digest,
        "height": known.height_px,
        "above": [{"width": row.width, "least_px": row.least_px} for row in known.above],
        "width": WIDTHS[known.key],
        "both": known.both,
        "from": NARROWEST_PX[known.key],
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
