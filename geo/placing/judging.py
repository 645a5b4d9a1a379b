"""What a file says of its coordinates, held against the district: believed, doubted or contradicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from ..crs import SHIFTED_WITHIN, central_meridian, crs_called, zone_prefix
from ..registration import TITLES
from ..said import NOTHING as NOTHING_SAID
from ..said import Said, joined
from .alignment import NOTHING, Alignment, said
from .home import Home
from .placement import (
    Fit,
    Placement,
    Points,
    distance,
    fit,
    fitting,
    is_degrees,
    sample_places,
    with_shift,
)
from .proposal import Proposal

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from ..crs import Shift

    Align = Callable[[gpd.GeoSeries], Alignment]

Doubt = tuple[str, Said, Said, Said]
"""A finding: code, found, expected, remedy."""

SILENT = Said("no coordinate system in the file", "文件未注明坐标系")
UNTOLD = Said(
    "nothing here tells whether they are shifted as map services shift (gcj02, bd09)",
    "无从判断坐标是否有地图服务的偏移（gcj02、bd09）",
)


@dataclass(frozen=True)
class Judgement:
    """How rows are to be placed, what has to be believed for it, and what is odd about it."""

    placement: Placement | None
    """None where nothing tells."""
    proposals: tuple[Proposal, ...]
    """In the order they would be applied; accepted where they were."""
    refused: Said = NOTHING_SAID
    """Why the rows cannot be placed without accepting the proposals; empty where they can."""
    doubts: tuple[Doubt, ...] = ()


def judge(
    geometry: gpd.GeoSeries,
    home: Home | None,
    align: Align,
    *,
    said_crs: Placement | None = None,
    named_shift: tuple[Shift, Said] | None = None,
    accept: bool = False,
) -> Judgement:
    """How a file's coordinates are to be understood.

    Parameters
    ----------
    geometry : as in the file, with the CRS it states
    home : where the district is, if anything tells
    align : holds rows in the metric system against what the district has
    said_crs : what the user says, which is followed whatever the evidence
    named_shift : a shift the file itself speaks of (in its columns' names), and where
    accept : the user takes what is proposed

    Returns
    -------
    Judgement
    """
    places = sample_places(geometry.to_numpy())
    stated = Placement(geometry.crs) if geometry.crs is not None else None
    if said_crs is not None:
        return _as_said(geometry, places, said_crs, home, align)
    if not len(places):
        return Judgement(stated, ())
    if home is None:
        return _without_home(stated, places, named_shift, accept)
    if stated is not None:
        now = fit(stated, places, home)
        if now.away_m <= home.within_m:
            return _believed(geometry, stated, home, align, named_shift, accept)
        return _contradicted(geometry, places, now, home, align, accept)
    return _unstated(geometry, places, home, align, named_shift, accept)


def _as_said(
    geometry: gpd.GeoSeries, places: Points, placement: Placement, home: Home | None, align: Align
) -> Judgement:
    if home is None or not len(places):
        return Judgement(placement, ())
    now = fit(placement, places, home)
    if now.away_m > home.within_m:
        return Judgement(placement, (), doubts=(_outside(now, home, ()),))
    found = _shifted(geometry, placement, home, align)
    if placement.shift is not None:
        # Whether the rows are shifted has been said; that the round they are held against is, has not.
        return Judgement(placement, (), doubts=found.of_a_round)
    return Judgement(placement, found.proposals(False), doubts=found.doubts)


def _without_home(
    stated: Placement | None, places: Points, named: tuple[Shift, Said] | None, accept: bool
) -> Judgement:
    if stated is not None:
        return Judgement(stated, ())
    if named is None or not is_degrees(places):
        return Judgement(None, (), refused=SILENT)
    degrees = Placement(pyproj.CRS.from_epsg(4326), shift=named[0])
    proposal = Proposal("assume-crs", _by_name(named), accept)
    return Judgement(degrees, (proposal,), refused=NOTHING_SAID if accept else SILENT)


def _believed(
    geometry: gpd.GeoSeries,
    stated: Placement,
    home: Home,
    align: Align,
    named: tuple[Shift, Said] | None,
    accept: bool,
) -> Judgement:
    found = _shifted(geometry, stated, home, align, named)
    if found.shift is not None and accept:
        return Judgement(with_shift(stated, found.shift), found.proposals(True))
    return Judgement(stated, found.proposals(False), doubts=found.doubts)


def _contradicted(
    geometry: gpd.GeoSeries, places: Points, now: Fit, home: Home, align: Align, accept: bool
) -> Judgement:
    """The file states a system by which its rows lie elsewhere."""
    others = fitting(places, home, now.placement.crs)
    if not others:
        return Judgement(now.placement, (), doubts=(_outside(now, home, ()),))
    best = others[0]
    found = _shifted(geometry, best.placement, home, align)
    proposals = (
        Proposal(*_difference(now.placement, best, places, home), accepted=accept),
        *found.proposals(accept),
    )
    placement = with_shift(best.placement, found.shift)
    if accept:
        return Judgement(placement, proposals, doubts=found.of_a_round)
    if not home.sure:
        # Where nothing but the metric system speaks against the file, the file is followed.
        return Judgement(now.placement, proposals, doubts=(_outside(now, home, others),))
    reason = Said(
        f"the file states {now.placement.crs.name}, by which its rows lie {_off(now, home)}",
        f"文件注明 {crs_called(now.placement.crs.name).zh}，据此各行位于{_off(now, home).zh}",
    )
    return Judgement(placement, proposals, refused=reason)


def _unstated(
    geometry: gpd.GeoSeries,
    places: Points,
    home: Home,
    align: Align,
    named: tuple[Shift, Said] | None,
    accept: bool,
) -> Judgement:
    others = fitting(places, home, None)
    if not others:
        return Judgement(None, (), refused=SILENT)
    best = others[0]
    evidence = _taken_as(best, home)
    prefix = zone_prefix(best.placement.crs) if best.placement.crs.is_projected else 0
    if prefix:
        evidence = Said(
            f"eastings begin with {prefix}, the number of a zone; {evidence}",
            f"横坐标以带号 {prefix} 开头；{evidence.zh}",
        )
    also = [other.placement.text for other in others[1:] if not other.placement.swapped]
    if also:
        evidence += Said(f"; {', '.join(also)} would do as well", f"；{'、'.join(also)} 亦可")
    found = _shifted(geometry, best.placement, home, align, named)
    if found.shift is None and best.placement.crs.is_geographic and _may_be_shifted(home):
        evidence += joined(["", found.told or UNTOLD], "; ", "；")
    proposals = [Proposal("assume-crs", evidence, accept)]
    if best.placement.swapped:
        proposals.append(Proposal("swapped-axes", _swap(best), accept))
    proposals += found.proposals(accept)
    return Judgement(
        with_shift(best.placement, found.shift),
        tuple(proposals),
        refused=NOTHING_SAID if accept else SILENT,
        doubts=found.doubts if found.shift is None else (),
    )


@dataclass(frozen=True)
class _Shifted:
    """What is to be believed of a shift, and the doubts where it is not."""

    shift: Shift | None = None
    evidence: Said = NOTHING_SAID
    told: Said = NOTHING_SAID
    """What the comparison said, shift or not."""
    of_a_round: tuple[Doubt, ...] = ()
    """What is odd about the round that the rows were held against, and not about them."""

    def proposals(self, accept: bool) -> tuple[Proposal, ...]:
        return (Proposal("datum-shift", self.evidence, accept),) if self.shift else ()

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        if not self.evidence:
            return self.of_a_round
        expected = Said("coordinates without the shift of map services", "未经地图服务偏移的坐标")
        remedy = Said(
            f"import again with --accept-proposals or --crs {self.shift}",
            f"重新导入，采纳建议或将坐标系指定为 {self.shift}",
        )
        if self.shift is None:
            expected = Said("the same things at the same place", "同一事物位置相同")
            remedy = Said(
                "look which of the two is right; another datum (Beijing 1954, Xi'an 1980) shifts like this",
                "核对两者何者为准；其他基准（北京54、西安80）会有此类偏移",
            )
        return (("datum-shift", self.evidence, expected, remedy),)


def _shifted(
    geometry: gpd.GeoSeries,
    placement: Placement,
    home: Home,
    align: Align,
    named: tuple[Shift, Said] | None = None,
) -> _Shifted:
    if not _may_be_shifted(home):
        return _Shifted()
    found = align(placement.applied(geometry)) if home.sure else NOTHING
    if found.registration is not None:
        return _Shifted(found.registration.shift, said(found), said(found))
    if named is not None and not found.tells:
        return _Shifted(named[0], _by_name(named))
    return _Shifted(told=found.evidence, of_a_round=_doubted_round(found))


def _doubted_round(found: Alignment) -> tuple[Doubt, ...]:
    round_ = found.shifted_round
    if not round_:
        return ()
    expected = Said("the same things at the same place", "同一事物位置相同")
    remedy = Said(
        f"look at what round {round_} holds: atlas check --round {round_}; import its file again with"
        f" --crs {found.round_shift} if it is shifted",
        f"检查轮次 {round_}（atlas check --round {round_}）；如确有偏移，重新导入其文件，坐标系选 {found.round_shift}",
    )
    return (("round-shifted", found.evidence, expected, remedy),)


def _by_name(named: tuple[Shift, Said]) -> Said:
    """The evidence of what the file's own names say."""
    shift, why = named
    return why + Said(f": this is {TITLES[shift]}", f"：应为 {TITLES[shift]} 坐标")


def _difference(stated: Placement, best: Fit, places: Points, home: Home) -> tuple[str, Said]:
    """What is wrong with what the file states, as a code and the evidence."""
    better = best.placement
    says = Said(f"the file states {stated.crs.name}", f"文件注明 {crs_called(stated.crs.name).zh}")
    taken = joined(["", _taken_as(best, home)], "; ", "；")
    if better.swapped:
        return "swapped-axes", joined([says, _swap(best)], "; ", "；")
    if is_degrees(places) and stated.crs.is_projected:
        return "degrees-in-metric-crs", says + Said(
            ", and holds degrees", "，而坐标是经纬度"
        ) + taken
    if not is_degrees(places) and stated.crs.is_geographic:
        return "metres-in-degrees-crs", says + Said(
            ", and holds no degrees", "，而坐标不是经纬度"
        ) + taken
    return _zones(stated.crs, better.crs, says, taken)


def _zones(stated: pyproj.CRS, better: pyproj.CRS, says: Said, taken: Said) -> tuple[str, Said]:
    """How two projected systems differ."""
    said_prefix, prefix = zone_prefix(stated), zone_prefix(better)
    if said_prefix != prefix:
        begins = (
            Said(f"begin with {prefix}, the number of a zone", f"以带号 {prefix} 开头")
            if prefix
            else Said("begin with no number of a zone", "不带带号")
        )
        wants = (
            Said(f"with {said_prefix}", f"应以 {said_prefix} 开头")
            if said_prefix
            else Said("with none", "应不带带号")
        )
        how = Said(
            f", whose eastings begin {wants}, and these {begins}",
            f"，其横坐标{wants.zh}，而文件中{begins.zh}",
        )
        return "zone-prefix", says + how + taken
    about, meridian = central_meridian(stated), central_meridian(better)
    alike = _method(stated) == _method(better)
    if alike and np.isfinite([about, meridian]).all() and about != meridian:
        return "wrong-zone", (
            says
            + Said(f", a zone about {about:g}° E", f"（中央经线 {about:g}°E）")
            + taken
            + Said(f", the zone about {meridian:g}° E", f"（中央经线 {meridian:g}°E）")
        )
    return "wrong-crs", says + taken


def _method(crs: pyproj.CRS) -> str | None:
    return crs.coordinate_operation.method_name if crs.coordinate_operation is not None else None


def _is_zone(crs: pyproj.CRS) -> bool:
    """Whether a system is true to scale about a meridian; Web Mercator has one in name only."""
    operation = crs.coordinate_operation
    return operation is not None and "Transverse Mercator" in operation.method_name


def _swap(best: Fit) -> Said:
    first = "latitude" if best.placement.crs.is_geographic else "northing"
    first_zh = "纬度" if best.placement.crs.is_geographic else "纵坐标"
    crs = best.placement.crs.to_string()
    return Said(
        f"{first} comes first: with the axes swapped, as {crs},"
        f" the middle of these rows lies {best.where}",
        f"{first_zh}在前：对调后按 {crs}，各行的中部{best.where.zh}",
    )


def _taken_as(best: Fit, home: Home) -> Said:
    where = best.where if home.sure else Said(f"in {home.said}", f"在{home.said.zh}内")
    crs = best.placement.crs.to_string()
    return Said(
        f"taken as {crs} the middle of these rows lies {where}",
        f"按 {crs}，各行的中部{where.zh}",
    )


def _off(now: Fit, home: Home) -> Said:
    if not np.isfinite(now.away_m):
        return Said("nowhere on earth", "地球之外")
    away = distance(now.away_m)
    return Said(f"{away} from {home.said}", f"距{home.said.zh} {away.zh}处")


def _outside(now: Fit, home: Home, others: tuple[Fit, ...]) -> Doubt:
    remedy = Said("check the coordinate system", "核对坐标系")
    if others:
        remedy = joined([remedy, _taken_as(others[0], home)], "; ", "；")
    off = _off(now, home)
    return (
        "outside-district",
        Said(f"the rows lie {off}", f"各行位于{off.zh}"),
        Said("rows in the district", "位于本区"),
        remedy,
    )


def _may_be_shifted(home: Home) -> bool:
    west, _, east, _ = SHIFTED_WITHIN
    return west <= home.lon <= east
