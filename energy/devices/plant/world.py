"""The simulated world: all assets of a region moving together in sub-steps of a few seconds."""

import math
from collections.abc import Mapping
from copy import copy
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from energy.devices.plant.grid import Grid, Tally
from energy.devices.plant.hold import Hold, HoldRule, free_kw
from energy.devices.plant.member import State, counted, first_state, net_kwh, shown, state_type, step_member
from energy.devices.plant.nature import SUBSTEP_S, Nature, is_moved, require_inside
from energy.devices.plant.network_view import counted_of_part, power_sign, shown_of_part
from energy.devices.plant.networks import Networks, Surroundings
from energy.domain import FloatArray, Point
from energy.errors import BadInput, Fault
from energy.periods import PERIOD_S
from energy.physics.carrier import CarrierState
from energy.physics.deferrable import DeferrableState
from energy.physics.meter import MeterState
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.grid_loss import GridLoss
from energy.region.load import Load
from energy.region.model import Asset, Region
from energy.units import S_PER_H

WorldState = State | CarrierState


class _Member(NamedTuple):
    """An asset that moves by itself: its row in nature, its node in the grid, what it holds of a command."""

    asset: Asset
    row: int | None
    node: int
    is_load: bool
    hold: Hold | None


class World:
    """Holds every asset's state; between calls to ``advance_to`` nothing moves.

    ``revision`` grows whenever something that a device shows may have changed.
    """

    def __init__(
        self,
        region: Region,
        *,
        nature: Nature,
        start: datetime,
        rules: Mapping[str, HoldRule],
        substep_s: float = SUBSTEP_S,
    ) -> None:
        """Begin at a moment with sensible states.

        Raises:
            BadInput: the moment lies outside the nature's span, or it lacks what an asset needs.
        """
        require_inside(region, nature, start)
        self.region = region
        self.revision = 0
        self.holds = {asset_id: Hold(rule) for asset_id, rule in rules.items()}
        self._substep_s = substep_s
        self._at_s = start.timestamp()
        self._assets = {asset.id: asset for asset in region.assets}
        self._uncommanded_kw = {asset.id: free_kw(asset) for asset in region.assets}
        self._take_nature(nature)
        self._grid = Grid(region)
        self._meters = self._grid.first_meters()
        self._members = self._gather()
        self._states = self._first_states()
        self._carriers = self._first_carriers()
        self._settle()

    @property
    def at(self) -> datetime:
        """The moment that the world has reached."""
        return datetime.fromtimestamp(self._at_s, tz=UTC)

    @property
    def at_s(self) -> float:
        """The same moment in Unix seconds."""
        return self._at_s

    def copy(self, *, nature: Nature | None = None, substep_s: float | None = None) -> "World":
        """Give a world of its own that goes on from here, under another nature if one is given.

        Cheap: states are values, so nothing but their table is copied. To go back to a moment, keep a copy.

        Raises:
            BadInput: the nature does not reach here, or lacks what an asset needs.
        """
        other = copy(self)
        other._part(nature, substep_s)  # noqa: SLF001 - of its own class
        return other

    def advance_to(self, moment: datetime) -> None:
        """Step to a moment; a moment in the past or present changes nothing.

        Raises:
            BadInput: the moment lies outside the history.
        """
        require_inside(self.region, self._nature, moment)
        ends_s = _substep_ends(self._at_s, moment.timestamp(), self._substep_s)
        if not ends_s:
            return
        bounds_s = np.array([self._at_s, *ends_s])
        for end_s, around in zip(
            ends_s, self._surroundings(0.5 * (bounds_s[:-1] + bounds_s[1:])), strict=True
        ):
            self._step(around, end_s - self._at_s)
            self._at_s = end_s
        self.revision += 1

    def write(self, asset_id: str, power_kw: float) -> float:
        """Command an asset and give what its device holds of it.

        Raises:
            KeyError: the asset takes no commands.
            ValueError: the power is not finite.
        """
        held_kw = self.holds[asset_id].write(power_kw, self._at_s)
        self.revision += 1
        return held_kw

    def hear(self, asset_id: str) -> None:
        """Notice that somebody spoke to an asset's device."""
        hold = self.holds.get(asset_id)
        if hold is not None:
            hold.hear(self._at_s)

    def shown(self, asset_id: str) -> dict[Point, float]:
        """Give every point that the asset's device can show now, without a command that it does not hold."""
        asset = self._assets[asset_id]
        key = self._networks.key_of.get(asset_id)
        if key is not None:
            values = shown_of_part(
                self._networks.by_key[key], self._carriers[key], asset, temperature_c=self._temperature_c
            )
        else:
            values = shown(self._state_of(asset_id))
        held_kw = self._held_kw(asset_id)
        if asset.dispatch_point is not None and held_kw is not None:
            values[asset.dispatch_point] = held_kw
        return values

    def truth(self) -> dict[str, dict[str, float]]:
        """Give what is true of every asset now, in our units and sign, and the totals since commissioning."""
        return {asset_id: self._truth_of(asset_id) for asset_id in self._assets}

    @property
    def states(self) -> Mapping[str, WorldState]:
        """Every state now: by asset, or by network for the assets that share one."""
        return {**self._states, **self._meters, **self._carriers}

    def resume(self, at: datetime, states: Mapping[str, WorldState]) -> None:
        """Take over the states of an earlier run; commands are not among them, a restarted device is safe.

        Raises:
            BadInput: the moment lies outside the history.
        """
        require_inside(self.region, self._nature, at)
        for hold in self.holds.values():
            hold.reboot()
        self._at_s = at.timestamp()
        for key, state in states.items():
            if isinstance(state, CarrierState):
                self._carriers[key] = state
            elif isinstance(state, MeterState) and key in self._meters:
                self._meters[key] = state
            else:
                self._states[key] = state
        self._temperature_c = self._temperature_c_at(self._at_s - 0.5 * self._substep_s)
        self.revision += 1

    def _part(self, nature: Nature | None, substep_s: float | None) -> None:
        """Share no table with the world that this was copied from."""
        self.holds = {asset_id: hold.copy() for asset_id, hold in self.holds.items()}
        self._states, self._carriers, self._meters = (
            dict(self._states),
            dict(self._carriers),
            dict(self._meters),
        )
        if substep_s is not None:
            self._substep_s = substep_s
        if nature is not None:
            require_inside(self.region, nature, self.at)
            self._take_nature(nature)
        self._members = self._gather()

    def _gather(self) -> list[_Member]:
        """Give what moves by itself, with what each step needs of it at hand."""
        return [
            _Member(
                asset=asset,
                row=self._rows.get(asset.id),
                node=self._grid.node_of(asset),
                is_load=isinstance(asset, Load),
                hold=self.holds.get(asset.id),
            )
            for asset in self.region.members
            if asset.id not in self._networks.key_of and not isinstance(asset, GridLoss)
        ]

    def _take_nature(self, nature: Nature) -> None:
        """Move by a nature from now on."""
        rows = {asset_id: row for row, asset_id in enumerate(nature.asset_ids)}
        missing = [asset.id for asset in self.region.assets if is_moved(asset) and asset.id not in rows]
        if missing:
            raise _bad(self.region, missing, "has no series to move by", "name a history for it")
        self._nature = nature
        self._rows = rows
        self._networks = Networks(self.region, rows)
        self._temperature_c = self._temperature_c_at(self._at_s)
        if self._networks.needs_temperature and not math.isfinite(self._temperature_c):
            pumps = [asset.id for asset in self.region.assets if asset.kind == "heat_pump"]
            raise _bad(self.region, pumps, "needs a temperature", "name a series under 'temperature'")

    def _temperature_c_at(self, at_s: float) -> float:
        return float(self._nature.temperature_c(np.array([at_s]))[0])

    def _state_of(self, asset_id: str) -> State:
        state = self._states.get(asset_id)
        return state if state is not None else self._meters[asset_id]

    def _truth_of(self, asset_id: str) -> dict[str, float]:
        truth = {point.value: value for point, value in self.shown(asset_id).items()}
        key = self._networks.key_of.get(asset_id)
        if key is not None:
            asset = self._assets[asset_id]
            truth.update(counted_of_part(self._networks.by_key[key], self._carriers[key], asset))
        else:
            truth.update(counted(self._state_of(asset_id)))
        return truth

    def _held_kw(self, asset_id: str) -> float | None:
        hold = self.holds.get(asset_id)
        return hold.held_kw(self._at_s) if hold is not None else self._uncommanded_kw[asset_id]

    def _surroundings(self, times_s: FloatArray) -> list[Surroundings]:
        naturals_kw = self._nature.power_kw(times_s).T.tolist()
        offtakes_kw = self._networks.offtakes_kw(times_s).tolist()
        temperatures_c = self._nature.temperature_c(times_s).tolist()
        return [
            Surroundings(*around) for around in zip(naturals_kw, offtakes_kw, temperatures_c, strict=True)
        ]

    def _step(self, around: Surroundings, dt_s: float) -> None:
        tally = self._grid.tally()
        states, naturals_kw = self._states, around.naturals_kw
        for asset, row, node, is_load, hold in self._members:
            before = states[asset.id]
            after = step_member(
                asset,
                before,
                natural_kw=naturals_kw[row] if row is not None else 0.0,
                held_kw=hold.held_kw(self._at_s) if hold is not None else self._uncommanded_kw[asset.id],
                dt_s=dt_s,
            )
            states[asset.id] = after
            tally.add(node, after.power_kw, net_kwh(after) - net_kwh(before))
            if is_load:
                tally.load_kw[node] += after.power_kw
        self._step_networks(around, tally, dt_s=dt_s)
        self._meters = self._grid.step(self._meters, tally, dt_s=dt_s)
        self._temperature_c = around.temperature_c

    def _step_networks(self, around: Surroundings, tally: Tally, *, dt_s: float) -> None:
        for key, before in self._carriers.items():
            machines = self._networks.machines_of(key)
            setpoints_kw = [self._held_kw(asset.id) for asset in machines]
            after = self._networks.step(key, before, around, setpoints_kw=setpoints_kw, dt_s=dt_s)
            self._carriers[key] = after
            for asset, was, now in zip(machines, before.machines, after.machines, strict=True):
                sign = power_sign(asset)
                tally.add(
                    self._grid.node_of(asset), sign * now.level_kw, sign * (now.energy_kwh - was.energy_kwh)
                )

    def _first_states(self) -> dict[str, State]:
        [around] = self._surroundings(np.array([self._at_s]))
        states: dict[str, State] = {}
        for asset, row, _, _, _ in self._members:
            natural_kw = around.naturals_kw[row] if row is not None else 0.0
            held_kw = self._held_kw(asset.id)
            state = first_state(asset, natural_kw=natural_kw, held_kw=held_kw, at_s=self._at_s)
            if isinstance(asset, EvHub | FlexibleLoad) and isinstance(state, DeferrableState):
                state = self._deferred_at_start(asset, state, held_kw)
            states[asset.id] = state
        return states

    def _first_carriers(self) -> dict[str, CarrierState]:
        [around] = self._surroundings(np.array([self._at_s]))
        return {key: self._networks.first(key, around) for key in self._networks.by_key}

    def _deferred_at_start(
        self, asset: EvHub | FlexibleLoad, state: DeferrableState, held_kw: float | None
    ) -> DeferrableState:
        """Let what came in the last hours arrive and be served as it is without a controller."""
        wait_h = asset.dwell_h if isinstance(asset, EvHub) else asset.shift_h
        stay_s = wait_h * S_PER_H + PERIOD_S
        begin_s = max(self._nature.start.timestamp(), (self._at_s - stay_s) // PERIOD_S * PERIOD_S)
        ends_s = [*np.arange(begin_s + PERIOD_S, self._at_s, PERIOD_S).tolist(), self._at_s]
        now: State = DeferrableState(elapsed_s=begin_s)
        row = self._rows[asset.id]
        for before_s, end_s in zip([begin_s, *ends_s[:-1]], ends_s, strict=True):
            middle_s = np.array([0.5 * (before_s + end_s)])
            arriving_kw = float(self._nature.power_kw(middle_s)[row, 0])
            now = step_member(asset, now, natural_kw=arriving_kw, held_kw=held_kw, dt_s=end_s - before_s)
        if not isinstance(now, DeferrableState):
            return state
        return DeferrableState(
            power_kw=now.power_kw,
            elapsed_s=self._at_s,
            cohorts=now.cohorts,
            energy_kwh_arrived=now.energy_kwh_backlog,
        )

    def _settle(self) -> None:
        """Make losses, feeders and exchange fit the first powers."""
        tally = self._grid.tally()
        for asset, _, node, is_load, _ in self._members:
            power_kw = self._states[asset.id].power_kw
            tally.add(node, power_kw, 0.0)
            if is_load:
                tally.load_kw[node] += power_kw
        for key, state in self._carriers.items():
            for one, machine in zip(self._networks.machines_of(key), state.machines, strict=True):
                tally.add(self._grid.node_of(one), power_sign(one) * machine.level_kw, 0.0)
        self._meters = self._grid.step(self._meters, tally, dt_s=0.0)


def state_types(region: Region) -> dict[str, type[WorldState]]:
    """Give what states a region's world holds, by their keys."""
    networks = Networks(region, {asset.id: 0 for asset in region.assets})
    types: dict[str, type[WorldState]] = {
        asset.id: state_type(asset) for asset in region.assets if asset.id not in networks.key_of
    }
    return {**types, **dict.fromkeys(networks.by_key, CarrierState)}


def _substep_ends(at_s: float, end_s: float, substep_s: float) -> list[float]:
    """Cut a span on the grid of sub-steps, which does not depend on where the span begins."""
    first = int(at_s // substep_s) + 1
    last = int(end_s // substep_s)
    ends_s = [index * substep_s for index in range(first, last + 1)]
    if end_s > at_s and (not ends_s or ends_s[-1] < end_s):
        ends_s.append(end_s)
    return ends_s


def _bad(region: Region, asset_ids: list[str], limit: str, mend: str) -> BadInput:
    file = str(region.folder / "region.yaml")
    return BadInput(
        [
            Fault(file=file, line=None, place=asset_id, value=None, limit=limit, mend=mend)
            for asset_id in asset_ids
        ]
    )
