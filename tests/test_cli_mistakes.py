"""What goes wrong at a keyboard: one message each, in time, and nothing lost or left lying about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from test_cli import atlas

# -- stopping -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scope"], "atlas: stopped; nothing was changed\n"),
        (["scope", "--lang", "zh"], "atlas: 已停止；未作任何改动\n"),
        (["publish", "--district", "d"], "atlas: stopped; see `atlas rounds`: a round is written whole"),
    ],
)  # fmt: skip
def test_whoever_stops_a_command_is_told_so(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("geo.survey.open_survey", stop)
    monkeypatch.setattr("geo.district.open_district", stop)
    result = atlas(*arguments)
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr.startswith(said)


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
