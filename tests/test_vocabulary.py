"""What people write, and what it is read as: every entry a known answer, nothing guessed, nothing a silent no."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.catalog import load_catalog
from geo.model import FieldSpec, Title
from geo.vocabulary import all_different, read_values

STREETS = load_catalog().layer("back_streets").fields
LAMPS = load_catalog().layer("lamps").fields
WIDTH = STREETS["width_m"]
AREA = FieldSpec(type="number", unit="m²", minimum=0)
COUNT = FieldSpec(type="integer")
SCORE = FieldSpec(type="number", minimum=0, maximum=100)
RATE = FieldSpec(type="number", minimum=0, maximum=1)
DATE = FieldSpec(type="date")
UNREADABLE = "unreadable"


def read(entry: object, spec: FieldSpec, **how: Any) -> object:
    """What one entry is read as: a value, None for unknown, or why it cannot be read."""
    reading = read_values(pd.Series([entry], dtype=object), spec, **how)
    value = reading.values.astype(object).iloc[0]
    if reading.amiss:
        assert pd.isna(value)
        return reading.amiss[0].code.removesuffix("-value")
    return None if pd.isna(value) else value


# -- yes and no ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "entry", "expected"),
    [
        ("hardened", "是", True),
        ("hardened", "有", True),
        ("hardened", "√", True),
        ("hardened", "已硬化", True),
        ("hardened", "100%", True),
        ("hardened", "１００％", True),
        ("hardened", "100.0%", True),
        ("hardened", "1.0", True),
        ("hardened", 1.0, True),
        ("hardened", True, True),
        ("hardened", "TRUE", True),
        ("hardened", "否", False),
        ("hardened", "×", False),
        ("hardened", "未硬化", False),
        ("hardened", "没有", False),
        ("hardened", "0", False),
        ("hardened", "0%", False),
        ("hardened", 0, False),
        ("hardened", "不详", None),
        ("hardened", "/", None),
        ("hardened", "", None),
        ("hardened", None, None),
        ("hardened", np.nan, None),
        # Half is neither.
        ("hardened", "50%", UNREADABLE),
        ("hardened", "部分硬化", UNREADABLE),
        ("hardened", 0.5, UNREADABLE),
        ("hardened", "x", UNREADABLE),
        ("hardened", "99.9%", UNREADABLE),
        # A word about something else: most likely the wrong column.
        ("hardened", "已亮化", UNREADABLE),
        ("hardened", "损坏", UNREADABLE),
        ("lit", "已亮化", True),
        ("lit", "未亮化", False),
        ("cleaned", "已保洁", True),
        # "No litter: none" says one thing or its opposite.
        ("six_no_2", "无", "ambiguous"),
        ("six_no_2", "有", "ambiguous"),
        ("six_no_2", "是", True),
        ("six_no_2", "否", False),
    ],
)
def test_three_values(field: str, entry: object, expected: object) -> None:
    assert read(entry, STREETS[field]) == expected


def test_lamps_are_in_order_or_broken() -> None:
    assert [read(word, LAMPS["working"]) for word in ("完好", "正常", "损坏", "故障")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_a_titles_bracket_may_be_left_out() -> None:
    kind = load_catalog().layer("villages").fields["kind"]
    assert read("社区", kind) == "community"
    assert read("社区(居委会)", kind) == "community"
    assert read("自然村", kind) == UNREADABLE


# -- figures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "entry", "expected"),
    [
        (WIDTH, "3.5", 3.5),
        (WIDTH, "３．５", 3.5),
        (WIDTH, "3.5米", 3.5),
        (WIDTH, "3.5 m", 3.5),
        (WIDTH, "350cm", 3.5),
        (WIDTH, "350厘米", 3.5),
        (WIDTH, "３５０公分", 3.5),
        (WIDTH, "3500㎜", 3.5),
        (WIDTH, "0.0035公里", 3.5),
        (WIDTH, "1,234.5", 1234.5),
        (WIDTH, "１，２３４．５", 1234.5),
        (WIDTH, "1.2e1", 12.0),
        (WIDTH, "0", 0.0),
        (WIDTH, "不详", None),
        (WIDTH, "-", None),
        # Neither 35 nor 3.5: the comma is no separator of thousands.
        (WIDTH, "3,5", UNREADABLE),
        (WIDTH, "12,34", UNREADABLE),
        (WIDTH, "1.234,5", UNREADABLE),
        (WIDTH, "3-5", UNREADABLE),
        (WIDTH, "约3米", UNREADABLE),
        (WIDTH, "3亩", UNREADABLE),
        (WIDTH, "3m²", UNREADABLE),
        (WIDTH, "50%", UNREADABLE),
        (WIDTH, "-3", UNREADABLE),
        (WIDTH, "−3", UNREADABLE),
        (WIDTH, "inf", UNREADABLE),
        (WIDTH, "1_000", UNREADABLE),
        (WIDTH, "0x10", UNREADABLE),
        (WIDTH, True, UNREADABLE),
        (AREA, "200㎡", 200.0),
        (AREA, "1.2万平方米", 12000.0),
        (AREA, "3亩", 2000.0),
        (AREA, "0.5公顷", 5000.0),
        (AREA, "3米", UNREADABLE),
        (COUNT, "12盏", 12),
        (COUNT, "1,234", 1234),
        (COUNT, 3.0, 3),
        (COUNT, 2.5, UNREADABLE),
        (COUNT, "9007199254740993", UNREADABLE),
        (SCORE, "95分", 95.0),
        (SCORE, "101", UNREADABLE),
        (SCORE, "95%", UNREADABLE),
        (RATE, "95%", 0.95),
        (RATE, "0.95", 0.95),
        (RATE, "95", UNREADABLE),
    ],
)
def test_figures(spec: FieldSpec, entry: object, expected: object) -> None:
    found = read(entry, spec)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_a_columns_own_unit_is_for_figures_that_name_none() -> None:
    reading = read_values(pd.Series(["350", "3.5米", "350 cm"]), WIDTH, unit="cm")
    assert reading.values.tolist() == pytest.approx([3.5, 3.5, 3.5])
    assert read_values(pd.Series([350, 400]), WIDTH, unit="cm").values.tolist() == [3.5, 4.0]


def test_that_a_unit_was_read_is_said_with_an_example() -> None:
    (remark,) = read_values(pd.Series(["4", "350cm", None]), WIDTH).remarks
    assert (remark.code, remark.rows.tolist()) == ("unit-in-text", [False, True, False])
    assert remark.sample == "'350cm' is 3.5"


# -- dates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("2007-12-31", "2007-12-31"),
        ("2007/12/31", "2007-12-31"),
        ("2007.12.31", "2007-12-31"),
        ("2007年12月31日", "2007-12-31"),
        ("２００７年１２月３１日", "2007-12-31"),
        ("2007年6月3号", "2007-06-03"),
        ("20071231", "2007-12-31"),
        (20071231, "2007-12-31"),
        (45292, "2024-01-01"),
        (45292.0, "2024-01-01"),
        ("45292", "2024-01-01"),
        (39447, "2007-12-31"),
        (dt.date(2007, 12, 31), "2007-12-31"),
        (dt.datetime(2007, 12, 31, 8), "2007-12-31 08:00"),
        ("2007-12-31 08:30", "2007-12-31 08:30"),
        ("2007-12-31T08:30:00+08:00", "2007-12-31 00:30"),
        ("31/12/2007", "2007-12-31"),
        ("12/31/2007", "2007-12-31"),
        ("5/5/2007", "2007-05-05"),
        ("31 Dec 2007", "2007-12-31"),
        ("December 31, 2007", "2007-12-31"),
        ("待定", None),
        ("3/4/2007", "ambiguous-date"),
        ("07-12-31", "ambiguous-date"),
        ("2007", UNREADABLE),
        (2007, UNREADABLE),
        ("2007年12月", UNREADABLE),
        ("2007-02-30", UNREADABLE),
        ("月底", UNREADABLE),
        (0, UNREADABLE),
        (True, UNREADABLE),
    ],
)
def test_dates(entry: object, expected: object) -> None:
    found = read(entry, DATE)
    assert found == (
        pd.Timestamp(expected) if isinstance(expected, str) and expected[0] == "2" else expected
    )


def test_a_column_tells_day_from_month() -> None:
    reading = read_values(pd.Series(["03/04/2007", "25/12/2007"]), DATE)
    assert reading.values.dt.date.tolist() == [dt.date(2007, 4, 3), dt.date(2007, 12, 25)]
    assert reading.remarks[0].sample == "day first, as '25/12/2007' shows"
    reading = read_values(pd.Series(["03/04/2007", "12/25/2007"]), DATE)
    assert reading.values.dt.date.tolist() == [dt.date(2007, 3, 4), dt.date(2007, 12, 25)]


def test_a_column_that_contradicts_itself_tells_nothing() -> None:
    reading = read_values(pd.Series(["03/04/2007", "25/12/2007", "12/25/2007"]), DATE)
    assert reading.values.isna().tolist() == [True, False, False]
    assert reading.amiss[0].code == "ambiguous-date"


def test_a_count_of_days_is_said() -> None:
    (remark,) = read_values(pd.Series([45292]), DATE).remarks
    assert (remark.code, remark.sample) == ("serial-date", "45292 is 2024-01-01")


@pytest.mark.parametrize("entries", [[False, 0, 1], [0, False, 1], [1, True, 0], [True, 1.0, 0]])
def test_yes_and_1_are_two_entries_of_a_column_of_numbers(entries: list[Any]) -> None:
    reading = read_values(pd.Series(entries, dtype=object), WIDTH)
    is_bool = [isinstance(entry, bool) for entry in entries]
    assert reading.unreadable.tolist() == is_bool
    assert [value for value, odd in zip(reading.values, is_bool, strict=True) if not odd] == [
        entry for entry in entries if not isinstance(entry, bool)
    ]


# -- all of them ------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
            st.sampled_from(["是", "否", "3.5米", "45292", "03/04/2007", "50%"]),
            st.lists(st.integers(), max_size=2), st.dates(),
        ),
        max_size=12,
    ),
    st.sampled_from([STREETS["hardened"], STREETS["zone"], WIDTH, COUNT, DATE, FieldSpec(type="text")]),
)  # fmt: skip
def test_an_entry_is_read_the_same_alone_and_among_others_or_is_unknown_and_listed(
    entries: list[Any], spec: FieldSpec
) -> None:
    column = pd.Series(entries, dtype=object)
    reading = read_values(column, spec)
    assert len(reading.values) == len(entries)
    assert reading.values[reading.unreadable].isna().all()
    for entry, value, bad in zip(entries, reading.values, reading.unreadable, strict=True):
        if spec.type == "date" or isinstance(entry, list):
            continue  # dates are read by each other
        alone = read_values(pd.Series([entry], dtype=object), spec)
        assert bad == alone.unreadable.iloc[0]
        assert pd.isna(value) == pd.isna(alone.values.iloc[0])


def test_a_million_entries_are_read_by_their_few_different_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from geo.vocabulary import reading as module

    asked: list[object] = []
    original = module.figure
    monkeypatch.setattr(module, "figure", lambda *given: asked.append(given[0]) or original(*given))
    column = pd.Series(["3.5米", "4", None, "wide"] * 25_000)
    values = read_values(column, WIDTH).values
    assert sorted(map(str, asked)) == ["3.5米", "4", "wide"]
    assert values.sum() == pytest.approx(25_000 * 7.5)


def test_titles_in_english_count_too() -> None:
    spec = FieldSpec(type="bool", title=Title(zh="无垃圾", en="No litter"))
    assert read("有", spec) == "ambiguous"
    assert read("yes", spec) is True


@given(
    st.lists(
        st.none() | st.text(max_size=3) | st.sampled_from(["街" * 30, "a\0", "a"]), max_size=9
    ),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_keys_are_told_apart_as_pandas_tells_them(
    texts: list[str | None], cut: int, first: int
) -> None:
    whole = pd.Series(texts, dtype="string")
    keys = pd.concat([whole[:cut], whole[cut:]])[first:]
    assert all_different(keys) == keys.is_unique


def test_a_text_of_many_bytes_is_told_from_another() -> None:
    """One that ends where its row of words does, one that is longer than any is made a number of, and copies."""
    assert all_different(pd.Series(["a" * 64, "a" * 63, ""], dtype="string"))
    assert all_different(pd.Series(["a" * 65, "a" * 64], dtype="string"))
    assert not all_different(pd.Series(["a" * 65, "a" * 65], dtype="string"))
    assert not all_different(pd.Series([1, 2, 2]))


def test_a_key_is_found_twice_though_its_two_batches_have_longer_keys_of_other_lengths() -> None:
    batches = [["s1", "s2"], ["s1", "a-key-longer-than-eight-bytes"], ["s3", "nine-byte"]]
    parts = [pd.Series(one, dtype="string[pyarrow]") for one in batches]
    together = pd.concat(parts, ignore_index=True)
    assert not all_different(together)
    together[2] = "s4"
    assert all_different(together)
