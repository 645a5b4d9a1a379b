"""Where rounds are kept: GeoPackage files by default, folders of GeoParquet for large ones, behind one contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model import Layer
    from .base import Store
    from .lock import Waiting


def open_store(
    folder: Path,
    layers: Mapping[str, Layer] | None = None,
    *,
    new_as: str | None = None,
    waiting: Waiting | None = None,
) -> Store:
    """The store that a folder of rounds is.

    Parameters
    ----------
    folder : `District.rounds_folder`; one that does not exist is a store with no rounds
    layers : the district's declarations by name, by which what is written is given its style; only a writer
        needs them
    new_as : `geopackage` or `geoparquet`: what a new round is written as; `DistrictSpec.rounds` may say it.
        None means what suits its size: GeoParquet where a table has more than `LARGE_ROWS` rows
    waiting : told once, in words, for whom a writer has to wait

    Returns
    -------
    Store
        GeoPackage rounds, `YYYY-MM-DD.gpkg`, and GeoParquet rounds, `YYYY-MM-DD/LAYER.parquet`.
    """
    from .both import BothStore

    return BothStore(folder, layers, new_as=new_as, waiting=waiting)
