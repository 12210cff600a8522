"""Forecasts of municipalities and of the region, for a terminal and as JSON."""

import sys
from collections.abc import Sequence

from energy.adding_up import EXPECTED, totals_of
from energy.domain import FloatArray, Forecast
from energy.periods import format_utc
from energy.region.model import Region

HOUR = 4
"""Quarter hours between two lines on a terminal."""
DIGITS = 3


def sums_json(region: Region, forecasts: Sequence[Forecast]) -> dict[str, object] | None:
    """Give the sums with quantiles p05, p25, p50, p75, p95, kW; None where nothing was forecast."""
    totals = totals_of(region, forecasts)
    if totals is None:
        return None
    return {
        "issued_at": format_utc(totals.issued_at),
        "start": format_utc(totals.start),
        "assets": list(totals.asset_ids),
        "region": {"quantiles_kw": _rounded(totals.region_kw)},
        "municipalities": {
            place: {"quantiles_kw": _rounded(values)} for place, values in totals.municipalities_kw.items()
        },
    }


def print_sums(region: Region, forecasts: Sequence[Forecast]) -> None:
    """Print the region's sum by the hour, and what each municipality has in it."""
    totals = totals_of(region, forecasts)
    if totals is None:
        return
    out = sys.stdout
    names = {place.id: place.name.en for place in region.municipalities}
    out.write("kW; positive draws, negative feeds in; what is controlled follows from the plan\n")
    for place, values in (*totals.municipalities_kw.items(), ("region", totals.region_kw)):
        out.write(f"{names.get(place, place)}: p05 p50 p95 in kW, hourly\n")
        for index in range(0, values.shape[1], HOUR):
            low, expected, high = (float(values[row, index]) for row in (0, EXPECTED, 4))
            out.write(f"  +{index / HOUR:4.0f} h {low:10.0f} {expected:10.0f} {high:10.0f}\n")
    parts = sum(float(values[EXPECTED].sum()) for values in totals.municipalities_kw.values())
    whole = float(totals.region_kw[EXPECTED].sum())
    out.write(f"the municipalities' expected values add up to the region's: {parts:.3f} = {whole:.3f}\n")


def _rounded(values: FloatArray) -> list[list[float]]:
    return [[round(float(value), DIGITS) for value in row] for row in values]
