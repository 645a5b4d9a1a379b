"""Made districts: rows for any declared layer, and a district of squares whose figures are plain to see.

Everything is placed by metres from `ORIGIN`, on the central meridian of the metric CRS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.affinity import translate

from geo.catalog import Catalog
from geo.district import District
from geo.model import DistrictSpec, FieldSpec, Layer, ScopeRule, Title
from geo.survey import Survey

CRS = "EPSG:4549"
SAME_GRID_WITH_PREFIX = "EPSG:4528"  # the same zone, its eastings 40,000,000 m larger
PREFIX_M = 40_000_000
ORIGIN = (500_000.0, 3_600_000.0)
ROUND = "2007-06-30"

Frames = Mapping[str, "gpd.GeoDataFrame | pd.DataFrame"]
PANDAS_TYPES = {
    "text": "string",
    "category": "string",
    "bool": "boolean",
    "integer": "Int64",
    "number": "float64",
    "date": "datetime64[ms]",
}


def placed(geometry: Any) -> Any:
    """The same geometry, from metres east and north of the origin to the metric CRS."""
    return None if geometry is None else translate(geometry, *ORIGIN)


def layer_rows(layer: Layer, rows: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame | pd.DataFrame:
    """Rows of a layer as a frame; a field that a row leaves out is missing.

    Parameters
    ----------
    rows : field values, and `geometry` in metres from the origin where the layer has one
    """
    columns = {
        name: pd.Series([row.get(name) for row in rows], dtype=PANDAS_TYPES[spec.type])
        for name, spec in layer.fields.items()
    }
    frame = pd.DataFrame(columns)
    if layer.geometry == "Table":
        return frame
    shapes = gpd.GeoSeries([placed(row["geometry"]) for row in rows], crs=CRS)
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=CRS)


def write_round(folder: Path, frames: Frames, round_: str = ROUND) -> Path:
    """Write a round as QGIS would: the tables, and none of our own bookkeeping."""
    path = folder / "rounds" / f"{round_}.gpkg"
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        # An empty layer has no geometry to tell its kind from.
        kind = {"geometry_type": "Unknown"} if "geometry" in frame and frame.empty else {}
        pyogrio.write_dataframe(frame, path, layer=name, append=path.exists(), **kind)
    return path


def write_district(
    folder: Path, frames: Frames, *, scope: str = "", levels: Iterable[str] = ("villages", "towns")
) -> Path:
    """Write a district's folder: its declaration and one round."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = ", ".join(f'"{level}"' for level in levels)
    (folder / "district.toml").write_text(
        f'name = {{ zh = "方格区", en = "Squares" }}\ncode = "990001"\nmetric_crs = "{CRS}"\n'
        f"levels = [{listed}]\n[scope]\n{scope}\n",
        encoding="utf-8",
    )
    write_round(folder, frames)
    return folder


def write_raster(
    path: Path,
    values: np.ndarray,
    *,
    west_m: float,
    north_m: float,
    pixel_m: float,
    crs: str = CRS,
    nodata: float = -9999.0,
) -> Path:
    """Write one band; `west_m` and `north_m` from the origin, in the metric CRS or its prefixed twin."""
    import rasterio
    from rasterio.transform import from_origin

    path.parent.mkdir(parents=True, exist_ok=True)
    shift_m = PREFIX_M if crs == SAME_GRID_WITH_PREFIX else 0
    transform = from_origin(ORIGIN[0] + west_m + shift_m, ORIGIN[1] + north_m, pixel_m, pixel_m)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype="float32",
        crs=crs,
        transform=transform,
        nodata=nodata,
    ) as raster:
        raster.write(values.astype("float32"), 1)
    return path


def edges(
    layer: Layer,
    west_m: float,
    south_m: float,
    east_m: float,
    north_m: float,
    *,
    overshoot_m: float = 0.0,
    accuracy_m: Mapping[str, float] | None = None,
) -> gpd.GeoDataFrame:
    """Four straight edges round a box, each running on past its corners."""
    w, s, e, n, o = west_m, south_m, east_m, north_m, overshoot_m
    lines = {
        "north": LineString([(w - o, n), (e + o, n)]),
        "east": LineString([(e, n + o), (e, s - o)]),
        "south": LineString([(e + o, s), (w - o, s)]),
        "west": LineString([(w, s - o), (w, n + o)]),
    }
    accuracies = accuracy_m or {}
    rows = [
        {"side": side, "name": side, "accuracy_m": accuracies.get(side, 1.0), "geometry": line}
        for side, line in lines.items()
    ]
    return layer_rows(layer, rows)


# ---------------------------------------------------------------- rows for any declaration


def value_of(spec: FieldSpec, number: int) -> Any:
    """A believable value of a field for the row of that number; every third optional one is missing."""
    if not spec.required and number % 3 == 2:
        return None
    low = spec.minimum if spec.minimum is not None else 0.0
    high = spec.maximum if spec.maximum is not None else low + 100.0
    if spec.type == "category":
        return spec.values[number % len(spec.values)]
    return {
        "text": f"甲{number}",
        "bool": number % 2 == 0,
        "integer": int(low) + number % max(1, int(high - low)),
        "number": low + (high - low) * (number % 10) / 10,
        "date": pd.Timestamp("2007-03-01") + pd.Timedelta(days=number),
    }[spec.type]


def shape_of(kind: str, number: int) -> Any:
    """A shape of that kind inside the 400 × 400 m that `made_round` is about."""
    x, y = 15.0 + (number * 37) % 360, 15.0 + (number * 61) % 360
    if kind == "Point":
        return Point(x, y)
    if kind == "LineString":
        line = LineString([(x, y), (x + 20, y + 10)])
        return line if number % 4 else MultiLineString([line, translate(line, 0, 5)])
    if kind == "Polygon":
        square = box(x, y, x + 10, y + 8)
        return square if number % 4 else MultiPolygon([square, translate(square, 0, 12)])
    return None


def rows_for(layer: Layer, count: int = 24) -> gpd.GeoDataFrame | pd.DataFrame:
    """Made rows for a layer, from nothing but its declaration; keys differ, other values are often missing."""
    rows = []
    for number in range(count):
        row = {name: value_of(spec, number) for name, spec in layer.fields.items()}
        if layer.key:
            row[layer.key] = f"K{number:03d}"
        if layer.geometry != "Table":
            row["geometry"] = shape_of(layer.geometry, number)
        rows.append(row)
    return layer_rows(layer, rows)


def unit_rows(layer: Layer, columns: int, rows: int, size_m: float) -> gpd.GeoDataFrame:
    """A layer of units as a grid of squares from the origin; a parent is the unit's row."""
    assert layer.unit is not None
    made = []
    for row in range(rows):
        for column in range(columns):
            number = row * columns + column
            values = {name: value_of(spec, number) for name, spec in layer.fields.items()}
            values[layer.unit.code] = f"{layer.unit.level[0].upper()}{number:03d}"
            values[layer.unit.name] = f"{row}排{column}"
            if layer.unit.parent:
                values[layer.unit.parent] = f"T{row:03d}"
            values["geometry"] = square(column, row, size_m, size_m)
            made.append(values)
    return layer_rows(layer, made)


def square(column: int, row: int, width_m: float, height_m: float) -> Polygon:
    """The grid cell of a column and row, counted from the south-west."""
    return box(column * width_m, row * height_m, (column + 1) * width_m, (row + 1) * height_m)


def made_round(layers: Mapping[str, Layer]) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """Made rows for every declared layer that is not a raster, over 4 × 4 villages of 100 m in four towns."""
    frames: dict[str, gpd.GeoDataFrame | pd.DataFrame] = {}
    for name, layer in layers.items():
        if layer.geometry == "Raster":
            continue
        if name == "boundary_edges":
            frames[name] = edges(layer, -10, -10, 250, 410, overshoot_m=20)
        elif layer.unit and layer.unit.level == "village":
            frames[name] = unit_rows(layer, 4, 4, 100)
        elif layer.unit:
            towns = unit_rows(layer, 1, 4, 100)
            towns["geometry"] = [placed(box(0, 100 * i, 400, 100 * i + 100)) for i in range(4)]
            frames[name] = towns
        else:
            frames[name] = rows_for(layer)
    return frames


def made_rasters(folder: Path, layers: Mapping[str, Layer]) -> None:
    """A raster for every declared one: low and high values, and a strip of no value."""
    values = np.tile(np.where(np.arange(44) % 2, 0.6, 0.1), (44, 1))
    values[:, :4] = -9999.0
    for name, layer in layers.items():
        if layer.geometry == "Raster":
            write_raster(
                folder / "rasters" / f"{name}.tif", values, west_m=-20, north_m=420, pixel_m=10
            )


# ---------------------------------------------------------------- the district of squares

YES, NO = True, False


def six(*values: bool | None) -> dict[str, bool | None]:
    """The six no's of a street."""
    return {f"six_no_{number}": value for number, value in enumerate(values, start=1)}


def squares(layers: Mapping[str, Layer]) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """Five columns by four rows of 100 m villages V{row}{column}; T1 is rows 1–2, T2 rows 3–4.

    The area is x from −10 to 250 and y from −10 to 410: columns 1 and 2, and half of column 3.
    """
    tables: dict[str, list[dict[str, Any]]] = {
        "towns": [
            {"code": "T1", "name": "南镇", "certified": YES, "geometry": box(0, 0, 500, 200)},
            {"code": "T2", "name": "北镇", "geometry": box(0, 200, 500, 400)},
        ],
        "villages": [
            {
                "code": f"V{row}{column}",
                "name": f"{row}排{column}列",
                "town_code": "T1" if row < 3 else "T2",
                "kind": {1: "community", 5: None}.get(column, "village"),
                "certified": {1: YES, 2: NO, 3: None, 4: YES}[row],
                "geometry": square(column - 1, row - 1, 100, 100),
            }
            for row in range(1, 5)
            for column in range(1, 6)
        ],
        "back_streets": [
            # along the border of V11 and V12: counts once, for V11
            {
                "id": "S1",
                "zone": "fringe",
                "hardened": YES,
                "cleaned": NO,
                **six(YES, YES, YES, YES, YES, YES),
                "geometry": LineString([(100, 10), (100, 90)]),
            },
            # across five villages, 100 m in each
            {
                "id": "S2",
                "zone": "fringe",
                "hardened": NO,
                "lit": YES,
                "cleaned": YES,
                **six(YES, YES, YES, YES, YES, NO),
                "geometry": LineString([(0, 150), (500, 150)]),
            },
            # in two parts: 30 m in V41, 40 m in V44
            {
                "id": "S3",
                "zone": "urban",
                "hardened": YES,
                "lit": NO,
                **six(YES, YES, YES, YES, YES, None),
                "geometry": MultiLineString([[(10, 310), (40, 310)], [(310, 310), (310, 350)]]),
            },
            # with heights, which add no length: 80 m in V15
            {
                "id": "S4",
                "zone": "urban_village",
                "lit": YES,
                "cleaned": YES,
                "geometry": LineString([(410, 20, 5), (490, 20, 95)]),
            },
            # half of it in no village: 50 m in V45; its zone is missing
            {
                "id": "S5",
                "hardened": YES,
                "cleaned": YES,
                **six(YES, NO, None, YES, YES, YES),
                "geometry": LineString([(450, 350), (550, 350)]),
            },
            # 5 m of it in no village, yet within the area: 15 m in V11
            {
                "id": "S6",
                "zone": "urban",
                "hardened": NO,
                "lit": YES,
                "cleaned": NO,
                **six(YES, YES, YES, YES, YES, YES),
                "geometry": LineString([(-5, 50), (15, 50)]),
            },
            # along the outer border of V35
            {
                "id": "S7",
                "zone": "fringe",
                "hardened": NO,
                "cleaned": YES,
                **six(NO, NO, NO, NO, NO, NO),
                "geometry": LineString([(500, 210), (500, 290)]),
            },
            # along the edge of the area, which belongs to the area: 60 m in V33
            {
                "id": "S8",
                "zone": "urban_village",
                "cleaned": YES,
                **six(YES, None, YES, YES, YES, YES),
                "geometry": LineString([(250, 220), (250, 280)]),
            },
        ],
        "lamps": [
            {"id": "L1", "working": YES, "height_m": 8.0, "geometry": Point(50, 150)},
            # on the border of V21 and V22: reaches 7 m into each, is counted in V21
            {"id": "L2", "working": YES, "height_m": 4.0, "geometry": Point(100, 150)},
            # on the edge of the area; its height is missing: 21 m each way are unknown
            {"id": "L3", "working": YES, "geometry": Point(250, 150)},
            {"id": "L4", "height_m": 8.0, "geometry": Point(350, 150)},
            {"id": "L5", "working": NO, "height_m": 8.0, "geometry": Point(450, 150)},
            # 8 m beside the street with a reach of 14 m: √132 m each way
            {"id": "L6", "working": YES, "height_m": 8.0, "geometry": Point(430, 142)},
            # taller than any unknown height is taken to be: 24.5 m each way along S4
            {"id": "L8", "working": YES, "height_m": 14.0, "geometry": Point(450, 20)},
            # what L1 lights for certain stays so: 10 m from it, of unknown height
            {"id": "L7", "working": YES, "geometry": Point(60, 150)},
        ],
        "housing_areas": [
            # 400 m² with 30 % green: just reaches its threshold
            {"id": "H1", "kind": "new", "green_m2": 120.0, "geometry": box(20, 20, 40, 40)},
            # 200 m² in V12, 400 m² in V13: counted in V13; 149 of 600 m² miss 25 %
            {"id": "H2", "kind": "renewed", "green_m2": 149.0, "geometry": box(190, 10, 220, 30)},
            {"id": "H3", "kind": "new", "geometry": box(120, 120, 140, 140)},
            {"id": "H4", "kind": "existing", "green_m2": 0.0, "geometry": box(20, 60, 40, 80)},
            {"id": "H5", "green_m2": 100.0, "geometry": box(320, 120, 340, 140)},
            # half in V31, half in V32: the smaller code; 100 of 400 m² reach 25 %
            {"id": "H6", "kind": "renewed", "green_m2": 100.0, "geometry": box(90, 220, 110, 240)},
            # half of it within the area: inside
            {"id": "H7", "kind": "new", "green_m2": 0.0, "geometry": box(240, 310, 260, 330)},
            # two parts: 100 m² in V14 and 200 m² in V15; 90 of 300 m²
            {
                "id": "H8",
                "kind": "new",
                "green_m2": 90.0,
                "geometry": MultiPolygon([box(380, 50, 390, 60), box(410, 50, 430, 60)]),
            },
        ],
        "scenic_works": [
            {"id": "W1", "lit": YES, "geometry": box(150, 350, 350, 370)},
            {"id": "W2", "geometry": box(480, 110, 520, 120)},
            {"id": "W3", "lit": NO, "geometry": box(10, 10, 20, 20)},
        ],
        "facades": [],
        "weak_spots": [
            {"id": "P1", "category": "produce_market", "status": "closed", "geometry": Point(9, 9)},
            {"id": "P2", "category": "produce_market", "geometry": Point(19, 9)},
            {"id": "P3", "status": "open", "geometry": Point(150, 50)},
            # where four villages meet, and in no village at all
            {
                "id": "P4",
                "category": "small_trade",
                "status": "closed",
                "geometry": Point(200, 200),
            },
            {"id": "P5", "category": "small_trade", "status": "in_hand", "geometry": Point(510, 9)},
        ],
    }
    frames = {name: layer_rows(layers[name], rows) for name, rows in tables.items()}
    frames["boundary_edges"] = edges(
        layers["boundary_edges"],
        -10,
        -10,
        250,
        410,
        overshoot_m=30,
        # 48 m either way take column 3 from a share of 0.02 to one of 0.98
        accuracy_m={"east": 48.0, "north": 2.0, "south": 2.0, "west": 2.0},
    )
    return frames


def squares_raster(folder: Path) -> Path:
    """NDVI in 40 m pixels, x from −20 to 420, in the prefixed CRS: high to 180, low to 300, none to 340, high."""
    columns = np.array([0.6] * 5 + [0.1] * 3 + [-9999.0] + [0.6] * 2)
    return write_raster(
        folder / "rasters" / "ndvi.tif",
        np.tile(columns, (12, 1)),
        west_m=-20,
        north_m=440,
        pixel_m=40,
        crs=SAME_GRID_WITH_PREFIX,
    )


# ---------------------------------------------------------------- the generated district


@dataclass(frozen=True)
class Grid:
    """Villages in a grid whose borders wander; the two sides of a border have the very same points."""

    columns: int
    rows: int
    corners: np.ndarray
    across: dict[tuple[int, int], np.ndarray]
    """From corner (c, r) to (c + 1, r)."""
    along: dict[tuple[int, int], np.ndarray]
    """From corner (c, r) to (c, r + 1)."""

    def village(self, column: int, row: int) -> Polygon:
        """The polygon of one cell, counter-clockwise."""
        ring = [
            self.across[column, row],
            self.along[column + 1, row],
            self.across[column, row + 1][::-1],
            self.along[column, row][::-1],
        ]
        return Polygon(np.vstack([side[:-1] for side in ring]))


def wandering(
    rng: np.random.Generator, start: np.ndarray, end: np.ndarray, steps: int
) -> np.ndarray:
    """A line from start to end that strays to both sides."""
    line = start + (end - start) * np.linspace(0, 1, steps + 1)[:, None]
    line[1:-1] += rng.uniform(-18, 18, (steps - 1, 2))
    line[-1] = end  # exactly, so that neighbours share every point
    return line


def wandering_grid(rng: np.random.Generator, columns: int, rows: int, size_m: float) -> Grid:
    """A grid of cells about `size_m` wide."""
    corners = np.stack(
        np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), axis=-1
    ) * float(size_m)
    corners += rng.uniform(-60, 60, corners.shape)
    across = {
        (c, r): wandering(rng, corners[c, r], corners[c + 1, r], 8)
        for c in range(columns)
        for r in range(rows + 1)
    }
    along = {
        (c, r): wandering(rng, corners[c, r], corners[c, r + 1], 8)
        for c in range(columns + 1)
        for r in range(rows)
    }
    return Grid(columns, rows, corners, across, along)


def maybe(rng: np.random.Generator, values: Sequence[Any], count: int, missing: float) -> list[Any]:
    """Random values of which a share is missing."""
    picked: list[Any] = [values[i] for i in rng.integers(0, len(values), count)]
    return [
        None if gap else value
        for value, gap in zip(picked, rng.random(count) < missing, strict=True)
    ]


def generated(
    layers: Mapping[str, Layer],
    *,
    seed: int = 20070630,
    columns: int = 20,
    rows: int = 10,
    streets: int = 5_000,
    lamps: int = 15_000,
    points: int = 400,
) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """A district of wandering borders and random rows; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    size_m = 500.0
    grid = wandering_grid(rng, columns, rows, size_m)
    width_m, height_m = columns * size_m, rows * size_m
    cells = [(c, r) for r in range(rows) for c in range(columns)]
    # Codes in an order of their own, so that "the smaller code" is not "the first row".
    codes = [f"{number:04d}" for number in rng.permutation(len(cells))]
    town_of = {(c, r): f"T{c // 5}{r // 5}" for c, r in cells}
    bools = (True, False)
    villages = [
        {
            "code": code,
            "name": f"村{code}",
            "kind": kind,
            "town_code": town_of[cell],
            "certified": certified,
            "geometry": grid.village(*cell),
        }
        for cell, code, kind, certified in zip(
            cells,
            codes,
            maybe(rng, ("village", "community"), len(cells), 0.05),
            maybe(rng, bools, len(cells), 0.1),
            strict=True,
        )
    ]
    towns = [
        {
            "code": code,
            "name": f"镇{code}",
            "certified": certified,
            "geometry": shapely.coverage_union_all(
                [row["geometry"] for row in villages if row["town_code"] == code]
            ),
        }
        for code, certified in zip(
            sorted(set(town_of.values())),
            maybe(rng, bools, len(set(town_of.values())), 0.2),
            strict=True,
        )
    ]

    def walk() -> LineString:
        start = rng.uniform((-200, -200), (width_m + 200, height_m + 200))
        steps = rng.normal(0, 90, (int(rng.integers(1, 6)), 2))
        return LineString(np.vstack([start, start + np.cumsum(steps, axis=0)]))

    borders = [*grid.across.values(), *grid.along.values()]
    shapes: list[Any] = []
    for number in range(streets):
        if number % 25 == 0:  # along a whole border, or a stretch of it
            border = borders[int(rng.integers(len(borders)))]
            first = int(rng.integers(0, 4))
            shapes.append(LineString(border[first : first + int(rng.integers(2, 6))]))
        elif number % 10 == 1:
            shapes.append(MultiLineString([walk(), walk()]))
        else:
            shapes.append(walk())
    fields = {
        "zone": maybe(rng, ("urban", "urban_village", "fringe"), streets, 0.1),
        "hardened": maybe(rng, bools, streets, 0.15),
        "lit": maybe(rng, bools, streets, 0.4),
        "cleaned": maybe(rng, bools, streets, 0.05),
        **{
            f"six_no_{i}": maybe(rng, (True, True, True, False), streets, 0.05) for i in range(1, 7)
        },
    }
    back_streets = [
        {"id": f"S{i:05d}", "geometry": shapes[i], **{name: fields[name][i] for name in fields}}
        for i in range(streets)
    ]

    def spot() -> Point:
        return Point(rng.uniform((-100, -100), (width_m + 100, height_m + 100)))

    def lamp_spot(number: int) -> Point:
        if number % 2:
            return spot()
        line = shapes[int(rng.integers(streets))]
        on_it = line.interpolate(rng.random(), normalized=True)
        return translate(on_it, *rng.normal(0, 3, 2))

    def patch() -> Polygon:
        at = rng.uniform((0, 0), (width_m, height_m))
        corner = rng.uniform(15, 60, 4)
        angle = np.deg2rad([10, 100, 190, 280])
        return Polygon(at + np.stack([np.cos(angle) * corner, np.sin(angle) * corner], axis=1))

    lamp_rows = [
        {"id": f"L{i:05d}", "working": working, "height_m": height, "geometry": lamp_spot(i)}
        for i, (working, height) in enumerate(
            zip(
                maybe(rng, (True, True, True, False), lamps, 0.1),
                maybe(rng, (4.0, 6.0, 8.0, 10.0), lamps, 0.1),
                strict=True,
            )
        )
    ]
    housing = []
    for i, kind in enumerate(maybe(rng, ("new", "renewed", "existing"), points, 0.1)):
        shape = patch()
        green = None if rng.random() < 0.15 else shape.area * rng.uniform(0.15, 0.45)
        housing.append({"id": f"H{i:04d}", "kind": kind, "green_m2": green, "geometry": shape})
    scenic = [
        {"id": f"W{i:03d}", "lit": lit, "geometry": patch()}
        for i, lit in enumerate(maybe(rng, bools, points // 4, 0.2))
    ]
    facades = [
        {"id": f"F{i:04d}", "renewed": renewed, "lit": lit, "geometry": walk()}
        for i, (renewed, lit) in enumerate(
            zip(maybe(rng, bools, points, 0.2), maybe(rng, bools, points, 0.3), strict=True)
        )
    ]
    categories = layers["weak_spots"].fields["category"].values
    spots = [
        {"id": f"P{i:04d}", "category": category, "status": status, "geometry": spot()}
        for i, (category, status) in enumerate(
            zip(
                maybe(rng, categories, points, 0.05),
                maybe(rng, ("open", "in_hand", "closed"), points, 0.1),
                strict=True,
            )
        )
    ]
    offices = [
        {"id": f"U{i:04d}", "name": f"单位{i}", "certified": certified, "geometry": spot()}
        for i, certified in enumerate(maybe(rng, bools, points, 0.1))
    ]
    frames = {
        name: layer_rows(layers[name], table)
        for name, table in {
            "villages": villages,
            "towns": towns,
            "back_streets": back_streets,
            "lamps": lamp_rows,
            "housing_areas": housing,
            "scenic_works": scenic,
            "facades": facades,
            "weak_spots": spots,
            "work_units": offices,
        }.items()
    }
    frames["boundary_edges"] = wandering_edges(
        layers["boundary_edges"],
        rng,
        0.13 * width_m,
        0.17 * height_m,
        0.81 * width_m,
        0.88 * height_m,
    )
    return frames


def generated_raster(folder: Path, seed: int = 2007) -> Path:
    """NDVI in 40 m pixels over most of the generated district, some of them without a value."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 0.8, (125, 240))
    values[rng.random(values.shape) < 0.03] = -9999.0
    return write_raster(
        folder / "rasters" / "ndvi.tif", values, west_m=-73, north_m=5011, pixel_m=40
    )


def wandering_edges(
    layer: Layer, rng: np.random.Generator, west: float, south: float, east: float, north: float
) -> gpd.GeoDataFrame:
    """Four edges that wander and meet in their end points."""
    corners = [np.array(c) for c in ((west, north), (east, north), (east, south), (west, south))]
    rows = []
    for number, side in enumerate(("north", "east", "south", "west")):
        line = wandering(rng, corners[number], corners[(number + 1) % 4], 20)
        rows.append({"side": side, "name": side, "accuracy_m": 5.0, "geometry": LineString(line)})
    return layer_rows(layer, rows)


# ---------------------------------------------------------------- without a disk


@dataclass(frozen=True)
class MemoryStore:
    """One round held in memory, for tests that make many of them."""

    frames: Frames

    def rounds(self) -> tuple[str, ...]:
        """The one round."""
        return (ROUND,)

    def tables(self, round_: str) -> tuple[str, ...]:
        """The names of the frames."""
        return tuple(self.frames)

    def read(self, round_: str, table: str) -> gpd.GeoDataFrame | pd.DataFrame:
        """A copy, so that no test can change another's rows."""
        frame = self.frames[table].copy()
        frame.index = pd.RangeIndex(1, len(frame) + 1, name="fid")
        return frame

    def sizes(self, round_: str) -> dict[str, int]:
        """How many rows each frame has."""
        return {name: len(frame) for name, frame in self.frames.items()}

    def scan(self, round_: str, table: str) -> None:
        """All of it is in memory."""
        return

    def write(self, round_: str, tables: Frames, imports: Sequence[object] = ()) -> None:
        """Never: what is made stays as it is."""
        raise NotImplementedError

    def digest(self, round_: str) -> str:
        """The rows are the only thing there is to tell rounds apart by."""
        return hashlib.sha256(repr(self.frames).encode()).hexdigest()

    def imports(self, round_: str) -> tuple[Any, ...]:
        """Nothing was imported."""
        return ()

    def publication(self, round_: str) -> None:
        """It is a draft."""
        return


def survey_of(frames: Frames, catalog: Catalog, **scope: Any) -> Survey:
    """A round in memory, of a district that lies nowhere on disk."""
    spec = DistrictSpec(
        name=Title(zh="方格区", en="Squares"),
        code="990001",
        metric_crs=CRS,
        scope=ScopeRule(**scope),
    )
    return Survey(District(Path(), spec, catalog), ROUND, MemoryStore(frames))
