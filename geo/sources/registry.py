"""From a path to rows: which format a file is, a private copy of it, and its reading."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import shutil
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import SourceError, abridge
from ..said import NOTHING, Said
from . import formats as formats_package
from .base import Format, Request, Source, Staged, refuse
from .limits import PREFIX, limits
from .private import private_folder
from .progress import EVERY_SECONDS, Progress

_CHUNK = 1 << 20
_NAMED = 5


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


def read_source(
    path: Path | str, request: Request | None = None, *, progress: Progress | None = None
) -> tuple[Source, Provenance]:
    """The rows of a user's file, and which file that was.

    The file is copied under a name of our own and opened by a process that can reach nothing else.

    Parameters
    ----------
    path : a regular file on this machine, or the folder of a file geodatabase; never an address, a virtual
        path or another folder
    request : which layer and columns are wanted
    progress : called a few times a second, once the first has passed, with how much is done, of how much
        (0: not known), and of what: `MiB copied`, `rows`, or `s` where the format does not count

    Returns
    -------
    Source, Provenance

    Raises
    ------
    SourceError
        There is no such file, its bytes are of no known format or not of the one its name says, it
        takes more than it may (`geo.sources.limits`), or it cannot be read; a row that cannot be read
        is left out and listed instead.
    """
    from .sandbox import reader

    file = require_regular_file(path)
    candidates = formats_named(file.name)
    report = progress or (lambda done, total, what: None)
    with private_folder() as folder, reader(folder) as process:
        staged, size = _stage(file, candidates, folder, report)
        source = process.read(staged, size, candidates, request or Request(), report)
    return source, Provenance(file.name, staged.sha256)


def copy_raster(
    path: Path | str, target: Path, crs: str | None = None, *, progress: Progress | None = None
) -> Provenance:
    """Write a user's raster as a district keeps it, and say which file it was.

    The file is opened like one of rows: by a process that can reach nothing but a copy of it.

    Parameters
    ----------
    path : a GeoTIFF on this machine
    target : where to write; there is nothing yet
    crs : what the coordinates are, where the file does not say or says it wrongly
    progress : as for `read_source`

    Raises
    ------
    SourceError
        It is no raster, is damaged, or has more pixels or bands than it may; nothing is written then.
    """
    from .sandbox import reader

    file = require_regular_file(path)
    candidates = formats_named(file.name)
    report = progress or (lambda done, total, what: None)
    with private_folder() as folder, reader(folder) as process:
        staged, size = _stage(file, candidates, folder, report)
        made = process.copy(staged, size, candidates, crs, report)
        beside = target.with_name(f"{target.name}.part")
        try:
            shutil.copyfile(made, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    return Provenance(file.name, staged.sha256)


def require_regular_file(path: Path | str) -> Path:
    """The path of a file that exists here and is nothing but a file, or of a folder NAME.gdb.

    Raises
    ------
    SourceError
        It is an address, a folder, a device, or absent.
    """
    text = str(path)
    try:
        file = Path(path)
        good = file.is_file() or _is_geodatabase(file)
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        good = False
    if not good:
        raise _no_file(text)
    return file


def _no_file(text: str) -> SourceError:
    """What to raise where a path leads to no file: to a folder, to a device, or nowhere."""
    try:
        path = Path(text)
        folder = bool(text) and path.is_dir()
        found = [one.name for one in sorted(path.iterdir()) if one.is_file()] if folder else None
        other = bool(text) and not folder and path.exists()
    except (OSError, ValueError):
        found, other = None, False
    if found is not None:
        usable = [name for name in found if _by_name(name)]
        held = abridge(usable, _NAMED) if usable else NOTHING
        return refuse(
            text,
            Said("a folder", "文件夹"),
            Said("a file", "文件"),
            Said("name the file in it: ", "请指定其中的文件：") + held
            if held
            else Said(
                "name a file; none in it is of a known format", "请指定文件；其中没有可识别的格式"
            ),
        )
    if other:
        return refuse(
            text,
            Said("no regular file, but a device or a pipe", "不是普通文件，而是设备或管道"),
            Said("a file on this machine", "本机上的文件"),
            Said("save what it gives as a file first", "请先将其内容另存为文件"),
        )
    return refuse(
        text,
        Said("no such file", "文件不存在"),
        Said("a file on this machine", "本机上的文件"),
        Said("check the path; addresses are not opened", "核对路径；网址不予打开"),
    )


def _by_name(name: str) -> tuple[Format, ...]:
    return tuple(one for one in formats() if name.lower().endswith(one.suffixes))


def formats_named(name: str) -> tuple[Format, ...]:
    """The formats that a file of that name may be of.

    Raises
    ------
    SourceError
        There is none.
    """
    by_name = _by_name(name)
    if not by_name:
        known = ", ".join(dict.fromkeys(suffix for one in formats() for suffix in one.suffixes))
        raise refuse(
            name,
            Said(f"the suffix {Path(name).suffix!r}", f"后缀 {Path(name).suffix or '（无）'}"),
            Said(f"one of {known}", f"{known.replace(', ', '、')} 之一"),
            Said("save it as one of these", "另存为其中一种格式"),
        )
    return by_name


def format_of(staged: Staged) -> Format:
    """The format a file's name and its bytes agree on.

    Raises
    ------
    SourceError
        The suffix is unknown, or the bytes are something else.
    """
    by_name = formats_named(staged.name)
    for one in by_name:
        if one.recognises(staged.path):
            return one
    said = " or ".join(one.name for one in by_name)
    other = next((one for one in formats() if one.recognises(staged.path)), None)
    if other is not None:
        raise refuse(
            staged.name,
            Said(f"{_a(other.name)} file", f"{other.name} 文件"),
            Said(f"{_a(said)} file, as its name says", f"与文件名相符的 {said} 文件"),
            Said(f"rename it to end in {other.suffixes[0]}", f"将后缀改为 {other.suffixes[0]}"),
        )
    raise refuse(
        staged.name,
        Said("bytes of another format", "内容是另一种格式"),
        Said(f"{_a(said)} file, as its name says", f"与文件名相符的 {said} 文件"),
        Said(f"save it as {said} again", f"重新另存为 {said}"),
    )


def _a(name: str) -> str:
    """A format with its article."""
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"


def _is_geodatabase(file: Path) -> bool:
    """Whether this is a file geodatabase as ArcGIS keeps it: a folder."""
    return file.suffix.lower() == ".gdb" and file.is_dir()


def _parts_of_geodatabase(file: Path) -> list[Path]:
    """The files of a geodatabase's folder; locks, links and folders are none of its."""
    return sorted(
        item
        for item in file.iterdir()
        if item.is_file() and not item.is_symlink() and item.suffix.lower() != ".lock"
    )


def _pack_geodatabase(file: Path, folder: Path, progress: Progress) -> tuple[Staged, int]:
    """The folder's files side by side in an archive of our own, which is then read like any other."""
    digest = hashlib.sha256()
    most = limits().file_mib << 20
    main = folder / "source.gdb.zip"
    tell_at = time.monotonic() + 1
    try:
        parts = _parts_of_geodatabase(file)
        size = sum(one.stat().st_size for one in parts)
        if size > most:
            raise _too_large(file.name, size, most)
        copied = 0
        with zipfile.ZipFile(main, "w", zipfile.ZIP_STORED) as archive:
            for one in parts:
                digest.update(one.name.encode())
                with one.open("rb") as stream, archive.open(f"source.gdb/{one.name}", "w") as to:
                    while (chunk := stream.read(_CHUNK)) and copied <= most:
                        copied += len(chunk)
                        digest.update(chunk)
                        to.write(chunk)
                        if time.monotonic() > tell_at:
                            tell_at = time.monotonic() + EVERY_SECONDS
                            progress(copied >> 20, size >> 20, "MiB copied")
    except OSError as error:
        raise refuse(
            file.name,
            Said(f"{error}", f"无法读取（{error}）"),
            Said("a folder that can be read", "可读的文件夹"),
            Said("check its rights", "检查其权限"),
        ) from error
    return Staged(main, file.name, digest.hexdigest()), main.stat().st_size


def _too_large(name: str, size: int, most: int) -> SourceError:
    return refuse(
        name,
        Said(f"a file of {size >> 20} MiB", f"文件 {size >> 20} MiB"),
        Said(f"at most {most >> 20} MiB", f"不超过 {most >> 20} MiB"),
        Said(
            f"cut it into several, or set {PREFIX}FILE_MIB higher",
            f"拆成几个文件，或调高 {PREFIX}FILE_MIB",
        ),
    )


def _stage(
    file: Path, candidates: tuple[Format, ...], folder: Path, progress: Progress
) -> tuple[Staged, int]:
    """Copy the file, and what belongs to it, under a name that no library takes for anything else."""
    if file.is_dir():
        return _pack_geodatabase(file, folder, progress)
    name = file.name.lower()
    suffix = max(
        (one for each in candidates for one in each.suffixes if name.endswith(one)), key=len
    )
    stem = file.name[: -len(suffix)]
    main = folder / f"source{suffix}"
    parts = [(file, main)]
    wanted = {
        companion for one in candidates if suffix == one.suffixes[0] for companion in one.companions
    }
    if wanted:
        siblings = {item.name.lower(): item for item in file.parent.iterdir()}
        for companion in sorted(wanted):
            item = siblings.get(f"{stem}{companion}".lower())
            if item is not None and item.is_file():
                parts.append((item, main.with_suffix(companion)))
    digest = hashlib.sha256()
    tell_at = time.monotonic() + 1
    try:
        size = sum(original.stat().st_size for original, _ in parts)
        if not size:
            raise refuse(
                file.name,
                Said("an empty file (0 bytes)", "空文件（0 字节）"),
                Said("a file with rows in it", "有数据行的文件"),
                Said(
                    "get it again: a copy or a download was cut off", "重新获取：复制或下载未完成"
                ),
            )
        most = limits().file_mib << 20
        copied = 0
        for original, copy in parts:
            if len(parts) > 1:
                digest.update(copy.suffix.encode())
            with (
                original.open("rb") as stream,
                copy.open("wb") as target,
                ThreadPoolExecutor(1) as beside,
            ):
                digested = None
                while chunk := stream.read(_CHUNK):
                    copied += len(chunk)
                    if max(copied, size) > most:
                        raise _too_large(file.name, size, most)
                    # Digested while it is written, which takes as long; two pieces are held, no more.
                    if digested is not None:
                        digested.result()
                    digested = beside.submit(digest.update, chunk)
                    target.write(chunk)
                    if time.monotonic() > tell_at:
                        tell_at = time.monotonic() + EVERY_SECONDS
                        progress(copied >> 20, size >> 20, "MiB copied")
    except OSError as error:
        raise refuse(
            file.name,
            Said(f"{error}", f"无法读取（{error}）"),
            Said("a file that can be read", "可以读取的文件"),
            Said("check its rights", "检查其权限"),
        ) from error
    return Staged(main, file.name, digest.hexdigest()), size
