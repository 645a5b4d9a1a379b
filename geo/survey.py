"""One round of a district, ready to be measured: every layer conformed and in metres."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .district import District, open_district
from .errors import DataError, Fault, UnknownNameError
from .model import Finding, ImportRecord
from .said import Said
from .store import open_store
from .store.base import chosen_round, rounds_holding

if TYPE_CHECKING:
    import geopandas as gpd

    from .store.base import Store
    from .store.scan import Scan


@dataclass(eq=False)
class Survey:
    """The layers of one round, read when first asked for and kept.

    Frames have the declared fields, the round's own row numbers as index (`fid`) and 2-D geometry in
    the district's metric CRS.
    """

    district: District
    round: str
    store: Store
    findings: list[Finding] = field(default_factory=list)
    """What was found in the layers read so far, short of errors."""
    _frames: dict[str, gpd.GeoDataFrame] = field(default_factory=dict, repr=False)
    _digest: str | None = field(default=None, repr=False)
    _tables: frozenset[str] | None = field(default=None, repr=False)

    def has(self, name: str) -> bool:
        """Whether the round has the layer; a Raster layer lies in the district's `rasters/`."""
        layer = self.district.catalog.layer(name)
        if layer.geometry == "Raster":
            return self.raster(name).is_file()
        if self._tables is None:
            self._tables = frozenset(self.store.tables(self.round))
        return name in self._tables

    def raster(self, name: str) -> Path:
        """The file of a Raster layer, whether or not it exists."""
        return self.district.rasters_folder / f"{name}.tif"

    def frame(self, name: str) -> gpd.GeoDataFrame:
        """The rows of a layer, conformed to its declaration and in the metric CRS.

        Parameters
        ----------
        name : a declared layer of vectors or a table

        Returns
        -------
        GeoDataFrame
            Index `fid`; the declared fields (missing is unknown) and `geometry` in metres.
            A table without geometry comes as a DataFrame.

        Raises
        ------
        UnknownNameError
            No such layer is declared, or the round does not hold it.
        DataError
            The layer cannot be used; carries all its faults.
        """
        if name not in self._frames:
            layer = self.district.catalog.layer(name)
            if not self.has(name):
                raise self.absent(name)
            from .validate import conform

            raw = self.store.read(self.round, name)
            conformed = conform(raw, layer, crs=self.district.spec.metric_crs)
            faults = [item.fault() for item in conformed.findings if item.severity == "error"]
            if faults:
                raise DataError(faults)
            self.findings += conformed.findings
            self._frames[name] = conformed.frame
        return self._frames[name]

    def scan(self, name: str) -> Scan | None:
        """A layer to be read part by part; None where its rows are in memory, or can only be there.

        Raises
        ------
        UnknownNameError
            No such layer is declared, or the round does not hold it.
        """
        if name in self._frames:
            return None
        if not self.has(name):
            raise self.absent(name)
        return self.store.scan(self.round, name)

    def absent(self, name: str) -> UnknownNameError:
        """What to raise where the round does not hold a layer; says so where an earlier round does."""
        earlier = [date for date in reversed(self.store.rounds()) if date < self.round]
        held = next(rounds_holding(self.store, name, earlier), None)
        title = self.district.catalog.layer(name).title
        remedy = (
            Said(
                f"round {held} has it, and a draft takes it over:"
                f" atlas carry --district DIR --round {self.round} --layer {name}",
                f"轮次 {held} 有；草稿如无变化可沿用：atlas carry --district DIR --round {self.round} --layer {name}",
            )
            if held
            else Said(
                f"import it first ({title.en}): atlas import FILE --district DIR --layer {name}",
                f"请先导入{title.zh}：atlas import FILE --district DIR --layer {name}",
            )
        )
        kind = Said(f"layer in round {self.round}", f"{self.round} 轮次的图层")
        return UnknownNameError(kind, name, self.store.tables(self.round), remedy)

    def require(self, names: Iterable[str]) -> None:
        """Read the layers that the round has of these, so that the faults of all come together.

        Raises
        ------
        DataError
            Any of them cannot be used; carries the faults of all.
        """
        faults: list[Fault] = []
        for name in dict.fromkeys(names):
            if self.has(name) and self.district.catalog.layer(name).geometry != "Raster":
                try:
                    self.frame(name)
                except DataError as error:
                    faults += error.faults
        if faults:
            raise DataError(faults)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the round's data and the rasters beside it."""
        if self._digest is None:
            parts = [self.store.digest(self.round)]
            for layer in self.district.catalog.layers.values():
                if layer.geometry == "Raster" and self.has(layer.name):
                    with self.raster(layer.name).open("rb") as file:
                        parts.append(
                            f"{layer.name} {hashlib.file_digest(file, 'sha256').hexdigest()}"
                        )
            self._digest = (
                parts[0]
                if len(parts) == 1
                else hashlib.sha256("\n".join(parts).encode()).hexdigest()
            )
        return self._digest

    def imports(self) -> dict[tuple[str, int], ImportRecord]:
        """The files the rows came from, by layer and import id; empty for a round made elsewhere."""
        return {(item.layer, item.id): item for item in self.store.imports(self.round)}


def open_survey(district: District | Path | str | None = None, round: str | None = None) -> Survey:
    """Open one round of a district.

    Parameters
    ----------
    district : a district or its folder; None means the one that comes with the program
    round : ISO date of the round; None means the newest

    Returns
    -------
    Survey

    Raises
    ------
    DeclarationError
        The district's or a layer's declaration is wrong.
    UnknownNameError
        The district has no such round, or none at all.

    Examples
    --------
    >>> open_survey(round="2007-06-30").round
    '2007-06-30'
    """
    opened = district if isinstance(district, District) else open_district(district)
    store = open_store(opened.rounds_folder, opened.catalog.layers, new_as=opened.spec.rounds)
    return Survey(opened, chosen_round(store, round, opened.folder), store)
