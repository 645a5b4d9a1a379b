"""`atlas map` and `atlas app`: what the figures look like."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer

from ..said import Said
from .output import (
    DISTRICT,
    FILE_LANG,
    ROUND,
    Reader,
    Speaks,
    counting,
    note,
    require_place,
    spoken,
    wrote,
)
from .wording import told


class UnitLevel(StrEnum):
    """The levels whose units can be coloured."""

    village = "village"
    town = "town"


_FONTS = (
    "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', "
    "'WenQuanYi Micro Hei', sans-serif"
)
SETTINGS: Mapping[str, object] = {
    # An office's figures are no one else's: only this machine, no reports of use, no stack for a stranger.
    "server.address": "127.0.0.1",
    "server.fileWatcherType": "none",
    "server.baseUrlPath": "",  # a proxy strips its prefix: addresses are relative
    "server.maxUploadSize": 100,
    "server.enableStaticServing": False,
    "logger.hideWelcomeMessage": True,
    "server.showEmailPrompt": False,  # it would hold up the first start on a fresh machine
    "browser.serverAddress": "127.0.0.1",
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": False,
    "theme.base": "light",
    "theme.primaryColor": "#0b5fa5",
    "theme.backgroundColor": "#fbfaf7",
    "theme.secondaryBackgroundColor": "#f0eee8",
    "theme.textColor": "#1b1b1b",
    # Fonts that the reader's machine has: nothing is fetched.
    "theme.font": _FONTS,
    "theme.headingFont": _FONTS,
}
"""Given to the server, since an installed copy has no `.streamlit` folder; a checkout has the same there."""


_VISITED = ("", "scope", "coverage")
"""Pages by their addresses, the opening page first."""

BASEMAP = typer.Option(
    None,
    "--basemap",
    metavar="BASEMAP",
    help="none, tianditu (app only; key in ATLAS_TIANDITU_KEY), osm, amap, or an address with"
    " {z}, {x} and {y} [default: none; in the app, what ATLAS_BASEMAP says].",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="map")(map_)
    app.command(name="app")(app_)


def map_(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The HTML file to write.")
    ],
    indicator: Annotated[
        str | None,
        typer.Option(
            metavar="INDICATOR",
            help="The indicator to show, by its id or title [default: what the streets are styled by].",
        ),
    ] = None,
    level: Annotated[
        UnitLevel | None, typer.Option(help="Colour the units of this level by verdict.")
    ] = None,
    lang: Annotated[Reader, FILE_LANG] = Reader.zh,
    basemap: str | None = BASEMAP,
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
) -> None:
    """One HTML file with the area, the decisions and an indicator; opens without a network."""
    from ..errors import StoreError, reason_of
    from ..survey import open_survey
    from ..views.basemap import basemap_named
    from ..views.map import require_page_name, write_map

    require_place(output)
    require_page_name(output)
    ground = basemap_named(basemap, os.environ)
    survey = open_survey(district, round_)
    try:
        with counting(Said("cutting tiles", "切片")) as progress:
            written = write_map(
                output,
                survey,
                indicator,
                level.value if level else None,
                lang.value,
                ground,
                progress=progress,
            )
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            Said(f"cannot write {output}: ", f"无法写入 {output}：") + reason_of(error)
        ) from error
    for finding in survey.findings:
        note(told(finding, spoken()))
    note(wrote(written))


def app_(
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="PORT", help="The port on this machine.")
    ] = 8501,
    district: Path | None = DISTRICT,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
    ] = True,
    basemap: str | None = BASEMAP,
    lang: Speaks = Reader.en,
) -> None:
    """The app, on this machine alone, until it is stopped with Ctrl-C."""
    from ..district import open_district
    from ..views.basemap import SETTING, basemap_named

    chosen = basemap or os.environ.get(SETTING, "none")
    basemap_named(chosen, os.environ)
    os.environ[SETTING] = chosen
    folder = open_district(district).folder.resolve()  # says what is wrong before a browser opens
    _require_free(port)
    os.environ["ATLAS_DISTRICT"] = str(folder)
    note(f"http://127.0.0.1:{port}" + Said(" (stop with Ctrl-C)", "（按 Ctrl-C 停止）"))
    if browser:
        Thread(target=_open_when_it_answers, args=(port,), daemon=True).start()
    Thread(target=_visit, args=(port,), daemon=True).start()
    # In this process, so that whoever stops `atlas` stops the server too.
    from ..app.server import leave, serve
    from . import tell_stopped

    try:
        # Headless: otherwise Streamlit greets and advertises; the browser is opened here instead.
        serve({**SETTINGS, "server.port": port, "server.headless": True})
    except KeyboardInterrupt:
        tell_stopped()
        leave(130)
    except SystemExit as ended:
        leave(ended.code if isinstance(ended.code, int) else 0)
    leave(0)


def _require_free(port: int) -> None:
    """Refuse a port that another program has, which would answer the browser in the app's place.

    Raises
    ------
    StoreError
        It is taken, or not for this user.
    """
    import errno
    import socket

    from ..errors import StoreError, reason_of

    with socket.socket() as door:
        if os.name == "posix":  # elsewhere it would let two programs have the same
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError as error:
            why = reason_of(error)
            if error.errno == errno.EADDRINUSE:
                why = Said(
                    f"another program has it, perhaps the app itself: http://127.0.0.1:{port}",
                    f"已被其他程序占用，也可能本应用已在运行：http://127.0.0.1:{port}",
                )
            raise StoreError(
                Said(f"port {port}: ", f"端口 {port}：")
                + why
                + Said("; say another with --port", "；请用 --port 另选")
            ) from error


def _open_when_it_answers(port: int) -> None:
    """Open a browser window once the server takes connections."""
    import webbrowser

    if _answers(port):
        webbrowser.open(f"http://127.0.0.1:{port}")


def _visit(port: int, patience_s: float = 120.0) -> None:
    """Ask for the pages with the district's figures as a browser does, so that the first reader finds them computed.

    Only time is lost where this fails, so nothing is said of it.
    """
    import asyncio
    import contextlib

    async def read() -> None:
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
        from websockets.asyncio.client import connect

        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        async with asyncio.timeout(patience_s), connect(address, max_size=None, proxy=None) as line:
            for page in _VISITED:
                asked = BackMsg()
                asked.rerun_script.query_string = ""
                asked.rerun_script.page_name = page
                await line.send(asked.SerializeToString())
                async for said in line:
                    if isinstance(said, bytes):
                        message = ForwardMsg.FromString(said)
                        if message.WhichOneof("type") == "script_finished":
                            break

    with contextlib.suppress(Exception):
        if _answers(port):
            asyncio.run(read())


def _answers(port: int, patience_s: float = 60.0) -> bool:
    """Wait until the server takes connections; whether it does."""
    import socket
    import time

    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        with socket.socket() as knock:
            knock.settimeout(1.0)
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return True
        Event().wait(0.2)
    return False
