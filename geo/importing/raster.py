"""A user's GeoTIFF → one of the district's rasters, with where it came from beside it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..crs import state
from ..district import District
from ..errors import DataError, Fault, StoreError, reason_of
from ..model import Finding, Layer
from ..placing import Home, Placement, home_of
from ..said import NOTHING, Said
from .report import ImportReport
from .target import now, require_folder

Progress = Callable[[int, int, str], None]


def import_raster(
    district: District,
    file: Path | str,
    layer: Layer,
    crs: str | None,
    *,
    dry_run: bool = False,
    progress: Progress,
) -> ImportReport:
    """Put a GeoTIFF into the district's rasters, whole or not at all.

    Parameters
    ----------
    district : as opened
    file : a GeoTIFF on this machine
    layer : a declared layer of raster
    crs : what its coordinates are, where the file does not say or says it wrongly
    dry_run : do everything but write
    progress : called with the step's number, how many there are, and what is being done

    Returns
    -------
    ImportReport
        Of one row: the raster.

    Raises
    ------
    SourceError, DataError
        It is no raster the district can use, states no coordinate system, or a shifted one is said.
    StoreError
        The district has that raster already, or cannot be written.
    """
    from ..sources.base import Request
    from ..sources.registry import copy_raster, read_source
    from ..store import open_store
    from ..store.lock import current_user

    target = district.rasters_folder / f"{layer.name}.tif"
    require_folder(district.rasters_folder)
    _require_absent(target)
    said = state(crs) if crs is not None else None
    if said is not None and said.shift is not None:
        raise DataError(
            Fault(
                layer.name,
                Said(f"{said.text} for a raster", f"栅格的坐标系指定为 {said.text}"),
                Said("a system that pixels lie straight in", "像元排列规则的坐标系"),
                Said("have the imagery rectified to CGCS2000 first", "先将影像纠正到 CGCS2000"),
            )
        )
    progress(0, 2, Said("reading", "读取"))
    source, provenance = read_source(file, Request(geometry="Raster"))
    if source.format != "GeoTIFF":
        raise DataError(
            Fault(
                layer.name,
                Said(
                    f"rows ({provenance.file} is {source.format})",
                    f"文件是数据行（{provenance.file} 为 {source.format}）",
                ),
                Said("a GeoTIFF", "GeoTIFF 栅格"),
                Said("choose a layer of rows, or a GeoTIFF", "改选数据行图层，或改用 GeoTIFF"),
            )
        )
    outline = source.frame.geometry
    stated = said.crs if said is not None else outline.crs
    if stated is None:
        raise DataError(
            Fault(
                layer.name,
                Said("no coordinate system in the file", "文件未注明坐标系"),
                Said("a coordinate system", "注明坐标系"),
                Said("say which it is with --crs EPSG:n", "指定坐标系（命令行：--crs EPSG:n）"),
            )
        )
    facts = source.frame.drop(columns="geometry").iloc[0].to_dict()
    size = f"{facts['columns']} × {facts['rows']}"
    shown = Said(
        f"{size} pixels of {facts['bands']} bands, {facts['type']}",
        f"{size} 像元，{facts['bands']} 个波段，{facts['type']}",
    )
    findings = [Finding("file", "info", layer.name, (), shown, NOTHING, NOTHING)]
    home = home_of(district, open_store(district.rounds_folder))
    if home is not None:
        away = _away_m(Placement(stated), outline.total_bounds, home)
        if away > 0:
            findings.append(
                Finding(
                    "outside-district", "warning", layer.name, (),
                    Said(
                        f"the raster lies {away / 1000:,.1f} km from {home.said}",
                        f"栅格距{home.said.zh} {away / 1000:,.1f} 公里",
                    ),
                    Said("a raster of the district", "本区的栅格"),
                    Said(
                        "check its coordinate system, or import another",
                        "核对坐标系，或改用其他栅格",
                    ),
                )
            )  # fmt: skip
    if not dry_run:
        progress(1, 2, Said("writing", "写入"))
        district.rasters_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".atlas-", dir=district.rasters_folder) as room:
            made = Path(room) / target.name
            provenance = copy_raster(file, made, crs, progress=lambda *_: None)
            origin = {
                "layer": layer.name,
                "file": provenance.file,
                "sha256": provenance.sha256,
                "crs": stated.to_string(),
                "imported_at": now(),
                "imported_by": current_user(),
                **{name: _plain(value) for name, value in facts.items()},
            }
            beside = Path(room) / f"{layer.name}.json"
            beside.write_text(
                json.dumps(origin, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
            )
            _put(made, target, beside)
    return ImportReport(layer.name, None, 1, 1, (), (), tuple(findings))


def _require_absent(target: Path) -> None:
    if target.exists():
        raise StoreError(
            Said(
                f"{target} is there already, and figures of every round may rest on it; move it away first",
                f"{target} 已存在，各轮次的数字可能以其为据；请先移走",
            )
        )


def _put(made: Path, target: Path, beside: Path) -> None:
    """Its origin first: one without its raster says nothing, a raster without its origin says too little."""
    try:
        for path in (made, beside):
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
        beside.replace(target.with_suffix(".json"))
        try:
            # Unlike a replacement, a link never takes the place of what another import put there meanwhile.
            os.link(made, target)
        except FileExistsError:
            _require_absent(target)
        except OSError:
            _require_absent(target)
            made.replace(target)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            Said(f"cannot write {target}: ", f"无法写入 {target}：")
            + reason_of(error)
            + Said("; what was there is as it was", "；原有内容未变")
        ) from error


def _away_m(placement: Placement, bounds: Sequence[float], home: Home) -> float:
    """How far the extent of the raster is from the district's; 0 where they meet."""
    import numpy as np
    import shapely

    west, south, east, north = bounds
    ring = np.array([(west, south), (east, south), (east, north), (west, north)])
    corners = placement.metric(ring, home.crs)
    if not np.isfinite(corners).all():
        return float("inf")
    return float(shapely.Polygon(corners).envelope.distance(shapely.box(*home.bounds)))


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    plain = item() if item is not None else value
    return None if plain != plain else plain  # noqa: PLR0124 - NaN is not itself
