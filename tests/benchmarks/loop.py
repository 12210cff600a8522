"""The loop: what one tick takes, from reading to the record, in a simulated quarter of a day in lockstep."""

import asyncio
from collections.abc import Iterator

from energy.app.headless import HeadlessSettings, run_headless
from energy.periods import parse_utc
from energy.region.loader import load_region
from tests.benchmarks.figure import Figure, Say
from tests.closed_loop.ports import free_range

START = parse_utc("2020-05-18T06:00Z")
DAYS = 0.25
TICK_S = 60.0
SEED = 1
SAID_EVERY = 60


def figures(say: Say) -> Iterator[Figure]:
    """Measure everything of this group."""
    yield tick_figure(say, days=DAYS)


def tick_figure(say: Say, *, days: float) -> Figure:
    """Run the shipped region through its own Modbus connections; the tick does not wait for its planner."""
    region = load_region("musterstadt")
    settings = HeadlessSettings(
        region_name="musterstadt",
        region=region,
        start=START,
        days=days,
        seed=SEED,
        tick_s=TICK_S,
        folder=None,
        first_port=free_range(len(region.assets)),
    )

    def progress(number: int, ticks: int) -> None:
        if number % SAID_EVERY == 0:
            say(f"loop: tick {number} of {ticks}")

    result = asyncio.run(run_headless(settings, progress=progress))
    tick_ms = result["tick_ms"]
    return Figure(
        name=f"loop.tick_ms.{len(region.assets)}",
        value=tick_ms["p50"],
        unit="ms",
        against="absolute: read, record, decide, write, read back; planning runs beside it",
        n=result["ticks"],
        more={"p99": tick_ms["p99"], "max": tick_ms["max"], "wall_s": result["wall_s"]},
    )
