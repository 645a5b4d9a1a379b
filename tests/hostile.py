"""A district in which every name, value, key and title tries to be more than text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import made
import pandas as pd

from geo.bundled import layers_folder
from geo.catalog import load_catalog

SPITE = (
    "{{7*191}}{%x%}{#c#}<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    "`${7*7}`'\"\\u0041 &amp; \u202eright\u202c =1+1"
)
"""Template, markup, script, template literal, escape, entity, direction and formula in one."""
RAN = ("1337", "`49`")
"""What would be seen if a template or a script had run."""
_TITLE = re.compile(r'\b(zh|en) = "((?:[^"\\]|\\.)*)"')
_UNIT = re.compile(r'^(unit|clause|source) = "([^"]*)"', re.MULTILINE)


def hostile_district(folder: Path) -> Path:
    """The district of squares with spite in all its text, and in its declarations."""
    frames = made.squares(load_catalog().layers)
    made.write_district(folder, {name: _spiteful(frame) for name, frame in frames.items()})
    (folder / "district.toml").write_text(
        f"name = {{ zh = {_toml('名' + SPITE)}, en = {_toml('name' + SPITE)} }}\n"
        f'code = {_toml("9900" + SPITE)}\nmetric_crs = "{made.CRS}"\n'
        f"illustrative = {{ zh = {_toml('示意' + SPITE)}, en = {_toml('made up' + SPITE)} }}\n"
        f"map_review_number = {_toml('审' + SPITE)}\n",
        encoding="utf-8",
    )
    own = folder / "layers"
    shutil.copytree(layers_folder(), own)
    for file in own.glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        text = _TITLE.sub(lambda match: f"{match[1]} = {_toml(match[2] + SPITE)}", text)
        text = _UNIT.sub(lambda match: f"{match[1]} = {_toml(match[2] + SPITE)}", text)
        file.write_text(text, encoding="utf-8")
    return folder


def _spiteful(frame: gpd.GeoDataFrame | pd.DataFrame) -> gpd.GeoDataFrame | pd.DataFrame:
    free = {"code", "name", "id", "status", "basis", "town_code", "owner", "unit_code"}
    declared: Mapping[str, Any] = {name: frame[name] for name in free & set(frame.columns)}
    changed = {}
    for name, column in declared.items():
        if name == "status" and "category" in frame:
            continue  # a category has declared values
        changed[name] = column.fillna(name).astype("string") + SPITE
    return frame.assign(**changed)


def _toml(text: str) -> str:
    return json.dumps(text)  # JSON's escapes are TOML's
