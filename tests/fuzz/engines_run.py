"""Search long for geometry about which the two local engines, or the two ways to decide on scope, disagree.

    python tests/fuzz/engines_run.py [CASES]

Prints the smallest case found and exits with 1, or says how many were tried.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from engine_cases import Case, cases, disagreement
from scope_cases import ScopeCase, scope_cases, scope_disagreement

from geo.engine import engine_named

CASES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
reference, fast = engine_named("reference"), engine_named("fast")
tried = 0


@settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(cases())
def search(case: Case) -> None:
    global tried  # noqa: PLW0603 - a script's count
    tried += 1
    found = disagreement(case, reference, fast)
    if found:
        wkt = {name: str(value) for name, value in vars(case).items()}
        raise AssertionError(f"{found}\n{wkt}")


@settings(
    max_examples=CASES // 5, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(scope_cases())
def search_scope(case: ScopeCase) -> None:
    global tried  # noqa: PLW0603 - a script's count
    tried += 1
    found = scope_disagreement(case)
    if found:
        raise AssertionError(
            f"{found}\n{[str(unit) for unit in case.units]}\n{case.area}\n{case.rule}"
        )


if __name__ == "__main__":
    begin = time.monotonic()
    search()
    search_scope()
    print(
        f"{tried} cases in {time.monotonic() - begin:.0f} s: the engines agree, and so do the ways to decide"
    )
