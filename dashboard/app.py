"""Puts the web application together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from dashboard import api, jobs, metrics, pages, planners
from dashboard.desk import Desk
from dashboard.guard import Guard
from dashboard.live import Live
from dashboard.problem import handle_problems
from dashboard.record import Record
from dashboard.rendering import Renderer
from dashboard.static_files import StaticFiles
from dashboard.stream import Streams
from energy.region.model import Region

OPENAPI_URL = "/api/v1/openapi.json"
VERSION = "1"
DESCRIPTION = (
    "What the region does. Positive powers draw, negative ones feed in; at the grid point positive is import."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """The application with what its owner has to close."""

    asgi: ASGIApp
    record: Record
    streams: Streams

    def close(self) -> None:
        """Let the record go."""
        self.record.close()


def create_dashboard(region: Region, folder: Path, *, wall_now: Callable[[], datetime]) -> Dashboard:
    """Make the dashboard of a region over its data folder, which need not exist yet.

    Args:
        region: whose dashboard.
        folder: the data folder that the controller writes.
        wall_now: the clock on the wall, to tell how long the controller has been silent.
    """
    record = Record(folder, wall_now=wall_now)
    files = StaticFiles.load()
    renderer = Renderer.of(region.zone, static_root=f"/static/{files.version}")
    streams = Streams()
    app = FastAPI(
        title="Energiewaage",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=OPENAPI_URL,
        docs_url=None,
        redoc_url=None,
    )
    app.state.desk = Desk(
        region=region,
        record=record,
        live=Live(region, record.look, renderer),
        streams=streams,
        files=files,
    )
    handle_problems(app)
    app.include_router(api.router)
    app.include_router(pages.router)
    app.include_router(metrics.router)
    app.include_router(jobs.router)
    app.include_router(planners.router)
    app.include_router(planners.pages)
    return Dashboard(asgi=Guard(app), record=record, streams=streams)
