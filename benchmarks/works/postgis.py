"""PostGIS, where its server is installed: one of its own, started and filled before the clock, and gone after.

Loading is not counted, in its favour: the others read their files within the time.
"""

# ruff: noqa: PLC0415  (what only loads must not be loaded by the others, whose memory is measured)
from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any

import numpy as np

from benchmarks.data import CACHE
from benchmarks.works.common import THREADS, Floats

NAME = "PostGIS"
NOTE = "a server of two processes, its tables filled and indexed before the clock; CPU and peak are the client's"
FOLDER = CACHE / "postgis"
_USER = "bench"
_LEAST_FREE = {"user": "postgres", "group": "postgres", "extra_groups": []}
"""Whom the server runs as where we are root, which it refuses to."""
_SETTINGS = {
    "listen_addresses": "",  # a socket in a folder alone
    "fsync": "off",
    "shared_buffers": "1GB",
    "work_mem": "256MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "jit": "off",
    "max_parallel_workers_per_gather": str(THREADS - 1),  # beside the process that asks
    "parallel_setup_cost": "0",
    "min_parallel_table_scan_size": "0",
}


def missing() -> str | None:
    """What is not installed of it; None where all is."""
    programs = _programs()
    if programs is None:
        return f"{NAME} (a PostgreSQL server)"
    said = subprocess.run(
        [programs / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
    )
    control = Path(said.stdout.strip()) / "extension" / "postgis.control"
    return None if said.returncode == 0 and control.exists() else f"{NAME} (the extension)"


@contextmanager
def serving(tables: Mapping[str, Path]) -> Iterator[None]:
    """Have a server hold GeoParquet files as tables with a spatial index; `ask` asks it."""
    programs = _programs()
    if programs is None:
        raise RuntimeError(f"{NAME} is not installed")
    # What a run that was killed left there goes first.
    folder = FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="pg-") as socket:  # whose path has to be short
        root = os.geteuid() == 0
        whom: dict[str, Any] = _LEAST_FREE if root else {}
        if root:
            for one in (folder, Path(socket)):
                shutil.chown(one, "postgres", "postgres")
        plain = [
            "--auth=trust",
            f"--username={_USER}",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        ]
        subprocess.run(
            [programs / "initdb", f"--pgdata={folder}", *plain],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **whom,
        )  # fmt: skip
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder, "-k", socket, *options],
            stderr=subprocess.PIPE, text=True, cwd=folder, **whom,
        )  # fmt: skip
        try:
            _await(server)
            os.environ |= {"PGHOST": socket, "PGUSER": _USER, "PGDATABASE": "postgres"}
            _tell("CREATE EXTENSION postgis")
            for name, path in tables.items():
                _load(name, path)
            yield
        finally:
            server.terminate()
            server.wait(60)
            shutil.rmtree(folder, ignore_errors=True)


def ask(query: str) -> Floats:
    """The answer of the server that `serving` started."""
    said = _tell(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)")
    return np.array([[float(one or "nan") for one in row] for row in csv.reader(said.splitlines())])


def _programs() -> Path | None:
    """The folder of the server's programs: in the path, or where Debian puts them."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


def _await(server: subprocess.Popen[str]) -> None:
    """Read what the server says until it is ready, and pass over what it says from then on."""
    stream = server.stderr
    assert stream is not None
    said: list[str] = []
    for line in stream:
        said.append(line)
        if "ready to accept connections" in line:
            Thread(target=_pass_over, args=(stream,), daemon=True).start()
            return
    raise RuntimeError(f"{NAME} did not start: {''.join(said)[-300:]}")


def _pass_over(stream: IO[str]) -> None:
    for _ in stream:
        pass


def _tell(statement: str, rows: Iterator[str] | None = None) -> str:
    command: Sequence[str] = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as client:
        assert client.stdin is not None
        for row in rows or ():
            client.stdin.write(row)
        said, _ = client.communicate()
    if client.returncode:
        raise RuntimeError(f"{NAME}: {statement[:80]} failed")
    return said


def _load(name: str, path: Path) -> None:
    """A file's rows as a table, its geometry indexed."""
    from pyarrow import types
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(path)
    kinds = {}
    for field in file.schema_arrow:
        if field.name == "geometry":
            kinds[field.name] = "geometry"
        elif types.is_boolean(field.type):
            kinds[field.name] = "boolean"
        elif types.is_integer(field.type):
            kinds[field.name] = "bigint"
        elif types.is_string(field.type) or types.is_large_string(field.type):
            kinds[field.name] = "text"
    columns = ", ".join(f"{column} {kind}" for column, kind in kinds.items())
    _tell(f"CREATE UNLOGGED TABLE {name} ({columns})")
    _tell(f"COPY {name} ({', '.join(kinds)}) FROM STDIN", _lines(file, kinds))
    _tell(f"CREATE INDEX ON {name} USING gist (geometry)")
    _tell(f"VACUUM ANALYZE {name}")


def _lines(file: Any, kinds: Mapping[str, str]) -> Iterator[str]:
    """Rows as COPY reads them."""
    for batch in file.iter_batches(columns=list(kinds)):
        texts = []
        for column in batch.columns:
            values = column.to_pylist()
            texts.append(
                [
                    "\\N" if one is None else one.hex() if isinstance(one, bytes) else str(one)
                    for one in values
                ]
            )
        yield from ("\t".join(row) + "\n" for row in zip(*texts, strict=True))
