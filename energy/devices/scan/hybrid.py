"""Whether a battery's own power can be told from the PV that may share its inverter.

Models 101 to 113 and 701 measure at the inverter's AC terminals: battery and PV as one sum. Model 124
commands the battery alone, so that sum would be the wrong power beside its command.
"""

from collections.abc import Iterator

from energy.devices.scan.device import FoundDevice, FoundPoint

PV_WITH_STORAGE = 82
"""120.DERTyp; its 4, PV, is also what a device shows that says nothing (the model's default)."""
CHARGED_BY_PV = 0
"""124.ChaGriSet."""
PV_PORT, STORAGE_PORT = 0, 1
"""714.PrtTyp."""
BATTERY_INSIDE = (
    "a battery shares the inverter: the power measured here has the battery's in it, and is not what the "
    "source yields"
)


def own_power(device: FoundDevice) -> FoundPoint | None:
    """Give the battery's own power, at its DC terminals: model 802, or the only storage port of model 714."""
    bank = device.number(802, "W")
    if _is_usable(bank):
        return bank
    powers = [port["DCW"] for port in _ports(device) if port["PrtTyp"].value == STORAGE_PORT]
    return powers[0] if len(powers) == 1 and _is_usable(powers[0]) else None


def is_commanded_alone(device: FoundDevice) -> bool:
    """Tell whether a command would move the battery only: model 124. Model 704 sets the whole device."""
    switches = (device.number(704, "WSetEna"), device.number(704, "WSetMod"))
    powers = (device.number(704, "WSet"), device.number(704, "WSetPct"))
    is_set_whole = all(map(_is_usable, switches)) and any(map(_is_usable, powers))
    return device.first(124) is not None and not is_set_whole


def signs_of_pv(device: FoundDevice) -> tuple[str, ...]:
    """Name what says that PV shares the inverter; empty where nothing does, which proves nothing."""
    found = []
    modules = device.number(160, "N")
    if device.first(160) is not None and (modules is None or modules.value != 0):
        found.append("model 160 shows inputs with a tracker of their own")
    if _shows(device, 120, "DERTyp", PV_WITH_STORAGE):
        found.append("120.DERTyp says PV with storage")
    if _shows(device, 124, "ChaGriSet", CHARGED_BY_PV):
        found.append("124.ChaGriSet says that it is charged by PV")
    if any(port["PrtTyp"].value == PV_PORT for port in _ports(device)):
        found.append("model 714 has a PV port")
    return tuple(found)


def warnings_of_battery(device: FoundDevice) -> Iterator[str]:
    """Say what a person must know who takes the device for a battery."""
    signs, power = signs_of_pv(device), own_power(device)
    if not is_commanded_alone(device):
        if signs:
            yield (
                f"PV shares the inverter ({'; '.join(signs)}): power and command are those of the whole "
                "device, not the battery's; take it for a battery only where its PV is switched off"
            )
    elif power is not None:
        yield (
            f"{power.title} is measured at the battery's DC terminals, and SunSpec does not say which way it "
            "counts: prove its sign at commissioning; the inverter's losses are not in it"
        )
    else:
        yield (
            "the only power it shows is the inverter's AC sum, and nothing says whether PV feeds in there "
            "too: if it does, the battery's power is wrong whenever the sun shines and the PV counts twice; "
            "use this map only for an inverter without PV"
        )
    if _shows(device, 124, "ChaGriSet", CHARGED_BY_PV):
        yield "124.ChaGriSet is PV: it never charges from the grid, whatever it is told; set it to GRID first"


def _is_usable(found: FoundPoint | None) -> bool:
    return found is not None and found.lack is None


def _shows(device: FoundDevice, model_id: int, name: str, value: int) -> bool:
    found = device.number(model_id, name)
    return found is not None and found.value == value


def _ports(device: FoundDevice) -> Iterator[dict[str, FoundPoint]]:
    model = device.first(714)
    return iter(()) if model is None else model.repeats("PrtTyp", "DCW")
