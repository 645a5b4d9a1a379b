"""Layer files → declarations, checked against themselves and against each other.

The catalog is the only reader of `layers/*.toml`. Adding a layer or an indicator is adding a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .bundled import layers_folder
from .errors import DeclarationError, UnknownNameError, unreadable
from .likeness import plain_name
from .model import (
    Condition,
    FieldSpec,
    Indicator,
    Layer,
    ShareMeeting,
    ShareOfArea,
    ShareOfCount,
    ShareOfLength,
    ShareOfPixels,
    ShareWithinDistance,
    Where,
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


@dataclass(frozen=True)
class Catalog:
    """All declared layers, by name, and the file each came from."""

    layers: Mapping[str, Layer]
    files: Mapping[str, Path]

    def layer(self, name: str) -> Layer:
        """The layer of that name; UnknownNameError where none is declared."""
        try:
            return self.layers[name]
        except KeyError:
            titles = {
                one: Said(layer.title.en, layer.title.zh) for one, layer in self.layers.items()
            }
            raise UnknownNameError("layer", name, sorted(self.layers), called=titles) from None

    def measuring_fields(self, layer: Layer) -> dict[str, tuple[str, ...]]:
        """For each field of a layer that a figure rests on, the ids of the indicators."""
        found: dict[str, list[str]] = {}
        for home in self.layers.values():
            for indicator in home.indicators:
                for name in dict.fromkeys(_fields_of(layer, home, indicator)):
                    if name in layer.fields:
                        found.setdefault(name, []).append(indicator.id)
        return {name: tuple(ids) for name, ids in found.items()}

    def indicators(self) -> Iterator[tuple[Layer, Indicator]]:
        """Every indicator with the layer it is measured on, those `by` a category written out."""
        for layer in self.layers.values():
            for declared in layer.indicators:
                for indicator in expand(layer, declared):
                    yield layer, indicator

    def indicator(self, asked: str) -> tuple[Layer, Indicator]:
        """The indicator that is asked for and its layer: by its id, or by a title that it alone has.

        Parameters
        ----------
        asked : as somebody wrote it: an id, or a title in either language

        Raises
        ------
        UnknownNameError
            None has that id or title, or several have the title.
        """
        known = {}
        for layer, indicator in self.indicators():
            if indicator.id == asked:
                return layer, indicator
            known[indicator.id] = layer, indicator
        word = plain_name(asked)
        titles = {one: Said(known[one][1].title.en, known[one][1].title.zh) for one in known}
        found = [
            one
            for one, title in titles.items()
            if word and word in (plain_name(title), plain_name(title.zh))
        ]
        if len(found) > 1:
            raise UnknownNameError.several("indicator", asked, found, by=Said("id", "标识"))
        if not found:
            raise UnknownNameError("indicator", asked, titles, called=titles)
        return known[found[0]]

    def indicators_called(self, ids: Iterable[str]) -> Said:
        """Indicators as a finding speaks of them: their ids, and to a Chinese reader their titles."""
        return joined(Said(one, self.indicator(one)[1].title.zh) for one in dict.fromkeys(ids))

    def unit_layers(self) -> tuple[Layer, ...]:
        """The layers whose features are units."""
        return tuple(layer for layer in self.layers.values() if layer.unit)


def expand(layer: Layer, indicator: Indicator) -> Iterator[Indicator]:
    """The indicator itself, then one for each value of the category it is given `by`."""
    yield indicator
    if indicator.by is None:
        return
    spec = layer.fields[indicator.by]
    for value in spec.values:
        title = spec.value_titles.get(value)
        titles = {
            "zh": f"{indicator.title.zh}：{title.zh if title else value}",
            "en": f"{indicator.title.en}: {title.en if title else value}",
        }
        yield indicator.model_copy(
            update={
                "id": f"{indicator.id}.{value}",
                "title": indicator.title.model_copy(update=titles),
                "where": {**indicator.where, indicator.by: value},
                "by": None,
                "target": None,
                "reference": None,
            }
        )


def load_catalog(*folders: Path) -> Catalog:
    """Read every `*.toml` of the folders; a later folder's file replaces an earlier one's layer.

    Parameters
    ----------
    folders : folders of layer files; none means the layers that come with the package

    Returns
    -------
    Catalog

    Raises
    ------
    DeclarationError
        A file is not TOML, or says something a layer may not say: all problems of all files at once.

    Examples
    --------
    >>> load_catalog().layer("back_streets").geometry
    'LineString'
    """
    layers: dict[str, Layer] = {}
    files: dict[str, Path] = {}
    problems: list[str] = []
    for folder in folders or (layers_folder(),):
        for path in sorted(folder.glob("*.toml")):
            try:
                layer = load_layer(path)
            except DeclarationError as error:
                problems += [f"{path.name}: {problem}" for problem in error.problems]
                continue
            if layer.name != path.stem:
                problems.append(
                    f"{path.name}: name = {layer.name!r}; the file's name must be the layer's"
                )
            layers[layer.name] = layer
            files[layer.name] = path
    catalog = Catalog(layers, files)
    if not problems:
        problems = list(_cross_check(catalog))
    if problems:
        raise DeclarationError("layers", problems)
    return catalog


def load_layer(path: Path) -> Layer:
    """Read one layer file and check it against itself.

    Raises
    ------
    DeclarationError
        It is not TOML, a key or value is not allowed, or a name it uses is not declared in it.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(path, [unreadable(error)]) from error
    try:
        layer = Layer.model_validate(raw)
    except ValidationError as error:
        raise DeclarationError(path, describe(error)) from error
    problems = list(_self_check(layer))
    if problems:
        raise DeclarationError(path, problems)
    return layer


def describe(error: ValidationError) -> list[str]:
    """A pydantic error as one line a problem: key, value found, what is allowed."""
    lines = []
    for item in error.errors(include_url=False):
        key = _key_path(item["loc"])
        allowed = item["msg"]
        if item["type"] == "extra_forbidden":
            lines.append(f"key {key!r} is not one a declaration has")
        elif item["type"] == "missing":
            lines.append(f"key {key!r} is missing")
        else:
            found = item["input"]
            shown = f" = {found!r}" if not isinstance(found, dict) else ""
            wording = _allowed(item, allowed)
            lines.append(f"{key}{shown}: {wording}")
    return lines


def _key_path(parts: tuple[str | int, ...]) -> str:
    """Where in a file a fault is, as its author would say it: the first indicator is number 1."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        elif not (path.endswith("]") and part in MEASURED_ON):
            path += f".{part}" if path else part
    return path


_EXPECTED = {
    "model_type": 'a table of keys, as in { zh = "…", en = "…" }',
    "model_attributes_type": 'a table of keys, as in { zh = "…", en = "…" }',
    "dict_type": "a table of keys",
    "string_type": "text in quotation marks",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "date_type": "a date such as 2007-12-31",
    "date_parsing": "a date such as 2007-12-31",
    "date_from_datetime_parsing": "a date such as 2007-12-31",
}
"""What a value of the wrong sort should have been, by pydantic's name of the fault."""


def _allowed(item: Mapping[str, Any], said: str) -> str:
    """What is allowed, in words of a declaration and not of the library that checks it."""
    if item["type"] in _EXPECTED:
        return f"expected {_EXPECTED[item['type']]}"
    context = item.get("ctx", {})
    if item["type"] == "literal_error":
        return f"expected one of {context['expected']}"
    if item["type"] == "union_tag_invalid":
        return f"the kind {context['tag']!r}; expected one of {context['expected_tags']}"
    if item["type"] == "value_error":
        return said.removeprefix("Value error, ")
    return said.replace("Input should be", "expected", 1)


def condition_fields(condition: Condition) -> tuple[str, ...]:
    """The names of the fields a condition looks at."""
    return (condition,) if isinstance(condition, str) else tuple(condition)


def _fields_of(layer: Layer, home: Layer, indicator: Indicator) -> tuple[str, ...]:
    """The fields of a layer that an indicator, declared for `home`, looks at."""
    names: tuple[str, ...] = ()
    if home is layer:
        names = tuple(indicator.where)
        if isinstance(indicator, (ShareOfCount, ShareOfLength, ShareOfArea)):
            names += condition_fields(indicator.covered)
        elif isinstance(indicator, ShareMeeting):
            ratio = indicator.ratio
            names += (indicator.category, ratio.numerator, ratio.denominator)
    if isinstance(indicator, ShareWithinDistance) and indicator.of == layer.name:
        names += tuple(indicator.of_where)
        names += (indicator.reach.field,) if indicator.reach.field else ()
    return names


def _self_check(layer: Layer) -> Iterator[str]:
    names = set(layer.fields)
    for key in ("key", "label"):
        value = getattr(layer, key)
        if value is not None and value not in names:
            yield f"{key} = {value!r}: not a declared field ({_listed(names)})"
    if layer.style.color_by is not None and layer.style.color_by not in names:
        yield f"style.color_by = {layer.style.color_by!r}: not a declared field ({_listed(names)})"
    if layer.unit:
        for key in ("code", "name", "parent"):
            value = getattr(layer.unit, key)
            if value is not None and value not in names:
                yield f"unit.{key} = {value!r}: not a declared field ({_listed(names)})"
        if layer.geometry != "Polygon":
            yield f"geometry = {layer.geometry!r}: a layer of units must be Polygon"
    if layer.network and layer.geometry != "LineString":
        yield f"network = true: only a layer of LineString is one, not {layer.geometry}"
    ids = [indicator.id for indicator in layer.indicators]
    for doubled in sorted({name for name in ids if ids.count(name) > 1}):
        yield f"indicator.id = {doubled!r}: used twice"
    for indicator in layer.indicators:
        yield from (
            f"indicator {indicator.id}: {text}" for text in _check_indicator(layer, indicator)
        )


def _check_indicator(layer: Layer, indicator: Indicator) -> Iterator[str]:
    allowed = MEASURED_ON[indicator.kind]
    if layer.geometry not in allowed:
        yield f"kind = {indicator.kind!r}: needs geometry {_listed(allowed)}, not {layer.geometry}"
    yield from _check_where(layer.fields, indicator.where, "where")
    if indicator.by is not None:
        spec = layer.fields.get(indicator.by)
        if spec is None or spec.type != "category":
            yield f"by = {indicator.by!r}: not a declared category field"
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
                    yield f"covered = {name!r}: not a declared bool field ({_listed(layer.bool_fields)})"


def _check_meeting(layer: Layer, indicator: ShareMeeting) -> Iterator[str]:
    for key, name in (
        ("ratio.numerator", indicator.ratio.numerator),
        ("ratio.denominator", indicator.ratio.denominator),
    ):
        if key == "ratio.denominator" and name == "area" and layer.geometry == "Polygon":
            continue
        spec = layer.fields.get(name)
        if spec is None or spec.type not in ("number", "integer"):
            yield f"{key} = {name!r}: not a declared numeric field"
    spec = layer.fields.get(indicator.category)
    if spec is None or spec.type != "category":
        yield f"category = {indicator.category!r}: not a declared category field"
    else:
        for value in sorted(set(indicator.thresholds) - set(spec.values)):
            yield f"thresholds.{value}: not a value of {indicator.category} ({_listed(spec.values)})"


def _check_where(fields: Mapping[str, FieldSpec], where: Where, key: str) -> Iterator[str]:
    for name, wanted in where.items():
        spec = fields.get(name)
        if spec is None:
            yield f"{key}.{name}: not a declared field ({_listed(fields)})"
            continue
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        for value in values:
            if spec.type == "category" and value not in spec.values:
                yield f"{key}.{name} = {value!r}: not a declared value ({_listed(spec.values)})"
            if spec.type == "bool" and not isinstance(value, bool):
                yield f"{key}.{name} = {value!r}: a bool field is true or false"


def _cross_check(catalog: Catalog) -> Iterator[str]:
    seen: dict[str, str] = {}
    for layer in catalog.layers.values():
        for name, spec in layer.fields.items():
            for other_name in spec.refers_to:
                referred = catalog.layers.get(other_name)
                if referred is None or referred.key is None:
                    yield (
                        f"{layer.name}.toml: fields.{name}.refers_to = {other_name!r}: "
                        "not a declared layer with a key"
                    )
        for indicator in layer.indicators:
            where = f"{layer.name}.toml: indicator {indicator.id}"
            if indicator.id in seen:
                yield f"{where}: the id is also used in {seen[indicator.id]}.toml"
            seen[indicator.id] = layer.name
            if isinstance(indicator, ShareWithinDistance):
                other = catalog.layers.get(indicator.of)
                if other is None or other.geometry != "Point":
                    yield f"{where}: of = {indicator.of!r}: not a declared Point layer"
                    continue
                yield from (
                    f"{where}: {text}"
                    for text in _check_where(other.fields, indicator.of_where, "of_where")
                )
                height = indicator.reach.field
                if height is not None and (
                    height not in other.fields or other.fields[height].type != "number"
                ):
                    yield f"{where}: reach.field = {height!r}: not a number field of {other.name}"
            if isinstance(indicator, ShareOfPixels):
                raster = catalog.layers.get(indicator.raster)
                if raster is None or raster.geometry != "Raster":
                    yield f"{where}: raster = {indicator.raster!r}: not a declared Raster layer"


def _listed(names: object) -> str:
    return ", ".join(sorted(str(name) for name in names)) or "none"  # type: ignore[attr-defined]
