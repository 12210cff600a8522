"""The register map of a scanned device, with what it serves, what it lacks and what a person must know."""

from dataclasses import dataclass
from enum import StrEnum

from energy.devices.layout import Order, Table
from energy.devices.map_library import REQUIRED_POINTS
from energy.devices.register_map import READ_REGISTERS_MAX, RegisterMap, Text
from energy.devices.scan import commanded, hybrid, measured
from energy.devices.scan.definitions import source
from energy.devices.scan.device import FoundDevice
from energy.devices.scan.draft import Draft
from energy.domain import Point
from energy.errors import DeviceRefused


class Role(StrEnum):
    """What a map describes: one device may be several assets."""

    INVERTER = "inverter"
    BATTERY = "battery"
    METER = "meter"


KINDS: dict[Role, tuple[str, ...]] = {
    Role.INVERTER: ("pv", "wind", "hydro"),
    Role.BATTERY: ("battery",),
    Role.METER: ("load", "grid_point", "feeder"),
}
"""The kinds of asset that a role may serve."""
COMMANDS: dict[Role, Point] = {
    Role.INVERTER: Point.POWER_KW_MIN,
    Role.BATTERY: Point.POWER_KW_SETPOINT,
}
GAP_REGISTERS = 120
"""Unlisted registers that a read may bridge inside SunSpec's chain, which has no holes; proven by reading.
Model 701 has its scale factors 112 registers behind its power: a factor that moves between two reads makes
that wrong by ten."""
TEXTS = (
    ("manufacturer", "Mn"),
    ("model", "Md"),
    ("options", "Opt"),
    ("firmware", "Vr"),
    ("serial_number", "SN"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a scan hands over.

    ``lacks`` says per kind of asset which points are missing; a kind with none is served. ``left_out`` says
    of SunSpec's points why they could not be used.
    """

    role: Role
    roles: tuple[Role, ...]
    content: RegisterMap
    lacks: dict[str, tuple[Point, ...]]
    left_out: dict[str, str]
    warnings: tuple[str, ...]


def roles_of(device: FoundDevice) -> tuple[Role, ...]:
    """Give what the device can be taken for, the most telling first.

    It is a battery first only where its power is known to be the battery's, and none at all where it is known
    not to be.
    """
    found: list[Role] = []
    if device.first(*measured.INVERTERS) is not None:
        found.append(Role.INVERTER)
        if _stores(device) and _no_battery(device) is None:
            found.insert(0 if _is_battery_first(device) else 1, Role.BATTERY)
    if device.first(*measured.METERS) is not None:
        found.append(Role.METER)
    return tuple(found)


def finding_of(
    device: FoundDevice, *, role: Role | None, reversion_s: float, rated_kw: float | None
) -> Finding:
    """Compose the map.

    Args:
        device: what was walked.
        role: what to take it for; None takes the most telling.
        reversion_s: the time that a command shall last unless renewed.
        rated_kw: the rated power, for a device that does not show it.

    Raises:
        DeviceRefused: it has no model that measures anything of this role.
    """
    roles = roles_of(device)
    if role is None and roles:
        role = roles[0]
    if role is None or role not in roles:
        raise DeviceRefused(_refusal(device, role, roles))
    draft = Draft(device)
    _fill(draft, role, reversion_s, rated_kw)
    beat = commanded.heartbeat(draft) if role is not Role.METER else None
    if Point.POWER_KW not in draft.points:
        reasons = "; ".join(f"{title}: {reason}" for title, reason in draft.left_out.items())
        raise DeviceRefused(f"the device shows no active power ({reasons}); scan again while it runs")
    content = RegisterMap(
        schema_version="energiewaage.register_map/1",
        product=_words(device.text("Md"), "unnamed SunSpec device"),
        manufacturer=_words(device.text("Mn"), "unknown"),
        source=_source(device),
        byte_order=Order.BIG,
        word_order=Order.BIG,
        max_read_registers=READ_REGISTERS_MAX,
        max_gap_registers=GAP_REGISTERS,
        scale_factors=tuple(draft.scale_factors.values()),
        identity=_identity(device),
        heartbeat=beat,
        points=tuple(draft.points.values()),
    )
    return Finding(
        role=role,
        roles=roles,
        content=content,
        lacks={kind: tuple(_lacks(kind, role, content)) for kind in KINDS[role]},
        left_out=draft.left_out,
        warnings=(*_warnings(device, roles, role), *draft.warnings),
    )


def _refusal(device: FoundDevice, role: Role | None, roles: tuple[Role, ...]) -> str:
    mend = "ask for --as " + " or ".join(roles) if roles else "use a register map of the product"
    why_no_battery = _no_battery(device) if role is Role.BATTERY and _stores(device) else None
    if why_no_battery is not None:
        return f"no battery of its own: {why_no_battery}; {mend}, or use a register map of the product"
    there = ", ".join(str(model.raw.model_id) for model in device.models) or "none"
    return f"no {role or 'inverter, battery or meter'} in the device's models ({there}); {mend}"


def _fill(draft: Draft, role: Role, reversion_s: float, rated_kw: float | None) -> None:
    if role is Role.METER:
        measured.meter(draft)
        return
    modern = draft.device.first(704) is not None
    new, old = ((702, "WMax"), (702, "WMaxRtg")), ((121, "WMax"), (120, "WRtg"))
    places = [*new, *old] if modern else [*old, *new]
    if role is Role.BATTERY and not modern:
        places.insert(0, (124, "WChaMax"))
    known_kw = measured.rated(draft, places, rated_kw)
    if known_kw is None:
        draft.warnings.append(
            "the device shows no rated power, so there is nothing to count percentages from: say it by "
            "--rated-kw, or it cannot be commanded"
        )
    if role is Role.BATTERY:
        alone = hybrid.is_commanded_alone(draft.device)
        own_power = hybrid.own_power(draft.device) if alone else None
        measured.inverter(draft, known_kw, own_power=own_power)
        measured.store(draft)
        draft.warnings.extend(hybrid.warnings_of_battery(draft.device))
    else:
        measured.inverter(draft, known_kw)
        if _stores(draft.device):
            draft.warnings.append(hybrid.BATTERY_INSIDE)
    measured.control_place(draft)
    if known_kw is not None:
        command = commanded.battery_power if role is Role.BATTERY else commanded.curtailment
        command(draft, known_kw, reversion_s)
    if COMMANDS[role] not in draft.points:
        draft.warnings.append("the device cannot be commanded through SunSpec as it stands: only measured")


def _stores(device: FoundDevice) -> bool:
    """Tell whether the device shows anything of a store; 713 shows zeros where there is none."""
    sized = [device.number(713, "WHRtg"), device.number(713, "SoC")]
    charged = [device.number(802, "SoC"), device.number(124, "ChaState")]
    return any(found is not None and found.value is not None and found.value > 0 for found in sized) or any(
        found is not None and found.lack is None for found in charged
    )


def _no_battery(device: FoundDevice) -> str | None:
    """Say why the device cannot be taken for a battery though it has one."""
    signs = hybrid.signs_of_pv(device)
    if not signs or not hybrid.is_commanded_alone(device) or hybrid.own_power(device) is not None:
        return None
    shown = "; ".join(signs)
    return f"battery and PV are measured as one power ({shown}), and model 124 moves the battery alone"


def _is_battery_first(device: FoundDevice) -> bool:
    if hybrid.is_commanded_alone(device):
        return hybrid.own_power(device) is not None
    return not hybrid.signs_of_pv(device)


def _lacks(kind: str, role: Role, content: RegisterMap) -> list[Point]:
    wanted = list(REQUIRED_POINTS[kind])
    command = COMMANDS.get(role)
    missing = [point for point in wanted if content.point(point) is None]
    if command is not None and content.point(command) is None:
        missing.append(command)
    return missing


def _warnings(device: FoundDevice, roles: tuple[Role, ...], role: Role) -> list[str]:
    found = []
    if device.chain.broken is not None:
        found.append(
            f"the chain of models does not end properly ({device.chain.broken}); models may be missing"
        )
    found += [
        f"model {number} is there more than once; the map takes the first" for number in device.repeated()
    ]
    others = [other for other in roles if other is not role]
    if others:
        found.append(
            f"the device can be taken for {' and '.join(others)} too: scan again with --as {others[0]}"
        )
    return found


def _identity(device: FoundDevice) -> tuple[Text, ...]:
    """Give the texts of the common model; maker and model must stay what they are."""
    model = device.first(1)
    texts = []
    for name, sunspec_name in TEXTS:
        found = model.text(sunspec_name) if model is not None else None
        if found is not None:
            address, length, text = found
            texts.append(
                Text(
                    name=name,  # type: ignore[arg-type]  # one of the five words, from the table above
                    table=Table.HOLDING,
                    address=address,
                    length=length,
                    expected=text if name in {"manufacturer", "model"} else None,
                )
            )
    return tuple(texts)


def _source(device: FoundDevice) -> str:
    models = ", ".join(str(model.raw.model_id) for model in device.models)
    firmware = device.text("Vr")
    running = f", firmware {firmware}" if firmware is not None else ""
    return (
        f"Read from the device itself{running}: SunSpec models {models} from {device.chain.base}; {source()}"[
            :500
        ]
    )


def _words(text: str | None, otherwise: str) -> str:
    return text[:120] if text is not None else otherwise
