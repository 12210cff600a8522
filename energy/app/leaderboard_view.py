"""The leaderboard of live forecasts as a table for people, and as plain rows."""

import dataclasses
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from energy.live_score import Standing

COLUMNS = (
    *("asset", "lead", "rank", "model", "n", "MAE kW", "nMAE", "bias kW", "RMSE kW", "pinball kW", "in band"),
    *("skill D-1", "skill D-7", "vs uncorrected", "EUR a day"),
)


def rows_of(lines: Sequence[Standing]) -> list[dict[str, object]]:
    """Give plain rows, keys with their units."""
    return [dataclasses.asdict(line) | {"lead": str(line.lead)} for line in lines]


def print_leaderboard(lines: Sequence[Standing], *, days: int) -> None:
    """Print a table, the best of each asset and lead class first."""
    table = Table(*COLUMNS, title=f"live forecasts of the last {days} days, by mean absolute error")
    for line in lines:
        table.add_row(
            *(line.asset_id, str(line.lead), "" if line.rank is None else f"{line.rank}", line.model),
            *(f"{line.n}", f"{line.mae_kw:,.1f}"),
            *(
                _percent(line.nmae),
                f"{line.bias_kw:+,.1f}",
                f"{line.rmse_kw:,.1f}",
                f"{line.pinball_kw:,.1f}",
            ),
            *(_percent(line.coverage), _percent(line.skill_day_before), _percent(line.skill_week_before)),
            *(
                _percent(line.skill_uncorrected),
                "" if line.cost_eur_per_day is None else f"{line.cost_eur_per_day:,.2f}",
            ),
        )
    console = Console(width=None if Console().is_terminal else 190)
    console.print(table if lines else "no day has been scored yet: a day is, three hours after it ended")


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100.0 * fraction:.1f} %"
