"""The app's server: Streamlit's own, with what lets the first map of a page come sooner.

Pages say what they are going to ask for (`opening.py`) and may bring their map (`ahead.py`); what draws maps has an
address of its own, so that a browser keeps it, and no message carries it; and nothing that is written waits.
Started in another way (`streamlit run`), the app does the same without any of it.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from ..bundled import app_script
from ..views.component import SCRIPTS_AT, address_scripts, script_at
from ..views.format import Language
from .ahead import address, data_at, known_at
from .opening import link_header, opening_page
from .shell import PAGES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_TURN_S = 0.0005
"""How long a page at work keeps the interpreter from whoever waits, such as another reader's tiles: a tenth of the usual."""
_ENDING_S = 3
"""How long readers who are being answered hold up a server that was told to stop."""
_GARBAGE = (700, 10, 10)
"""After how many new things they are looked through: Python's own measure."""
_STREAMLITS = ("_stcore", "media", "component", "static", "app", "auth")
"""Folders of addresses that Streamlit answers. To any other address it gives its page, which stays empty there, since
its parts are named from where it lies."""
_FOR_EVER = b"public, max-age=31536000, immutable"
_FOR_THE_READER = b"private, max-age=86400, immutable"
"""A district's data are for whoever reads them, and not for what stands between."""


def serve(settings: Mapping[str, object]) -> None:
    """Run the app's server until it is stopped.

    Parameters
    ----------
    settings : Streamlit's options by their names
    """
    from starlette.middleware import Middleware

    address_scripts()
    answer_at_once()
    end_in_time()
    # Whoever stops a service says SIGTERM, of which Python dies with what readers sent left lying about.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    sys.setswitchinterval(_TURN_S)
    # `atlas` looks for garbage hardly ever, as suits one command; a server goes on for weeks.
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    st.App(app_script(), middleware=[Middleware(Ahead)]).run(config=settings)


def leave(status: int) -> NoReturn:
    """End this process, though pages are at work.

    Their threads are daemons, which run on while a process is taken down the usual way: one that waited for Arrow's
    threads after these had been taken from it kept the process from ending for ever, others broke it.

    Parameters
    ----------
    status : what the process says of how it went
    """
    atexit._run_exitfuncs()  # what readers sent goes
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody listens any more
            stream.flush()
    os._exit(status)


def answer_at_once() -> None:
    """Let every part of an answer go out when it is written.

    Streamlit's listening socket does not name its protocol, and asyncio switches Nagle's algorithm off only where a
    socket does. With it on, whatever is written in two small parts, as every script of a page is, waits 40 ms for
    the browser to say that it has the first. Connections have what their listening socket has.
    """
    from streamlit.web.server.starlette import starlette_server

    bind = getattr(starlette_server, "_bind_socket", None)
    if bind is None:  # another release of Streamlit: slower, no more
        return

    def bound(*said: Any, **named: Any) -> socket.socket:
        listening: socket.socket = bind(*said, **named)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening

    starlette_server._bind_socket = bound


def end_in_time() -> None:
    """Let no reader keep the server from ending.

    Told to stop, uvicorn waits until every answer is read to its end: a browser that reads no more, as in a tab that
    is held up or on a machine gone to sleep, would have it wait for ever.
    """
    from streamlit.web.server.starlette import starlette_server

    settings = getattr(starlette_server, "_get_uvicorn_config_kwargs", None)
    if settings is None:  # another release of Streamlit: it waits
        return
    starlette_server._get_uvicorn_config_kwargs = lambda: {
        "timeout_graceful_shutdown": _ENDING_S,
        **settings(),
    }


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
            script = script_at(path[1:])
            kept = _FOR_EVER if script else _FOR_THE_READER
            found = (script, b"text/javascript; charset=utf-8") if script else data_at(path[1:])
            asked = dict(scope.get("headers", ())).get(b"range", b"").decode("latin-1")
            await _answer(found, kept, asked, scope["method"] == "GET", send)
        elif _of_streamlit(path):
            await self.app(scope, receive, send)
        elif path[1:] not in ("", *PAGES[1:]):
            await _lead_to_opening_page(path[1:], scope.get("query_string", b""), send)
        else:
            query = query_of(scope.get("query_string", b""))
            page = path[1:] or PAGES[0]
            known = known_at(address(page, query))
            head = (b"link", link_header(page, known).encode())
            language: Language = "en" if query.get("lang") == "en" else "zh"
            await _open(opening_page(known, language), head, scope["method"] == "GET", send)


def _of_streamlit(path: str) -> bool:
    """Whether an address is a file's or one of Streamlit's own, and not that of a page, there or not.

    From one that ends in a slash Streamlit leads to the same without.

    Examples
    --------
    >>> [_of_streamlit(path) for path in ("/favicon.png", "/_stcore/health", "/scope/")]
    [True, True, True]
    >>> [_of_streamlit(path) for path in ("/", "/scope", "/scope/x")]
    [False, False, False]
    """
    folder, *beneath = path[1:].split("/")
    return "." in path or (bool(beneath) and (folder in _STREAMLITS or not beneath[-1]))


def query_of(said: bytes) -> dict[str, str]:
    """What stands in an address after the question mark, as a page finds it."""
    return dict(parse_qsl(said.decode("latin-1"), keep_blank_values=True))


async def _lead_to_opening_page(asked: str, query: bytes, send: Send) -> None:
    """From its own name, and from an address that names no page; of that the reader is told there.

    Streamlit would open a window in English.
    """
    named = b"" if asked == PAGES[0] else urlencode({"page": asked}).encode()
    said = b"&".join(part for part in (named, query) if part)
    home = b"../" * asked.count("/") or b"./"
    await send(
        {
            "type": "http.response.start",
            "status": 302,
            "headers": [(b"location", home + b"?" + said)],
        }
    )
    await send({"type": "http.response.body", "body": b""})


async def _open(page: bytes, head: tuple[bytes, bytes], whole: bool, send: Send) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode()),
        (b"cache-control", b"no-cache"),
        head,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page if whole else b""})


async def _answer(
    found: tuple[bytes, bytes] | None, kept: bytes, asked_range: str, whole: bool, send: Send
) -> None:
    """What never changes at its address, or the part of it that was asked for; or that there is nothing."""
    body, kind = found or (b"", b"")
    headers = [(b"x-content-type-options", b"nosniff")]
    status = 404
    if found is not None:
        status = 200
        headers += [(b"content-type", kind), (b"cache-control", kept)]
        part = re.fullmatch(r"bytes=(\d{1,15})-(\d{1,15})", asked_range)
        if part and int(part[1]) <= min(int(part[2]), len(body) - 1):
            first, last = int(part[1]), min(int(part[2]), len(body) - 1)
            headers.append((b"content-range", b"bytes %d-%d/%d" % (first, last, len(body))))
            body, status = body[first : last + 1], 206
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if whole else b""})
