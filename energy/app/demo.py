"""The whole house on one machine: plant, controller and dashboard as processes, restarted when they die."""

import math
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import httpx

from energy.app.children import Child, ChildFailed
from energy.app.clock import ScaledClock, Stopwatch, wall_now
from energy.app.data_folder import default_folder, fresh_demo_folder, only_controller
from energy.app.ports_of_region import on_ports
from energy.app.refusal import bad_option
from energy.app.weather_opening import preload_weather
from energy.controller.flexible import planned_kw
from energy.devices.map_library import check_devices
from energy.devices.plant.nature import require_past
from energy.domain import Point
from energy.errors import Retryable
from energy.historian.preload import preload, require_history
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD, format_utc, period_start
from energy.region.history import RegionHistory
from energy.region.model import Region

DAYS_MIN = 1.0
"""An open-ended demo starts only where at least this much history is left."""
RESTART_S = 2.0
"""How long a process that died stays down."""
RESTARTS_MAX = 20
"""A process that dies more often than this in one demo has a fault that a restart does not mend."""
READY_IN_S = 30.0
WATCH_S = 0.2
REPORT_AFTER_S = 1.5
"""Wall seconds after a quarter hour until its mean is in the record for sure."""
TICK_WALL_S = 0.25
"""A tick of a fast demo is at least this long on the wall."""
LEAD_S = 4.0
"""Wall seconds between the epoch and now at start: the processes need about that to come up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """What a demo is made of; ``days`` None runs until it is stopped."""

    region_name: str
    region: Region
    start: datetime
    days: float | None
    seed: int
    speed: float
    tick_s: float | None
    port: int
    first_port: int | None
    folder: Path | None


class Demo:
    """Holds the three processes and says each quarter hour how the region is doing."""

    def __init__(self, settings: DemoSettings, folder: Path, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._folder = folder
        self._say = say
        self._children: dict[str, Child] = {}
        self._down_since: dict[str, Stopwatch] = {}
        self._restarts = 0
        self._clock = ScaledClock(
            start=settings.start, epoch=wall_now() + timedelta(seconds=LEAD_S), speed=settings.speed
        )
        self._reported: datetime | None = None

    def start(self) -> None:
        """Bring the processes up in order.

        Raises:
            ChildFailed: one did not come up.
        """
        for name in ("plant", "controller"):
            self._children[name] = Child(name, self._arguments(name))
            self._children[name].ready()
        self._children["dashboard"] = Child("dashboard", self._arguments("dashboard"))
        self._await_dashboard(self._children["dashboard"])

    def watch(self, stop: threading.Event) -> None:
        """Restart what dies and report each quarter hour, until told to stop or the days are over."""
        end = None
        if self._settings.days is not None:
            end = self._settings.start + timedelta(days=self._settings.days)
        while not stop.wait(WATCH_S):
            if end is not None and self._clock.now() >= end:
                return
            for name, child in list(self._children.items()):
                if child.exit_code is not None:
                    self._revive(name, child)
            self._report()

    def stop(self) -> None:
        """End the processes: the controller first, so that it can hand its assets back."""
        for name in ("controller", "dashboard", "plant"):
            if name in self._children:
                self._children[name].stop()

    def _revive(self, name: str, child: Child) -> None:
        if name not in self._down_since:
            self._down_since[name] = Stopwatch()
            self._say(f"{name} ended (exit code {child.exit_code}); starting it again in {RESTART_S:.0f} s")
            return
        if self._down_since[name].seconds() < RESTART_S:
            return
        self._restarts += 1
        if self._restarts > RESTARTS_MAX:
            raise ChildFailed(f"{name} keeps ending", exit_code=child.exit_code)
        child.stop()
        revived = Child(name, self._arguments(name))
        self._children[name] = revived
        if name != "dashboard":
            try:
                revived.ready()
            except ChildFailed as error:
                self._say(f"{error}")
                self._down_since[name] = Stopwatch()
                return
        del self._down_since[name]
        self._say(f"{name} runs again")

    def _arguments(self, name: str) -> list[str]:
        settings = self._settings
        region, data = settings.region_name, str(self._folder)
        if name == "dashboard":
            return ["dashboard", region, "--data", data, "--port", str(settings.port)]
        time = ["--start", format_utc(settings.start), "--epoch", format_utc(self._clock.epoch)]
        time += ["--speed", str(settings.speed)]
        ports = [] if settings.first_port is None else ["--first-port", str(settings.first_port)]
        if name == "plant":
            return ["plant", region, *time, *ports, "--seed", str(settings.seed), "--state", data]
        return ["run", region, "--data", data, *time, *ports, "--tick", str(self._tick_s())]

    def _tick_s(self) -> float:
        if self._settings.tick_s is not None:
            return self._settings.tick_s
        return min(60.0, max(self._settings.region.control.tick_s, self._settings.speed * TICK_WALL_S))

    def _await_dashboard(self, child: Child) -> None:
        watch = Stopwatch()
        address = f"http://127.0.0.1:{self._settings.port}/api/v1/region"
        while watch.seconds() < READY_IN_S:
            if child.exit_code is not None:
                raise ChildFailed(
                    f"the dashboard ended (exit code {child.exit_code})", exit_code=child.exit_code
                )
            try:
                httpx.get(address, timeout=1.0)
            except httpx.TransportError:
                threading.Event().wait(WATCH_S)
                continue
            return
        raise ChildFailed("the dashboard does not answer", exit_code=None)

    def _report(self) -> None:
        begun = period_start(self._clock.now() - timedelta(seconds=REPORT_AFTER_S * self._settings.speed))
        if self._reported is None:
            self._reported = begun
        if self._reported == begun:
            return
        self._reported = begun
        try:
            with open_reader(self._folder) as reader:
                self._say(quarter_hour_line(self._settings.region, reader, begun))
        except Retryable as error:
            self._say(f"the record cannot be read now: {error}")


def quarter_hour_line(region: Region, reader: SqliteReader, now: datetime) -> str:
    """Tell the quarter hour before ``now`` in one line: local time, exchange, storage, rung."""
    start = now - PERIOD
    exchange_kw = _mean_kw(reader, region.grid_point.id, start, now)
    words = [f"{start.astimezone(region.zone):%a %Y-%m-%d %H:%M}"]
    if exchange_kw is None:
        words.append("exchange not measured")
    else:
        words.append(_exchange(exchange_kw))
    expected_kw = planned_kw(reader.plan_at(start), region.grid_point.id, start)
    if expected_kw is not None:
        words.append(f"planned {_exchange(expected_kw)}")
    status = reader.status()
    if status is not None:
        words.append(f"plan: {status[0].rung}")
        if status[0].alarms:
            count = len(status[0].alarms)
            words.append(f"{count} alarm{'s' if count > 1 else ''}, first {status[0].alarms[0].code}")
    return "  ".join(words)


def run_demo(settings: DemoSettings) -> None:
    """Run until Ctrl-C, or until the days are over.

    Raises:
        EnergiewaageError: an input is wrong, or a process does not come up.
    """
    region = on_ports(settings.region, settings.first_port)
    check_devices(region)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    _require_free_port(settings.port)
    with ExitStack() as stack:
        chosen = settings.folder if settings.folder is not None else default_folder(region.id)
        with only_controller(chosen):
            folder = fresh_demo_folder(chosen)
        _say(f"{region.name.en}: preparing the past ...")
        history = RegionHistory(region)
        require_past(region, history)
        days = settings.days if settings.days is not None else DAYS_MIN
        require_history(region, history, start=settings.start, end=settings.start + timedelta(days=days))
        with SqliteRecord(folder, zone=region.zone) as record:
            preload(region, history, record, start=settings.start)
            preload_weather(region, record, known_at=settings.start)
        demo = Demo(settings, folder, _say)
        stack.callback(demo.stop)
        demo.start()
        _say(f"Energiewaage runs: http://127.0.0.1:{settings.port}/  (Ctrl-C ends it)")
        _say(f"record: {folder} (for hold, set, export, ledger verify ...; the next demo there begins anew)")
        _say(f"simulated {settings.start:%Y-%m-%d %H:%M} UTC onwards at {settings.speed:g} times real time")
        demo.watch(stop)
        _say("ending: the controller hands every asset back in its safe state")


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            limit = f"127.0.0.1:{port} cannot be listened on: {error.strerror}"
            raise bad_option(
                "--port", port, limit, "end the program that holds it, or choose another --port"
            ) from error


def _mean_kw(reader: SqliteReader, asset_id: str, start: datetime, end: datetime) -> float | None:
    value = float(reader.means(asset_id, Point.POWER_KW, start=start, end=end, known_at=end).value[0])
    return value if math.isfinite(value) else None


def _exchange(power_kw: float) -> str:
    """Words and a magnitude, never a bare sign."""
    return f"{'import' if power_kw >= 0.0 else 'export'} {abs(power_kw):,.0f} kW"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
