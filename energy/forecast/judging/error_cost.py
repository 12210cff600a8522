"""What a forecast's error costs, valued at the plan's marginal price of the balance.

With d = (truth - forecast) in our sign times the hours of a quarter hour (kWh, positive: more is drawn, or
less generated, than expected), the marginal price p and the region's price of imbalance i (EUR/kWh):

    short = sum of d * p where d > 0    what had to be bought besides the plan
    long  = sum of d * p where d < 0    what came back for energy not needed; negative is money back
    cost  = sum of |d| * (|p| + i)      the value at the margin of all that was misplaced

Short and long cancel where errors do, and tell which way errors went. Cost never cancels and ranks: it is
what the errors would cost if energy too much were worth nothing, so an upper bound, alike for all rivals. The
marginal price is the dual value of the balance; it holds for small errors, for a large one only roughly.
"""

from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCost:
    """Sums in EUR over the ``n`` periods for which truth, forecast and price are known."""

    n: int
    cost_eur: float
    short_eur: float
    long_eur: float


def error_cost(
    *,
    truth_kw: FloatArray,
    expected_kw: FloatArray,
    price_eur_per_kwh: FloatArray,
    imbalance_eur_per_kwh: float,
    period_h: float,
) -> ErrorCost:
    """Value errors; powers are in our sign, all arrays of one shape, NaN where something is not known.

    >>> error_cost(truth_kw=np.array([8.0, 4.0]), expected_kw=np.array([4.0, 8.0]),
    ...     price_eur_per_kwh=np.array([0.10, 0.05]), imbalance_eur_per_kwh=0.0, period_h=0.25)
    ErrorCost(n=2, cost_eur=0.15000000000000002, short_eur=0.1, long_eur=-0.05)
    """
    worth = (truth_kw - expected_kw) * period_h * price_eur_per_kwh
    known = np.isfinite(worth)
    more = known & (truth_kw > expected_kw)
    less = known & (truth_kw < expected_kw)
    missed_kwh = np.abs(truth_kw - expected_kw)[known] * period_h
    return ErrorCost(
        n=int(known.sum()),
        cost_eur=float((missed_kwh * (np.abs(price_eur_per_kwh[known]) + imbalance_eur_per_kwh)).sum()),
        short_eur=float(worth[more].sum()),
        long_eur=float(worth[less].sum()),
    )
