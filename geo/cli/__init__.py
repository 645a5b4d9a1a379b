"""The command `atlas`."""

from __future__ import annotations

import os
import sys

import typer

from ..errors import GeoError
from ..version import __version__
from . import checking, figures, importing, reporting, rounds, show

app = typer.Typer(
    name="atlas",
    help="Urban-rural integration in layers: scope, coverage and maps of a district.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for commands in (figures, checking, importing, rounds, show, reporting):
    commands.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chengxiang-atlas {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Declared here so that `atlas --version` works without a command."""


def main() -> None:
    """Run `atlas`: exit status 0, or 2 with one message for a fault of input."""
    try:
        app()
    except GeoError as error:
        typer.echo(f"atlas: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("atlas: stopped; nothing was changed", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing more to say, and not a fault.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        # Not a fault of input but of ours: the user still gets one line, a developer the whole.
        if os.environ.get("ATLAS_DEBUG"):
            raise
        typer.echo(
            f"atlas: a fault of this program ({type(error).__name__}: {error}); nothing was changed;"
            " say ATLAS_DEBUG=1 before the command to see where, and report it",
            err=True,
        )
        sys.exit(1)
