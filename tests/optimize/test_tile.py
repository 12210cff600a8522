"""The tiled matrix against the plain Pyomo model of the whole region, entry by entry."""

import dataclasses

import numpy as np
import pyomo.environ as pe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from energy.optimize.items import Exchange, FeederFlow, MunicipalityFlow
from energy.optimize.kinds.catalogue import KIND_OF, kind_of
from energy.optimize.kinds.kind import Kind, new_prototype
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.prototype import compile_prototype
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.network_items import Surplus

PERIODS = 4


def plain_model(problem, layout):
    """State the region as one ordinary Pyomo model; give it with its columns in the layout's order."""
    model = pe.ConcreteModel()
    model.T = pe.RangeSet(0, problem.periods - 1)
    items = {item.asset_id: item for item in problem.items}
    columns, blocks, own_rows = [], {}, []
    for group in layout.groups:
        for asset_id in group.asset_ids:
            item = items[asset_id]
            kind = kind_of(item)
            block = kind.build(problem.periods, kind.structure(item))
            for name, (value,) in kind.parameters([item]).items():
                param = getattr(block, name)
                if param.is_indexed():
                    param.store_values(dict(zip(block.T, value.tolist(), strict=True)))
                else:
                    param.set_value(value)
            model.add_component(f"asset_{asset_id}", block)
            blocks[asset_id] = (item, block)
            names = [row.local_name for row in block.component_objects(pe.Constraint, descend_into=False)]
            assert sorted(names) == sorted(group.prototype.constraints)
            # A prototype may put rows that it shares behind its own.
            own_rows += [row for name in group.prototype.constraints for row in getattr(block, name).values()]
            columns += list(block.component_data_objects(pe.Var, descend_into=False))
    # The balances go in front of the members' rows.
    model.anchor = pe.Var()
    rows = []
    for number, name in enumerate(layout.balances):
        balance = pe.Constraint(
            model.T,
            rule=lambda m, t, name=name: (
                m.anchor + sum(drawn(name, item, block, t) for item, block in blocks.values()) == 0.0
            ),
        )
        model.add_component(f"balance_{number}", balance)
        rows += [balance[t] for t in model.T]
    return model, columns, [*rows, *own_rows]


def drawn(balance, item, block, t):
    """State what an item draws from a balance in a period."""
    carrier, _, name = balance.partition(".")
    if isinstance(item, FeederFlow) and item.asset_id == name:
        return -block.power_kw[t]
    if balance in {"reserve_up", "reserve_down"}:
        return getattr(block, f"{balance}_kw")[t] if hasattr(block, f"{balance}_kw") else 0.0
    if isinstance(item, MunicipalityFlow):
        return -block.power_kw[t] if item.asset_id == balance else 0.0
    if carrier == "municipality":
        return block.power_kw[t] if item.municipality == name else 0.0
    if isinstance(item, Surplus):
        return block.surplus_kw[t] if item.asset_id == balance else 0.0
    if carrier in {"heat", "hydrogen"}:
        takes_part = getattr(item, "network", None) == name
        readouts = [f"{carrier}_kw", f"{carrier}_kw_stored"] if takes_part else []
        return sum(getattr(block, readout)[t] for readout in readouts if hasattr(block, readout))
    if item.feeder != (name or None):
        return 0.0
    return -block.power_kw[t] if isinstance(item, Exchange) else block.power_kw[t]


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
    nested=st.booleans(),
)
def test_tiled_matrix_equals_the_plain_pyomo_model(tiny, *, price, load, pv, demand, energy, forced, nested):
    region = tiny.region(
        tiny.asset("feeder"),
        tiny.asset("feeder", "f2"),
        tiny.asset("load", feeder="f2"),
        tiny.asset("pv", curtailment_eur_per_kwh=-0.02),
        tiny.asset("wind", curtailable=False),
        tiny.asset("battery", feeder="feeder"),
        tiny.asset("battery", "b2", fee_eur_per_kwh_drawn=0.1, efficiency_charge=1.0, wear_eur_per_kwh=0.0),
        tiny.asset("ev_hub", feeder="f2"),
        *(tiny.asset(kind, feeder="feeder") for kind in ("chp", "heat_pump", "electrolyser")),
        *(tiny.asset(kind) for kind in ("heat_load", "heat_storage", "boiler", "hydrogen_storage")),
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
            "heat_load": demand,
        },
        states=states,
        limits=limits,
    )
    if nested:
        above, below = problem.feeders
        below = dataclasses.replace(below, feeder=above.asset_id)
        problem = dataclasses.replace(problem, feeders=(above, below))
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

    kind = Kind(name="odd", build=build, parameters=lambda _items: {})
    with pytest.raises(ValueError, match="odd"):
        compile_prototype(kind, PERIODS, 0)


def test_parameters_that_do_not_fit_the_prototype_are_refused():
    prototype = compile_prototype(next(iter(KIND_OF.values())), PERIODS, 0)
    with pytest.raises(ValueError, match="do not fit"):
        prototype.theta({}, assets=1)
    with pytest.raises(ValueError, match="instead of"):
        prototype.theta({"expected_kw": np.zeros((2, PERIODS + 1))}, assets=2)
    with pytest.raises(ValueError, match="instead of"):
        prototype.theta({"expected_kw": np.zeros(2)}, assets=2)


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
