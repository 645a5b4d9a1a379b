"""Rates, bounds and verdicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.assess import rates, verdicts
from geo.conditions import NO, UNKNOWN, YES, state_of


def verdict(covered: float, not_covered: float, unknown: float, target: float | None) -> object:
    _, lower, upper = rates(np.array([covered]), np.array([not_covered]), np.array([unknown]))
    return verdicts(lower, upper, target)[0]


@pytest.mark.parametrize(
    ("covered", "not_covered", "unknown", "target", "expected"),
    [
        (90, 10, 0, 0.9, "met"),
        (27, 3, 0, 0.9, "met"),
        (89.9999, 10.0001, 0, 0.9, "not_met"),
        (90, 5, 5, 0.9, "met"),
        (89, 5, 6, 0.9, "undecided"),
        (80, 11, 9, 0.9, "not_met"),
        (0, 0, 10, 0.9, "undecided"),
        (0, 0, 0, 0.9, "no_data"),
        (100, 0, 0, 1.0, "met"),
        (100, 0, 1e-3, 1.0, "undecided"),
        (5, 5, 0, None, None),
    ],
)
def test_a_verdict_is_certain_or_says_that_it_is_not(
    covered: float, not_covered: float, unknown: float, target: float | None, expected: str | None
) -> None:
    assert verdict(covered, not_covered, unknown, target) == expected


def test_the_rate_is_of_what_is_known_and_the_bounds_of_all() -> None:
    rate, lower, upper = rates(np.array([6.0]), np.array([2.0]), np.array([2.0]))
    assert (rate[0], lower[0], upper[0]) == pytest.approx((0.75, 0.6, 0.8))


def test_nothing_known_has_bounds_but_no_rate() -> None:
    rate, lower, upper = rates(np.array([0.0]), np.array([0.0]), np.array([4.0]))
    assert np.isnan(rate[0])
    assert (lower[0], upper[0]) == (0.0, 1.0)


amount = st.floats(0, 1e9, allow_nan=False)


@given(amount, amount, amount, st.floats(0, 1))
def test_bounds_hold_the_rate(
    covered: float, not_covered: float, unknown: float, target: float
) -> None:
    rate, lower, upper = (
        figure[0]
        for figure in rates(np.array([covered]), np.array([not_covered]), np.array([unknown]))
    )
    if covered + not_covered + unknown == 0:
        assert verdict(covered, not_covered, unknown, target) == "no_data"
        return
    assert 0 <= lower <= upper <= 1
    if not np.isnan(rate):
        assert lower <= rate * (1 + 1e-12)
        assert rate <= upper * (1 + 1e-12)


FRAME = pd.DataFrame(
    {
        "a": pd.array([True, True, False, None, None], dtype="boolean"),
        "b": pd.array([True, False, None, True, None], dtype="boolean"),
        "kind": pd.array(["x", "y", "z", None, "x"], dtype="string"),
    }
)


def test_conditions_are_three_valued() -> None:
    assert state_of(FRAME, "a").tolist() == [YES, YES, NO, UNKNOWN, UNKNOWN]
    assert state_of(FRAME, ("a", "b")).tolist() == [YES, NO, NO, UNKNOWN, UNKNOWN]
    assert state_of(FRAME, {"kind": ("x", "y")}).tolist() == [YES, YES, NO, UNKNOWN, YES]
    assert state_of(FRAME, {"kind": "x", "a": False}).tolist() == [NO, NO, NO, UNKNOWN, UNKNOWN]
