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
from ..said import NOTHING, Said, joined
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
                Said(
                    f"{amount(len(broken), 'row')} of the file with broken geometry; they were left out",
                    f"文件有 {len(broken):,} 行图形损坏，未采用",
                ),
                Said("geometry that can be drawn", "可以绘出的图形"),
                Said("redraw them in the source", "在原始数据中重新绘制"),
            )
        if placeless:
            self.find(
                "unreadable-coordinates",
                placeless,
                Said(
                    f"{amount(len(placeless), 'row')} whose coordinates cannot be read; they were left out",
                    f"{len(placeless):,} 行的坐标无法识别，未采用",
                ),
                Said("longitude and latitude, or easting and northing", "经纬度，或横坐标与纵坐标"),
                Said("correct them in the source", "在原始数据中更正"),
            )
        if rest:
            said = abridge([joined([item.row, item.reason], ": ", "：") for item in rest])
            self.remark(
                "not-rows",
                Said(
                    f"{amount(len(rest), 'line')} of the file were left out ({said})",
                    f"文件有 {len(rest):,} 行未采用（{said.zh}）",
                ),
            )

    def find(
        self, code: str, rows: Sequence[object], found: Said, expected: Said, remedy: Said
    ) -> None:
        """Add a warning."""
        self.findings.append(
            Finding(code, "warning", self.layer.name, tuple(rows), found, expected, remedy)
        )

    def remark(self, code: str, found: Said) -> None:
        """Add what is worth knowing."""
        self.findings.append(Finding(code, "info", self.layer.name, (), found, NOTHING, NOTHING))

    def keep(self, mask: np.ndarray[Any, Any]) -> None:
        """Only these rows from here on."""
        self.frame = self.frame[mask]
        self.raw = self.raw[mask]
        self.labels = self.labels[mask]

    def leave_out(self, mask: np.ndarray[Any, Any], reason: Said | Sequence[Said]) -> None:
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
            count = len(self.left_out)
            left = f" ({amount(count, 'line')} left out)" if count else ""
            left_zh = f"（{count:,} 行未采用）" if count else ""
            raise DataError(
                Fault(
                    self.layer.name,
                    Said(f"a table without a single row{left}", f"表中没有一行数据{left_zh}"),
                    Said("rows", "有数据行"),
                    Said(
                        "choose another layer or sheet of the file, or another file",
                        "改选文件的其他图层或工作表，或改用其他文件",
                    ),
                )
            )
        take = chosen(mapping, self.frame)
        if not take.all():
            self.remark(
                "rows-chosen",
                Said(
                    f"{int(take.sum())} of {amount(len(take), 'row')} are what the mapping asks for",
                    f"{len(take):,} 行中有 {int(take.sum()):,} 行符合字段对应的筛选条件",
                ),
            )
        self.keep(take)
        if not len(self.frame):
            raise DataError(
                Fault(
                    self.layer.name,
                    Said("no row that the mapping asks for", "没有符合字段对应筛选条件的行"),
                    Said("at least one", "至少一行"),
                    Said(
                        "check `where` and `has` of the mapping",
                        "检查字段对应中的 `where` 和 `has`",
                    ),
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
