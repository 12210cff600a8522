"""What is coupled in the simulated field: heat networks, hydrogen networks, waterworks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from energy.domain import FloatArray
from energy.physics.carrier import CarrierState
from energy.physics.heat_network import (
    HeatNetwork,
    first_heat_network,
    heat_network_of,
    step_heat_network,
)
from energy.physics.hydrogen_network import (
    HydrogenNetwork,
    first_hydrogen_network,
    hydrogen_network_of,
    step_hydrogen_network,
)
from energy.physics.hydrogen_storage import offtake_of
from energy.physics.pumped_reservoir import (
    Waterworks,
    first_pumped_reservoir,
    step_pumped_reservoir,
    waterworks_of,
)
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

Network = HeatNetwork | HydrogenNetwork | Waterworks


class Surroundings(NamedTuple):
    """What nature does to networks in one step."""

    naturals_kw: Sequence[float]
    offtakes_kw: Sequence[float]
    temperature_c: float


class Networks:
    """All coupled parts of a region, by a key of their own; holds no state."""

    def __init__(self, region: Region, rows: Mapping[str, int]) -> None:
        """Gather them; ``rows`` says where nature has each asset."""
        self.by_key: dict[str, Network] = {}
        for named in region.heat_networks:
            self.by_key[f"heat.{named.id}"] = heat_network_of(region, named.id)
        for named in region.hydrogen_networks:
            self.by_key[f"hydrogen.{named.id}"] = hydrogen_network_of(region, named.id)
        for asset in region.members:
            if isinstance(asset, PumpedReservoir):
                self.by_key[f"water.{asset.id}"] = waterworks_of(asset)
        self.key_of = {part.id: key for key, one in self.by_key.items() for part in parts_of(one)}
        self._offtakers = [
            store for one in self.by_key.values() if isinstance(one, HydrogenNetwork) for store in one.stores
        ]
        self._zone = region.zone
        self._rows: dict[str, list[int]] = {}
        for key, one in self.by_key.items():
            self._rows[key] = self._rows_of(one, rows)

    @property
    def needs_temperature(self) -> bool:
        """Tell whether a heat pump must know how cold it is."""
        return any(
            isinstance(one, HeatNetwork) and any(machine.kind == "heat_pump" for machine in one.machines)
            for one in self.by_key.values()
        )

    def machines_of(self, key: str) -> tuple[Asset, ...]:
        """Give the assets of a network that draw or feed in electricity, in the order of its state."""
        one = self.by_key[key]
        return (one.asset,) if isinstance(one, Waterworks) else one.machines

    def offtakes_kw(self, times_s: FloatArray) -> FloatArray:
        """Give the hydrogen taken at moments, shape (n, stores)."""
        offtakes_kw = np.zeros((times_s.size, len(self._offtakers)))
        if self._offtakers and times_s.size:
            first = datetime.fromtimestamp(times_s[0], tz=UTC).astimezone(self._zone).date()
            last = datetime.fromtimestamp(times_s[-1], tz=UTC).astimezone(self._zone).date()
            for days in range((last - first).days + 1):
                for column, store in enumerate(self._offtakers):
                    begin_s, end_s, power_kw = offtake_of(
                        store, day=first + timedelta(days=days), zone=self._zone
                    )
                    offtakes_kw[(begin_s <= times_s) & (times_s < end_s), column] = power_kw
        return offtakes_kw

    def first(self, key: str, around: Surroundings) -> CarrierState:
        """Give a network's state to begin with."""
        one, demands_kw = self.by_key[key], self._demands_kw(key, around)
        match one:
            case HeatNetwork():
                return first_heat_network(one, demands_kw=demands_kw)
            case HydrogenNetwork():
                return first_hydrogen_network(one, offtakes_kw=demands_kw)
            case Waterworks():
                return first_pumped_reservoir(one, demand_kw=demands_kw[0])

    def step(
        self,
        key: str,
        state: CarrierState,
        around: Surroundings,
        *,
        setpoints_kw: Sequence[float | None],
        dt_s: float,
    ) -> CarrierState:
        """Step one network."""
        one, demands_kw = self.by_key[key], self._demands_kw(key, around)
        match one:
            case HeatNetwork():
                return step_heat_network(
                    one,
                    state,
                    demands_kw=demands_kw,
                    setpoints_kw=setpoints_kw,
                    temperature_c=around.temperature_c,
                    dt_s=dt_s,
                )
            case HydrogenNetwork():
                return step_hydrogen_network(
                    one, state, offtakes_kw=demands_kw, setpoints_kw=setpoints_kw, dt_s=dt_s
                )
            case Waterworks():
                return step_pumped_reservoir(
                    one, state, demand_kw=demands_kw[0], setpoint_kw=setpoints_kw[0], dt_s=dt_s
                )

    def _rows_of(self, one: Network, rows: Mapping[str, int]) -> list[int]:
        match one:
            case HeatNetwork():
                return [rows[load.id] for load in one.loads]
            case HydrogenNetwork():
                return [self._offtakers.index(store) for store in one.stores]
            case Waterworks():
                return [rows[one.asset.id]]

    def _demands_kw(self, key: str, around: Surroundings) -> list[float]:
        of = around.offtakes_kw if isinstance(self.by_key[key], HydrogenNetwork) else around.naturals_kw
        return [of[row] for row in self._rows[key]]


def parts_of(one: Network) -> tuple[Asset, ...]:
    """Give the assets whose states a network's state holds."""
    match one:
        case HeatNetwork():
            return (*one.loads, *one.stores, *one.boilers, *one.machines)
        case HydrogenNetwork():
            return (*one.stores, *one.machines)
        case Waterworks():
            return (one.asset,)
