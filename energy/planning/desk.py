"""The planner's desk: from a request to a plan and its forecasts, down the ladder where it must."""

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from energy.domain import FloatArray, Forecast
from energy.errors import BadInput, NoPlan, RecordBroken, StoreUnavailable
from energy.forecast.ladder import Request as Asked
from energy.forecast.ladder import forecast, forecast_many
from energy.historian.sqlite_reader import open_reader
from energy.live_score import DayScores
from energy.market.day_ahead import DayAheadPrices
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import problem_from
from energy.optimize.steady.before import Before, before_of
from energy.periods import HORIZON_PERIODS, period_start
from energy.planning.corrections import with_corrections
from energy.planning.expectation import persisting_kw, states_at
from energy.planning.hedging import Hedging
from energy.planning.in_force import PlansInForce
from energy.planning.inputs import Inputs
from energy.planning.leaderboard import Archive, Leaderboard
from energy.planning.marked import data_notes
from energy.planning.messages import decode_request, encode_answer, encode_refusal
from energy.planning.metering import MeterWatch
from energy.planning.model_store import ModelStore
from energy.planning.models_at_hand import Models, StoredModels, with_model
from energy.planning.nomination import Nominations
from energy.planning.past import Expected, expected_assets, series_spec, temperature_spec
from energy.planning.shadows import is_noon, shadows_of
from energy.ports import MeansSource, PlanAnswer, PlanRequest, PlanSource, PriceSource, WeatherSource
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from energy.region.model import Region

NOTE_CHARS_MAX = 300


class Record(MeansSource, WeatherSource, PlanSource, Protocol):
    """The record as the planner sees it: what was measured and planned, and the weather ahead."""


class Desk:
    """Forecasts and optimises for one region with the models at hand; with an archive it judges, too."""

    def __init__(
        self,
        region: Region,
        *,
        record: Record,
        prices: PriceSource,
        models: Models,
        archive: Archive | None = None,
        scheduler: str | None = None,
    ) -> None:
        self._region = region
        self._models = models
        self._prices = prices
        self._nominations = Nominations(region, record)
        self._plans = PlansInForce(region, record)
        self._inputs = Inputs(region, record)
        self._hedging = Hedging(region, record)
        self._leaderboard = None if archive is None else Leaderboard(region, archive, self._inputs)
        self._scores: tuple[DayScores, ...] = ()
        self._shadows: tuple[Forecast, ...] = ()
        self._shadows_on: date | None = None
        self._noon: tuple[list[Asked], tuple[Forecast, ...]] | None = None
        self._meters = MeterWatch(region, record)
        self._meter_notes: tuple[str, ...] = ()
        self._judging_notes: tuple[str, ...] = ()
        self._schooling_notes: tuple[str, ...] = ()
        self._optimizer = Optimizer(region, workforce=Workforce(scheduler=scheduler))
        self._request: PlanRequest | None = None

    def answer(self, line: bytes) -> bytes:
        """Answer one request; what cannot be planned is answered as such, never raised."""
        request = decode_request(line)
        try:
            return encode_answer(self.plan(request))
        except (BadInput, NoPlan, StoreUnavailable, RecordBroken) as error:
            return encode_refusal(str(error))

    def plan(self, request: PlanRequest) -> PlanAnswer:
        """Forecast every asset and optimise.

        Raises:
            NoPlan: the solver ended without a plan; the controller goes on with the last one, then with
            rules. BadInput: a number that the problem stands on is not usable.
        """
        self._request = request
        begun_s = time.perf_counter()
        asked = [self._asked(request, asset) for asset in expected_assets(self._region)]
        uncorrected = forecast_many(asked)
        forecasts, before = with_corrections(uncorrected, request.corrections, [one.spec for one in asked])
        self._note_noon(request, asked, uncorrected)
        forecast_s = time.perf_counter() - begun_s
        prices = self._prices.prices(start=request.start, periods=HORIZON_PERIODS, known_at=request.issued_at)
        plan_before, anew = self._before(request)
        begun_s = time.perf_counter()
        make = partial(
            problem_from,
            self._region,
            start=request.start,
            prices=prices,
            states=states_at(
                self._region,
                request.image,
                start=request.start,
                age_s_max=self._region.control.reading_age_s_max,
            ),
            limits=request.limits,
            billed_peak_kw=request.billed_peak_kw,
            temperature_c=self._temperature_c(request),
            nominated_kw=self._nominated_kw(request),
            before=plan_before,
        )
        problem, hedge = self._hedging.problem(
            lambda expected_kw: make(expected_kw=expected_kw),
            forecasts,
            asked,
            periods=HORIZON_PERIODS,
            known_at=request.issued_at,
        )
        control = self._region.control
        notes = [f"planned_without_data: {note}" for note in problem.notes]
        notes.extend((*anew, *self._meter_notes, *self._judging_notes, *self._schooling_notes))
        weather = self._inputs.weather.notes(request.issued_at)
        notes.extend(f"planned_without_weather: {note}" for note in weather)
        notes.extend(data_notes(self._inputs.marks, end=period_start(request.issued_at)))
        notes.extend(self._models.notes())
        proven = self._optimizer.solve_proven(
            problem,
            plan_id=request.plan_id,
            issued_at=request.issued_at,
            seconds_max=control.solver_s_max,
            gap=control.solver_gap,
            problem_s=time.perf_counter() - begun_s,
            hedge=hedge,
        )
        notes.extend(proven.notes)
        plan = replace(proven.plan, wall_s={"forecast_s": forecast_s, **proven.plan.wall_s})
        shadows, self._shadows = (*before, *self._shadows), ()
        scores, self._scores = self._scores, ()
        return PlanAnswer(plan=plan, forecasts=forecasts, notes=tuple(notes), shadows=shadows, scores=scores)

    def judge(self) -> None:
        """Forecast by the other rungs at noon, and score a day that is over: the next plan tells."""
        if self._request is None or self._leaderboard is None:
            return
        try:
            noon, self._noon = self._noon, None
            if noon is not None:
                self._shadows = shadows_of(*noon)
            self._scores = (*self._scores, *self._leaderboard.due(self._request.issued_at))
            self._judging_notes = ()
        except (StoreUnavailable, RecordBroken):
            return  # it is tried again: what is not written counts as not scored
        except Exception as error:  # noqa: BLE001 - judging must end neither plans nor the night's training
            self._judging_notes = (f"judging_failed: {type(error).__name__}: {error}"[:NOTE_CHARS_MAX],)

    def tell(self, notes: tuple[str, ...]) -> None:
        """Take what people must know of the night's training: the next plan tells it."""
        self._schooling_notes = notes

    def _note_noon(self, request: PlanRequest, asked: list[Asked], own: tuple[Forecast, ...]) -> None:
        if is_noon(request.start, self._region.zone, done_on=self._shadows_on):
            self._shadows_on = request.start.astimezone(self._region.zone).date()
            self._noon = asked, own

    def watch_meters(self) -> None:
        """Look at the meters at most once an hour, once a plan was given: the next one tells the result."""
        if self._request is None:
            return
        try:
            self._meter_notes = self._meters.notes(self._request.issued_at)
        except (StoreUnavailable, RecordBroken, ArithmeticError, np.linalg.LinAlgError) as error:
            self._meter_notes = (f"meter_watch_failed: {error}",)

    @property
    def asked_at(self) -> datetime | None:
        """When the last plan was asked for, None before the first."""
        return self._request.issued_at if self._request is not None else None

    def _temperature_c(self, request: PlanRequest) -> FloatArray | None:
        spec = temperature_spec(self._region)
        history = self._inputs.temperature(known_at=request.issued_at)
        if spec is None or history is None:
            return None
        expected = forecast(
            spec,
            None,
            history,
            issued_at=request.issued_at,
            start=request.start,
            periods=HORIZON_PERIODS,
        )
        return expected.expected_kw

    def _nominated_kw(self, request: PlanRequest) -> FloatArray | None:
        """What deviations are measured against; None where they cost nothing and nobody minds."""
        weight = self._region.objective.nomination_weight_eur_per_kwh
        if self._region.market.imbalance_eur_per_kwh + weight == 0.0:
            return None
        return self._nominations.nominated_kw(
            start=request.start, periods=HORIZON_PERIODS, known_at=request.issued_at
        )

    def _before(self, request: PlanRequest) -> tuple[Before | None, tuple[str, ...]]:
        """What the plan in force says of the same periods; None where each plan stands for itself, and why.

        Holding on is a preference: where the record gives no plan, a new one is made all the same.
        """
        if self._region.control.steady_h == 0.0:
            return None, ()
        try:
            plan = self._plans.plan_in_force(request.issued_at - timedelta(microseconds=1))
        except (StoreUnavailable, RecordBroken) as error:
            return None, (f"planned_anew: the plan before cannot be read: {error}"[:NOTE_CHARS_MAX],)
        return before_of(plan, self._region, start=request.start, periods=HORIZON_PERIODS), ()

    def _asked(self, request: PlanRequest, asset: Expected) -> Asked:
        spec = series_spec(self._region, asset)
        history = self._inputs.history(asset, known_at=request.issued_at)
        model, history = with_model(self._models, spec, history)
        return Asked(
            spec=spec,
            model=model,
            history=history,
            issued_at=request.issued_at,
            start=request.start,
            periods=HORIZON_PERIODS,
        )


class RulesPlanner:
    """The fallback in the controller's own process: no child, no solver, just what was measured."""

    def __init__(self, region: Region, *, prices: PriceSource) -> None:
        self._region = region
        self._prices = prices
        self._answer: PlanAnswer | None = None

    def start(self, request: PlanRequest) -> None:
        """Plan at once by rules, expecting that everything stays as measured.

        Raises:
            BadInput: a measured number is not usable.
        """
        age_s_max = self._region.control.reading_age_s_max
        image = request.image
        problem = problem_from(
            self._region,
            start=request.start,
            prices=self._prices.prices(
                start=request.start, periods=HORIZON_PERIODS, known_at=request.issued_at
            ),
            expected_kw=persisting_kw(self._region, image, periods=HORIZON_PERIODS, age_s_max=age_s_max),
            states=states_at(self._region, image, start=request.start, age_s_max=age_s_max),
            limits=request.limits,
            billed_peak_kw=request.billed_peak_kw,
        )
        plan = rules_plan(problem, plan_id=request.plan_id, issued_at=request.issued_at)
        self._answer = PlanAnswer(plan=plan, forecasts=())

    def poll(self) -> PlanAnswer | None:
        """Take the plan made at start."""
        answer, self._answer = self._answer, None
        return answer


def open_desk(region_name: str, folder: Path, *, digest: str, scheduler: str | None = None) -> Desk:
    """Put a desk together from a region's name and a data folder, and where a Dask scheduler is, if any.

    Raises:
        RecordBroken: the region file is not the one that the controller runs on.
    """
    region = load_region(region_name)
    if region.digest != digest:
        raise RecordBroken(f"{region.folder}: the region file was changed; start the controller again")
    reader = open_reader(folder)
    prices = DayAheadPrices(region, RegionHistory(region))
    models = StoredModels(ModelStore(folder))
    return Desk(region, record=reader, prices=prices, models=models, archive=reader, scheduler=scheduler)
