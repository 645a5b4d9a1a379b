"""Streets cut by units, and their metres summed by three three-valued attributes."""

# ruff: noqa: PLC0415  (each contender loads what it needs and no more, since its memory is measured)
from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.data import ATTRIBUTES, SIZES, make
from benchmarks.works import postgis
from benchmarks.works.common import (
    THREADS,
    Contender,
    Floats,
    Work,
    by_number,
    cluster,
    in_duckdb,
    in_sedona,
    in_threads,
    merely_read,
    merely_read_arrow,
    on_cluster,
    read,
    slices,
    states,
    states_of_table,
    summed,
)

INDICATORS = [f"cleaning.{name}" for name in ATTRIBUTES]


def _files(streets: int) -> tuple[Any, Any]:
    size = SIZES[streets]
    return size.table("back_streets"), size.table("villages")


# -- ours ---------------------------------------------------------------------------------------------------


def coverage(streets: int, engine: Any = "auto", folder: str = "") -> Floats:
    """Through the front door: what `atlas coverage` prints, for every unit."""
    from geo.coverage import coverage_of
    from geo.survey import open_survey

    size = SIZES[streets]
    survey = open_survey(size.folder / folder)
    rows = coverage_of(survey, INDICATORS, engine=engine)
    mine = rows[(rows["level"] == "village") & (rows["scope"] == "all") & rows["unit_code"].notna()]
    columns = []
    for name in INDICATORS:
        of_one = mine[mine["indicator"] == name].sort_values("unit_code")
        columns.append(of_one[["covered", "not_covered", "unknown"]].to_numpy(float))
    return np.concatenate(columns, axis=1)


def on_our_cluster(streets: int) -> Floats:
    """The same on a cluster of two processes."""
    from geo.engine import ClusterEngine

    def measure(client: Any) -> Floats:
        return coverage(streets, ClusterEngine(client.scheduler.address))

    return on_cluster(measure)


def fast(streets: int) -> Floats:
    """The kernel alone: no declarations, no findings. Row groups are read and cut side by side."""
    import shapely
    from pyarrow.parquet import ParquetFile

    from geo.engine import FastEngine
    from geo.engine.lines import Lines

    lines_file, units_file = _files(streets)
    units = shapely.from_wkb(ParquetFile(units_file).read(["geometry"])["geometry"])
    engine = FastEngine()
    engine.lengths(
        np.array([], object), units, None
    )  # the index, before several threads ask for it

    def cut(part: slice) -> Floats:
        file = ParquetFile(lines_file)
        found = np.zeros((len(units), 3 * len(ATTRIBUTES)))
        for group in range(part.start, part.stop):
            table = file.read_row_group(group, ["geometry", *ATTRIBUTES])
            pieces = engine.lengths(Lines.from_wkb(table["geometry"]), units, None)
            found += _of_pieces(pieces, len(units), states_of_table(table))
        return found

    groups = ParquetFile(lines_file).metadata.num_row_groups
    return sum(in_threads(cut, slices(groups, THREADS)), np.zeros(()))


def reference(streets: int) -> Floats:
    """The engine that is the definition, on geometry that geopandas has read."""
    from geo.engine import ReferenceEngine

    lines, units = read(*_files(streets))
    pieces = ReferenceEngine().lengths(lines.geometry.to_numpy(), units.geometry.to_numpy(), None)
    return _of_pieces(pieces, len(units), states(lines))


def _of_pieces(pieces: Any, count: int, state: Any) -> Floats:
    within = pieces.unit >= 0
    row = pieces.row[within]
    return summed(count, pieces.unit[within], pieces.measure[within], [one[row] for one in state])


# -- peers --------------------------------------------------------------------------------------------------


def overlay(streets: int) -> Floats:
    """One call of geopandas."""
    import geopandas as gpd

    lines, units = read(*_files(streets))
    pieces = gpd.overlay(lines, units, how="intersection", keep_geom_type=True)
    return summed(len(units), pieces["unit"].to_numpy(), pieces.length.to_numpy(), states(pieces))


def sjoin_clip(streets: int) -> Floats:
    """What meets by geopandas, then cut pair by pair."""
    import geopandas as gpd

    lines, units = read(*_files(streets))
    return _joined(gpd.sjoin(lines, units, predicate="intersects"), units)


def _joined(pairs: Any, units: Any) -> Floats:
    import shapely

    number = pairs["unit"].to_numpy()
    pieces = shapely.intersection(pairs.geometry.to_numpy(), units.geometry.to_numpy()[number])
    return summed(len(units), number, shapely.length(pieces), states(pairs))


def tuned_shapely(streets: int) -> Floats:
    """An index, prepared units, only what crosses a border cut; two threads, each unit in one of them."""
    import shapely

    frame, units = read(*_files(streets))
    lines, polygons = frame.geometry.to_numpy(), units.geometry.to_numpy()
    tree = shapely.STRtree(lines)
    tree.query(polygons[0])  # built here, not by two threads at once
    length = shapely.length(lines)

    def cut(part: slice) -> tuple[Any, Any, Floats]:
        mine = polygons[part]
        shapely.prepare(mine)
        unit, line = tree.query(mine)
        whole = shapely.contains_properly(mine[unit], lines[line])
        metres = np.where(whole, length[line], 0.0)
        rest = np.flatnonzero(~whole)
        rest = rest[shapely.intersects(mine[unit[rest]], lines[line[rest]])]
        metres[rest] = shapely.length(shapely.intersection(lines[line[rest]], mine[unit[rest]]))
        return unit + part.start, line, metres

    parts = in_threads(cut, slices(len(polygons), 16))
    unit, line, metres = (np.concatenate(column) for column in zip(*parts, strict=True))
    return summed(len(units), unit, metres, [one[line] for one in states(frame)])


_SUMS = ", ".join(
    f"sum(CASE WHEN {name} THEN metres ELSE 0 END) AS {name}_yes,"
    f" sum(CASE WHEN NOT {name} THEN metres ELSE 0 END) AS {name}_no,"
    f" sum(CASE WHEN {name} IS NULL THEN metres ELSE 0 END) AS {name}_unknown"
    for name in ATTRIBUTES
)
QUERY = f"""
SELECT unit, {_SUMS} FROM (
  SELECT u.unit, s.hardened, s.lit, s.cleaned,
    CASE WHEN ST_Covers(u.geometry, s.geometry) THEN ST_Length(s.geometry)
    ELSE ST_Length(ST_Intersection(s.geometry, u.geometry)) END AS metres
  FROM units u JOIN streets s ON ST_Intersects(u.geometry, s.geometry)) AS pieces
GROUP BY unit"""


def duckdb(streets: int) -> Floats:
    """A join in DuckDB."""
    lines, units = _files(streets)
    return by_number(in_duckdb(QUERY, {"streets": lines, "units": units}), SIZES[streets].units)


def sedonadb(streets: int) -> Floats:
    """The same join in SedonaDB."""
    lines, units = _files(streets)
    return by_number(in_sedona(QUERY, {"streets": lines, "units": units}), SIZES[streets].units)


def in_postgis(streets: int) -> Floats:
    """The same join in PostGIS, which holds the tables already."""
    return by_number(postgis.ask(QUERY), SIZES[streets].units)


def dask_geopandas(streets: int) -> Floats:
    """Partitions on a cluster of two processes, each joined and cut by geopandas."""
    import dask
    import dask_geopandas
    import geopandas as gpd

    lines_file, units_file = _files(streets)
    (units,) = read(units_file)
    parts = dask_geopandas.read_parquet(lines_file, split_row_groups=True).to_delayed()

    def cut(part: Any, units: Any) -> Floats:
        return _joined(gpd.sjoin(part, units, predicate="intersects"), units)

    def spread(client: Any) -> Floats:
        everywhere = client.scatter(units, broadcast=True)
        sums = dask.compute(*[dask.delayed(cut)(part, everywhere) for part in parts])
        return np.asarray(sum(sums))

    return on_cluster(spread)


WORK = Work(
    name="clip",
    title="Clip and sum: metres of streets by unit and attribute",
    sizes={
        "tiny": (60,),
        "small": (657, 100_000),
        "aims": (100_000, 1_000_000),
        "full": (657, 100_000, 1_000_000, 10_000_000),
        "huge": (10_000_000,),
    },
    make=lambda streets: make(SIZES[streets]),
    measures="metres",
    exponent=True,
    size_words=lambda streets: f"{streets:,} streets, {SIZES[streets].units:,} units",
    contenders=(
        Contender(
            "geopandas reads",
            lambda n: merely_read(*_files(n)),
            ("geopandas",),
            only_reads=True,
            largest=1_000_000,
        ),
        Contender(
            "pyarrow reads",
            lambda n: merely_read_arrow(*_files(n)),
            ("pyarrow.parquet",),
            only_reads=True,
        ),
        Contender(
            "ours: reference", reference, ("geopandas", "geo.engine"), ours=True, largest=1_000_000
        ),
        Contender(
            "ours: fast",
            fast,
            ("pyarrow.parquet", "shapely", "geo.engine"),
            ours=True,
            compiled=True,
            largest=1_000_000,
            note="row group by row group",
        ),
        Contender(
            "ours: coverage",
            coverage,
            ("geopandas", "geo.coverage"),
            ours=True,
            compiled=True,
            note="`atlas coverage` itself, within 1 GiB: declarations, checks, findings and all levels",
        ),
        Contender(
            "ours: coverage of a GeoPackage",
            lambda n: coverage(n, folder="geopackage"),
            ("geopandas", "geo.coverage"),
            ours=True,
            compiled=True,
            largest=1_000_000,
        ),
        Contender(
            "ours: coverage on a cluster",
            on_our_cluster,
            ("geopandas", "geo.coverage", "dask.distributed"),
            ours=True,
            compiled=True,
            prepared=cluster,
            note="two processes, started before the clock",
        ),
        Contender(
            "tuned shapely", tuned_shapely, ("geopandas",), largest=1_000_000, note="two threads"
        ),
        Contender("SedonaDB", sedonadb, ("sedonadb", "geoarrow.pyarrow"), largest=1_000_000),
        Contender("DuckDB", duckdb, ("duckdb", "duckdb_extension_spatial"), largest=1_000_000),
        Contender(
            postgis.NAME,
            in_postgis,
            ("pyarrow.parquet",),
            prepared=lambda n: postgis.serving(
                dict(zip(("streets", "units"), _files(n), strict=True))
            ),
            absent=postgis.missing,
            largest=1_000_000,
            note=postgis.NOTE,
        ),
        Contender("geopandas sjoin, clip", sjoin_clip, ("geopandas",), largest=1_000_000),
        Contender("geopandas.overlay", overlay, ("geopandas",), largest=1_000_000),
        Contender(
            "dask-geopandas",
            dask_geopandas,
            ("dask_geopandas", "dask.distributed"),
            largest=1_000_000,
            prepared=cluster,
            note="two processes, started before the clock",
        ),
    ),
)
