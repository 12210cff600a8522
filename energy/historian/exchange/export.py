"""Hands the record over in open formats with a description beside, all of it or nothing."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from energy.errors import BadInput, Fault, StoreUnavailable
from energy.historian.exchange import contents
from energy.historian.exchange.csv_table import Dialect, write_csv
from energy.historian.exchange.parquet_table import read_parquet, write_parquet
from energy.historian.exchange.public_values import public_batches
from energy.historian.exchange.resolution import Resolution
from energy.historian.exchange.tables import (
    DRAWS,
    FORECASTS,
    OUTCOMES,
    PLANS,
    PRICES,
    PUBLIC,
    READINGS,
    WEATHER,
    Batch,
    Column,
    Table,
)
from energy.historian.limits import query_fault
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.periods import format_utc, period_start, require_aware
from energy.region.model import Region

SPAN_MAX = timedelta(days=400)
"""A year with some margin; longer records are exported in pieces."""
_FOLDER_MODE = 0o755
"""A temporary folder is its maker's alone; what is handed over is not."""
Format = Literal["csv", "parquet", "both"]
_TYPES = {"time": "datetime", "id": "string", "text": "string", "number": "number"}
"""A column's type by the words of the Frictionless Table Schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How an export is written; ``public`` writes only what anybody may see."""

    resolution: Resolution = "15min"
    dialect: Dialect = field(default_factory=Dialect)
    public: bool = False
    format: Format = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSummary:
    """What was written: the folder, the span, and the number of rows of each table."""

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
    wanted: Wanted | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> ExportSummary:
    """Write readings, forecasts, plans, outcomes, prices and weather of [start, end) into a new folder.

    Args:
        folder: the data folder.
        region: the region whose record it is; its assets are exported.
        start: aware; rounded down to a quarter hour.
        end: aware.
        out: the folder to make; it must not exist yet, or be empty. It appears complete or not at all.
        wanted: how it is written; None takes plain CSV of quarter hours.
        on_progress: is told the fraction done.

    Raises:
        BadInput: the span or the folder is wrong.
        StoreUnavailable: the record cannot be read, or the files cannot be written.
        RecordBroken: the record is damaged.
    """
    start, end, wanted = period_start(start), require_aware(end), wanted or Wanted()
    _check(start, end, out)
    part: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.part-", dir=out.parent))
        part.chmod(_FOLDER_MODE)
        with open_reader(folder) as reader:
            tables = _tables(reader, region, start, end, wanted)
            rows = _write_all(tables, part, wanted, _about(region), on_progress)
        description = _description(region, start, end, wanted, [table for table, _ in tables], rows)
        text = json.dumps(description, ensure_ascii=False, indent=2)
        (part / "README.json").write_text(f"{text}\n", encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise StoreUnavailable(
            f"{out}: {error.strerror}. Mend: check the free space and permissions"
        ) from error
    finally:
        if part is not None:
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


def _tables(
    reader: SqliteReader, region: Region, start: datetime, end: datetime, wanted: Wanted
) -> list[tuple[Table, Iterable[Batch]]]:
    if wanted.public:
        return [(PUBLIC, public_batches(reader, region, start, end, wanted.resolution))]
    quantiles = [column.name for column in FORECASTS.columns if column.type == "number"]
    return [
        (READINGS, contents.readings(reader, region, start, end, wanted.resolution)),
        (FORECASTS, contents.forecasts(reader, region, start, end, quantiles)),
        (PLANS, contents.plans(reader, start, end)),
        (OUTCOMES, contents.outcomes(reader, start, end)),
        (PRICES, contents.prices(reader, start, end)),
        (WEATHER, contents.weather(reader, start, end)),
    ]


def _write_all(
    tables: list[tuple[Table, Iterable[Batch]]],
    part: Path,
    wanted: Wanted,
    about: Mapping[str, str],
    on_progress: Callable[[float], None],
) -> Mapping[str, int]:
    rows: dict[str, int] = {}
    for table, batches in tables:
        if wanted.format == "csv":
            rows[table.name] = write_csv(part / f"{table.name}.csv", table, batches, wanted.dialect)
        else:
            rows[table.name] = write_parquet(part / f"{table.name}.parquet", table, batches, about)
        if wanted.format == "both":
            again = read_parquet(part / f"{table.name}.parquet", table)
            write_csv(part / f"{table.name}.csv", table, again, wanted.dialect)
        on_progress(len(rows) / len(tables))
    return rows


def _description(  # noqa: PLR0917 - one page, from everything that was decided
    region: Region,
    start: datetime,
    end: datetime,
    wanted: Wanted,
    tables: list[Table],
    rows: Mapping[str, int],
) -> dict[str, object]:
    """Describe the folder by the words of a Frictionless Data Package."""
    return {
        "profile": "tabular-data-package",
        "name": region.id,
        "region": {"id": region.id, "name_de": region.name.de, "name_en": region.name.en},
        "region_digest_sha256": region.digest,
        "illustrative": region.illustrative,
        "start_utc": format_utc(start),
        "end_utc": format_utc(end),
        "resolution": wanted.resolution,
        "sign": DRAWS,
        "licences": licences_of(region),
        "resources": [
            {
                "name": table.name,
                "path": f"{table.name}.{form}",
                "format": form,
                "encoding": "utf-8",
                "description": table.about,
                "rows": rows[table.name],
                "dialect": {
                    "delimiter": wanted.dialect.delimiter,
                    "decimalChar": "," if wanted.dialect.decimal_comma else ".",
                },
                "schema": {"fields": [_field(column) for column in table.columns]},
            }
            for table in tables
            for form in (("csv", "parquet") if wanted.format == "both" else (wanted.format,))
        ],
    }


def _field(column: Column) -> dict[str, str]:
    field = {"name": column.name, "type": _TYPES[column.type], "unit": column.unit, "sign": column.sign}
    return {key: value for key, value in field.items() if value}


def _about(region: Region) -> dict[str, str]:
    """Say in a Parquet file's own metadata whose data it holds."""
    return {
        "region": region.id,
        "region_digest_sha256": region.digest,
        "illustrative": "true" if region.illustrative else "false",
        "licences": json.dumps(licences_of(region), ensure_ascii=False),
    }


def licences_of(region: Region) -> dict[str, str]:
    """Give for each of the region's history files what its page says of origin and licence."""
    notes: dict[str, str] = {}
    for page in sorted((region.folder / "history").glob("*.md")):
        found = re.search(
            r"## Origin and licence\s+(.*?)(?=\n## |\Z)", page.read_text(encoding="utf-8"), re.DOTALL
        )
        if found:
            notes[page.stem] = " ".join(found[1].split())
    return notes
