"""A report of the region's energy as tables for people; ``--json`` gives all of it."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

MISSING = "-"
"""Nothing was measured; it is not nought."""


def print_report(result: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the sums by kind and municipality, what crossed the grid point, and the peaks."""
    console = console if console is not None else Console()
    console.print(f"{result['from']} to {result['to']}", markup=False)
    table = Table("", "drawn kWh", "fed in kWh", "coverage")
    for column in table.columns[1:]:
        column.justify = "right"
    for group in ("by_kind", "by_municipality"):
        for name, sums in result[group].items():
            table.add_row(name, *_cells(sums))
        table.add_section()
    region, peaks = result["region"], result["peaks"]
    table.add_row("region", *_cells(region))
    crossed = _number(region["import_kwh"]), _number(region["export_kwh"])
    table.add_row("import, export", *crossed, _percent(region["exchange_coverage"]))
    console.print(table)
    for way in ("import", "export"):
        at = peaks[f"{way}_at"] or "no quarter hour"
        console.print(f"highest {way}: {_number(peaks[f'{way}_kw_max'])} kW ({at})", markup=False)
    console.print(
        f"left out of the peaks: {peaks['quarter_hours_left_out']} quarter hours covered by less than "
        f"{peaks['coverage_min']:.0%}"
    )
    console.print(f"autarky: {_percent(region['autarky'])}; energies are over {result['energies_over']}")


def _cells(sums: Mapping[str, Any]) -> tuple[str, str, str]:
    return _number(sums["drawn_kwh"]), _number(sums["fed_in_kwh"]), _percent(sums["coverage"])


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.0f}"


def _percent(fraction: float | None) -> str:
    return MISSING if fraction is None else f"{fraction:.1%}"
