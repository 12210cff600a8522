"""A weather forecast as it became known: what a source expected of the coming hours at one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

import numpy as np

from energy.domain import FloatArray
from energy.periods import require_aware

UNITS = ("_c", "_m_per_s", "_w_per_m2", "_degrees", "_fraction", "_hpa", "_mm_per_h")
"""A variable's name ends in one of these."""
SOURCE_CHARS_MAX = 60
VARIABLES_MAX = 40
STEPS_MAX = 1_000
"""Ten days of quarter hours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeatherForecast:
    """Arrays of one length by variable, such as ``temperature_c``; NaN where the source says nothing.

    ``issued_at`` is the source's own time of issue; ``known_at`` is when it reached us, never earlier. Value
    number i stands for the ``step_s`` seconds that begin at ``start`` + i steps.

    Raises:
        ValueError: a name without its unit, arrays of different lengths, too many of them, or times that
            contradict each other.
    """

    source: str
    issued_at: datetime
    known_at: datetime
    start: datetime
    step_s: int
    latitude: float
    longitude: float
    values: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        """Check once."""
        if not 1 <= len(self.source) <= SOURCE_CHARS_MAX:
            raise ValueError(f"a source's name has 1 to {SOURCE_CHARS_MAX} characters, not {self.source!r}")
        if require_aware(self.known_at) < require_aware(self.issued_at):
            raise ValueError(f"{self.source}: known {self.known_at}, before it was issued {self.issued_at}")
        require_aware(self.start)
        if self.step_s < 1:
            raise ValueError(f"{self.source}: steps of {self.step_s} s; at least 1 s")
        place = (self.latitude, self.longitude)
        if not all(isfinite(part) for part in place) or abs(place[0]) > 90.0 or abs(place[1]) > 180.0:
            raise ValueError(f"{self.source}: {place} is no place on earth")
        _require_variables(self.source, self.values)

    @property
    def steps(self) -> int:
        """How many steps it reaches."""
        return next((array.size for array in self.values.values()), 0)


def _require_variables(source: str, values: Mapping[str, FloatArray]) -> None:
    if len(values) > VARIABLES_MAX:
        raise ValueError(f"{source}: {len(values)} variables; at most {VARIABLES_MAX}")
    nameless = [name for name in values if not name.endswith(UNITS)]
    if nameless:
        raise ValueError(f"{source}: {', '.join(nameless)} name no unit; end in one of {', '.join(UNITS)}")
    sizes = {np.shape(array) for array in values.values()}
    if len(sizes) > 1 or any(len(shape) != 1 or shape[0] > STEPS_MAX for shape in sizes):
        raise ValueError(f"{source}: arrays of shapes {sorted(sizes)}; one length, at most {STEPS_MAX}")
