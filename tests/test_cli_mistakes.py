"""What goes wrong at a keyboard: one message each, in time, and nothing lost or left lying about."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import made
import openpyxl
import pytest
from many import many_streets
from test_cli import atlas

from geo.catalog import load_catalog
from geo.errors import SourceError, reason_of
from geo.importing import import_file
from geo.sources.base import Request
from geo.sources.registry import read_source
from geo.survey import open_survey
from geo.views.map import write_described, write_map
from geo.whole import write_whole

# -- files that are written ---------------------------------------------------------------------------------------


def test_a_file_is_written_whole_or_stays_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.html"
    write_whole(file, b"old")

    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            write_whole(file, b"new")
        with pytest.raises(OSError, match="No space left"):
            write_map(file, open_survey())
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "before", [{}, {"m.html": b"page", "m.pmtiles": b"tiles"}], ids=["new", "old"]
)
def test_a_map_that_is_a_pair_of_files_is_written_whole_or_stays_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, bytes]
) -> None:
    def there() -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.setattr("geo.views.map.EMBEDDED_UP_TO_BYTES", 0)
    description = many_streets(count=10_200)
    replace = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if self.suffix == ".part" and Path(target).suffix == ".html":
            raise PermissionError(errno.EACCES, "it is open in another program")
        return replace(self, target)

    def full(self: Path, *said: Any, **named: Any) -> Any:
        if self.suffix == ".part" and any(tmp_path.glob("*.part")):  # the second of the two
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(self, *said, **named)

    opened = Path.open
    for name, fault in (("replace", refused), ("open", full)):
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, fault)
            with pytest.raises(OSError, match=r"open in another|No space left"):
                write_described(tmp_path / "m.html", description)
        assert there() == before
    write_described(tmp_path / "m.html", description)
    assert set(there()) == {"m.html", "m.pmtiles"}
    assert there()["m.pmtiles"].startswith(b"PMTiles")
    assert b"m.pmtiles" in there()["m.html"]


@pytest.mark.parametrize("name", ["m.pmtiles", "m.PMTiles", "m.pdf"])
def test_a_map_whose_page_would_be_called_something_else_is_refused(
    tmp_path: Path, name: str
) -> None:
    """Upon its own tiles it would lie, and nobody could open it as what it says it is."""
    result = atlas("map", "-o", str(tmp_path / name))
    assert result.returncode == 2
    assert result.stderr == (
        f"atlas: {name}: found the name of a {Path(name).suffix} file; expected a page's (.html); name it m.html;"
        " other formats are made by atlas report\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="elsewhere files have no such modes")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_who_may_read_a_file_stays_as_it_was_or_as_the_system_says(
    tmp_path: Path, mask: int, mode: int
) -> None:
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "new.html", b"new")
        (tmp_path / "old.html").touch()
        (tmp_path / "old.html").chmod(0o640)
        write_whole(tmp_path / "old.html", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "new.html").stat().st_mode & 0o777 == mode
    assert (tmp_path / "old.html").stat().st_mode & 0o777 == 0o640


def test_a_link_leads_to_what_is_written_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to(tmp_path / "real.html")
    write_whole(tmp_path / "link.html", b"x")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_bytes() == b"x"
    (tmp_path / "round.html").symlink_to(tmp_path / "round.html")  # to nowhere but itself
    write_whole(tmp_path / "round.html", b"y")
    assert (tmp_path / "round.html").read_bytes() == b"y"


@pytest.mark.parametrize("command", [["report"], ["map"], ["check"]], ids=" ".join)
def test_a_place_that_cannot_be_written_to_is_said_before_the_work(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.survey.Survey.__init__", lambda *_: pytest.fail("the work was begun"))
    (tmp_path / "folder.geojson").mkdir()
    (tmp_path / "file").touch()
    pipe = tmp_path / "pipe.geojson"
    os.mkfifo(pipe)
    also = ["--format", "html"] if command == ["report"] else []
    for name, said in (
        ("folder.geojson", "it is a folder; name a file in it"),
        ("nowhere/a.geojson", f"there is no folder {tmp_path / 'nowhere'}"),
        ("file/a.geojson", f"there is no folder {tmp_path / 'file'}"),
        ("pipe.geojson", "it is a device or a pipe, not a file"),
    ):
        result = atlas(*command, "-o", str(tmp_path / name), *also)
        assert result.returncode == 2
        assert result.stderr == f"atlas: cannot write {tmp_path / name}: {said}\n"
    assert pipe.is_fifo()
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_: False)
        result = atlas(*command, "-o", str(tmp_path / "a.geojson"), *also, "--lang", "zh")
    assert f"：{tmp_path} 为只读" in result.stderr
    old = tmp_path / "old.geojson"
    old.touch()
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda path, mode: path != old or mode != os.W_OK)
        result = atlas(*command, "-o", str(old), *also)
    assert result.stderr == f"atlas: cannot write {old}: it is read-only\n"


def test_what_the_machine_says_is_said_without_its_statements() -> None:
    full = RuntimeError("sqlite3_exec(CREATE TABLE t (a\n TEXT);) failed: database or disk is full")
    assert (reason_of(full), reason_of(full).zh) == (os.strerror(errno.ENOSPC), "磁盘空间已满")
    denied = PermissionError(errno.EACCES, "Permission denied", "/tmp/.atlas-x")
    assert (reason_of(denied), reason_of(denied).zh) == (os.strerror(errno.EACCES), "没有权限")
    assert reason_of(ValueError("another")).zh == "another"
    assert reason_of(OSError(errno.ENOTTY, "Not a typewriter")) == "Not a typewriter"


# -- stopping -----------------------------------------------------------------------------------------------------


def test_whoever_stops_a_command_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    district = str(made.write_district(tmp_path / "d", made.squares(load_catalog().layers)))
    monkeypatch.setattr("geo.scope.scope_of", stop)
    monkeypatch.setattr("geo.carrying.left_behind", stop)
    for arguments, said in (
        (["scope"], "atlas: stopped; nothing was changed"),
        (["scope", "--lang", "zh"], "atlas: 已停止；未作任何改动"),
        (["publish"], "atlas: stopped; see `atlas rounds`: a round is written whole or not at all"),
    ):
        result = atlas(*arguments, "--district", district)
        assert (result.returncode, result.stdout, result.stderr) == (130, "", f"{said}\n")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
def test_a_command_that_is_stopped_while_it_loads_says_so_too() -> None:
    # The signal comes when the first heavy module is looked for, whatever the machine's speed.
    code = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer':\n"
        "            sys.meta_path.remove(self)\n"
        f"            os.kill(os.getpid(), {int(signal.SIGINT)})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from geo.cli import main\n"
        "sys.argv = ['atlas', 'scope']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 130
    assert done.stderr == "atlas: stopped; nothing was changed\n"


# -- readers that leave --------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="pipes are closed as POSIX has it")
@pytest.mark.parametrize(
    "line", ["rounds", "rounds --lang zh --format json", "rounds --format csv", "--help", "check -o x.gpkg"]
)  # fmt: skip
def test_a_reader_that_has_enough_is_no_fault_and_ends_no_work(line: str, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)  # as `head` does once it has its line
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "geo", *line.split()],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
        )
    assert done.returncode == 0
    assert all(told.startswith("atlas: ") for told in done.stderr.splitlines()), done.stderr
    assert "fault" not in done.stderr
    if "x.gpkg" in line:
        assert (tmp_path / "x.gpkg").stat().st_size > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize(
    "line", ["--help", "--version", "coverage --help", "coverage --lang zh --help", "layers"]
)
def test_a_full_standard_output_is_no_fault_of_the_program(line: str) -> None:
    full = f"'{sys.executable}' -m geo {line} >/dev/full"
    ran = subprocess.run(["sh", "-c", full], capture_output=True, text=True, check=False)
    told = "atlas: 无法写到标准输出：磁盘空间已满\n"
    if "zh" not in line:
        told = f"atlas: cannot write to standard output: {os.strerror(errno.ENOSPC)}\n"
    assert (ran.returncode, ran.stderr) == (2, told)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_standard_output_that_is_full_is_told_and_one_that_is_closed_is_no_file() -> None:
    python = f"'{sys.executable}' -m geo rounds"
    full, closed = (
        subprocess.run(["sh", "-c", python + where], capture_output=True, text=True, check=False)
        for where in (" >/dev/full", " >&-")
    )
    assert full.returncode == 2
    assert full.stderr == f"atlas: cannot write to standard output: {os.strerror(errno.ENOSPC)}\n"
    assert (closed.returncode, closed.stdout) == (0, "")
    assert closed.stderr.startswith("atlas: round ")


# -- two at once --------------------------------------------------------------------------------------------------


def test_an_import_that_has_to_wait_says_for_whom_at_once(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    (tmp_path / "rounds").mkdir()
    (tmp_path / "district.toml").write_text(
        'name = { zh = "甲", en = "A" }\ncode = "1"\nmetric_crs = "EPSG:4549"\n', encoding="utf-8"
    )
    file = tmp_path / "lamps.csv"
    file.write_text("id,x,y\nL1,500100,3600100\n", encoding="utf-8")

    class LetGoError(Exception):
        pass

    def waits(words: str) -> None:
        told.append(words)
        raise LetGoError  # instead of half a minute

    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom pathlib import Path\nfrom geo.store.lock import turn\n"
            f"with turn(Path({str(tmp_path / 'rounds')!r}), 1):\n"
            "    print('held', flush=True)\n    sys.stdin.read()\n",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(LetGoError):
            import_file(tmp_path, file, "lamps", crs="EPSG:4549", round="2008-01-01", waiting=waits)
        child.stdin.close()
    assert told[0].startswith("waiting for ")
    assert f"process {child.pid} on {socket.gethostname()}" in told[0]


def test_a_port_that_is_taken_is_said_before_a_browser_opens() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = atlas("app", "--port", str(port))
    assert result.returncode == 2
    assert result.stderr == (
        f"atlas: port {port}: another program has it, perhaps the app itself: http://127.0.0.1:{port};"
        " say another with --port\n"
    )


# -- files that are read ------------------------------------------------------------------------------------------


def test_a_template_that_is_not_there_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.survey.Survey.__init__", lambda *_: pytest.fail("the work was begun"))
    output, template = tmp_path / "r.docx", tmp_path / "none.docx"
    result = atlas("report", "-o", str(output), "--template", str(template))
    assert result.returncode == 2
    assert f"no file {template}" in result.stderr


def test_a_workbook_is_read_under_the_name_of_an_old_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["编号", "亮"], ["L1", "是"]):
        book.active.append(row)
    book.save(tmp_path / "lamps.xlsx")
    (tmp_path / "lamps.xlsx").rename(tmp_path / "lamps.xls")
    assert read_source(tmp_path / "lamps.xls")[0].frame["编号"].tolist() == ["L1"]
    (tmp_path / "lamps.xls").write_text("编号,亮\nL1,是\n", encoding="utf-8")
    with pytest.raises(SourceError, match="expected an Excel file, as its name says"):
        read_source(tmp_path / "lamps.xls")


def test_a_layer_that_a_geojson_does_not_have_is_refused_as_of_any_other_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "one.geojson"
    file.write_text(
        '{"type": "FeatureCollection", "name": "streets", "features": [{"type": "Feature",'
        ' "properties": {"id": "S1"}, "geometry": {"type": "Point", "coordinates": [119.9, 32.5]}}]}',
        encoding="utf-8",
    )
    for layer in (None, "one", "streets"):
        assert len(read_source(file, Request(layer))[0].frame) == 1
    with pytest.raises(SourceError, match=r"found the layers one, streets; .* nearest: streets"):
        read_source(file, Request("street"))


def test_a_report_whose_name_says_no_format_is_told_which_there_are(tmp_path: Path) -> None:
    result = atlas("report", "-o", str(tmp_path / "x.pfd"))
    assert result.returncode == 2
    assert result.stderr == (
        "atlas: -o: found 'x.pfd'; expected a name that ends in one of .pdf, .docx, .xlsx, .html, .gpkg;"
        " name it so, or say --format with one of them\n"
    )
    assert list(tmp_path.iterdir()) == []
