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
from collections.abc import Iterable
from importlib import resources

from .basemap import Basemap
from .description import MapDescription, plain
from .format import LANGUAGE_TAGS
from .inert import inert, json_block
from .leaflet import drawing_script, drawing_style, leaflet_script, leaflet_style
from .maplibre import maplibre_script, maplibre_style, tiles_script
from .tiles import Archive

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
    language = LANGUAGE_TAGS[description.language]
    page = _put(page, "<html>", f'<html lang="{language}">')
    # Last of all, so that nothing above looks at it.
    data = json_block(plain(description))
    block = f'<script type="application/json" id="{_NAME}-data">{data}</script>'
    return _put(page, "</body>", f"{block}\n</body>")


def tiles_page(description: MapDescription, archive: Archive, beside: str | None = None) -> str:
    """A whole HTML page that draws a map with very many features, with the network on or off.

    Parameters
    ----------
    description : the map
    archive : its tiles
    beside : the name of the file beside the page that will hold the tiles; None puts them in the page

    Returns
    -------
    str
        The same description gives the same text, byte for byte.
    """
    own = resources.files(__package__)
    begin = own.joinpath("atlas_tiles_page.js").read_text(encoding="utf-8")
    scripts = [_whole(text) for text in (maplibre_script(), f"{tiles_script()}\n{begin}")]
    language = LANGUAGE_TAGS[description.language]
    said = plain(description, archive)
    blocks = {"index": base64.b64encode(archive.index).decode()}
    if beside is None:
        blocks["tiles"] = base64.b64encode(archive.tiles).decode()
    else:
        said["beside"] = beside
    ground = f" {' '.join(map(inert, description.basemap.hosts))}" if description.basemap else ""
    asked = f"'self'{ground}" if beside else ground.strip() or "'none'"
    policy = (
        f"default-src 'none'; img-src data: blob:{ground}; connect-src {asked}; worker-src blob:;"
        f" style-src 'unsafe-inline'; script-src {_hashes(scripts)}; base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{language}">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{inert(description.title)}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>html, body, #map_{_NAME} {{ height: 100%; margin: 0; }}",
            f"{maplibre_style()}\n{drawing_style()}</style></head>",
            f'<body><div id="map_{_NAME}"></div>',
            f'<script type="application/json" id="{_NAME}-data">{json_block(said)}</script>',
            *(
                f'<script type="text/plain" id="{_NAME}-{name}">{text}</script>'
                for name, text in blocks.items()
            ),
            *(f"<script>{script}</script>" for script in scripts),
            "</body></html>\n",
        )
    )


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
    hashes = _hashes(_SCRIPT.findall(page))
    tiles = "".join(f" {inert(host)}" for host in basemap.hosts) if basemap else ""
    return (
        '<meta http-equiv="Content-Security-Policy" content="'
        f"default-src 'none'; img-src data:{tiles}; style-src 'unsafe-inline'; script-src {hashes}; "
        "base-uri 'none'; form-action 'none'\">"
    )


def _hashes(scripts: Iterable[str]) -> str:
    """What names these scripts, and no other, in a content policy."""
    return " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"
        for body in scripts
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
