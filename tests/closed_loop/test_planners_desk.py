"""The planner's desk in the closed loop: a correction is planned by, judged beside its base, and replayed."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from energy.app.data_folder import LEDGER, REQUESTS
from energy.app.headless import HeadlessSettings, Run, run_headless
from energy.app.replaying import replay_ticks
from energy.controller.corrections import Corrections
from energy.controller.memory import BilledPeak, recall
from energy.correction import Correction
from energy.domain import Request, RequestKind
from energy.historian.sqlite_reader import open_reader
from energy.ledger.corrections import open_corrections
from energy.ledger.reader import ledger_reader
from energy.live_score import Lead, standings
from energy.mailbox import Mailbox
from energy.periods import PERIOD, parse_utc
from energy.region.loader import load_region

START = parse_utc("2020-05-18T18:00Z")
"""20:00 local: the day ends four hours later and is scored three hours after that."""
HOURS = 7.75
REGION = load_region("musterstadt")
TONIGHT = Correction(start=START + timedelta(hours=1), end=START + timedelta(hours=5), factor=0.8)
TOMORROW = Correction(start=START + timedelta(hours=12), end=START + timedelta(hours=20), offset_kw=150.0)


def request_of(request_id: str, given: Correction) -> Request:
    return Request(
        request_id=request_id,
        kind=RequestKind.CORRECT,
        asset_id="load",
        power_kw=None,
        actor="planner",
        reason="a holiday that no calendar knows",
        made_at=START,
        until=given.end,
        correction=given,
    )


def asking(folder: Path) -> Callable[[Run, datetime], Awaitable[None]]:
    async def between_ticks(run: Run, at: datetime) -> None:
        del run
        if at == START:
            with Mailbox(folder / REQUESTS) as box:
                box.post(request_of("tonight", TONIGHT))
                box.post(request_of("tomorrow", TOMORROW))

    return between_ticks


async def run_in(folder: Path) -> dict[str, Any]:
    settings = HeadlessSettings(
        region_name="musterstadt",
        region=REGION,
        start=START,
        days=HOURS / 24.0,
        seed=1,
        tick_s=60.0,
        folder=folder,
        first_port=None,
    )
    return await run_headless(settings, between_ticks=asking(folder))


async def test_a_correction_is_planned_by_judged_and_forgotten_when_it_ends(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    figures = await run_in(first)
    assert figures["broken_invariants"] == 0

    with open_reader(first) as reader:
        (plan,) = reader.plans_between(START + 2 * PERIOD, START + 2 * PERIOD + timedelta(minutes=14))[-1:]
        corrected = next(item for item in reader.forecasts_at(plan.issued_at) if item.asset_id == "load")
        (base,) = reader.shadows_between("load", corrected.issued_at, corrected.issued_at + PERIOD)[:1]
        assert corrected.model == f"{base.model}+corrected"
        place = (TONIGHT.start - corrected.start) // PERIOD
        assert corrected.expected_kw[place] == 0.8 * base.expected_kw[place]
        assert np.array_equal(plan.assets["load"].power_kw, corrected.expected_kw)

        board = standings(reader.live_scores(START - timedelta(days=1), START + timedelta(days=1), "load"))
        near = {line.model: line for line in board if line.lead is Lead.UNDER_1_H}
        assert {"learned", "learned+corrected"} <= near.keys()
        skill = near["learned+corrected"].skill_uncorrected
        assert skill is not None
        assert skill < 0.0, "nobody was on holiday: the correction made it worse, and is told so"
        assert near["learned"].cost_eur_per_day is not None

    with ledger_reader(first / LEDGER) as ledger:
        answers = [str(entry.body["answer"]) for entry in ledger.recent(9999, kind="request")]
        assert len(answers) == 2
        assert all(answer.startswith("taken") for answer in answers)
        kept = recall(ledger, billed_peak=BilledPeak(period=2020, power_kw=0.0), power_kw_max=1e9).corrections
        assert [request.request_id for request in kept] == ["tomorrow"], "tonight's ended by itself"
        assert kept == open_corrections(ledger)
    assert Corrections(kept).open_at(START + timedelta(hours=9)) == kept, "a restart takes it up again"
    assert Corrections(kept).open_at(TOMORROW.end) == ()

    report = replay_ticks(REGION, first / LEDGER, start=None, end=None)
    assert report["ticks"] > 400
    assert (report["different"], report["not_replayable"]) == (0, 0)
    assert (await run_in(second))["ledger_head"] == figures["ledger_head"]
