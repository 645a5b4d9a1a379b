"""What a layer file says must agree with the rest of it and with the other files: names, geometries, values.

Each problem names key, value found and what is allowed, as those of `misdeclared` do, which each value by itself has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from .errors import meant
from .misdeclared import at_key
from .model import (
    FieldSpec,
    Indicator,
    Layer,
    ShareMeeting,
    ShareOfPixels,
    ShareWithinDistance,
    Where,
    condition_fields,
)
from .said import Said, joined

MEASURED_ON = {
    "share_of_count": ("Point", "LineString", "Polygon"),
    "share_of_length": ("LineString",),
    "share_of_area": ("Polygon",),
    "share_within_distance": ("LineString",),
    "share_of_pixels": ("Polygon",),
    "share_meeting": ("Polygon", "Point"),
}


def self_check(layer: Layer) -> Iterator[Said]:
    """What one file says and something else in it does not bear out."""
    names = layer.fields
    for key in ("key", "label"):
        value = getattr(layer, key)
        if value is not None and value not in names:
            yield at_key(key, value) + _no_field(value, names)
    if layer.style.color_by is not None and layer.style.color_by not in names:
        color_by = layer.style.color_by
        yield at_key("style.color_by", color_by) + _no_field(color_by, names)
    if layer.unit:
        for key in ("code", "name", "parent"):
            value = getattr(layer.unit, key)
            if value is not None and value not in names:
                yield at_key(f"unit.{key}", value) + _no_field(value, names)
        if layer.geometry != "Polygon":
            yield at_key("geometry", layer.geometry) + Said(
                "a layer of units must be Polygon", "单元图层须为 Polygon"
            )
    if layer.network and layer.geometry != "LineString":
        yield Said(
            f"network = true: only a layer of LineString is one, not {layer.geometry}",
            f"network = true：只有 LineString 图层才是路网，该图层为 {layer.geometry}",
        )
    ids = [indicator.id for indicator in layer.indicators]
    for doubled in sorted({name for name in ids if ids.count(name) > 1}):
        yield at_key("indicator.id", doubled) + Said("used twice", "用了两次")
    for indicator in layer.indicators:
        where = _of_indicator(indicator)
        yield from (where + problem for problem in _check_indicator(layer, indicator))


def _of_indicator(indicator: Indicator) -> Said:
    return Said(f"indicator {indicator.id}: ", f"指标 {indicator.id}：")


def _check_indicator(layer: Layer, indicator: Indicator) -> Iterator[Said]:
    allowed = MEASURED_ON[indicator.kind]
    if layer.geometry not in allowed:
        listed = _listed(allowed)
        yield at_key("kind", indicator.kind) + Said(
            f"needs geometry {listed}, not {layer.geometry}",
            f"几何类型须为 {listed.zh}，该图层为 {layer.geometry}",
        )
    yield from _check_where(layer.fields, indicator.where, "where")
    if indicator.by is not None:
        spec = layer.fields.get(indicator.by)
        if spec is None or spec.type != "category":
            yield at_key("by", indicator.by) + _no_category(indicator.by, layer)
    if isinstance(indicator, ShareMeeting):
        yield from _check_meeting(layer, indicator)
    elif not isinstance(indicator, (ShareWithinDistance, ShareOfPixels)):
        covered = indicator.covered
        if isinstance(covered, dict):
            yield from _check_where(layer.fields, covered, "covered")
        else:
            for name in condition_fields(covered):
                spec = layer.fields.get(name)
                if spec is None or spec.type != "bool":
                    listed = _listed(layer.bool_fields)
                    yield (
                        at_key("covered", name)
                        + Said(
                            f"not a declared bool field ({listed})",
                            f"不是已声明的 bool 字段（现有：{listed.zh}）",
                        )
                        + meant(name, layer.bool_fields)
                    )


def _check_meeting(layer: Layer, indicator: ShareMeeting) -> Iterator[Said]:
    for key, name in (
        ("ratio.numerator", indicator.ratio.numerator),
        ("ratio.denominator", indicator.ratio.denominator),
    ):
        if key == "ratio.denominator" and name == "area" and layer.geometry == "Polygon":
            continue
        spec = layer.fields.get(name)
        if spec is None or spec.type not in ("number", "integer"):
            yield (
                at_key(key, name)
                + Said("not a declared numeric field", "不是已声明的数值字段")
                + _nearest_field(name, layer.fields, "number", "integer")
            )
    spec = layer.fields.get(indicator.category)
    if spec is None or spec.type != "category":
        yield at_key("category", indicator.category) + _no_category(indicator.category, layer)
    else:
        for value in sorted(set(indicator.thresholds) - set(spec.values)):
            listed = _listed(spec.values)
            yield (
                at_key(f"thresholds.{value}")
                + Said(
                    f"not a value of {indicator.category} ({listed})",
                    f"不是 {indicator.category} 的取值（现有：{listed.zh}）",
                )
                + meant(value, spec.values)
            )


def _check_where(fields: Mapping[str, FieldSpec], where: Where, key: str) -> Iterator[Said]:
    for name, wanted in where.items():
        spec = fields.get(name)
        if spec is None:
            yield at_key(f"{key}.{name}") + _no_field(name, fields)
            continue
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        for value in values:
            if spec.type == "category" and value not in spec.values:
                listed = _listed(spec.values)
                yield (
                    at_key(f"{key}.{name}", value)
                    + Said(
                        f"not a declared value ({listed})", f"不是已声明的取值（现有：{listed.zh}）"
                    )
                    + meant(value, spec.values)
                )
            if spec.type == "bool" and not isinstance(value, bool):
                yield at_key(f"{key}.{name}", value) + Said(
                    "a bool field is true or false", "bool 字段的取值为 true 或 false"
                )


def cross_check(layers: Mapping[str, Layer]) -> Iterator[Said]:
    """What a file says of the others and they do not bear out; `layers` are all that are declared, by name."""
    seen: dict[str, str] = {}
    for layer in layers.values():
        file = at_key(f"{layer.name}.toml")
        for name, spec in layer.fields.items():
            for other_name in spec.refers_to:
                referred = layers.get(other_name)
                if referred is None or referred.key is None:
                    keyed = [one.name for one in layers.values() if one.key is not None]
                    yield (
                        file
                        + at_key(f"fields.{name}.refers_to", other_name)
                        + Said("not a declared layer with a key", "不是已声明的、有编号字段的图层")
                        + meant(other_name, keyed)
                    )
        for indicator in layer.indicators:
            where = file + _of_indicator(indicator)
            if indicator.id in seen:
                first = f"{seen[indicator.id]}.toml"
                yield where + Said(f"the id is also used in {first}", f"该标识已用于 {first}")
            seen[indicator.id] = layer.name
            if isinstance(indicator, ShareWithinDistance):
                other = layers.get(indicator.of)
                if other is None or other.geometry != "Point":
                    yield (
                        where
                        + at_key("of", indicator.of)
                        + _no_layer(indicator.of, layers, "Point")
                    )
                    continue
                yield from (
                    where + problem
                    for problem in _check_where(other.fields, indicator.of_where, "of_where")
                )
                height = indicator.reach.field
                if height is not None and (
                    height not in other.fields or other.fields[height].type != "number"
                ):
                    yield (
                        where
                        + at_key("reach.field", height)
                        + Said(
                            f"not a number field of {other.name}",
                            f"不是图层 {other.name} 的 number 字段",
                        )
                        + _nearest_field(height, other.fields, "number")
                    )
            if isinstance(indicator, ShareOfPixels):
                raster = layers.get(indicator.raster)
                if raster is None or raster.geometry != "Raster":
                    yield (
                        where
                        + at_key("raster", indicator.raster)
                        + _no_layer(indicator.raster, layers, "Raster")
                    )


def _no_field(asked: str, names: Collection[str]) -> Said:
    listed = _listed(names)
    said = Said(f"not a declared field ({listed})", f"不是已声明的字段（现有：{listed.zh}）")
    return said + meant(asked, names)


def _no_category(asked: str, layer: Layer) -> Said:
    said = Said("not a declared category field", "不是已声明的 category 字段")
    return said + _nearest_field(asked, layer.fields, "category")


def _no_layer(asked: str, layers: Mapping[str, Layer], geometry: str) -> Said:
    said = Said(f"not a declared {geometry} layer", f"不是已声明的 {geometry} 图层")
    return said + meant(asked, [one.name for one in layers.values() if one.geometry == geometry])


def _nearest_field(asked: str, fields: Mapping[str, FieldSpec], *types: str) -> Said:
    return meant(asked, [name for name, spec in fields.items() if spec.type in types])


def _listed(names: Collection[str]) -> Said:
    return joined(sorted(names)) if names else Said("none", "无")
