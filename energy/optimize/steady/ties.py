"""Ties decided in a second solve: of plans that cost the same, the one nearest to the plan before.

A linear program has many optimal points wherever prices tie, and which of them a solver gives is chance. All
of them share the same face: columns with a reduced cost and rows with a dual stay where they are
(complementary slackness; for example Dantzig and Thapa, Linear Programming 1, 1997, theorem 5.4). On it the
second solve moves what is left free as near as it can to the plan before. It is a small program of its own:
only columns that are free and rows that they touch, so the large one keeps its basis and its duals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.apart import compressed, solve_apart
from energy.optimize.highs.instance import Solution
from energy.optimize.highs.program import Program
from energy.optimize.items import Charging, Item, Source, Storage
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.group import Group
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from energy.optimize.network_items import Machine, Reservoir
from energy.optimize.problem import Problem
from energy.optimize.search.directions import both_ways, exclusive_pairs, some
from energy.optimize.steady.before import Before
from energy.periods import PERIOD_H
from energy.region.model import Control

FACE_EUR = 1e-6
"""A reduced cost or a dual below this (EUR a kW) is a tie: ten times the solver's own dual tolerance."""
SPAN = 4.0
"""With a price of change, columns are free up to this many times it: a kW moved to another period changes
two powers, there and back, and both may be changed for the better."""
TOLERANCE_EUR = 0.01
"""The second plan may cost a cent more than the first: what a thousand columns of 100 kW make of FACE_EUR is
ten times that, and is not taken."""
SMOOTHNESS = 0.1
"""Weight of a change from one period to the next against a change from the plan before: it decides where no
plan before does, and towards the end of the near periods, where the plan before counts less than this."""
SPREAD = 2
"""Columns are free for this many times the periods that are held on to: what is moved out of them needs a
place."""
SECONDS_MAX = 2.0
"""The second solve's own time limit."""
ROUNDS_MAX = 2
"""Times that it is solved: once more where a store would charge and discharge at once."""
ITERATIONS_MAX = 20_000
"""Steps after which the second solve ends without a result, the same ones on every machine."""
FEASIBLE = 1e-5
"""Rows and bounds may be missed by this much (kW, kWh), as by the first plan: above the solver's 1e-7, below
what is reported as a breach."""
STEERED = (Storage, Charging, Source, Machine, Reservoir)
"""What has a setpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """How strongly a plan holds on to the one before.

    ``near_periods`` are held on to, the nearest most; 0 for none. ``change_eur_per_kwh`` is what a kWh
    otherwise than planned before may cost; 0 decides ties only.
    """

    near_periods: int
    change_eur_per_kwh: float = 0.0


def steadiness_of(control: Control, before: Before | None) -> Steadiness:
    """Read how strongly a region's plans hold on to the one before; without one ties only are decided."""
    return Steadiness(
        near_periods=round(control.steady_h / PERIOD_H),
        change_eur_per_kwh=0.0 if before is None else control.change_eur_per_kwh,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wishes:
    """Sums of columns that should be equal to a target, in compressed rows, with their weights."""

    start: IntArray
    column: IntArray
    coefficient: FloatArray
    target: FloatArray
    weight: FloatArray


def settle(
    layout: Layout,
    numbers: Numbers,
    problem: Problem,
    solution: Solution,
    *,
    fixed: IntArray,
    steadiness: Steadiness,
) -> Solution:
    """Move a solution on its optimal face as near as possible to the plan before.

    Args:
        layout: the structure.
        numbers: the numbers that the solution belongs to, before anything was fixed.
        problem: with the plan before, if there is one.
        solution: with its duals.
        fixed: columns that stay as they are (machines' runs).
        steadiness: how strongly.

    Raises:
        NoPlan: the second solve failed, or what it gave cannot be taken.
    """
    if not solution.priced:
        raise NoPlan("there are no prices that tell what is a tie")
    price_eur = steadiness.change_eur_per_kwh * PERIOD_H
    free = _free(layout, numbers, solution, fixed=fixed, steadiness=steadiness)
    wishes = _wishes(layout, numbers, problem, near=min(layout.periods, steadiness.near_periods))
    free &= _of_assets_that_may_move(layout, free, wishes)
    column = solution.column
    for _round in range(ROUNDS_MAX):
        program = _program(layout, numbers, solution, free=free, wishes=wishes, price_eur=price_eur)
        if program is None:
            break
        found = solve_apart(program, seconds_max=SECONDS_MAX, iterations_max=ITERATIONS_MAX)
        count = int(np.count_nonzero(free))
        column = solution.column.copy()
        column[free] = np.clip(found[:count], program.lower[:count], program.upper[:count])
        if not _pin_one_way(layout, free, solution.column, column):
            break
    return _accepted(layout, numbers, solution, column, wishes=wishes, price_eur=price_eur)


def _pin_one_way(layout: Layout, free: BoolArray, first: FloatArray, column: FloatArray) -> bool:
    """Pin one column of each pair that is now used both ways, the one not used at first; tell if any was."""
    pairs = exclusive_pairs(layout)
    broken = some(pairs, both_ways(pairs, column) & ~both_ways(pairs, first))
    by_first = first[broken.first] - first[broken.second]
    leads = np.where(by_first != 0.0, by_first, column[broken.first] - column[broken.second]) >= 0.0
    free[np.where(leads, broken.second, broken.first)] = False
    return bool(broken.count)


def _free(
    layout: Layout, numbers: Numbers, solution: Solution, *, fixed: IntArray, steadiness: Steadiness
) -> BoolArray:
    """Tell the columns that may move without a cost, or for less than the price of change."""
    face_eur = max(FACE_EUR, SPAN * steadiness.change_eur_per_kwh * PERIOD_H)
    free: BoolArray = (np.abs(solution.column_dual) <= face_eur) & (numbers.lower < numbers.upper)
    free[fixed] = False
    free &= _period(layout) < SPREAD * steadiness.near_periods
    return free


def _of_assets_that_may_move(layout: Layout, free: BoolArray, wishes: Wishes) -> BoolArray:
    """Tell the columns of assets of which some wish may move, and of all that nobody wishes anything of."""
    sizes = [np.full(len(group.asset_ids), group.prototype.columns) for group in layout.groups]
    size = np.concatenate(sizes)
    asset = np.repeat(np.arange(size.size), size)
    wished = np.zeros(size.size, dtype=np.bool_)
    wished[asset[wishes.column]] = True
    moves = np.zeros(size.size, dtype=np.bool_)
    moves[asset[wishes.column[free[wishes.column]]]] = True
    may: BoolArray = (moves | ~wished)[asset]
    return may


def _period(layout: Layout) -> IntArray:
    """Give each column's period; 0 where it belongs to no single one."""
    period = np.zeros(layout.columns, dtype=np.int64)
    for group in layout.groups:
        for name, own in group.prototype.variables.items():
            if own.size == layout.periods:
                period[group.columns(name)] = np.arange(layout.periods)
    return period


def _wishes(layout: Layout, numbers: Numbers, problem: Problem, *, near: int) -> Wishes:
    """Wish for the powers of the plan before, and for as few changes from period to period."""
    items: Mapping[str, Item] = {item.asset_id: item for item in problem.items}
    starts: list[IntArray] = []
    parts: list[Wishes] = []
    for group, theta in zip(layout.groups, numbers.thetas, strict=True):
        if isinstance(items[group.asset_ids[0]], STEERED):
            parts.extend(_group_wishes(group, theta, problem.before, near))
    entries = 0
    for part in parts:
        starts.append(part.start[:-1] + entries)
        entries += part.column.size
    empty = np.zeros(0)
    return Wishes(
        start=np.concatenate([*starts, np.array([entries])]).astype(np.int64),
        column=np.concatenate([empty.astype(np.int64), *(part.column for part in parts)]),
        coefficient=np.concatenate([empty, *(part.coefficient for part in parts)]),
        target=np.concatenate([empty, *(part.target for part in parts)]),
        weight=np.concatenate([empty, *(part.weight for part in parts)]),
    )


def _group_wishes(group: Group, theta: FloatArray, before: Before | None, near: int) -> list[Wishes]:
    """Wish for a group: each asset's held power (a source's is what is curtailed) by period."""
    p = group.prototype
    name = "power_kw_curtailed" if "power_kw_curtailed" in p.readouts else "power_kw"
    place = p.readouts.index(name)
    mine = np.flatnonzero((p.readout_row >= place * p.periods) & (p.readout_row < place * p.periods + near))
    mine = mine[np.argsort(p.readout_row[mine], kind="stable")]
    period = p.readout_row[mine] - place * p.periods
    counts = np.bincount(period, minlength=near)
    own = group.first_column + np.arange(len(group.asset_ids))[:, None] * p.columns
    column = own + p.readout_column[mine][None, :]
    coefficient = p.readout[mine].at(theta)
    offset = p.readout_offset.at(theta)[:, place * p.periods : place * p.periods + near]
    known = _targets(group, before, name, near)
    weight = np.broadcast_to(1.0 - np.arange(near) / near, known.shape)
    target = np.where(np.isnan(known), 0.0, known - offset)
    hold = Wishes(
        start=_starts(np.tile(counts, len(group.asset_ids))),
        column=column.ravel(),
        coefficient=coefficient.ravel(),
        target=target.ravel(),
        weight=np.where(np.isnan(known), 0.0, weight).ravel(),
    )
    return [hold, _smooth(hold, offset)]


def _smooth(hold: Wishes, offset: FloatArray) -> Wishes:
    """Wish that each period's power is that of the period before; ``offset`` is no column's part of it."""
    assets, near = offset.shape
    row = np.arange(assets * near).reshape(assets, near)
    later, earlier = row[:, 1:].ravel(), row[:, :-1].ravel()
    size = np.diff(hold.start)
    order = np.stack([later, earlier], axis=1).ravel()
    sign = np.tile([1.0, -1.0], later.size)
    entry = _ranges(hold.start[order], size[order])
    return Wishes(
        start=_starts(size[later] + size[earlier]),
        column=hold.column[entry],
        coefficient=hold.coefficient[entry] * np.repeat(sign, size[order]),
        target=-np.diff(offset, axis=1).ravel(),
        weight=np.full(later.size, SMOOTHNESS),
    )


def _targets(group: Group, before: Before | None, name: str, near: int) -> FloatArray:
    """Give what was planned before, shape (assets, near); NaN where it is not known."""
    unknown = np.full(near, np.nan)
    if before is None:
        return np.tile(unknown, (len(group.asset_ids), 1))
    series = before.curtailed_kw if name == "power_kw_curtailed" else before.power_kw
    return np.stack([series.get(asset_id, unknown)[:near] for asset_id in group.asset_ids])


def _program(
    layout: Layout,
    numbers: Numbers,
    solution: Solution,
    *,
    free: BoolArray,
    wishes: Wishes,
    price_eur: float,
) -> Program | None:
    """State the second solve: free columns, then two columns a wish; None where no wish can move."""
    columns = np.flatnonzero(free)
    place = np.full(layout.columns, -1, dtype=np.int64)
    place[columns] = np.arange(columns.size)
    wish_row, wish_column, wish_value, target, weight = _moving(wishes, free, place, solution.column)
    if not weight.size:
        return None
    # The rows that free columns touch, with what those columns bring to them now.
    entry = _ranges(layout.column_start[columns].astype(np.int64), np.diff(layout.column_start)[columns])
    own_column = np.repeat(np.arange(columns.size), np.diff(layout.column_start)[columns])
    rows, own_row = np.unique(layout.row_index[entry], return_inverse=True)
    value = numbers.coefficients[entry]
    now = np.bincount(own_row, weights=value * solution.column[columns][own_column], minlength=rows.size)
    stays = np.abs(solution.row_dual[rows]) > max(FACE_EUR, SPAN * price_eur)
    others = solution.row[rows] - now
    row_lower = np.where(stays, now, np.minimum(now, numbers.row_lower[rows] - others))
    row_upper = np.where(stays, now, np.maximum(now, numbers.row_upper[rows] - others))
    count, first = weight.size, columns.size
    more, less = first + np.arange(count), first + count + np.arange(count)
    wish_rows = rows.size + np.arange(count)
    cost = numbers.cost_eur[columns] / price_eur if price_eur > 0.0 else np.zeros(columns.size)
    lower, upper = np.minimum(numbers.lower, solution.column), np.maximum(numbers.upper, solution.column)
    start, row, value = compressed(
        np.concatenate([own_row, rows.size + wish_row, wish_rows, wish_rows]),
        np.concatenate([own_column, wish_column, more, less]),
        np.concatenate([value, wish_value, np.full(count, -1.0), np.ones(count)]),
        columns=first + 2 * count,
    )
    return Program(
        cost_eur=np.concatenate([cost, weight, weight]),
        lower=np.concatenate([lower[columns], np.zeros(2 * count)]),
        upper=np.concatenate([upper[columns], np.full(2 * count, np.inf)]),
        row_lower=np.concatenate([row_lower, target]),
        row_upper=np.concatenate([row_upper, target]),
        column_start=start,
        row_index=row,
        coefficients=value,
        offset_eur=0.0,
    )


def _moving(
    wishes: Wishes, free: BoolArray, place: IntArray, column: FloatArray
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
    """Pick the wishes with a free column, and take off their targets what cannot move."""
    count = wishes.weight.size
    row = np.repeat(np.arange(count), np.diff(wishes.start))
    moves = free[wishes.column]
    still = np.bincount(
        row[~moves], weights=(wishes.coefficient * column[wishes.column])[~moves], minlength=count
    )
    chosen = (np.bincount(row[moves], minlength=count) > 0) & (wishes.weight > 0.0)
    number = np.cumsum(chosen) - 1
    entry = moves & chosen[row]
    return (
        number[row[entry]],
        place[wishes.column[entry]],
        wishes.coefficient[entry],
        (wishes.target - still)[chosen],
        wishes.weight[chosen],
    )


def _accepted(
    layout: Layout,
    numbers: Numbers,
    solution: Solution,
    column: FloatArray,
    *,
    wishes: Wishes,
    price_eur: float,
) -> Solution:
    """Look at a moved solution before it is taken.

    Raises:
        NoPlan: it breaks a limit, uses both directions at once, or costs more than it may.
    """
    entries = np.repeat(column - solution.column, np.diff(layout.column_start)) * numbers.coefficients
    row = solution.row + np.bincount(layout.row_index, weights=entries, minlength=layout.rows)
    slack = np.maximum(numbers.row_lower - row, row - numbers.row_upper)
    before = np.maximum(numbers.row_lower - solution.row, solution.row - numbers.row_upper)
    if (slack > np.maximum(before, 0.0) + FEASIBLE).any():
        raise NoPlan("the second solve missed a limit")
    pairs = exclusive_pairs(layout)
    if (both_ways(pairs, column) & ~both_ways(pairs, solution.column)).any():
        raise NoPlan("the second solve charged and discharged at once")
    dearer_eur = float(numbers.cost_eur @ (column - solution.column))
    nearer_eur = price_eur * (_distance(wishes, solution.column) - _distance(wishes, column))
    if dearer_eur > max(0.0, nearer_eur) + TOLERANCE_EUR:
        raise NoPlan("the second solve cost more than it may")
    return replace(solution, objective_eur=solution.objective_eur + dearer_eur, column=column, row=row)


def _distance(wishes: Wishes, column: FloatArray) -> float:
    """Add up by how much wishes are missed, weighted."""
    row = np.repeat(np.arange(wishes.weight.size), np.diff(wishes.start))
    sums = np.bincount(row, weights=wishes.coefficient * column[wishes.column], minlength=wishes.weight.size)
    return float(wishes.weight @ np.abs(sums - wishes.target))


def _starts(counts: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _ranges(start: IntArray, size: IntArray) -> IntArray:
    """Join the ranges from each start on, in order."""
    ends = np.cumsum(size)
    total = int(ends[-1]) if ends.size else 0
    joined: IntArray = np.arange(total) + np.repeat(start - (ends - size), size)
    return joined
