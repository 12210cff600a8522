"""From what is shown to the public nobody can work out the series of fewer meters than the minimum."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.historian.exchange.public_groups import OTHER, Contributor, PublicGroup, public_groups
from energy.historian.exchange.public_values import contributors_of, public_sums
from energy.region.loader import load_region

MIN = 10


def contributor(asset_id: str, kind: str, municipality: str, meters: int | None) -> Contributor:
    return Contributor(asset_id=asset_id, kind=kind, municipality=municipality, meters=meters)


@st.composite
def regions(draw: st.DrawFn) -> list[Contributor]:
    count = draw(st.integers(0, 8))
    return [
        contributor(
            f"a{number}",
            draw(st.sampled_from(["load", "pv", "wind", "heat_pump"])),
            draw(st.sampled_from(["north", "south", "east", "west"])),
            draw(st.one_of(st.none(), st.integers(1, 25))),
        )
        for number in range(count)
    ]


def computable(shown: tuple[PublicGroup, ...], assets: list[str], subset: set[str]) -> bool:
    """Tell by linear algebra whether the subset's sum is a combination of the sums that are shown."""
    rows = np.array([[asset in group.asset_ids for asset in assets] for group in shown], dtype=float)
    wanted = np.array([asset in subset for asset in assets], dtype=float)
    weights = np.linalg.lstsq(rows.T, wanted, rcond=None)[0]
    return bool(np.allclose(rows.T @ weights, wanted, atol=1e-7))


@given(regions())
def test_no_sum_of_too_few_meters_follows_from_what_is_shown(region: list[Contributor]) -> None:
    shown = public_groups(region, MIN)
    meters = {item.asset_id: 1 if item.meters is None else item.meters for item in region}
    if not shown:
        assert sum(meters.values()) < MIN
        return
    assets = sorted(meters)
    for size in range(1, len(assets)):
        for subset in combinations(assets, size):
            if sum(meters[asset] for asset in subset) < MIN:
                assert not computable(shown, assets, set(subset)), subset


@given(regions())
def test_each_table_adds_up_to_the_total_and_shows_each_asset_once(region: list[Contributor]) -> None:
    shown = public_groups(region, MIN)
    for by in {group.by for group in shown}:
        members = [asset for group in shown if group.by == by for asset in group.asset_ids]
        assert sorted(members) == sorted(item.asset_id for item in region)
    assert all(group.meters >= MIN for group in shown)


def test_a_hidden_kind_takes_a_second_one_with_it() -> None:
    region = [
        contributor("homes", "load", "north", 500),
        contributor("roofs", "pv", "north", 60),
        contributor("mill", "hydro", "north", 1),
    ]
    kinds = {group.name: group.asset_ids for group in public_groups(region, MIN) if group.by == "kind"}
    assert kinds == {"load": {"homes"}, OTHER: {"roofs", "mill"}}


def test_two_tables_do_not_give_away_by_their_difference_what_each_hides() -> None:
    region = [
        contributor("homes_n", "load", "north", 500),
        contributor("homes_s", "load", "south", 400),
        contributor("roofs_n", "pv", "north", 3),
        contributor("roofs_s", "pv", "south", 300),
    ]
    shown = public_groups(region, MIN)
    assert {group.name for group in shown if group.by == "kind"} == {"load", "pv"}
    assets = sorted(item.asset_id for item in region)
    assert not computable(shown, assets, {"roofs_n"})


def test_a_missing_value_leaves_the_sum_missing() -> None:
    group = PublicGroup(by="all", name="all", asset_ids=frozenset({"a", "b"}), meters=20)
    sums = public_sums([group], {"a": np.array([1.0, np.nan]), "b": np.array([2.0, 5.0])})
    np.testing.assert_array_equal(sums["all", "all"], [3.0, np.nan])


@pytest.mark.parametrize(
    ("name", "kinds"), [("fichtelgebirge", {"load", "pv", OTHER}), ("musterstadt", set())]
)
def test_what_the_shipped_regions_show(name: str, kinds: set[str]) -> None:
    region = load_region(name)
    shown = public_groups(contributors_of(region), region.privacy.meters_min_public)
    assert {group.name for group in shown if group.by == "kind"} == kinds
    assert all(group.meters >= region.privacy.meters_min_public for group in shown)
