"""Conversions from foreign units, used only by the adapter that met them.

Inside the house there is one system: kW, kWh, EUR, EUR/kWh, seconds, degrees Celsius, fractions 0 to 1.
"""

KW_PER_MW = 1000.0
KW_PER_W = 0.001
EUR_PER_KWH_PER_EUR_PER_MWH = 0.001
KG_PER_T = 1000.0
S_PER_H = 3600.0


def eur_per_kwh_from_eur_per_mwh(price_eur_per_mwh: float) -> float:
    """Convert a market price.

    >>> eur_per_kwh_from_eur_per_mwh(95.0)
    0.095
    """
    return price_eur_per_mwh * EUR_PER_KWH_PER_EUR_PER_MWH


def kwh_from_kw(power_kw: float, duration_s: float) -> float:
    """Give the energy of a constant power over a duration.

    >>> kwh_from_kw(4.0, 900.0)
    1.0
    """
    return power_kw * duration_s / S_PER_H
