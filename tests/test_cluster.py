"""The same figures on a Dask cluster that these tests start on this machine, whatever becomes of its workers."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from ports import free_port
from shapely import LineString

import geo
from geo import large
from geo.catalog import load_catalog
from geo.coverage import coverage_of
from geo.engine.cluster import ClusterEngine, connected
from geo.errors import DataError, EngineError, Fault, UnknownNameError
from geo.survey import open_survey
from tests import made
from tests.test_streaming import as_geoparquet, assert_same

LAYERS = load_catalog().layers
HERE = Path(geo.__file__).parents[1]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler and two workers, each a process of its own, and none that starts a lost one again."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> None:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(HERE)},
            )
        )

    with free_port() as port, pytest.MonkeyPatch.context() as patch:
        # It has to load first, on a machine that is doing much else.
        patch.setattr("geo.engine.cluster.SCHEDULER_S", 120)
        address = f"tcp://127.0.0.1:{port}"
        try:
            start("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
            for _ in range(2):
                start(
                    "dask_worker", address, "--host", "127.0.0.1",
                    "--nthreads", "1", "--no-nanny", "--no-dashboard",
                )  # fmt: skip
            connected(address).wait_for_workers(2, timeout=120)
            yield address
            connected(address).close()
        finally:
            for process in started:
                process.kill()
                process.wait()


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing fits into memory, and a part has three rows."""
    monkeypatch.setattr(large, "FRAME_BYTES", dict.fromkeys(large.FRAME_BYTES, 10**9))
    monkeypatch.setattr("geo.store.geoparquet_writing.ROWS_IN_GROUP", 3)
    monkeypatch.setattr(large, "FEWEST_ROWS", 3)
    monkeypatch.setattr(large, "MOST_ROWS", 3)


def listening(process: int) -> set[str]:
    """The addresses at which a process listens, as Linux writes them."""
    inodes = set()
    for handle in Path(f"/proc/{process}/fd").iterdir():
        try:
            target = str(handle.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                found.add(words[1].split(":")[0])
    return found


def test_figures_are_the_same_though_a_worker_is_killed_midway(
    tmp_path: Path, parts: None, scheduler: str
) -> None:
    folder = made.write_district(tmp_path, made.squares(LAYERS))
    made.squares_raster(folder)
    wanted = [indicator.id for indicator in LAYERS["back_streets"].indicators]
    expected = coverage_of(open_survey(folder), wanted, engine="reference", memory_mb=10**9)
    client = connected(scheduler)
    workers = client.run(os.getpid)
    assert len(workers) == 2
    killed: list[int] = []

    def kill_one(_: int, __: int, said: str) -> None:
        # By now some parts of the streets are done, and what they came to lies with their workers.
        if said.startswith("back_streets: ") and not killed:
            killed.append(next(iter(workers.values())))
            os.kill(killed[0], signal.SIGKILL)
            os.waitpid(killed[0], 0)  # gone before the scheduler is asked who is left

    engine = ClusterEngine(scheduler)
    streamed = open_survey(as_geoparquet(folder))
    assert_same(coverage_of(streamed, wanted, engine=engine, progress=kill_one), expected)
    assert killed
    assert "back_streets" not in streamed._frames, "the workers read it, not this process"
    left = client.run(os.getpid)
    assert set(left.values()) == set(workers.values()) - set(killed)


def test_faults_that_workers_find_are_those_of_the_layer(
    tmp_path: Path, parts: None, scheduler: str
) -> None:
    frames = made.squares(LAYERS)
    shape = LineString([(0, 0), (50, 0)])
    rows = [{"id": f"S{number // 2}", "geometry": shape} for number in range(8)]
    frames["back_streets"] = made.layer_rows(LAYERS["back_streets"], rows)
    survey = open_survey(made.write_district(tmp_path, frames))
    with pytest.raises(DataError) as caught:
        coverage_of(survey, ["hardening.back_streets"], engine=ClusterEngine(scheduler))
    (fault,) = caught.value.faults
    assert fault.found == "8 rows that share their id with another"
    assert fault.rows == ("S0", "S1", "S2", "S3")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens in /proc")
def test_a_cluster_that_is_started_here_listens_on_this_machine_alone() -> None:
    workers = connected(None, workers=1).run(os.getpid)
    for process in (os.getpid(), *workers.values()):
        assert listening(process) == {"0100007F"}  # 127.0.0.1


def test_a_cluster_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.engine.cluster.SCHEDULER_S", 0.2)
    with (
        free_port() as port,
        pytest.raises(EngineError, match=r"no cluster at tcp://127\.0\.0\.1:") as refused,
    ):
        ClusterEngine(f"tcp://127.0.0.1:{port}")
    assert "没有计算集群" in refused.value.in_("zh")


def test_errors_go_from_process_to_process_as_they_are() -> None:
    fault = Fault("streets", "a knot", "a line", "untie it", ("S1",))
    again = pickle.loads(pickle.dumps(DataError([fault, fault])))
    assert again.faults == (fault, fault)
    assert str(again) == str(DataError([fault, fault]))
    error = pickle.loads(pickle.dumps(UnknownNameError("layer", "x", ["y"])))
    assert str(error) == str(UnknownNameError("layer", "x", ["y"]))


def test_sums_of_no_parts_are_nothing(scheduler: str) -> None:
    assert ClusterEngine(scheduler).added_up(pd.Series, None, (), 0) == 0
