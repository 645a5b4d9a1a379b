"""Compiled kernels as files, and their machine code in memory.

They lie in the user's cache, in a folder named after the kernels' own text, the compiler and the processor: an
installed package may be read-only, and a kernel must not outlive a change of another that it calls. What is loaded
from there is run, so only what this user alone can have put there is loaded. Where no folder can be written to,
kernels are compiled anew in each process.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from ...version import __version__

KEPT_FOLDERS = 3
"""Of so many versions of the kernels the machine code is kept: another program may be another version."""
_DIGEST = 32


def read(name: str) -> tuple[str, bytes] | None:
    """A kernel's function and object file; None where there is none yet, it is damaged, or another may have made it."""
    home = folder()
    if home is None or not _ours(home) or not _ours(home / f"{name}.o"):
        return None
    try:
        held = (home / f"{name}.o").read_bytes()
    except OSError:
        return None
    digest, rest = held[:_DIGEST], held[_DIGEST:]
    if hashlib.sha256(rest).digest() != digest:
        return None
    function, _, code = rest.partition(b"\n")
    return function.decode(), code


def write(name: str, code: tuple[str, bytes]) -> None:
    """Keep a kernel, whole or not at all; what older versions left is removed when a new one begins."""
    rest = code[0].encode() + b"\n" + code[1]
    target = folder()
    if target is None:
        return
    # A cache that cannot be written to, or is full, costs time and nothing else.
    with suppress(OSError):
        new = not target.exists()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.mkdir(mode=0o700, exist_ok=True)
        if new:
            _sweep(target)
        handle, draft = tempfile.mkstemp(dir=target, suffix=".half")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(rest).digest() + rest)
            Path(draft).replace(target / f"{name}.o")
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise


def _ours(path: Path) -> bool:
    """Whether nobody but this user can have written there. Windows keeps others out of the folder it lies in."""
    if sys.platform == "win32":
        return True
    try:
        found = path.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    return (
        not stat.S_ISLNK(found.st_mode)
        and found.st_uid == os.geteuid()
        and not found.st_mode & others
    )


def _sweep(mine: Path) -> None:
    """Remove all but the youngest folders of other versions; code that a process has loaded stays loaded."""
    others = [
        one
        for one in mine.parent.iterdir()
        if re.fullmatch("kernels-[0-9a-f]{16}", one.name)
        and one != mine
        and one.is_dir()
        and not one.is_symlink()
    ]
    others.sort(key=lambda one: one.stat().st_mtime, reverse=True)
    for one in others[KEPT_FOLDERS - 1 :]:
        shutil.rmtree(one, ignore_errors=True)


def address(code: tuple[str, bytes]) -> int:
    """Where a kernel's function lies once its object file is in memory."""
    from llvmlite import binding

    engine = _engine()
    engine.add_object_file(binding.ObjectFileRef.from_data(code[1]))
    engine.finalize_object()
    found: int = engine.get_function_address(code[0])
    return found


@functools.cache
def _engine() -> Any:
    """LLVM's loader, which lives as long as the process: what it loaded lives no longer than it does."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(
        opt=3, jit=True, codemodel="jitdefault"
    )
    return binding.create_mcjit_compiler(binding.parse_assembly(""), machine)


@functools.cache
def folder() -> Path | None:
    """Where the kernels of this text, this compiler and this processor are kept; None where this user has no place."""
    from llvmlite import binding

    base = _base()
    if base is None:
        return None
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    for word in (
        __version__,
        metadata.version("numba"),
        metadata.version("llvmlite"),
        binding.get_process_triple(),
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
        sys.implementation.cache_tag,
    ):
        digest.update(f"\n{word}".encode())
    return base / "chengxiang-atlas" / f"kernels-{digest.hexdigest()[:16]}"


def _base() -> Path | None:
    given = {"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_CACHE_HOME")
    chosen = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get(given)
    if chosen:
        return Path(chosen)
    try:
        home = Path.home()
    except RuntimeError:  # a user whom the system does not know, as in some containers
        return None
    within = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
    return home / within
