"""A folder that only we look into, gone when we are done with it; at the latest when the next file is opened."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import reason_of
from ..said import Said
from .base import refuse

PREFIX = "atlas-"
_HELD = "held"


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder for one file and what is read of it.

    Whoever is killed outright leaves its folder behind, with a copy of a user's file in it. Each is therefore
    held by a lock, which ends with its holder however that ends; those that nobody holds are removed here.
    """
    try:
        _sweep(Path(tempfile.gettempdir()))
        made = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise refuse(
            "temporary files",
            Said("no folder to keep a copy of the file in: ", "没有可存放文件副本的文件夹：")
            + reason_of(error),
            Said("one that can be written to, with room for the file", "可写且空间足够的文件夹"),
            Said("set TMPDIR to such a folder", "将 TMPDIR 设为这样的文件夹"),
        ) from error
    with made as name:
        folder = Path(name)
        if sys.platform == "win32":
            yield folder
            return
        import fcntl

        with (folder / f"{_HELD}.new").open("wb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Only now is it seen by those who sweep.
            (folder / f"{_HELD}.new").rename(folder / _HELD)
            yield folder


def _sweep(where: Path) -> None:
    """Remove the folders that nobody holds, as far as they are ours to remove."""
    if sys.platform == "win32":
        return
    import fcntl

    for folder in where.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            handle = os.open(folder / _HELD, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
