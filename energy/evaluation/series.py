"""A week's series as rows for a CSV: what was nominated and what happened in every case."""

from collections.abc import Iterator

import numpy as np

from energy.domain import FloatArray
from energy.evaluation.course import Course
from energy.evaluation.verdict import Week
from energy.periods import format_utc, period_starts
from energy.region.battery import Battery
from energy.region.generator import Generator
from energy.region.load import Load
from energy.region.machine import Machine
from energy.region.model import Region

DIGITS = 3
CONTENTS = ("energy_kwh", "volume_m3", "energy_kwh_backlog")


def series_rows(region: Region, week: Week) -> Iterator[list[object]]:
    """Give the header and one row a quarter hour; contents are those at its end, power in our sign."""
    columns = dict(_columns(region, week))
    yield ["utc", "price_eur_per_kwh", *columns]
    for index, label in enumerate(period_starts(week.window.start, week.window.periods)):
        values = [round(float(values[index]), DIGITS) for values in columns.values()]
        yield [format_utc(label), round(float(week.price_eur_per_kwh[index]), 5), *values]


def _columns(region: Region, week: Week) -> Iterator[tuple[str, FloatArray]]:
    for case, course in week.courses.items():
        yield f"{case}.nominated_kw", course.nominated_kw
        yield f"{case}.exchange_kw", course.mean(region.grid_point.id, "power_kw")
        for kind, name in ((Load, "load_kw"), (Generator, "generators_kw")):
            members = [asset.id for asset in region.members if isinstance(asset, kind)]
            total = sum((course.mean(one, "power_kw") for one in members), np.zeros(week.window.periods))
            yield f"{case}.{name}", total
        yield from _of_assets(region, case, course)


def _of_assets(region: Region, case: str, course: Course) -> Iterator[tuple[str, FloatArray]]:
    for asset in region.members:
        if isinstance(asset, Machine | Battery) or course.ends.get(asset.id):
            yield f"{case}.{asset.id}.power_kw", course.mean(asset.id, "power_kw")
        for name in CONTENTS:
            content = course.end(asset.id, name)
            if content is not None:
                yield f"{case}.{asset.id}.{name}", content[1:]
