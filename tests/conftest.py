"""What several areas' tests share: a Chromium with the network refused."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name but this machine's means anything, and what is asked for by number meets a proxy that is
    # none; requests are not looked through one by one, since a browser that has them so keeps no cache.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--proxy-server=http://127.0.0.1:9",
)
collect_ignore = ["misbehaving", "fuzz/engines_run.py", "fuzz/crossover.py"]
"""Looked through for examples they would be imported: the one would add its format to this process too, and the
others, which are run by hand, take pytest's words for their own."""
OWN_HOSTS = {"localhost", "127.0.0.1", "::1"}

# The same examples every time; `pytest --hypothesis-profile=thorough` draws a thousand new ones.
# How long drawing them takes is said of a machine and all it does besides.
_ANY_PACE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("fixed", max_examples=15, derandomize=True, **_ANY_PACE)
settings.register_profile("thorough", max_examples=1000, **_ANY_PACE)
settings.load_profile("fixed")


class Refused(list[str]):
    """Addresses outside this machine that a page asked for; every one of them was refused."""


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_what_we_start() -> None:
    """A shell has what it runs in the background ignore Ctrl-C, and a process passes that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_OFFENCES: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def _heed_what_is_said() -> Iterator[None]:
    """Every finding, fault and left-out row that any test brings about is looked at."""
    from bilingual import heeded

    yield from heeded(_OFFENCES)


@pytest.fixture(autouse=True)
def _all_is_said_in_chinese() -> Iterator[None]:
    """What the program finds wrong is said in Chinese as well, whichever test it comes up in."""
    _OFFENCES.clear()
    yield
    assert not _OFFENCES


@pytest.fixture(scope="session", autouse=True)
def _files_open_quickly() -> Iterator[None]:
    """Users' files are opened by copies of one process, which spares each file a second of loading."""
    from geo.sources.sandbox import kept_ready

    with kept_ready():
        yield


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome (tests/setup.sh sees to it that there is one)."""
    named = [os.environ.get("CHROMIUM"), *map(shutil.which, CHROMIUM_NAMES), *CHROMIUM_PLACES]
    for path in named:
        if path and Path(path).is_file():
            return path
    pytest.fail("no Chromium: run `make setup`, or set CHROMIUM to the path of one")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A running Chromium; one a module, since Playwright keeps an event loop while it lives."""
    from browsing import WAIT_MS
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS), timeout=WAIT_MS
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """A browser's profile; the pages of a module share what it has loaded, as the tabs of a reader do."""
    from browsing import profile

    context = profile(browser)
    yield context
    context.close()


@pytest.fixture
def open_page(reader: BrowserContext) -> Iterator[Callable[..., tuple[Page, Refused]]]:
    """Opens a page that can reach this machine alone, with the list of what was refused to it."""
    pages = []

    def opened(address: str, viewport: ViewportSize | None = None) -> tuple[Page, Refused]:
        page = reader.new_page()
        pages.append(page)
        if viewport is not None:
            page.set_viewport_size(viewport)
        refused = Refused()

        def judge(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in OWN_HOSTS:
                refused.append(url)

        page.on("request", lambda request: judge(request.url))
        page.on("websocket", lambda socket: judge(socket.url))
        page.goto(address)
        return page, refused

    yield opened
    for page in pages:
        page.close()
