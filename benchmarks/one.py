"""One contender does one work once, in a process of its own: `python -m benchmarks.one WORK CONTENDER SIZE FILE`.

Prints a line of JSON: the seconds and CPU seconds of the work, reading included, once the libraries are
loaded; and how long it took to load them. The result is kept in FILE (.npy).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(work_name: str, contender_name: str, size: str, file: str) -> None:
    """Do it and say how long it took."""
    begun = time.perf_counter()
    import numpy as np  # noqa: PLC0415

    from benchmarks.works import works  # noqa: PLC0415

    work = works()[work_name]
    contender = work.contender(contender_name)
    contender.load()
    with contender.prepared(int(size)):
        loaded = time.perf_counter()
        cpu = time.process_time()
        result = contender.run(int(size))
        seconds, cpu_seconds = time.perf_counter() - loaded, time.process_time() - cpu
    if Path(file).suffix == ".npy":
        np.save(file, result)
    said = {"seconds": seconds, "cpu_s": cpu_seconds, "loading_s": loaded - begun}
    print(json.dumps(said | {"peak_mib": peak_mib()}))


def peak_mib() -> float:
    """The most memory this process held, or any one of those it started and waited for."""
    import resource  # noqa: PLC0415

    # Linux counts in KiB, macOS in bytes.
    scale = 1024 if sys.platform != "darwin" else 1024**2
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    status = Path("/proc/self/status")
    if status.exists():
        # What Linux counts as a process's own most begins with that of the process that started it.
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        mine = int(line.split()[1]) / 1024
    return max(mine, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / scale)


if __name__ == "__main__":
    main(*sys.argv[1:5])
