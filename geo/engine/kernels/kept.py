"""Compiled kernels as files, and their machine code in memory.

They lie in the user's cache, in a folder named after the kernels' own text, the compiler and the processor: an
installed package may be read-only, and a kernel must not outlive a change of another that it calls. Where no
folder can be written to, kernels are compiled anew in each process.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import sys
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

KEPT_FOLDERS = 3
"""Of so many versions of the kernels the machine code is kept: another program may be another version."""
_DIGEST = 32


def read(name: str) -> tuple[str, bytes] | None:
    """A kernel's function and object file; None where it has not been compiled yet, or the file is damaged."""
    try:
        held = (folder() / f"{name}.o").read_bytes()
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
    # A cache that cannot be written to, or is full, costs time and nothing else.
    with suppress(OSError):
        new = not target.exists()
        target.mkdir(parents=True, exist_ok=True)
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
def folder() -> Path:
    """Where the kernels of this text, this compiler and this processor are kept."""
    from llvmlite import binding

    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    for word in (
        metadata.version("numba"),
        metadata.version("llvmlite"),
        binding.get_process_triple(),
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
        sys.implementation.cache_tag,
    ):
        digest.update(f"\n{word}".encode())
    return _base() / "chengxiang-atlas" / f"kernels-{digest.hexdigest()[:16]}"


def _base() -> Path:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
