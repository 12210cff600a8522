"""What can be wrong with the facts of a writable point, and with the registers written beside it."""

import math
from collections.abc import Iterator

from energy.devices.codec import raw_range
from energy.devices.layout import Layout, Reference, Unit
from energy.devices.map_lint_layout import fits, shown_range
from energy.devices.map_lint_places import steps_of
from energy.devices.register_map import MapPoint, Step, Write
from energy.errors import Fault
from energy.yaml_file import Place, YamlFile


def faults_of_write(file: YamlFile, place: Place, point: MapPoint) -> Iterator[Fault]:
    """Give what is wrong with a point's write facts; ``place`` is the point's own."""
    write = point.write
    if write is None:
        return
    yield from _faults_of_written_bits(file, place, point)
    yield from _faults_of_register(file, place, point, write)
    yield from _faults_of_values(file, place, point, write)
    yield from _faults_of_readback(file, place, point, write)
    for step, step_place in steps_of(write, place):
        yield from _faults_of_written_bits(file, (*step_place, "register"), step.register)
        yield from _faults_of_step(file, step_place, step, write)


def _faults_of_written_bits(file: YamlFile, place: Place, layout: Layout) -> Iterator[Fault]:
    bits = layout.bits
    if bits is not None and bits.count < 16 * layout.width:
        yield file.fault(
            (*place, "bits"),
            value=f"{bits.count} from {bits.first}",
            limit="only whole registers are written: the other bits would be cleared",
            mend="write the whole register's number, if nobody else uses its bits; else leave it read",
        )


def _faults_of_register(file: YamlFile, place: Place, point: MapPoint, write: Write) -> Iterator[Fault]:
    if not point.table.is_writable:
        yield file.fault(
            (*place, "table"),
            value=point.table.value,
            limit="cannot be written",
            mend="use holding or coil, or make the access read",
        )
    if write.function == "single" and point.width > 1:
        yield file.fault(
            (*place, "write", "function"),
            value=write.function,
            limit=f"a {point.type.value} takes {point.width} registers",
            mend="write it by function: multiple",
        )


def _faults_of_values(file: YamlFile, place: Place, point: MapPoint, write: Write) -> Iterator[Fault]:
    safe = write.safe_value_kw
    if not isinstance(safe, str) and not point.plausible.min <= safe <= point.plausible.max:
        yield file.fault(
            (*place, "write", "safe_value_kw"),
            value=safe,
            limit=f"outside plausible {point.plausible.min:g} to {point.plausible.max:g}",
            mend="write it in our unit and sign",
        )
    if (write.watchdog_s == "none") != (write.watchdog_fed_by == "none"):
        yield file.fault(
            (*place, "write", "watchdog_fed_by"),
            value=write.watchdog_fed_by,
            limit=f"contradicts watchdog_s {write.watchdog_s}",
            mend="fed_by is none exactly where watchdog_s is none",
        )
    if write.storage == "flash" and not isinstance(write.write_budget_per_day, int):
        yield file.fault(
            (*place, "write", "write_budget_per_day"),
            value=write.write_budget_per_day,
            limit="flash wears out: a number of writes a day is needed",
            mend="take the rated writes over the days the device shall live",
        )


def _faults_of_readback(file: YamlFile, place: Place, point: MapPoint, write: Write) -> Iterator[Fault]:
    knows_step = shown_range(point) is not None and not point.type.is_float
    step_kw = abs(point.factor) if knows_step else 0.0
    if write.readback.tolerance_kw < step_kw / 2.0:
        yield file.fault(
            (*place, "write", "readback", "tolerance_kw"),
            value=write.readback.tolerance_kw,
            limit=f"less than half a step of the register ({step_kw:g} kW)",
            mend="allow at least what rounding to the register costs",
        )
    own = write.readback.register
    if own is not None and not _is_power(own):
        yield file.fault(
            (*place, "write", "readback", "register", "unit"),
            value=own.unit.value,
            limit="is not a unit of power",
            mend="use W, kW, MW, or % of a power",
        )


def _faults_of_step(file: YamlFile, place: Place, step: Step, write: Write) -> Iterator[Fault]:
    layout = step.register
    if not layout.table.is_writable:
        yield file.fault(
            (*place, "register", "table"),
            value=layout.table.value,
            limit=f"step {step.name} cannot be written there",
            mend="use holding or coil",
        )
    if write.function == "single" and layout.width > 1:
        yield file.fault(
            (*place, "register", "type"),
            value=layout.type.value,
            limit=f"step {step.name} takes {layout.width} registers, but function single writes one",
            mend="write the point by function: multiple, or correct the type",
        )
    if step.value == "reversion_s":
        yield from _faults_of_reversion_step(file, place, step, write)
    elif isinstance(step.value, str):
        yield from _faults_of_power_step(file, place, step, write)
    elif not fits(layout, step.value):
        low, high = raw_range(layout)
        yield file.fault(
            (*place, "value"),
            value=step.value,
            limit=f"a raw number of {layout.type.value} is {low:g} to {high:g}"
            + ("" if layout.type.is_float else ", whole"),
            mend="write the raw number that stands in the register, before scale and unit",
        )


def _faults_of_reversion_step(file: YamlFile, place: Place, step: Step, write: Write) -> Iterator[Fault]:
    layout = step.register
    if not isinstance(write.reversion_s, float):
        yield file.fault(
            (*place, "value"),
            value=step.value,
            limit=f"the point's reversion_s is {write.reversion_s}: there is no time to write",
            mend="write reversion_s: as a number of seconds",
        )
    if layout.unit not in {Unit.S, Unit.H}:
        yield file.fault(
            (*place, "register", "unit"),
            value=layout.unit.value,
            limit=f"step {step.name} writes a time",
            mend="use s or h",
        )
    elif isinstance(write.reversion_s, float):
        yield from _faults_of_room(file, place, step, write.reversion_s, "s")


def _faults_of_power_step(file: YamlFile, place: Place, step: Step, write: Write) -> Iterator[Fault]:
    if not _is_power(step.register):
        yield file.fault(
            (*place, "register", "unit"),
            value=step.register.unit.value,
            limit=f"step {step.name} writes the {step.value}, a power",
            mend="use W, kW, MW, or % of a power; a raw constant goes into value: as a number",
        )
    if step.value != "safe_value":
        return
    if write.safe_value_kw in {"own_control", "unknown"}:
        yield file.fault(
            (*place, "value"),
            value=step.value,
            limit=f"safe_value_kw is {write.safe_value_kw}: there is no power to write",
            mend="write safe_value_kw as a number or by_region, or remove the step",
        )
    elif not isinstance(write.safe_value_kw, str):
        yield from _faults_of_room(file, place, step, write.safe_value_kw, "kW")


def _faults_of_room(file: YamlFile, place: Place, step: Step, value: float, unit: str) -> Iterator[Fault]:
    """Refuse a value that the step's register cannot hold, where its range is known."""
    shown = shown_range(step.register)
    if shown is not None and math.isfinite(value) and not shown[0] <= value <= shown[1]:
        yield file.fault(
            (*place, "register", "type"),
            value=step.register.type.value,
            limit=f"step {step.name} must hold {value:g} {unit}, it can hold {shown[0]:g} to {shown[1]:g}",
            mend="correct the type, the scale, the sign or the value",
        )


def _is_power(layout: Layout) -> bool:
    return layout.unit.is_power or (
        layout.unit is Unit.PERCENT and layout.reference is not Reference.ENERGY_KWH_CAPACITY
    )
