"""Turns assets and their devices into the API's answers."""

from collections.abc import Iterable

from dashboard.asset_schema import (
    AssetAnswer,
    AssetsAnswer,
    ConductAnswer,
    DeviceAnswer,
    DevicesAnswer,
    FollowingAnswer,
    ListedDeviceAnswer,
    OutcomeAnswer,
    ScoreAnswer,
    SetpointAnswer,
    ValueAnswer,
)
from dashboard.assets import AssetRow
from dashboard.devices import DeviceRow
from dashboard.phrases import outcome_code, outcome_reason
from dashboard.picture import Picture
from dashboard.schema import NameAnswer
from energy.conduct import SCORE_FIELDS, Conduct, Score
from energy.domain import Applied, Limited, Outcome, Point


def assets_answer(picture: Picture) -> AssetsAnswer:
    """Describe all assets."""
    return AssetsAnswer(
        at=picture.status.at if picture.status else None,
        presence=picture.presence,
        assets=[_asset(row, picture.devices_by_id.get(row.asset.id)) for row in picture.rows],
    )


def devices_answer(picture: Picture) -> DevicesAnswer:
    """Describe all devices that can be commanded, worst first."""
    return DevicesAnswer(
        at=picture.status.at if picture.status else None,
        presence=picture.presence,
        devices=[_listed(device) for device in picture.devices],
    )


def unit_field(what: str, point: Point) -> str:
    """Name the field of the point's unit; a state, a switch or flags have none."""
    return f"{what}_{point.unit}" if point.unit else what


def _asset(row: AssetRow, device: DeviceRow | None) -> AssetAnswer:
    return AssetAnswer(
        id=row.asset.id,
        kind=row.asset.kind,
        power_kw=row.power_kw,
        freshness=row.main.freshness,
        age_s=row.main.age_s,
        values=list(_values(row)),
        setpoint=_setpoint(row.outcome) if row.outcome else None,
        outcome=_outcome(row.outcome) if row.outcome else None,
        device=_device(device) if device is not None else None,
    )


def _values(row: AssetRow) -> Iterable[ValueAnswer]:
    for point, value in sorted(row.values.items()):
        if value.quality is None or value.age_s is None:
            continue
        yield ValueAnswer(
            point=point,
            quality=value.quality,
            freshness=value.freshness,
            age_s=value.age_s,
            **{unit_field("value", point): value.value},
        )


def _setpoint(outcome: Outcome) -> SetpointAnswer:
    told = outcome.setpoint
    return SetpointAnswer(
        point=told.point,
        power_kw=told.power_kw,
        level=told.level,
        valid_until=told.valid_until,
        reason=told.reason,
    )


def _device(device: DeviceRow) -> DeviceAnswer:
    return DeviceAnswer(
        access=device.access,
        last=_conduct(device.conduct) if device.conduct is not None else None,
        day=_score(device.day),
        week=_score(device.week),
    )


def _listed(device: DeviceRow) -> ListedDeviceAnswer:
    asset, outcome = device.row.asset, device.row.outcome
    answer = _device(device)
    return ListedDeviceAnswer(
        id=asset.id,
        name=NameAnswer(de=asset.name.de, en=asset.name.en),
        kind=asset.kind,
        outcome=_outcome(outcome) if outcome is not None else None,
        access=answer.access,
        last=answer.last,
        day=answer.day,
        week=answer.week,
    )


def _conduct(conduct: Conduct) -> ConductAnswer:
    following = conduct.following
    return ConductAnswer(
        at=conduct.at,
        wanted_kw=conduct.wanted_kw,
        level=conduct.level,
        limited_by=conduct.limited_by,
        sent_kw=conduct.sent_kw,
        reason=conduct.reason,
        following=FollowingAnswer(
            state=following.state,
            held_kw=following.held_kw,
            measured_kw=following.measured_kw,
            tolerance_kw=following.tolerance_kw,
            since=following.since,
            due_at=following.due_at,
            reason=following.reason,
        ),
    )


def _score(score: Score) -> ScoreAnswer:
    return ScoreAnswer(
        followed_fraction=score.followed_fraction,
        asked_s=score.asked_s,
        held_s=score.held_s,
        **{name: getattr(score, name) for name in SCORE_FIELDS},
    )


def _outcome(outcome: Outcome) -> OutcomeAnswer:
    return OutcomeAnswer(
        outcome=outcome_code(outcome),
        at=outcome.at,
        read_back_kw=outcome.read_back_kw if isinstance(outcome, Applied | Limited) else None,
        reason=outcome_reason(outcome),
    )
