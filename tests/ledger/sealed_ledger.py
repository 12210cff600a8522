"""A small ledger of several days, sealed by the real upkeep in no time."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.ledger.sealing import SealingLimits
from energy.ledger.upkeep import Upkeep, UpkeepRules
from energy.ledger.writer import Ledger

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
QUICK = UpkeepRules(sealing=SealingLimits(delay=timedelta(0), forgotten_per_step=3), inline=True)


def fill(ledger: Ledger, *, day: int, entries: int = 6) -> None:
    """Record some ticks and one plan of a day, with something beside every second one."""
    for number in range(entries):
        at = T0 + day * DAY + timedelta(minutes=number)
        beside = {"wall_s": number / 7, "why": 'an "odd" one, ä'} if number % 2 else None
        body = {"number": number, "hash": "none", "day": {"filler": "x" * 300, "day": day}}
        ledger.append("plan" if number == 1 else "tick", at, body, beside)


def tend(upkeep: Upkeep, at: datetime, *, steps: int = 40) -> None:
    """Give the upkeep as many steps as it can want."""
    for _ in range(steps):
        upkeep.step(at)
        assert not upkeep.notes(at)


def sealed(path: Path, *, days: int = 3, rules: UpkeepRules = QUICK, entries: int = 6) -> str:
    """Make a ledger of some days of which all but the last are sealed; give its head."""
    with Ledger(path) as ledger, Upkeep(ledger, rules) as upkeep:
        for day in range(days):
            fill(ledger, day=day, entries=entries)
            tend(upkeep, T0 + day * DAY + timedelta(hours=1))
        return ledger.head()


def tamper(path: Path, *statements: str) -> None:
    """Change the file as somebody would who has removed what forbids it."""
    connection = sqlite3.connect(path, isolation_level=None)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    for sql in statements:
        connection.execute(sql)
    connection.close()
