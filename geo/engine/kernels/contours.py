"""How much of each class of pixels lies in polygons, by walking along their outlines.

In a row of pixels, what lies between two crossings of an outline is the difference of two running sums. So
only the outline's own pixels are looked at, however large the polygon, and the parts of pixels are exact.
"""

from __future__ import annotations

import numpy as np

from .compiling import floats, ints, kernel, masks, number, pairs, short_cubes


@kernel(number(masks, masks, short_cubes, number, number))
def add_up(passing, failing, sums, first, last):
    """Rows `first` to `last`: how many pixels pass, and fail, to the left of each column."""
    for row in range(first, last):
        passed = failed = 0
        sums[row, 0, 0] = sums[row, 0, 1] = 0
        for column in range(passing.shape[1]):
            passed += passing[row, column]
            failed += failing[row, column]
            sums[row, column + 1, 0] = passed
            sums[row, column + 1, 1] = failed
    return 0


@kernel(number(pairs, ints, ints, short_cubes, floats, number, number, pairs, number, number))
def walk(edges, edge_start, chosen, sums, weight, top, left, found, first, last):
    """What passes and fails in polygons `chosen[first:last]`, written to the same rows of `found`.

    Parameters
    ----------
    edges : ax, ay, bx, by in pixels from the raster's corner, y downwards, the polygon on the left as drawn
        on a map
    edge_start : where each polygon's edges begin, and where the last ends
    sums : of a window of the raster, as `add_up` leaves them
    weight : what a pixel of each row of the window counts
    top, left : the window's first row and column
    """
    rows, columns = sums.shape[0], sums.shape[1] - 1
    for k in range(first, last):
        passed = failed = 0.0
        for e in range(edge_start[chosen[k]], edge_start[chosen[k] + 1]):
            ax, ay = edges[e, 0] - left, edges[e, 1] - top
            bx, by = edges[e, 2] - left, edges[e, 3] - top
            if ay == by:
                continue
            # Walked downwards; what is left of a way up is within, of a way down without.
            sign = 1.0
            if ay < by:
                sign = -1.0
            else:
                ax, ay, bx, by = bx, by, ax, ay
            if by <= 0.0 or ay >= rows:
                continue
            slope = (bx - ax) / (by - ay)
            row = int(max(np.floor(ay), 0.0))
            bottom = min(by, float(rows))
            y = max(ay, 0.0)
            x = ax + (y - ay) * slope
            while y < bottom:
                next_y = min(row + 1.0, bottom)
                next_x = bx if next_y == by else ax + (next_y - ay) * slope
                here_pass = here_fail = 0.0
                while True:
                    # One stretch within one column, or beyond the window.
                    end_x, end_y = next_x, next_y
                    if x < 0.0 or (x == 0.0 and next_x < 0.0):
                        column = -1
                        if next_x > 0.0:
                            end_x = 0.0
                    elif x > columns or (x == columns and next_x >= columns):
                        column = columns
                        if next_x < columns:
                            end_x = float(columns)
                    elif next_x >= x:
                        column = int(np.floor(x))
                        if next_x > column + 1.0:
                            end_x = column + 1.0
                    else:
                        column = int(np.ceil(x)) - 1
                        if next_x < column:
                            end_x = float(column)
                    if end_x != next_x:
                        end_y = min(max(y + (end_x - x) / slope, y), next_y)
                    height = end_y - y
                    if column >= columns:
                        here_pass += height * sums[row, columns, 0]
                        here_fail += height * sums[row, columns, 1]
                    elif column >= 0:
                        share = 0.5 * (x + end_x) - column
                        before, after = sums[row, column, 0], sums[row, column + 1, 0]
                        here_pass += height * (before + share * (after - before))
                        before, after = sums[row, column, 1], sums[row, column + 1, 1]
                        here_fail += height * (before + share * (after - before))
                    x, y = end_x, end_y
                    if end_x == next_x:
                        break
                y = next_y
                passed += sign * weight[row] * here_pass
                failed += sign * weight[row] * here_fail
                row += 1
        found[k, 0], found[k, 1] = passed, failed
    return 0
