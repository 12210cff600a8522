"""OPTIMISE: the same region in linopy, PyPSA and oemof-solph, each in a process of an environment of its own.

``make bench ONLY=peers`` makes that environment. Every tool states the region as its own documentation
would, solves with the same HiGHS and the same options, and must find our cost. What counts is from arrays in
memory to the solution in memory; what a tool loads late it has loaded before.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.benchmarks.choice import Choice
from tests.benchmarks.figure import Figure, Say, figure_of
from tests.source_code import ROOT

TOOLS = ("linopy", "pypsa", "oemof")
PYTHON = ROOT / "build" / "peers" / "bin" / "python"
ROUNDS = {"S": 3, "M": 3, "L": 1}
SIZES_USUAL = ("S", "M")
LEFT_OUT = {("oemof", "L"), ("linopy", "L", "mixed"), ("pypsa", "L", "mixed")}
"""What takes many minutes or finds no plan at all."""
SAME = {"linear": 1e-6, "mixed": 2e-3}
"""Relative: a linear program has one cost; of a search two may differ by both gaps."""
Found = dict[str, float]


def figures(say: Say, choice: Choice) -> Iterator[Figure]:
    """Measure every tool beside ours, in turn."""
    if not PYTHON.exists():
        raise SystemExit(f"{PYTHON} is missing: `make bench ONLY=peers` makes it")
    for size in choice.sizes or SIZES_USUAL:
        for kind in ("linear", "mixed"):
            tools = [tool for tool in TOOLS if not {(tool, size), (tool, size, kind)} & LEFT_OUT]
            rounds = []
            for number in range(ROUNDS[size]) if tools else ():
                say(f"peers: {size}, {kind}, round {number + 1}")
                order = ("ours", *tools) if number % 2 == 0 else (*reversed(tools), "ours")
                rounds.append({tool: _measured(tool, size, choice.seed, kind) for tool in order})
            for tool in tools:
                yield from _figures(tool, size, kind, rounds, say)


def _measured(tool: str, size: str, seed: int, kind: str) -> Found:
    python = Path(sys.executable) if tool == "ours" else PYTHON
    command = [str(python), "-m", "tests.benchmarks.peer", tool, size, str(seed), kind]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def _figures(tool: str, size: str, kind: str, rounds: list[dict[str, Found]], say: Say) -> Iterator[Figure]:
    pairs = [(found["ours"], found[tool]) for found in rounds]
    apart = max(abs(a["cost_eur"] - b["cost_eur"]) / abs(a["cost_eur"]) for a, b in pairs)
    if apart > SAME[kind]:
        say(f"peers: {tool} finds another cost, {apart:.2g} apart")

    def seconds(side: int, what: str) -> float:
        return float(np.median([pair[side][what] for pair in pairs]))

    yield figure_of(
        [ours["cpu_s"] / theirs["cpu_s"] for ours, theirs in pairs],
        name=f"peers.{tool}.{kind}_ratio.{size}",
        unit="processor seconds, ours/theirs",
        against=f"{tool}, the same region, from arrays to solution",
        more={
            **{f"ours_{what}": seconds(0, what) for what in ("cpu_s", "run_s", "wall_s")},
            **{f"theirs_{what}": seconds(1, what) for what in ("cpu_s", "run_s", "wall_s")},
            "cost_apart": apart,
        },
    )
    grown = [(a["peak_mb"] - a["bare_mb"], b["peak_mb"] - b["bare_mb"]) for a, b in pairs]
    yield figure_of(
        [ours / theirs for ours, theirs in grown],
        name=f"peers.{tool}.{kind}_memory_ratio.{size}",
        unit="peak bytes over the bare interpreter, ours/theirs",
        against=f"{tool}, the same region",
        more={
            "ours_mb": float(np.median([a for a, _b in grown])),
            "theirs_mb": float(np.median([b for _a, b in grown])),
        },
    )
