"""Everything of a register map that takes addresses, with its place in the file and a name for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from energy.devices.layout import ADDRESS_MAX, Bits, Layout, Register, Table
from energy.devices.register_map import Heartbeat, MapPoint, RegisterMap, Step, Write
from energy.errors import Fault
from energy.yaml_file import Place, YamlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A run of registers (or bits) that the map names; ``layout`` is None for scale factors and texts."""

    name: str
    place: Place
    table: Table
    first: int
    last: int
    layout: Layout | None = None
    value: object = None
    """What a step writes; None elsewhere."""

    @property
    def bits(self) -> Bits | None:
        """The bits that it takes of its registers, None for all of them."""
        return self.layout.bits if self.layout is not None else None

    @property
    def register(self) -> Register | None:
        """The same as a register that must be believed, None where it is not one."""
        return self.layout if isinstance(self.layout, Register) else None


def places_of(content: RegisterMap) -> Iterator[Placed]:
    """Give every run of registers of a map, in the order of the file."""
    for index, factor in enumerate(content.scale_factors):
        yield Placed(
            name=f"scale factor {factor.name}",
            place=("scale_factors", index),
            table=factor.table,
            first=factor.address,
            last=factor.address,
        )
    for index, text in enumerate(content.identity):
        yield Placed(
            name=f"text {text.name}",
            place=("identity", index),
            table=text.table,
            first=text.address,
            last=text.address + text.length - 1,
        )
    if content.heartbeat is not None:
        yield from _heartbeat_places(content.heartbeat)
    for index, point in enumerate(content.points):
        yield from _point_places(point, ("points", index))


def steps_of(write: Write, place: Place) -> Iterator[tuple[Step, Place]]:
    """Give the arming and then the enabling steps of a writable point; ``place`` is the point's own."""
    for key, steps in (("arming", write.arming), ("enabling", write.enabling)):
        for index, step in enumerate(steps):
            yield step, (*place, "write", key, index)


def faults_of_overlaps(file: YamlFile, placed: list[Placed]) -> Iterator[Fault]:
    """Give each pair that takes the same register without sharing it by bits or by writing the same to it."""
    for table in Table:
        items = sorted((item for item in placed if item.table is table), key=lambda item: item.first)
        open_items: list[Placed] = []
        for item in items:
            open_items = [other for other in open_items if other.last >= item.first]
            for other in open_items:
                if not _may_share(other, item):
                    yield file.fault(
                        (*item.place, "address"),
                        value=item.first,
                        limit=f"{item.name} overlaps {other.name}, which ends at {other.last}",
                        mend="correct an address or a type; only distinct bits may share a register",
                    )
            open_items.append(item)


def faults_of_ends(file: YamlFile, placed: list[Placed]) -> Iterator[Fault]:
    """Give what would end past the last address."""
    for item in placed:
        if item.last > ADDRESS_MAX:
            what = item.layout.type.value if item.layout is not None else item.name
            yield file.fault(
                (*item.place, "address"),
                value=item.first,
                limit=f"{what} would end at {item.last}, past {ADDRESS_MAX}",
                mend="correct the address; the wire counts from 0",
            )


def faults_of_forbidden(file: YamlFile, content: RegisterMap, placed: list[Placed]) -> Iterator[Fault]:
    """Give forbidden ranges that end before they begin, and whatever lies in one."""
    for index, block in enumerate(content.forbidden):
        if block.first > block.last:
            yield file.fault(
                ("forbidden", index, "first"),
                value=block.first,
                limit=f"must be at most last ({block.last})",
                mend="swap them",
            )
        for item in placed:
            if item.table is block.table and item.first <= block.last and block.first <= item.last:
                yield file.fault(
                    (*item.place, "address"),
                    value=item.first,
                    limit=f"{item.name} lies in the forbidden {block.first} to {block.last}",
                    mend="correct the address or the forbidden range",
                )


def _heartbeat_places(heartbeat: Heartbeat) -> Iterator[Placed]:
    for key, layout in (("written", heartbeat.written), ("shown", heartbeat.shown)):
        if layout is not None:
            yield _of_layout(f"heartbeat ({key})", ("heartbeat", key), layout)


def _point_places(point: MapPoint, place: Place) -> Iterator[Placed]:
    yield _of_layout(point.name, place, point)
    if point.write is None:
        return
    own = point.write.readback.register
    if own is not None:
        yield _of_layout(f"{point.name} (readback)", (*place, "write", "readback", "register"), own)
    for step, step_place in steps_of(point.write, place):
        name = f"{point.name} (step {step.name})"
        yield _of_layout(name, (*step_place, "register"), step.register, value=step.value)


def _of_layout(name: str, place: Place, layout: Layout, value: object = None) -> Placed:
    return Placed(
        name=name,
        place=place,
        table=layout.table,
        first=layout.address,
        last=layout.last,
        layout=layout,
        value=value,
    )


def _may_share(one: Placed, other: Placed) -> bool:
    """Whether two that meet in a register do so on purpose."""
    if one.layout is None or other.layout is None:
        return False
    if isinstance(one.value, float) and one.value == other.value and one.layout == other.layout:
        return one.place[:2] != other.place[:2]  # two points that need the same mode written
    if one.bits is None or other.bits is None or (one.first, one.last) != (other.first, other.last):
        return False
    return (
        one.bits.first + one.bits.count <= other.bits.first
        or other.bits.first + other.bits.count <= one.bits.first
    )
