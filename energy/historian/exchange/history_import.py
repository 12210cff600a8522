"""Takes a judged history into the record: what was well measured stays, what was rejected is kept beside."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray, Point
from energy.errors import StoreUnavailable
from energy.historian.exchange.metering_file import Judged, judge
from energy.historian.exchange.metering_layout import FILE_BYTES_MAX, layout_fault
from energy.historian.exchange.metering_options import Told
from energy.historian.exchange.metering_report import Report
from energy.historian.schema import FILE_NAME
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from energy.ports import MeansSource
from energy.region.model import Asset, Region

_SAME = 1e-9
"""Relative: two values are the same unless an operation of floats told them apart."""


def judge_file(file: Path, region: Region, asset_id: str, point: Point, told: Told) -> Judged:
    """Read and judge a file for an asset; nothing is written.

    Raises:
        BadInput: there is no such asset or file, an option is needed, or the file is a single household's.
        StoreUnavailable: the file cannot be read.
    """
    asset = _asset(region, asset_id)
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise layout_fault(str(file), "--file", str(file), str(error.strerror), "name a file") from error
    judged = judge(content, str(file), asset, point, told)
    if asset.household and judged.metering_points and region.privacy.legal_ground is None:
        raise layout_fault(
            str(file),
            "--file",
            f"{judged.metering_points} metering points named",
            f"{asset_id} is of households, and the region states no legal ground for single ones",
            "import the sum of many households without ids, or state 'legal_ground' under 'privacy'",
        )
    return judged


def compared(judged: Judged, folder: Path, asset_id: str, point: Point, now: datetime) -> Report:
    """Say in the report what of the file's span stands in the record already.

    Raises:
        StoreUnavailable: the record is there and cannot be read.
    """
    if not (folder / FILE_NAME).exists():
        return judged.report
    with open_reader(folder) as reader:
        known = _recorded(reader, judged, asset_id, point, now)
    both = np.isfinite(known) & np.isfinite(judged.values)
    differing = both & ~np.isclose(known, judged.values, rtol=_SAME, atol=0.0)
    return replace(
        judged.report, already_recorded=int(both.sum()), already_recorded_differing=int(differing.sum())
    )


def take(
    judged: Judged, folder: Path, asset_id: str, point: Point, now: datetime, *, zone: ZoneInfo
) -> Report:
    """Write the series in one transaction; give the report with what stands in the record afterwards.

    The caller holds the folder's lock: no controller runs. ``zone`` is the region's.

    Raises:
        StoreUnavailable: the record cannot be written.
    """
    report = compared(judged, folder, asset_id, point, now)
    with SqliteRecord(folder, zone=zone) as record:
        record.import_means(asset_id, point, judged.start, judged.values, known_at=now)
        record.commit()
        stands = _recorded(record, judged, asset_id, point, now)
    taken = np.isclose(stands, judged.values, rtol=_SAME, atol=0.0)
    return replace(report, taken=int(taken.sum()))


def write_rejected(report: Report, path: Path) -> Report:
    """Write every rejected line as it stands in the file, each with its fault before it; none makes no file.

    Returns:
        the report, which now names the file.

    Raises:
        BadInput: the file exists already.
        StoreUnavailable: it cannot be written.
    """
    if not report.rejected:
        return report
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            for item in report.rejected:
                file.write(f"# {item.fault}\n{item.text}\n")
    except FileExistsError as error:
        raise layout_fault(
            str(path), "--rejected", str(path), "it exists already", "name a new file"
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"{path}: {error.strerror}. Mend: check the folder and its free space"
        ) from error
    return replace(report, rejected_file=str(path))


def _recorded(source: MeansSource, judged: Judged, asset_id: str, point: Point, now: datetime) -> FloatArray:
    end = judged.start + judged.values.size * PERIOD
    return source.means(asset_id, point, start=judged.start, end=end, known_at=max(now, end)).value


def _asset(region: Region, asset_id: str) -> Asset:
    try:
        return region.asset(asset_id)
    except KeyError:
        known = ", ".join(asset.id for asset in region.assets)
        raise layout_fault(
            str(region.folder), "ASSET", asset_id, "the region has no such asset", f"use one of: {known}"
        ) from None
