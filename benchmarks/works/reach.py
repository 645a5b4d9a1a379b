"""Metres of each street within 25 m of a lamp."""

# ruff: noqa: PLC0415  (each contender loads what it needs and no more, since its memory is measured)
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import REACH_M, SIZES, make
from benchmarks.works.common import (
    THREADS,
    Contender,
    Floats,
    Work,
    by_number,
    in_duckdb,
    in_sedona,
    in_threads,
    merely_read,
    merely_read_arrow,
    read,
    slices,
)


def _files(streets: int) -> tuple[Path, Path]:
    size = SIZES[streets]
    return size.table("back_streets"), size.table("lamps")


# -- ours ---------------------------------------------------------------------------------------------------


def fast(streets: int) -> Floats:
    """The kernel alone. Lamps are held, row groups of streets are read and measured side by side."""
    from pyarrow.parquet import ParquetFile

    from geo.engine import FastEngine
    from geo.engine.lines import Lines, Points

    lines_file, lamps_file = _files(streets)

    def read_lamps(part: slice) -> list[Floats]:
        file = ParquetFile(lamps_file)
        groups = range(part.start, part.stop)
        return [
            Points.from_wkb(file.read_row_group(group, ["geometry"])["geometry"]).xy
            for group in groups
        ]

    groups = ParquetFile(lamps_file).metadata.num_row_groups
    read_ones = in_threads(read_lamps, slices(groups, THREADS))
    lamps = Points(np.concatenate([xy for some in read_ones for xy in some]))
    far = np.full(len(lamps), REACH_M)
    nothing = np.array([], object)
    engine = FastEngine()
    engine.reach(
        nothing, nothing, None, lamps, far, far
    )  # sorted, before several threads ask for it

    def measure(part: slice) -> list[Floats]:
        file = ParquetFile(lines_file)
        found = []
        for group in range(part.start, part.stop):
            lines = Lines.from_wkb(file.read_row_group(group, ["geometry"])["geometry"])
            pieces = engine.reach(lines, nothing, None, lamps, far, far)
            found.append(np.bincount(pieces.row, pieces.certain, len(lines)))
        return found

    groups = ParquetFile(lines_file).metadata.num_row_groups
    metres = in_threads(measure, slices(groups, THREADS))
    return np.concatenate([one for some in metres for one in some])[:, None]


def reference(streets: int) -> Floats:
    """The engine that is the definition."""
    from geo.engine import ReferenceEngine

    lines, lamps = (frame.geometry.to_numpy() for frame in read(*_files(streets)))
    return _reach(ReferenceEngine(), lines, lamps)


def _reach(engine: Any, lines: Any, lamps: Any) -> Floats:
    far = np.full(len(lamps), REACH_M)
    pieces = engine.reach(lines, np.array([], object), None, lamps, far, far)
    return np.bincount(pieces.row, pieces.certain, len(lines))[:, None]


def coverage(streets: int, folder: str = "") -> Floats:
    """Through the front door, which cuts by units as well: the metres of all."""
    from geo.coverage import coverage_of
    from geo.survey import open_survey

    survey = open_survey(SIZES[streets].folder / folder)
    rows = coverage_of(survey, ["lighting.lamp_reach"])
    whole = rows[(rows["level"] == "district") & (rows["scope"] == "all")]
    return whole[["covered"]].to_numpy(float)


# -- peers --------------------------------------------------------------------------------------------------


def intervals(streets: int) -> Floats:
    """Exact: pairs by an index of shapely's, then the union of intervals along each segment with numpy."""
    import shapely

    lines, lamps = (frame.geometry.to_numpy() for frame in read(*_files(streets)))
    xy, line = shapely.get_coordinates(lines, return_index=True)
    joined = line[1:] == line[:-1]
    start, end, line = xy[:-1][joined], xy[1:][joined], line[:-1][joined]
    centre = shapely.get_coordinates(lamps)
    tree = shapely.STRtree(lamps)
    tree.query(shapely.box(0, 0, 1, 1))

    def part_of(part: slice) -> tuple[Any, ...]:
        low, high = np.minimum(start[part], end[part]), np.maximum(start[part], end[part])
        boxes = shapely.box(*(low - REACH_M).T, *(high + REACH_M).T)
        segment, lamp = tree.query(boxes)
        segment = segment + part.start
        along, offset = end[segment] - start[segment], start[segment] - centre[lamp]
        a, b = (along * along).sum(axis=1), (offset * along).sum(axis=1)
        root = b * b - a * ((offset * offset).sum(axis=1) - REACH_M**2)
        meets = root > 0
        segment, a, b, root = segment[meets], a[meets], b[meets], np.sqrt(root[meets])
        return segment, np.clip((-b - root) / a, 0, 1), np.clip((-b + root) / a, 0, 1)

    parts = in_threads(part_of, slices(len(line), 2 * (1 + len(line) // 200_000)))
    segment, first, last = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((first, segment))
    segment, first, last = segment[order], first[order], last[order]
    # The furthest end so far on the same segment: segments are set apart, so that one pass does all.
    reached = np.maximum.accumulate(last + 2.0 * segment)
    before = np.concatenate([[-1.0], reached[:-1]]) - 2.0 * segment
    covered = np.maximum(0, last - np.maximum(first, np.maximum(before, 0)))
    metres = covered * np.hypot(*(end - start)[segment].T)
    return np.bincount(line[segment], metres, len(lines))[:, None]


def buffers(streets: int) -> Floats:
    """As it is mostly done: circles of 64 corners united street by street; not exact."""
    import shapely

    lines, lamps = (frame.geometry.to_numpy() for frame in read(*_files(streets)))
    tree = shapely.STRtree(lamps)
    tree.query(lines[0])
    metres = np.zeros(len(lines))

    def part_of(part: slice) -> None:
        line, lamp = tree.query(lines[part], predicate="dwithin", distance=REACH_M)
        circles = shapely.buffer(lamps[lamp], REACH_M, quad_segs=16)
        which, first = np.unique(line, return_index=True)
        ends = np.append(first[1:], len(line))
        areas = [
            shapely.union_all(circles[low:high]) for low, high in zip(first, ends, strict=True)
        ]
        chosen = part.start + which
        metres[chosen] = shapely.length(shapely.intersection(lines[chosen], areas))

    in_threads(part_of, slices(len(lines), max(8, len(lines) // 5_000)))
    return metres[:, None]


_PIECES = """
SELECT id, t1, metres, t0, coalesce(max(t1) OVER (
    PARTITION BY id, x1, y1, x2, y2 ORDER BY t0, t1
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM (
  SELECT id, x1, y1, x2, y2, sqrt(a) AS metres,
    greatest(0, (-b - sqrt(b * b - a * c)) / a) AS t0, least(1, (-b + sqrt(b * b - a * c)) / a) AS t1
  FROM (
    SELECT s.id, s.x1, s.y1, s.x2, s.y2,
      (s.x2 - s.x1) * (s.x2 - s.x1) + (s.y2 - s.y1) * (s.y2 - s.y1) AS a,
      (s.x1 - l.x) * (s.x2 - s.x1) + (s.y1 - l.y) * (s.y2 - s.y1) AS b,
      (s.x1 - l.x) * (s.x1 - l.x) + (s.y1 - l.y) * (s.y1 - l.y) - {square} AS c
    FROM segments s JOIN lamps l ON ST_DWithin(s.geometry, l.geometry, {reach})) AS near
  WHERE a > 0 AND b * b - a * c > 0) AS cut
WHERE t1 > t0"""
QUERY = f"""
SELECT id, sum(CASE WHEN t1 > greatest(t0, before) THEN (t1 - greatest(t0, before)) * metres ELSE 0 END)
FROM ({_PIECES.format(square=REACH_M**2, reach=REACH_M)}) AS pieces GROUP BY id"""


def segments_for_sql(streets: int) -> dict[str, Path]:
    """Streets taken apart into segments, and lamps with coordinates: made beforehand, for the databases' sake."""
    import geopandas as gpd
    import shapely

    folder = SIZES[streets].folder
    segments, lamps = folder / "segments.parquet", folder / "lamps_xy.parquet"
    if not lamps.exists():
        frame, points = read(*_files(streets))
        xy, line = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
        joined = line[1:] == line[:-1]
        start, end = xy[:-1][joined], xy[1:][joined]
        gpd.GeoDataFrame(
            {
                "id": frame["id"].to_numpy()[line[:-1][joined]],
                "x1": start[:, 0], "y1": start[:, 1], "x2": end[:, 0], "y2": end[:, 1],
            },
            geometry=shapely.linestrings(np.stack([start, end], axis=1)), crs=frame.crs,
        ).to_parquet(segments, row_group_size=200_000)  # fmt: skip
        spots = shapely.get_coordinates(points.geometry.to_numpy())
        points = points[["id", "geometry"]].assign(x=spots[:, 0], y=spots[:, 1])
        points.to_parquet(lamps, row_group_size=200_000)
    return {"segments": segments, "lamps": lamps}


def duckdb(streets: int) -> Floats:
    """Intervals in SQL."""
    return by_number(in_duckdb(QUERY, segments_for_sql(streets)), streets)


def sedonadb(streets: int) -> Floats:
    """The same SQL."""
    return by_number(in_sedona(QUERY, segments_for_sql(streets)), streets)


def _make(streets: int) -> None:
    make(SIZES[streets])
    if streets <= 1_000_000:
        segments_for_sql(streets)


_BEFOREHAND = "streets split into segments beforehand, not counted"
WORK = Work(
    name="reach",
    title="Lamps' reach: metres of each street within 25 m of a lamp",
    sizes={
        "tiny": (60,),
        "small": (657, 100_000),
        "aims": (1_000_000,),
        "full": (657, 100_000, 1_000_000, 10_000_000),
        "huge": (10_000_000,),
    },
    make=_make,
    measures="metres",
    # A lamp that just touches a street: what rounding leaves of its distance weighs most there.
    row_slack=1e-6,
    exponent=True,
    size_words=lambda streets: f"{streets:,} streets, {3 * streets:,} lamps",
    contenders=(
        Contender(
            "geopandas reads", lambda n: merely_read(*_files(n)), ("geopandas",), only_reads=True,
            largest=1_000_000,
        ),
        Contender(
            "pyarrow reads", lambda n: merely_read_arrow(*_files(n)), ("pyarrow.parquet",),
            only_reads=True,
        ),
        Contender(
            "ours: reference", reference, ("geopandas", "geo.engine"), ours=True, largest=1_000_000
        ),
        Contender(
            "ours: fast", fast, ("pyarrow.parquet", "shapely", "geo.engine"), ours=True, compiled=True, largest=1_000_000,
            note="lamps in memory, streets row group by row group",
        ),
        Contender(
            "ours: coverage", coverage, ("geopandas", "geo.coverage"), ours=True, compiled=True, total_only=True,
            note="`atlas coverage` itself, within 1 GiB; it cuts by units too",
        ),
        Contender(
            "ours: coverage of a GeoPackage", lambda n: coverage(n, "geopackage"),
            ("geopandas", "geo.coverage"), ours=True, compiled=True, total_only=True, largest=1_000_000,
        ),
        Contender(
            "shapely and numpy intervals", intervals, ("geopandas",), largest=1_000_000,
            note="two threads",
        ),
        Contender(
            "DuckDB, intervals in SQL", duckdb, ("duckdb", "duckdb_extension_spatial"),
            largest=1_000_000, note=_BEFOREHAND,
        ),
        Contender(
            "SedonaDB, intervals in SQL", sedonadb, ("sedonadb", "geoarrow.pyarrow"), largest=1_000_000,
            note=_BEFOREHAND,
        ),
        Contender(
            "shapely buffers", buffers, ("geopandas",), largest=1_000_000, tolerance=1e-3,
            note="two threads; not exact",
        ),
    ),
)  # fmt: skip
