"""Features read one by one, by our own code, put together as a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..said import Said
from . import progress
from .base import LeftOut, Source

if TYPE_CHECKING:
    import shapely


@dataclass
class Features:
    """Rows as they are found: what each is called, says, and looks like; a broken one is listed."""

    labels: list[str] = field(default_factory=list)
    attributes: list[dict[str, str]] = field(default_factory=list)
    shapes: list[shapely.Geometry | None] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(
        self, label: str, attributes: dict[str, str], draw: Callable[[], shapely.Geometry | None]
    ) -> None:
        """Add one feature; where it cannot be drawn, it is left out with the reason."""
        import shapely

        from .ogr import broken

        try:
            shape = draw()
        except (ValueError, OverflowError, shapely.errors.ShapelyError) as error:
            self.left_out.append(LeftOut(label, broken(error)))
            return
        self.labels.append(label)
        progress.tell(len(self.labels))
        self.attributes.append(attributes)
        self.shapes.append(shape)

    def source(
        self, format_: str, layer: str | None, crs: str, notes: tuple[Said, ...] = ()
    ) -> Source:
        """All of them as a source, in the order they were found."""
        import geopandas as gpd
        import numpy as np
        import pandas as pd

        from .ogr import without_heights

        names = tuple(
            dict.fromkeys(name for row in self.attributes for name in row if name != "geometry")
        )
        shapes, flattened = without_heights(np.array(self.shapes, dtype=object))
        columns = {
            name: pd.array([row.get(name) for row in self.attributes], dtype="string")
            for name in names
        }
        frame = gpd.GeoDataFrame(
            pd.DataFrame(columns, index=pd.RangeIndex(len(self.labels))), geometry=shapes, crs=crs
        )
        return Source(
            frame,
            pd.Series(self.labels, dtype="string"),
            names,
            format_,
            layer,
            len(self.labels) + len(self.left_out),
            tuple(self.left_out),
            (*notes, *flattened),
        )
