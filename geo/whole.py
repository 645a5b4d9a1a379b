"""A file is written whole or not at all: what was there stays until the new one is."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from pathlib import Path


def write_whole(file: Path, data: bytes) -> None:
    """Write a file such that whoever reads it meanwhile, or after a kill or on a full disk, has the old one or the new.

    It can be read by whom the old one could, or, where there was none, by whom the system lets read new files.

    Parameters
    ----------
    file : where a link leads is written to
    data : all that is to be in it

    Raises
    ------
    OSError
        It cannot be written, or what is there is a device or a pipe; nothing is left lying about.
    """
    target = file.resolve()
    there = target.exists()
    if there and not target.is_file():
        kind = errno.EISDIR if target.is_dir() else errno.EINVAL
        raise OSError(kind, os.strerror(kind), str(file))
    beside = target.with_name(f".atlas-{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as out:
            if there:
                shutil.copymode(target, beside)  # before there is anything to be read
            out.write(data)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
