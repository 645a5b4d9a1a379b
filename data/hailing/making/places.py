"""The made places: housing areas, scenic works, weak spots and work units."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import shapely

from .chance import apportion, pick, stream
from .land import Land
from .network import Network
from .streets import Street, beside
from .words import words

HOUSING_AREAS = 96
SCENIC_WORKS = 18
WEAK_SPOTS = 240
WORK_UNITS = 300
# who answers for what: policy.txt 三、2
OWNERS = {
    "urban_village_fringe": ("城管分局", "建设局", "规划分局"),
    "back_street": ("城管分局", "建设局"),
    "housing_area": ("建设局", "城管分局"),
    "produce_market": ("工商分局",),
    "small_trade": ("卫生局", "防保办"),
    "building_site": ("建管局", "建设局"),
    "small_water": ("水利分局", "环保分局"),
}
WEAK_SPOT_WEIGHTS = (52, 60, 34, 16, 32, 18, 28)


@dataclass(frozen=True)
class Housing:
    """A housing area; `kind` is new, renewed or existing."""

    name: str
    kind: str
    polygon: shapely.Polygon


@dataclass(frozen=True)
class WeakSpot:
    """A weak spot; `unit` is its village's index, and owner or date may not be recorded."""

    category: str
    place: shapely.Point
    unit: int
    owner: str | None
    due_on: dt.date | None


def lay_housing(land: Land, network: Network, streets: list[Street]) -> list[Housing]:
    """Housing areas: blocks that keep clear of each other, of village borders, of roads and waters."""
    rng = stream("housing")
    lines = [line for _, line in (*network.roads, *network.waters)]
    lanes = [street.line for street in streets]
    kept_clear = shapely.union_all(
        [line.buffer(26) for line in lines] + [lane.buffer(6) for lane in lanes]
    )
    shapely.prepare(kept_clear)
    names = _composed("names of housing", "housing_stems", "housing_after", HOUSING_AREAS)
    blocks: list[Housing] = []
    while len(blocks) < HOUSING_AREAS:
        street = streets[int(rng.randint(len(streets)))]
        deep_m = rng.uniform(60, 170)
        middle = beside(street.line, rng.uniform(0.2, 0.8) * street.line.length, deep_m / 2 + 8)
        whole = _block(rng, middle, rng.uniform(70, 210), deep_m, along=street.line)
        polygon = land.villages[street.home]
        block = shapely.difference(whole, kept_clear)
        if not isinstance(block, shapely.Polygon) or block.area < 4500 or block.interiors:
            continue
        if not polygon.buffer(-4).contains(block) or any(
            block.distance(other.polygon) < 15 for other in blocks
        ):
            continue
        kind = ("new", "renewed", "existing")[int(rng.choice(3, p=[0.33, 0.34, 0.33]))]
        blocks.append(Housing(names[len(blocks)], kind, _rounded(block)))
    return blocks


def lay_scenic_works(
    land: Land, network: Network, housing: list[Housing]
) -> list[tuple[str, shapely.Polygon]]:
    """Scenic works: rounded grounds beside the waters of the city and its rim."""
    rng = stream("scenic works")
    names = _composed("names of scenic works", "scenic_before", "scenic_grounds", SCENIC_WORKS)
    rivers = [line for name, line in network.waters if line.distance(land.centre) < 4500]
    water = shapely.union_all([line.buffer(14) for line in rivers])
    works: list[tuple[str, shapely.Polygon]] = []
    while len(works) < SCENIC_WORKS:
        river = rivers[int(rng.randint(len(rivers)))]
        here = river.interpolate(rng.uniform(0, 1), normalized=True)
        if here.distance(land.centre) > 6500 or not land.outline.buffer(-300).contains(here):
            continue
        ground = (
            _block(rng, here, rng.uniform(80, 260), rng.uniform(60, 150)).buffer(25).simplify(2)
        )
        parts = shapely.get_parts(shapely.difference(ground, water))
        part = parts[int(np.argmax(shapely.area(parts)))]
        taken = [other for _, other in works] + [other.polygon for other in housing]
        if part.area < 6000 or part.interiors or any(part.distance(o) < 20 for o in taken):
            continue
        works.append((names[len(works)], _rounded(part)))
    return works


def lay_weak_spots(
    land: Land, network: Network, streets: list[Street], housing: list[Housing]
) -> list[WeakSpot]:
    """Weak spots, each where its category is found: on a lane, in a housing area, at the water."""
    rng = stream("weak spots")
    counts = apportion(WEAK_SPOTS, np.array(WEAK_SPOT_WEIGHTS, dtype=float))
    tree = shapely.STRtree(land.villages)
    ringed = [street for street in streets if street.zone != "urban"]
    rivers = [line for name, line in network.waters if line.distance(land.centre) < 6000]
    spots: list[WeakSpot] = []
    for category, count in zip(OWNERS, counts, strict=True):
        done = 0
        while done < count:
            near, spread_m = streets[int(rng.randint(len(streets)))].line, 90.0
            if category == "urban_village_fringe":
                near = ringed[int(rng.randint(len(ringed)))].line
            elif category == "back_street":
                spread_m = 4.0
            elif category == "small_water":
                near, spread_m = rivers[int(rng.randint(len(rivers)))], 25.0
            place = near.interpolate(rng.uniform(0, 1), normalized=True)
            if category == "housing_area":
                place, spread_m = housing[int(rng.randint(len(housing)))].polygon.centroid, 25.0
            place = shapely.Point(
                round(place.x + rng.normal(0, spread_m / 2), 2),
                round(place.y + rng.normal(0, spread_m / 2), 2),
            )
            found = tree.query(place, predicate="within")
            if len(found) != 1:
                continue
            owner = None if rng.uniform() < 0.03 else pick(rng, OWNERS[category])
            due_on = dt.date(2007, 8, 31) + dt.timedelta(days=int(rng.randint(0, 20)) * 7)
            no_date = rng.uniform() < 0.05
            spots.append(
                WeakSpot(category, place, int(found[0]), owner, None if no_date else due_on)
            )
            done += 1
    # as a survey comes upon them: not sorted by category
    return [spots[index] for index in rng.permutation(len(spots))]


def lay_work_units(land: Land, streets: list[Street]) -> list[tuple[str, shapely.Point]]:
    """Offices, schools and firms, near the lanes."""
    rng = stream("work units")
    names = _composed("names of work units", "work_stems", "work_kinds", WORK_UNITS, numbered=True)
    outline = land.outline.buffer(-20)
    places: list[tuple[str, shapely.Point]] = []
    while len(places) < WORK_UNITS:
        line = streets[int(rng.randint(len(streets)))].line
        near = line.interpolate(rng.uniform(0, 1), normalized=True)
        place = shapely.Point(near.x + rng.normal(0, 110), near.y + rng.normal(0, 110))
        if outline.contains(place):
            places.append((names[len(places)], place))
    return places


def _composed(
    topic: str, stems: str, endings: str, count: int, numbered: bool = False
) -> list[str]:
    """That many names of a stem and an ending, none twice."""
    rng = stream(topic)
    pairs = [(stem, ending) for stem in words(stems) for ending in words(endings)]
    every = [stem + ending for stem, ending in pairs]
    if numbered:
        every += [f"{stem}第二{ending}" for stem, ending in pairs]
    return [every[index] for index in rng.permutation(len(every))[:count]]


def _block(
    rng: np.random.RandomState,
    middle: shapely.Point,
    long_m: float,
    deep_m: float,
    along: shapely.LineString | None = None,
) -> shapely.Polygon:
    """A block of four slightly uneven corners, laid along a line or turned only a little."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (long_m / 2, deep_m / 2)
    corners = corners + rng.uniform(-0.06, 0.06, (4, 2)) * (long_m, deep_m)
    turn = rng.normal(0, 0.08 if along is None else 0.02)
    if along is not None:
        (x0, y0), (x1, y1) = along.coords[0], along.coords[-1]
        turn += np.arctan2(y1 - y0, x1 - x0)
    wheel = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return shapely.Polygon(corners @ wheel.T + (middle.x, middle.y))


def _rounded(polygon: shapely.Polygon) -> shapely.Polygon:
    rounded: shapely.Polygon = shapely.normalize(
        shapely.transform(polygon, lambda xy: np.round(xy, 2))
    )
    return rounded
