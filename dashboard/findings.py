"""What planner and controller noted, as a sentence in the reader's language with local times."""

import re
from datetime import datetime
from typing import NamedTuple

from dashboard.language import Words

_UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z"
_SPAN = rf"(?P<time>{_UTC}) to (?P<end>{_UTC})"
_MOMENTS = ("time", "end")
_PERCENTAGES = ("proven", "wanted")
_GAP = r"proven (?P<proven>[\d.]+) %, wanted (?P<wanted>[\de.-]+) %"


class _Pattern(NamedTuple):
    """How a detail begins, and the text that says the same."""

    code: str
    detail: str
    key: str


PATTERNS = (
    _Pattern("planned_without_weather", rf"weather_late: (?P<source>.+?): issued (?P<time>{_UTC})", "late"),
    _Pattern(
        "planned_without_weather", rf"weather_\w+: (?P<source>.+?): reaches .*(?P<time>{_UTC})", "short"
    ),
    _Pattern("planned_without_weather", r"weather_missing: (?P<source>.+?):", "missing"),
    _Pattern(
        "weather_late", r"(?P<source>\S+) is (?P<age_h>\d+) h old, at most (?P<limit_h>[\d.]+) h", "old"
    ),
    _Pattern("weather_missing", r"(?P<source>\S+?): ", "missing"),
    _Pattern("weather_unreachable", r"(?P<source>\S+?)[: ]", "unreachable"),
    _Pattern("model_unusable", r".*another version", "model_version"),
    _Pattern("model_unusable", r"", "model_damaged"),
    _Pattern("model_retired", r"", "model_retired"),
    _Pattern("model_put_back", r"(?P<why>.*)", "model_put_back"),
    _Pattern("training_failed", r"", "training_failed"),
    _Pattern("judging_failed", r"", "judging_failed"),
    _Pattern("meter_watch_failed", r"", "meter_watch_failed"),
    _Pattern("plan_gap_missed", _GAP, "plan_gap_missed"),
    _Pattern("plan_gap_far_missed", _GAP, "plan_gap_far_missed"),
    _Pattern("plan_unproven", r".*wanted (?P<wanted>[\de.-]+) %", "plan_unproven"),
    _Pattern("data_", rf"{_SPAN}: .*; still used$", "data_used"),
    _Pattern("data_", _SPAN, "data_left_out"),
)
"""The first that fits counts."""


def sentence(words: Words, code: str, detail: str) -> str | None:
    """Say a note in words; None for one that nobody has put into words, which is shown as it is.

    Moments in it become local times of the region, percentages are written the language's way.
    """
    for pattern in PATTERNS:
        family = pattern.code.endswith("_") and code.startswith(pattern.code)
        if code != pattern.code and not family:
            continue
        found = re.match(pattern.detail, detail)
        if found is None:
            continue
        values = found.groupdict()
        for name in _MOMENTS:
            if name in values:
                moment = datetime.fromisoformat(values[name])
                values[name] = words.moment(moment, words.text("pattern.moment"))
        for name in _PERCENTAGES:
            if name in values:
                values[name] = words.small_share(float(values[name]) / 100.0)
        return words.text(f"finding.{pattern.key}", **values)
    return None
