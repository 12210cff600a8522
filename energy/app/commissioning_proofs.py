"""The steps of a test that write: the sign by a small actuation, the watchdog by silence, the hand-back."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from energy.app.commissioning_device import DeviceUnderTest
from energy.app.commissioning_moves import Move, NotNow, Present, Size, is_away, moves_of, silence_kw
from energy.app.conversation import Conversation
from energy.commissioning import Course, Step, StepName, Verdict, course_of, in_words
from energy.domain import Applied, Limited, Outcome, Point, Quality, Reading

POLL_S = 2.0
"""How often the power is looked at while it moves."""
ARRIVED_LOOKS = 2
"""So many looks in a row must agree: a power that only passes by is none that arrived."""
RENEW_S = 30.0
"""A value is renewed at least this often while the test watches, and three times within its kept time."""
SILENCE_MARGIN_S_MIN = 10.0
SILENCE_MARGIN_FRACTION = 0.1
"""Of the kept time: a device's own clock is coarse, and so is the cycle in which it looks at it."""
FALL_BACK_LOOKS = 30
"""So many looks, POLL_S apart, for the power to arrive at the safe state at its own ramp."""
HAND_BACK_TRIES = 3


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
        begin: records what is about to be written, before it is.
    """

    def __init__(
        self,
        device: DeviceUnderTest,
        talk: Conversation,
        *,
        present: Present,
        size: Size,
        begin: Callable[[tuple[float, ...]], None],
    ) -> None:
        self.written = Written()
        self._device = device
        self._talk = talk
        self._present = present
        self._size = size
        self._begin = begin

    async def sign(self, *, start: bool) -> Step:
        """Move the power a little and see it follow.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        moves = moves_of(self._device.asset, self._present, self._size, start=start)
        if isinstance(moves, NotNow):
            return self._step(StepName.SIGN, Verdict.INCOMPLETE, f"not possible now: {moves.reason}")
        self._announce(moves)
        if not await self._talk.consents("  Write this to the device?"):
            return self._step(StepName.SIGN, Verdict.INCOMPLETE, "nobody agreed: nothing was written")
        self._begin(self._all_kw(moves))
        before_kw, words, courses = self._present.power_kw, [], []
        for move in moves:
            verdict, line, now_kw = await self._move(move, before_kw)
            self._talk.say(f"  {line}")
            words.append(line)
            courses.append({"from_kw": before_kw, "setpoint_kw": move.setpoint_kw, "arrived_kw": now_kw})
            if verdict is not Verdict.PASSED or now_kw is None:
                return Step(
                    name=StepName.SIGN, verdict=verdict, words=tuple(words), values={"moves": courses}
                )
            before_kw = now_kw
        return Step(name=StepName.SIGN, verdict=Verdict.PASSED, words=tuple(words), values={"moves": courses})

    async def watchdog(self) -> Step:
        """Fall silent for longer than the device keeps a value, and see what it holds then.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        kept_s = self._device.kept_s
        if kept_s is None:
            words = "latches: no watchdog and no reversion time are known, so it cannot be automatic"
            return self._step(StepName.WATCHDOG, Verdict.PASSED, words, kept_s=None)
        if self._releases_a_limit():
            words = (
                "a limit of somebody else stands on the device and silence would drop it: not possible now"
            )
            return self._step(StepName.WATCHDOG, Verdict.INCOMPLETE, words)
        setpoint_kw = silence_kw(self._device.asset, self.written.setpoints_kw[-1], self._size, self._present)
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
        """Leave the device in its safe state, inside a limit that was found on it; never interrupted.

        Where the safe state is the device's own control nothing is written: silence leads there.
        """
        if not self.written.setpoints_kw:
            return self._step(StepName.HAND_BACK, Verdict.PASSED, "nothing was written")
        safe_kw = self._safe_kw()
        if safe_kw is None:
            await self._device.close()
            return self._released()
        await self._device.close()  # a fresh connection, whatever became of the last one
        for _ in range(HAND_BACK_TRIES):
            outcome = await self._write(safe_kw)
            if isinstance(outcome, Applied):
                words = f"the device holds its safe state: {outcome.read_back_kw:,.1f} kW, read back"
                return self._step(StepName.HAND_BACK, Verdict.PASSED, words, held_kw=outcome.read_back_kw)
            await self._device.close()
        falls = (
            "" if self._device.kept_s is None else f"; it falls back by itself in {self._device.kept_s:g} s"
        )
        words = f"NOT HANDED BACK: {_of(outcome)}{falls}. Bring it to its safe state by hand"
        return self._step(StepName.HAND_BACK, Verdict.FAILED, words)

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

    async def _move(self, move: Move, before_kw: float) -> tuple[Verdict, str, float | None]:
        """Write a value and watch the power; give the verdict, the words, and where the power is."""
        outcome = await self._write(move.setpoint_kw)
        if not isinstance(outcome, Applied):
            return Verdict.FAILED, f"{move.setpoint_kw:,.1f} kW: {_of(outcome)}", None
        elapsed_s = renewed_s = 0.0
        courses: list[Course] = []
        now_kw: float | None = None
        while elapsed_s < move.follows_s and not _is_decided(courses):
            await self._talk.pause.wait(POLL_S)
            elapsed_s += POLL_S
            now_kw = _power_kw((await self._device.read()).get(Point.POWER_KW))
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
                outcome = await self._write(move.setpoint_kw)
                if not isinstance(outcome, Applied):
                    return Verdict.FAILED, f"{move.setpoint_kw:,.1f} kW again: {_of(outcome)}", now_kw
        return self._judged(move, courses, before_kw, now_kw, elapsed_s=elapsed_s)

    def _judged(
        self, move: Move, courses: list[Course], before_kw: float, now_kw: float | None, *, elapsed_s: float
    ) -> tuple[Verdict, str, float | None]:
        kind = self._device.asset.kind
        path = f"from {before_kw:,.1f} kW to {move.setpoint_kw:,.1f} kW told"
        if now_kw is None or not courses:
            return Verdict.FAILED, f"{path}: its power could not be read", now_kw
        at = in_words(Point.POWER_KW, now_kw, kind=kind)
        if _is_decided(courses) and courses[-1] is Course.ARRIVED:
            return Verdict.PASSED, f"{path}: read back; after {elapsed_s:,.0f} s its power: {at}", now_kw
        if _is_decided(courses):
            words = f"{path}: IT WENT THE WRONG WAY, its power: {at}. The sign in the register map is wrong"
            return Verdict.FAILED, words, now_kw
        bound = self._device.asset.dispatch_point in {Point.POWER_KW_MIN, Point.POWER_KW_MAX}
        if courses[-1] is Course.BEYOND and bound:
            words = f"{path}: its power: {at}, less than it was allowed: test again in steadier weather"
            return Verdict.INCOMPLETE, words, now_kw
        return Verdict.FAILED, f"{path}: it did not follow within {elapsed_s:,.0f} s, its power: {at}", now_kw

    async def _after_silence(self, setpoint_kw: float, silence_s: float) -> Step:
        """Judge what the device holds by what it shows of it, else by what its power does."""
        falls_to_kw, rules = self._device.falls_to_kw, self._device.write_rules
        point = self._device.asset.dispatch_point
        if rules is None or point is None:
            raise ValueError(f"{self._device.asset.id} takes no command")
        name = "its own control" if falls_to_kw is None else f"its safe state, {falls_to_kw:,.1f} kW"
        held, power_kw = None, None
        for _ in range(FALL_BACK_LOOKS):
            readings = await self._device.read()
            held, power_kw = readings.get(point), _power_kw(readings.get(Point.POWER_KW))
            shows = _falls_back(held, falls_to_kw, tolerance_kw=rules.readback.tolerance_kw)
            if shows or self._power_left(power_kw, setpoint_kw, falls_to_kw):
                self.written = dataclasses.replace(self.written, is_dropped=True)
                proof = "as it shows itself" if shows else "as its power shows"
                words = f"after {silence_s:,.0f} s of silence it is back in {name}, {proof}"
                held_kw = None if held is None else held.value
                return self._step(
                    StepName.WATCHDOG, Verdict.PASSED, words, held_kw=held_kw, power_kw=power_kw
                )
            await self._talk.pause.wait(POLL_S)
        held_kw = None if held is None else held.value
        shown = "nothing that can be read" if held_kw is None else f"{held_kw:,.1f} kW"
        words = f"after {silence_s:,.0f} s of silence it holds {shown}, not {name}: no watchdog is proven"
        return self._step(StepName.WATCHDOG, Verdict.FAILED, words, held_kw=held_kw, power_kw=power_kw)

    def _power_left(self, power_kw: float | None, setpoint_kw: float, safe_kw: float | None) -> bool:
        """Tell from the power alone that the value holds no more; only a safe value says what follows."""
        if power_kw is None or safe_kw is None or not is_away(setpoint_kw, safe_kw, self._size):
            return False
        tolerance_kw = self._size.tolerance_kw
        match self._device.asset.dispatch_point:
            case Point.POWER_KW_MIN:
                return safe_kw - tolerance_kw <= power_kw < setpoint_kw - tolerance_kw
            case Point.POWER_KW_MAX:
                return setpoint_kw + tolerance_kw < power_kw <= safe_kw + tolerance_kw
            case _:
                return abs(power_kw - safe_kw) <= tolerance_kw

    async def _write(self, setpoint_kw: float) -> Outcome:
        known_kw = dict.fromkeys((*self.written.setpoints_kw, setpoint_kw))
        known_kw.pop(setpoint_kw)
        self.written = Written(setpoints_kw=(*known_kw, setpoint_kw))
        return await self._device.write(setpoint_kw)

    def _renew_s(self) -> float:
        kept_s = self._device.kept_s
        return RENEW_S if kept_s is None else min(RENEW_S, kept_s / 3.0)

    def _safe_kw(self) -> float | None:
        """Give the safe state inside the limit found on the device: no hand-back releases that."""
        safe_state = self._device.asset.safe_state
        if safe_state is None or safe_state.power_kw is None:
            return None
        safe_kw = safe_state.power_kw
        if self._present.limit_kw_min is not None:
            safe_kw = max(safe_kw, self._present.limit_kw_min)
        if self._present.limit_kw_max is not None:
            safe_kw = min(safe_kw, self._present.limit_kw_max)
        return safe_kw

    def _releases_a_limit(self) -> bool:
        """Tell whether falling back would lift a limit that somebody else set."""
        falls_to_kw, present = self._device.falls_to_kw, self._present
        if falls_to_kw is None:
            return False
        low_kw, high_kw = present.limit_kw_min, present.limit_kw_max
        return (low_kw is not None and falls_to_kw < low_kw) or (
            high_kw is not None and falls_to_kw > high_kw
        )

    def _all_kw(self, moves: tuple[Move, ...]) -> tuple[float, ...]:
        """Give every value that the test may write, but a limit that somebody else set."""
        silent_kw = silence_kw(self._device.asset, moves[-1].setpoint_kw, self._size, self._present)
        told_kw = (*(move.setpoint_kw for move in moves), silent_kw)
        kept_kw = (self._present.limit_kw_min, self._present.limit_kw_max)
        all_kw = dict.fromkeys((*told_kw, self._safe_kw()))
        return tuple(value for value in all_kw if value is not None and value not in kept_kw)

    @staticmethod
    def _step(name: StepName, verdict: Verdict, words: str, **values: float | None) -> Step:
        return Step(name=name, verdict=verdict, words=(words,), values=values)


def _is_decided(courses: list[Course]) -> bool:
    """Tell whether the last looks agree that it arrived, or that it goes the wrong way."""
    last = set(courses[-ARRIVED_LOOKS:])
    return len(courses) >= ARRIVED_LOOKS and last in ({Course.ARRIVED}, {Course.WRONG_WAY})


def _power_kw(reading: Reading | None) -> float | None:
    return None if reading is None or reading.quality is not Quality.GOOD else reading.value


def _falls_back(held: Reading | None, safe_kw: float | None, *, tolerance_kw: float) -> bool:
    """Tell whether the device shows that it holds its safe state; own control holds nothing."""
    if held is None:
        return False
    if safe_kw is None:
        return held.quality is Quality.NOT_IMPLEMENTED
    return held.value is not None and abs(held.value - safe_kw) <= tolerance_kw


def _of(outcome: Outcome) -> str:
    if isinstance(outcome, Applied):
        return f"holds {outcome.read_back_kw:,.1f} kW"
    held = f"the device holds {outcome.read_back_kw:,.1f} kW: " if isinstance(outcome, Limited) else ""
    return f"{type(outcome).__name__.lower()}: {held}{outcome.reason}"
