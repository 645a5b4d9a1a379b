"""What the checks look at: a round's layers as stored and as declared, and how a finding names its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ..crs import transformer
from ..errors import StoreError, amount
from ..model import Finding, Layer, Severity
from ..placing.home import Home
from ..registration import outlines
from ..said import Said
from ..sources.lazy import bounds_of, kinds_of
from ..survey import Survey
from ..validate import KINDS, Conformed, conform

Shapes = NDArray[np.object_]
Mask = NDArray[np.bool_]
DIMENSION = {"Point": 0, "LineString": 1, "Polygon": 2}
PIECE = 200_000
"""Rows that are drawn at a time where all of them need not be."""
THIN_M = 1.0
"""Narrower than this, an overlap or gap is two drawings of one border: a sliver."""


@dataclass(frozen=True, eq=False)
class Observation:
    """A finding and the places it is about."""

    finding: Finding
    shapes: tuple[Any, ...] = ()
    """Geometry in the district's metric CRS: a point for each row that has a place, or the very
    surfaces and lines that are meant (an overlap, a gap)."""


@dataclass(frozen=True, eq=False)
class LayerRows:
    """The rows of one layer of a round: as stored, as declared, and how each is called."""

    layer: Layer
    stored: gpd.GeoDataFrame | pd.DataFrame
    conformed: Conformed
    aside: Mask | None = None
    """Rows so far from the district that nothing else is to be concluded from where they are."""

    @property
    def frame(self) -> gpd.GeoDataFrame | pd.DataFrame:
        """Exactly the declared fields; geometry in the metric CRS where the layer states its own."""
        return self.conformed.frame

    @property
    def name(self) -> str:
        return self.layer.name

    @cached_property
    def names(self) -> NDArray[np.object_]:
        """The key of each row, or its fid where it has none."""
        fids = np.asarray(self.stored.index).astype(object)
        if self.layer.key is None:
            return fids
        keys = self.texts(self.layer.key)
        return np.where(pd.isna(keys), fids, keys)

    def named(self, positions: NDArray[np.intp]) -> tuple[object, ...]:
        """The names of some rows; those of all are made only where something asks for them."""
        if "names" in self.__dict__ or len(positions) * 2 > len(self.stored):
            return tuple(self.names[positions].tolist())
        some = LayerRows(
            self.layer,
            self.stored.iloc[positions],
            replace(self.conformed, frame=self.frame.iloc[positions]),
        )
        return tuple(some.names.tolist())

    def texts(self, name: str) -> NDArray[np.object_]:
        """The values of a field as text, None where unknown."""
        values = self.frame[name].astype("string").astype(object).to_numpy()
        texts: NDArray[np.object_] = np.where(pd.isna(values), np.array(None), values)
        return texts

    @cached_property
    def placed(self) -> bool:
        """Whether the layer has geometry in a stated system."""
        return isinstance(self.stored, gpd.GeoDataFrame) and self.stored.crs is not None

    @cached_property
    def shapes(self) -> Shapes:
        """Metric geometry a row; None where it is absent, broken or of another kind."""
        if not self.placed:
            return np.full(len(self.frame), None, dtype=object)
        shapes = np.asarray(self.frame.geometry.to_numpy(), dtype=object).copy()
        shapes[~self.usable] = None
        return shapes

    def chosen(self, positions: NDArray[np.intp]) -> Shapes:
        """Metric geometry of some rows, as `shapes` has it; the others need not be drawn."""
        if "shapes" in self.__dict__ or not self.placed:
            return np.asarray(self.shapes[positions], dtype=object)
        shapes = np.array(self.frame.geometry.iloc[positions].to_numpy(), dtype=object)
        shapes[~self.usable[positions]] = None
        return shapes

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """West, south, east, north of each usable row in the metric CRS; NaN of the others."""
        if not self.placed:
            return np.full((len(self.frame), 4), np.nan)
        found = bounds_of(self.frame.geometry)
        return found if self.usable.all() else np.where(self.usable[:, None], found, np.nan)

    @property
    def total_bounds(self) -> NDArray[np.float64]:
        """Around all usable rows, of which there is one at least."""
        held = self.bounds if self.usable.all() else self.bounds[self.usable]
        return np.concatenate([held[:, :2].min(axis=0), held[:, 2:].max(axis=0)])

    def _sound(self) -> Mask:
        geometry = self.frame.geometry
        sound: Mask = np.asarray(np.isfinite(bounds_of(geometry)).all(axis=1))
        kinds = KINDS[self.layer.geometry] + (KINDS["Point"] if self.layer.points_too else ())
        types = [getattr(shapely.GeometryType, kind.upper()) for kind in kinds]
        sound &= np.isin(kinds_of(geometry), types)
        sound &= ~self.not_finite
        if self.layer.geometry == "Polygon":
            shapes = geometry.to_numpy()
            valid: Mask = np.asarray(shapely.is_valid(np.where(sound, shapes, np.array(None))))
            sound &= valid
        return sound

    @cached_property
    def not_finite(self) -> Mask:
        """The rows whose stored coordinates are no numbers."""
        mask = np.zeros(len(self.frame), dtype=bool)
        for finding in self.conformed.findings:
            if finding.code == "non-finite-coordinates":
                mask[self.positions(finding.rows)] = True
        return mask

    @cached_property
    def usable(self) -> Mask:
        """The rows whose geometry can be measured."""
        if not self.placed:
            return np.zeros(len(self.frame), dtype=bool)
        sound = self._sound()
        return sound if self.aside is None else sound & ~self.aside

    @cached_property
    def tree(self) -> STRtree:
        """Finds rows by place; answers are positions among `tree_rows`."""
        return STRtree(self.shapes[self.tree_rows])

    def in_pieces(self) -> Iterator[tuple[NDArray[np.intp], Shapes]]:
        """The usable rows, so many at a time: their positions and metric geometry.

        Of many that nothing has drawn yet, each piece is drawn for as long as it is looked at: three million points
        and a tree of them take a gigabyte.
        """
        positions = self.tree_rows
        size = len(positions) if "shapes" in self.__dict__ else PIECE
        for first in range(0, len(positions), max(1, size)):
            some = positions[first : first + size]
            yield some, self.chosen(some)

    @cached_property
    def outline_tree(self) -> STRtree:
        """Finds rows by place, surfaces by their border."""
        if self.layer.geometry != "Polygon":
            return self.tree
        return STRtree(outlines(self.shapes[self.tree_rows]))

    @cached_property
    def tree_rows(self) -> NDArray[np.intp]:
        """The positions of the usable rows, in the order of `tree`."""
        return np.flatnonzero(self.usable)

    @cached_property
    def loose_edges(self) -> Shapes:
        """Of each usable surface, in the order of `tree`, the edges that do not meet a neighbour's as they should:
        those that cross it, or run beside it less than `THIN_M` away. None for most."""
        edges = shapely.coverage_invalid_edges(self.shapes[self.tree_rows], gap_width=THIN_M)
        found: Shapes = np.where(shapely.is_empty(edges), np.array(None), edges)
        return found

    @cached_property
    def loose(self) -> Mask:
        """Which of all rows have loose edges, or none that could be told of."""
        mask = np.ones(len(self.frame), dtype=bool)
        mask[self.tree_rows] = ~shapely.is_missing(self.loose_edges)
        return mask

    @cached_property
    def union(self) -> Any:
        """All usable rows as one surface."""
        return self.united(self.tree_rows)

    def united(self, positions: NDArray[np.intp]) -> Any:
        """Some usable rows as one surface."""
        shapes = self.shapes[positions]
        # Where all meet edge by edge, what is left once common edges are dropped is the very same, and soon found.
        if self.layer.geometry == "Polygon" and not self.loose[positions].any():
            return shapely.coverage_union_all(shapes)
        return shapely.union_all(shapes)

    def positions(self, names: Iterable[object]) -> NDArray[np.intp]:
        """Where the rows of those names stand; all of them where several share a name."""
        wanted = list(names)
        if not wanted:
            return np.array([], dtype=np.intp)
        return np.flatnonzero(pd.Series(self.names, dtype=object).isin(wanted).to_numpy())

    def observe(
        self,
        code: str,
        severity: Severity,
        rows: NDArray[Any] | Sequence[int],
        *,
        found: Said,
        expected: Said,
        remedy: Said,
        repairable: bool = False,
        shapes: Iterable[Any] | None = None,
    ) -> Observation:
        """A finding about the rows at those positions (or under that mask), placed at each of them."""
        chosen = np.asarray(rows)
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.intp)
        finding = Finding(
            code,
            severity,
            self.name,
            self.named(positions),
            found,
            expected,
            remedy,
            repairable,
        )
        return Observation(finding, tuple(shapes) if shapes is not None else self.marks(positions))

    def marks(self, positions: NDArray[np.intp]) -> tuple[Any, ...]:
        """A point for each of the rows that has a place."""
        if self.layer.geometry in ("Table", "Raster") or not self.placed or not len(positions):
            return ()
        # Broken geometry has a place too: the middle of what can be read of it.
        shapes = self.frame.geometry.iloc[positions].to_numpy()
        with np.errstate(invalid="ignore"):
            bounds = shapely.bounds(shapes)
        finite = np.isfinite(bounds).all(axis=1)
        sound = self.usable[positions] & finite
        points = np.full(len(positions), None, dtype=object)
        points[sound] = shapely.point_on_surface(shapes[sound])
        rest = finite & ~sound
        points[rest] = shapely.points(
            (bounds[rest, 0] + bounds[rest, 2]) / 2, (bounds[rest, 1] + bounds[rest, 3]) / 2
        )
        return tuple(points[~shapely.is_missing(points)])


@dataclass(eq=False)
class Evidence:
    """A round, its layers read when first asked for, and what several checks need to know."""

    survey: Survey
    _rows: dict[str, LayerRows | None] = field(default_factory=dict, repr=False)
    unreadable: dict[str, Said] = field(default_factory=dict)
    """Layers that the store cannot read, and why."""
    homes: dict[str, Home | None] = field(default_factory=dict, repr=False)
    """Where the district is, as each layer is judged by; see `placement.set_aside`."""
    claimed: dict[str, tuple[NDArray[np.intp], NDArray[np.intp], Shapes, NDArray[np.float64]]] = (
        field(default_factory=dict, repr=False)
    )
    """What two units of a level both claim; see `partition.overlaps`."""

    @property
    def metric_crs(self) -> str:
        """The system everything is measured in."""
        return self.survey.district.spec.metric_crs

    @cached_property
    def held_on(self) -> dt.date:
        """The date of the round."""
        return dt.date.fromisoformat(self.survey.round)

    @cached_property
    def sizes(self) -> Callable[[str], Mapping[str, int]]:
        """How many rows the tables of a round have; counted when first asked for."""
        return cache(self.survey.store.sizes)

    def rows(self, name: str) -> LayerRows | None:
        """The rows of a layer; None where the round has none of it, or they cannot be read."""
        if name not in self._rows:
            self._rows[name] = self._read(name)
        return self._rows[name]

    def _read(self, name: str) -> LayerRows | None:
        layer = self.survey.district.catalog.layers.get(name)
        if layer is None or layer.geometry == "Raster" or not self.survey.has(name):
            return None
        try:
            stored = self.survey.store.read(self.survey.round, name)
        except StoreError as error:
            self.unreadable[name] = Said(str(error), error.in_("zh"))
            return None
        return LayerRows(layer, stored, conform(stored, layer, crs=self.metric_crs))

    def without(self, rows: LayerRows, aside: Mask) -> None:
        """From here on, leave the places of these rows out of account."""
        self._rows[rows.name] = replace(rows, aside=aside)
        self.claimed.pop(rows.name, None)
        for settled in ("levels", "finest"):
            self.__dict__.pop(settled, None)

    def every(self) -> Iterator[LayerRows]:
        """All layers that the round holds, in the order of the declarations."""
        for name in self.survey.district.catalog.layers:
            rows = self.rows(name)
            if rows is not None:
                yield rows

    @cached_property
    def levels(self) -> tuple[LayerRows, ...]:
        """The unit layers that the round holds, from fine to coarse."""
        found = (self.rows(layer.name) for layer in self.survey.district.levels)
        return tuple(rows for rows in found if rows is not None)

    @cached_property
    def finest(self) -> LayerRows | None:
        """The finest units, where any has an outline."""
        first = self.survey.district.levels[0].name if self.survey.district.levels else None
        rows = self.rows(first) if first else None
        return rows if rows is not None and rows.usable.any() else None

    def degrees(self, shapes: Sequence[Any]) -> Shapes:
        """Metric geometry as WGS 84 longitude and latitude."""
        to_degrees = transformer(self.metric_crs, "EPSG:4326")
        moved: Shapes = np.asarray(
            shapely.transform(
                np.asarray(shapes, dtype=object),
                lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])),
            )
        )
        return moved


def repeated(values: NDArray[Any]) -> Mask:
    """Which of these numbers are there more than once; sorting tells it sooner than hashing, if few or none are."""
    ordered = np.sort(values)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(twice):
        return np.zeros(len(values), dtype=bool)
    if len(twice) * 10 > len(values):
        return np.array(pd.Series(values).duplicated(keep=False), dtype=bool)
    return np.asarray(np.isin(values, twice))


Check = Callable[[LayerRows, Evidence], Iterable[Observation]]

__all__ = [
    "DIMENSION",
    "THIN_M",
    "Check",
    "Evidence",
    "LayerRows",
    "Mask",
    "Observation",
    "Shapes",
    "amount",
    "repeated",
]
