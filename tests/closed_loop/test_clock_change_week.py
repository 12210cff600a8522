"""The week in which the clocks change: the controller on the plant loses no quarter hour and no energy."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.devices.plant.world import World
from energy.domain import FloatArray
from energy.evaluation.course import Course
from energy.evaluation.loop import LoopRun, Pace, run_ours
from energy.evaluation.scene import Scene
from energy.evaluation.weeks import Window, days_of, window_from
from energy.periods import PERIOD_H, periods_between
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.loader import load_region
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir
from tests.devices.plant.valley import valley

PACE = Pace(tick_s=900.0, train_days=99)
"""Two ticks a quarter hour: at its beginning, and when the next one's plan is due."""
SPRING, AUTUMN = date(2020, 3, 29), date(2020, 10, 25)
"""Summer time began and ended (Europe/Berlin)."""
PAST_DAYS = 36
SAME_KWH = 1e-6
Truth = dict[str, dict[str, float]]


class WatchedScene(Scene):
    """A scene that keeps the world of its only run, and what was true of it before."""

    def world(self) -> World:
        self.kept = super().world()
        self.before = self.kept.truth()
        return self.kept


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Week:
    """What a run left behind."""

    region: Region
    window: Window
    run: LoopRun
    before: Truth
    after: Truth
    reached: datetime

    @property
    def course(self) -> Course:
        return self.run.course

    def grown(self, asset_id: str, name: str) -> float:
        return self.after[asset_id].get(name, 0.0) - self.before[asset_id].get(name, 0.0)


def week_of(region: Region, window: Window) -> Week:
    scene = WatchedScene(region, window, seed=1)
    run = run_ours(scene, PACE)
    world = scene.kept
    return Week(
        region=scene.region,
        window=window,
        run=run,
        before=scene.before,
        after=world.truth(),
        reached=world.at,
    )


def small_region(folder: Path, first: date) -> Region:
    """Every kind once, with a past that ends a few days after the change."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=PAST_DAYS)
    return valley(folder / "valley", begin=begin, periods=96 * (PAST_DAYS + 6))


@pytest.fixture(scope="module")
def spring(tmp_path_factory: pytest.TempPathFactory) -> Week:
    """The day before the change, and the day of 23 hours."""
    first = SPRING - timedelta(days=1)
    region = small_region(tmp_path_factory.mktemp("spring"), first)
    return week_of(region, window_from(first, days=2, zone=region.zone))


@pytest.fixture(scope="module")
def autumn(tmp_path_factory: pytest.TempPathFactory) -> Week:
    """The day of 25 hours."""
    region = small_region(tmp_path_factory.mktemp("autumn"), AUTUMN)
    return week_of(region, window_from(AUTUMN, days=1, zone=region.zone))


def no_quarter_hour_is_lost_or_doubled(week: Week, periods: int) -> None:
    assert week.window.periods == periods
    assert week.reached == week.window.end
    assert week.run.counts.ticks == 2 * periods + 1, "one more: the first plan is taken up at once"
    for named in week.course.means.values():
        assert {values.size for values in named.values()} == {periods}
    for named in week.course.ends.values():
        assert {values.size for values in named.values()} == {periods + 1}


def the_controller_is_at_ease(week: Week) -> None:
    assert week.run.counts.broken == []
    assert week.run.counts.broken_total == 0
    assert week.run.counts.rungs["rules"] <= 1, "before the first plan"
    assert set(week.run.counts.rungs) <= {"optimal", "rules"}


def electricity_is_conserved(week: Week) -> None:
    region = week.region
    drawn_kw = {asset.id: week.course.mean(asset.id, "power_kw") for asset in region.assets}
    exchanged: FloatArray = drawn_kw[region.grid_point.id]
    np.testing.assert_allclose(sum(drawn_kw[one.id] for one in region.members), exchanged, atol=SAME_KWH)
    for feeder in region.feeders:
        members_kw = sum(drawn_kw[one.id] for one in region.members_of(feeder.id))
        np.testing.assert_allclose(members_kw, drawn_kw[feeder.id], atol=SAME_KWH)
    assert np.abs(exchanged).max() > 0.0


def heat_is_conserved(week: Week) -> None:
    for network in week.region.heat_networks:
        made_kwh = used_kwh = 0.0
        for asset in week.region.members:
            if getattr(asset, "heat_network", None) != network.id:
                continue
            match asset:
                case Chp() | HeatPump() | Boiler():
                    made_kwh += week.grown(asset.id, "heat_kwh")
                case HeatLoad():
                    used_kwh += week.grown(asset.id, "heat_kwh") + week.grown(asset.id, "energy_kwh_dumped")
                case HeatStorage():
                    used_kwh += week.grown(asset.id, "energy_kwh") + week.grown(asset.id, "energy_kwh_lost")
        assert made_kwh > 0.0
        assert made_kwh == pytest.approx(used_kwh, rel=1e-9)


def hydrogen_is_conserved(week: Week) -> None:
    made_kwh = used_kwh = 0.0
    for asset in week.region.members:
        if isinstance(asset, Electrolyser):
            made_kwh += week.grown(asset.id, "hydrogen_kwh")
        if isinstance(asset, HydrogenStorage):
            for name in ("hydrogen_kwh", "energy_kwh", "energy_kwh_dumped"):
                used_kwh += week.grown(asset.id, name)
    assert made_kwh > 0.0
    assert made_kwh == pytest.approx(used_kwh, rel=1e-9)


def water_is_conserved(week: Week) -> None:
    for asset in week.region.members:
        if isinstance(asset, PumpedReservoir):
            pumped_m3 = week.grown(asset.id, "energy_kwh_drawn") / asset.pump_kwh_per_m3
            used_m3 = week.grown(asset.id, "volume_m3") + week.grown(asset.id, "volume_m3_delivered")
            assert pumped_m3 > 0.0
            assert pumped_m3 == pytest.approx(used_m3, rel=1e-9)


def everything_is_conserved(week: Week) -> None:
    electricity_is_conserved(week)
    heat_is_conserved(week)
    hydrogen_is_conserved(week)
    water_is_conserved(week)


def each_day_takes_its_hydrogen(week: Week) -> None:
    """However long the day is."""
    for asset in week.region.members:
        if not isinstance(asset, HydrogenStorage):
            continue
        unserved = week.course.end(asset.id, "energy_kwh_unserved")
        assert unserved is not None
        for day in days_of(week.window, week.region.zone):
            low = periods_between(week.window.start, day.start)
            high = low + day.periods
            taken_kwh = PERIOD_H * float(week.course.mean(asset.id, "hydrogen_kw")[low:high].sum())
            asked_kwh = taken_kwh + float(unserved[high] - unserved[low])
            assert asked_kwh == pytest.approx(asset.offtake_kwh_per_day, rel=1e-6), day.start


def each_day_is_nominated_whole(week: Week) -> None:
    assert week.course.nominated_kw.size == week.window.periods
    assert np.isfinite(week.course.nominated_kw).all()


def test_no_quarter_hour_of_the_day_of_23_hours_is_lost_or_doubled(spring: Week) -> None:
    no_quarter_hour_is_lost_or_doubled(spring, 96 + 92)


def test_no_quarter_hour_of_the_day_of_25_hours_is_lost_or_doubled(autumn: Week) -> None:
    no_quarter_hour_is_lost_or_doubled(autumn, 100)


def test_the_controller_is_at_ease_when_clocks_go_forward(spring: Week) -> None:
    the_controller_is_at_ease(spring)


def test_the_controller_is_at_ease_when_clocks_go_back(autumn: Week) -> None:
    the_controller_is_at_ease(autumn)


def test_everything_is_conserved_when_clocks_go_forward(spring: Week) -> None:
    everything_is_conserved(spring)


def test_everything_is_conserved_when_clocks_go_back(autumn: Week) -> None:
    everything_is_conserved(autumn)


def test_a_day_takes_its_hydrogen_in_23_and_in_25_hours(spring: Week, autumn: Week) -> None:
    each_day_takes_its_hydrogen(spring)
    each_day_takes_its_hydrogen(autumn)


def test_a_day_of_23_and_of_25_hours_is_nominated_whole(spring: Week, autumn: Week) -> None:
    each_day_is_nominated_whole(spring)
    each_day_is_nominated_whole(autumn)


@pytest.mark.long
@pytest.mark.parametrize(
    ("friday", "periods"), [(date(2020, 3, 27), 380), (date(2020, 10, 23), 388)], ids=["spring", "autumn"]
)
def test_the_days_around_the_change_on_the_shipped_region(friday: date, periods: int) -> None:
    region = load_region("fichtelgebirge")
    week = week_of(region, window_from(friday, days=4, zone=region.zone))
    no_quarter_hour_is_lost_or_doubled(week, periods)
    the_controller_is_at_ease(week)
    everything_is_conserved(week)
    each_day_takes_its_hydrogen(week)
    each_day_is_nominated_whole(week)
