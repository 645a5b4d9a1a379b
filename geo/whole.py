"""A file is written whole or not at all: what was there stays until the new one is."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

_READABLE = 0o644


def write_whole(file: Path, data: bytes) -> None:
    """Write a file such that whoever reads it meanwhile, or after a kill or on a full disk, has the old one or the new.

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
    if target.exists() and not target.is_file():
        kind = errno.EISDIR if target.is_dir() else errno.EINVAL
        raise OSError(kind, os.strerror(kind), str(file))
    handle, draft = tempfile.mkstemp(prefix=".atlas-", suffix=".part", dir=target.parent)
    beside = Path(draft)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        beside.chmod(_READABLE)  # a temporary file is its owner's alone
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
