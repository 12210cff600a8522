"""Small random regions in which kinds of all sorts meet, for properties that must hold of each of them.

Hypothesis draws what kind of trouble there is (prices, states, limits, outages, nominations, which assets);
the numbers come from a seed, so that drawing is quick and a failing case is one line.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from energy.optimize.problem import Problem
from energy.region.model import Region

PERIODS = 12
BACKLOG_KWH = 60.0
HEAT = ("chp", "heat_pump", "boiler", "heat_load", "heat_storage")
ELECTRIC = ("load", "pv", "wind", "battery", "b2", "ev_hub", "flexible_load", "shed", "pumped_reservoir")
BLOCKS = ("mill",)
HYDROGEN = ("electrolyser", "hydrogen_storage")
MACHINES = ("chp", "heat_pump", "electrolyser")
KIND_OF_ID = {"b2": "battery", "shed": "flexible_load", "mill": "flexible_load"}
OWN: dict[str, dict[str, Any]] = {
    "pv": {"curtailment_eur_per_kwh": 0.01},
    "wind": {"curtailable": False},
    "b2": {"efficiency_charge": 1.0, "wear_eur_per_kwh": 0.0, "fee_eur_per_kwh_drawn": 0.03},
    "ev_hub": {"dwell_h": 1.5, "fee_eur_per_kwh_drawn": 0.01},
    "shed": {"mode": "shed", "shift_h": 0.0, "unserved_eur_per_kwh": 0.2},
    "mill": {"mode": "block", "block_h": 0.75, "shift_h": 2.0, "power_kw_max": 80.0},
    "hydrogen_storage": {"unserved_eur_per_kwh": 0.7},
}
MOST_KW = {
    "load": 300.0,
    "pv": 600.0,
    "wind": 250.0,
    "ev_hub": 150.0,
    "flexible_load": 200.0,
    "shed": 100.0,
    "mill": 50.0,
    "heat_load": 900.0,
    "pumped_reservoir": 60.0,
}
FORCED_KW = {
    "chp": (-400.0, -250.0),
    "electrolyser": (200.0, 300.0),
    "heat_pump": (0.0, 0.0),
    "battery": (50.0, 300.0),
    "ev_hub": (20.0, 100.0),
    "feeder": (-100.0, 100.0),
    "grid_point": (-50.0, 50.0),
}
SIZE = {"battery": 1000.0, "b2": 1000.0, "heat_storage": 2000.0, "hydrogen_storage": 2000.0}
VOLUME_M3 = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What was drawn: which assets meet, and the numbers of one planning."""

    seed: int
    ids: tuple[str, ...]
    behind_feeder: tuple[str, ...]
    price_mean: float
    price_spread: float
    filled: float | None
    """Of every store's capacity; below and above every band too, None where nothing is measured."""
    running_s: float | None
    forced: tuple[str, ...]
    unavailable: tuple[str, ...]
    nominated: bool
    exchange_kw_max: float
    feeder_kw_max: float
    periods: int = PERIODS
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def build(self, tiny: Any) -> tuple[Region, Problem]:
        """Make the region and its problem."""
        members = [self._asset(tiny, asset_id) for asset_id in self.ids]
        grid = tiny.asset(
            "grid_point",
            power_kw_import_max=self.exchange_kw_max,
            power_kw_export_max=self.exchange_kw_max / 2,
        )
        region = tiny.region(
            *members,
            tiny.asset("feeder", power_kw_max=self.feeder_kw_max),
            grid=grid,
            import_surcharge_eur_per_kwh=0.02,
            export_discount_eur_per_kwh=0.003,
            capacity_charge_eur_per_kw_year=0.5,
            imbalance_eur_per_kwh=0.065,
            co2_eur_per_t=40.0,
        )
        return region, tiny.problem(region, self.prices_eur_per_kwh(), **self._inputs(tiny))

    def prices_eur_per_kwh(self) -> Any:
        """Give the prices."""
        noise = np.random.default_rng([self.seed, 1]).standard_normal(self.periods)
        return np.clip(self.price_mean + self.price_spread * noise, -9.0, 9.0)

    def _asset(self, tiny: Any, asset_id: str) -> Any:
        feeder = {"feeder": "feeder"} if asset_id in self.behind_feeder else {}
        own = {**OWN.get(asset_id, {}), **self.changes.get(asset_id, {}), **feeder}
        return tiny.asset(KIND_OF_ID.get(asset_id, asset_id), asset_id, **own)

    def _inputs(self, tiny: Any) -> dict[str, Any]:
        expected = {}
        for number, (asset_id, most_kw) in enumerate(MOST_KW.items()):
            # Each asset has its own seed: another order or another set of assets changes no asset's numbers.
            draws = np.random.default_rng([self.seed, 2, number]).random(self.periods)
            sign = -1.0 if asset_id in {"pv", "wind"} else 1.0
            if asset_id in self.ids:
                expected[asset_id] = sign * np.round(most_kw * draws, 3)
        halves = np.where(np.arange(self.periods) < self.periods // 2, 0.2 * self.exchange_kw_max, np.nan)
        return {
            "expected_kw": expected,
            "states": self._states(),
            "limits": [tiny.limit(name, *FORCED_KW[name]) for name in self.forced],
            "unavailable": self.unavailable,
            "billed_peak_kw": 200.0,
            "temperature_c": np.random.default_rng([self.seed, 3]).uniform(-8.0, 12.0, self.periods),
            "nominated_kw": halves if self.nominated else None,
        }

    def _states(self) -> dict[str, dict[str, float]]:
        states: dict[str, dict[str, float]] = {
            name: {"energy_kwh_backlog": BACKLOG_KWH, "energy_kwh_urgent": 10.0}
            for name in ("ev_hub", "flexible_load", "mill")
        }
        if self.filled is not None:
            states |= {name: {"energy_kwh": size * self.filled} for name, size in SIZE.items()}
            states["pumped_reservoir"] = {"volume_m3": VOLUME_M3 * self.filled}
        if self.running_s is not None:
            standing_s = 0.0 if self.running_s > 0.0 else 600.0
            for name in MACHINES:
                states[name] = {"running_s": self.running_s, "standing_s": standing_s}
            states["mill"] = {**states["mill"], "running_s": self.running_s}
        return {name: state for name, state in states.items() if name in self.ids}

    def in_order(self, order: int) -> "Meeting":
        """Give the same meeting with its assets shuffled."""
        shuffled = np.random.default_rng(order).permutation(len(self.ids))
        return replace(self, ids=tuple(self.ids[place] for place in shuffled))


USUAL = Meeting(
    seed=3,
    ids=(*ELECTRIC, *HEAT, *HYDROGEN),
    behind_feeder=("battery", "chp", "pv"),
    price_mean=0.02,
    price_spread=0.08,
    filled=0.5,
    running_s=900.0,
    forced=(),
    unavailable=(),
    nominated=False,
    exchange_kw_max=1500.0,
    feeder_kw_max=400.0,
)
"""All kinds but blocks and no trouble, for tests of one meeting: each says what its own has otherwise."""


@st.composite
def meetings(draw: Any, *, machines: bool = True) -> Meeting:
    """Draw a meeting; without ``machines`` (and blocks) it is a linear program but for directions."""
    parts = [
        *ELECTRIC,
        *((*BLOCKS, *HEAT, *HYDROGEN) if machines else ("boiler", "heat_load", "heat_storage")),
    ]
    left_out = draw(st.sets(st.sampled_from(parts), max_size=5))
    ids = tuple(name for name in parts if name not in left_out) or ("load",)
    steered = [name for name in ids if name not in {"load", "heat_load", "heat_storage", "hydrogen_storage"}]
    can_be_forced = [name for name in FORCED_KW if name in ids or name in {"feeder", "grid_point"}]
    return Meeting(
        seed=draw(st.integers(0, 100_000)),
        ids=ids,
        behind_feeder=tuple(sorted(draw(st.sets(st.sampled_from(ids), max_size=6)))),
        price_mean=draw(st.sampled_from([-0.1, 0.02, 0.1, 0.3])),
        price_spread=draw(st.sampled_from([0.01, 0.08, 0.4])),
        filled=draw(st.sampled_from([0.0, 0.02, 0.5, 1.0, 1.3, None])),
        running_s=draw(st.sampled_from([0.0, 900.0, 7200.0, None])),
        forced=tuple(sorted(draw(st.sets(st.sampled_from(can_be_forced), max_size=2)))),
        unavailable=tuple(sorted(draw(st.sets(st.sampled_from(steered), max_size=2)))) if steered else (),
        nominated=draw(st.booleans()),
        exchange_kw_max=draw(st.sampled_from([200.0, 1500.0, 1e5])),
        feeder_kw_max=draw(st.sampled_from([50.0, 400.0, 1e5])),
    )
