"""Delivers all that waits in a spool, at once and in the test's own thread."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from energy.historian.influx.client import InfluxWriter
from energy.historian.influx.delivery import Delivery
from energy.historian.influx.derivation import Derivation
from energy.historian.influx.query import InfluxQuery
from energy.historian.influx.settings import InfluxSettings
from energy.historian.influx.spool_queue import SpoolQueue


class Drain:
    """Connections to a spool and a server, with nothing that runs beside the test."""

    def __init__(self, folder: Path, settings: InfluxSettings) -> None:
        self._stack = ExitStack()
        self.queue = self._stack.enter_context(SpoolQueue(folder))
        self.writer = self._stack.enter_context(InfluxWriter(settings))
        self.query = self._stack.enter_context(InfluxQuery(settings))
        self.delivery = Delivery(self.queue, self.writer, give_up=lambda: False)
        self.derivation = Derivation(self.queue, self.query, self.writer)

    def deliver(self) -> int:
        """Deliver everything; gives the lines."""
        lines = 0
        while True:
            sent = self.delivery.once()
            assert sent.trouble is None, sent.trouble
            if sent.lines == 0:
                return lines
            lines += sent.lines

    def settle(self) -> None:
        """Deliver everything and average what is due."""
        self.deliver()
        trouble = self.derivation.all_due(give_up=lambda: False)
        assert trouble is None, trouble

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
