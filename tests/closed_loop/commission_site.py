"""A town with its plant, the tester's own folders, and a witness who sees what the plant truly does."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from energy.app.clock import ScaledClock
from energy.app.data_folder import LEDGER
from energy.devices.map_library import shipped_maps
from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.faults import FaultKind
from energy.ledger.chain import Entry
from energy.ledger.reader import ledger_reader
from energy.periods import format_utc

NOON = "2020-05-18T10:00Z"
NIGHT = "2020-05-18T23:00Z"
SPEED = 60.0
TIMEOUT_S = 90.0
LOOK_S = 0.02
SUNSPEC_BATTERY = ("battery", "generic_battery", "sunspec_battery")
SUNSPEC_PARK = ("pv_park", "generic_park_controller", "sunspec_inverter_7xx")
MOVED = ("--moved", "charges=100", "--moved", "discharges=100")
"""What the display of the sample town's battery shows while it is moved."""
_ASKS_VALUE = re.compile(r"  (\w+): we read [^\n]*shows \([^)\n]*\):")
_ASKS_FLOW = re.compile(r"display show now[^\n]*\):")


@dataclass
class Site:
    """A town with its plant, and the tester's own folders."""

    plant_folder: Path
    town: Path
    data: Path
    clock: ScaledClock
    first_port: int
    control_port: int
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def command(self, asset_id: str, *arguments: str, as_json: bool = True) -> list[str]:
        when = ["--simulated-start", format_utc(self.clock.start), "--epoch", format_utc(self.clock.epoch)]
        when += ["--speed", str(SPEED), "--first-port", str(self.first_port), "--data", str(self.data)]
        named = ["commission", str(self.town), asset_id, "--witness", "Erika Muster"]
        named += ["--json"] if as_json else []
        return [sys.executable, "-m", "energy", *named, *when, *arguments]

    def test(self, asset_id: str, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(asset_id, *arguments),
            input=said,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def begin(self, asset_id: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(asset_id, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    async def truth(self, asset_id: str) -> dict[str, float]:
        async with await PlantControl.connect(self.control_port) as plant:
            return dict((await plant.truth())[asset_id])

    async def moved(self, asset_id: str, point: str, value_kw: float) -> None:
        """Wait until the device holds what the test has told it."""
        async with await PlantControl.connect(self.control_port) as plant:
            for _ in range(round(TIMEOUT_S / LOOK_S)):
                held_kw = (await plant.truth())[asset_id][point]
                if abs(held_kw - value_kw) <= 1.0:
                    return
                await asyncio.sleep(LOOK_S)
        raise AssertionError(f"{asset_id} holds {held_kw:g} kW, not {value_kw:g} kW")

    async def break_device(self, asset_id: str, kind: FaultKind) -> None:
        async with await PlantControl.connect(self.control_port) as plant:
            await plant.set_fault(asset_id, kind)

    async def witnessed(
        self, asset_id: str, *arguments: str, sees: Callable[[float], float] = lambda power_kw: power_kw
    ) -> subprocess.CompletedProcess[str]:
        """Test with somebody at the device who reads its power off the display whenever asked.

        The number is looked up after the question: told beforehand it would be as old as the process.
        """
        process = await asyncio.create_subprocess_exec(
            *self.command(asset_id, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        said, answered = "", 0
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while chunk := await process.stderr.read(4096):
                    said += chunk.decode()
                    for pattern in (_ASKS_VALUE, _ASKS_FLOW):
                        question = pattern.search(said, answered)
                        if question is None:
                            continue
                        answered = question.end()
                        is_power = pattern is _ASKS_FLOW or question[1] == "power_kw"
                        power_kw = sees((await self.truth(asset_id))["power_kw"]) if is_power else None
                        process.stdin.write(f"{in_words(power_kw)}\n".encode())
                printed = (await process.stdout.read()).decode()
                code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        return subprocess.CompletedProcess(self.command(asset_id), code, stdout=printed, stderr=said)

    def own_map(self, name: str, change: Callable[[str], str]) -> None:
        """Give the tester another register map than the plant's."""
        (self.town / "profiles").mkdir(exist_ok=True)
        text = shipped_maps()[name].read_text(encoding="utf-8")
        changed = change(text)
        assert changed != text
        (self.town / "profiles" / f"{name}.yaml").write_text(changed, encoding="utf-8")

    def entries(self, kind: str) -> list[Entry]:
        with ledger_reader(self.data / LEDGER) as ledger:
            ledger.verify()
            return list(ledger.entries(kind=kind))


def in_words(power_kw: float | None) -> str:
    """Give what a person says of a display; nothing where they leave it out."""
    if power_kw is None:
        return ""
    return f"{'draws' if power_kw > 0.0 else 'feeds in'} {abs(power_kw):.1f}"


def verdicts(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    protocol = json.loads(result.stdout)
    return {step["name"]: step["verdict"] for step in protocol["steps"]}


def step(protocol: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(step for step in protocol["steps"] if step["name"] == name)
    return found


def with_map(asset_id: str, old: str, new: str) -> Callable[[Path], None]:
    """Give one asset of a region another register map, whose memory is known to bear all writes."""

    def change(folder: Path) -> None:
        (folder / "profiles").mkdir()
        text = shipped_maps()[new].read_text(encoding="utf-8")
        text = text.replace("storage: unknown", "storage: ram")
        text = text.replace("write_budget_per_day: unknown", "write_budget_per_day: unlimited")
        (folder / "profiles" / f"{new}.yaml").write_text(text, encoding="utf-8")
        rewrite(folder, rf"(- id: {asset_id}\n(?:.*\n)*?.*profile: ){old}", rf"\g<1>{new}")

    return change


def rewrite(folder: Path, pattern: str, replacement: str) -> None:
    """Change one place of a region file."""
    file = folder / "region.yaml"
    text, times = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), count=1)
    assert times == 1
    file.write_text(text, encoding="utf-8")
