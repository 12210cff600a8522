"""Register maps as text, faulty where a test wants it, and what the lint says of them."""

from pathlib import Path

from energy.devices.map_library import load_map
from energy.errors import BadInput, Fault

HEAD = """\
schema_version: energiewaage.register_map/1
product: Faulty
manufacturer: none
source: a test
byte_order: big
word_order: big
max_read_registers: 10
"""
POINT = """\
  - name: {name}
    table: {table}
    address: {address}
    type: {type}
    unit: {unit}
    sign: as_ours
    access: {access}
    plausible: {{min: -100, max: 100}}
"""
WRITE = """\
    write:
      safe_value_kw: {safe}
      readback: {{tolerance_kw: {tolerance}}}
      watchdog_s: {watchdog}
      watchdog_fed_by: {fed_by}
      reversion_s: none
      storage: {storage}
      write_budget_per_day: {budget}
      min_step_kw: 0
      function: {function}
"""


def point(
    name: str = "power_kw",
    table: str = "holding",
    address: int = 0,
    kind: str = "int16",
    unit: str = "kW",
    access: str = "read",
) -> str:
    return POINT.format(name=name, table=table, address=address, type=kind, unit=unit, access=access)


def writable(table: str = "holding", kind: str = "int16", **changes: str) -> str:
    fields = {
        "safe": "0",
        "tolerance": "1",
        "watchdog": "180",
        "fed_by": "write",
        "storage": "ram",
        "budget": "unlimited",
        "function": "multiple",
    }
    return point("power_kw_setpoint", table, 50, kind, access="read_write") + WRITE.format(
        **{**fields, **changes}
    )


def faults_of(tmp_path: Path, points: str, *, head: str = HEAD) -> list[Fault]:
    path = tmp_path / "faulty.yaml"
    path.write_text(head + "points:\n" + points, encoding="utf-8")
    try:
        load_map(path)
    except BadInput as error:
        return list(error.faults)
    return []


def at(tmp_path: Path, fault: Fault) -> str:
    """Give the text of the line that a fault points at."""
    assert fault.line is not None
    return (tmp_path / "faulty.yaml").read_text(encoding="utf-8").splitlines()[fault.line - 1].strip()


FACTORS = "scale_factors:\n  - {name: W_SF, table: holding, address: 90}\n"
UNKNOWN = "safe_value_kw: unknown"
SCALED = point("energy_kwh", address=5, unit="kWh") + "    scale_factor: W_SF\n"
CAPACITY = point("energy_kwh_capacity", address=5, unit="kWh")
STEPPED = """\
      arming:
        - name: RvrtTms
          register: {table: holding, address: 60, type: uint16, unit: s, sign: as_ours}
          value: reversion_s
      enabling:
        - name: Ena
          register: {table: holding, address: 61, type: uint16, unit: '1', sign: as_ours}
          value: 1
"""


def stepped(*changes: tuple[str, str]) -> str:
    text = writable().replace("reversion_s: none", "reversion_s: 180") + STEPPED
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    return text


def state(name: str, words: str, kind: str = "uint16") -> str:
    text = point(name, kind=kind, unit="'1'").replace("min: -100", "min: 0")
    return text + f"    values: {words}\n"


def bits(name: str, address: int, field: str, kind: str = "uint16") -> str:
    text = point(name, address=address, kind=kind, unit="'1'").replace("-100, max: 100", "0, max: 1")
    return text + f"    bits: {field}\n"
