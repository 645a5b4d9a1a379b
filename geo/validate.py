"""A frame and a declaration → a layer with exactly the declared fields, and what was found amiss.

Nothing here raises for data: whatever is wrong is a finding, and an `error` among them says that the layer
cannot be measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .crs import converted
from .errors import amount
from .model import FieldSpec, Finding, GeometryKind, Layer, Severity
from .vocabulary import Reading, read_values

AMISS = {
    "unreadable-value": "cannot be read",
    "ambiguous-value": "may say either (the title itself says no)",
    "ambiguous-date": "could be several dates",
}
READ_AS = {
    "unit-in-text": "name a unit in the text",
    "serial-date": "were read as a spreadsheet's count of days",
    "date-order": "were read by the others of the column",
}
"""How findings word what a reading told, by its code."""

PROVENANCE = {"src_import": "Int64", "src_row": "string"}
"""Columns an import adds to every row: the id of its import record, and its row in the file."""

KINDS: dict[GeometryKind, tuple[str, ...]] = {
    "Point": ("Point", "MultiPoint"),
    "LineString": ("LineString", "LinearRing", "MultiLineString"),
    "Polygon": ("Polygon", "MultiPolygon"),
}


@dataclass(frozen=True)
class Conformed:
    """A layer as declared, and the findings made on the way."""

    frame: gpd.GeoDataFrame | pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the layer from being used."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def conform(
    frame: gpd.GeoDataFrame | pd.DataFrame, layer: Layer, *, crs: str | None = None
) -> Conformed:
    """The frame with exactly the declared fields, in their types, and 2-D geometry.

    Parameters
    ----------
    frame : as stored; index and row order are kept
    layer : the declaration; not a Raster
    crs : where given, geometry is converted to it (longitude or easting first)

    Returns
    -------
    Conformed
        dtypes `string` (text, category), `boolean`, `float64`, `Int64`, `datetime64[ms]`; a declared
        column that is absent is added, all unknown; `src_import` and `src_row` stay. A value that cannot
        be read, or that the declaration does not allow, is unknown and a warning. Rows without geometry
        stay and are a warning. Errors: `missing-crs`, `wrong-geometry`, `missing-column`,
        `missing-value`, `missing-key`, `duplicate-key`, `invalid-geometry`, `non-finite-coordinates`,
        `outside-crs`.
    """
    if layer.geometry == "Raster":
        raise ValueError(f"{layer.name} is a raster; only rows conform to a declaration")
    check = _Check(layer, frame.index)
    columns: dict[str, pd.Series[Any]] = {}
    key_column = find_column(frame, layer.key) if layer.key else None
    if layer.key and key_column is not None:
        keys = read_values(frame[key_column], layer.fields[layer.key]).values
        check.keys = keys.astype("string")
    for name, spec in layer.fields.items():
        stored = find_column(frame, name)
        if stored is None:
            if spec.required:
                check.add(
                    "missing-column",
                    "error",
                    (),
                    found=f"no column {name!r}",
                    expected=f"the column {name!r}",
                    remedy="map one of the file's columns to it",
                )
            blank = pd.Series(pd.NA, index=frame.index, dtype="object")
            columns[name] = read_values(blank, spec).values
            continue
        reading = read_values(frame[stored], spec)
        columns[name] = reading.values
        check.amiss(name, frame[stored], reading)
    check.required(columns)
    for name, dtype in PROVENANCE.items():
        if name in frame.columns:
            columns[name] = frame[name].astype(dtype)  # type: ignore[call-overload]
    attributes = pd.DataFrame(columns, index=frame.index)
    if layer.geometry == "Table":
        return Conformed(attributes, tuple(check.findings))
    if not isinstance(frame, gpd.GeoDataFrame) or frame._geometry_column_name not in frame.columns:
        check.add(
            "wrong-geometry",
            "error",
            (),
            found="rows without geometry",
            expected=layer.geometry,
            remedy="give the layer's geometry, or choose a layer that is a table",
        )
        empty = gpd.GeoSeries([None] * len(frame), index=frame.index)
        return Conformed(gpd.GeoDataFrame(attributes, geometry=empty), tuple(check.findings))
    geometry = check.geometry(frame.geometry, crs)
    shaped = gpd.GeoDataFrame(attributes.assign(geometry=geometry.array), geometry="geometry")
    shaped = shaped.set_crs(geometry.crs, allow_override=True) if geometry.crs else shaped
    return Conformed(shaped, tuple(check.findings))


def find_column(frame: pd.DataFrame, name: str) -> str | None:
    """The column of that name; in another case where none is written just so (SQLite sees no case)."""
    if name in frame.columns:
        return name
    for column in frame.columns:
        if str(column).lower() == name.lower():
            return str(column)
    return None


class _Check:
    """Collects the findings about one layer, naming rows by their key where they have one."""

    def __init__(self, layer: Layer, index: pd.Index) -> None:
        self.layer = layer
        self.index = index
        self.keys: pd.Series[Any] = pd.Series(pd.NA, index=index, dtype="string")
        self.findings: list[Finding] = []

    def add(
        self,
        code: str,
        severity: Severity,
        rows: Iterable[object],
        *,
        found: str,
        expected: str,
        remedy: str,
        repairable: bool = False,
    ) -> None:
        self.findings.append(
            Finding(
                code, severity, self.layer.name, tuple(rows), found, expected, remedy, repairable
            )
        )

    def names(self, mask: np.ndarray[Any, Any]) -> tuple[object, ...]:
        """The keys of the rows, or their fids where they have none."""
        keys = self.keys[mask].astype(object)
        fids = np.asarray(self.index)[mask].tolist()
        return tuple(fid if key is pd.NA else key for key, fid in zip(keys, fids, strict=True))

    def amiss(self, name: str, stored: pd.Series[Any], reading: Reading) -> None:
        spec = self.layer.fields[name]
        for item in reading.amiss:
            samples = ", ".join(repr(str(value)) for value in stored[item.rows].unique()[:3])
            count = int(item.rows.sum())
            self.add(
                item.code, "warning", self.names(item.rows),
                found=f"{name} of {amount(count, 'row')} {AMISS[item.code]}, such as {samples}; they count as unknown",
                expected=expected_values(spec), remedy="correct the entries, or say in the mapping what they mean",
            )  # fmt: skip
        for remark in reading.remarks:
            self.add(
                remark.code, "info", self.names(remark.rows),
                found=f"{name} of {amount(int(remark.rows.sum()), 'row')} {READ_AS[remark.code]}: {remark.sample}",
                expected=expected_values(spec), remedy="",
            )  # fmt: skip

    def required(self, columns: dict[str, pd.Series[Any]]) -> None:
        key = self.layer.key
        for name, spec in self.layer.fields.items():
            values = columns[name]
            missing = values.isna().to_numpy(dtype=bool)
            if name == key:
                self._key(values, missing)
            elif spec.required and missing.any() and not self._has("missing-column", name):
                self.add(
                    "missing-value",
                    "error",
                    self.names(missing),
                    found=f"no {name}",
                    expected=f"{name} for every row",
                    remedy=f"fill in {name}",
                )

    def _has(self, code: str, name: str) -> bool:
        return any(item.code == code and repr(name) in item.found for item in self.findings)

    def _key(self, values: pd.Series[Any], missing: np.ndarray[Any, Any]) -> None:
        key = self.layer.key
        if missing.any() and not self._has("missing-column", str(key)):
            self.add(
                "missing-key", "error", self.names(missing), found=f"no {key}", expected=f"{key} for every row",
                remedy=f"fill in {key}, or map another column to it",
            )  # fmt: skip
        doubled = values.duplicated(keep=False).to_numpy(dtype=bool) & ~missing
        if doubled.any():
            self.add(
                "duplicate-key",
                "error",
                values[doubled].unique().tolist(),
                found=f"{amount(int(doubled.sum()), 'row')} that share their {key} with another",
                expected=f"{key} of its own for every row",
                remedy="remove the copies, or give them keys of their own",
            )

    def geometry(self, geometry: gpd.GeoSeries, crs: str | None) -> gpd.GeoSeries:
        """Two-dimensional geometry in `crs`; every row that cannot be measured is a finding."""
        shapes = flat_shapes(geometry.to_numpy())
        nothing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        if nothing.any():
            self.add(
                "no-geometry",
                "warning",
                self.names(nothing),
                found="no geometry",
                expected=self.layer.geometry,
                remedy="draw them; until then they have no length, area or place",
            )
        self._kinds(shapes, nothing)
        not_finite = _not_finite(shapes)
        if not_finite.any():
            self.add(
                "non-finite-coordinates",
                "error",
                self.names(not_finite),
                found="coordinates that are no numbers",
                expected="finite coordinates",
                remedy="draw them again",
            )
        self._validity(shapes, nothing | not_finite)
        flat = gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs)
        if geometry.crs is None:
            if len(flat):
                self.add(
                    "missing-crs",
                    "error",
                    (),
                    found="no coordinate system",
                    expected="a coordinate system",
                    remedy="say which it is (--crs EPSG:n, gcj02 or bd09 when importing)",
                )
            return flat
        if crs is None or flat.crs == crs:
            return flat
        moved = converted(flat, crs)
        lost = _not_finite(moved.to_numpy()) & ~not_finite
        if lost.any():
            self.add(
                "outside-crs",
                "error",
                self.names(lost),
                found=f"coordinates that {flat.crs.name} cannot mean",
                expected=f"places that lie in {crs}",
                remedy="check the coordinate system the layer states",
            )
        return moved

    def _kinds(self, shapes: np.ndarray[Any, Any], nothing: np.ndarray[Any, Any]) -> None:
        allowed = KINDS[self.layer.geometry]
        if self.layer.points_too:
            allowed = allowed + KINDS["Point"]
        ids = [int(getattr(shapely.GeometryType, kind.upper())) for kind in allowed]
        wrong = ~np.isin(shapely.get_type_id(shapes), ids) & ~nothing
        if wrong.any():
            found = ", ".join(sorted(set(gpd.GeoSeries(shapes[wrong]).geom_type)))
            self.add(
                "wrong-geometry",
                "error",
                self.names(wrong),
                found=found,
                expected=" or ".join(allowed),
                remedy="put them into a layer of their own kind",
            )

    def _validity(self, shapes: np.ndarray[Any, Any], skip: np.ndarray[Any, Any]) -> None:
        if self.layer.geometry == "Polygon":
            invalid = ~shapely.is_valid(shapes) & ~skip
            if invalid.any():
                why = sorted(
                    {str(text).split("[")[0] for text in shapely.is_valid_reason(shapes[invalid])}
                )
                self.add(
                    "invalid-geometry",
                    "error",
                    self.names(invalid),
                    found=", ".join(why),
                    expected="outlines that do not cross themselves",
                    remedy="redraw them, or import the file again: an import repairs them",
                    repairable=True,
                )
        elif self.layer.geometry == "LineString":
            lines = np.isin(shapely.get_type_id(shapes), (1, 2, 5))
            short = lines & ~skip & (shapely.length(shapes) == 0)
            if short.any():
                self.add(
                    "zero-length",
                    "warning",
                    self.names(short),
                    found="lines without length",
                    expected="lines from one place to another",
                    remedy="redraw or remove them",
                )


def flat_shapes(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Shapes without Z and M; the very same where they have neither, since a copy takes long."""
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    if not high.any():
        return np.asarray(shapes)
    return np.asarray(shapely.force_2d(shapes))


def _not_finite(shapes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    bad = np.zeros(len(shapes), dtype=bool)
    # The sum of all is finite unless one of them is not, and takes a tenth of the time.
    with np.errstate(all="ignore"):
        if np.isfinite(shapely.get_coordinates(shapes).sum()):
            return bad
    coordinates, owners = shapely.get_coordinates(shapes, return_index=True)
    bad[owners[~np.isfinite(coordinates).all(axis=1)]] = True
    return bad


def expected_values(spec: FieldSpec) -> str:
    """What entries a field takes, in words.

    Examples
    --------
    >>> expected_values(FieldSpec(type="number", unit="m", minimum=0))
    'a number in m at least 0'
    """
    if spec.values:
        return f"one of {', '.join(spec.values)}"
    if spec.type == "bool":
        return "yes or no (是, 否, √, ×, true, false, 1, 0)"
    if spec.type == "date":
        return "a date such as 2007-12-31"
    limits = [f"at least {spec.minimum:g}"] if spec.minimum is not None else []
    limits += [f"at most {spec.maximum:g}"] if spec.maximum is not None else []
    unit = f" in {spec.unit}" if spec.unit else ""
    article = "an" if spec.type == "integer" else "a"
    return " ".join([f"{article} {spec.type}{unit}", " and ".join(limits)]).strip()
