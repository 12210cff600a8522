"""How the controller's ledger is kept: what outlasts its segments, how long those stay, where heads go."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from energy.commissioning import KIND as POINT_TO_POINT_TEST
from energy.ledger.upkeep import RETENTION_DEFAULT, UpkeepRules

HEADS_VARIABLE = "ENERGIEWAAGE_LEDGER_HEADS"
"""Names a file, best on another machine's mount, that gets the ledger's head as a line each hour."""
LASTING_KINDS = frozenset({POINT_TO_POINT_TEST})
"""An asset stays commissioned however old its test is. Limits found, open requests and what was sent need no
carrying: each tick repeats them, and the last tick is never old."""


def ledger_rules(
    environment: Mapping[str, str], *, lockstep: bool, kept: timedelta = RETENTION_DEFAULT
) -> UpkeepRules:
    """Give the rules; in lockstep no head leaves the machine and nothing runs beside the loop."""
    named = environment.get(HEADS_VARIABLE, "").strip()
    return UpkeepRules(
        retention=kept,
        lasting_kinds=LASTING_KINDS,
        heads=Path(named) if named and not lockstep else None,
        inline=lockstep,
    )
