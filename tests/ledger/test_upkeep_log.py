"""What upkeep meets is in the log once, when it begins and when it ends."""

from datetime import timedelta
from pathlib import Path

from structlog.testing import capture_logs

from energy.ledger.upkeep import Upkeep
from energy.ledger.writer import Ledger
from tests.ledger.sealed_ledger import DAY, QUICK, T0, fill, tamper

HOUR = timedelta(hours=1)


def test_a_broken_entry_stops_sealing_and_is_named_in_the_log_once(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        for day in range(3):
            fill(ledger, day=day)
    tamper(tmp_path / "ledger.sqlite", "UPDATE entry SET kind = 'note' WHERE sequence = 3")
    with Ledger(tmp_path) as ledger, Upkeep(ledger, QUICK) as upkeep, capture_logs() as logs:
        for hour in range(5):
            upkeep.step(T0 + 3 * DAY + hour * HOUR)
        assert upkeep.notes(T0)
    (line,) = logs
    assert line["log_level"] == "error"
    assert "entry 3: " in line["why"]


def test_the_end_of_a_failure_is_in_the_log(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger, Upkeep(ledger, QUICK) as upkeep, capture_logs() as logs:
        for day in range(3):
            fill(ledger, day=day)
        (tmp_path / "ledger").write_text("in the way")
        for hour in range(3):
            upkeep.step(T0 + 3 * DAY + hour * HOUR)
        (tmp_path / "ledger").unlink()
        for hour in range(3, 6):
            upkeep.step(T0 + 3 * DAY + hour * HOUR)
    assert [line["event"] for line in logs] == ["ledger upkeep fails", "ledger upkeep goes on"]
