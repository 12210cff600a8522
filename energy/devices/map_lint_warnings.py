"""What a register map says, truly, that whoever commissions the device must know before it is controlled.

A map of a device that latches is a true map: these are warnings, not faults. A region that wants to run
such a device by itself is refused by ``energy.devices.write_limits``.
"""

from collections.abc import Iterator

from energy.devices.map_lint_places import steps_of
from energy.devices.register_map import MapPoint, RegisterMap, Write
from energy.domain import Point
from energy.errors import Fault
from energy.yaml_file import Place, YamlFile


def warnings_of(file: YamlFile, content: RegisterMap) -> list[Fault]:
    """Give every warning of a map without faults, in the order of its points."""
    warnings: list[Fault] = []
    for index, point in enumerate(content.points):
        place: Place = ("points", index)
        warnings.extend(_warnings_of_words(file, place, point))
        if point.write is not None:
            warnings.extend(_warnings_of_silence(file, place, point, point.write))
            warnings.extend(_warnings_of_unknowns(file, place, point, point.write))
    return warnings


def latches(write: Write) -> bool:
    """Whether the device keeps its last value for ever when nobody renews it, as far as the map knows."""
    return not isinstance(write.watchdog_s, float) and not isinstance(write.reversion_s, float)


def _warnings_of_words(file: YamlFile, place: Place, point: MapPoint) -> Iterator[Fault]:
    wordless = (point.name is Point.OPERATING_STATE and point.values is None) or (
        point.name is Point.FAULT_FLAGS and point.flags is None
    )
    if wordless:
        yield file.fault(
            place,
            value=None,
            limit=f"{point.name.value} has no words: people see bare numbers",
            mend="add values: or flags: from the manufacturer's table",
        )


def _warnings_of_silence(file: YamlFile, place: Place, point: MapPoint, write: Write) -> Iterator[Fault]:
    name = point.name.value
    if latches(write):
        known = write.watchdog_s == "none" and write.reversion_s == "none"
        what = "keeps its last value for ever" if known else "may keep its last value for ever"
        yield file.fault(
            (*place, "write", "watchdog_s"),
            value=None,
            limit=f"latching device: watchdog_s {write.watchdog_s}, reversion_s {write.reversion_s}; when "
            f"the controller is lost, it {what} ({name})",
            mend="set up a fallback in the device and write its time, or leave it at observe or advise",
        )
    elif write.watchdog_fed_by in {"any", "unknown"} and not isinstance(write.reversion_s, float):
        yield file.fault(
            (*place, "write", "watchdog_fed_by"),
            value=None,
            limit=f"watchdog_fed_by {write.watchdog_fed_by}: whoever reads the device may keep an old "
            f"{name} alive",
            mend="let no second reader talk to the device, or prove at commissioning what feeds the watchdog",
        )
    armed = any(step.value == "reversion_s" for step, _ in steps_of(write, place))
    if isinstance(write.reversion_s, float) and not armed:
        yield file.fault(
            (*place, "write", "reversion_s"),
            value=None,
            limit=f"{write.reversion_s:g} s, but no arming step writes it: the device must have it by "
            f"itself ({name})",
            mend="set the time in the device at commissioning, or add the step that arms it",
        )


def _warnings_of_unknowns(file: YamlFile, place: Place, point: MapPoint, write: Write) -> Iterator[Fault]:
    if write.safe_value_kw == "unknown":
        yield file.fault(
            (*place, "write", "safe_value_kw"),
            value=None,
            limit=f"unknown: nobody says what the device falls back to ({point.name.value})",
            mend="find out at commissioning and write it",
        )
    bears = write.write_budget_per_day == "unlimited" or isinstance(write.write_budget_per_day, int)
    if write.storage != "ram" and not bears:
        yield file.fault(
            (*place, "write", "storage"),
            value=None,
            limit=f"storage {write.storage}, write_budget_per_day {write.write_budget_per_day}: writing "
            f"often may wear the device out ({point.name.value})",
            mend="ask the manufacturer, or write a budget that it surely bears",
        )
