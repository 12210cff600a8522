"""Bounds that are not ours: found at the start, or set by somebody else while we run; nothing else is one."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from energy.controller.found_limits import AFTER_SILENCE, BY_OTHERS, FoundLimits
from energy.domain import Applied, Level, Limited, Outcome, Point, Quality, Setpoint, Unreachable
from energy.region.model import Region
from tests.controller.conftest import NOW, ImageMaker

PARK = ("park", Point.POWER_KW_MIN)
HUB = ("laden", Point.POWER_KW_MAX)
FREE = {PARK: -600.0, HUB: 150.0}
TICK = timedelta(seconds=5)


def sent(asset_id: str, power_kw: float) -> Setpoint:
    return Setpoint(
        asset_id=asset_id,
        point=PARK[1] if asset_id == "park" else HUB[1],
        power_kw=power_kw,
        valid_until=NOW + timedelta(hours=1),
        level=Level.PLAN,
        reason="test",
    )


def applied(asset_id: str, power_kw: float, held_kw: float | None = None) -> Outcome:
    setpoint = sent(asset_id, power_kw)
    return Applied(setpoint=setpoint, read_back_kw=power_kw if held_kw is None else held_kw, at=NOW)


def limited(asset_id: str, power_kw: float, held_kw: float) -> Outcome:
    return Limited(setpoint=sent(asset_id, power_kw), read_back_kw=held_kw, at=NOW, reason="clamped")


class Watched:
    """Found limits and the moment, one tick after the other."""

    def __init__(
        self, region: Region, image_of: ImageMaker, fallback_kw: Mapping[str, float] | None = None
    ) -> None:
        self.found = FoundLimits(region, limits=(), sent_kw={}, fallback_kw=fallback_kw)
        self._image_of = image_of
        self._at = NOW
        self.tick(FREE)

    def tick(self, shown: Mapping[tuple[str, Point], float | Quality], *outcomes: Outcome) -> list[str]:
        """Look, then take what was sent; gives the assets with a new limit."""
        image = self._image_of({**FREE, **shown}, at=self._at)
        self._at += TICK
        changed = self.found.look(image, age_s_max=15.0)
        self.found.take(outcomes)
        return [limit.target_id for limit in changed]


@pytest.fixture
def watched(region: Region, image_of: ImageMaker) -> Watched:
    return Watched(region, image_of)


def test_a_bound_that_somebody_tightens_while_we_run_is_kept(watched: Watched) -> None:
    watched.tick({}, applied("park", -600.0), applied("laden", 100.0))
    assert watched.tick({PARK: -240.0, HUB: 100.0}, applied("laden", 100.0)) == []
    assert watched.found.unread == ("park",), "nothing is sent over it meanwhile"
    assert watched.tick({PARK: -240.0, HUB: 100.0}) == ["park"]
    [limit] = watched.found.limits
    assert (limit.power_kw_min, limit.power_kw_max) == (-240.0, None)
    assert (limit.level, limit.reason, limit.until) == (Level.GRID_OPERATOR, BY_OTHERS, None)
    assert watched.found.unread == ()
    assert watched.found.notes == ("foreign_write@park: set on the device by somebody else: -240 kW",)


def test_a_bound_on_drawing_is_watched_likewise(watched: Watched) -> None:
    watched.tick({}, applied("laden", 120.0))
    watched.tick({HUB: 44.0})
    assert watched.tick({HUB: 44.0}) == ["laden"]
    assert watched.found.limits[0].power_kw_max == 44.0


def test_a_glance_is_no_limit(watched: Watched) -> None:
    watched.tick({}, applied("park", -600.0))
    watched.tick({PARK: -240.0})
    assert watched.tick({PARK: -600.0}) == []
    assert watched.found.unread == ()


def test_a_looser_bound_is_not_a_limit(watched: Watched) -> None:
    watched.tick({PARK: -300.0}, applied("park", -300.0))
    for _ in range(3):
        assert watched.tick({PARK: -500.0}) == []
    assert watched.found.unread == ()


def test_a_device_that_clamps_is_not_taken_for_somebody_else(watched: Watched) -> None:
    for held_kw in (-550.0, -550.0, -540.0, -500.0):
        assert watched.tick({PARK: held_kw}, limited("park", -600.0, held_kw)) == []


def test_a_device_that_rounds_is_not_taken_for_somebody_else(watched: Watched) -> None:
    for _ in range(4):
        assert watched.tick({PARK: -594.0}, applied("park", -600.0, -594.0)) == []


def test_a_device_that_ramps_to_a_looser_bound_is_not_taken_for_somebody_else(watched: Watched) -> None:
    watched.tick({PARK: -100.0}, applied("park", -100.0))
    for held_kw in range(-150, -600, -10):
        assert watched.tick({PARK: held_kw}, limited("park", -600.0, held_kw)) == []
    assert watched.tick({PARK: -600.0}, applied("park", -600.0)) == []


@pytest.mark.parametrize("fallback_kw", [-420.0, 0.0])
def test_a_device_that_falls_back_is_not_taken_for_somebody_else(
    region: Region, image_of: ImageMaker, fallback_kw: float
) -> None:
    watched = Watched(region, image_of, {"park": 0.0})
    watched.tick({}, applied("park", -600.0))
    for _ in range(3):
        assert watched.tick({PARK: fallback_kw}, applied("park", -600.0)) == [], "safe state or the map's own"


def test_a_device_that_was_silent_and_came_back_otherwise_is_not_taken_for_somebody_else(
    watched: Watched,
) -> None:
    watched.tick({}, applied("park", -600.0))
    lost = Unreachable(setpoint=sent("park", -600.0), at=NOW, reason="rebooting")
    watched.tick({PARK: Quality.COMM_ERROR}, lost)
    for _ in range(3):
        assert watched.tick({PARK: -60.0}) == []


SILENT = {PARK: Quality.COMM_ERROR}
LOST = Unreachable(setpoint=sent("park", -600.0), at=NOW, reason="silent")


def silent_for(watched: Watched, ticks: int) -> None:
    """The park was told -600 kW, then did not answer for some ticks; a reading lasts three."""
    watched.tick({}, applied("park", -600.0))
    for _ in range(ticks):
        watched.tick(SILENT, LOST)


def test_a_bound_set_while_its_device_was_silent_for_long_is_kept_and_told(watched: Watched) -> None:
    silent_for(watched, 12)
    assert watched.found.unread == ("park",), "nothing is sent before its bound is read"
    assert watched.tick({PARK: -180.0}) == ["park"]
    [limit] = watched.found.limits
    assert (limit.power_kw_min, limit.level, limit.reason) == (-180.0, Level.GRID_OPERATOR, AFTER_SILENCE)
    assert watched.found.unread == ()
    assert watched.found.notes == ("foreign_write@park: found on the device after it was silent: -180 kW",)


@pytest.mark.parametrize("held_kw", [-600.0, -420.0, -550.0], ids=["free", "safe_state", "sent_meanwhile"])
def test_what_is_ours_or_free_after_a_long_silence_is_no_limit(watched: Watched, held_kw: float) -> None:
    silent_for(watched, 12)
    watched.tick(SILENT, Unreachable(setpoint=sent("park", -550.0), at=NOW, reason="silent"))
    assert watched.tick({PARK: held_kw}) == []
    assert (watched.found.unread, watched.found.limits) == ((), ())


def test_a_short_silence_puts_nobody_back_among_the_unread(watched: Watched) -> None:
    silent_for(watched, 3)
    assert watched.found.unread == ()


def test_a_device_that_answers_nonsense_was_not_silent(watched: Watched) -> None:
    watched.tick({}, applied("park", -600.0))
    for _ in range(12):
        watched.tick({PARK: Quality.IMPLAUSIBLE}, LOST)
    assert watched.found.unread == ()


def test_nonsense_is_not_taken_for_somebody_else(watched: Watched) -> None:
    watched.tick({}, applied("park", -600.0))
    nonsense = {PARK: -123.0, ("park", Point.POWER_KW): Quality.IMPLAUSIBLE}
    for _ in range(3):
        assert watched.tick(nonsense) == []
    assert watched.found.unread == ()


def test_our_own_curtailment_is_never_somebody_elses(watched: Watched) -> None:
    before_kw = -600.0
    for power_kw in (-600.0, -500.0, -50.0, 0.0, -300.0, -600.0):
        assert watched.tick({PARK: before_kw}, applied("park", power_kw)) == []
        before_kw = power_kw
    assert watched.found.limits == ()


def test_what_we_do_not_command_is_not_watched(watched: Watched) -> None:
    for held_kw in (-600.0, -300.0, -300.0, -300.0):
        assert watched.tick({PARK: held_kw}) == []


def test_a_person_releases_it_by_name(watched: Watched) -> None:
    watched.tick({}, applied("park", -600.0))
    watched.tick({PARK: -240.0})
    watched.tick({PARK: -240.0})
    assert watched.found.clear("park")
    assert (watched.found.limits, watched.found.notes) == ((), ())
