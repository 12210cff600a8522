"""Numbers that are affine in parameters, split into what is constant and runs of what varies.

Neighbouring numbers mostly hang on neighbouring parameters (a bound on its series, an efficiency on one
scalar), so that numpy fills a whole run for all assets with one strided addition.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray

IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
"""HiGHS counts in 32 bits."""
BoolArray = NDArray[np.bool_]
NO_ELEMENT = -1
"""The element of a number that is constant."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine:
    """Numbers as they were found: constant + slope * theta[element]; shape (numbers,) each.

    ``parameter`` is the one that the element belongs to. Both are NO_ELEMENT, and the slope is zero, where a
    number is constant.
    """

    constant: FloatArray
    slope: FloatArray
    element: IntArray
    parameter: IntArray

    def __getitem__(self, index: IntArray | BoolArray) -> "Affine":
        """Pick numbers."""
        return replace(
            self,
            constant=self.constant[index],
            slope=self.slope[index],
            element=self.element[index],
            parameter=self.parameter[index],
        )

    def times(self, factor: float) -> "Affine":
        """Scale the numbers."""
        return replace(self, constant=factor * self.constant, slope=factor * self.slope)

    def where(self, kept: BoolArray, *, otherwise: float) -> "Affine":
        """Replace all but what is kept by a constant."""
        return Affine(
            constant=np.where(kept, self.constant, otherwise),
            slope=np.where(kept, self.slope, 0.0),
            element=np.where(kept, self.element, NO_ELEMENT),
            parameter=np.where(kept, self.parameter, NO_ELEMENT),
        )

    @staticmethod
    def joined(parts: Sequence["Affine"]) -> "Affine":
        """Put numbers one behind the other."""
        return Affine(
            constant=np.concatenate([part.constant for part in parts]),
            slope=np.concatenate([part.slope for part in parts]),
            element=np.concatenate([part.element for part in parts]),
            parameter=np.concatenate([part.parameter for part in parts]),
        )

    def at(self, theta: FloatArray) -> FloatArray:
        """Give the numbers, shape (assets, numbers); ``theta`` has shape (assets, elements)."""
        padded = np.concatenate([theta, np.zeros((theta.shape[0], 1))], axis=1)
        values: FloatArray = self.constant + self.slope * padded[:, self.element]
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Evenly spaced numbers, each ``slope`` times an element; elements are evenly spaced or one for all."""

    numbers: slice
    elements: slice
    slope: float

    def at(self, theta: FloatArray) -> FloatArray:
        """Give what varies, shape (assets, numbers) or (assets, 1)."""
        values = theta[:, self.elements]
        return values if self.slope == 1.0 else self.slope * values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """Numbers of one asset: a constant each, plus what the runs add. An infinite number never varies."""

    constant: FloatArray
    runs: tuple[Run, ...]
    elements: IntArray
    """The elements that any number hangs on."""
    is_zero: bool
    """All numbers are, whatever the elements."""

    def fill(self, out: FloatArray, theta: FloatArray) -> None:
        """Write the numbers; ``out`` has shape (assets, numbers), ``theta`` (assets, elements)."""
        out[...] = self.constant
        for run in self.runs:
            out[:, run.numbers] += run.at(theta)

    def at(self, theta: FloatArray) -> FloatArray:
        """Give the numbers, shape (assets, numbers)."""
        out = np.empty((theta.shape[0], self.constant.size))
        self.fill(out, theta)
        return out


def form_of(affine: Affine) -> Form:
    """Find the runs of numbers."""
    count = affine.constant.size
    return form_at(affine, np.arange(count), size=count)


def form_at(affine: Affine, place: IntArray, *, size: int) -> Form:
    """Find the runs of numbers that are added up at places of a row of ``size``."""
    constant = np.zeros(size)
    np.add.at(constant, place, affine.constant)
    varying = np.flatnonzero(affine.element != NO_ELEMENT)
    varies, where = affine[varying], place[varying]
    runs = [
        Run(numbers=numbers, elements=elements, slope=float(varies.slope[first]))
        for first, (numbers, elements) in runs_of(
            [where, varies.element], same=[varies.slope, varies.parameter]
        )
    ]
    return Form(
        constant=constant,
        runs=tuple(runs),
        elements=np.unique(varies.element),
        is_zero=not runs and not constant.any(),
    )


def runs_of(
    tracks: Sequence[IntArray], *, same: Sequence[FloatArray | IntArray]
) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Split numbers into runs along which every track takes even steps and ``same`` stays the same.

    The first track tells numbers apart. Gives for each run its first number and one slice a track; where a
    track stands still its slice has one place.
    """
    count = tracks[0].size
    if not count:
        return
    order = np.lexsort((tracks[0], *same))
    places = np.stack([track[order] for track in tracks])
    steps = np.diff(places, axis=1)
    joined = np.all([np.diff(values[order]) == 0.0 for values in same], axis=0)
    joined &= (steps[0] > 0) & np.all(steps >= 0, axis=0)
    goes_on = (joined[1:] & joined[:-1] & np.all(steps[:, 1:] == steps[:, :-1], axis=0)).tolist()
    first = 0
    while first < count:
        last = first
        if last < count - 1 and joined[last]:
            last += 1
            while last < count - 1 and goes_on[last - 1]:
                last += 1
        yield (
            int(order[first]),
            tuple(_even(int(track[first]), int(track[last]), last - first) for track in places),
        )
        first = last + 1


def _even(start: int, end: int, steps: int) -> slice:
    return slice(start, end + 1, (end - start) // steps) if end > start else slice(start, start + 1)


def span_of(place: IntArray) -> slice | IntArray:
    """Give places as a slice where they are neighbours in order."""
    is_even = place.size > 0 and bool((np.diff(place) == 1).all())
    return slice(int(place[0]), int(place[-1]) + 1) if is_even else place
