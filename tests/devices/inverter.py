"""An inverter after the order of SunSpec, in a third party's server, and a field that commands it."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import load_map
from energy.devices.register_map import RegisterMap
from energy.devices.write_budget import WriteBudget
from energy.domain import Level, Outcome, Point, Setpoint
from tests.devices.conftest import AT, PATIENT, Bank, region_at

Serve = Callable[[], tuple[int, Bank]]
LIMIT, TIMER, RAMP, ENABLE, SCALE, LEFT, RATED, BEAT, LOCAL, POWER, FALLBACK = (
    *(100, 101, 102, 103, 104, 105),
    *(107, 108, 110, 111, 112),
)
"""Addresses of a SunSpec-like inverter: WMaxLimPct, its timers, its switch, its scale factor and so on."""
RATED_KW = 4000
KEPT_S = 60
FREE_KW = -4000.0
NAMES = {LIMIT: "limit", TIMER: "timer", RAMP: "ramp", ENABLE: "enable", BEAT: "beat", FALLBACK: "fallback"}

MAP = """
schema_version: energiewaage.register_map/1
product: Inverter of the tests
manufacturer: none (generic)
source: made for the tests after the order of SunSpec models 123, 704 and 715
generic: true
byte_order: big
word_order: big
scale_factors:
  - {name: WMaxLimPct_SF, table: holding, address: 104}
heartbeat:
  frozen_s: 60
  written: {table: holding, address: 108, type: uint32, unit: "1", sign: as_ours,
            not_implemented: [0xFFFFFFFF]}
points:
  - {name: power_kw, table: holding, address: 111, type: int16, unit: kW, sign: inverted, access: read,
     plausible: {min: -10000, max: 10000}}
  - {name: power_kw_rated, table: holding, address: 107, type: uint16, unit: kW, sign: as_ours, access: read,
     plausible: {min: 0, max: 65000}}
  - {name: reversion_s, table: holding, address: 105, type: uint32, unit: s, sign: as_ours, access: read,
     not_implemented: [0xFFFFFFFF], plausible: {min: 0, max: 100000}}
  - {name: remote, table: holding, address: 110, type: uint16, unit: "1", sign: as_ours, access: read,
     values: {0: remote, 1: local}, plausible: {min: 0, max: 1}}
  - name: power_kw_min
    table: holding
    address: 100
    type: uint16
    unit: "%"
    reference: power_kw_rated
    scale_factor: WMaxLimPct_SF
    sign: inverted
    not_implemented: [0xFFFF]
    plausible: {min: -10000, max: 0}
    access: read_write
    write:
      safe_value_kw: unknown
      readback: {tolerance_kw: 3}
      watchdog_s: none
      watchdog_fed_by: none
      reversion_s: 60
      storage: ram
      write_budget_per_day: unlimited
      min_step_kw: 4
      arming:
        - {name: WMaxLimPct_RvrtTms, value: reversion_s,
           register: {table: holding, address: 101, type: uint16, unit: s, sign: as_ours}}
        - {name: WMaxLimPct_RmpTms, value: 5,
           register: {table: holding, address: 102, type: uint16, unit: s, sign: as_ours}}
      enabling:
        - {name: WMaxLim_Ena, value: 1,
           register: {table: holding, address: 103, type: uint16, unit: "1", sign: as_ours}}
"""


class Inverter:
    """What a SunSpec inverter does with WMaxLimPct, in a third party's server; it can misbehave."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.log: list[tuple[str, int]] = []
        self.ignored: set[int] = set()
        self.counts_down = True
        self.starts_timer = True
        self.percent_max = 1000
        """It holds no more than this, whatever it is told."""
        self.shows_late = False
        """What is written, and the timer, are shown only when time has passed."""
        self._late: list[tuple[int, list[int]]] = []
        for address, value in {LIMIT: 1000, SCALE: 0xFFFF, RATED: RATED_KW}.items():
            self.put(address, value)
        bank.on_write = self._take

    def put(self, address: int, value: int) -> None:
        self.bank.set_holding_registers(address, [value])

    def shows(self, address: int) -> int:
        [value] = self.bank.get_holding_registers(address, 1)
        return value

    @property
    def order(self) -> list[str]:
        """What was written since the last call, beside the heartbeat."""
        names = [name for name, _ in self.log if name != "beat"]
        self.log.clear()
        return names

    def pass_s(self, seconds: int) -> None:
        for address, words in self._late:
            self.bank.set_holding_registers(address, words)
            if address in {LIMIT, ENABLE}:
                self.put(LEFT + 1, self.shows(TIMER))
        self._late.clear()
        left_s = self.shows(LEFT + 1)
        if left_s == 0 or not self.counts_down:
            return
        self.put(LEFT + 1, max(0, left_s - seconds))
        if left_s <= seconds:
            self.put(ENABLE, 0)

    def _take(self, address: int, words: list[int]) -> tuple[int, list[int]]:
        value = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in words), "big")
        self.log.append((NAMES[address], value))
        if address in self.ignored:
            return address, self.bank.get_holding_registers(address, len(words))
        if address == LIMIT:
            words = [min(value, 10 * self.percent_max)]
        if self.shows_late:
            self._late.append((address, words))
            return address, self.bank.get_holding_registers(address, len(words))
        if address in {LIMIT, ENABLE} and self.starts_timer:
            self.put(LEFT + 1, self.shows(TIMER))
        return address, words


class Site:
    """A field with one inverter, tick by tick."""

    def __init__(self, field: ModbusField, inverter: Inverter, port: int, tick_s: int = 5) -> None:
        self.field = field
        self.inverter = inverter
        self.port = port
        self.at = AT
        self._tick_s = tick_s

    async def tick(self, power_kw: float, *, level: Level = Level.PLAN, is_duty: bool = False) -> Outcome:
        """One sweep, one setpoint, and the time to the next tick."""
        await self.field.read(self.at)
        setpoint = dataclasses.replace(self.setpoint(power_kw, level), is_duty=is_duty)
        [outcome] = await self.field.apply([setpoint], self.at)
        self.at += timedelta(seconds=self._tick_s)
        self.inverter.pass_s(self._tick_s)
        return outcome

    def setpoint(self, power_kw: float, level: Level = Level.PLAN) -> Setpoint:
        return Setpoint(
            asset_id="pv_park",
            point=Point.POWER_KW_MIN,
            power_kw=power_kw,
            valid_until=self.at + timedelta(seconds=30),
            level=level,
            reason="test",
        )


SiteOf = Callable[..., Site]


@asynccontextmanager
async def sites(serve: Serve, folder: Path) -> AsyncIterator[SiteOf]:
    """Make sites that are closed at the end; one made ``after`` another is a restart before its inverter."""
    fields: list[ModbusField] = []

    def make(
        *changes: tuple[str, str],
        tick_s: int = 5,
        budget: WriteBudget | None = None,
        after: Site | None = None,
    ) -> Site:
        port, bank = serve() if after is None else (after.port, after.inverter.bank)
        inverter = Inverter(bank) if after is None else after.inverter
        maps: Mapping[str, RegisterMap] = {"generic_park_controller": map_of(folder, *changes)}
        settings = FieldSettings(patience=PATIENT)
        fields.append(ModbusField(region_at({"pv_park": port}), maps, settings, budget=budget))
        site = Site(fields[-1], inverter, port, tick_s)
        if after is not None:
            site.at = after.at
        return site

    yield make
    for field in fields:
        await field.close()


def map_of(folder: Path, *changes: tuple[str, str]) -> RegisterMap:
    text = MAP
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "inverter.yaml"
    path.write_text(text, encoding="utf-8")
    return load_map(path)
