"""Work beside the loop: one piece at a time, in a thread that never keeps the process from ending."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """One piece of work, begun when it is made; ``inline`` does it at once, for time that stands still."""

    def __init__(self, work: Callable[[], T], *, inline: bool) -> None:
        self._work = work
        self._answer: list[T] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        if inline:
            self._run()
        else:
            self._thread.start()

    @property
    def running(self) -> bool:
        """Tell whether it is not done yet."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Wait for its end, whatever comes of it."""
        if self._thread.ident is not None:
            self._thread.join()

    def result(self) -> T:
        """Wait for the end and give what came of it, or raise what went wrong."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._answer.append(self._work())
        except Exception as error:  # noqa: BLE001 - handed to whoever asks for the result
            self._error = error
