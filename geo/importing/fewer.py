"""Far fewer rows of a layer than in the round before: a file of one town alone, or one that was cut short."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import GeoError, abridge, amount
from ..model import Layer
from ..said import NOTHING, Said
from ..store.base import Store, first_readable
from ..validate import conform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import geopandas as gpd
    import pandas as pd

    from ..district import District

SHOWN = 10
MOST_PLACED = 500_000
"""Of more rows it is not told in which units they lay: reading them again takes longer than the import."""


@dataclass(frozen=True, eq=False)
class FewerRows:
    """A layer's rows beside those of the newest earlier round that has it."""

    layer: Layer
    count: int
    round: str
    """The earlier round."""
    before: int
    """How many rows it has."""
    had: int = 0
    """How many units of a level had some."""
    level: Layer | None = None
    """The coarsest level with a unit that had some and has none; None where there is no such unit."""
    units: tuple[Said, ...] = ()
    """Those units."""
    shapes: tuple[Any, ...] = ()
    """Their outlines, in the metric CRS."""

    @property
    def found(self) -> Said:
        """How many there are, how many there were, and where none is left."""
        said = Said(
            f"{amount(self.count, 'row')}, where round {self.round} has {self.before:,}",
            f"{self.count:,} 行，而 {self.round} 轮次有 {self.before:,} 行",
        )
        if self.level is None:
            return said
        have = "has" if len(self.units) == 1 else "have"
        listed = abridge(self.units, SHOWN)
        title = self.level.title.zh
        return said + Said(
            f"; of the {self.had:,} {self.level.name} that had some {len(self.units):,} {have} none: {listed}",
            f"；原有数据的 {self.had:,} 个{title}中，{len(self.units):,} 个已无数据：{listed.zh}",
        )

    @property
    def expected(self) -> Said:
        """Nearly as many as before."""
        share = f"{self.layer.rows_at_least:.0%}"
        return Said(
            f"at least {share} of the rows of the round before, or every figure of the district is of what is left",
            f"不少于上一轮次行数的 {share}，否则全区数字只涉及现有的部分",
        )

    @property
    def remedy(self) -> Said:
        """To bring the rest in; or to know what the figures are of."""
        alone = (
            Said(
                "; if only the others were surveyed, read their figures, and not the district's",
                "；如只调查了其余单元，请看这些单元的数字，勿用全区数字",
            )
            if 0 < len(self.units) < self.had
            else NOTHING
        )
        return (
            Said("import a file of all rows", "用含全部行的文件重新导入")
            + alone
            + Said(
                f"; a layer whose rows come anew each time says rows_at_least = 0 in {self.layer.name}.toml",
                f"；如该图层每次只收新数据，请在 {self.layer.name}.toml 中写明 rows_at_least = 0",
            )
        )


def fewer_rows(
    district: District,
    store: Store,
    round_: str,
    layer: Layer,
    frame: gpd.GeoDataFrame | pd.DataFrame,
    *,
    sizes: Callable[[str], Mapping[str, int]] | None = None,
) -> FewerRows | None:
    """Whether a layer has far fewer rows than the newest earlier round with it, as its declaration draws the line.

    Units are told of one by one, see `units_left_out`; a layer without any row is told of as such.

    Parameters
    ----------
    round_ : ISO date of the rows' round, which exists or is still to come
    frame : the rows; geometry in any CRS, as in the file that they come from
    sizes : the rows of each table of a round, for whoever asks for several layers; None means the store's

    Returns
    -------
    FewerRows or None
        None where there are enough, or no earlier round has the layer.
    """
    if layer in district.levels or layer.backdrop or not len(frame):
        return None
    earlier = [date for date in reversed(store.rounds()) if date < round_]
    date, before = next(_sizes(sizes or store.sizes, layer.name, earlier), ("", 0))
    if len(frame) >= layer.rows_at_least * before:
        return None
    found = FewerRows(layer, len(frame), date, before)
    if layer.geometry == "Table" or before > MOST_PLACED:
        return found
    _, stored = first_readable(store, layer.name, [date]) or ("", None)
    if stored is None:  # they can be counted, and not read
        return found
    metric_crs = district.spec.metric_crs
    then = conform(stored, layer, crs=metric_crs).frame
    for level in reversed(district.levels):  # coarse to fine
        _, units = first_readable(store, level.name, [round_, *earlier]) or ("", None)
        if units is None or level.unit is None:
            continue
        known = conform(units, level, crs=metric_crs).frame
        had, has = (_holding(known, some) for some in (then, frame))
        emptied = sorted(had - has)
        if emptied:
            rows = known.iloc[emptied]
            named = tuple(
                Said(f"{code} ({name})", f"{name}（{code}）")
                for code, name in zip(rows[level.unit.code], rows[level.unit.name], strict=True)
            )
            shapes = tuple(rows.geometry)
            return FewerRows(layer, len(frame), date, before, len(had), level, named, shapes)
    return found


def _sizes(
    sizes: Callable[[str], Mapping[str, int]], table: str, dates: list[str]
) -> Iterator[tuple[str, int]]:
    """How many rows earlier rounds have of a table, those that can be read."""
    for date in dates:
        with suppress(GeoError):
            size = sizes(date).get(table)
            if size is not None:
                yield date, size


def _holding(units: gpd.GeoDataFrame | pd.DataFrame, rows: Any) -> set[int]:
    """Which units, by their place, hold a point of some row."""
    import numpy as np
    import shapely

    if getattr(rows, "crs", None) is None or getattr(units, "crs", None) is None:
        return set()
    shapes = rows.geometry.to_crs(units.crs).to_numpy()
    points = shapely.point_on_surface(shapes[~shapely.is_missing(shapes)])
    tree = shapely.STRtree(units.geometry.to_numpy())
    return set(np.unique(tree.query(points, predicate="intersects")[1]).tolist())
