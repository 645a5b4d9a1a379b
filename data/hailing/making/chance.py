"""Chance that is the same everywhere: streams of random numbers by topic, and smooth noise.

`RandomState` is used because numpy promises never to change its stream, which it does not promise
of the newer generators. Each topic has a stream of its own, so that a change to the lamps leaves
the villages as they were.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SEED = 20071231

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def stream(topic: str) -> np.random.RandomState:
    """The random stream of a topic."""
    return np.random.RandomState(SEED ^ zlib.crc32(topic.encode()))


class Noise:
    """A smooth field over the plane: the mean of `waves` plane waves of about `scale_m`, within ±1 or so."""

    def __init__(self, topic: str, scale_m: float, waves: int = 12) -> None:
        rng = stream(f"noise {topic}")
        heading = rng.uniform(0, 2 * np.pi, waves)
        length_m = scale_m * rng.uniform(0.6, 1.8, waves)
        self._kx = 2 * np.pi * np.cos(heading) / length_m
        self._ky = 2 * np.pi * np.sin(heading) / length_m
        self._phase = rng.uniform(0, 2 * np.pi, waves)

    def __call__(self, x: Floats | float, y: Floats | float) -> Floats:
        """The field at the places (metres)."""
        total = np.zeros(np.broadcast(x, y).shape)
        for kx, ky, phase in zip(self._kx, self._ky, self._phase, strict=True):
            total = total + np.sin(kx * np.asarray(x) + ky * np.asarray(y) + phase)
        return self._evened(total)

    def on_grid(self, x: Floats, y: Floats) -> Floats:
        """The same over a grid given by its columns' x and its rows' y, much faster."""
        total = np.zeros((len(y), len(x)))
        for kx, ky, phase in zip(self._kx, self._ky, self._phase, strict=True):
            total += np.outer(np.sin(ky * y + phase), np.cos(kx * x))
            total += np.outer(np.cos(ky * y + phase), np.sin(kx * x))
        return self._evened(total)

    def _evened(self, total: Floats) -> Floats:
        evened: Floats = total / np.sqrt(len(self._phase) / 2)
        return evened


def exactly(rng: np.random.RandomState, count: int, among: Bools) -> Bools:
    """True at `count` of the things that `among` allows."""
    chosen = np.zeros(len(among), dtype=bool)
    chosen[rng.permutation(np.flatnonzero(among))[:count]] = True
    return chosen


def apportion(total: int, weight: Floats) -> NDArray[np.int64]:
    """`total` shared out by weight in whole numbers, the largest remainders rounded up."""
    share = total * weight / weight.sum()
    counts: NDArray[np.int64] = np.floor(share).astype(np.int64)
    order = np.argsort(-(share - counts), kind="stable")
    counts[order[: total - counts.sum()]] += 1
    return counts


def pick(rng: np.random.RandomState, items: Sequence[str]) -> str:
    """One of the items."""
    return items[int(rng.randint(len(items)))]
