"""What the region's dial makes of a problem: headroom asked for, or other courses beside the expected one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from energy.domain import FloatArray, Forecast
from energy.forecast.ladder import Request as Asked
from energy.optimize.problem import Problem
from energy.optimize.uncertainty.reserve import with_reserve
from energy.optimize.uncertainty.scenarios import Hedge, Scenario
from energy.planning.expectation import expected_kw
from energy.planning.futures import futures_of
from energy.planning.net_errors import Measured, NetErrors
from energy.planning.net_load import parts_of
from energy.ports import PlanSource
from energy.region.model import Region

MakeProblem = Callable[[Mapping[str, FloatArray]], Problem]
"""From what is expected of each asset to the problem; all else is given."""


class Hedging:
    """Puts a problem together as ``control.uncertainty`` asks."""

    def __init__(self, region: Region, record: PlanSource) -> None:
        self._region = region
        self._errors = NetErrors(region, record)

    def problem(
        self,
        make: MakeProblem,
        forecasts: Sequence[Forecast],
        asked: Sequence[Asked],
        *,
        periods: int,
        known_at: datetime,
    ) -> tuple[Problem, Hedge | None]:
        """Give the problem of the expected course, and what to hedge its first decisions against.

        Raises:
            BadInput: a number that the problem stands on is not usable.
            StoreUnavailable: the record cannot be read.
            RecordBroken: what it holds cannot be understood.
        """
        problem = make(expected_kw(self._region, forecasts, periods=periods))
        dial = self._region.control.uncertainty
        if not dial.counts or not parts_of(self._region, forecasts):
            return problem, None
        if dial.mode == "reserve":
            measured = {one.spec.asset_id: Measured(sign=one.spec.sign, history=one.history) for one in asked}
            reserve = self._errors.reserve(forecasts, measured, known_at=known_at)
            return with_reserve(problem, reserve), None
        futures = futures_of(self._region, forecasts, periods=periods, share=dial.share)
        others = tuple(
            Scenario(probability=future.probability, problem=make(future.expected_kw)) for future in futures
        )
        return problem, Hedge(others=others, risk_weight=dial.risk_weight, risk_level=dial.risk_level)
