"""Layer files → declarations, checked against themselves and against each other.

The catalog is the only reader of `layers/*.toml`. Adding a layer or an indicator is adding a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from .bundled import layers_folder
from .consistency import cross_check, self_check
from .errors import DeclarationError, UnknownNameError
from .misdeclared import at_key, describe, unreadable
from .model import (
    Indicator,
    Layer,
    ShareMeeting,
    ShareOfArea,
    ShareOfCount,
    ShareOfLength,
    ShareWithinDistance,
    condition_fields,
)
from .naming import NAME, named
from .said import Said, joined


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
            titles = self._layer_titles()
            raise UnknownNameError("layer", name, titles, called=titles) from None

    def layer_asked_for(self, asked: str) -> Layer:
        """The layer that somebody asks for: by its name, or by a title that it alone has.

        Parameters
        ----------
        asked : as somebody wrote it: a name, or a title in either language

        Raises
        ------
        UnknownNameError
            None has that name or title, or several have the title.
        """
        return self.layers[named("layer", asked, self._layer_titles(), NAME)]

    def _layer_titles(self) -> dict[str, Said]:
        declared = sorted(self.layers.items())
        return {one: Said(layer.title.en, layer.title.zh) for one, layer in declared}

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
        titles = {one: Said(known[one][1].title.en, known[one][1].title.zh) for one in known}
        return known[named("indicator", asked, titles)]

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
    problems: list[Said] = []
    for folder in folders or (layers_folder(),):
        for path in sorted(folder.glob("*.toml")):
            try:
                layer = load_layer(path)
            except DeclarationError as error:
                problems += [at_key(path.name) + problem for problem in error.problems]
                continue
            if layer.name != path.stem:
                problems.append(
                    at_key(path.name)
                    + Said(
                        f"name = {layer.name!r}; the file's name must be the layer's",
                        f"name = {layer.name!r}；文件名须与图层名相同",
                    )
                )
            layers[layer.name] = layer
            files[layer.name] = path
    catalog = Catalog(layers, files)
    if not problems:
        problems = list(cross_check(layers))
    if problems:
        raise DeclarationError(Said("layers", "图层声明"), problems)
    return catalog


def load_layer(path: Path) -> Layer:
    """Read one layer file and check it against itself.

    Raises
    ------
    DeclarationError
        It cannot be read, is not TOML, a key or value is not allowed, or a name it uses is not declared in it.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(path, [unreadable(error)]) from error
    try:
        layer = Layer.model_validate(raw)
    except ValidationError as error:
        raise DeclarationError(path, describe(error, Layer)) from error
    problems = list(self_check(layer))
    if problems:
        raise DeclarationError(path, problems)
    return layer


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
