"""The other end of the control connection: grants time, breaks devices, asks for the truth."""

import asyncio
import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from energy.devices.plant.control import ANSWER_BYTES_MAX, HOST
from energy.devices.plant.faults import PLAIN, FaultDetail, FaultKind
from energy.errors import BadInput, DeviceUnreachable, Fault
from energy.periods import format_utc, parse_utc

TIMEOUT_S = 30.0
"""Two simulated days in one order take a few seconds."""


class PlantControl:
    """A connection to a running plant; use ``connect``, then ``close`` or ``async with``."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, timeout_s: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()

    @classmethod
    async def connect(cls, port: int, *, host: str = HOST, timeout_s: float = TIMEOUT_S) -> "PlantControl":
        """Connect to the plant's control port.

        Raises:
            DeviceUnreachable: nobody listens there in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await asyncio.open_connection(host, port, limit=ANSWER_BYTES_MAX)
        except (OSError, TimeoutError) as error:
            raise DeviceUnreachable(
                f"no plant listens for control on {host}:{port} ({error or 'no answer'}); start it first"
            ) from error
        return cls(reader, writer, timeout_s=timeout_s)

    async def __aenter__(self) -> "PlantControl":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def advance_to(self, moment: datetime) -> datetime:
        """Grant time up to a moment and give the moment that the plant has reached.

        Raises:
            BadInput: the plant refuses, for example because the history ends before.
            DeviceUnreachable: the plant is gone or late.
        """
        answer = await self._ask({"advance_to": format_utc(moment)})
        return parse_utc(str(answer["at"]))

    async def set_fault(
        self,
        asset_id: str,
        kind: FaultKind,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        detail: FaultDetail = PLAIN,
    ) -> None:
        """Break an asset's device from a simulated moment (now) until another, or until it is mended.

        Raises:
            BadInput: the plant refuses, for example because it has no such asset.
            DeviceUnreachable: the plant is gone or late.
        """
        order = {
            "asset_id": asset_id,
            "kind": kind.value,
            "since": format_utc(since) if since is not None else None,
            "until": format_utc(until) if until is not None else None,
            **dataclasses.asdict(detail),
        }
        await self._ask({"fault": order})

    async def clear_fault(self, asset_id: str) -> None:
        """Mend an asset's device.

        Raises:
            BadInput: the plant refuses.
            DeviceUnreachable: the plant is gone or late.
        """
        await self._ask({"fault": {"asset_id": asset_id, "kind": None}})

    async def truth(self) -> Mapping[str, Mapping[str, float]]:
        """Give what is true of every asset now: ``power_kw``, ``energy_kwh_drawn`` and so on, in our sign.

        Raises:
            DeviceUnreachable: the plant is gone or late.
        """
        answer = await self._ask({"truth": True})
        truth: Mapping[str, Mapping[str, float]] = answer["truth"]
        return truth

    async def stop(self) -> None:
        """End the plant.

        Raises:
            DeviceUnreachable: the plant is gone or late.
        """
        await self._ask({"stop": True})

    async def close(self) -> None:
        """Close the connection; the plant goes on."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return

    async def _ask(self, order: Mapping[str, object]) -> dict[str, Any]:
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    self._writer.write(json.dumps(order).encode() + b"\n")
                    await self._writer.drain()
                    line = await self._reader.readline()
            except (OSError, TimeoutError, ValueError) as error:
                self._writer.close()  # a late answer must not be taken for the next one's
                raise DeviceUnreachable(f"the plant did not answer {next(iter(order))}: {error!r}") from error
        if not line:
            raise DeviceUnreachable(f"the plant closed its control connection on {next(iter(order))}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BadInput([_refusal(order, str(answer["error"]))])
        return answer


def _refusal(order: Mapping[str, object], why: str) -> Fault:
    name, value = next(iter(order.items()))
    return Fault(
        file="(plant)", line=None, place=name, value=value, limit=why, mend="change the order to fit"
    )
