"""How QGIS draws a table of a round: a style in QGIS's own words, made from the layer's declaration.

QGIS looks for a table `layer_styles` in a GeoPackage and takes from it the style marked as default. A value
that is missing, or that is not declared, falls into the class *unknown*.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from ..model import FieldSpec, Layer

STYLES_TABLE = "layer_styles"
STYLES_COLUMNS = """
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "f_table_catalog" TEXT(256),
    "f_table_schema" TEXT(256),
    "f_table_name" TEXT(256),
    "f_geometry_column" TEXT(256),
    "styleName" TEXT(30),
    "styleQML" TEXT,
    "styleSLD" TEXT,
    "useAsDefault" BOOLEAN,
    "description" TEXT,
    "owner" TEXT(30),
    "ui" TEXT(30),
    "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
"""
"""As QGIS makes it, so that it can add styles of its own."""

YES = "#08488a"
NO = "#e2580f"
UNKNOWN = "#4a4a4a"
KINDS = ("#08488a", "#e2580f", "#7a3e9d", "#1b7f5c", "#b8860b", "#c2417c", "#2c9ab7", "#6b4f2a")
"""Colours for the values of a category, told apart by colour-blind eyes and in grey print."""

_SYMBOL = {"Point": "marker", "LineString": "line", "Polygon": "fill"}
_QGIS_GEOMETRY = {"Point": 0, "LineString": 1, "Polygon": 2}
_NO_GEOMETRY = 4
_SOLID = 255
_CALM_ALPHA = 0.15


def style(layer: Layer, table: str, geometry_column: str, changed_at: str) -> dict[str, object]:
    """The row of `layer_styles` that makes QGIS draw a table as its layer declares.

    Parameters
    ----------
    layer : the declaration
    table : the table's name
    geometry_column : empty for a table without geometry
    changed_at : as GeoPackage writes times
    """
    # QGIS compares catalogue and schema with the empty text, which a missing value would not equal.
    return {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": table,
        "f_geometry_column": geometry_column,
        "styleName": table[:30],
        "styleQML": qml(layer),
        "styleSLD": "",
        "useAsDefault": True,
        "description": _both(layer.title.zh, layer.title.en),
        "owner": "",
        "ui": None,
        "update_time": changed_at,
    }


def qml(layer: Layer) -> str:
    """A layer's style as QGIS keeps it: symbols by the declared field, and titles for the columns.

    Returns
    -------
    str
        XML; the same declaration gives the same text. A field of numbers, dates or free text has no
        classes, so its layer is drawn in one colour.

    Examples
    --------
    >>> from geo.catalog import load_catalog
    >>> "categorizedSymbol" in qml(load_catalog().layer("back_streets"))
    True
    """
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology|Fields")
    if layer.geometry in _SYMBOL:
        root.append(_renderer(layer))
    aliases = ET.SubElement(root, "aliases")
    for number, (name, spec) in enumerate(layer.fields.items(), start=1):
        if spec.title is not None:
            title = _both(spec.title.zh, spec.title.en)
            ET.SubElement(aliases, "alias", index=str(number), field=_xml(name), name=title)
    geometry = _QGIS_GEOMETRY.get(layer.geometry, _NO_GEOMETRY)
    ET.SubElement(root, "layerGeometryType").text = str(geometry)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _renderer(layer: Layer) -> ET.Element:
    spec = layer.fields.get(layer.style.color_by or "")
    classes = list(_classes(layer, spec)) if spec is not None else []
    if not classes:
        renderer = ET.Element("renderer-v2", type="singleSymbol", enableorderby="0")
        symbols = ET.SubElement(renderer, "symbols")
        symbols.append(_symbol(layer, 0, layer.style.color))
        return renderer
    # The empty value, of no type of its own, catches all that the others do not, missing values too.
    classes.append(("", "string", "不明 / unknown", UNKNOWN))
    renderer = ET.Element(
        "renderer-v2",
        type="categorizedSymbol",
        attr=_xml(layer.style.color_by or ""),
        enableorderby="0",
    )
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (value, kind, label, color) in enumerate(classes):
        ET.SubElement(
            categories,
            "category",
            symbol=str(number),
            value=_xml(value),
            type=kind,
            label=label,
            render="true",
        )
        symbols.append(_symbol(layer, number, color, unknown=number == len(classes) - 1))
    return renderer


def _classes(layer: Layer, spec: FieldSpec) -> Iterator[tuple[str, str, str, str]]:
    """Value, its type for QGIS, label and colour of each declared value."""
    own = layer.style.colors
    if spec.type == "bool":
        title = spec.title
        for value, word, color in (("true", ("是", "yes"), YES), ("false", ("否", "no"), NO)):
            zh, en = word
            label = _both(f"{title.zh}：{zh}", f"{title.en}: {en}") if title else _both(zh, en)
            yield value, "bool", label, own.get(value, color)
    elif spec.type == "category":
        for number, value in enumerate(spec.values):
            title = spec.value_titles.get(value)
            label = _both(title.zh, title.en) if title else _xml(value)
            yield value, "string", label, own.get(value, KINDS[number % len(KINDS)])


def _symbol(layer: Layer, number: int, color: str, *, unknown: bool = False) -> ET.Element:
    kind = _SYMBOL[layer.geometry]
    symbol = ET.Element(
        "symbol", type=kind, name=str(number), alpha="1", clip_to_extent="1", force_rhr="0"
    )
    said = layer.style
    stroke = "dash" if said.dashed else "dot" if unknown else "solid"
    if kind == "marker":
        what = "SimpleMarker"
        properties = {
            "name": "circle",
            "color": _rgba(color),
            "size": f"{2 * said.radius_px:g}",
            "size_unit": "Pixel",
            "outline_color": _rgba("#ffffff"),
            "outline_style": "solid",
            "outline_width": "0.6",
            "outline_width_unit": "Pixel",
        }
    elif kind == "line":
        what = "SimpleLine"
        properties = {
            "line_color": _rgba(color),
            "line_style": stroke,
            "line_width": f"{said.width_px:g}",
            "line_width_unit": "Pixel",
            "capstyle": "round",
            "joinstyle": "round",
        }
    else:
        what = "SimpleFill"
        properties = {
            "color": _rgba(
                color, min(said.fill_opacity, _CALM_ALPHA) if unknown else said.fill_opacity
            ),
            "style": "solid" if said.fill_opacity else "no",
            "outline_color": _rgba(color),
            "outline_style": stroke,
            "outline_width": f"{said.width_px:g}",
            "outline_width_unit": "Pixel",
            "joinstyle": "round",
        }
    drawn = ET.SubElement(
        symbol, "layer", {"class": what, "enabled": "1", "locked": "0", "pass": "0"}
    )
    # Said twice: QGIS reads the first since 3.26, the second before.
    options = ET.SubElement(drawn, "Option", type="Map")
    for name, value in properties.items():
        ET.SubElement(options, "Option", type="QString", name=name, value=value)
    for name, value in properties.items():
        ET.SubElement(drawn, "prop", k=name, v=value)
    return symbol


def _rgba(color: str, opacity: float = 1.0) -> str:
    """`#rrggbb` as QGIS writes a colour; anything else as a middle grey.

    Examples
    --------
    >>> _rgba("#ff8000", 0.5)
    '255,128,0,128'
    """
    try:
        red, green, blue = bytes.fromhex(color.removeprefix("#"))
    except ValueError:
        red = green = blue = 128
    return f"{red},{green},{blue},{round(opacity * _SOLID)}"


def _both(zh: str, en: str) -> str:
    return _xml(f"{zh} / {en}")


def _xml(text: str) -> str:
    """Text without the characters that XML has no way to write."""
    return "".join(
        char
        if char in "\t\n\r"
        or (char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff")
        else "\ufffd"
        for char in text
    )
