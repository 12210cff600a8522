"""How wrong a prior has been, and so what it should have said: its level, its shape, its bend.

Physics knows a plant's geometry but neither its dirt nor its shadows; a profile knows a customer's kind but
not the customer. What they lack is systematic, so a handful of numbers mends it. They are drawn towards "the
prior is right" by a penalty worth a few days of measuring and forget with time, so that they serve from the
first day on and follow a plant that grows.

Errors count by their size, not its square: least squares, done once more with each error weighed by one over
its size (Holland and Welsch 1977, doi 10.1080/03610927708827533), so that a wild day steers little.
"""

from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import SATURDAY, BoolArray, Calendar, IntArray
from energy.forecast.series import Kind

CHUNK_S = 6 * 3600
"""What was learned is written down every six hours; a gate uses the last note before it."""
SHAPE_HALF_LIFE_DAYS = 30.0
LEVEL_HALF_LIFE_DAYS = 4.0
"""A level moves faster than a shape (dirt, snow, new modules): two weeks follow it nine tenths of the way."""
LEVEL_TRUST_DAYS = 1.0
"""The prior's own level counts as much as this many measured days."""
SHAPE_TRUST_DAYS = 2.0
_ERROR_LEAST = 0.05
"""Errors below this share of the usual power count alike."""
_FACTOR_RANGE = (0.1, 2.0)
"""A reading counts for the level within this range of what was expected: nothing doubles overnight."""
_NOON_H, _HALF_DAY_H = 12.0, 6.0
_MEAN_SQUARE_HOUR = 0.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correction:
    """Notes of every CHUNK_S: row k rests on the periods before ``k * chunk`` alone.

    ``said`` (periods,) is where the prior says something; ``terms`` has shape (periods, terms), ``weight``
    (notes, terms), ``level`` and ``scale`` (notes,); ``scale`` is the usual power by energy, NaN where
    nothing was measured.
    """

    chunk: int
    said: BoolArray
    terms: FloatArray
    weight: FloatArray
    level: FloatArray
    scale: FloatArray

    def expected(self, index: IntArray, gate: IntArray) -> FloatArray:
        """Give what the prior should say of ``index``, with what was measured before ``gate``."""
        note = np.minimum(gate // self.chunk, self.level.size - 1)
        total = (self.terms[index] * self.weight[note]).sum(axis=1)
        result: FloatArray = np.maximum(self.level[note] * total, 0.0)
        return result


def correction_of(
    kind: Kind, calendar: Calendar, value: FloatArray, expected: FloatArray, *, longitude: float
) -> Correction:
    """Learn the correction for every gate at once.

    Args:
        kind: of the series.
        calendar: of the periods.
        value: measured magnitudes, NaN where unknown, shape (periods,).
        expected: the prior, in the same unit, NaN where it says nothing.
        longitude: degrees east, for the sun's noon.
    """
    chunk = CHUNK_S // calendar.step_s
    terms, base = _terms(kind, calendar, expected, longitude)
    known = np.isfinite(value) & np.isfinite(expected)
    chunks = _Chunks(size=chunk, periods=value.size)
    scale = _scale(chunks, np.where(known, np.nan_to_num(expected), 0.0))
    truth = np.where(known, value, 0.0)
    weigh = known.astype(np.float64)
    weight = np.empty((chunks.count + 1, terms.shape[1]))
    for _ in range(2):
        weight = _solve(chunks, terms, truth, weigh, bends=_bends(kind, terms.shape[1], scale), base=base)
        error = np.abs(truth - (terms * weight[chunks.of]).sum(axis=1))
        usual = np.nan_to_num(scale[chunks.of])
        weigh = np.where(known & (usual > 0.0), usual / np.maximum(error, _ERROR_LEAST * usual + 1e-12), 0.0)
    shaped = np.maximum((terms * weight[np.maximum(chunks.of - 4, 0)]).sum(axis=1), 0.0)
    low, high = _FACTOR_RANGE
    bounded = np.clip(truth, low * shaped, high * shaped)
    level = _level(chunks, np.where(known, bounded, 0.0), np.where(known, shaped, 0.0))
    return Correction(
        chunk=chunk, said=np.isfinite(expected), terms=terms, weight=weight, level=level, scale=scale
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunks:
    """Runs of ``size`` periods; the last one may be short."""

    size: int
    periods: int

    @property
    def count(self) -> int:
        return -(-self.periods // self.size)

    @property
    def of(self) -> IntArray:
        return np.arange(self.periods, dtype=np.int64) // self.size

    def before(self, values: FloatArray, half_life_days: float) -> FloatArray:
        """Sum (periods, ...) over all chunks before each, older ones less: shape (count + 1, ...)."""
        return self.faded(self.laid(values).sum(axis=1), half_life_days)

    def laid(self, values: FloatArray) -> FloatArray:
        """Lay (periods, ...) out by chunk, zeros where the last one is short: shape (count, size, ...)."""
        padded = np.zeros((self.count * self.size, *values.shape[1:]))
        padded[: self.periods] = values
        return padded.reshape(self.count, self.size, *values.shape[1:])

    def faded(self, sums: FloatArray, half_life_days: float) -> FloatArray:
        """Add up each chunk's sums (count, ...) before each note: shape (count + 1, ...)."""
        fade = 0.5 ** (CHUNK_S / 86_400.0 / half_life_days)
        shift = 1
        while shift < self.count:
            # each pass doubles how far back a sum reaches
            sums[shift:] = sums[shift:] + fade**shift * sums[:-shift]
            shift *= 2
        result: FloatArray = np.concatenate([np.zeros((1, *sums.shape[1:])), sums])
        return result


def _terms(
    kind: Kind, calendar: Calendar, expected: FloatArray, longitude: float
) -> tuple[FloatArray, FloatArray]:
    """What the mended prior is a sum of, shape (periods, terms), and the weights that leave it as it is."""
    prior = np.nan_to_num(expected)
    if kind == "pv":
        hour = np.mod(calendar.at_s / 3600.0 + longitude / 15.0, 24.0)
        turn = (hour + calendar.step_s / 7200.0 - _NOON_H) / _HALF_DAY_H
        columns = [prior, prior**2, prior * turn, prior * (turn**2 - _MEAN_SQUARE_HOUR)]
        return np.column_stack(columns), np.array([1.0, 0.0, 0.0, 0.0])
    if kind in ("wind", "hydro"):
        return np.column_stack([prior, prior**2, np.isfinite(expected)]), np.array([1.0, 0.0, 0.0])
    angle = 2.0 * np.pi * calendar.slot / calendar.slots
    off = (calendar.day_class >= SATURDAY)[calendar.day] - 2.0 / 7.0
    waves = [np.cos(angle), np.sin(angle), np.cos(2.0 * angle), np.sin(2.0 * angle), off]
    return np.column_stack([prior, *(prior * wave for wave in waves)]), np.eye(6)[0]


def _scale(chunks: _Chunks, prior: FloatArray) -> FloatArray:
    above = chunks.before(prior**2, SHAPE_HALF_LIFE_DAYS)
    below = chunks.before(prior, SHAPE_HALF_LIFE_DAYS)
    scale: FloatArray = np.divide(above, below, out=np.full(above.size, np.nan), where=below > 0.0)
    return scale


def _bends(kind: Kind, terms: int, scale: FloatArray) -> FloatArray:
    """Turn weights of comparable terms into weights of the raw ones, shape (notes, terms, terms).

    The bend is ``prior * (prior / scale - 1)`` and a constant is the scale, so that all weights are shares.
    """
    turn = np.broadcast_to(np.eye(terms), (scale.size, terms, terms)).copy()
    scale = np.where(scale > 0.0, scale, 1.0)
    if kind in ("pv", "wind", "hydro"):
        turn[:, 0, 1] = -1.0
        turn[:, 1, 1] = 1.0 / scale
    if kind in ("wind", "hydro"):
        turn[:, 2, 2] = scale
    return turn


def _solve(
    chunks: _Chunks,
    terms: FloatArray,
    truth: FloatArray,
    weigh: FloatArray,
    *,
    bends: FloatArray,
    base: FloatArray,
) -> FloatArray:
    """Weights of the raw terms by note, shape (notes, terms); the prior as it is where nothing is known."""
    count = terms.shape[1]
    weighed = terms * weigh[:, None]
    products = np.matmul(chunks.laid(weighed).transpose(0, 2, 1), chunks.laid(terms))
    left = chunks.faded(products, SHAPE_HALF_LIFE_DAYS)
    right = chunks.before(weighed * truth[:, None], SHAPE_HALF_LIFE_DAYS)
    days = chunks.before((weigh > 0.0).astype(np.float64), SHAPE_HALF_LIFE_DAYS)
    days = days * chunks.size**-1.0 * (CHUNK_S / 86_400.0)
    usable = (days > 0.0) & (left[:, 0, 0] > 0.0)
    left = np.matmul(bends.transpose(0, 2, 1), np.matmul(left, bends))
    right = np.einsum("nji,nj->ni", bends, right)
    a_day = np.where(usable, left[:, 0, 0] / np.where(usable, days, 1.0), 1.0)
    trust = np.where(np.arange(count) == 0, LEVEL_TRUST_DAYS, SHAPE_TRUST_DAYS)
    penalty = a_day[:, None] * trust
    left = left + penalty[:, :, None] * np.eye(count)
    solved = np.linalg.solve(left, (right + penalty * base)[:, :, None])[:, :, 0]
    weights = np.einsum("nij,nj->ni", bends, solved)
    return np.where(usable[:, None], weights, base)


def _level(chunks: _Chunks, truth: FloatArray, shaped: FloatArray) -> FloatArray:
    above = chunks.before(truth, LEVEL_HALF_LIFE_DAYS)
    below = chunks.before(shaped, LEVEL_HALF_LIFE_DAYS)
    days = chunks.before((shaped > 0.0).astype(np.float64), LEVEL_HALF_LIFE_DAYS)
    # a day of sun has about half as many periods with power as a day of wind: both count by their energy
    trust = LEVEL_TRUST_DAYS * np.divide(
        below,
        np.maximum(days / chunks.size * (CHUNK_S / 86_400.0), 1e-9),
        out=np.zeros(below.size),
        where=days > 0.0,
    )
    trust = np.minimum(trust, below)
    level: FloatArray = np.divide(
        above + trust, below + trust, out=np.ones(below.size), where=below + trust > 0.0
    )
    return level
