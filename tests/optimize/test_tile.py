"""The tiled matrix against the plain Pyomo model of the whole region, entry by entry."""

import dataclasses

import numpy as np
import pyomo.environ as pe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from energy.optimize.kinds.catalogue import KIND_OF, kind_of
from energy.optimize.kinds.kind import Kind, new_prototype
from energy.optimize.prototype import compile_prototype
from energy.optimize.tile import layout_of, numbers_of

PERIODS = 4


def plain_model(problem, layout):
    """State the region as one ordinary Pyomo model; give it with its columns in the layout's order."""
    model = pe.ConcreteModel()
    model.T = pe.RangeSet(0, problem.periods - 1)
    items = {item.asset_id: item for item in (*problem.members, problem.exchange)}
    columns, blocks = [], {}
    for group in layout.groups:
        for asset_id in group.asset_ids:
            item = items[asset_id]
            kind = kind_of(item)
            block = kind.build(problem.periods, kind.structure(item))
            for name, value in kind.parameters(item).items():
                param = getattr(block, name)
                if param.is_indexed():
                    param.store_values(dict(zip(block.T, np.asarray(value).tolist(), strict=True)))
                else:
                    param.set_value(value)
            model.add_component(f"asset_{asset_id}", block)
            blocks[asset_id] = (kind, block)
            columns += list(block.component_data_objects(pe.Var, descend_into=False))
    # The balance goes in front of the members' rows.
    model.anchor = pe.Var()
    model.balance = pe.Constraint(
        model.T,
        rule=lambda _m, t: (
            model.anchor + sum(kind.balance_sign * block.power_kw[t] for kind, block in blocks.values())
            == 0.0
        ),
    )
    rows = [model.balance[t] for t in model.T]
    for _kind, block in blocks.values():
        rows += list(block.component_data_objects(pe.Constraint, descend_into=False))
    return model, columns, rows


def dense_of(problem, layout):
    model, columns, rows = plain_model(problem, layout)
    info = LinearStandardFormCompiler().write(model, mixed_form=True, column_order=[*columns, model.anchor])
    column_of = {id(var): index for index, var in enumerate(columns)}
    row_of = {id(row): index for index, row in enumerate(rows)}
    matrix = np.zeros((len(rows), len(columns)))
    lower, upper = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    coefficients = info.A.todense()
    cost = np.zeros(len(columns))
    for place, var in enumerate(info.columns):
        if id(var) in column_of:
            cost[column_of[id(var)]] = np.asarray(info.c.todense())[:, place].sum()
    for place, entry in enumerate(info.rows):
        row = row_of[id(entry.constraint)]
        for column, var in enumerate(info.columns):
            if id(var) in column_of:
                matrix[row, column_of[id(var)]] = coefficients[place, column]
        if entry.bound_type >= 0:
            upper[row] = info.rhs[place]
        if entry.bound_type <= 0:
            lower[row] = info.rhs[place]
    bounds = [var.bounds for var in columns]
    return {
        "matrix": matrix,
        "cost_eur": cost,
        "lower": np.array([-np.inf if low is None else low for low, _ in bounds], dtype=float),
        "upper": np.array([np.inf if high is None else high for _, high in bounds], dtype=float),
        "row_lower": lower,
        "row_upper": upper,
        "offset_eur": float(np.sum(info.c_offset)),
    }


def tiled_of(problem, layout):
    numbers = numbers_of(layout, problem)
    matrix = np.zeros((layout.rows, layout.columns))
    column = np.repeat(np.arange(layout.columns), np.diff(layout.column_start))
    matrix[layout.row_index, column] = numbers.coefficients
    names = ("cost_eur", "lower", "upper", "row_lower", "row_upper", "offset_eur")
    return {"matrix": matrix, **{name: getattr(numbers, name) for name in names}}


power = st.floats(0.0, 500.0).map(lambda value: round(value, 3))
series = st.lists(st.one_of(st.just(0.0), power), min_size=PERIODS, max_size=PERIODS)


@settings(deadline=None, max_examples=25)
@given(
    price=st.lists(st.floats(-0.5, 0.5), min_size=PERIODS, max_size=PERIODS),
    load=series,
    pv=series,
    demand=series,
    energy=st.sampled_from([None, 0.0, 40.0, 500.0, 1000.0]),
    forced=st.sampled_from([None, (50.0, 100.0), (-100.0, -20.0), (0.0, 0.0)]),
)
def test_tiled_matrix_equals_the_plain_pyomo_model(tiny, *, price, load, pv, demand, energy, forced):
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("pv", curtailment_eur_per_kwh=-0.02),
        tiny.asset("wind", curtailable=False),
        tiny.asset("battery"),
        tiny.asset("battery", "b2", fee_eur_per_kwh_drawn=0.1, efficiency_charge=1.0, wear_eur_per_kwh=0.0),
        tiny.asset("ev_hub"),
        import_surcharge_eur_per_kwh=0.02,
        capacity_charge_eur_per_kw_year=50.0,
    )
    states = {"b2": {"energy_kwh": 200.0}, "ev_hub": {"energy_kwh_backlog": 30.0}}
    if energy is not None:
        states["battery"] = {"energy_kwh": energy}
    limits = [] if forced is None else [tiny.limit("battery", *forced), tiny.limit("ev_hub", 5.0, 100.0)]
    problem = tiny.problem(
        region,
        price,
        expected_kw={
            "load": load,
            "pv": [-value for value in pv],
            "wind": [-1.0] * PERIODS,
            "ev_hub": demand,
        },
        states=states,
        limits=limits,
    )
    layout = layout_of(problem)
    plain, tiled = dense_of(problem, layout), tiled_of(problem, layout)
    for name, values in plain.items():
        np.testing.assert_allclose(tiled[name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_second_layout_of_equal_assets_uses_the_compiled_prototype():
    for kind in KIND_OF.values():
        assert compile_prototype(kind, PERIODS, 0) is compile_prototype(kind, PERIODS, 0)


@pytest.mark.parametrize(
    "term",
    [
        lambda m, t: m.a * m.b * m.x[t],
        lambda m, t: m.a * m.a * m.x[t],
        lambda m, t: m.x[t] / m.a,
        lambda m, t: (m.s[t] + m.s[0] if t else m.s[t]) * m.x[t],
        lambda m, t: (m.s[t] - m.s[0] if t else 1.0) * m.x[t],
    ],
    ids=["product", "square", "ratio", "sum of elements", "difference of elements"],
)
def test_a_prototype_that_is_not_affine_in_single_parameters_is_refused(term):
    def build(periods, _structure):
        model = new_prototype(periods, scalars=("a", "b"), series=("s",))
        model.x = pe.Var(model.T, bounds=(0.0, 1.0))
        model.power_kw = pe.Expression(model.T, rule=lambda m, t: m.x[t])
        model.row = pe.Constraint(model.T, rule=lambda m, t: term(m, t) <= 1.0)
        return model

    kind = Kind(name="odd", build=build, parameters=lambda _item: {})
    with pytest.raises(ValueError, match="odd"):
        compile_prototype(kind, PERIODS, 0)


def test_parameters_that_do_not_fit_the_prototype_are_refused():
    prototype = compile_prototype(next(iter(KIND_OF.values())), PERIODS, 0)
    with pytest.raises(ValueError, match="do not fit"):
        prototype.theta({})
    with pytest.raises(ValueError, match="instead of"):
        prototype.theta({"expected_kw": np.zeros(PERIODS + 1)})


def test_numbers_change_and_structure_stays_over_a_quarter_hour(tiny):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    first, second = (
        tiny.problem(
            region,
            [price] * PERIODS,
            expected_kw={"load": [100.0] * PERIODS},
            states={"battery": {"energy_kwh": energy}},
        )
        for price, energy in ((0.1, 400.0), (0.2, 500.0))
    )
    layout = layout_of(first)
    assert layout.signature == layout_of(second).signature
    changed = [
        field.name
        for field in dataclasses.fields(numbers_of(layout, first))
        if field.name not in {"groups"}
        and not np.array_equal(
            getattr(numbers_of(layout, first), field.name), getattr(numbers_of(layout, second), field.name)
        )
    ]
    assert "coefficients" not in changed
    assert {"cost_eur", "row_lower", "row_upper"} <= set(changed)
