"""Whether a region writes to a device as the device's map allows: in time, not oftener than it bears."""

from collections.abc import Iterator, Mapping

from energy.devices.register_map import RegisterMap, Write
from energy.devices.write_budget import ordinary_max
from energy.devices.write_economy import kept_s, refresh_every_s
from energy.domain import Authority
from energy.errors import Fault
from energy.region.model import Asset, Region
from energy.units import S_PER_H
from energy.yaml_file import YamlFile

REFRESHES_MIN = 2.0
"""A setpoint must be due for renewal this often within the time that the device keeps it, so that one lost
write does not drop it to its safe state."""
S_PER_DAY = 24.0 * S_PER_H
PLAN_CHANGES_PER_DAY = 96.0
"""A plan may ask for another value in each quarter hour. What corrects between them is not foreseen here: the
count of the day stops it (``write_budget``)."""


def faults_of_writes(file: YamlFile, region: Region, maps: Mapping[str, RegisterMap]) -> Iterator[Fault]:
    """Give what is wrong between the region's control settings, its authorities and its writable points."""
    paced: set[str] = set()
    for index, asset in enumerate(region.assets):
        content = maps.get(asset.device.profile)
        write = _write_of(asset, content) if content is not None else None
        if content is None or write is None:
            continue
        if asset.device.profile not in paced:
            paced.add(asset.device.profile)
            yield from _faults_of_pace(file, region, asset, write)
            yield from _faults_of_settling(file, index, asset, write)
        if region.authority_of(asset) is Authority.AUTOMATIC:
            for limit in _reasons_against_automatic(region, asset, content, write):
                yield file.fault(
                    ("assets", index, "authority"),
                    value=Authority.AUTOMATIC.value,
                    limit=limit,
                    mend="write authority: observe or advise for this asset, or complete its register map",
                )


def fallbacks_kw(region: Region, maps: Mapping[str, RegisterMap]) -> dict[str, float]:
    """Give, by asset, the power that its register map says that the device falls back to by itself."""
    writes = {asset.id: _write_of(asset, maps[asset.device.profile]) for asset in region.assets}
    return {
        asset_id: write.safe_value_kw
        for asset_id, write in writes.items()
        if write is not None and isinstance(write.safe_value_kw, float)
    }


def _write_of(asset: Asset, content: RegisterMap) -> Write | None:
    point = content.point(asset.dispatch_point) if asset.dispatch_point is not None else None
    return point.write if point is not None else None


def _faults_of_pace(file: YamlFile, region: Region, asset: Asset, write: Write) -> Iterator[Fault]:
    lasts_s = kept_s(write)
    if lasts_s is None:
        return
    device = f"asset '{asset.id}' (map '{asset.device.profile}') keeps a setpoint for {lasts_s:g} s"
    if region.control.tick_s >= lasts_s / REFRESHES_MIN:
        yield file.fault(
            ("control", "tick_s"),
            value=region.control.tick_s,
            limit=f"must be less than {lasts_s / REFRESHES_MIN:g} s: {device} unless it is renewed",
            mend="shorten tick_s, or set a longer watchdog on the device and in its map",
        )
    if region.control.setpoint_valid_s > lasts_s:
        yield file.fault(
            ("control", "setpoint_valid_s"),
            value=region.control.setpoint_valid_s,
            limit=f"must be at most {lasts_s:g} s: {device}, and nothing may count on it for longer",
            mend="shorten setpoint_valid_s, or set a longer watchdog on the device and in its map",
        )


def _faults_of_settling(file: YamlFile, index: int, asset: Asset, write: Write) -> Iterator[Fault]:
    """Refuse a device that may drop a value before it has to show it: nobody would ever see it hold one."""
    lasts_s, settles_s = kept_s(write), write.readback.settles_s
    if lasts_s is not None and settles_s >= lasts_s / REFRESHES_MIN:
        yield file.fault(
            ("assets", index, "device", "profile"),
            value=asset.device.profile,
            limit=f"its readback.settles_s {settles_s:g} s must be less than {lasts_s / REFRESHES_MIN:g} s: "
            f"the device keeps a setpoint for {lasts_s:g} s unless it is renewed",
            mend="set a longer watchdog on the device and in its map, or correct settles_s in the map",
        )


def _reasons_against_automatic(
    region: Region, asset: Asset, content: RegisterMap, write: Write
) -> Iterator[str]:
    if kept_s(write) is None:
        yield (
            f"map '{asset.device.profile}' says watchdog_s {write.watchdog_s} and reversion_s "
            f"{write.reversion_s}: if the controller is lost, '{asset.id}' would keep its last setpoint"
        )
    writes_a_day = writes_per_day(content, write, tick_s=region.control.tick_s)
    budget = write.write_budget_per_day
    bears = budget == "unlimited" or (isinstance(budget, int) and ordinary_max(budget) >= writes_a_day)
    if write.storage != "ram" and not bears:
        yield (
            f"map '{asset.device.profile}' says storage {write.storage} and write_budget_per_day {budget}: "
            f"'{asset.id}' would be written {writes_a_day:.0f} times a day to keep a value and follow a plan"
        )


def writes_per_day(content: RegisterMap, write: Write, *, tick_s: float) -> float:
    """Give how many register writes a day cost at least: renewals, and what plans change.

    A value is written with the steps that depend on it and those that put it in force; a heartbeat is
    written in every tick.
    """
    lasts_s = kept_s(write)
    renewals = 0.0 if lasts_s is None else S_PER_DAY / refresh_every_s(tick_s=tick_s, lasts_s=lasts_s)
    mirrors = sum(1 for step in write.arming if step.value == "setpoint")
    beats = content.heartbeat is not None and content.heartbeat.written is not None
    each = 1.0 + len(write.enabling)
    return renewals * each + PLAN_CHANGES_PER_DAY * (each + mirrors) + (S_PER_DAY / tick_s if beats else 0.0)
