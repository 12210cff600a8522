"""Brings one setpoint to its device over a connection that stands, and says what became of it.

What the device holds already is not written again before it must be; what is written is read back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from energy.arbitration import DUTIES
from energy.devices.codec import step_of
from energy.devices.line import Command, Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.write_budget import WriteBudget
from energy.devices.write_economy import Wanted
from energy.devices.write_readback import read_all, read_steps
from energy.devices.write_script import Part, Script, foreign_in, missing, script_of, with_timers_of
from energy.domain import Applied, Limited, Outcome, Point, Quality, Rejected, Setpoint, Unreachable
from energy.errors import DeviceRefused, DeviceUnreachable

COUNTDOWN_SLACK_S = 1.0
"""A countdown in whole seconds may show the second that has just begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A setpoint that passed its checks, with its place in the answer and where it goes.

    ``budget`` counts the writes of devices whose memory wears out; without one they are not written.
    """

    index: int
    line: Line
    command: Command
    setpoint: Setpoint
    budget: WriteBudget | None = None

    @property
    def is_duty(self) -> bool:
        """True where protection or the grid operator asks for it, or limits it."""
        return self.setpoint.is_duty or self.setpoint.level in DUTIES

    @property
    def is_safe_state(self) -> bool:
        """True where it asks for the asset's safe state."""
        state = self.line.asset.safe_state
        return state is not None and state.power_kw is not None and self.setpoint.power_kw == state.power_kw

    def tightens(self, held_kw: float) -> bool:
        """Tell whether it leaves less room than a bound that the device holds."""
        match self.command.point.name:
            case Point.POWER_KW_MIN:
                return self.setpoint.power_kw > held_kw
            case Point.POWER_KW_MAX:
                return self.setpoint.power_kw < held_kw
            case _:
                return False

    def haste(self, at: datetime) -> tuple[bool, float]:
        """Give what to sort by: first what must not wait, then what the device would drop soonest."""
        held_kw = self.line.held_kw
        presses = self.is_duty or self.is_safe_state or (held_kw is not None and self.tightens(held_kw))
        return not presses, self.line.economy.left_s(self.command.write, at)


async def write_order(endpoint: ModbusEndpoint, order: Order, at: datetime, *, now_s: float) -> Outcome:
    """Write what must be written and read it back; the outcome says what the device holds.

    A device that does not answer is left alone until its backoff, which runs on ``now_s``, allows a try.
    """
    line, setpoint = order.line, order.setpoint
    line.economy.note_asked(at)
    attempt = _Attempt(endpoint, order, at)
    try:
        return await attempt.run()
    except ValueError as error:
        return Rejected(setpoint=setpoint, at=at, reason=str(error))
    except DeviceRefused as error:
        if attempt.is_written:
            return Unreachable(setpoint=setpoint, at=at, reason=f"written, but {error}")
        return Rejected(setpoint=setpoint, at=at, reason=str(error))
    except DeviceUnreachable as error:
        line.backoff.fail(now_s)
        line.note_failure(str(error), at)
        line.forget(at)
        return Unreachable(setpoint=setpoint, at=at, reason=str(error))


class _Attempt:
    """One setpoint on its way."""

    def __init__(self, endpoint: ModbusEndpoint, order: Order, at: datetime) -> None:
        self._endpoint = endpoint
        self._order = order
        self._line = order.line
        self._write = order.command.write
        self._power_kw = order.setpoint.power_kw
        self._tolerance_kw = order.command.write.readback.tolerance_kw
        self._at = at
        self._leaves = False
        """True while a bound is asked for that somebody else set: it stays as it was found."""
        self.is_written = False
        """True from the moment that the device has taken the value."""

    async def run(self) -> Outcome:
        """Raises ValueError where nothing may be written, and what the endpoint raises."""
        line, economy = self._line, self._line.economy
        _require_remote(line)
        script = script_of(line, self._order.command, self._power_kw, self._at)
        is_fresh = economy.is_fresh(line.held_at, self._at)
        held_kw = line.held_kw if is_fresh else None
        wanted = Wanted(power_kw=self._power_kw, words=script.words, is_exact=self._is_exact(held_kw))
        self._leaves = self._is_foreign(script, held_kw)
        if self._leaves and economy.foreign is not None:
            script = with_timers_of(script, economy.foreign)
        stuck = self._stuck_timer() if is_fresh and not self._leaves else None
        stays = (
            stuck is None
            and self._stands(script, wanted)
            and (self._leaves or economy.may_stay(wanted, held_kw, write=self._write, at=self._at))
            and is_fresh
        )
        arming = () if stays else tuple(part for part in script.arming if not is_fresh or self._differs(part))
        beat = () if script.heartbeat is None else (script.heartbeat,)
        main = () if stays else (*arming, script.value, *script.enabling)
        self._require_budget(len(beat) + len(main))
        await self._send(beat)
        if stays and held_kw is not None:
            return Applied(setpoint=self._order.setpoint, read_back_kw=held_kw, at=self._at)
        economy.forget()
        economy.has_written = True
        await self._arm(arming)
        await self._send((script.value,))
        self.is_written = True
        await self._send(script.enabling)
        economy.note_written(wanted, self._at)
        outcome = self._judged(script, *await read_all(self._endpoint, line, script.steps))
        if not isinstance(outcome, Applied):
            economy.forget()
        elif stuck is not None:
            return self._limited(outcome.read_back_kw, stuck)
        return outcome

    def _is_foreign(self, script: Script, held_kw: float | None) -> bool:
        """Tell whether exactly that is asked for which somebody else had set before we first wrote.

        Our timers would end it: a bound that is not ours must outlive us.
        """
        economy, free_kw = self._line.economy, self._free_kw()
        if free_kw is None:
            return False
        if held_kw is not None and not economy.has_written:
            bounds = abs(held_kw - free_kw) > self._tolerance_kw
            economy.foreign = foreign_in(script, self._line, held_kw) if bounds else None
        foreign = economy.foreign
        return foreign is not None and abs(self._power_kw - foreign.power_kw) <= self._tolerance_kw

    async def _send(self, parts: Sequence[Part]) -> None:
        for part in parts:
            await self._endpoint.write(
                self._line.unit,
                part.layout.table,
                address=part.layout.address,
                values=list(part.registers),
                single=self._write.function == "single" and len(part.registers) == 1,
            )

    async def _arm(self, parts: Sequence[Part]) -> None:
        """Write what must stand before the value, and see that it stands.

        Raises:
            ValueError: it does not; the value must not be written.
        """
        if not parts:
            return
        await self._send(parts)
        await read_steps(self._endpoint, self._line, parts)
        faults = list(missing(parts, self._line, tolerance_kw=self._tolerance_kw))
        if faults:
            raise ValueError(f"not written, since what must stand before it does not: {'; '.join(faults)}")

    def _is_exact(self, held_kw: float | None) -> bool:
        """Tell whether even the smallest step counts: towards the safe state, or to a tighter bound."""
        return held_kw is None or self._order.is_safe_state or self._order.tightens(held_kw)

    def _differs(self, part: Part) -> bool:
        return part.step is None or self._line.raw_of(part.step) != part.number

    def _stands(self, script: Script, wanted: Wanted) -> bool:
        """Tell whether all that stands beside the value does, and the timer runs."""
        slack_kw = max(self._tolerance_kw, 0.0 if wanted.is_exact else self._write.min_step_kw)
        if any(missing(script.steps, self._line, tolerance_kw=slack_kw)):
            return False
        if self._leaves:
            held_kw = self._line.held_kw
            return held_kw is not None and abs(held_kw - self._power_kw) <= self._tolerance_kw
        return self._timer_fault() is None

    def _timer_fault(self) -> str | None:
        """Say what is wrong with the device's countdown; one that it does not have is not missed."""
        if self._leaves or self._line.content.point(Point.REVERSION_S) is None:
            return None
        left_s, quality = self._line.shown_of(Point.REVERSION_S)
        if quality is Quality.NOT_IMPLEMENTED:
            return None
        if left_s is None:
            return f"its timer is {quality.value}"
        limit_s = self._write.reversion_s
        if left_s <= 0.0:
            return "its timer does not run: it would keep the value if the controller were lost"
        if isinstance(limit_s, float) and left_s > limit_s + COUNTDOWN_SLACK_S:
            return f"its timer shows {left_s:g} s, more than the {limit_s:g} s that it was set to"
        return None

    def _stuck_timer(self) -> str | None:
        """Say that the countdown has not fallen since the last write."""
        countdown = self._line.content.point(Point.REVERSION_S)
        left_s, _ = self._line.shown_of(Point.REVERSION_S)
        if countdown is None or left_s is None:
            return None
        multiplier = self._line.multiplier(countdown)
        if multiplier is None:
            return None  # its resolution is unknown, and with it whether it moved
        resolution_s = abs(step_of(countdown, multiplier))
        if not self._line.economy.is_stuck(left_s, self._at, resolution_s=resolution_s):
            return None
        return f"its timer stands still at {left_s:g} s: it would keep the value if the controller were lost"

    def _require_budget(self, writes: int) -> None:
        """Count what is about to be written.

        Raises:
            ValueError: it must not be.
        """
        budget, setpoint = self._order.budget, self._order.setpoint
        if budget is None or writes == 0:
            return
        is_towards_safe = self._order.is_duty or self._order.is_safe_state
        reason = budget.take(
            setpoint.asset_id, self._write, writes, at=self._at, is_towards_safe=is_towards_safe
        )
        if reason is not None:
            raise ValueError(reason)

    def _judged(self, script: Script, shown_kw: float | None, quality: Quality) -> Outcome:
        """Compare what the device shows with what was asked; the line remembers what is in force."""
        line, setpoint = self._line, self._order.setpoint
        is_on = not any(missing(script.switches, line, tolerance_kw=self._tolerance_kw))
        held_kw = shown_kw if is_on else self._free_kw()
        line.note_held(held_kw, self._at)
        if shown_kw is None:
            reason = f"written, but the read-back is {quality.value}"
            return Unreachable(setpoint=setpoint, at=self._at, reason=reason)
        faults = list(missing(script.steps, line, tolerance_kw=self._tolerance_kw))
        if held_kw is None:
            reason = f"written, but not in force: {'; '.join(faults)}"
            return Rejected(setpoint=setpoint, at=self._at, reason=reason)
        if is_on and abs(held_kw - self._power_kw) > self._tolerance_kw:
            faults.insert(0, "it holds something else")
        timer_fault = self._timer_fault()
        if timer_fault is not None:
            faults.append(timer_fault)
        left_s, _ = line.shown_of(Point.REVERSION_S)
        line.economy.note_countdown(left_s, self._at)
        if faults:
            return self._limited(held_kw, "; ".join(faults))
        return Applied(setpoint=setpoint, read_back_kw=held_kw, at=self._at)

    def _free_kw(self) -> float | None:
        """Give what a device does of whose value nothing is in force: a bound then bounds nothing."""
        lowest_kw, highest_kw = self._line.asset.power_kw_nameplate
        match self._order.command.point.name:
            case Point.POWER_KW_MIN:
                return lowest_kw
            case Point.POWER_KW_MAX:
                return highest_kw
            case _:
                return None

    def _limited(self, held_kw: float, why: str) -> Limited:
        reason = f"asked for {self._power_kw:g} kW, the device holds {held_kw:g} kW: {why}"
        return Limited(setpoint=self._order.setpoint, read_back_kw=held_kw, at=self._at, reason=reason)


def _require_remote(line: Line) -> None:
    """Refuse a device that is switched to local operation, or may be; one without the switch is not.

    Raises:
        ValueError: it must not be written.
    """
    if line.content.point(Point.REMOTE) is None:
        return
    remote, quality = line.shown_of(Point.REMOTE)
    if quality is Quality.NOT_IMPLEMENTED:
        return
    if remote is None:
        raise ValueError(f"not written: whether it is switched to local operation is {quality.value}")
    if remote != 1.0:
        raise ValueError("not written: it is switched to local operation")
