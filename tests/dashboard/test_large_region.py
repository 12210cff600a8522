"""Many assets of every kind: what people read of them, and that the page stays small and quick."""

import json
import re
import time

import pytest

from dashboard.language import catalogue
from dashboard.picture import Look, picture_of
from dashboard.presence import Heard
from dashboard.rendering import Renderer
from energy.domain import Point, Quality, Reading
from energy.historian.sqlite_record import SqliteRecord
from energy.region.loader import load_region
from tests.dashboard.conftest import client_of
from tests.dashboard.day import NOW
from tests.dashboard.valley import POWER_KW_BY_KIND, outcomes, plan, prepare, readings, status, valley

PUSH_BYTES_MAX = 60_000
RENDER_S_MAX = 0.060


@pytest.fixture(scope="module")
def large():
    return valley()


def look(region, taken, **changes):
    given = {
        "heard": Heard(status=status(), silence_s=1.0),
        "readings": {(reading.asset_id, reading.point): reading for reading in taken},
        "outcomes": {outcome.setpoint.asset_id: outcome for outcome in outcomes()},
        "plan": plan(region) if region.id == "valley" else None,
    }
    return Look(**(given | changes))


def fragments(region, taken, language="de", **changes):
    renderer = Renderer.of(region.zone, static_root="/static/x")
    return renderer.fragments(picture_of(region, look(region, taken, **changes)), language)


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).replace("\u00a0", " ").strip()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("state-chp_a", "läuft seit 2 h · Wärme 3.200 kW"),
        ("state-chp_b", "steht seit 45 min · Wärme 0 kW"),
        ("state-heat_pump", "läuft seit 70 min · Wärme 1.380 kW · Quelle 4,3 °C unter null"),
        ("state-store_a", "63 % · 37.800 kWh"),
        ("state-waterworks", "1.850 m³ (62 %), davon Löschreserve 900 m³"),
        ("told-chp_a", "erzeugen mit 2.000 kW Plan · Angewendet"),
        ("told-chp_b", "eigene Regelung: wärmegeführt"),
        ("told-waterworks", "eigene Regelung: Füllstandsregelung"),
        ("told-electrolyser", "laufen mit 6.800 kW Plan · Angewendet"),
        ("told-store_a", "nur gemessen"),
        ("power-store_a", "1.500 kW entlädt"),
        ("power-feeder_5", "530 kW zur Sammelschiene"),
        ("power-hydrogen_store", "3.333 kW gibt ab"),
        ("plan-chp_a", "steht"),
        ("plan-boiler_a", "1.662 kW heizt"),
        ("note-heat_pump", "gut Sollwert begrenzt"),
        ("family-heat", "1 mit Meldung"),
        ("share-place_1", "234 %"),
        ("make-place_10", "640 kW"),
    ],
)
def test_a_cell_says_in_words_what_is(large, cell, says):
    assert text_of(fragments(large, readings(large))[cell]) == says


def test_one_sentence_tells_anybody_how_the_region_stands(large):
    said = text_of(fragments(large, readings(large))["summary"])
    assert said.startswith("Die Region deckt gerade 58 % ihres Stromverbrauchs selbst; 17.400 kW kommen")
    assert "Netz A: Wärme zu 48 % aus dem Blockheizkraftwerk, 29 % aus dem Heizkessel, 23 % aus dem" in said
    assert "Netz B: Wärme zu 100 % aus der Wärmepumpe." in said


def test_what_is_not_known_is_said_and_never_zero(large):
    shown = fragments(large, [])
    unknown = catalogue("de")["value.unknown"]
    assert text_of(shown["power-chp_a"]) == unknown
    assert text_of(shown["use-place_1"]) == unknown
    assert text_of(shown["state-store_a"]) == catalogue("de")["detail.content_unknown"]
    assert catalogue("de")["summary.power_unknown"] in text_of(shown["summary"])
    assert text_of(shown["feeders"]).count(unknown) == 2 * len(large.feeders)
    for name in ("networks", "feeders", "summary"):
        assert re.search(r"(?<![\d.,])0 (kW|kWh|m³|%)", text_of(shown[name])) is None, name


@pytest.mark.parametrize("language", ["de", "en"])
def test_nobody_sees_a_bare_sign(large, language):
    for name, html in fragments(large, readings(large), language).items():
        assert re.findall(r"(?<![\w])[-\u2212+]\d", text_of(html)) == [], name


def plain_readings(region):
    """Give one good reading of what each asset does, by its kind."""
    for asset in region.assets:
        for point in (Point.POWER_KW, Point.HEAT_KW, Point.ENERGY_KWH, Point.VOLUME_M3, Point.RUNNING_S):
            value = POWER_KW_BY_KIND.get(asset.kind, 500.0)
            yield Reading(asset_id=asset.id, point=point, value=value, quality=Quality.GOOD, measured_at=NOW)


@pytest.mark.parametrize("make", [valley, lambda: load_region("fichtelgebirge")], ids=["valley", "shipped"])
def test_a_whole_push_is_small_and_quick(make):
    region = make()
    renderer = Renderer.of(region.zone, static_root="/static/x")
    taken = readings(region) if region.id == "valley" else list(plain_readings(region))
    seen = look(region, taken)
    times_s = []
    for _ in range(6):
        began_s = time.process_time()
        shown = renderer.fragments(picture_of(region, seen), "de")
        times_s.append(time.process_time() - began_s)
    assert len(region.assets) >= 60
    assert len(json.dumps(shown, ensure_ascii=False).encode()) < PUSH_BYTES_MAX
    assert min(times_s) < RENDER_S_MAX


async def test_the_api_tells_every_carrier(opened, large, tmp_path):
    prepare(tmp_path, large)
    with opened(large, tmp_path) as dashboard:
        async with client_of(dashboard) as client:
            balance = (await client.get("/api/v1/balance")).json()
            feeders = (await client.get("/api/v1/feeders")).json()["feeders"]
            places = (await client.get("/api/v1/municipalities")).json()["municipalities"]
            charts = (await client.get("/api/v1/charts")).json()
            assets = (await client.get("/api/v1/assets")).json()["assets"]
    assert balance["residual_kw"] == pytest.approx(0.0, abs=1e-6)
    assert [network["taken_kw"] for network in balance["heat"]] == [6600.0, 1200.0]
    assert balance["hydrogen"][0]["stores"][0]["fill_fraction"] == pytest.approx(21400 / 60000)
    assert balance["water"][0]["volume_m3_reserve"] == 900.0
    assert [row["id"] for row in feeders] == [feeder.id for feeder in large.feeders]
    assert feeders[0]["load_fraction"] == pytest.approx(abs(feeders[0]["power_kw"]) / 10000.0)
    assert len(places) == 17
    assert [chart["network_id"] for chart in charts["heat"]] == ["a", "b"]
    assert {len(item["planned_running_fraction"]) for item in charts["machines"]} == {192}
    assert {item["asset_id"] for item in charts["machines"]} == {
        "chp_a",
        "chp_b",
        "heat_pump",
        "electrolyser",
    }
    values = {(asset["id"], value["point"]): value for asset in assets for value in asset["values"]}
    assert values["waterworks", "volume_m3"]["value_m3"] == 1850.0
    assert values["heat_pump", "temperature_c"]["value_c"] == -4.3
    assert values["chp_a", "running_s"]["value_s"] == 9000.0


async def test_only_what_moved_is_sent_again(large):
    taken = readings(large)
    before = fragments(large, taken)
    after = fragments(
        large, [item for item in taken if (item.asset_id, item.point) != ("chp_a", Point.RUNNING_S)]
    )
    assert {name for name in after if after[name] != before[name]} == {"state-chp_a"}


async def test_alarms_stand_before_the_long_lists_and_drawers_start_closed(opened, large, tmp_path):
    prepare(tmp_path, large)
    with opened(large, tmp_path) as dashboard:
        async with client_of(dashboard) as client:
            text = (await client.get("/de")).text
    places = [text.index(f'id="{name}"') for name in ("summary", "alarms", "balance", "networks", "assets")]
    assert places == sorted(places)
    assert "<details" in text
    assert re.findall(r"<details[^>]* open", text) == []


async def test_a_record_without_heat_still_shows_the_page(opened, large, tmp_path):
    with SqliteRecord(tmp_path) as record:
        record.write_status(status())
        record.commit()
    with opened(large, tmp_path) as dashboard:
        async with client_of(dashboard) as client:
            response = await client.get("/en")
    assert response.status_code == 200
    assert "not known" in response.text
