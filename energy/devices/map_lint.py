"""What a register map can get wrong beyond its schema, found all at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from energy.devices.layout import ADDRESS_MAX, Register, Table, ValueType
from energy.devices.register_map import Access, MapPoint, RegisterMap
from energy.errors import Fault
from energy.yaml_file import Place, YamlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A register with where it stands in the file and what to call it."""

    name: str
    place: Place
    register: Register


def faults_of(file: YamlFile, content: RegisterMap) -> list[Fault]:
    """Give every fault of a map that passed its schema, in the order of the file's checks."""
    placed = list(_placed(content))
    faults = [fault for item in placed for fault in _faults_of_register(file, content, item)]
    for index, point in enumerate(content.points):
        faults.extend(_faults_of_point(file, ("points", index), point))
    faults.extend(_faults_of_names(file, content))
    faults.extend(_faults_of_overlaps(file, placed))
    faults.extend(_faults_of_forbidden(file, content, placed))
    return faults


def _placed(content: RegisterMap) -> Iterator[_Placed]:
    for index, point in enumerate(content.points):
        place: Place = ("points", index)
        yield _Placed(name=point.name, place=place, register=point)
        if point.write is not None and point.write.readback.register is not None:
            yield _Placed(
                name=f"{point.name} (readback)",
                place=(*place, "write", "readback", "register"),
                register=point.write.readback.register,
            )


def _faults_of_register(file: YamlFile, content: RegisterMap, item: _Placed) -> Iterator[Fault]:
    register, place = item.register, item.place
    if register.table.holds_bits != (register.type is ValueType.BOOL):
        yield file.fault(
            (*place, "type"),
            value=register.type.value,
            limit=f"does not stand in table {register.table.value}: bits hold bool, registers the rest",
            mend="correct the type or the table",
        )
    if register.last > ADDRESS_MAX:
        yield file.fault(
            (*place, "address"),
            value=register.address,
            limit=f"{register.type.value} would end at {register.last}, past {ADDRESS_MAX}",
            mend="correct the address; the wire counts from 0",
        )
    if not register.table.holds_bits and register.width > content.max_read_registers:
        yield file.fault(
            (*place, "type"),
            value=register.type.value,
            limit=f"takes {register.width} registers, a read at most {content.max_read_registers}",
            mend="correct the type or max_read_registers",
        )
    if register.scale == 0.0:
        yield file.fault(
            (*place, "scale"),
            value=register.scale,
            limit="must not be 0",
            mend="1 leaves the number as it is",
        )
    if register.plausible.min >= register.plausible.max:
        yield file.fault(
            (*place, "plausible"),
            value=f"{register.plausible.min:g} to {register.plausible.max:g}",
            limit="min must be less than max, in our unit and sign",
            mend="swap them or widen the range; feeding in is negative",
        )
    for index, pattern in enumerate(register.not_implemented):
        bits = 1 if register.type is ValueType.BOOL else 16 * register.width
        if pattern >= 2**bits:
            yield file.fault(
                (*place, "not_implemented", index),
                value=hex(pattern),
                limit=f"a {register.type.value} has {bits} bits",
                mend="write the unsigned bit pattern of the whole value",
            )


def _faults_of_point(file: YamlFile, place: Place, point: MapPoint) -> Iterator[Fault]:
    if point.unit.measures != point.name.unit:
        yield file.fault(
            (*place, "unit"),
            value=point.unit.value,
            limit=f"is not a unit of {point.name.value}",
            mend="write a unit of what the point measures, for example kW of a power, s of a time",
        )
    if point.access is Access.READ_WRITE and point.write is None:
        yield file.fault(
            (*place, "access"),
            value=point.access.value,
            limit="needs write: with safe_value_kw, readback, watchdog_s and the rest",
            mend="add write:, or make the access read",
        )
    if point.write is None:
        return
    if point.access is Access.READ:
        yield file.fault(
            (*place, "write"),
            value="write",
            limit="stands at a point whose access is read",
            mend="make the access read_write, or remove write:",
        )
    yield from _faults_of_write(file, place, point)


def _faults_of_write(file: YamlFile, place: Place, point: MapPoint) -> Iterator[Fault]:
    write = point.write
    if write is None:
        return
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
    safe = write.safe_value_kw
    if not isinstance(safe, str) and not point.plausible.min <= safe <= point.plausible.max:
        yield file.fault(
            (*place, "write", "safe_value_kw"),
            value=safe,
            limit=f"outside plausible {point.plausible.min:g} to {point.plausible.max:g}",
            mend="write it in our unit and sign",
        )
    step_kw = 0.0 if point.type.is_float else abs(point.factor)
    if write.readback.tolerance_kw < step_kw / 2.0:
        yield file.fault(
            (*place, "write", "readback", "tolerance_kw"),
            value=write.readback.tolerance_kw,
            limit=f"less than half a step of the register ({step_kw:g} kW)",
            mend="allow at least what rounding to the register costs",
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
    own = write.readback.register
    if own is not None and not own.unit.is_power:
        yield file.fault(
            (*place, "write", "readback", "register", "unit"),
            value=own.unit.value,
            limit="is not a unit of power",
            mend="use W, kW or MW",
        )


def _faults_of_names(file: YamlFile, content: RegisterMap) -> Iterator[Fault]:
    if not content.points:
        yield file.fault(("points",), value="none", limit="a map has at least one point", mend="add a point")
    seen: set[str] = set()
    for index, point in enumerate(content.points):
        if point.name in seen:
            yield file.fault(
                ("points", index, "name"),
                value=point.name.value,
                limit="stands twice",
                mend="keep one of them",
            )
        seen.add(point.name)


def _faults_of_overlaps(file: YamlFile, placed: list[_Placed]) -> Iterator[Fault]:
    for table in Table:
        items = [item for item in placed if item.register.table is table]
        items.sort(key=lambda item: item.register.address)
        for before, after in pairwise(items):
            if after.register.address <= before.register.last:
                yield file.fault(
                    (*after.place, "address"),
                    value=after.register.address,
                    limit=f"{after.name} overlaps {before.name}, which ends at {before.register.last}",
                    mend="correct an address or a type",
                )


def _faults_of_forbidden(file: YamlFile, content: RegisterMap, placed: list[_Placed]) -> Iterator[Fault]:
    for index, block in enumerate(content.forbidden):
        if block.first > block.last:
            yield file.fault(
                ("forbidden", index, "first"),
                value=block.first,
                limit=f"must be at most last ({block.last})",
                mend="swap them",
            )
        for item in placed:
            register = item.register
            if (
                register.table is block.table
                and register.address <= block.last
                and block.first <= register.last
            ):
                yield file.fault(
                    (*item.place, "address"),
                    value=register.address,
                    limit=f"{item.name} lies in the forbidden {block.first} to {block.last}",
                    mend="correct the address or the forbidden range",
                )
