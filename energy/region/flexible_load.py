"""A large consumer that can wait or do without for a while."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.periods import PERIOD_H
from energy.region.asset import CONFIG, AssetBase, Number, PositiveKw, RampKwPerS, SafeState
from energy.region.yearly import StandardProfile, YearlyKwh, require_fitting


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class FlexibleLoad(AssetBase):
    """Consumption that a bound can hold back; the history column is what it would draw without one.

    ``shift``: what is held back is caught up within ``shift_h``. ``shed``: what is held back is lost.
    ``block``: what is asked for is drawn in runs of ``block_h`` at ``power_kw_max``; once begun a run goes on
    to its end, ``shift_h`` after its last kWh was asked for at the latest; less than a run waits. Whatever
    the mode ``unserved_eur_per_kwh`` prices what is never drawn. ``energy_kwh_per_year`` says what to expect
    before anything has been measured, evenly unless a ``standard_profile`` says otherwise.
    """

    kind: Literal["flexible_load"]
    mode: Literal["shift", "shed", "block"]
    power_kw_max: PositiveKw
    shift_h: Annotated[Number, Field(ge=0.0, le=48.0)] = 0.0
    block_h: Annotated[Number, Field(ge=0.0, le=24.0)] = 0.0
    ramp_kw_per_s: RampKwPerS
    unserved_eur_per_kwh: Annotated[Number, Field(gt=0.0, le=100.0)]
    energy_kwh_per_year: YearlyKwh | None = None
    standard_profile: StandardProfile | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "FlexibleLoad":
        shape = "; ".join(self._faults_of_shape())
        if shape:
            raise ValueError(shape)
        require_fitting(
            self.energy_kwh_per_year,
            field="energy_kwh_per_year",
            greatest_kw=self.power_kw_max,
            greatest="power_kw_max",
        )
        return self

    def _faults_of_shape(self) -> Iterator[str]:
        """Say all that does not fit together: whoever mends the one must not meet the next only then."""
        if (self.mode == "shed") == (self.shift_h > 0.0):
            yield "modes shift and block need shift_h above 0, mode shed needs it 0"
        if (self.mode == "block") != (self.block_h > 0.0):
            yield "mode block needs block_h above 0, the other modes need it 0"
        if self.block_h % PERIOD_H != 0.0:
            yield "block_h must be a whole number of quarter hours"
        if self.mode == "block" and self.shift_h < self.block_h + PERIOD_H:
            yield "shift_h must be at least block_h and a quarter hour: a run fits in no less"
        if self.standard_profile is not None and self.energy_kwh_per_year is None:
            yield "standard_profile needs energy_kwh_per_year: how much works draw is not guessed"

    @property
    def block_kwh(self) -> float:
        """The energy of one run, 0 where it draws in no runs."""
        return self.power_kw_max * self.block_h

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From nothing to its connection."""
        return 0.0, self.power_kw_max

    @property
    def dispatch_point(self) -> Point | None:
        """A bound on drawing."""
        return Point.POWER_KW_MAX

    @property
    def safe_state(self) -> SafeState | None:
        """No bound: the works decide for themselves."""
        return SafeState(point=Point.POWER_KW_MAX, power_kw=self.power_kw_max, name="released")
