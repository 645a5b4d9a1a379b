"""Tiles that other processes cut: the same to the byte, whatever becomes of the processes, and none is left."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from many import many_streets
from numpy.typing import NDArray

from geo.views import cutters, cutting, pieces, tiles
from geo.views.cutters import Cutters
from geo.views.description import DrawnLayer, MapDescription, Shapes
from geo.views.pieces import Piece, pieces_of
from geo.views.tiles import archive_of

SEED = 20070630


@pytest.fixture(autouse=True)
def _tiles_from_a_few_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "WHOLE_UP_TO", 1_000)
    monkeypatch.setattr(tiles, "_SMALL_LAYER", 100)


@pytest.fixture(scope="module")
def mixed() -> MapDescription:
    """Streets, fields and wells over forty kilometres; twenty of the streets run on for five."""
    description = many_streets(count=1_000, across=40)
    streets = description.layers[1]
    random = np.random.default_rng(SEED)
    west, south, east, north = extent = (119.9, 32.4, 120.3, 32.6)
    places = random.uniform((west, south), (east, north), (1_600, 2))
    turn = random.uniform(-4e-4, 4e-4, (1_000, 2))
    short = shapely.linestrings(np.stack([places[:1_000], places[:1_000] + turn], axis=1))
    middles = random.uniform((west, south), (east, north), (20, 1, 2))
    long = shapely.linestrings(middles + random.uniform(-0.03, 0.03, (20, 5, 2)))
    fields = shapely.buffer(shapely.points(places[1_000:1_300]), random.uniform(1e-5, 4e-3, 300))
    return replace(
        description,
        extent=extent,
        layers=(
            layer("streets", streets, np.concatenate([short, long])),
            layer("fields", streets, np.asarray(fields, dtype=object)),
            layer("wells", streets, np.asarray(shapely.points(places[1_300:]), dtype=object)),
        ),
    )


def layer(name: str, like: DrawnLayer, geometry: NDArray[np.object_]) -> DrawnLayer:
    words = [f"{name}{number}" for number in range(len(geometry))]
    told = [(word,) * (1 + (name == "fields")) for word in words]
    shapes = Shapes(geometry, words, ["covered"] * len(words), words, told)
    return replace(like, name=name, shapes=shapes, fields=("备注", "宽度")[: len(told[0])])


def made_with(
    most: int, piece: int, description: MapDescription, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The digest of a map's archive, made by so many processes in pieces of such a size."""
    monkeypatch.setattr(tiles, "cutters", lambda _: cutters.cutters(most))
    monkeypatch.setattr(pieces, "PIECE", piece)
    made = archive_of(description)
    assert made is not None
    return made.digest


@pytest.fixture
def whole(mixed: MapDescription, monkeypatch: pytest.MonkeyPatch) -> str:
    """What this process makes alone, each zoom at once."""
    return made_with(0, 10**9, mixed, monkeypatch)


@pytest.mark.parametrize(("most", "piece"), [(0, 200), (1, 10**9), (2, 200), (3, 50)])
def test_processes_and_pieces_change_no_byte(
    most: int, piece: int, mixed: MapDescription, whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made_with(most, piece, mixed, monkeypatch) == whole


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("asked of the wrong process")


def test_this_process_cuts_nothing_of_a_large_map(
    mixed: MapDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "_WORTH_PROCESSES", 1_000)
    monkeypatch.setattr(cutters, "cut", refuse)
    assert archive_of(mixed) is not None


def test_no_process_is_started_for_a_small_map(
    mixed: MapDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutters, "_start", refuse)
    assert archive_of(mixed) is not None


def cannot_start(*_: object, **__: object) -> None:
    raise OSError("no more processes")


def running(program: str) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts another program instead."""

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    return start


ENDS_OVER_THE_THIRD = """
import io, os, sys
from geo.views import cutting
asked, answers = sys.stdin.buffer, sys.stdout.buffer
for _ in range(2):
    head = asked.read(cutting.ASKED.size)
    body = asked.read(cutting.ASKED.unpack(head)[2])
    cutting.serve(io.BytesIO(head + body), answers)
asked.read(cutting.ASKED.size)
os._exit(1)
"""
ENDS_IN_THE_MIDDLE = """
import os, sys
sys.stdin.buffer.read(100)
os.write(1, (1000).to_bytes(8, "big") + b"PMTiles")
os._exit(0)
"""


@pytest.mark.parametrize(
    "start",
    [cannot_start, *map(running, ("", ENDS_OVER_THE_THIRD, ENDS_IN_THE_MIDDLE))],
    ids=["cannot be started", "ends at once", "ends over the third piece", "ends in its answer"],
)
def test_what_a_process_does_not_do_is_done_here(
    start: Callable[..., subprocess.Popen[bytes]],
    mixed: MapDescription,
    whole: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cutters, "_start", start)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    assert made_with(2, 200, mixed, monkeypatch) == whole


def of_one(shape: bytes) -> pa.Table:
    return pa.table({"i": ["S1"], cutting.GEOMETRY: pa.array([shape], pa.large_binary())})


def test_what_gdal_refuses_is_said_by_the_same_error_as_without_processes() -> None:
    table = pa.table({"i": ["S1"], cutting.GEOMETRY: pa.array([1.5])})
    with pytest.raises(Exception, match=r"\S") as alone:
        cutting.cut(table, 12, finest=True)
    with cutters.cutters(1) as team, pytest.raises(alone.type) as error:
        list(team.cut(table, [Piece(12, (0, 0, 0), np.arange(1))], 12))
    assert str(error.value) == str(alone.value)


def test_no_process_is_left_when_the_work_is_stopped() -> None:
    street = of_one(shapely.to_wkb(shapely.linestrings([[120, 32], [120.001, 32]])))
    piece = Piece(12, (0, 0, 0), np.arange(1))
    seen: list[Cutters] = []

    def stopped() -> None:
        with cutters.cutters(2) as team:
            seen.append(team)
            next(team.cut(street, [piece] * 50, 12))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert None not in [process.poll() for process in seen[0]._processes]
    assert not any(thread.is_alive() for thread in seen[0]._threads)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they end with the piece they are at")
def test_processes_end_with_the_one_that_was_killed() -> None:
    program = textwrap.dedent("""
        import sys
        from geo.views.cutters import cutters
        with cutters(1) as team:
            print(team._processes[0].pid, flush=True)
            sys.stdin.read()
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        ended, _, _ = select.select([child], [], [], 60)
        os.close(child)
    assert ended


def test_a_piece_is_split_where_its_features_lie_apart_and_not_where_all_run_through() -> None:
    west = np.repeat(119.9 + 0.1 * np.arange(10), 30)
    short = np.stack(
        [np.stack([west, west * 0 + 32.4], 1), np.stack([west + 0.001, west * 0 + 32.4], 1)], 1
    )
    starts = np.full(300, 13, dtype=np.int64)
    streets = np.asarray(shapely.linestrings(short), dtype=object)
    assert [len(piece.rows) for piece in cut_by(100, streets, starts)] == [60, 60, 90, 90]
    long = np.asarray(shapely.linestrings([[[119.9, 32.4], [120.8, 32.9]]] * 300), dtype=object)
    assert [len(piece.rows) for piece in cut_by(100, long, starts)] == [300]


def cut_by(
    size: int,
    geometry: NDArray[np.object_],
    starts: NDArray[np.int64],
) -> list[Piece]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", size)
        return list(pieces_of(geometry, starts, (12, 13)))
