"""What an asset does, was told and answered, as phrases: words and magnitudes, never a bare sign."""

from collections.abc import Sequence
from typing import assert_never

from dashboard.assets import Value
from dashboard.balance import IDLE_KW, Group, GroupTotal
from dashboard.language import NOTHING, Words
from dashboard.picture import Notice, Picture
from energy.domain import Applied, Limited, Outcome, Point, Rejected, Unreachable
from energy.region.battery import Battery
from energy.region.machine import Machine
from energy.region.model import Asset, Region

CENT_EUR = 0.01
MUNICIPALITY = "municipality."
"""What a plan calls a municipality whose exchange is limited begins with this."""
WISH = "wish_"
"""Parts of a plan's cost with this in front are nobody's bill but what the region wishes."""
NAMES_MAX = 6
"""How many names one sentence carries."""

GROUP_KINDS = {"storage": "battery", "exchange": "grid_point"}
"""Groups whose direction is worth a word, and the kind that has it."""


def side(power_kw: float) -> str:
    """Name the direction of a power in our sign: in draws, out feeds in, none does neither."""
    if abs(power_kw) <= IDLE_KW:
        return "none"
    return "in" if power_kw > 0.0 else "out"


def target_name(words: Words, region: Region, target_id: str) -> str:
    """Name whatever an alarm points at: the region, an asset, or the raw id where nobody has it."""
    if target_id == region.id:
        return words.name(region.name)
    places = {f"{MUNICIPALITY}{place.id}": place.name for place in region.municipalities}
    if target_id in places:
        return words.name(places[target_id])
    return next((words.name(asset.name) for asset in region.assets if asset.id == target_id), target_id)


def names(words: Words, region: Region, asset_ids: Sequence[str]) -> str:
    """List assets by name, the first few of many."""
    shown = [target_name(words, region, asset_id) for asset_id in asset_ids[:NAMES_MAX]]
    more = len(asset_ids) - len(shown)
    return ", ".join(shown) + (f" +{more}" if more else "")


def municipality(words: Words, region: Region, asset: Asset) -> str:
    """Name the municipality of an asset."""
    found = (item for item in region.municipalities if item.id == asset.municipality)
    return next((words.name(item.name) for item in found), NOTHING)


def notice_time(words: Words, picture: Picture, notice: Notice) -> str:
    """Say the moment that a notice speaks of."""
    if notice.key == "plan_expired" and picture.plan is not None:
        return words.moment(picture.plan.issued_at, "EEE HH:mm")
    return words.moment(picture.status.at if picture.status is not None else None)


def stored(words: Words, picture: Picture) -> str:
    """Say what all stores hold together; nothing where one of them is unknown."""
    stores = [row for row in picture.rows if isinstance(row.asset, Battery)]
    held = [row.values[Point.ENERGY_KWH].value for row in stores if Point.ENERGY_KWH in row.values]
    known = [energy_kwh for energy_kwh in held if energy_kwh is not None]
    if not stores or len(known) < len(stores):
        return NOTHING
    capacity_kwh = sum(row.asset.energy_kwh_capacity for row in stores if isinstance(row.asset, Battery))
    fraction = words.fraction(sum(known) / capacity_kwh)
    return words.text("detail.stored", fraction=fraction, energy=words.energy(sum(known)))


def exchange_use(words: Words, picture: Picture) -> str:
    """Say how much of the agreed power the exchange uses in its direction."""
    power_kw = picture.balance.group(Group.EXCHANGE).power_kw
    if power_kw is None:
        return NOTHING
    point = picture.region.grid_point
    limit_kw = point.power_kw_import_max if power_kw >= 0.0 else point.power_kw_export_max
    return words.text("detail.exchange", fraction=words.fraction(abs(power_kw) / limit_kw))


def direction(words: Words, kind: str, power_kw: float | None) -> str:
    """Say in a word what an asset of the kind does."""
    if power_kw is None:
        return words.text("value.none")
    way = side(power_kw)
    special = f"direction.{kind}.{way}"
    return words.text(special if words.knows(special) else f"direction.{way}")


def group_direction(words: Words, total: GroupTotal) -> str | None:
    """Say in a word what a group does; None where its name says it already."""
    kind = GROUP_KINDS.get(total.group)
    if kind is None or total.power_kw is None:
        return None
    return direction(words, kind, total.power_kw)


def share_name(words: Words, kind: str, way: str) -> str:
    """Name one side's part of the balance."""
    special = f"share.{way}.{kind}"
    return words.text(special) if words.knows(special) else words.code("kind", kind)


def setpoint_words(words: Words, point: Point, power_kw: float) -> str:
    """Say a value of a commanded point."""
    key = f"setpoint.{point}"
    if point is Point.POWER_KW_SETPOINT:
        key = f"{key}.{side(power_kw)}"
    power = words.power(power_kw)
    return words.text(key, power=power) if words.knows(key) else f"{point} {power}"


def outcome_code(outcome: Outcome) -> str:
    """Name the outcome's kind."""
    match outcome:
        case Applied():
            return "applied"
        case Limited():
            return "limited"
        case Rejected():
            return "rejected"
        case Unreachable():
            return "unreachable"
        case _:
            assert_never(outcome)


def outcome_detail(words: Words, outcome: Outcome) -> str | None:
    """Say what else is known of an outcome: what the device holds, or why."""
    match outcome:
        case Applied():
            return None
        case Limited():
            return words.text("outcome.limited_at", power=words.power(outcome.read_back_kw))
        case Rejected() | Unreachable():
            return None
        case _:
            assert_never(outcome)


def outcome_reason(outcome: Outcome) -> str | None:
    """Give the technical reason of an outcome that is not what was asked."""
    return None if isinstance(outcome, Applied) else outcome.reason or None


def quality(words: Words, value: Value) -> str:
    """Say how far a value may be believed."""
    if value.quality is None:
        return words.text("quality.missing")
    if value.freshness == "old":
        return words.text("quality.old")
    return words.code("quality", value.quality)


def feeder(words: Words, region: Region, asset: Asset) -> str:
    """Name the feeder of an asset; empty where it stands at the busbar."""
    return "" if asset.feeder is None else target_name(words, region, asset.feeder)


def kinds_of(region: Region, kinds: Sequence[str]) -> list[str]:
    """Keep the kinds that the region has."""
    there = {asset.kind for asset in region.assets}
    return [kind for kind in kinds if kind in there]


def machines(region: Region) -> list[Asset]:
    """List what starts and stops."""
    return [asset for asset in region.assets if isinstance(asset, Machine)]


def cost_parts(words: Words, picture: Picture) -> list[tuple[str, str]]:
    """Say what the plan is expected to cost, part by part, an income by its word; empty without a plan.

    What the region only wishes is no part of the sum.
    """
    if picture.plan is None or not picture.plan.objective_eur:
        return []
    parts = picture.plan.objective_eur
    wishes_eur = sum(cost_eur for name, cost_eur in parts.items() if name.startswith(WISH))
    spoken = [
        (words.code("part", name), _amount(words, cost_eur))
        for name, cost_eur in parts.items()
        if abs(cost_eur) >= CENT_EUR
    ]
    if abs(wishes_eur) >= CENT_EUR:
        spoken.append((words.text("part.wishes"), _amount(words, wishes_eur)))
    return [(words.text("part.sum"), _amount(words, sum(parts.values()) - wishes_eur)), *spoken]


def _amount(words: Words, cost_eur: float) -> str:
    amount = words.money(cost_eur)
    return words.text("costs.income", amount=amount) if cost_eur < 0.0 else amount
