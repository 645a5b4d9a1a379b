"""Where along each street: the stretches that an indicator of reach finds covered, not covered and unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .batches import whole_layer
from .conditions import NO, UNKNOWN, YES
from .coverage import ground_of
from .errors import UnknownNameError
from .indicators import needed_layers, stretches_within_distance
from .model import ShareWithinDistance
from .points import all_points

if TYPE_CHECKING:
    import geopandas as gpd

    from .survey import Survey

STATUSES = {YES: "covered", NO: "not_covered", UNKNOWN: "unknown"}
"""What a stretch can be, as figures and legends name it."""


def stretches_of(survey: Survey, indicator: str, *, by_unit: bool = False) -> gpd.GeoDataFrame:
    """The stretches of each street that are within reach, out of reach, or perhaps within reach.

    Parameters
    ----------
    survey : the round
    indicator : id (or title) of one of kind `share_within_distance`
    by_unit : whether stretches also end where a unit of the finest level or the area does, and say where they lie

    Returns
    -------
    GeoDataFrame
        LineStrings in the district's metric CRS, in the order of the layer and along each line: source_fid
        (the row of the layer, `fid` in `rows_behind`: a file has a fid of its own), key, label,
        status (covered, not_covered, unknown), length_m, and with `by_unit` unit_code (None for none) and inside.
        A stretch has no break in it; one that ends where the next begins is of another status, but for `by_unit`.
        Their lengths add up to the figures of `coverage_of` and to each row of `rows_behind`, whichever engine
        these are by, to 1e-9 of the line and the noise of coordinates (1e-8 m).

    Raises
    ------
    UnknownNameError
        No such indicator of that kind, or the round lacks its layer.
    DataError
        A layer cannot be used.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> found = stretches_of(open_survey(), "lighting.lamp_reach")
    >>> found.groupby("status").length_m.sum().round().to_dict()
    {'covered': 55176.0, 'not_covered': 65902.0, 'unknown': 10618.0}
    """
    import geopandas as gpd

    catalog = survey.district.catalog
    layer, declared = catalog.indicator(indicator)
    if not isinstance(declared, ShareWithinDistance):
        known = [one.id for _, one in catalog.indicators() if isinstance(one, ShareWithinDistance)]
        raise UnknownNameError("indicator of reach", indicator, known)
    for name in needed_layers(declared, layer):
        if not survey.has(name):
            raise survey.absent(name)
    ground = ground_of(survey)
    frame = survey.frame(layer.name)
    near = all_points(survey.frame(declared.of), declared)
    found = stretches_within_distance(declared, whole_layer(frame), ground, near, by_unit=by_unit)
    rows = frame.iloc[found.row]
    names = np.array([STATUSES[kind] for kind in sorted(STATUSES)], dtype=object)
    label = layer.label or layer.key
    columns = {
        "source_fid": rows.index.to_numpy(),
        "key": rows[layer.key].array if layer.key else None,
        "label": rows[label].array if label else None,
    }
    if by_unit:
        codes = np.append(ground.units.levels[0].codes, [None])
        columns |= {"unit_code": codes[found.unit], "inside": found.inside}
    columns |= {
        "status": names[np.searchsorted(sorted(STATUSES), found.kind)],
        "length_m": found.measure,
    }
    return gpd.GeoDataFrame(columns, geometry=found.geometry, crs=survey.district.spec.metric_crs)
