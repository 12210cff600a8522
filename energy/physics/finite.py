"""Refusing what is not a number, before anything is clamped: a clamp would turn a NaN into full power."""

import math


def finite(value: float, name: str) -> float:
    """Return the value.

    Raises:
        ValueError: it is NaN or infinite.
    """
    if math.isfinite(value):
        return value
    raise ValueError(f"{name} must be a finite number, got {value}")


def duration(dt_s: float) -> float:
    """Return the length of a step.

    Raises:
        ValueError: it is negative or not finite.
    """
    if 0.0 <= dt_s < math.inf:
        return dt_s
    finite(dt_s, "dt_s")
    raise ValueError(f"dt_s must not be negative, got {dt_s}")


def clamp(value: float, least: float, greatest: float) -> float:
    """Bring a finite value into a band.

    >>> clamp(7.0, -5.0, 5.0)
    5.0
    """
    if value < least:
        return least
    return value if value < greatest else greatest
