"""The verdict of an evaluation as tables: figures first, then weeks, parts, and where the worst week lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

CASES = ("uncontrolled", "rules", "ours", "perfect_foresight", "replayed")
SHORT = ("alone", "rules", "ours", "foresight", "replayed")
"""Headings for the cases: uncontrolled is the plant alone."""
SHOWN_MAX = 20


def print_verdict(result: Mapping[str, Any]) -> None:
    """Print it all."""
    console = Console()
    for name in ("captured", "captured_over_rules"):
        share = result[name]
        console.print(f"{name}: median {_percent(share['median'])}, worst {_percent(share['worst'])}")
    broken: Sequence[str] = result["broken_invariants"]
    console.print(f"broken invariants: {len(broken)}")
    weeks: Sequence[Mapping[str, Any]] = result["weeks"]
    console.print(_weeks(weeks))
    if len(result["uncertainty"]) > 1:
        console.print(_settings(weeks, result["uncertainty"]))
    console.print(_parts(weeks))
    console.print(_figures(weeks))
    worst = min(weeks, key=_rank)
    console.print(_lost(worst))
    for title, lines in (("broken", broken), ("remark", result["remarks"])):
        for line in lines[:SHOWN_MAX]:
            console.print(f"{title}: {line}", markup=False)
        if len(lines) > SHOWN_MAX:
            console.print(f"... and {len(lines) - SHOWN_MAX} more")
    plan_s = result["plan_s"]
    console.print(
        f"seed {result['seed']}; {result['wall_s']:.0f} s now, {result['computed_s']:.0f} s of computing; "
        f"plans p50 {plan_s['p50']} s, p95 {plan_s['p95']} s, max {plan_s['max']} s"
    )


def _weeks(weeks: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("week", *SHORT, "saved", "captured", "~ rules", title="cost in EUR", box=SIMPLE, padding=0)
    for week in weeks:
        table.add_row(
            week["first_day"],
            *(f"{week['cost_eur'][case]:.0f}" for case in CASES),
            f"{week['saved_eur']:.0f}",
            _percent(week["captured"]),
            _percent(week["captured_over_rules"]),
        )
    return table


def _settings(weeks: Sequence[Mapping[str, Any]], settings: Mapping[str, Mapping[str, Any]]) -> Table:
    """What each setting of the dial saved against nobody in control."""
    table = Table("saved in EUR", *(week["first_day"] for week in weeks), "sum", "captured", box=SIMPLE)
    for setting, verdict in settings.items():
        table.add_row(
            setting,
            *(_eur(week["saved_eur"]) for week in verdict["weeks"]),
            _eur(verdict["saved_eur"]),
            _percent(verdict["captured"]["median"]),
        )
    return table


def _parts(weeks: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("part", *SHORT, title="parts in EUR, all weeks; perfect foresight as planned")
    for part in weeks[0]["parts_eur"]["ours"]:
        sums = [sum(week["parts_eur"][case][part] for week in weeks) for case in CASES]
        if any(abs(value) >= 0.5 for value in sums):
            table.add_row(part, *(_eur(value) for value in sums))
    return table


def _figures(weeks: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("figure", *SHORT, title="all weeks")
    for name, unit in (
        *(("import_kwh", "kWh"), ("export_kwh", "kWh"), ("curtailed_kwh", "kWh"), ("imbalance_kwh", "kWh")),
        ("co2_t", "t"),
    ):
        table.add_row(f"{name.rsplit('_', 1)[0]} ({unit})", *(_sum(weeks, case, name) for case in CASES))
    peaks = [max(week["figures"][case]["import_kw_max"] for week in weeks) for case in CASES]
    table.add_row("peak import (kW)", *(_eur(value) for value in peaks))
    for name in ("starts", "full_cycles"):
        sums = [sum(sum(week["figures"][case][name].values()) for week in weeks) for case in CASES]
        table.add_row(name.replace("_", " "), *(f"{value:,.0f}" for value in sums))
    for kind in weeks[0]["figures"]["ours"]["served"]:
        least = [min(week["figures"][case]["served"][kind] for week in weeks) for case in CASES]
        table.add_row(f"served, worst week: {kind}", *(_percent(value) for value in least))
    return table


def _sum(weeks: Sequence[Mapping[str, Any]], case: str, name: str) -> str:
    """Give a figure of all weeks, - where it is not known: a region may not say what its energy emits."""
    values = [week["figures"][case][name] for week in weeks]
    return "-" if any(value is None for value in values) else f"{sum(values):,.0f}"


def _lost(week: Mapping[str, Any]) -> Table:
    lost = week["lost_eur"]
    days = lost["by_day"]
    title = f"week of {week['first_day']}: what we pay more than the plan of perfect foresight, EUR"
    table = Table("part", *(day["day"][5:] for day in days), "week", title=title)
    for part, total in lost["by_part"].items():
        if any(abs(day[part]) >= 0.5 for day in days):
            table.add_row(part, *(_eur(day[part]) for day in days), _eur(total))
    return table


def _rank(week: Mapping[str, Any]) -> float:
    captured = week["captured"]
    return float("inf") if captured is None else float(captured)


def _eur(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100.0 * value:.1f} %"
