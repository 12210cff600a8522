"""OPTIMISE: a plan of an invented region, against an expert's hand-built program for the same matrix."""

from collections.abc import Iterator

from tests.benchmarks.choice import Choice
from tests.benchmarks.figure import Figure, Say
from tests.benchmarks.optimize_linear import linear_figures
from tests.benchmarks.optimize_mixed import mixed_figures
from tests.benchmarks.optimize_process import process_figures
from tests.benchmarks.region_family import SIZES, family_of


def figures(say: Say, choice: Choice) -> Iterator[Figure]:
    """Measure everything of this group, size by size."""
    for size in choice.sizes or SIZES:
        say(f"optimize: {size}, the linear program")
        family = family_of(*SIZES[size], seed=choice.seed)
        yield from linear_figures(size, family)
        say(f"optimize: {size}, with decisions")
        yield from mixed_figures(size, family)
        say(f"optimize: {size}, memory and compiling in processes of their own")
        yield from process_figures(size, choice.seed)
