"""The page in a real browser over a real server: it moves, draws, translates and owns up to silence."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from playwright.async_api import Page, async_playwright, expect

from dashboard.app import create_dashboard
from dashboard.serving import Server, listen
from energy.domain import Point
from energy.historian.sqlite_record import SqliteRecord
from tests.dashboard.day import NOW, POWERS_KW, write_tick
from tests.dashboard.valley import prepare, readings, status, valley

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


AUDIT = """() => {
  const faults = [];
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
  ids.filter((id, index) => ids.indexOf(id) !== index).forEach(id => faults.push("id twice: " + id));
  for (const name of ["aria-labelledby", "for"])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (!document.getElementById(element.getAttribute(name)))
        faults.push("leads nowhere: " + element.outerHTML);
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent.trim()) faults.push("table without caption");
    for (const cell of table.querySelectorAll("th")) {
      if (!cell.scope) faults.push("th without scope: " + cell.textContent);
      if (!cell.textContent.trim()) faults.push("empty th");
    }
  }
  for (const element of document.querySelectorAll("section, nav, [role=group]"))
    if (!element.getAttribute("aria-label") && !element.getAttribute("aria-labelledby"))
      faults.push("no name: " + element.outerHTML.slice(0, 80));
  for (const element of document.querySelectorAll("input, button, a, summary"))
    if (!(element.textContent.trim() || element.labels?.length)) faults.push("no name: " + element.outerHTML);
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) faults.push("heading skips a level: " + heading.textContent);
    level = own;
  }
  for (const meter of document.querySelectorAll(".meter, .bar, .swatch"))
    if (meter.closest("[aria-hidden=true]") === null && !meter.closest(".chart-note"))
      faults.push("picture without words: " + meter.outerHTML);
  if (document.querySelectorAll("main, h1").length !== 2) faults.push("one main, one h1");
  return faults;
}"""


async def test_a_large_region_is_found_sorted_and_drawn(wall, tmp_path):
    region = valley()
    prepare(tmp_path, region)
    async with (
        served(region, tmp_path, wall) as (url, _),
        opened_page(viewport={"width": 1280, "height": 900}) as (page, complaints),
    ):
        await page.goto(f"{url}/de")
        await expect(page.locator("html")).to_have_attribute("data-stream", "live")
        for chart in ("heat.a", "heat.b", "hydrogen.h"):
            fills = page.locator(f'[data-chart="{chart}"] .scatterlayer path.js-fill')
            await expect(fills.first).to_be_attached()
        for chart in ("heat_stored.a", "hydrogen_stored.h", "machines", "controllable"):
            assert await drawn_points(page, chart) > 100, chart

        assert not await page.locator('[data-asset="chp_a"]').is_visible()
        await page.fill("#find", "musterort 02 wärme")
        await expect(page.locator("#found")).to_have_text("3 gefunden")
        await expect(page.locator('[data-asset="heat_pump"]')).to_be_visible()
        await expect(page.locator('[data-asset="chp_a"]')).to_be_hidden()
        await page.fill("#find", "")
        await expect(page.locator('[data-asset="heat_pump"]')).to_be_hidden()

        rows = page.locator("[data-municipality]")
        await page.click("#municipalities thead th:nth-child(4) button")
        await expect(rows.first).to_have_attribute("data-municipality", "place_1")
        await expect(rows.last).to_have_attribute("data-municipality", "place_6")
        assert await page.evaluate(AUDIT) == []
        assert complaints == []


async def test_an_open_drawer_stays_open_while_its_numbers_change(wall, tmp_path):
    region = valley()
    prepare(tmp_path, region)
    async with served(region, tmp_path, wall) as (url, _), opened_page() as (page, complaints):
        await page.goto(f"{url}/de")
        await expect(page.locator("html")).to_have_attribute("data-stream", "live")
        await page.click('[data-family="heat"] summary')
        await expect(page.locator("#power-boiler_a b")).to_have_text("1.900 kW")
        with SqliteRecord(tmp_path) as record:
            record.write_readings(
                [
                    replace(item, value=-2222.0)
                    for item in readings(region)
                    if (item.asset_id, item.point) == ("boiler_a", Point.HEAT_KW)
                ]
            )
            record.write_status(status())
            record.commit()
        await expect(page.locator("#power-boiler_a b")).to_have_text("2.222 kW")
        await expect(page.locator('[data-asset="boiler_a"]')).to_be_visible()
        for width in (390, 820, 1280):
            await page.set_viewport_size({"width": width, "height": 844})
            wide = await page.evaluate("""() => [...document.querySelectorAll("body *")]
                .filter(element => element.getBoundingClientRect().right > window.innerWidth + 1)
                .map(element => element.outerHTML.slice(0, 120)).slice(0, 5)""")
            assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), wide
        assert complaints == []
