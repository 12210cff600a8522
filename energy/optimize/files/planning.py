"""One optimisation from files, without devices: series and a state in, the plan as JSON out.

The series file has the column ``utc``, one column ``<asset id>_kw`` an asset that is forecast (magnitudes,
as in a region's history: available power of sources, what loads draw, what arriving vehicles ask for, heat of
heat loads) and ``price_eur_per_mwh``; it may have ``temperature_c``, ``import_co2_kg_per_kwh``,
``nominated_import_kw`` and ``nominated_export_kw``. The state file is JSON:
``{"assets": {id: {"energy_kwh": ...}}, "billed_peak_kw": ...}``.
"""

import gzip
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from energy.domain import FloatArray, Plan
from energy.errors import BadInput, Fault, NoPlan
from energy.optimize.contract import EXPECTED_KINDS
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.cost import WISHES
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.files.before_file import PlanFile, read_plan_file
from energy.optimize.files.state_file import read_state
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import Problem, problem_from
from energy.periods import HORIZON_PERIODS, PERIOD, format_utc, period_start, periods_between
from energy.ports import Prices
from energy.region.generator import Generator
from energy.region.history import read_history
from energy.region.model import Region
from energy.units import EUR_PER_KWH_PER_EUR_PER_MWH

PRICE_COLUMN = "price_eur_per_mwh"
TEMPERATURE_COLUMN = "temperature_c"
NOMINATED_COLUMNS = ("nominated_import_kw", "nominated_export_kw")
CO2_COLUMN = "import_co2_kg_per_kwh"
OPTIONAL_COLUMNS = (TEMPERATURE_COLUMN, CO2_COLUMN, *NOMINATED_COLUMNS)
POWER_SUFFIX = "_kw"
LINE_CHARACTERS_MAX = 1_000_000
"""A header of 20,000 columns of 50 characters."""


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
        notes.extend(proven.notes)
    except NoPlan as error:
        notes.append(f"rules: {error}")
        plan = rules_plan(problem, **identity)
    finally:
        workforce.close()
    return {**plan_as_json(plan), "notes": notes}


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Give a plan as plain JSON values.

    ``objective_eur`` is the sum, ``objective_parts_eur`` its parts, ``wishes_eur`` what nobody bills of it.
    """
    assets = {
        asset_id: {
            "power_kw": asset.power_kw.tolist(),
            **{name: values.tolist() for name, values in asset.states.items()},
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
    start, columns = at, dict[str, FloatArray]()
    try:
        start, columns = _series(region, series, at)
    except BadInput as error:
        faults.extend(error.faults)
    planned: PlanFile | None = None
    try:
        planned = read_plan_file(before, region) if before is not None else None
    except BadInput as error:
        faults.extend(error.faults)
    if faults or start is None:
        raise BadInput(faults)
    price = columns[PRICE_COLUMN] * EUR_PER_KWH_PER_EUR_PER_MWH
    expected = {
        asset.id: columns[asset.id] * (-1.0 if isinstance(asset, Generator) else 1.0)
        for asset in region.members
        if isinstance(asset, EXPECTED_KINDS)
    }
    prices = Prices(start=start, price_eur_per_kwh=price, indicative=[False] * price.size)
    return problem_from(
        region,
        start=start,
        prices=prices,
        expected_kw=expected,
        states=content.get("assets", {}),
        billed_peak_kw=content.get("billed_peak_kw", 0.0),
        temperature_c=columns.get(TEMPERATURE_COLUMN),
        nominated_kw=_nominated_kw(columns),
        import_co2_kg_per_kwh=columns.get(CO2_COLUMN),
        before=None if planned is None else planned.before(region, start=start, periods=price.size),
    )


def _nominated_kw(columns: Mapping[str, FloatArray]) -> FloatArray | None:
    """Give import less export, NaN where neither is nominated; None where the file has no such column."""
    given = [columns[name] for name in NOMINATED_COLUMNS if name in columns]
    if not given:
        return None
    imported, exported = (columns.get(name, np.full(given[0].size, np.nan)) for name in NOMINATED_COLUMNS)
    net_kw = np.nan_to_num(imported) - np.nan_to_num(exported)
    nominated: FloatArray = np.where(np.isnan(imported) & np.isnan(exported), np.nan, net_kw)
    return nominated


def _header(path: Path) -> list[str]:
    """Name the columns of a CSV; what is wrong with the file is found when it is read."""
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8-sig") as stream:
            return [name.strip() for name in stream.readline(LINE_CHARACTERS_MAX).split(",")]
    except (OSError, UnicodeDecodeError):
        return []


def _series(region: Region, path: Path, at: datetime | None) -> tuple[datetime, dict[str, FloatArray]]:
    names = {
        asset.id: asset.id + POWER_SUFFIX for asset in region.members if isinstance(asset, EXPECTED_KINDS)
    }
    names[PRICE_COLUMN] = PRICE_COLUMN
    names |= {name: name for name in OPTIONAL_COLUMNS if name in _header(path)}
    history = read_history(path, list(names.values()))
    periods = len(history.columns[PRICE_COLUMN])
    first = 0 if at is None else periods_between(history.start, period_start(at))
    if not 0 <= first < periods:
        until = format_utc(history.start + periods * PERIOD)
        covered = f"the file covers {format_utc(history.start)} to {until}"
        mend = "choose a moment inside it"
        value = None if at is None else format_utc(at)
        raise BadInput([Fault(file=str(path), line=None, place="at", value=value, limit=covered, mend=mend)])
    chosen = slice(first, min(periods, first + HORIZON_PERIODS))
    columns = {key: np.array(history.columns[name][chosen], dtype=np.float64) for key, name in names.items()}
    faults = [
        Fault(
            file=str(path),
            line=first + int(gap) + 2,
            place=names[key],
            value=None,
            limit="a plan needs every value",
            mend="fill the gap",
        )
        for key, values in columns.items()
        for gap in np.flatnonzero(np.isnan(values))
        if key not in NOMINATED_COLUMNS
    ]
    if faults:
        raise BadInput(faults)
    return history.start + first * PERIOD, columns
