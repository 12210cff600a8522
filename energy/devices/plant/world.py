"""The simulated world: all assets of a region moving together in sub-steps of a few seconds."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from energy.devices.plant.hold import Hold, HoldRule
from energy.devices.plant.member import (
    State,
    first_state,
    net_kwh,
    shown,
    step_member,
    truth_of,
)
from energy.devices.plant.nature import SUBSTEP_S, Nature
from energy.domain import Point
from energy.periods import PERIOD_S
from energy.physics.ev_hub import EvHubState, step_ev_hub
from energy.physics.grid_loss import step_grid_loss
from energy.physics.grid_point import step_grid_point
from energy.physics.meter import MeterState
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.load import Load
from energy.region.model import Asset, Region
from energy.units import S_PER_H


class World:
    """Holds every asset's state; between calls to ``advance_to`` nothing moves.

    ``revision`` grows whenever something that a device shows may have changed.
    """

    def __init__(
        self, region: Region, *, nature: Nature, start: datetime, rules: Mapping[str, HoldRule]
    ) -> None:
        """Begin at a moment with sensible states.

        Raises:
            BadInput: the moment lies outside the history.
        """
        nature.require_inside(start)
        self.region = region
        self.revision = 0
        self.holds = {asset_id: Hold(rule) for asset_id, rule in rules.items()}
        self._nature = nature
        self._at_s = start.timestamp()
        self._rows = {asset_id: row for row, asset_id in enumerate(nature.asset_ids)}
        self._free = [asset for asset in region.members if not isinstance(asset, GridLoss)]
        self._losses = [asset for asset in region.members if isinstance(asset, GridLoss)]
        self._exchange_id = region.grid_point.id
        self._uncommanded_kw = {asset.id: _uncommanded_kw(asset) for asset in region.assets}
        self._meters = {asset.id: MeterState() for asset in (*self._losses, region.grid_point)}
        self._states = self._first_states()
        self._settle()

    @property
    def at(self) -> datetime:
        """The moment that the world has reached."""
        return datetime.fromtimestamp(self._at_s, tz=UTC)

    def advance_to(self, moment: datetime) -> None:
        """Step to a moment; a moment in the past or present changes nothing.

        Raises:
            BadInput: the moment lies outside the history.
        """
        self._nature.require_inside(moment)
        ends_s = _substep_ends(self._at_s, moment.timestamp())
        if not ends_s:
            return
        bounds_s = np.array([self._at_s, *ends_s])
        naturals_kw = self._nature.power_kw(0.5 * (bounds_s[:-1] + bounds_s[1:])).T.tolist()
        for end_s, row_kw in zip(ends_s, naturals_kw, strict=True):
            self._step(row_kw, end_s - self._at_s)
            self._at_s = end_s
        self.revision += 1

    def write(self, asset_id: str, power_kw: float) -> float:
        """Command an asset and give what its device holds of it.

        Raises:
            KeyError: the asset takes no commands.
            ValueError: the power is not finite.
        """
        hold = self.holds[asset_id]
        hold.write(power_kw, self._at_s)
        self.revision += 1
        return hold.held_kw(self._at_s)

    def hear(self, asset_id: str) -> None:
        """Notice that somebody spoke to an asset's device."""
        hold = self.holds.get(asset_id)
        if hold is not None:
            hold.hear(self._at_s)

    def shown(self, asset_id: str) -> dict[Point, float]:
        """Give every point that the asset's device can show now."""
        asset = self.region.asset(asset_id)
        return shown(asset, self.states[asset_id], self._held_kw(asset_id))

    def truth(self) -> dict[str, dict[str, float]]:
        """Give what is true of every asset now, in our units and sign."""
        states = self.states
        return {
            asset.id: truth_of(asset, states[asset.id], self._held_kw(asset.id))
            for asset in self.region.assets
        }

    @property
    def states(self) -> Mapping[str, State]:
        """Every asset's state now."""
        return {**self._states, **self._meters}

    def resume(self, at: datetime, states: Mapping[str, State]) -> None:
        """Take over the states of an earlier run; commands are not among them, a restarted device is safe.

        Raises:
            BadInput: the moment lies outside the history.
        """
        self._nature.require_inside(at)
        for hold in self.holds.values():
            hold.reboot()
        self._at_s = at.timestamp()
        for asset_id, state in states.items():
            if isinstance(state, MeterState) and asset_id in self._meters:
                self._meters[asset_id] = state
            else:
                self._states[asset_id] = state
        self.revision += 1

    def _held_kw(self, asset_id: str) -> float:
        hold = self.holds.get(asset_id)
        return hold.held_kw(self._at_s) if hold is not None else self._uncommanded_kw[asset_id]

    def _step(self, naturals_kw: list[float], dt_s: float) -> None:
        states = self._states
        members_kw = members_kwh = loads_kw = 0.0
        for asset in self._free:
            before = states[asset.id]
            row = self._rows.get(asset.id)
            natural_kw = naturals_kw[row] if row is not None else 0.0
            held_kw = self._held_kw(asset.id)
            after = step_member(asset, before, natural_kw=natural_kw, held_kw=held_kw, dt_s=dt_s)
            states[asset.id] = after
            members_kw += after.power_kw
            members_kwh += net_kwh(after) - net_kwh(before)
            if isinstance(asset, Load):
                loads_kw += after.power_kw
        self._balance(members_kw, members_kwh, loads_kw=loads_kw, dt_s=dt_s)

    def _balance(self, members_kw: float, members_kwh: float, *, loads_kw: float, dt_s: float) -> None:
        meters = self._meters
        for loss in self._losses:
            before = meters[loss.id]
            after = step_grid_loss(loss, before, load_kw=loads_kw, dt_s=dt_s)
            meters[loss.id] = after
            members_kw += after.power_kw
            members_kwh += net_kwh(after) - net_kwh(before)
        exchange = meters[self._exchange_id]
        meters[self._exchange_id] = step_grid_point(exchange, members_kw=members_kw, members_kwh=members_kwh)

    def _first_states(self) -> dict[str, State]:
        naturals_kw = self._nature.power_kw(np.array([self._at_s]))[:, 0].tolist()
        states: dict[str, State] = {}
        for asset in self._free:
            row = self._rows.get(asset.id)
            natural_kw = naturals_kw[row] if row is not None else 0.0
            held_kw = self._held_kw(asset.id)
            if isinstance(asset, EvHub):
                states[asset.id] = self._hub_at_start(asset, held_kw)
            else:
                states[asset.id] = first_state(asset, natural_kw=natural_kw, held_kw=held_kw, at_s=self._at_s)
        return states

    def _hub_at_start(self, hub: EvHub, held_kw: float) -> EvHubState:
        """Let the vehicles of the last hours arrive and charge as they do without a controller."""
        stay_s = hub.dwell_h * S_PER_H + PERIOD_S
        begin_s = max(self._nature.start.timestamp(), (self._at_s - stay_s) // PERIOD_S * PERIOD_S)
        state = EvHubState(elapsed_s=begin_s)
        ends_s = [*np.arange(begin_s + PERIOD_S, self._at_s, PERIOD_S).tolist(), self._at_s]
        row = self._rows[hub.id]
        for end_s in ends_s:
            dt_s = end_s - state.elapsed_s
            middle_s = np.array([state.elapsed_s + 0.5 * dt_s])
            arriving_kw = float(self._nature.power_kw(middle_s)[row, 0])
            state = step_ev_hub(hub, state, arriving_kw=arriving_kw, power_kw_max=held_kw, dt_s=dt_s)
        return EvHubState(
            power_kw=state.power_kw,
            elapsed_s=self._at_s,
            cohorts=state.cohorts,
            energy_kwh_arrived=state.energy_kwh_backlog,
        )

    def _settle(self) -> None:
        """Make losses and exchange fit the first powers."""
        members_kw = sum(self._states[asset.id].power_kw for asset in self._free)
        loads_kw = sum(self._states[asset.id].power_kw for asset in self._free if isinstance(asset, Load))
        self._balance(members_kw, 0.0, loads_kw=loads_kw, dt_s=0.0)


def _uncommanded_kw(asset: Asset) -> float:
    """Give what an asset that takes no command follows: its full rating, or nothing for a store."""
    power_kw_min, power_kw_max = asset.power_kw_nameplate
    match asset:
        case EvHub():
            return power_kw_max
        case Generator():
            return power_kw_min
        case _:
            return 0.0


def _substep_ends(at_s: float, end_s: float) -> list[float]:
    """Cut a span on the grid of sub-steps, which does not depend on where the span begins."""
    first = int(at_s // SUBSTEP_S) + 1
    last = int(end_s // SUBSTEP_S)
    ends_s = [index * SUBSTEP_S for index in range(first, last + 1)]
    if end_s > at_s and (not ends_s or ends_s[-1] < end_s):
        ends_s.append(end_s)
    return ends_s
