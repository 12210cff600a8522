"""What a register map can get wrong beyond its schema, found all at once."""

from collections.abc import Iterator

from energy.devices.layout import Unit
from energy.devices.map_lint_layout import faults_of_layout
from energy.devices.map_lint_places import (
    Placed,
    faults_of_ends,
    faults_of_forbidden,
    faults_of_overlaps,
    places_of,
)
from energy.devices.map_lint_points import faults_of_names, faults_of_point
from energy.devices.map_lint_write import faults_of_write
from energy.devices.register_map import RegisterMap
from energy.errors import Fault
from energy.yaml_file import YamlFile

CHARACTERS_PER_REGISTER = 2


def faults_of(file: YamlFile, content: RegisterMap) -> list[Fault]:
    """Give every fault of a map that passed its schema, in the order of the file's checks."""
    placed = list(places_of(content))
    faults = [fault for item in placed for fault in faults_of_layout(file, content, item)]
    faults.extend(faults_of_ends(file, placed))
    for index, point in enumerate(content.points):
        faults.extend(faults_of_point(file, ("points", index), point))
        faults.extend(faults_of_write(file, ("points", index), point))
    faults.extend(faults_of_names(file, content))
    faults.extend(_faults_of_scale_factors(file, content, placed))
    faults.extend(_faults_of_identity(file, content))
    faults.extend(_faults_of_heartbeat(file, content))
    faults.extend(faults_of_overlaps(file, placed))
    faults.extend(faults_of_forbidden(file, content, placed))
    return faults


def _faults_of_scale_factors(file: YamlFile, content: RegisterMap, placed: list[Placed]) -> Iterator[Fault]:
    used = {item.layout.scale_factor for item in placed if item.layout is not None}
    for index, factor in enumerate(content.scale_factors):
        if factor.table.holds_bits:
            yield file.fault(
                ("scale_factors", index, "table"),
                value=factor.table.value,
                limit="a scale factor is an int16: it stands in holding or input registers",
                mend="correct the table",
            )
        if factor.name not in used:
            yield file.fault(
                ("scale_factors", index, "name"),
                value=factor.name,
                limit="no point uses this scale factor",
                mend="name it as scale_factor: where it belongs, or remove it",
            )


def _faults_of_identity(file: YamlFile, content: RegisterMap) -> Iterator[Fault]:
    for index, text in enumerate(content.identity):
        if text.table.holds_bits:
            yield file.fault(
                ("identity", index, "table"),
                value=text.table.value,
                limit="a text stands in holding or input registers",
                mend="correct the table",
            )
        if text.length > content.max_read_registers:
            yield file.fault(
                ("identity", index, "length"),
                value=text.length,
                limit=f"a read takes at most {content.max_read_registers} registers",
                mend="count registers of two characters each, or correct max_read_registers",
            )
        characters = CHARACTERS_PER_REGISTER * text.length
        if text.expected is not None and len(text.expected) > characters:
            yield file.fault(
                ("identity", index, "expected"),
                value=text.expected,
                limit=f"{text.length} registers hold {characters} characters",
                mend="shorten it, or correct the length",
            )


def _faults_of_heartbeat(file: YamlFile, content: RegisterMap) -> Iterator[Fault]:
    heartbeat = content.heartbeat
    if heartbeat is None:
        return
    if heartbeat.written is None and heartbeat.shown is None:
        yield file.fault(
            ("heartbeat",),
            value="neither",
            limit="needs written, shown or both",
            mend="add a counter, or remove heartbeat:",
        )
    if heartbeat.written is not None and not heartbeat.written.table.is_writable:
        yield file.fault(
            ("heartbeat", "written", "table"),
            value=heartbeat.written.table.value,
            limit="cannot be written",
            mend="use holding",
        )
    for key, layout in (("written", heartbeat.written), ("shown", heartbeat.shown)):
        if layout is not None and (layout.type.is_float or layout.unit is not Unit.ONE):
            yield file.fault(
                ("heartbeat", key),
                value=f"{layout.type.value} in {layout.unit.value}",
                limit="a counter is a whole number of unit 1",
                mend="correct the type or the unit",
            )
