"""The control connection of the simulated field: one JSON object a line, loopback only.

``{"advance_to": "<utc>"}`` answers ``{"at": "<utc>"}``; ``{"fault": {"asset_id", "kind", "since", "until",
...}}``, with the rest of ``FaultOrder``, and ``{"stop": true}`` answer ``{"ok": true}``; ``{"truth": true}``
answers ``{"at", "truth"}``. What cannot be done answers ``{"error": "<why>"}``.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from energy.devices.plant.faults import PLAIN, FaultDetail, FaultKind
from energy.devices.plant.field import SimulatedField
from energy.errors import EnergiewaageError
from energy.periods import format_utc, require_aware
from energy.region.asset import CONFIG

HOST = "127.0.0.1"
REQUEST_BYTES_MAX = 65_536
CONNECTIONS_MAX = 16
CLOSE_S_MAX = 1.0
ANSWER_BYTES_MAX = 16_777_216
"""The truth of 20,000 assets at about 400 bytes each, twice over."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class FaultOrder:
    """Which device to break, how, from when (now) and until when; no kind mends it.

    The numbers are those of ``FaultDetail``.
    """

    asset_id: Annotated[str, Field(max_length=48)]
    kind: FaultKind | None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    fraction: Annotated[float, Field(gt=-1.0, le=1.0)] = PLAIN.fraction
    answer_s: Annotated[float, Field(gt=0.0, le=600.0)] = PLAIN.answer_s
    code: Annotated[int, Field(ge=1, le=255)] | None = PLAIN.code
    truncated: bool = PLAIN.truncated
    silent_s: Annotated[float, Field(ge=0.0, le=86_400.0)] = PLAIN.silent_s
    ignores_writes: bool = PLAIN.ignores_writes

    @property
    def detail(self) -> FaultDetail:
        """The numbers alone."""
        return FaultDetail(
            fraction=self.fraction,
            answer_s=self.answer_s,
            code=self.code,
            truncated=self.truncated,
            silent_s=self.silent_s,
            ignores_writes=self.ignores_writes,
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Advance:
    """Grant time up to a moment."""

    advance_to: AwareDatetime


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Break:
    """Break or mend a device."""

    fault: FaultOrder


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Tell:
    """Ask for the truth."""

    truth: Literal[True]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Stop:
    """End the plant."""

    stop: Literal[True]


Order = Advance | Break | Tell | Stop
_ORDERS: TypeAdapter[Order] = TypeAdapter(Order)
_FORMS = (
    'one of {"advance_to": utc}, {"fault": {asset_id, kind, since, until, fraction, answer_s, code, '
    'truncated, silent_s, ignores_writes}}, {"truth": true}, {"stop": true}'
)


class ControlServer:
    """Obeys orders, one after the other; in lockstep it alone moves time."""

    def __init__(self, field: SimulatedField, *, lockstep: bool, on_stop: Callable[[], None]) -> None:
        self._field = field
        self._lockstep = lockstep
        self._on_stop = on_stop
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self, port: int) -> int:
        """Listen on loopback and give the port; 0 takes any that is free.

        Raises:
            OSError: the port is in use.
        """
        self._server = await asyncio.start_server(self._serve, HOST, port, limit=REQUEST_BYTES_MAX)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    async def stop(self) -> None:
        """Close the server and its connections."""
        if self._server is None:
            return
        self._server.close()
        for writer in self._open.values():
            writer.close()
        if self._open:
            await asyncio.wait(tuple(self._open), timeout=CLOSE_S_MAX)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._open[task] = writer
        try:
            with suppress(ConnectionError):
                await self._converse(reader, writer)
        finally:
            del self._open[task]
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                await _send(writer, {"error": f"a line may have at most {REQUEST_BYTES_MAX} bytes"})
                return
            if not line:
                return
            answer, order = self._obey(line)
            await _send(writer, answer)
            if isinstance(order, Stop):
                self._on_stop()

    def _obey(self, line: bytes) -> tuple[dict[str, Any], Order | None]:
        try:
            order = _ORDERS.validate_json(line)
        except ValidationError:
            return {"error": f"not an order; write {_FORMS}"}, None
        try:
            return self._answer(order), order
        except EnergiewaageError as error:
            return {"error": str(error)}, None

    def _answer(self, order: Order) -> dict[str, Any]:
        match order:
            case Advance():
                if not self._lockstep:
                    return {"error": "time follows the clock; only a plant in lockstep is advanced"}
                self._field.advance_to(require_aware(order.advance_to))
                return {"at": self._now()}
            case Break():
                fault = order.fault
                self._field.set_fault(
                    fault.asset_id,
                    fault.kind,
                    since=_utc(fault.since),
                    until=_utc(fault.until),
                    detail=fault.detail,
                )
                return {"ok": True}
            case Tell():
                return {"at": self._now(), "truth": self._field.world.truth()}
            case Stop():
                return {"ok": True}

    def _now(self) -> str:
        return format_utc(self._field.world.at)


def _utc(moment: datetime | None) -> datetime | None:
    return require_aware(moment) if moment is not None else None


async def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()
