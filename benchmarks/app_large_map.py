# ruff: noqa: PLC0415
"""Panning and zooming a map of very many streets: the longest frame, from an exported file or pair of files.

    .venv/bin/python benchmarks/app_large_map.py [--streets 1000000] [--seconds 20]

Makes the tiles of so many streets, writes the page as `atlas map` does (one file, or a pair when the tiles are
too large), serves it on loopback, opens it in headless Chromium, and then pans and zooms it from the whole to single streets
while the page itself notes when each frame came, in movement and at rest (when a picture is made sharp).
Aim (issue 4): no frame over 250 ms after loading. Where there is no graphics card Chromium draws WebGL on the
processor (SwiftShader); what even an empty map then costs is measured too. `--keep` saves the made files for the next run.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
SCREEN = {"width": 1366, "height": 768}
DRAWN = "[data-atlas-drawn=true]"
MOVE = """
async (seconds) => {
  const moving = [];
  const resting = [];
  const begin = { center: map_atlas.getCenter(), zoom: map_atlas.getZoom() };
  let last = performance.now();
  let running = true;
  const tick = (now) => {
    (map_atlas.isMoving() ? moving : resting).push(now - last);
    last = now;
    if (running) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  const settled = () => new Promise((done) => map_atlas.once("moveend", done));
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const pan = (x, y) => () => map_atlas.panBy([x, y], { duration: 600 });
  const closer = (by) => () => map_atlas.easeTo({ zoom: map_atlas.getZoom() + by, duration: 600 });
  const back = () => map_atlas.easeTo({ ...begin, duration: 600 });
  // From all of it to single streets and back, over the middle of the map, with a rest after each third movement.
  const ways = [pan(300, 0), pan(-300, 200), closer(2), pan(500, 0), pan(0, 300), closer(2), pan(-500, 0), pan(0, -300),
    closer(2), pan(400, 200), pan(-400, 0), back];
  const end = performance.now() + seconds * 1000;
  let seen = 0;
  for (let turn = 0; performance.now() < end || turn % ways.length; turn += 1) {
    const done = settled();
    ways[turn % ways.length]();
    await done;
    if (turn % 3 === 2) {
      await rest(900);
      seen = Math.max(seen, map_atlas.queryRenderedFeatures().length);
    }
  }
  running = false;
  const told = (frames) => {
    frames.sort((a, b) => a - b);
    const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))];
    return { frames: frames.length, median: at(0.5), p99: at(0.99), longest: frames.at(-1), over: frames.filter((ms) => ms > 250).length };
  };
  return { moving: told(moving), resting: told(resting), seen };
}
"""


EMPTY = """
() => map_atlas.getStyle().layers.filter(({ id }) => id !== "ground")
  .forEach(({ id }) => map_atlas.setLayoutProperty(id, "visibility", "none"))
"""


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, with ranges, as the app's own server does."""

    def log_message(self, *said: object) -> None:
        pass

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        file = Path(self.translate_path(self.path))
        if not asked or not file.is_file():
            return super().do_GET()
        first, last = (int(one) for one in asked.removeprefix("bytes=").split("-"))
        with file.open("rb") as data:
            data.seek(first)
            body = data.read(last - first + 1)
        self.send_response(206)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "Content-Range", f"bytes {first}-{first + len(body) - 1}/{file.stat().st_size}"
        )
        self.end_headers()
        self.wfile.write(body)
        return None


def make(folder: Path, streets: int) -> None:
    """Write the map of so many streets, saying what it takes."""
    from many import many_streets

    from geo.views.map import write_described

    begun = time.perf_counter()
    description = many_streets("", streets, across=max(120, int(streets**0.5)))
    print(f"{streets:,} streets described   {time.perf_counter() - begun:8.1f} s")
    begun, worked = time.perf_counter(), os.times()
    write_described(folder / "map.html", description)
    ours, theirs = (sum(os.times()[at : at + 2]) - sum(worked[at : at + 2]) for at in (0, 2))
    print(
        f"tiles and page written      {time.perf_counter() - begun:8.1f} s, processor {ours:.1f} s here and"
        f" {theirs:.1f} s in the processes that cut tiles, peak of memory here"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB"
    )
    for file in sorted(folder.iterdir()):
        print(f"  {file.name:<14} {file.stat().st_size / 1e6:8.1f} MB")


def tell(what: str, seen: dict[str, Any]) -> None:
    """Print what the page has noted."""
    for name in ("moving", "resting"):
        told = seen[name]
        print(
            f"{what}{name}: {told['frames']} frames, median {told['median']:.0f} ms, 99 % within {told['p99']:.0f} ms,"
            f" longest {told['longest']:.0f} ms, {told['over']} over 250 ms"
        )
    print(f"{what}up to {seen['seen']:,} features in a picture")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streets", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--keep", type=Path, help="folder to make the map in, or to find it made")
    asked = parser.parse_args()
    from conftest import CHROMIUM_FLAGS, CHROMIUM_NAMES
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = asked.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "map.html").is_file():
            make(folder, asked.streets)
        handler = functools.partial(Silent, directory=str(folder))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_FLAGS))
            page = browser.new_page(viewport=SCREEN)
            page.set_default_timeout(600_000)
            begun = time.perf_counter()
            page.goto(f"http://127.0.0.1:{server.server_port}/map.html")
            page.wait_for_selector(DRAWN)
            print(f"first picture               {time.perf_counter() - begun:8.1f} s")
            tell("", page.evaluate(MOVE, asked.seconds))
            page.evaluate(EMPTY)
            tell("empty map, ", page.evaluate(MOVE, asked.seconds / 4))
            browser.close()
            server.shutdown()


if __name__ == "__main__":
    main()
