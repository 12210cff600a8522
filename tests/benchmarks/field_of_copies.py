"""A simulated field of many devices in a process of its own, standing still in lockstep.

``python -m tests.benchmarks.field_of_copies ASSETS FIRST_PORT`` serves until its control connection says
stop.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from energy.app.ports_of_region import on_ports
from energy.devices.plant.run import PlantSettings, run_plant
from energy.region.loader import load_region
from energy.region.model import Region
from tests.benchmarks.copies import region_of_copies
from tests.closed_loop.ports import free_range
from tests.source_code import ROOT

START = datetime(2020, 5, 18, 10, tzinfo=UTC)
SEED = 1
STOP_S_MAX = 10.0


@contextmanager
def field_of_copies(assets: int) -> Iterator[tuple[Region, int]]:
    """Serve so many assets, each at a port of its own; gives the region and the control port."""
    first_port = free_range(assets)
    leash = [sys.executable, "-m", "energy.app.leash", str(os.getpid())]
    command = [sys.executable, "-m", "tests.benchmarks.field_of_copies", str(assets), str(first_port)]
    with subprocess.Popen([*leash, *command], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield _region(assets, first_port), int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


def _region(assets: int, first_port: int) -> Region:
    return on_ports(region_of_copies(load_region("musterstadt"), assets), first_port)


def _serve(assets: int, first_port: int) -> None:
    settings = PlantSettings(
        region=_region(assets, first_port),
        start=START,
        seed=SEED,
        on_ready=lambda control_port: print(control_port, flush=True),
    )
    asyncio.run(run_plant(settings))


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
