"""Rows as JSON, CSV or a table: the same rows in each."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import StoreError, reason_of
from ..said import Said, in_language
from ..views.format import NOTHING, Language, size
from ..views.inert import inert_cell
from .dates import iso_day

Row = Mapping[str, Any]
ROWS_AT_ONCE = 20_000
_PLAIN = frozenset((str, int, bool, type(None)))


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


class Form(StrEnum):
    """What a round is kept as."""

    geopackage = "geopackage"
    geoparquet = "geoparquet"


class Reader(StrEnum):
    """The languages of a reader."""

    zh = "zh"
    en = "en"

    @property
    def language(self) -> Language:
        """As the rest of the program calls it."""
        return "zh" if self is Reader.zh else "en"


_spoken = Reader.en


def speak(language: Reader) -> Reader:
    """From here on remarks and faults are told in this language."""
    global _spoken  # noqa: PLW0603 - of this process, which runs one command
    _spoken = language
    return language


def speak_if_asked(context: typer.Context, param: typer.CallbackParam, language: Reader) -> Reader:
    """The same where the user names a language; one that a command merely writes in by default is none."""
    asked = context.get_parameter_source(str(param.name))
    speak(language if asked is not None and asked.name == "COMMANDLINE" else Reader.en)
    return language


def spoken() -> Language:
    """The language remarks and faults are told in: English, unless the command was asked for another."""
    return _spoken.language


LANG = typer.Option(
    Reader.en,
    "--lang",
    callback=speak,
    is_eager=True,
    help="The language of tables, remarks and faults; JSON is always English, and so are the columns and"
    " codes of CSV.",
)
Speaks = Annotated[
    Reader,
    typer.Option(
        "--lang", callback=speak, is_eager=True, help="The language of remarks and faults."
    ),
]
FILE_LANG = typer.Option(
    callback=speak_if_asked,
    is_eager=True,
    help="The file's language, and where it is said that of remarks and faults.",
)
DISTRICT = typer.Option(
    None,
    "--district",
    metavar="FOLDER",
    help="The district's folder [default: the embedded one].",
)
ROUND = typer.Option(
    None,
    "--round",
    callback=iso_day,
    metavar="DAY",
    help="The survey round, YYYY-MM-DD [default: the newest].",
)
FORMAT = typer.Option(
    Format.table, "--format", help="How to print the rows; json and csv are for other programs."
)


def plain(value: object) -> object:
    """A value as JSON has it: NaN and missing become null, numpy scalars become Python's."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "item"):
        return plain(value.item())
    return value


def records(frame: Any) -> Iterator[dict[str, object]]:
    """The rows of a DataFrame as plain dicts, missing values as None; a province's are never held all at once."""
    names = list(frame.columns)
    for first in range(0, len(frame), ROWS_AT_ONCE):
        some = frame.iloc[first : first + ROWS_AT_ONCE]
        for row in zip(*(_plain_values(some[name]) for name in names), strict=True):
            yield dict(zip(names, row, strict=True))


def _plain_values(column: Any) -> list[object]:
    kind = getattr(column.dtype, "kind", "O")
    if kind == "f" and column.dtype.name.startswith("float"):
        return [None if math.isnan(value) else value for value in column.to_list()]
    # Nearly all are texts and nothings, which are plain as they are.
    return [
        value if type(value) in _PLAIN else plain(value)
        for value in column.astype(object).to_list()
    ]


class _ReaderGoneError(Exception):
    """Nobody reads standard output any more."""


@contextmanager
def _while_read() -> Iterator[None]:
    """Print as long as somebody reads; that a reader such as `head` has enough is no fault, and ends no work."""
    with suppress(_ReaderGoneError):
        yield


@_while_read()
def print_json(payload: Mapping[str, object]) -> None:
    """One JSON object on standard output, UTF-8, NaN refused; each row on a line of its own."""
    # Python's own encoder writes a line at a time at once; indented, it writes a figure at a time.
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    before = "{\n"
    for key, value in payload.items():
        rows = value if isinstance(value, Iterator) else None
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = iter(value)
        if rows is None:
            _write(f"{before} {encode(key)}: {encode(value)}")
        else:
            lines = map(encode, rows)
            between = "[\n  "
            _write(f"{before} {encode(key)}: ")
            while some := list(islice(lines, ROWS_AT_ONCE)):
                _write(between + ",\n  ".join(some))
                between = ",\n  "
            _write("[]" if between.startswith("[") else "\n ]")
        before = ",\n"
    _write("\n}\n")


@_while_read()
def print_csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Rows as CSV with a header; text that a spreadsheet would run as a formula is made inert."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    _write(text.getvalue())


@_while_read()
def print_table(
    rows: Sequence[Row],
    columns: Mapping[str, str],
    figures: Mapping[str, Callable[[Row], str]],
    words: Mapping[str, Callable[[Row], str]] | None = None,
) -> None:
    """Rows as a table for the eye.

    Parameters
    ----------
    columns : for each column its heading
    figures : for some columns how a row's figure is written, to the right
    words : for some how a row's cell is worded, to the left; the others stand as they are
    """
    from .layout import aligned

    shown = {**figures, **(words or {})}
    # Here, every cell is a text of one line that steers nothing; an empty one looks like one that was cut off.
    lines = [
        [
            _printable(shown[name](row) if name in shown else _word(row[name])) or NOTHING
            for name in columns
        ]
        for row in rows
    ]
    right = [name in figures for name in columns]
    headings = list(columns.values())
    if sys.stdout.isatty():
        _onto_screen(headings, lines, right, list(columns))
    else:
        # Into a file or a pipe, never cut a line to the width of a screen.
        _write("".join(f"{line}\n" for line in aligned([headings, *lines], right)))


def _onto_screen(
    headings: list[str], lines: list[list[str]], right: list[bool], names: list[str]
) -> None:
    from rich.console import Console
    from rich.text import Text

    from .layout import fitted

    screen = Console(file=sys.stdout, highlight=False)
    head, rest = fitted(headings, lines, right, names, screen.width)
    # Text(): a name from a file must not be read as markup.
    for line in head:
        screen.print(Text(line, "bold"), soft_wrap=True)
    if rest:
        screen.print(Text("\n".join(rest)), soft_wrap=True)


def note(text: str) -> None:
    """A remark for the person at the keyboard, on standard error."""
    lines = in_language(text, spoken()).split("\n")
    with suppress(BrokenPipeError):  # what is done goes on, heard or not
        typer.echo(f"atlas: {chr(10).join(map(_printable, lines))}", err=True)


def require_place(file: Path) -> None:
    """Refuse a file that cannot be written, before the work rather than after it.

    Raises
    ------
    StoreError
        It is a folder, or the folder it is to lie in is not there or read-only.
    """
    folder = file.parent
    if file.is_dir():
        why = Said("it is a folder; name a file in it", "这是文件夹；请写明其中的文件名")
    elif file.exists() and not file.is_file():
        why = Said("it is a device or a pipe, not a file", "这是设备或管道，不是文件")
    elif not folder.is_dir():
        why = Said(f"there is no folder {folder}", f"没有文件夹 {folder}")
    elif not os.access(folder, os.W_OK):
        why = Said(f"{folder} is read-only", f"{folder} 为只读")
    elif file.exists() and not os.access(file, os.W_OK):
        why = Said("it is read-only", "它是只读的")
    else:
        return
    raise StoreError(Said(f"cannot write {file}: ", f"无法写入 {file}：") + why)


def wrote(file: Path) -> Said:
    """That a file was written, and its size."""
    large = size(file.stat().st_size)
    return Said(f"wrote {file} ({large})", f"已写出 {file}（{large}）")


def in_one_line(text: str) -> str:
    """As much of a text as a line of the screen holds: what had run over it could not be taken back."""
    from rich.cells import chop_cells

    width = shutil.get_terminal_size().columns - 1
    return next(iter(chop_cells(_printable(text), max(1, width))), "")


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int, str], None] | None]:
    """A count on standard error, where a person is watching; None where nobody is."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(done: int, total: int, name: str) -> None:
        doing = f"{in_language(what, spoken())} {done}/{total} {in_language(name, spoken())}"
        sys.stderr.write(f"\r\033[K{in_one_line(doing)}" if done < total else "\r\033[K")
        sys.stderr.flush()

    yield show


def _word(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"  # as JSON and CSV have it
    return str(value)


def _printable(text: str) -> str:
    """Control characters of a file's text must not steer the terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _cell(value: object) -> object:
    if isinstance(value, (list, tuple)):
        value = " ".join(str(item) for item in value)
    if isinstance(value, str):
        return inert_cell(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


@contextmanager
def onto_standard_output() -> Iterator[None]:
    """Have it told where standard output takes no more; that its reader has gone is left to the caller.

    Raises
    ------
    StoreError
        It is a file on a full disk, say.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, StoreError) or _is_of_closed_pipe(error):
            raise
        raise StoreError(
            Said("cannot write to standard output: ", "无法写到标准输出：") + reason_of(error)
        ) from error


def _write(text: str) -> None:
    try:
        with onto_standard_output():
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.flush()
    except StoreError:
        raise
    except OSError:
        # Else Python tries once more when it ends, and says that it could not.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise _ReaderGoneError from None


def _is_of_closed_pipe(error: OSError) -> bool:
    # Windows calls it an invalid argument.
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)
