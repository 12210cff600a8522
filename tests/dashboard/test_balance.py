"""The balance: both sides add up, what is missing is named."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.balance import IDLE_KW, Group, balance_of
from energy.region.loader import load_region
from tests.dashboard.day import POWERS_KW

REGION = load_region("musterstadt")
MEMBERS = [asset.id for asset in REGION.members]
POWER = st.one_of(st.none(), st.floats(-10_000.0, 10_000.0))


def test_a_closed_balance_has_equal_sides_and_no_residual():
    balance = balance_of(REGION, POWERS_KW | {"grid_point": sum(POWERS_KW.values())})
    assert balance.source_kw == balance.sink_kw == 7203.0
    assert balance.residual_kw == 0.0
    assert balance.group(Group.GENERATION).power_kw == -6422.0
    assert dict(balance.group(Group.GENERATION).kinds) == {"wind": -1840.0, "pv": -4210.0, "hydro": -372.0}


def test_an_asset_without_a_value_is_named_and_leaves_the_residual_open():
    balance = balance_of(REGION, POWERS_KW | {"grid_point": 781.0, "pv_park": None})
    assert balance.group(Group.GENERATION).missing == ("pv_park",)
    assert balance.group(Group.GENERATION).power_kw == -2212.0
    assert balance.residual_kw is None


def test_a_group_without_any_value_is_unknown_and_not_zero():
    balance = balance_of(REGION, {})
    assert [total.power_kw for total in balance.groups] == [None] * len(Group)
    assert balance.sources == balance.sinks == ()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*MEMBERS, "grid_point"]), POWER))
def test_shares_add_up_to_their_side_and_residual_is_import_less_assets(powers):
    balance = balance_of(REGION, powers)
    tolerance = len(REGION.assets) * IDLE_KW + 1e-6
    assert math.isclose(sum(share.power_kw for share in balance.sources), balance.source_kw)
    assert math.isclose(sum(share.power_kw for share in balance.sinks), balance.sink_kw)
    assert all(0.0 < share.fraction <= 1.0 for share in [*balance.sources, *balance.sinks])
    if balance.residual_kw is None:
        assert any(powers.get(asset.id) is None for asset in REGION.assets)
    else:
        expected_kw = powers["grid_point"] - sum(powers[asset_id] for asset_id in MEMBERS)
        assert math.isclose(balance.residual_kw, expected_kw, abs_tol=tolerance)
