"""The process: loopback only, clear messages, a quick stop."""

import asyncio
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


async def run(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dashboard",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, out.decode(), err.decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def serving(folder, port):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dashboard", "--region", "musterstadt"),
        *("--data", str(folder), "--port", str(port)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line.decode().strip() == f"http://127.0.0.1:{port}/"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104 - must be refused
async def test_only_loopback_is_served(tmp_path, host):
    code, _, err = await run("--region", "musterstadt", "--data", str(tmp_path), "--host", host)
    assert code == 2
    assert "not a loopback address" in err
    assert "Traceback" not in err


async def test_a_port_in_use_is_one_clear_message(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, _, err = await run("--region", "musterstadt", "--data", str(tmp_path), "--port", port)
    assert code == 1
    assert "is in use by another process. Mend:" in err
    assert "Traceback" not in err


async def test_an_unknown_region_is_bad_input(tmp_path):
    code, _, err = await run("--region", "nowhere", "--data", str(tmp_path))
    assert code == 2
    assert "nowhere" in err
    assert "Traceback" not in err


async def test_a_stop_ends_open_streams_at_once(folder):
    port = free_port()
    async with serving(folder, port) as process, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}/api/v1/stream?language=de"
        async with client.stream("GET", url) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = response.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            process.send_signal(signal.SIGTERM)
            assert [line async for line in lines]
        _, err = await asyncio.wait_for(process.communicate(), 10)
        assert "Traceback" not in err.decode()
