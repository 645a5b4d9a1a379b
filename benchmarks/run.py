"""`make bench`: ours and the peers in turn on the same data, results compared, ratios written down.

`python -m benchmarks.run [--size small] [--only clip] [--only-ours] [--repeats 3] [--resume]`
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.compare import Agreement, agreements
from benchmarks.data import CACHE, ROOT
from benchmarks.measure import Run, read_runs, run_once, spent
from benchmarks.results import page
from benchmarks.works import Work, works

SIZES = ("tiny", "small", "aims", "full", "huge")
OTHERS = (
    ("benchmarks/import_speed.py", "a million streets imported and checked"),
    ("benchmarks/report_speed.py", "every report of a district"),
    ("benchmarks/app_first_map.py", "the app until its first map"),
    ("benchmarks/app_load.py", "the app with many users"),
    (
        "benchmarks/whole_path.py",
        "import, check, coverage, scope, map, report: where the time goes",
    ),
)
"""Benchmarks with a command of their own."""
START = "start"
"""The work that is no kernel: whole processes on the embedded district."""
COMPILED_AT = 100_000
"""Streets enough for all kernels to be of use."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 where results differ or one of ours failed."""
    options = _options(arguments)
    kept = options.folder / "runs.jsonl"
    if not options.resume:
        shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    with (options.folder / "commands.txt").open("a", encoding="utf-8") as file:
        file.write(_command(options) + "\n")
    known = works()
    for work in known.values():
        if not options.only or work.name in options.only:
            for size in work.sizes[options.size]:
                work.make(size)
                _run_all(work, size, kept, options)
    if START in options.only or (options.size != "tiny" and not options.only):
        _start(kept, options.repeats, options.timeout)
    # All that the folder holds: a page may come of several commands, each but the first with --resume.
    runs = read_runs(kept)
    agreed = {
        (work.name, size): _compared(work, size, options.folder, runs)
        for work in known.values()
        for size in sorted({run.size for run in runs if run.work == work.name})
    }
    commands = (options.folder / "commands.txt").read_text(encoding="utf-8").splitlines()
    command = "`, `".join(dict.fromkeys(commands))
    day = dt.datetime.now(dt.UTC).date().isoformat()
    path = CACHE / "whole-path.md"
    appended = path.read_text(encoding="utf-8") if path.exists() and options.size != "tiny" else ""
    text = page(runs, known, agreed, command, day, appended)
    options.output.write_text(text, encoding="utf-8")
    print(text)
    _say(f"written to {options.output}; others, each with a command of its own:")
    for script, what in OTHERS:
        if (ROOT / script).exists():
            _say(f"  .venv/bin/python {script}  # {what}")
    ours = {one.name for work in known.values() for one in work.contenders if one.ours}
    failed = [run for run in runs if run.failure and run.contender in ours]
    for run in failed:
        _say(f"failed: {run.work} {run.size:,} {run.contender}: {run.failure}")
    wrong = any(not one.good for _, found in agreed.values() for one in found.values())
    if wrong:
        _say("results differ: see the last column")
    return 1 if wrong or failed else 0


def _command(options: argparse.Namespace) -> str:
    said = f"make bench SIZE={options.size}"
    said += f' ONLY="{" ".join(options.only)}"' if options.only else ""
    others = ["--only-ours"] * options.only_ours + ["--resume"] * options.resume
    return said + (f' BENCH="{" ".join(others)}"' if others else "")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.run")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--only", action="append", default=[], choices=[*works(), START],
                        help="a work; repeatable")  # fmt: skip
    parser.add_argument("--only-ours", action="store_true", help="no peers, but what merely reads")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each contender")
    parser.add_argument(
        "--each", type=float, default=60, metavar="S",
        help="a contender that took so long in all has no further turn",
    )  # fmt: skip
    parser.add_argument("--timeout", type=float, default=900, metavar="S", help="of one turn")
    parser.add_argument("--resume", action="store_true", help="keep the turns that were run")
    parser.add_argument("--folder", type=Path, default=CACHE / "runs", help="where turns are kept")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "RESULTS.md")
    return parser.parse_args(arguments)


def _run_all(work: Work, size: int, kept: Path, options: argparse.Namespace) -> None:
    """Every contender's turns, all contenders once before any has its second."""
    done = [run for run in read_runs(kept) if (run.work, run.size) == (work.name, size)]
    for turn in range(options.repeats):
        # Begin elsewhere each time: who comes first finds the files cold.
        order = work.contenders[turn:] + work.contenders[:turn]
        for one in order:
            if one.largest is not None and size > one.largest:
                continue
            if options.only_ours and not (one.ours or one.only_reads):
                continue
            mine = [run for run in done if run.contender == one.name]
            spent_s = sum(run.process_s or 0.0 for run in mine)
            if any(run.turn == turn or run.failure for run in mine) or spent_s > options.each:
                continue
            missing = one.missing()
            if missing is not None:
                run = Run(work.name, size, one.name, turn, failure=f"{missing} is not installed")
            else:
                result = _result(options.folder, work.name, size, one.name)
                if one.compiled and options.size != "tiny":
                    _compile(work, one.name, options)
                run = run_once(work.name, one.name, size, turn, result, options.timeout)
            with kept.open("a", encoding="utf-8") as file:
                file.write(run.line() + "\n")
            done.append(run)
            took = f"{run.seconds:8.2f} s" if run.seconds is not None else run.failure
            _say(f"{work.name:7} {size:>10,} {turn + 1} {one.name:32} {took}")


def _compile(work: Work, contender: str, options: argparse.Namespace) -> None:
    """Compiling is done once on a machine, not once a run: by an uncounted turn on fewer streets."""
    done = _result(options.folder, work.name, COMPILED_AT, f"{contender} compiled")
    if not done.exists():
        work.make(COMPILED_AT)
        run_once(work.name, contender, COMPILED_AT, 0, done, options.timeout)
        done.touch()


def _compared(
    work: Work, size: int, folder: Path, runs: Sequence[Run]
) -> tuple[str, dict[str, Agreement]]:
    ran = {
        run.contender
        for run in runs
        if (run.work, run.size) == (work.name, size) and run.seconds is not None
    }
    files = {name: _result(folder, work.name, size, name) for name in ran}
    results = {name: np.load(file) for name, file in files.items() if file.exists()}
    return agreements(work, results)


def _result(folder: Path, work: str, size: int, contender: str) -> Path:
    plain = "".join(char if char.isalnum() else "-" for char in contender)
    return folder / f"{work}-{size}-{plain}.npy"


def _start(kept: Path, repeats: int, timeout_s: float) -> None:
    """The command on the embedded district, whole processes, against importing geopandas alone."""
    commands = {
        "geopandas": [sys.executable, "-c", "import geopandas"],
        "atlas coverage": [sys.executable, "-m", "geo", "coverage"],
        "atlas scope": [sys.executable, "-m", "geo", "scope"],
        "atlas layers": [sys.executable, "-m", "geo", "layers"],
        "atlas --help": [sys.executable, "-m", "geo", "--help"],
        "import geo": [sys.executable, "-c", "import geo"],
    }
    done = {(run.contender, run.turn) for run in read_runs(kept) if run.work == "start"}
    for turn in range(2 * repeats):
        for name, command in commands.items():
            if (name, turn) in done:
                continue
            _, seconds, failure = spent(command, timeout_s)
            run = Run("start", 0, name, turn, seconds, None, seconds, None, failure)
            with kept.open("a", encoding="utf-8") as file:
                file.write(run.line() + "\n")
            _say(f"start {turn + 1} {name:32} {seconds:8.2f} s")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    sys.exit(main())
