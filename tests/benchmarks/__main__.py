"""Measures the figures: ``python -m tests.benchmarks [GROUP]``, one line of JSON a figure on standard output.

Without a group all are measured, each in a process of its own, so that no group warms up or weighs on
another. Some groups take ``--seed N`` and ``--sizes S,M``; those that take long run only by name.
"""

import os
import subprocess
import sys
from importlib import import_module
from typing import TextIO

from tests.benchmarks.choice import choice_of
from tests.source_code import ROOT

GROUPS = ("devices", "historian", "optimize", "forecast", "nights", "loop")
BY_NAME_ONLY = ("optimize_growth", "optimize_dask", "peers")
CHOOSING = ("optimize", *BY_NAME_ONLY)
"""Groups on invented regions: the seed changes their data, and sizes can be picked."""
EXIT_BAD_INPUT = 2


def main(arguments: list[str]) -> int:
    """Measure one group or all; gives the exit code."""
    if not arguments:
        return max(_in_its_own_process(group) for group in GROUPS)
    group, *chosen = arguments
    if group not in (*GROUPS, *BY_NAME_ONLY) or (chosen and group not in CHOOSING):
        _say(f"no such group: {' '.join(arguments)}. There are: {', '.join((*GROUPS, *BY_NAME_ONLY))}")
        return EXIT_BAD_INPUT
    try:
        choice = choice_of(chosen)
    except ValueError as fault:
        _say(str(fault))
        return EXIT_BAD_INPUT
    measure = import_module(f"tests.benchmarks.{group}").figures
    with _take_standard_output() as lines:
        for figure in measure(_say, choice) if group in CHOOSING else measure(_say):
            print(figure.line(), file=lines, flush=True)
    return 0


def _take_standard_output() -> TextIO:
    """Keep standard output for figures: whatever a library prints goes to standard error."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return lines


def _in_its_own_process(group: str) -> int:
    return subprocess.run([sys.executable, "-m", "tests.benchmarks", group], cwd=ROOT, check=False).returncode


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
