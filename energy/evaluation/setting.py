"""One setting of the dial on uncertainty, as a planner names it to compare: ``scenarios:0.3``."""

from dataclasses import replace

from energy.errors import BadInput, Fault
from energy.region.model import Region
from energy.region.uncertainty import Mode

MODES: dict[str, Mode] = {"point": "point", "reserve": "reserve", "scenarios": "scenarios"}


def settings_of(text: str) -> tuple[str, ...]:
    """Read a list of settings, each once and in order.

    Raises:
        BadInput: with every part that is none.
    """
    parts = [part.strip() for part in text.split(",")]
    faults = [fault for part in parts if (fault := _fault_of(part)) is not None]
    if faults:
        raise BadInput(faults)
    return tuple(dict.fromkeys(parts))


def with_setting(region: Region, setting: str) -> Region:
    """Give the region with its dial set; as it is for the empty setting. What is not named stays as it is."""
    if not setting:
        return region
    mode, _, weight = setting.partition(":")
    dial = replace(region.control.uncertainty, mode=MODES[mode])
    if weight:
        dial = replace(dial, risk_weight=float(weight))
    return replace(region, control=replace(region.control, uncertainty=dial))


def _fault_of(part: str) -> Fault | None:
    mode, colon, weight = part.partition(":")
    if mode in MODES and (not colon or (mode == "scenarios" and _is_fraction(weight))):
        return None
    return Fault(
        file="(command line)",
        line=None,
        place="--uncertainty",
        value=part,
        limit="point, reserve, scenarios or scenarios:WEIGHT with a weight from 0 to 1",
        mend="separate settings by commas: point,reserve,scenarios:0.3",
    )


def _is_fraction(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False
