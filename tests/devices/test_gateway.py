"""Assets that share an endpoint: what one device does wrong must not cost its neighbours anything."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from structlog.testing import capture_logs

from energy.devices.field import ModbusField
from energy.devices.modbus import ModbusEndpoint
from energy.domain import Level, Point, Quality, Setpoint, Unreachable
from tests.devices.conftest import AT, QUICK, Answer, Bank, region_at

Serve = Callable[[], tuple[int, Bank]]
Script = Callable[[Answer], Awaitable[int]]
FieldOf = Callable[..., ModbusField]


def setpoint(asset_id: str, power_kw: float, point: Point = Point.POWER_KW_SETPOINT) -> Setpoint:
    return Setpoint(
        asset_id=asset_id,
        point=point,
        power_kw=power_kw,
        valid_until=AT + timedelta(seconds=120),
        level=Level.PLAN,
        reason="test",
    )


class Insane(ModbusEndpoint):
    """An endpoint whose failing nobody thought of."""

    async def open(self) -> None:
        raise RuntimeError("the library lost its mind")


async def test_an_endpoint_that_fails_unexpectedly_costs_only_its_own_assets(
    serve: Serve, field_of: FieldOf
) -> None:
    (port, _), (sick, _) = serve(), serve()
    field = field_of(region_at({"load": port, "battery": port, "pv_park": sick}), backoff_s_min=0.001)
    gateway = field._gateways["127.0.0.1", sick]
    gateway._endpoint = Insane("127.0.0.1", sick, QUICK)
    asked = [setpoint("pv_park", -1.0, Point.POWER_KW_MIN), setpoint("battery", 5.0)]
    with capture_logs() as logs:
        outcomes = await field.apply(asked, AT)
        for second in range(5):
            readings = await field.read(AT + timedelta(seconds=second))
            await asyncio.sleep(0.01)
    quality = {reading.asset_id: reading.quality for reading in readings if reading.point is Point.POWER_KW}
    assert quality["load"] is Quality.GOOD
    assert quality["pv_park"] is Quality.COMM_ERROR
    assert isinstance(outcomes[0], Unreachable)
    assert not isinstance(outcomes[1], Unreachable)
    assert "lost its mind" in outcomes[0].reason
    failing = [entry for entry in logs if entry["asset_id"] == "pv_park"]
    assert [entry["event"] for entry in failing] == ["device_failing"]
