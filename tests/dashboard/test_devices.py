"""Devices on the page and in the API: the last setpoint link by link, the score, worst first."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard import device_words
from dashboard.assets import rows_of
from dashboard.devices import Access, devices_of
from dashboard.language import LANGUAGES, Words
from energy.conduct import Conduct, Following, FollowingState, Score
from energy.domain import Alarm, Authority, Level, Point, Quality, Reading, Severity
from energy.historian.sqlite_record import SqliteRecord
from tests.dashboard.conftest import client_of
from tests.dashboard.day import NOW, outcomes, readings, write_tick

DEVICES = ("battery", "ev_hub", "hydro", "pv_park", "wind_park")
SCORES = {
    "battery": Score(followed_s=900.0, not_followed_s=100.0),
    "ev_hub": Score(followed_s=500.0, limited_s=500.0),
    "pv_park": Score(followed_s=1000.0),
    "hydro": Score(settling_s=60.0),
}


def conduct(asset_id: str, **changes: object) -> Conduct:
    following = Following(
        asset_id=asset_id,
        state=FollowingState.FOLLOWED,
        held_kw=650.0,
        measured_kw=640.0,
        tolerance_kw=100.0,
        since=None,
        due_at=None,
        reason="",
    )
    made = Conduct(
        asset_id=asset_id,
        at=NOW,
        wanted_kw=900.0,
        level=Level.PLAN,
        limited_by="ramp",
        sent_kw=650.0,
        reason="plan; ramp",
        following=following,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the field names are those of Conduct


def listed(region, *, alarms=(), more=(), chains=None):
    taken = {(item.asset_id, item.point): item for item in [*readings(), *more]}
    told = {outcome.setpoint.asset_id: outcome for outcome in outcomes()}
    rows = rows_of(region, taken, outcomes=told, now=NOW)
    given = {"battery": conduct("battery")} if chains is None else chains
    return devices_of(rows, conduct=given, day=SCORES, week={}, alarms=alarms)


def device(region, asset_id="battery", **given):
    return next(item for item in listed(region, **given) if item.row.asset.id == asset_id)


def test_the_worst_comes_first_and_who_cannot_be_judged_last(region):
    assert [item.row.asset.id for item in listed(region)] == [
        "ev_hub",
        "battery",
        "pv_park",
        "hydro",
        "wind_park",
    ]


def switch(value, quality=Quality.GOOD):
    return [Reading(asset_id="battery", point=Point.REMOTE, value=value, quality=quality, measured_at=NOW)]


@pytest.mark.parametrize(
    ("more", "access"),
    [
        ([], Access.READY),
        (switch(1.0), Access.READY),
        (switch(0.0), Access.LOCAL),
        (switch(None, Quality.COMM_ERROR), Access.LOCAL_UNKNOWN),
        (switch(None, Quality.NOT_IMPLEMENTED), Access.READY),
    ],
)
def test_local_operation_bars_a_device_and_so_does_not_knowing(region, more, access):
    assert device(region, more=more).access is access


def test_a_missing_point_to_point_test_and_mere_observation_bar_it_too(region):
    alarm = Alarm(
        code="not_commissioned", severity=Severity.WARNING, target_id="battery", since=NOW, detail=""
    )
    assert device(region, alarms=(alarm,)).access is Access.NOT_COMMISSIONED
    observed = replace(region, authority=Authority.OBSERVE)
    assert {item.access for item in listed(observed)} == {Access.OBSERVED}


def test_the_chain_names_every_link_in_words_and_magnitudes(region):
    words = Words.of("de", region.zone)
    said = [(link.name, link.said) for link in device_words.chain(words, device(region))]
    assert said == [
        ("gewünscht", "laden mit 900 kW (Plan)"),
        ("begrenzt durch", "Rampe"),
        ("gesendet", "laden mit 650 kW"),
        ("zurückgelesen", "laden mit 650 kW (Angewendet)"),
        ("gemessen", "640 kW lädt, Toleranz 100 kW"),
    ]


def test_what_was_not_sent_says_why_and_shows_no_old_answer(region):
    held_back = conduct(
        "battery", sent_kw=None, limited_by="feeder of a neighbour", reason="plan; not sent: x"
    )
    links = device_words.chain(Words.of("en", region.zone), device(region, chains={"battery": held_back}))
    assert [(link.name, link.technical) for link in links] == [
        ("wanted", False),
        ("limited by", True),
        ("nothing sent:", True),
        ("measured", False),
    ]


def test_a_share_is_rounded_down_and_misses_are_told(region):
    words = Words.of("en", region.zone)
    assert device_words.score(words, Score(followed_s=99_999.0, refused_s=1.0)) == "99.9%"
    assert device_words.score(words, Score()) == "nothing asked"
    assert device_words.score(words, Score(settling_s=5.0)) == "cannot be judged"
    assert device_words.misses(words, Score(followed_s=5.0, unreachable_s=600.0)) == "10 min unreachable"


def fill(folder):
    behind = replace(
        conduct("ev_hub").following,
        state=FollowingState.SETTLING,
        since=NOW,
        due_at=NOW + timedelta(seconds=30),
    )
    with SqliteRecord(folder) as record:
        chains = [conduct("battery"), conduct("ev_hub", following=behind)]
        record.write_conduct(chains, SCORES, NOW - timedelta(hours=2))
        record.write_conduct([], {"pv_park": Score(refused_s=1000.0)}, NOW - timedelta(days=3))
        record.write_readings(
            [replace(item, point=point) for item in switch(4.0) for point in (Point.OPERATING_STATE,)]
        )
        write_tick(record, NOW)


async def test_the_api_lists_devices_worst_first_with_day_and_week(client, folder):
    fill(folder)
    answer = (await client.get("/api/v1/devices")).json()
    found = {item["id"]: item for item in answer["devices"]}
    assert [item["id"] for item in answer["devices"]][:2] == ["ev_hub", "battery"]
    assert set(found) == set(DEVICES)
    assert found["battery"]["day"]["followed_fraction"] == pytest.approx(0.9)
    assert found["pv_park"]["day"]["followed_fraction"] == 1.0
    assert found["pv_park"]["week"]["followed_fraction"] == 0.5
    assert found["pv_park"]["week"]["refused_s"] == 1000.0
    assert found["battery"]["last"]["limited_by"] == "ramp"
    assert found["battery"]["outcome"]["read_back_kw"] == 650.0
    assert found["ev_hub"]["last"]["following"]["state"] == "settling"
    assert found["wind_park"]["last"] is None


async def test_an_asset_carries_its_device_and_values_without_unit(client, folder):
    fill(folder)
    assets = {item["id"]: item for item in (await client.get("/api/v1/assets")).json()["assets"]}
    assert assets["battery"]["device"]["day"]["asked_s"] == 1000.0
    assert assets["load"]["device"] is None
    values = {value["point"]: value for value in assets["battery"]["values"]}
    assert values["operating_state"]["value"] == 4.0
    assert values["power_kw"]["value"] is None
    means = "/api/v1/means?asset=battery&point=operating_state&from=2020-06-17T00:00Z&to=2020-06-17T06:00Z"
    answer = (await client.get(means)).json()
    assert set(answer["mean"]) == {None}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_shows_devices_and_their_scores_in_both_languages(opened, region, folder, language):
    fill(folder)
    with opened(region, folder) as dashboard:
        async with client_of(dashboard) as client:
            text = (await client.get(f"/{language}")).text
    rows = re.findall(r'data-device="(\w+)"', text)
    assert rows[:2] == ["ev_hub", "battery"]
    told = dict(re.findall(r'id="told-(\w+)">(.*?)</td>', text, re.DOTALL))
    assert "90" in told["battery"]
    assert "24 h" in told["battery"]
    assert "Rampe" in text if language == "de" else "ramp" in text
    assert {"de": "Betriebszustand 4", "en": "operating state 4"}[language] in text


async def test_the_page_says_why_the_quarter_hour_is_corrected(client, folder):
    with SqliteRecord(folder) as record:
        corrected = conduct("battery", wanted_kw=3000.0, level=Level.CORRECTION)
        record.write_conduct([corrected], SCORES, NOW - timedelta(hours=2))
        write_tick(record, NOW)
    assert "Viertelstundenkorrektur: Quartierspeicher um" in (await client.get("/de")).text
    assert "in Richtung Verbrauch verschoben" in (await client.get("/de")).text
    assert "Quarter-hour correction: District battery moved by" in (await client.get("/en")).text
