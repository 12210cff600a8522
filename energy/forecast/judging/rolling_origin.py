"""Rolling origin: forecast after forecast, each from nothing but what was known at its gate.

Before anything else is done at a gate, the history is cut there. So no model and no reference can see what
came later, whatever it does with what it is given: the cut is the proof. Marks on bad data are found once and
say themselves at which gate each was known.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import Calendar, IntArray
from energy.forecast.frame import frame_of
from energy.forecast.gates import DayAheadGate, Gates
from energy.forecast.ladder import HISTORY_DAYS_MAX, flat_quantiles, quantiles_of, seasonal_quantiles
from energy.forecast.learned.model import Model, train
from energy.forecast.marks.fault import Marks
from energy.forecast.marks.listing import known_at_gate
from energy.forecast.marks.looking import marks_of
from energy.forecast.net_load import as_net, net_from
from energy.forecast.profiles.outgrown import without_outgrown
from energy.forecast.series import History, SeriesSpec

Progress = Callable[[int, int], None]
"""Called with days done and days in all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """One moment of forecasting: how much is known, which periods are wanted, how far inputs reach ahead."""

    day: int
    known: int
    index: IntArray
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """All forecasts in a row, shape (samples,): the file's row of each period and how many were known.

    Quantiles have shape (5, samples): the ladder's best, and the seasonal rung's beside it.
    """

    index: IntArray
    known: IntArray
    quantiles: FloatArray
    seasonal: FloatArray
    rungs: dict[str, int]


def as_known(history: History, *, known: int, ahead: int) -> History:
    """Give what was known when ``known`` periods had ended and inputs known ahead reached to ``ahead``."""
    prior = history.prior
    return History(
        start=history.start,
        value=history.value[:known],
        step_s=history.step_s,
        known_ahead={name: values[:ahead] for name, values in history.known_ahead.items()},
        past={name: values[:known] for name, values in history.past.items()},
        capacity=None if history.capacity is None else history.capacity[:known],
        prior=None if prior is None else replace(prior, expected=prior.expected[:ahead]),
    )


def day_ahead(calendar: Calendar, gates: DayAheadGate, days: range) -> Iterator[Origin]:
    """Give one origin for each local day: all its periods, 92, 96 or 100 quarter hours."""
    for day in days:
        index = np.flatnonzero(calendar.day == day)
        yield Origin(
            day=day,
            known=int(gates.gate_of(calendar, index)[0]),
            index=index,
            ahead=int(index[-1]) + 1,
        )


def within_day(
    calendar: Calendar, gate: time, days: range, *, every_h: int, reach_h: int
) -> Iterator[Origin]:
    """Give origins every ``every_h`` hours of each local day, the day-ahead gate's hour among them.

    Each asks for the coming ``reach_h`` hours as far as the calendar goes. Inputs known ahead reach to the
    end of the next local day, as they do at the gate.
    """
    slots, first = calendar.slots, calendar.index_of[:, 0]
    step = every_h * slots // 24
    offset = (gate.hour * 3600 + gate.minute * 60) // calendar.step_s % step
    for day in days:
        # in the hour that spring skips two slots are one period
        for known in np.unique(calendar.index_of[day, offset::step]):
            end = min(int(known) + reach_h * slots // 24, calendar.day.size)
            if 0 <= known < end:
                ahead = int(first[day + 2]) if day + 2 < first.size else calendar.day.size
                yield Origin(day=day, known=int(known), index=np.arange(known, end), ahead=ahead)


def judge(
    spec: SeriesSpec,
    history: History,
    origins: Sequence[Origin],
    *,
    gates: Gates,
    retrain_days: int,
    history_days: int | None = None,
    progress: Progress | None = None,
    look: bool = True,
    prepared: Callable[[History], History] | None = None,
) -> Judged:
    """Forecast from every origin (at least one), learning anew every ``retrain_days`` days.

    With ``history_days`` each origin sees only so many last days, as if the file began there.
    ``prepared`` is given what is seen at each gate and gives what forecasts are made from.
    ``look`` False takes the data as they are: to see what marking them is worth.
    """
    model: Model | None = None
    learned_as, trained_on = spec.kind, origins[0].day - retrain_days
    ours, seasonal = [], []
    rungs: dict[str, int] = {}
    turned = net_from(spec, history.value, step_s=history.step_s)
    kinds = (spec,) if turned is None else (spec, as_net(spec))
    looked = [(own, _marks(own, history, look=look)) for own in kinds]
    for number, origin in enumerate(origins):
        own, marks = looked[turned is not None and origin.known >= turned]
        value = known_at_gate(own, history, marks, known=origin.known)
        seen = replace(as_known(history, known=origin.known, ahead=origin.ahead), value=value)
        young = _cut(origin, history_days, step_s=history.step_s)
        seen = _without_first(seen, origin.known - young.known)
        seen = without_outgrown(seen if prepared is None else prepared(seen))
        if origin.day - trained_on >= retrain_days or model is None or learned_as != own.kind:
            model = train(own, seen, moment_of(history, origin.known), gates=gates)
            learned_as, trained_on = own.kind, origin.day
        rung, quantiles, plain = _forecast(own, seen, model, young, gates)
        rungs[rung] = rungs.get(rung, 0) + 1
        ours.append(quantiles)
        seasonal.append(plain)
        if progress is not None:
            progress(number + 1, len(origins))
    return Judged(
        index=np.concatenate([origin.index for origin in origins]),
        known=np.concatenate([np.full(origin.index.size, origin.known) for origin in origins]),
        quantiles=np.concatenate(ours, axis=1),
        seasonal=np.concatenate(seasonal, axis=1),
        rungs=rungs,
    )


def moment_of(history: History, index: int) -> datetime:
    """Give the label of a period by its place in the file."""
    return history.start + timedelta(seconds=index * history.step_s)


def _marks(spec: SeriesSpec, history: History, *, look: bool) -> Marks:
    return marks_of(spec, history) if look else Marks(periods=history.value.size, spans=())


def _cut(origin: Origin, history_days: int | None, *, step_s: int) -> Origin:
    """Count an origin's periods from the first one that it may see."""
    cut = 0 if history_days is None else max(0, origin.known - history_days * 86_400 // step_s)
    return Origin(
        day=origin.day, known=origin.known - cut, index=origin.index - cut, ahead=origin.ahead - cut
    )


def _forecast(
    spec: SeriesSpec, seen: History, model: Model | None, origin: Origin, gates: Gates
) -> tuple[str, FloatArray, FloatArray]:
    """Give the rung, its quantiles and the seasonal ones, as operation would: from the recent past alone."""
    cut = max(0, (origin.known * seen.step_s // 86_400 - HISTORY_DAYS_MAX) * (86_400 // seen.step_s))
    index, known = origin.index - cut, origin.known - cut
    frame = frame_of(spec, _without_first(seen, cut), known=known, periods=int(index[-1]) + 1)
    gate = np.full(index.size, known, dtype=np.int64)
    flat = ("flat", flat_quantiles(frame, index, gate))
    rung, quantiles = quantiles_of(model, frame, index, gate, gates=gates) or flat
    if rung == "seasonal":
        return rung, quantiles, quantiles
    return rung, quantiles, (seasonal_quantiles(frame, index, gate, gates=gates) or flat)[1]


def _without_first(history: History, count: int) -> History:
    prior = history.prior
    return History(
        start=moment_of(history, count),
        value=history.value[count:],
        step_s=history.step_s,
        known_ahead={name: values[count:] for name, values in history.known_ahead.items()},
        past={name: values[count:] for name, values in history.past.items()},
        capacity=None if history.capacity is None else history.capacity[count:],
        prior=None if prior is None else replace(prior, expected=prior.expected[count:]),
    )
