"""What the grid point needs between two plans, and who gives it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.balance import Exchange, Flexibility, Room, needed_kw, room_of, share

LIMITS = (-800.0, 1000.0)


def exchange(
    *, now: float, mean: float | None = None, elapsed: float = 0.0, planned: float | None = None
) -> Exchange:
    return Exchange(now_kw=now, mean_kw=mean, elapsed_s=elapsed, planned_kw=planned, limits_kw=LIMITS)


def test_without_a_plan_only_the_grid_limit_counts() -> None:
    assert needed_kw(exchange(now=900.0), expected_kw=900.0, deadband_kw=10.0) == (0.0, None)
    delta, why = needed_kw(exchange(now=1200.0), expected_kw=1200.0, deadband_kw=10.0)
    assert (delta, why) == (pytest.approx(980.0 - 1200.0), "grid limit")


def test_the_rest_of_the_quarter_hour_makes_up_for_its_beginning() -> None:
    state = exchange(now=250.0, mean=260.0, elapsed=300.0, planned=200.0)
    delta, why = needed_kw(state, expected_kw=250.0, deadband_kw=10.0)
    assert (delta, why) == (pytest.approx(-80.0 + 10.0), "quarter hour")


def test_near_the_end_the_rest_is_not_chased() -> None:
    late = exchange(now=250.0, mean=250.0, elapsed=890.0, planned=200.0)
    delta, _ = needed_kw(late, expected_kw=250.0, deadband_kw=10.0)
    assert delta == pytest.approx(200.0 - 50.0 * 890.0 / 300.0 - 250.0 + 10.0)


def test_a_target_beyond_the_grid_limit_stops_at_it_and_stays_a_matter_of_the_quarter_hour() -> None:
    state = exchange(now=500.0, mean=-100.0, elapsed=600.0, planned=900.0)
    delta, why = needed_kw(state, expected_kw=500.0, deadband_kw=10.0)
    assert (500.0 + delta, why) == (pytest.approx(980.0), "quarter hour")


@settings(deadline=None)
@given(
    delta=st.floats(-1e5, 1e5),
    rooms=st.lists(st.tuples(st.floats(-1e4, 0.0), st.floats(0.0, 1e4)), max_size=5),
)
def test_shares_stay_in_their_room_and_never_overshoot(
    delta: float, rooms: list[tuple[float, float]]
) -> None:
    givers = [
        Flexibility(asset_id=str(index), down_kw=down, up_kw=up) for index, (down, up) in enumerate(rooms)
    ]
    shares = share(delta, givers)
    for giver in givers:
        assert giver.down_kw <= shares.get(giver.asset_id, 0.0) <= giver.up_kw
    total = sum(shares.values())
    assert abs(total) <= abs(delta) + 1e-6
    assert total * delta >= 0.0


def test_what_is_shared_out_stays_in_the_room_of_each_feeder() -> None:
    givers = [
        Flexibility(asset_id="a", down_kw=-50.0, up_kw=0.0, feeder_ids=("west",)),
        Flexibility(asset_id="b", down_kw=-50.0, up_kw=0.0, feeder_ids=("west",)),
        Flexibility(asset_id="c", down_kw=-50.0, up_kw=0.0),
    ]
    assert share(-120.0, givers, {"west": Room(down_kw=-70.0, up_kw=10.0)}) == {
        "a": -50.0,
        "b": -20.0,
        "c": -50.0,
    }


def test_a_flow_beyond_its_limit_has_no_room_that_way_and_all_the_way_back() -> None:
    assert room_of(1200.0, (-1000.0, 1000.0)) == Room(down_kw=-2180.0, up_kw=0.0)


def test_a_feeder_whose_room_is_not_known_has_none() -> None:
    giver = Flexibility(asset_id="a", down_kw=-50.0, up_kw=50.0, feeder_ids=("west",))
    assert share(-30.0, [giver], {}) == {}


def test_an_inner_feeder_and_the_one_before_it_both_bound_a_share() -> None:
    flexibilities = [
        Flexibility(asset_id="a", down_kw=-50.0, up_kw=0.0, feeder_ids=("inner", "outer")),
        Flexibility(asset_id="b", down_kw=-50.0, up_kw=0.0, feeder_ids=("outer",)),
    ]
    rooms = {"inner": Room(down_kw=-10.0, up_kw=0.0), "outer": Room(down_kw=-25.0, up_kw=0.0)}
    assert share(-60.0, flexibilities, rooms) == {"a": -10.0, "b": -15.0}
