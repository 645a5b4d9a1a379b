"""A file's rows on their way to becoming a layer: each step may take some out, and says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import DataError, Fault, abridge, amount
from ..mapping import ImportMapping, Mapped, chosen, mapped_fields
from ..model import Finding, Layer
from ..placing import Proposal
from ..sources.base import LeftOut, Source

Progress = Callable[[int, int, str], None]


class Rows:
    """The rows, what each is called in its file, and what was left out or found so far."""

    def __init__(self, layer: Layer, source: Source) -> None:
        self.layer = layer
        self.frame = source.frame
        self.labels = source.rows
        self.left_out = list(source.left_out)
        self.raw: pd.DataFrame = source.frame
        """The file's own columns of the rows that are left."""
        self.findings: list[Finding] = []
        self.proposals: list[Proposal] = []
        self._list_left_out()

    def _list_left_out(self) -> None:
        """What the reading left out: broken shapes, unreadable coordinates, and what is no row at all."""
        broken = [item.row for item in self.left_out if item.reason.startswith("broken geometry")]
        placeless = [item.row for item in self.left_out if item.reason.startswith("coordinates ")]
        rest = [item for item in self.left_out if item.row not in {*broken, *placeless}]
        if broken:
            self.find(
                "broken-geometry",
                broken,
                f"{amount(len(broken), 'row')} of the file with broken geometry; they were left out",
                "geometry that can be drawn",
                "redraw them in the source",
            )
        if placeless:
            self.find(
                "unreadable-coordinates",
                placeless,
                f"{amount(len(placeless), 'row')} whose coordinates cannot be read; they were left out",
                "longitude and latitude, or easting and northing",
                "correct them in the source",
            )
        if rest:
            said = abridge([f"{item.row}: {item.reason}" for item in rest])
            self.remark(
                "not-rows", f"{amount(len(rest), 'line')} of the file were left out ({said})"
            )

    def find(
        self, code: str, rows: Sequence[object], found: str, expected: str, remedy: str
    ) -> None:
        """Add a warning."""
        self.findings.append(
            Finding(code, "warning", self.layer.name, tuple(rows), found, expected, remedy)
        )

    def remark(self, code: str, found: str) -> None:
        """Add what is worth knowing."""
        self.findings.append(Finding(code, "info", self.layer.name, (), found, "", ""))

    def keep(self, mask: np.ndarray[Any, Any]) -> None:
        """Only these rows from here on."""
        self.frame = self.frame[mask]
        self.raw = self.raw[mask]
        self.labels = self.labels[mask]

    def leave_out(self, mask: np.ndarray[Any, Any], reason: str | Sequence[str]) -> None:
        """Take rows out and list them."""
        if not mask.any():
            return
        names = self.labels[mask].tolist()
        reasons = [reason] * len(names) if isinstance(reason, str) else reason
        self.left_out += [LeftOut(*pair) for pair in zip(names, reasons, strict=True)]
        self.keep(~mask)

    def choose(self, mapping: ImportMapping) -> None:
        """Only the rows the mapping asks for."""
        if not len(self.frame):
            left = f" ({amount(len(self.left_out), 'line')} left out)" if self.left_out else ""
            raise DataError(
                Fault(
                    self.layer.name,
                    f"a table without a single row{left}",
                    "rows",
                    "choose another layer or sheet of the file, or another file",
                )
            )
        take = chosen(mapping, self.frame)
        if not take.all():
            self.remark(
                "rows-chosen",
                f"{int(take.sum())} of {amount(len(take), 'row')} are what the mapping asks for",
            )
        self.keep(take)
        if not len(self.frame):
            raise DataError(
                Fault(
                    self.layer.name,
                    "no row that the mapping asks for",
                    "at least one",
                    "check `where` and `has` of the mapping",
                )
            )

    def read_fields(self, mapped: Mapped, progress: Progress, *, keep_raw: bool = False) -> None:
        """The declared fields in the place of the file's columns.

        Parameters
        ----------
        keep_raw : keep the file's own columns at hand, which is as much memory again
        """
        attributes, findings = mapped_fields(mapped, self.frame, self.labels, progress)
        self.findings += findings
        geometry = self.geometry
        self.raw = self.frame if keep_raw or geometry is None else self.frame[[]]
        if geometry is None:
            self.frame = attributes
        else:
            self.frame = gpd.GeoDataFrame(attributes)
            self.set_shapes(geometry)

    @property
    def geometry(self) -> gpd.GeoSeries | None:
        """Where the rows are, if anything says so yet."""
        if self.layer.geometry != "Table" and isinstance(self.frame, gpd.GeoDataFrame):
            return self.frame.geometry
        return None

    def set_shapes(self, geometry: gpd.GeoSeries) -> None:
        """Put the rows somewhere."""
        fields = self.frame.drop(columns="geometry", errors="ignore")
        self.frame = gpd.GeoDataFrame(
            fields.assign(geometry=geometry.array), geometry="geometry", crs=geometry.crs
        )
