"""The figures recounted in DuckDB spatial: `recount.sql`, and which rows each indicator speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import duckdb_extension_spatial
import numpy as np
import pandas as pd

Figures = dict[tuple[str, str, str | None, str], tuple[float, float, float]]
"""(indicator, level, unit code, scope) → covered, not covered, unknown."""


@dataclass(frozen=True)
class Question:
    """An indicator in SQL: its layer, whether it counts or measures, and two three-valued conditions."""

    layer: str
    how: str
    covered: str
    where: str = "true"


SIX = " AND ".join(f"six_no_{number}" for number in range(1, 7))
CATEGORIES = (
    "urban_village_fringe",
    "back_street",
    "housing_area",
    "produce_market",
    "small_trade",
    "building_site",
    "small_water",
)
QUESTIONS = {
    "cleaning.back_streets": Question("back_streets", "pieces", "cleaned"),
    "cleaning.six_no": Question("back_streets", "counted", SIX),
    "hardening.fringe_roads": Question(
        "back_streets", "pieces", "hardened", "zone IN ('urban_village', 'fringe')"
    ),
    "hardening.back_streets": Question("back_streets", "pieces", "hardened"),
    "lighting.back_streets": Question("back_streets", "pieces", "lit"),
    "facades.renewed": Question("facades", "pieces", "renewed"),
    "lighting.facades": Question("facades", "pieces", "lit"),
    "lighting.scenic_works": Question("scenic_works", "pieces", "lit"),
    "lighting.lamps_working": Question("lamps", "counted", "working"),
    "greening.housing_areas": Question(
        "housing_areas",
        "counted",
        "green_m2 / ST_Area(geom) >= CASE kind WHEN 'new' THEN 0.30 WHEN 'renewed' THEN 0.25 END",
        "kind IN ('new', 'renewed')",
    ),
    "certification.villages": Question("villages", "counted", "certified", "kind = 'village'"),
    "certification.communities": Question("villages", "counted", "certified", "kind = 'community'"),
    "certification.work_units": Question("work_units", "counted", "certified"),
    "weak_spots.closed": Question("weak_spots", "counted", "status = 'closed'"),
    **{
        f"weak_spots.closed.{category}": Question(
            "weak_spots", "counted", "status = 'closed'", f"category = '{category}'"
        )
        for category in CATEGORIES
    },
}


def connect(round_file: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory with the spatial extension from its installed package, and the round's tables."""
    package = Path(duckdb_extension_spatial.__file__).parent
    extension = next(package.glob("extensions/*/spatial.duckdb_extension"))
    database = duckdb.connect(config={"threads": "2"})
    database.execute(f"LOAD '{extension}'")
    layers = database.execute(
        "SELECT unnest(layers).name FROM ST_Read_Meta(?)", [str(round_file)]
    ).fetchall()
    for (layer,) in layers:
        database.execute(
            f"CREATE TABLE {layer} AS SELECT * EXCLUDE geom, ST_Force2D(geom) AS geom "
            f"FROM ST_Read('{round_file}', layer='{layer}')"
        )
    database.execute(Path(__file__).with_name("recount.sql").read_text(encoding="utf-8"))
    return database


def recount(database: duckdb.DuckDBPyConnection) -> Figures:
    """All figures of all indicators whose layer the round has."""
    tables = {name for (name,) in database.execute("SHOW TABLES").fetchall()}
    figures: Figures = {}
    for layer in sorted({question.layer for question in QUESTIONS.values()} & tables):
        database.execute(f"""
            CREATE TABLE {layer}_owned AS FROM owned('{layer}');
            CREATE TABLE {layer}_pieces AS FROM pieces('{layer}_owned');
            CREATE TABLE {layer}_counted AS FROM counted('{layer}', '{layer}_owned')""")
    for indicator, question in QUESTIONS.items():
        if question.layer not in tables:
            continue
        database.execute(f"""
            CREATE OR REPLACE TABLE stated AS
            SELECT p.scope, p.code, p.extent, CASE
                WHEN ({question.where}) IS NULL OR ({question.covered}) IS NULL THEN 'unknown'
                WHEN {question.covered} THEN 'covered' ELSE 'not_covered' END AS state
            FROM {question.layer}_{question.how} p
            JOIN {question.layer} f USING (fid)
            WHERE ({question.where}) IS NOT false""")
        gather(database, indicator, figures)
    if "lamps" in tables:
        recount_reach(database)
        gather(database, "lighting.lamp_reach", figures)
    return figures


def recount_reach(database: duckdb.DuckDBPyConnection) -> None:
    """What lamps light for certain, what they may light, and what they do not, as the table `stated`."""
    database.execute("""
        CREATE TABLE possible AS FROM lit_intervals('back_streets_pieces', 'lamps');
        CREATE TABLE certain AS FROM possible WHERE certain;
        CREATE OR REPLACE TABLE stated AS
        WITH total AS (SELECT scope, code, sum(extent) AS length FROM back_streets_pieces GROUP BY ALL),
        sure AS (FROM union_length('certain')), may AS (FROM union_length('possible'))
        SELECT t.scope, t.code,
            unnest(['covered', 'unknown', 'not_covered']) AS state,
            unnest([coalesce(sure.length, 0), coalesce(may.length, 0) - coalesce(sure.length, 0),
                    t.length - coalesce(may.length, 0)]) AS extent
        FROM total t
        LEFT JOIN sure ON sure.scope = t.scope AND sure.code IS NOT DISTINCT FROM t.code
        LEFT JOIN may ON may.scope = t.scope AND may.code IS NOT DISTINCT FROM t.code""")


def gather(database: duckdb.DuckDBPyConnection, indicator: str, figures: Figures) -> None:
    """Put the figures of the table `stated` under the indicator's name."""
    rows = database.execute("FROM by_unit('stated')").fetchall()
    for level, scope, code, covered, not_covered, unknown in rows:
        figures[indicator, level, code, scope] = (covered, not_covered, unknown)


def recount_pixels(
    database: duckdb.DuckDBPyConnection, raster_file: Path, at_least: float, figures: Figures
) -> None:
    """The share of pixels; `raster_file` is north-up in the CRS of the round, without value where NaN."""
    import rasterio

    with rasterio.open(raster_file) as raster:
        values, transform = raster.read(1, masked=True).filled(float("nan")), raster.transform
    rows, columns = values.shape
    database.execute("CREATE TABLE grid (y INT, x INT, value DOUBLE)")
    listed = pd.DataFrame(  # noqa: F841 (DuckDB reads it by its name)
        {
            "y": np.repeat(np.arange(rows), columns),
            "x": np.tile(np.arange(columns), rows),
            "value": values.ravel().astype(float),
        }
    )
    database.execute("INSERT INTO grid FROM listed")
    database.execute(
        """
        CREATE TABLE pixels AS
        SELECT CASE WHEN value >= $at_least THEN 'covered' ELSE 'not_covered' END AS state,
            ST_SetCRS(ST_MakeEnvelope(
                $west + x * $width, $north - (y + 1) * $width,
                $west + (x + 1) * $width, $north - y * $width), 'epsg:4549') AS geom
        FROM grid WHERE NOT isnan(value);
        """,
        {
            "at_least": at_least,
            "west": transform.c,
            "north": transform.f,
            "width": transform.a,
        },
    )
    database.execute("CREATE OR REPLACE TABLE stated AS FROM pixel_parts('pixels')")
    gather(database, "greening.ndvi_cover", figures)


def recount_towns(database: duckdb.DuckDBPyConnection, figures: Figures) -> None:
    """Certified towns: counted in their own level, in the district, and in no village."""
    rows = database.execute("""
        SELECT t.code, t.certified,
            ST_Area(ST_Intersection(t.geom, a.geom)) >= 0.5 * ST_Area(t.geom) AS inside
        FROM towns t, area a""").fetchall()
    for scope in ("all", "inside"):
        sums = [0, 0, 0]
        for code, certified, inside in rows:
            state = [certified is True, certified is False, certified is None]
            if scope == "all" or inside:
                figures["certification.towns", "town", code, scope] = tuple(map(int, state))
                sums = [total + one for total, one in zip(sums, state, strict=True)]
        for level in ("village", "district"):
            figures["certification.towns", level, None, scope] = tuple(sums)
