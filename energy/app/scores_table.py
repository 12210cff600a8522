"""A backtest's figures for people: ours beside the rivals, whether the band holds, and where it is worst."""

import math
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

WORST = 3
BAND = 0.9
DAYS_MIN = 20
CHANCE_SIZES = 2.6
"""Standard deviations: of a hundred groups one is outside by chance."""
GOOD_COVERAGE = (0.80, 0.97)
"""What the 90 % band may hold in a month or an hour before it is named."""
UNITS = {
    "_eur_per_mwh": "EUR/MWh",
    "_eur_per_kwh": "EUR/kWh",
    "_gw": "GW",
    "_mw": "MW",
    "_kw": "kW",
    "_mwh": "MWh",
    "_kwh": "kWh",
}
NAMES = {
    "d1": "day before, in hindsight",
    "d1_known": "day before, as known",
    "d2": "two days before",
    "week": "last week",
    "persistence": "last value",
    "operator": "grid operator",
    "seasonal": "seasonal rung",
}
HOW_TO_READ = (
    "Better by: share of the rival's error that is gone; in brackets where 90 % of redrawn weeks put it, and",
    "while 0 lies between them the difference may be chance. EUR: what the errors cost, {basis}.",
    "The 90 % band is honest if about 90 % of the periods lie inside; certain zeros (night) are not counted.",
)


def print_scores(result: Mapping[str, Any]) -> None:
    """Print what a planner needs to see first; everything else is in the JSON."""
    console = Console(soft_wrap=True)
    within = result["intraday"]
    how = (
        f"every {within['every_h']} h for {within['reach_h']} h"
        if within
        else f"day ahead, gate {result['gate']}"
    )
    console.print(
        f"{result['target']}, {result['from']} to {result['to']}, {how}, "
        f"{result['n']:,} periods of {result['step']}"
    )
    console.print(_table(result))
    for line in (_bias(result), _band(result), *_worst(result), _data(result)):
        console.print(line)
    for line in HOW_TO_READ:
        console.print(line.format(basis=result["cost_basis"] or "for columns of power only"), style="dim")


def _table(result: Mapping[str, Any]) -> Table:
    unit = unit_of(result["target"])
    table = Table("forecast", f"MAE {unit}" if unit else "MAE", "MAPE", "ours is better by", "EUR")
    own = (f"ours ({result['model']})", number(result["mae"]), percent(result["mape"]), "")
    table.add_row(*own, _eur(result["cost_eur"]), style="bold")
    for name, scores in result["baselines"].items():
        if not isinstance(scores, Mapping):
            continue
        table.add_row(
            NAMES.get(str(name), str(name)),
            number(scores["mae"]),
            percent(scores["mape"]),
            _skill(scores),
            _eur(scores["cost_eur"]),
        )
    return table


def _skill(scores: Mapping[str, Any]) -> str:
    if scores["skill"] is None:
        return "-"
    ends = scores["skill_p05_p95"]
    sure = "" if ends is None else f" ({100 * ends[0]:.0f} to {100 * ends[1]:.0f})"
    return f"{100 * scores['skill']:.1f} %{sure}"


def _bias(result: Mapping[str, Any]) -> str:
    side = "too high" if result["bias"] > 0.0 else "too low"
    relative = "" if result["nmae"] is None else f" (nMAE {percent(result['nmae'])} of the mean)"
    return f"on average {number(abs(result['bias']))} {side}; RMSE {number(result['rmse'])}{relative}"


def _band(result: Mapping[str, Any]) -> str:
    coverage, width = result["coverage"], result["sharpness"]
    certain = f"; {result['n_certain']:,} periods were certain" if result["n_certain"] else ""
    return (
        f"90 % band covers {percent(coverage['p05_p95'])}, 50 % band {percent(coverage['p25_p75'])}; "
        f"mean width {number(width['p05_p95'])} and {number(width['p25_p75'])}{certain}"
    )


def _worst(result: Mapping[str, Any]) -> list[str]:
    lines = []
    for group, word in (("by_month", "months"), ("by_hour", "hours")):
        by_error = sorted(result[group].items(), key=lambda item: -item[1]["mae"])[:WORST]
        errors = ", ".join(f"{name} {number(score['mae'])}" for name, score in by_error)
        lines.append(f"worst {word} by MAE: {errors}; {_band_off(result, group)}")
    return lines


def _band_off(result: Mapping[str, Any], group: str) -> str:
    """Name where the band is off by more than chance: periods of one day go together, so days are counted."""
    days_per_period = result["days"] * (24 if group == "by_hour" else 1) / max(1, result["n"])
    judged, off = 0, []
    for name, score in result[group].items():
        covered, days = score["coverage"]["p05_p95"], score["n"] * days_per_period
        if covered is None or days < DAYS_MIN:
            continue
        judged += 1
        chance = CHANCE_SIZES * math.sqrt(BAND * (1.0 - BAND) / days)
        if not GOOD_COVERAGE[0] <= covered <= GOOD_COVERAGE[1] and abs(covered - BAND) > chance:
            off.append(f"{name} {percent(covered)} (too {'wide' if covered > BAND else 'narrow'})")
    if not judged:
        return f"fewer than {DAYS_MIN} days in each: too few to tell where the band is off"
    return f"band off in {', '.join(off)}" if off else "band holds in all"


def _data(result: Mapping[str, Any]) -> str:
    found = result.get("data_faults_found") or {}
    kinds = ", ".join(f"{kind} {count}" for kind, count in found.items() if count)
    text = f"data: {result['n_missing']:,} judged periods without a measured value"
    inside = result.get("n_marked_judged", 0)
    if inside:
        text += f"; {inside:,} of those judged lie in findings, so the truth itself may be wrong there"
    return f"{text}; findings in the whole file: {kinds}" if kinds else f"{text}; no findings in the file"


def unit_of(column: str) -> str:
    """Give the unit that ends a column's name, empty where none is known.

    >>> unit_of("load_mw")
    'MW'
    """
    return next((unit for ending, unit in UNITS.items() if column.endswith(ending)), "")


def number(value: object) -> str:
    """Write a number to a few digits, a dash for none."""
    return f"{value:,.3f}" if isinstance(value, float) else "-"


def percent(value: object) -> str:
    """Write a fraction as percent, a dash for none."""
    return f"{100.0 * value:.2f} %" if isinstance(value, float) else "-"


def _eur(value: object) -> str:
    return f"{value:,.0f}" if isinstance(value, float) else "-"
