# ruff: noqa: PLC0415, PLR0915
"""First map drawn, answer to a click and size of a file, against an empty Streamlit page and a stock folium page.

    .venv/bin/python benchmarks/app_first_map.py [--streets 657] [--times 5]

Median of some runs in headless Chromium, as the page itself sees what it shows; a map is drawn before the rest of
its page is there, so when it has its place among that is told too. Run it on a machine with nothing else to do. The stock page is
folium with its usual SVG map and streamlit-folium; what it asks of other hosts it gets from here: Leaflet from
the installed package, and empty files for what only decorates. Without streamlit-folium in the environment
(`uv pip install streamlit-folium`) that line is left out and said to be.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Route

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
SCREEN = {"width": 1366, "height": 768}
EMPTY = (
    "import streamlit as st\nst.set_page_config(layout='wide')\nst.html('<p id=there>there</p>')\n"
)
DRAWN = "[data-atlas-drawn=true]"
WHOLE = f"#root {DRAWN}"
"""The map in its place among the page's other parts."""
PATHS = ("", "scope", "coverage?indicator=hardening.back_streets&drawn=features")
SEEN = """
(selectors) => {
  const roots = []; // a frame's document is another once it is loaded
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (...how) {
    const root = attach.apply(this, how);
    roots.push(root);
    return root;
  };
  window.seen = {};
  const within = (root, selector) => selector.startsWith("#root ")
    ? (root.host ? root.host.closest("#root") && root.querySelector(selector.slice(6)) : root.querySelector(selector))
    : root.querySelector(selector);
  setInterval(() => {
    for (const selector of selectors) {
      if (!(selector in seen) && [document, ...roots].some((root) => within(root, selector))) {
        seen[selector] = performance.timeOrigin + performance.now();
      }
    }
  }, 10);
}
"""
"""Looks every hundredth of a second: a waiting driver asks every half second only."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(command: Callable[[int], list[str]], **environment: str) -> Iterator[str]:
    """A server on a free port of this machine; its address."""
    port = free_port()
    server = subprocess.Popen(
        command(port),
        cwd=tempfile.gettempdir(),
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def script(file: Path) -> Callable[[int], list[str]]:
    flags = ["--server.headless=true", "--browser.gatherUsageStats=false"]
    flags += ["--server.address=127.0.0.1", "--server.fileWatcherType=none"]
    run = [sys.executable, "-m", "streamlit", "run", str(file), *flags]
    return lambda port: [*run, f"--server.port={port}"]


def atlas(district: Path) -> Callable[[int], list[str]]:
    run = [sys.executable, "-m", "geo", "app", "--no-browser", "--district", str(district)]
    return lambda port: [*run, "--port", str(port)]


def district_of(streets: int, folder: Path) -> Path:
    """The embedded district; with more streets than it has, each copied some metres aside."""
    import geopandas as gpd
    import pandas as pd
    import pyogrio

    from geo.bundled import embedded_district
    from geo.survey import open_survey

    home = embedded_district()
    own = open_survey(home)
    have = own.frame("back_streets")
    if streets <= len(have):
        return home
    copy = folder / "many"
    shutil.copytree(home, copy)
    for file in (copy / "rounds").glob("*.gpkg"):
        if file.stem != own.round:
            file.unlink()
    parts = []
    for number in range(-(-streets // len(have))):
        part = have.copy()
        part["geometry"] = part.translate(7.0 * (number % 40), 7.0 * (number // 40))
        part["id"] = [f"{key}-{number}" for key in part["id"]]
        parts.append(part)
    many = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True)[:streets], crs=have.crs)
    file = copy / "rounds" / f"{own.round}.gpkg"
    pyogrio.write_dataframe(many, file, layer="back_streets", driver="GPKG")
    return copy


def stock_page(district: Path, folder: Path) -> Path | None:
    """The page that anyone would write first, with its scripts on this machine."""
    if importlib.util.find_spec("streamlit_folium") is None:
        return None
    file = folder / "stock.py"
    file.write_text(
        "import folium, streamlit as st\n"
        "from streamlit_folium import st_folium\n"
        "from geo.survey import open_survey\n"
        "from geo.views.leaflet import leaflet_script, leaflet_style\n"
        "st.set_page_config(layout='wide')\n"
        f"streets = open_survey({str(district)!r}).frame('back_streets').to_crs(4326)[['name', 'geometry']]\n"
        "m = folium.Map(location=[32.49, 119.92], zoom_start=12, tiles=None)\n"
        "folium.GeoJson(streets.to_json()).add_to(m)\n"
        "st_folium(m, width=900, height=560, returned_objects=[])\n",
        encoding="utf-8",
    )
    return file


def from_here(route: Route) -> None:
    """What a page asks of another host, answered by this machine."""
    from geo.views.leaflet import leaflet_script, leaflet_style

    address = route.request.url
    own = {"leaflet.js": leaflet_script, "leaflet.css": leaflet_style}.get(
        address.rsplit("/", 1)[-1]
    )
    kind = "text/css" if address.endswith(".css") else "text/javascript"
    route.fulfill(body=own() if own else "", content_type=kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streets", type=int, default=657)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    from conftest import CHROMIUM_FLAGS, CHROMIUM_NAMES
    from playwright.sync_api import sync_playwright

    from geo.survey import open_survey
    from geo.views.map import write_map

    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        district = district_of(asked.streets, folder)
        empty = folder / "empty.py"
        empty.write_text(EMPTY, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_FLAGS))

        def timed(
            address: str, *selectors: str, times: int = asked.times, framed: bool = False
        ) -> list[float]:
            """Median seconds from asking for a page to seeing each of these, after one visit unmeasured."""
            seconds = []
            for _ in range(times + 1):
                page = browser.new_page(viewport=SCREEN)
                page.add_init_script(f"({SEEN})({json.dumps(selectors)})")
                if framed:
                    page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), from_here)
                page.goto(address, wait_until="commit")
                begun = page.evaluate("() => performance.timeOrigin")
                where = page
                if framed:
                    page.locator("iframe").first.wait_for(state="attached", timeout=180_000)
                    where = page.locator("iframe").first.element_handle().content_frame()
                where.wait_for_function(
                    "(many) => Object.keys(window.seen ?? {}).length === many",
                    arg=len(selectors),
                    timeout=180_000,
                )
                seen = where.evaluate("() => window.seen")
                seconds.append([(seen[selector] - begun) / 1000 for selector in selectors])
                page.close()
            return [
                statistics.median(column) for column in zip(*(seconds[1:] or seconds), strict=True)
            ]

        with serving(script(empty)) as address:
            (base,) = timed(address, "#there")
            print(f"an empty Streamlit page                {base:7.2f} s")
        with serving(atlas(district)) as address:
            # What a server computes once is told apart from what every reader waits for. While the overview has its
            # first reader, the server computes what the other pages need.
            for path in PATHS:
                (took,) = timed(f"{address}/{path}", DRAWN, times=0)
                print(f"/{path.partition('?')[0]:<12} first reader after the start {took:7.2f} s")
            for path in PATHS:
                took, whole = timed(f"{address}/{path}", DRAWN, WHOLE)
                print(
                    f"/{path.partition('?')[0]:<12} first map drawn          {took:7.2f} s  {took / base:5.2f}×"
                    f"   in its place {whole:5.2f} s  {whole / base:5.2f}×"
                )
            page = browser.new_page(viewport=SCREEN)
            page.goto(f"{address}/scope")
            page.locator(DRAWN).wait_for(timeout=180_000)
            clicks = []
            for number in range(asked.times + 1):
                row = page.locator(".atlas-rows tbody tr").nth(number)
                label = row.locator("td").first.text_content()
                begun = time.perf_counter()
                row.click()
                page.locator(".atlas-card h3", has_text=label).wait_for()
                clicks.append(time.perf_counter() - begun)
            print(f"a click answered on map and list       {statistics.median(clicks[1:]):7.2f} s")
            page.close()
        stock = stock_page(district, folder)
        if stock is None:
            print("stock folium page: not measured, streamlit-folium is not installed")
        else:
            with serving(script(stock)) as address:
                try:
                    (took,) = timed(address, "path.leaflet-interactive", framed=True)
                    print(
                        f"stock folium page, first map drawn     {took:7.2f} s  {took / base:5.2f}×"
                    )
                except Exception as error:  # a blank page is a result too
                    print(
                        f"stock folium page: nothing drawn ({type(error).__name__}); it needs the network"
                    )
        file = write_map(folder / "map.html", open_survey(district))
        (begun,) = timed(file.as_uri(), DRAWN)
        print(f"exported file {file.stat().st_size / 1e6:6.1f} MB, drawn in      {begun:7.2f} s")
        browser.close()


if __name__ == "__main__":
    main()
