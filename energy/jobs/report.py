"""The energy balance of a span: by kind and municipality, import and export, peaks, and what was measured.

Sums are over the quarter hours that were measured; ``coverage`` says how much of the span that is. A sum over
nothing is None, never 0.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray, Point
from energy.errors import BadInput, Fault
from energy.historian.sqlite_reader import SqliteReader
from energy.job import fault
from energy.periods import PERIOD, PERIOD_H, format_utc, parse_utc, period_start, periods_between
from energy.region.battery import Battery
from energy.region.generator import Generator
from energy.region.model import Asset, Region

SPAN_MAX = {"hour": timedelta(days=31), "day": timedelta(days=366)}
DIGITS = 3
Buckets = NDArray[np.int64]


def run_report(region: Region, reader: SqliteReader, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Give the balance of [from, to) in steps of ``hour`` or local ``day``.

    Raises:
        BadInput: with everything that is wrong with the parameters.
    """
    faults = [*_faults(parameters)]
    if faults:
        raise BadInput(faults)
    start, end = period_start(parse_utc(parameters["from"])), period_start(parse_utc(parameters["to"]))
    step = parameters.get("step", "hour")

    def power_kw(asset: Asset) -> FloatArray:
        return reader.means_many([asset.id], Point.POWER_KW, start, end)[asset.id].value

    exchange_kw = power_kw(region.grid_point)
    powers_kw = {asset: power_kw(asset) for asset in region.members if asset.power_kw_nameplate != (0.0, 0.0)}
    kinds = sorted({asset.kind for asset in powers_kw})
    places = sorted({asset.municipality for asset in powers_kw if asset.municipality is not None})
    bucket, labels = _buckets(start, periods_between(start, end), step, region.zone)
    return {
        "from": format_utc(start),
        "to": format_utc(end),
        "step": step,
        "region": _region_balance(powers_kw, exchange_kw),
        "by_kind": {
            kind: _sums([values for asset, values in powers_kw.items() if asset.kind == kind])
            for kind in kinds
        },
        "by_municipality": {
            place: _sums([values for asset, values in powers_kw.items() if asset.municipality == place])
            for place in places
        },
        "peaks": _peaks(exchange_kw, start),
        "steps": {"start": labels, **_steps(powers_kw, exchange_kw, bucket, len(labels))},
    }


def _faults(parameters: Mapping[str, str]) -> Iterator[Fault]:
    step = parameters.get("step", "hour")
    if step not in SPAN_MAX:
        yield fault("step", step, "no such step", f"use one of: {', '.join(SPAN_MAX)}")
    moments: list[datetime] = []
    for name in ("from", "to"):
        try:
            moments.append(parse_utc(parameters[name]))
        except ValueError as error:
            yield fault(name, parameters[name], str(error), "write for example 2020-06-01T10:00Z")
    if (
        step in SPAN_MAX
        and len(moments) == 2
        and not timedelta(0) < moments[1] - moments[0] <= SPAN_MAX[step]
    ):
        limit = f"after from, and at most {SPAN_MAX[step].days} days after it in steps of a {step}"
        yield fault("to", parameters["to"], limit, "choose a shorter span, or steps of a day")


def _region_balance(powers_kw: Mapping[Asset, FloatArray], exchange_kw: FloatArray) -> dict[str, Any]:
    served = [values for asset, values in powers_kw.items() if not isinstance(asset, Battery | Generator)]
    consumption_kwh = _energy_kwh(served, drawn=True)
    import_kwh, export_kwh = (_energy_kwh([exchange_kw], drawn=drawn) for drawn in (True, False))
    autarky = None
    if consumption_kwh is not None and import_kwh is not None and consumption_kwh > 0.0:
        autarky = round(1.0 - import_kwh / consumption_kwh, 4)
    return {
        **_sums(list(powers_kw.values())),
        "consumption_kwh": consumption_kwh,
        "import_kwh": import_kwh,
        "export_kwh": export_kwh,
        "exchange_coverage": _coverage([exchange_kw]),
        "autarky": autarky,
    }


def _sums(series: list[FloatArray]) -> dict[str, float | None]:
    return {
        "drawn_kwh": _energy_kwh(series, drawn=True),
        "fed_in_kwh": _energy_kwh(series, drawn=False),
        "coverage": _coverage(series),
    }


def _energy_kwh(series: list[FloatArray], *, drawn: bool) -> float | None:
    """Add up what was drawn or fed in, as a magnitude; None where nothing was measured."""
    known = [values[np.isfinite(values)] for values in series]
    if not any(values.size for values in known):
        return None
    sign = 1.0 if drawn else -1.0
    return round(float(sum(np.maximum(sign * values, 0.0).sum() for values in known)) * PERIOD_H, DIGITS)


def _coverage(series: list[FloatArray]) -> float | None:
    places = sum(values.size for values in series)
    measured = sum(int(np.isfinite(values).sum()) for values in series)
    return round(measured / places, 4) if places else None


def _peaks(exchange_kw: FloatArray, start: datetime) -> dict[str, Any]:
    """The highest quarter hours; None where none was measured, or none went that way."""
    peaks: dict[str, Any] = {}
    for name, sign in (("import", 1.0), ("export", -1.0)):
        values = np.where(np.isfinite(exchange_kw), sign * exchange_kw, 0.0)
        place = int(np.argmax(values)) if values.size else 0
        found = bool(values.size) and values[place] > 0.0
        peaks[f"{name}_kw_max"] = round(float(values[place]), DIGITS) if found else None
        peaks[f"{name}_at"] = format_utc(start + place * PERIOD) if found else None
    return peaks


def _buckets(start: datetime, periods: int, step: str, zone: ZoneInfo) -> tuple[Buckets, list[str]]:
    """Give each quarter hour its step, and each step its label; a local day has 92, 96 or 100 of them."""
    labels: list[str] = []
    bucket = np.zeros(periods, dtype=np.int64)
    for place in range(periods):
        at = start + place * PERIOD
        label = (
            at.astimezone(zone).date().isoformat()
            if step == "day"
            else format_utc(at.replace(minute=0, second=0, microsecond=0))
        )
        if not labels or labels[-1] != label:
            labels.append(label)
        bucket[place] = len(labels) - 1
    return bucket, labels


def _steps(
    powers_kw: Mapping[Asset, FloatArray], exchange_kw: FloatArray, bucket: Buckets, steps: int
) -> dict[str, list[float | None]]:
    def summed(series: list[FloatArray], sign: float) -> list[float | None]:
        energy_kwh, measured = np.zeros(steps), np.zeros(steps)
        for values in series:
            known = np.isfinite(values)
            measured += np.bincount(bucket, weights=known, minlength=steps)
            drawn_kw = np.where(known, np.maximum(sign * values, 0.0), 0.0)
            energy_kwh += np.bincount(bucket, weights=drawn_kw, minlength=steps) * PERIOD_H
        return [
            round(float(energy_kwh[place]), DIGITS) if measured[place] else None for place in range(steps)
        ]

    members = list(powers_kw.values())
    return {
        "drawn_kwh": summed(members, 1.0),
        "fed_in_kwh": summed(members, -1.0),
        "import_kwh": summed([exchange_kw], 1.0),
        "export_kwh": summed([exchange_kw], -1.0),
    }
