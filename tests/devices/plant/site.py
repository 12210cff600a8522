"""A grid point, a load and one asset behind any register map, to ask its simulated device directly."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from energy.devices.codec import decode, encode
from energy.devices.layout import Layout, Register, Table
from energy.devices.map_library import maps_of
from energy.devices.plant.device import Device
from energy.devices.plant.faults import PLAIN, FaultDetail, FaultKind
from energy.devices.plant.field import SimulatedField
from energy.devices.plant.pdu import READS
from energy.devices.register_map import MapPoint, RegisterMap
from energy.devices.scaling import ONE
from energy.domain import Point, Quality
from energy.region.loader import load_region
from energy.region.model import Region
from tests.devices.plant.valley import BEGIN, FILES, values_at

PERIODS = 2 * 96
START = BEGIN + timedelta(hours=9)
ASSETS = {
    "pv": "kind: pv, power_kw_rated: 2000, ramp_kw_per_s: 1000, safe_fraction: 0.3, "
    "history: {file: measured.csv, column: pv_kw}",
    "pv_free": "kind: pv, power_kw_rated: 2000, ramp_kw_per_s: 1000, safe_fraction: 1.0, "
    "history: {file: measured.csv, column: pv_kw}",
    "battery": "kind: battery, energy_kwh_capacity: 2000, energy_kwh_min: 100, energy_kwh_max: 1900, "
    "power_kw_charge_max: 1000, power_kw_discharge_max: 1000, efficiency_charge: 0.95, "
    "efficiency_discharge: 0.95, wear_eur_per_kwh: 0.01, ramp_kw_per_s: 1000",
    "heat_pump": "kind: heat_pump, heat_network: town, power_kw_rated: 800, power_kw_least: 200, "
    "ramp_kw_per_s: 100, uptime_h_min: 0, downtime_h_min: 0, cop_at_0_c: 2.8, cop_per_k: 0.06, cop_max: 4.5",
}
REGION = """
schema_version: energiewaage.region/1
id: site
name: {{de: Ort, en: Site}}
timezone: Europe/Berlin
holidays: DE-BY
location: {{latitude: 50.0, longitude: 12.0}}
market: {{day_ahead: {{file: prices.csv, column: price_eur_per_mwh}}}}
temperature: {{file: weather.csv, column: temperature_c}}
municipalities: [{{id: dorf, name: {{de: Dorf, en: Village}}}}]
heat_networks: [{{id: town, name: {{de: Stadt, en: Town}}}}]
assets:
  - {{id: grid_point, kind: grid_point, name: {{de: N, en: N}},
     power_kw_import_max: 9000, power_kw_export_max: 9000,
     device: {{profile: generic_meter, host: 127.0.0.1, port: {ports[0]}}}}}
  - {{id: load, kind: load, name: {{de: N, en: N}}, power_kw_max: 5000,
     history: {{file: measured.csv, column: load_kw}},
     device: {{profile: generic_meter, host: 127.0.0.1, port: {ports[1]}, unit: 2}}}}
  - {{id: heat, kind: heat_load, heat_network: town, name: {{de: N, en: N}}, heat_kw_max: 9000,
     history: {{file: measured.csv, column: heat_kw}},
     device: {{profile: generic_heat_meter, host: 127.0.0.1, port: {ports[0]}, unit: 3}}}}
  - {{id: boiler, kind: boiler, heat_network: town, name: {{de: N, en: N}}, heat_kw_rated: 9000,
     efficiency: 0.9, fuel_eur_per_kwh: 0.05,
     device: {{profile: generic_boiler, host: 127.0.0.1, port: {ports[0]}, unit: 4}}}}
  - {{id: it, {asset}, name: {{de: N, en: N}},
     device: {{profile: {profile}, {device}}}}}
"""


def site(
    folder: Path,
    kind: str,
    profile: str,
    *,
    ports: Sequence[int] = (20_000, 20_001),
    device: str | None = None,
    own_map: str | None = None,
) -> Region:
    """Write the region's folder and load it; the asset ``it`` shares the load's port unless told."""
    (folder / "history").mkdir(parents=True)
    for name, columns in FILES.items():
        rows = [",".join(["utc", *columns])]
        for index in range(PERIODS):
            values = values_at(index / 4.0)
            cells = [f"{values[column]:.3f}" for column in columns]
            rows.append(",".join([f"{BEGIN + index * timedelta(minutes=15):%Y-%m-%dT%H:%M:%SZ}", *cells]))
        (folder / "history" / name).write_text("\n".join(rows) + "\n")
    if own_map is not None:
        (folder / "profiles").mkdir()
        (folder / "profiles" / f"{profile}.yaml").write_text(own_map)
    device = device if device is not None else f"host: 127.0.0.1, port: {ports[1]}, unit: 1"
    text = REGION.format(asset=ASSETS[kind], profile=profile, ports=ports, device=device)
    (folder / "region.yaml").write_text(text)
    return load_region(str(folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One simulated device on the bench, asked in plain protocol data units."""

    field: SimulatedField
    device: Device
    content: RegisterMap

    def wait(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.field.advance_to(self.field.world.at + timedelta(seconds=seconds))

    def break_it(self, kind: FaultKind | None, detail: FaultDetail = PLAIN) -> None:
        """Break the device now, or mend it."""
        self.field.set_fault("it", kind, detail=detail)

    def ask(self, pdu: bytes) -> bytes:
        """Give the answer to a request; a device that says nothing fails the test."""
        answer = self.device.respond(pdu).pdu
        assert answer is not None
        return answer

    def read(self, layout: Layout) -> list[int]:
        """Read registers or bits."""
        function = next(code for code, table in READS.items() if table is layout.table)
        answer = self.ask(struct.pack(">BHH", function, layout.address, layout.width))
        assert answer[0] == function, answer.hex()
        if layout.table.holds_bits:
            return [answer[2] & 1]
        return list(struct.unpack(f">{layout.width}H", answer[2:]))

    def write(self, layout: Layout, words: Sequence[int]) -> int:
        """Write registers (or one coil) and give the exception code, 0 for none."""
        if layout.table is Table.COIL:
            answer = self.ask(struct.pack(">BHH", 5, layout.address, 0xFF00 * words[0]))
        else:
            answer = self.ask(
                struct.pack(f">BHHB{len(words)}H", 16, layout.address, len(words), 2 * len(words), *words)
            )
        return answer[1] if answer[0] & 0x80 else 0

    def point(self, name: Point) -> MapPoint:
        """Give a point of the map."""
        found = self.content.point(name)
        assert found is not None
        return found

    def seen(self, register: Register) -> tuple[float | None, Quality]:
        """Give what a reader makes of a register."""
        return decode(register, self.read(register), self.multiplier(register))

    def value(self, name: Point, *, readback: bool = False) -> float | None:
        """Give what a reader makes of a point."""
        point = self.point(name)
        return self.seen(point.readback_register if readback else point)[0]

    def set(self, name: Point, value: float) -> int:
        """Write a point and give the exception code, 0 for none."""
        point = self.point(name)
        return self.write(point, encode(point, value, self.multiplier(point)))

    def step(self, name: str) -> Layout:
        """Give the register of an arming or enabling step by the manufacturer's name."""
        return next(
            step.register
            for point in self.content.points
            if point.write is not None
            for step in (*point.write.arming, *point.write.enabling)
            if step.name == name
        )

    def write_step(self, name: str, value: float) -> int:
        """Write a step's register, a value in our unit and sign."""
        layout = self.step(name)
        return self.write(layout, encode(layout, value, self.multiplier(layout)))

    def multiplier(self, layout: Layout) -> float:
        """Give by what the device says that its raw numbers are multiplied."""
        multiplier = self.device._scaling.multiplier(layout)
        assert multiplier is not None or layout.reference is None
        return multiplier if multiplier is not None else float(ONE[0] or 0)

    @property
    def power_kw(self) -> float:
        """What the asset truly does."""
        return self.field.world.truth()["it"]["power_kw"]


def bench(
    folder: Path, kind: str, profile: str, *, own_map: str | None = None, state: Path | None = None
) -> Bench:
    """Put one device on the bench."""
    region = site(folder, kind, profile, own_map=own_map)
    return on_bench(region, state=state)


def on_bench(region: Region, *, state: Path | None = None) -> Bench:
    """Put the device of a region's asset ``it`` on the bench."""
    field = SimulatedField(region, start=START, seed=1, state_folder=state)
    field.resume(latest=None)
    content = maps_of(region)[region.asset("it").device.profile]
    return Bench(field=field, device=field.devices["it"], content=content)
