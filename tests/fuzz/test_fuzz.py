"""Good files of every format open, and two hundred broken ones harm nothing; `make fuzz` runs them all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import fuzz_run
import pytest
from mutations import COUNT, case
from seeds import SEEDS, Seed, seed_bytes

from geo.sources.base import Request
from geo.sources.registry import formats, read_source

EACH_RUN = 200


def test_every_format_has_a_good_file() -> None:
    assert {seed.format for seed in SEEDS} == {one.name for one in formats()}


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_the_good_files_open(seed: Seed, tmp_path: Path) -> None:
    seed_bytes(seed, tmp_path / "good")
    kind = {"lamps": "Point", "ndvi": "Raster"}.get(seed.layer, "LineString")
    source, _ = read_source(tmp_path / "good" / seed.name, Request(geometry=kind))
    assert source.format == seed.format
    assert len(source.frame) == source.rows_read == (1 if kind == "Raster" else 12)
    assert source.frame.geometry.notna().all()


def test_the_corpus_is_the_same_each_time_and_has_every_format() -> None:
    assert COUNT >= 2000
    some = [case(number) for number in range(EACH_RUN)]
    assert [one.parts for one in some[:30]] == [case(number).parts for number in range(30)]
    assert {one.seed.name for one in some} == {seed.name for seed in SEEDS}
    assert len({tuple(one.parts.items()) for one in some}) > EACH_RUN * 0.95


def test_broken_files_harm_nothing() -> None:
    done = subprocess.run(
        [sys.executable, fuzz_run.__file__, "0", str(EACH_RUN)],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    outcomes = [fuzz_run.Outcome(**json.loads(line)) for line in done.stdout.splitlines()]
    assert [f"{one.case}: {one.fault}" for one in outcomes if one.fault is not None] == []
    assert done.returncode == 0, done.stderr
    assert len(outcomes) == EACH_RUN
    assert done.stderr.splitlines()[-1].endswith("0 faults")
    # Some of what is broken can still be read, so that an importer that refuses all would be seen.
    taken = sum(one.taken for one in outcomes)
    assert EACH_RUN * 0.1 < taken < EACH_RUN * 0.9
    assert all(one.taken != bool(one.said) for one in outcomes)
