"""A table's rows find their villages by code, by name or by another form of it, and never by likeness."""

from __future__ import annotations

import pandas as pd
import pytest

from geo.sources.joins import join_column, join_rows

CODES = ["321202001204", "321202001207", "321202002001", "321202003001", "321202001010"]
NAMES = ["花园村委会", "唐甸村委会", "朝阳社区居民委员会", "朝阳居委会", "碧桂园社区居民委员会"]


def joined(*keys: object) -> list[object]:
    labels = [f"row {number}" for number in range(2, len(keys) + 2)]
    found = join_rows(keys, labels, CODES, NAMES)
    reasons = {one.row: one.reason for one in found.left_out}
    return [
        reasons[label] if position < 0 else int(position)
        for label, position in zip(labels, found.positions, strict=True)
    ]


@pytest.mark.parametrize(
    "key",
    [
        "321202001207",
        "３２１２０２００１２０７",
        321202001207,
        321202001207.0,
        " 唐甸村委会 ",
        "唐甸村",
        "唐 甸 村",
        "唐甸村民委员会",
    ],
)
def test_a_row_finds_its_village(key: object) -> None:
    assert joined(key) == [1]


def test_another_form_of_a_name_is_said() -> None:
    found = join_rows(["唐甸村", "唐甸村委会"], ["row 2", "row 3"], CODES, NAMES)
    assert found.by_form == ("唐甸村 is 唐甸村委会",)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("唐店村委会", "no feature '唐店村委会'; did you mean 321202001207 唐甸村委会"),
        ("321202001270", "no feature '321202001270'; did you mean 321202001207 唐甸村委会"),
        ("花园社区", "no feature '花园社区'"),
        (
            "朝阳社区",
            "'朝阳社区' is the name of several: 321202002001 朝阳社区居民委员会, 321202003001 朝阳居委会",
        ),
        (None, "neither code nor name"),
        ("  ", "neither code nor name"),
    ],
)
def test_a_row_that_finds_none_says_why(key: object, reason: str) -> None:
    (said,) = joined(key)
    assert str(said).startswith(reason)


def test_the_column_to_join_by_is_the_one_that_most_rows_match_in() -> None:
    table = pd.DataFrame(
        {"序号": [1, 2, 3], "村": ["花园村", "唐甸村", "?"], "备注": ["花园村", None, None]}
    )
    assert join_column(table, CODES, NAMES) == "村"
    assert join_column(table[["序号", "备注"]], CODES, NAMES) is None
