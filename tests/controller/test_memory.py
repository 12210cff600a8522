"""The billed peak over a restart, whichever way a record names its billing period."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from energy.controller.memory import BilledPeak, recall
from energy.ledger.active_file import FILE_NAME
from energy.ledger.writer import Ledger
from energy.periods import parse_utc

AT = parse_utc("2026-11-28T12:00Z")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / FILE_NAME) as opened:
        yield opened


def recalled_kw(ledger: Ledger, recorded: dict[str, float], *, period: int) -> float:
    body = {
        "input": {"limits": [], "outcomes": []},
        "output": {"decisions": [], "alarms": []},
        "request_sequence": 0,
        "overrides": [],
        "billed_peak": recorded,
        "sent_kw": {},
    }
    ledger.append("tick", AT, body)
    known = BilledPeak(period=period, power_kw=100.0)
    return recall(ledger, billed_peak=known, power_kw_max=1e6).billed_peak.power_kw


@pytest.mark.parametrize("name", ["period", "year"])
def test_the_higher_of_what_record_and_ledger_know_counts(ledger: Ledger, name: str) -> None:
    assert recalled_kw(ledger, {name: 2026, "power_kw": 250.0}, period=2026) == 250.0
    assert recalled_kw(ledger, {name: 2026, "power_kw": 50.0}, period=2026) == 100.0


@pytest.mark.parametrize("name", ["period", "year"])
@pytest.mark.parametrize("period", [202612, 2026])
def test_a_peak_of_another_billing_period_does_not_count(ledger: Ledger, name: str, period: int) -> None:
    assert recalled_kw(ledger, {name: 202611, "power_kw": 250.0}, period=period) == 100.0
