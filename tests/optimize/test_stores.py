"""Where stores stand in the matrix: side by side they name the same columns and rows as their groups."""

from dataclasses import replace

import numpy as np
import pytest

from energy.optimize.acting import DRAWS
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.stores import NONE
from energy.region.model import Municipality

PRICES = [0.1, 0.3, 0.1, 0.3]


@pytest.fixture
def mixed(tiny):
    """Stores of three kinds; only the first battery enters the balance of a limited municipality."""
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("battery", municipality="town"),
        tiny.asset("battery", "b2"),
        tiny.asset("battery", "b3"),
        tiny.asset("ev_hub"),
        tiny.asset("pumped_reservoir"),
    )
    town = Municipality(
        id="town", name=tiny.asset("load").name, power_kw_import_max=50.0, power_kw_export_max=50.0
    )
    return replace(region, municipalities=(town,))


def problem_of(tiny, region):
    return tiny.problem(
        region,
        PRICES,
        expected_kw={"load": [200.0] * 4, "ev_hub": [40.0] * 4, "pumped_reservoir": [10.0] * 4},
        states={
            "pumped_reservoir": {"volume_m3": 500.0},
            **{name: {"energy_kwh": 500.0} for name in ("battery", "b2", "b3")},
        },
    )


def groups_of_stores(layout):
    return [(group, group.kind.kept) for group in layout.groups if group.kind.kept is not None]


def test_strands_are_the_columns_of_each_group_in_order_of_the_stores(tiny, mixed):
    layout = layout_of(problem_of(tiny, mixed))
    stores, first = layout.stores, 0
    for group, kept in groups_of_stores(layout):
        chosen = slice(first, first + group.assets)
        assert stores.asset_ids[chosen] == group.asset_ids
        assert np.array_equal(stores.rows[chosen], group.rows(kept.balance))
        draws = stores.flows.column[stores.draws[chosen]]
        assert np.array_equal(draws, group.columns(kept.draws))
        for strands, names in ((stores.flows, kept.flows), (stores.content, kept.content)):
            of_group = np.isin(strands.store, np.arange(first, first + group.assets))
            columns = np.stack([group.columns(name) for name in names], axis=1)
            assert np.array_equal(strands.column[of_group], columns.reshape(-1, layout.periods))
        first += group.assets
    assert first == len(stores.asset_ids) == 5


def test_every_coefficient_of_a_strand_is_known_and_which_one_is_in_the_store(tiny, mixed):
    layout = layout_of(problem_of(tiny, mixed))
    for strands in (layout.stores.flows, layout.stores.content):
        columns = strands.column.ravel()
        entries = np.split(strands.entry, strands.first_entry[1:])
        assert len(entries) == columns.size
        for column, entry in zip(columns, entries, strict=True):
            assert entry.tolist() == list(range(layout.column_start[column], layout.column_start[column + 1]))
        rows = layout.stores.rows[strands.store]
        assert np.array_equal(layout.row_index[strands.coefficient], rows)
        assert all(at in entry for at, entry in zip(strands.coefficient.ravel(), entries, strict=True))


def test_a_store_with_fewer_strands_names_its_first_once_more(tiny, mixed):
    stores = layout_of(problem_of(tiny, mixed)).stores
    for strands in (stores.flows, stores.content):
        assert {tuple(np.unique(strands.store[of])) for of in strands.by_store.T} == {
            (store,) for store in range(len(stores.asset_ids))
        }
        assert np.array_equal(np.unique(strands.by_store), np.arange(strands.store.size))


def test_what_draws_and_what_feeds_in_oppose_each_other_and_nothing_else(tiny, mixed):
    stores = layout_of(problem_of(tiny, mixed)).stores
    owners = [stores.asset_ids[store] for store in stores.flows.store[stores.feeds_in]]
    assert sorted(owners) == ["b2", "b3", "battery"]
    assert np.array_equal(stores.opposed[stores.opposed[stores.feeds_in]], stores.feeds_in)
    opposed = stores.opposed != NONE
    assert opposed.sum() == 2 * len(owners)
    assert not opposed[stores.unserved].any()


def test_prices_of_a_store_count_every_balance_that_it_enters_and_no_other(tiny, mixed, plan):
    problem = problem_of(tiny, mixed)
    stores, balances = layout_of(problem).stores, layout_of(problem).balances
    entered = {
        asset_id: [balances[of[index]] for of in stores.balances if of[index] < len(balances)]
        for index, asset_id in enumerate(stores.asset_ids)
    }
    assert entered["battery"] == ["electricity", "municipality.town"]
    assert entered["b2"] == entered["ev_hub"] == ["electricity"]
    made = plan(mixed, problem)
    # Two equal stores at one price act at one price, whichever else is planned beside them.
    assert made.assets["b2"].states[DRAWS] == pytest.approx(made.assets["b3"].states[DRAWS], nan_ok=True)


def test_where_nothing_is_kept_there_are_no_stores(tiny):
    region = tiny.region(tiny.asset("load"))
    assert layout_of(tiny.problem(region, PRICES, expected_kw={"load": [1.0] * 4})).stores is None
