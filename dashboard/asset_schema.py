"""What the API answers with for assets and their devices: units in the names, powers in our sign."""

from datetime import datetime

from pydantic import Field

from dashboard.assets import Freshness
from dashboard.devices import Access
from dashboard.presence import Presence
from dashboard.schema import Answer, NameAnswer, PowerKw
from energy.conduct import FollowingState
from energy.domain import Level, Point, Quality


class SetpointAnswer(Answer):
    """What a device was told."""

    point: Point
    power_kw: PowerKw
    level: Level
    valid_until: datetime
    reason: str


class OutcomeAnswer(Answer):
    """What became of a setpoint."""

    outcome: str = Field(description="applied, limited, rejected or unreachable")
    at: datetime
    read_back_kw: PowerKw | None = Field(description="what the device holds; null where that is unknown")
    reason: str | None


class ValueAnswer(Answer):
    """The latest reading of one point; the field of its unit is filled, the others are null."""

    point: Point
    value: float | None = Field(default=None, description="a plain number: a state, a switch, flags")
    value_kw: PowerKw | None = None
    value_kwh: float | None = Field(default=None, description="kWh")
    value_m3: float | None = Field(default=None, description="m3")
    value_c: float | None = Field(default=None, description="degrees Celsius")
    value_s: float | None = Field(default=None, description="s")
    quality: Quality
    freshness: Freshness
    age_s: float = Field(description="s on the controller's clock")


class FollowingAnswer(Answer):
    """Whether the measured power follows what the device holds."""

    state: FollowingState
    held_kw: PowerKw | None
    measured_kw: PowerKw | None
    tolerance_kw: float = Field(description="kW that they may differ by")
    since: datetime | None = Field(description="from when they have differed by more; null: they do not")
    due_at: datetime | None = Field(description="until when they may")
    reason: str = Field(description="technical English; empty where there is nothing to explain")


class ConductAnswer(Answer):
    """A setpoint link by link; what was read back is the asset's outcome."""

    at: datetime
    wanted_kw: PowerKw | None = Field(description="what the level wanted; null: nothing")
    level: Level | None
    limited_by: str | None = Field(description="the rule that changed it, technical English; null: none did")
    sent_kw: PowerKw | None = Field(description="null: nothing was sent, see the reason")
    reason: str = Field(description="technical English")
    following: FollowingAnswer


class ScoreAnswer(Answer):
    """Seconds by what became of setpoints; each counts once."""

    followed_fraction: float | None = Field(
        description="fraction followed of what can be judged, settling and unknown aside; null: nothing can"
    )
    asked_s: float
    held_s: float = Field(description="s held as asked: followed, settling, not followed, or unknown")
    followed_s: float
    settling_s: float
    not_followed_s: float
    unknown_s: float
    limited_s: float = Field(description="s held as something else")
    refused_s: float
    unreachable_s: float


class DeviceAnswer(Answer):
    """What a device does with what it is told."""

    access: Access
    last: ConductAnswer | None = Field(description="null before the first decision")
    day: ScoreAnswer = Field(description="the last 24 hours")
    week: ScoreAnswer = Field(description="the last 7 days")


class AssetAnswer(Answer):
    """One asset at one moment."""

    id: str
    kind: str
    power_kw: PowerKw | None = Field(description="null unless fresh and good")
    freshness: Freshness
    age_s: float | None = Field(description="s on the controller's clock since the power was read")
    values: list[ValueAnswer]
    setpoint: SetpointAnswer | None
    outcome: OutcomeAnswer | None
    device: DeviceAnswer | None = Field(description="null: it is only measured")


class AssetsAnswer(Answer):
    """All assets at one moment."""

    at: datetime | None
    presence: Presence
    assets: list[AssetAnswer]


class ListedDeviceAnswer(DeviceAnswer):
    """A device in the list, worst first."""

    id: str
    name: NameAnswer
    kind: str
    outcome: OutcomeAnswer | None


class DevicesAnswer(Answer):
    """All devices that can be commanded, the worst followed of the last 24 hours first."""

    at: datetime | None
    presence: Presence
    devices: list[ListedDeviceAnswer]
