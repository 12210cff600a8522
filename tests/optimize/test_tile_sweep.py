"""Tiled equals the plain Pyomo model: all kinds and structures, with zeros, negatives and infinities."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.optimize.items import FeederFlow, MunicipalityFlow, Source
from energy.optimize.kinds.catalogue import KEEPING, KIND_OF, kind_of
from energy.optimize.matrix.layout import layout_of
from energy.optimize.network_items import Boiling, Machine
from energy.optimize.uncertainty.reserve import Reserve, with_reserve
from tests.optimize.random_regions import BLOCKS, ELECTRIC, HEAT, HYDROGEN, USUAL, meetings
from tests.optimize.test_tile import dense_of, tiled_of

PERIODS = 4
ODD = (0.0, -0.0, 1.0, -1.0, -3.75, 1e-9, -1e-9, 1e7, -1e7, 1.0 / 3.0, 0.1, 7.0)
"""Nothing, both signs, the smallest and the greatest that a region can state, what no binary number is."""
DIVISORS = {"efficiency", "efficiency_charge", "efficiency_discharge", "m3_per_kwh", "block_kw"}
LEAST_TIMES = ((1, 1), (2, 3), (4, 1), (9, 9))
UNBOUNDED = {
    FeederFlow: ("power_kw_min", "power_kw_max"),
    Source: ("curtailed_kw_max",),
    Boiling: ("heat_kw_max",),
}
"""What is a bound of a column and of nothing else may be infinite."""
WHOLE = replace(
    USUAL,
    seed=1,
    ids=(*ELECTRIC, *BLOCKS, *HEAT, *HYDROGEN),
    behind_feeder=("b2", "pv", "chp", "electrolyser"),
    price_mean=0.1,
    price_spread=0.4,
    nominated=True,
    periods=PERIODS,
)


def whole(tiny):
    """Give a problem of every kind: also with a limited municipality, and with headroom to be kept."""
    problem = WHOLE.build(tiny)[1]
    most_kw = np.full(PERIODS, 700.0)
    town = MunicipalityFlow(asset_id="municipality.town", power_kw_min=-most_kw, power_kw_max=most_kw)
    inside = tuple(
        replace(item, municipality="town") if place % 2 else item
        for place, item in enumerate(problem.members)
    )
    needed = Reserve(up_kw=np.full(2, 20.0), down_kw=np.full(2, 10.0), hold_h=0.5, shortfall_eur_per_kwh=0.4)
    return with_reserve(replace(problem, members=inside, municipalities=(town,)), needed)


def odd(item, random):
    """Give the item with odd numbers throughout; what divides stays above 0."""
    changes = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name in DIVISORS:
            changes[field.name] = float(random.choice([0.1, 1.0, 1.0 / 3.0, 1e7]))
        elif isinstance(value, np.ndarray):
            changes[field.name] = random.choice(ODD, value.size)
        elif isinstance(value, float):
            changes[field.name] = float(random.choice(ODD))
    if isinstance(item, Machine):
        up, down = LEAST_TIMES[random.integers(len(LEAST_TIMES))]
        changes |= {"uptime_periods": up, "downtime_periods": down, "power_kw_rated": 13.0}
    return replace(item, **changes)


def with_items(problem, change):
    return replace(
        problem,
        members=tuple(change(item) for item in problem.members),
        feeders=tuple(change(item) for item in problem.feeders),
        surpluses=tuple(change(item) for item in problem.surpluses),
        municipalities=tuple(change(item) for item in problem.municipalities),
        reserve=None if problem.reserve is None else change(problem.reserve),
        exchange=change(problem.exchange),
    )


def check(problem):
    """Compare entry by entry; give what was tiled."""
    layout = layout_of(problem)
    plain, tiled = dense_of(problem, layout), tiled_of(problem, layout)
    for name, values in plain.items():
        # Costs of up to 1e7 times 1e7 add up in another order.
        np.testing.assert_allclose(tiled[name], values, rtol=1e-12, atol=1e-9, err_msg=name)
    return tiled


@settings(deadline=None, max_examples=12, derandomize=True)
@given(meeting=meetings())
def test_a_region_of_any_kinds_equals_the_plain_model(tiny, meeting):
    check(replace(meeting, periods=PERIODS).build(tiny)[1])


@settings(deadline=None, max_examples=12, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_odd_numbers_of_all_kinds_equal_the_plain_model(tiny, seed):
    random = np.random.default_rng(seed)
    check(with_items(whole(tiny), lambda item: odd(item, random)))


@pytest.mark.parametrize("kind", UNBOUNDED, ids=lambda kind: kind.__name__)
def test_an_infinite_bound_of_a_column_stays_infinite(tiny, kind):
    def unbounded(item):
        names = UNBOUNDED[kind] if isinstance(item, kind) else ()
        sign = {name: -1.0 if name.endswith("_min") else 1.0 for name in names}
        return replace(item, **{name: np.full(PERIODS, sign[name] * np.inf) for name in names})

    problem = with_items(whole(tiny), unbounded)
    bounded, tiled = check(whole(tiny)), check(problem)
    assert np.isinf(tiled["upper"]).sum() > np.isinf(bounded["upper"]).sum()


def test_the_whole_region_has_every_kind(tiny):
    swept = {type(item) for item in whole(tiny).items}
    assert swept == set(KIND_OF)
    names = {kind_of(item).name for item in whole(tiny).items}
    assert any(kind.name in names or f"{kind.name}_in_municipality" in names for kind in KEEPING.values())
