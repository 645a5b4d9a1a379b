"""What each round found: the same things twice, half a year apart, with the gaps a survey has.

Things have a true state in June and in December. Most that change get better, a few get worse.
What a survey did not find out is missing; December's gaps are mostly June's that are still open.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .chance import Bools, Floats, exactly, stream
from .land import Land
from .places import Housing, WeakSpot
from .streets import Street

ROUNDS = (dt.date(2007, 6, 30), dt.date(2007, 12, 31))

Answers = list[bool | None]


@dataclass(frozen=True)
class Twice:
    """A three-valued attribute in both rounds, and the true state behind it."""

    true: tuple[Bools, Bools]
    gaps: tuple[Bools, Bools]

    def answers(self, round_index: int) -> Answers:
        """What the survey recorded."""
        true, gap = self.true[round_index], self.gaps[round_index]
        return [None if missing else bool(yes) for yes, missing in zip(true, gap, strict=True)]


def survey(
    topic: str,
    share: Floats,
    gain: Floats | float,
    loss: float,
    gap: tuple[float, float],
    gap_weight: Floats | float = 1.0,
) -> Twice:
    """True with chance `share` in June; by December no → yes with `gain`, yes → no with `loss`."""
    rng = stream(topic)
    size = len(share)
    june = rng.uniform(size=size) < share
    change = rng.uniform(size=size)
    december = np.where(june, change >= loss, change < gain)
    luck = rng.uniform(size=size)
    gaps = tuple(luck < rate * np.broadcast_to(gap_weight, size) for rate in gap)
    lost_again = rng.uniform(size=size) < 0.003
    return Twice((june, december), (gaps[0], gaps[1] | lost_again))


def certify(
    topic: str,
    merit: Floats,
    refused: tuple[int, int],
    unknown: tuple[int, int],
) -> Twice:
    """The `refused` things of least merit are not certified; so many of the others are not known of."""
    rng = stream(topic)
    size = len(merit)
    true = []
    for count in refused:
        held = np.ones(size, dtype=bool)
        held[np.argsort(merit + rng.normal(0, 0.25, size), kind="stable")[:count]] = False
        true.append(held)
    both = true[0] & true[1]
    later = exactly(rng, unknown[1], among=both)
    more = exactly(rng, unknown[0] - unknown[1], among=true[0] & ~later)
    return Twice((true[0], true[1]), (later | more, later))


@dataclass(frozen=True)
class StreetStates:
    """Attributes of the back streets, in the order of the streets."""

    zone_gaps: tuple[Bools, Bools]
    name_gap: Bools
    width_m: NDArray[np.float64]
    width_gaps: tuple[Bools, Bools]
    hardened: Twice
    lit: Twice
    cleaned: Twice
    six_no: list[Twice]


def street_states(land: Land, streets: list[Street]) -> StreetStates:
    """The back streets: good in the city, worse in urban villages and the fringe, by village."""
    rng = stream("village care")
    care = rng.normal(0, 0.55, len(land.units))[[street.home for street in streets]]
    # surveys leave gaps by the village, not evenly
    gappy = np.exp(rng.normal(-0.32, 0.8, len(land.units)))[[street.home for street in streets]]
    zone = np.array([street.zone for street in streets])

    def by_zone(urban: float, urban_village: float, fringe: float) -> Floats:
        base = np.select([zone == "urban", zone == "urban_village"], [urban, urban_village], fringe)
        moved: Floats = 1 / (1 + np.exp(-(np.log(base / (1 - base)) + care)))
        return moved

    size = len(streets)
    cleaned = survey(
        "cleaned",
        by_zone(0.965, 0.90, 0.85),
        by_zone(0.92, 0.9, 0.85),
        0.006,
        (0.045, 0.016),
        gappy,
    )
    items = []
    for item, share in enumerate((0.93, 0.88, 0.93, 0.96, 0.90, 0.96)):
        chance = np.where(cleaned.true[0], share, share - 0.22)
        items.append(survey(f"six no {item + 1}", chance, 0.62, 0.012, (0.07, 0.03), gappy))
    width_m = stream("width").normal(np.where(zone == "urban", 4.2, 3.6), 0.9, size)
    return StreetStates(
        zone_gaps=survey("zone known", np.ones(size), 1, 0, (0.03, 0.014)).gaps,
        name_gap=stream("name known").uniform(size=size) < 0.025,
        width_m=np.clip(width_m, 1.8, 7.5).round(1),
        width_gaps=survey("width known", np.ones(size), 1, 0, (0.08, 0.04)).gaps,
        hardened=survey(
            "hardened",
            by_zone(0.95, 0.78, 0.70),
            by_zone(0.5, 0.6, 0.55),
            0.004,
            (0.08, 0.045),
            gappy,
        ),
        lit=survey(
            "lit", by_zone(0.86, 0.60, 0.45), by_zone(0.4, 0.3, 0.25), 0.01, (0.14, 0.095), gappy
        ),
        cleaned=cleaned,
        six_no=items,
    )


@dataclass(frozen=True)
class LampStates:
    """Attributes of the lamps, in the order of the lamps; `there` says which stand in a round."""

    there: tuple[Bools, Bools]
    working: Twice
    height_m: NDArray[np.float64]
    height_gaps: tuple[Bools, Bools]


def lamp_states(streets: list[Street], lit: Twice, street_of: list[int]) -> LampStates:
    """Lamps stand where a lane is lit in truth, recorded or not; lanes lit since June have new ones."""
    rng = stream("lamp heights")
    size = len(street_of)
    homes = np.array(street_of)
    usual = np.array([4.0, 5.0, 6.0, 6.0, 7.0, 8.0, 10.0])
    height_m = usual[rng.randint(len(usual), size=len(streets))][homes]
    height_m = np.clip(height_m + rng.choice([-0.5, 0, 0, 0, 0.5], size=size), 4, 10)
    unmeasured = (rng.uniform(size=len(streets)) < 0.035)[homes]
    gaps = survey("height known", np.ones(size), 1, 0, (0.08, 0.05)).gaps
    june = lit.true[0][homes]
    return LampStates(
        there=(june, june | lit.true[1][homes]),
        working=survey("working", np.full(size, 0.925), 0.55, 0.015, (0.035, 0.02)),
        height_m=height_m,
        height_gaps=(gaps[0] | unmeasured, gaps[1] | unmeasured),
    )


def green_areas(housing: list[Housing]) -> tuple[list[float | None], list[float | None]]:
    """The recorded green area (m²) of each housing area in June and December."""
    rng = stream("green")
    usual = {"new": 0.335, "renewed": 0.272, "existing": 0.19}
    first: list[float | None] = []
    second: list[float | None] = []
    for block in housing:
        share = float(np.clip(rng.normal(usual[block.kind], 0.05), 0.04, 0.55))
        planted = rng.uniform(0.01, 0.05) if rng.uniform() < 0.4 else 0.0
        luck = rng.uniform()
        area_m2 = block.polygon.area
        first.append(None if luck < 0.14 else float(round(area_m2 * share)))
        second.append(None if luck < 0.08 else float(round(area_m2 * (share + planted))))
    return first, second


def weak_spot_states(spots: list[WeakSpot]) -> tuple[list[str | None], list[str | None]]:
    """The status of each weak spot; none goes back, and a few have no entry."""
    rng = stream("weak spot status")
    steps = ("open", "in_hand", "closed")
    quick = {"produce_market": 0.25, "small_water": -0.2, "urban_village_fringe": -0.12}
    first: list[str | None] = []
    second: list[str | None] = []
    for spot in spots:
        ease = quick.get(spot.category, 0.0)
        now = int(np.digitize(rng.uniform() + ease, (0.48, 0.80)))
        later = max(now, int(np.digitize(rng.uniform() + ease, (0.17, 0.36))))
        luck = rng.uniform()
        first.append(None if luck < 0.05 else steps[now])
        second.append(None if luck < 0.02 else steps[later])
    return first, second


@dataclass(frozen=True)
class Inspection:
    """One line of the ledger."""

    id: str
    unit_code: str
    period: str
    held_on: dt.date
    score: float | None


def inspections(land: Land) -> list[Inspection]:
    """The year's ledger: towns by the quarter, villages by the month, the old town also by the week.

    Rows are in the order of their dates, so that June's ledger is the beginning of December's.
    """
    rng = stream("inspections")
    town_merit = dict(zip(land.town_names, rng.normal(87, 3.2, len(land.town_names)), strict=True))
    merit = {unit.code: town_merit[unit.town_code] + rng.normal(0, 3) for unit in land.units}
    old_town = next(code for code, name in land.town_names.items() if name == "城中街道")
    held: list[tuple[dt.date, str, str, float]] = []
    for month in range(1, 13):
        trend = 0.35 * month
        if month % 3 == 0:
            held += [
                (dt.date(2007, month, 24), "quarter", code, town_merit[code] + trend)
                for code in land.town_names
            ]
        held += [
            (dt.date(2007, month, 8), "month", unit.code, merit[unit.code] + trend)
            for unit in land.units
        ]
        if month in (6, 12):
            for week in range(4):
                held += [
                    (
                        dt.date(2007, month, 1) + dt.timedelta(days=7 * week),
                        "week",
                        unit.code,
                        merit[unit.code] + trend,
                    )
                    for unit in land.units
                    if unit.town_code == old_town
                ]
    rows = []
    for number, (day, period, code, usual) in enumerate(sorted(held, key=lambda row: row[:3]), 1):
        score = float(round(np.clip(rng.normal(usual, 2.2), 55, 100), 1))
        missing = rng.uniform() < 0.02
        rows.append(Inspection(f"JC{number:05d}", code, period, day, None if missing else score))
    return rows
