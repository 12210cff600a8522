"""The dashboard over a prepared data folder, without a server: requests go straight into the application."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dashboard.app import Dashboard, create_dashboard
from energy.region.loader import load_region
from energy.region.model import Region
from tests.dashboard.day import prepare

BASE_URL = "http://127.0.0.1:8080"


@dataclass
class Wall:
    """A clock on the wall that a test can turn on."""

    ahead_s: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)


@pytest.fixture(scope="session")
def region() -> Region:
    return load_region("musterstadt")


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(tmp_path)
    return tmp_path


@pytest.fixture
def opened(wall: Wall) -> Callable[[Region, Path], "contextmanager[Dashboard]"]:
    @contextmanager
    def open_dashboard(region: Region, folder: Path) -> Iterator[Dashboard]:
        dashboard = create_dashboard(region, folder, wall_now=wall.now)
        try:
            yield dashboard
        finally:
            dashboard.close()

    return open_dashboard


@pytest.fixture
def dashboard(opened, region: Region, folder: Path) -> Iterator[Dashboard]:
    with opened(region, folder) as made:
        yield made


@pytest.fixture
async def client(dashboard: Dashboard) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(dashboard) as made:
        yield made


def client_of(dashboard: Dashboard) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=dashboard.asgi, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL)
