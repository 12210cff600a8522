"""What survives a restart, and how it is read back from the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from energy.canonical import decode, decode_outcome
from energy.conduct import Following
from energy.controller.tick_input import TickOutput
from energy.domain import Alarm, Limit, Outcome, Request
from energy.ledger.chain import Entry
from energy.ledger.corrections import corrections_in
from energy.ledger.reader import LedgerReader

KINDS = ("tick", "hand_back")
RESTORED = "restored"
"""This entry says that the record was made from a backup: what was sent and asked after it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPeak:
    """The highest quarter-hour import of a billing period, kW."""

    period: int
    """A calendar year (2026), or a month (202611), as ``Market.billing_period`` says."""
    power_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A restart is just the next tick: everything here is in the last entry that sent anything."""

    billed_peak: BilledPeak
    request_sequence: int = 0
    overrides: tuple[Request, ...] = ()
    corrections: tuple[Request, ...] = ()
    limits: tuple[Limit, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    behind: tuple[Following, ...] = ()
    sent_kw: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """By asset, what may stand on the device because we sent it: it proves that a bound is ours."""
    claimed_kw: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """By asset, what we sent and have not seen gone: its safe state is owed where nobody asks for more."""


def recall(ledger: LedgerReader, *, billed_peak: BilledPeak, power_kw_max: float) -> Memory:
    """Rebuild the memory from the ledger; an empty ledger gives an empty memory.

    Args:
        ledger: the region's ledger.
        billed_peak: as the record knows it; within a period the higher value counts.
        power_kw_max: no import above this is plausible, whatever was recorded.

    Raises:
        RecordBroken: the entry cannot be understood.
    """
    entry = _last(ledger)
    if entry is None:
        return Memory(billed_peak=billed_peak)
    body: Mapping[str, Any] = entry.body
    tick = body["input"]
    output = decode(TickOutput, body["output"])
    memory = Memory(
        billed_peak=_higher(billed_peak, body["billed_peak"], power_kw_max=power_kw_max),
        request_sequence=int(body["request_sequence"]),
        overrides=tuple(decode(Request, item) for item in body["overrides"]),
        corrections=corrections_in(body),
        limits=tuple(decode(Limit, item) for item in tick["limits"]),
        outcomes=tuple(decode_outcome(item) for item in tick["outcomes"]),
        alarms=output.alarms,
        behind=output.behind,
        sent_kw=_sent_kw(body["sent_kw"], output),
        claimed_kw=_sent_kw(body.get("claimed_kw", body["sent_kw"]), output),
    )
    restored = ledger.last(RESTORED)
    return memory if restored is None or restored.sequence < entry.sequence else _after(restored, memory)


def open_requests(ledger: LedgerReader) -> tuple[int, tuple[Request, ...]]:
    """Give the number of the last request that was answered, and the requests open at the last entry."""
    entry = _last(ledger)
    if entry is None:
        return 0, ()
    body = entry.body
    overrides = (decode(Request, item) for item in body["overrides"])
    return int(body["request_sequence"]), (*overrides, *corrections_in(body))


def _after(restored: Entry, memory: Memory) -> Memory:
    """Let go of what a backup cannot vouch for: people ask again, and no outcome or delay is carried on.

    Limits found and what we once sent stay: the one is only ever released by a person, the other only proves
    that a bound is ours.
    """
    return replace(
        memory,
        request_sequence=max(memory.request_sequence, int(restored.body["request_sequence"])),
        overrides=(),
        corrections=(),
        outcomes=(),
        behind=(),
    )


def _last(ledger: LedgerReader) -> Entry | None:
    entries = [entry for kind in KINDS if (entry := ledger.last(kind)) is not None]
    return max(entries, key=lambda entry: entry.sequence, default=None)


def _higher(known: BilledPeak, recorded: Mapping[str, Any], *, power_kw_max: float) -> BilledPeak:
    power_kw = float(recorded["power_kw"])
    period = recorded["period"] if "period" in recorded else recorded["year"]  # as records said it before
    if int(period) != known.period or not known.power_kw < power_kw <= power_kw_max:
        return known
    return BilledPeak(period=known.period, power_kw=power_kw)


def _sent_kw(before: Mapping[str, Any], output: TickOutput) -> Mapping[str, tuple[float, ...]]:
    """Add what the last entry was about to send: whether it arrived is not known."""
    sent = {asset_id: tuple(float(value) for value in values) for asset_id, values in before.items()}
    for decision in output.decisions:
        if decision.setpoint is not None:
            asset_id = decision.setpoint.asset_id
            sent[asset_id] = (*sent.get(asset_id, ()), decision.setpoint.power_kw)
    return sent
