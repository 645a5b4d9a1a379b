"""A survey's map: the area, the units by decision, and what an indicator says of streets and units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import shapely

from ..coverage import coverage_of, for_readers
from ..errors import DataError, Fault
from ..model import Level, ScopeRule, ShareOfPixels
from ..said import Said
from ..version import __version__
from ..whole import write_together, write_whole
from .basemap import Basemap, laid_on
from .declared_layers import declared_layer
from .description import DrawnLayer, MapDescription
from .figure_layers import features_by_state, unit_layer, units_by_verdict
from .format import Language
from .page import map_page, tiles_page
from .scope_layers import backdrop, boundary, coarser_units, units_by_decision
from .stretch_layers import by_stretch, points_that_reach, streets_by_stretch
from .tiles import Progress, archive_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..survey import Survey

WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "north": "北",
        "legend": "图层与图例",
        "zoom_in": "放大",
        "zoom_out": "缩小",
        "find": "按名称查找",
        "not_found": "没有找到",
        "no_tiles": "底图没有响应，图层照常可用",
        "left_out": "缩小显示：全部 {1} 个要素中画出至多 {0} 个（相互靠近者每类只画最大的）；放大可见全部，图例与数字始终按全部计。",
        "no_webgl": "此地图要素过多，需用支持 WebGL 的浏览器打开；本浏览器不支持或已停用。",
        "choose_file": "请选择与本网页同名的数据文件：{}",
        "no_archive": "数据文件 {} 读不到：它须与本网页放在一起。",
    },
    "en": {
        "north": "N",
        "legend": "Layers and legend",
        "zoom_in": "Zoom in",
        "zoom_out": "Zoom out",
        "find": "Find by name",
        "not_found": "Nothing of that name",
        "no_tiles": "The basemap does not answer; the layers work as usual",
        "left_out": "Zoomed out: at most {0} of {1} features drawn, of those close together the largest of each class. Zoom in to see all; legend and figures always count all.",
        "no_webgl": "This map has so many features that it needs a browser with WebGL; this one has none, or it is switched off.",
        "choose_file": "Choose the file of data that belongs to this page: {}",
        "no_archive": "The file of data {} cannot be read: it has to lie beside this page.",
    },
}
_TILES_ENDING = ".pmtiles"
_NO_PAGES = frozenset(
    (_TILES_ENDING, ".pdf", ".docx", ".xlsx", ".csv", ".json", ".geojson", ".gpkg", ".shp", ".png", ".jpg", ".svg", ".zip")
)  # fmt: skip
"""Endings that say of a file that it is something else than a page."""
EMBEDDED_UP_TO_BYTES = 48_000_000
"""Of tiles that stand in an exported page; with more it becomes a pair of files."""
_NOT_PUBLIC = ("内部资料 不得公开", "Internal: not for publication")
_DIGITS = 12


def map_description(
    survey: Survey,
    indicator: str | None = None,
    level: Level | None = None,
    language: Language = "zh",
    scope: str = "all",
    rule: ScopeRule | None = None,
) -> MapDescription:
    """What the map of a survey shows.

    Parameters
    ----------
    survey : the round
    indicator : id (or title) of the indicator whose features are drawn by covered, not covered, unknown, or, where it says
        how far points reach, whose streets are so drawn stretch by stretch; None draws the area and the decisions
        alone
    level : "village" or "town" colours the units of that level by the indicator's verdict (by its rate,
        where it has no target) and leaves the features switched off
    language : "zh" or "en"
    scope : "all" or "inside": which of a unit's figures its colour shows
    rule : decides the units; None means the district's own

    Returns
    -------
    MapDescription
        Layers from bottom to top; geometry in WGS84 with six decimals.

    Raises
    ------
    UnknownNameError
        No such indicator, or no units of that level.
    DataError
        A layer cannot be used; ScopeError where the edges do not enclose an area.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> description = map_description(open_survey(), "hardening.back_streets", language="en")
    >>> [entry.key for entry in description.layers[-1].entries]
    ['covered', 'not_covered', 'unknown']
    """
    subtitle = "城乡一体化范围" if language == "zh" else "Area of urban-rural integration"
    if indicator is not None:
        _, declared = survey.district.catalog.indicator(indicator)
        indicator, subtitle = declared.id, declared.title.in_(language)
        if level is None and isinstance(declared, ShareOfPixels):
            level = survey.district.levels[0].unit.level if survey.district.levels[0].unit else None
    layers = tuple(_layers(survey, indicator, level, language, scope, rule))
    return _framed(survey, subtitle, layers, language)


def layers_description(
    survey: Survey,
    names: Sequence[str],
    language: Language = "zh",
    by: Mapping[str, str] | None = None,
) -> MapDescription:
    """A map of layers of the round as their declarations style them, over the backdrop and the area.

    Parameters
    ----------
    survey : the round
    names : declared layers that the round holds; of those that cannot be drawn there is nothing
    language : "zh" or "en"
    by : the field that gives a layer its colours, where not the one its declaration says

    Returns
    -------
    MapDescription

    Raises
    ------
    UnknownNameError, DataError
        As `map_description`.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> layers_description(open_survey(), ["lamps"], "en").layers[-1].title
    'Street lamps · Working'
    """
    from ..scope import EDGES_LAYER, scope_of

    catalog = survey.district.catalog
    wanted = [catalog.layer(name) for name in names]
    drawable = [
        layer
        for layer in sorted(wanted, key=lambda layer: layer.style.order)
        if layer.geometry not in ("Raster", "Table") and survey.has(layer.name)
    ]
    layers: list[DrawnLayer] = [
        layer for layer in backdrop(survey, language) if layer.name not in names
    ]
    units = [layer for layer in drawable if layer.unit]
    fields = by or {}
    layers += [
        declared_layer(survey, layer.name, language, by=fields.get(layer.name)) for layer in units
    ]
    layers += [one for one in coarser_units(survey, language) if one.name not in names]
    if survey.has(EDGES_LAYER) and len(survey.frame(EDGES_LAYER)):
        outline = boundary(survey, scope_of(survey), language)
        layers += [layer for layer in outline if layer.name == "area"]
    layers += [
        declared_layer(survey, layer.name, language, by=fields.get(layer.name))
        for layer in drawable
        if not layer.unit
    ]
    subtitle = "图层" if language == "zh" else "Layers"
    return _framed(survey, subtitle, tuple(layers), language)


def _framed(
    survey: Survey, subtitle: str, layers: tuple[DrawnLayer, ...], language: Language
) -> MapDescription:
    spec = survey.district.spec
    return MapDescription(
        title=spec.name.in_(language),
        subtitle=subtitle,
        language=language,
        extent=_extent(layers),
        layers=layers,
        banner=spec.illustrative.in_(language) if spec.illustrative else None,
        notes=_notes(survey, language),
        words=WORDS[language],
    )


def default_indicator(survey: Survey) -> str | None:
    """The indicator a map shows when none is named: what the first drawn layer is coloured by.

    Returns
    -------
    str or None
        None where the round holds nothing that is measured and drawn.
    """
    for layer in sorted(survey.district.catalog.layers.values(), key=lambda item: item.style.order):
        if (
            layer.unit
            or not layer.style.shown
            or not layer.indicators
            or not survey.has(layer.name)
        ):
            continue
        plain_ones = [item for item in layer.indicators if not item.where]
        by_style = [
            item for item in plain_ones if getattr(item, "covered", None) == layer.style.color_by
        ]
        return (by_style or plain_ones or list(layer.indicators))[0].id
    return None


def write_map(
    path: Path | str,
    survey: Survey,
    indicator: str | None = None,
    level: Level | None = None,
    language: Language = "zh",
    basemap: Basemap | None = None,
    *,
    progress: Progress | None = None,
) -> Path:
    """Write the map of a survey as one HTML file that opens anywhere, with the network on or off.

    A map with more tiles than `EMBEDDED_UP_TO_BYTES` is a pair of files: beside the page lies one of its
    name that ends in `.pmtiles`, which a page opened from disk asks its reader to choose.

    Parameters
    ----------
    path : the file to write; what was there is replaced
    survey, level, language : as for `map_description`
    indicator : as for `map_description`; None means `default_indicator`
    basemap : as for `map_html`
    progress : called with (pieces of the tiles that are cut, of how many, zoom of the last); of a map without
        tiles never

    Returns
    -------
    Path
        The file; the same survey gives the same bytes.

    Raises
    ------
    UnknownNameError, DataError
        As `map_description`.
    """
    described = _to_export(survey, indicator, level, language, basemap)
    return write_described(path, described, progress=progress)


def require_page_name(file: Path) -> None:
    """Refuse a name that says of a map's page that it is something else: whoever is sent it could not open it.

    Raises
    ------
    DataError
        It ends as a map's tiles do, which lie beside the page, or as a file of another format.
    """
    if file.suffix.lower() in _NO_PAGES:
        raise DataError(
            Fault(
                file.name,
                Said(f"the name of a {file.suffix} file", f"{file.suffix} 文件的文件名"),
                Said("a page's (.html)", "网页的文件名（.html）"),
                Said(
                    f"name it {file.stem}.html; other formats are made by atlas report",
                    f"请命名为 {file.stem}.html；其他格式用 atlas report 生成",
                ),
            )
        )


def write_described(
    path: Path | str, description: MapDescription, *, progress: Progress | None = None
) -> Path:
    """Write any map as `write_map` does.

    Parameters
    ----------
    path : the file to write; what was there is replaced
    description : the map
    progress : as for `write_map`

    Returns
    -------
    Path
        The page, beside which lies its `.pmtiles` where the tiles are too large to stand in it: both or neither.

    Raises
    ------
    DataError
        Its name is that of something else than a page.
    """
    file = Path(path)
    require_page_name(file)
    archive = archive_of(description, progress=progress)
    if archive is None:
        text = map_page(description)
    elif len(archive.tiles) <= EMBEDDED_UP_TO_BYTES:
        text = tiles_page(description, archive)
    else:
        data = file.with_suffix(_TILES_ENDING)
        text = tiles_page(description, archive, data.name)
        write_together({data: archive.tiles, file: text.encode("utf-8")})
        return file
    write_whole(file, text.encode("utf-8"))
    return file


def map_html(
    survey: Survey,
    indicator: str | None = None,
    level: Level | None = None,
    language: Language = "zh",
    basemap: Basemap | None = None,
) -> str:
    """The map of a survey as one HTML page that asks nobody for anything but the tiles of a chosen basemap.

    Parameters
    ----------
    survey, level, language : as for `map_description`
    indicator : as for `map_description`; None means `default_indicator`
    basemap : tiles from elsewhere beneath it, which the page asks for where there is a network

    Returns
    -------
    str

    Raises
    ------
    UnknownNameError, DataError
        As `map_description`; DataError also where the basemap's addresses hold a key.
    """
    description = _to_export(survey, indicator, level, language, basemap)
    archive = archive_of(description)
    return map_page(description) if archive is None else tiles_page(description, archive)


def _to_export(
    survey: Survey,
    indicator: str | None,
    level: Level | None,
    language: Language,
    basemap: Basemap | None,
) -> MapDescription:
    """What a map in a file shows; a basemap whose addresses hold a key goes into none."""
    if basemap is not None and basemap.secret:
        raise DataError(
            Fault(
                "basemap",
                Said(
                    f"{basemap.name}, whose addresses hold your key",
                    f"{basemap.name} 的地址含您的密钥",
                ),
                Said(
                    "a basemap without one in a file that others will have",
                    "给他人的文件所用底图不含密钥",
                ),
                Said("choose another, or none", "改用其他底图或不用底图"),
            )
        )
    wanted = indicator if indicator is not None else default_indicator(survey)
    return laid_on(map_description(survey, wanted, level, language), basemap)


def _layers(
    survey: Survey,
    indicator: str | None,
    level: Level | None,
    language: Language,
    scope: str,
    rule: ScopeRule | None,
) -> Iterator[DrawnLayer]:
    from ..scope import EDGES_LAYER, scope_of

    bounded = survey.has(EDGES_LAYER) and len(survey.frame(EDGES_LAYER))
    decided = scope_of(survey, rule) if bounded else None
    by_verdict = indicator is not None and level is not None
    yield from units_by_decision(survey, decided, language, shown=not by_verdict)
    if indicator is not None and level is not None:
        unit_layer(survey, level)  # says so before anything is measured
        rows = for_readers(survey, coverage_of(survey, [indicator]))
        chosen = rows[(rows["level"] == level) & (rows["scope"] == scope)]
        yield units_by_verdict(survey, chosen, indicator, level, language)
    yield from backdrop(survey, language)
    yield from coarser_units(survey, language)
    if decided is not None:
        yield from boundary(survey, decided, language)
    if indicator is not None:
        yield from _features(survey, indicator, language, shown=not by_verdict)


def _features(
    survey: Survey, indicator: str, language: Language, *, shown: bool
) -> Iterator[DrawnLayer]:
    """What an indicator is measured on; of one of reach the stretches, beneath the points that reach them."""
    layer, declared = survey.district.catalog.indicator(indicator)
    if by_stretch(declared, layer, survey):
        yield streets_by_stretch(survey, layer, declared, language, shown=shown)
        beside = points_that_reach(survey, declared, language) if shown else None
        if beside is not None:
            yield beside
        return
    features = features_by_state(survey, indicator, language, shown=shown)
    if features is not None:
        yield features


def _extent(layers: tuple[DrawnLayer, ...]) -> tuple[float, float, float, float]:
    """West, south, east, north of everything but the backdrop, which may run far beyond."""
    drawn = [layer for layer in layers if len(layer.shapes)]
    chosen = [layer for layer in drawn if layer.answers or layer.name == "area"] or drawn
    if not chosen:
        return (73.0, 18.0, 135.0, 54.0)  # China: nothing says where else to look
    boxes = [shapely.total_bounds(layer.shapes.geometry) for layer in chosen]
    west, south, east, north = (
        [float(value) for value in column] for column in zip(*boxes, strict=True)
    )
    return min(west), min(south), max(east), max(north)


def _notes(survey: Survey, language: Language) -> tuple[str, ...]:
    spec = survey.district.spec
    number = spec.map_review_number
    chinese = language == "zh"
    said = (
        f"轮次 {survey.round}" if chinese else f"Round {survey.round}",
        f"{'数据摘要' if chinese else 'Data digest'} {survey.digest[:_DIGITS]}",
        f"{spec.metric_crs} 量算，WGS 84 绘图"
        if chinese
        else f"Measured in {spec.metric_crs}, drawn in WGS 84",
        f"城乡图 {__version__}" if chinese else f"Chengxiang Atlas {__version__}",
    )
    if number:
        return (*said, f"审图号：{number}" if chinese else f"Map review number {number}")
    return (*said, _NOT_PUBLIC[0] if chinese else _NOT_PUBLIC[1])
