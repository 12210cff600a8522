"""One moment as people see it, made from what the record says; pure, the same for every language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from dashboard.assets import AssetRow, Freshness, Readings, rows_of
from dashboard.balance import Balance, balance_of
from dashboard.devices import DeviceRow, devices_of
from dashboard.networks import Known, Network, Reservoir, heat_of, hydrogen_of, water_of
from dashboard.places import FeederRow, MunicipalityRow, feeders_of, municipalities_of
from dashboard.presence import Heard, Presence, controller_now, presence_of
from energy.conduct import Conduct, Score
from energy.domain import Alarm, Outcome, Plan, Point, Quality, Severity, Status, Unreachable
from energy.periods import PERIOD, period_start
from energy.region.model import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHead:
    """The last entry of the ledger: how many there are and its hash."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """By asset, the seconds of the last 24 hours and of the last 7 days."""

    day: Mapping[str, Score] = field(default_factory=lambda: MappingProxyType({}))
    week: Mapping[str, Score] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What the record said at one look; ``trouble`` says why it could not be read at all."""

    trouble: str | None = None
    heard: Heard | None = None
    readings: Readings = field(default_factory=lambda: MappingProxyType({}))
    outcomes: Mapping[str, Outcome] = field(default_factory=lambda: MappingProxyType({}))
    conduct: Mapping[str, Conduct] = field(default_factory=lambda: MappingProxyType({}))
    scores: Scores = field(default_factory=Scores)
    plan: Plan | None = None
    plan_before: Plan | None = None
    """The plan before, where the latest begins only with the next quarter hour."""
    ledger_readable: bool = False
    ledger_head: LedgerHead | None = None


class PlanState(StrEnum):
    """Whether there is a plan for the present."""

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that is wrong with what is shown; ``key`` names its words, ``asset_ids`` whom it concerns."""

    key: str
    severity: Severity
    asset_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """All that the page shows of one moment."""

    region: Region
    presence: Presence
    trouble: str | None
    heard: Heard | None
    now: datetime | None
    plan: Plan | None
    plan_before: Plan | None
    plan_state: PlanState
    rows: tuple[AssetRow, ...]
    devices: tuple[DeviceRow, ...]
    balance: Balance
    heat: tuple[Network, ...]
    hydrogen: tuple[Network, ...]
    water: tuple[Reservoir, ...]
    feeders: tuple[FeederRow, ...]
    municipalities: tuple[MunicipalityRow, ...]
    notices: tuple[Notice, ...]
    ledger_readable: bool
    ledger_head: LedgerHead | None

    @property
    def status(self) -> Status | None:
        """The controller's last status."""
        return self.heard.status if self.heard is not None else None

    @property
    def live(self) -> bool:
        """Whether any number may be shown as the present one."""
        return self.presence is Presence.LIVE

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The controller's alarms; empty also when it was never heard."""
        return self.status.alarms if self.status is not None else ()

    @property
    def alarms_by_target(self) -> Mapping[str, tuple[Alarm, ...]]:
        """The alarms by what they point at."""
        found: dict[str, tuple[Alarm, ...]] = {}
        for alarm in self.alarms:
            found[alarm.target_id] = (*found.get(alarm.target_id, ()), alarm)
        return found

    @property
    def devices_by_id(self) -> Mapping[str, DeviceRow]:
        """The devices by their asset."""
        return {device.row.asset.id: device for device in self.devices}

    @property
    def plan_now(self) -> Plan | None:
        """The plan that says what is planned in this quarter hour: the latest may begin with the next."""
        if self.plan is None or self.plan_before is None or self.now is None:
            return self.plan
        return self.plan if self.plan.start <= period_start(self.now) else self.plan_before

    @property
    def plan_end(self) -> datetime | None:
        """The first moment that the plan does not cover."""
        return _end(self.plan) if self.plan is not None else None


def picture_of(region: Region, look: Look) -> Picture:
    """Draw the picture.

    While the controller is silent the balance is the last one it recorded, judged at its last status, so
    that the page can show it greyed and say of when it is; the rows' ages grow on.
    """
    presence = Presence.UNRECORDED
    if look.trouble is None:
        presence = presence_of(look.heard, tick_s=region.control.tick_s)
    now = controller_now(look.heard, presence) if look.heard is not None else None
    rows = rows_of(region, look.readings, outcomes=look.outcomes, now=now) if now is not None else ()
    rows = rows or _unread_rows(region)
    plan_state = _plan_state(look.plan, now)
    known = _known(region, look)
    powers_kw = {asset.id: known.get((asset.id, Point.POWER_KW)) for asset in region.assets}
    alarms = look.heard.status.alarms if look.heard is not None else ()
    return Picture(
        region=region,
        presence=presence,
        trouble=look.trouble,
        heard=look.heard,
        now=now,
        plan=look.plan,
        plan_before=look.plan_before,
        plan_state=plan_state,
        rows=rows,
        devices=devices_of(
            rows, conduct=look.conduct, day=look.scores.day, week=look.scores.week, alarms=alarms
        ),
        balance=balance_of(region, powers_kw),
        heat=heat_of(region, known),
        hydrogen=hydrogen_of(region, known),
        water=water_of(region, known),
        feeders=feeders_of(region, known, alarms),
        municipalities=municipalities_of(region, known),
        notices=_notices(presence, plan_state, rows),
        ledger_readable=look.ledger_readable,
        ledger_head=look.ledger_head,
    )


def _unread_rows(region: Region) -> tuple[AssetRow, ...]:
    return tuple(
        AssetRow(
            asset=asset,
            authority=region.authority_of(asset),
            values=MappingProxyType({}),
            outcome=None,
        )
        for asset in region.assets
    )


def _known(region: Region, look: Look) -> Known:
    if look.heard is None:
        return {}
    rows = rows_of(region, look.readings, outcomes={}, now=look.heard.status.at)
    return {
        (row.asset.id, point): value.live
        for row in rows
        for point, value in row.values.items()
        if value.live is not None
    }


def _plan_state(plan: Plan | None, now: datetime | None) -> PlanState:
    if plan is None:
        return PlanState.NONE
    return PlanState.IN_FORCE if now is None or now < _end(plan) else PlanState.EXPIRED


def _end(plan: Plan) -> datetime:
    return plan.start + plan.periods * PERIOD


def _notices(presence: Presence, plan_state: PlanState, rows: tuple[AssetRow, ...]) -> tuple[Notice, ...]:
    if presence is not Presence.LIVE:
        return (Notice(key=presence.value, severity=Severity.ALARM),)
    notices: list[Notice] = []
    unreachable = tuple(row.asset.id for row in rows if _is_unreachable(row))
    if unreachable:
        notices.append(Notice(key="unreachable", severity=Severity.ALARM, asset_ids=unreachable))
    stale = tuple(row.asset.id for row in rows if row.main.freshness is not Freshness.FRESH)
    if stale:
        notices.append(Notice(key="stale", severity=Severity.WARNING, asset_ids=stale))
    if plan_state is PlanState.NONE:
        notices.append(Notice(key="no_plan", severity=Severity.WARNING))
    elif plan_state is PlanState.EXPIRED:
        notices.append(Notice(key="plan_expired", severity=Severity.WARNING))
    return tuple(notices)


def _is_unreachable(row: AssetRow) -> bool:
    return row.main.quality is Quality.COMM_ERROR or isinstance(row.outcome, Unreachable)
