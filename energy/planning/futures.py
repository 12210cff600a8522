"""Several courses of the net load, each with its probability: what a plan may have to live with.

Three points stand for the whole distribution: the quantiles 0.05, 0.5 and 0.95 with the probabilities 0.185,
0.63 and 0.185 (the extended Pearson-Tukey approximation: Keefer and Bodily 1983, Three-point approximations
for continuous random variables, doi 10.1287/mnsc.29.5.595). The net load stays at its quantile over the whole
horizon: errors last. Each asset gets its part of the net load's error, see ``net_load.shared_out``; loads
that draw in blocks stay as expected, since their runs are decided once for all courses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from energy.domain import FloatArray, Forecast
from energy.planning.expectation import with_losses
from energy.planning.net_load import parts_of, shared_out
from energy.region.flexible_load import FlexibleLoad
from energy.region.model import Region

EXPECTED_PROBABILITY = 0.63
OUTER_PROBABILITY = 0.185
OUTER_ROWS = (0, 4)
"""p05 and p95."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Future:
    """What is expected of each asset in one course, our sign, and how probable the course is."""

    probability: float
    expected_kw: Mapping[str, FloatArray]


def futures_of(
    region: Region, forecasts: Sequence[Forecast], *, periods: int, share: float
) -> tuple[Future, ...]:
    """Give the courses beside the expected one; ``share`` (0 to 1) of the error counts."""
    waiting = {
        asset.id for asset in region.assets if isinstance(asset, FlexibleLoad) and asset.mode == "block"
    }
    parts = {name: part for name, part in parts_of(region, forecasts).items() if name not in waiting}
    futures = []
    for row in OUTER_ROWS:
        off = shared_out(parts, row)
        expected = {
            item.asset_id: item.expected_kw[:periods] + share * off[item.asset_id][:periods]
            if item.asset_id in off
            else item.expected_kw[:periods]
            for item in forecasts
        }
        futures.append(
            Future(probability=OUTER_PROBABILITY, expected_kw=with_losses(region, expected, periods=periods))
        )
    return tuple(futures)
