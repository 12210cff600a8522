"""A region of the family planned by the product, from its region and inputs to the plan."""

from energy.optimize.coordination.workforce import Workforce
from energy.optimize.matrix.layout import layout_of
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import Problem
from energy.region.model import Region
from tests.benchmarks.own_side import OwnSide
from tests.benchmarks.region_family import Family
from tests.benchmarks.region_of_family import inputs_of, problem_of, region_of
from tests.benchmarks.region_state import state_at_start

SECONDS_MAX = 3_600.0


def compile_for(family: Family) -> None:
    """Compile what the region needs, as a process that has planned before has done."""
    layout_of(_problem(family)[1])


def solve(family: Family, options: dict[str, object], *, mixed: bool) -> float:
    """State, solve and read; gives the cost in EUR."""
    region, problem = _problem(family)
    if not mixed:
        return OwnSide(seconds_max=SECONDS_MAX).plan(problem).objective_eur
    gap, seconds_max = options["mip_rel_gap"], options["time_limit"]
    assert isinstance(gap, float)
    assert isinstance(seconds_max, float)
    workforce = Workforce()
    try:
        plan = Optimizer(region, workforce=workforce).solve(
            problem, plan_id="benchmark", issued_at=problem.start, seconds_max=seconds_max, gap=gap
        )
    finally:
        workforce.close()
    return float(sum(plan.objective_eur.values()))


def _problem(family: Family) -> tuple[Region, Problem]:
    region = region_of(family)
    return region, problem_of(region, inputs_of(family, state_at_start(family)))
