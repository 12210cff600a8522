"""The judge: day-ahead forecasts for every day of a file, each made from what was known at its gate.

Rolling origin: at the gate (a local time) of each day all periods of the next local day are forecast, 92, 96
or 100 quarter hours of them. The model is learned anew every ``retrain_days`` from what was known at that
gate.
"""

import time as wall
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.errors import BadInput, Fault
from energy.forecast.calendar import BoolArray, IntArray, is_known_holiday_code
from energy.forecast.frame import Frame, frame_of
from energy.forecast.gates import DayAheadGate
from energy.forecast.ladder import flat_quantiles, quantiles_of
from energy.forecast.model import Model, train_on
from energy.forecast.reference import DAYS_BACK_MIN
from energy.forecast.scores import error_scores, pinball, scores_by, scores_of
from energy.forecast.series import CENTRE_OF_GERMANY, History, Kind, SeriesSpec
from energy.forecast.table import Table, read_table

BERLIN = ZoneInfo("Europe/Berlin")
WARM_UP_DAYS = 10
"""Without ``start`` the first day judged is this far into the file: a week to compare with, and the gate."""
BASELINE_SHIFTS_H = {"d1": 24, "d2": 48, "week": 168}

Progress = Callable[[int, int], None]
"""Called with days done and days in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOptions:
    """What to judge, on what, from when to when.

    ``start`` is the first local day to judge, ``end`` the day past the last.

    ``features_known`` are columns known ahead for the whole next day at the gate; ``features_past`` become
    known with the target. ``operator`` is a published forecast to compare with; it is an input only if named
    in ``features_known`` too. ``kind`` None is read from the target's name, load where it says nothing.
    """

    data: Path
    target: str
    features_known: tuple[str, ...] = ()
    features_past: tuple[str, ...] = ()
    operator: str | None = None
    capacity_column: str | None = None
    zone: ZoneInfo = BERLIN
    holidays: str = ""
    location: tuple[float, float] = CENTRE_OF_GERMANY
    start: date | None = None
    end: date | None = None
    gate: time = time(12, 0)
    kind: Kind | None = None
    retrain_days: int = 28


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Judged:
    """Forecasts of all days in a row: the file's row of each period, its lead, the quantiles of two rungs."""

    index: IntArray
    lead_h: IntArray
    quantiles: FloatArray
    seasonal: FloatArray
    rungs: dict[str, int]


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
    table = _table(options)
    spec = _spec(options)
    history = _history(options, table)
    periods = history.value.size
    frame = frame_of(spec, history, known=periods, periods=periods)
    first, last = _days(options, frame)
    judged = _judge(options, frame, range(first, last), progress)
    truth = table.columns[options.target]
    known = np.isfinite(truth[judged.index])
    if not known.any():
        raise BadInput([_fault(options, options.target, "no value", "nothing to judge", "choose other days")])
    return {
        **_report(frame, judged, truth, known),
        "baselines": _baselines(options, table, judged, known),
        "model": max(judged.rungs, key=lambda rung: judged.rungs[rung]),
        "rungs_days": judged.rungs,
        "target": options.target,
        "kind": spec.kind,
        "step_s": table.step_s,
        "step": f"{table.step_s // 60} min",
        "gate": options.gate.isoformat(timespec="minutes"),
        "from": _date_of(frame, first),
        "to": _date_of(frame, last - 1),
        "days": last - first,
        "retrain_days": options.retrain_days,
        "wall_s": wall.perf_counter() - began_s,
    }


def kind_of(target: str) -> Kind:
    """Guess the kind from a column's name.

    >>> kind_of("pv_mw"), kind_of("price_eur_per_mwh"), kind_of("netzlast_mw")
    ('pv', 'price', 'load')
    """
    words = set(target.lower().split("_"))
    by_word: dict[Kind, set[str]] = {
        "pv": {"pv", "solar", "photovoltaik"},
        "wind": {"wind", "vre"},
        "hydro": {"hydro", "wasserkraft"},
        "price": {"price", "preis"},
        "heat": {"heat", "waerme"},
        "temperature": {"temperature", "temperatur"},
        "ev_hub": {"ev", "charging"},
    }
    return next((kind for kind, marks in by_word.items() if words & marks), "load")


def _spec(options: BacktestOptions) -> SeriesSpec:
    return SeriesSpec(
        asset_id=options.target,
        kind=options.kind or kind_of(options.target),
        zone=options.zone,
        holidays=options.holidays,
        location=options.location,
    )


def _table(options: BacktestOptions) -> Table:
    """Read the columns that are needed, and report faults of the options together with the file's."""
    faults = []
    if options.holidays and not is_known_holiday_code(options.holidays):
        faults.append(
            _fault(
                options, "holidays", options.holidays, "no such holiday calendar", "write for example DE-BY"
            )
        )
    if options.retrain_days < 1:
        faults.append(_fault(options, "retrain", options.retrain_days, "at least 1 day", "give whole days"))
    if options.gate.minute % 15 or options.gate.second or options.gate.microsecond:
        faults.append(
            _fault(options, "gate", str(options.gate), "a full quarter hour", "write for example 12:00")
        )
    extra = (options.operator, options.capacity_column)
    wanted = (
        options.target,
        *options.features_known,
        *options.features_past,
        *(name for name in extra if name),
    )
    try:
        table = read_table(options.data, wanted)
    except BadInput as error:
        raise BadInput([*faults, *error.faults]) from error
    if table.step_s > 900 and options.gate.minute:
        faults.append(_fault(options, "gate", str(options.gate), "the file has hours", "give a full hour"))
    if faults:
        raise BadInput(faults)
    return table


def _history(options: BacktestOptions, table: Table) -> History:
    return History(
        start=table.start,
        value=table.columns[options.target],
        step_s=table.step_s,
        known_ahead={name: table.columns[name] for name in options.features_known},
        past={name: table.columns[name] for name in options.features_past},
        capacity=None if options.capacity_column is None else table.columns[options.capacity_column],
    )


def _days(options: BacktestOptions, frame: Frame) -> tuple[int, int]:
    """Give the first and the past-the-end local day to judge, counted from the file's first day."""
    zero = _local_date(frame, 0)
    last_known = int(frame.calendar.day[-1]) + 1
    earliest = DAYS_BACK_MIN + 1
    first = WARM_UP_DAYS if options.start is None else (options.start - zero).days
    last = last_known if options.end is None else (options.end - zero).days
    faults = []
    reach = f"the file can judge {zero + timedelta(days=earliest)} to {zero + timedelta(days=last_known - 1)}"
    if not earliest <= first < last_known:
        faults.append(
            _fault(options, "from", str(zero + timedelta(days=first)), reach, "choose a day within")
        )
    if not first < last <= last_known:
        faults.append(
            _fault(options, "to", str(zero + timedelta(days=last)), reach, "choose a later day within")
        )
    if faults:
        raise BadInput(faults)
    return first, last


def _judge(options: BacktestOptions, frame: Frame, days: range, progress: Progress | None) -> _Judged:
    gates = DayAheadGate(at=options.gate, published=frame.spec.kind == "price")
    columns = (*options.features_known, "|", *options.features_past)
    model: Model | None = None
    trained_on = -options.retrain_days
    indexes, leads, ours, seasonal = [], [], [], []
    rungs: dict[str, int] = {}
    for day in days:
        index = np.flatnonzero(frame.calendar.day == day)
        gate = gates.gate_of(frame.calendar, index)
        if day - trained_on >= options.retrain_days or model is None:
            known = int(gate[0])
            model = train_on(frame, known=known, gates=gates, known_at=_moment(frame, known), columns=columns)
            trained_on = day
        rung, quantiles = _forecast_day(frame, model, index, gate, gates)
        rungs[rung] = rungs.get(rung, 0) + 1
        indexes.append(index)
        leads.append((index - gate) * frame.calendar.step_s // 3600)
        ours.append(quantiles)
        seasonal.append(_forecast_day(frame, None, index, gate, gates)[1])
        if progress is not None:
            progress(day - days.start + 1, len(days))
    return _Judged(
        index=np.concatenate(indexes),
        lead_h=np.concatenate(leads),
        quantiles=np.concatenate(ours, axis=1),
        seasonal=np.concatenate(seasonal, axis=1),
        rungs=rungs,
    )


def _forecast_day(
    frame: Frame, model: Model | None, index: IntArray, gate: IntArray, gates: DayAheadGate
) -> tuple[str, FloatArray]:
    found = quantiles_of(model, frame, index, gate, gates=gates)
    if found is not None:
        return found
    return "flat", flat_quantiles(frame, index, gate)


def _report(frame: Frame, judged: _Judged, truth: FloatArray, known: BoolArray) -> dict[str, object]:
    index = judged.index[known]
    measured, quantiles = truth[index], judged.quantiles[:, known]
    calendar = frame.calendar
    hour = calendar.slot[index] * 24 // calendar.slots
    dates = [_local_date(frame, day) for day in range(int(calendar.day[-1]) + 1)]
    month = np.array([moment.year * 12 + moment.month - 1 for moment in dates])[calendar.day[index]]
    return {
        **scores_of(measured, quantiles),
        "by_hour": {f"{key:02d}": score for key, score in scores_by(hour, measured, quantiles).items()},
        "by_month": {
            f"{key // 12:04d}-{key % 12 + 1:02d}": score
            for key, score in scores_by(month, measured, quantiles).items()
        },
        "by_lead_time": {
            str(key): score for key, score in scores_by(judged.lead_h[known], measured, quantiles).items()
        },
        "n_missing": int((~known).sum()),
    }


def _baselines(
    options: BacktestOptions,
    table: Table,
    judged: _Judged,
    known: BoolArray,
) -> dict[str, object]:
    index = judged.index[known]
    truth = table.columns[options.target]
    result: dict[str, object] = {}
    for name, hours in BASELINE_SHIFTS_H.items():
        source = index - hours * 3600 // table.step_s
        shifted = np.where(source >= 0, truth[np.maximum(source, 0)], np.nan)
        result[name] = error_scores(truth[index], shifted)
    if options.operator is not None:
        result["operator"] = error_scores(truth[index], table.columns[options.operator][index])
    seasonal = judged.seasonal[:, known]
    result["seasonal"] = {
        **error_scores(truth[index], seasonal[2]),
        "pinball": pinball(truth[index], seasonal),
    }
    result["note"] = "d1, d2 and week are plain shifts; part of d1 is measured only after the gate"
    return result


def _moment(frame: Frame, index: int) -> datetime:
    return frame.start + timedelta(seconds=index * frame.calendar.step_s)


def _local_date(frame: Frame, day: int) -> date:
    return _moment(frame, 0).astimezone(frame.spec.zone).date() + timedelta(days=day)


def _date_of(frame: Frame, day: int) -> str:
    return _local_date(frame, day).isoformat()


def _fault(options: BacktestOptions, place: str, value: object, limit: str, mend: str) -> Fault:
    return Fault(file=str(options.data), line=None, place=place, value=value, limit=limit, mend=mend)
