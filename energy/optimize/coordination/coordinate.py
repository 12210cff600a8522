"""The coordinating: prices from a linear program, each part decides at them, one linear program to repair."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.coordination.components import Components, Part, components_of, parts_of
from energy.optimize.coordination.piece import Answer, seconds_left
from energy.optimize.coordination.prices import bound_eur, net_cost_eur, piece_of
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.highs.instance import Solution, is_near
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.form import IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from energy.optimize.search.directions import both_ways, exclusive_pairs

ROUNDS_MAX = 4
"""Times that parts decide; measured, later rounds gained nothing."""
PIECES_SHARE = 0.6
"""Share of the time left that parts may take; the rest is for the linear program that repairs."""
GAP_SHARE = 0.25
"""Share of the gap asked for that all parts together may leave open by ending early."""
GAP_SHARE_FIRST = 0.6
"""The same in the first round of a large region, mostly its last one, where each part costs time."""
GAP_ASKED_MIN = 1e-6
"""Below this parts are not solved more exactly."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """Whole numbers with the linear plan that they lead to.

    ``on`` has the values of the region's yes-or-no columns, ``fixed`` the numbers with these bounds.
    """

    on: FloatArray
    fixed: Numbers
    solution: Solution


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coordinated:
    """The cheapest candidate, and what no plan can cost less than."""

    best: Candidate
    bound_eur: float


class Coordinator:
    """Keeps how a layout falls apart, and who solves the parts."""

    def __init__(self, workforce: Workforce) -> None:
        self.workforce = workforce
        self._layout: Layout | None = None
        self._components: Components | None = None
        self._parts: dict[int, Part] = {}

    def components(self, layout: Layout) -> Components:
        """Take a layout apart, once."""
        if self._components is None or self._layout is not layout:
            self._layout, self._components, self._parts = layout, components_of(layout), {}
        return self._components

    def parts(self, layout: Layout, which: Sequence[int]) -> list[Part]:
        """Cut components out, once each."""
        components = self.components(layout)
        pairs = exclusive_pairs(layout)
        missing = [component for component in which if component not in self._parts]
        cut = parts_of(layout, components, missing, pairs)
        self._parts.update(zip(missing, cut, strict=True))
        return [self._parts[component] for component in which]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """What is to be coordinated, until when (a moment of ``time.perf_counter``), to which relative gap.

    In a large region each linear program is solved without the basis before it: what presolve takes away is
    worth more there than a start from nearby.
    """

    solver: LinearSolver
    layout: Layout
    numbers: Numbers
    coordinator: Coordinator
    deadline: float
    gap: float
    is_large: bool = False


def coordinate(
    task: Task,
    *,
    relaxed: Solution,
    best: Candidate | None,
    otherwise: Callable[[], FloatArray],
) -> Coordinated:
    """Let parts decide at prices, round by round, until the gap is reached, time is up or nothing is new.

    Args:
        task: what, until when, how well.
        relaxed: a linear plan in which no part was restricted beyond its own program.
        best: a candidate that is known already.
        otherwise: gives yes-or-no values for parts that nobody solved.

    Raises:
        NoPlan: no candidate could be priced in time.
    """
    rounds = _Rounds(task, relaxed, best)
    for _round in range(ROUNDS_MAX):
        if not rounds.go(otherwise):
            break
    if rounds.best is None:
        raise NoPlan("no whole numbers could be priced")
    return Coordinated(best=rounds.best, bound_eur=rounds.bound_eur)


class _Rounds:
    """Where the coordinating stands: the best so far, what is proven, the prices to try next."""

    def __init__(self, task: Task, relaxed: Solution, best: Candidate | None) -> None:
        self._task = task
        self._components = task.coordinator.components(task.layout)
        self._pairs = exclusive_pairs(task.layout)
        self._broken = both_ways(self._pairs, relaxed.column)
        self._relaxed = relaxed
        self._plan = relaxed
        self._dual = relaxed.row_dual
        self._tried: set[bytes] = set()
        self.best = best
        self.bound_eur = relaxed.bound_eur

    def go(self, otherwise: Callable[[], FloatArray]) -> bool:
        """Go one round; tell whether another may help."""
        task, components = self._task, self._components
        in_use = components.of_column[self._pairs.first[self._broken]]
        parts = task.coordinator.parts(task.layout, np.union1d(components.with_binary, in_use).tolist())
        net_eur = net_cost_eur(task.layout, task.numbers, self._dual, components.coupling)
        answers = self._answers(parts, net_eur)
        complete = all(answer is not None for answer in answers)
        if self._dual is self._plan.row_dual and (complete or self._plan is self._relaxed):
            self.bound_eur = max(self.bound_eur, bound_eur(self._plan, net_eur, parts, answers))
        if self._is_good():
            return False
        on = otherwise() if self.best is None and not complete else self._on_so_far()
        upper = task.numbers.upper.copy()
        for part, answer in zip(parts, answers, strict=True):
            if answer is not None:
                on[np.searchsorted(components.binary, part.columns[part.binary])] = np.round(
                    answer.column[part.binary]
                )
        self._direct(upper, parts, answers)
        return self._price(on, upper)

    def _answers(self, parts: Sequence[Part], net_eur: FloatArray) -> list[Answer | None]:
        task = self._task
        scale_eur = max(1.0, abs(self._plan.objective_eur))
        share = GAP_SHARE_FIRST if task.is_large and not self._tried else GAP_SHARE
        gap_eur = share * max(task.gap, GAP_ASKED_MIN) * scale_eur / max(1, len(parts))
        pieces = [piece_of(part, task.numbers, net_eur, gap_eur=gap_eur) for part in parts]
        now = time.perf_counter()
        deadline = now + PIECES_SHARE * (task.deadline - now)
        return task.coordinator.workforce.solve(pieces, deadline=deadline)

    def _on_so_far(self) -> FloatArray:
        if self.best is not None:
            return self.best.on.copy()
        return np.zeros(self._components.binary.size)

    def _direct(self, upper: FloatArray, parts: Sequence[Part], answers: Sequence[Answer | None]) -> None:
        """Give pairs that were both in use one direction: as their part decided, else as it led."""
        column = self._plan.column.copy()
        for part, answer in zip(parts, answers, strict=True):
            if answer is not None and part.exclusive.count:
                column[part.columns] = answer.column
        first, second = self._pairs.first[self._broken], self._pairs.second[self._broken]
        upper[np.where(column[first] >= column[second], second, first)] = 0.0

    def _price(self, on: FloatArray, upper: FloatArray) -> bool:
        """Price a candidate; tell whether going on may help."""
        task, binary = self._task, self._components.binary
        key = on.tobytes() + upper.tobytes()
        if key in self._tried:
            return False
        first_time = not self._tried
        self._tried.add(key)
        fixed = with_fixed(task.numbers, binary, on, upper)
        task.solver.bound(fixed.lower, fixed.upper)
        if task.is_large:
            task.solver.forget()
        try:
            solution = task.solver.solve(seconds_max=seconds_left(task.deadline))
        except NoPlan:
            if self.best is None:
                raise
            return False
        self._broken = self._broken | both_ways(self._pairs, solution.column)
        if self.best is None or solution.objective_eur < self.best.solution.objective_eur:
            self.best = Candidate(on=on, fixed=fixed, solution=solution)
        self._plan = solution
        # The prices of a repaired plan overshoot; midway to those of the relaxed one is tried in turn.
        midway = 0.5 * (solution.row_dual + self._relaxed.row_dual)
        self._dual = solution.row_dual if first_time else midway
        return not self._is_good() and seconds_left(task.deadline) > 0.0

    def _is_good(self) -> bool:
        best = self.best
        if best is None:
            return False
        return is_near(best.solution.objective_eur, self.bound_eur, gap=self._task.gap)


def with_fixed(numbers: Numbers, columns: IntArray, values: FloatArray, upper: FloatArray) -> Numbers:
    """Give numbers with these upper bounds, and some columns fixed."""
    lower, upper = numbers.lower.copy(), upper.copy()
    lower[columns] = values
    upper[columns] = values
    return replace(numbers, lower=lower, upper=upper)
