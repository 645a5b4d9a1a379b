"""GeoTIFF: a grid of values, checked by its own header before any library opens it.

As rows it is one: the outline of the grid and what it is, which is all that checks of where it lies need.
`copy_raster` makes the district's own copy.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ...said import Said
from ..base import Format, Request, Source, Staged, refuse
from ..limits import limits

if TYPE_CHECKING:
    import rasterio

_CLASSIC, _BIG = 42, 43
_WIDTH, _HEIGHT, _BANDS = 256, 257, 277
_MOST_TAGS = 4096
_MOST_PAGES = 256
_WHOLE = {1: "B", 3: "H", 4: "I", 16: "Q"}
"""TIFF's types of whole numbers."""


@dataclass(frozen=True)
class Page:
    """What a TIFF's header says of one picture in it."""

    width: int
    height: int
    bands: int


def _recognises(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(4)
    return head in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def _read(staged: Staged, request: Request) -> Source:
    import geopandas as gpd
    import pandas as pd
    import shapely

    from ...crs import known_crs

    if request.geometry not in (None, "Raster"):
        raise refuse(
            staged.name,
            Said("a grid of values", "栅格（像元值）"),
            Said(f"rows of {request.geometry}", "数据行"),
            Said("import it into a layer of raster", "导入到栅格图层"),
        )
    require_sane(staged)
    with opened(staged) as raster:
        columns, rows = raster.width, raster.height
        corners = [
            raster.transform * at for at in ((0, 0), (columns, 0), (columns, rows), (0, rows))
        ]
        facts = {
            "columns": columns,
            "rows": rows,
            "bands": raster.count,
            "type": raster.dtypes[0],
            "no_value": raster.nodata,
        }
        crs = known_crs(raster.crs.to_wkt()) if raster.crs else None
    frame = gpd.GeoDataFrame(pd.DataFrame([facts]), geometry=[shapely.Polygon(corners)], crs=crs)
    label = pd.Series(["the raster"], dtype="string")
    return Source(frame, label, tuple(facts), "GeoTIFF", None, 1)


def copy_raster(staged: Staged, target: Path, crs: str | None = None) -> None:
    """Write a user's raster as the district keeps it: a tiled, packed GeoTIFF with nothing else in it.

    Parameters
    ----------
    staged : a private copy of a GeoTIFF
    target : where to write; whoever calls moves it into place
    crs : what the coordinates are, where the file does not say or says it wrongly

    Raises
    ------
    SourceError
        It is past the limits, damaged, rotated, of complex numbers, or its CRS is known to nobody.
    """
    from rasterio.errors import RasterioError

    require_sane(staged)
    with opened(staged) as raster:
        faults = []
        if raster.crs is None and crs is None:
            faults.append(
                (
                    Said("no coordinate system", "未注明坐标系"),
                    Said("one", "注明坐标系"),
                    Said("say which it is with --crs EPSG:n", "指定坐标系（命令行：--crs EPSG:n）"),
                )
            )
        if raster.transform.is_identity:
            faults.append(
                (
                    Said("no place on the ground", "没有地面位置"),
                    Said("a georeferenced raster", "已配准的栅格"),
                    Said("put its .tfw beside it", "将其 .tfw 放在旁边"),
                )
            )
        elif raster.transform.b or raster.transform.d or raster.transform.e >= 0:
            faults.append(
                (
                    Said("a rotated or flipped grid", "格网旋转或倒置"),
                    Said("rows from north to south", "各行自北向南"),
                    Said("warp the raster", "对栅格重采样校正"),
                )
            )
        if any(kind.startswith("complex") for kind in raster.dtypes):
            faults.append(
                (
                    Said("complex numbers", "像元为复数"),
                    Said("plain numbers", "实数"),
                    Said("export amplitude or phase", "导出幅度或相位"),
                )
            )
        for found, expected, remedy in faults:
            raise refuse(staged.name, found, expected, remedy)
        try:
            _write(raster, target, crs)
        except (RasterioError, OSError, ValueError) as error:
            raise refuse(
                staged.name,
                Said(f"pixels that cannot be read ({error})", f"像元无法读取（{error}）"),
                Said("a whole raster", "完整的栅格"),
                Said("export it again", "重新导出"),
            ) from error


def require_sane(staged: Staged) -> None:
    """Refuse a TIFF whose header asks for too much, before a library allocates it.

    Raises
    ------
    SourceError
        Its header is damaged, or it has more pixels, bands or pictures than the limits allow.
    """
    try:
        with staged.path.open("rb") as stream:
            found = pages(stream)
    except (OSError, ValueError, struct.error, OverflowError) as error:
        raise refuse(
            staged.name,
            Said(f"a damaged TIFF header ({error})", f"TIFF 文件头已损坏（{error}）"),
            Said("a GeoTIFF", "GeoTIFF 栅格"),
            Said("export it again", "重新导出"),
        ) from error
    allowed = limits()
    most_bands = max(page.bands for page in found)
    pixels = max(page.width * page.height * page.bands for page in found)
    if most_bands > allowed.bands or pixels > allowed.pixels:
        raise refuse(
            staged.name,
            Said(
                f"{found[0].width} × {found[0].height} pixels of {most_bands} bands",
                f"{found[0].width} × {found[0].height} 像元，{most_bands} 个波段",
            ),
            Said(
                f"at most {allowed.bands} bands, and {allowed.pixels} pixels counted in all of them",
                f"不超过 {allowed.bands} 个波段，且各波段像元合计不超过 {allowed.pixels:,}",
            ),
            Said(
                "cut it to the district, and keep only the bands that are needed",
                "裁剪到本区，只保留所需波段",
            ),
        )


def pages(stream: IO[bytes]) -> tuple[Page, ...]:
    """The pictures a TIFF says it holds, by its header alone.

    Parameters
    ----------
    stream : from its first byte

    Raises
    ------
    ValueError
        It is no TIFF, or its directory is damaged or endless.

    Examples
    --------
    >>> import io
    >>> entries = struct.pack("<HHII", 256, 3, 1, 7) + struct.pack("<HHII", 257, 4, 1, 5)
    >>> pages(io.BytesIO(b"II*\\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)))
    (Page(width=7, height=5, bands=1),)
    """
    head = stream.read(8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise ValueError("no TIFF")
    (kind,) = struct.unpack(order + "H", head[2:4])
    if kind == _BIG:
        (at,) = struct.unpack(order + "Q", stream.read(8))
    else:
        (at,) = struct.unpack(order + "I", head[4:8])
    big = kind == _BIG
    found: list[Page] = []
    seen: set[int] = set()
    while at:
        if at in seen or len(found) == _MOST_PAGES:
            raise ValueError("a directory without an end")
        seen.add(at)
        stream.seek(at)
        values, at = _directory(stream, order, big)
        if values.get(_WIDTH, 0) < 1 or values.get(_HEIGHT, 0) < 1:
            raise ValueError("a picture without a size")
        found.append(Page(values[_WIDTH], values[_HEIGHT], values.get(_BANDS, 1)))
    if not found:
        raise ValueError("no picture")
    return tuple(found)


def _directory(stream: IO[bytes], order: str, big: bool) -> tuple[dict[int, int], int]:
    """The whole numbers of one directory that stand in it, and where the next one is."""
    count_form, entry_form, next_form = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
    (count,) = struct.unpack(order + count_form, _exactly(stream, struct.calcsize(count_form)))
    if count > _MOST_TAGS:
        raise ValueError(f"{count} tags")
    size = struct.calcsize(order + entry_form)
    values: dict[int, int] = {}
    for _ in range(count):
        tag, kind, length, raw = struct.unpack(order + entry_form, _exactly(stream, size))
        if length == 1 and kind in _WHOLE:
            form = order + _WHOLE[kind]
            if struct.calcsize(form) <= len(raw):
                (values[tag],) = struct.unpack(form, raw[: struct.calcsize(form)])
    (following,) = struct.unpack(order + next_form, _exactly(stream, struct.calcsize(next_form)))
    return values, following


def _exactly(stream: IO[bytes], size: int) -> bytes:
    read = stream.read(size)
    if len(read) < size:
        raise ValueError("cut short")
    return read


def opened(staged: Staged) -> rasterio.DatasetReader:
    """The raster, by GDAL's one driver for it."""
    import rasterio
    from rasterio.errors import RasterioError

    try:
        return rasterio.open(staged.path, driver="GTiff")
    except (RasterioError, OSError, ValueError) as error:
        raise refuse(
            staged.name,
            Said(f"a damaged raster ({error})", f"栅格已损坏（{error}）"),
            Said("a GeoTIFF", "GeoTIFF 栅格"),
            Said("export it again", "重新导出"),
        ) from error


def _write(raster: Any, target: Path, crs: str | None) -> None:
    """Copy block by block, so that memory does not grow with the raster."""
    import rasterio

    profile = {
        "driver": "GTiff", "width": raster.width, "height": raster.height, "count": raster.count,
        "dtype": raster.dtypes[0], "nodata": raster.nodata, "transform": raster.transform,
        "crs": crs or raster.crs, "compress": "deflate", "tiled": True,
        "blockxsize": 256, "blockysize": 256, "bigtiff": "if_safer",
    }  # fmt: skip
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(target, "w", **profile) as copy:
        masked = any(
            "per_dataset" in {flag.name for flag in flags} for flags in raster.mask_flag_enums
        )
        for _, window in copy.block_windows(1):
            copy.write(raster.read(window=window), window=window)
            if masked:
                copy.write_mask(raster.dataset_mask(window=window), window=window)
        copy.scales, copy.offsets = raster.scales, raster.offsets


FORMAT = Format(
    "GeoTIFF",
    (".tif", ".tiff"),
    _recognises,
    _read,
    (".tfw",),
    ("GTiff",),
    library="rasterio",
    copy=copy_raster,
)
