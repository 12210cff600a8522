"""What a standard profile says of a file's series, from a year's energy: its prior."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.profiles.charging import charging
from energy.forecast.profiles.heat import heat_load
from energy.forecast.profiles.standard_load import STANDARD_NAMES, TOWN, standard_load
from energy.forecast.series import History, Kind, Prior, SeriesSpec

KINDS: frozenset[Kind] = frozenset({"load", "heat", "ev_hub", "hydro"})
SHARES_TOLERANCE = 0.001
TEMPERATURE = "temperature_c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What is known of a series before it is measured.

    ``energy`` is in the target's unit times hours (MWh for a column in MW), None where no profile is wanted.
    ``shares`` of a load's energy, by the standard profiles' names; none is a town's.
    """

    energy: float | None = None
    shares: Mapping[str, float] = field(default_factory=dict)

    def faults(self, kind: Kind) -> list[tuple[str, object, str, str]]:
        """Give option, value, limit and mend of whatever is wrong."""
        names = ", ".join(STANDARD_NAMES)
        faults: list[tuple[str, object, str, str]] = [
            ("standard-profile", name, "no such profile", f"use some of: {names}")
            for name in self.shares
            if name not in STANDARD_NAMES
        ]
        total = sum(self.shares.values())
        if self.shares and (abs(total - 1.0) > SHARES_TOLERANCE or min(self.shares.values()) < 0.0):
            limit = "shares of 0 to 1 that add up to 1"
            faults.append(
                ("standard-profile", f"{total:g} in all", limit, "write for example h25:0.6,g25:0.4")
            )
        if self.shares and (self.energy is None or kind != "load"):
            limit = "it shares out a load's yearly energy"
            faults.append(
                ("standard-profile", kind, limit, "give --yearly-energy of a load, or leave it out")
            )
        if self.energy is not None and not 0.0 < self.energy < float("inf"):
            faults.append(("yearly-energy", self.energy, "above 0", "give the target's unit times hours"))
        if self.energy is not None and kind not in KINDS:
            limit = "there is no standard profile of this kind"
            faults.append(("yearly-energy", kind, limit, "leave it out; PV and wind take their weather"))
        return faults


def with_profile(history: History, spec: SeriesSpec, year: Year) -> History:
    """Put the profile to a history that holds the whole file; as it is where no year's energy is known."""
    if year.energy is None:
        return history
    expected = year.energy * _unit(history, spec, year)
    return replace(history, prior=Prior(name="profile", expected=expected))


def _unit(history: History, spec: SeriesSpec, year: Year) -> FloatArray:
    calendar = calendar_of(
        history.start, history.value.size, step_s=history.step_s, zone=spec.zone, holidays_of=spec.holidays
    )
    if spec.kind == "heat":
        return heat_load(calendar, history.known_ahead.get(TEMPERATURE))
    if spec.kind == "ev_hub":
        return charging(calendar)
    if spec.kind == "hydro":
        return standard_load(calendar, spec.zone, {"even": 1.0})
    shares = {name: year.shares.get(name, 0.0) for name in STANDARD_NAMES} if year.shares else TOWN
    return standard_load(calendar, spec.zone, shares)
