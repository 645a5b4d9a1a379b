"""Files are written whole or not at all: what was there stays until the new one is."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
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
    write_together({file: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files that are of use only together: where one cannot be written, all are as they were.

    Each is written as by `write_whole`; of several, all but the last are for a moment not there.

    Parameters
    ----------
    files : what is to be in each, in the order in which they are put in place

    Raises
    ------
    OSError
        As `write_whole`.
    """
    with ExitStack() as tidied:
        made = []
        for file, data in files.items():
            target = _target_of(file)
            part = target.with_name(f".atlas-{secrets.token_hex(8)}.part")
            tidied.callback(part.unlink, missing_ok=True)
            with part.open("xb") as out:
                if target.exists():
                    shutil.copymode(target, part)  # before there is anything to be read
                out.write(data)
            made.append((part, target))
        put_back = tidied.enter_context(ExitStack())
        *earlier, (last, its_place) = made
        kept = []
        for part, target in earlier:
            old = part.with_suffix(".old")
            if target.exists():
                target.replace(old)
                put_back.callback(old.replace, target)
                kept.append(old)
            else:
                put_back.callback(target.unlink, missing_ok=True)
            part.replace(target)
        last.replace(its_place)
        put_back.pop_all()
        for old in kept:
            old.unlink(missing_ok=True)


def _target_of(file: Path) -> Path:
    """Where a file is written to, if a file can be."""
    target = Path(os.path.realpath(file))  # of links that go round, `resolve` fails with no OSError
    if target.exists() and not target.is_file():
        kind = errno.EISDIR if target.is_dir() else errno.EINVAL
        raise OSError(kind, os.strerror(kind), str(file))
    return target
