"""Brings one setpoint to its device over a connection that stands, and says what became of it.

What the device holds already is not written again before it must be; what is written is read back.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from energy.devices.line import Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.write_economy import Wanted
from energy.devices.write_foreign import kept_for, known_after
from energy.devices.write_order import Order
from energy.devices.write_readback import read_all, read_steps
from energy.devices.write_refusal import Refusal, Shown
from energy.devices.write_script import Part, Script, look_at, missing, script_of, with_timers_of
from energy.devices.write_timer import running_s, stuck_timer, timer_fault
from energy.domain import Applied, Limited, Outcome, Point, Quality, Rejected, Unreachable
from energy.errors import DeviceRefused, DeviceUnreachable, RecordBroken, StoreUnavailable


async def write_order(endpoint: ModbusEndpoint, order: Order, at: datetime, *, now_s: float) -> Outcome:
    """Write what must be written and read it back; the outcome says what the device holds.

    A device that does not answer is left alone until its backoff, which runs on ``now_s``, allows a try.
    """
    line, setpoint = order.line, order.setpoint
    line.economy.note_asked(at)
    try:
        return await _Attempt(endpoint, order, at).run()
    except (ValueError, DeviceRefused) as error:
        return Rejected(setpoint=setpoint, at=at, reason=str(error))
    except (StoreUnavailable, RecordBroken) as error:
        reason = f"not written: what somebody else set on it must be kept, and cannot be: {error}"
        return Rejected(setpoint=setpoint, at=at, reason=reason)
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
        self._is_written = False
        """True from the moment that the device has taken the value."""
        self._leaves = False
        """True while a bound is asked for that somebody else set: it is written as it was found."""

    async def run(self) -> Outcome:
        """Raises ValueError where nothing may be written, and what the endpoint raises."""
        line, economy = self._line, self._line.economy
        _require_remote(line)
        is_fresh = economy.is_fresh(line.held_at, self._at)
        held_kw = line.held_kw if is_fresh else None
        script = self._script(held_kw)
        wanted = Wanted(power_kw=self._power_kw, words=script.words, is_exact=self._is_exact(held_kw))
        stuck = stuck_timer(line, self._at) if is_fresh and not self._leaves else None
        stays = is_fresh and stuck is None and self._stays(script, wanted)
        waits = is_fresh and not stays and self._waits(script)
        arming = tuple(part for part in script.arming if not is_fresh or self._differs(part))
        beat = () if script.heartbeat is None else (script.heartbeat,)
        main = () if stays or waits else (*arming, script.value, *script.enabling)
        self._require_budget(len(beat) + len(main))
        await self._send(beat)
        if stays and held_kw is not None:
            return self._stood(held_kw)
        if waits and line.refusal is not None:
            return self._refused_still(script, line.refusal, stuck)
        return await self._write_all(script, wanted, arming, stuck)

    def _script(self, held_kw: float | None) -> Script:
        """Give what is to be written; a bound that somebody else set is kept before anything is.

        Our timers would end such a bound: who asks for exactly that writes it with the timers that it had.
        """
        line, free_kw = self._line, self._free_kw()
        script = script_of(line, self._order.command, self._power_kw, self._at)
        if free_kw is None:
            return script
        if held_kw is not None:
            look = look_at(script, line, held_kw=held_kw, free_kw=free_kw, tolerance_kw=self._tolerance_kw)
            if look is not None:
                before = line.foreign.known
                seen = known_after(before, look)
                line.foreign.note(kept_for(self._power_kw, before, seen, look, is_duty=self._order.is_duty))
                if line.foreign.known != before:  # what it shall fall back to depends on it
                    script = script_of(line, self._order.command, self._power_kw, self._at)
        foreign = line.foreign.known
        if foreign is None or abs(self._power_kw - foreign.power_kw) > self._tolerance_kw:
            return script
        self._leaves = True
        return with_timers_of(script, foreign)

    def _stays(self, script: Script, wanted: Wanted) -> bool:
        """Tell whether nothing need be written: all stands, and lasts until the next chance."""
        line, held_kw = self._line, self._line.held_kw
        if held_kw is None or not self._stands(script, wanted):
            return False
        if self._leaves:
            return self._holds(self._power_kw)
        if line.refusal is not None and not self._holds(self._power_kw):
            return False
        return line.economy.may_stay(wanted, held_kw, write=self._write, at=self._at)

    def _stands(self, script: Script, wanted: Wanted) -> bool:
        """Tell whether all that stands beside the value does, and the timer runs."""
        slack_kw = max(self._tolerance_kw, 0.0 if wanted.is_exact else self._write.min_step_kw)
        is_missing = any(missing(script.steps, self._line, tolerance_kw=slack_kw))
        return not is_missing and self._timer_fault() is None

    def _stood(self, held_kw: float) -> Outcome:
        line = self._line
        line.refusal = None
        if line.economy.wants_countdown(self._at, settles_s=self._write.readback.settles_s):
            line.economy.note_countdown(running_s(line), self._at)
        return Applied(setpoint=self._order.setpoint, read_back_kw=held_kw, at=self._at)

    def _waits(self, script: Script) -> bool:
        """Tell whether the device was told the same in vain, and it is too early to repeat it."""
        line, shown = self._line, self._shown(script)
        refusal = line.refusal
        if refusal is None:
            return False
        waits = refusal.waits(
            script.registers, shown, write=self._write, at=self._at, tick_s=line.economy.tick_s
        )
        if waits and refusal.is_settling(self._at, self._write.readback.settles_s):
            line.refusal = dataclasses.replace(refusal, shown=shown)
        return waits

    def _refused_still(self, script: Script, refusal: Refusal, stuck: str | None) -> Outcome:
        """Say once more what became of it, by what the device shows now."""
        held_kw = self._line.held_kw
        if refusal.arrived and held_kw is not None:
            faults = "; ".join(self._faults(script, held_kw, stuck))
            return self._told(self._limited(held_kw, faults), refusal)
        return dataclasses.replace(refusal.outcome, setpoint=self._order.setpoint, at=self._at)

    async def _write_all(
        self, script: Script, wanted: Wanted, arming: tuple[Part, ...], stuck: str | None
    ) -> Outcome:
        """Write everything and read it back; what was in vain is remembered with what the device shows."""
        line, economy, before = self._line, self._line.economy, self._line.refusal
        was_shown = before is not None and self._holds(before.power_kw)
        economy.forget()
        line.refusal = None
        outcome: Outcome
        try:
            await self._arm(arming)
            economy.told_kw = self._power_kw
            await self._send((script.value,))
            self._is_written = True
            await self._send(script.enabling)
            economy.note_written(wanted, self._at)
            shown_kw, quality = await read_all(self._endpoint, line, script.steps)
            outcome = self._judged(script, shown_kw, quality, stuck)
            if quality is Quality.IMPLAUSIBLE:
                outcome = await self._undone(outcome)
        except (ValueError, DeviceRefused) as error:
            outcome = self._refused(error)
        if isinstance(outcome, Applied):
            return outcome
        line.refusal = Refusal(
            registers=script.registers,
            power_kw=self._power_kw,
            outcome=outcome,
            arrived=economy.is_told,
            shown=self._shown(script),
            since=self._at,
            at=self._at,
            tries=1,
        ).after(before, was_shown=was_shown)
        return self._told(outcome, line.refusal)

    async def _undone(self, outcome: Outcome) -> Outcome:
        """Put a device to rest that shows a number which cannot be, right after it was told a power.

        It may have taken the command for another one: with its words the other way round, for full power.
        """
        order, line = self._order, self._line
        state = line.asset.safe_state
        follows = order.command.point.name is Point.POWER_KW_SETPOINT
        if not follows or order.is_safe_state or state is None or state.power_kw is None:
            return outcome
        line.economy.forget()
        script = script_of(line, order.command, state.power_kw, self._at)
        self._require_budget(1 + len(script.enabling), is_towards_safe=True)
        await self._send((script.value, *script.enabling))
        line.economy.told_kw = state.power_kw
        line.note_held(state.power_kw, self._at)  # resting is no change: the command is not repeated at once
        reason = f"written, but the read-back cannot be: told to rest at {state.power_kw:g} kW at once"
        return Unreachable(setpoint=order.setpoint, at=self._at, reason=reason)

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

    def _timer_fault(self) -> str | None:
        return None if self._leaves else timer_fault(self._line, self._write)

    def _shown(self, script: Script) -> Shown:
        raws = (None if part.step is None else self._line.raw_of(part.step) for part in script.steps)
        return Shown(held_kw=self._line.held_kw, registers=tuple(raws))

    def _holds(self, power_kw: float) -> bool:
        held_kw = self._line.held_kw
        return held_kw is not None and abs(held_kw - power_kw) <= self._tolerance_kw

    def _require_budget(self, writes: int, *, is_towards_safe: bool = False) -> None:
        """Count what is about to be written.

        Raises:
            ValueError: it must not be.
        """
        budget, setpoint = self._order.budget, self._order.setpoint
        if budget is None or writes == 0:
            return
        is_towards_safe = is_towards_safe or self._order.is_duty or self._order.is_safe_state
        reason = budget.take(
            setpoint.asset_id, self._write, writes, at=self._at, is_towards_safe=is_towards_safe
        )
        if reason is not None:
            raise ValueError(reason)

    def _judged(self, script: Script, shown_kw: float | None, quality: Quality, stuck: str | None) -> Outcome:
        """Compare what the device shows with what was asked; the line remembers what is in force."""
        line, setpoint = self._line, self._order.setpoint
        is_on = not any(missing(script.switches, line, tolerance_kw=self._tolerance_kw))
        held_kw = shown_kw if is_on else self._free_kw()
        line.note_held(held_kw, self._at)
        line.economy.note_countdown(
            None if self._write.readback.settles_s > 0.0 else running_s(line), self._at
        )
        if shown_kw is None:
            reason = f"written, but the read-back is {quality.value}"
            return Unreachable(setpoint=setpoint, at=self._at, reason=reason)
        if held_kw is None:
            faults = list(missing(script.steps, line, tolerance_kw=self._tolerance_kw))
            reason = f"written, but not in force: {'; '.join(faults)}"
            return Rejected(setpoint=setpoint, at=self._at, reason=reason)
        if faults := self._faults(script, held_kw, stuck):
            return self._limited(held_kw, "; ".join(faults))
        return Applied(setpoint=setpoint, read_back_kw=held_kw, at=self._at)

    def _faults(self, script: Script, held_kw: float, stuck: str | None) -> list[str]:
        """Say what is not as asked, by what the line has seen last."""
        line = self._line
        faults = list(missing(script.steps, line, tolerance_kw=self._tolerance_kw))
        is_on = not any(missing(script.switches, line, tolerance_kw=self._tolerance_kw))
        if is_on and abs(held_kw - self._power_kw) > self._tolerance_kw:
            faults.insert(0, "it holds something else")
        timer = self._timer_fault()
        return [*faults, *(fault for fault in (timer, stuck) if fault is not None)]

    def _refused(self, error: ValueError | DeviceRefused) -> Outcome:
        if self._is_written and isinstance(error, DeviceRefused):
            return Unreachable(setpoint=self._order.setpoint, at=self._at, reason=f"written, but {error}")
        return Rejected(setpoint=self._order.setpoint, at=self._at, reason=str(error))

    def _told(self, outcome: Outcome, refusal: Refusal) -> Outcome:
        """Give the outcome as it is told: what may still be shown in time is not held against the device."""
        settles_s = self._write.readback.settles_s
        if not isinstance(outcome, Limited) or not refusal.is_settling(self._at, settles_s):
            return outcome
        reason = f"not shown yet, which may take {settles_s:g} s: {outcome.reason}"
        return dataclasses.replace(outcome, is_settling=True, reason=reason)

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
