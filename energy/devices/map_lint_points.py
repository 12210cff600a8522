"""What can be wrong with the points of a register map: names, units, and the words for their numbers."""

from collections.abc import Iterator, Mapping

from energy.devices.layout import Reference, Unit
from energy.devices.map_lint_layout import fits
from energy.devices.register_map import Access, MapPoint, RegisterMap
from energy.domain import Point
from energy.errors import Fault
from energy.yaml_file import Place, YamlFile

REMOTE_WORDS = frozenset({"remote", "local"})
_REFERENCE_POINTS = frozenset({Point.POWER_KW_RATED, Point.ENERGY_KWH_CAPACITY})
_FOR_POWER = frozenset({Reference.POWER_KW_RATED, Reference.NAMEPLATE})
_FOR_ENERGY = frozenset({Reference.ENERGY_KWH_CAPACITY, Reference.NAMEPLATE})


def faults_of_names(file: YamlFile, content: RegisterMap) -> Iterator[Fault]:
    """Give a map without points, and every name that stands twice."""
    if not content.points:
        yield file.fault(("points",), value="none", limit="a map has at least one point", mend="add a point")
    lists: Mapping[str, list[str]] = {
        "points": [point.name.value for point in content.points],
        "scale_factors": [factor.name for factor in content.scale_factors],
        "identity": [text.name for text in content.identity],
    }
    for key, names in lists.items():
        for index, name in enumerate(names):
            if name in names[:index]:
                yield file.fault(
                    (key, index, "name"), value=name, limit="stands twice", mend="keep one of them"
                )


def faults_of_point(file: YamlFile, place: Place, point: MapPoint) -> Iterator[Fault]:
    """Give what is wrong with one point, apart from its layout and its write facts."""
    yield from _faults_of_unit(file, place, point)
    yield from _faults_of_access(file, place, point)
    if point.values is not None:
        yield from _faults_of_values(file, place, point, point.values)
    if point.flags is not None:
        yield from _faults_of_flags(file, place, point, point.flags)
    words = frozenset((point.values or {}).values())
    if point.name is Point.REMOTE and words != REMOTE_WORDS:
        yield file.fault(
            (*place, "values"),
            value=", ".join(sorted(words)) or None,
            limit="remote needs both words, remote and local, and no others",
            mend="write values: {1: remote, 0: local} with the device's own numbers",
        )


def _faults_of_unit(file: YamlFile, place: Place, point: MapPoint) -> Iterator[Fault]:
    measured = point.name.unit
    if point.unit is not Unit.PERCENT:
        if point.unit.measures != measured:
            example = "a unit of what the point measures, for example kW of a power, s of a time"
            yield file.fault(
                (*place, "unit"),
                value=point.unit.value,
                limit=f"is not a unit of {point.name.value}",
                mend=f"write {example}" if measured else "write '1': the point is a plain number",
            )
        return
    if point.name in _REFERENCE_POINTS or measured not in {"kw", "kwh"}:
        yield file.fault(
            (*place, "unit"),
            value=point.unit.value,
            limit=f"{point.name.value} cannot be a percentage",
            mend="write the unit that the device shows it in",
        )
    elif point.reference is not None and point.reference not in (
        _FOR_POWER if measured == "kw" else _FOR_ENERGY
    ):
        yield file.fault(
            (*place, "reference"),
            value=point.reference.value,
            limit=f"{point.name.value} does not count from it: powers from a power, energies from a capacity",
            mend="write another reference",
        )


def _faults_of_access(file: YamlFile, place: Place, point: MapPoint) -> Iterator[Fault]:
    if point.access is Access.READ_WRITE and point.write is None:
        yield file.fault(
            (*place, "access"),
            value=point.access.value,
            limit="needs write: with safe_value_kw, readback, watchdog_s and the rest",
            mend="add write:, or make the access read",
        )
    if point.access is Access.READ and point.write is not None:
        yield file.fault(
            (*place, "write"),
            value="write",
            limit="stands at a point whose access is read",
            mend="make the access read_write, or remove write:",
        )
    if point.write is not None and point.name.unit != "kw":
        yield file.fault(
            (*place, "access"),
            value=point.access.value,
            limit=f"only a power is written, and {point.name.value} is none",
            mend="make the access read; what is written beside a power stands under arming or enabling",
        )


def _faults_of_values(
    file: YamlFile, place: Place, point: MapPoint, values: Mapping[int, str]
) -> Iterator[Fault]:
    if point.type.is_float or point.unit is not Unit.ONE:
        yield file.fault(
            (*place, "values"),
            value=f"{point.type.value} in {point.unit.value}",
            limit="only whole numbers of unit 1 have words",
            mend="write an integer type and unit: '1', or remove values",
        )
        return
    for number in values:
        shown = number * point.factor + point.base
        if not fits(point, number) or not point.plausible.min <= shown <= point.plausible.max:
            yield file.fault(
                (*place, "values", number),
                value=number,
                limit=f"cannot stand in a {point.type.value} that is believed from "
                f"{point.plausible.min:g} to {point.plausible.max:g}",
                mend="correct the number, or widen the type or plausible",
            )


def _faults_of_flags(
    file: YamlFile, place: Place, point: MapPoint, flags: Mapping[int, str]
) -> Iterator[Fault]:
    if point.type.is_float or point.unit is not Unit.ONE or point.values is not None:
        yield file.fault(
            (*place, "flags"),
            value=f"{point.type.value} in {point.unit.value}",
            limit="only the bits of a whole number of unit 1 have words, and not beside values",
            mend="write an integer type and unit: '1', and either values or flags",
        )
        return
    bits = point.bits.count if point.bits is not None else 16 * point.width
    for number in flags:
        if number >= bits:
            yield file.fault(
                (*place, "flags", number),
                value=number,
                limit=f"the field has bits 0 to {bits - 1}",
                mend="count from the least significant bit, which is 0",
            )
