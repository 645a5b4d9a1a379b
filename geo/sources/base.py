"""What a file format hands over, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Fault, SourceError
from ..likeness import nearest
from ..model import GeometryKind
from ..said import NOTHING, Said, joined

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from .undrawn import Undrawn


LEDGER_SHEET = "atlas"
"""The hidden sheet on which a ledger of this program says what it was made from."""


@dataclass(frozen=True)
class Request:
    """What is wanted of a file."""

    layer: str | None = None
    """One of the file's layers by name; None lets the format choose where there is one choice."""
    geometry: GeometryKind | None = None
    """The kind the rows are wanted for, where that tells which layer is meant."""
    columns: frozenset[str] | None = None
    """Only these, where present, whatever their case; None is all. A format may give more."""
    grid: bool = False
    """A sheet's lines cell by cell, none taken for a heading or a total: for what this program wrote."""

    def wants(self, column: str) -> bool:
        """Whether that column of the file is one of those asked for."""
        return self.columns is None or column.casefold() in {
            name.casefold() for name in self.columns
        }

    def as_json(self) -> dict[str, Any]:
        """For another process: sets as lists."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in values.items()
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Request:
        """The request that `as_json` wrote.

        Examples
        --------
        >>> Request.from_json(Request("a", columns=frozenset({"b"})).as_json()).wants("B")
        True
        """
        given: dict[str, Any] = {
            name: frozenset(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**given)


@dataclass(frozen=True)
class LeftOut:
    """A row that could not be taken, named as in its file, and why."""

    row: str
    reason: Said


@dataclass(frozen=True)
class Source:
    """Rows of a user's file as it holds them, and where each is from."""

    frame: gpd.GeoDataFrame | pd.DataFrame
    """Index 0, 1, …; the CRS the file states, or None."""
    rows: pd.Series[Any]
    """What each row is called in the file: `way 123`, `fid 7`, `record 3`, `feature 5`."""
    columns: tuple[str, ...]
    """All the file's columns, asked for or not."""
    format: str
    layer: str | None
    rows_read: int
    """With those left out."""
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[Said, ...] = ()
    """How the file was understood, where that was not plain: its encoding, say."""
    undrawn: Undrawn | None = None
    """Its geometry, where a format leaves it to whoever takes the rows; the frame has none then."""

    def drawn(self) -> Source:
        """The same with its geometry in the frame, of many rows still as numbers (`lazy`)."""
        if self.undrawn is None:
            return self
        import geopandas as gpd

        from .lazy import column_of

        frame = gpd.GeoDataFrame(self.frame, geometry=column_of(self.undrawn, self.undrawn.crs))
        return replace(self, frame=frame, undrawn=None)


@dataclass(frozen=True)
class Staged:
    """A private copy of a user's file, under a name of our own."""

    path: Path
    name: str
    """The file's own name, to speak of it."""
    sha256: str


@dataclass(frozen=True)
class Format:
    """One file format: how it is told, and how it is read.

    A module of `geo.sources.formats` that has a `FORMAT` is a format; there is no other list.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Path], bool]
    """Whether a file's bytes, not its name, are of this format."""
    read: Callable[[Staged, Request], Source]
    companions: tuple[str, ...] = ()
    """Suffixes of further files that belong to the one named."""
    drivers: tuple[str, ...] = ()
    """The GDAL drivers it needs: there are no others while its file is open, so none at all by default."""
    library: str = "pyogrio"
    """Whose GDAL that is: pyogrio's or rasterio's."""
    copy: Callable[[Staged, Path, str | None], None] | None = None
    """Writes a file of our own that holds what this one does, in a system that is said; rasters have it."""


def refuse(name: str, found: Said, expected: Said, remedy: Said) -> SourceError:
    """The error that says what a file is instead of what it should be."""
    return SourceError(Fault(name, found, expected, remedy))


def choose_layer(name: str, wanted: str | None, known: tuple[str, ...]) -> str:
    """The layer that is meant: the wanted one, or the only one.

    Raises
    ------
    SourceError
        It is not there, or there are several and none is named.

    Examples
    --------
    >>> choose_layer("a.gpkg", None, ("streets",))
    'streets'
    """
    listed = joined(known) or Said("none", "无")
    found = Said(f"the layers {listed}", f"文件中的图层：{listed.zh}")
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None:
        remedy = Said(
            "name one with --source-layer, or as `source_layer` in a mapping file",
            "选定其中一个图层（命令行：--source-layer）",
        )
        one = Said("one layer", "一个图层")
        raise SourceError(Fault(name, found, one, remedy, choices=known))
    if wanted not in known:
        near = joined(nearest(wanted, known))
        raise refuse(
            name,
            found,
            Said(f"a layer {wanted!r}", f"有图层“{wanted}”"),
            Said(
                "name one that is there with --source-layer",
                "改选文件中已有的图层（命令行：--source-layer）",
            )
            + (Said(f"; nearest: {near}", f"；最接近的：{near.zh}") if near else NOTHING),
        )
    return wanted
