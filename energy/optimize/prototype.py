"""A kind's Pyomo prototype compiled once into an affine form that numpy can tile to any number of assets.

Each number of the compiled model (coefficient, right-hand side, bound, cost) must be a constant or a
constant plus a slope times one element of one Param. Three compilations at non-zero integers find the form:
all elements 1; all 2, which shows the slopes; 2, 3, 4, ... over all elements, which shows each number's
element. Two compilations at other integers prove it, so that a product, a ratio or a sum cannot slip through.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyomo.environ as pe
from numpy.typing import NDArray
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from energy.domain import FloatArray
from energy.optimize.kinds.kind import COST_PREFIX, Kind

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
PROVING_SEEDS = (1, 2)
PROVING_INTEGERS = (3, 10)
TOLERANCE = 1e-9
"""Relative: the probes are integers, so only the last bits of a double may differ."""
PROTOTYPES_MAX = 64
"""Compiled prototypes kept in a process: a dozen kinds with a few structures each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """Numbers that are affine in the parameters: constant + slope * parameter[element].

    ``element`` points behind the last parameter where the slope is zero. Shape (numbers,) each.
    """

    constant: FloatArray
    slope: FloatArray
    element: IntArray

    def at(self, theta: FloatArray) -> FloatArray:
        """Give the numbers, shape (assets, numbers); ``theta`` has shape (assets, elements)."""
        padded = np.concatenate([theta, np.zeros((theta.shape[0], 1))], axis=1)
        values: FloatArray = self.constant + self.slope * padded[:, self.element]
        return values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prototype:
    """One asset of a kind as vectors. Rows and columns count from 0 within the asset.

    ``variables`` and ``constraints`` give the columns and rows by component name, in order of the periods.
    Readouts (power_kw and the states) are linear in the columns: ``readout_row`` is readout index * periods
    + period.
    """

    kind_name: str
    periods: int
    parameters: tuple[tuple[str, int], ...]
    """Name and number of elements, in the order of theta."""
    variables: Mapping[str, IntArray]
    constraints: Mapping[str, IntArray]
    readouts: tuple[str, ...]
    parts: tuple[str, ...]
    columns: int
    rows: int
    row_sense: IntArray
    """-1 at least the right-hand side, 0 equal to it, 1 at most."""
    matrix_row: IntArray
    matrix_column: IntArray
    readout_row: IntArray
    readout_column: IntArray
    lower_is_infinite: BoolArray
    upper_is_infinite: BoolArray
    matrix: Form
    right_hand: Form
    readout: Form
    readout_offset: Form
    lower: Form
    upper: Form
    cost: Form
    """Numbers in order part * columns + column."""
    cost_offset: Form

    def theta(self, values: Mapping[str, FloatArray], *, assets: int) -> FloatArray:
        """Lay the assets' parameters out in order, shape (assets, elements).

        Raises:
            ValueError: a parameter is missing, unknown or has the wrong number of elements.
        """
        if set(values) != {name for name, _size in self.parameters}:
            raise ValueError(f"{self.kind_name}: parameters {sorted(values)} do not fit the prototype")
        theta = np.empty((assets, sum(size for _name, size in self.parameters)))
        first = 0
        for name, size in self.parameters:
            part = values[name] if values[name].ndim > 1 else values[name][:, None]
            if part.shape != (assets, size):
                raise ValueError(f"{self.kind_name}.{name}: {part.shape} instead of ({assets}, {size})")
            theta[:, first : first + size] = part
            first += size
        return theta


@lru_cache(maxsize=PROTOTYPES_MAX)
def compile_prototype(kind: Kind[Any], periods: int, structure: int) -> Prototype:
    """Compile a kind's prototype.

    Raises:
        ValueError: some number is not a constant plus a slope times one Param element.
    """
    return _Compilation(kind, periods, structure).prototype()


class _Compilation:
    """Holds a prototype's Pyomo model while it is probed."""

    def __init__(self, kind: Kind[Any], periods: int, structure: int) -> None:
        self._kind = kind
        self._periods = periods
        model = kind.build(periods, structure)
        self._model = model
        self._params = list(model.component_objects(pe.Param, descend_into=False))
        self._sizes = [len(param) for param in self._params]
        self._columns = list(model.component_data_objects(pe.Var, descend_into=False))
        self._parts = [objective.name for objective in model.component_objects(pe.Objective)]
        self._readouts = ("power_kw", *kind.states)
        self._constraints = list(model.component_objects(pe.Constraint, descend_into=False))
        _add_readout_rows(model, self._readouts)
        rows = list(model.component_data_objects(pe.Constraint, descend_into=False))
        self._rows = len(rows)
        self._column_of = {id(var): index for index, var in enumerate(self._columns)}
        self._row_of = {id(row): index for index, row in enumerate(rows)}
        self._sense = np.zeros(self._rows, dtype=np.int64)

    def prototype(self) -> Prototype:
        n, m = len(self._columns), self._rows
        form, keys, infinite = self._form()
        readout_rows = len(self._readouts) * self._periods
        own = m - readout_rows
        sections = np.cumsum([m * n, m, len(self._parts) * n, len(self._parts), n, n])
        matrix = keys < sections[0]
        row, column = np.divmod(keys[matrix], max(1, n))
        in_model, in_readout = row < own, row >= own
        index = np.flatnonzero(matrix)

        def section(number: int) -> IntArray:
            return np.flatnonzero((keys >= sections[number - 1]) & (keys < sections[number]))

        rhs = section(1)
        return Prototype(
            kind_name=self._kind.name,
            periods=self._periods,
            parameters=tuple((p.name, s) for p, s in zip(self._params, self._sizes, strict=True)),
            variables=_positions(self._model.component_objects(pe.Var), self._column_of, without="anchor"),
            constraints=_positions(self._constraints, self._row_of),
            readouts=self._readouts,
            parts=tuple(name.removeprefix(COST_PREFIX) for name in self._parts),
            columns=n,
            rows=own,
            row_sense=self._sense[:own],
            matrix_row=row[in_model],
            matrix_column=column[in_model],
            readout_row=row[in_readout] - own,
            readout_column=column[in_readout],
            lower_is_infinite=infinite[:n],
            upper_is_infinite=infinite[n:],
            matrix=_pick(form, index[in_model]),
            readout=_pick(form, index[in_readout]),
            right_hand=_pick(form, rhs[:own]),
            readout_offset=_negated(_pick(form, rhs[own:])),
            cost=_dense(form, keys, section(2), start=int(sections[1]), size=len(self._parts) * n),
            cost_offset=_pick(form, section(3)),
            lower=_pick(form, section(4)),
            upper=_pick(form, section(5)),
        )

    def _form(self) -> tuple[Form, IntArray, BoolArray]:
        """Probe the model; give its numbers in affine form, their keys and the mask of infinite bounds."""
        elements = sum(self._sizes)
        ones = np.ones(elements)
        probes = [ones, 2.0 * ones, np.arange(2, elements + 2).astype(np.float64)]
        generators = [np.random.default_rng(seed) for seed in PROVING_SEEDS]
        proofs = [g.integers(*PROVING_INTEGERS, elements).astype(np.float64) for g in generators]
        samples = [self._sample(theta) for theta in (*probes, *proofs)]
        infinite = samples[0][2]
        keys = np.unique(np.concatenate([sample[0] for sample in samples]))
        values = [_on_pattern(keys, sample) for sample in samples]
        if any(not np.array_equal(infinite, sample[2]) for sample in samples):
            raise ValueError(
                f"{self._kind.name}: a bound is finite for some parameters and infinite for others"
            )
        form = _affine(base=values[0], twos=values[1], ramp=values[2], elements=elements)
        for theta, sample in zip(proofs, values[len(probes) :], strict=True):
            if not np.allclose(form.at(theta[None])[0], sample, rtol=TOLERANCE, atol=TOLERANCE):
                raise ValueError(
                    f"{self._kind.name}: a number is not a constant plus a slope times one parameter"
                )
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
            raise ValueError(f"{self._kind.name}: each constraint needs variables and exactly one side")
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


def _affine(*, base: FloatArray, twos: FloatArray, ramp: FloatArray, elements: int) -> Form:
    """Find slope and element: a number grows by slope at the twos, by slope * (element + 1) on the ramp."""
    slope = twos - base
    moves = np.abs(slope) > TOLERANCE
    slope = np.where(moves, slope, 0.0)
    element = np.full(base.size, elements, dtype=np.int64)
    element[moves] = np.round((ramp - base)[moves] / slope[moves]).astype(np.int64) - 1
    return Form(constant=base - slope, slope=slope, element=np.clip(element, 0, elements))


def _pick(form: Form, index: IntArray) -> Form:
    return Form(constant=form.constant[index], slope=form.slope[index], element=form.element[index])


def _negated(form: Form) -> Form:
    return Form(constant=-form.constant, slope=-form.slope, element=form.element)


def _dense(form: Form, keys: IntArray, index: IntArray, *, start: int, size: int) -> Form:
    """Spread the numbers of a sparse section over all its places."""
    place = keys[index] - start
    constant, slope = np.zeros(size), np.zeros(size)
    element = np.zeros(size, dtype=np.int64)
    constant[place], slope[place], element[place] = (
        form.constant[index],
        form.slope[index],
        form.element[index],
    )
    return Form(constant=constant, slope=slope, element=element)


def _positions(
    components: Any, index_of: Mapping[int, int], *, without: str | None = None
) -> dict[str, IntArray]:
    return {
        component.name: np.array([index_of[id(data)] for data in component.values()], dtype=np.int64)
        for component in components
        if component.name != without
    }
