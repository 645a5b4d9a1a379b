"""A file's rows on their way to becoming a layer: each step may take some out, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from .crs import Shift, Stated, brought_over, crossing, state
from .district import District
from .errors import DataError, Fault, abridge
from .mapping import ImportMapping, Mapped, chosen, mapped_fields
from .model import Finding, Layer
from .placing import Alignment, Home, Judgement, Placement, Proposal, alignment, home_of, judge
from .sources.base import LeftOut, Source
from .store.base import Store
from .validate import KINDS, conform

JUDGED_BY = 5_000
"""Rows by which the place of all is judged."""


class Rows:
    """The rows, what each is called in its file, and what was left out or found so far."""

    def __init__(self, layer: Layer, metric_crs: str, source: Source) -> None:
        self.layer = layer
        self.metric_crs = metric_crs
        self.frame = source.frame
        self.labels = source.rows
        self.left_out = list(source.left_out)
        self.findings: list[Finding] = []
        if source.left_out:
            self.find(
                "broken-geometry",
                [item.row for item in source.left_out],
                f"{len(source.left_out)} rows of the file with broken geometry; they were left out",
                "geometry that can be drawn",
                "redraw them in the source",
            )

    def find(
        self, code: str, rows: Sequence[object], found: str, expected: str, remedy: str
    ) -> None:
        self.findings.append(
            Finding(code, "warning", self.layer.name, tuple(rows), found, expected, remedy)
        )

    def remark(self, code: str, found: str) -> None:
        self.findings.append(Finding(code, "info", self.layer.name, (), found, "", ""))

    def keep(self, mask: np.ndarray[Any, Any]) -> None:
        self.frame = self.frame[mask]
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
        take = chosen(mapping, self.frame)
        if not take.all():
            self.remark(
                "rows-chosen",
                f"{int(take.sum())} of {len(take)} rows are what the mapping asks for",
            )
        self.keep(take)
        if not len(self.frame):
            raise DataError(
                Fault(
                    self.layer.name,
                    "no row that the mapping asks for",
                    "at least one",
                    "check `where` and `has` of the mapping, and that the file has rows",
                )
            )

    def read_fields(self, mapped: Mapped) -> None:
        """The declared fields in the place of the file's columns."""
        attributes, findings = mapped_fields(mapped, self.frame, self.labels)
        self.findings += findings
        if self.layer.geometry == "Table":
            self.frame = attributes
        elif isinstance(self.frame, gpd.GeoDataFrame):
            geometry = self.frame.geometry
            self.frame = gpd.GeoDataFrame(
                attributes.assign(geometry=geometry.array), geometry="geometry", crs=geometry.crs
            )
        else:
            raise DataError(
                Fault(
                    self.layer.name,
                    "rows without geometry",
                    self.layer.geometry,
                    "choose a layer that is a table",
                )
            )

    def place(
        self,
        said: str | None,
        district: District,
        store: Store,
        *,
        accept: bool,
        named_shift: tuple[Shift, str] | None = None,
    ) -> tuple[tuple[Proposal, ...], str]:
        """Put the rows where they are: in the system the file states, or the one that is said or accepted.

        Returns
        -------
        tuple
            What is proposed, and the system as an import record keeps it.
        """
        if self.layer.geometry == "Table":
            return (), ""
        geometry = self.frame.geometry
        stated = None if said is None else state(said)
        if stated is not None:
            self._overrule(geometry, stated)
        home = home_of(district, store)
        some = _sample(geometry)
        found = judge(
            geometry.iloc[some],
            home,
            lambda placed: self._aligned(placed, some, district, store),
            said_crs=Placement(stated.crs, shift=stated.shift) if stated is not None else None,
            named_shift=named_shift,
            accept=accept,
        )
        if found.refused:
            raise DataError(_refusal(self.layer.name, found))
        if found.placement is None:
            return found.proposals, ""
        for code, what, expected, remedy in found.doubts:
            self.find(code, (), what, expected, remedy)
        placed = found.placement.applied(geometry)
        if found.placement.shift is None:
            placed = self._onto_a_modern_datum(placed)
        self.frame = gpd.GeoDataFrame(self.frame).set_geometry(placed)
        if home is not None and not any(code == "outside-district" for code, *_ in found.doubts):
            self._list_strays(home)
        return found.proposals, found.placement.text

    def _overrule(self, geometry: gpd.GeoSeries, stated: Stated) -> None:
        if stated.shift is None and geometry.crs is not None and geometry.crs != stated.crs:
            self.find(
                "crs-overruled",
                (),
                f"the file states {geometry.crs.name}, and was taken as {stated.text} as you said",
                "one statement",
                "leave --crs out if the file is right",
            )
        if stated.shift is not None or stated.crs.is_geographic:
            self._require_degrees(geometry, stated.text)

    def _aligned(
        self, placed: gpd.GeoSeries, rows: np.ndarray[Any, Any], district: District, store: Store
    ) -> Alignment:
        metric = placed.to_crs(district.spec.metric_crs)
        fields = self.frame.iloc[rows].drop(columns=self.frame.geometry.name)
        return alignment(gpd.GeoDataFrame(fields, geometry=metric), self.layer, district, store)

    def _onto_a_modern_datum(self, placed: gpd.GeoSeries) -> gpd.GeoSeries:
        way = crossing(placed)
        if way is None:
            return placed
        if way.operation is None:
            self.find(
                "datum-accuracy",
                (),
                f"{way.datum}: no way to CGCS2000 or WGS 84 is known here, so longitude and latitude were"
                " kept; places may be off by tens of metres, even more than a hundred",
                "coordinates on CGCS2000",
                "have the surveying office convert the file with its own parameters",
            )
            return placed
        good = (
            f"good to {way.accuracy_m:g} m" if way.accuracy_m is not None else "of unknown accuracy"
        )
        self.find(
            "datum-accuracy",
            (),
            f"{way.datum}: brought to WGS 84 by {way.operation}, {good}",
            "coordinates on CGCS2000",
            "where that is not enough, have the surveying office convert the file with its own parameters",
        )
        return brought_over(placed)

    def _list_strays(self, home: Home) -> None:
        """Rows that lie far from the district while most do not."""
        if not home.sure:
            return
        bounds = shapely.bounds(self.frame.geometry.to_numpy())
        middles = np.column_stack(
            [(bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2]
        )
        present = np.isfinite(middles).all(axis=1)
        system = gpd.GeoDataFrame(self.frame).crs
        metric = Placement(system).metric(middles[present], home.crs)
        astray = np.zeros(len(middles), dtype=bool)
        astray[present] = home.away_m(metric) > home.within_m
        if not astray.any():
            return
        turned = Placement(system, swapped=True).metric(middles[astray], home.crs)
        back = int((home.away_m(turned) <= home.within_m).sum())
        hint = f"; {back} would lie in it with their axes swapped" if back else ""
        self.find(
            "outside-district",
            self.labels[astray].tolist(),
            f"{int(astray.sum())} rows more than {home.within_m / 1000:g} km from {home.said}{hint}",
            "rows in the district",
            "correct their coordinates, or leave them out",
        )

    def _require_degrees(self, geometry: gpd.GeoSeries, text: str) -> None:
        if geometry.crs is not None and geometry.crs.is_projected:
            return
        west, south, east, north = geometry.total_bounds
        if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
            raise DataError(
                Fault(
                    self.layer.name,
                    f"coordinates from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}",
                    f"longitude and latitude, as {text} is",
                    "say the projected coordinate system with --crs EPSG:n",
                )
            )

    def take_usable(self) -> None:
        """Repair what can be, leave out what cannot be measured, and list both."""
        layer = self.layer
        if layer.geometry != "Table":
            self._take_shapes(KINDS[layer.geometry])
        for name, spec in layer.fields.items():
            if spec.required:
                values = self.frame[name]
                self.leave_out(values.isna().to_numpy(dtype=bool), f"no {name}")
        if layer.key is not None:
            self._take_first_of_each_key(layer.key)
        if not len(self.frame):
            sample = "; ".join(f"{item.row}: {item.reason}" for item in self.left_out[:3])
            raise DataError(
                Fault(
                    layer.name,
                    f"no row that can be taken ({len(self.left_out)} left out, such as {sample})",
                    f"rows of {layer.geometry}",
                    "check the layer and the mapping",
                )
            )
        labels = dict(zip(self.frame.index, self.labels, strict=True))
        # Without its key, the layer's findings name rows by their place in the frame.
        conformed = conform(self.frame, layer.model_copy(update={"key": None}))
        for finding in conformed.findings:
            named = tuple(labels.get(row, row) for row in finding.rows)
            self.findings.append(replace(finding, rows=named))
        faults = [finding.fault() for finding in conformed.errors]
        if faults:
            raise DataError(faults)
        self.frame = conformed.frame

    def _take_shapes(self, allowed: tuple[str, ...]) -> None:
        if self.layer.points_too:
            allowed = (*allowed, "Point", "MultiPoint")
        flat = shapely.force_2d(self.frame.geometry.to_numpy())
        self._shape(flat)
        kinds = self.frame.geometry.geom_type
        wrong = (~kinds.isin(allowed) & kinds.notna()).to_numpy(dtype=bool)
        self.leave_out(wrong, [f"{kind}, not {self.layer.geometry}" for kind in kinds[wrong]])
        shapes = self.frame.geometry.to_numpy()
        coordinates, owners = shapely.get_coordinates(shapes, return_index=True)
        bad = np.zeros(len(shapes), dtype=bool)
        bad[owners[~np.isfinite(coordinates).all(axis=1)]] = True
        self.leave_out(bad, "coordinates that are no numbers")
        if self.layer.geometry == "Polygon":
            self._repair()

    def _shape(self, shapes: np.ndarray[Any, Any]) -> None:
        crs = self.frame.crs
        placed = gpd.GeoSeries(shapes, index=self.frame.index, crs=crs)
        self.frame = gpd.GeoDataFrame(self.frame).set_geometry(placed)

    def _repair(self) -> None:
        """Redraw outlines that cross themselves; what does not stay a surface is left out."""
        shapes = self.frame.geometry.to_numpy().copy()
        invalid = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
        if not invalid.any():
            return
        before = shapes[invalid]
        repaired = shapely.make_valid(before, method="structure", keep_collapsed=False)
        surfaces = np.isin(shapely.get_type_id(repaired), (3, 6)) & ~shapely.is_empty(repaired)
        shapes[invalid] = np.where(surfaces, repaired, None)
        in_metres = [
            gpd.GeoSeries(part, crs=self.frame.crs).to_crs(self.metric_crs).area.to_numpy()
            for part in (before[surfaces], repaired[surfaces])
        ]
        names = self.labels[invalid][surfaces].tolist()
        changes = [
            f"{name} {old:.1f} → {new:.1f} m²"
            for name, old, new in zip(names, *in_metres, strict=True)
        ]
        if changes:
            self.find(
                "repaired-geometry",
                names,
                f"{len(names)} outlines that crossed themselves; repaired by structure,"
                f" which changed their area: {abridge(changes)}",
                "outlines that do not cross themselves",
                "compare them with the source",
            )
        self._shape(shapes)
        lost = np.zeros(len(shapes), dtype=bool)
        lost[np.flatnonzero(invalid)[~surfaces]] = True
        why = [
            str(text).split("[", maxsplit=1)[0]
            for text in shapely.is_valid_reason(before[~surfaces])
        ]
        self.leave_out(lost, [f"an outline without area ({text})" for text in why])

    def _take_first_of_each_key(self, key: str) -> None:
        keys = self.frame[key]
        again = keys.duplicated(keep="first").to_numpy(dtype=bool)
        if not again.any():
            return
        firsts = dict(zip(keys[~again], self.labels[~again], strict=True))
        reasons = [f"{key} {value} is that of {firsts[value]} already" for value in keys[again]]
        self.find(
            "duplicate-key",
            self.labels[again].tolist(),
            f"{int(again.sum())} rows whose {key} an earlier row has; they were left out",
            f"{key} of its own for every row",
            "correct them in the source, or map another column",
        )
        self.leave_out(again, reasons)


def _sample(geometry: gpd.GeoSeries) -> np.ndarray[Any, Any]:
    """Rows spread evenly over those that have a place."""
    shapes = geometry.to_numpy()
    present = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    return present[:: max(1, len(present) // JUDGED_BY)]


def _refusal(layer: str, found: Judgement) -> Fault:
    advice = "say which it is with --crs EPSG:n, gcj02 or bd09"
    if found.placement is not None:
        reasons = "; ".join(proposal.evidence for proposal in found.proposals)
        option = "" if found.placement.swapped else f"--crs {found.placement.text}, or "
        advice += f"; {reasons}: {option}--accept-proposals"
    return Fault(
        layer, found.refused, "a coordinate system that puts the rows into the district", advice
    )
