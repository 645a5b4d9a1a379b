"""The command `atlas`.

Nothing is loaded here but what every start needs: the commands themselves come with `commands`, and what
they compute with when they run.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .commands import app as app

__all__ = ["app", "main"]


def __getattr__(name: str) -> object:
    if name == "app":
        return import_module(".commands", __name__).app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> None:
    """Run `atlas`: exit status 0, or 2 with one message for a fault of input."""
    _have_somewhere_to_write()
    _for_one_command()
    _tell_of_compiling()
    try:
        _run()
    except KeyboardInterrupt:
        tell_stopped()
        sys.exit(130)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            sys.exit(0)  # the reader of a help text has gone, which Typer takes for a fault
        # Typer ends a command that is stopped without a word.
        if isinstance(getattr(ended.__context__, "__cause__", None), KeyboardInterrupt):
            tell_stopped()
        raise
    finally:
        # The process ends, and all that it loaded with it: to look through it once more for garbage took a
        # tenth of a short command.
        gc.freeze()


def _run() -> None:
    from ..errors import GeoError
    from ..said import Said
    from .commands import app
    from .output import Reader, note, speak, spoken

    speak(Reader.en)
    try:
        app()
    except GeoError as error:
        note(error.in_(spoken()))
        sys.exit(2)
    except Exception as error:
        # Not a fault of input but of ours: the user still gets one line, a developer the whole.
        if os.environ.get("ATLAS_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        note(
            Said(
                f"a fault of this program ({what}); nothing was changed;"
                " say ATLAS_DEBUG=1 before the command to see where, and report it",
                f"本程序出错（{what}）；未作任何改动；在命令前加 ATLAS_DEBUG=1 可看到出错位置，请据此反馈",
            )
        )
        sys.exit(1)


def tell_stopped() -> None:
    """Say that the command was stopped, and what that means for what it was at."""
    from ..said import Said
    from .output import note

    # A command that writes does so whole or not at all, and Ctrl-C may come just after.
    writes = {"import", "carry", "undo", "publish", "convert", "--repair"} & set(sys.argv[1:])
    said = (
        Said(
            "see `atlas rounds`: a round is written whole or not at all",
            "轮次要么完整写入，要么全不写入：请用 atlas rounds 查看",
        )
        if writes
        else Said("nothing was changed", "未作任何改动")
    )
    note(Said("stopped; ", "已停止；") + said)


def _tell_of_compiling() -> None:
    """Kernels are compiled when they are first used on a machine: half a minute that is not to pass in silence."""
    import logging

    told = logging.getLogger("geo.engine.kernels.making")
    if not told.handlers:
        told.addHandler(logging.StreamHandler())
    told.setLevel(logging.INFO)
    told.propagate = False


def _have_somewhere_to_write() -> None:
    """Where nobody gave this process a standard output (`>&-`), no file that it opens is to become it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end


def _for_one_command() -> None:
    """Settings of a process that loads much, runs one command and ends: a tenth of its start-up time."""
    # A thousand modules are loaded, a million things that refer to others, and none of them becomes garbage:
    # looking through them for some is in vain.
    gc.set_threshold(1_000_000, 50, 50)
    # Else pydantic asks every installed package whether it has a plugin for it.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
