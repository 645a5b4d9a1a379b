"""What a person waits for in a district of ordinary size, one step at a time: `make bench-small`.

`make test` runs each once, so that none of them rots; only `make bench-small` times them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from geo.bundled import embedded_district
from geo.check.report import check_round
from geo.coverage import coverage_of, ground_of
from geo.crs import gcj02_to_wgs84, wgs84_to_gcj02
from geo.district import open_district
from geo.engine import FastEngine, ReferenceEngine
from geo.importing import import_file
from geo.scope import scope_of
from geo.survey import Survey, open_survey
from geo.validate import conform
from geo.views.map import map_html

Timed = Callable[..., object]
POINTS = 1_000_000


@pytest.fixture
def survey() -> Survey:
    """The embedded district, no layer of it read yet."""
    return open_survey()


@pytest.fixture
def lamps_file() -> Iterator[Path]:
    """Lamps as an office sends them: a table with coordinates of Amap."""
    chance = np.random.default_rng(2007)
    lon, lat = wgs84_to_gcj02(
        chance.uniform(119.88, 119.96, 2_000), chance.uniform(32.46, 32.53, 2_000)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lamps.csv"
        lines = ["id,经度,纬度,working"]
        lines += [
            f"{n},{x:.6f},{y:.6f},{'是' if n % 3 else ''}"
            for n, (x, y) in enumerate(zip(lon, lat, strict=True))
        ]
        file.write_text("\n".join(lines), encoding="utf-8")
        yield file


def test_opening_a_district(benchmark: Timed) -> None:
    benchmark(lambda: open_district(embedded_district()))


def test_reading_and_conforming_657_streets(benchmark: Timed, survey: Survey) -> None:
    layer = survey.district.catalog.layer("back_streets")
    crs = survey.district.spec.metric_crs
    benchmark(lambda: conform(survey.store.read(survey.round, layer.name), layer, crs=crs))


def test_all_figures(benchmark: Timed) -> None:
    benchmark(lambda: coverage_of(open_survey()))


def test_the_scope(benchmark: Timed) -> None:
    benchmark(lambda: scope_of(open_survey()))


def test_the_check(benchmark: Timed) -> None:
    benchmark(lambda: check_round(open_survey()))


def test_a_map(benchmark: Timed, survey: Survey) -> None:
    coverage_of(survey)
    benchmark(lambda: map_html(survey, "hardening.back_streets"))


def test_trying_an_import_of_2_000_lamps(benchmark: Timed, lamps_file: Path) -> None:
    benchmark(
        lambda: import_file(
            embedded_district(), lamps_file, "lamps", crs="gcj02", round="2008-06-30", dry_run=True
        )
    )


@pytest.mark.parametrize("engine", [ReferenceEngine, FastEngine])
def test_cutting_657_streets_by_villages(
    benchmark: Timed, survey: Survey, engine: Callable[[], FastEngine | ReferenceEngine]
) -> None:
    ground = ground_of(survey)
    villages = ground.units.polygons
    lines = survey.frame("back_streets").geometry.to_numpy()
    cutter = engine()
    cutter.lengths(
        lines, villages, ground.area
    )  # what is kept between calls is made, and kernels are compiled
    benchmark(lambda: cutter.lengths(lines, villages, ground.area))


@pytest.mark.parametrize("way", [wgs84_to_gcj02, gcj02_to_wgs84])
def test_shifting_a_million_points(benchmark: Timed, way: Callable[..., object]) -> None:
    chance = np.random.default_rng(2007)
    lon, lat = chance.uniform(100, 120, POINTS), chance.uniform(25, 40, POINTS)
    benchmark(lambda: way(lon, lat))
