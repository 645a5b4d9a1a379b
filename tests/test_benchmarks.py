"""The benchmarks: the same data each time, a wrong result of anyone is caught, and all of it runs."""

from __future__ import annotations

import cProfile
import itertools
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import data, making, run, whole_path  # noqa: E402
from benchmarks.aims import aims  # noqa: E402
from benchmarks.compare import agreements, exponents, ratio  # noqa: E402
from benchmarks.measure import Run, run_once  # noqa: E402
from benchmarks.works import postgis, works  # noqa: E402
from geo.catalog import load_catalog  # noqa: E402

TINY = data.SIZES[60]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> data.Size:
    monkeypatch.setattr(data, "CACHE", tmp_path)
    data.make(TINY, raster=True)
    return TINY


def test_the_data_is_the_same_each_time(tiny: data.Size, tmp_path: Path) -> None:
    again = tmp_path / "again.parquet"
    making.write_streets(again, tiny)
    assert again.read_bytes() == tiny.table("back_streets").read_bytes()


def test_the_units_are_a_partition_and_the_lamps_three_a_street(tiny: data.Size) -> None:
    import geopandas as gpd

    units, lamps = (gpd.read_parquet(tiny.table(name)) for name in ("villages", "lamps"))
    assert len(units) == tiny.units
    assert units.union_all().area == pytest.approx(units.area.sum()) == pytest.approx(2_000**2)
    assert len(lamps) == 3 * tiny.streets


def test_contenders_agree_in_this_process(tiny: data.Size) -> None:
    for name, chosen in (
        ("clip", ("ours: reference", "ours: coverage", "tuned shapely", "geopandas.overlay")),
        ("reach", ("ours: reference", "ours: coverage", "shapely and numpy intervals")),
        ("pixels", ("ours: pixels", "exactextract")),
    ):
        work = works()[name]
        results = {one: work.contender(one).run(tiny.streets) for one in chosen}
        whose, found = agreements(work, results)
        assert whose == chosen[0]
        assert len(found) == len(chosen) - 1
        assert all(one.good for one in found.values()), found


def test_postgis_agrees_where_it_is_installed(
    tiny: data.Size, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = postgis.missing()
    if absent:
        pytest.skip(f"{absent} is not installed")
    work = works()["clip"]
    ours, theirs = (work.contender(name) for name in ("ours: reference", postgis.NAME))
    results = {ours.name: ours.run(tiny.streets)}
    with tempfile.TemporaryDirectory() as folder:
        # Its server is another user where we are root, and pytest's own folder is closed to others.
        Path(folder).chmod(0o755)
        monkeypatch.setattr(postgis, "FOLDER", Path(folder) / "postgis")
        with theirs.prepared(tiny.streets):
            results[theirs.name] = theirs.run(tiny.streets)
        assert list(Path(folder).iterdir()) == []
    assert agreements(work, results)[1][postgis.NAME].good


def test_a_wrong_result_is_caught() -> None:
    work = works()["clip"]
    right = np.arange(1.0, 19.0).reshape(2, 9)
    for change in (1e-6, float("nan")):
        wrong = right.copy()
        wrong[1, 4] *= 1 + change
        results = {"ours: reference": right, "DuckDB": wrong, "SedonaDB": right * (1 + 1e-13)}
        _, found = agreements(work, results)
        assert (found["DuckDB"].good, found["SedonaDB"].good) == (False, True)
    # As far off as is stated, and no further.
    reach = works()["reach"]
    for factor, good in ((1 + 5e-4, True), (1 + 5e-3, False)):
        both = {"ours: reference": right, "shapely buffers": right * factor}
        assert agreements(reach, both)[1]["shapely buffers"].good is good


def test_a_run_that_fails_is_said_to_have_failed(tmp_path: Path) -> None:
    # A size that no data has.
    found = run_once("clip", "geopandas reads", 61, 0, tmp_path / "result.npy", 600)
    assert found.seconds is None
    assert "KeyError" in str(found.failure)


def test_ratios_growth_and_aims() -> None:
    runs = [
        Run("clip", 1_000_000, name, turn, seconds, 0, 0, 0)
        for name, each in (
            ("geopandas reads", (2.0, 4.0)), ("ours: fast", (1.0, 1.0)), ("SedonaDB", (8.0,)),
        )
        for turn, seconds in enumerate(each)
    ]  # fmt: skip
    spread = ratio(runs, "ours: fast", "geopandas reads")
    assert spread is not None
    assert (spread.middle, spread.low, spread.high) == (0.375, 0.25, 0.5)
    kept = {one.words: one.kept for one in aims(runs) if one.kept is not None}
    assert set(kept.values()) == {True}
    assert len(kept) == 2
    larger = [replace(one, size=10_000_000, seconds=(one.seconds or 0) * 100) for one in runs]
    assert exponents(runs + larger, "ours: fast") == [(1_000_000, 10_000_000, pytest.approx(2.0))]


def test_a_profile_names_our_functions_and_counts_all_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_path, "SHOWN", 100)
    monkeypatch.setattr(whole_path, "LEAST_SHARE", 0.0)
    load_catalog()  # so that what it needs is loaded, in whichever order tests run
    # By a clock that moves on whenever it is looked at, whatever else the machine does.
    profiler = cProfile.Profile(itertools.count().__next__, 1e-6)
    profiler.runcall(load_catalog)
    profiler.dump_stats(tmp_path / "step.prof")
    shares = dict(whole_path.hot_functions(tmp_path / "step.prof"))
    # Reading TOML and checking it is what loading a layer takes, though libraries do it.
    assert shares["`catalog.load_layer`"] > 0.5
    assert sum(shares.values()) == pytest.approx(1)


def test_the_command_runs_measures_and_writes_the_page(tmp_path: Path) -> None:
    output = tmp_path / "RESULTS.md"
    options = ["--size", "tiny", "--only", "scope", "--only-ours", "--repeats", "1"]
    places = ["--folder", str(tmp_path / "runs"), "--output", str(output)]
    assert run.main([*options, *places]) == 0
    text = output.read_text(encoding="utf-8")
    assert "| **ours: scope**<br>" in text
    kept = (tmp_path / "runs" / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["contender"] for line in kept] == [
        "geopandas reads",
        "ours: scope",
        "ours: scope of frames",
    ]
    # Once more: what was run is kept, not run again.
    assert run.main([*options, *places, "--resume"]) == 0
    assert len((tmp_path / "runs" / "runs.jsonl").read_text().splitlines()) == 3
