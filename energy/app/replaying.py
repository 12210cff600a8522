"""Decides recorded ticks again: the same input must give the same output, bit for bit."""

from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from energy.canonical import canonical_bytes, decode, decode_outcome
from energy.conduct import Following
from energy.controller.decide import decide
from energy.controller.tick_input import TickInput
from energy.domain import Alarm, Image, Limit, Plan, Request, Rung
from energy.errors import BadInput, Fault
from energy.ledger.chain import Entry
from energy.ledger.reader import ledger_reader
from energy.region.model import Region

DIFFERENCES_MAX = 20
"""The first ones are named; they are all counted."""
PLANS_KEPT_MAX = 64
"""A tick follows one of the youngest plans before it."""


class ReplayReport(TypedDict):
    """What a replay found."""

    ticks: int
    different: int
    differences: list[str]


def replay_ticks(region: Region, path: Path, *, start: datetime | None, end: datetime | None) -> ReplayReport:
    """Decide the ticks in [start, end) again.

    Raises:
        BadInput: the ledger was written for another version of the region file.
        RecordBroken: an entry cannot be understood.
    """
    report = ReplayReport(ticks=0, different=0, differences=[])
    plans: dict[str, Plan] = {}
    after = 0
    with ledger_reader(path) as ledger:
        while entries := ledger.entries(after=after, limit=500):
            after = entries[-1].sequence
            for entry in entries:
                if end is not None and entry.at >= end:
                    return report
                _replay_entry(region, entry, plans, report, start=start)
    return report


def _replay_entry(
    region: Region, entry: Entry, plans: dict[str, Plan], report: ReplayReport, *, start: datetime | None
) -> None:
    if entry.kind == "start":
        if start is None or entry.at >= start:
            _require_same_region(region, entry)
    elif entry.kind == "plan":
        plan = decode(Plan, entry.body["plan"])
        plans[plan.plan_id] = plan
        while len(plans) > PLANS_KEPT_MAX:
            plans.pop(next(iter(plans)))
    elif entry.kind == "tick" and (start is None or entry.at >= start):
        report["ticks"] += 1
        output = decide(region, tick_input(entry.body["input"], plans))
        if canonical_bytes(output) != canonical_bytes(entry.body["output"]):
            report["different"] += 1
            if len(report["differences"]) < DIFFERENCES_MAX:
                report["differences"].append(
                    f"entry {entry.sequence} at {entry.at.isoformat()} decides differently"
                )


def tick_input(data: dict[str, Any], plans: dict[str, Plan]) -> TickInput:
    """Rebuild a recorded tick's input; its plan is looked up by its id."""
    return TickInput(
        image=decode(Image, data["image"]),
        tick_s=float(data["tick_s"]),
        plan=plans.get(data["plan_id"]) if data["plan_id"] is not None else None,
        rung=Rung(data["rung"]),
        limits=tuple(decode(Limit, item) for item in data["limits"]),
        overrides=tuple(decode(Request, item) for item in data["overrides"]),
        exchange_mean_kw=None if data["exchange_mean_kw"] is None else float(data["exchange_mean_kw"]),
        outcomes=tuple(decode_outcome(item) for item in data["outcomes"]),
        alarms=tuple(decode(Alarm, item) for item in data["alarms"]),
        unread=tuple(data["unread"]),
        uncommissioned=tuple(data["uncommissioned"]),
        behind=tuple(decode(Following, item) for item in data["behind"]),
        notes=tuple(data["notes"]),
    )


def _require_same_region(region: Region, entry: Entry) -> None:
    recorded = entry.body["region_digest"]
    if recorded != region.digest:
        raise BadInput(
            [
                Fault(
                    file=str(region.folder),
                    line=None,
                    place="REGION",
                    value=region.digest[:12],
                    limit=f"entry {entry.sequence} was decided with another region file ({recorded[:12]})",
                    mend="replay with the region folder as it was then",
                )
            ]
        )
