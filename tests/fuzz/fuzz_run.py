"""Runs broken files through the importer, each into the same district, and says what became of each.

`python tests/fuzz/fuzz_run.py FIRST LAST` prints a line of JSON for each; `make fuzz` runs them all.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

SECONDS_AT_MOST = 10
"""Of the processor; on a machine with much else to do, the clock may show more."""
WALL_SECONDS_AT_MOST = 60
MEMORY_AT_MOST = 1 << 30
ROUND = "2008-01-01"
WRITTEN_EVERY = 3
"""Of the files that are taken, every third is also written, which takes most of the time."""


@dataclass
class Outcome:
    """What became of one broken file."""

    case: str
    taken: bool
    said: str
    seconds: float
    cpu_seconds: float
    memory_bytes: int
    fault: str | None
    """What should not have happened."""


def run(first: int, last: int, folder: Path) -> list[Outcome]:
    """Import the broken files of these numbers, one after the other.

    Parameters
    ----------
    first, last : the numbers, the last not included
    folder : empty; the district is made there, and the files
    """
    import resource

    import made
    from mutations import case

    from geo.catalog import load_catalog
    from geo.district import open_district
    from geo.sources.sandbox import kept_ready

    frames = made.squares(load_catalog().layers)
    district = open_district(made.write_district(folder / "district", frames))
    outcomes = []
    with kept_ready() as ready:
        for number in range(first, last):
            broken = case(number)
            place = folder / "file"
            place.mkdir()
            outcome = _import(district, broken, place, ready)
            for part in place.iterdir():
                part.unlink()
            place.rmdir()
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
            outcome.memory_bytes = max(own, ready.most_memory_bytes if ready else 0)
            if outcome.memory_bytes > MEMORY_AT_MOST:
                outcome.fault = outcome.fault or "memory"
            outcomes.append(outcome)
    return outcomes


def _cpu_seconds(ready: object) -> float:
    """What this process and the readers took so far."""
    return time.process_time() + ready.cpu_seconds


def _import(district: object, broken: object, place: Path, ready: object) -> Outcome:
    from geo.district import District
    from geo.errors import GeoError
    from geo.importing import import_file

    assert isinstance(district, District)
    file = broken.write(place)
    before = _state(district.folder)
    fault, said, taken = None, "", False
    started, spent = time.monotonic(), _cpu_seconds(ready)
    try:
        with warnings.catch_warnings(record=True) as warned:
            report = import_file(
                district, file, broken.seed.layer, crs=broken.seed.crs, round=ROUND,
                accept_proposals=True, fields=_FIELDS.get(broken.seed.format, ()),
                dry_run=broken.number % WRITTEN_EVERY != 0,
            )  # fmt: skip
        taken = True
        json.dumps(report.as_json(), allow_nan=False)
        if warned:
            fault = f"a warning that is none of the user's business: {warned[0]}"
    except GeoError as error:
        said = str(error)
        if "Traceback" in said or "atlas-" in said or not said.strip():
            fault = "an answer that is not plain"
    except Exception:
        said = fault = traceback.format_exc()
    seconds = time.monotonic() - started
    cpu_seconds = _cpu_seconds(ready) - spent
    if seconds > SECONDS_AT_MOST and (
        cpu_seconds > SECONDS_AT_MOST or seconds > WALL_SECONDS_AT_MOST
    ):
        fault = fault or "slow"
    after = _state(district.folder)
    changed = {name for name in before if after.get(name) != before[name]}
    added = sorted(after.keys() - before.keys())
    if changed or (added and not taken):
        fault = fault or f"the district was changed: {sorted(changed) or added}"
    for name in added:
        (district.folder / name).unlink()
    return Outcome(broken.name, taken, said, seconds, cpu_seconds, 0, fault)


# Columns whose names say nothing of what they are for.
_FIELDS = {
    "GPX": ("id=name",),
    "DXF": ("id=EntityHandle",),
    "OSM PBF": ("id=osm_id",),
}


def _state(folder: Path) -> dict[str, str]:
    """Every file of the district with the digest of its bytes, less the locks, which hold nothing."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def run_apart(first: int, last: int) -> list[Outcome]:
    """The same in a folder of its own."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    with tempfile.TemporaryDirectory() as folder:
        return run(first, last, Path(folder))


def main() -> None:
    """Run the files of the numbers given, or all, over the processors there are."""
    from mutations import COUNT

    first, last = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (0, COUNT)
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    step = 50
    spans = [(start, min(start + step, last)) for start in range(first, last, step)]
    faults = taken = done = 0
    # One that is killed by what it imports is noticed, and stops the run.
    with ProcessPoolExecutor(
        min(workers, len(spans)), mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        for outcomes in pool.map(_run_span, spans):
            for outcome in outcomes:
                print(json.dumps(asdict(outcome)), flush=True)
                faults += outcome.fault is not None
                taken += outcome.taken
                done += 1
    print(f"{done} files: {taken} taken, {done - taken} refused, {faults} faults", file=sys.stderr)
    sys.exit(faults > 0)


def _run_span(span: tuple[int, int]) -> list[Outcome]:
    return run_apart(*span)


if __name__ == "__main__":
    main()
