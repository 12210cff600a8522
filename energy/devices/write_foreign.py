"""What somebody else set on a device, kept as it was found: it outlives us, whoever writes it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from energy.devices.write_economy import Foreign
from energy.domain import Point


class ForeignRecord(Protocol):
    """Where such bounds are kept beyond this process."""

    def foreign(self, asset_id: str) -> Foreign | None:
        """Give what is kept of an asset."""
        ...

    def keep_foreign(self, asset_id: str, foreign: Foreign) -> None:
        """Keep it in place of what was kept, durably before it returns."""
        ...

    def forget_foreign(self, asset_id: str) -> None:
        """Keep nothing of an asset any more."""
        ...


class ForeignBound:
    """The bound that somebody else set on one device, as far as we know."""

    def __init__(self, asset_id: str, record: ForeignRecord) -> None:
        self._asset_id = asset_id
        self._record = record
        self._known: Foreign | None = None
        self._is_read = False

    @property
    def known(self) -> Foreign | None:
        """Give it, None where there is none.

        Raises:
            StoreUnavailable, RecordBroken: the record cannot be read.
        """
        if not self._is_read:
            self._known = self._record.foreign(self._asset_id)
            self._is_read = True
        return self._known

    def note(self, known: Foreign | None) -> None:
        """Take over what is known now, in the record first; raises like ``known``."""
        if known == self.known:
            return
        if known is None:
            self._record.forget_foreign(self._asset_id)
        else:
            self._record.keep_foreign(self._asset_id, known)
        self._known = known


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a sweep shows of a bound and of its timers.

    ``registers`` holds the raw numbers of the arming steps, what is shown and what we write, by their names.
    """

    point: Point
    held_kw: float
    is_free: bool
    is_ours: bool
    """True where the timers are those that we set."""
    registers: Mapping[str, tuple[float, float]]
    told_kw: float | None
    """What we last wrote, None before the first write of this process."""
    tolerance_kw: float


def known_after(known: Foreign | None, look: Look) -> Foreign | None:
    """Give what is known of somebody else's bound after a look at the device.

    Without our timers, a free device was freed by somebody else, and a value that is not the one that we last
    wrote was set by them. Of two such bounds the tighter one is kept, as the controller does, until a person
    releases it. A timer that shows our number may be ours, left by a write that was cut off: there the one
    known before stays.
    """
    if look.is_ours:
        return known
    if look.is_free:
        return None
    is_known = known is not None and abs(look.held_kw - known.power_kw) <= look.tolerance_kw
    is_told = look.told_kw is not None and abs(look.held_kw - look.told_kw) <= look.tolerance_kw
    if is_told and not is_known:
        return known
    before = {} if known is None else known.raws
    raws = {
        name: before.get(name, shown) if shown == ours else shown
        for name, (shown, ours) in look.registers.items()
    }
    if known is None:
        return Foreign(power_kw=look.held_kw, raws=raws)
    power_kw = known.power_kw if is_known else tighter_kw(look.point, known.power_kw, look.held_kw)
    return Foreign(power_kw=power_kw, raws=raws)


def kept_for(
    asked_kw: float, known: Foreign | None, seen: Foreign | None, look: Look, *, is_duty: bool
) -> Foreign | None:
    """Choose what stays known once ``asked_kw`` is written: the bound just seen, or the one before it.

    The controller never asks for more than a bound that it keeps: who does so without a duty had a person
    release it. A bound that the controller has not taken up yet is not worth more than the one that it keeps.
    """
    for bound in (seen, known):
        if bound is None or not _exceeds(look, asked_kw, bound.power_kw):
            return bound
    return known if is_duty else None


def tighter_kw(point: Point, one_kw: float, other_kw: float) -> float:
    """Give the bound that leaves less room."""
    return max(one_kw, other_kw) if point is Point.POWER_KW_MIN else min(one_kw, other_kw)


def _exceeds(look: Look, asked_kw: float, bound_kw: float) -> bool:
    more_kw = bound_kw - asked_kw if look.point is Point.POWER_KW_MIN else asked_kw - bound_kw
    return more_kw > look.tolerance_kw
