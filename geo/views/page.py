"""A map description → one HTML file that asks nobody for anything.

folium makes the page and the empty map; Leaflet is put in from the installed package. The data and our
drawing script are put in after folium has rendered, the data as a JSON block: no text of a file ever
passes through a template. A content policy in the page refuses every request and every script but ours,
by hash, whatever the data hold.
"""

from __future__ import annotations

import base64
import hashlib
import re

from .basemap import Basemap
from .description import MapDescription, plain
from .inert import inert, json_block
from .leaflet import drawing_script, drawing_style, leaflet_script, leaflet_style

_NAME = "atlas"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_BEGIN = f"""
drawAtlasMap(
  L,
  document.getElementById("map_{_NAME}"),
  JSON.parse(document.getElementById("{_NAME}-data").textContent),
  {{ map: map_{_NAME} }},
);
"""


def map_page(description: MapDescription) -> str:
    """A whole HTML page that draws the map, with the network on or off.

    Parameters
    ----------
    description : the map

    Returns
    -------
    str
        The same description gives the same text, byte for byte.
    """
    skeleton = _skeleton(description.extent)
    head = "\n".join(
        (
            f"<title>{inert(description.title)}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>{leaflet_style()}\n{drawing_style()}</style>",
            f"<script>{_whole(leaflet_script())}</script>",
        )
    )
    draw = f"<script>{_whole(drawing_script())}{_BEGIN}</script>"
    page = _put(skeleton, "</head>", f"{head}\n</head>")
    page = _put(page, "</html>", f"{draw}\n</html>")
    page = _put(
        page, "<head>", f'<head>\n<meta charset="utf-8">\n{_policy(page, description.basemap)}'
    )
    language = "zh-CN" if description.language == "zh" else "en"
    page = _put(page, "<html>", f'<html lang="{language}">')
    # Last of all, so that nothing above looks at it.
    data = json_block(plain(description))
    block = f'<script type="application/json" id="{_NAME}-data">{data}</script>'
    return _put(page, "</body>", f"{block}\n</body>")


def _skeleton(extent: tuple[float, float, float, float]) -> str:
    """folium's page with an empty map: no data, no addresses, the same names each time."""
    import folium

    west, south, east, north = extent
    page_map = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=12,
        min_zoom=8,
        max_zoom=19,
        prefer_canvas=True,
        zoom_control=False,
        zoom_snap=0.25,
        zoom_delta=0.5,
    )
    page_map.default_js = []
    page_map.default_css = []
    page_map._id = _NAME
    figure = page_map.get_root()
    figure._id = _NAME
    return str(figure.render())


def _policy(page: str, basemap: Basemap | None) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"
        for body in _SCRIPT.findall(page)
    )
    tiles = "".join(f" {inert(host)}" for host in basemap.hosts) if basemap else ""
    return (
        '<meta http-equiv="Content-Security-Policy" content="'
        f"default-src 'none'; img-src data:{tiles}; style-src 'unsafe-inline'; script-src {hashes}; "
        "base-uri 'none'; form-action 'none'\">"
    )


def _put(page: str, mark: str, text: str) -> str:
    """The page with its only `mark` replaced; plain replacement, since `text` is not a pattern."""
    if page.count(mark) != 1:
        raise RuntimeError(f"the page has {page.count(mark)} of {mark!r}, where one is needed")
    return page.replace(mark, text)


def _whole(script: str) -> str:
    if "</script" in script.lower():
        raise RuntimeError("a script that holds </script cannot stand inside a page")
    return script.replace("\r\n", "\n")
