"""What imports what: one direction, and nothing heavy before it is used."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
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

COMMANDS = {"typer", "annotated_doc", "shellingham", "rich", "colorama"}
DECLARATIONS = {
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_inspection",
    "typing_extensions",
}
TABLES = {"pyogrio"}
RASTERS = {"rasterio", "affine", "attr", "attrs", "click"}
"""What a command may load besides geopandas and what that loads itself, by what it is there for."""
ELSEWHERE = (
    "geo.app",
    "geo.check",
    "geo.engine.arrays",
    "geo.importing",
    "geo.intake",
    "geo.keys",
    "geo.mapping",
    "geo.partials",
    "geo.placing",
    "geo.registration",
    "geo.report",
    "geo.rounds",
    "geo.scenario",
    "geo.sources.base",
    "geo.sources.ogr",
    "geo.store.conversion",
    "geo.store.geoparquet",
    "geo.store.scan",
    "geo.streaming",
    "geo.views.map",
)
"""Parts of the program that no figure of a district of this size is computed with."""


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


def loaded_by(*arguments: str) -> set[str]:
    """The modules of a fresh process that ran a command of `atlas`."""
    printed = run(
        "import io, sys\n"
        "from geo.cli import main\n"
        f"sys.argv = {['atlas', *arguments]!r}\n"
        "out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())\n"
        "try:\n    main()\n"
        "except SystemExit as done:\n    assert not done.code, done.code\n"
        "assert sys.stdout.buffer.getvalue()\n"
        "print(*sys.modules, file=out)"
    )
    return set(printed.split())


def strangers(modules: set[str]) -> set[str]:
    """The packages among modules that are neither of Python nor ours."""
    return {name.partition(".")[0] for name in modules} & set(packages_distributions()) - {"geo"}


@pytest.mark.parametrize(
    "command",
    [
        "coverage",
        "coverage --format json",
        "scope --format json",
        "rows hardening.fringe_roads",
        "layers",
    ],
)
def test_a_command_loads_only_what_its_figures_are_computed_with(command: str) -> None:
    # Half of what a command takes on a district is loading modules, and one `import` in the wrong place adds to it.
    allowed = COMMANDS | DECLARATIONS | TABLES | (RASTERS if "coverage" in command else set())
    loaded = loaded_by(*command.split())
    geopandas = strangers(set(run("import geopandas, sys; print(*sys.modules)").split()))
    assert sorted(strangers(loaded) - geopandas - allowed) == []
    assert sorted(name for name in loaded if name.startswith(ELSEWHERE)) == []


def test_help_loads_nothing_that_measures() -> None:
    assert sorted(strangers(loaded_by("--help")) & {*HEAVY, "pydantic", "rasterio"}) == []


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
