"""The process that opens a file: what it may not do, what becomes of it, and that its word is not taken."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from shapely import GeometryCollection, LineString, Point
from watch import Canary, listening

from geo.errors import DeclarationError, SourceError
from geo.said import Said
from geo.sources import formats as formats_package
from geo.sources import registry, sandbox, transfer
from geo.sources.base import LeftOut, Source
from geo.sources.limits import Limits, limits
from geo.sources.private import private_folder
from geo.sources.registry import copy_raster, formats, read_source

BAD = Path(__file__).parent / "misbehaving"
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can take this away")

Do = Callable[..., str]


@pytest.fixture(scope="module", name="bad_format")
def _bad_format() -> Iterator[None]:
    """A new format, here and in a process of its own that is ready to read it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(BAD))
    patch.setattr(formats_package, "__path__", [*formats_package.__path__, str(BAD)])
    patch.setattr(sandbox, "_ready", [])
    formats.cache_clear()
    with sandbox.kept_ready():
        yield
    patch.undo()
    formats.cache_clear()
    sys.modules.pop("geo.sources.formats.misbehaving", None)


@pytest.fixture
def quickly(tmp_path: Path, bad_format: None, monkeypatch: pytest.MonkeyPatch) -> Do:
    """Has a reader do something, in a copy of the process that is ready."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def done(what: str, argument: object = "") -> str:
        file = tmp_path / "a.bad"
        file.write_text(f"{what} {argument}")
        try:
            answer = str(read_source(file)[0].frame["said"].iloc[0])
        except SourceError as error:
            answer = f"REFUSED {error}"
        assert list(scratch.iterdir()) == []
        return answer

    return done


@pytest.fixture(params=["copied", "started"])
def do(request: pytest.FixtureRequest, quickly: Do, monkeypatch: pytest.MonkeyPatch) -> Do:
    """The same, and once more in a process started for it."""
    if request.param == "started":
        monkeypatch.setattr(sandbox, "_ready", [])
    return quickly


def test_a_good_reader_answers(do: Do) -> None:
    assert do("say", "海陵") == "海陵"


# -- what it may not do -----------------------------------------------------------------------------------------


@linux
def test_a_process_started_for_one_file_is_confined_too(do: Do) -> None:
    assert do("read_in_c", "/etc/passwd") == "Permission denied"


@linux
def test_no_file_outside_is_reached(quickly: Do, tmp_path: Path) -> None:
    secret = tmp_path / "canary"
    secret.write_text("SESAME")
    canary = Canary(secret)
    assert quickly("read", secret) == "PermissionError"
    assert quickly("read_in_c", secret) == "Permission denied"
    assert quickly("list_folder", tmp_path) == "PermissionError"
    assert quickly("write", tmp_path / "outside") == "PermissionError"
    assert quickly("read", "/etc/passwd") == "PermissionError"
    assert quickly("read", Path(__file__).parents[1] / "pyproject.toml") == "PermissionError"
    assert not canary.was_opened()
    assert not (tmp_path / "outside").exists()
    canary.close()


def test_no_address_is_called_from_python(quickly: Do) -> None:
    with listening() as port:
        assert quickly("call", port.number) == "PermissionError"
    assert port.callers == []


@linux
def test_no_address_is_called_from_a_library(do: Do) -> None:
    with listening() as port:
        assert do("call_in_c", port.number) in ("Permission denied", "Network is unreachable")
    assert port.callers == []


def test_no_other_program_is_started(quickly: Do) -> None:
    assert quickly("start") == "PermissionError"
    assert quickly("copy") == "PermissionError"


@linux
def test_nobody_is_killed(quickly: Do) -> None:
    assert quickly("kill_parent") == "PermissionError"


def test_keys_and_passwords_are_not_passed_on(do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIANDITU_KEY", "SESAME")
    assert "TIANDITU_KEY" not in do("environment").split()


def test_only_the_format_s_own_drivers_are_there(do: Do) -> None:
    assert do("drivers").split() == ["CSV", "GPKG"]


# -- what becomes of it -----------------------------------------------------------------------------------------


def test_time_is_limited_by_the_processor(quickly: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_LIMIT_SECONDS", "1")
    monkeypatch.setenv("ATLAS_LIMIT_WALL_FACTOR", "100")
    answer = quickly("spin")
    assert "REFUSED a.bad: found a file that takes more than 1 s of processor time" in answer
    assert "ATLAS_LIMIT_SECONDS" in answer


def test_time_is_limited_by_the_clock(quickly: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_LIMIT_SECONDS", "1")
    monkeypatch.setenv("ATLAS_LIMIT_WALL_FACTOR", "2")
    started = time.monotonic()
    assert "takes more than 2 s to read" in quickly("sleep", 100)
    assert time.monotonic() - started < 60


@linux
@pytest.mark.parametrize("what", ["allocate", "allocate_in_c"])
def test_memory_is_limited(quickly: Do, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_LIMIT_MEMORY_MIB", "300")
    assert quickly(what) in (
        "no more was given",
        "REFUSED a.bad: found a file that takes more than 300 MiB of memory to read; expected one that takes"
        " less; cut it into several, or, if you trust it, set ATLAS_LIMIT_MEMORY_MIB higher",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_what_is_written_is_limited(quickly: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_LIMIT_WRITTEN_MIB", "3")
    assert "File too large" in quickly("write_without_end")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_open_files_are_limited(quickly: Do) -> None:
    assert "Too many open files" in quickly("open_without_end")


@pytest.mark.parametrize("what", ["crash", "abort", "leave", "leave_as_if_done"])
def test_a_reader_that_dies_is_an_answer(quickly: Do, what: str) -> None:
    answer = quickly(what)
    assert answer.startswith("REFUSED a.bad: found a file that stops the program reading it")
    assert quickly("say", "on") == "on"


def test_a_process_started_for_one_file_may_die_too(do: Do) -> None:
    assert do("crash").startswith("REFUSED a.bad: found a file that stops the program reading it")


def test_a_reader_that_hangs_up_is_not_waited_for(
    quickly: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_LIMIT_SECONDS", "1")
    monkeypatch.setenv("ATLAS_LIMIT_WALL_FACTOR", "2")
    started = time.monotonic()
    assert quickly("hang_up").startswith("REFUSED a.bad")
    assert time.monotonic() - started < 60
    assert quickly("say", "on") == "on"


def test_what_a_library_says_is_made_plain(quickly: Do) -> None:
    answer = quickly("raise_anything")
    assert "REFUSED a.bad: found a file that cannot be read (LookupError: �[31m" in answer


def test_chatter_is_not_heard(quickly: Do) -> None:
    assert quickly("chatter") == "said"


class _ToldError(Exception):
    """What was waited for was told."""


@pytest.mark.usefixtures("bad_format")
def test_progress_is_told_after_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def heard(done: int, total: int, what: str) -> None:
        if (done, total, what) == (3, 7, "rows"):
            raise _ToldError

    (tmp_path / "a.bad").write_text("sleep 100")
    with pytest.raises(_ToldError):
        read_source(tmp_path / "a.bad", progress=heard)

    # However long it takes on a busy machine, by this clock no second passes.
    standing = SimpleNamespace(monotonic=lambda: 0.0)
    monkeypatch.setattr(sandbox, "time", standing)
    monkeypatch.setattr(registry, "time", standing)
    told: list[tuple[int, int, str]] = []
    (tmp_path / "a.bad").write_text("sleep 2")
    read_source(tmp_path / "a.bad", progress=lambda *what: told.append(what))
    assert told == []


# -- ending early -----------------------------------------------------------------------------------------------

_READ = """
import sys, tempfile
tempfile.tempdir = sys.argv[2]
from geo.sources.registry import read_source
try:
    read_source(sys.argv[1], progress=lambda *what: print("reading", flush=True))
except KeyboardInterrupt:
    print("stopped")
"""


@linux
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_we_are_stopped(
    how: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.bad").write_text("sleep 100")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    root = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", _READ, str(tmp_path / "a.bad"), str(scratch)],
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{BAD}"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        task = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        children = [Path("/proc") / pid for pid in task.read_text().split()]
        assert len(children) == 1
        process.send_signal(how)
        said, wrong = process.communicate(timeout=120)
    deadline = time.monotonic() + 60
    while any(_runs(one) for one in children) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(_runs(one) for one in children)
    if how == signal.SIGINT:
        assert said.splitlines()[-1] == "stopped"
        assert wrong == ""
    else:
        # Who is killed outright cannot tidy up; the next one does.
        assert list(scratch.glob("atlas-*/source.bad"))
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        (tmp_path / "b.csv").write_text("a,b\n1,2\n")
        read_source(tmp_path / "b.csv")
    assert list(scratch.iterdir()) == []


def test_what_others_hold_or_own_is_not_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "atlas-no-lock").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "held").touch()
    (tmp_path / "atlas-link").symlink_to(tmp_path / "elsewhere")
    with private_folder() as first, private_folder() as second:
        assert first.is_dir()
        assert second.is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "atlas-link",
        "atlas-no-lock",
        "elsewhere",
    ]
    assert (tmp_path / "elsewhere" / "held").exists()


def _runs(process: Path) -> bool:
    try:
        return "\nState:\tZ" not in (process / "status").read_text()
    except OSError:
        return False


@pytest.mark.usefixtures("bad_format")
def test_two_files_at_once(tmp_path: Path) -> None:
    """While the ready process is busy, another is started."""
    from concurrent.futures import ThreadPoolExecutor

    for word in "abc":
        (tmp_path / f"{word}.bad").write_text("sleep 1")
    with ThreadPoolExecutor(3) as pool:
        files = [tmp_path / f"{word}.bad" for word in "abc"]
        found = list(pool.map(lambda file: read_source(file)[0].frame["said"].iloc[0], files))
    assert found == ["slept"] * 3


def test_a_process_that_is_expected_is_used_and_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_ready", [])
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with sandbox.expected():
        (one,) = sandbox._expected
        with sandbox.expected():
            assert sandbox._expected == [one]
        read_source(tmp_path / "a.csv")
        assert sandbox._expected == []
    assert one.ended(0) == 0
    with sandbox.expected():
        (idle,) = sandbox._expected
    assert sandbox._expected == []
    assert idle.ended(0) is not None


@pytest.mark.usefixtures("bad_format")
def test_a_ready_process_that_ends_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.bad").write_text("say on")
    read_source(tmp_path / "a.bad")
    (ready,) = sandbox._ready
    assert ready._process is not None
    ready._process.kill()
    ready._process.wait()
    assert read_source(tmp_path / "a.bad")[0].frame["said"].iloc[0] == "on"


@pytest.mark.usefixtures("bad_format")
def test_the_ready_process_outlasts_the_thread_that_asked_first(tmp_path: Path) -> None:
    """As a page of the app, which is at an end with its thread."""
    (tmp_path / "a.bad").write_text("say on")
    (ready,) = sandbox._ready
    ready.stop()
    processes = []
    for _ in range(3):
        asking = threading.Thread(target=read_source, args=(tmp_path / "a.bad",))
        asking.start()
        task = asking.native_id
        asking.join()
        while Path(f"/proc/self/task/{task}").exists():
            pass  # it is done, but not yet at an end
        processes.append(ready._process)
        assert read_source(tmp_path / "a.bad")[0].frame["said"].iloc[0] == "on"
    assert len(set(processes)) == 1


# -- its word is not taken --------------------------------------------------------------------------------------


def arrow(**columns: Any) -> str:
    """An Arrow file as text of bytes."""
    sink = io.BytesIO()
    table = pa.table(columns)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().decode("latin-1")


LABELS = pa.array(["row 1"], type=pa.large_string())
GOOD: dict[str, Any] = {
    "columns": ["a"], "names": ["a"], "types": ["int64"], "crs": None, "kind": None, "format": "x", "layer": None,
    "rows_read": 1, "notes": [],
}  # fmt: skip
_NO_TEXT = pa.array([], type=pa.large_string())
NOTHING = arrow(row=_NO_TEXT, reason=_NO_TEXT, reason_zh=_NO_TEXT)


def files(answer: object, rows: str, left_out: str = NOTHING) -> str:
    said = answer if isinstance(answer, str) else json.dumps(answer)
    return json.dumps({"answer.json": said, "rows.arrow": rows, "left_out.arrow": left_out})


ROWS = arrow(c0=pa.array([1]), labels=LABELS)
PLACED = arrow(
    c0=pa.array([1]), labels=LABELS, places=pa.array([[0.0, 1.0]], type=pa.large_list(pa.float64()))
)
LIES = {
    "nothing": "{}",
    "no JSON": files("{", ROWS),
    "another kind of JSON": files([1], ROWS),
    "JSON without an end": files("[" * 100_000, ROWS),
    "no rows": json.dumps({"answer.json": json.dumps(GOOD)}),
    "rows that are a pickle": files(GOOD, pickle.dumps([1]).decode("latin-1")),
    "rows cut short": files(GOOD, ROWS[: len(ROWS) // 2]),
    "a type that is none": files({**GOOD, "types": ["object; import os"]}, ROWS),
    "another type": files({**GOOD, "types": ["float64"]}, ROWS),
    "text for a number": files(GOOD, arrow(c0=pa.array(["x"]), labels=LABELS)),
    "more names than columns": files({**GOOD, "names": ["a", "b"], "types": ["int64", "int64"]}, ROWS),
    "two columns of a name": files({**GOOD, "names": ["a", "a"], "types": ["int64", "int64"]}, arrow(c0=pa.array([1]), c1=pa.array([1]), labels=LABELS)),
    "fewer rows read than there are": files({**GOOD, "rows_read": 0}, ROWS),
    "rows read that are no number": files({**GOOD, "rows_read": True}, ROWS),
    "no labels": files(GOOD, arrow(c0=pa.array([1]))),
    "labels of another type": files(GOOD, arrow(c0=pa.array([1]), labels=pa.array([1]))),
    "shapes that are none": files({**GOOD, "types": [], "names": []}, arrow(shapes=pa.array([b"\x01\x02"], type=pa.large_binary()), labels=LABELS)),
    "a system that is none": files({**GOOD, "types": [], "names": [], "crs": "EPSG:99"}, arrow(shapes=pa.array([None], type=pa.large_binary()), labels=LABELS)),
    "a system that names a file": files({**GOOD, "types": [], "names": [], "crs": "+init=/etc/passwd:1"}, arrow(shapes=pa.array([None], type=pa.large_binary()), labels=LABELS)),
    "notes that are no text": files({**GOOD, "notes": [{"a": 1}]}, ROWS),
    "notes in one language": files({**GOOD, "notes": ["a note"]}, ROWS),
    "places of no kind of shape": files(GOOD, PLACED),
    "places of a kind that is none": files({**GOOD, "kind": 77}, PLACED),
    "a line of one place": files({**GOOD, "kind": 2}, PLACED),
    "an unknown sort of value": files({**GOOD, "types": ["sorts"]}, arrow(c0=pa.array([77], type=pa.int8()), c1=pa.array(["x"], type=pa.large_string()), labels=LABELS)),
    "left out rows of another kind": files(GOOD, ROWS, arrow(row=pa.array([1]))),
    "faults that are none": files({"faults": [1]}, ROWS),
    "faults without words": files({"faults": [{"layer": 1, "found": 2, "expected": 3, "remedy": 4, "rows": 5}]}, ROWS),
    "faults in one language": files({"faults": [{"layer": "a", "found": "b", "expected": "c", "remedy": "d", "rows": [], "choices": []}]}, ROWS),
    "no faults at all": files({"faults": []}, ROWS),
    "an answer that is a link": json.dumps({"answer.json": "-> /etc/passwd", "rows.arrow": ROWS}),
    "rows that are a link": json.dumps({"answer.json": json.dumps(GOOD), "rows.arrow": "-> /etc/passwd", "left_out.arrow": NOTHING}),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_made_up_answer_is_refused(lie: str, quickly: Do) -> None:
    answer = quickly("lie", LIES[lie])
    assert answer.startswith("REFUSED a.bad: found a file that stops the program"), answer


def test_what_a_made_up_fault_says_is_made_plain(quickly: Do) -> None:
    fault = {
        "layer": "\x1b]0;x\x07",
        "found": ["y" * 5000, "一" * 5000],
        "expected": ["", ""],
        "remedy": ["", ""],
        "rows": ["\x00"],
    }
    answer = quickly("lie", json.dumps({"answer.json": json.dumps({"faults": [fault]})}))
    assert answer.startswith("REFUSED �]0;x�: rows �: found yyy")
    assert len(answer) < 2200


def test_a_true_answer_of_that_form_is_taken(quickly: Do) -> None:
    """So that what is refused above is refused for its lie."""
    good = {**GOOD, "names": ["said"], "columns": ["said"]}
    assert quickly("lie", files(good, ROWS)) == "1"


# -- the way of rows --------------------------------------------------------------------------------------------


def sent(frame: pd.DataFrame, folder: Path, **more: Any) -> Source:
    """What arrives of a frame."""
    labels = pd.Series([f"row {number}" for number in range(len(frame))], dtype="string")
    source = Source(
        frame, labels, tuple(map(str, frame.columns)), "x", "l", len(frame) + 1,
        (LeftOut("row 9", Said("broken", "已损坏")),), (Said("a note", "一条说明"),), **more,
    )  # fmt: skip
    transfer.pack(source, folder)
    arrived = transfer.unpack(transfer.answer_in(folder), folder)
    assert (arrived.rows == labels).all()
    assert (arrived.format, arrived.layer, arrived.rows_read) == ("x", "l", len(frame) + 1)
    assert (arrived.left_out, arrived.notes) == (source.left_out, source.notes)
    assert [text.zh for text in (arrived.left_out[0].reason, *arrived.notes)] == [
        "已损坏",
        "一条说明",
    ]
    return arrived


COLUMNS = {
    "text": pd.Series(["东", None, ""], dtype="string"),
    "text of pandas 3": pd.Series(["东", None, ""], dtype="str"),
    "objects of text": pd.Series(["东", None, ""], dtype=object),
    "nothing": pd.Series([None, None, None], dtype=object),
    "yes and no": pd.Series([True, None, False], dtype="boolean"),
    "bool": pd.Series([True, True, False]),
    "small": pd.Series([1, None, -5], dtype="Int32"),
    "large": pd.Series([2**62, None, -(2**62)], dtype="Int64"),
    "plain": pd.Series([1, 2, 3], dtype="int16"),
    "numbers": pd.Series([1.5, np.nan, -np.inf]),
    "day": pd.to_datetime(pd.Series(["2007-12-31", None, "1970-01-01"])).astype("datetime64[ms]"),
    "moment": pd.to_datetime(pd.Series(["2007-12-31", None, "1970-01-01"]), utc=True),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("rows", [3, 0])
def test_a_column_arrives_as_it_was(name: str, rows: int, tmp_path: Path) -> None:
    frame = pd.DataFrame({name: COLUMNS[name].iloc[:rows]})
    pd.testing.assert_frame_equal(sent(frame, tmp_path).frame, frame)


def test_values_of_all_sorts_keep_their_sort(tmp_path: Path) -> None:
    import datetime as dt
    from decimal import Decimal

    values = [
        1, True, 1.0, "1", None, 10**30, float("inf"), dt.date(2007, 12, 31), dt.datetime(2007, 12, 31, 8),
        dt.time(8, 30), Decimal("0.10"), "东\ud800", np.int64(7), np.bool_(False), 0.1 + 0.2,
    ]  # fmt: skip
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    arrived = sent(frame, tmp_path).frame["a"].tolist()
    expected = [*values[:11], "东�", 7, False, 0.1 + 0.2]
    assert arrived == expected
    assert [type(value) for value in arrived] == [type(value) for value in expected]


def test_shapes_and_their_system_arrive(tmp_path: Path) -> None:
    shapes = [LineString([(0, 0), (1, 1)]), None, GeometryCollection([Point(1, 2)]), Point()]
    for system in (
        "EPSG:4549",
        "ESRI:102100",
        "+proj=tmerc +lon_0=119.5 +ellps=GRS80 +type=crs",
        None,
    ):
        frame = gpd.GeoDataFrame({"a": [1, 2, 3, 4]}, geometry=shapes, crs=system)
        arrived = sent(frame, tmp_path).frame
        assert arrived.crs == frame.crs
        assert arrived.geometry.geom_equals_exact(frame.geometry, 0).tolist() == [
            True,
            False,
            True,
            True,
        ]
        assert arrived.geometry.isna().tolist() == [False, True, False, False]


def test_collections_within_collections_are_not_sent(tmp_path: Path) -> None:
    shape: Any = Point(1, 2)
    for _ in range(40):
        shape = GeometryCollection([shape])
    with pytest.raises(ValueError, match="32 deep"):
        sent(gpd.GeoDataFrame({"a": [1]}, geometry=[shape]), tmp_path)


# -- settings ---------------------------------------------------------------------------------------------------


def test_a_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_LIMIT_PIXELS", "7")
    assert limits() == Limits(pixels=7)


@pytest.mark.parametrize(
    ("name", "value"), [("PIXELS", "many"), ("PIXELS", "0"), ("PIXELS", "-1"), ("PIXLES", "7")]
)
def test_a_wrong_setting_is_said(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ATLAS_LIMIT_{name}", value)
    with pytest.raises(DeclarationError, match=f"ATLAS_LIMIT_{name}"):
        limits()


def test_every_limit_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "safety.md").read_text(encoding="utf-8")
    for one in fields(Limits):
        row = f"| `ATLAS_LIMIT_{one.name.upper()}` | {one.default} | {one.metadata['help']} |"
        assert row in manual


def test_a_small_file_is_given_little_and_none_is_given_all() -> None:
    allowed = Limits()
    assert allowed.memory_bytes(1000) < 1 << 30
    assert allowed.cpu_seconds(1000) < 10
    assert allowed.memory_bytes(1 << 40) == allowed.memory_at_most_mib << 20
    assert allowed.cpu_seconds(1 << 40) == allowed.seconds_at_most


def test_a_file_past_the_largest_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_LIMIT_FILE_MIB", "1")
    (tmp_path / "a.csv").write_bytes(b"a,b\n" * (1 << 19))
    with pytest.raises(SourceError, match=r"a file of 2 MiB.*ATLAS_LIMIT_FILE_MIB"):
        read_source(tmp_path / "a.csv")


# -- rasters ----------------------------------------------------------------------------------------------------


def test_a_raster_is_copied_without_what_else_it_holds(tmp_path: Path) -> None:
    import rasterio
    from rasterio.transform import from_origin

    values = np.arange(12, dtype="float32").reshape(3, 4)
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", width=4, height=3, count=1, dtype="float32",
        crs="EPSG:4549", transform=from_origin(500_000, 3_600_000, 10, 10), nodata=-1,
    ) as raster:  # fmt: skip
        raster.write(values, 1)
        raster.update_tags(secret="SESAME")
    provenance = copy_raster(tmp_path / "a.tif", tmp_path / "ndvi.tif")
    assert provenance.file == "a.tif"
    with rasterio.open(tmp_path / "ndvi.tif") as copy:
        assert (copy.read(1) == values).all()
        assert (copy.crs.to_epsg(), copy.nodata) == (4549, -1)
        assert "secret" not in copy.tags()


def test_what_is_no_raster_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="expected a raster"):
        copy_raster(tmp_path / "a.csv", tmp_path / "ndvi.tif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]
