"""What the browser tests look at: whether a map is drawn, and what its pixels hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
DRAWN = "[data-atlas-drawn=true]"
SCREEN = {"width": 1366, "height": 768}

# A canvas is painted with the next frame, and whatever was asked of it before this was asked for before this frame.
_COLOURS = """
async (canvas) => {
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const counts = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 250) continue;
    const key = "#" + [0, 1, 2].map((i) => data[at + i].toString(16).padStart(2, "0")).join("");
    counts[key] = (counts[key] || 0) + 1;
  }
  return counts;
}
"""


def colours(page: Page) -> dict[str, int]:
    """How many fully opaque pixels of each colour the map's canvas holds, once all is painted."""
    found: dict[str, int] = page.locator(f"{DRAWN} canvas").evaluate(_COLOURS)
    return found


def keep(page: Page, name: str) -> None:
    """A screenshot for whoever wants to look; not kept in the repository."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def watched(page: Page) -> dict[str, list[Any]]:
    """What a page says, asks for and pops up from now on; a dialog is closed."""
    seen: dict[str, list[Any]] = {"errors": [], "requests": [], "dialogs": []}
    page.on("pageerror", lambda error: seen["errors"].append(str(error)))
    page.on("request", lambda request: seen["requests"].append(request.url))

    def close(dialog: Any) -> None:
        seen["dialogs"].append(dialog.message)
        dialog.dismiss()

    page.on("dialog", close)
    return seen
