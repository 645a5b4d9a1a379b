"""A first look into a file, before anything is said of it: its layers, its columns, and which layer it may be for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SourceError
from ..mapping.headings import own_match
from ..model import GeometryKind, Layer
from ..sources.base import Request
from ..vocabulary import plain

if TYPE_CHECKING:
    from ..sources.progress import Progress

_LOOKED_AT = 1_000
"""Rows whose shapes tell of what kind a file's are."""


@dataclass(frozen=True)
class Look:
    """What is in a file."""

    offered: tuple[str, ...]
    """The layers or sheets to choose from, where it has several and none was named; then no columns are known."""
    columns: tuple[str, ...]
    kinds: frozenset[GeometryKind]
    """Of its shapes; none where it has no shapes, or where one of several layers is to be chosen."""


def look_into(
    file: Path,
    geometry: GeometryKind | None = None,
    source_layer: str | None = None,
    *,
    progress: Progress | None = None,
) -> Look:
    """What is in a user's file.

    Parameters
    ----------
    file : a regular file on this machine
    geometry : the kind the rows are wanted for, where that tells which of the file's layers is meant
    source_layer : one of the file's layers or sheets, where it has several
    progress : as for `read_source`

    Raises
    ------
    SourceError
        It cannot be read; not where all that is open is which of its layers is meant.
    """
    from ..sources.registry import formats_named, read_source

    if all(one.copy is not None for one in formats_named(file.name)):
        return Look((), (), frozenset({"Raster"}))
    try:
        source, _ = read_source(
            file, Request(source_layer, geometry, frozenset()), progress=progress
        )
    except SourceError as error:
        offered = tuple(name for fault in error.faults for name in fault.choices)
        if not offered:
            raise
        return Look(offered, (), frozenset())
    frame = source.drawn().frame.head(_LOOKED_AT)
    named = frame.geom_type.dropna().unique() if hasattr(frame, "geom_type") else ()
    kinds: set[GeometryKind] = set()
    for kind in ("Point", "LineString", "Polygon"):
        if any(name.endswith(kind) for name in named):
            kinds.add(kind)
    return Look((), source.columns, frozenset(kinds))


def layer_for(look: Look, file: str, layers: Mapping[str, Layer]) -> str | None:
    """The declared layer that a file is for, where it says so itself; None where that would be a guess.

    It says so by a column that is called like a field which no other layer has, by its own name, which is a
    layer's, or by being of a kind of which there is one layer. Columns such as `name` tell nothing.

    Parameters
    ----------
    look : what is in it
    file : its name
    layers : the declared layers by name
    """
    able = {
        name: layer
        for name, layer in layers.items()
        if (layer.geometry in look.kinds if look.kinds else layer.geometry != "Raster")
    }
    if look.kinds and len(able) == 1:
        return next(iter(able))
    stem = plain(Path(file).stem)
    called = [name for name, layer in able.items() if stem in _names(layer)]
    if len(called) == 1:
        return called[0]
    alone = [
        name
        for name, layer in able.items()
        if any(
            all(field not in other.fields for other in layers.values() if other is not layer)
            for field in _fields_of(layer, look.columns)
        )
    ]
    return alone[0] if len(alone) == 1 else None


def _names(layer: Layer) -> set[str]:
    return {plain(one) for one in (layer.name, layer.title.zh, layer.title.en)}


def _fields_of(layer: Layer, columns: Collection[str]) -> set[str]:
    """The fields of a layer that a column is called like."""
    return {
        name
        for name, spec in layer.fields.items()
        if any(own_match(column, name, spec) is not None for column in columns)
    }
