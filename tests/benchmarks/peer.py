"""One tool's plan of a region of the family, in a process of its own and in its own environment.

``python -m tests.benchmarks.peer TOOL SIZE SEED linear|mixed`` prints what it took: from the family's arrays
in memory to the solution in memory. The tool plans a small region first: what it loads late is then loaded.
"""

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module

import highspy

from tests.benchmarks.own_memory import memory_mb
from tests.benchmarks.region_family import SIZES, Family, family_of
from tests.benchmarks.run_clock import running_clock

SMALL = "S"
GAP = 0.001
SECONDS_MAX = {"S": 60.0, "M": 300.0, "L": 3_600.0}
LINEAR_OPTIONS: dict[str, object] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "parallel": "off",
}
"""The same for every tool, and as the product has them."""

Solve = Callable[..., float]


def main(tool: str, size: str, seed: int, kind: str) -> None:
    """Measure one plan and print it."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    solve: Solve = import_module(f"tests.benchmarks.peer_{tool}").solve
    mixed = kind == "mixed"
    options = LINEAR_OPTIONS | ({"mip_rel_gap": GAP, "time_limit": SECONDS_MAX[size]} if mixed else {})
    bare_mb = memory_mb("VmHWM")
    if size != SMALL or tool != "ours":
        solve(_family(SMALL, seed, mixed=mixed), options, mixed=mixed)
    if tool == "ours":
        import_module("tests.benchmarks.peer_ours").compile_for(_family(size, seed, mixed=mixed))
    family = _family(size, seed, mixed=mixed)
    with running_clock() as clock:
        wall_s, cpu_s = time.perf_counter(), _processor_s()
        cost_eur = solve(family, options, mixed=mixed)
        wall_s, cpu_s = time.perf_counter() - wall_s, _processor_s() - cpu_s
        run_s = clock.take()
    found = {"wall_s": wall_s, "cpu_s": cpu_s, "run_s": run_s, "cost_eur": cost_eur}
    found |= {"peak_mb": memory_mb("VmHWM"), "bare_mb": bare_mb}
    print(json.dumps(found))


def _processor_s() -> float:
    """Give what this process and its workers that have ended took."""
    return sum(os.times()[:4])


def _family(size: str, seed: int, *, mixed: bool) -> Family:
    family = family_of(*SIZES[size], seed=seed)
    return family if mixed else family.without_commitment()


if __name__ == "__main__":
    assert highspy  # every tool here solves with it
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
