"""What state an asset is in, as phrases: running since, filled how far, whose control, what is planned."""

import math
from collections.abc import Iterator

from dashboard.assets import AssetRow, Value, main_point
from dashboard.balance import Group, group_of
from dashboard.language import Words
from dashboard.networks import Network
from dashboard.phrases import direction, setpoint_words, side
from dashboard.picture import Picture
from energy.domain import Plan, Point, Quality
from energy.periods import period_start, periods_between
from energy.region.battery import Battery
from energy.region.chp import Chp
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.machine import Machine
from energy.region.model import Asset
from energy.region.pumped_reservoir import PumpedReservoir

NOT_ALL = 0.99
RUNNING_MIN = 0.5
"""A planned state of running is 0 or 1 but for a solver's tolerance."""
STORES = Battery | HeatStorage | HydrogenStorage


def doing(words: Words, row: AssetRow) -> str:
    """Say in a word what the asset does."""
    value = row.main.value
    if row.asset.kind == "feeder":
        return flow_word(words, value)
    if isinstance(row.asset, HeatLoad) and value is not None:
        return words.text("direction.in")
    return direction(words, row.asset.kind, value)


def flow_word(words: Words, power_kw: float | None) -> str:
    """Say which way a feeder's power flows."""
    if power_kw is None:
        return words.text("value.unknown")
    return words.text(f"flow.{side(power_kw)}")


def state(words: Words, row: AssetRow) -> str:
    """Say what the asset tells of itself beside its power; a dash where there is nothing to tell."""
    return " · ".join(_state_parts(words, row))


def own_control(words: Words, row: AssetRow, picture: Picture) -> str | None:
    """Name the device's own control if it acts: no setpoint is held, or the last one has run out."""
    safe = row.asset.safe_state
    if safe is None or safe.power_kw is not None or picture.now is None:
        return None
    held = row.point(Point.POWER_KW_SETPOINT)
    lapsed = row.outcome is None or row.outcome.setpoint.valid_until < picture.now
    if held.quality is Quality.NOT_IMPLEMENTED or (held.live is None and lapsed):
        return words.text("setpoint.own_control", control=words.code("safe_state", safe.name))
    return None


def told(words: Words, row: AssetRow, picture: Picture) -> str:
    """Say what the asset holds itself to: its own control, or what it was last told."""
    if picture.status is None:
        return words.text("value.unknown")
    own = own_control(words, row, picture)
    if own is not None:
        return own
    if row.outcome is None:
        return words.text("outcome.none" if row.dispatchable else "setpoint.none")
    told = row.outcome.setpoint
    return command_words(words, row.asset, told.point, told.power_kw)


def planned(words: Words, row: AssetRow, picture: Picture) -> str | None:
    """Say what the plan has for the asset in this quarter hour; None where it says nothing."""
    plan, asset = picture.plan_now, row.asset
    if plan is None or picture.status is None or asset.id not in plan.assets:
        return None
    index = periods_between(plan.start, period_start(picture.status.at))
    if not 0 <= index < plan.periods:
        return None
    running = _state_at(plan, asset.id, "running", index)
    if running is not None and running < RUNNING_MIN:
        return words.text("plan.stands")
    point = main_point(asset)
    value_kw = (
        float(plan.assets[asset.id].power_kw[index])
        if point is Point.POWER_KW
        else _state_at(plan, asset.id, point.value, index)
    )
    if value_kw is None:
        return None
    return f"{words.power(value_kw)} {_planned_word(words, asset, value_kw)}"


def family_total(words: Words, rows: list[AssetRow]) -> str | None:
    """Say what the rows do together where they all are of one group of the balance, generation or demand."""
    groups = {group_of(row.asset) for row in rows}
    if groups not in ({Group.GENERATION}, {Group.CONSUMPTION}):
        return None
    powers = [row.power_kw for row in rows]
    known = [power_kw for power_kw in powers if power_kw is not None]
    if len(known) < len(powers):
        return words.text("value.incomplete")
    return f"{words.power(sum(known))} {direction(words, '', sum(known))}"


def content_word(words: Words, charging_kw: float | None) -> str:
    """Say what a store does, with its power."""
    if charging_kw is None:
        return words.text("content.unknown")
    return words.text(f"content.{side(charging_kw)}", power=words.power(charging_kw))


def own_share(words: Words, picture: Picture) -> str:
    """Say in one sentence how much of its consumption the region covers itself, and where the rest is."""
    fraction = picture.balance.own_fraction
    if fraction is None:
        return words.text("summary.power_unknown")
    exchange_kw = picture.balance.group(Group.EXCHANGE).power_kw
    if exchange_kw is not None and exchange_kw > 0.0:
        fraction = min(fraction, NOT_ALL)  # what imports does not cover all of it, however little comes in
    sentence = words.text("summary.power", fraction=words.fraction(fraction))
    if exchange_kw is None:
        return f"{sentence}."
    rest = words.text(f"summary.exchange.{side(exchange_kw)}", power=words.power(exchange_kw))
    return f"{sentence}{rest}"


def heat_sources(words: Words, network: Network) -> str:
    """Say in one sentence where a network's heat comes from."""
    name = words.name(network.name)
    sources = network.sources
    if sources is None:
        return words.text("summary.heat_unknown", network=name)
    total_kw = sum(source.power_kw for source in sources)
    if total_kw <= 0.0:
        return words.text("summary.heat_none", network=name)
    parts = [
        words.text(
            "summary.source",
            fraction=words.fraction(source.power_kw / total_kw),
            kind=words.text(f"source.{source.kind}"),
        )
        for source in sources
    ]
    return words.text("summary.heat", network=name, sources=", ".join(parts))


def _state_parts(words: Words, row: AssetRow) -> Iterator[str]:
    asset = row.asset
    if isinstance(asset, Machine):
        yield _running(words, row)
    if isinstance(asset, Chp | HeatPump):
        yield words.text("detail.heat", power=_said(words, row.point(Point.HEAT_KW)))
    if asset.kind == "electrolyser":
        yield words.text("detail.hydrogen", power=_said(words, row.point(Point.HYDROGEN_KW)))
    if isinstance(asset, HeatPump) and (temperature := row.point(Point.TEMPERATURE_C)).value is not None:
        yield words.text("detail.source_temperature", temperature=words.temperature(temperature.value))
    if isinstance(asset, STORES):
        stored_kwh = row.point(Point.ENERGY_KWH).value
        yield (
            words.text("detail.content_unknown")
            if stored_kwh is None
            else words.text(
                "detail.stored",
                fraction=words.fraction(stored_kwh / asset.energy_kwh_capacity),
                energy=words.energy(stored_kwh),
            )
        )
    if isinstance(asset, PumpedReservoir):
        yield _water(words, row, asset)
    operating = row.point(Point.OPERATING_STATE).value
    if operating is not None:
        yield words.text("detail.operating_state", number=words.count(int(operating)))
    available_kw = row.point(Point.POWER_KW_AVAILABLE).value
    if available_kw is not None:
        yield words.text("detail.available", power=words.power(available_kw))
    backlog_kwh = row.point(Point.ENERGY_KWH_BACKLOG).value
    if backlog_kwh is not None:
        urgent = words.energy(row.point(Point.ENERGY_KWH_URGENT).value)
        yield words.text("detail.backlog", energy=words.energy(backlog_kwh), urgent=urgent)


def _running(words: Words, row: AssetRow) -> str:
    running_s, standing_s = row.point(Point.RUNNING_S).value, row.point(Point.STANDING_S).value
    if running_s is not None and running_s > 0.0:
        return words.text("detail.running", age=words.age(running_s))
    if standing_s is not None and standing_s > 0.0:
        return words.text("detail.standing", age=words.age(standing_s))
    if running_s is None and standing_s is None:
        return words.text("detail.running_unknown")
    return words.text("detail.switching")


def _water(words: Words, row: AssetRow, asset: PumpedReservoir) -> str:
    volume_m3 = row.point(Point.VOLUME_M3).value
    if volume_m3 is None:
        return words.text("detail.content_unknown")
    return words.text(
        "detail.water",
        volume=words.volume(volume_m3),
        fraction=words.fraction(volume_m3 / asset.volume_m3_max),
        reserve=words.volume(asset.volume_m3_min),
    )


def _said(words: Words, value: Value) -> str:
    return words.text("value.unknown") if value.value is None else words.power(value.value)


def command_words(words: Words, asset: Asset, point: Point, power_kw: float) -> str:
    """Say what a value of the asset's commanded point means."""
    if point is not Point.POWER_KW_SETPOINT or isinstance(asset, Battery):
        return setpoint_words(words, point, power_kw)
    stands = isinstance(asset, Machine) and abs(power_kw) < RUNNING_MIN * asset.power_kw_least
    if stands or side(power_kw) == "none":
        standby = asset.kind == "electrolyser" and abs(power_kw) > 0.0
        return words.text("setpoint.standby" if standby else "setpoint.stand")
    return words.text(f"setpoint.run.{side(power_kw)}", power=words.power(power_kw))


def _planned_word(words: Words, asset: Asset, value_kw: float) -> str:
    if asset.kind == "feeder":
        return flow_word(words, value_kw)
    return direction(words, asset.kind, value_kw)


def _state_at(plan: Plan, asset_id: str, name: str, index: int) -> float | None:
    states = plan.assets[asset_id].states
    if name not in states or not index < states[name].size:
        return None
    value = float(states[name][index])
    return None if math.isnan(value) else value
