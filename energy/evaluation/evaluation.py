"""The evaluation from its question to its verdict: choose weeks, compute what is missing, judge."""

import csv
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from energy.evaluation.course import course_from_json
from energy.evaluation.loop import Pace
from energy.evaluation.series import series_rows
from energy.evaluation.shards import Case, Shard, compute_all, data_digest, load, require_folder
from energy.evaluation.verdict import CASES, Judged, Week, compared, judge, summary
from energy.evaluation.weeks import DAYS_PER_WEEK, weeks_of
from energy.historian.preload import span_of
from energy.market.day_ahead import DayAheadPrices
from energy.region.history import RegionHistory
from energy.region.model import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be evaluated; ``code_digest`` says which code answers."""

    region_name: str
    seed: int
    weeks: int
    code_digest: str
    folder: Path
    first: datetime | None = None
    days: int = DAYS_PER_WEEK
    workers: int | None = None
    pace: Pace = field(default_factory=Pace)
    uncertainty: tuple[str, ...] = ()
    """Settings of the dial to compare, the first is ours; none for the region's own."""


def evaluate(
    region: Region, question: Question, *, progress: Callable[[int, int], None]
) -> tuple[dict[str, Any], list[Judged]]:
    """Compute what is missing, and judge.

    Raises:
        BadInput: the weeks do not fit the history, or the folder cannot be written.
        Retryable: a worker process died; what was finished is kept.
        Permanent: a case cannot be computed.
    """
    began = time.perf_counter()
    history = RegionHistory(region)
    shards = _shards(region, history, question)
    require_folder(question.folder)
    workers = question.workers if question.workers is not None else _cores()
    others = [shard.under(setting) for setting in question.uncertainty[1:] for shard in shards]
    compute_all(shards, question.folder, workers=workers, progress=progress, more=others)
    prices = DayAheadPrices(region, history)
    judged = [judge(region, _week(shard, question.folder, prices)) for shard in shards]
    result = {"region": region.id, "seed": question.seed} | summary(region, judged)
    result["uncertainty"] = {
        setting: compared(
            [judge(region, _week(shard.under(setting), question.folder, prices)) for shard in shards]
        )
        for setting in question.uncertainty
    }
    result["wall_s"] = round(time.perf_counter() - began, 3)
    result["computed_s"] = round(_computed_s(shards, question.folder), 3)
    result["code_digest"] = question.code_digest
    return result, judged


def write_series(folder: Path, region: Region, weeks: Sequence[Judged]) -> list[Path]:
    """Write one CSV a week: exchanges, stores, machines and the price of all cases."""
    require_folder(folder)
    paths: list[Path] = []
    for week in weeks:
        path = folder / f"week_{week.week.window.start.astimezone(region.zone):%Y%m%d}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(series_rows(region, week.week))
        paths.append(path)
    return paths


def _shards(region: Region, history: RegionHistory, question: Question) -> list[Shard]:
    windows = weeks_of(
        span_of(region, history),
        zone=region.zone,
        weeks=question.weeks,
        seed=question.seed,
        first=question.first,
        days=question.days,
    )
    digest = data_digest(region)
    return [
        Shard(
            region_name=question.region_name,
            region_digest=digest,
            code_digest=question.code_digest,
            seed=question.seed,
            window=window,
            case=Case.OURS,
            pace=question.pace,
            uncertainty=question.uncertainty[0] if question.uncertainty else "",
        )
        for window in windows
    ]


def _week(shard: Shard, folder: Path, prices: DayAheadPrices) -> Week:
    window = shard.window
    results = {case: load(shard.of(Case(case)), folder)["result"] for case in CASES}
    courses = {case: course_from_json(result["course"]) for case, result in results.items()}
    courses["replayed"] = course_from_json(results["perfect_foresight"]["replayed"])
    ours = results["ours"]
    more = ours["broken_total"] - len(ours["broken"])
    known = prices.prices(start=window.start, periods=window.periods, known_at=window.end)
    return Week(
        window=window,
        price_eur_per_kwh=np.asarray(known.price_eur_per_kwh, dtype=np.float64),
        courses=courses,
        gap_eur=results["perfect_foresight"]["gap_eur"],
        broken=(*ours["broken"], *([f"and {more} more"] if more else [])),
        plan_s=tuple(ours["plan_s"]),
    )


def _computed_s(shards: Sequence[Shard], folder: Path) -> float:
    """Give the seconds that all shards took, in whichever run."""
    return sum(float(load(shard.of(case), folder)["wall_s"]) for shard in shards for case in Case)


def _cores() -> int:
    return len(os.sched_getaffinity(0))
