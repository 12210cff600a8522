"""Which machines run when: quickly by rounding and price coordination, or exactly by a search.

Rounding: the linear program, in which a machine may run by a fraction, costs no more than any plan; that is
a proven bound. Dynamic programs turn its profiles and its prices into profiles of 0 and 1, each is priced
by the linear program with these profiles fixed, and the cheapest is taken. Where that does not reach the gap
asked for, and in large regions from the start, parts decide at prices (``coordination``). What small regions
then still miss is searched for in the whole region, over so many nodes.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.coordination.coordinate import Candidate, Coordinator, Task, coordinate, with_fixed
from energy.optimize.coordination.piece import seconds_left
from energy.optimize.coordination.prices import net_cost_eur
from energy.optimize.highs.instance import End, Solution, Solved, is_near
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.items import BlockLoad
from energy.optimize.matrix.form import IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from energy.optimize.network_items import Machine
from energy.optimize.problem import Problem
from energy.optimize.search.block_rounding import begins_of
from energy.optimize.search.directions import one_way
from energy.optimize.search.loosening import loosened
from energy.optimize.search.rounding import Wish, profile_of
from energy.optimize.search.whole import is_within, search_whole

WHOLE = 1e-6
"""Nearer than this to 0 or 1 is whole."""
THRESHOLDS = (0.5, 0.2)
"""Running by more than this fraction becomes running."""
START_PERIODS = 0.25
"""A start weighs as much as a quarter of a period's difference from the linear program's profile."""
IMPROVEMENTS_MAX = 3
"""Times that profiles are improved by the prices of the plan that they led to."""
LARGE_DECISIONS = 1500
"""Yes-or-no columns from which on rounding is not tried first: each of its profiles takes a linear program of
the whole region."""
WHOLE_DECISIONS_MAX = 600
"""Yes-or-no columns up to which the whole region is searched where the gap asked for was missed: of three
machines over two days."""
WHOLE_COLUMNS_MAX = 20_000
"""Columns up to which it is searched: some twenty assets over two days."""
WHOLE_SHARE = 0.3
"""Share of the time left that this search may take."""
NODES_MAX = 100
"""Nodes of the search tree: as a rule they end it and not the clock, so that equal plannings give equal
plans."""
PERTURBATION, LARGE_PERTURBATION = 1.0, 0.1
"""How much HiGHS changes costs on its way, as a share of its default; of a large region, where it otherwise
takes longer to take that back than to solve."""
STEADINESS = 0.3
"""How strongly an improved profile holds on to the one before, as a share of the largest cost of running."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seat:
    """A machine's columns by period. Of a load in blocks ``on`` are its begins; it has no ``load``."""

    item: Machine | BlockLoad
    on: IntArray
    load: IntArray

    @property
    def start_eur(self) -> float:
        """What a start costs beside running."""
        return self.item.start_eur if isinstance(self.item, Machine) else 0.0

    def profile(self, wish: Wish, *, unserved_eur: float | None = None) -> FloatArray:
        """Give the cheapest profile of 0 and 1; a block left unserved costs its price unless one is given."""
        if isinstance(self.item, Machine):
            return profile_of(self.item, wish)
        if unserved_eur is None:
            unserved_eur = self.item.unserved_eur_per_kwh * self.item.block_kwh
        return begins_of(self.item, wish.running_eur, unserved_eur=unserved_eur)


def seats_of(layout: Layout, problem: Problem) -> tuple[Seat, ...]:
    """Find every machine's columns."""
    machines = {item.asset_id: item for item in problem.members if isinstance(item, Machine | BlockLoad)}
    seats: list[Seat] = []
    for group in layout.groups:
        if group.kind.binary:
            on = group.columns(group.kind.binary[0])
            has_load = "load_kw" in group.prototype.variables
            load = group.columns("load_kw") if has_load else np.zeros((len(on), 0), dtype=np.int64)
            seats += [
                Seat(item=machines[asset_id], on=on[index], load=load[index])
                for index, asset_id in enumerate(group.asset_ids)
            ]
    return tuple(seats)


def solve_rounded(
    solver: LinearSolver,
    layout: Layout,
    numbers: Numbers,
    seats: Sequence[Seat],
    *,
    coordinator: Coordinator,
    deadline: float,
    gap: float,
) -> Solved:
    """Decide quickly which machines run when, then give stores one direction a period."""
    task = Task(
        solver=solver, layout=layout, numbers=numbers, coordinator=coordinator, deadline=deadline, gap=gap
    )
    quick = solve_quickly(task, seats)
    decisions = coordinator.components(layout).binary.size
    is_small = 0 < decisions <= WHOLE_DECISIONS_MAX and layout.columns <= WHOLE_COLUMNS_MAX
    if is_within(quick, gap) or not is_small:
        return quick
    # What comes after a plan, runs and courses to hold on to, needs its time, too.
    nearer = time.perf_counter() + WHOLE_SHARE * max(0.0, seconds_left(deadline))
    searched, _end = search_whole(replace(task, deadline=nearer), quick, nodes_max=NODES_MAX)
    # However the search ended, the plan's own linear program was solved, or was cut short.
    is_proven = searched.solution.priced and is_within(searched, gap)
    return replace(searched, end=End.OPTIMAL) if is_proven else searched


def solve_quickly(task: Task, seats: Sequence[Seat]) -> Solved:
    """Round in small regions; coordinate in large ones, and where rounding misses the gap asked for."""
    solver, layout, numbers, coordinator = task.solver, task.layout, task.numbers, task.coordinator
    deadline, gap = task.deadline, task.gap
    binary = coordinator.components(layout).binary
    is_large = binary.size >= LARGE_DECISIONS
    solver.perturb(LARGE_PERTURBATION if is_large else PERTURBATION)
    if is_large:
        task = replace(task, is_large=True)
        return solve_coordinated(task, seats, loosened(task), None)
    relaxed = solver.solve(seconds_max=seconds_left(deadline))
    if not binary.size:
        return one_way(solver, layout, numbers, relaxed, deadline=deadline, gap=gap)
    if is_whole(relaxed.column[binary]):
        fixed = with_fixed(numbers, binary, np.round(relaxed.column[binary]), numbers.upper)
        solver.bound(fixed.lower, fixed.upper)
        solved = one_way(solver, layout, fixed, relaxed, deadline=deadline, gap=gap)
        return Solved(solution=solved.solution, bound_eur=relaxed.bound_eur, end=solved.end)
    return solve_coordinated(task, seats, relaxed, _best_rounding(task, seats, relaxed))


def solve_coordinated(task: Task, seats: Sequence[Seat], relaxed: Solution, best: Candidate | None) -> Solved:
    """Coordinate where the gap asked for is not reached; give the cheapest with one direction a period."""

    def nearest() -> FloatArray:
        return _on_of(task, seats, next(_first_profiles(task.layout, task.numbers, seats, relaxed)))

    bound_eur = relaxed.bound_eur
    if best is None or not is_near(best.solution.objective_eur, bound_eur, gap=task.gap):
        found = coordinate(task, relaxed=relaxed, best=best, otherwise=nearest)
        best, bound_eur = found.best, found.bound_eur
    task.solver.bound(best.fixed.lower, best.fixed.upper)
    solved = one_way(
        task.solver, task.layout, best.fixed, best.solution, deadline=task.deadline, gap=task.gap
    )
    return Solved(solution=solved.solution, bound_eur=bound_eur, end=solved.end)


def _on_of(task: Task, seats: Sequence[Seat], profiles: Sequence[FloatArray]) -> FloatArray:
    """Give profiles in the order of the region's yes-or-no columns."""
    values = np.zeros(task.layout.columns)
    for seat, profile in zip(seats, profiles, strict=True):
        values[seat.on] = profile
    on: FloatArray = values[task.coordinator.components(task.layout).binary]
    return on


def _best_rounding(task: Task, seats: Sequence[Seat], relaxed: Solution) -> Candidate:
    """Price several profiles and improve the best.

    Raises:
        NoPlan: not even the first could be priced in time.
    """
    layout, numbers = task.layout, task.numbers
    binary = task.coordinator.components(layout).binary
    best: Candidate | None = None
    best_profiles: list[FloatArray] = []
    tried: set[bytes] = set()

    def price(profiles: list[FloatArray]) -> bool:
        """Price profiles not seen before; tell whether they are the best so far."""
        nonlocal best, best_profiles
        on = _on_of(task, seats, profiles)
        if on.tobytes() in tried:
            return False
        tried.add(on.tobytes())
        fixed = with_fixed(numbers, binary, on, numbers.upper)
        task.solver.bound(fixed.lower, fixed.upper)
        try:
            solution = task.solver.solve(seconds_max=seconds_left(task.deadline))
        except NoPlan:
            if best is None:
                raise
            return False  # out of time: the best so far stands
        if best is not None and solution.objective_eur >= best.solution.objective_eur:
            return False
        best, best_profiles = Candidate(on=on, fixed=fixed, solution=solution), profiles
        return True

    def is_good() -> bool:
        return best is not None and is_near(best.solution.objective_eur, relaxed.bound_eur, gap=task.gap)

    for profiles in _first_profiles(layout, numbers, seats, relaxed):
        price(profiles)
        if is_good():
            break
    if best is None:
        raise NoPlan("no profile of the machines could be priced")
    for _round in range(IMPROVEMENTS_MAX):
        if is_good() or not price(_improved(layout, numbers, seats, best_profiles, best.solution)):
            break
    return best


def _first_profiles(
    layout: Layout, numbers: Numbers, seats: Sequence[Seat], relaxed: Solution
) -> Iterator[list[FloatArray]]:
    """Fit the linear program's profiles at several thresholds, and follow its prices near them."""
    for threshold in THRESHOLDS:
        yield [
            seat.profile(
                Wish(running_eur=threshold - relaxed.column[seat.on], start_eur=START_PERIODS),
                unserved_eur=float(seat.on.size),
            )
            for seat in seats
        ]
    running_eur = _running_eur(layout, numbers, seats, relaxed)
    yield [
        seat.profile(
            Wish(
                running_eur=eur + _scale_eur(seat, eur) * (0.5 - relaxed.column[seat.on]),
                start_eur=seat.start_eur,
            ),
        )
        for seat, eur in zip(seats, running_eur, strict=True)
    ]


def _improved(
    layout: Layout, numbers: Numbers, seats: Sequence[Seat], profiles: list[FloatArray], priced: Solution
) -> list[FloatArray]:
    """Follow the prices of a plan, holding on to its profiles."""
    running_eur = _running_eur(layout, numbers, seats, priced)
    return [
        seat.profile(
            Wish(
                running_eur=eur + STEADINESS * _scale_eur(seat, eur) * (1.0 - 2.0 * profile),
                start_eur=seat.start_eur,
            ),
        )
        for seat, eur, profile in zip(seats, running_eur, profiles, strict=True)
    ]


def _scale_eur(seat: Seat, running_eur: FloatArray) -> float:
    return max(float(np.abs(running_eur).max()), seat.start_eur, WHOLE)


def _running_eur(
    layout: Layout, numbers: Numbers, seats: Sequence[Seat], priced: Solution
) -> list[FloatArray]:
    """Give what running a machine costs in each period at a plan's prices, at its better load."""
    balances = np.arange(layout.rows) < len(layout.balances) * layout.periods
    net_eur = net_cost_eur(layout, numbers, priced.row_dual, balances)
    found: list[FloatArray] = []
    for seat in seats:
        on_eur, load_eur = net_eur[seat.on], net_eur[seat.load]
        if not isinstance(seat.item, Machine):
            found.append(on_eur)
            continue
        most_kw = np.minimum(numbers.upper[seat.load], seat.item.power_kw_rated)
        found.append(on_eur + np.minimum(load_eur * seat.item.power_kw_least, load_eur * most_kw))
    return found


def is_whole(values: FloatArray) -> bool:
    """Tell whether all values are 0 or 1."""
    return bool((np.minimum(np.abs(values), np.abs(1.0 - values)) <= WHOLE).all())


def solve_exact(
    solver: LinearSolver,
    layout: Layout,
    numbers: Numbers,
    seats: Sequence[Seat],
    *,
    coordinator: Coordinator,
    deadline: float,
    gap: float,
) -> Solved:
    """Search whole numbers to the gap, from the rounded plan on; then price what was found."""
    task = Task(
        solver=solver, layout=layout, numbers=numbers, coordinator=coordinator, deadline=deadline, gap=gap
    )
    quick = solve_quickly(task, seats)
    if is_within(quick, gap):
        return quick
    solved, end = search_whole(task, quick)
    return replace(solved, end=end)
