"""The plant left alone: every device by its own rule, parks off at negative prices, grid limits obeyed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from energy.devices.plant.world import World
from energy.domain import FloatArray, Point
from energy.evaluation.course import Course
from energy.evaluation.expected_nature import ExpectedNature
from energy.evaluation.nominations import Outlook, Outlooks, nomination_at
from energy.evaluation.probe import Probe
from energy.evaluation.scene import Scene
from energy.evaluation.weeks import Window, days_of
from energy.periods import PERIOD, periods_between
from energy.ports import Prices
from energy.region.feeder_tree import inside_out, paths_of
from energy.region.generator import Generator
from energy.region.model import Region

STEP = timedelta(minutes=1)
EXPECTED_STEP = timedelta(minutes=5)
"""Steps of the simulation under a forecast, which has no course within quarter hours."""
MARGIN = 0.98
"""Of a limit: what a park controller keeps free for the minute until it looks again."""


class ParkRules:
    """What park controllers do without a region's controller: off at negative prices, held back at limits."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._parks = [
            asset
            for asset in region.assets
            if isinstance(asset, Generator) and asset.dispatch_point is not None
        ]
        self._bound_kw: dict[str, float] = {park.id: -park.power_kw_rated for park in self._parks}

    def apply(self, world: World, *, price_eur_per_kwh: float) -> None:
        """Bound each park for the next minute."""
        allowed_kw = self._allowed_kw(world, off=price_eur_per_kwh < 0.0)
        for park in self._parks:
            bound_kw = max(-park.power_kw_rated, -allowed_kw[park.id])
            if bound_kw != self._bound_kw[park.id]:
                world.write(park.id, bound_kw)
                self._bound_kw[park.id] = bound_kw

    def _allowed_kw(self, world: World, *, off: bool) -> dict[str, float]:
        """Give each park's greatest feed-in, a magnitude: free unless a price or a limit forbids it."""
        region, allowed_kw = self._region, {park.id: park.power_kw_rated for park in self._parks}
        if off:
            return dict.fromkeys(allowed_kw, 0.0)
        shown = {park.id: world.shown(park.id) for park in self._parks}
        paths = paths_of(region.feeders)
        for feeder in inside_out(region.feeders):
            behind = [park.id for park in self._parks if feeder.id in paths[park.feeder]]
            flow_kw = world.shown(feeder.id)[Point.POWER_KW]
            _hold_back(allowed_kw, {one: shown[one] for one in behind}, flow_kw, limit_kw=feeder.power_kw_max)
        point = region.grid_point
        flow_kw = world.shown(point.id)[Point.POWER_KW]
        _hold_back(allowed_kw, shown, flow_kw, limit_kw=point.power_kw_export_max)
        return allowed_kw


def _hold_back(
    allowed_kw: dict[str, float],
    shown: Mapping[str, Mapping[Point, float]],
    flow_kw: float,
    *,
    limit_kw: float,
) -> None:
    """Share what may be fed in through a limit among the parks behind it, as they could yield."""
    others_kw = flow_kw - sum(values[Point.POWER_KW] for values in shown.values())
    yields_kw = {
        asset_id: min(allowed_kw[asset_id], -values[Point.POWER_KW_AVAILABLE])
        for asset_id, values in shown.items()
    }
    total_kw, room_kw = sum(yields_kw.values()), max(0.0, MARGIN * limit_kw + others_kw)
    if total_kw > room_kw:
        for asset_id, yield_kw in yields_kw.items():
            allowed_kw[asset_id] = yield_kw * room_kw / total_kw


def run_uncontrolled(scene: Scene, *, outlooks: Outlooks) -> Course:
    """Let the plant run and nominate what its own rules would do under the forecast."""
    region, window = scene.region, scene.window
    true_prices = scene.true_prices()
    world = scene.world()
    rules = ParkRules(region)
    probe = Probe(region, world, available_kw=scene.available_kw())
    days = days_of(window, region.zone)
    nominated: list[FloatArray] = []
    while world.at < window.end:
        while len(nominated) < len(days) and world.at >= _asked_at(days[len(nominated)], region, window):
            day = days[len(nominated)]
            outlook = outlooks[nomination_at(day, region)]
            nominated.append(expected_exchange_kw(scene, world, outlook, day=day))
        rules.apply(world, price_eur_per_kwh=_price(true_prices, world.at))
        probe.advance_to(world.at + STEP)
    return probe.course(np.concatenate(nominated))


def expected_exchange_kw(scene: Scene, world: World, outlook: Outlook, *, day: Window) -> FloatArray:
    """Step a copy of the plant over the forecast to the end of a day, and give that day's exchange."""
    region = scene.region
    periods = periods_between(outlook.start, day.end)
    known = scene.prices.prices(start=outlook.start, periods=periods, known_at=outlook.issued_at)
    copy = world.copy(nature=ExpectedNature(region, outlook), substep_s=EXPECTED_STEP.total_seconds())
    rules, point = ParkRules(region), region.grid_point.id
    exchange_kw: list[float] = []
    for index in range(periods):
        before = copy.truth()[point]
        end = outlook.start + (index + 1) * PERIOD
        while copy.at < end:
            rules.apply(copy, price_eur_per_kwh=float(known.price_eur_per_kwh[index]))
            copy.advance_to(min(end, copy.at + EXPECTED_STEP))
        exchange_kw.append(_mean_kw(before, copy.truth()[point]))
    return np.array(exchange_kw[periods_between(outlook.start, day.start) :])


def _mean_kw(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    drawn_kwh = after["energy_kwh_drawn"] - before["energy_kwh_drawn"]
    fed_in_kwh = after["energy_kwh_fed_in"] - before["energy_kwh_fed_in"]
    return (drawn_kwh - fed_in_kwh) * (timedelta(hours=1) / PERIOD)


def _asked_at(day: Window, region: Region, window: Window) -> datetime:
    return max(window.start, nomination_at(day, region))


def _price(prices: Prices, at: datetime) -> float:
    return float(prices.price_eur_per_kwh[periods_between(prices.start, at)])
