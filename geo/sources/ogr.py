"""Reading through GDAL such that one broken row does not cost the others."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from ..crs import known_crs
from ..errors import SourceError
from ..said import Said
from . import progress
from .base import LeftOut, refuse
from .curves import NOTE as CURVES_NOTE
from .nullable import NULLABLE
from .undrawn import Undrawn, undrawn

_FID = "OGC_FID"
Label = Callable[[pd.DataFrame], "pd.Series[Any]"]


@dataclass(frozen=True)
class Rows:
    """The rows that could be read, what each is called, and those that could not."""

    frame: gpd.GeoDataFrame | pd.DataFrame
    labels: pd.Series[Any]
    left_out: tuple[LeftOut, ...]
    notes: tuple[Said, ...] = ()
    """What was made simpler: curves drawn as lines, heights not kept."""
    undrawn: Undrawn | None = None
    """The geometry, where it was asked not to be drawn."""

    @property
    def read(self) -> int:
        """All rows, with those left out."""
        return len(self.frame) + len(self.left_out)


def layer_names(path: Path, name: str) -> tuple[str, ...]:
    """The layers of a file, in its order.

    Raises
    ------
    SourceError
        GDAL cannot open it.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Measured", UserWarning)
            return tuple(str(one) for one in pyogrio.list_layers(path)[:, 0])
    except (pyogrio.errors.DataSourceError, OSError, RuntimeError, ValueError) as error:
        raise refuse(
            name,
            Said(plain_reason(error), f"文件无法读取（{plain_reason(error)}）"),
            Said("a readable file", "可读的文件"),
            Said("save it again", "重新保存"),
        ) from error


def read_rows(
    path: Path,
    name: str,
    driver: str,
    label: Label,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    expected: int | None = None,
    sql: str | None = None,
    draw: bool = True,
    **options: Any,
) -> Rows:
    """The rows of one layer, each geometry decoded by itself.

    Parameters
    ----------
    path : a private copy, under a name of our own
    name : the file's own name, to speak of it
    driver : the only GDAL driver that may have opened it
    label : names the rows from their attributes and the column `OGC_FID`
    layer : which one, where the file may have several
    encoding : of the text, where the driver would guess it
    expected : how many rows the file holds, counted without GDAL; read by Arrow, which is quick, but
        ends without a word where a file is damaged. None reads row by row, which does not.
    sql : selects the rows, where the driver wants to be asked so
    draw : the frame has its geometry; else plain geometry read by Arrow is handed over as numbers
    options : for the driver

    Raises
    ------
    SourceError
        The file cannot be read to its end, or another driver answered.
    """
    # Where a proxy that does not exist is named, a link inside a file leads nowhere.
    pyogrio.set_gdal_config_options({"GDAL_HTTP_PROXY": "127.0.0.1:9", "GDAL_HTTP_TIMEOUT": "1"})
    which = {"sql": sql} if sql is not None else {"layer": layer}
    read = _by_row if expected is None else partial(_by_arrow, expected=expected)
    try:
        with warnings.catch_warnings():
            # That measures are dropped is said in the notes.
            warnings.filterwarnings("ignore", "Measured", UserWarning)
            answered = pyogrio.read_info(path, layer=layer, encoding=encoding)["driver"]
            if answered != driver:
                raise refuse(
                    name,
                    Said(f"a file for {answered}", f"文件为 {answered} 格式"),
                    Said(f"a file for {driver}", f"{driver} 格式"),
                    Said("save it again", "重新保存"),
                )
            frame, shapes, crs = read(path, encoding=encoding, **which, **options)
    except UnicodeDecodeError as error:
        raise refuse(
            name,
            Said("text in another encoding than the file says", "文字编码与文件注明的不符"),
            Said("text that can be decoded", "可以解码的文字"),
            Said("add a .cpg file that names the encoding", "添加注明编码的 .cpg 文件"),
        ) from error
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        if isinstance(error, SourceError):
            raise
        raise refuse(
            name,
            Said(plain_reason(error), f"文件无法读取（{plain_reason(error)}）"),
            Said(f"a readable {driver} file", f"可读的 {driver} 文件"),
            Said("save it again", "重新保存"),
        ) from error
    if expected is not None and len(frame) != expected:
        raise refuse(
            name,
            Said(
                f"{len(frame)} rows that can be read, of {expected}",
                f"{expected:,} 行中只有 {len(frame):,} 行可读",
            ),
            Said("a file that is whole", "完整的文件"),
            Said("save it again", "重新保存"),
        )
    labels = label(frame).astype("string")
    frame = frame.drop(columns=_FID)
    if shapes is None:
        return Rows(frame, labels, ())
    if isinstance(shapes, pa.ChunkedArray):
        plain = None if draw else undrawn(shapes, known_crs(crs))
        if plain is not None:
            return Rows(frame, labels, (), undrawn=plain)
        shapes = shapes.to_numpy(zero_copy_only=False)

    def straight() -> np.ndarray[Any, Any]:
        # Read the other way, GDAL draws curves as lines, which shapely needs.
        found: np.ndarray[Any, Any] = pyogrio.raw.read(
            path, columns=[], encoding=encoding, **which, **options
        )[2]
        return found

    return _with_geometry(frame, labels, shapes, straight, crs)


def _by_arrow(path: Path, expected: int, **options: Any) -> tuple[pd.DataFrame, Any, object]:
    with pyogrio.open_arrow(path, return_fids=True, use_pyarrow=True, **options) as (meta, reader):
        batches, count = [], 0
        for batch in reader:
            batches.append(batch)
            count += batch.num_rows
            progress.tell(count, expected)
        table = pa.Table.from_batches(batches, reader.schema)
    column = meta["geometry_name"] or _geometry_column(table)
    shapes = table.column(column) if column else None
    attributes = table.drop_columns([column]) if column else table
    frame = attributes.to_pandas(types_mapper=NULLABLE.get)
    return frame.rename(columns={meta["fid_column"] or _FID: _FID}), shapes, meta["crs"]


def _by_row(path: Path, **options: Any) -> tuple[pd.DataFrame, Any, object]:
    meta, fids, shapes, columns = pyogrio.raw.read(path, return_fids=True, **options)
    values = {
        str(name): _texts(column) if column.dtype == object else column
        for name, column in zip(meta["fields"], columns, strict=True)
    }
    return pd.DataFrame({_FID: fids, **values}), shapes, meta["crs"]


def _texts(column: np.ndarray[Any, Any]) -> Any:
    """A column of text; bytes and lists, which some formats have, as they would be written."""
    plain = [one is None or isinstance(one, str) for one in column]
    if not all(plain):
        written = [
            one if good else one.hex() if isinstance(one, bytes) else ", ".join(map(str, one))
            for one, good in zip(column, plain, strict=True)
        ]
        column = np.array(written, dtype=object)
    return pd.array(column, dtype="string")


def text_labels(prefix: str, offset: int = 0) -> Label:
    """Rows by their number in the file: `fid 7`."""

    def label(frame: pd.DataFrame) -> pd.Series[Any]:
        return prefix + " " + (frame[_FID] + offset).astype("string")

    return label


def plain_reason(error: Exception) -> str:
    """A library's message without the name of its exception and of our copy's folder."""
    text = re.sub(r"^[A-Za-z]*Exception: ", "", str(error).strip())
    return re.sub(r"'?\S*[/\\]atlas-\w+[/\\]([^'\s]*)'?", r"\1", text) or type(error).__name__


def broken(error: Exception) -> Said:
    """Why a shape cannot be drawn: what was raised over it, in our own words where it was ours."""
    own = error.args[0] if error.args and isinstance(error.args[0], Said) else None
    said = plain_reason(error).strip()
    return Said(f"broken geometry: {said}", f"图形损坏（{said if own is None else own.zh}）")


def _geometry_column(table: pa.Table) -> str | None:
    for name in table.schema.names:
        metadata = table.schema.field(name).metadata or {}
        if metadata.get(b"ARROW:extension:name") in (b"ogc.wkb", b"geoarrow.wkb"):
            return str(name)
    return None


def without_heights(
    shapes: np.ndarray[Any, Any],
) -> tuple[np.ndarray[Any, Any], tuple[Said, ...]]:
    """Geometry in the plane, and a note where it was not."""
    has = [
        Said(*name)
        for name, any_has in (
            (("heights", "高程"), shapely.has_z(shapes).any()),
            (("measures", "测度值"), shapely.has_m(shapes).any()),
        )
        if any_has
    ]
    if not has:
        return shapes, ()
    return shapely.force_2d(shapes), (
        Said(
            f"{' and '.join(has)} of the points are not kept",
            f"各点的{'、'.join(one.zh for one in has)}未保留",
        ),
    )


def _with_geometry(
    frame: pd.DataFrame,
    labels: pd.Series[Any],
    shapes: np.ndarray[Any, Any],
    straight: Callable[[], np.ndarray[Any, Any]],
    crs: object,
) -> Rows:
    curved = False
    try:
        geometry = shapely.from_wkb(shapes, on_invalid="ignore")
    except NotImplementedError:
        drawn = straight()
        # A file that miscounts its own rows gives fewer this way; then those with curves are left out.
        curved = len(drawn) == len(shapes)
        shapes = drawn if curved else shapes
        geometry = np.array([_decoded(shape) for shape in shapes], dtype=object)
    geometry, notes = without_heights(geometry)
    if curved:
        notes = (CURVES_NOTE, *notes)
    missing = np.array([shape is None for shape in shapes], dtype=bool)
    broken = shapely.is_missing(geometry) & ~missing
    left_out = tuple(
        LeftOut(str(labels.iloc[row]), _why(shapes[row])) for row in np.flatnonzero(broken)
    )
    shaped = gpd.GeoDataFrame(
        frame[~broken].reset_index(drop=True),
        geometry=geometry[~broken],
        crs=known_crs(crs),
    )
    return Rows(shaped, labels[~broken].reset_index(drop=True), left_out, notes)


def _decoded(wkb: bytes | None) -> shapely.Geometry | None:
    try:
        return shapely.from_wkb(wkb, on_invalid="ignore")
    except NotImplementedError:
        return None


def _why(wkb: bytes) -> Said:
    try:
        shapely.from_wkb(wkb)
    except (shapely.errors.ShapelyError, NotImplementedError) as error:
        return broken(error)
    return Said("broken geometry: it cannot be decoded", "图形损坏：无法解码")
