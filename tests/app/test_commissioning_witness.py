"""A sign is proven by what others see of a power, never by what we read of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.app.commissioning_witness import COUNTERS, Trend, trend_of, witnessed
from energy.commissioning import SIGN_TOLERANCES, STEP_TOLERANCES, Verdict, flow_kw_of
from energy.domain import Point, Quality, Reading

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HELD_S = 36.0
TOLERANCE_KW = 40.0
powers_kw = st.floats(-1e5, 1e5, allow_nan=False)


def seen(
    shown_kw: float | None, *read_kw: float, told_kw: float = 100.0, tolerance_kw: float = TOLERANCE_KW
) -> tuple[Verdict, str]:
    return witnessed(shown_kw, read_kw, told_kw=told_kw, tolerance_kw=tolerance_kw, kind="battery")


@pytest.mark.parametrize(
    ("text", "flow_kw"),
    [
        ("charges 100", 100.0),
        ("Charges with 100.5 kW", 100.5),
        ("discharges=100", -100.0),
        ("feeds_in=3200", -3200.0),
        ("speist ein 98,5", -98.5),
        ("entlädt 5 kW", -5.0),
        ("bezieht 5", 5.0),
        ("0", 0.0),
        ("100", None),
        ("-100", None),
        ("charges -100", None),
        ("charges", None),
        ("runs 100", None),
        ("charges 1e3", None),
        ("charges 1.000,5", None),
        ("", None),
    ],
)
def test_a_flow_is_a_direction_and_a_magnitude(text: str, flow_kw: float | None) -> None:
    assert flow_kw_of(text) == flow_kw


def test_a_witness_who_sees_what_we_read_proves_the_sign() -> None:
    verdict, words = seen(98.0, 101.0, 99.0)
    assert verdict is Verdict.PASSED
    assert "charges with 98.0 kW" in words


def test_a_witness_who_sees_the_opposite_refutes_it() -> None:
    verdict, words = seen(-98.0, 101.0)
    assert verdict is Verdict.FAILED
    assert "OTHER WAY ROUND" in words


def test_nobody_at_the_display_proves_nothing() -> None:
    assert seen(None, 100.0)[0] is Verdict.INCOMPLETE


def test_a_display_near_nothing_proves_nothing() -> None:
    assert seen(79.0, 100.0)[0] is Verdict.INCOMPLETE
    assert seen(0.0, 100.0)[0] is Verdict.FAILED, "it does not run at all"


def test_a_reading_that_is_not_believed_is_replaced_by_what_was_told_only_to_refute() -> None:
    assert seen(-100.0)[0] is Verdict.FAILED
    assert "OTHER WAY ROUND" in seen(-100.0)[1]
    assert seen(100.0)[0] is Verdict.INCOMPLETE


@given(true_kw=powers_kw, noise_kw=st.floats(-TOLERANCE_KW, TOLERANCE_KW))
def test_no_wrong_sign_is_ever_proven(true_kw: float, noise_kw: float) -> None:
    """The display shows the truth; we read its opposite, as near to the truth as a meter may err."""
    assert seen(true_kw, -true_kw + noise_kw)[0] is not Verdict.PASSED


def test_a_move_is_large_enough_to_prove_its_sign() -> None:
    assert STEP_TOLERANCES > SIGN_TOLERANCES


def counters(
    store: float | None, drawn: float | None, fed_in: float | None, at: datetime
) -> dict[Point, Reading]:
    values = zip(COUNTERS, (store, drawn, fed_in), strict=True)
    return {
        point: Reading(
            asset_id="battery",
            point=point,
            value=value,
            quality=Quality.GOOD if value is not None else Quality.NOT_IMPLEMENTED,
            measured_at=at,
        )
        for point, value in values
    }


def trend(
    store: float | None,
    drawn: float | None,
    fed_in: float | None,
    *,
    power_kw: float = 100.0,
    step_kwh: float = 0.01,
) -> Trend:
    """What is said of counters that moved so far, kWh, while 100 kW (1 kWh) were held."""
    base = counters(*(None if kwh is None else 500.0 for kwh in (store, drawn, fed_in)), AT)
    moved = (None if kwh is None else 500.0 + kwh for kwh in (store, drawn, fed_in))
    later = counters(*moved, AT + timedelta(seconds=HELD_S))
    return trend_of(base, later, power_kw=power_kw, steps_kwh=dict.fromkeys(COUNTERS, step_kwh))


@pytest.mark.parametrize(
    ("store", "drawn", "fed_in", "power_kw", "agrees"),
    [
        (1.0, 1.0, 0.0, 100.0, True),
        (-1.0, 0.0, 1.0, -100.0, True),
        (-1.0, 0.0, 1.0, 100.0, False),
        (None, 0.0, 1.0, 100.0, False),
        (None, 1.0, 1.0, 100.0, True),
        (-1.0, None, None, 100.0, False),
        (1.0, 0.0, 1.0, 100.0, False),
        (0.0, 0.0, 0.0, 100.0, None),
        (-0.05, 0.0, 0.05, 100.0, None),
        (None, None, None, 100.0, None),
    ],
)
def test_the_devices_own_counters_must_move_with_its_power(
    store: float | None, drawn: float | None, fed_in: float | None, *, power_kw: float, agrees: bool | None
) -> None:
    assert trend(store, drawn, fed_in, power_kw=power_kw).agrees is agrees


def test_a_counter_that_moved_by_one_step_says_nothing() -> None:
    assert trend(-1.0, None, None, step_kwh=1.0).agrees is None
    assert trend(-2.0, None, None, step_kwh=1.0).agrees is False
