"""The regression of balance residuals on what each meter says, added up by blocks of quarter hours.

The residual of a node is its meter less its members' meters. A meter that reads (1 + g) times the truth adds
g times its own reading to it, so the residuals are linear in the errors, one column a meter. A last column a
node stands for a power that no meter of the node sees.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.metering.nodes import MeterRecord

BLOCK_PERIODS = 24
"""Errors are taken to begin at multiples of six hours."""
ROWS_MIN = 96
"""A node that was measured for less than a day is not judged."""
AGREEMENT_FRACTION = 1e-6
"""Meters that agree this closely were computed from each other (an imported past), not read."""
NOISE_FRACTION_MIN = 5e-5
"""Resolution of readings: 0.5 kW at 10 MW."""
MAD_TO_STD = 1.4826
"""Standard deviation of a normal variable by its median absolute deviation."""
CHI2_MEDIAN = 0.4549
"""Median of the square of a standard normal variable."""
SPANS_PERIODS = (24, 48, 96)
"""Over which sums of what is left unexplained are compared with independent noise: 6, 12 and 24 hours."""
EXCESS_MARGIN = 4.0
"""The constant errors are fitted to the wander too and hide part of it."""

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeRows:
    """One node's rows: the columns it touches, regressors, residual and noise; unusable rows weigh 0."""

    columns: IntArray
    regressor_kw: FloatArray
    residual_kw: FloatArray
    noise_kw: FloatArray
    usable: NDArray[np.bool_]

    def weights(self) -> FloatArray:
        """Inverse variances, 0 where a row is not usable."""
        weights: FloatArray = np.where(self.usable, self.noise_kw**-2.0, 0.0)
        return weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gram:
    """Normal equations of all rows from each block on.

    Shapes (blocks, columns, columns) and (blocks, columns).
    """

    products: FloatArray
    responses: FloatArray


def rows_of(record: MeterRecord) -> list[NodeRows]:
    """Set up every node; a meter that was silent makes its node's row unusable, never a drift."""
    row_of = {meter_id: row for row, meter_id in enumerate(record.limit_fraction)}
    limits = np.array(list(record.limit_fraction.values()))
    meters = len(row_of)
    found: list[NodeRows] = []
    for place, node in enumerate(record.nodes):
        columns = np.array([row_of[meter_id] for meter_id in (node.meter_id, *node.member_ids)])
        read_kw = record.power_kw[columns]
        usable = np.isfinite(read_kw).all(axis=0)
        read_kw = np.where(usable, read_kw, 0.0)
        read_kw[1:] *= -1.0
        residual_kw = read_kw.sum(axis=0)
        usable &= np.abs(residual_kw) > AGREEMENT_FRACTION * np.abs(read_kw).sum(axis=0)
        if usable.sum() < ROWS_MIN:
            usable[:] = False
        through_kw = _root_mean_square(np.abs(read_kw).sum(axis=0)[usable]) / 2.0
        found.append(
            NodeRows(
                columns=np.append(columns, meters + place),
                regressor_kw=np.vstack([read_kw, np.full(usable.size, through_kw)]),
                residual_kw=residual_kw,
                noise_kw=_noise_kw(read_kw, residual_kw, usable, limits[columns], through_kw),
                usable=usable,
            )
        )
    return found


def _noise_kw(
    read_kw: FloatArray, residual_kw: FloatArray, usable: NDArray[np.bool_], limits: FloatArray, rms_kw: float
) -> FloatArray:
    """Noise grows with what is read.

    How much is learned from the differences of neighbouring quarter hours, which a drift hardly touches.
    """
    shape_kw: FloatArray = np.sqrt(((limits[:, None] * read_kw) ** 2).sum(axis=0))
    least_kw = NOISE_FRACTION_MIN * max(rms_kw, 1.0)
    neighbours = usable[1:] & usable[:-1]
    if not neighbours.any():
        return shape_kw + least_kw
    spread_kw = np.hypot(shape_kw[1:], shape_kw[:-1])[neighbours]
    steps = np.diff(residual_kw)[neighbours] / np.maximum(spread_kw, least_kw)
    noise_kw: FloatArray = np.hypot(MAD_TO_STD * np.median(np.abs(steps)) * shape_kw, least_kw)
    return noise_kw


def gram_of(rows: list[NodeRows], *, columns: int, inflation: FloatArray) -> Gram:
    """Add up from the end, so that entry b holds all rows from block b on.

    Args:
        rows: every node's.
        columns: how many all nodes have together.
        inflation: of each node's noise variance.
    """
    blocks = -(-rows[0].residual_kw.size // BLOCK_PERIODS)
    products = np.zeros((blocks, columns, columns))
    responses = np.zeros((blocks, columns))
    for node, factor in zip(rows, inflation, strict=True):
        root = np.sqrt(node.weights() / factor)
        regressor = _by_block(node.regressor_kw * root, blocks)
        residual = _by_block((node.residual_kw * root)[None, :], blocks)
        products[:, node.columns[:, None], node.columns[None, :]] += regressor @ regressor.swapaxes(1, 2)
        responses[:, node.columns] += (regressor @ residual.swapaxes(1, 2))[:, :, 0]
    return Gram(
        products=np.cumsum(products[::-1], axis=0)[::-1], responses=np.cumsum(responses[::-1], axis=0)[::-1]
    )


def inflation_of(node: NodeRows, rest_kw: FloatArray) -> float:
    """By how much the variance of a node's sums over hours exceeds that of independent noise, at least 1.

    Errors that wander with temperature and load are not independent from one quarter hour to the next; taking
    them so would see drifts everywhere. The median over the spans forgives single bad ones.
    """
    excess = max(_excess(node.weights(), rest_kw, span) for span in SPANS_PERIODS)
    return 1.0 + EXCESS_MARGIN * excess


def _excess(weights: FloatArray, rest_kw: FloatArray, span: int) -> float:
    whole = weights.size // span * span
    sums = (weights * rest_kw)[-whole:].reshape(-1, span).sum(axis=1)
    totals = weights[-whole:].reshape(-1, span).sum(axis=1)
    judged = totals > 0.0
    if whole == 0 or not judged.any():
        return 0.0
    return max(0.0, float(np.median(sums[judged] ** 2 / totals[judged])) / CHI2_MEDIAN - 1.0)


def _by_block(values: FloatArray, blocks: int) -> FloatArray:
    """Reshape (rows, periods) to (blocks, rows, periods of a block), the last block filled up with 0."""
    padded = np.pad(values, ((0, 0), (0, blocks * BLOCK_PERIODS - values.shape[1])))
    return padded.reshape(values.shape[0], blocks, BLOCK_PERIODS).swapaxes(0, 1)


def _root_mean_square(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0
