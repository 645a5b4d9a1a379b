"""The made back streets, the lamps along them and the fronts along main roads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from .chance import Floats, Noise, apportion, pick, stream
from .land import Land
from .network import Network
from .words import words

STREETS = 657
ON_A_BORDER = 12
APART_M = 28.0


@dataclass(frozen=True)
class Street:
    """A back street."""

    line: shapely.LineString
    home: int
    """The village it was laid in, by index."""
    zone: str
    name: str


def zones(land: Land) -> list[str]:
    """The zone that a village's streets are of: urban, urban_village or fringe."""
    patchy = Noise("zones", 2600)
    found = []
    for unit, polygon in zip(land.units, land.villages, strict=True):
        middle = polygon.representative_point()
        far_m = middle.distance(land.centre)
        if far_m > 5600:
            found.append("fringe")
        elif unit.kind == "village":
            found.append("urban_village" if far_m < 4600 else "fringe")
        elif far_m > 2100 and float(patchy(middle.x, middle.y)) > 0.75:
            found.append("urban_village")
        else:
            found.append("urban" if far_m < 4700 else "fringe")
    return found


def lay_streets(land: Land, network: Network) -> list[Street]:
    """Make the back streets: lanes that branch off roads and other lanes, village by village."""
    rng = stream("streets")
    zone_of = zones(land)
    turn = Noise("turn", 5200)
    laid: list[shapely.LineString] = []
    homes: list[int] = []
    for home, line in _along_borders(land, zone_of):
        laid.append(line)
        homes.append(home)
    counts = apportion(STREETS - len(laid), _weights(land, zone_of))
    roads = shapely.MultiLineString([line for _, line in network.roads])
    outline = land.outline.buffer(-30)
    for home, count in enumerate(counts):
        polygon = land.villages[home]
        core = _core(land, home, zone_of[home], rng)
        nearby = [line for line in laid if line.distance(core) < 700]
        done = 0
        for attempt in range(400):
            if done == count:
                break
            start = _start(rng, core, nearby, roads)
            axis = float(turn(start.x, start.y)) * 0.13 + np.pi / 2 * rng.randint(4)
            length_m = float(np.clip(np.exp(rng.normal(5.2, 0.5)), 60, 600))
            lane = _lane(rng, start, axis, length_m)
            crowd = [line for line in nearby if line.distance(lane) < APART_M]
            beside = shapely.union_all([line.buffer(APART_M) for line in crowd])
            room = 0.3 if attempt < 250 else 0.55
            if lane.intersection(beside).length > room * lane.length + APART_M:
                continue
            at_home = lane.intersection(polygon).length / lane.length
            if at_home < 0.5 or not outline.contains(lane):
                continue
            laid.append(lane)
            nearby.append(lane)
            homes.append(home)
            done += 1
        if done < count:
            raise AssertionError(f"no room for the lanes of {land.units[home].name}")
    names = _names(land, homes, zone_of)
    return [
        Street(line, home, zone_of[home], name)
        for line, home, name in zip(laid, homes, names, strict=True)
    ]


def lay_lamps(streets: list[Street], has_lamps: list[bool]) -> list[tuple[int, shapely.Point]]:
    """Lamps 3–5 m beside the lanes, 25–48 m apart: the lane's index and the place."""
    rng = stream("lamps")
    lamps = []
    for index, street in enumerate(streets):
        spacing_m = rng.uniform(25, 48)
        side = 1.0 if rng.uniform() < 0.5 else -1.0
        along_m = rng.uniform(0.3, 0.7) * spacing_m
        while along_m < street.line.length:
            place = beside(street.line, along_m, side * rng.uniform(3, 5))
            if has_lamps[index]:
                lamps.append((index, place))
            along_m += spacing_m * rng.uniform(0.85, 1.2)
    return lamps


def lay_facades(land: Land, network: Network) -> list[tuple[str, shapely.LineString]]:
    """Fronts along the main roads of the city, both sides, set back from the middle of the road."""
    rng = stream("facades")
    city = land.centre.buffer(3000)
    fronts = []
    for name, road in network.roads:
        if road.intersection(city).length < 600 or name == "京泰路":
            continue
        for side, called in ((1, "北侧西侧"), (-1, "南侧东侧")):
            along_m = rng.uniform(0, 300)
            number = 0
            while along_m < road.length - 250:
                length_m = rng.uniform(45, 170)
                stretch = substring(road, along_m, along_m + length_m)
                along_m += length_m + rng.uniform(25, 380)
                if not city.contains(stretch):
                    continue
                front = shapely.offset_curve(stretch, side * 16.0)
                if not isinstance(front, shapely.LineString) or front.is_empty:
                    continue
                number += 1
                xy = shapely.get_coordinates(stretch)
                east, north = np.abs(xy[-1] - xy[0])
                where = called[:2] if east > north else called[2:]
                fronts.append((f"{name}{where}{number}段", _rounded(front)))
    return fronts


def _rounded(line: shapely.LineString) -> shapely.LineString:
    rounded: shapely.LineString = shapely.transform(line, lambda xy: np.round(xy, 2))
    return rounded


def _weights(land: Land, zone_of: list[str]) -> Floats:
    """How many lanes a village has, in proportion: most in the city, few or none in the country."""
    rng = stream("lanes per village")
    weight = np.zeros(len(land.units))
    for index, (unit, polygon) in enumerate(zip(land.units, land.villages, strict=True)):
        seat_m = polygon.distance(land.seats[unit.town_code])
        base = {"urban": 6.0, "urban_village": 6.5, "fringe": 3.4}[zone_of[index]]
        if zone_of[index] == "fringe" and unit.kind == "village":
            # a survey of back streets does not go to every hamlet
            base = 2.6 if seat_m < 1500 else 1.6 * (rng.uniform() < 0.62)
        weight[index] = base * rng.uniform(0.55, 1.45) * min(1, polygon.area / 2.2e5)
    return weight


def _core(land: Land, home: int, zone: str, rng: np.random.RandomState) -> BaseGeometry:
    """Where a village is built up: all of it in the city, a hamlet or two in the country."""
    polygon = land.villages[home]
    if zone == "urban":
        inner = polygon.buffer(-25)
        return inner if not inner.is_empty else polygon
    radius_m = 520 if zone == "urban_village" else 380
    seat = land.seats[land.units[home].town_code]
    # where the town's seat lies in the village, there is its hamlet
    middle = seat if polygon.contains(seat) else _inside(polygon, rng)
    hamlet = polygon.intersection(middle.buffer(radius_m * rng.uniform(0.8, 1.25)))
    if polygon.area > 4e6 and rng.uniform() < 0.6:
        second = _inside(polygon, rng).buffer(radius_m * 0.6)
        hamlet = hamlet.union(polygon.intersection(second))
    return hamlet


def _inside(polygon: shapely.Polygon, rng: np.random.RandomState) -> shapely.Point:
    """A place inside, not too near the border."""
    inner = polygon.buffer(-0.28 * np.sqrt(polygon.area / np.pi))
    inner = polygon if inner.is_empty else inner
    low_x, low_y, high_x, high_y = inner.bounds
    while True:
        point = shapely.Point(rng.uniform(low_x, high_x), rng.uniform(low_y, high_y))
        if inner.contains(point):
            return point


def _start(
    rng: np.random.RandomState,
    core: BaseGeometry,
    nearby: list[shapely.LineString],
    roads: shapely.MultiLineString,
) -> shapely.Point:
    """Where a lane leaves another lane or a road; now and then a place of its own."""
    inside = [line for line in nearby if line.intersects(core)]
    chance = rng.uniform()
    if inside and chance < 0.8:
        return _somewhere_on(rng, inside[int(rng.randint(len(inside)))].intersection(core))
    road = roads.intersection(core)
    if not road.is_empty and chance < 0.93:
        return _somewhere_on(rng, road)
    low_x, low_y, high_x, high_y = core.bounds
    while True:
        point = shapely.Point(rng.uniform(low_x, high_x), rng.uniform(low_y, high_y))
        if core.contains(point):
            return point


def _somewhere_on(rng: np.random.RandomState, lines: BaseGeometry) -> shapely.Point:
    parts = shapely.get_parts(lines)
    part = parts[int(rng.randint(len(parts)))]
    place: shapely.Point = shapely.line_interpolate_point(part, rng.uniform(0, 1), normalized=True)
    return place


def _lane(
    rng: np.random.RandomState, start: shapely.Point, axis: float, length_m: float
) -> shapely.LineString:
    """A lane of that length: nearly straight pieces, small bends, sometimes a jog."""
    xy = [(start.x, start.y)]
    heading = axis + rng.normal(0, 0.05)
    left_m = length_m
    while left_m > 0:
        step_m = min(left_m, rng.uniform(22, 60))
        if 0 < left_m - step_m < 12:
            step_m = left_m
        x, y = xy[-1]
        xy.append((x + step_m * np.cos(heading), y + step_m * np.sin(heading)))
        left_m -= step_m
        heading += rng.normal(0, 0.07)
        if rng.uniform() < 0.06:
            heading += rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 0.7)
        heading += 0.2 * (axis - heading)
    return _rounded(shapely.LineString(xy))


def _along_borders(land: Land, zone_of: list[str]) -> list[tuple[int, shapely.LineString]]:
    """Lanes that run exactly along a border that two villages share, from corner to corner of it."""
    rng = stream("lanes on borders")
    built_up = [index for index, zone in enumerate(zone_of) if zone != "fringe"]
    lanes: list[tuple[int, shapely.LineString]] = []
    order = rng.permutation(built_up)
    for home in order:
        if len(lanes) == ON_A_BORDER:
            break
        for other in built_up:
            if other == home:
                continue
            shared = shapely.line_merge(land.villages[home].intersection(land.villages[other]))
            parts = [p for p in shapely.get_parts(shared) if p.geom_type == "LineString"]
            runs = [run for part in parts if (run := _run(part)) is not None]
            if runs and all(runs[0].distance(line) > 250 for _, line in lanes):
                lanes.append((min(int(home), other), runs[0]))
                break
    return lanes


def _run(border: shapely.LineString) -> shapely.LineString | None:
    """Consecutive vertices of the border, 150 to 420 m of it, without its ends."""
    xy = shapely.get_coordinates(border)[1:-1]
    for stop in range(2, len(xy)):
        line = shapely.LineString(xy[: stop + 1])
        if line.length > 150:
            return line if line.length < 420 else None
    return None


def beside(line: shapely.LineString, along_m: float, off_m: float) -> shapely.Point:
    """The place so far along a line and so far to the left of it."""
    here = line.interpolate(along_m)
    ahead = line.interpolate(min(along_m + 1, line.length))
    behind = line.interpolate(max(along_m - 1, 0))
    way = np.array([ahead.x - behind.x, ahead.y - behind.y])
    way = way / np.hypot(*way)
    return shapely.Point(round(here.x - way[1] * off_m, 2), round(here.y + way[0] * off_m, 2))


def _names(land: Land, homes: list[int], zone_of: list[str]) -> list[str]:
    """Composed names, none twice; in the country a lane is named after its village."""
    rng = stream("names of lanes")
    taken: set[str] = set()
    names = []
    for home in homes:
        while True:
            if zone_of[home] == "urban" or rng.uniform() < 0.35:
                name = "".join(
                    pick(rng, words(part)) for part in ("lane_before", "lane_stems", "lane_after")
                )
            else:
                name = land.units[home].short + pick(rng, words("village_lanes"))
            if name not in taken:
                break
        taken.add(name)
        names.append(name)
    return names
