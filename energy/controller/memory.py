"""What survives from tick to tick, and how a restart gets it back from the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from energy.canonical import decode
from energy.controller.tick_input import TickOutput
from energy.domain import Alarm, Limit, Outcome, Request
from energy.ledger import LedgerReader

OUTCOME: Any = Outcome
"""The union as a value, for decoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A restart is just the next tick: everything here is in the tick entry before."""

    request_sequence: int = 0
    overrides: tuple[Request, ...] = ()
    limits: tuple[Limit, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    billed_peak_kw: float = 0.0
    sent_kw: tuple[tuple[str, float], ...] = ()
    """What the last recorded tick sent, by asset: on a device it proves that a limit is ours."""


def recall(ledger: LedgerReader, *, billed_peak_kw: float) -> Memory:
    """Rebuild the memory from the last tick in the ledger; an empty ledger gives an empty memory.

    Args:
        ledger: the region's ledger.
        billed_peak_kw: the year's highest quarter-hour import as the record knows it; the higher value
        counts.

    Raises:
        RecordBroken: the last tick entry cannot be understood.
    """
    entry = ledger.last("tick")
    if entry is None:
        return Memory(billed_peak_kw=billed_peak_kw)
    body: Mapping[str, Any] = entry.body
    tick = body["input"]
    output = decode(TickOutput, body["output"])
    return Memory(
        request_sequence=int(body["request_sequence"]),
        overrides=tuple(decode(Request, item) for item in tick["overrides"]),
        limits=tuple(decode(Limit, item) for item in tick["limits"]),
        outcomes=tuple(decode(OUTCOME, item) for item in tick["outcomes"]),
        alarms=output.alarms,
        billed_peak_kw=max(billed_peak_kw, float(body["billed_peak_kw"])),
        sent_kw=tuple(
            (decision.setpoint.asset_id, decision.setpoint.power_kw)
            for decision in output.decisions
            if decision.setpoint is not None
        ),
    )
