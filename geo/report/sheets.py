"""Map sheets: what each shows, at which scale, and everything a sheet must say beside its map."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import shapely

from ..model import Project
from ..views.description import Look
from ..views.format import word
from .drawing import MOST_SHAPES, Drawing, Sign, Window, round_below, round_scale, svg, window_round
from .ground import Ground, wish_at
from .labels import Label, Wish, place
from .model import pair
from .themes import Theme, themes_of
from .wording import long_date

if TYPE_CHECKING:
    from .material import Material, Unit
    from .model import Report

Paper = Literal["a4", "a3"]
SIZES_MM: dict[str, tuple[float, float]] = {"a4": (210.0, 297.0), "a3": (297.0, 420.0)}
MOST_TOWNS = 60
"""Towns up to which a district's report has sheets for each: more would be volumes, which nobody prints."""
MOST_NUMBERS = {"a4": 36, "a3": 66}
"""How many numbers that stand for names the margin has room to explain."""
MARGIN_MM = 10.0
TITLE_MM = 17.0
FOOT_MM = 6.0
SIDE_MM = 62.0
BENEATH_MM = 66.0
GRID_MM = 45.0
_GRID = Look("#7d8790", width_px=0.4, opacity=0.35)


@dataclass(frozen=True)
class Tick:
    """A grid line where it meets the frame."""

    side: Literal["bottom", "left"]
    at_mm: float
    text: str


@dataclass(frozen=True)
class Sheet:
    """A map sheet ready to be set: drawings, words and measures in millimetres."""

    name: str
    number: str
    unit_code: str
    unit_name: str
    title: str
    subtitle: str
    landscape: bool
    width_mm: float
    height_mm: float
    map_x_mm: float
    map_y_mm: float
    map_width_mm: float
    map_height_mm: float
    scale: int
    map_svg: str
    inset_svg: str
    inset_width_mm: float
    inset_height_mm: float
    labels: tuple[Label, ...]
    index: tuple[tuple[str, str], ...]
    ticks: tuple[Tick, ...]
    legend_title: str
    legend: tuple[Sign, ...]
    bar_m: float
    """The ground length of the scale bar; on paper it is `bar_m * 1000 / scale` millimetres."""
    notes: tuple[str, ...]
    alt: str
    """What the picture shows, for those who cannot see it."""


class Atlas:
    """The sheets of a report: one for its scope, one for each project, and one for each town and project."""

    def __init__(self, material: Material, report: Report, paper: Paper = "a4") -> None:
        self.material, self.report, self.paper = material, report, paper
        self.language = material.language
        self.ground = Ground(material)

    def sheets(self, *, towns: bool = True) -> Iterator[Sheet]:
        """The sheets in order.

        Parameters
        ----------
        towns : whether the towns of a district have their own; the overview sheets come first
        """
        plans = self._plans(towns=towns)
        count = len(plans)
        digits = max(2, len(str(count)))
        for position, (unit, theme) in enumerate(plans, start=1):
            yield self._sheet(unit, theme, f"{position:0{digits}d}/{count}")

    def count(self, *, towns: bool = True) -> int:
        """How many sheets there are."""
        return len(self._plans(towns=towns))

    def _plans(self, *, towns: bool) -> list[tuple[Unit, Theme | None]]:
        own = self.material.unit
        if not len(self.ground.unit_shapes):
            return []
        plans: list[tuple[Unit, Theme | None]] = []
        if self.material.scope is not None:
            plans.append((own, None))
        plans += [(own, theme) for theme in self._themes if theme.has_in(own)]
        if towns and own.level == "district" and not self._too_many_towns:
            for unit in self.material.units.values():
                if unit.level == "town" and unit.code in self.ground.town_shapes:
                    plans += [(unit, theme) for theme in self._themes if theme.has_in(unit)]
        return plans

    @cached_property
    def _too_many_towns(self) -> int:
        """How many towns have no sheets of their own here, since there would be too many to print."""
        towns = sum(unit.level == "town" for unit in self.material.units.values())
        too_many = self.material.unit.level == "district" and towns > MOST_TOWNS
        return towns if too_many else 0

    @cached_property
    def _themes(self) -> list[Theme]:
        found = (themes_of(self.material, project) for project in get_args(Project))
        return [theme for theme in found if theme is not None]

    def _sheet(self, unit: Unit, theme: Theme | None, sheet_number: str) -> Sheet:
        members = self.ground.members(unit)
        shapes = [self.ground.unit_shapes[code] for code in members]
        bounds = tuple(
            float(value) for value in shapely.total_bounds(np.array(shapes, dtype=object))
        )
        layout = self._layout(bounds)  # type: ignore[arg-type]
        window = layout.window
        drawing = Drawing(window)
        legend = list(self.ground.draw(drawing, members, decided=theme is None))
        ticks = tuple(_grid(drawing))
        if theme is not None:
            legend = [*theme.draw(drawing, unit, self.language), *legend]
        labels, index, left_out = self._labels(window, unit, members, crowded=theme is not None)
        subtitle = (
            theme.title
            if theme
            else pair(self.language, "城乡一体化范围与各单元认定", "The area and the decisions")
        )
        inset, inset_w, inset_h = self.ground.inset(window)
        title = unit.name
        project = (
            word(theme.project, self.language) if theme else pair(self.language, "范围", "Area")
        )
        return Sheet(
            name=f"{unit.code}-{theme.project if theme else 'scope'}",
            number=sheet_number,
            unit_code=unit.code,
            unit_name=unit.name,
            title=f"{title} · {project}",
            subtitle=subtitle,
            landscape=layout.landscape,
            width_mm=layout.width_mm,
            height_mm=layout.height_mm,
            map_x_mm=MARGIN_MM + FOOT_MM,
            map_y_mm=MARGIN_MM + TITLE_MM,
            map_width_mm=window.width_mm,
            map_height_mm=window.height_mm,
            scale=window.scale,
            map_svg=drawing.svg(),
            inset_svg=inset,
            inset_width_mm=inset_w,
            inset_height_mm=inset_h,
            labels=labels,
            index=index,
            ticks=ticks,
            legend_title=pair(self.language, "图例", "Legend"),
            legend=tuple(legend),
            bar_m=_bar_m(window.scale),
            notes=self._notes(left_out, dotted=drawing.dotted),
            alt=pair(
                self.language,
                f"{title}{subtitle}图，比例尺 1:{window.scale:,}；图例：{'；'.join(f'{sign.label} {sign.amount}'.strip() for sign in legend)}",
                f"Map of {title}: {subtitle}, scale 1:{window.scale:,}; legend: {'; '.join(f'{sign.label} {sign.amount}'.strip() for sign in legend)}",
            ),
        )

    def _layout(self, bounds: tuple[float, float, float, float]) -> _Layout:
        short, long = SIZES_MM[self.paper]
        around = 2 * MARGIN_MM + FOOT_MM
        lying = (long - around - SIDE_MM, short - around - TITLE_MM)
        standing = (short - around, long - around - TITLE_MM - BENEATH_MM)
        west, south, east, north = bounds
        pad = 0.03 * max(east - west, north - south, 50.0)
        wide = (west - pad, south - pad, east + pad, north + pad)
        scales = [round_scale(wide, *size) for size in (lying, standing)]
        landscape = scales[0] <= scales[1]
        size = lying if landscape else standing
        window = window_round(bounds, *size, min(scales))
        paper = (long, short) if landscape else (short, long)
        return _Layout(landscape, *paper, window)

    def _labels(
        self, window: Window, unit: Unit, members: Sequence[str], *, crowded: bool
    ) -> tuple[tuple[Label, ...], tuple[tuple[str, str], ...], int]:
        wishes: list[Wish] = []
        if unit.level == "district":
            wishes += [
                wish_at(window, self.material.units[code].name, shape, 8.5, "town")
                for code, shape in self.ground.town_shapes.items()
            ]
            if crowded and wishes:
                return place(wishes, window.width_mm, window.height_mm)
        ranked = sorted(members, key=lambda code: (-self.ground.unit_shapes[code].area, code))
        fine = unit.level != "district"
        wishes += [
            replace(
                wish_at(
                    window,
                    self.material.units[code].name,
                    self.ground.unit_shapes[code],
                    6.2 if fine else 4.8,
                    "village",
                ),
                number=fine,
            )
            for code in ranked
        ]
        return place(
            [wish for wish in wishes if not math.isnan(wish.x_mm)],
            window.width_mm,
            window.height_mm,
            MOST_NUMBERS[self.paper],
        )

    def _notes(self, left_out: int, *, dotted: bool) -> tuple[str, ...]:
        report, language = self.report, self.language
        crs = pair(
            language,
            f"{_crs_name(report.crs)}（{report.crs}）",
            f"{_crs_name(report.crs)} ({report.crs})",
        )
        surveyed = long_date(report.round, language)
        sources = pair(
            language,
            f"资料来源：{surveyed}调查轮次（数据摘要 {report.digest[:12]}）",
            f"Source: survey round of {surveyed} (digest {report.digest[:12]})",
        )
        lines = [
            sources,
            pair(
                language,
                f"坐标系：{crs}，方里网单位为米",
                f"Reference system: {crs}, grid in metres",
            ),
            pair(
                language,
                f"编制：{report.author or '＿＿＿＿'}　日期：{long_date(report.date, language)}",
                f"Prepared by: {report.author or '________'}  Date: {long_date(report.date, language)}",
            ),
            pair(language, f"城乡图 {report.version}", f"Chengxiang Atlas {report.version}"),
        ]
        if left_out:
            lines.append(
                pair(
                    language,
                    f"图面容纳不下的 {left_out} 个名称未注记，见“范围与依据”表",
                    f"{left_out} names that do not fit are left out; the tables list them",
                )
            )
        if dotted:
            lines.append(
                pair(
                    language,
                    f"超过 {MOST_SHAPES:,} 个的同类对象以细点描绘，不表示宽度",
                    f"more than {MOST_SHAPES:,} things of a kind are drawn as fine dots, whatever their width",
                )
            )
        if self._too_many_towns:
            lines.append(
                pair(
                    language,
                    f"{self._too_many_towns:,} 个镇（街道）的分图不附，请用 --unit 代码 分别生成各镇（街道）的报告",
                    f"no sheets of {self._too_many_towns:,} towns: make the report of each with --unit CODE",
                )
            )
        return tuple(lines)


@dataclass(frozen=True)
class _Layout:
    landscape: bool
    width_mm: float
    height_mm: float
    window: Window


def _grid(drawing: Drawing) -> Iterator[Tick]:
    """Grid lines at round metres, drawn faintly, with what to write where they meet the frame."""
    window = drawing.window
    west, south, east, north = window.bounds_m
    step = round_below(GRID_MM * window.metres_a_mm)
    for x in range(math.ceil(west / step) * step, math.floor(east) + 1, step):
        at = (x - west) / window.metres_a_mm
        drawing.line_mm(f"M{at:.2f} 0V{window.height_mm:g}", _GRID)
        yield Tick("bottom", round(at, 2), str(x))
    for y in range(math.ceil(south / step) * step, math.floor(north) + 1, step):
        at = (north - y) / window.metres_a_mm
        drawing.line_mm(f"M0 {at:.2f}H{window.width_mm:g}", _GRID)
        yield Tick("left", round(at, 2), str(y))


def _bar_m(scale: int) -> float:
    """A round length of ground that takes at most 40 mm of paper."""
    return float(round_below(40.0 * scale / 1000))


def _crs_name(crs: str) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(crs).name)


def north_arrow() -> str:
    """An arrow up, 8 by 14 mm."""
    return svg(
        [
            '<path d="M4 0.5L7 13L4 10.6Z" fill="#1b1b1b" stroke="#1b1b1b" stroke-width="0.3"/>',
            '<path d="M4 0.5L1 13L4 10.6Z" fill="#ffffff" stroke="#1b1b1b" stroke-width="0.3"/>',
        ],
        8,
        14,
    )
