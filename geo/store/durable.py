"""Files that are there whole or not at all, whenever the power goes."""

from __future__ import annotations

import os
from pathlib import Path


def put_new(draft: Path, target: Path) -> None:
    """Give the draft the target's name, which nothing has yet.

    Raises
    ------
    FileExistsError
        Something has; it is left alone, even where it came a moment ago.
    OSError
        The machine refuses.
    """
    _settle(draft)
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links.
        if target.exists():
            raise FileExistsError(str(target)) from None
        draft.replace(target)
    _settle_folder(target.parent)


def put_new_folder(draft: Path, target: Path) -> None:
    """Give a folder of files the target's name, which nothing has yet.

    Raises
    ------
    FileExistsError
        Something has; it is left alone.
    OSError
        The machine refuses.
    """
    for file in draft.iterdir():
        _settle(file)
    _settle_folder(draft)
    if target.exists():
        raise FileExistsError(str(target))
    try:
        draft.rename(target)
    except OSError:
        if target.exists():
            raise FileExistsError(str(target)) from None
        raise
    _settle_folder(target.parent)


def put_in_place(draft: Path, target: Path) -> None:
    """Put the draft in the target's place such that a power cut leaves one or the other whole."""
    _settle(draft)
    draft.replace(target)
    _settle_folder(target.parent)


def remove(target: Path) -> None:
    """Remove a file for good."""
    target.unlink()
    _settle_folder(target.parent)


def _settle(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def _settle_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
