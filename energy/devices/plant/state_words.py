"""Which number of an enumeration a simulated device shows: the words of its map say what each means."""

import re
from collections.abc import Mapping

RUNNING = frozenset(
    {
        *("on", "run", "runs", "running", "active", "operation", "operating", "operational", "normal"),
        *(
            "mpp",
            "mppt",
            "tracking",
            "producing",
            "production",
            "feeding",
            "generating",
            "connected",
            "throttled",
        ),
        *("charging", "discharging", "charge", "discharge", "heating", "started"),
    }
)
STANDING = frozenset(
    {
        *("off", "standby", "stand", "standing", "stopped", "stop", "idle", "sleeping", "sleep", "ready"),
        *("holding", "waiting", "disabled", "inactive", "available", "shutdown"),
    }
)


def state_number(words: Mapping[int, str] | None, *, is_running: bool) -> float:
    """Give the number of the first word that fits what the device does; 1 or 0 where there are no words."""
    if not words:
        return float(is_running)
    fitting = RUNNING if is_running else STANDING
    for number, word in words.items():
        if fitting & set(re.findall(r"[a-z]+", word.lower())):
            return float(number)
    return float(next(iter(words)))
