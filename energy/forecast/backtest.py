"""The judge: forecasts for every day of a file, each made from what was known at its gate.

Rolling origin: at the gate (a local time) of each day all periods of the next local day are forecast, 92, 96
or 100 quarter hours of them. The model is learned anew every ``retrain_days`` from what was known at that
gate.
"""

import time as wall

import numpy as np

from energy.errors import BadInput
from energy.forecast.backtest_options import (
    BacktestOptions,
    calendar_over,
    days_of,
    history_of,
    local_date,
    spec_of,
    table_of,
)
from energy.forecast.backtest_report import figures
from energy.forecast.baselines import baseline_scores
from energy.forecast.gates import DayAheadGate
from energy.forecast.marks.listing import counted, listed, truth_of
from energy.forecast.marks.looking import marks_of
from energy.forecast.rolling_origin import Progress, day_ahead, judge
from energy.forecast.table import Table

FAULTS_LISTED = 500
"""So many findings in the data are listed one by one; all are counted."""


def run_backtest(options: BacktestOptions, progress: Progress | None = None) -> dict[str, object]:
    """Judge day-ahead forecasts on a CSV; the result is ready for JSON.

    Errors are in the target's unit; ``mape``, ``nmae`` (of the mean magnitude) and ``coverage`` are
    fractions; ``bias`` is forecast minus truth. ``baselines``: ``d1``, ``d2`` and ``week`` are plain shifts
    by 24, 48 and 168 hours; at an early gate part of ``d1`` is not yet measured, so it flatters itself.
    ``seasonal`` is our own rung without learning.

    Raises:
        BadInput: with all faults of the options and the file.
    """
    began_s = wall.perf_counter()
    report = backtest_of(options, table_of(options), progress)
    return {**report, "wall_s": wall.perf_counter() - began_s}


def backtest_of(
    options: BacktestOptions, table: Table, progress: Progress | None = None
) -> dict[str, object]:
    """Judge on a table that is read already: what ``run_backtest`` does without the file.

    Raises:
        BadInput: the days are not in the table, or nothing of them was measured.
    """
    spec, history = spec_of(options), history_of(options, table)
    calendar = calendar_over(spec, history)
    days = days_of(options, history.start, calendar)
    marks = marks_of(spec, history)
    truth = truth_of(history, marks)
    gates = DayAheadGate(at=options.gate, published=spec.kind == "price")
    origins = tuple(day_ahead(calendar, gates, days))
    if not any(np.isfinite(truth[origin.index]).any() for origin in origins):
        raise BadInput([options.fault(options.target, "no value", "nothing to judge", "choose other days")])
    judged = judge(spec, history, origins, gates=gates, retrain_days=options.retrain_days, progress=progress)
    known = np.isfinite(truth[judged.index])
    return {
        **figures(judged, truth, known, calendar=calendar, start=history.start, zone=spec.zone),
        "baselines": baseline_scores(
            truth,
            judged.index[known],
            step_s=table.step_s,
            seasonal=judged.seasonal[:, known],
            operator=None if options.operator is None else table.columns[options.operator],
        ),
        "model": max(judged.rungs, key=lambda rung: judged.rungs[rung]),
        "rungs_days": judged.rungs,
        "target": options.target,
        "kind": spec.kind,
        "step_s": table.step_s,
        "step": f"{table.step_s // 60} min",
        "gate": options.gate.isoformat(timespec="minutes"),
        "from": local_date(history.start, spec.zone, days.start).isoformat(),
        "to": local_date(history.start, spec.zone, days.stop - 1).isoformat(),
        "days": len(days),
        "retrain_days": options.retrain_days,
        "n_marked": int(marks.kept_out().sum()),
        "data_faults": listed(history, marks)[:FAULTS_LISTED],
        "data_faults_found": counted(marks),
    }
