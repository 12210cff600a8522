"""Where plans are only shown: a person's setpoint ends with the request, on the device too."""

from dataclasses import replace
from pathlib import Path

import pytest

from energy.app.replaying import replay_ticks
from energy.controller.decide import decide
from energy.controller.loop import TickReport
from energy.controller.taking_back import LEFT, TAKEN_BACK, Claims
from energy.domain import Applied, Authority, Level, Point, Quality, RequestKind, Setpoint, Severity
from energy.region.model import Region
from tests.controller import networks
from tests.controller.conftest import NOW, ImageMaker, plan_of
from tests.controller.test_decide import CALM, by_asset, tick_of
from tests.controller.test_loop import MINUTE, FailingLedger, House, request

BATTERY = ("speicher", Point.POWER_KW_SETPOINT)
PARK = ("park", Point.POWER_KW_MIN)


def under(region: Region, authority: Authority) -> Region:
    return replace(region, authority=authority)


@pytest.fixture
def house(region: Region, tmp_path: Path) -> House:
    advised = under(region, Authority.ADVISE)
    return House(region=advised, ledger=FailingLedger(tmp_path / "ledger.sqlite"))


def ask(house: House, kind: RequestKind, asset_id: str = "speicher", power_kw: float | None = None) -> None:
    sequence = len(house.mailbox.requests) + 1
    asked = replace(request(kind, asset_id, power_kw=power_kw), until=NOW + 8 * MINUTE)
    house.mailbox.requests.append((sequence, asked))


def codes(report: TickReport) -> dict[str, Severity]:
    return {alarm.code: alarm.severity for alarm in report.output.alarms if alarm.code in {LEFT, TAKEN_BACK}}


def test_a_setpoint_that_nobody_asks_for_is_taken_back_where_plans_are_only_shown(
    region: Region, image_of: ImageMaker
) -> None:
    image = image_of({BATTERY: -100.0})
    for authority in (Authority.ADVISE, Authority.APPROVE):
        advised = under(region, authority)
        tick = tick_of(image, plan_of(CALM), notes=(f"{TAKEN_BACK}@speicher: it holds -100 kW",))
        decision = by_asset(decide(advised, tick))["speicher"]
        assert decision.setpoint is not None
        assert (decision.setpoint.power_kw, decision.setpoint.level) == (0.0, Level.PROTECTION)
        assert decision.reason == "safe state idle: nobody asks any more for what it was sent"
    observed = decide(under(region, Authority.OBSERVE), tick)
    assert by_asset(observed)["speicher"].setpoint is None, "under observe nothing is ever written"


@pytest.mark.parametrize("ends", ["released", "expired"])
async def test_a_request_that_ends_leaves_the_safe_state_and_then_silence(
    house: House, ends: str, tmp_path: Path
) -> None:
    controller = house.controller()
    ask(house, RequestKind.SET, power_kw=-100.0)
    for minute in range(3):
        report = await controller.tick(NOW + minute * MINUTE)
        assert codes(report) == {}
    assert house.site.held_kw(*BATTERY) == -100.0
    if ends == "released":
        ask(house, RequestKind.RELEASE)
    report = await controller.tick(NOW + 9 * MINUTE)
    assert codes(report) == {TAKEN_BACK: Severity.INFO}
    assert house.site.sent_to("speicher")[-1] == 0.0
    assert house.site.held_kw(*BATTERY) == 0.0
    sent = len(house.site.sent)
    for minute in range(10, 13):
        report = await controller.tick(NOW + minute * MINUTE)
        assert codes(report) == {}
    assert len(house.site.sent) == sent, "silence"
    replayed = replay_ticks(house.region, tmp_path / "ledger.sqlite", start=None, end=None)
    assert (replayed["ticks"], replayed["different"]) == (7, 0)


async def test_a_device_that_does_not_answer_is_sent_its_safe_state_until_it_holds_it(house: House) -> None:
    controller = house.controller()
    ask(house, RequestKind.SET, power_kw=-100.0)
    await controller.tick(NOW)
    ask(house, RequestKind.RELEASE)
    house.site.silent.add("speicher")
    for minute in range(1, 4):
        report = await controller.tick(NOW + minute * MINUTE)
        assert TAKEN_BACK in codes(report)
    assert house.site.held_kw(*BATTERY) == -100.0
    house.site.silent.clear()
    await controller.tick(NOW + 4 * MINUTE)
    assert house.site.held_kw(*BATTERY) == 0.0
    report = await controller.tick(NOW + 5 * MINUTE)
    assert codes(report) == {}


async def test_a_clean_hand_back_leaves_the_safe_state_too(house: House) -> None:
    controller = house.controller()
    ask(house, RequestKind.SET, power_kw=-100.0)
    ask(house, RequestKind.SET, "park", -300.0)
    await controller.tick(NOW)
    await controller.hand_back(NOW + MINUTE)
    assert house.site.held_kw(*BATTERY) == 0.0
    assert house.site.held_kw(*PARK) == pytest.approx(-420.0)


async def test_a_restart_knows_what_is_owed(house: House) -> None:
    ask(house, RequestKind.SET, power_kw=-100.0)
    await house.controller().tick(NOW)  # and is killed: the request ends while nobody is there
    returned = house.controller()
    await returned.tick(NOW + 9 * MINUTE)
    assert house.site.held_kw(*BATTERY) == 0.0


async def test_what_somebody_else_set_meanwhile_is_left_alone(house: House) -> None:
    ask(house, RequestKind.SET, power_kw=-100.0)
    first = house.controller()
    await first.tick(NOW)
    await first.hand_back(NOW + 9 * MINUTE)
    house.site.values[BATTERY] = 55.0
    second = house.controller()
    sent = len(house.site.sent)
    for minute in range(10, 13):
        report = await second.tick(NOW + minute * MINUTE)
        assert codes(report) == {}
    assert (len(house.site.sent), house.site.held_kw(*BATTERY)) == (sent, 55.0)


async def test_what_was_never_sent_anything_is_never_sent_its_safe_state(house: House) -> None:
    house.site.values[BATTERY] = 55.0
    controller = house.controller()
    for minute in range(3):
        await controller.tick(NOW + minute * MINUTE)
    await controller.hand_back(NOW + 3 * MINUTE)
    assert house.site.sent == []


async def test_a_limit_on_the_device_is_kept_when_a_setpoint_is_taken_back(house: House) -> None:
    house.site.values[PARK] = -200.0
    controller = house.controller()
    ask(house, RequestKind.SET, "park", -100.0)
    for minute in range(2):
        await controller.tick(NOW + minute * MINUTE)
    assert house.site.held_kw(*PARK) == -100.0
    report = await controller.tick(NOW + 9 * MINUTE)
    assert codes(report) == {TAKEN_BACK: Severity.INFO}
    assert house.site.held_kw(*PARK) == -200.0
    assert codes(await controller.tick(NOW + 10 * MINUTE)) == {}


HELD = ("bhkw", Point.POWER_KW_SETPOINT)


@pytest.fixture
def valley(tmp_path: Path) -> Region:
    return under(networks.region_in(tmp_path), Authority.ADVISE)


def sent_to_chp(valley: Region, *, latching: bool) -> Claims:
    """A CHP that was told -700 kW and took it."""
    claims = Claims(valley, claimed_kw={}, latching=("bhkw",) if latching else ())
    setpoint = Setpoint(
        asset_id="bhkw",
        point=Point.POWER_KW_SETPOINT,
        power_kw=-700.0,
        valid_until=NOW + MINUTE,
        level=Level.OPERATOR,
        reason="test",
    )
    claims.take([Applied(setpoint=setpoint, read_back_kw=-700.0, at=NOW)])
    return claims


def test_a_latching_device_whose_safe_state_is_its_own_control_is_told_of_until_it_is_free(
    valley: Region,
) -> None:
    claims = sent_to_chp(valley, latching=True)
    holding = networks.image_of({HELD: -700.0})
    assert claims.look(holding, asked=("bhkw",), limits=()) == [], "somebody asks for it"
    [note] = claims.look(holding, asked=(), limits=())
    assert note.startswith(f"{LEFT}@bhkw: it holds -700 kW")
    told = decide(valley, tick_of(holding, networks.plan_of(), notes=(note,)))
    assert [alarm.severity for alarm in told.alarms if alarm.code == LEFT] == [Severity.WARNING]
    assert by_asset(told)["bhkw"].setpoint is None, "silence is its safe state"
    assert claims.look(networks.image_of({HELD: Quality.NOT_IMPLEMENTED}), asked=(), limits=()) == []
    assert claims.claimed_kw == {}


def test_a_watchdog_lets_go_of_what_nobody_asks_for_and_no_alarm_is_raised(valley: Region) -> None:
    claims = sent_to_chp(valley, latching=False)
    assert claims.look(networks.image_of({HELD: -700.0}), asked=(), limits=()) == []


def test_what_is_only_observed_now_and_latches_is_told_of(valley: Region) -> None:
    claims = sent_to_chp(under(valley, Authority.OBSERVE), latching=True)
    [note] = claims.look(networks.image_of({HELD: -700.0}), asked=(), limits=())
    assert note.startswith(f"{LEFT}@bhkw")
