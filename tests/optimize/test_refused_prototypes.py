"""A prototype whose numbers are not a constant plus a slope times one element of one Param is refused."""

import re

import pyomo.environ as pe
import pytest

from energy.optimize.kinds.kind import Kind, new_prototype
from energy.optimize.matrix.prototype import compile_prototype

PERIODS = 4
NOT_AFFINE = "a number is not a constant plus a slope times one parameter"
NUMBERS = {
    "product": lambda m, _t: m.a * m.b,
    "square": lambda m, _t: m.a * m.a,
    "cube": lambda m, _t: m.a**3,
    "root": lambda m, _t: pe.sqrt(m.a),
    "exponential": lambda m, _t: pe.exp(m.a / 100.0),
    "ratio": lambda m, _t: 1.0 / m.a,
    "ratio of two": lambda m, _t: m.a / m.b,
    "sum of two scalars": lambda m, _t: m.a + m.b,
    "difference of two scalars": lambda m, _t: 5.0 + m.a - m.b,
    "sum of a scalar and a series": lambda m, t: m.a + m.s[t],
    "sum over a series": lambda m, _t: sum(m.s[t] for t in m.T),
    "difference of neighbours": lambda m, t: m.s[t] - m.s[t - 1] if t else m.s[t],
    "product with a series": lambda m, t: m.a * m.s[t],
    "product of neighbours": lambda m, t: m.s[t] * m.s[t - 1] if t else 1.0,
    "nothing at the first probes": lambda m, _t: (m.a - 1.0) * (m.a - 2.0),
    "a cross term at nothing": lambda m, t: 1.0 + (m.a - 1.0) * (m.s[t] - 1.0),
    "a cross term that the ramp hides": lambda m, _t: m.a + (m.a - 2.0) * (m.b - 3.0),
}
"""Each reads the scalars a, b and the series s, of positive values."""
PLACES = {
    "coefficient": lambda m, number: add_row(m, lambda t: number(m, t) * m.x[t] + m.y[t] <= 1.0),
    "right-hand side": lambda m, number: add_row(m, lambda t: m.x[t] <= number(m, t)),
    "lower bound": lambda m, number: add_bounded(m, lambda t: (number(m, t), None)),
    "upper bound": lambda m, number: add_bounded(m, lambda t: (None, number(m, t))),
    "cost": lambda m, number: add_cost(m, sum(number(m, t) * m.x[t] for t in m.T)),
    "cost without any variable": lambda m, number: add_cost(m, m.x[0] + number(m, 1)),
    "readout": lambda m, number: add_readout(m, lambda t: number(m, t) * m.x[t]),
    "offset of a readout": lambda m, number: add_readout(m, lambda t: m.x[t] + number(m, t)),
}


def add_row(m, rule):
    m.row = pe.Constraint(m.T, rule=lambda _m, t: rule(t))


def add_bounded(m, bounds):
    m.bounded = pe.Var(m.T, bounds=lambda _m, t: bounds(t))


def add_cost(m, expression):
    m.cost_fees = pe.Objective(expr=expression)


def add_readout(m, rule):
    m.level = pe.Expression(m.T, rule=lambda _m, t: rule(t))


def kind_with(add):
    """Make a kind with one odd component beside sound ones."""

    def build(periods, _structure):
        model = new_prototype(periods, scalars=("a", "b"), series=("s",))
        model.x = pe.Var(model.T, bounds=(0.0, 1.0))
        model.y = pe.Var(model.T, bounds=(0.0, 1.0))
        model.power_kw = pe.Expression(model.T, rule=lambda m, t: m.x[t])
        add(model)
        return model

    has_level = "level" in {name.name for name in build(PERIODS, 0).component_objects(pe.Expression)}
    return Kind(name="odd", build=build, parameters=lambda _items: {}, states=("level",) if has_level else ())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_is_not_affine_in_one_parameter_is_refused_wherever_it_stands(number, place):
    kind = kind_with(lambda m: PLACES[place](m, NUMBERS[number]))
    with pytest.raises(ValueError, match=f"odd: {NOT_AFFINE}"):
        compile_prototype(kind, PERIODS, 0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "number",
    [lambda _m, _t: 0.0, lambda m, _t: -2.5 * m.b, lambda m, t: 7.0 - m.s[t] / 3.0, lambda m, _t: 1e-9 + m.a],
    ids=["nothing", "a slope", "an element", "a small constant"],
)
def test_the_same_places_take_what_is_affine(number, place):
    compile_prototype(kind_with(lambda m: PLACES[place](m, number)), PERIODS, 0)


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_a_bound_that_is_finite_for_some_values_and_infinite_for_others_is_refused(side):
    big = {"lower": lambda m: (-1e308 * m.a, None), "upper": lambda m: (None, 1e308 * m.a)}[side]
    kind = kind_with(lambda m: add_bounded(m, lambda _t: big(m)))
    with pytest.raises(
        ValueError, match="odd: a bound is finite for some parameters and infinite for others"
    ):
        compile_prototype(kind, PERIODS, 0)


@pytest.mark.parametrize(
    "row",
    [lambda m, t: (0.0, m.x[t], 1.0), lambda m, t: (m.a, m.x[t], 2.0 * m.b)],
    ids=["a range", "a range of parameters"],
)
def test_a_row_with_two_sides_is_refused(row):
    kind = kind_with(lambda m: add_row(m, lambda t: row(m, t)))
    with pytest.raises(
        ValueError, match=re.escape("odd: each constraint needs variables and exactly one side")
    ):
        compile_prototype(kind, PERIODS, 0)


@pytest.mark.parametrize("number", ["difference of two scalars", "ratio of two", "sum of two scalars"])
def test_it_is_refused_wherever_its_parameters_stand_among_others(number):
    """Where proofs are drawn from few integers, two elements agree in both proofs now and then."""
    for others in range(80):
        names = tuple(f"other_{place}" for place in range(others))

        def build(periods, _structure, names=names):
            model = new_prototype(periods, scalars=(*names, "a", "c", "b"))
            model.x = pe.Var(model.T, bounds=(0.0, 1.0))
            model.power_kw = pe.Expression(model.T, rule=lambda m, t: m.x[t])
            add_row(model, lambda t: NUMBERS[number](model, t) * model.x[t] <= 1.0)
            return model

        with pytest.raises(ValueError, match=f"odd: {NOT_AFFINE}"):
            compile_prototype(Kind(name="odd", build=build, parameters=lambda _items: {}), 1, 0)
