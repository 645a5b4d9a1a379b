"""What is measured: works, each done by several contenders on the same files."""

from __future__ import annotations

from benchmarks.works.common import Contender, Work

__all__ = ["Contender", "Work", "works"]


def works() -> dict[str, Work]:
    """All works by name."""
    from benchmarks.works import clip, pixels, reach, scope  # noqa: PLC0415

    return {work.name: work for work in (clip.WORK, reach.WORK, scope.WORK, pixels.WORK)}
