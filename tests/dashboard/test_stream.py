"""The stream: changes only, silence too, and an end."""

import json
from datetime import timedelta

from dashboard.live import Live
from dashboard.record import Record
from dashboard.rendering import FRAGMENTS, Renderer
from dashboard.stream import STREAMS_MAX, Streams, page_events
from energy.historian.sqlite_record import SqliteRecord
from tests.dashboard.conftest import client_of
from tests.dashboard.day import NOW, POWERS_KW, write_tick


def parsed(text):
    name, data = text.strip().split("\n", 1)
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def streamed(region, folder, wall):
    record = Record(folder, wall_now=wall.now)
    live = Live(region, record.look, Renderer.of(region.zone, static_root="/static/x"))
    streams = Streams()
    return record, streams, page_events(live, "en", streams, every_s=0.2)


async def test_the_first_event_is_whole_and_later_ones_carry_only_what_changed(region, folder, wall):
    record, streams, events = streamed(region, folder, wall)
    assert (await anext(events)).startswith("retry:")
    name, first = parsed(await anext(events))
    assert name == "page"
    cells = {name for name in first["fragments"] if "-" in name}
    assert first["fragments"].keys() - cells == set(FRAGMENTS) - {"networks", "feeders"}
    assert {f"power-{asset.id}" for asset in region.assets} <= cells
    with SqliteRecord(folder) as writer:
        write_tick(writer, NOW + timedelta(seconds=5), POWERS_KW | {"load": 6500.0})
    _, second = parsed(await anext(events))
    assert "6,500" in second["fragments"]["power-load"]
    assert "power-hydro" not in second["fragments"]
    assert "notices" not in second["fragments"]
    assert second["now"] == "2020-06-17T12:07:35+00:00"
    streams.closing.set()
    assert [event async for event in events] == []
    assert streams.open == 0
    record.close()


async def test_silence_reaches_the_page(region, folder, wall):
    record, streams, events = streamed(region, folder, wall)
    await anext(events)
    assert parsed(await anext(events))[1]["presence"] == "live"
    wall.ahead_s = 30.0
    _, update = parsed(await anext(events))
    assert update["presence"] == "silent"
    assert "The controller is silent" in update["fragments"]["notices"]
    streams.closing.set()
    await events.aclose()
    record.close()


async def test_the_charts_key_changes_with_the_quarter_hour(region, folder, wall):
    record, _, events = streamed(region, folder, wall)
    await anext(events)
    _, first = parsed(await anext(events))
    with SqliteRecord(folder) as writer:
        write_tick(writer, NOW + timedelta(minutes=15))
    _, second = parsed(await anext(events))
    assert first["charts_key"] != second["charts_key"]
    await events.aclose()
    record.close()


async def test_a_viewer_too_many_is_refused(dashboard):
    dashboard.streams.open = STREAMS_MAX
    async with client_of(dashboard) as client:
        assert (await client.get("/api/v1/stream")).status_code == 503
