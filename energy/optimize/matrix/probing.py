"""Finds the affine form of a kind's Pyomo prototype by compiling it at a few points.

Each number of the compiled model (coefficient, right-hand side, bound, cost) must be a constant or a
constant plus a slope times one element of one Param. Compilations at non-zero integers find the form: all
elements 1; all 2, which shows the slopes; 2, 3, 4, ... over all elements, which shows each number's element.
Compilations at other integers prove it, so that a product, a ratio or a sum cannot slip through, whichever
elements it is of: the ramp itself, on which no two elements are equal, then integers drawn from so many that
a polynomial of degree d agrees with an affine form in both draws with a probability of at most d squared in
a million (Schwartz, Fast probabilistic algorithms for verification of polynomial identities, 1980,
doi:10.1145/322217.322225). A number that is zero at one of the points keeps its place.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyomo.environ as pe
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from energy.domain import FloatArray
from energy.optimize.kinds.kind import Kind
from energy.optimize.matrix.form import NO_ELEMENT, Affine, BoolArray, IntArray

PROVING_SEEDS = (1, 2)
PROVING_INTEGERS = (3, 1_003)
"""From and below; from few integers two elements draw the same one so often that their difference or ratio
looks constant."""
TOLERANCE = 1e-9
"""Relative: the probes are integers, so only the last bits of a double may differ."""
BUILDS_MAX = 256
"""Compiled builds kept in a process: a dozen kinds, machines with a few dozen least times each."""
ROUNDING = 1e-12
"""A constant this small beside its slope is what subtracting the two left of zero."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Probed:
    """All numbers of a prototype with their places; rows and columns count from 0."""

    periods: int
    parameters: tuple[tuple[str, int], ...]
    variables: Mapping[str, IntArray]
    constraints: Mapping[str, IntArray]
    readouts: tuple[str, ...]
    parts: tuple[str, ...]
    """Names of the Objectives."""
    columns: int
    rows: int
    row_sense: IntArray
    matrix_row: IntArray
    matrix_column: IntArray
    matrix: Affine
    right_hand: Affine
    readout_row: IntArray
    """Readout index * periods + period."""
    readout_column: IntArray
    readout: Affine
    readout_offset: Affine
    lower: Affine
    upper: Affine
    lower_is_infinite: BoolArray
    upper_is_infinite: BoolArray
    cost_part: IntArray
    cost_column: IntArray
    cost: Affine
    cost_offset: Affine


def probe(kind: Kind[Any], periods: int, structure: int) -> Probed:
    """Find the affine form.

    Raises:
        ValueError: some number is not a constant plus a slope times one Param element.
    """
    readouts = ("power_kw", *kind.states)
    probed = _probed(kind.name, kind.build, readouts, periods, kind.base(structure))
    for build, key in kind.pieces(structure):
        probed = _with_rows(probed, _probed(kind.name, build, (), periods, key))
    return probed


@lru_cache(maxsize=BUILDS_MAX)
def _probed(
    name: str, build: Callable[[int, int], Any], readouts: tuple[str, ...], periods: int, structure: int
) -> Probed:
    return _Model(name, build(periods, structure), readouts, periods).probed()


def _with_rows(probed: Probed, piece: Probed) -> Probed:
    """Put a piece's rows behind the prototype's; its Vars and Params are found by name."""
    column = np.concatenate([probed.variables[name] for name in piece.variables])
    column = column[np.argsort(np.concatenate(list(piece.variables.values())))]
    names = [name for name, _size in probed.parameters]
    firsts = np.cumsum([0, *(size for _name, size in probed.parameters)])
    elements = [
        firsts[names.index(name)] + np.arange(size, dtype=np.int64) for name, size in piece.parameters
    ]
    parameters = [np.full(size, names.index(name)) for name, size in piece.parameters]
    none = np.array([NO_ELEMENT])

    def mapped(affine: Affine) -> Affine:
        element = np.concatenate([*elements, none])[affine.element]
        return replace(affine, element=element, parameter=np.concatenate([*parameters, none])[affine.element])

    return replace(
        probed,
        constraints={
            **probed.constraints,
            **{name: probed.rows + rows for name, rows in piece.constraints.items()},
        },
        rows=probed.rows + piece.rows,
        row_sense=np.concatenate([probed.row_sense, piece.row_sense]),
        matrix_row=np.concatenate([probed.matrix_row, probed.rows + piece.matrix_row]),
        matrix_column=np.concatenate([probed.matrix_column, column[piece.matrix_column]]),
        matrix=Affine.joined([probed.matrix, mapped(piece.matrix)]),
        right_hand=Affine.joined([probed.right_hand, mapped(piece.right_hand)]),
    )


class _Model:
    """Holds a prototype's Pyomo model while it is probed."""

    def __init__(self, name: str, model: Any, readouts: tuple[str, ...], periods: int) -> None:
        self._name = name
        self._periods = periods
        self._model = model
        self._params = list(model.component_objects(pe.Param, descend_into=False))
        self._sizes = [len(param) for param in self._params]
        self._columns = list(model.component_data_objects(pe.Var, descend_into=False))
        self._parts = [objective.name for objective in model.component_objects(pe.Objective)]
        self._readouts = readouts
        self._constraints = list(model.component_objects(pe.Constraint, descend_into=False))
        _add_readout_rows(model, self._readouts)
        rows = list(model.component_data_objects(pe.Constraint, descend_into=False))
        self._rows = len(rows)
        self._column_of = {id(var): index for index, var in enumerate(self._columns)}
        self._row_of = {id(row): index for index, row in enumerate(rows)}
        self._sense = np.zeros(self._rows, dtype=np.int64)

    def probed(self) -> Probed:
        n, m, parts = len(self._columns), self._rows, len(self._parts)
        own = m - len(self._readouts) * self._periods
        form, keys, infinite = self._form()
        ends = np.searchsorted(keys, np.cumsum([m * n, m, parts * n, parts, n, n]))
        matrix, rhs, cost, offset, lower, upper = (
            np.arange(first, end) for first, end in zip([0, *ends[:-1]], ends, strict=True)
        )
        row, column = np.divmod(keys[matrix], max(1, n))
        part, cost_column = np.divmod(keys[cost] - m * n - m, max(1, n))
        in_model = row < own
        return Probed(
            periods=self._periods,
            parameters=tuple((p.name, s) for p, s in zip(self._params, self._sizes, strict=True)),
            variables=_positions(self._model.component_objects(pe.Var), self._column_of, without="anchor"),
            constraints=_positions(self._constraints, self._row_of),
            readouts=self._readouts,
            parts=tuple(self._parts),
            columns=n,
            rows=own,
            row_sense=self._sense[:own],
            matrix_row=row[in_model],
            matrix_column=column[in_model],
            matrix=form[matrix[in_model]],
            right_hand=form[rhs[:own]],
            readout_row=row[~in_model] - own,
            readout_column=column[~in_model],
            readout=form[matrix[~in_model]],
            readout_offset=form[rhs[own:]].times(-1.0),
            lower=form[lower],
            upper=form[upper],
            lower_is_infinite=infinite[:n],
            upper_is_infinite=infinite[n:],
            cost_part=part,
            cost_column=cost_column,
            cost=form[cost],
            cost_offset=form[offset],
        )

    def _form(self) -> tuple[Affine, IntArray, BoolArray]:
        """Probe the model; give its numbers in affine form, their keys and the mask of infinite bounds."""
        elements = sum(self._sizes)
        ones = np.ones(elements)
        probes = [ones, 2.0 * ones, np.arange(2, elements + 2).astype(np.float64)]
        generators = [np.random.default_rng(seed) for seed in PROVING_SEEDS]
        proofs = [g.integers(*PROVING_INTEGERS, elements).astype(np.float64) for g in generators]
        points = [*probes, *proofs]
        # Without any Param all points are the same one.
        samples = [self._sample(theta) for theta in (points if elements else points[:1])]
        samples = samples if elements else samples * len(points)
        infinite = samples[0][2]
        keys = np.unique(np.concatenate([sample[0] for sample in samples]))
        values = [_on_pattern(keys, sample) for sample in samples]
        if any(not np.array_equal(infinite, sample[2]) for sample in samples):
            raise ValueError(f"{self._name}: a bound is finite for some parameters and infinite for others")
        form = _affine(base=values[0], twos=values[1], ramp=values[2], sizes=self._sizes)
        for theta, sample in zip(points[2:], values[2:], strict=True):
            if not np.allclose(form.at(theta[None])[0], sample, rtol=TOLERANCE, atol=TOLERANCE):
                raise ValueError(f"{self._name}: a number is not a constant plus a slope times one parameter")
        return form, keys, infinite

    def _sample(self, theta: FloatArray) -> tuple[IntArray, FloatArray, BoolArray]:
        """Compile at one point: keys and values of the numbers, and which bounds are infinite."""
        for param, (first, size) in zip(self._params, _steps(self._sizes), strict=True):
            if param.is_indexed():
                param.store_values(
                    dict(zip(self._model.T, theta[first : first + size].tolist(), strict=True))
                )
            else:
                param.set_value(float(theta[first]))
        info = LinearStandardFormCompiler().write(
            self._model, mixed_form=True, column_order=[*self._columns, self._model.anchor]
        )
        n, m = len(self._columns), self._rows
        column = np.array([self._column_of.get(id(var), -1) for var in info.columns], dtype=np.int64)
        row = np.array([self._row_of[id(entry.constraint)] for entry in info.rows], dtype=np.int64)
        if row.size != m or np.unique(row).size != m:
            raise ValueError(f"{self._name}: each constraint needs variables and exactly one side")
        self._sense[row] = [entry.bound_type for entry in info.rows]
        matrix, cost = info.A.tocoo(), info.c.tocoo()
        matrix_column = column[matrix.col]
        kept = matrix_column >= 0
        right_hand = np.zeros(m)
        right_hand[row] = info.rhs
        bounds = [var.bounds for var in self._columns]
        lower = np.array([-np.inf if low is None else low for low, _high in bounds])
        upper = np.array([np.inf if high is None else high for _low, high in bounds])
        infinite = np.concatenate([np.isinf(lower), np.isinf(upper)])
        parts = len(self._parts)
        dense = np.concatenate(
            [
                np.asarray(info.c_offset, dtype=np.float64),
                np.where(infinite, 0.0, np.concatenate([lower, upper])),
            ]
        )
        keys = np.concatenate(
            [
                row[matrix.row[kept]] * n + matrix_column[kept],
                m * n + np.arange(m),
                m * n + m + cost.row.astype(np.int64) * n + column[cost.col],
                m * n + m + parts * n + np.arange(dense.size),
            ]
        )
        values = np.concatenate([matrix.data[kept], right_hand, cost.data, dense])
        return keys, values, infinite


def _add_readout_rows(model: Any, names: tuple[str, ...]) -> None:
    """Let the compiler see the readouts as rows; the anchor keeps a row that has no variable of its own."""
    model.anchor = pe.Var()
    for name in names:
        expression = getattr(model, name)
        rows = pe.Constraint(model.T, rule=_row_of_readout(expression))
        model.add_component(f"readout_{name}", rows)


def _row_of_readout(expression: Any) -> Any:
    return lambda m, t: m.anchor + expression[t] == 0.0


def _steps(sizes: list[int]) -> Iterator[tuple[int, int]]:
    first = 0
    for size in sizes:
        yield first, size
        first += size


def _on_pattern(keys: IntArray, sample: tuple[IntArray, FloatArray, BoolArray]) -> FloatArray:
    values = np.zeros(keys.size)
    values[np.searchsorted(keys, sample[0])] = sample[1]
    return values


def _affine(*, base: FloatArray, twos: FloatArray, ramp: FloatArray, sizes: list[int]) -> Affine:
    """Find slope and element: a number grows by slope at the twos, by slope * (element + 1) on the ramp."""
    slope = twos - base
    moves = np.abs(slope) > TOLERANCE
    slope = np.where(moves, slope, 0.0)
    constant = base - slope
    constant[np.abs(constant) <= ROUNDING * np.abs(slope)] = 0.0
    element = np.full(base.size, NO_ELEMENT, dtype=np.int64)
    element[moves] = np.round((ramp - base)[moves] / slope[moves]).astype(np.int64) - 1
    # An element that does not exist belongs to no affine number: the proofs find it.
    element = np.clip(element, NO_ELEMENT, sum(sizes) - 1)
    owner = np.append(np.repeat(np.arange(len(sizes)), sizes), NO_ELEMENT)
    return Affine(constant=constant, slope=slope, element=element, parameter=owner[element])


def _positions(
    components: Any, index_of: Mapping[int, int], *, without: str | None = None
) -> dict[str, IntArray]:
    return {
        component.name: np.array([index_of[id(data)] for data in component.values()], dtype=np.int64)
        for component in components
        if component.name != without
    }
