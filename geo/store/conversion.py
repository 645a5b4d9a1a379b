"""A round kept in the other form: a GeoPackage as a folder of GeoParquet, or back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..district import District, open_district
from .base import chosen_round
from .both import BothStore, Form
from .lock import Waiting


@dataclass(frozen=True)
class Conversion:
    """What became of a round."""

    round: str
    form: Form
    changed: bool
    """False where it was kept so already."""
    digest: str
    """Of the round's data in that form."""


def convert_round(
    district: District | Path | str,
    form: Form,
    round: str | None = None,
    *,
    waiting: Waiting | None = None,
) -> Conversion:
    """Keep an unpublished round in the other form: the same rows, records of imports, and steps to take back.

    Row numbers are 1, 2, … in their order; where rows were deleted in QGIS, those behind them get others. The
    digest is of the rows as they are stored, so it may become another one, while no figure does.

    Parameters
    ----------
    district : a district or its folder
    form : `geopackage` or `geoparquet`
    round : ISO date; None means the newest
    waiting : told once, in words, for whom a writer has to wait

    Returns
    -------
    Conversion

    Raises
    ------
    UnknownNameError
        There is no such round.
    StoreError
        It is published, changed meanwhile, or cannot be written; it is as it was before.
    """
    opened = district if isinstance(district, District) else open_district(Path(district))
    store = BothStore(opened.rounds_folder, opened.catalog.layers, waiting=waiting)
    wanted = chosen_round(store, round, opened.folder)
    store.require_draft(wanted)
    changed = store.convert(wanted, form, onto=store.digest(wanted))
    return Conversion(wanted, form, changed, store.digest(wanted))
