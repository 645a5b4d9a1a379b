"""How the data is made: numpy and a seed; see `data` for what of it there is and where it lies."""

# ruff: noqa: PLC0415  (a run that only reads must not load what makes)
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import (
    ATTRIBUTES,
    BLOCK,
    CRS,
    NODATA,
    PIXEL_M,
    ROWS_IN_GROUP,
    SEED,
    SOUTH_M,
    WEST_M,
    Size,
)

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]


def _chance(*about: int) -> np.random.Generator:
    import numpy as np

    return np.random.default_rng([SEED, *about])


# -- units and the area -------------------------------------------------------------------------------------


def units(grid: tuple[int, int], side_m: float) -> Geometries:
    """A partition of the square into polygons, neighbours sharing each vertex of a wiggly border."""
    import numpy as np
    import shapely

    rows, columns = grid
    chance = _chance(rows, columns)
    step = np.array([side_m / columns, side_m / rows])
    node = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1)), axis=-1) * step
    inner = chance.uniform(-0.22, 0.22, node.shape) * step
    inner[:, [0, -1], 0] = 0
    inner[[0, -1], :, 1] = 0
    node = node + inner
    places = int(np.clip(step.mean() / 60, 4, 40))
    east = _wiggled(node[:, :-1], node[:, 1:], places, chance)
    north = _wiggled(node[:-1], node[1:], places, chance)
    # The outer border is straight, so that the units are the square.
    for edges, borders in ((east, (0, -1)), (north, (0, -1))):
        for at in borders:
            line = edges[at] if edges is east else edges[:, at]
            ends = line[:, [0]], line[:, [-1]]
            along = np.linspace(0, 1, places + 1)[None, :, None]
            line[:] = ends[0] + (ends[1] - ends[0]) * along
    rings = np.concatenate(
        [
            east[:-1, :, :-1],
            north[:, 1:, :-1],
            east[1:, :, :0:-1],
            north[:, :-1, :0:-1],
            east[:-1, :, :1],
        ],
        axis=2,
    ).reshape(rows * columns, -1, 2)
    polygons = np.asarray(shapely.polygons(np.round(rings + np.array([WEST_M, SOUTH_M]), 2)))
    if not shapely.is_valid(polygons).all() or not shapely.coverage_is_valid(polygons):
        raise RuntimeError("the units made are no partition")
    return polygons


def _wiggled(start: Floats, end: Floats, places: int, chance: np.random.Generator) -> Floats:
    """Lines from start to end that swing to both sides, less towards the ends."""
    import numpy as np

    along = np.linspace(0, 1, places + 1)
    waves = np.arange(1, max(2, places // 2))
    heights = chance.normal(0, 1, (*start.shape[:-1], len(waves))) / waves
    shapes = np.sin(np.pi * waves[:, None] * along)
    swing = np.clip((heights @ shapes) * np.sin(np.pi * along), -1, 1)
    towards = end - start
    aside = np.stack([-towards[..., 1], towards[..., 0]], axis=-1)
    straight = start[..., None, :] + towards[..., None, :] * along[:, None]
    return np.asarray(straight + aside[..., None, :] * (0.06 * swing)[..., None])


def write_units(path: Path, size: Size) -> None:
    """The units with a code, in whose order they own, and their number in that order."""
    import geopandas as gpd
    import numpy as np

    polygons = units(size.grid, size.side_m)
    number = np.arange(len(polygons))
    names = [f"U{n:06d}" for n in number]
    frame = gpd.GeoDataFrame(
        {"code": names, "name": names, "unit": number}, geometry=polygons, crs=CRS
    )
    frame.to_parquet(path, row_group_size=5_000, write_covering_bbox=True, schema_version="1.1.0")


def write_area(path: Path, size: Size) -> None:
    """One polygon of 21,000 vertices, as four long edges enclose it: without holes."""
    import geopandas as gpd
    import numpy as np
    import shapely

    chance = _chance(3, size.units)
    count = 21_000 if size.units > 100 else 200
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    waves = np.arange(1, count // 50)
    heights = chance.normal(0, 0.1, len(waves)) / waves**1.1
    shift = chance.uniform(0, 2 * np.pi, len(waves))
    radius = np.ones(count)
    for wave, height, begin in zip(waves, heights, shift, strict=True):
        radius += height * np.cos(wave * angle + begin)
    radius = np.clip(radius, 0.3, 1.5) * 0.32 * size.side_m
    middle = np.array([WEST_M, SOUTH_M]) + size.side_m / 2
    ring = middle + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    area = shapely.polygons(ring)
    if not area.is_valid or area.geom_type != "Polygon":
        raise RuntimeError("the area made is no polygon")
    gpd.GeoDataFrame({"area": [1]}, geometry=[area], crs=CRS).to_parquet(path)


# -- streets and lamps --------------------------------------------------------------------------------------


def _blocks(size: Size) -> Iterator[tuple[int, int, Floats, float]]:
    """Number, streets, south-west corner and side of the blocks the square is made in, row by row and back."""
    import numpy as np

    across = int(np.ceil(np.sqrt(size.streets / BLOCK)))
    counts = np.diff(np.linspace(0, size.streets, across**2 + 1).astype(int))
    side = size.side_m / across
    for number, count in enumerate(counts.tolist()):
        row, column = divmod(number, across)
        if row % 2:
            column = across - 1 - column
        yield number, count, np.array([WEST_M + column * side, SOUTH_M + row * side]), side


def _streets(size: Size) -> Iterator[tuple[Geometries, np.random.Generator]]:
    """The streets of each block in the order of a space-filling curve, and the chance to go on with."""
    import geopandas as gpd
    import numpy as np
    import shapely

    for number, count, corner, side in _blocks(size):
        chance = _chance(1, size.streets, number)
        vertices = chance.integers(2, 11, count)
        length = chance.uniform(50, 500, count)
        start = chance.uniform(0, side, (count, 2))
        towns = chance.uniform(0.05 * side, 0.95 * side, (max(5, count // 3_000), 2))
        near = towns[chance.integers(0, len(towns), count)]
        clustered = chance.random(count) < 0.5
        spread = min(2_500.0, size.side_m * 0.08)
        start[clustered] = (near + chance.normal(0, spread, (count, 2)))[clustered]
        start = np.clip(start, 0, side)

        first = np.concatenate([[0], np.cumsum(vertices)[:-1]])
        which = np.repeat(np.arange(count), vertices)
        turn = chance.normal(0, 0.22, len(which))
        turn[first] = chance.uniform(0, 2 * np.pi, count)
        heading = np.cumsum(turn)
        heading -= (heading[first] - turn[first])[which]
        step = chance.uniform(0.5, 1.5, len(which))
        step[first] = 0
        step *= (length / np.add.reduceat(step, first))[which]
        xy = np.cumsum(step[:, None] * np.stack([np.cos(heading), np.sin(heading)], 1), axis=0)
        xy += (start - xy[first])[which]
        lines = shapely.linestrings(np.round(xy + corner, 2), indices=which)
        order = gpd.GeoSeries(lines).hilbert_distance().argsort(kind="stable").to_numpy()
        yield np.asarray(lines)[order], chance


def write_streets(path: Path, size: Size) -> None:
    """Streets with three three-valued attributes: 58 in a hundred yes, 10 unknown."""
    import numpy as np
    import pyarrow as pa

    def tables() -> Iterator[tuple[Geometries, dict[str, pa.Array]]]:
        begun = 0
        for lines, chance in _streets(size):
            columns = {"id": pa.array(np.arange(begun, begun + len(lines)))}
            for name in ATTRIBUTES:
                drawn = chance.random(len(lines))
                columns[name] = pa.array(drawn < 0.58, mask=drawn > 0.9)
            begun += len(lines)
            yield lines, columns

    _write_parquet(path, tables(), "LineString")


def write_lamps(path: Path, size: Size) -> None:
    """Three lamps a street: most along streets that have them, a few elsewhere."""
    import numpy as np
    import pyarrow as pa
    import shapely

    def tables() -> Iterator[tuple[Geometries, dict[str, pa.Array]]]:
        begun = 0
        for lines, chance in _streets(size):
            wanted = 3 * len(lines)
            order = chance.permutation(len(lines))
            spacing = chance.uniform(30, 50, len(lines))
            fitting = (shapely.length(lines) / spacing).astype(int) + 1
            lit = order[: np.searchsorted(np.cumsum(fitting[order]), int(wanted * 0.95)) + 1]
            along = np.repeat(lit, fitting[lit])
            begin = np.repeat(np.cumsum(fitting[lit]) - fitting[lit], fitting[lit])
            at = (np.arange(len(along)) - begin) * spacing[along] + chance.uniform(0, 5, len(along))
            xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[along], at))
            angle = chance.uniform(0, 2 * np.pi, len(xy))
            aside = chance.uniform(1, 9, len(xy))[:, None]
            xy = xy + aside * np.stack([np.cos(angle), np.sin(angle)], 1)
            west, south, east, north = shapely.total_bounds(lines)
            others = max(0, wanted - len(xy))
            strewn = chance.uniform((west, south), (east, north), (others, 2))
            xy = np.concatenate([xy, strewn])[:wanted]
            points = np.asarray(shapely.points(np.round(xy, 2)))
            yield points, {"id": pa.array(np.arange(begun, begun + len(points)))}
            begun += len(points)

    _write_parquet(path, tables(), "Point")


def _write_parquet(
    path: Path, tables: Iterator[tuple[Geometries, dict[str, pa.Array]]], kind: str
) -> None:
    """GeoParquet 1.1 block by block, with the bounds of each row."""
    import pyarrow as pa
    import pyproj
    import shapely
    from pyarrow import parquet

    covering = {"bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}}
    column = {
        "encoding": "WKB",
        "crs": json.loads(pyproj.CRS(CRS).to_json()),
        "geometry_types": [kind],
        "covering": covering,
    }
    said = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    writer = None
    for shapes, columns in tables:
        bounds = shapely.bounds(shapes).T
        sides = [pa.array(values) for values in bounds]
        table = pa.table(
            columns
            | {
                "geometry": pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary()),
                "bbox": pa.StructArray.from_arrays(sides, ["xmin", "ymin", "xmax", "ymax"]),
            }
        ).replace_schema_metadata({"geo": json.dumps(said)})
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=ROWS_IN_GROUP)
    if writer:
        writer.close()


def write_geopackage(path: Path, size: Size) -> None:
    """The same layers in one GeoPackage, as GDAL writes it."""
    import geopandas as gpd

    for name in ("villages", "back_streets", "lamps"):
        frame = gpd.read_parquet(size.table(name)).drop(columns="bbox", errors="ignore")
        frame.to_file(path, driver="GPKG", layer=name, engine="pyogrio", use_arrow=True)


# -- the raster ---------------------------------------------------------------------------------------------


def write_raster(path: Path, side: int) -> None:
    """Hills of green with noise and holes of cloud; 16-bit, tiled, deflated, as such rasters come."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin
    from rasterio.windows import Window

    chance = _chance(2, side)
    coarse = chance.normal(0, 1, (side // 400 + 3, side // 400 + 3)).astype(np.float32)
    band = 512
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="int16", nodata=NODATA,
        crs=CRS, transform=from_origin(WEST_M, SOUTH_M + side * PIXEL_M, PIXEL_M, PIXEL_M),
        tiled=True, blockxsize=band, blockysize=band, compress="deflate", predictor=2, zlevel=1,
        bigtiff="if_safer",
    ) as target:  # fmt: skip
        column = np.arange(side) / 400
        left, right = column.astype(int), (column % 1).astype(np.float32)
        for top in range(0, side, band):
            row = np.arange(top, min(top + band, side)) / 400
            upper, lower = row.astype(int), (row % 1).astype(np.float32)[:, None]
            near = coarse[upper][:, left] * (1 - right) + coarse[upper][:, left + 1] * right
            far = coarse[upper + 1][:, left] * (1 - right) + coarse[upper + 1][:, left + 1] * right
            hills = 0.35 + 0.12 * (near * (1 - lower) + far * lower)
            noise = chance.normal(0, 0.05, hills.shape).astype(np.float32)
            values = np.clip((hills + noise) * 10_000, -2_000, 9_500).astype(np.int16)
            for _ in range(max(1, side // 2_000)):
                y, x = chance.integers(0, len(row)), chance.integers(0, side)
                wide = chance.integers(5, 90)
                values[max(0, y - wide) : y + wide, max(0, x - wide) : x + wide] = NODATA
            target.write(values, 1, window=Window(0, top, side, len(row)))
