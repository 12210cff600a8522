"""Several courses at once: what cannot wait is decided for all of them, the rest by course.

A two-stage stochastic program on the tiled matrix: each course is a copy of the region's numbers, and the
columns that cannot wait are equal in all copies. The objective weighs the mean cost against the mean of the
dearest courses (Rockafellar and Uryasev 2000, Optimization of conditional value-at-risk, Journal of Risk 2,
doi 10.21314/JOR.2000.038).

Machines run and stand as the plan of the expected course has them, in every copy. Where a copy charges and
discharges at once it is given one direction, that of this plan where it has one: a copy that could burn what
it charges would decide for now what no plan can go on from without breaking a limit.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import block_diag, csc_array, hstack, vstack

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.program import Exclusive
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.form import IntArray
from energy.optimize.matrix.layout import Layout, items_by_group, signature_of
from energy.optimize.matrix.tile import Numbers, numbers_of
from energy.optimize.problem import Problem
from energy.optimize.search.directions import BOTH_WAYS_KW, both_ways, exclusive_pairs

CANNOT_WAIT = ("charge_kw", "discharge_kw", "load_kw", "on", "pump_kw", "boiled_kw")
"""Variables whose first period is commanded before anybody knows which course it is: stores, machines, pumps.
Curtailment and charging at wish are caps that each course fills as it comes; the exchange closes the
balance."""
ROUNDS_MAX = 5
"""Times that the courses' program is solved while a course would charge and discharge at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """A course beside the expected one."""

    probability: float
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hedge:
    """What to hedge against: the other courses, and how much the dear ones count (CVaR at ``risk_level``)."""

    others: tuple[Scenario, ...]
    risk_weight: float = 0.0
    risk_level: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hedged:
    """What cannot wait, as decided, and what each course then costs: the expected one first."""

    columns: IntArray
    value: FloatArray
    cost_eur: FloatArray
    probability: FloatArray

    @property
    def mean_eur(self) -> float:
        """The mean cost."""
        return float(self.probability @ self.cost_eur)

    def cvar_eur(self, level: float) -> float:
        """The mean cost of the dearest 1 - level, part of a course counting as its part."""
        order = np.argsort(-self.cost_eur, kind="stable")
        left = np.minimum(np.cumsum(self.probability[order]), 1.0 - level)
        taken = np.diff(left, prepend=0.0)
        return float(taken @ self.cost_eur[order] / (1.0 - level))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stack:
    """The courses' program: copy by copy, then what CVaR adds."""

    matrix: csc_array
    cost_eur: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray


class Hedger:
    """Solves the courses of one region again and again; its HiGHS instance stays warm."""

    def __init__(self) -> None:
        self._solver = LinearSolver()
        self._shape: Layout | None = None

    def decide(
        self,
        layout: Layout,
        numbers: Numbers,
        hedge: Hedge,
        *,
        fixed: IntArray,
        seconds_max: float,
        planned: FloatArray | None = None,
    ) -> Hedged:
        """Decide what cannot wait.

        Args:
            layout: of the expected course's problem.
            numbers: the same, with what ``fixed`` names already decided in its bounds.
            hedge: the other courses.
            fixed: columns that have these bounds in every course: which machines run when.
            seconds_max: time limit.
            planned: columns of the plan of the expected course: where a course would charge and discharge at
                once it goes the way of that plan, else the way that leads.

        Raises:
            NoPlan: no feasible point within the time limit, directions could not be kept apart, or a
                course's problem has another structure.
        """
        deadline = time.perf_counter() + seconds_max
        copies = [numbers, *(_course(layout, numbers, other.problem, fixed) for other in hedge.others)]
        others = np.array([other.probability for other in hedge.others])
        probability = np.concatenate([[1.0 - others.sum()], others])
        now = cannot_wait(layout)
        stack = _stacked(layout, copies, probability, now, hedge)
        stack.matrix.sort_indices()
        self._solver.update(self._shape_of(layout, stack.matrix), _numbers_of(stack))
        column = self._one_way(layout, stack, planned, copies=len(copies), deadline=deadline)
        by_course = column[: len(copies) * layout.columns].reshape(len(copies), layout.columns)
        costs = [
            float(copy.cost_eur @ own) + copy.offset_eur for copy, own in zip(copies, by_course, strict=True)
        ]
        return Hedged(columns=now, value=by_course[0, now], cost_eur=np.array(costs), probability=probability)

    def _one_way(
        self,
        layout: Layout,
        stack: _Stack,
        planned: FloatArray | None,
        *,
        copies: int,
        deadline: float,
    ) -> FloatArray:
        """Solve, and again with one direction where a course used both."""
        own = exclusive_pairs(layout)
        shift = layout.columns * np.arange(copies)[:, None]
        pairs = Exclusive(first=(own.first + shift).ravel(), second=(own.second + shift).ravel())
        none = np.zeros(layout.columns) if planned is None else planned
        by_plan = np.tile(none[own.first] - none[own.second], copies)
        upper = stack.upper
        for round_ in range(ROUNDS_MAX):
            column = self._solver.solve(seconds_max=deadline - time.perf_counter()).column
            broken = both_ways(pairs, column)
            if not broken.any():
                return column
            leads = np.where(
                np.abs(by_plan) > BOTH_WAYS_KW, by_plan, column[pairs.first] - column[pairs.second]
            )
            # Kept from burning here a course burns there: then every pair in use is given its direction.
            given = broken if round_ == 0 else (leads != 0.0) | (round_ == ROUNDS_MAX - 2)
            upper = upper.copy()
            upper[np.where(leads >= 0.0, pairs.second, pairs.first)[given]] = 0.0
            self._solver.bound(stack.lower, upper)
        raise NoPlan("directions of the courses could not be kept apart")

    def _shape_of(self, layout: Layout, matrix: csc_array) -> Layout:
        """Give the stack's structure, the one before where it is the same: HiGHS then stays warm."""
        start, index = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
        old = self._shape
        if old is not None and (
            np.array_equal(old.column_start, start) and np.array_equal(old.row_index, index)
        ):
            return old
        rows, columns = matrix.shape
        shape = replace(layout, groups=(), columns=columns, rows=rows, column_start=start, row_index=index)
        self._shape = shape
        return shape


def cannot_wait(layout: Layout) -> IntArray:
    """Give the first period's columns of what is commanded now."""
    found = [
        group.columns(name)[:, 0]
        for group in layout.groups
        for name in CANNOT_WAIT
        if name in group.prototype.variables
    ]
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *found]))


def kept(numbers: Numbers, hedged: Hedged) -> Numbers:
    """Fix what was decided, within its bounds."""
    lower, upper = numbers.lower.copy(), numbers.upper.copy()
    value = np.clip(hedged.value, lower[hedged.columns], upper[hedged.columns])
    lower[hedged.columns], upper[hedged.columns] = value, value
    return replace(numbers, lower=lower, upper=upper)


def _course(layout: Layout, numbers: Numbers, problem: Problem, fixed: IntArray) -> Numbers:
    if signature_of(items_by_group(problem)) != layout.signature:
        raise NoPlan("a course's problem has another structure than the expected one's")
    own = numbers_of(layout, problem)
    lower, upper = own.lower.copy(), own.upper.copy()
    lower[fixed], upper[fixed] = numbers.lower[fixed], numbers.upper[fixed]
    return replace(own, lower=lower, upper=upper)


def _stacked(
    layout: Layout, copies: Sequence[Numbers], probability: FloatArray, now: IntArray, hedge: Hedge
) -> _Stack:
    blocks = [
        csc_array(
            (copy.coefficients, layout.row_index, layout.column_start), shape=(layout.rows, layout.columns)
        )
        for copy in copies
    ]
    count = len(copies)
    shares = (1.0 - hedge.risk_weight) * probability
    matrix = vstack([block_diag(blocks), _equal(now, count, layout.columns)])
    equal = np.zeros((count - 1) * now.size)
    stack = _Stack(
        matrix=csc_array(matrix),
        cost_eur=np.concatenate([share * copy.cost_eur for share, copy in zip(shares, copies, strict=True)]),
        lower=np.concatenate([copy.lower for copy in copies]),
        upper=np.concatenate([copy.upper for copy in copies]),
        row_lower=np.concatenate([*(copy.row_lower for copy in copies), equal]),
        row_upper=np.concatenate([*(copy.row_upper for copy in copies), equal]),
    )
    return stack if hedge.risk_weight == 0.0 else _with_risk(stack, copies, probability, hedge)


def _equal(now: IntArray, count: int, columns: int) -> csc_array:
    """Rows that make each copy's columns equal to the first copy's."""
    rows = np.arange((count - 1) * now.size)
    other = (now[None, :] + columns * np.arange(1, count)[:, None]).ravel()
    one = np.ones(rows.size)
    return csc_array(
        (
            np.concatenate([one, -one]),
            (np.concatenate([rows, rows]), np.concatenate([np.tile(now, count - 1), other])),
        ),
        shape=(rows.size, count * columns),
    )


def _with_risk(stack: _Stack, copies: Sequence[Numbers], probability: FloatArray, hedge: Hedge) -> _Stack:
    """Add the value at risk (free) and each course's excess above it: cost - at_risk - excess <= -offset."""
    count = len(copies)
    costs = block_diag([csc_array(copy.cost_eur[None, :]) for copy in copies])
    risk = csc_array(np.hstack([-np.ones((count, 1)), -np.eye(count)]))
    nothing = csc_array((stack.matrix.shape[0], count + 1))
    tail = hedge.risk_weight * probability / (1.0 - hedge.risk_level)
    return _Stack(
        matrix=csc_array(vstack([hstack([stack.matrix, nothing]), hstack([costs, risk])])),
        cost_eur=np.concatenate([stack.cost_eur, [hedge.risk_weight], tail]),
        lower=np.concatenate([stack.lower, [-np.inf], np.zeros(count)]),
        upper=np.concatenate([stack.upper, np.full(count + 1, np.inf)]),
        row_lower=np.concatenate([stack.row_lower, np.full(count, -np.inf)]),
        row_upper=np.concatenate([stack.row_upper, [-copy.offset_eur for copy in copies]]),
    )


def _numbers_of(stack: _Stack) -> Numbers:
    return Numbers(
        cost_eur=stack.cost_eur,
        lower=stack.lower,
        upper=stack.upper,
        row_lower=stack.row_lower,
        row_upper=stack.row_upper,
        coefficients=stack.matrix.data,
        offset_eur=0.0,
        thetas=(),
    )
