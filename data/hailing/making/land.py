"""The made land: an organic outline cut into towns and villages that share their borders exactly.

A fine mosaic of Voronoi cells is the material. Each cell goes to the town in whose sphere it lies
most (distance over the town's reach, bent by smooth noise) or, outside all spheres, to no town: that makes the
outline. A town's cells are then shared among its villages by weighted k-means, small ones where
people are dense. Borders therefore run along cell edges and are shared to the last vertex.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from .chance import Floats, Noise, stream
from .facts import Unit, seats, to_metric, units

SMOOTHED_M = 75.0


@dataclass(frozen=True)
class Sphere:
    """How a town's made shape is laid out: reach, and where its middle lies."""

    reach_m: float
    lean_m: tuple[float, float] = (0.0, 0.0)
    """From the seat to the middle of the shape (east, north)."""
    seat: tuple[float, float] | None = None
    """Longitude and latitude of an invented seat, for towns whose seat is not known."""


SPHERES = {
    "城东街道": Sphere(3300, (2000, -900)),
    "城西街道": Sphere(3300, (-500, 600)),
    "城南街道": Sphere(3500, (450, -1500)),
    "城中街道": Sphere(1850),
    "城北街道": Sphere(2600, (0, 1100)),
    "京泰路街道": Sphere(3400, (-200, 300)),
    "红旗街道": Sphere(2900, (300, -200), seat=(119.8760, 32.4400)),
    "九龙镇": Sphere(4100, (-500, -300)),
    "罡杨镇": Sphere(3700, seat=(119.9080, 32.5640)),
    "苏陈镇": Sphere(4700, (1200, -1000)),
    "华港镇": Sphere(4500, (0, 300)),
    "海陵工业园区": Sphere(2600, (700, 200), seat=(119.9560, 32.4350)),
    "农业示范园区": Sphere(1900, seat=(119.9930, 32.5460)),
    "火车站街区": Sphere(1300, seat=(119.9570, 32.5310)),
}


@dataclass(frozen=True)
class Land:
    """The made shapes, in the metric CRS."""

    units: list[Unit]
    villages: list[shapely.Polygon]
    """In the order of `units`."""
    town_names: dict[str, str]
    """Name by code, in the order of `towns`."""
    towns: list[shapely.Polygon]
    centre: shapely.Point
    """The middle of the old town."""
    seats: dict[str, shapely.Point]
    """Known or invented seat by town code."""

    @property
    def outline(self) -> shapely.Polygon:
        """The district."""
        whole = shapely.coverage_union_all(self.towns)
        assert isinstance(whole, shapely.Polygon)
        return whole


def lay_land() -> Land:
    """Make the villages and towns."""
    unit_list = units()
    town_names = {unit.town_code: unit.town_name for unit in unit_list}
    known = seats()
    places = {
        code: known[name] if (invented := SPHERES[name].seat) is None else _place(invented)
        for code, name in town_names.items()
    }
    centre = known["城中街道"]
    sites, cells = _mosaic(places, centre)
    bent = sites + _bend(sites)
    town_of = _towns(sites, bent, places, town_names)
    village_of = np.full(len(sites), -1)
    for town_index, (code, name) in enumerate(town_names.items()):
        members = np.flatnonzero(town_of == town_index)
        chosen = [index for index, unit in enumerate(unit_list) if unit.town_code == code]
        groups = _share_out(bent[members], cells[members], len(chosen), places[code], centre, name)
        named = _name_groups(groups, sites[members], chosen, unit_list, places[code], centre)
        village_of[members] = named[groups]
    village_of = _in_one_piece(village_of, cells, np.array([u.town_code for u in unit_list]))
    rough = [
        shapely.coverage_union_all(cells[village_of == index]) for index in range(len(unit_list))
    ]
    villages = [
        shapely.Polygon(np.round(shapely.get_coordinates(part.exterior), 2))
        for part in shapely.coverage_simplify(np.array(rough), SMOOTHED_M)
    ]
    unit_town = [unit.town_code for unit in unit_list]
    towns = [
        shapely.coverage_union_all(
            [p for p, own in zip(villages, unit_town, strict=True) if own == code]
        )
        for code in town_names
    ]
    land = Land(unit_list, _fitting(villages), town_names, _fitting(towns), centre, places)
    for town, (code, seat) in zip(land.towns, places.items(), strict=True):
        if not town.contains(seat):
            raise AssertionError(f"the seat of {town_names[code]} lies outside it; change SPHERES")
    return land


def _fitting(shapes: Sequence[BaseGeometry]) -> list[shapely.Polygon]:
    """The shapes in their normal form, if they are polygons that fit together exactly."""
    polygons = [shape for shape in shapely.normalize(shapes) if isinstance(shape, shapely.Polygon)]
    if len(polygons) < len(shapes) or not shapely.coverage_is_valid(polygons):
        raise AssertionError("the made units do not fit together; change SPHERES or SEED")
    return polygons


def _place(lon_lat: tuple[float, float]) -> shapely.Point:
    point: shapely.Point = to_metric(shapely.Point(lon_lat))
    return point


def _xy(point: shapely.Point) -> Floats:
    return np.array([point.x, point.y])


def _mosaic(
    places: dict[str, shapely.Point], centre: shapely.Point
) -> tuple[Floats, NDArray[np.object_]]:
    """Sites and their Voronoi cells: about 110 m across in the city, 230 m in the country."""
    rng = stream("mosaic")
    seat_xy = np.array([_xy(point) for point in places.values()])
    low, high = seat_xy.min(axis=0) - 9000, seat_xy.max(axis=0) + 9000
    parts = []
    for spacing_m, jitter, in_city in ((110.0, 0.26, True), (230.0, 0.34, False)):
        x = np.arange(low[0], high[0], spacing_m)
        y = np.arange(low[1], high[1], spacing_m)
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        grid = grid + rng.uniform(-jitter, jitter, grid.shape) * spacing_m
        near = np.hypot(*(grid - _xy(centre)).T) < 4300
        parts.append(grid[near == in_city])
    sites = np.round(np.concatenate(parts), 3)
    diagram = shapely.voronoi_polygons(shapely.MultiPoint(sites), ordered=True)
    cells = shapely.get_parts(diagram)
    # rounded now, so that whatever follows keeps borders equal to the last digit
    cells = shapely.transform(cells, lambda xy: np.round(xy, 2))
    return sites, cells


def _bend(sites: Floats) -> Floats:
    """How far each place is pushed before distances are taken, so that borders are not straight."""
    wide = [Noise(f"wide {axis}", 5200)(*sites.T) * 420 for axis in "xy"]
    fine = [Noise(f"fine {axis}", 1300)(*sites.T) * 75 for axis in "xy"]
    return np.stack(wide, axis=1) + np.stack(fine, axis=1)


def _towns(
    sites: Floats,
    bent: Floats,
    places: dict[str, shapely.Point],
    town_names: dict[str, str],
) -> NDArray[np.int64]:
    """The town of each cell by index, -1 outside the district."""
    middles = {code: _xy(places[code]) + SPHERES[name].lean_m for code, name in town_names.items()}
    # distance over reach: 1 at the rim of a sphere that stands alone
    away = np.array(
        [
            np.hypot(*(bent - middles[code]).T) / SPHERES[name].reach_m
            for code, name in town_names.items()
        ]
    )
    together = np.exp(-1.6 * away**2).sum(axis=0)
    rough = Noise("outline", 3600)(*sites.T) * 0.045
    return np.where(together + rough > np.exp(-1.6), away.argmin(axis=0), -1).astype(np.int64)


def _share_out(
    bent: Floats,
    cells: NDArray[np.object_],
    count: int,
    seat: shapely.Point,
    centre: shapely.Point,
    topic: str,
) -> NDArray[np.int64]:
    """Weighted k-means: the village of each cell of a town, small ones near the seat and the city."""
    rng = stream(f"villages of {topic}")
    to_centre = np.hypot(*(bent - _xy(centre)).T)
    to_seat = np.hypot(*(bent - _xy(seat)).T)
    dense = 1 + 14 * np.exp(-((to_centre / 1900) ** 2)) + 3 * np.exp(-((to_seat / 1100) ** 2))
    weight = shapely.area(cells) * dense
    middles = bent[[rng.choice(len(bent), p=weight / weight.sum())]]
    while len(middles) < count:
        gap = np.min(((bent[:, None] - middles[None]) ** 2).sum(axis=2), axis=1) * weight
        middles = np.vstack([middles, bent[rng.choice(len(bent), p=gap / gap.sum())]])
    for _ in range(12):
        group = ((bent[:, None] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
        total = np.bincount(group, weight, count)
        pulled = np.stack(
            [np.bincount(group, weight * bent[:, axis], count) / total for axis in (0, 1)], axis=1
        )
        # only part of the way: fully settled k-means is too even to look like land
        middles = middles + 0.55 * (pulled - middles)
    settled: NDArray[np.int64] = ((bent[:, None] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
    return settled


def _name_groups(
    groups: NDArray[np.int64],
    sites: Floats,
    chosen: list[int],
    unit_list: list[Unit],
    seat: shapely.Point,
    centre: shapely.Point,
) -> NDArray[np.int64]:
    """Which unit each group is: communities nearest to the seat and the city, villages farther out."""
    middles = np.array([sites[groups == group].mean(axis=0) for group in range(len(chosen))])
    far = np.hypot(*(middles - _xy(seat)).T) + 0.7 * np.hypot(*(middles - _xy(centre)).T)
    communities = [index for index in chosen if unit_list[index].kind == "community"]
    villages = [index for index in chosen if unit_list[index].kind == "village"]
    named = np.empty(len(chosen), dtype=np.int64)
    named[np.argsort(far, kind="stable")] = communities + villages
    # 界沟 village lies on the 界沟 river, the west edge: the westernmost village of its town
    for index in villages:
        if unit_list[index].short == "界沟":
            rural = [group for group in range(len(chosen)) if named[group] in villages]
            west = min(rural, key=lambda group: float(middles[group, 0]))
            here = int(np.flatnonzero(named == index)[0])
            named[here], named[west] = named[west], named[here]
    return named


def _in_one_piece(
    village_of: NDArray[np.int64], cells: NDArray[np.object_], town_of_unit: NDArray[np.str_]
) -> NDArray[np.int64]:
    """Give stray pieces and holes to the neighbour with the longest common border."""
    village_of = village_of.copy()
    for _ in range(10):
        stray = _stray_pieces(village_of, cells)
        if not stray:
            return village_of
        owned = np.flatnonzero(village_of >= 0)
        tree = shapely.STRtree(cells[owned])
        for own, piece in stray:
            near = owned[tree.query(piece, predicate="touches")]
            border = shapely.length(shapely.intersection(cells[near], piece))
            lengths: dict[int, float] = {}
            for cell, length in zip(near, border, strict=True):
                if village_of[cell] != own:
                    lengths[int(village_of[cell])] = lengths.get(int(village_of[cell]), 0) + length
            if own >= 0:
                same = {v: m for v, m in lengths.items() if town_of_unit[v] == town_of_unit[own]}
                lengths = same or lengths
            new = max(sorted(lengths), key=lambda village: lengths[village]) if lengths else -1
            inside = np.flatnonzero(
                (village_of == own) & shapely.within(shapely.centroid(cells), piece)
            )
            village_of[inside] = new
    raise AssertionError("the made villages do not come in one piece; change SPHERES or SEED")


def _stray_pieces(
    village_of: NDArray[np.int64], cells: NDArray[np.object_]
) -> list[tuple[int, shapely.Polygon]]:
    pieces: list[tuple[int, shapely.Polygon]] = []
    for village in range(int(village_of.max()) + 1):
        parts = shapely.get_parts(shapely.coverage_union_all(cells[village_of == village]))
        pieces += [(village, part) for part in parts[np.argsort(-shapely.area(parts))][1:]]
    whole = shapely.coverage_union_all(cells[village_of >= 0])
    for part in shapely.get_parts(whole):
        pieces += [(-1, shapely.Polygon(ring)) for ring in part.interiors]
    return pieces
