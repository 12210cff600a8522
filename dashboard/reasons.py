"""Why the region does what it does: what binds and what it is worth, what would move whom, what corrects."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from dashboard.balance import Balance, Group
from dashboard.devices import DeviceRow
from dashboard.language import Words
from dashboard.phrases import MUNICIPALITY, direction, names, target_name
from energy.domain import REASONS, AssetPlan, Binding, FloatArray, Level, Plan
from energy.periods import period_start, periods_between
from energy.region.battery import Battery
from energy.region.model import Asset, Region
from energy.units import EUR_PER_KWH_PER_EUR_PER_MWH

DRAWS, FEEDS_IN = REASONS
"""States of a plan: up to which price an asset would draw, from which on feed in."""
IDLE_KW = 0.5
"""Less is standing still."""
AT_END_KWH = 0.5
"""Nearer to its greatest or least content a battery is full or empty."""
LINES_MAX = 6
"""The weightiest few are read, a long list is not."""


class Shown(Protocol):
    """What is looked at of a picture."""

    @property
    def plan(self) -> Plan | None:
        """The latest plan."""

    @property
    def plan_now(self) -> Plan | None:
        """The plan that says what is planned in this quarter hour."""

    @property
    def region(self) -> Region:
        """The region."""

    @property
    def now(self) -> datetime | None:
        """The moment that is shown."""


class Corrected(Shown, Protocol):
    """What is looked at besides to explain what departs from the plan."""

    @property
    def devices(self) -> Sequence[DeviceRow]:
        """What can be commanded, with its last setpoint."""

    @property
    def balance(self) -> Balance:
        """The balance now."""


def correcting_lines(words: Words, picture: Corrected) -> list[str]:
    """Say why the quarter-hour correction moves what it moves now; nothing where it moves nothing."""
    wanted_kw = {
        device.conduct.asset_id: device.conduct.wanted_kw
        for device in picture.devices
        if device.conduct is not None and device.conduct.level is Level.CORRECTION
    }
    moves_kw = {
        asset_id: power_kw - planned_kw
        for asset_id, power_kw in wanted_kw.items()
        if power_kw is not None and (planned_kw := _planned_kw(picture, asset_id)) is not None
    }
    region, exchange_kw = picture.region, _planned_kw(picture, picture.region.grid_point.id)
    moved_kw = sum(moves_kw.values())
    if exchange_kw is None or abs(moved_kw) <= IDLE_KW:
        return []
    line = words.text(
        "reasons.corrects",
        names=names(words, region, list(moves_kw)),
        power=words.power(moved_kw),
        way=words.text(f"reasons.towards_{'drawing' if moved_kw > 0.0 else 'feeding_in'}"),
        planned=_exchanged(words, exchange_kw),
        now=_exchanged(words, picture.balance.group(Group.EXCHANGE).power_kw),
        deadband=words.power(region.control.correction_deadband_kw),
    )
    imbalance_eur_per_kwh = region.market.imbalance_eur_per_kwh
    if imbalance_eur_per_kwh == 0.0:
        return [line]
    price = _per_mwh(words, imbalance_eur_per_kwh)
    return [f"{line} {words.text('reasons.corrects_for', price=price)}"]


def _planned_kw(picture: Shown, asset_id: str) -> float | None:
    """Give what is planned for an asset in this quarter hour; None where nothing is."""
    plan = picture.plan_now
    if plan is None or picture.now is None or asset_id not in plan.assets:
        return None
    index = periods_between(plan.start, period_start(picture.now))
    return float(plan.assets[asset_id].power_kw[index]) if 0 <= index < plan.periods else None


def _exchanged(words: Words, power_kw: float | None) -> str:
    if power_kw is None:
        return words.text("value.unknown")
    return f"{words.power(power_kw)} {direction(words, 'grid_point', power_kw)}"


def binding_lines(words: Words, picture: Shown) -> list[str]:
    """Say which limits bind, those first whose loosening would save most."""
    plan = picture.plan
    if plan is None:
        return []
    known = [binding for binding in plan.binding if binding.worth_eur]
    known.sort(key=lambda binding: -sum(binding.worth_eur))
    return [_binding_line(words, picture, binding) for binding in known[:LINES_MAX]]


def _binding_line(words: Words, picture: Shown, binding: Binding) -> str:
    unit = "kw" if "_kw" in binding.name and "_kwh" not in binding.name else "kwh"
    return words.text(
        "reasons.binding",
        name=target_name(words, picture.region, binding.asset_id),
        limit=words.code("limit", binding.name),
        n=words.count(len(binding.periods)),
        one=words.text(f"reasons.one_{unit}"),
        worth=words.money(sum(binding.worth_eur)),
    )


def waiting_lines(words: Words, picture: Shown) -> list[str]:
    """Say of what stands still now at which price it would move."""
    plan = picture.plan_now
    if plan is None or picture.now is None:
        return []
    index = periods_between(plan.start, period_start(picture.now))
    if not 0 <= index < plan.periods:
        return []
    return list(_waiting_lines(words, picture, plan, index))[:LINES_MAX]


def _waiting_lines(words: Words, picture: Shown, plan: Plan, index: int) -> Iterator[str]:
    for asset in picture.region.members:
        part = plan.assets.get(asset.id)
        price = None if part is None else _price_here(plan, asset)
        if part is None or price is None or DRAWS not in part.states:
            continue
        if abs(float(part.power_kw[index])) > IDLE_KW:
            continue
        line = ": ".join(filter(None, (_head(words, asset, part, index), _moves(words, asset, part, index))))
        yield f"{line}; {words.text('reasons.price_here', price=_per_mwh(words, float(price[index])))}"


def _head(words: Words, asset: Asset, part: AssetPlan, index: int) -> str:
    how = _filled(asset, part, index) or ("stands" if FEEDS_IN in part.states else "waits")
    return words.text(f"reasons.{how}", name=words.name(asset.name))


def _filled(asset: Asset, part: AssetPlan, index: int) -> str | None:
    """Tell whether a battery is full or empty there."""
    energy_kwh = part.states.get("energy_kwh")
    if not isinstance(asset, Battery) or energy_kwh is None:
        return None
    if energy_kwh[index] >= asset.energy_kwh_max - AT_END_KWH:
        return "full"
    return "empty" if energy_kwh[index] <= asset.energy_kwh_kept + AT_END_KWH else None


def _moves(words: Words, asset: Asset, part: AssetPlan, index: int) -> str:
    """Say what would move it: a full battery charges at no price, an empty one feeds in at none."""
    barred = {"full": DRAWS, "empty": FEEDS_IN}.get(_filled(asset, part, index) or "")
    draws = "reasons.charges" if FEEDS_IN in part.states else "reasons.draws"
    return ", ".join(
        words.text(text, price=_per_mwh(words, float(part.states[state][index])))
        for state, text in ((DRAWS, draws), (FEEDS_IN, "reasons.feeds_in"))
        if state != barred and state in part.states and math.isfinite(part.states[state][index])
    )


def _price_here(plan: Plan, asset: Asset) -> FloatArray | None:
    """Give the price where an asset stands: of its feeder, and what its municipality adds."""
    prices = plan.marginal_price_eur_per_kwh
    price = prices.get("electricity" if asset.feeder is None else f"feeder.{asset.feeder}")
    beside = prices.get(f"{MUNICIPALITY}{asset.municipality}")
    return price if price is None or beside is None else price + beside


def _per_mwh(words: Words, price_eur_per_kwh: float) -> str:
    return f"{words.plain(round(price_eur_per_kwh / EUR_PER_KWH_PER_EUR_PER_MWH, 1))} €/MWh"
