"""Which features are drawn from how far out, where there are more than a screen has room for.

Seen from afar thousands of streets fall upon the same few pixels: they cost a slow computer its smoothness and
show nothing. So in a layer of very many, for each zoom, the ground is laid out in cells of a few pixels, and of the
features of one class in a cell only the largest is drawn: a few that are not lit among many that are stay to be
seen, however small. A cell of one zoom is four of the next, whose largest it keeps: coming closer adds features and
takes none away. At the finest zoom all are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL_UP_TO = 20_000
"""Features of a layer that are drawn at every zoom: so many a slow computer can bear."""
_A_METRE = 5
"""Decimals of degrees: what differs by less is alike."""
CELLS_ACROSS_A_TILE = 96
"""Of a tile's 512 pixels: cells of five and a third, some 37,000 on a screen of 1366 × 768."""


def drawn_from(
    geometry: NDArray[np.object_],
    classes: NDArray[np.int32],
    zooms: tuple[int, int],
    all_up_to: int,
) -> NDArray[np.int64]:
    """The zoom from which on each feature is drawn.

    Parameters
    ----------
    geometry : points, lines or polygons in WGS84, none missing or empty
    classes : what each is, as a small number from nought: its state, its verdict or what else colours it
    zooms : the coarsest and the finest; at the finest everything is drawn
    all_up_to : with no more features than these everything is drawn at every zoom

    Returns
    -------
    array of int
        One zoom for each feature, from the coarsest to the finest.

    Examples
    --------
    >>> lines = shapely.linestrings([[[120, 32], [120.001, 32]], [[120, 32.0001], [120.002, 32.0001]]])
    >>> drawn_from(lines, np.array([0, 0]), (9, 14), all_up_to=1).tolist()
    [12, 9]
    >>> drawn_from(lines, np.array([1, 0]), (9, 14), all_up_to=1).tolist()
    [9, 9]
    """
    if len(geometry) <= all_up_to:
        return np.full(len(geometry), zooms[0], dtype=np.int64)
    west, south, east, north = shapely.bounds(geometry).T
    x = ((west + east) / 2 + 180) / 360
    sine = np.sin(np.radians(np.clip((south + north) / 2, -85, 85)))
    y = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
    size = np.round(np.hypot(east - west, north - south), _A_METRE)
    # The largest first; those that are alike, as points are, as if drawn by lot, or whole rows would be left out.
    lots = np.random.default_rng(len(geometry)).permutation(len(geometry))
    order = np.lexsort((lots, -size))
    several = int(classes.max()) + 1
    found = np.full(len(geometry), zooms[1], dtype=np.int64)
    for zoom in range(zooms[1] - 1, zooms[0] - 1, -1):
        across = CELLS_ACROSS_A_TILE * 2**zoom
        cell = (x[order] * across).astype(np.int64) * across + (y[order] * across).astype(np.int64)
        _, largest = np.unique(cell * several + classes[order], return_index=True)
        found[order[largest]] = zoom
    return found
