"""What can be wrong with where a number stands: its type, bits, scale, reference and range."""

from collections.abc import Iterator

from energy.devices.codec import raw_range
from energy.devices.layout import Bits, Layout, Reference, Register, Unit, ValueType
from energy.devices.map_lint_places import Placed
from energy.devices.register_map import RegisterMap
from energy.domain import Point
from energy.errors import Fault
from energy.yaml_file import Place, YamlFile

REFERENCE_POINTS = {
    Reference.POWER_KW_RATED: Point.POWER_KW_RATED,
    Reference.ENERGY_KWH_CAPACITY: Point.ENERGY_KWH_CAPACITY,
}


def faults_of_layout(file: YamlFile, content: RegisterMap, item: Placed) -> Iterator[Fault]:
    """Give what is wrong with one layout, whatever it serves."""
    layout = item.layout
    if layout is None:
        return
    yield from _faults_of_type(file, content, item.place, layout)
    yield from _faults_of_bits(file, item.place, layout)
    yield from _faults_of_scale(file, content, item.place, layout)
    yield from _faults_of_reference(file, content, item.place, layout)
    if item.register is not None:
        yield from _faults_of_range(file, item.place, item.register)


def shown_range(layout: Layout) -> tuple[float, float] | None:
    """Give the least and the greatest value that the registers can show, in our unit and sign.

    None where the device itself says the scale, or where the value counts from a reference.
    """
    if layout.scale_factor is not None or layout.reference is not None:
        return None
    low, high = raw_range(layout)
    ends = sorted(raw * layout.factor + layout.base + 0.0 for raw in (low, high))
    return ends[0], ends[1]


def fits(layout: Layout, raw: float) -> bool:
    """Whether a raw number can stand in the registers."""
    low, high = raw_range(layout)
    return low <= raw <= high and (layout.type.is_float or raw == round(raw))


def _faults_of_type(file: YamlFile, content: RegisterMap, place: Place, layout: Layout) -> Iterator[Fault]:
    if layout.table.holds_bits != (layout.type is ValueType.BOOL):
        yield file.fault(
            (*place, "type"),
            value=layout.type.value,
            limit=f"does not stand in table {layout.table.value}: bits hold bool, registers the rest",
            mend="correct the type or the table",
        )
    if not layout.table.holds_bits and layout.width > content.max_read_registers:
        yield file.fault(
            (*place, "type"),
            value=layout.type.value,
            limit=f"takes {layout.width} registers, a read at most {content.max_read_registers}",
            mend="correct the type or max_read_registers",
        )
    for index, pattern in enumerate(layout.not_implemented):
        bits = 1 if layout.type is ValueType.BOOL else 16 * layout.width
        if pattern >= 2**bits:
            yield file.fault(
                (*place, "not_implemented", index),
                value=hex(pattern),
                limit=f"a {layout.type.value} has {bits} bits",
                mend="write the unsigned bit pattern of the whole value",
            )


def _faults_of_bits(file: YamlFile, place: Place, layout: Layout) -> Iterator[Fault]:
    bits = layout.bits
    if bits is None:
        return
    if layout.type.is_float or layout.type is ValueType.BOOL:
        yield file.fault(
            (*place, "bits"),
            value=_words(bits),
            limit=f"a {layout.type.value} has no bit fields",
            mend="write an integer type, for example uint16, or remove bits",
        )
    elif bits.first + bits.count > 16 * layout.width:
        yield file.fault(
            (*place, "bits"),
            value=_words(bits),
            limit=f"a {layout.type.value} has bits 0 to {16 * layout.width - 1}",
            mend="count from the least significant bit, which is 0",
        )


def _faults_of_scale(file: YamlFile, content: RegisterMap, place: Place, layout: Layout) -> Iterator[Fault]:
    if layout.scale == 0.0:
        yield file.fault(
            (*place, "scale"),
            value=layout.scale,
            limit="must not be 0",
            mend="1 leaves the number as it is",
        )
    if layout.scale_factor is not None and layout.reference is not None and layout.offset != 0.0:
        yield file.fault(
            (*place, "offset"),
            value=layout.offset,
            limit="stands beside a scale factor and a reference: nobody says which of them it counts with",
            mend="remove the offset; no device known to us has all three",
        )
    names = [factor.name for factor in content.scale_factors]
    if layout.scale_factor is not None and layout.scale_factor not in names:
        known = f"the map has {', '.join(names)}" if names else "the map has none"
        yield file.fault(
            (*place, "scale_factor"),
            value=layout.scale_factor,
            limit=f"there is no such scale factor: {known}",
            mend="correct the name, or add it under scale_factors: with its table and address",
        )


def _faults_of_reference(
    file: YamlFile, content: RegisterMap, place: Place, layout: Layout
) -> Iterator[Fault]:
    reference = layout.reference
    if layout.unit is Unit.PERCENT and reference is None:
        yield file.fault(
            (*place, "unit"),
            value=layout.unit.value,
            limit="a percentage needs a reference: of what?",
            mend=f"add reference: one of {', '.join(item.value for item in Reference)}",
        )
    if layout.unit is not Unit.PERCENT and reference is not None:
        yield file.fault(
            (*place, "reference"),
            value=reference.value,
            limit=f"stands beside unit {layout.unit.value}; only a percentage counts from a reference",
            mend="remove it, or write unit: '%'",
        )
    needed = REFERENCE_POINTS.get(reference) if reference is not None else None
    if needed is not None and content.point(needed) is None:
        yield file.fault(
            (*place, "reference"),
            value=needed.value,
            limit="the map has no such point to count from",
            mend=f"add the point {needed.value}, or write reference: nameplate",
        )


def _faults_of_range(file: YamlFile, place: Place, register: Register) -> Iterator[Fault]:
    low, high = register.plausible.min, register.plausible.max
    if low >= high:
        yield file.fault(
            (*place, "plausible"),
            value=f"{low:g} to {high:g}",
            limit="min must be less than max, in our unit and sign",
            mend="swap them or widen the range; feeding in is negative",
        )
        return
    shown = shown_range(register)
    if shown is None or register.type.is_float or register.scale == 0.0:
        return
    slack = 1e-9 * max(abs(shown[0]), abs(shown[1]))
    if low < shown[0] - slack or high > shown[1] + slack:
        yield file.fault(
            (*place, "plausible"),
            value=f"{low:g} to {high:g}",
            limit=f"this {register.type.value} only shows {shown[0]:g} to {shown[1]:g} in our unit and sign",
            mend="narrow the range, or correct the type, the scale or the sign",
        )


def _words(bits: Bits) -> str:
    return f"{bits.count} from {bits.first}"
