"""The steps of a test that write: the sign by a small actuation, the watchdog by silence, the hand-back."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from energy.app.commissioning_arrival import Moved, arrived, is_decided, power_kw_of
from energy.app.commissioning_device import DeviceUnderTest
from energy.app.commissioning_moves import (
    HOLD_S,
    WITNESS_S_MAX,
    Move,
    NotNow,
    Present,
    Size,
    is_away,
    moves_of,
    silence_kw,
)
from energy.app.commissioning_silence import Fallen, fallen_of, lifts_a_limit, safe_kw_of
from energy.app.commissioning_witness import trend_of, witnessed
from energy.app.conversation import Conversation
from energy.commissioning import Course, Step, StepName, Verdict, course_of, in_words
from energy.domain import Applied, Limited, Outcome, Point

POLL_S = 2.0
"""How often the power is looked at while it moves."""
RENEW_S = 30.0
"""A value is renewed at least this often while the test watches, and three times within its kept time."""
SILENCE_MARGIN_S_MIN = 10.0
SILENCE_MARGIN_FRACTION = 0.1
"""Of the kept time: a device's own clock is coarse, and so is the cycle in which it looks at it."""
FALL_BACK_LOOKS = 30
"""So many looks, POLL_S apart, for the power to arrive at the safe state at its own ramp."""
HAND_BACK_TRIES = 3
HAND_BACK_PAUSE_S = 5.0
"""Between two tries: a device of one connection needs a moment to notice that the last one is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the test has written so far, newest last, and whether the device has dropped it since."""

    setpoints_kw: tuple[float, ...] = ()
    is_dropped: bool = False


class Proofs:
    """The writing steps of one test; what was written is known at any moment, so that it can be handed back.

    Args:
        device: the device.
        talk: with the people who make the test.
        present: what the device showed before.
        size: of the actuation.
        steps_kwh: by counter, what one step of its register is worth.
        begin: records what is about to be written, before it is.
    """

    def __init__(
        self,
        device: DeviceUnderTest,
        talk: Conversation,
        *,
        present: Present,
        size: Size,
        steps_kwh: Mapping[Point, float],
        begin: Callable[[tuple[float, ...]], None],
    ) -> None:
        self.written = Written()
        self._device = device
        self._talk = talk
        self._present = present
        self._size = size
        self._steps_kwh = steps_kwh
        self._begin = begin

    async def sign(self, *, start: bool) -> Step:
        """Move the power a little, see it follow, and hear from the witness which way it went.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        moves = moves_of(self._device.asset, self._present, self._size, start=start)
        if isinstance(moves, NotNow):
            return self._step(StepName.SIGN, Verdict.INCOMPLETE, f"not possible now: {moves.reason}")
        self._announce(moves)
        told = self._talk.flows_told
        if told not in {0, len(moves)}:
            words = (
                f"{told} displays were told beforehand, but {len(moves)} are asked for: nothing was written"
            )
            return self._step(StepName.SIGN, Verdict.INCOMPLETE, words)
        if not await self._talk.consents("  Write this to the device?"):
            return self._step(StepName.SIGN, Verdict.INCOMPLETE, "nobody agreed: nothing was written")
        self._begin(self._all_kw(moves))
        before_kw, verdict = self._present.power_kw, Verdict.PASSED
        said: list[str] = []
        courses: list[dict[str, object]] = []
        for move in moves:
            moved = await self._move(move, before_kw)
            for line in moved.words:
                self._talk.say(f"  {line}")
            said.extend(moved.words)
            told_kw = {"from_kw": before_kw, "setpoint_kw": move.setpoint_kw, "arrived_kw": moved.now_kw}
            courses.append({**told_kw, **moved.values})
            verdict = moved.verdict
            if verdict is not Verdict.PASSED or moved.now_kw is None:
                break
            before_kw = moved.now_kw
        return Step(name=StepName.SIGN, verdict=verdict, words=tuple(said), values={"moves": courses})

    async def watchdog(self) -> Step:
        """Fall silent for longer than the device keeps a value, and see what it holds then.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        kept_s = self._device.kept_s
        if kept_s is None:
            words = "latches: no watchdog and no reversion time are known, so it cannot be automatic"
            return self._step(StepName.WATCHDOG, Verdict.PASSED, words, kept_s=None)
        asset, rules = self._device.asset, self._device.write_rules
        if rules is None or lifts_a_limit(asset, rules, self._present):
            words = (
                "a limit of somebody else stands on the device and silence would drop it: not possible now"
            )
            return self._step(StepName.WATCHDOG, Verdict.INCOMPLETE, words)
        setpoint_kw = silence_kw(asset, self.written.setpoints_kw[-1], self._size, self._present)
        if not is_away(setpoint_kw, safe_kw_of(asset), self._size):
            words = "every value that may be written is its safe state: whether it falls back does not show"
            return self._step(StepName.WATCHDOG, Verdict.INCOMPLETE, words)
        outcome = await self._write(setpoint_kw)
        if not isinstance(outcome, Applied):
            return self._step(StepName.WATCHDOG, Verdict.FAILED, f"cannot begin: {_of(outcome)}")
        silence_s = kept_s + max(SILENCE_MARGIN_S_MIN, SILENCE_MARGIN_FRACTION * kept_s)
        await self._device.close()
        self._talk.say(
            f"  wrote {setpoint_kw:,.1f} kW; now nobody speaks to the device for {silence_s:,.0f} s"
        )
        await self._talk.wait(silence_s, "  silence")
        return await self._after_silence(setpoint_kw, silence_s)

    async def hand_back(self) -> Step:
        """Leave the device in its safe state, or under the limit that was found on it; never interrupted.

        Where the safe state is the device's own control nothing is written: silence leads there. Whatever
        goes wrong is the step's verdict: nothing is raised.
        """
        if not self.written.setpoints_kw:
            return self._step(StepName.HAND_BACK, Verdict.PASSED, "nothing was written")
        kept_kw = self._kept_kw()
        if kept_kw is None:
            with contextlib.suppress(Exception):  # dropping a connection that is broken anyway
                await self._device.close()
            return self._released()
        faults: list[str] = []
        for _ in range(HAND_BACK_TRIES):
            if faults:
                await self._talk.pause.sleep(HAND_BACK_PAUSE_S)
            try:
                await self._device.close()  # a fresh connection, whatever became of the last one
                outcome = await self._write(kept_kw)
            except Exception as error:  # noqa: BLE001  whatever it is, the device must be tried again
                faults.append(f"unexpected {type(error).__name__}: {error}")
                continue
            if isinstance(outcome, Applied):
                return self._handed_back(outcome)
            faults.append(_of(outcome))
        falls = (
            "" if self._device.kept_s is None else f"; it falls back by itself in {self._device.kept_s:g} s"
        )
        words = f"NOT HANDED BACK: {faults[-1]}{falls}. Bring it to its safe state by hand"
        return self._step(StepName.HAND_BACK, Verdict.FAILED, words)

    def _handed_back(self, outcome: Applied) -> Step:
        name = "its safe state" if self._limit_kw() is None else "the limit that was found on it"
        words = f"the device holds {name}: {outcome.read_back_kw:,.1f} kW, read back"
        return self._step(StepName.HAND_BACK, Verdict.PASSED, words, held_kw=outcome.read_back_kw)

    def _released(self) -> Step:
        if self.written.is_dropped:
            return self._step(StepName.HAND_BACK, Verdict.PASSED, "it is on its own control, by silence")
        kept_s = self._device.kept_s
        if kept_s is None:
            words = "NOT HANDED BACK: it latches what was written. Bring it to its own control by hand"
            return self._step(StepName.HAND_BACK, Verdict.FAILED, words)
        words = f"released: nobody writes to it any more, own control in {kept_s:g} s at the latest"
        return self._step(StepName.HAND_BACK, Verdict.PASSED, words)

    def _announce(self, moves: tuple[Move, ...]) -> None:
        asset = self._device.asset
        self._talk.say(
            f"  present power: {in_words(Point.POWER_KW, self._present.power_kw, kind=asset.kind)}"
        )
        for move in moves:
            if asset.dispatch_point is not None:
                said = in_words(asset.dispatch_point, move.setpoint_kw, kind=asset.kind)
                self._talk.say(f"  to be written: {asset.dispatch_point.value} {said}")
        self._talk.say("  while each stands, the witness is asked what the device's own display shows")

    async def _move(self, move: Move, before_kw: float) -> Moved:
        """Write a value, watch the power arrive, and hold it until the witness has spoken."""
        outcome = await self._write(move.setpoint_kw)
        if not isinstance(outcome, Applied):
            return Moved(verdict=Verdict.FAILED, words=(f"{move.setpoint_kw:,.1f} kW: {_of(outcome)}",))
        elapsed_s = renewed_s = 0.0
        courses: list[Course] = []
        now_kw: float | None = None
        while elapsed_s < move.follows_s and not is_decided(courses):
            await self._talk.pause.wait(POLL_S)
            elapsed_s += POLL_S
            now_kw = power_kw_of(await self._device.read())
            if now_kw is not None:
                courses.append(
                    course_of(
                        now_kw,
                        before_kw=before_kw,
                        setpoint_kw=move.setpoint_kw,
                        tolerance_kw=self._size.tolerance_kw,
                        turned_kw=0.5 * self._size.step_kw,
                    )
                )
            if elapsed_s - renewed_s >= self._renew_s():
                renewed_s = elapsed_s
                if (fault := await self._renew(move.setpoint_kw)) is not None:
                    return Moved(verdict=Verdict.FAILED, words=(fault,), now_kw=now_kw)
        moved = arrived(
            self._device.asset,
            courses,
            before_kw=before_kw,
            setpoint_kw=move.setpoint_kw,
            now_kw=now_kw,
            elapsed_s=elapsed_s,
        )
        return moved if moved.verdict is not Verdict.PASSED else await self._hold(move, moved)

    async def _hold(self, move: Move, moved: Moved) -> Moved:
        """Hold the value while its own counters move and the witness looks at the display.

        Our reading is not said before the witness has spoken.
        """
        self._talk.say(f"  it stands for {HOLD_S:.0f} s, so that display and counters can follow ...")
        told_beforehand = self._talk.is_flow_told
        fault = await self._keep(move.setpoint_kw, HOLD_S / 2.0)
        before = await self._device.read()
        fault = fault or await self._keep(move.setpoint_kw, HOLD_S / 2.0)
        meanwhile = await self._device.read()
        shown_kw = None
        if fault is None:
            shown_kw, fault = await self._ask_witness(move)
        if fault is not None:
            return dataclasses.replace(moved, verdict=Verdict.FAILED, words=(*moved.words, fault))
        after = await self._device.read()
        looks_kw = [power_kw_of(readings) for readings in (meanwhile, after)]
        read_kw = [value for value in looks_kw if value is not None]
        verdict, words = witnessed(
            shown_kw,
            read_kw,
            told_kw=move.setpoint_kw,
            told_beforehand=told_beforehand,
            tolerance_kw=self._size.tolerance_kw,
            kind=self._device.asset.kind,
        )
        held_kw = read_kw[-1] if read_kw else move.setpoint_kw
        trend = trend_of(before, after, power_kw=held_kw, steps_kwh=self._steps_kwh)
        return Moved(
            verdict=Verdict.FAILED if trend.agrees is False else verdict,
            words=(*moved.words, trend.words, words),
            now_kw=held_kw,
            values={"display_kw": shown_kw, "told_beforehand": told_beforehand}
            | {"read_kw": read_kw, "counters_kwh": dict(trend.moved_kwh)},
        )

    async def _ask_witness(self, move: Move) -> tuple[float | None, str | None]:
        """Ask what the display shows, and renew the value meanwhile; give the answer, or what went wrong."""
        ways = "charges or discharges" if self._device.asset.kind == "battery" else "draws or feeds in"
        question = f"  What does the device's own display show now: it {ways}, with how many kW?"
        asked = asyncio.ensure_future(self._talk.flow(question, example=ways.split(maxsplit=1)[0]))
        waited_s = 0.0
        try:
            while waited_s < WITNESS_S_MAX:
                if await self._talk.pause.is_done(asked, self._renew_s()):
                    return asked.result(), None
                waited_s += self._renew_s()
                if (fault := await self._renew(move.setpoint_kw)) is not None:
                    return None, fault
            return None, None
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    async def _keep(self, setpoint_kw: float, seconds: float) -> str | None:
        """Let a value stand for a while; say what is wrong where the device does not take it any more."""
        left_s = seconds
        while left_s > 0.0:
            part_s = min(self._renew_s(), left_s)
            await self._talk.pause.wait(part_s)
            left_s -= part_s
            if (fault := await self._renew(setpoint_kw)) is not None:
                return fault
        return None

    async def _renew(self, setpoint_kw: float) -> str | None:
        outcome = await self._write(setpoint_kw)
        return None if isinstance(outcome, Applied) else f"{setpoint_kw:,.1f} kW again: {_of(outcome)}"

    async def _after_silence(self, setpoint_kw: float, silence_s: float) -> Step:
        """Judge what the device holds; its own ramp, and its own clock, get a while."""
        asset, rules, safe_kw = self._device.asset, self._device.write_rules, safe_kw_of(self._device.asset)
        if rules is None or asset.dispatch_point is None:
            raise ValueError(f"{asset.id} takes no command")
        name = "its own control" if safe_kw is None else f"its safe state, {safe_kw:,.1f} kW"
        fallen, held, power_kw = Fallen.ELSEWHERE, None, None
        for _ in range(FALL_BACK_LOOKS):
            readings = await self._device.read()
            held, power_kw = readings.get(asset.dispatch_point), power_kw_of(readings)
            fallen = fallen_of(
                asset,
                held=held,
                power_kw=power_kw,
                setpoint_kw=setpoint_kw,
                held_tolerance_kw=rules.readback.tolerance_kw,
                size=self._size,
            )
            if fallen in {Fallen.SHOWN, Fallen.BY_POWER}:
                break
            await self._talk.pause.wait(POLL_S)
        held_kw = None if held is None else held.value
        shown = "nothing that can be read" if held_kw is None else f"{held_kw:,.1f} kW"
        begun = f"after {silence_s:,.0f} s of silence it"
        match fallen:
            case Fallen.SHOWN | Fallen.BY_POWER:
                self.written = dataclasses.replace(self.written, is_dropped=True)
                proof = "as its power shows" if fallen is Fallen.BY_POWER else f"as it shows itself: {shown}"
                verdict, words = Verdict.PASSED, f"{begun} is back in {name}, {proof}"
            case Fallen.UNSEEN:
                verdict = Verdict.INCOMPLETE
                words = (
                    f"{begun} has dropped the value, but shows {shown}: whether it is in {name} is not proven"
                )
            case Fallen.ELSEWHERE:
                verdict = Verdict.FAILED
                words = f"{begun} holds {shown}, not {name}: it does not fall back to that by itself"
        return self._step(StepName.WATCHDOG, verdict, words, held_kw=held_kw, power_kw=power_kw)

    async def _write(self, setpoint_kw: float) -> Outcome:
        known_kw = dict.fromkeys((*self.written.setpoints_kw, setpoint_kw))
        known_kw.pop(setpoint_kw)
        self.written = Written(setpoints_kw=(*known_kw, setpoint_kw))
        return await self._device.write(setpoint_kw)

    def _renew_s(self) -> float:
        kept_s = self._device.kept_s
        return RENEW_S if kept_s is None else min(RENEW_S, kept_s / 3.0)

    def _limit_kw(self) -> float | None:
        """Give the bound of somebody else that was found on the device; None where there was none."""
        bounds_kw = (self._present.limit_kw_min, self._present.limit_kw_max)
        return next((bound for bound in bounds_kw if bound is not None), None)

    def _kept_kw(self) -> float | None:
        """Give what the device is handed back with: exactly the limit that was found, else the safe state.

        A limit that is not ours stays as it was, to the last digit: the device layer knows it by its value
        and leaves it without our timers.
        """
        limit_kw = self._limit_kw()
        return safe_kw_of(self._device.asset) if limit_kw is None else limit_kw

    def _all_kw(self, moves: tuple[Move, ...]) -> tuple[float, ...]:
        """Give every value that the test may write, but a limit that somebody else set."""
        silent_kw = silence_kw(self._device.asset, moves[-1].setpoint_kw, self._size, self._present)
        told_kw = (*(move.setpoint_kw for move in moves), silent_kw)
        kept_kw = (self._present.limit_kw_min, self._present.limit_kw_max)
        all_kw = dict.fromkeys((*told_kw, self._kept_kw()))
        return tuple(value for value in all_kw if value is not None and value not in kept_kw)

    @staticmethod
    def _step(name: StepName, verdict: Verdict, words: str, **values: float | None) -> Step:
        return Step(name=name, verdict=verdict, words=(words,), values=values)


def _of(outcome: Outcome) -> str:
    if isinstance(outcome, Applied):
        return f"holds {outcome.read_back_kw:,.1f} kW"
    held = f"the device holds {outcome.read_back_kw:,.1f} kW: " if isinstance(outcome, Limited) else ""
    return f"{type(outcome).__name__.lower()}: {held}{outcome.reason}"
