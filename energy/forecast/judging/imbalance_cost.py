"""What a forecast error costs: the energy that was missing or too much, at what balancing it costs.

Whoever nominated by the forecast settles its error at the imbalance price instead of the price at which it
would have traded. Each period counts as against us: over a quarter the signs of error and price are chance,
and a forecast must not look cheap because they happened to agree.
"""

import numpy as np

from energy.domain import FloatArray

SYMMETRIC_EUR_PER_KWH = 0.065
"""65 EUR/MWh: the median distance of the German imbalance price (reBAP) from the day-ahead price in 2023; it
stands where the imbalance price is not known, which is so for weeks after delivery."""
_KW_BY_UNIT = {"w": 1e-3, "kw": 1.0, "mw": 1e3, "gw": 1e6}
_EUR_PER_KWH_BY_UNIT = {"eur_per_kwh": 1.0, "eur_per_mwh": 1e-3}


def error_cost_eur(
    error_kwh: FloatArray,
    *,
    price_eur_per_kwh: FloatArray | None = None,
    imbalance_eur_per_kwh: FloatArray | None = None,
) -> FloatArray:
    """Give the cost of each period's error, NaN where it or a needed price is missing.

    ``price_eur_per_kwh`` is what the energy would have cost in time: the day-ahead price, or the plan's
    marginal price. Without an imbalance price beside it the symmetric distance counts.

    >>> error_cost_eur(np.array([-1000.0, 2000.0])).tolist()
    [65.0, 130.0]
    """
    if price_eur_per_kwh is None or imbalance_eur_per_kwh is None:
        symmetric: FloatArray = np.abs(error_kwh) * SYMMETRIC_EUR_PER_KWH
        return symmetric
    cost: FloatArray = np.abs(error_kwh) * np.abs(imbalance_eur_per_kwh - price_eur_per_kwh)
    return cost


def kw_per_unit(column: str) -> float | None:
    """Give the kW in one unit of a column of power, by the unit that ends its name; None for another.

    >>> kw_per_unit("load_mw"), kw_per_unit("temperature_c")
    (1000.0, None)
    """
    return _KW_BY_UNIT.get(column.rpartition("_")[2])


def eur_per_kwh_per_unit(column: str) -> float | None:
    """Give the EUR/kWh in one unit of a column of prices, by the unit that ends its name.

    >>> eur_per_kwh_per_unit("rebap_eur_per_mwh")
    0.001
    """
    return next((size for unit, size in _EUR_PER_KWH_BY_UNIT.items() if column.endswith(unit)), None)
