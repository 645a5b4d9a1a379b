"""The page that everything else comes into: Streamlit's own, which also says what it is going to ask for.

Streamlit's page asks for what it needs only when it finds out that it does: first its frame, then, once the script
has spoken, the programs of the widgets that were named, then the program that draws a map. Here its head names
them (`Link: rel=modulepreload`), so that they come while the frame is still starting; it says where the server is,
which Streamlit would find out by trying; and where its map is known already (`ahead.py`), that is drawn first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from .. import views
from ..views.component import last_drawn_by, script_address
from ..views.format import LANGUAGE_TAGS, Language
from ..views.inert import json_block
from . import words
from .ahead import Known, drawing_of

_USED = ("BidiComponent", "Html", "ButtonGroup", "DownloadButton", "Selectbox", "Checkbox")
"""Streamlit's own parts that pages with a map are made of, as it names the files they are in."""
_ASKS_FOR = re.compile(r'(?:from|import)\s*"\./([\w.-]+\.js)"')
_ENTRY = re.compile(r'<script type="module" crossorigin src="(\./static/js/[\w.-]+\.js)"></script>')
"""Where a page begins to be Streamlit's. Another release may say it otherwise: its pages come as they would."""
_PRELOADED = re.compile(r'<link rel="modulepreload" crossorigin href="(\./static/js/[\w.-]+\.js)">')
_HOST = {
    "useExternalAuthToken": False,
    "enableCustomParentMessages": False,
    "enforceDownloadInNewTab": False,
    "metricsUrl": "",
    "blockErrorDialogs": False,
    "resourceCrossOriginMode": None,
}
"""What a page may be told by a page round it: nothing. Streamlit's own answer trusts hosts of its makers."""


_BACK = """<script>
const push = history.pushState;
history.pushState = function (state, unused, url) {
  const here = url !== undefined && new URL(url, location.href).pathname === location.pathname;
  return (here ? history.replaceState : push).call(this, state, unused, url);
};
</script>"""
"""A choice stands in the address of its page and is no page of its own: Back leads to the page before."""


def opening_page(known: Known | None, language: Language) -> bytes:
    """The text of a page, in UTF-8.

    Parameters
    ----------
    known : the map that it is going to show, if that is known
    language : its reader's
    """
    page = _in_language(language)
    begins = _ENTRY.search(page)
    if begins is None:
        return page.encode()
    entry = json.dumps(begins[1])
    first = drawing_of(known) if known else None
    end = page[begins.end() :]
    if first is None:
        begin = begins[0]
    else:
        # The map has the machine to itself until it is drawn: Streamlit's programs are asked for after it.
        script, said = first
        files = [*_PRELOADED.findall(end), *(f"./static/js/{name}" for name in parts_of_pages())]
        end = _PRELOADED.sub("", end)
        assert known is not None
        rows = "".join(f"<div>{row.html}</div>" for row in known.above)
        begin = (
            f'<template id="atlas-above">{rows}</template>\n'
            f'<script type="module">const said = {json_block({**said, "font": _font()})}, files = {json.dumps(files)};\n'
            "const begin = () => { for (const href of files) document.head.append(Object.assign("
            'document.createElement("link"), { rel: "modulepreload", crossOrigin: "anonymous", href }));\n'
            f"return import({entry}); }};\n"
            f"if (innerWidth < said.from) begin(); else import({json.dumps('./' + script)})"
            ".then((it) => it.ahead(said)).catch(() => {}).then(begin);</script>"
        )
    block = (
        '<script>window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href, '
        f"HOST_CONFIG: {{ ...{json.dumps(_HOST)}, allowedOrigins: [location.origin] }} }};</script>\n{begin}"
    )
    return f"{page[: begins.start()]}{_BACK}\n{_words()}\n{block}{end}".encode()


@cache
def _words() -> str:
    """What says Streamlit's own words in the reader's language."""
    text = resources.files(__package__).joinpath("streamlit_words.js").read_text(encoding="utf-8")
    return f"<script>\n{text}</script>"


def _font() -> str:
    import streamlit as st

    return str(st.get_option("theme.font") or "sans-serif")


@cache
def _in_language(language: Language) -> str:
    """Streamlit's page with its reader's language, name, background and our parts' style, which it would have later.

    Streamlit may put a page's words there some tenths of a second before the style that goes with them.
    """
    import streamlit as st
    from streamlit.file_util import get_static_dir

    page = (Path(get_static_dir()) / "index.html").read_text("utf-8")
    ground = st.get_option("theme.backgroundColor") or "#ffffff"
    # From its file: the module that has it as `STYLE` would load pandas before the first page is answered.
    style = resources.files(views).joinpath("atlas_cards.css").read_text(encoding="utf-8")
    said = {
        '<html lang="en">': f'<html lang="{LANGUAGE_TAGS[language]}">',
        "<title>Streamlit</title>": f"<title>{words.say('app', language)}</title>"
        f"<style>body {{ background: {ground} }}\n{style}</style>",
    }
    for theirs, ours in said.items():
        page = page.replace(theirs, ours, 1)
    return page


def link_header(page: str, known: Known | None = None) -> str:
    """What a page's head names: what draws its map, or Streamlit's parts, and what drew its last map after them.

    Parameters
    ----------
    page : its name
    known : the map that it is going to show, if that is known
    """
    first = drawing_of(known) if known else None
    if first is not None:
        script, said = first
        links = [(script, "modulepreload", "high"), (said["at"], "preload; as=fetch", "high")]
    else:
        # Low: the frame, without which nothing of this can be used, goes before them.
        links = [(f"static/js/{name}", "modulepreload", "low") for name in parts_of_pages()]
        if drawing := last_drawn_by(f"{page}_map"):
            links.append((script_address(drawing), "modulepreload", "low"))
    return ", ".join(
        f"<./{file}>; rel={how}; crossorigin=anonymous; fetchpriority={priority}"
        for file, how, priority in links
    )


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
