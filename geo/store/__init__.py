"""Where rounds are kept: GeoPackage files by default, behind one contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Store


def open_store(folder: Path) -> Store:
    """The store that a folder of rounds is.

    Parameters
    ----------
    folder : `District.rounds_folder`; one that does not exist is a store with no rounds

    Returns
    -------
    Store
        GeoPackage rounds, `YYYY-MM-DD.gpkg`.
    """
    from .geopackage import GeoPackageStore

    return GeoPackageStore(folder)
