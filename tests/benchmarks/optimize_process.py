"""What needs a process of its own: peak memory of either side, and what compiling the prototypes takes.

``python -m tests.benchmarks.optimize_process SIDE SIZE SEED`` is one such process: SIDE is ours, hand or
compile. Both sides whose memory is measured import the same before it is, what Pyomo's compiler imports at
its first run included, so that their bare interpreters weigh the same.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pyomo.environ as pe
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from energy.optimize.matrix.layout import layout_of
from tests.benchmarks.figure import Figure, figure_of
from tests.benchmarks.hand_built import matrix_of
from tests.benchmarks.hand_highs import HandHighs
from tests.benchmarks.own_memory import memory_mb
from tests.benchmarks.own_side import OwnSide
from tests.benchmarks.region_family import SIZES, Family, family_of
from tests.benchmarks.region_of_family import inputs_of, problem_of, region_of
from tests.benchmarks.region_state import state_at_start
from tests.source_code import ROOT

RUNS = {"S": 0, "M": 3, "L": 1}
"""How often either side's memory is measured; at S both are within the noise of an interpreter."""
COMPILE_RUNS = 3
SECONDS_MAX = 3_600.0


def process_figures(size: str, seed: int) -> Iterator[Figure]:
    """Measure one size."""
    if RUNS[size]:
        yield _memory_figure(size, [_pair(size, seed) for _ in range(RUNS[size])])
    yield figure_of(
        [_child("compile", size, seed)["compile_s"] for _ in range(COMPILE_RUNS)],
        name=f"optimize.compile_s.{size}",
        unit="processor s",
        against="absolute: the first layout of a process less a second one; once a process, not in cold",
    )


def _pair(size: str, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    return _child("ours", size, seed), _child("hand", size, seed)


def _memory_figure(size: str, pairs: list[tuple[dict[str, float], dict[str, float]]]) -> Figure:
    grown = [[side["peak_mb"] - side["bare_mb"] for side in pair] for pair in pairs]
    return figure_of(
        [ours / theirs for ours, theirs in grown],
        name=f"optimize.memory_ratio.{size}",
        unit="peak bytes over the bare interpreter, ours/theirs",
        against="the hand-built program, the same linear program, each in a process of its own",
        more={
            "ours_mb": float(np.median([ours for ours, _theirs in grown])),
            "theirs_mb": float(np.median([theirs for _ours, theirs in grown])),
            "bare_mb": float(np.median([ours["bare_mb"] for ours, _theirs in pairs])),
        },
    )


def _child(side: str, size: str, seed: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.optimize_process", side, size, str(seed)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _main(side: str, size: str, seed: int) -> None:
    if side != "compile":
        _import_compiler()
    bare_mb = memory_mb("VmHWM")
    family = family_of(*SIZES[size], seed=seed)
    found: dict[str, float] = {"bare_mb": bare_mb}
    match side:
        case "compile":
            found["compile_s"] = _compile_s(family)
        case "ours":
            _plan(family.without_commitment())
        case "hand":
            free = family.without_commitment()
            highs = HandHighs(seconds_max=SECONDS_MAX)
            highs.pass_matrix(matrix_of(free, state_at_start(free)))
            highs.solve()
    found["peak_mb"] = memory_mb("VmHWM")
    print(json.dumps(found))


def _import_compiler() -> None:
    """Compile next to nothing: what is imported then is code, no memory of a plan."""
    model = pe.ConcreteModel()
    model.x = pe.Var()
    model.row = pe.Constraint(expr=model.x <= 1.0)
    LinearStandardFormCompiler().write(model, mixed_form=True)


def _plan(family: Family) -> None:
    inputs = inputs_of(family, state_at_start(family))
    OwnSide(seconds_max=SECONDS_MAX).plan(problem_of(region_of(family), inputs))


def _compile_s(family: Family) -> float:
    problem = problem_of(region_of(family), inputs_of(family, state_at_start(family)))
    moments = [time.process_time()]
    for _ in range(2):
        layout_of(problem)
        moments.append(time.process_time())
    first, second = np.diff(moments)
    return float(first - second)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
