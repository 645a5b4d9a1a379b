"""How much longer the reference takes than the fast engine, each vertex and point: what `geo.engine.auto` knows.

    python tests/fuzz/crossover.py [STREETS]

Processor seconds, so that what else the machine does counts little.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import shapely

from geo.engine import engine_named

STREETS = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
LOADING = (
    "import time, numpy, shapely; t = time.process_time(); from geo.engine.kernels import cutting, index, wkb;"
    "cutting.cut.ready(), index.cross_cells.ready(), wkb.fill_lines.ready(); print(time.process_time() - t)"
)


def seconds(work: object) -> float:
    """The shortest of three."""
    took = []
    for _ in range(3):
        begin = time.process_time()
        work()  # type: ignore[operator]
        took.append(time.process_time() - begin)
    return min(took)


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    side = 100 * np.sqrt(STREETS)
    steps = rng.normal(0, 50, (STREETS, 6, 2))
    steps[:, 0] = rng.uniform(0, side, (STREETS, 2))
    streets = shapely.linestrings(steps.cumsum(axis=1))
    corners = np.linspace(0, side, 21)
    units = np.array(
        [
            shapely.box(x, y, x + side / 20, y + side / 20).segmentize(60)
            for x in corners[:-1]
            for y in corners[:-1]
        ],
        object,
    )
    area = shapely.Point(side / 2, side / 2).buffer(side / 3, 256)
    lamps = shapely.points(rng.uniform(0, side, (3 * STREETS, 2)))
    reach = np.full(len(lamps), 25.0)
    engines = {name: engine_named(name) for name in ("reference", "fast")}
    asked = {
        "vertex cut": (6 * STREETS, lambda engine: engine.lengths(streets, units, area)),
        "vertex cut and lit": (
            6 * STREETS,
            lambda engine: engine.reach(streets, units, area, lamps, reach, reach),
        ),
        "point placed": (len(lamps), lambda engine: engine.places(lamps, units, area)),
    }
    for what, (count, ask) in asked.items():
        slow, quick = (
            seconds(lambda engine=engine, ask=ask: ask(engine)) for engine in engines.values()
        )
        print(f"{what}: reference {1e6 * slow / count:.2f} us, fast {1e6 * quick / count:.2f} us")
    loads = [
        float(
            subprocess.run(
                [sys.executable, "-c", LOADING], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(3)
    ]
    print(f"loading the kernels: {min(loads):.2f} s")
