"""A meter errs within its class, the same whoever asks when; a broken one drifts."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.devices.plant.faults import FaultDetail, FaultKind
from energy.devices.plant.meter_error import CLASS_LIMIT, Meter
from energy.domain import Point
from tests.devices.plant.conftest import eye_on, free_ports, running
from tests.devices.plant.valley import ASSETS, BEGIN, valley

COUNTED = Point.ENERGY_KWH_DRAWN
times_s = st.floats(1.5e9, 1.7e9)


@given(st.sampled_from(sorted(CLASS_LIMIT)), st.integers(0, 500), st.floats(-1e5, 1e5), times_s)
def test_a_reading_keeps_to_its_class(meter_class: str, seed: int, power_kw: float, at_s: float) -> None:
    meter = Meter("load", meter_class, seed=seed)
    shown_kw = meter.reading({Point.POWER_KW: power_kw}, at_s)[Point.POWER_KW]
    assert abs(shown_kw - power_kw) <= CLASS_LIMIT[meter_class] * abs(power_kw) * (1.0 + 1e-9)


def test_the_errors_of_many_meters_use_their_class() -> None:
    gains = [Meter(f"load_{one}", "0.5S", seed=1).reading({COUNTED: 1.0}, 0.0)[COUNTED] for one in range(400)]
    assert min(gains) < 0.9977
    assert max(gains) > 1.0023


@given(times_s)
def test_without_a_class_it_is_exact(at_s: float) -> None:
    truth = {Point.POWER_KW: 123.4, COUNTED: 5678.9, Point.ENERGY_KWH: 1.0}
    assert Meter("load", None, seed=1).reading(truth, at_s) == truth


def test_noise_depends_on_seed_asset_point_and_time_alone() -> None:
    def shown(
        asset_id: str = "load", seed: int = 1, at_s: float = 1e9, point: Point = Point.POWER_KW
    ) -> float:
        return Meter(asset_id, "1", seed=seed).reading({point: 1000.0}, at_s)[point]

    meter = Meter("load", "1", seed=1)
    for at_s in (1e9 + 50.0, 1e9 - 50.0, 1e9):
        last = meter.reading({Point.POWER_KW: 1000.0}, at_s)[Point.POWER_KW]
    assert last == shown()
    others = {shown("other"), shown(seed=2), shown(at_s=1e9 + 5.0), shown(point=Point.HEAT_KW)}
    assert len(others | {shown()}) == 5


@given(
    st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(-0.5, 0.5), st.booleans()), max_size=30),
    st.sampled_from([None, "0.5S", "2"]),
)
def test_registers_never_run_backwards_and_count_what_the_drift_lets_them(
    steps: list[tuple[float, float, bool]], meter_class: str | None
) -> None:
    meter = Meter("load", meter_class, seed=3)
    gain = meter.reading({COUNTED: 1.0}, 0.0)[COUNTED]
    true_kwh = expected_kwh = last_kwh = drift = 0.0
    for more_kwh, fraction, changes in steps:
        if changes:
            meter.set_drift(fraction, {COUNTED: true_kwh})
            drift = fraction
        true_kwh += more_kwh
        expected_kwh += gain * (1.0 + drift) * more_kwh
        shown_kwh = meter.reading({COUNTED: true_kwh}, 0.0)[COUNTED]
        assert shown_kwh >= last_kwh - 1e-9
        assert shown_kwh == pytest.approx(expected_kwh, abs=1e-6)
        last_kwh = shown_kwh


async def test_a_drift_shows_in_power_and_register_from_its_onset_and_not_in_the_truth(
    tmp_path: Path,
) -> None:
    region = valley(tmp_path / "valley", free_ports(len(ASSETS.strip().splitlines())))
    eye = eye_on(region)
    async with running(region, start=BEGIN) as control:
        onset = BEGIN + timedelta(minutes=10, seconds=2)
        await control.set_fault("load_south", FaultKind.DRIFT, since=onset, detail=FaultDetail(fraction=0.03))
        await control.advance_to(BEGIN + timedelta(minutes=10))
        truth = (await control.truth())["load_south"]
        assert await eye.value("load_south", Point.POWER_KW) == pytest.approx(truth["power_kw"], abs=0.01)
        await control.advance_to(onset)
        before_kwh = (await control.truth())["load_south"]["energy_kwh_drawn"]
        await control.advance_to(BEGIN + timedelta(hours=3))
        truth = (await control.truth())["load_south"]
        power_kw = await eye.value("load_south", Point.POWER_KW)
        assert power_kw == pytest.approx(1.03 * truth["power_kw"], abs=0.01)
        shown_kwh = await eye.value("load_south", Point.ENERGY_KWH_DRAWN)
        expected_kwh = before_kwh + 1.03 * (truth["energy_kwh_drawn"] - before_kwh)
        assert shown_kwh == pytest.approx(expected_kwh, abs=0.01)
        await control.clear_fault("load_south")
        assert await eye.value("load_south", Point.ENERGY_KWH_DRAWN) == pytest.approx(shown_kwh, abs=0.01)
        mended_kw = await eye.value("load_south", Point.POWER_KW)
        assert mended_kw == pytest.approx(truth["power_kw"], abs=0.01)


async def test_devices_of_every_kind_show_the_truth_in_their_registers(tmp_path: Path) -> None:
    region = valley(tmp_path / "valley", free_ports(len(ASSETS.strip().splitlines())))
    eye = eye_on(region)
    async with running(region, start=BEGIN) as control:
        await control.advance_to(BEGIN + timedelta(hours=8))
        truth = await control.truth()
        for asset in region.assets:
            exact = asset.meter_class is None
            for point in Point:
                value = truth[asset.id].get(point.value)
                if value is None or not eye.has(asset.id, point):
                    continue
                tolerance = 1e-6 if exact else 0.005
                shown = await eye.value(asset.id, point)
                assert shown == pytest.approx(value, rel=tolerance, abs=0.51), (asset.id, point)
        assert await eye.value("chp", Point.POWER_KW_SETPOINT) is None
        await eye.write("chp", Point.POWER_KW_SETPOINT, -1500.0)
        assert await eye.value("chp", Point.POWER_KW_SETPOINT) == -1500.0
        for asset_id in ("heat_pump", "electrolyser"):
            assert await eye.value(asset_id, Point.POWER_KW_SETPOINT, readback=True) is None
