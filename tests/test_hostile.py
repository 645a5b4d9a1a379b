"""Files made to do harm: nothing outside is read or called, nothing is left, and the answer is plain."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hostile_files
import pytest
from hostile_files import INERT, NAMES, REFUSED, SESAME, Bait
from watch import Canary, Port, listening

from geo.errors import SourceError
from geo.sources import sandbox
from geo.sources.base import Request, Source, Staged
from geo.sources.registry import format_of, read_source

SECONDS_AT_MOST = 10
"""Of the processor; on a machine with much else to do, the clock may show more."""
# Held off by the limits of the process that reads, and not by looking at the file first.
NEEDS_LIMITS = {
    "osm_blob_that_swells",
    "parquet_that_swells",
}


@dataclass
class World:
    """A folder for the file, and outside of it what must be left alone."""

    bait: Bait
    canary: Canary
    port: Port
    scratch: Path

    def untouched(self) -> None:
        """Nothing was read or called outside, and nothing is left."""
        assert not self.canary.was_opened()
        assert self.port.callers == []
        assert list(self.scratch.iterdir()) == []
        assert not list(self.bait.folder.parent.rglob("outside*"))


@pytest.fixture(scope="module")
def port() -> Iterator[Port]:
    with listening() as port:
        yield port


@pytest.fixture
def world(tmp_path: Path, port: Port, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    canary = tmp_path / "canary.geojson"
    canary.write_text(hostile_files.collection().replace("\\u4e1c\\u8857", SESAME))
    for name in ("files", "scratch"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.chdir(tmp_path / "files")
    port.callers.clear()
    watched = Canary(canary)
    yield World(Bait(tmp_path / "files", canary, port.url), watched, port, tmp_path / "scratch")
    watched.close()


def opened(path: Path) -> Source | str:
    """What is read of it, or why nothing is."""
    geometry = "LineString" if path.name.endswith((".pbf", ".gpx")) else None
    try:
        return read_source(path, Request(geometry=geometry))[0]
    except SourceError as error:
        return str(error)


def cpu_seconds() -> float:
    """What this process and the readers took so far."""
    return time.process_time() + sum(one.cpu_seconds for one in sandbox._ready)


def assert_plain(said: str) -> None:
    """A message for people: no traceback, no inner name, nothing of our copies, nothing that steers."""
    assert "Traceback" not in said
    assert "atlas-" not in said
    assert SESAME not in said
    assert all(sign.isprintable() or sign == "\n" for sign in said), said
    assert "expected" in said


@pytest.mark.parametrize("name", [*REFUSED, *INERT])
def test_a_hostile_file_reaches_nothing(name: str, world: World) -> None:
    path = (REFUSED | INERT)[name](world.bait)
    world.canary.was_opened()  # making it may have
    started = cpu_seconds()
    answer = opened(path)
    assert cpu_seconds() - started < SECONDS_AT_MOST
    assert not re.search(
        r"\d s to read", str(answer)
    )  # nor did it lie there until its time was over
    world.untouched()
    if isinstance(answer, Source):
        assert name in INERT, "it should be refused"
        shown = answer.frame.to_string() + str(answer)
        assert SESAME not in shown
        if answer.frame.shape[0] and hasattr(answer.frame, "crs") and answer.frame.crs is not None:
            answer.frame.to_crs("EPSG:4549")
            world.untouched()
    else:
        assert_plain(answer)


@pytest.mark.parametrize("name", sorted((REFUSED.keys() | INERT.keys()) - NEEDS_LIMITS))
def test_even_unconfined_it_reaches_nothing(name: str, world: World) -> None:
    """Read here, by a GDAL with all its drivers and a network: what the formats look at first suffices."""
    path = (REFUSED | INERT)[name](world.bait)
    suffix = path.name.partition(".")[2]
    copies = world.bait.folder / "copies"
    copies.mkdir()
    for part in path.parent.glob(f"{path.name.removesuffix(suffix)}*"):
        if part.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg") and not part.is_symlink():
            (copies / f"source{part.suffix}").write_bytes(part.read_bytes())
    staged = Staged(copies / f"source.{suffix}", path.name, "")
    staged.path.write_bytes(path.read_bytes())
    world.canary.was_opened()
    geometry = "LineString" if path.name.endswith((".pbf", ".gpx")) else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = format_of(staged).read(staged, Request(geometry=geometry)).drawn()
    except (SourceError, MemoryError):
        pass
    else:
        assert SESAME not in source.frame.to_string()
    world.untouched()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name(name: str, world: World) -> None:
    path = world.bait.write(name, hostile_files.collection())
    answer = opened(path)
    assert isinstance(answer, Source), answer
    assert answer.frame["name"].tolist() == ["东街", "西街"]
    world.untouched()


def test_what_is_left_alone_would_be_noticed(world: World) -> None:
    """The same files, opened as a plain program would, do reach the canary and the port."""
    import socket

    world.canary.path.read_text()
    assert world.canary.was_opened()
    assert not world.canary.was_opened()
    socket.create_connection(("127.0.0.1", world.port.number)).close()
    deadline = time.monotonic() + 60
    while not world.port.callers and time.monotonic() < deadline:
        pass
    assert world.port.callers
    world.port.callers.clear()
    for name in ("vrt_as_geojson", "crs_link_http"):
        file = REFUSED[name](world.bait)
        subprocess.run(
            [sys.executable, "-c", "import pyogrio, sys; pyogrio.read_dataframe(sys.argv[1])", str(file)],
            check=False, capture_output=True, timeout=300,
        )  # fmt: skip
        if name.startswith("vrt"):
            assert world.canary.was_opened()
        else:
            assert world.port.callers


def test_there_are_enough_of_them() -> None:
    assert len(REFUSED) >= 60
    assert len(INERT) >= 20
    suffixes = {name.rsplit("_as_", 1)[-1] for name in REFUSED if name.startswith("vrt_as_")}
    assert {one.replace(".", "_") for one in hostile_files.ALL_SUFFIXES} == suffixes
