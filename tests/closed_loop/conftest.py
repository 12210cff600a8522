"""The town that point-to-point tests are made in."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from energy.app.children import Child
from energy.app.clock import ScaledClock, wall_now
from energy.periods import format_utc, parse_utc
from energy.region.loader import load_region, shipped_regions
from tests.closed_loop.commission_site import SPEED, Site
from tests.closed_loop.ports import free_range


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites: list[tuple[Site, Child]] = []

    def open_site(
        start: str,
        *,
        change: Callable[[Path], None] | None = None,
        change_plant: Callable[[Path], None] | None = None,
    ) -> Site:
        """Open it; ``change`` is made to both regions, ``change_plant`` to the true one alone."""
        for name in ("plant", "town"):
            shutil.copytree(shipped_regions()["musterstadt"], tmp_path / name)
            if change is not None:
                change(tmp_path / name)
        if change_plant is not None:
            change_plant(tmp_path / "plant")
        clock = ScaledClock(start=parse_utc(start), epoch=wall_now() + timedelta(seconds=1), speed=SPEED)
        first_port = free_range(len(load_region("musterstadt").assets) + 1)
        arguments = ["plant", str(tmp_path / "plant"), "--start", start, "--speed", str(SPEED)]
        arguments += ["--epoch", format_utc(clock.epoch), "--first-port", str(first_port)]
        plant = Child("plant", arguments)
        made = Site(
            plant_folder=tmp_path / "plant",
            town=tmp_path / "town",
            data=tmp_path / "data",
            clock=clock,
            first_port=first_port,
            control_port=int(str(plant.ready()["control_port"])),
        )
        sites.append((made, plant))
        return made

    yield open_site
    for made, plant in sites:
        for process in made.running:
            process.kill()
            process.communicate()
        plant.stop()
