"""Tables on a screen: nothing runs over it, and no figure, code or name is cut in two."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress

import pytest
from rich.cells import cell_len
from test_cli import atlas

from geo.cli.layout import fitted
from geo.cli.output import in_one_line

HEADINGS = ["unit", "found", "", "rows"]
LINES = [
    ["321202001002", "37 ends that stop short of another line", "m", "1,126,201.6"],
    ["321202001003", "西南转角系直接连接（wide-corner）而闭合", "—", "5"],
]
RIGHT = [False, False, False, True]
NAMES = ["unit", "found", "measure", "rows"]
WHOLE = ("321202001002", "1,126,201.6", "（wide-corner）", "another")


@pytest.mark.parametrize("width", range(24, 100))
def test_whatever_the_screen_nothing_runs_over_it_or_is_cut_in_two(width: int) -> None:
    head, rest = fitted(HEADINGS, LINES, RIGHT, NAMES, width)
    assert all(cell_len(line) <= width for line in (*head, *rest))
    text = "\n".join(rest)
    assert all(word in text for word in WHOLE)
    # All of it is there, in its order, column by column or row by row.
    letters = re.sub(r"\s", "", "".join(cell for line in LINES for cell in line))
    assert sorted(re.sub(r"\s", "", text)) == sorted(
        letters if head else letters + "".join(NAMES) * len(LINES)
    )


def test_a_table_is_folded_first_and_taken_apart_only_where_it_must() -> None:
    head, rest = fitted(HEADINGS, LINES, RIGHT, NAMES, 54)
    assert [line.split() for line in head] == [["unit", "found", "rows"]]
    assert rest[0] == "321202001002  37 ends that stop short   m  1,126,201.6"
    head, rest = fitted(HEADINGS, LINES, RIGHT, NAMES, 40)
    assert head == []
    assert rest[:5] == [
        "unit     321202001002",
        "found    37 ends that stop short of",
        "         another line",
        "measure  m",
        "rows     1,126,201.6",
    ]
    assert rest[5] == ""


def test_what_is_being_done_takes_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    assert in_one_line("检查 1/378 后街背巷") == "检查 1/378 "
    assert in_one_line("a\x1b[2J") == "a\ufffd[2J"
    assert in_one_line("") == ""


@pytest.mark.skipif(os.name != "posix", reason="a terminal is made as POSIX has it")
@pytest.mark.parametrize(("columns", "starts"), [(80, "\x1b[1munit_code"), (40, "unit_code  3212")])
def test_on_a_terminal_a_table_is_as_wide_as_that(columns: int, starts: str) -> None:
    import fcntl
    import struct
    import termios

    here, there = os.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")
    }
    with subprocess.Popen(
        [sys.executable, "-m", "geo", "scope"],
        stdout=there,
        stderr=subprocess.DEVNULL,
        env={**kept, "TERM": "xterm"},
    ):
        os.close(there)
        said = b""
        with suppress(OSError):  # the other end has gone
            while some := os.read(here, 65536):
                said += some
    os.close(here)
    lines = said.decode().splitlines()
    assert lines[0].startswith(starts)
    plain = [re.sub(r"\x1b\[\d*m", "", line) for line in lines]
    assert max(map(cell_len, plain)) <= columns
    codes = re.findall(r"^(?:unit_code +)?(\d{9,12})\b", "\n".join(plain), re.M)
    assert len(codes) == len(atlas("scope").stdout.splitlines()) - 1
