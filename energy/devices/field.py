"""All devices of a region behind two ports: measure reads them, dispatch writes and reads back."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from energy.devices.field_settings import FieldSettings
from energy.devices.gateway import Gateway
from energy.devices.joint_wait import JointWait
from energy.devices.line import Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.nameplate import refusal
from energy.devices.register_map import RegisterMap
from energy.devices.tls import context_of, files_named_in
from energy.devices.write_budget import CountInMemory, WriteBudget
from energy.devices.write_order import Order
from energy.domain import Outcome, Reading, Rejected, Setpoint
from energy.region.asset import Endpoint
from energy.region.model import Region


class ModbusField:
    """Implements ``Meter`` and ``Dispatchable`` over Modbus/TCP.

    Endpoints work side by side; the units of one endpoint are asked in series. Whatever goes wrong with one
    endpoint, even what nobody thought of, ends in its own assets' readings and outcomes. Use it from one
    event loop and ``close`` it there.
    """

    def __init__(
        self,
        region: Region,
        maps: Mapping[str, RegisterMap],
        settings: FieldSettings | None = None,
        *,
        now: Callable[[], datetime] | None = None,
        budget: WriteBudget | None = None,
    ) -> None:
        """Prepare every line; nothing is connected yet.

        Args:
            region: the region.
            maps: the register map of each profile that the region's assets name.
            settings: the field's limits, and the files for devices with transport tls.
            now: the controller's time, read at the moment of each write, so that nothing is written after
                its ``valid_until``. None takes the tick's own moment, which does not pass while writing.
            budget: counts the writes of devices whose memory wears out, and keeps what somebody else set on
                devices; None does so while the field lives.

        Raises:
            BadInput: a device has transport tls, and a file that it needs is missing or wrong.
        """
        self._now = now
        self._budget = budget if budget is not None else WriteBudget(CountInMemory())
        settings = settings if settings is not None else FieldSettings()
        self._read_s_max = settings.read_s_max
        self._ticks = JointWait()
        lines: dict[Endpoint, list[Line]] = {}
        self._lines: dict[str, Line] = {}
        self._gateways: dict[Endpoint, Gateway] = {}
        for asset in region.assets:
            line = Line(
                region=region,
                asset=asset,
                content=maps[asset.device.profile],
                backoff=settings.backoff(asset.id),
                foreign=self._budget.foreign,
            )
            self._lines[asset.id] = line
            lines.setdefault(line.endpoint, []).append(line)
        tls = _tls_of(lines, settings, now)
        for where, own in lines.items():
            pauses = {line.unit: line.content.pause_s for line in own}
            answers = {line.unit: line.content.answer_s for line in own}
            endpoint = ModbusEndpoint(
                where,
                settings.patience,
                tls=tls,
                pauses={unit: pause_s for unit, pause_s in pauses.items() if pause_s > 0.0},
                answers_s_max={unit: time_s for unit, time_s in answers.items() if time_s is not None},
                is_shared=len(own) > 1,
            )
            self._gateways[where] = Gateway(endpoint, own, settings, now=now)

    async def read(self, at: datetime) -> list[Reading]:
        """Read every point of every asset once; ``measured_at`` of each reading is ``at``.

        Who was read behind the tick before, since its time did not suffice, has the moment when that began. A
        writable point comes back with what the device holds, so limits found at start are seen.
        """
        gateways = self._gateways.values()
        begun = [task for gateway in gateways if (task := gateway.begin_read(at)) is not None]
        if begun:
            await self._ticks.wait(begun, self._read_s_max)
        readings: list[Reading] = []
        for gateway in gateways:
            try:
                readings += gateway.end_read(at)
            except Exception as error:  # noqa: BLE001 - one endpoint's fault must not cost the others
                readings += gateway.read_nothing(error, at)
        return readings

    async def apply(self, setpoints: Sequence[Setpoint], at: datetime) -> list[Outcome]:
        """Write each setpoint, read it back and report, in the order given.

        A value that the device was just seen to hold is not written again before its watchdog needs it.
        """
        outcomes: dict[int, Outcome] = {}
        orders: dict[Endpoint, list[Order]] = {}
        for index, setpoint in enumerate(setpoints):
            line = self._lines.get(setpoint.asset_id)
            reason = _refusal(line, setpoint, at if self._now is None else self._now())
            if line is None or line.command is None or reason is not None:
                outcomes[index] = Rejected(setpoint=setpoint, at=at, reason=str(reason))
                continue
            order = Order(
                index=index, line=line, command=line.command, setpoint=setpoint, budget=self._budget
            )
            orders.setdefault(line.endpoint, []).append(order)
        results = await asyncio.gather(
            *(self._gateways[key].apply(own, at) for key, own in orders.items()), return_exceptions=True
        )
        for (key, own), result in zip(orders.items(), results, strict=True):
            if isinstance(result, dict):
                outcomes.update(result)
            else:
                outcomes.update(self._gateways[key].reach_nothing(_survivable(result), own, at))
        return [outcomes[index] for index in range(len(setpoints))]

    async def close(self) -> None:
        """Drop all connections and stop trying."""
        self._ticks.close()
        await asyncio.gather(*(gateway.close() for gateway in self._gateways.values()))


def _tls_of(
    endpoints: Iterable[Endpoint], settings: FieldSettings, now: Callable[[], datetime] | None
) -> ssl.SSLContext | None:
    """Give what all TLS connections share, None where there is none."""
    if not any(where.transport == "tls" for where in endpoints):
        return None
    files = settings.tls if settings.tls is not None else files_named_in({})
    return context_of(files, now() if now is not None else None)


def _survivable(result: BaseException) -> Exception:
    """Pass on a fault of one endpoint; what ends the whole process is raised again."""
    if not isinstance(result, Exception):
        raise result
    return result


def _refusal(line: Line | None, setpoint: Setpoint, now: datetime) -> str | None:
    if line is None:
        return f"the region has no asset '{setpoint.asset_id}'"
    point = line.command.point if line.command is not None else None
    return refusal(line.asset, point, setpoint, now)
