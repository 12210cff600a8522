"""Decides recorded ticks again: the same input must give the same output, bit for bit."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

from energy.app.own_code import code_digest
from energy.canonical import canonical_bytes, decode, decode_fields
from energy.controller.decide import decide
from energy.controller.memory import KINDS
from energy.controller.tick_input import TickInput
from energy.domain import Plan
from energy.errors import BadInput, Fault, RecordBroken
from energy.ledger.chain import Entry
from energy.ledger.reader import ledger_reader
from energy.region.model import Region

DIFFERENCES_MAX = 20
"""The first ones are named; they are all counted."""
PLANS_KEPT_MAX = 64
"""A tick follows one of the youngest plans before it."""
PLANS_BEFORE = timedelta(days=3)
"""Where reading begins before the first tick that is asked for; the oldest plan that is ever followed is
much younger."""
ENTRIES_AT_ONCE = 500


class ReplayReport(TypedDict):
    """What a replay found; each decision of a controller counts as a tick, handing back too."""

    ticks: int
    different: int
    differences: list[str]
    not_replayable: int
    reasons: dict[str, int]
    """Why some could not be decided again, and how many each."""
    own_code: str
    other_code: dict[str, int]
    """Digests of other code that recorded ticks, and how many each: there a difference is no fault."""


def replay_ticks(region: Region, path: Path, *, start: datetime | None, end: datetime | None) -> ReplayReport:
    """Decide the ticks in [start, end) again, wherever they lie.

    Raises:
        BadInput: the ledger was written for another version of the region file.
        RecordBroken: an entry cannot be understood.
    """
    replay = _Replay(region, start)
    with ledger_reader(path) as ledger:
        after = ledger.before(start - PLANS_BEFORE) if start is not None else ledger.removed_until()
        replay.after_removed = ledger.removed_until() > 0
        while entries := ledger.entries(after=after, limit=ENTRIES_AT_ONCE):
            after = entries[-1].sequence
            for entry in entries:
                if end is not None and entry.at >= end:
                    return replay.report
                replay.take(entry)
    return replay.report


class _Replay:
    """One walk along the ticks with the plans that they may follow."""

    def __init__(self, region: Region, start: datetime | None) -> None:
        self._region = region
        self._start = start
        self._plans: dict[str, Plan] = {}
        self._started: Mapping[str, Any] = {}
        self._other_code: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self.after_removed = False
        self._ticks, self._different, self._differences = 0, 0, list[str]()

    @property
    def report(self) -> ReplayReport:
        """Give what was found so far."""
        return ReplayReport(
            ticks=self._ticks,
            different=self._different,
            differences=self._differences,
            not_replayable=self._reasons.total(),
            reasons=dict(self._reasons),
            own_code=code_digest(),
            other_code=dict(self._other_code),
        )

    def take(self, entry: Entry) -> None:
        """Look at the next entry."""
        if entry.kind == "start":
            self._started = entry.body
        elif entry.kind == "plan":
            plan = decode(Plan, entry.body["plan"])
            self._plans[plan.plan_id] = plan
            while len(self._plans) > PLANS_KEPT_MAX:
                self._plans.pop(next(iter(self._plans)))
        elif entry.kind in KINDS and (self._start is None or entry.at >= self._start):
            self._decide_again(entry)

    def _decide_again(self, entry: Entry) -> None:
        body = entry.body
        _require_same_region(self._region, entry, _said(body, self._started, "region_digest"))
        code = _said(body, self._started, "code_digest")
        if code != code_digest():
            self._other_code[code or "not recorded"] += 1
        tick, reason = tick_input(body["input"], self._plans)
        if tick is None:
            lost = "its plan lies in a removed segment" if self.after_removed else "its plan is not recorded"
            self._reasons[reason or lost] += 1
            return
        self._ticks += 1
        if canonical_bytes(decide(self._region, tick)) != canonical_bytes(body["output"]):
            self._different += 1
            if len(self._differences) < DIFFERENCES_MAX:
                self._differences.append(
                    f"entry {entry.sequence} at {entry.at.isoformat()} decides differently"
                )


def tick_input(data: Mapping[str, Any], plans: Mapping[str, Plan]) -> tuple[TickInput | None, str | None]:
    """Rebuild a recorded tick's input from every field that it has; its plan is looked up by its id.

    Returns:
        the input; or None with the reason, which is None itself where only the plan is missing.
    """
    names = {field.name for field in dataclasses.fields(TickInput)} - {"plan"}
    if strange := data.keys() ^ (names | {"plan_id"}):
        return None, f"its input was recorded by a version that differs in {', '.join(sorted(strange))}"
    try:
        fields = decode_fields(TickInput, data, names)
    except RecordBroken as error:
        return None, f"its input cannot be understood ({error})"
    plan_id = data["plan_id"]
    if plan_id is not None and plan_id not in plans:
        return None, None
    return TickInput(plan=plans[plan_id] if plan_id is not None else None, **fields), None


def _said(body: Mapping[str, Any], started: Mapping[str, Any], name: str) -> str | None:
    """Each tick says what decided it; older ones leave it to the start entry before them."""
    found = body.get(name, started.get(name))
    return None if found is None else str(found)


def _require_same_region(region: Region, entry: Entry, recorded: str | None) -> None:
    if recorded in {None, region.digest}:
        return
    raise BadInput(
        [
            Fault(
                file=str(region.folder),
                line=None,
                place="REGION",
                value=region.digest[:12],
                limit=f"entry {entry.sequence} was decided with another region file ({recorded:.12})",
                mend="replay with the region folder as it was then",
            )
        ]
    )
