"""A folder → a district: its declaration, its layers and where its rounds lie."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from .bundled import embedded_district, layers_folder
from .catalog import Catalog, load_catalog
from .errors import DeclarationError, meant
from .misdeclared import at_key, describe, unreadable
from .model import DistrictSpec, Indicator, Layer, Target
from .said import Said, joined, quoted


@dataclass(frozen=True)
class District:
    """A district's folder, what it declares, and the layers that hold there."""

    folder: Path
    spec: DistrictSpec
    catalog: Catalog

    @property
    def rounds_folder(self) -> Path:
        """Where the survey rounds lie."""
        return self.folder / "rounds"

    @property
    def rasters_folder(self) -> Path:
        """Where rasters lie, one `NAME.tif` a Raster layer."""
        return self.folder / "rasters"

    @property
    def levels(self) -> tuple[Layer, ...]:
        """The layers of units, from fine to coarse."""
        return tuple(self.catalog.layer(name) for name in self.spec.levels)

    @cached_property
    def declarations_digest(self) -> str:
        """A digest of what the district and its layers declare, on which figures depend as on the data."""
        said = [self.spec.model_dump_json()]
        said += [
            self.catalog.layers[name].model_dump_json() for name in sorted(self.catalog.layers)
        ]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def target(self, indicator: Indicator) -> Target | None:
        """The indicator's target here: the district's own where it overrides the layer's."""
        return self.spec.targets.get(indicator.id, indicator.target)


def open_district(folder: Path | str | None = None) -> District:
    """Read a district's declaration, and the layers with those of its own `layers/` on top.

    Parameters
    ----------
    folder : the district's folder; None means the one that comes with the program

    Returns
    -------
    District

    Raises
    ------
    DeclarationError
        The folder has no `district.toml`, or it or a layer file says something it may not.

    Examples
    --------
    >>> open_district().spec.code
    '321202'
    """
    path = Path(folder) if folder is not None else embedded_district()
    if path.name == "district.toml" and path.is_file():
        path = path.parent  # whoever names the file means its folder
    file = path / "district.toml"
    if path.is_file():
        raise DeclarationError(
            path,
            [
                Said(
                    "is a file; a district is a folder with a district.toml in it, so name the folder",
                    "是文件；一个区是含有 district.toml 的文件夹，请指定该文件夹",
                )
            ],
        )
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeclarationError(
            file,
            [
                Said(
                    "not found; a district is a folder with a district.toml in it",
                    "未找到；一个区是含有 district.toml 的文件夹",
                )
            ],
        ) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(file, [unreadable(error)]) from error
    try:
        spec = DistrictSpec.model_validate(raw)
    except ValidationError as error:
        raise DeclarationError(file, describe(error, DistrictSpec)) from error
    problem = _metric_problem(spec.metric_crs)
    if problem:
        raise DeclarationError(file, [at_key("metric_crs", spec.metric_crs) + problem])
    own = path / "layers"
    catalog = load_catalog(layers_folder(), own) if own.is_dir() else load_catalog()
    units = [layer.name for layer in catalog.unit_layers()]
    problems = [
        Said(
            f"levels: {name!r} is not a declared layer of units",
            f"levels：{quoted(name).zh}不是已声明的单元图层",
        )
        + meant(name, units)
        for name in spec.levels
        if name not in units
    ]
    known = [indicator.id for _, indicator in catalog.indicators()]
    problems += [
        at_key(f"targets.{name}")
        + Said("no indicator of that id", "没有该标识的指标")
        + meant(name, known)
        for name in spec.targets
        if name not in known
    ]
    catalog = _with_value_titles(catalog, spec, problems)
    if problems:
        raise DeclarationError(file, problems)
    return District(path, spec, catalog)


def _with_value_titles(catalog: Catalog, spec: DistrictSpec, problems: list[Said]) -> Catalog:
    """The declarations with what the district calls its own texts; what it cannot mean is a problem."""
    layers = dict(catalog.layers)
    for name, fields in spec.value_titles.items():
        for field, titles in fields.items():
            declared = layers[name].fields.get(field) if name in layers else None
            if declared is None or declared.type != "text":
                problems.append(
                    at_key(f"value_titles.{name}.{field}")
                    + Said("no such field of text", "没有这样的文字字段")
                    + _text_field_meant(catalog, name, field)
                )
                continue
            titled = {"value_titles": {**declared.value_titles, **titles}}
            known = {**layers[name].fields, field: declared.model_copy(update=titled)}
            layers[name] = layers[name].model_copy(update={"fields": known})
    return replace(catalog, layers=layers)


def _text_field_meant(catalog: Catalog, layer: str, field: str) -> Said:
    """Which layer, or which of its texts, may have been meant."""
    if layer not in catalog.layers:
        return meant(layer, catalog.layers)
    fields = catalog.layers[layer].fields
    return meant(field, [name for name, spec in fields.items() if spec.type == "text"])


def _metric_problem(metric_crs: str) -> Said | None:
    """Why lengths cannot be measured in a coordinate system; None where they can."""
    from .crs import known_crs

    crs = known_crs(metric_crs)
    if crs is None:
        return Said(
            "not a coordinate system; say EPSG:n or a PROJ text",
            "不是坐标系；请写 EPSG:n 或 PROJ 文本",
        )
    if not crs.is_projected:
        return Said(
            "longitude and latitude are not metres; say a projected system such as EPSG:4549",
            "经纬度不以米为单位；请写投影坐标系，如 EPSG:4549",
        )
    units = {axis.unit_name for axis in crs.axis_info[:2]}
    if units == {"metre"}:
        return None
    listed = joined(sorted(units))
    return Said(f"measured in {listed}, not in metres", f"单位为 {listed.zh}，不是米")
