"""Where the findings of a check are, as a map layer in a file."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError, Fault, StoreError, reason_of
from ..said import Said

if TYPE_CHECKING:
    from .report import CheckReport

DRIVERS = {".geojson": "GeoJSON", ".gpkg": "GPKG"}
LAYER = "findings"


def require_place_file(path: Path) -> None:
    """Refuse a name that says no known format, before any work is done.

    Raises
    ------
    DataError
        It ends in something else.
    """
    if path.suffix.lower() not in DRIVERS:
        raise DataError(
            Fault(
                path.name,
                Said(f"the suffix {path.suffix!r}", f"后缀 {path.suffix or '（无）'}"),
                Said(f"one of {', '.join(DRIVERS)}", f"{'、'.join(DRIVERS)} 之一"),
                Said("name the file by what it is to be", "按所需格式命名文件"),
            )
        )


def write_places(report: CheckReport, path: Path, language: str = "en") -> int:
    """Write the places of all findings, whole or not at all.

    Parameters
    ----------
    report : of a check
    path : `.geojson` or `.gpkg` (a layer `findings`); a file that is there is replaced
    language : "zh" or "en", for `found` and `remedy`

    Returns
    -------
    int
        How many places: a finding may have none, or many. Columns as `CheckReport.places`; WGS 84.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    require_place_file(path)
    places = report.places(language)
    driver = DRIVERS[path.suffix.lower()]
    try:
        with tempfile.TemporaryDirectory(prefix=".atlas-", dir=path.parent) as room:
            made = Path(room) / path.name
            with warnings.catch_warnings():
                # Places of several kinds in one layer are meant.
                warnings.filterwarnings("ignore", message=".*geometry.*", category=RuntimeWarning)
                places.to_file(made, driver=driver, layer=LAYER, geometry_type="Unknown")
            made.replace(path)
    except (OSError, RuntimeError, ValueError) as error:
        why = reason_of(error)
        raise StoreError(
            Said(
                f"cannot write {path} ({why}); what was there is as it was",
                f"无法写入 {path}（{why.zh}）；原有内容未变",
            )
        ) from error
    return len(places)
