"""Kernels that cut features by units and area: one contract, several engines."""

from __future__ import annotations

from ..errors import UnknownNameError
from .auto import AutoEngine
from .base import AreaPieces, Engine, Pieces, ReachPieces, one_for_each
from .cluster import ClusterEngine
from .fast import FastEngine
from .reference import ReferenceEngine, reach_parts
from .stretches import Stretches, stretches

__all__ = [
    "AreaPieces",
    "AutoEngine",
    "ClusterEngine",
    "Engine",
    "FastEngine",
    "Pieces",
    "ReachPieces",
    "ReferenceEngine",
    "Stretches",
    "engine_named",
    "one_for_each",
    "reach_parts",
    "stretches",
]

ENGINES: dict[str, type[Engine]] = {
    "auto": AutoEngine,
    "reference": ReferenceEngine,
    "fast": FastEngine,
    "cluster": ClusterEngine,
}


def engine_named(name: str) -> Engine:
    """The engine of that name; UnknownNameError where there is none."""
    try:
        return ENGINES[name]()
    except KeyError:
        raise UnknownNameError("engine", name, ENGINES) from None
