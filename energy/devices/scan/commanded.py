"""What a SunSpec device can be told: a bound on feeding in, or a battery's power, each with its timer.

Sources: model_123.json, model_124.json, model_704.json and model_715.json of SunSpec's model definitions. The
order (what to fall back to, then the timer, then the value, then the switch) is ours: no value ever stands
without a timer. Whether a timer runs while its function is switched off, SunSpec leaves open
(sunspec/models issue 215).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from energy.devices.layout import Layout, Reference, Sign, Unit
from energy.devices.register_map import Heartbeat, Readback, Step, Write
from energy.devices.scan.device import FoundPoint
from energy.devices.scan.draft import Draft
from energy.domain import Point
from energy.units import KW_PER_W

TOLERANCE_FRACTION = 0.005
"""Of the rating: what a device holds may differ this much from what it was told; ours, coarser than any
register we know (1 % steps are rare, and a coarser step counts instead)."""
STEP_FRACTION_MAX = 0.1
"""A command that only moves by more than a tenth of the rating rests on a broken scale factor."""
HEARTBEAT_FROZEN_S = 15.0
"""The counter goes up every second; three ticks of 5 s in which it stands are no coincidence."""
REVERSION_S_MAX = 604_800.0
"""A week; a timer that shows more is broken."""
ENABLED = 1
BOTH_WAYS = 3
"""124.StorCtl_Mod: bits 0 (charging) and 1 (discharging)."""
WATTS = 1
PERCENT = 0
"""704.WSetMod: what the set power counts in."""
SafeValue = float | Literal["by_region", "own_control", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversion:
    """The names, in model 704, of what a function falls back to: all of them or none make a fallback."""

    value: str
    switch: str
    timer: str
    rest: str


BOUND_REVERSION = Reversion(
    value="WMaxLimPctRvrt", switch="WMaxLimPctEnaRvrt", timer="WMaxLimPctRvrtTms", rest="WMaxLimPctRvrtRem"
)
WATTS_REVERSION = Reversion(value="WSetRvrt", switch="WSetEnaRvrt", timer="WSetRvrtTms", rest="WSetRvrtRem")
PERCENT_REVERSION = Reversion(
    value="WSetPctRvrt", switch="WSetEnaRvrt", timer="WSetRvrtTms", rest="WSetRvrtRem"
)


@dataclass(slots=True, kw_only=True)
class Timer:
    """The steps that arm what a device does by itself when it hears no more from us."""

    draft: Draft
    reversion_s: float
    steps: list[Step] = field(default_factory=list)
    is_armed: bool = False

    is_doubtful: bool = False
    """True where the device has a timer, but not all that it takes to fall back: nobody knows if it does."""

    def falls_back_to(self, reversion: "Reversion", layout: Callable[[FoundPoint], Layout]) -> bool:
        """Write what to fall back to, that it shall hold, and when; False, and nothing, unless all is there.

        A value that no switch or no timer puts in force is none; and a timer of which nobody knows where it
        leads must not be counted on.
        """
        names = (reversion.value, reversion.switch, reversion.timer)
        found = {name: self.draft.number(704, name) for name in names}
        fallback = found[reversion.value]
        lacking = [f"704.{name}" for name in names if found[name] is None]
        if fallback is None or lacking:
            self.is_doubtful = found[reversion.timer] is not None
            self.draft.warnings.append(self._lacking(reversion, lacking))
            return False
        self.steps.append(Step(name=reversion.value, register=layout(fallback), value="safe_value"))
        self.constant(704, reversion.switch, ENABLED)
        self.counts_down(704, reversion.timer)
        self.shows_rest(704, reversion.rest)
        return True

    def _lacking(self, reversion: Reversion, lacking: list[str]) -> str:
        if f"704.{reversion.timer}" in lacking:
            return _no_timer(f"704.{reversion.timer}")
        return (
            f"{', '.join(lacking)} cannot be used, so nobody knows if the device falls back, and to what: "
            "it may keep the last value when the controller is lost; set a fallback on the device itself and "
            "complete the map, or leave it in observe"
        )

    def counts_down(self, model_id: int, name: str) -> None:
        """Write how long a value lasts; a warning where the device has no timer."""
        timer = self.draft.number(model_id, name)
        if timer is None:
            self.draft.warnings.append(_no_timer(f"{model_id}.{name}"))
            return
        self.steps.append(
            Step(name=name, register=self.draft.layout(timer, unit=Unit.S), value="reversion_s")
        )
        self.is_armed = True

    def constant(self, model_id: int, name: str, value: float) -> None:
        """Write a constant, where the device has the register."""
        found = self.draft.number(model_id, name)
        if found is not None:
            self.steps.append(Step(name=name, register=self.draft.layout(found), value=value))

    def shows_rest(self, model_id: int, name: str) -> None:
        """Read how long the value still lasts."""
        rest = self.draft.number(model_id, name)
        if rest is not None and self.is_armed:
            layout = self.draft.layout(rest, unit=Unit.S)
            self.draft.add(Point.REVERSION_S, layout, (0.0, REVERSION_S_MAX))


def _no_timer(title: str) -> str:
    return (
        f"{title} is not there: the device has no reversion timer and keeps the last value when the "
        "controller is lost; set a fallback on the device itself, or leave it in observe"
    )


def curtailment(draft: Draft, rated_kw: float, reversion_s: float) -> None:
    """Add the bound on feeding in: model 704, else 123; a percentage of the rated power."""
    if draft.has(704, "WMaxLimPct", "WMaxLimPctEna"):
        model_id, value, switch = 704, "WMaxLimPct", "WMaxLimPctEna"
    elif draft.has(123, "WMaxLimPct", "WMaxLim_Ena"):
        model_id, value, switch = 123, "WMaxLimPct", "WMaxLim_Ena"
    else:
        return
    found = draft.number(model_id, value)
    if found is None or not _is_fine(draft, found, Unit.PERCENT, rated_kw=rated_kw):
        return

    def percentage(found: FoundPoint) -> Layout:
        return _percentage(draft, found, Sign.INVERTED)

    timer = Timer(draft=draft, reversion_s=reversion_s)
    safe: SafeValue = "unknown"
    if model_id == 704:
        safe = "by_region" if timer.falls_back_to(BOUND_REVERSION, percentage) else "unknown"
    else:
        timer.constant(123, "WMaxLimPct_WinTms", 0)  # else the device waits a random while before it obeys
        timer.counts_down(123, "WMaxLimPct_RvrtTms")
        if timer.is_armed:
            safe = -rated_kw
            draft.warnings.append(
                "when the timer of model 123 runs out the device feeds in without a bound: it is safe only "
                "where the connection agreement allows full power without a controller"
            )
    _add_command(
        timer,
        found,
        percentage(found),
        point=Point.POWER_KW_MIN,
        safe_value_kw=safe,
        switch_name=switch,
        rated_kw=rated_kw,
    )


def battery_power(draft: Draft, rated_kw: float, reversion_s: float) -> None:
    """Add a battery's power: model 704 in watts, or in percent, else model 124."""
    timer = Timer(draft=draft, reversion_s=reversion_s)
    if draft.has(704, "WSetEna", "WSetMod"):
        for value, reversion, mode in (
            ("WSet", WATTS_REVERSION, WATTS),
            ("WSetPct", PERCENT_REVERSION, PERCENT),
        ):
            found = draft.number(704, value)
            if found is not None:
                _der_power(timer, found, reversion, mode=mode, rated_kw=rated_kw)
                return
    if draft.has(124, "InWRte", "OutWRte", "StorCtl_Mod"):
        _storage_power(timer, rated_kw)


def heartbeat(draft: Draft) -> Heartbeat | None:
    """Give the counters by which both sides show that they live: model 715, or a battery's own model 802."""
    for model_id, written, shown in ((715, "ControllerHb", "DERHb"), (802, "CtrlHb", "Hb")):
        ours, theirs = draft.number(model_id, written), draft.number(model_id, shown)
        if ours is not None or theirs is not None:
            return Heartbeat(
                written=draft.layout(ours) if ours is not None else None,
                shown=draft.layout(theirs) if theirs is not None else None,
                frozen_s=HEARTBEAT_FROZEN_S,
            )
    return None


def _der_power(timer: Timer, found: FoundPoint, reversion: Reversion, *, mode: int, rated_kw: float) -> None:
    draft = timer.draft
    if not _is_fine(draft, found, Unit.W if mode == WATTS else Unit.PERCENT, rated_kw=rated_kw):
        return

    def layout(point: FoundPoint) -> Layout:
        if mode == WATTS:
            return draft.layout(point, unit=Unit.W, sign=Sign.INVERTED)
        return _percentage(draft, point, Sign.INVERTED)

    knows = timer.falls_back_to(reversion, layout)
    timer.constant(704, "WSetMod", mode)
    _add_command(
        timer,
        found,
        layout(found),
        point=Point.POWER_KW_SETPOINT,
        safe_value_kw="by_region" if knows else "unknown",
        switch_name="WSetEna",
        rated_kw=rated_kw,
    )


def _storage_power(timer: Timer, rated_kw: float) -> None:
    """Force a power through model 124: the bounds on charging and on discharging meet in one point.

    InWRte counts charging, OutWRte discharging; the same power stands in both, once with its sign turned.
    """
    draft = timer.draft
    draws, feeds = draft.number(124, "InWRte"), draft.number(124, "OutWRte")
    if draws is None or feeds is None or not _is_fine(draft, draws, Unit.PERCENT, rated_kw=rated_kw):
        return
    timer.constant(124, "InOutWRte_WinTms", 0)
    timer.counts_down(124, "InOutWRte_RvrtTms")
    mirror = _percentage(draft, feeds, Sign.INVERTED)
    timer.steps.append(Step(name="OutWRte", register=mirror, value="setpoint"))
    draft.warnings.append(
        "model 124 has no value to fall back to: when its timer runs out the battery goes back to its own "
        "control, which is not standing still; and not every make takes the negative percentages by which a "
        "power is forced: prove charging and discharging at commissioning"
    )
    _add_command(
        timer,
        draws,
        _percentage(draft, draws, Sign.AS_OURS),
        point=Point.POWER_KW_SETPOINT,
        safe_value_kw="unknown",
        switch_name="StorCtl_Mod",
        rated_kw=rated_kw,
    )


def _step_kw(found: FoundPoint, unit: Unit, *, rated_kw: float) -> float:
    per_step_kw = KW_PER_W if unit is Unit.W else Unit.PERCENT.factor * rated_kw
    return float(10.0**found.exponent * per_step_kw)


def _is_fine(draft: Draft, found: FoundPoint, unit: Unit, *, rated_kw: float) -> bool:
    """Tell whether a command moves in steps worth the name; note it where it does not."""
    step_kw = _step_kw(found, unit, rated_kw=rated_kw)
    if step_kw <= STEP_FRACTION_MAX * rated_kw:
        return True
    draft.left_out[found.title] = (
        f"moves by {step_kw:g} kW a step, too coarse for a rating of {rated_kw:g} kW"
    )
    return False


def _percentage(draft: Draft, found: FoundPoint, sign: Sign) -> Layout:
    shown = Point.POWER_KW_RATED in draft.points
    reference = Reference.POWER_KW_RATED if shown else Reference.NAMEPLATE
    return draft.layout(found, unit=Unit.PERCENT, sign=sign, reference=reference)


def _add_command(
    timer: Timer,
    found: FoundPoint,
    layout: Layout,
    *,
    point: Point,
    safe_value_kw: SafeValue,
    switch_name: str,
    rated_kw: float,
) -> None:
    """Add a writable point with its steps; what SunSpec does not say is unknown."""
    draft = timer.draft
    switch = draft.number(found.model_id, switch_name)
    if switch is None:
        return
    on = BOTH_WAYS if switch_name == "StorCtl_Mod" else ENABLED
    coarse_kw = max(_step_kw(found, layout.unit, rated_kw=rated_kw), TOLERANCE_FRACTION * rated_kw)
    bound_kw = rated_kw + coarse_kw  # 100 % of a rounded rating must still be believed
    write = Write(
        safe_value_kw=safe_value_kw,
        readback=Readback(tolerance_kw=coarse_kw),
        watchdog_s="unknown",
        watchdog_fed_by="unknown",
        reversion_s=timer.reversion_s if timer.is_armed else "unknown" if timer.is_doubtful else "none",
        storage="unknown",
        write_budget_per_day="unknown",
        min_step_kw=coarse_kw,
        arming=tuple(timer.steps),
        enabling=(Step(name=switch_name, register=draft.layout(switch), value=on),),
    )
    highest_kw = bound_kw if point is Point.POWER_KW_SETPOINT else 0.0
    draft.add(point, layout, (-bound_kw, highest_kw), write=write)
    if switch.value == on and found.scaled is not None:
        draft.warnings.append(
            f"{switch.title} is on already and {found.title} shows {found.scaled:g}: somebody set it"
        )
    draft.warnings.append(
        f"{found.title}: SunSpec does not say whether the register wears out when written (storage: "
        "unknown); ask the manufacturer and complete the map before authority automatic"
    )
