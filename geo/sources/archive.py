"""Archives that were made to do harm are refused before a byte of them is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..said import Said, quoted
from .base import refuse
from .limits import limits

ZIP_MAGIC = b"PK\x03\x04"
_SMALL = 1 << 20
"""What unpacks to less is harmless at any ratio."""
_NESTED = (".zip", ".kmz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz")
_LINK = 0o120000


def is_zip_with(path: Path, wanted: Callable[[str], bool]) -> bool:
    """Whether a file is a zip archive that has a member of a wanted name."""
    with path.open("rb") as stream:
        if stream.read(len(ZIP_MAGIC)) != ZIP_MAGIC:
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(wanted(name) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


@contextmanager
def opened(
    path: Path, name: str, *, largest_bytes: int | None = None
) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """A zip archive and its files by name, once it has been found to be harmless.

    Parameters
    ----------
    path : a private copy
    name : the file's own name, to speak of it
    largest_bytes : that all its files may unpack to; the limit for archives where it is None

    Raises
    ------
    SourceError
        It is damaged or has a password, is too large or too dense, or holds archives, links, or names that
        lead out of it; also where reading a member inside the context fails.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {readable(info): info for info in archive.infolist() if not info.is_dir()}
            _require_sane(archive.infolist(), name, largest_bytes or limits().unpacked_mib << 20)
            yield archive, members
    except (
        zipfile.BadZipFile,
        zlib.error,
        RuntimeError,
        OSError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise refuse(
            name,
            Said(f"an archive that cannot be unpacked ({error})", f"压缩包无法解压（{error}）"),
            Said("a whole archive without a password", "完整且不带密码的压缩包"),
            Said("make it again", "重新压缩"),
        ) from error


def readable(info: zipfile.ZipInfo) -> str:
    """A member's name; Chinese tools write GBK where the zip format means something else."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def _require_sane(infos: list[zipfile.ZipInfo], name: str, largest_bytes: int) -> None:
    allowed = limits()
    if len(infos) > allowed.members:
        raise refuse(
            name,
            Said(f"an archive of {len(infos)} files", f"压缩包内有 {len(infos):,} 个文件"),
            Said(f"at most {allowed.members}", f"不超过 {allowed.members:,} 个"),
            Said("zip only what is needed", "只压缩所需文件"),
        )
    total = sum(info.file_size for info in infos)
    dense = [
        info
        for info in infos
        if info.file_size > _SMALL and info.file_size > allowed.ratio * max(info.compress_size, 1)
    ]
    if total > largest_bytes or dense:
        raise refuse(
            name,
            Said(
                f"an archive that unpacks to {total >> 20} MiB"
                + (f", {allowed.ratio} times its packed size or more" if dense else ""),
                f"压缩包解压后为 {total >> 20} MiB"
                + (f"，达压缩后大小的 {allowed.ratio} 倍以上" if dense else ""),
            ),
            Said(
                f"at most {largest_bytes >> 20} MiB, and at most {allowed.ratio} times its packed size",
                f"不超过 {largest_bytes >> 20} MiB，且不超过压缩后大小的 {allowed.ratio} 倍",
            ),
            Said(
                "unpack it yourself and import what is in it, if you trust it",
                "如信任该文件，请自行解压后导入其中内容",
            ),
        )
    for info in infos:
        inside = PurePosixPath(info.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[:1]:
            shown = quoted(info.filename)
            found = Said(
                f"a member that leads out of the archive ({shown})",
                f"成员指向压缩包之外（{shown.zh}）",
            )
        elif (info.external_attr >> 16) & 0o170000 == _LINK:
            shown = quoted(info.filename)
            found = Said(f"a link ({shown})", f"链接（{shown.zh}）")
        elif inside.suffix.lower() in _NESTED:
            shown = quoted(info.filename)
            found = Said(
                f"an archive inside the archive ({shown})", f"压缩包内套压缩包（{shown.zh}）"
            )
        else:
            continue
        raise refuse(
            name,
            found,
            Said("plain files", "普通文件"),
            Said("unpack it and zip only the files themselves", "解压后只将文件本身重新压缩"),
        )
