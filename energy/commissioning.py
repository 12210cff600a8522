"""What the point-to-point test of an asset proves, how it is judged, and what its protocol says; pure.

A test compares what the device shows on its own display with what we read, proves the sign by a small
actuation and the watchdog by silence. Its protocol counts for one fingerprint: a device with another address,
register map or nameplate is another device.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from energy.domain import Authority, Point
from energy.errors import RecordBroken
from energy.periods import format_utc, parse_utc

KIND = "commission"
"""The ledger's kind of entry that holds a protocol."""
KIND_BEGUN = "commission_begun"
"""The ledger's kind of entry that says what a test is about to write, before it is written."""
FLOWS = (Point.POWER_KW, Point.HEAT_KW, Point.HYDROGEN_KW)
"""What is measured with a sign that a register map may have the wrong way round."""
TOLERANCE_FRACTION = 0.02
"""Of the nameplate: what meters of class 2 err (IEC 62053-21), the coarsest in use."""
STEP_FRACTION = 0.05
"""Of the nameplate: more than twice the tolerance, so no noise, and little for any grid."""
SIGN_TOLERANCES = 2.0
"""A display proves a sign from so many tolerances on: twice the distance at which +x and -x could be one."""
STEP_TOLERANCES = 2.5
"""A step is at least this many tolerances, where a register is so coarse that the fraction is less: a device
that arrives exactly shows enough to prove its sign."""


class Verdict(StrEnum):
    """What a step, or a whole test, ended with."""

    PASSED = "passed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    """Nothing was disproved, but something could not be proved now."""


class StepName(StrEnum):
    """The steps, in their order."""

    IDENTITY = "identity"
    READINGS = "readings"
    SIGN = "sign"
    WATCHDOG = "watchdog"
    HAND_BACK = "hand_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its verdict, what a person reads of it, and the values as JSON data."""

    name: StepName
    verdict: Verdict
    words: tuple[str, ...]
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissioningProtocol:
    """What the ledger keeps of a test.

    ``sent_kw`` is what was written, so that a later start knows a bound on the device for ours; a limit that
    was found there is not among it. ``latches`` says that the device keeps a value for ever when nobody
    renews it.
    """

    asset_id: str
    kind: str
    device: str
    map_name: str
    fingerprint: str
    tester: str
    witness: str
    simulated: bool
    started_at: datetime
    ended_at: datetime
    required: tuple[StepName, ...]
    steps: tuple[Step, ...]
    sent_kw: tuple[float, ...] = ()
    latches: bool = False

    @property
    def verdict(self) -> Verdict:
        """Failed if any step failed; passed if every required step passed; incomplete otherwise."""
        verdicts = {step.name: step.verdict for step in self.steps}
        if Verdict.FAILED in verdicts.values():
            return Verdict.FAILED
        whole = all(verdicts.get(name) is Verdict.PASSED for name in self.required)
        return Verdict.PASSED if whole and Verdict.INCOMPLETE not in verdicts.values() else Verdict.INCOMPLETE

    @property
    def authority_max(self) -> Authority:
        """How far the controller may act after this test: a device that latches bears no automatic."""
        if self.verdict is not Verdict.PASSED:
            return Authority.OBSERVE
        return Authority.ADVISE if self.latches else Authority.AUTOMATIC

    def body(self) -> dict[str, Any]:
        """Give it as the ledger's JSON data."""
        return {
            "asset_id": self.asset_id,
            "kind": self.kind,
            "device": self.device,
            "map": self.map_name,
            "fingerprint": self.fingerprint,
            "tester": self.tester,
            "witness": self.witness,
            "simulated": self.simulated,
            "started_at": format_utc(self.started_at),
            "ended_at": format_utc(self.ended_at),
            "verdict": self.verdict.value,
            "authority_max": self.authority_max.value,
            "latches": self.latches,
            "sent_kw": list(self.sent_kw),
            "required": [name.value for name in self.required],
            "steps": [
                {
                    "name": step.name.value,
                    "verdict": step.verdict.value,
                    "words": list(step.words),
                    "values": dict(step.values),
                }
                for step in self.steps
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTest:
    """What counts of an earlier test."""

    asset_id: str
    fingerprint: str
    verdict: Verdict
    authority_max: Authority
    simulated: bool
    ended_at: datetime
    tester: str
    witness: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an asset stands: ``changed`` was tested, but as another device, map or nameplate."""

    state: Literal["passed", "failed", "incomplete", "changed", "never"]
    last: PastTest | None = None

    @property
    def authority_max(self) -> Authority:
        """How far the controller may act on the asset."""
        if self.state == "passed" and self.last is not None:
            return self.last.authority_max
        return Authority.OBSERVE


def past_test_of(body: Mapping[str, Any]) -> PastTest:
    """Read a test from a ledger entry's body.

    Raises:
        RecordBroken: the body is none of a protocol.
    """
    try:
        return PastTest(
            asset_id=str(body["asset_id"]),
            fingerprint=str(body["fingerprint"]),
            verdict=Verdict(body["verdict"]),
            authority_max=Authority(body["authority_max"]),
            simulated=bool(body["simulated"]),
            ended_at=parse_utc(body["ended_at"]),
            tester=str(body["tester"]),
            witness=str(body["witness"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordBroken(f"a protocol of a point-to-point test cannot be read: {error!r}") from error


def standing_of(tests: Iterable[PastTest], *, asset_id: str, fingerprint: str) -> Standing:
    """Tell where an asset stands after its tests, given oldest first.

    The last test with the present fingerprint that passed or failed decides: an incomplete one disproves
    nothing. A test against a simulated device proves nothing of a real one and never counts.
    """
    own = [test for test in tests if test.asset_id == asset_id and not test.simulated]
    if not own:
        return Standing(state="never")
    present = [test for test in own if test.fingerprint == fingerprint]
    if not present:
        return Standing(state="changed", last=own[-1])
    judged = [test for test in present if test.verdict is not Verdict.INCOMPLETE]
    if not judged:
        return Standing(state="incomplete", last=present[-1])
    last = judged[-1]
    return Standing(state="passed" if last.verdict is Verdict.PASSED else "failed", last=last)


_RANKS = (Authority.OBSERVE, Authority.ADVISE, Authority.APPROVE, Authority.AUTOMATIC)


def is_beyond(authority: Authority, authority_max: Authority) -> bool:
    """Tell whether an authority goes further than it may."""
    return _RANKS.index(authority) > _RANKS.index(authority_max)


def tolerance_of(scale: float, step: float) -> float:
    """Give how far two values of one quantity may lie apart: a share of its scale, at least one raw step.

    Args:
        scale: the nameplate of a power, the capacity of a store, else the value itself; a magnitude.
        step: what one step of the register is worth, in the same unit.
    """
    return max(TOLERANCE_FRACTION * abs(scale), abs(step))


def step_kw_of(nameplate_kw: float, tolerance_kw: float) -> float:
    """Give the size of the actuation that proves a sign, kW."""
    return max(STEP_FRACTION * nameplate_kw, STEP_TOLERANCES * tolerance_kw)


_DIRECTIONS = MappingProxyType(
    {
        **dict.fromkeys(("charges", "draws", "imports", "laedt", "lädt", "bezieht"), 1.0),
        **dict.fromkeys(("discharges", "feeds in", "exports", "entlaedt", "entlädt", "speist ein"), -1.0),
    }
)
_FLOW = re.compile(r"(?P<word>[a-zä ]+?) ?(?P<size>\d+(?:[.,]\d+)?) ?(?:kw)?")


def flow_kw_of(text: str) -> float | None:
    """Read a direction and a magnitude, English or German, in our sign; None if it is not exactly that.

    A magnitude of nothing needs no direction. A sign is not taken: each maker's display has its own.

    >>> flow_kw_of("discharges 98,5 kW")
    -98.5
    >>> flow_kw_of("feeds_in=3200")
    -3200.0
    >>> flow_kw_of("-100") is None
    True
    """
    plain = " ".join(text.lower().replace("_", " ").replace("=", " ").replace(" with ", " ").split())
    if plain in {"0", "0 kw"}:
        return 0.0
    found = _FLOW.fullmatch(plain)
    direction = None if found is None else _DIRECTIONS.get(found["word"])
    if found is None or direction is None:
        return None
    return direction * float(found["size"].replace(",", "."))


def agrees(shown: float, read: Sequence[float], *, tolerance: float) -> bool:
    """Tell whether the display's number fits what we read just before and just after it was read out."""
    if not read or not all(math.isfinite(value) for value in (shown, *read)):
        return False
    return min(read) - tolerance <= shown <= max(read) + tolerance


class Course(StrEnum):
    """How a power goes after it was told to move."""

    ARRIVED = "arrived"
    UNDER_WAY = "under_way"
    WRONG_WAY = "wrong_way"
    BEYOND = "beyond"
    """It moved the right way, but further than it was told: nature may have done that."""


def course_of(
    now_kw: float, *, before_kw: float, setpoint_kw: float, tolerance_kw: float, turned_kw: float
) -> Course:
    """Judge a power against where it was and where it shall be, all in our sign.

    Args:
        now_kw: the power now.
        before_kw: the power before the setpoint was written.
        setpoint_kw: where it shall be.
        tolerance_kw: how far it may lie off.
        turned_kw: moved this far against the wanted direction, it goes the wrong way.
    """
    if abs(now_kw - setpoint_kw) <= tolerance_kw:
        return Course.ARRIVED
    direction = math.copysign(1.0, setpoint_kw - before_kw)
    if (now_kw - before_kw) * direction <= -turned_kw:
        return Course.WRONG_WAY
    return Course.BEYOND if (now_kw - setpoint_kw) * direction > tolerance_kw else Course.UNDER_WAY


_UNITS = {"kw": "kW", "kwh": "kWh", "m3": "m3", "c": "degC", "s": "s", "": ""}
_SAID_AS_FLOWS = frozenset({*FLOWS, Point.POWER_KW_AVAILABLE})
_COMMANDS = frozenset({Point.POWER_KW_SETPOINT, Point.POWER_KW_MIN, Point.POWER_KW_MAX})


def in_words(point: Point, value: float | None, *, kind: str) -> str:
    """Say a value as people read it: a direction and a magnitude, never a bare sign.

    >>> in_words(Point.POWER_KW, -12.34, kind="pv")
    'feeds in 12.3 kW'
    >>> in_words(Point.POWER_KW, 100.0, kind="battery")
    'charges with 100.0 kW'
    """
    if value is None:
        return "no value"
    if point in _SAID_AS_FLOWS | _COMMANDS:
        return f"{_direction(value, kind=kind, inward=point is not Point.POWER_KW_MAX)}{abs(value):,.1f} kW"
    return f"{value:,.1f} {_UNITS[point.unit]}".rstrip()


def _direction(value_kw: float, *, kind: str, inward: bool) -> str:
    if round(abs(value_kw), 1) == 0.0:
        return ""
    if value_kw < 0.0:
        return "discharges with " if kind == "battery" else "feeds in "
    if kind == "grid_point":
        return "imports "
    return "charges with " if kind == "battery" and inward else "draws "
