"""The words that made names are composed of, from `words.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


def words(name: str) -> list[str]:
    """The list of that name."""
    return _lists()[name]


@cache
def _lists() -> dict[str, list[str]]:
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
