"""The made backdrop: rivers and main roads. Only the lines of the four edges rest on an estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .chance import Floats, Noise, stream
from .facts import edge_line
from .land import Land

# offsets from the middle of the old town (east, north), kilometres
ROADS_NORTH_SOUTH = {"建设路": -4.3, "解放路": -2.3, "光明路": -0.75, "和平路": 1.05, "友谊路": 2.9}
ROADS_EAST_WEST = {"胜利路": -4.2, "工农路": -2.5, "人民路": -0.55, "新华路": 0.75, "北环路": 2.7}
RIVERS = {
    "团结河": ((-9.5, 6.5), (-5.5, 4.6), (-3.1, 1.6), (-2.6, -2.2), (-4.2, -5.5), (-4.6, -9.0)),
    "幸福河": ((-0.2, 21.0), (-1.6, 14.0), (-0.4, 8.5), (0.3, 3.4), (0.2, 1.1)),
    "向阳河": ((1.9, 3.7), (2.4, 1.0), (3.6, -2.4), (3.3, -5.0), (4.1, -8.5)),
    "前进河": ((16.5, 1.9), (11.0, 0.6), (7.2, 1.2), (4.4, 0.2), (2.2, 0.4)),
    "丰收河": ((9.0, 8.4), (9.6, 3.2), (11.5, -1.2), (11.0, -5.0)),
    "中心河": ((-12.5, -1.5), (-8.0, -0.7), (-5.0, -1.6), (-2.65, -1.4)),
    "利民河": ((-11.5, 15.8), (-6.0, 16.8), (-1.3, 15.2), (4.5, 13.0)),
}
MOAT_KM = ((-0.95, 1.05), (1.05, 1.1), (1.2, -1.15), (-0.9, -1.25), (-0.95, 1.05))
REACHES_M = 26_000


@dataclass(frozen=True)
class Network:
    """Named lines in the metric CRS."""

    waters: list[tuple[str, shapely.LineString]]
    roads: list[tuple[str, shapely.LineString]]


def lay_network(land: Land) -> Network:
    """Make the rivers and the main roads, clipped to a little beyond the district."""
    clip = land.outline.buffer(900)
    waters = [(name, _extended(edge_line(name))) for name in ("新通扬运河", "周山河")]
    waters.append(("界沟河", edge_line("界沟河(界沟闸)")))
    waters += [(name, _meander(land, name, np.array(points))) for name, points in RIVERS.items()]
    moat = shapely.LineString(np.array(MOAT_KM) * 1000 + _origin(land))
    waters.append(("护城河", _roughened("moat", moat.buffer(60).exterior, 45, 700)))
    roads = [("京泰路", _extended(edge_line("京泰路"), 6500))]
    for name, x_km in ROADS_NORTH_SOUTH.items():
        roads.append((name, _street(land, name, (x_km, -6.2), (x_km, 4.6))))
    for name, y_km in ROADS_EAST_WEST.items():
        roads.append((name, _street(land, name, (-6.6, y_km), (5.6, y_km))))
    for name, seat in _country_seats(land).items():
        roads.append((f"海{name[0]}线", _country_road(land, name, seat)))
    return Network(_clipped(waters, clip), _clipped(roads, clip))


def _origin(land: Land) -> Floats:
    return np.array([land.centre.x, land.centre.y])


def _clipped(
    lines: list[tuple[str, shapely.LineString]], clip: shapely.Polygon
) -> list[tuple[str, shapely.LineString]]:
    inner = clip.buffer(-900)
    kept = []
    for name, line in lines:
        for part in shapely.get_parts(shapely.intersection(line, clip)):
            if part.geom_type == "LineString" and part.intersection(inner).length > 400:
                tidy = shapely.simplify(part, 6)
                kept.append((name, shapely.transform(tidy, lambda xy: np.round(xy, 2))))
    return kept


def _extended(line: shapely.LineString, by_m: float = REACHES_M) -> shapely.LineString:
    """The line carried on beyond both ends, in the direction of its end stretches."""
    xy = shapely.get_coordinates(line)
    first, last = xy[0] - xy[1], xy[-1] - xy[-2]
    head = xy[0] + first / np.hypot(*first) * by_m
    tail = xy[-1] + last / np.hypot(*last) * by_m
    # only the carried-on parts are bent: what the estimate gives stays as it gives it
    parts = [shapely.LineString([head, xy[0]]), shapely.LineString([xy[-1], tail])]
    bent = [_roughened("extended", part, 260, 4200) for part in parts]
    middle = shapely.LineString(xy)
    ends = [shapely.get_coordinates(part) for part in bent]
    ends[0][-1], ends[1][0] = xy[0], xy[-1]
    return shapely.LineString(
        np.vstack([ends[0][:-1], shapely.get_coordinates(middle), ends[1][1:]])
    )


def _roughened(
    topic: str, line: shapely.LineString, by_m: float, scale_m: float
) -> shapely.LineString:
    """The line pushed about by smooth noise that is nothing where the line touches the given lines."""
    xy = shapely.get_coordinates(shapely.segmentize(line, 90))
    push = [Noise(f"{topic} {axis}", scale_m)(*xy.T) * by_m for axis in "xy"]
    closed = np.allclose(xy[0], xy[-1])
    along = np.arange(len(xy)) / max(len(xy) - 1, 1)
    ease = np.ones(len(xy)) if closed else np.minimum(1, 8 * np.minimum(along, 1 - along))
    return shapely.LineString(xy + np.stack(push, axis=1) * ease[:, None])


def _meander(land: Land, name: str, points_km: Floats) -> shapely.LineString:
    line = shapely.LineString(points_km * 1000 + _origin(land))
    for _ in range(3):
        line = _cut_corners(line)
    return _roughened(f"river {name}", line, 130, 1500)


def _cut_corners(line: shapely.LineString) -> shapely.LineString:
    """Chaikin's corner cutting: each corner becomes two gentler ones."""
    xy = shapely.get_coordinates(line)
    near, far = 0.75 * xy[:-1] + 0.25 * xy[1:], 0.25 * xy[:-1] + 0.75 * xy[1:]
    inner = np.stack([near, far], axis=1).reshape(-1, 2)
    return shapely.LineString(np.vstack([xy[:1], inner[1:-1], xy[-1:]]))


def _street(
    land: Land, name: str, start_km: tuple[float, float], end_km: tuple[float, float]
) -> shapely.LineString:
    """A straight city road, its ends drawn back or out a little, gently bent with all the others."""
    rng = stream(f"road {name}")
    ends = np.array([start_km, end_km]) * 1000
    heading = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
    ends[0] += heading * rng.uniform(-300, 2000)
    ends[1] -= heading * rng.uniform(-300, 2000)
    line = shapely.segmentize(shapely.LineString(ends + _origin(land)), 90)
    xy = shapely.get_coordinates(line)
    push = [Noise(f"street grid {axis}", 4500)(*xy.T) * 95 for axis in "xy"]
    return shapely.LineString(xy + np.stack(push, axis=1))


def _country_seats(land: Land) -> dict[str, shapely.Point]:
    far = {}
    for code, name in land.town_names.items():
        if land.seats[code].distance(land.centre) > 6000:
            far[name] = land.seats[code]
    return far


def _country_road(land: Land, name: str, seat: shapely.Point) -> shapely.LineString:
    """From the rim of the city to a country seat and on to the next border."""
    start, end = _origin(land), np.array([seat.x, seat.y])
    away = (end - start) / np.hypot(*(end - start))
    line = shapely.LineString([start + away * 3200, end, end + away * 9000])
    return _roughened(f"country road {name}", line, 170, 3000)
