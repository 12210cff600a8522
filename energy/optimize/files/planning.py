"""One optimisation from files, without devices: series and a state in, the plan as JSON out.

The series file has the column ``utc``, one column ``<asset id>_kw`` an asset that is forecast (magnitudes,
as in a region's history: available power of sources, what loads draw, what arriving vehicles ask for, heat of
heat loads) and ``price_eur_per_mwh``; it may have ``temperature_c``, ``import_co2_kg_per_kwh``,
``nominated_import_kw`` and ``nominated_export_kw``. The state file is JSON:
``{"assets": {id: {"energy_kwh": ...}}, "billed_peak_kw": ...}``.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from energy.domain import FloatArray, Plan
from energy.errors import BadInput, Fault, NoPlan
from energy.optimize.contract import EXPECTED_KINDS
from energy.optimize.coordination.workforce import POOL_DECISIONS_MIN, Workforce
from energy.optimize.cost import BILLED, WISHES
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.files.before_file import PlanFile, read_plan_file
from energy.optimize.files.series_file import (
    CO2_COLUMN,
    PRICE_COLUMN,
    TEMPERATURE_COLUMN,
    SeriesFile,
    read_series,
)
from energy.optimize.files.state_file import read_state
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import Problem, problem_from
from energy.periods import format_utc
from energy.ports import Prices
from energy.region.generator import Generator
from energy.region.model import Region
from energy.units import EUR_PER_KWH_PER_EUR_PER_MWH


def plan_from_files(
    region: Region,
    series: Path,
    state: Path | None,
    at: datetime | None,
    *,
    before: Path | None = None,
    scheduler: str | None = None,
    seconds_max: float | None = None,
) -> dict[str, Any]:
    """Plan from files and give the plan as plain JSON values.

    Args:
        region: the region.
        series: the CSV of series; up to 192 periods of it are planned.
        state: the JSON of measured states, None where nothing is known.
        at: a moment in the first period, None takes the file's first.
        before: the JSON of the plan before, which this one holds on to; None where there is none.
        scheduler: address of a Dask scheduler for the parts of a large region, None for this machine alone.
        seconds_max: the solver's time limit, None takes the region's.

    Raises:
        BadInput: with every fault of the files.
    """
    began = time.perf_counter()
    problem = problem_of_files(region, series, state, at, before=before)
    problem_s = time.perf_counter() - began
    identity: dict[str, Any] = {"plan_id": f"file-{format_utc(problem.start)}", "issued_at": problem.start}
    limits = region.control
    notes = list(problem.notes)
    if limits.uncertainty.counts:
        notes.append(
            f"control.uncertainty: mode {limits.uncertainty.mode} is not followed here: files have no record "
            "of errors and no bands; the plan is that on the expected values (mode point)"
        )
    workforce = Workforce(scheduler=scheduler)
    try:
        proven = Optimizer(region, workforce=workforce).solve_proven(
            problem,
            seconds_max=limits.solver_s_max if seconds_max is None else seconds_max,
            gap=limits.solver_gap,
            problem_s=problem_s,
            **identity,
        )
        plan = proven.plan
        notes.extend([*proven.notes, *_notes_on(workforce, scheduler=scheduler)])
    except NoPlan as error:
        notes.append(f"rules: {error}")
        plan = rules_plan(problem, **identity)
    finally:
        workforce.close()
    return {**plan_as_json(plan), "notes": notes}


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Give a plan as plain JSON values.

    ``objective_eur`` is the sum, ``objective_parts_eur`` its parts; of it ``billed_eur`` is what
    somebody bills, ``wishes_eur`` the region's own weights, and the rest values what no bill shows.
    """
    assets = {
        asset_id: {
            "power_kw": asset.power_kw.tolist(),
            **{name: _numbers(values) for name, values in asset.states.items()},
        }
        for asset_id, asset in plan.assets.items()
    }
    return {
        "plan_id": plan.plan_id,
        "region_id": plan.region_id,
        "issued_at": format_utc(plan.issued_at),
        "start": format_utc(plan.start),
        "periods": plan.periods,
        "status": str(plan.rung),
        "solver_status": plan.status,
        "gap": plan.gap,
        "objective_eur": sum(plan.objective_eur.values()),
        "objective_parts_eur": dict(plan.objective_eur),
        "billed_eur": sum(plan.objective_eur.get(name, 0.0) for name in BILLED),
        "wishes_eur": sum(plan.objective_eur.get(name, 0.0) for name in WISHES),
        "wall_s": dict(plan.wall_s),
        "assets": assets,
        "marginal_price_eur_per_kwh": {
            name: values.tolist() for name, values in plan.marginal_price_eur_per_kwh.items()
        },
        "binding": [
            {
                "name": b.name,
                "asset_id": b.asset_id,
                "periods": list(b.periods),
                "worth_eur": list(b.worth_eur),
            }
            for b in plan.binding
        ],
        "breaches": [
            {"name": b.name, "asset_id": b.asset_id, "size": b.size, "unit": b.unit, "cost_eur": b.cost_eur}
            for b in plan.breaches
        ],
    }


def _numbers(values: FloatArray) -> list[float | None]:
    """Give a series for JSON: null where there is no value."""
    return [None if math.isnan(value) else value for value in values.tolist()]


def problem_of_files(
    region: Region, series: Path, state: Path | None, at: datetime | None, *, before: Path | None = None
) -> Problem:
    """Read all files before giving up, so that their faults come together."""
    faults: list[Fault] = []
    content: Mapping[str, Any] = {}
    try:
        content = read_state(region, state)
    except BadInput as error:
        faults.extend(error.faults)
    read: SeriesFile | None = None
    try:
        read = read_series(region, series, at)
    except BadInput as error:
        faults.extend(error.faults)
    planned: PlanFile | None = None
    try:
        planned = read_plan_file(before, region) if before is not None else None
    except BadInput as error:
        faults.extend(error.faults)
    if faults or read is None:
        raise BadInput(faults)
    start, columns = read.start, read.columns
    price = columns[PRICE_COLUMN] * EUR_PER_KWH_PER_EUR_PER_MWH
    expected = {
        asset.id: columns[asset.id] * (-1.0 if isinstance(asset, Generator) else 1.0)
        for asset in region.members
        if isinstance(asset, EXPECTED_KINDS)
    }
    prices = Prices(start=start, price_eur_per_kwh=price, indicative=[False] * price.size)
    problem = problem_from(
        region,
        start=start,
        prices=prices,
        expected_kw=expected,
        states=content.get("assets", {}),
        billed_peak_kw=content.get("billed_peak_kw", 0.0),
        temperature_c=columns.get(TEMPERATURE_COLUMN),
        nominated_kw=read.nominated_kw,
        import_co2_kg_per_kwh=columns.get(CO2_COLUMN),
        before=None if planned is None else planned.before(region, start=start, periods=price.size),
    )
    return replace(problem, notes=(*read.notes, *problem.notes))


def _notes_on(workforce: Workforce, *, scheduler: str | None) -> Iterator[str]:
    """Say who solved, and where that is not who was asked."""
    if workforce.solved_by:
        yield "solved in pieces: " + ", ".join(f"{count} {who}" for who, count in workforce.solved_by.items())
    if scheduler is not None and not workforce.asked_scheduler:
        yield (
            f"the scheduler at {scheduler} was not asked: the plan needed no pieces, or fewer than "
            f"{POOL_DECISIONS_MIN} yes-or-no decisions, which are quicker here"
        )
