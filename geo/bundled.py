"""Where the files that come with the program lie, in a checkout and in an installed copy alike."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_bundled"
_ROOT = _WHEEL if _WHEEL.is_dir() else _PACKAGE.parent


def layers_folder() -> Path:
    """The folder of layer declarations."""
    return _ROOT / "layers"


def embedded_district() -> Path:
    """The folder of the district that comes with the program: the first one under `data/`."""
    return min(path.parent for path in (_ROOT / "data").glob("*/district.toml"))


def app_script() -> Path:
    """The Streamlit app."""
    return _ROOT / "app.py"
