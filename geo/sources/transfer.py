"""Rows from the process that opened a file to the one that wants them: Arrow and JSON, never code.

What comes back is checked like a file of a stranger's: it was made by a process that read one.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..said import Said
from .base import LeftOut, Source

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from .undrawn import Undrawn

ANSWER = "answer.json"
ROWS = "rows.arrow"
LEFT_OUT = "left_out.arrow"
_LEFT_OUT = ("row", "reason", "reason_zh")
COPY = "copy"
LARGEST_ANSWER = 64 << 20
_DEEPEST = 32
_COLLECTION = 7  # GEOS's number of it
_SHAPES, _PLACES, _LABELS = "shapes", "places", "labels"

# Values of a column of all sorts: how each is written as text and read back.
_SORTS: tuple[tuple[str, type, Callable[[Any], str], Callable[[str], Any]], ...] = (
    ("bool", bool, lambda value: "1" if value else "", bool),
    ("int", int, str, int),
    ("float", float, repr, float),
    ("str", str, str, str),
    ("datetime", dt.datetime, lambda value: value.isoformat(), dt.datetime.fromisoformat),
    ("date", dt.date, lambda value: value.isoformat(), dt.date.fromisoformat),
    ("time", dt.time, lambda value: value.isoformat(), dt.time.fromisoformat),
    ("decimal", Decimal, str, Decimal),
)
_EXTENSIONS = frozenset(
    {"string", "str", "boolean", "Float32", "Float64"}
    | {f"{sign}nt{bits}" for sign in ("I", "UI") for bits in (8, 16, 32, 64)}
)
_PLAIN = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_SORTED = "sorts"
"""How a column of all sorts is called where a type is due."""


class TransferError(Exception):
    """What came back is not what is written here."""


def pack(source: Source, folder: Path) -> None:
    """Write a source into a folder.

    Parameters
    ----------
    source : as a format read it
    folder : exists, and is ours alone
    """
    import numpy as np
    import pyarrow as pa

    frame = source.frame
    shapes = places = crs = None
    attributes = frame
    if source.undrawn is not None:
        crs = _crs_text(source.undrawn.crs)
        ends = 2 * np.concatenate([[0], np.cumsum(source.undrawn.counts)])
        places = pa.LargeListArray.from_arrays(ends, source.undrawn.places.ravel())
    elif hasattr(frame, "to_wkb") and "geometry" in frame.columns:
        import shapely

        _require_shallow(frame.geometry.to_numpy())
        shapes = pa.array(shapely.to_wkb(frame.geometry.to_numpy()), type=pa.large_binary())
        crs = _crs_text(frame.crs)
        attributes = frame.drop(columns="geometry")
    columns: list[Any] = []
    types: list[str] = []
    for position in range(attributes.shape[1]):
        kind, arrays = _packed(attributes.iloc[:, position])
        types.append(kind)
        columns += arrays
    labels = pa.array(source.rows.astype("string"), type=pa.large_string(), from_pandas=True)
    named = {f"c{number}": column for number, column in enumerate(columns)} | {_LABELS: labels}
    named |= {_SHAPES: shapes} if shapes is not None else {}
    named |= {_PLACES: places} if places is not None else {}
    _write(folder / ROWS, pa.table(named))
    reasons = [(item.row, item.reason, item.reason.zh) for item in source.left_out]
    _write(
        folder / LEFT_OUT,
        pa.table(
            {name: _text_array([pair[at] for pair in reasons]) for at, name in enumerate(_LEFT_OUT)}
        ),
    )
    answer = {
        "columns": [whole(name) for name in source.columns],
        "names": [whole(str(name)) for name in attributes.columns],
        "types": types,
        "crs": crs,
        "kind": None if source.undrawn is None else source.undrawn.kind,
        "format": source.format,
        "layer": source.layer,
        "rows_read": source.rows_read,
        "notes": [told(note) for note in source.notes],
    }
    (folder / ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def pack_copy(folder: Path) -> None:
    """Say that the copy in a folder is whole."""
    (folder / ANSWER).write_text(json.dumps({COPY: True}), encoding="utf-8")


def copy_in(answer: dict[str, Any], folder: Path) -> Path:
    """The copy that lies in a folder.

    Raises
    ------
    TransferError
        There is none.
    """
    path = folder / COPY
    if answer.get(COPY) is not True or path.is_symlink() or not path.is_file():
        raise TransferError("no copy")
    return path


def answer_in(folder: Path, status: int = 0) -> dict[str, Any]:
    """What the other process said of the rows, or of why there are none.

    Parameters
    ----------
    folder : where it wrote
    status : what it ended with

    Raises
    ------
    TransferError
        It ended badly; there is no answer, or it is too long, or not JSON.
    """
    if status != 0:
        raise TransferError(f"status {status}")
    path = folder / ANSWER
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST_ANSWER:
            answer = None
        else:
            answer = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TransferError("no answer") from error
    if not isinstance(answer, dict):
        raise TransferError("an answer of another kind")
    return answer


def unpack(answer: dict[str, Any], folder: Path) -> Source:
    """The source that lies in a folder.

    Raises
    ------
    TransferError
        It is not what `pack` writes.
    """
    import pyarrow as pa
    import shapely

    try:
        return _source(answer, folder)
    except (
        LookupError, ValueError, TypeError, OSError, pa.ArrowException, shapely.errors.ShapelyError,
    ) as error:  # fmt: skip
        raise TransferError(f"an answer of another kind ({type(error).__name__})") from error


def _source(answer: dict[str, Any], folder: Path) -> Source:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import shapely

    names, types, columns = (_texts(answer[key]) for key in ("names", "types", "columns"))
    notes = tuple(heard(note) for note in answer["notes"])
    crs, layer = (_text_or_none(answer[key]) for key in ("crs", "layer"))
    format_, rows_read = answer["format"], answer["rows_read"]
    if not isinstance(format_, str) or type(rows_read) is not int or len(names) != len(types):
        raise TransferError("an answer of another kind")
    table = _read(folder / ROWS)
    found = dict(zip(names, _unpacked(table, types), strict=True))
    frame: Any = pd.DataFrame(found, index=pd.RangeIndex(table.num_rows))
    rows = pd.Series(_column(table, _LABELS, pa.large_string()).to_pandas(), dtype="string")
    undrawn = None
    if _PLACES in table.column_names:
        undrawn = _undrawn(table, answer["kind"], _crs(crs))
    elif _SHAPES in table.column_names:
        binary = _column(table, _SHAPES, pa.large_binary()).to_numpy(zero_copy_only=False)
        with np.errstate(all="ignore"):  # coordinates that are no numbers are found later
            shapes = shapely.from_wkb(binary)
        frame = gpd.GeoDataFrame(frame, geometry=shapes, crs=_crs(crs))
    if len(found) != len(names) or not len(frame) <= rows_read:
        raise TransferError("more rows than were read, or two columns of one name")
    left_out = _left_out(_read(folder / LEFT_OUT))
    source = Source(frame, rows, columns, format_, layer, rows_read, left_out, notes, undrawn)
    return source.drawn()


def _undrawn(table: pa.Table, kind: object, crs: Any) -> Undrawn:
    """Places in a list for each row, none where it has no shape."""
    import numpy as np
    import pyarrow as pa

    from .undrawn import Undrawn

    column = _column(table, _PLACES, pa.large_list(pa.float64())).combine_chunks()
    lists = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    counts, odd = np.divmod(np.diff(lists.offsets.to_numpy()), 2)
    if odd.any() or type(kind) is not int:
        raise TransferError("places of another kind")
    return Undrawn(kind, lists.flatten().to_numpy().reshape(-1, 2), counts, crs)


def _require_shallow(shapes: Any) -> None:
    """Collections of collections are taken apart by going down into each, for which a thread has little room."""
    import shapely

    inside = shapes
    for _ in range(_DEEPEST):
        inside = shapely.get_parts(inside[shapely.get_type_id(inside) == _COLLECTION])
        if not len(inside):
            return
    raise ValueError(f"collections of geometry more than {_DEEPEST} deep")


def _packed(column: pd.Series[Any]) -> tuple[str, list[pa.Array]]:
    """The type's name and one array, or two where the values are of all sorts."""
    import pandas as pd
    import pyarrow as pa

    kind = str(column.dtype)
    if kind in _PLAIN:
        return kind, [pa.array(column.to_numpy())]
    if (
        kind in _EXTENSIONS
        or isinstance(column.dtype, pd.DatetimeTZDtype)
        or kind.startswith("datetime64[")
    ):
        return kind, [pa.array(column, from_pandas=True)]
    values = column.astype(object).to_numpy()
    if pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty"):
        return "object", [_text_array(values)]
    sorts, texts = zip(*(_sorted(value) for value in values), strict=True)
    return _SORTED, [pa.array(sorts, type=pa.int8()), _text_array(texts)]


def _text_array(values: Any) -> pa.Array:
    """Text; halves of characters, which JSON can spell and nothing can show, replaced."""
    import pyarrow as pa

    try:
        return pa.array(values, type=pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:
        shown = [value if not isinstance(value, str) else whole(value) for value in values]
        return pa.array(shown, type=pa.large_string(), from_pandas=True)


def whole(text: str) -> str:
    """Text of whole characters only.

    Examples
    --------
    >>> whole("东\\ud800")
    '东\ufffd'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _sorted(value: Any) -> tuple[int | None, str | None]:
    import numpy as np
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return None, None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    for number, (_, type_, write, _read) in enumerate(_SORTS):
        if isinstance(value, type_):
            return number, write(value)
    return _SORT_OF_TEXT, str(value)


_SORT_OF_TEXT = next(number for number, (name, *_) in enumerate(_SORTS) if name == "str")


def _unpacked(table: pa.Table, types: tuple[str, ...]) -> list[Any]:
    import pandas as pd
    import pyarrow as pa

    found: list[Any] = []
    number = 0
    for kind in types:
        column = table.column(f"c{number}")
        number += 1
        if kind in _PLAIN:
            values = column.to_numpy(zero_copy_only=False)
            if str(values.dtype) != kind:
                raise TransferError(f"a column of {values.dtype}, not {kind}")
        elif kind in _EXTENSIONS:
            values = (
                pd.array(_as_chunks(column), dtype=kind)
                if kind in ("string", "str")
                else (
                    pd.api.types.pandas_dtype(kind).__from_arrow__(column)  # type: ignore[union-attr]
                )
            )
        elif kind.startswith("datetime64[") and pa.types.is_timestamp(column.type):
            values = column.to_pandas().astype(kind)
        elif kind == "object":
            texts = _require(column, pa.large_string()).to_numpy(zero_copy_only=False)
            values = pd.Series(texts, dtype=object)
        elif kind == _SORTED:
            written = _require(table.column(f"c{number}"), pa.large_string()).to_pylist()
            number += 1
            sorts = _require(column, pa.int8()).to_pylist()
            values = pd.Series(
                [None if sort is None else _SORTS[sort][3](text) for sort, text in zip(sorts, written, strict=True)],
                dtype=object,
            )  # fmt: skip
        else:
            raise TransferError(f"a column of {kind!r}")
        found.append(values)
    return found


def _as_chunks(column: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise TransferError("a column of text that is none")
    return column


def _crs_text(crs: Any) -> str | None:
    """A code where that says all, or the whole definition."""
    if crs is None:
        return None
    import pyproj

    authority = crs.to_authority(min_confidence=100)
    if authority is not None:
        code = ":".join(authority)
        if pyproj.CRS.from_user_input(code).equals(crs):
            return code
    return str(crs.to_wkt())


def _crs(text: str | None) -> Any:
    from ..crs import state

    return None if text is None else state(text).crs


def _left_out(table: pa.Table) -> tuple[LeftOut, ...]:
    import pyarrow as pa

    texts = (_column(table, name, pa.large_string()).to_pylist() for name in _LEFT_OUT)
    return tuple(
        LeftOut(str(row), Said(str(en), str(zh))) for row, en, zh in zip(*texts, strict=True)
    )


def _write(path: Path, table: pa.Table) -> None:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _read(path: Path) -> pa.Table:
    import pyarrow as pa

    if path.is_symlink():
        raise TransferError("a link in the place of rows")
    # A mapped file cannot be deleted on Windows.
    opener = pa.OSFile if sys.platform == "win32" else pa.memory_map
    table = pa.ipc.open_file(opener(str(path), "r")).read_all()
    table.validate(full=True)
    return table


def _column(table: pa.Table, name: str, type_: pa.DataType) -> pa.ChunkedArray:
    return _require(table.column(name), type_)


def _require(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    if column.type != type_:
        raise TransferError(f"a column of {column.type}, not {type_}")
    return column


def told(text: Said) -> list[str]:
    """A text as it goes to another process, in both languages."""
    return [str(text), text.zh]


def heard(value: object) -> Said:
    """A text that came from another process.

    Raises
    ------
    TransferError
        It is none.
    """
    en, zh = _texts(value) if isinstance(value, list) and len(value) == 2 else (None, None)
    if en is None or zh is None:
        raise TransferError("an answer of another kind")
    return Said(en, zh)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TransferError("an answer of another kind")
    return tuple(value)


def _text_or_none(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TransferError("an answer of another kind")
    return value
