"""Curves written as text, drawn as short straight lines."""

from __future__ import annotations

import csv
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from ..said import Said

NOTE = Said("curves are drawn as short straight lines", "曲线以短直线逼近")
_NOTHING = "POINT EMPTY"


def drawn_straight(texts: Sequence[str]) -> np.ndarray[Any, Any]:
    """The shapes of well-known text in which arcs may occur; None for each that is not readable.

    shapely knows no arcs. GDAL does, but reads text only from a file.

    Examples
    --------
    >>> drawn_straight(["CIRCULARSTRING (0 0, 1 1, 2 0)"])[0].length > 3.14
    True
    """
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        path = Path(folder) / "curves.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["WKT"])
            writer.writerows([" ".join(text.split()) or _NOTHING] for text in texts)
        try:
            with warnings.catch_warnings():
                # What is wrong with a shape is said of its row.
                warnings.simplefilter("ignore")
                binary = pyogrio.raw.read(path, columns=[])[2]
        except (pyogrio.errors.DataSourceError, OSError, RuntimeError, ValueError):
            binary = None
    if binary is None or len(binary) != len(texts):
        return np.full(len(texts), None, dtype=object)
    found: np.ndarray[Any, Any] = shapely.from_wkb(binary, on_invalid="ignore")
    return found
