"""A measured figure as one line of JSON, and how two sides are measured against each other."""

import gc
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

Say = Callable[[str], None]
"""Tells a person how far it is; never on standard output, which belongs to the figures."""
DIGITS = 4
Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: ``value`` is a median of ``n`` measurements, ``p25`` and ``p75`` hold half of them.

    ``against`` says in words what it is compared with, ``more`` holds what else was seen on the way. Where
    nothing was found within the time allowed, ``value`` is None.
    """

    name: str
    value: float | None
    unit: str
    against: str
    n: int
    p25: float | None = None
    p75: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """Give the line of JSON."""
        head = {"name": self.name, "value": rounded(self.value), "unit": self.unit, "against": self.against}
        spread = {"n": self.n, "p25": rounded(self.p25), "p75": rounded(self.p75)}
        return json.dumps({**head, **spread, **{name: rounded(value) for name, value in self.more.items()}})


def figure_of(
    values: Sequence[float], *, name: str, unit: str, against: str, more: Mapping[str, float] | None = None
) -> Figure:
    """Make a figure of equal measurements: their median, with the quartiles."""
    p25, median, p75 = np.percentile(values, [25, 50, 75]).tolist()
    return Figure(
        name=name,
        value=median,
        unit=unit,
        against=against,
        n=len(values),
        p25=p25,
        p75=p75,
        more=more if more is not None else {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Two sides measured in turn, seconds each; the ratio is taken pair by pair.

    What slows the machine for a while slows both sides of a pair, so their ratio stands where each alone
    would not.
    """

    ours_s: Sequence[float]
    theirs_s: Sequence[float]

    def seconds_ratio(self, *, name: str, against: str, more: Mapping[str, float] | None = None) -> Figure:
        """Give how many times their seconds we need: 1 is as quick, 2 is half as quick."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours_s, self.theirs_s, strict=True)]
        seen = self.medians() | dict(more or {})
        return figure_of(ratios, name=name, unit="seconds, ours/theirs", against=against, more=seen)

    def rate_ratio(self, *, name: str, of: str, against: str) -> Figure:
        """Give which share of their rate we reach: 1 is as quick, 0.5 is half as quick."""
        ratios = [theirs / ours for ours, theirs in zip(self.ours_s, self.theirs_s, strict=True)]
        unit = f"{of} per second, ours/theirs"
        return figure_of(ratios, name=name, unit=unit, against=against, more=self.medians())

    def medians(self, what: str = "") -> dict[str, float]:
        """Give both sides' medians in milliseconds, their names beginning with what they are of."""
        return {
            f"{what}ours_ms": 1000.0 * float(np.median(self.ours_s)),
            f"{what}theirs_ms": 1000.0 * float(np.median(self.theirs_s)),
        }


def interleaved(
    pairs: int,
    *,
    ours: Callable[[int], Measured],
    theirs: Callable[[int], Measured],
    ours_first: bool = True,
) -> list[tuple[Measured, Measured]]:
    """Measure both sides ``pairs`` times in turn; who begins changes from pair to pair.

    What Python's collector already knows is set aside: a full collection takes as long as a tick and would
    hit one side or the other by chance. What the sides leave behind is collected as ever.
    """
    measured: list[tuple[Measured, Measured]] = []
    gc.collect()
    gc.freeze()
    try:
        for number in range(pairs):
            if (number % 2 == 0) == ours_first:
                mine = ours(number)
                measured.append((mine, theirs(number)))
            else:
                other = theirs(number)
                measured.append((ours(number), other))
    finally:
        gc.unfreeze()
    return measured


def pairs_of(measured: Sequence[tuple[float, float]]) -> Pairs:
    """Make pairs of seconds."""
    return Pairs(ours_s=[ours for ours, _ in measured], theirs_s=[theirs for _, theirs in measured])


def rounded(value: float | None) -> float | None:
    """Keep the digits that a noisy machine can stand for."""
    return None if value is None else float(f"{value:.{DIGITS}g}")
