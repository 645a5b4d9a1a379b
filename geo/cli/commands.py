"""All commands of `atlas`, put together."""

from __future__ import annotations

import typer

from ..version import __version__
from . import behind, checking, figures, importing, reporting, rounds, show
from .usage import Command, Commands

app = typer.Typer(
    name="atlas",
    cls=Commands,
    help="Urban-rural integration in layers: scope, coverage and maps of a district.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for commands in (figures, behind, checking, importing, rounds, show, reporting):
    commands.register(app)
for command in app.registered_commands:
    command.cls = Command


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
