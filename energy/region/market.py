"""The rules of the region's prices: what is paid for exchange, and when prices are known."""

from datetime import time
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, EurPerKwh, HistoryColumn, Number


def _only_text(value: object) -> object:
    """Refuse a bare number: 780 would be taken for 780 seconds after midnight."""
    if isinstance(value, int | float):
        raise ValueError('must be a time of day in quotes, for example "13:00"')  # noqa: TRY004 - pydantic's way
    return value


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Market:
    """Day-ahead prices and what is added to them.

    The price file's column carries EUR/MWh, as market files do. Import pays the price plus
    ``import_surcharge_eur_per_kwh``, export earns it less ``export_discount_eur_per_kwh``.
    ``capacity_charge_eur_per_kw_year`` is paid on the year's highest quarter-hour import. Tomorrow's prices
    are known from ``published_at`` local time.
    """

    day_ahead: HistoryColumn
    published_at: Annotated[time, BeforeValidator(_only_text)] = time(13, 0)
    import_surcharge_eur_per_kwh: Annotated[EurPerKwh, Field(ge=0.0)] = 0.0
    export_discount_eur_per_kwh: Annotated[EurPerKwh, Field(ge=0.0)] = 0.0
    capacity_charge_eur_per_kw_year: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
