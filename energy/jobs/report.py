"""The energy balance of a span: by kind and municipality, import and export, peaks, and what was measured.

Energies are sums of a quarter hour's mean times its length, over all quarter hours that have a mean: one that
is covered in part counts as a whole. ``coverage`` is covered seconds over seconds. A sum over nothing is
None, never 0. Peaks are of quarter hours that are covered well enough to be billed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.domain import Point
from energy.errors import BadInput, Fault
from energy.historian.limits import PEAK_COVERAGE_MIN
from energy.historian.sqlite_reader import SqliteReader
from energy.job import fault
from energy.periods import PERIOD, PERIOD_H, format_utc, parse_utc, period_start, periods_between
from energy.ports import Means
from energy.region.battery import Battery
from energy.region.generator import Generator
from energy.region.model import Asset, Region

SPAN_MAX = {"hour": timedelta(days=31), "day": timedelta(days=366)}
DIGITS = 3
ENERGIES_OVER = "quarter hours that have a mean, each as a whole however much of it is covered"
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

    def power(asset: Asset) -> Means:
        return reader.means_many([asset.id], Point.POWER_KW, start, end)[asset.id]

    exchange = power(region.grid_point)
    powers = {asset: power(asset) for asset in region.members if asset.power_kw_nameplate != (0.0, 0.0)}
    kinds = sorted({asset.kind for asset in powers})
    places = sorted({asset.municipality for asset in powers if asset.municipality is not None})
    bucket, labels = _buckets(start, periods_between(start, end), step, region.zone)
    return {
        "from": format_utc(start),
        "to": format_utc(end),
        "step": step,
        "energies_over": ENERGIES_OVER,
        "region": _region_balance(powers, exchange),
        "by_kind": {
            kind: _sums([values for asset, values in powers.items() if asset.kind == kind]) for kind in kinds
        },
        "by_municipality": {
            place: _sums([values for asset, values in powers.items() if asset.municipality == place])
            for place in places
        },
        "peaks": _peaks(exchange, start),
        "steps": {"start": labels, **_steps(powers, exchange, bucket, len(labels))},
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


def _region_balance(powers: Mapping[Asset, Means], exchange: Means) -> dict[str, Any]:
    served = [values for asset, values in powers.items() if not isinstance(asset, Battery | Generator)]
    consumption_kwh = _energy_kwh(served, drawn=True)
    import_kwh, export_kwh = (_energy_kwh([exchange], drawn=drawn) for drawn in (True, False))
    autarky = None
    if consumption_kwh is not None and import_kwh is not None and consumption_kwh > 0.0:
        autarky = round(1.0 - import_kwh / consumption_kwh, 4)
    return {
        **_sums(list(powers.values())),
        "consumption_kwh": consumption_kwh,
        "import_kwh": import_kwh,
        "export_kwh": export_kwh,
        "exchange_coverage": _coverage([exchange]),
        "autarky": autarky,
    }


def _sums(series: list[Means]) -> dict[str, float | None]:
    return {
        "drawn_kwh": _energy_kwh(series, drawn=True),
        "fed_in_kwh": _energy_kwh(series, drawn=False),
        "coverage": _coverage(series),
    }


def _energy_kwh(series: list[Means], *, drawn: bool) -> float | None:
    """Add up what was drawn or fed in, as a magnitude; None where nothing was measured."""
    known = [means.value[np.isfinite(means.value)] for means in series]
    if not any(values.size for values in known):
        return None
    sign = 1.0 if drawn else -1.0
    return round(float(sum(np.maximum(sign * values, 0.0).sum() for values in known)) * PERIOD_H, DIGITS)


def _coverage(series: list[Means]) -> float | None:
    """Give covered seconds over seconds."""
    fractions = [means.coverage for means in series if means.coverage.size]
    return round(float(np.concatenate(fractions).mean()), 4) if fractions else None


def _peaks(exchange: Means, start: datetime) -> dict[str, Any]:
    """The highest quarter hours; None where none was measured well enough, or none went that way."""
    measured = np.isfinite(exchange.value)
    enough = measured & (exchange.coverage >= PEAK_COVERAGE_MIN)
    peaks: dict[str, Any] = {}
    for name, sign in (("import", 1.0), ("export", -1.0)):
        values = np.where(enough, sign * exchange.value, 0.0)
        place = int(np.argmax(values)) if values.size else 0
        found = bool(values.size) and values[place] > 0.0
        peaks[f"{name}_kw_max"] = round(float(values[place]), DIGITS) if found else None
        peaks[f"{name}_at"] = format_utc(start + place * PERIOD) if found else None
    peaks["coverage_min"] = PEAK_COVERAGE_MIN
    peaks["quarter_hours_left_out"] = int((~enough).sum())
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
    powers: Mapping[Asset, Means], exchange: Means, bucket: Buckets, steps: int
) -> dict[str, list[float | None]]:
    def summed(series: list[Means], sign: float) -> list[float | None]:
        energy_kwh, measured = np.zeros(steps), np.zeros(steps)
        for means in series:
            values, known = means.value, np.isfinite(means.value)
            measured += np.bincount(bucket, weights=known, minlength=steps)
            drawn_kw = np.where(known, np.maximum(sign * values, 0.0), 0.0)
            energy_kwh += np.bincount(bucket, weights=drawn_kw, minlength=steps) * PERIOD_H
        return [
            round(float(energy_kwh[place]), DIGITS) if measured[place] else None for place in range(steps)
        ]

    members = list(powers.values())
    return {
        "drawn_kwh": summed(members, 1.0),
        "fed_in_kwh": summed(members, -1.0),
        "import_kwh": summed([exchange], 1.0),
        "export_kwh": summed([exchange], -1.0),
    }
