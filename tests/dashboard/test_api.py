"""The API: every route, its units, its bounds, and what it says when there is no record."""

import json

import pytest

from energy.historian.sqlite_record import SqliteRecord
from energy.job import Job, JobRequest, JobState
from energy.jobs.record import JobRecord
from energy.ledger.active_file import FILE_NAME as LEDGER_NAME
from energy.ledger.reader import ledger_reader
from tests.dashboard.conftest import client_of
from tests.dashboard.day import NOW, POWERS_KW

ROUTES = [
    "forecasts",
    "forecasts/leaderboard",
    "region",
    "status",
    "balance",
    "feeders",
    "municipalities",
    "assets",
    "devices",
    "forecast?asset=load",
    "plan",
    "means?asset=load&point=power_kw&from=2020-06-17T00:00Z&to=2020-06-17T06:00Z",
    "charts",
    "ledger/head",
    "jobs",
    "healthz",
]
FROM_RECORD = [route for route in ROUTES if route not in {"region", "jobs"}]
UNITS = (
    "_kw",
    "_kwh",
    "_m3",
    "_capacity",
    "_reserve",
    "_s",
    "_ms",
    "_eur",
    "_eur_per_kwh",
    "_fraction",
    "_ratio",
    "_deg",
    "_min",
    "_max",
    "_by_kind",
)


async def get(client, path, status=200):
    response = await client.get(f"/api/v1/{path}")
    assert response.status_code == status, response.text
    return response.json()


@pytest.mark.parametrize("route", ROUTES)
async def test_every_route_answers(client, route):
    assert await get(client, route)


@pytest.mark.parametrize("route", ROUTES)
async def test_every_float_has_its_unit_in_its_name(client, route):
    def check(key, value):
        if isinstance(value, dict):
            for name, item in value.items():
                check(name if not key.endswith(UNITS) else key, item)
        elif isinstance(value, list):
            for item in value:
                check(key, item)
        elif isinstance(value, float):
            assert key.endswith(UNITS), key

    check("", await get(client, route))


async def test_the_balance_matches_what_was_recorded(client):
    answer = await get(client, "balance")
    groups = {group["group"]: group["power_kw"] for group in answer["groups"]}
    assert groups == pytest.approx(
        {"generation": -6422.0, "consumption": 6553.0, "storage": 650.0, "exchange": sum(POWERS_KW.values())}
    )
    assert answer["residual_kw"] == pytest.approx(0.0, abs=1e-6)


async def test_assets_carry_setpoint_outcome_and_age(client):
    answer = await get(client, "assets")
    by_id = {asset["id"]: asset for asset in answer["assets"]}
    assert by_id["ev_hub"]["outcome"]["outcome"] == "limited"
    assert by_id["ev_hub"]["outcome"]["read_back_kw"] == 300.0
    assert by_id["ev_hub"]["setpoint"]["point"] == "power_kw_max"
    assert by_id["wind_park"]["outcome"] == {
        "outcome": "unreachable",
        "at": "2020-06-17T12:07:30Z",
        "read_back_kw": None,
        "reason": "no answer in 1 s",
    }
    assert by_id["load"]["age_s"] == 0.0
    assert by_id["load"]["setpoint"] is None


async def test_the_plan_is_whole(client):
    answer = await get(client, "plan")
    assert answer["periods"] == 192
    assert len(answer["assets"]["battery"]["states"]["energy_kwh"]) == 192
    assert answer["state"] == "in_force"


async def test_the_ledger_head_is_the_ledgers(client, folder):
    with ledger_reader(folder / LEDGER_NAME) as ledger:
        assert await get(client, "ledger/head") == {"count": 1, "hash": ledger.head()}


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("forecast?asset=nobody", 404, "nobody"),
        ("forecast?asset=battery", 404, "no forecast"),
        ("forecast?asset=../../etc/passwd", 422, "asset"),
        ("forecast", 422, "asset"),
        ("means?asset=load&point=power_kw&from=2020-06-17T00:00Z&to=2020-08-17T00:00Z", 422, "31 days"),
        ("means?asset=load&point=power_kw&from=2020-06-17T06:00Z&to=2020-06-17T00:00Z", 422, "after"),
        ("means?asset=load&point=power_kw&from=2020-06-17T00:00&to=2020-06-17T06:00", 422, "time zone"),
        ("means?asset=load&point=power&from=2020-06-17T00:00Z&to=2020-06-17T06:00Z", 422, "point"),
        ("means?asset=load&point=power_kw&from=0001-01-01T00:00%2B14:00&to=0001-01-02T00:00Z", 422, "from"),
        ("stream?language=fr", 422, "language"),
        ("nothing", 404, "Not Found"),
    ],
)
async def test_wrong_questions_get_a_problem_that_says_why(client, path, status, says):
    response = await client.get(f"/api/v1/{path}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert says in problem["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/de", "/api/v1/plan", "/api/v1/region"])
async def test_nothing_can_be_changed(client, method, path):
    response = await client.request(method, path)
    assert response.status_code == 405
    assert response.json()["status"] == 405


@pytest.mark.parametrize("route", FROM_RECORD)
async def test_without_a_record_the_api_is_unavailable(opened, region, tmp_path, route):
    with opened(region, tmp_path / "nowhere") as dashboard:
        async with client_of(dashboard) as client:
            problem = await get(client, route, 503)
            assert "Mend" in problem["detail"]


async def test_a_damaged_record_makes_the_api_unavailable(opened, region, tmp_path):
    (tmp_path / "telemetry.sqlite").write_bytes(b"no database" * 1000)
    with opened(region, tmp_path) as dashboard:
        async with client_of(dashboard) as client:
            await get(client, "status", 503)


async def test_a_record_that_was_deleted_under_our_hands_is_missed(client, folder):
    await get(client, "healthz")
    (folder / "telemetry.sqlite").unlink()
    await get(client, "healthz", 503)


async def test_a_record_that_comes_later_is_found(opened, region, tmp_path):
    with opened(region, tmp_path) as dashboard:
        async with client_of(dashboard) as client:
            await get(client, "healthz", 503)
            with SqliteRecord(tmp_path):
                pass
            problem = await get(client, "healthz", 503)
            assert "not reported" in problem["detail"]


async def test_jobs_and_their_results_can_be_read(client, folder):
    assert await get(client, "jobs") == {"jobs": []}
    assert "no job 7" in (await get(client, "jobs/7", 404))["detail"]
    request = JobRequest(job_id="a", kind="report", parameters={"step": "day"}, actor="A. Beck", made_at=NOW)
    with JobRecord(folder) as record:
        record.take(Job(number=7, request=request, state=JobState.QUEUED))
        record.change(7, JobState.DONE, run_s=1.5, result='{"region": {"import_kwh": 2.0}}')
    (listed,) = (await get(client, "jobs"))["jobs"]
    assert (listed["number"], listed["state"], listed["actor"], listed["run_s"]) == (
        7,
        "done",
        "A. Beck",
        1.5,
    )
    answer = await get(client, "jobs/7")
    assert answer == {"job": listed, "result": {"region": {"import_kwh": 2.0}}}
    assert "number" in (await get(client, "jobs/seven", 422))["detail"]


async def test_health_is_about_recency(client, wall):
    assert (await get(client, "healthz"))["presence"] == "live"
    wall.ahead_s = 60.0
    assert "silent" in (await get(client, "healthz", 503))["detail"]
    assert (await get(client, "status"))["silence_s"] > 50.0


async def test_openapi_describes_every_route_and_only_reads(client):
    document = await get(client, "openapi.json")
    paths = {route.partition("?")[0] for route in ROUTES} | {
        "stream",
        "jobs/{number}",
        "forecasts/{asset_id}",
    }
    assert document["paths"].keys() == {f"/api/v1/{path}" for path in paths}
    assert {method for path in document["paths"].values() for method in path} == {"get"}
    assert "NaN" not in json.dumps(document)
