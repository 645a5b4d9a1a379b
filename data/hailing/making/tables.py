"""The made things as the tables of each round, with the fields that `layers/*.toml` declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from . import facts
from .chance import Bools, stream
from .land import Land
from .network import Network
from .places import Housing, lay_scenic_works, lay_weak_spots, lay_work_units
from .state import (
    ROUNDS,
    certify,
    green_areas,
    inspections,
    lamp_states,
    street_states,
    survey,
    weak_spot_states,
)
from .streets import Street, lay_facades, lay_lamps
from .writing import ILLUSTRATIVE, Column, Made

Item = TypeVar("Item")


def made(zh: str, en: str) -> str:
    """What a made table says of itself."""
    return f"{ILLUSTRATIVE}: {zh} / {en}"


def round_tables(
    land: Land, network: Network, streets: list[Street], housing: list[Housing]
) -> list[list[Made]]:
    """The tables of each round, the edges first and the backdrop last."""
    fixed = [_boundary_edges(), *_backdrop(network)]
    per_round = [
        _units(land),
        _streets(land, streets),
        _buildings(land, network, housing),
        _points(land, network, streets, housing),
    ]
    return [
        [fixed[0], *(table for tables in per_round for table in tables[index]), *fixed[1:]]
        for index in range(len(ROUNDS))
    ]


def _boundary_edges() -> Made:
    given = facts.edges()

    def column(name: str) -> list[Any]:
        return [properties[name] for properties, _ in given]

    return Made(
        "boundary_edges",
        "Unknown",  # lines, and a point for the sluice
        facts.EDGES_CRS,
        "四至估计线，精度见 accuracy_m / the four edges as estimates, each with its accuracy and basis; not illustrative, not surveyed either",
        "no",
        {
            "side": ("text", column("side")),
            "name": ("text", column("name")),
            "accuracy_m": ("number", column("accuracy_m")),
            "status": ("text", column("status")),
            "basis": ("text", column("basis")),
        },
        [geometry for _, geometry in given],
    )


def _backdrop(network: Network) -> list[Made]:
    about = {
        "waters": (
            "河道，四至河段为估计，其余为程序生成",
            "rivers; those of the edges rest on the estimates, the rest is made",
        ),
        "roads": (
            "主要道路，京泰路四至段为估计，其余为程序生成",
            "main roads; 京泰路 along the edge rests on the estimate, the rest is made",
        ),
    }
    tables = []
    for name, lines in (("waters", network.waters), ("roads", network.roads)):
        columns = {"name": ("text", [label for label, _ in lines])}
        tables.append(
            Made(
                name,
                "LineString",
                facts.METRIC,
                made(*about[name]),
                "yes",
                columns,
                [line for _, line in lines],
            )
        )
    return tables


def _units(land: Land) -> list[list[Made]]:
    kinds = [unit.kind for unit in land.units]
    far_km = [
        polygon.representative_point().distance(land.centre) / 1000 for polygon in land.villages
    ]
    town_km = [land.seats[code].distance(land.centre) / 1000 for code in land.town_names]
    towns = certify("towns", -np.array(town_km) / 6, (3, 1), (2, 0))
    by_kind = {
        "village": certify(
            "villages", -np.array(_of(far_km, kinds, "village")) / 6, (7, 3), (5, 1)
        ),
        "community": certify(
            "communities", -np.array(_of(far_km, kinds, "community")) / 6, (20, 6), (16, 8)
        ),
    }
    tables = []
    for index in range(len(ROUNDS)):
        answers = {kind: iter(found.answers(index)) for kind, found in by_kind.items()}
        names = (
            "名称、代码真实，界线与创建情况为程序生成",
            "true names and codes; outlines and certification are made",
        )
        tables.append(
            [
                Made(
                    "towns",
                    "Polygon",
                    facts.METRIC,
                    made(*names),
                    "yes",
                    {
                        "code": ("text", list(land.town_names)),
                        "name": ("text", list(land.town_names.values())),
                        "certified": ("bool", towns.answers(index)),
                    },
                    land.towns,
                ),
                Made(
                    "villages",
                    "Polygon",
                    facts.METRIC,
                    made(*names),
                    "yes",
                    {
                        "code": ("text", [unit.code for unit in land.units]),
                        "name": ("text", [unit.name for unit in land.units]),
                        "kind": ("text", kinds),
                        "town_code": ("text", [unit.town_code for unit in land.units]),
                        "certified": ("bool", [next(answers[kind]) for kind in kinds]),
                    },
                    land.villages,
                ),
            ]
        )
    return tables


def _streets(land: Land, streets: list[Street]) -> list[list[Made]]:
    states = street_states(land, streets)
    lamps = lay_lamps(streets, list(states.lit.true[0] | states.lit.true[1]))
    lamp_state = lamp_states(streets, states.lit, [street for street, _ in lamps])
    tables = []
    for index in range(len(ROUNDS)):
        columns: dict[str, Column] = {
            "id": ("text", [f"HX{number:03d}" for number in range(1, len(streets) + 1)]),
            "name": ("text", _gapped([street.name for street in streets], states.name_gap)),
            "zone": ("text", _gapped([street.zone for street in streets], states.zone_gaps[index])),
            "width_m": ("number", _gapped(states.width_m.tolist(), states.width_gaps[index])),
        }
        for name in ("hardened", "lit", "cleaned"):
            columns[name] = ("bool", getattr(states, name).answers(index))
        for number, item in enumerate(states.six_no, 1):
            columns[f"six_no_{number}"] = ("bool", item.answers(index))
        about = (
            "后街背巷 657 条，线位、名称、属性均为程序生成",
            "657 back streets; lines, names and attributes are made",
        )
        lines = [street.line for street in streets]
        there = lamp_state.there[index]
        heights = _gapped(lamp_state.height_m.tolist(), lamp_state.height_gaps[index])
        tables.append(
            [
                Made(
                    "back_streets", "LineString", facts.METRIC, made(*about), "yes", columns, lines
                ),
                Made(
                    "lamps",
                    "Point",
                    facts.METRIC,
                    made("路灯，程序生成", "street lamps, made by a program"),
                    "yes",
                    {
                        "id": (
                            "text",
                            _those([f"LD{n:05d}" for n in range(1, len(lamps) + 1)], there),
                        ),
                        "working": ("bool", _those(lamp_state.working.answers(index), there)),
                        "height_m": ("number", _those(heights, there)),
                    },
                    _those([place for _, place in lamps], there),
                ),
            ]
        )
    return tables


def _buildings(land: Land, network: Network, housing: list[Housing]) -> list[list[Made]]:
    works = lay_scenic_works(land, network, housing)
    fronts = lay_facades(land, network)
    green = green_areas(housing)
    all_lit = certify(
        "scenic works lit", stream("scenic merit").normal(size=len(works)), (4, 0), (2, 0)
    )
    renewed = survey("renewed", np.full(len(fronts), 0.62), 0.42, 0.01, (0.07, 0.04))
    lit = survey("fronts lit", np.full(len(fronts), 0.55), 0.36, 0.01, (0.09, 0.06))
    tables = []
    for index in range(len(ROUNDS)):
        tables.append(
            [
                Made(
                    "housing_areas",
                    "Polygon",
                    facts.METRIC,
                    made("居民区，程序生成", "housing areas, made by a program"),
                    "yes",
                    {
                        "id": ("text", [f"JM{n:03d}" for n in range(1, len(housing) + 1)]),
                        "name": ("text", [block.name for block in housing]),
                        "kind": ("text", [block.kind for block in housing]),
                        "green_m2": ("number", green[index]),
                    },
                    [block.polygon for block in housing],
                ),
                Made(
                    "scenic_works",
                    "Polygon",
                    facts.METRIC,
                    made("区属新建景区工程，程序生成", "new scenic works, made by a program"),
                    "yes",
                    {
                        "id": ("text", [f"JQ{n:02d}" for n in range(1, len(works) + 1)]),
                        "name": ("text", [name for name, _ in works]),
                        "lit": ("bool", all_lit.answers(index)),
                    },
                    [polygon for _, polygon in works],
                ),
                Made(
                    "facades",
                    "LineString",
                    facts.METRIC,
                    made("临街立面，程序生成", "street fronts, made by a program"),
                    "yes",
                    {
                        "id": ("text", [f"LM{n:03d}" for n in range(1, len(fronts) + 1)]),
                        "name": ("text", [name for name, _ in fronts]),
                        "renewed": ("bool", renewed.answers(index)),
                        "lit": ("bool", lit.answers(index)),
                    },
                    [line for _, line in fronts],
                ),
            ]
        )
    return tables


def _points(
    land: Land, network: Network, streets: list[Street], housing: list[Housing]
) -> list[list[Made]]:
    spots = lay_weak_spots(land, network, streets, housing)
    status = weak_spot_states(spots)
    works = lay_work_units(land, streets)
    certified = certify(
        "work units", stream("work unit merit").normal(size=len(works)), (55, 36), (23, 10)
    )
    ledger = inspections(land)
    tables = []
    for index, held_on in enumerate(ROUNDS):
        entries = [entry for entry in ledger if entry.held_on <= held_on]
        tables.append(
            [
                Made(
                    "weak_spots",
                    "Point",
                    facts.DEGREES,
                    made("薄弱环节，程序生成", "weak spots, made by a program"),
                    "yes",
                    {
                        "id": ("text", [f"BR{n:03d}" for n in range(1, len(spots) + 1)]),
                        "category": ("text", [spot.category for spot in spots]),
                        "status": ("text", status[index]),
                        "unit_code": ("text", [land.units[spot.unit].code for spot in spots]),
                        "owner": ("text", [spot.owner for spot in spots]),
                        "due_on": ("date", [spot.due_on for spot in spots]),
                    },
                    [facts.to_degrees(spot.place) for spot in spots],
                ),
                Made(
                    "work_units",
                    "Point",
                    facts.DEGREES,
                    made("单位，名称为程序拼成", "work units, names composed by a program"),
                    "yes",
                    {
                        "id": ("text", [f"DW{n:03d}" for n in range(1, len(works) + 1)]),
                        "name": ("text", [name for name, _ in works]),
                        "certified": ("bool", certified.answers(index)),
                    },
                    [facts.to_degrees(place) for _, place in works],
                ),
                Made(
                    "inspections",
                    None,
                    None,
                    made("检查评比得分，程序生成", "inspection scores, made by a program"),
                    "yes",
                    {
                        "id": ("text", [entry.id for entry in entries]),
                        "unit_code": ("text", [entry.unit_code for entry in entries]),
                        "period": ("text", [entry.period for entry in entries]),
                        "held_on": ("date", [entry.held_on for entry in entries]),
                        "score": ("number", [entry.score for entry in entries]),
                    },
                ),
            ]
        )
    return tables


def _of(values: Sequence[float], kinds: Sequence[str], kind: str) -> list[float]:
    return [value for value, own in zip(values, kinds, strict=True) if own == kind]


def _gapped(values: Sequence[Item], gaps: Bools) -> list[Item | None]:
    return [None if gap else value for value, gap in zip(values, gaps, strict=True)]


def _those(values: Sequence[Item], there: Bools) -> list[Item]:
    return [value for value, stands in zip(values, there, strict=True) if stands]
