"""Weather on its way into the record: fetched beside the loop, or in lockstep at simulated moments."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

import structlog

from energy.forecast.weather.rounds import Rounds
from energy.weather import WeatherForecast

IDLE_S = 1.0
WAITING_MAX = 64
"""Forecasts that the loop has not taken yet; it takes them each tick."""
CLOSE_S_MAX = 2.0
"""A fetch under way is not waited for longer: its thread ends with the process."""
S_PER_H = 3600.0
RECORDED_TO = timedelta(milliseconds=1)
"""How finely the record tells moments apart."""
log = structlog.get_logger(__name__)


class Tally(Protocol):
    """Counts fetches."""

    def weather(self, *, fetched: int, failed: int, issued: datetime | None) -> None:
        """Take how many fetches there were in all, and when the oldest newest forecast was issued."""
        ...


class Arrivals(Protocol):
    """Where finished forecasts come from."""

    @property
    def rounds(self) -> Rounds:
        """What was tried, and what went wrong."""
        ...

    def take(self, at: datetime) -> list[WeatherForecast]:
        """Take what has arrived."""
        ...


class InLockstep:
    """Fetches when asked, at simulated moments: only for files, so that the same seed gives the same run."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds

    def take(self, at: datetime) -> list[WeatherForecast]:
        """Read what is due."""
        found = [self.rounds.fetch(name, at) for name in self.rounds.due(at)]
        return [forecast for forecast in found if forecast is not None]


class InThread:
    """Fetches in a thread of its own, one place at a time, until it is closed; the loop only takes.

    ``now`` is the controller's clock.
    """

    def __init__(self, rounds: Rounds, *, now: Callable[[], datetime], idle_s: float = IDLE_S) -> None:
        self.rounds = rounds
        self._now = now
        self._idle_s = idle_s
        self._stop = threading.Event()
        self._arrived: queue.Queue[WeatherForecast] = queue.Queue(maxsize=WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="weather", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(CLOSE_S_MAX)

    def take(self, at: datetime) -> list[WeatherForecast]:
        """Take what has arrived; never waits."""
        del at
        found: list[WeatherForecast] = []
        while True:
            try:
                found.append(self._arrived.get_nowait())
            except queue.Empty:
                return found

    def _run(self) -> None:
        while not self._stop.is_set():
            for name in self.rounds.due(self._now()):
                if self._stop.is_set():
                    return
                forecast = self.rounds.fetch(name, self._now())
                if forecast is not None:
                    self._put(forecast)
            self._stop.wait(self._idle_s)

    def _put(self, forecast: WeatherForecast) -> None:
        """Keep the newest: a loop that stands still loses the oldest."""
        while True:
            try:
                self._arrived.put_nowait(forecast)
            except queue.Full:
                try:
                    self._arrived.get_nowait()
                except queue.Empty:
                    continue
            else:
                return


class WeatherBoard:
    """What the loop sees of the weather: what arrived, and what people must know.

    Args:
        arrivals: where finished forecasts come from.
        age_h_max: from which age on a forecast is late.
        issued: when the newest forecast of each source was issued, as the record knows it; None for none.
        tally: counts fetches.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        *,
        age_h_max: float,
        issued: Mapping[str, datetime | None],
        tally: Tally | None = None,
    ) -> None:
        self._arrivals = arrivals
        self._age_h_max = age_h_max
        self._issued = dict(issued)
        self._tally = tally
        self._wrong: frozenset[str] = frozenset()

    def arrived(self, at: datetime) -> Sequence[WeatherForecast]:
        """Take the finished forecasts, which are to be recorded as known from now on: no issue twice."""
        found: list[WeatherForecast] = []
        for forecast in self._arrivals.take(at):
            before = self._issued.get(forecast.source)
            if before is not None and abs(forecast.issued_at - before) < RECORDED_TO:
                continue  # after a restart a source gives again what the record has
            found.append(forecast)
            if before is None or forecast.issued_at > before:
                self._issued[forecast.source] = forecast.issued_at
        if self._tally is not None:
            rounds = self._arrivals.rounds
            known = [moment for moment in self._issued.values() if moment is not None]
            oldest = min(known) if len(known) == len(self._issued) and known else None
            self._tally.weather(fetched=rounds.fetched, failed=rounds.failed, issued=oldest)
        return found

    def notes(self, at: datetime) -> list[str]:
        """Say which weather is missing or late, with its age and why, and which source answers no more."""
        late: list[str] = []
        missing: list[str] = []
        silent: list[str] = []
        for source, issued in self._issued.items():
            why = self._arrivals.rounds.troubles.get(source, "no newer one came")
            if issued is None:
                if source in self._arrivals.rounds.tried:
                    missing.append(f"{source}: {why}")
            elif (at - issued).total_seconds() > self._age_h_max * S_PER_H:
                age_h = int((at - issued).total_seconds() // S_PER_H)
                late.append(f"{source} is {age_h} h old, at most {self._age_h_max:g} h: {why}")
            elif source in self._arrivals.rounds.silent:
                silent.append(f"{source}: {why}")
        self._log(frozenset(item.partition(" ")[0].rstrip(":") for item in late + missing))
        without = "forecasts go on without it"
        still = f"forecasts go on with what is known until it is {self._age_h_max:g} h old"
        return [
            f"{code}: {'; '.join(items)}. Mend: {follows}; try energiewaage weather REGION"
            for code, items, follows in (
                ("weather_late", late, without),
                ("weather_missing", missing, without),
                ("weather_unreachable", silent, still),
            )
            if items
        ]

    def _log(self, wrong: frozenset[str]) -> None:
        for source in sorted(wrong - self._wrong):
            log.warning("forecasts go on without this weather", source=source)
        for source in sorted(self._wrong - wrong):
            log.info("forecasts have this weather again", source=source)
        self._wrong = wrong
