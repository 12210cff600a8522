"""Doubts what a device shows over time: what stands still or leaps though it cannot, again and again.

It runs on the moments of the sweeps, never on a clock, and holds a little state for each point of one line.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from energy.devices.watch_frozen import FrozenWatch
from energy.devices.watch_jump import JumpWatch
from energy.devices.watch_restless import RestlessWatch
from energy.domain import Point, Quality
from energy.region.model import Asset, Region

VALUE_DOUBTED = "value_doubted"
VALUE_BELIEVED = "value_believed_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a person should be able to read in the log about a point: a change, never its repetition."""

    event: str
    point: Point
    detail: str


class Watch:
    """The doubts about one line."""

    def __init__(self, region: Region, asset: Asset) -> None:
        self._jumps = JumpWatch(region, asset)
        self._frozen = FrozenWatch(region, asset)
        self._restless = RestlessWatch()
        self._doubted: dict[Point, Quality] = {}

    def judge(
        self,
        values: Mapping[Point, float],
        *,
        at_s: float,
        held_kw: float | None,
        steps: Mapping[Point, float],
        impossible: Collection[Point] = (),
    ) -> dict[Point, Quality]:
        """Give the points whose good values must not be believed, and why.

        Args:
            values: the good values of one sweep.
            at_s: its moment, Unix seconds.
            held_kw: what the device holds in effect; None where that is unknown.
            steps: what one step of the raw number of an integer is worth.
            impossible: the points whose values of this sweep lie outside what their asset could be.
        """
        doubts = self._jumps.judge(values, at_s=at_s, steps=steps)
        if doubts:
            values = {point: value for point, value in values.items() if point not in doubts}
            impossible = {*impossible, *doubts}
        doubts.update(self._frozen.judge(values, at_s=at_s, held_kw=held_kw, steps=steps))
        for point in self._restless.judge(impossible, at_s=at_s):
            if point in values:
                doubts[point] = Quality.IMPLAUSIBLE
        return doubts

    def miss(self) -> None:
        """Notice that a sweep failed: nothing is known of what stood still meanwhile."""
        self._frozen.miss()

    def notices(self, doubts: Mapping[Point, Quality]) -> Iterator[Notice]:
        """Give what changed since the last sweep that was asked about."""
        if doubts == self._doubted:
            return
        before, self._doubted = self._doubted, dict(doubts)
        for point, quality in doubts.items():
            if before.get(point) is not quality:
                yield Notice(event=VALUE_DOUBTED, point=point, detail=quality.value)
        for point, quality in before.items():
            if point not in doubts:
                yield Notice(event=VALUE_BELIEVED, point=point, detail=f"was {quality.value}")
