"""How well data that lies is found, and what that is worth: faults of known place put into real series.

``python -m tools.study_marks FILE COLUMN [--kind pv] [--errors]`` prints how many of the seeded faults were
found and what was marked beside them; with ``--errors`` also the day-ahead error with and without marking.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.gates import DayAheadGate
from energy.forecast.judging.rolling_origin import day_ahead, judge
from energy.forecast.judging.table import read_table
from energy.forecast.marks.fault import Marks
from energy.forecast.marks.looking import marks_of
from energy.forecast.series import History, SeriesSpec

Seeded = tuple[str, float]
"""What is put in, and for how many hours."""
FAULTS: tuple[Seeded, ...] = (
    *(("stuck", hours) for hours in (2.0, 6.0, 24.0, 144.0)),
    *(("spike", hours) for hours in (0.25, 1.0)),
    *(("zero", hours) for hours in (1.0, 24.0, 72.0)),
    *(("copied hour", hours) for hours in (1.0,)),
    *(("copied day", hours) for hours in (12.0, 24.0)),
    *(("thousandfold", hours) for hours in (24.0, 240.0)),
    *(("negative", hours) for hours in (3.0,)),
)
DRAWS = 40
EVERY_DAYS = 20
"""In the study of errors a fault stands in the file so often."""


def main() -> None:
    """Print one JSON line a sort of fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("column")
    parser.add_argument("--kind", default="load")
    parser.add_argument("--zone", default="Europe/Berlin")
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--errors", action="store_true")
    given = parser.parse_args()
    table = read_table(given.file, [given.column])
    value = table.columns[given.column][: given.days * 86_400 // table.step_s]
    history = History(start=table.start, value=value, step_s=table.step_s)
    spec = SeriesSpec(asset_id=given.column, kind=given.kind, zone=ZoneInfo(given.zone))
    if given.errors:
        for line in errors(spec, history):
            print(json.dumps(line))
        return
    before = marks_of(spec, history)
    for fault in FAULTS:
        print(json.dumps(detection(spec, history, before, fault)))


def detection(spec: SeriesSpec, history: History, before: Marks, fault: Seeded) -> dict[str, object]:
    """Put a fault in at random places, one at a time; count it as found if half of it is marked."""
    slots = 86_400 // history.step_s
    chance = np.random.default_rng(1)
    count = max(1, round(fault[1] * slots / 24))
    found = shares = beside = 0.0
    drawn = 0
    for first in chance.integers(30 * slots, history.value.size - count - slots, DRAWS).tolist():
        changed = seeded(history.value, int(first), count, fault[0], slots=slots)
        marked = marks_of(spec, replace(history, value=changed)).kept_out()
        wrong = np.flatnonzero((changed != history.value) & np.isfinite(history.value))
        if wrong.size == 0:  # a zero at night
            continue
        inside = float(marked[wrong].mean())
        drawn += 1
        found += inside >= 0.5
        shares += inside
        marked[first : first + count] = False
        beside += float((marked & ~before.kept_out()).sum())
    return {
        "fault": fault[0],
        "hours": fault[1],
        "found": round(found / max(drawn, 1), 3),
        "marked_share": round(shares / max(drawn, 1), 3),
        "marked_beside": round(beside / max(drawn, 1), 2),
    }


def seeded(values: FloatArray, first: int, count: int, fault: str, *, slots: int) -> FloatArray:
    """Give the series with one fault in it."""
    changed = values.copy()
    place = slice(first, first + count)
    level = float(np.nanquantile(values, 0.8))
    match fault:
        case "stuck":
            changed[place] = values[first]
        case "spike":
            changed[place] = values[place] + 2.0 * level
        case "zero":
            changed[place] = 0.0
        case "copied hour":
            changed[place] = values[first - slots // 24 : first - slots // 24 + count]
        case "copied day":
            changed[place] = values[first - slots : first - slots + count]
        case "thousandfold":
            changed[place] = 1000.0 * values[place]
        case _:
            changed[place] = -level
    return changed


def errors(spec: SeriesSpec, history: History) -> Sequence[dict[str, object]]:
    """Give the error against the true series: clean, with faults and marks, with faults and no marks."""
    slots = 86_400 // history.step_s
    calendar = calendar_of(
        history.start, history.value.size, step_s=history.step_s, zone=spec.zone, holidays_of=spec.holidays
    )
    gates = DayAheadGate(at=time(12))
    days = range(60, int(calendar.day[-1]))
    origins = tuple(day_ahead(calendar, gates, days))
    lines: list[dict[str, object]] = []
    for name, hours in (("none", 0.0), *FAULTS):
        if (name, hours) not in ERRORS_OF:
            continue
        value = history.value
        for first in range(40 * slots + 7, value.size - 2 * slots, EVERY_DAYS * slots):
            value = seeded(value, first, round(hours * slots / 24), name, slots=slots) if hours else value
        line: dict[str, object] = {"fault": name, "hours": hours}
        for word, look in (("marked", True), ("unmarked", False)):
            judged = judge(
                spec, replace(history, value=value), origins, gates=gates, retrain_days=56, look=look
            )
            error = np.abs(judged.quantiles[2] - history.value[judged.index])
            line[word] = round(float(np.nanmean(error)), 3)
        lines.append(line)
    return lines


ERRORS_OF = (
    ("none", 0.0),
    ("stuck", 24.0),
    ("stuck", 144.0),
    ("spike", 1.0),
    ("zero", 24.0),
    ("copied day", 24.0),
    ("thousandfold", 24.0),
)
if __name__ == "__main__":
    main()
