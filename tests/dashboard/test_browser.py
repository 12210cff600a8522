"""The page in a real browser over a real server: it moves, draws, translates and owns up to silence."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from playwright.async_api import Page, async_playwright, expect

from dashboard.app import create_dashboard
from dashboard.serving import Server, listen
from energy.historian.sqlite_record import SqliteRecord
from tests.dashboard.day import NOW, POWERS_KW, write_tick

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--disable-gpu", "--disable-background-networking"]
ROOT_ARGUMENTS = ["--no-sandbox"] if os.geteuid() == 0 else []
CHARTS = ("generation", "consumption", "exchange", "price", "flexible", "stored")


@asynccontextmanager
async def served(region, folder, wall, *, port=0) -> AsyncIterator[tuple[str, Server]]:
    """Serve the folder, on a free port unless one is named; the test holds the clock."""
    listening = listen("127.0.0.1", port)
    server = Server(create_dashboard(region, folder, wall_now=wall.now), host="127.0.0.1", port=port)
    with listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", server
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def opened_page(**options) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open a browser page that notes everything the console complains about, CSP violations among it."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, *ROOT_ARGUMENTS]
        )
        page = await browser.new_page(**options)
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield page, complaints
        finally:
            await browser.close()


async def figure(page: Page, group: str) -> str:
    return await page.inner_text(f'[data-group="{group}"] .figure')


async def drawn_points(page: Page, chart: str) -> int:
    """Count the values that a chart really has as SVG paths."""
    paths = await page.eval_on_selector_all(
        f'[data-chart="{chart}"] .scatterlayer path.js-line',
        "paths => paths.map(path => path.getAttribute('d').length)",
    )
    return sum(paths)


async def test_the_page_lives(region, folder, wall):
    async with served(region, folder, wall) as (url, _), opened_page() as (page, complaints):
        await page.goto(f"{url}/de")
        await expect(page.locator("html")).to_have_attribute("data-stream", "live")
        assert "6.553 kW" in (await figure(page, "consumption")).replace("\u00a0", " ")

        for chart in CHARTS:
            await expect(page.locator(f'[data-chart="{chart}"] .scatterlayer path').first).to_be_attached()
            assert await drawn_points(page, chart) > 500, chart
            await expect(page.locator(f'[data-chart="{chart}"] .now')).to_be_visible()

        with SqliteRecord(folder) as record:
            write_tick(record, NOW + timedelta(seconds=60), POWERS_KW | {"load": 7000.0})
        await expect(page.locator('[data-group="consumption"] .figure b')).to_have_text("7.433")
        await expect(page.locator('[data-asset="load"] .power b')).to_have_text("7.000 kW")
        await expect(page.locator("#masthead time b")).to_have_text("14:08:30")

        await page.hover('[data-chart="exchange"] .plot', position={"x": 120, "y": 60})
        readout = page.locator('[data-chart="exchange"] .readout')
        await expect(readout).to_contain_text("Gemessen: Bezug")
        await expect(page.locator('[data-chart="price"] .readout')).to_contain_text("Veröffentlicht")

        await page.click('a[hreflang="en"]')
        await expect(page.locator("h1")).to_have_text("Sampletown")
        await expect(page.locator("html")).to_have_attribute("data-stream", "live")

        wall.ahead_s = 45.0
        await expect(page.locator(".notice-silent")).to_contain_text("The controller is silent")
        await expect(page.locator("html")).to_have_attribute("data-presence", "silent")
        await expect(page.locator('[data-asset="load"] .not-now')).to_be_visible()
        assert complaints == []


async def test_the_page_says_so_when_the_stream_is_lost_and_recovers(region, folder, wall):
    async with opened_page() as (page, _):
        async with served(region, folder, wall) as (url, _):
            await page.goto(f"{url}/en")
            await expect(page.locator("html")).to_have_attribute("data-stream", "live")
            await expect(page.locator("#lost")).to_be_hidden()
        await expect(page.locator("html")).to_have_attribute("data-stream", "lost")
        await expect(page.locator("#lost")).to_contain_text("Connection to the display lost")
        await expect(page.locator("#lost")).to_be_visible()
        async with served(region, folder, wall, port=int(url.rpartition(":")[2])):
            await expect(page.locator("html")).to_have_attribute("data-stream", "live", timeout=15_000)
            await expect(page.locator("#lost")).to_be_hidden()


async def test_no_width_scrolls_sideways(region, folder, wall):
    async with (
        served(region, folder, wall) as (url, _),
        opened_page(color_scheme="dark") as (page, complaints),
    ):
        await page.goto(f"{url}/de")
        await expect(page.locator("html")).to_have_attribute("data-stream", "live")
        await expect(page.locator('[data-chart="stored"] .scatterlayer path').first).to_be_attached()
        for width in (390, 820, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        assert complaints == []
