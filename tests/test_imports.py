"""What imports what: one direction, and nothing heavy before it is used."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "numpy",
    "pandas",
    "geopandas",
    "shapely",
    "pyogrio",
    "pyproj",
    "rasterio",
    "exactextract",
    "folium",
    "streamlit",
    "pyarrow",
)


def run(code: str, **options: object) -> str:
    """What a fresh Python prints for that code."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_a_later_stage_never_reaches_back() -> None:
    # The contract is in pyproject.toml; every module of geo has to stand in it.
    check = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", check, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("module", ["geo", "geo.model", "geo.catalog", "geo.survey"])
def test_importing_brings_nothing_heavy(module: str) -> None:
    loaded = run(f"import sys, {module}; print(*sys.modules)").split()
    assert sorted(set(HEAVY) & set(loaded)) == []


def test_the_command_starts_without_the_slow_ones() -> None:
    loaded = run("import sys, geo.cli.commands; print(*sys.modules)").split()
    assert sorted(set(HEAVY) & set(loaded)) == []


def test_every_public_name_is_there() -> None:
    run("import geo; [getattr(geo, name) for name in geo.__all__]; assert geo.__version__")


def test_a_wheel_carries_all_inside_geo(tmp_path: Path) -> None:
    """Built without isolation from the pinned backend, unpacked, and imported from somewhere else."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        archive.extractall(tmp_path / "unpacked")
    assert {top for top in tops if not top.endswith(".dist-info")} == {"geo"}
    printed = run(
        "import sys; sys.path.insert(0, 'unpacked')\n"
        "import geo, geo.bundled as b\n"
        "district = geo.open_district()\n"
        "print(geo.__file__)\n"
        "assert district.catalog.layers and b.app_script().is_file()\n"
        "assert list(district.rounds_folder.glob('*.gpkg'))\n"
        "assert '_bundled' in str(district.folder)",
        cwd=tmp_path,
    )
    assert str(tmp_path / "unpacked") in printed
