"""One asset's device: what is asked of it, what it showed last, and whether it has answered lately."""

import math
from dataclasses import dataclass
from datetime import datetime

import structlog

from energy.backoff import Backoff
from energy.devices.identity import Identity
from energy.devices.layout import Layout
from energy.devices.nameplate import believable
from energy.devices.pulse import Pulse
from energy.devices.read_plan import Place, ReadBlock, place_of, plan_reads, read_of
from energy.devices.register_map import MapPoint, RegisterMap, Step, Write
from energy.devices.scaling import Scaling
from energy.devices.sweep import SweepDecoder
from energy.devices.watch import VALUE_DOUBTED, Notice, Watch
from energy.devices.write_budget import CountInMemory
from energy.devices.write_economy import Economy
from energy.devices.write_foreign import ForeignBound, ForeignRecord
from energy.devices.write_refusal import Refusal
from energy.domain import Point, Quality
from energy.region.model import Asset, Region

_SHOWN = frozenset({Point.REMOTE, Point.REVERSION_S})
"""What decides whether, and how, a device is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How the asset is dispatched: the point to write, what is known of it, and where it is read back."""

    point: MapPoint
    write: Write
    readback: ReadBlock


class Line:
    """The plan and the state of one asset's device.

    The plan never changes. The state is what a restart may forget: since when the device is failing, when
    it may be tried again, by what its numbers are scaled, and what it holds.
    """

    def __init__(
        self,
        *,
        region: Region,
        asset: Asset,
        content: RegisterMap,
        backoff: Backoff,
        foreign: ForeignRecord | None = None,
    ) -> None:
        self.asset = asset
        self.content = content
        self.unit = asset.device.unit
        self.backoff = backoff
        narrowed = {
            point.name: believable(region, asset, point.name, point.readback_register)
            for point in content.points
        }
        self.blocks: tuple[ReadBlock, ...] = plan_reads(content, narrowed)
        self.endpoint = asset.device.endpoint
        self.command = _command(asset, content)
        self.identity = Identity(content)
        self.scaling = Scaling(asset)
        self.decoder = SweepDecoder(asset, content, self.blocks, self.scaling)
        self.watch = Watch(region, asset)
        self.pulse = _pulse(content)
        self.shown_points = tuple(point.name for point in content.points if point.name in _SHOWN)
        self.economy = Economy()
        self.refusal: Refusal | None = None
        """What it did not take as asked the last time."""
        self.foreign = ForeignBound(asset.id, foreign if foreign is not None else CountInMemory())
        """What somebody else set on it; kept beyond this process where the field has a file."""
        self.held_kw: float | None = None
        """What the device holds in effect; None where that is unknown or nothing is in force."""
        self.held_at: datetime | None = None
        """When that was seen."""
        self.has_answered = False
        self.tried_at_s = -math.inf
        """When it was last tried behind a tick's back, on the clock of the backoffs."""
        self._raw: dict[Place, float | None] = {}
        self._shown: dict[Point, tuple[float | None, Quality]] = {}
        self._failing_since: datetime | None = None
        self._log = structlog.get_logger("energy.devices").bind(
            asset_id=asset.id, device=self.endpoint.name, unit=asset.device.unit
        )

    @property
    def is_failing(self) -> bool:
        """True from the first failure to the next time that everything answers."""
        return self._failing_since is not None

    @property
    def silence(self) -> str:
        """Say since when the device has not answered, for an outcome."""
        if self._failing_since is None:
            return "no answer"
        return f"no answer since {self._failing_since.isoformat()}"

    def multiplier(self, layout: Layout) -> float | None:
        """Give ten to the power of the layout's scale factor times its reference; None while unknown."""
        return self.scaling.multiplier(layout)

    def raw_of(self, step: Step) -> float | None:
        """Give the raw number last seen in a step's register; None while unknown."""
        return self._raw.get(place_of(step.register))

    def note_raw(self, step: Step, number: float | None) -> None:
        """Remember what stands in a step's register; None where it is not known."""
        self._raw[place_of(step.register)] = number

    def shown_of(self, point: Point) -> tuple[float | None, Quality]:
        """Give what a point showed last (``reversion_s``, ``remote``): no answer where it was not read."""
        return self._shown.get(point, (None, Quality.COMM_ERROR))

    def note_shown(self, point: Point, value: float | None, quality: Quality) -> None:
        """Remember what a point shows that decides whether, and how, the device is written."""
        self._shown[point] = (value, quality)

    def note_held(self, held_kw: float | None, at: datetime) -> None:
        """Remember what the device holds in effect."""
        self.held_kw, self.held_at = held_kw, at

    def forget(self, at: datetime) -> None:
        """Know nothing of what the device shows: it went silent, and may come back as another."""
        self.identity.forget()
        self.scaling.forget()
        self.economy.forget()
        self.refusal = None
        self._raw.clear()
        self._shown.clear()
        self.watch.miss()
        self.note_held(None, at)

    def log_notice(self, notice: Notice, at: datetime) -> None:
        """Log what became doubtful, or believed again, about a point."""
        log = self._log.warning if notice.event == VALUE_DOUBTED else self._log.info
        log(notice.event, point=notice.point.value, detail=notice.detail, at=at.isoformat())

    def note_failure(self, reason: str, at: datetime) -> None:
        """Remember a failure; only the first of a row is logged."""
        if self._failing_since is None:
            self._failing_since = at
            self._log.warning("device_failing", reason=reason, at=at.isoformat())

    def note_answer(self) -> None:
        """Remember that the device is there, whatever it says."""
        self.has_answered = True
        self.backoff.clear()

    def note_success(self, at: datetime) -> None:
        """Remember that everything answered; a recovery is logged with how long it took."""
        self.note_answer()
        if self._failing_since is not None:
            failing_s = (at - self._failing_since).total_seconds()
            self._failing_since = None
            self._log.info("device_recovered", failing_s=failing_s, at=at.isoformat())


def _pulse(content: RegisterMap) -> Pulse | None:
    heartbeat = content.heartbeat
    return None if heartbeat is None or heartbeat.shown is None else Pulse(heartbeat.frozen_s)


def _command(asset: Asset, content: RegisterMap) -> Command | None:
    point = content.point(asset.dispatch_point) if asset.dispatch_point is not None else None
    if point is None or point.write is None:
        return None
    return Command(point=point, write=point.write, readback=read_of(point.name, point.readback_register))
