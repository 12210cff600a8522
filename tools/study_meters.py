"""Measures how surely the balance of meters finds one that drifts: ``python -m tools.study_meters``.

Takes a region with feeders and its history, gives every meter an error within its class and every reading
noise, lets meters drift, and asks ``energy.metering`` as the controller would. One line of JSON a figure.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from energy.domain import FloatArray
from energy.metering.nodes import LIMIT_FRACTION, Finding, MeterDrift, MeterRecord, Node
from energy.metering.search import findings
from energy.periods import periods_between
from energy.planning.metering import WINDOW_PERIODS, nodes_of
from energy.region.grid_loss import GridLoss
from energy.region.history import RegionHistory
from energy.region.load import Load
from energy.region.loader import load_region
from energy.region.model import Asset, Region

DAY_PERIODS = 96
CONSTANT_SHARE = 0.5
"""Constant errors are uniform within this share of the class limit, either way."""
NOISE_SHARE = 1.0 / 6.0
"""Noise of one reading, standard deviation: three of them fill the other half of the limit."""
READINGS = 15
"""In a quarter hour, one a minute."""
TRIALS_A_SET = 20
"""Trials with one set of constant errors and noise."""
WANDER_CORRELATION = 0.99
"""From one quarter hour to the next: errors that wander with the weather, over about a day."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """What flows: nodes, class limits, true mean powers of shape (meters, periods)."""

    nodes: tuple[Node, ...]
    limit_fraction: dict[str, float]
    power_kw: FloatArray
    metered: frozenset[str]
    """Those with a meter of their own; losses are computed and exact here."""


def truth_of(region: Region) -> Truth:
    """Add up the region's history at every node; what has no history switches at random, seeded."""
    history = RegionHistory(region)
    chance = np.random.default_rng(2020)
    series = [history.power_kw(asset.id) for asset in region.members if history.has(asset.id)]
    start, end = max(one.start for one in series), min(one.end for one in series)
    periods = periods_between(start, end)
    nodes = nodes_of(region)
    meter_ids = list(dict.fromkeys(i for node in nodes for i in (*node.member_ids, node.meter_id)))
    power_kw: dict[str, FloatArray] = {}
    for asset in region.members:
        if asset.id in meter_ids:
            has = history.has(asset.id) and not isinstance(asset, GridLoss)
            known = history.power_kw(asset.id).window(start, periods) if has else None
            power_kw[asset.id] = _switched(asset, periods, chance) if known is None else np.nan_to_num(known)
    for asset in region.members:
        if isinstance(asset, GridLoss):
            loads = [power_kw[load.id] for load in region.loads_of(asset)]
            power_kw[asset.id] = asset.fraction_of_load * np.sum(loads, axis=0)
    for node in reversed(nodes):
        power_kw[node.meter_id] = np.sum([power_kw[i] for i in node.member_ids], axis=0)
    return Truth(
        nodes=nodes,
        limit_fraction={
            meter_id: LIMIT_FRACTION[region.asset(meter_id).meter_class] for meter_id in meter_ids
        },
        power_kw=np.stack([power_kw[meter_id] for meter_id in meter_ids]),
        metered=frozenset(a.id for a in region.assets if not isinstance(a, GridLoss)),
    )


def _switched(asset: Asset, periods: int, chance: np.random.Generator) -> FloatArray:
    """Hold for two hours each one of five levels between the nameplate's ends."""
    least, most = asset.power_kw_nameplate
    levels = chance.integers(0, 5, size=-(-periods // 8)) / 4.0
    held: FloatArray = np.repeat(least + (most - least) * levels, 8)[:periods]
    if isinstance(asset, Load):
        held = np.full(periods, most / 2.0)
    return held


def read_by(truth: Truth, chance: np.random.Generator, *, wander_std: float = 0.0) -> MeterRecord:
    """Read the truth with one set of meters: constant errors, noise, and errors that wander."""
    limits = np.array(list(truth.limit_fraction.values()))
    metered = np.array([meter_id in truth.metered for meter_id in truth.limit_fraction])
    limits = np.where(metered, limits, 0.0)
    constant = CONSTANT_SHARE * limits * chance.uniform(-1.0, 1.0, limits.size)
    noise_std = NOISE_SHARE * limits / np.sqrt(READINGS)
    errors = constant[:, None] + noise_std[:, None] * chance.standard_normal(truth.power_kw.shape)
    if wander_std > 0.0:
        errors += metered[:, None] * wander_std * _wander(truth.power_kw.shape, chance)
    return MeterRecord(
        nodes=truth.nodes, limit_fraction=truth.limit_fraction, power_kw=truth.power_kw * (1.0 + errors)
    )


def _wander(shape: tuple[int, ...], chance: np.random.Generator) -> FloatArray:
    from scipy.signal import lfilter  # noqa: PLC0415 (slow to load, and only this study wants it)

    fresh = chance.standard_normal(shape) * np.sqrt(1.0 - WANDER_CORRELATION**2)
    wander: FloatArray = lfilter([1.0], [1.0, -WANDER_CORRELATION], fresh, axis=1)
    return wander


def window(record: MeterRecord, end: int) -> MeterRecord:
    """What the controller sees at the end of a quarter hour."""
    return replace(record, power_kw=record.power_kw[:, max(0, end - WINDOW_PERIODS) : end])


def drifted(record: MeterRecord, meter_id: str, *, onset: int, drift_fraction: float) -> MeterRecord:
    """Let one meter read more by a fraction from a quarter hour on."""
    power_kw = record.power_kw.copy()
    power_kw[list(record.limit_fraction).index(meter_id), onset:] *= 1.0 + drift_fraction
    return replace(record, power_kw=power_kw)


def quiet_year(record: MeterRecord, *, every: int) -> Iterator[tuple[int, tuple[Finding, ...]]]:
    """Ask through the whole record in which no meter drifts."""
    for end in range(DAY_PERIODS, record.power_kw.shape[1] + 1, every):
        yield end, findings(window(record, end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One drift: when the right meter was first named, and which others were named, within the limit."""

    meter_id: str
    share: float
    found_h: float | None
    wrong: bool
    unbalanced: bool
    error_fraction: float | None


def trial(truth: Truth, record: MeterRecord, meter_id: str, *, onset: int, drift_fraction: float) -> Trial:
    """Ask every six hours for three days after the onset."""
    local = drifted(record, meter_id, onset=onset, drift_fraction=drift_fraction)
    wrong = unbalanced = False
    for hours in range(6, 73, 6):
        told = findings(window(local, onset + 4 * hours))
        drifts = [one for one in told if isinstance(one, MeterDrift)]
        wrong |= any(one.meter_id != meter_id for one in drifts)
        unbalanced |= len(drifts) < len(told)
        right = [one for one in drifts if one.meter_id == meter_id]
        if right:
            break
    return Trial(
        meter_id=meter_id,
        share=share_of(truth, meter_id, onset=onset),
        found_h=float(hours) if right else None,
        wrong=wrong,
        unbalanced=unbalanced,
        error_fraction=right[0].error_fraction if right else None,
    )


def share_of(truth: Truth, meter_id: str, *, onset: int) -> float:
    """Root mean square of a meter's power over the three days, by the throughput of its node."""
    place = list(truth.limit_fraction)
    now = slice(onset, onset + 3 * DAY_PERIODS)
    node = next(n for n in truth.nodes if meter_id == n.meter_id or meter_id in n.member_ids)
    rows = [place.index(i) for i in node.member_ids]
    through_kw = np.abs(truth.power_kw[rows, now]).sum(axis=0)
    own_kw = truth.power_kw[place.index(meter_id), now]
    return float(np.sqrt((own_kw**2).mean() / (through_kw**2).mean()))


def _trials(truth: Truth, *, count: int, seed: int, size: float, wander_std: float) -> list[Trial]:
    chance = np.random.default_rng(seed)
    meters = [meter_id for meter_id in truth.limit_fraction if meter_id in truth.metered]
    found = []
    record = read_by(truth, chance, wander_std=wander_std)
    for number in range(count):
        if number % TRIALS_A_SET == TRIALS_A_SET - 1:
            record = read_by(truth, chance, wander_std=wander_std)
        onset = int(chance.integers(WINDOW_PERIODS, truth.power_kw.shape[1] - 4 * DAY_PERIODS))
        sign = 1.0 if chance.random() < 0.5 else -1.0
        meter_id = meters[int(chance.integers(len(meters)))]
        found.append(trial(truth, record, meter_id, onset=onset, drift_fraction=sign * size))
        print(f"\r{number + 1}/{count}", end="", file=sys.stderr)
    return found


def _summary(trials: list[Trial]) -> dict[str, object]:
    hours = [one.found_h for one in trials if one.found_h is not None]
    return {
        "n": len(trials),
        "found_share": round(len(hours) / len(trials), 3) if trials else None,
        "found_h_median": float(np.median(hours)) if hours else None,
        "found_h_p90": float(np.quantile(hours, 0.9)) if hours else None,
        "wrong_share": round(sum(one.wrong for one in trials) / len(trials), 3) if trials else None,
        "unbalanced_share": round(sum(one.unbalanced for one in trials) / len(trials), 3) if trials else None,
    }


SHARES = (0.0, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 1.1)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--region", default="fichtelgebirge")
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--years", type=int, default=1)
    parser.add_argument("--every", type=int, default=24, help="quarter hours between two questions of a year")
    parser.add_argument("--drift", type=float, default=0.02)
    parser.add_argument("--wander", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    truth = truth_of(load_region(asked.region))
    given = {"drift": asked.drift, "wander": asked.wander, "seed": asked.seed}
    trials = _trials(truth, count=asked.trials, seed=asked.seed, size=asked.drift, wander_std=asked.wander)
    for low, high in pairwise(SHARES):
        part = [one for one in trials if low <= one.share < high]
        print(json.dumps({"figure": "drift", **given, "share": [low, high], **_summary(part)}))
    if trials:
        print(json.dumps({"figure": "drift", **given, "share": "all", **_summary(trials)}))
    for year in range(asked.years):
        record = read_by(truth, np.random.default_rng([asked.seed, year]), wander_std=asked.wander)
        alarms: set[str] = set()
        began = 0
        for _, told in quiet_year(record, every=asked.every):
            now = {f"{type(one).__name__} {one.node_id}" for one in told}
            began += len(now - alarms)
            alarms = now
        months = record.power_kw.shape[1] / DAY_PERIODS / 30.0
        rate = round(began / months, 2)
        print(json.dumps({"figure": "false_alarms_a_month", **given, "year": year, "value": rate}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
