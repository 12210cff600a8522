"""Fetches what is due, one place after the other, and remembers what went wrong."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from energy.backoff import Backoff
from energy.errors import BadInput, EnergiewaageError
from energy.ports import WeatherProvider
from energy.weather import WeatherForecast

BACKOFF_S_MIN = 60.0
FAILURES_TOLD = 3
"""In a row, some minutes apart: one is a server that restarts, or a file that is being written."""
WHY_CHARACTERS_MAX = 300
log = structlog.get_logger(__name__)


class Rounds:
    """Whose turn it is, on the clock that it is told; owned by one thread."""

    def __init__(self, providers: Mapping[str, WeatherProvider], *, every_s: float) -> None:
        self._providers = providers
        self._every_s = every_s
        self._asked_s: dict[str, float] = {}
        self._issued: dict[str, datetime] = {}
        self._failing_since: dict[str, datetime] = {}
        self._backoff = {
            name: Backoff(delay_s_min=BACKOFF_S_MIN, delay_s_max=every_s, name=name) for name in providers
        }
        self._failures: dict[str, int] = {}
        self.silent: frozenset[str] = frozenset()
        """The sources that failed FAILURES_TOLD times in a row; replaced as a whole, as ``troubles``."""
        self.troubles: Mapping[str, str] = {}
        """Why a source's last fetch failed; replaced as a whole, so that another thread may read it."""
        self.tried: frozenset[str] = frozenset()
        """The sources that were asked at least once; likewise."""
        self.fetched = 0
        self.failed = 0

    def due(self, at: datetime) -> list[str]:
        """List the sources whose turn it is; a clock that went back gives everybody a turn."""
        return [name for name in self._providers if self._is_due(name, at.timestamp())]

    def _is_due(self, name: str, now_s: float) -> bool:
        backoff = self._backoff[name]
        if backoff.is_down:
            return backoff.is_due(now_s)
        asked_s = self._asked_s.get(name)
        return asked_s is None or not 0.0 <= now_s - asked_s < self._every_s

    def fetch(self, name: str, at: datetime) -> WeatherForecast | None:
        """Fetch one source; None where that failed, or gave the issue that was given before."""
        try:
            forecast = self._providers[name].fetch(at)
        except Exception as error:  # noqa: BLE001 - whatever a source does, weather must not end what runs
            self._fail(name, at, error)
            return None
        finally:
            self.tried |= {name}
            self._asked_s[name] = at.timestamp()
        self.fetched += 1
        self._backoff[name].clear()
        self._failures.pop(name, None)
        self.silent -= {name}
        since = self._failing_since.pop(name, None)
        if since is not None:
            log.info("weather is fetched again", source=name, after_s=(at - since).total_seconds())
        self.troubles = {key: why for key, why in self.troubles.items() if key != name}
        if self._issued.get(name) == forecast.issued_at:
            return None
        self._issued[name] = forecast.issued_at
        return forecast

    def _fail(self, name: str, at: datetime, error: Exception) -> None:
        self.failed += 1
        self._backoff[name].fail(at.timestamp())
        why = in_one_line(error)
        if name not in self._failing_since:
            log.warning("weather cannot be fetched", source=name, why=why)
        self._failing_since.setdefault(name, at)
        self.troubles = {**self.troubles, name: why}
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] >= FAILURES_TOLD:
            self.silent |= {name}


def in_one_line(error: Exception) -> str:
    """Give an error's first fault, or its message, on one line."""
    if isinstance(error, BadInput):
        text = str(error.faults[0])
    else:
        text = str(error) if isinstance(error, EnergiewaageError) else repr(error)
    return " ".join(text.split())[:WHY_CHARACTERS_MAX]
