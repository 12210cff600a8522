"""A terminal that is gone ends a test like Ctrl-C: the device is handed back, and the protocol is kept."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from tests.closed_loop.commission_site import MOVED, NOON, TIMEOUT_S, Site, step

ARGUMENTS = ("battery", "--value", "power_kw=0", "--yes", *MOVED)


async def ended(process: asyncio.subprocess.Process) -> int:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


async def assert_handed_back(town: Site) -> None:
    (entry,) = town.entries("commission")
    assert entry.body["verdict"] == "incomplete"
    assert step(entry.body, "hand_back")["verdict"] == "passed"
    assert (await town.truth("battery"))["power_kw_setpoint"] == pytest.approx(0.0)


@pytest.mark.parametrize("is_interrupted", [True, False])
async def test_a_pipe_whose_reader_is_gone_hands_the_device_back(
    site: Callable[..., Site], *, is_interrupted: bool
) -> None:
    town = site(NOON)
    ours, theirs = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *town.command(*ARGUMENTS, as_json=False),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=theirs,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(theirs)
    await town.moved("battery", "power_kw_setpoint", 100.0)
    os.close(ours)
    if is_interrupted:
        os.kill(process.pid, signal.SIGINT)
    assert await ended(process) == 130
    await assert_handed_back(town)


async def test_a_terminal_that_is_gone_hands_the_device_back(site: Callable[..., Site]) -> None:
    town = site(NOON)
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *town.command(*ARGUMENTS, as_json=False),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: os.read(ours, 65536))  # a terminal that nobody reads is a full one
    os.write(ours, b"\n" * 8)  # all other values are left out
    await town.moved("battery", "power_kw_setpoint", 100.0)
    loop.remove_reader(ours)
    os.close(ours)
    assert await ended(process) == 130
    await assert_handed_back(town)
