"""By which functions a setpoint is written, and where a refusal ends it, as pymodbus's own server sees it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.register_map import RegisterMap
from energy.domain import Applied, Level, Outcome, Point, Rejected, Setpoint, Unreachable
from tests.devices.conftest import AT, PATIENT, region_at
from tests.devices.inverter import BEAT, ENABLE, LIMIT, MAP, RAMP, RATED, RATED_KW, SCALE, TIMER, map_of


class Recorded:
    """pymodbus's own server, with the functions and addresses that it was asked to write."""

    def __init__(self) -> None:
        self.writes: list[tuple[int, int, list[int]]] = []
        self.refused: set[int] = set()

    async def note(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        registers: list[int],
        set_values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        assert (start_address, count, len(registers)) is not None
        if set_values is not None:
            self.writes.append((function_code, address, [int(word) for word in set_values]))
            if address in self.refused:
                return ExcCodes.ILLEGAL_VALUE
        return None


@pytest.fixture
async def recorded() -> AsyncIterator[tuple[int, Recorded]]:
    device = Recorded()
    values = [0] * 12
    values[SCALE - 100], values[RATED - 100], values[0] = 0xFFFF, RATED_KW, 1000
    none = [SimData(0, datatype=DataType.BITS, values=[False] * 16)]
    empty = [SimData(0, datatype=DataType.INVALID)]
    held = [SimData(100, values=values, datatype=DataType.REGISTERS)]
    sim = SimDevice(id=1, simdata=(none, list(none), held, empty), action=device.note)
    server = ModbusTcpServer(sim, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    yield server.transport.sockets[0].getsockname()[1], device
    await server.shutdown()


async def _ask(port: int, content: RegisterMap, power_kw: float, at: datetime = AT) -> Outcome:
    region = region_at({"pv_park": port})
    field = ModbusField(region, {"generic_park_controller": content}, FieldSettings(patience=PATIENT))
    setpoint = Setpoint(
        asset_id="pv_park",
        point=Point.POWER_KW_MIN,
        power_kw=power_kw,
        valid_until=at + timedelta(seconds=30),
        level=Level.PLAN,
        reason="test",
    )
    await field.read(at)
    [outcome] = await field.apply([setpoint], at)
    await field.close()
    return outcome


NO_COUNTDOWN = (MAP[MAP.index("  - {name: reversion_s") : MAP.index("  - {name: remote")], "")


@pytest.mark.parametrize(("function", "codes"), [("multiple", [16] * 5), ("single", [16, 6, 6, 6, 6])])
async def test_registers_are_written_by_the_maps_function(
    recorded: tuple[int, Recorded], tmp_path: Path, function: str, codes: list[int]
) -> None:
    port, device = recorded
    content = map_of(
        tmp_path, NO_COUNTDOWN, ("min_step_kw: 4", f"min_step_kw: 4\n      function: {function}")
    )
    outcome = await _ask(port, content, -2400.0)
    assert isinstance(outcome, Applied), outcome
    assert [write[0] for write in device.writes] == codes, "a counter of two registers takes function 16"
    assert [write[1] for write in device.writes] == [BEAT, TIMER, RAMP, LIMIT, ENABLE]


@pytest.mark.parametrize(
    ("refused", "kind", "last"),
    [(TIMER, Rejected, TIMER), (LIMIT, Rejected, LIMIT), (ENABLE, Unreachable, ENABLE)],
)
async def test_a_refusal_ends_the_sequence_where_it_is(
    recorded: tuple[int, Recorded], tmp_path: Path, refused: int, kind: type, last: int
) -> None:
    port, device = recorded
    device.refused.add(refused)
    outcome = await _ask(port, map_of(tmp_path, NO_COUNTDOWN), -2400.0)
    assert isinstance(outcome, kind)
    assert "exception 3" in str(getattr(outcome, "reason", ""))
    assert device.writes[-1][1] == last
