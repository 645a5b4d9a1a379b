"""An importer killed at any moment, or out of disk, leaves the district as it was or as it was to become."""

from __future__ import annotations

import hashlib
import random
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box
from warm import Warm

from geo.check.report import check_round
from geo.model import ImportRecord
from geo.store import open_store
from geo.store.folder import TEMPORARY
from geo.survey import open_survey

pytestmark = pytest.mark.skipif(
    sys.platform == "win32",
    reason="a process cannot be copied on Windows, so each kill takes seconds",
)
CRS = "EPSG:4549"
HELD = "2007-06-30"
NEW = "2007-12-31"
LANES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (HELD, ()),
    (NEW, ()),
    (NEW, ("--as", "geoparquet")),
)
"""Adding to a round that is there, and making one, in either form."""
KILLS = 51
WHOLE_RUNS = 9
"""Of them at any moment of the whole command; the others while it writes."""
UNDO_KILLS = 12

DISTRICT = """
name = { zh = "方格县", en = "Squares" }
code = "999999"
metric_crs = "EPSG:4549"
levels = ["villages"]
"""

State = dict[str, str]
"""The digest of each round there is."""


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as process:
        yield process


@pytest.fixture
def district(tmp_path: Path) -> Path:
    """Two villages in a round that an import made, and a file of streets in them to import."""
    folder = tmp_path / "squares"
    folder.mkdir()
    (folder / "district.toml").write_text(DISTRICT, encoding="utf-8")
    villages = gpd.GeoDataFrame(
        {
            "code": ["1", "2"],
            "name": ["东村", "西村"],
            "src_import": [1, 1],
            "src_row": ["1", "2"],
        },
        geometry=[box(500_000 + x, 3_590_000, 501_000 + x, 3_592_000) for x in (0, 1000)],
        crs=CRS,
    )
    record = ImportRecord(
        1,
        "villages",
        "村.gpkg",
        "ab" * 32,
        None,
        "{}",
        CRS,
        "2007-07-01T08:00:00+00:00",
        "li",
        2,
        2,
    )
    open_store(folder / "rounds").write(HELD, {"villages": villages}, (record,))
    lines = [
        LineString([(500_100, 3_590_010 + 5 * row), (501_900, 3_590_010 + 5 * row)])
        for row in range(300)
    ]
    streets = gpd.GeoDataFrame(
        {"id": [f"s{row}" for row in range(300)], "hardened": ["是", "否", ""] * 100},
        geometry=lines,
        crs=CRS,
    )
    # Without an index it is smaller than the round, so that a disk can be too small for the round alone.
    streets.to_file(tmp_path / "streets.gpkg", driver="GPKG", SPATIAL_INDEX="NO")
    return folder


def state(district: Path) -> State:
    """Every round's digest; each has to open, to be whole and to pass its own check."""
    rounds = district / "rounds"
    files = sorted([*rounds.glob("*.gpkg"), *(one for one in rounds.glob("2*/*") if one.is_file())])
    bytes_of = tuple(
        (str(file.relative_to(rounds)), hashlib.sha256(file.read_bytes()).digest())
        for file in files
    )
    if bytes_of not in _SEEN:
        # The very same bytes need not be looked at twice: most kills leave the file as it was.
        _SEEN[bytes_of] = looked_at(district)
    return _SEEN[bytes_of]


_SEEN: dict[tuple[tuple[str, bytes], ...], State] = {}


def looked_at(district: Path) -> State:
    """The same, by looking at every round."""
    store = open_store(district / "rounds")
    for round_ in store.rounds():
        survey = open_survey(district, round_)
        for table, rows in store.sizes(round_).items():
            assert len(survey.frame(table)) == rows
        found = [item.code for item in check_round(survey).findings if item.severity == "error"]
        assert found == []
        imported = {record.layer for record in store.imports(round_)}
        assert imported == set(store.tables(round_))
    return {round_: store.digest(round_) for round_ in store.rounds()}


def arguments(district: Path, round_: str, *more: str) -> list[object]:
    file = district.parent / "streets.gpkg"
    layer = ("--layer", "back_streets")
    return ["import", file, "--district", district, *layer, "--round", round_, *more]


def as_before(district: Path, kept: Path) -> None:
    """The rounds as they were kept, and whatever a killed program left beside them."""
    rounds = district / "rounds"
    for path in rounds.glob("*.gpkg"):
        path.unlink()
    for path in rounds.glob("2*/"):
        shutil.rmtree(path)
    for path in kept.glob("*.gpkg"):
        shutil.copy2(path, rounds)


def finished(warm: Warm, job: list[object]) -> float:
    """Run a command to its end; how long that takes."""
    ended = warm.run(*job)
    assert ended.status == 0, ended.errors
    return ended.seconds


def test_an_import_killed_at_any_moment_leaves_the_old_state_or_the_new(
    warm: Warm, district: Path, tmp_path: Path
) -> None:
    """The lanes run side by side to save time."""
    with Warm() as other, Warm() as third, ThreadPoolExecutor() as pool:
        jobs = []
        processes = (warm, other, third)
        for lane, ((round_, more), process) in enumerate(zip(LANES, processes, strict=True)):
            own = tmp_path / f"lane {lane}"
            shutil.copytree(district, own / district.name)
            shutil.copy2(tmp_path / "streets.gpkg", own)
            jobs.append(
                pool.submit(killed_imports, process, own / district.name, round_, lane, more)
            )
        for job in jobs:
            job.result()


def killed_imports(
    warm: Warm, district: Path, round_: str, seed: int, more: tuple[str, ...]
) -> None:
    job = arguments(district, round_, *more)
    kept = district.parent / "kept"
    shutil.copytree(district / "rounds", kept)
    old = state(district)
    seconds = finished(warm, job)
    new = state(district)
    assert new != old

    chance = random.Random(seed)
    # Most of a run is reading, when there is nothing to harm: most kills come while it writes.
    as_before(district, kept)
    written = warm.run(*job, only_writing=True)
    assert (written.status, state(district)) == (0, new), written.errors
    left: list[State] = []
    for kills, whole, seconds_of_all in (
        (WHOLE_RUNS // len(LANES), True, seconds),
        ((KILLS - WHOLE_RUNS) // len(LANES), False, written.seconds),
    ):
        for kill in range(kills):
            # Spread over all of it, and a little beyond its end.
            # The first at its very beginning: how long all of it takes differs with what else the machine does.
            part = chance.random() if kill else 0.0 if whole else 0.1
            moment = (kill + part) / kills * 1.1 * seconds_of_all
            as_before(district, kept)
            ended = warm.run(*job, kill_after_s=moment, only_writing=not whole)
            assert ended.status in (-9, 0), ended.errors
            left.append(state(district))
            assert left[-1] in (old, new), f"killed after {moment:.2f} of {seconds_of_all:.2f} s"
            if ended.status == 0:
                assert left[-1] == new
    assert left[0] == old, "the first kill comes before anything is written"
    assert old in left[WHOLE_RUNS // len(LANES) :], "some came while it wrote"

    # What the killed ones left does not matter to the next, and is gone after it.
    as_before(district, kept)
    finished(warm, job)
    assert state(district) == new
    assert list((district / "rounds").glob(f"{TEMPORARY}*")) == []


def test_an_undo_killed_at_any_moment_leaves_the_old_state_or_the_new(
    warm: Warm, district: Path, tmp_path: Path
) -> None:
    before = state(district)
    finished(warm, arguments(district, HELD))
    after = state(district)
    kept = tmp_path / "kept"
    shutil.copytree(district / "rounds", kept)
    undo: list[object] = ["undo", "--district", district, "--round", HELD]
    seconds = finished(warm, undo)
    assert state(district) == before

    chance = random.Random(20071231)
    for kill in range(UNDO_KILLS):
        as_before(district, kept)
        moment = (kill + chance.random()) / UNDO_KILLS * 1.1 * seconds
        ended = warm.run(*undo, kill_after_s=moment)
        assert ended.status in (-9, 0), ended.errors
        assert state(district) in (before, after)

    as_before(district, kept)
    finished(warm, undo)
    assert state(district) == before


def test_a_full_disk_leaves_the_old_state(warm: Warm, district: Path, tmp_path: Path) -> None:
    old = state(district)
    kept = tmp_path / "kept"
    shutil.copytree(district / "rounds", kept)
    finished(warm, arguments(district, HELD))
    new = state(district)
    whole = (district / "rounds" / f"{HELD}.gpkg").stat().st_size
    as_before(district, kept)
    source = (tmp_path / "streets.gpkg").stat().st_size
    assert source < whole - 40_000
    said = []
    for largest in (1_000, source + 1, *range(whole - 40_000, whole, 16_384), whole - 1):
        # Once there is room for a copy of the source, only the round can be too large.
        ended = warm.run(
            *arguments(district, HELD), largest_file=largest, only_writing=largest > source + 1
        )
        assert ended.status == 2, f"{largest} of {whole} bytes: {ended.errors}"
        assert "Traceback" not in ended.errors
        said.append("what was there is as it was" in ended.errors)
        assert state(district) == old
        assert list((district / "rounds").glob(f"{TEMPORARY}*")) == []
    assert sum(said) >= 4, "most got as far as the round itself"

    finished(warm, arguments(district, HELD))
    assert state(district) == new
    published: list[object] = ["publish", "--district", district, "--round", HELD]
    assert warm.run(*published, largest_file=10).status == 2
    assert open_store(district / "rounds").publication(HELD) is None
    assert warm.run("undo", "--district", district, largest_file=10_000).status == 2
    assert state(district) == new
