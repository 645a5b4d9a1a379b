"""The process that opens a user's file: `python -m geo.sources.child`, started by `sandbox` alone.

It loads what reading needs, gives up all it can (`confine`), reads one file by one format and leaves the
rows as Arrow beside it. In its other manner it stays as it is after loading, and makes a copy of itself
for every file, which spares each the loading.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, Fault, GeoError, SourceError
from ..said import Said
from . import confine, progress
from .base import Format, Request, Staged, refuse
from .limits import PREFIX, Limits, limits, require_columns

if TYPE_CHECKING:
    from .base import Source

LARGEST_JOB = 1 << 20
OUT, SCRATCH = "out", "scratch"
# What GDAL, PROJ and SQLite would otherwise do beside reading the file they are given.
_SETTINGS = {
    "CPL_TMPDIR": "",  # the folder for scratch, set for each file
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_PYTHON_DRIVER_PATH": "",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": "64",
    "GDAL_NUM_THREADS": "1",
    "PROJ_NETWORK": "OFF",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
}


def main() -> None:
    """Do one job, which comes as a line of JSON, or stay ready for many."""
    parent = int(sys.argv[1])
    confine.die_with_parent(parent)
    if len(sys.argv) > 2:
        _load()
        _serve(socket.socket(fileno=int(sys.argv[2])))
        return
    confine.leave_network()
    _load()
    line = sys.stdin.buffer.readline(LARGEST_JOB)
    if line:  # else it was not needed after all
        _perform(json.loads(line))
    # Nothing is left to be put in order, and a library that hangs at its end must not matter.
    sys.stdout.flush()
    os._exit(0)


def _load() -> None:
    """What every format needs; GDAL not yet, since it looks once, when loaded, at which drivers it may have."""
    import geopandas
    import pyarrow as pa
    import pyarrow.pandas_compat

    from .registry import formats

    assert geopandas.__version__
    assert pyarrow.pandas_compat
    assert formats()
    pa.set_cpu_count(1)


def _serve(door: socket.socket) -> None:
    """Copy this process for each job that comes; end when the one who asks is gone."""
    while True:
        first, handles, _, _ = socket.recv_fds(door, 1, 1)
        if not first:
            return
        line = _line(door)
        pid = os.fork()
        if pid == 0:
            door.close()
            os.setsid()
            confine.die_with_parent(os.getppid())
            os.dup2(handles[0], 1)
            os.close(handles[0])
            confine.leave_network()
            try:
                _perform(json.loads(line))
            finally:
                os._exit(0)
        os.close(handles[0])
        door.sendall(b"%d\n" % pid)
        _, status, used = os.wait4(pid, 0)
        milliseconds = int(1000 * (used.ru_utime + used.ru_stime))
        ended = os.waitstatus_to_exitcode(status)
        door.sendall(b"%d %d %d\n" % (ended, used.ru_maxrss, milliseconds))


def _line(door: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = door.recv(1 << 16)
        if not piece or len(line) > LARGEST_JOB:
            os._exit(1)
        line += piece
    return line


def _perform(job: dict[str, Any]) -> None:
    """Read the file of one job; whatever happens is said in the answer, and nothing is printed."""
    from .transfer import ANSWER

    folder = Path(job["folder"])
    staged = Staged(folder / job["file"], job["name"], job["sha256"])
    _settle(job, folder)
    progress.tell_to(sys.stdout)
    allowed = limits()
    confine.keep_to(folder, confine.program_files(Path(__file__).parents[1]))
    confine.shut_doors()
    _limit(allowed, job["size"])
    answer = None
    try:
        _read(staged, job, allowed)
    except GeoError as error:
        answer = {"faults": _faults(error, staged)}
    except MemoryError:
        answer = {"faults": _faults(too_large(staged.name, allowed, job["size"]), staged)}
    except Exception as error:  # whatever a library raises over a broken file
        traceback.print_exc()
        answer = {"faults": _faults(_unreadable(staged.name, error), staged)}
    if answer is not None:
        (folder / OUT / ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _settle(job: dict[str, Any], folder: Path) -> None:
    for name in ("OUT", "SCRATCH"):
        (folder / globals()[name]).mkdir(exist_ok=True)
    scratch = str(folder / SCRATCH)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(job["limits"])
    os.environ.update(_SETTINGS, CPL_TMPDIR=scratch, TMPDIR=scratch, TEMP=scratch, TMP=scratch)
    tempfile.tempdir = scratch
    os.chdir(folder)


def _limit(allowed: Limits, size: int, *, final: bool = False) -> None:
    confine.limit(
        cpu_seconds=allowed.cpu_seconds(size),
        memory_bytes=allowed.memory_bytes(size),
        written_bytes=allowed.written_mib << 20,
        open_files=allowed.open_files,
        final=final,
    )


def _read(staged: Staged, job: dict[str, Any], allowed: Limits) -> None:
    from .registry import format_of
    from .transfer import COPY, pack, pack_copy

    one = format_of(staged)
    _load_only(one, job["drivers"])
    _limit(allowed, job["size"], final=True)
    if "copy" in job:
        if one.copy is None:
            raise refuse(
                staged.name,
                Said(f"a {one.name} file", f"{one.name} 文件"),
                Said("a raster", "栅格"),
                Said("choose a GeoTIFF", "改用 GeoTIFF"),
            )
        one.copy(staged, staged.path.parent / OUT / COPY, job["copy"]["crs"])
        pack_copy(staged.path.parent / OUT)
        return
    request = Request.from_json(job["request"])
    source: Source = one.read(staged, request)
    require_columns(staged.name, source.frame.shape[1])
    if len(source.frame) > allowed.rows:
        raise refuse(
            staged.name,
            Said(f"{len(source.frame)} rows", f"{len(source.frame):,} 行"),
            Said(f"at most {allowed.rows}", f"不超过 {allowed.rows:,} 行"),
            Said("cut it into several", "拆成几个文件"),
        )
    pack(source, staged.path.parent / OUT)


def _load_only(one: Format, drivers: dict[str, list[str]]) -> None:
    """Load GDAL with the format's own drivers and no other; not at all where it has none."""
    every = {name for names in drivers.values() for name in names}
    # With a comma in it, GDAL takes the list as divided by commas: names have blanks in them.
    os.environ["GDAL_SKIP"] = ",".join(sorted(every - set(one.drivers))) + ","
    if not one.drivers:
        return
    present = loaded_drivers(one.library)
    foreign = sorted(present - set(one.drivers))
    if foreign:
        raise GeoError(f"drivers that were not asked for: {', '.join(foreign)}")


def loaded_drivers(library: str) -> set[str]:
    """The GDAL drivers that this process has, in the GDAL of that library.

    Parameters
    ----------
    library : `pyogrio` or `rasterio`, each of which brings a GDAL of its own
    """
    if library == "rasterio":
        import rasterio

        with rasterio.Env() as environment:
            return set(environment.drivers())
    import pyogrio

    return set(pyogrio.list_drivers())


def too_large(name: str, allowed: Limits, size: int) -> SourceError:
    """The error that says that a file wants too much memory."""
    return refuse(
        name,
        Said(
            f"a file that takes more than {allowed.memory_bytes(size) >> 20} MiB of memory to read",
            f"读取该文件所需内存超过 {allowed.memory_bytes(size) >> 20} MiB",
        ),
        Said("one that takes less", "占用较少的文件"),
        Said(
            f"cut it into several, or, if you trust it, set {PREFIX}MEMORY_MIB higher",
            f"拆成几个文件；如信任该文件，可调高 {PREFIX}MEMORY_MIB",
        ),
    )


def _unreadable(name: str, error: Exception) -> GeoError:
    said = " ".join(str(error).split())[:200]
    return refuse(
        name,
        Said(
            f"a file that cannot be read ({type(error).__name__}: {said})",
            f"文件无法读取（{type(error).__name__}：{said}）",
        ),
        Said("a whole file", "完整的文件"),
        Said("save it again", "重新保存"),
    )


def _faults(error: GeoError, staged: Staged) -> list[dict[str, Any]]:
    """The reasons, for another process; the folder of our copy is nobody's business."""
    from .transfer import told

    faults = error.faults if isinstance(error, DataError) else ()
    if not faults:
        faults = (
            Fault(
                staged.name,
                Said(str(error), error.in_("zh")),
                Said("a file that can be read", "可以读取的文件"),
                Said("save it again", "重新保存"),
            ),
        )
    here = f"{staged.path.parent}{os.sep}"
    return [
        {
            "layer": fault.layer.replace(here, ""),
            "rows": [str(row) for row in fault.rows],
            "choices": list(fault.choices),
            **{
                key: told(getattr(fault, key).mapped(lambda text: text.replace(here, "")))
                for key in ("found", "expected", "remedy")
            },
        }
        for fault in faults
    ]


if __name__ == "__main__":
    main()
