"""Tiled equals the plain Pyomo model: all kinds and structures, with zeros and negatives."""

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.optimize.kinds.catalogue import KIND_OF, kind_of
from energy.optimize.layout import layout_of
from energy.optimize.network_items import Machine
from tests.optimize.random_regions import BLOCKS, ELECTRIC, HEAT, HYDROGEN, Meeting, meetings
from tests.optimize.test_tile import dense_of, tiled_of

PERIODS = 4
ODD = (0.0, -0.0, 1.0, -1.0, -3.75, 1e-9, -1e-9, 1e7, -1e7, 1.0 / 3.0, 0.1, 7.0)
"""Nothing, both signs, the smallest and the greatest that a region can state, what no binary number is."""
DIVISORS = {"efficiency", "efficiency_charge", "efficiency_discharge", "m3_per_kwh", "block_kw"}
LEAST_TIMES = ((1, 1), (2, 3), (4, 1), (9, 9))
WHOLE = Meeting(
    seed=1,
    ids=(*ELECTRIC, *BLOCKS, *HEAT, *HYDROGEN),
    behind_feeder=("b2", "pv", "chp", "electrolyser"),
    price_mean=0.1,
    price_spread=0.4,
    filled=0.5,
    running_s=900.0,
    forced=(),
    unavailable=(),
    nominated=True,
    exchange_kw_max=1500.0,
    feeder_kw_max=400.0,
    periods=PERIODS,
)


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
    check(with_items(WHOLE.build(tiny)[1], lambda item: odd(item, random)))


def test_the_whole_region_has_every_kind(tiny):
    assert {kind_of(item).name for item in WHOLE.build(tiny)[1].items} == {
        kind.name for kind in KIND_OF.values()
    }
