"""Hands the record over as CSV files with a description beside, all of it or nothing."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np

from energy.domain import QUANTILES, Applied, FloatArray, Limited, Outcome, Point
from energy.errors import BadInput, Fault, StoreUnavailable
from energy.historian.limits import query_fault
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.periods import PERIOD, format_utc, period_start, period_starts, require_aware
from energy.ports import Means
from energy.region.model import Region

SPAN_MAX = timedelta(days=400)
"""A year with some margin; longer records are exported in pieces."""
_PIECE = timedelta(hours=1)
"""Plans and outcomes are read an hour at a time, which keeps every query far below its limit."""
_SIGN = "positive draws (consumption, charging, import), negative feeds in (generation, discharging, export)"
_MEANS = (
    Point.POWER_KW_AVAILABLE,
    Point.ENERGY_KWH,
    Point.ENERGY_KWH_BACKLOG,
    Point.ENERGY_KWH_URGENT,
)
_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "readings": (
            "start_utc",
            "asset_id",
            "power_kw_draws_positive",
            "power_coverage_fraction",
            "power_kw_from_registers_draws_positive",
            "power_kw_available_draws_positive",
            "energy_kwh_stored",
            "energy_kwh_backlog",
            "energy_kwh_urgent",
        ),
        "forecasts": (
            "issued_at_utc",
            "known_at_utc",
            "model",
            "start_utc",
            "asset_id",
            *(f"power_kw_p{quantile * 100:02.0f}_draws_positive" for quantile in QUANTILES),
        ),
        "plans": ("issued_at_utc", "plan_id", "rung", "start_utc", "asset_id", "quantity", "value"),
        "outcomes": (
            "at_utc",
            "asset_id",
            "point",
            "outcome",
            "power_kw_asked_draws_positive",
            "power_kw_read_back_draws_positive",
            "valid_until_utc",
            "level",
            "reason",
            "detail",
        ),
    }
)
_ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "readings": "Means over quarter hours labelled by their start; an empty field was not measured.",
        "forecasts": "Every forecast that a plan of the span stood on, as it was issued.",
        "plans": "Every plan issued in the span; a quantity's name ends in its unit, prices have no asset.",
        "outcomes": "What became of every setpoint.",
    }
)
_Row = Sequence[str | float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSummary:
    """What was written: the folder, the span, and the number of rows of each file."""

    folder: Path
    start: datetime
    end: datetime
    rows: Mapping[str, int]


def export(
    folder: Path,
    region: Region,
    start: datetime,
    end: datetime,
    out: Path,
    *,
    on_progress: Callable[[float], None] = lambda _: None,
) -> ExportSummary:
    """Write readings, forecasts, plans and outcomes of [start, end) into a new folder.

    Args:
        folder: the data folder.
        region: the region whose record it is; its assets are exported.
        start: aware; rounded down to a quarter hour.
        end: aware.
        out: the folder to make; it must not exist yet, or be empty. It appears complete or not at all.
        on_progress: is told the fraction done.

    Raises:
        BadInput: the span or the folder is wrong.
        StoreUnavailable: the record cannot be read, or the files cannot be written.
        RecordBroken: the record is damaged.
    """
    start, end = period_start(start), require_aware(end)
    _check(start, end, out)
    part = out.with_name(f"{out.name}.part")
    try:
        with open_reader(folder) as reader:
            rows = _write_all(reader, region, (start, end), part, on_progress)
        part.replace(out)
    except OSError as error:
        raise StoreUnavailable(
            f"{out}: {error.strerror}. Mend: check the free space and permissions"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return ExportSummary(folder=out, start=start, end=end, rows=rows)


def _check(start: datetime, end: datetime, out: Path) -> None:
    faults: list[Fault] = []
    if not timedelta() < end - start <= SPAN_MAX:
        limit = f"after {format_utc(start)} and at most {SPAN_MAX.days} days later"
        faults += query_fault("--to", value=format_utc(end), limit=limit, mend="export in pieces").faults
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        faults += query_fault(
            "--out", value=str(out), limit="it exists and is not empty", mend="name a new folder"
        ).faults
    if faults:
        raise BadInput(faults)


def _write_all(
    reader: SqliteReader,
    region: Region,
    span: tuple[datetime, datetime],
    part: Path,
    on_progress: Callable[[float], None],
) -> Mapping[str, int]:
    start, end = span
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    contents: Mapping[str, Iterator[_Row]] = {
        "readings": _readings(reader, region, start, end),
        "forecasts": _forecasts(reader, region, start, end),
        "plans": _plans(reader, start, end),
        "outcomes": _outcomes(reader, start, end),
    }
    rows: dict[str, int] = {}
    for name, content in contents.items():
        rows[name] = _write_csv(part / f"{name}.csv", _COLUMNS[name], content)
        on_progress(len(rows) / len(contents))
    description = {
        "region": {"id": region.id, "name_de": region.name.de, "name_en": region.name.en},
        "region_digest_sha256": region.digest,
        "illustrative": region.illustrative,
        "start_utc": format_utc(start),
        "end_utc": format_utc(end),
        "sign": _SIGN,
        "files": {
            f"{name}.csv": {"about": _ABOUT[name], "columns": _COLUMNS[name], "rows": count}
            for name, count in rows.items()
        },
    }
    text = json.dumps(description, ensure_ascii=False, indent=2)
    (part / "README.json").write_text(f"{text}\n", encoding="utf-8")
    return rows


def _write_csv(path: Path, columns: Sequence[str], content: Iterator[_Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in content:
            writer.writerow(row)
            count += 1
    return count


def _readings(reader: SqliteReader, region: Region, start: datetime, end: datetime) -> Iterator[_Row]:
    for asset in region.assets:
        power = reader.means(asset.id, Point.POWER_KW, start=start, end=end, known_at=end)
        columns = [
            power.value,
            power.coverage,
            reader.energy_means(asset.id, start=start, end=end, known_at=end).value,
            *(reader.means(asset.id, point, start=start, end=end, known_at=end).value for point in _MEANS),
        ]
        yield from _rows_of_means(asset.id, power, columns)


def _rows_of_means(asset_id: str, power: Means, columns: Sequence[FloatArray]) -> Iterator[_Row]:
    labels = period_starts(power.start, power.value.size)
    measured = np.isfinite(np.vstack([columns[0], *columns[2:]])).any(axis=0)
    for place in np.flatnonzero(measured).tolist():
        yield (format_utc(labels[place]), asset_id, *(_number(column[place]) for column in columns))


def _forecasts(reader: SqliteReader, region: Region, start: datetime, end: datetime) -> Iterator[_Row]:
    for begin, stop in _pieces(start, end):
        for asset in region.assets:
            for forecast in reader.forecasts_between(asset.id, begin, stop):
                issued_at, known_at = format_utc(forecast.issued_at), format_utc(forecast.known_at)
                labels = period_starts(forecast.start, forecast.quantiles_kw.shape[1])
                for label, quantiles in zip(labels, forecast.quantiles_kw.T.tolist(), strict=True):
                    yield (issued_at, known_at, forecast.model, format_utc(label), asset.id, *quantiles)


def _plans(reader: SqliteReader, start: datetime, end: datetime) -> Iterator[_Row]:
    for begin, stop in _pieces(start, end):
        for plan in reader.plans_between(begin, stop):
            head = (format_utc(plan.issued_at), plan.plan_id, str(plan.rung))
            named: list[tuple[str, str, FloatArray]] = []
            for asset_id, part in plan.assets.items():
                named.append((asset_id, "power_kw_draws_positive", part.power_kw))
                named.extend((asset_id, state, array) for state, array in part.states.items())
            for balance, array in plan.marginal_price_eur_per_kwh.items():
                named.append(("", f"marginal_price_{balance}_eur_per_kwh", array))
            for asset_id, quantity, array in named:
                for place, value in enumerate(array.tolist()):
                    label = format_utc(plan.start + place * PERIOD)
                    yield (*head, label, asset_id, quantity, _number(value))


def _outcomes(reader: SqliteReader, start: datetime, end: datetime) -> Iterator[_Row]:
    for begin, stop in _pieces(start, end):
        for outcome in reader.outcomes_between(begin, stop):
            yield _outcome_row(outcome)


def _outcome_row(outcome: Outcome) -> _Row:
    setpoint = outcome.setpoint
    return (
        format_utc(outcome.at),
        setpoint.asset_id,
        str(setpoint.point),
        type(outcome).__name__.lower(),
        setpoint.power_kw,
        outcome.read_back_kw if isinstance(outcome, Applied | Limited) else None,
        format_utc(setpoint.valid_until),
        str(setpoint.level),
        setpoint.reason,
        None if isinstance(outcome, Applied) else outcome.reason,
    )


def _pieces(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + _PIECE, end)
        start += _PIECE


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
