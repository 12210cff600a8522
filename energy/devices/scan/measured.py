"""What a SunSpec device measures and shows: power, energy, state, faults, ratings, what is in store."""

from collections.abc import Sequence

from energy.devices.layout import Reference, Sign, Unit
from energy.devices.scan.device import FoundPoint
from energy.devices.scan.draft import Draft
from energy.domain import Point
from energy.units import KW_PER_W

INVERTERS = (701, 103, 102, 101, 113, 112, 111)
"""Models of an inverter's measurements, the best first: the family 7xx, then integers before floats."""
METERS = (203, 204, 202, 201, 213, 214, 212, 211)
"""Models of meters: three phases first."""
PLAUSIBLE_FRACTION = 1.5
"""A power beyond this fraction of the rating is a broken value, as for every asset's nameplate."""
POWER_KW_MAX = 1_000_000.0
"""Where no rating is known: 1 GW, more than any one SunSpec device has."""
ENERGY_KWH_MAX = 1_000_000_000_000.0
"""A register beyond 1 PWh is none."""
RESERVE_FRACTION = 0.1
"""A store may show this much more than its rating: ratings are rounded."""


def rated(draft: Draft, places: Sequence[tuple[int, str]], rated_kw: float | None) -> float | None:
    """Add the rated power from the first of these places that shows one; give it in kW, None where none does.

    ``rated_kw`` is what a person says; it counts where the device says nothing.
    """
    for model_id, name in places:
        found = draft.number(model_id, name)
        if found is None or found.scaled is None:
            continue
        power_kw = found.scaled * KW_PER_W
        if not 0.0 < power_kw <= POWER_KW_MAX:
            draft.left_out[found.title] = f"shows {power_kw:g} kW, which is no rating"
            continue
        draft.add(
            Point.POWER_KW_RATED,
            draft.layout(found, unit=Unit.W),
            (0.0, power_kw * PLAUSIBLE_FRACTION),
        )
        return power_kw
    return rated_kw


def inverter(draft: Draft, power_kw_rated: float | None, *, own_power: FoundPoint | None = None) -> None:
    """Add what an inverter measures: SunSpec counts feeding in positive (701: W; 101 to 113: W).

    ``own_power`` is that of a battery which shares the inverter: it counts instead of the inverter's sum, and
    the inverter's energy, a sum too, is left out.
    """
    model = draft.device.first(*INVERTERS)
    if model is None:
        return
    model_id = model.raw.model_id
    power = draft.number(model_id, "W") if own_power is None else own_power
    _power(draft, power, Sign.INVERTED, power_kw_rated)
    if own_power is None and model_id == 701:
        _energy(draft, Point.ENERGY_KWH_FED_IN, draft.number(701, "TotWhInj"))
        _energy(draft, Point.ENERGY_KWH_DRAWN, draft.number(701, "TotWhAbs"))
    elif own_power is None:
        _energy(draft, Point.ENERGY_KWH_FED_IN, draft.number(model_id, "WH"))
    if model_id == 701:
        state = draft.number(701, "InvSt") or draft.number(701, "St")
        faults = draft.number(701, "Alrm")
    else:
        state, faults = draft.number(model_id, "St"), draft.number(model_id, "Evt1")
    if state is not None:
        draft.add_state(Point.OPERATING_STATE, state)
    if faults is not None:
        draft.add_flags(Point.FAULT_FLAGS, faults)
    available = draft.number(122, "WAval")
    if available is not None:
        layout = draft.layout(available, unit=Unit.W, sign=Sign.INVERTED)
        draft.add(Point.POWER_KW_AVAILABLE, layout, (-_bound_kw(power_kw_rated), 0.0))


def meter(draft: Draft) -> None:
    """Add what a meter measures: SunSpec counts import positive, but not every make does."""
    model = draft.device.first(*METERS)
    if model is None:
        return
    model_id = model.raw.model_id
    _power(draft, draft.number(model_id, "W"), Sign.AS_OURS, None)
    _energy(draft, Point.ENERGY_KWH_DRAWN, draft.number(model_id, "TotWhImp"))
    _energy(draft, Point.ENERGY_KWH_FED_IN, draft.number(model_id, "TotWhExp"))
    faults = draft.number(model_id, "Evt")
    if faults is not None:
        draft.add_flags(Point.FAULT_FLAGS, faults)
    draft.warnings.append(
        f"model {model_id} counts import positive, some makes the other way round, and a meter turned round "
        "in the wiring too: prove the sign at commissioning"
    )


def store(draft: Draft) -> None:
    """Add what is in store: the energy itself, or a state of charge with the capacity it counts from."""
    capacity = _capacity(draft)
    available = draft.number(713, "WHAvail")
    if available is not None:
        draft.add(Point.ENERGY_KWH, draft.layout(available, unit=Unit.WH), (0.0, _fullest_kwh(capacity)))
        return
    for model_id, name in ((713, "SoC"), (802, "SoC"), (124, "ChaState")):
        charge = draft.number(model_id, name)
        if charge is None:
            continue
        reference = Reference.NAMEPLATE if capacity is None else Reference.ENERGY_KWH_CAPACITY
        layout = draft.layout(charge, unit=Unit.PERCENT, reference=reference)
        draft.add(Point.ENERGY_KWH, layout, (0.0, _fullest_kwh(capacity)))
        if capacity is None:
            draft.warnings.append(
                f"{charge.title} is a percentage and the device shows no capacity: it counts from the "
                "capacity in the region file"
            )
        return


def control_place(draft: Draft) -> None:
    """Add whether the device obeys: 715, or a battery's own model 802."""
    for model_id in (715, 802):
        place = draft.number(model_id, "LocRemCtl")
        if place is None:
            continue
        draft.add(Point.REMOTE, draft.layout(place), (0.0, 1.0), values={0: "remote", 1: "local"})
        if place.value != 0:
            draft.warnings.append(f"{place.title} shows local operation: the device obeys nobody on the line")
        return


def _capacity(draft: Draft) -> float | None:
    """Add the capacity; give it in kWh."""
    for model_id, name in ((713, "WHRtg"), (802, "WHRtg"), (120, "WHRtg")):
        found = draft.number(model_id, name)
        if found is None:
            continue
        energy_kwh = _kwh(found)
        if energy_kwh <= 0.0:
            draft.left_out[found.title] = "shows 0, which is no capacity"
            continue
        draft.add(
            Point.ENERGY_KWH_CAPACITY,
            draft.layout(found, unit=Unit.WH),
            (0.0, energy_kwh * PLAUSIBLE_FRACTION),
        )
        return energy_kwh
    return None


def _power(draft: Draft, found: FoundPoint | None, sign: Sign, power_kw_rated: float | None) -> None:
    if found is not None:
        bound_kw = _bound_kw(power_kw_rated)
        draft.add(Point.POWER_KW, draft.layout(found, unit=Unit.W, sign=sign), (-bound_kw, bound_kw))


def _energy(draft: Draft, name: Point, found: FoundPoint | None) -> None:
    if found is not None:
        draft.add(name, draft.layout(found, unit=Unit.WH), (0.0, ENERGY_KWH_MAX))


def _fullest_kwh(capacity_kwh: float | None) -> float:
    return ENERGY_KWH_MAX if capacity_kwh is None else capacity_kwh * (1.0 + RESERVE_FRACTION)


def _bound_kw(power_kw_rated: float | None) -> float:
    return POWER_KW_MAX if power_kw_rated is None else power_kw_rated * PLAUSIBLE_FRACTION


def _kwh(found: FoundPoint) -> float:
    return found.scaled * KW_PER_W if found.scaled is not None else 0.0
