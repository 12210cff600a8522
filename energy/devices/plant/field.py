"""The whole simulated field: the world, its devices, what is kept of it on disk."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.devices.map_library import maps_of
from energy.devices.plant.device import Device, DeviceRecord
from energy.devices.plant.faults import PLAIN, DeviceFault, FaultDetail, FaultKind
from energy.devices.plant.hold import HoldRule, rule_of
from energy.devices.plant.nature import RecordedNature
from energy.devices.plant.store import Saved, StateStore
from energy.devices.plant.world import World
from energy.devices.register_map import RegisterMap
from energy.errors import BadInput, Fault, StoreUnavailable
from energy.periods import format_utc
from energy.region.history import RegionHistory
from energy.region.model import Region

_LOG = logging.getLogger(__name__)
SAVE_EVERY = timedelta(minutes=1)
"""How much simulated time a kill may cost."""
RESUME_MAX = timedelta(days=2)
"""A saved state older than this before the start is not run up to it; the field starts afresh."""


class SimulatedField:
    """Moves the world, breaks devices on command and saves what a real field would keep."""

    def __init__(self, region: Region, *, start: datetime, seed: int, state_folder: Path | None) -> None:
        """Build the field at a moment.

        Raises:
            BadInput: a register map or a history is wrong, or the start lies outside the history.
        """
        maps = maps_of(region)
        nature = RecordedNature(region, RegionHistory(region), seed=seed)
        self.world = World(region, nature=nature, start=start, rules=_rules_of(region, maps))
        self.devices = {
            asset.id: Device(asset, maps[asset.device.profile], self.world, seed=seed)
            for asset in region.assets
        }
        self._store = None if state_folder is None else StateStore(state_folder, region, seed=seed)
        self._saved_at = self.world.at
        self._saves = True

    def advance_to(self, moment: datetime) -> None:
        """Step the world, saving it now and then.

        Raises:
            BadInput: the moment lies outside the history or before the present.
        """
        if moment < self.world.at:
            limit = f"the field is already at {format_utc(self.world.at)} and time does not run backwards"
            raise _bad("advance_to", format_utc(moment), limit, "name a later moment")
        for edge_s in sorted({edge_s for device in self.devices.values() for edge_s in device.edges_s}):
            if self.world.at.timestamp() < edge_s <= moment.timestamp():
                self.world.advance_to(datetime.fromtimestamp(edge_s, tz=UTC))
                for device in self.devices.values():
                    if edge_s in device.edges_s:
                        device.settle()
        self.world.advance_to(moment)
        if self.world.at - self._saved_at >= SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Save the world's state, if there is a folder for it; a full disk does not stop the field."""
        self._saved_at = self.world.at
        if self._store is None:
            return
        try:
            self._store.save(Saved(at=self.world.at, states=self.world.states, devices=self._records()))
        except StoreUnavailable as error:
            if self._saves:
                _LOG.warning("%s; the field goes on and would lose its state on a restart", error)
            self._saves = False
        else:
            self._saves = True

    def set_fault(
        self,
        asset_id: str,
        kind: FaultKind | None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        detail: FaultDetail = PLAIN,
    ) -> None:
        """Break an asset's device from a moment (now) until another (for good); a kind of None mends it.

        A restart ends by itself once the device has been silent for as long as the detail says.

        Raises:
            BadInput: the field has no such asset.
        """
        device = self.devices.get(asset_id)
        if device is None:
            raise _bad(
                "fault.asset_id", asset_id, f"no such asset, there are {', '.join(self.devices)}", "use one"
            )
        if kind is None:
            device.set_fault(None)
            return
        begin = self.world.at if since is None else max(since, self.world.at)
        since_s, until_s = begin.timestamp(), until.timestamp() if until is not None else None
        if kind is FaultKind.REBOOTED:
            until_s = since_s + detail.silent_s
        device.set_fault(DeviceFault(kind=kind, since_s=since_s, until_s=until_s, detail=detail))

    def resume(self, *, latest: datetime | None) -> None:
        """Go on where an earlier run stopped, unless that is long past or later than ``latest``.

        Raises:
            BadInput: the saved moment lies outside the history.
        """
        saved = self._store.load() if self._store is not None else None
        if saved is None:
            return
        present = self.world.at if latest is None else latest
        if (latest is None or saved.at <= latest) and present - saved.at <= RESUME_MAX:
            self.world.resume(saved.at, saved.states)
            self._saved_at = saved.at
            for asset_id, record in saved.devices.items():
                if asset_id in self.devices:
                    self.devices[asset_id].resume(record)

    def _records(self) -> dict[str, DeviceRecord]:
        records = {asset_id: device.record for asset_id, device in self.devices.items()}
        return {asset_id: record for asset_id, record in records.items() if record is not None}


def _rules_of(region: Region, maps: Mapping[str, RegisterMap]) -> dict[str, HoldRule]:
    rules: dict[str, HoldRule] = {}
    for asset in region.assets:
        if asset.dispatch_point is None:
            continue
        content = maps[asset.device.profile]
        point = content.point(asset.dispatch_point)
        if point is not None and point.write is not None:
            has_heartbeat = content.heartbeat is not None and content.heartbeat.written is not None
            rules[asset.id] = rule_of(asset, point.write, has_heartbeat=has_heartbeat)
    return rules


def _bad(place: str, value: object, limit: str, mend: str) -> BadInput:
    return BadInput([Fault(file="(plant)", line=None, place=place, value=value, limit=limit, mend=mend)])
