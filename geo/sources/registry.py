"""From a path to rows: which format a file is, a private copy of it, and its reading."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import formats as formats_package
from .base import Format, Request, Source, Staged, refuse

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Provenance:
    """Which file it was."""

    file: str
    sha256: str
    """Of the file's bytes; of all its parts, each after its suffix, where it has several."""


@cache
def formats() -> tuple[Format, ...]:
    """Every format there is, by name.

    Examples
    --------
    >>> {"GeoJSON", "GeoPackage", "OSM PBF", "Shapefile"} <= {one.name for one in formats()}
    True
    """
    found = []
    for module in pkgutil.iter_modules(formats_package.__path__):
        loaded = importlib.import_module(f"{formats_package.__name__}.{module.name}")
        one = getattr(loaded, "FORMAT", None)
        if isinstance(one, Format):
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.name))


def read_source(path: Path | str, request: Request | None = None) -> tuple[Source, Provenance]:
    """The rows of a user's file, and which file that was.

    Parameters
    ----------
    path : a regular file on this machine; never an address, a virtual path or a folder
    request : which layer and columns are wanted

    Returns
    -------
    Source, Provenance

    Raises
    ------
    SourceError
        There is no such file, its bytes are of no known format or not of the one its name says, or it
        cannot be read; a row that cannot be read is left out and listed instead.
    """
    file = require_regular_file(path)
    one = format_of(file)
    with _staged(file, one) as staged:
        source = one.read(staged, request or Request())
    return source, Provenance(file.name, staged.sha256)


def require_regular_file(path: Path | str) -> Path:
    """The path of a file that exists here and is nothing but a file.

    Raises
    ------
    SourceError
        It is an address, a folder, a device, or absent.
    """
    text = str(path)
    try:
        file = Path(path)
        good = file.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        good = False
    if not good:
        raise refuse(
            text,
            "no such file",
            "a file on this machine",
            "check the path; addresses are not opened",
        )
    return file


def format_of(file: Path) -> Format:
    """The format a file's name and its bytes agree on.

    Raises
    ------
    SourceError
        The suffix is unknown, or the bytes are something else.
    """
    name = file.name.lower()
    by_name = [one for one in formats() if name.endswith(one.suffixes)]
    known = ", ".join(suffix for one in formats() for suffix in one.suffixes)
    if not by_name:
        raise refuse(
            file.name, f"the suffix {file.suffix!r}", f"one of {known}", "save it as one of these"
        )
    for one in by_name:
        if one.recognises(file):
            return one
    said = " or ".join(one.name for one in by_name)
    other = next((one for one in formats() if one.recognises(file)), None)
    if other is not None:
        raise refuse(
            file.name, f"a {other.name} file", f"a {said} file, as its name says",
            f"rename it to end in {other.suffixes[0]}",
        )  # fmt: skip
    raise refuse(
        file.name,
        "bytes of another format",
        f"a {said} file, as its name says",
        f"save it as {said} again",
    )


@contextmanager
def _staged(file: Path, one: Format) -> Iterator[Staged]:
    """Copy the file, and what belongs to it, under a name that no library takes for anything else."""
    suffix = next(suffix for suffix in one.suffixes if file.name.lower().endswith(suffix))
    stem = file.name[: -len(suffix)]
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        main = Path(folder) / f"source{suffix}"
        parts = [(file, main)]
        if suffix == one.suffixes[0]:
            siblings = {item.name.lower(): item for item in file.parent.iterdir()}
            for companion in one.companions:
                item = siblings.get(f"{stem}{companion}".lower())
                if item is not None and item.is_file():
                    parts.append((item, main.with_suffix(companion)))
        try:
            for original, copy in parts:
                if len(parts) > 1:
                    digest.update(copy.suffix.encode())
                with original.open("rb") as stream, copy.open("wb") as target:
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
                        target.write(chunk)
        except OSError as error:
            raise refuse(
                file.name, f"{error}", "a file that can be read", "check its rights"
            ) from error
        yield Staged(main, file.name, digest.hexdigest())
