"""OpenStreetMap extracts (.osm.pbf): ways, areas or nodes, any tag as a column."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import Format, Request, Source, Staged, choose_layer

if TYPE_CHECKING:
    import pandas as pd

LAYERS = ("points", "lines", "multilinestrings", "multipolygons", "other_relations")
_FOR_KIND = {"Point": "points", "LineString": "lines", "Polygon": "multipolygons"}
_OBJECT = {"points": "node", "lines": "way"}
_COMPUTED = {"z_order", "other_tags"}


def _recognises(path: Path) -> bool:
    # A PBF file begins with the length of its first header, which is named OSMHeader.
    with path.open("rb") as stream:
        return b"OSMHeader" in stream.read(64)


def _read(staged: Staged, request: Request) -> Source:
    from ..ogr import read_rows

    wanted = request.layer or _FOR_KIND.get(request.geometry or "")
    layer = choose_layer(staged.name, wanted, LAYERS)
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        options: dict[str, Any] = {"TAGS_FORMAT": "JSON"}
        rules = _rules_that_keep_every_tag(Path(folder))
        if rules is not None:
            options["CONFIG_FILE"] = str(rules)
        # Selecting a layer by SQL keeps the driver from holding back the others' features, without which
        # large extracts come out empty.
        rows = read_rows(
            staged.path, staged.name, "OSM", lambda frame: _label(frame, layer),
            layer=layer, sql=f"SELECT * FROM {layer}", **options,
        )  # fmt: skip
    frame, columns = _tags_as_columns(rows.frame, request)
    return Source(frame, rows.labels, columns, "OSM PBF", layer, rows.read, rows.left_out)


def _label(frame: pd.DataFrame, layer: str) -> pd.Series[Any]:
    """What OpenStreetMap calls the object: `way 25`, `relation 340783`."""
    labels = _OBJECT.get(layer, "relation") + " " + frame["osm_id"].astype("string")
    if "osm_way_id" in frame.columns:
        return labels.fillna("way " + frame["osm_way_id"].astype("string"))
    return labels


def _rules_that_keep_every_tag(folder: Path) -> Path | None:
    """GDAL's own rules of what is an area, less its list of tags to drop."""
    import pyogrio

    data = pyogrio.get_gdal_data_path()
    given = Path(data) / "osmconf.ini" if data else None
    if given is None or not given.is_file():
        return None
    text = given.read_text(encoding="utf-8")
    rules = folder / "osmconf.ini"
    rules.write_text(re.sub(r"(?m)^(ignore|unsignificant)=.*$", r"\1=", text), encoding="utf-8")
    return rules


def _tags_as_columns(frame: pd.DataFrame, request: Request) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The tags that are wanted as columns of their own, and the names of all there are."""
    import pandas as pd

    ways = frame.pop("osm_way_id") if "osm_way_id" in frame.columns else None
    if ways is not None:
        # An area made of one way has only that way's id.
        frame["osm_id"] = frame["osm_id"].fillna(ways)
    tags = [json.loads(text) if isinstance(text, str) else {} for text in frame["other_tags"]]
    plain = [str(name) for name in frame.columns if name not in _COMPUTED | {"geometry"}]
    names = sorted({key for row in tags for key in row} - set(plain))
    taken = [name for name in names if request.wants(name)]
    further = pd.DataFrame(
        {name: pd.array([row.get(name) for row in tags], dtype="string") for name in taken},
        index=frame.index,
    )
    kept = [name for name in frame.columns if name not in _COMPUTED]
    return frame[kept].join(further), (*plain, *names)


FORMAT = Format("OSM PBF", (".osm.pbf", ".pbf"), _recognises, _read, drivers=("OSM",))
