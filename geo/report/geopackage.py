"""The report as a GeoPackage that QGIS opens with its colours: units with figures, features by state, the area.

Styles lie in the table `layer_styles`, where QGIS looks for the one that is marked as default.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio

from ..model import Project
from ..store.bookkeeping import forget_writes
from ..store.styles import STYLES_COLUMNS, STYLES_TABLE
from ..stretches import stretches_of
from ..views import palette
from ..views.description import Look
from ..views.format import word
from ..views.stretch_layers import by_stretch
from .ledger import figures_table
from .material import is_split
from .model import Report, Table, pair
from .themes import STATES, look_of, themes_of

if TYPE_CHECKING:
    from ..model import Indicator, Layer
    from .material import Material

_SYMBOLS = {"area": "fill", "line": "line", "point": "marker"}
_DASHED = {True: "dash", False: "solid"}


@dataclass(frozen=True)
class Styled:
    """A layer of the package: its rows, and how the values of one column are drawn."""

    name: str
    frame: gpd.GeoDataFrame
    kind: str
    column: str
    looks: Mapping[str, tuple[str, Look]]
    """By value of the column: what a reader calls it, and its look."""


def geopackage_bytes(material: Material, report: Report) -> bytes:
    """The report as a GeoPackage.

    Parameters
    ----------
    material, report : what was measured, and what is said of it

    Returns
    -------
    bytes
        Geometry in the district's metric CRS; the tables `figures`, `spots` and `about` without one.
        The same report gives the same bytes.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-report-") as room:
        path = Path(room) / "report.gpkg"
        layers = [layer for layer in _layers(material, report) if len(layer.frame)]
        for layer in layers:
            _write(path, layer.name, layer.frame)
        for name, frame in _tables(material, report).items():
            _write(path, name, frame)
        _write_styles(path, layers, report)
        forget_writes(path)
        return path.read_bytes()


def _layers(material: Material, report: Report) -> Iterator[Styled]:
    language = report.language
    yield from _area(material, report)
    for level, layer in zip(("village", "town"), material.survey.district.levels, strict=False):
        if layer.unit is None or not material.survey.has(layer.name):
            continue
        frame = material.survey.frame(layer.name)
        codes = frame[layer.unit.code].astype(str)
        held = [
            material.holds(code) or code == material.units[material.unit.code].parent
            for code in codes
        ]
        wide = _figures_wide(report, level)
        decided = _decisions(material, level)
        rows = [
            {
                "code": code,
                "name": material.units[code].name,
                "decision": decided.get(code, "unknown"),
                **wide.get(code, {}),
            }
            for code, wanted in zip(codes, held, strict=True)
            if wanted
        ]
        shapes = frame.geometry[held]
        yield Styled(
            layer.name,
            gpd.GeoDataFrame(rows, geometry=shapes.to_numpy(), crs=frame.crs),
            "area",
            "decision",
            {name: (word(name, language), look) for name, look in palette.DECISIONS.items()},
        )
    for project in get_args(Project):
        theme = themes_of(material, project)
        for group in theme.groups if theme else ():
            frame = group.frame.join(
                group.pieces.groupby("fid")[["covered", "not_covered", "unknown"]].sum()
            ).reset_index(names="source_fid")
            frame["measure"] = group.measure
            looks = {state: (word(state, language), look_of(state, group.kind)) for state in STATES}
            yield Styled(f"{project}_{group.kind}", frame, group.kind, "state", looks)
    for layer, indicator in material.indicators:
        if by_stretch(indicator, layer, material.survey) and not is_split(indicator):
            yield _stretches(material, layer, indicator)


def _stretches(material: Material, layer: Layer, indicator: Indicator) -> Styled:
    """Where along its streets an indicator of reach is met; of a unit, and side of the area, they add up to its figure."""
    names = material.names(layer)
    pieces = material.pieces(indicator).drop_duplicates("fid")
    places = names.places(pieces)
    said = pa.table({"key": names.keys, "name": pc.coalesce(names.names, names.keys)})
    called = said.take(pa.array(places)).to_pandas().set_index(pieces["fid"].to_numpy())
    found = stretches_of(material.survey, indicator.id, by_unit=True)
    found = found[found["unit_code"].map(material.holds).astype(bool)]
    columns = {
        "source_fid": found["source_fid"].to_numpy(),
        **{name: called[name].reindex(found["source_fid"]).to_numpy() for name in called},
        "unit_code": found["unit_code"].to_numpy(),
        "inside": found["inside"].to_numpy(),
        "state": found["status"].to_numpy(),
        "length_m": found["length_m"].to_numpy(),
    }
    frame = gpd.GeoDataFrame(columns, geometry=found.geometry.to_numpy(), crs=found.crs)
    looks = {
        state: (word(state, material.language), look) for state, look in palette.STRETCHES.items()
    }
    return Styled(f"{indicator.id.replace('.', '_')}_stretches", frame, "line", "state", looks)


def _area(material: Material, report: Report) -> Iterator[Styled]:
    if material.scope is None:
        return
    area = material.scope.area
    frame = gpd.GeoDataFrame(
        {"kind": ["area"], "area_m2": [area.polygon.area]}, geometry=[area.polygon], crs=area.crs
    )
    title = pair(report.language, "城乡一体化范围", "The area")
    look = Look(palette.BOUNDARY.color, width_px=3.0)
    yield Styled("area", frame, "area", "kind", {"area": (title, look)})


def _decisions(material: Material, level: str) -> dict[str, str]:
    if material.scope is None:
        return {}
    rows = material.scope.rows
    rows = rows[rows["level"] == level]
    return dict(zip(rows["unit_code"].astype(str), rows["decision"].astype(str), strict=True))


def _figures_wide(report: Report, level: str) -> dict[str, dict[str, Any]]:
    """For each unit, rate, bounds and verdict of every indicator, in columns of their own."""
    whole = pair(report.language, "全部", "whole")
    found: dict[str, dict[str, Any]] = {}
    for row in report.figures():
        if row["level"] == level and row["scope"] == whole:
            own = found.setdefault(str(row["unit_code"]), {})
            name = str(row["indicator"]).replace(".", "_")
            for key in ("rate", "rate_lower", "rate_upper", "status"):
                own[f"{name}_{key}"] = row[key]
    return found


def _tables(material: Material, report: Report) -> dict[str, pd.DataFrame]:
    figures = figures_table(report, "summary", ("district", "town", "village"))
    tables = {"figures": _frame(figures)}
    for section in report.sections:
        for table in section.tables():
            if table.name == "spots" and table.rows:
                tables["spots"] = _frame(table)
    about = [*report.facts, ("SHA-256", report.digest), ("version", report.version)]
    about += [("command", report.command), ("banner", report.banner or "")]
    tables["about"] = pd.DataFrame(about, columns=["name", "said"])
    return tables


def _frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame(list(table.records()), columns=[column.name for column in table.columns])


def _write(path: Path, name: str, frame: pd.DataFrame) -> None:
    texts = {
        column: frame[column].astype("string")
        for column in frame.columns
        if column != "geometry" and pd.api.types.infer_dtype(frame[column], skipna=True) == "string"
    }
    frame = frame.assign(**texts)
    options = {"promote_to_multi": True} if isinstance(frame, gpd.GeoDataFrame) else {}
    pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists(), **options)


def _write_styles(path: Path, layers: Sequence[Styled], report: Report) -> None:
    made = f"{report.date}T00:00:00.000Z"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE {STYLES_TABLE} ({STYLES_COLUMNS})")
        for layer in layers:
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
                "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
                "update_time) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', ?)",
                (layer.name, layer.name, qml(layer), report.title, made),
            )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (made,),
        )
        # The report's day in place of the clock's time.
        database.execute("UPDATE gpkg_contents SET last_change = ?", (made,))
    with closing(sqlite3.connect(path)) as database:
        database.execute("VACUUM")


def qml(layer: Styled) -> str:
    """A style as QGIS keeps it: a symbol for each value of one column.

    Parameters
    ----------
    layer : its column and the looks of the column's values

    Returns
    -------
    str
        XML; every text in it is escaped.
    """
    symbols, categories = [], []
    for number, (value, (label, look)) in enumerate(layer.looks.items()):
        categories.append(
            f'<category symbol="{number}" value={quoteattr(value)} label={quoteattr(label)} type="string" render="true"/>'
        )
        symbols.append(_symbol(str(number), layer.kind, look))
    return (
        '<!DOCTYPE qgis><qgis version="3.22.0" styleCategories="Symbology">'
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(layer.column)} symbollevels="0" enableorderby="0">'
        f"<categories>{''.join(categories)}</categories><symbols>{''.join(symbols)}</symbols>"
        "</renderer-v2></qgis>"
    )


def _symbol(name: str, kind: str, look: Look) -> str:
    width = f"{look.width_px * 0.26:.2f}"
    dash = _DASHED[look.dash is not None]
    said: dict[str, str]
    if kind == "line":
        symbol = "SimpleLine"
        said = {"line_color": _colour(look.color), "line_style": dash, "line_width": width}
    elif kind == "point":
        symbol = "SimpleMarker"
        size = f"{(look.radius_px or 3.0) * 0.52:.2f}"
        said = {
            "color": _colour(look.fill or look.color),
            "name": "circle",
            "outline_color": _colour(look.color),
            "outline_width": width,
            "size": size,
        }
    else:
        symbol = "SimpleFill"
        said = {
            "color": _colour(look.fill or "#ffffff", look.fill_opacity if look.fill else 0.0),
            "outline_color": _colour(look.color),
            "outline_style": dash,
            "outline_width": width,
            "style": "solid" if look.fill else "no",
        }
    options = "".join(
        f'<Option name="{key}" value={quoteattr(value)} type="QString"/>'
        for key, value in said.items()
    )
    return (
        f'<symbol type="{_SYMBOLS[kind]}" name="{name}" alpha="1" clip_to_extent="1">'
        f'<layer class="{symbol}" enabled="1" locked="0" pass="0">'
        f'<Option type="Map">{options}</Option></layer></symbol>'
    )


def _colour(hex_: str, opacity: float = 1.0) -> str:
    red, green, blue = (int(hex_[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{round(opacity * 255)}"
