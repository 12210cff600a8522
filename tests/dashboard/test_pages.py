"""The pages: both languages, bad days, hostile names, headers."""

import re
from dataclasses import replace

import pytest

from dashboard.language import catalogue
from energy.historian.sqlite_record import SqliteRecord
from energy.region.asset import Name
from tests.dashboard.conftest import client_of
from tests.dashboard.day import ALARM, write_tick


async def page(client, path="/de"):
    response = await client.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text


async def test_the_default_page_is_german(client):
    assert '<html lang="de"' in await page(client, "/")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/de", ["Musterstadt", "Simulation, 60× Echtzeit, Messdaten von 2020", "6.422", "Bezug", "lädt"]),
        (
            "/en",
            ["Sampletown", "Simulation, 60× real time, measured data of 2020", "6,422", "import", "charging"],
        ),
    ],
)
async def test_a_page_speaks_its_language(client, path, words):
    text = await page(client, path)
    assert [word for word in words if word not in text] == []


async def test_the_asset_table_tells_all_of_every_asset(client, region):
    text = await page(client, "/en")
    rows = dict(re.findall(r'data-asset="(\w+)".*?>(.*?)</tr>', text, re.DOTALL))
    assert sorted(rows) == sorted(asset.id for asset in region.assets)
    for said in (
        "at most 280 kW",
        "Limited",
        "device holds 300 kW",
        "rounded to the device&#39;s step",
        "good",
    ):
        assert said in rows["ev_hub"]
    assert "Unreachable" in rows["wind_park"]
    assert "49%" in rows["battery"]
    assert "could be 4,600 kW" in rows["pv_park"]


async def test_people_never_see_a_bare_sign(client):
    for language in ("de", "en"):
        visible = re.sub(r"<[^>]*>", " ", await page(client, f"/{language}"))
        assert re.findall(r"(?<![\w])[-\u2212+]\d", visible) == []


async def test_an_unknown_alarm_code_is_shown_raw(client, folder):
    with SqliteRecord(folder) as record:
        write_tick(record, alarms=(replace(ALARM, code="never_heard_of"),))
    assert "never_heard_of" in await page(client)


async def test_a_silent_controller_is_shown(client, wall):
    wall.ahead_s = 45.0
    text = await page(client, "/en")
    assert 'data-presence="silent"' in text
    assert "The controller is silent" in text
    assert "as of 14:07:30, not live" in text
    assert "Unknown while the controller is silent" in text
    assert text.count('class="not-now"') == 8


async def test_a_missing_record_is_said_in_a_page_for_people(opened, region, tmp_path):
    with opened(region, tmp_path) as dashboard:
        async with client_of(dashboard) as client:
            text = await page(client)
    assert catalogue("de")["notice.unrecorded.title"] in text
    assert "telemetry.sqlite does not exist yet. Mend:" in text
    assert re.search(r"\d kW", re.sub(r"<[^>]*>", " ", text)) is None


async def test_a_controller_that_never_reported_is_said(opened, region, tmp_path):
    with SqliteRecord(tmp_path):
        pass
    with opened(region, tmp_path) as dashboard:
        async with client_of(dashboard) as client:
            assert catalogue("de")["notice.unheard.title"] in await page(client)


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=a()>"


async def test_a_hostile_name_is_escaped(opened, region, folder):
    hostile = replace(region, name=Name(de=HOSTILE, en=HOSTILE))
    with SqliteRecord(folder) as record:
        hostile_alarm = replace(ALARM, code=HOSTILE, target_id=HOSTILE, detail=HOSTILE)
        write_tick(record, alarms=(hostile_alarm, replace(hostile_alarm, target_id="load")))
    with opened(hostile, folder) as dashboard:
        async with client_of(dashboard) as client:
            text = await page(client)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    "path", ["/", "/de", "/nothing", "/api/v1/region", "/api/v1/nothing", "/api/v1/means"]
)
async def test_every_answer_carries_its_security_headers(client, path):
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    for rule in (
        "default-src 'self'",
        "script-src 'self';",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ):
        assert rule in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8080", "", "[::2]:8080"])
async def test_a_foreign_host_name_is_refused(client, host):
    response = await client.get("/de", headers={"Host": host})
    assert response.status_code == 400
    assert "content-security-policy" in response.headers


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
async def test_loopback_names_are_served(client, host):
    assert (await client.get("/de", headers={"Host": host})).status_code == 200


async def test_everything_a_page_loads_is_served_from_here_and_may_be_kept(client):
    text = await page(client)
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert {name.rpartition("/")[2] for name in files} == {"page.css", "page.js", "plotly.min.js", "icon.svg"}
    assert re.findall(r'(?:src|href)="(?!/)(?!#)[^"]*"', text) == []
    for name in [*files, files[0].rpartition("/")[0] + "/charts.js"]:
        response = await client.get(name)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e%2fapp.py", "nothing.js", "..%2f..%2fpyproject.toml"])
async def test_only_the_known_files_exist(client, name):
    text = await page(client)
    root = re.findall(r'href="(/static/\w+)/page.css"', text)[0]
    assert (await client.get(f"{root}/{name}")).status_code == 404
