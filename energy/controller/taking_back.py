"""Setpoints of ours that nobody asks for any more: which devices must be brought to their safe state.

Where plans are only shown, nothing but a person's request is sent. When it ends, the device must not go on
with it: one that latches would do so for ever. What was sent stands until the device holds its safe state.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from energy.arbitration import SAME_KW
from energy.controller.flexible import Flexible, flexible_assets
from energy.domain import Applied, Authority, Image, Limit, Limited, Outcome, Quality
from energy.region.model import Region

TAKEN_BACK = "setpoint_taken_back"
"""A note of the loop: the asset is being brought to its safe state, since nobody asks for what was sent."""
LEFT = "setpoint_left"
"""A note of the loop: what was sent stays on a device that latches, and nobody may or can take it back."""
NEAR_FRACTION = 0.02
"""Of the nameplate: devices round what they are told, to a percent and more."""
CLAIMED_MAX = 8
"""Values sent since the last one that was seen to arrive; any of them may stand there."""
SHOWN_ONLY = frozenset({Authority.ADVISE, Authority.APPROVE})


def is_taken_back(notes: Iterable[str], asset_id: str) -> bool:
    """Tell whether the loop says that the asset is being brought to its safe state."""
    return any(note.startswith(f"{TAKEN_BACK}@{asset_id}: ") for note in notes)


class Claims:
    """What was sent to assets and is not known to be gone; the owner of that state.

    What a device was seen to take is ours until it holds its safe state. What may not have arrived, and what
    only the ledger knows, is ours where the device shows it: anything else there was set by somebody else.

    Args:
        region: the region.
        claimed_kw: by asset, the values that may stand there, as the ledger has them.
        latching: assets whose device keeps its last value for ever, as far as its map knows.
    """

    def __init__(
        self, region: Region, *, claimed_kw: Mapping[str, Sequence[float]], latching: Collection[str]
    ) -> None:
        self._region = region
        self._claimed_kw = {asset_id: tuple(values) for asset_id, values in claimed_kw.items()}
        self._latching = frozenset(latching)
        self._seen: set[str] = set()
        """Assets that were seen to take what we sent, since the start."""
        self._taken_back: frozenset[str] = frozenset()

    @property
    def claimed_kw(self) -> Mapping[str, tuple[float, ...]]:
        """By asset, what may stand there, for the ledger."""
        return dict(self._claimed_kw)

    def look(self, image: Image, *, asked: Collection[str], limits: Sequence[Limit]) -> list[str]:
        """Give a note for each asset that holds something of ours which nobody asks for.

        Args:
            image: what was read.
            asked: assets with an open request.
            limits: the limits in force.
        """
        notes: list[str] = []
        taken_back: set[str] = set()
        for asset in flexible_assets(self._region):
            authority = self._region.authority_of(asset)
            if asset.id not in self._claimed_kw or asset.id in asked or authority is Authority.AUTOMATIC:
                continue
            safe_kw = _safe_kw(asset, limits)
            held_kw, is_free = _held(asset, image)
            if is_free or self._is_settled(asset, held_kw, safe_kw):
                self._forget(asset.id)
            elif held_kw is None and asset.id not in self._seen:
                continue
            elif authority in SHOWN_ONLY and safe_kw is not None:
                taken_back.add(asset.id)
                safe = f"; its safe state is {safe_kw:.0f} kW"
                notes.append(f"{TAKEN_BACK}@{asset.id}: {_words(held_kw)}{safe}")
            elif asset.id in self._latching:
                mend = ", and keeps it: end it on the device itself"
                notes.append(f"{LEFT}@{asset.id}: {_words(held_kw)}{mend}")
        self._taken_back = frozenset(taken_back)
        return notes

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Remember what was sent, and forget what was taken back and is held."""
        for outcome in outcomes:
            asset_id, power_kw = outcome.setpoint.asset_id, outcome.setpoint.power_kw
            safe = self._region.asset(asset_id).safe_state
            is_safe = asset_id in self._taken_back or (safe is not None and power_kw == safe.power_kw)
            match outcome:
                case Applied() if is_safe:
                    self._forget(asset_id)
                case Applied():
                    self._seen.add(asset_id)
                    self._claimed_kw[asset_id] = (outcome.read_back_kw, power_kw)
                case Limited():
                    self._seen.add(asset_id)
                    self._add(asset_id, outcome.read_back_kw, power_kw)
                case _:
                    self._add(asset_id, power_kw)

    def _is_settled(self, asset: Flexible, held_kw: float | None, safe_kw: float | None) -> bool:
        """Tell whether the device holds its safe state by now, or what somebody else has set."""
        if held_kw is None:
            return False
        if safe_kw is not None and abs(held_kw - safe_kw) <= SAME_KW:
            return True
        if asset.id in self._seen:
            return False
        near_kw = max(SAME_KW, NEAR_FRACTION * max(abs(bound) for bound in asset.power_kw_nameplate))
        return all(abs(held_kw - value_kw) > near_kw for value_kw in self._claimed_kw[asset.id])

    def _add(self, asset_id: str, *values_kw: float) -> None:
        known_kw = (*self._claimed_kw.get(asset_id, ()), *values_kw)
        latest_first = tuple(dict.fromkeys(reversed(known_kw)))
        self._claimed_kw[asset_id] = tuple(reversed(latest_first[:CLAIMED_MAX]))

    def _forget(self, asset_id: str) -> None:
        self._claimed_kw.pop(asset_id, None)
        self._seen.discard(asset_id)


def _words(held_kw: float | None) -> str:
    holds = "what it holds is not known" if held_kw is None else f"it holds {held_kw:.0f} kW"
    return f"{holds}; nobody asks any more for what it was sent"


def _safe_kw(asset: Flexible, limits: Sequence[Limit]) -> float | None:
    """Give the safe state inside the limits that hold; None where that is the device's own control."""
    safe = asset.safe_state
    if safe is None or safe.power_kw is None:
        return None
    power_kw = safe.power_kw
    for limit in limits:
        if limit.target_id == asset.id and limit.power_kw_min is not None:
            power_kw = max(power_kw, limit.power_kw_min)
        if limit.target_id == asset.id and limit.power_kw_max is not None:
            power_kw = min(power_kw, limit.power_kw_max)
    return power_kw


def _held(asset: Flexible, image: Image) -> tuple[float | None, bool]:
    """Give what the device holds as read in this very tick, and whether it shows that nothing is in force."""
    point = asset.dispatch_point
    reading = None if point is None else image.readings.get((asset.id, point))
    if point is None or reading is None or reading.measured_at != image.at:
        return None, False
    return image.value(asset.id, point, age_s_max=0.0), reading.quality is Quality.NOT_IMPLEMENTED
