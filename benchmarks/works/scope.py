"""The share of each village that lies in an area with a long border."""

# ruff: noqa: PLC0415  (each contender loads what it needs and no more, since its memory is measured)
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import CRS, area_file, make_scope, villages_file
from benchmarks.works import postgis
from benchmarks.works.common import (
    Contender,
    Floats,
    Work,
    by_number,
    in_duckdb,
    in_sedona,
    in_threads,
    merely_read,
    read,
    slices,
)

FEWEST_VERTICES = 256


def _files(villages: int) -> tuple[Path, Path]:
    return villages_file(villages), area_file(villages)


def ours(villages: int) -> Floats:
    """The whole decision for each village: share, margin, nearest side; edges that are known exactly."""
    from threading import local

    from pyarrow.parquet import ParquetFile

    from geo.bearings import Surveyor
    from geo.scope import decide_by

    villages_path, area_path = _files(villages)
    area, rule = _area(area_path)
    metadata = ParquetFile(villages_path).metadata
    own = local()

    def outlines(group: int) -> Any:
        if not hasattr(own, "file"):  # a file of its own for each thread
            own.file = ParquetFile(villages_path, metadata=metadata)
        return own.file.read_row_group(group, ["geometry"], use_threads=False)[0]

    surveyor = Surveyor(area, of_points=False)
    bearings = surveyor.bearings_of_batches(outlines, metadata.num_row_groups)
    return decide_by(bearings, area, rule)[["share"]].to_numpy(float)


def ours_on_frames(villages: int) -> Floats:
    """The same for villages that geopandas has read."""
    from geo.scope import decide

    frame, _ = read(*_files(villages))
    named = frame.rename(columns={"code": "unit_code", "name": "unit_name"})
    return decide(named, *_area(_files(villages)[1]))[["share"]].to_numpy(float)


def _area(file: Path) -> tuple[Any, Any]:
    import shapely
    from pyarrow.parquet import ParquetFile

    from geo.edges import Area, EdgePart
    from geo.model import ScopeRule

    (wkb,) = ParquetFile(file).read(["geometry"])[0].to_pylist()
    polygon = shapely.from_wkb(wkb)
    border = EdgePart(("north",), shapely.LineString(polygon.exterior.coords), 0.0)
    return Area(polygon, CRS, (border,), ()), ScopeRule()


def tuned_shapely(villages: int) -> Floats:
    """The area cut into pieces of few vertices, villages at its border held against those; two threads."""
    import shapely

    frame, area = read(*_files(villages))
    polygons, whole = frame.geometry.to_numpy(), area.geometry.iloc[0]
    copies = [shapely.from_wkb(shapely.to_wkb(whole)) for _ in range(2)]
    for copy in copies:
        shapely.prepare(copy)
    half = len(polygons) // 2
    halves = [(slice(0, half), copies[0]), (slice(half, len(polygons)), copies[1])]

    def sides(half: tuple[slice, Any]) -> tuple[Any, Any]:
        # A prepared geometry of its own for each thread: shared, it brings the process down.
        part, mine = half
        inside = shapely.covers(mine, polygons[part])
        return inside, ~inside & shapely.intersects(mine, polygons[part])

    inside, cut = (np.concatenate(one) for one in zip(*in_threads(sides, halves), strict=True))
    pieces = np.array(_pieces(whole), dtype=object)
    tree = shapely.STRtree(pieces)
    at_border = np.flatnonzero(cut)
    tree.query(whole.centroid)

    def areas(part: slice) -> Floats:
        mine = polygons[at_border[part]]
        village, piece = tree.query(mine)
        within = shapely.area(shapely.intersection(mine[village], pieces[piece]))
        return np.bincount(village, within, len(mine))

    share = inside.astype(float)
    if len(at_border):
        within = np.concatenate(in_threads(areas, slices(len(at_border), 8)))
        share[at_border] = within / shapely.area(polygons[at_border])
    return share[:, None]


def _pieces(polygon: Any) -> list[Any]:
    import shapely

    found, left = [], [polygon]
    while left:
        one = left.pop()
        if one.is_empty or one.area == 0:
            continue
        if shapely.get_num_coordinates(one) <= FEWEST_VERTICES:
            found.append(one)
            continue
        west, south, east, north = one.bounds
        if east - west > north - south:
            middle = (west + east) / 2
            boxes = [(west, south, middle, north), (middle, south, east, north)]
        else:
            middle = (south + north) / 2
            boxes = [(west, south, east, middle), (west, middle, east, north)]
        left += [shapely.clip_by_rect(one, *box) for box in boxes]
    return found


def overlay(villages: int) -> Floats:
    """One call of geopandas."""
    import geopandas as gpd

    frame, area = read(*_files(villages))
    pieces = gpd.overlay(frame, area.set_crs(CRS), how="intersection")
    within = np.bincount(pieces["unit"], pieces.area, len(frame))
    return (within / frame.area.to_numpy())[:, None]


# Two joins: a database prepares the area only for what is asked in a join.
QUERY = """
WITH inside AS (SELECT v.unit FROM villages v JOIN area a ON ST_Covers(a.geometry, v.geometry))
SELECT unit, 1.0 AS share FROM inside
UNION ALL
SELECT m.unit, ST_Area(ST_Intersection(m.village, m.area)) / ST_Area(m.village) AS share
FROM (
  SELECT v.unit, v.geometry AS village, a.geometry AS area
  FROM villages v JOIN area a ON ST_Intersects(a.geometry, v.geometry)) AS m
LEFT JOIN inside ON inside.unit = m.unit
WHERE inside.unit IS NULL"""


def duckdb(villages: int) -> Floats:
    """A join in DuckDB."""
    frame, area = _files(villages)
    return by_number(in_duckdb(QUERY, {"villages": frame, "area": area}), villages)


def sedonadb(villages: int) -> Floats:
    """The same in SedonaDB."""
    frame, area = _files(villages)
    return by_number(in_sedona(QUERY, {"villages": frame, "area": area}), villages)


def in_postgis(villages: int) -> Floats:
    """The same in PostGIS, which holds the tables already."""
    return by_number(postgis.ask(QUERY), villages)


WORK = Work(
    name="scope",
    title="Scope: the share of each village in an area of 21,000 vertices",
    sizes={
        "tiny": (6,),
        "small": (2_000,),
        "aims": (100_000,),
        "full": (2_000, 10_000, 100_000),
        "huge": (),
    },
    make=make_scope,
    measures="share",
    size_words=lambda villages: f"{villages:,} villages",
    contenders=(
        Contender(
            "geopandas reads", lambda n: merely_read(*_files(n)), ("geopandas",), only_reads=True
        ),
        Contender(
            "ours: scope",
            ours,
            ("pyarrow.parquet", "geo.scope"),
            ours=True,
            compiled=True,
            note="batches of the file to kernels on every core; no declarations, no checks",
        ),
        Contender(
            "ours: scope of frames",
            ours_on_frames,
            ("geopandas", "geo.scope"),
            ours=True,
            compiled=True,
            note="villages read by geopandas; what `atlas scope` computes",
        ),
        Contender("tuned shapely", tuned_shapely, ("geopandas",), note="two threads"),
        Contender("SedonaDB", sedonadb, ("sedonadb", "geoarrow.pyarrow")),
        Contender("DuckDB", duckdb, ("duckdb", "duckdb_extension_spatial"), largest=10_000),
        Contender(
            postgis.NAME,
            in_postgis,
            ("pyarrow.parquet",),
            prepared=lambda n: postgis.serving(
                dict(zip(("villages", "area"), _files(n), strict=True))
            ),
            absent=postgis.missing,
            note=postgis.NOTE,
        ),
        Contender("geopandas.overlay", overlay, ("geopandas",), largest=10_000),
    ),
)
