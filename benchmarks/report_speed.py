"""Reports in every format: processor seconds, peak memory and size, each in a process of its own.

`python benchmarks/report_speed.py [STREETS]` makes a district of 200 villages with STREETS streets (20,000
unless said) and one without any, and reports on them and on the embedded district and its largest town. The
promises: a town under 10 s, the district with all sheets under 60 s, any of them under 1.5 GiB. Time counts
the start of the process. What has no streets has no edges and no weak spots either.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FORMATS = ("pdf", "docx", "xlsx", "html", "gpkg")
MOST_MIB = 1536
_LACKING = ("back_streets", "boundary_edges", "weak_spots")


def big_district(folder: Path, streets: int) -> Path:
    """A made district of 200 villages and 8 towns; none of `_LACKING` where it has no streets."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import made  # noqa: PLC0415 — of the tests: the same generator, larger

    from geo.catalog import load_catalog  # noqa: PLC0415

    frames = dict(made.generated(load_catalog().layers, streets=max(streets, 1)))
    if not streets:
        frames = {name: frame for name, frame in frames.items() if name not in _LACKING}
    return made.write_district(folder, frames)


def timed(options: list[str], file: Path) -> tuple[float, float, int]:
    """Processor seconds, seconds by the wall, and peak MiB of one report."""
    began = time.monotonic()
    words = [sys.executable, "-m", "geo", "report", *options, "-o", str(file)]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL) as run:
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise RuntimeError(f"no report of {options}")
    return used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss // 1024


def main() -> None:
    """Make the districts, write every report, print a line each."""
    streets = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="atlas-reports-") as room:
        folder = Path(room)
        cases = {
            "town": (["--unit", "321202001"], 10.0),
            "district": ([], 60.0),
            f"200 villages, {streets:,} streets": (
                ["--district", str(big_district(folder / "big", streets))],
                None,
            ),
            "200 villages, no streets": (
                ["--district", str(big_district(folder / "bare", 0))],
                None,
            ),
        }
        print(f"{'report':32} {'format':6} {'CPU s':>7} {'wall s':>7} {'MiB':>6} {'MB':>6}")
        for name, (options, most_s) in cases.items():
            for format_ in FORMATS:
                file = folder / f"report.{format_}"
                spent_s, wall_s, peak = timed(options, file)
                kept = (most_s is None or spent_s < most_s) and peak < MOST_MIB
                size = file.stat().st_size / 1e6
                print(
                    f"{name:32} {format_:6} {spent_s:7.1f} {wall_s:7.1f} {peak:6} {size:6.1f}"
                    f"{'' if kept else '  over what is promised'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
