"""The app's server: Streamlit's own, with two things besides that let the first map of a page come sooner.

Streamlit's page asks for what it needs only when it finds out that it does: first its frame, then, once the script
has spoken, the programs of the widgets that were named, then the program that draws a map. Here the page itself
names them in its head (`Link: rel=modulepreload`), so that they come while the frame is still starting; and what
draws maps has an address of its own, so that a browser keeps it, and no message carries it.
Started in another way (`streamlit run`), the app does the same without either.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from ..bundled import app_script
from ..views.component import SCRIPTS_AT, address_scripts, last_drawn_by, script_address, script_at
from .shell import PAGES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_USED = ("BidiComponent", "Html", "ButtonGroup", "DownloadButton", "Selectbox", "Checkbox")
"""Streamlit's own parts that pages with a map are made of, as it names the files they are in."""
_ASKS_FOR = re.compile(r'(?:from|import)\s*"\./([\w.-]+\.js)"')
_TURN_S = 0.0005
"""How long a page at work keeps the interpreter from whoever waits, such as another reader's tiles: a tenth of the usual."""
_GARBAGE = (700, 10, 10)
"""After how many new things they are looked through: Python's own measure."""
_FOR_EVER = b"public, max-age=31536000, immutable"


def serve(settings: Mapping[str, object]) -> None:
    """Run the app's server until it is stopped.

    Parameters
    ----------
    settings : Streamlit's options by their names
    """
    from starlette.middleware import Middleware

    address_scripts()
    sys.setswitchinterval(_TURN_S)
    # `atlas` looks for garbage hardly ever, as suits one command; a server goes on for weeks.
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    st.App(app_script(), middleware=[Middleware(Ahead)]).run(config=settings)


class Ahead:
    """Names in a page's head what it is going to ask for, and serves the programs that draw."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
        elif path.startswith(f"/{SCRIPTS_AT}/"):
            await _answer(script_at(path[1:]), scope["method"] == "GET", send)
        elif "/" in path[1:] or "." in path:
            await self.app(scope, receive, send)
        elif path[1:] not in ("", *PAGES[1:]):
            await _lead_to_opening_page(path[1:], scope.get("query_string", b""), send)
        else:
            head = (b"link", link_header(path[1:]).encode())

            async def with_head(message: Message) -> None:
                if message["type"] == "http.response.start" and message["status"] == 200:
                    message["headers"] = [*message["headers"], head]
                await send(message)

            await self.app(scope, receive, with_head)


def link_header(page: str) -> str:
    """What a page's head names: Streamlit's parts and, once somebody has seen the page, what draws its map."""
    files = [f"./static/js/{name}" for name in parts_of_pages()]
    drawing = last_drawn_by(f"{page or 'overview'}_map")
    if drawing:
        files.append(f"./{script_address(drawing)}")
    # Low: the frame, without which nothing of this can be used, goes before them.
    how = "rel=modulepreload; crossorigin=anonymous; fetchpriority=low"
    return ", ".join(f"<{file}>; {how}" for file in files)


@cache
def parts_of_pages() -> tuple[str, ...]:
    """The files of Streamlit's parts that pages with a map are made of, and those they need in turn.

    Without those that its page names already; a release that names its files otherwise has none here, and its
    pages come as they would.
    """
    from streamlit.file_util import get_static_dir

    home = Path(get_static_dir())
    folder = home / "static" / "js"
    page = home / "index.html"
    known = set(re.findall(r"static/js/([\w.-]+\.js)", page.read_text("utf-8")))
    return needed(
        [file.name for part in _USED for file in sorted(folder.glob(f"{part}.*.js"))],
        known,
        lambda name: (folder / name).read_text("utf-8"),
    )


def needed(files: Iterable[str], known: set[str], text_of: Callable[[str], str]) -> tuple[str, ...]:
    """These modules and all that they import, each once and without those that are known.

    Examples
    --------
    >>> needed(["a.js"], {"c.js"}, {"a.js": 'import{x}from"./b.js";', "b.js": 'import"./c.js";'}.get)
    ('a.js', 'b.js')
    """
    found: dict[str, None] = {}
    waiting = list(files)
    while waiting:
        name = waiting.pop(0)
        if name not in known and name not in found:
            found[name] = None
            waiting += _ASKS_FOR.findall(text_of(name))
    return tuple(found)


async def _lead_to_opening_page(asked: str, query: bytes, send: Send) -> None:
    """From its own name, and from an address that names no page; of that the reader is told there.

    Streamlit would open a window in English.
    """
    named = b"" if asked == PAGES[0] else urlencode({"page": asked}).encode()
    said = b"&".join(part for part in (named, query) if part)
    await send(
        {"type": "http.response.start", "status": 302, "headers": [(b"location", b"./?" + said)]}
    )
    await send({"type": "http.response.body", "body": b""})


async def _answer(script: bytes | None, whole: bool, send: Send) -> None:
    body = script or b""
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if script is not None:
        headers += [
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"cache-control", _FOR_EVER),
        ]
    status = 200 if script is not None else 404
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if whole else b""})
