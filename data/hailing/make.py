"""Make the embedded district: two survey rounds and a vegetation index, the same bytes each time.

    python data/hailing/make.py [--out FOLDER]

True are the names and codes of villages and towns and nine town seats; the four edges are
estimates. Everything else is made by chance from a fixed seed: see SOURCES.md. The tables and
fields are those of `layers/*.toml`; the rounds hold nothing but such tables.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from making.greenery import lay_ndvi
from making.land import lay_land
from making.network import lay_network
from making.places import lay_housing
from making.state import ROUNDS
from making.streets import lay_streets
from making.tables import made, round_tables
from making.writing import write_raster, write_round

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Make everything and say what was written."""
    parser = argparse.ArgumentParser(description="Make the embedded district.")
    parser.add_argument(
        "--out", type=Path, default=HERE, help="folder to write into (default: this script's)"
    )
    out: Path = parser.parse_args().out
    for path in make(out):
        print(f"{path}  {path.stat().st_size:,} bytes")


def make(out: Path) -> list[Path]:
    """Write the rounds and the raster below `out`; returns their paths."""
    land = lay_land()
    network = lay_network(land)
    streets = lay_streets(land, network)
    housing = lay_housing(land, network, streets)
    written = []
    rounds = round_tables(land, network, streets, housing)
    for held_on, tables in zip(ROUNDS, rounds, strict=True):
        path = out / "rounds" / f"{held_on.isoformat()}.gpkg"
        write_round(path, held_on, tables)
        written.append(path)
    ndvi, transform = lay_ndvi(land, network, streets, housing)
    path = out / "rasters" / "ndvi.tif"
    write_raster(
        path, ndvi, transform, made("植被指数，程序生成", "vegetation index, made by a program")
    )
    return [*written, path]


if __name__ == "__main__":
    main()
