"""The judge: forecasts for every day of a file, each made from what was known at its gate.

Rolling origin: at the gate (a local time) of each day all periods of the next local day are forecast, 92, 96
or 100 quarter hours of them; or, within the day, the coming hours every few hours. The model is learned anew
every ``retrain_days`` from what was known at that gate.
"""

import time as wall

import numpy as np

from energy.domain import FloatArray
from energy.errors import BadInput
from energy.forecast.calendar import Calendar, IntArray
from energy.forecast.gates import DayAheadGate, Gates, LiveGates
from energy.forecast.judging.backtest_options import (
    BacktestOptions,
    calendar_over,
    days_of,
    history_of,
    local_date,
    spec_of,
    table_of,
)
from energy.forecast.judging.backtest_prior import sized
from energy.forecast.judging.backtest_report import Samples, baselines, costs_eur, figures, samples_of
from energy.forecast.judging.baselines import NOTE, rivals_of
from energy.forecast.judging.imbalance_cost import eur_per_kwh_per_unit, kw_per_unit
from energy.forecast.judging.rolling_origin import Judged, Origin, Progress, day_ahead, judge, within_day
from energy.forecast.judging.table import Table
from energy.forecast.marks.listing import counted, listed, truth_of
from energy.forecast.marks.looking import marks_of
from energy.forecast.net_load import known_by
from energy.forecast.series import Kind

FAULTS_LISTED = 500
"""So many findings in the data are listed one by one; all are counted."""


def run_backtest(options: BacktestOptions, progress: Progress | None = None) -> dict[str, object]:
    """Judge forecasts on a CSV; the result is ready for JSON.

    Errors are in the target's unit; ``mape``, ``nmae`` (of the mean magnitude) and ``coverage`` are
    fractions; ``bias`` is forecast minus truth. ``baselines``: ``d1``, ``d2`` and ``week`` are plain shifts
    by 24, 48 and 168 hours; at an early gate part of ``d1`` is not yet measured, so it flatters itself, and
    ``d1_known`` does not. ``seasonal`` is our own rung without learning. Each has ``skill`` with an interval.

    Raises:
        BadInput: with all faults of the options and the file.
    """
    began_s, began_cpu_s = wall.perf_counter(), wall.process_time()
    report = backtest_of(options, table_of(options), progress)
    return {
        **report,
        "wall_s": wall.perf_counter() - began_s,
        "cpu_s": wall.process_time() - began_cpu_s,
    }


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
    # what it proves to be in the end says what can have happened; forecasts only know what it was by then
    proved = known_by(spec, history.value, step_s=history.step_s)
    marks = marks_of(proved, history)
    truth = truth_of(history, marks)
    gates, origins = _origins(options, spec.kind, calendar, days)
    if not any(np.isfinite(truth[origin.index]).any() for origin in origins):
        raise BadInput([options.fault(options.target, "no value", "nothing to judge", "choose other days")])
    judged = judge(
        spec,
        history,
        origins,
        gates=gates,
        retrain_days=options.retrain_days,
        history_days=options.history_days,
        progress=progress,
        prepared=sized,
    )
    samples = _samples(options, table, truth, calendar, judged)
    beside = baselines(samples)
    costs = _costs(options, table, judged.index[np.isfinite(truth[judged.index])], samples)
    for name, scores in beside.items():
        scores["cost_eur"] = costs.get(name)
    return {
        **figures(samples, step_s=table.step_s, intraday=options.intraday),
        "n_missing": judged.index.size - samples.truth.size,
        "baselines": {**beside, "note": NOTE},
        "skill": {name: scores["skill"] for name, scores in beside.items()},
        "cost_eur": costs.get("ours"),
        "cost_basis": _cost_basis(options),
        "model": max(judged.rungs, key=lambda rung: judged.rungs[rung]),
        "rungs_days": judged.rungs,
        "target": options.target,
        "kind": proved.kind,
        "step_s": table.step_s,
        "step": f"{table.step_s // 60} min",
        "gate": options.gate.isoformat(timespec="minutes"),
        "intraday": {"every_h": options.every_h, "reach_h": options.reach_h} if options.intraday else None,
        "from": local_date(history.start, spec.zone, days.start).isoformat(),
        "to": local_date(history.start, spec.zone, days.stop - 1).isoformat(),
        "days": len(days),
        "retrain_days": options.retrain_days,
        "n_marked": int(marks.kept_out().sum()),
        "n_marked_judged": int((marks.kept_out() & np.isfinite(truth))[judged.index].sum()),
        "data_faults": listed(history, marks)[:FAULTS_LISTED],
        "data_faults_found": counted(marks),
        "history_days": options.history_days,
        "prior": None if history.prior is None else history.prior.name,
    }


def _origins(
    options: BacktestOptions, kind: Kind, calendar: Calendar, days: range
) -> tuple[Gates, tuple[Origin, ...]]:
    if options.intraday:
        origins = within_day(calendar, options.gate, days, every_h=options.every_h, reach_h=options.reach_h)
        return LiveGates(horizon_h=float(options.reach_h)), tuple(origins)
    gates = DayAheadGate(at=options.gate, published=kind == "price")
    return gates, tuple(day_ahead(calendar, gates, days))


def _samples(
    options: BacktestOptions, table: Table, truth: FloatArray, calendar: Calendar, judged: Judged
) -> Samples:
    rivals = rivals_of(
        truth,
        judged.index,
        judged.known,
        step_s=table.step_s,
        operator=None if options.operator is None else table.columns[options.operator],
        intraday=options.intraday,
    )
    return samples_of(judged, truth, rivals, calendar=calendar, start=table.start, zone=options.zone)


def _costs(
    options: BacktestOptions, table: Table, index: IntArray, samples: Samples
) -> dict[str, float | None]:
    """Give EUR by name, empty where the target is no power."""
    unit_kw = kw_per_unit(options.target)
    if unit_kw is None:
        return {}
    if options.intraday:
        # every period once, by the last forecast of it: that is what is traded upon
        last = np.flatnonzero(samples.lead <= options.every_h * 3600 // table.step_s)
        samples, index = samples.only(last), index[last]
    return costs_eur(
        samples,
        kwh_per_unit=unit_kw * table.step_s / 3600.0,
        price_eur_per_kwh=_price(table, options.price, index),
        imbalance_eur_per_kwh=_price(table, options.imbalance_price, index),
    )


def _price(table: Table, column: str | None, index: IntArray) -> FloatArray | None:
    unit = None if column is None else eur_per_kwh_per_unit(column)
    return None if column is None or unit is None else unit * table.columns[column][index]


def _cost_basis(options: BacktestOptions) -> str | None:
    if kw_per_unit(options.target) is None:
        return None
    if options.price is None:
        return "65 EUR/MWh of error"
    return f"the distance of {options.imbalance_price} from {options.price}, always against us"
