"""On which side of a line a point lies: the sign is right however near the point is."""

from __future__ import annotations

from .compiling import part

DOUBTFUL = 1e-7
"""Below this share of its terms a difference is computed anew with twice the digits, so that what is
returned is good to 1e-9 of itself and its sign is that of the true value."""
LOST = 1e-30
"""What twice the digits may lose, as a share of the terms; distances that small are none between coordinates."""
SPLIT = 134217729.0
"""2²⁷ + 1: parts a number into halves whose products are exact (Dekker)."""


@part
def _difference(a, b):
    """a - b as a rounded number and what the rounding lost (Knuth)."""
    high = a - b
    back = a - high
    return high, (a - (high + back)) + (back - b)


@part
def _product(a, b):
    """a * b as a rounded number and what the rounding lost (Dekker)."""
    high = a * b
    wide = SPLIT * a
    a_high = wide - (wide - a)
    a_low = a - a_high
    wide = SPLIT * b
    b_high = wide - (wide - b)
    b_low = b - b_high
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


@part
def _careful(ax, ay, bx, by, cx, cy):
    ux, ux_low = _difference(bx, ax)
    uy, uy_low = _difference(by, ay)
    vx, vx_low = _difference(cx, ax)
    vy, vy_low = _difference(cy, ay)
    left, left_low = _product(ux, vy)
    left_low += ux * vy_low + ux_low * vy
    right, right_low = _product(uy, vx)
    right_low += uy * vx_low + uy_low * vx
    high, low = _difference(left, right)
    value = high + (low + (left_low - right_low))
    # Of three places on one line nothing is left but what was rounded on the way, and its sign is anybody's guess.
    return value if abs(value) > LOST * (abs(left) + abs(right)) else 0.0


@part
def side(ax, ay, bx, by, cx, cy):
    """Twice the area of the triangle a, b, c: above 0 where c lies left of the way from a to b."""
    left = (bx - ax) * (cy - ay)
    right = (by - ay) * (cx - ax)
    value = left - right
    if abs(value) > DOUBTFUL * (abs(left) + abs(right)):
        return value
    if left == 0.0 and right == 0.0:
        return 0.0
    return _careful(ax, ay, bx, by, cx, cy)
