"""The one look at the record that all pages, streams and API calls of the same moment share."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from dashboard.forecasts import PlannersPicture
from dashboard.picture import Look, Picture, picture_of
from dashboard.rendering import Renderer
from energy.periods import period_start
from energy.region.model import Region

LOOK_AGE_S_MAX = 0.5
"""A look that is younger is shared, so that a hundred viewers cost as much as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """What a page in one language shows: its changing parts by element, and which charts go with them."""

    presence: str
    now: str | None
    charts_key: str
    fragments: dict[str, str]


class Live:
    """Looks at most twice a second, in a thread, and renders each language once a look."""

    def __init__(self, region: Region, look: Callable[[], Look], renderer: Renderer) -> None:
        self._region = region
        self._look = look
        self._renderer = renderer
        self._lock = asyncio.Lock()
        self._picture: Picture | None = None
        self._looked_s = 0.0
        self._states: dict[str, PageState] = {}

    async def picture(self) -> Picture:
        """Give the present picture."""
        async with self._lock:
            return await self._fresh()

    async def state(self, language: str) -> PageState:
        """Give what a page in this language shows now."""
        async with self._lock:
            picture = await self._fresh()
            if language not in self._states:
                self._states[language] = await asyncio.to_thread(self._render, picture, language)
            return self._states[language]

    async def page(self, language: str) -> str:
        """Render a whole page."""
        return await asyncio.to_thread(self._renderer.page, await self.picture(), language)

    def planners_page(self, picture: Picture, planners: PlannersPicture | None, language: str) -> str:
        """Render the planners' page; without a readable record it only says so."""
        return self._renderer.planners_page(picture, planners, language)

    async def _fresh(self) -> Picture:
        if self._picture is None or time.monotonic() - self._looked_s > LOOK_AGE_S_MAX:
            self._picture = await asyncio.to_thread(lambda: picture_of(self._region, self._look()))
            self._looked_s = time.monotonic()
            self._states = {}
        return self._picture

    def _render(self, picture: Picture, language: str) -> PageState:
        return PageState(
            presence=picture.presence.value,
            now=picture.now.isoformat() if picture.now is not None else None,
            charts_key=charts_key(picture),
            fragments=self._renderer.fragments(picture, language),
        )


def charts_key(picture: Picture) -> str:
    """Name the charts that belong to a picture: they change with the quarter hour and with the plan."""
    if picture.status is None:
        return picture.presence.value
    plan_id = picture.plan.plan_id if picture.plan is not None else "none"
    return f"{period_start(picture.status.at).isoformat()} {plan_id}"
