# ruff: noqa: PLC0415
"""Panning and zooming a map of very many streets: the longest frame, from an exported file or pair of files.

    .venv/bin/python benchmarks/app_large_map.py [--streets 1000000] [--seconds 20]

Makes the tiles of so many streets, writes the page as `atlas map` does (one file, or a pair when the tiles are
too large), serves it on loopback, opens it in headless Chromium, and then pans and zooms it without a pause
while the page itself notes when each frame came. Aim (issue 4): no frame over 250 ms after loading.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
SCREEN = {"width": 1366, "height": 768}
DRAWN = "[data-atlas-drawn=true]"
MOVE = """
async (seconds) => {
  const frames = [];
  let last = performance.now();
  let running = true;
  const tick = (now) => {
    frames.push(now - last);
    last = now;
    if (running) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  const end = performance.now() + seconds * 1000;
  const settled = () => new Promise((done) => map_atlas.once("moveend", done));
  const ways = [[500, 0], [0, 300], [-500, 0], [0, -300]];
  for (let turn = 0; performance.now() < end; turn += 1) {
    const done = settled();
    if (turn % 3 === 2) map_atlas.easeTo({ zoom: map_atlas.getZoom() + (turn % 6 === 2 ? 2 : -2), duration: 600 });
    else map_atlas.panBy(ways[turn % 4], { duration: 600 });
    await done;
  }
  running = false;
  frames.sort((a, b) => a - b);
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))];
  return { frames: frames.length, median: at(0.5), p99: at(0.99), longest: frames.at(-1), over: frames.filter((ms) => ms > 250).length };
}
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streets", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    from conftest import CHROMIUM_FLAGS, CHROMIUM_NAMES
    from many import many_streets
    from playwright.sync_api import sync_playwright

    from geo.views.map import write_described

    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        begun = time.perf_counter()
        description = many_streets("", asked.streets, across=max(120, int(asked.streets**0.5)))
        print(f"{asked.streets:,} streets described   {time.perf_counter() - begun:8.1f} s")
        begun = time.perf_counter()
        write_described(folder / "map.html", description)
        print(f"tiles and page written      {time.perf_counter() - begun:8.1f} s")
        for file in sorted(folder.iterdir()):
            print(f"  {file.name:<14} {file.stat().st_size / 1e6:8.1f} MB")
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
            seen = page.evaluate(MOVE, asked.seconds)
            print(
                f"{seen['frames']} frames while moving: median {seen['median']:.0f} ms, 99 % within"
                f" {seen['p99']:.0f} ms, longest {seen['longest']:.0f} ms, {seen['over']} over 250 ms"
            )
            browser.close()
            server.shutdown()


if __name__ == "__main__":
    main()
