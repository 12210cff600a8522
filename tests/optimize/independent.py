"""The golden days as mixed-integer programs of their own, for scipy, from the plain files.

Nothing of energy.optimize is used. Least times are stated period by period after each switch, exclusivity of
charging and discharging for every period, limits of feeders are hard. ``terminal`` gives by asset what a kWh
left in its store is worth; each case derives its own in expected.json. Measured outside its band a store may
stay there, at 1 EUR for each kWh and hour.
"""

from typing import Any

import numpy as np

from tests.optimize.cases import Day
from tests.optimize.independent_machines import Machines
from tests.optimize.independent_program import DT_H, Terms
from tests.optimize.independent_waiting import Waiting

OUTSIDE_EUR_PER_KWH_H = 1.0
FLOW = " flow"
"""Marks what flows into a hydrogen store, beside what it delivers."""


class Day96(Machines, Waiting):
    """One day: balances as terms by period, then each kind adds its own."""

    def __init__(self, day: Day, terminal: dict[str, float]) -> None:
        super().__init__(day, terminal)
        self.assets = {asset["id"]: asset for asset in day.plain["assets"]}
        for asset in self.assets.values():
            getattr(self, f"add_{asset['kind']}", lambda _a: None)(asset)
        for balance in (self.heat, self.hydrogen):
            if balance:
                self._close(balance)
        self._grid_point()
        self._feeders()
        self._municipalities()

    def solve(self) -> dict[str, Any]:
        """Give the cost and each asset's energies of the day."""
        cost, x = self.program.solve()
        energies: dict[str, dict[str, float]] = {}
        for name, flows in (("power", self.power), ("heat", self.heat), ("hydrogen", self.hydrogen)):
            for asset_id, (terms, fixed) in flows.items():
                if asset_id.endswith(FLOW):
                    continue  # when an offtake is left unserved is one of many equal optima
                values = fixed + np.array([sum(c * x[j] for j, c in term.items()) for term in terms])
                drawn, fed = np.maximum(values, 0.0).sum(), np.maximum(-values, 0.0).sum()
                own = energies.setdefault(asset_id, {})
                own[f"{name}_kwh_drawn"] = DT_H * float(drawn)
                own[f"{name}_kwh_fed_in"] = DT_H * float(fed)
        for asset_id, on in self.on.items():
            energies[asset_id]["running_periods"] = float(np.round(x[list(on)]).sum())
        return {"objective_eur": cost, "energies": energies}

    def add_load(self, asset: dict[str, Any]) -> None:
        self.power[asset["id"]] = ([{}] * self.n, self._series(asset))

    def add_pv(self, asset: dict[str, Any]) -> None:
        cut = self.program.columns(0.0, self._series(asset), DT_H * asset["curtailment_eur_per_kwh"])
        self.power[asset["id"]] = ([{j: 1.0} for j in cut], -self._series(asset))

    def add_battery(self, asset: dict[str, Any]) -> None:
        p, worth = self.program, self.terminal[asset["id"]]
        most_in, most_out = asset["power_kw_charge_max"], asset["power_kw_discharge_max"]
        into = p.columns(0.0, most_in, DT_H * self._fee(asset))
        out = p.columns(0.0, most_out, DT_H * asset["wear_eur_per_kwh"])
        way = p.columns(0.0, 1.0, whole=True)
        start = self.day.states[asset["id"]]["energy_kwh"]
        value = np.zeros(self.n)
        value[-1] = -worth
        least = asset["energy_kwh_min"] + asset.get("energy_kwh_reserve", 0.0)
        energy = self._band((least, asset["energy_kwh_max"]), value, start=start)
        p.constant += worth * start
        if "wear_depth_kwh" in asset:
            self._segments(asset, into, out, used=(start - least, asset["energy_kwh_max"] - least))
        for t in range(self.n):
            p.row({into[t]: 1.0, way[t]: -most_in}, -np.inf, 0.0)
            p.row({out[t]: 1.0, way[t]: most_out}, -np.inf, most_out)
            terms = {
                energy[t]: 1.0,
                into[t]: -DT_H * asset["efficiency_charge"],
                out[t]: DT_H / asset["efficiency_discharge"],
            }
            self._after(terms, energy, t, start)
        self.power[asset["id"]] = ([{into[t]: 1.0, out[t]: -1.0} for t in range(self.n)], np.zeros(self.n))

    def _segments(self, asset: dict[str, Any], into: range, out: range, *, used: tuple[float, float]) -> None:
        """Two stores in one, each with flows of its own; what leaves the deep one costs more.

        ``used`` is what is stored at the start, and at the most, above what plans keep.
        """
        p, deep = self.program, used[1] - asset["wear_depth_kwh"]
        price = asset["wear_deep_eur_per_kwh"]
        segments = []
        for size, start, eur in (
            (deep, min(deep, used[0]), price),
            (asset["wear_depth_kwh"], max(0.0, used[0] - deep), 0.0),
        ):
            taken_up, given = p.columns(0.0, np.inf), p.columns(0.0, np.inf, DT_H * eur)
            held = p.columns(0.0, size)
            segments.append((taken_up, given))
            for t in range(self.n):
                terms = {
                    held[t]: 1.0,
                    taken_up[t]: -DT_H * asset["efficiency_charge"],
                    given[t]: DT_H / asset["efficiency_discharge"],
                }
                self._after(terms, held, t, start)
        for t in range(self.n):
            p.row({into[t]: 1.0, **{segment[0][t]: -1.0 for segment in segments}}, 0.0, 0.0)
            p.row({out[t]: 1.0, **{segment[1][t]: -1.0 for segment in segments}}, 0.0, 0.0)

    def _band(self, band: tuple[float, float], value: np.ndarray, *, start: float, kwh: float = 1.0) -> range:
        """Give columns of what is stored: in the band, or outside at a price where it was measured there.

        ``kwh`` is what a unit of the store holds.
        """
        p, (least, most) = self.program, band
        stored = p.columns(min(least, start), max(most, start), value)
        price = DT_H * OUTSIDE_EUR_PER_KWH_H * kwh
        if start < least:
            below = p.columns(0.0, np.inf, price)
            for t in range(self.n):
                p.row({stored[t]: 1.0, below[t]: 1.0}, least, np.inf)
        if start > most:
            above = p.columns(0.0, np.inf, price)
            for t in range(self.n):
                p.row({stored[t]: 1.0, above[t]: -1.0}, -np.inf, most)
        return stored

    def _after(self, terms: Terms, energy: range, t: int, start: float, *, kept: float = 1.0) -> None:
        if t:
            self.program.row({**terms, energy[t - 1]: -kept}, 0.0, 0.0)
        else:
            self.program.row(terms, kept * start, kept * start)

    def add_boiler(self, asset: dict[str, Any]) -> None:
        cost = DT_H * self._fuel_eur(asset) / asset["efficiency"]
        boiled = self.program.columns(0.0, asset["heat_kw_rated"], cost)
        self.heat[asset["id"]] = ([{j: -1.0} for j in boiled], np.zeros(self.n))

    def add_heat_load(self, asset: dict[str, Any]) -> None:
        self.heat[asset["id"]] = ([{}] * self.n, self._series(asset))

    def add_heat_storage(self, asset: dict[str, Any]) -> None:
        p, worth = self.program, self.terminal[asset["id"]]
        flow = p.columns(-asset["heat_kw_max"], asset["heat_kw_max"])
        value = np.zeros(self.n)
        value[-1] = -worth
        start = self.day.states[asset["id"]]["energy_kwh"]
        energy = self._band((0.0, asset["energy_kwh_capacity"]), value, start=start)
        p.constant += worth * start
        # A hundredth an hour is lost evenly: dE/dt = flow + E * ln(0.99), solved over a quarter hour.
        rate_per_h = np.log(1.0 - asset["loss_fraction_per_h"])
        kept, gained_h = np.exp(rate_per_h * DT_H), np.expm1(rate_per_h * DT_H) / rate_per_h
        for t in range(self.n):
            self._after({energy[t]: 1.0, flow[t]: -gained_h}, energy, t, start, kept=kept)
        self.heat[asset["id"]] = ([{j: 1.0} for j in flow], np.zeros(self.n))

    def add_hydrogen_storage(self, asset: dict[str, Any]) -> None:
        p, worth = self.program, self.terminal[asset["id"]]
        # The days are in January: local time is UTC and an hour.
        begin, end = (int(str(asset.get(key, at))[:2]) for key, at in WINDOW)
        hour = (np.arange(self.n) * DT_H + 1.0) % 24.0
        inside = (hour >= begin) & (hour < end)
        offtake = np.where(inside, asset["offtake_kwh_per_day"] / (end - begin), 0.0)
        missed = p.columns(0.0, offtake, DT_H * asset["unserved_eur_per_kwh"])
        flow = p.columns(-np.inf, np.inf)
        value = np.zeros(self.n)
        value[-1] = -worth
        start = self.day.states[asset["id"]]["energy_kwh"]
        energy = self._band((asset["energy_kwh_min"], asset["energy_kwh_capacity"]), value, start=start)
        p.constant += worth * start
        for t in range(self.n):
            self._after({energy[t]: 1.0, flow[t]: -DT_H}, energy, t, start)
        self.hydrogen[asset["id"]] = ([{j: -1.0} for j in missed], offtake)
        self.hydrogen[f"{asset['id']}{FLOW}"] = ([{j: 1.0} for j in flow], np.zeros(self.n))

    def add_pumped_reservoir(self, asset: dict[str, Any]) -> None:
        p, worth, k = self.program, self.terminal[asset["id"]], asset["pump_kwh_per_m3"]
        pump = p.columns(0.0, asset["power_kw_rated"], DT_H * self._fee(asset))
        value = np.zeros(self.n)
        value[-1] = -worth * k
        start = self.day.states[asset["id"]]["volume_m3"]
        volume = self._band((asset["volume_m3_min"], asset["volume_m3_max"]), value, start=start, kwh=k)
        p.constant += worth * k * start
        for t in range(self.n):
            drawn = DT_H * self._series(asset)[t] / k
            terms = {volume[t]: 1.0, pump[t]: -DT_H / k}
            if t:
                p.row({**terms, volume[t - 1]: -1.0}, -drawn, -drawn)
            else:
                p.row(terms, start - drawn, start - drawn)
        self.power[asset["id"]] = ([{j: 1.0} for j in pump], np.zeros(self.n))

    def _sum(self, flows: dict[str, tuple[list[Terms], np.ndarray]], t: int) -> tuple[Terms, float]:
        terms: Terms = {}
        for own, _fixed in flows.values():
            for column, factor in own[t].items():
                terms[column] = terms.get(column, 0.0) + factor
        return terms, float(sum(fixed[t] for _own, fixed in flows.values()))

    def _close(self, flows: dict[str, tuple[list[Terms], np.ndarray]]) -> None:
        for t in range(self.n):
            terms, fixed = self._sum(flows, t)
            self.program.row(terms, -fixed, -fixed)

    def _grid_point(self) -> None:
        p, market = self.program, self.market
        import_eur = self.price + market.get("import_surcharge_eur_per_kwh", 0.0)
        export_eur = self.price - market.get("export_discount_eur_per_kwh", 0.0)
        wishes = self.wishes
        carbon = self.day.series.get("import_co2_kg_per_kwh", market.get("import_co2_kg_per_kwh", 0.0))
        import_eur += wishes.get("co2_weight_eur_per_t", 0.0) * carbon / 1000.0
        import_eur += wishes.get("import_weight_eur_per_kwh", 0.0)
        export_eur -= wishes.get("export_weight_eur_per_kwh", 0.0)
        nominated = self.day.series.get("nominated_import_kw")
        nominated_out = self.day.series.get("nominated_export_kw", np.zeros(self.n))
        firm_eur = wishes.get("nomination_weight_eur_per_kwh", 0.0)
        beside = DT_H * (market.get("imbalance_eur_per_kwh", 0.0) + firm_eur)
        point = self.assets["grid_point"]
        drawn = p.columns(0.0, point["power_kw_import_max"], DT_H * import_eur)
        fed = p.columns(0.0, point["power_kw_export_max"], -DT_H * export_eur)
        for t in range(self.n):
            terms, fixed = self._sum(self.power, t)
            p.row({**terms, drawn[t]: -1.0, fed[t]: 1.0}, -fixed, -fixed)
        if nominated is not None:
            more, less = p.columns(0.0, np.inf, beside), p.columns(0.0, np.inf, beside)
            for t in np.flatnonzero(np.isfinite(nominated)):
                terms = {drawn[t]: 1.0, fed[t]: -1.0, more[t]: -1.0, less[t]: 1.0}
                p.row(terms, *[nominated[t] - nominated_out[t]] * 2)
        if market.get("capacity_charge_eur_per_kw_year", 0.0):
            peak = p.columns(0.0, np.inf, market["capacity_charge_eur_per_kw_year"], n=1)
            for t in range(self.n):
                p.row({drawn[t]: 1.0, peak[0]: -1.0}, -np.inf, self.day.billed_peak_kw)
        exchange = [{drawn[t]: 1.0, fed[t]: -1.0} for t in range(self.n)]
        self.power["grid_point"] = (exchange, np.zeros(self.n))

    def _feeders(self) -> None:
        for feeder in (asset for asset in self.assets.values() if asset["kind"] == "feeder"):
            behind = {
                asset_id: flow for asset_id, flow in self.power.items() if feeder["id"] in self._way(asset_id)
            }
            self._keep(behind, feeder["power_kw_max"], feeder["power_kw_max"])

    def _way(self, asset_id: str) -> list[str]:
        """Name the feeders from an asset to the busbar."""
        feeder = self.assets[asset_id].get("feeder")
        return [] if feeder is None else [feeder, *self._way(feeder)]

    def _municipalities(self) -> None:
        for place in self.day.plain["municipalities"]:
            inside = {
                asset_id: flow
                for asset_id, flow in self.power.items()
                if self.assets[asset_id].get("municipality") == place["id"]
            }
            most_in, most_out = (place.get(f"power_kw_{way}_max", np.inf) for way in ("import", "export"))
            if np.isfinite([most_in, most_out]).any():
                self._keep(inside, most_in, most_out)

    def _keep(
        self, flows: dict[str, tuple[list[Terms], np.ndarray]], most_in: float, most_out: float
    ) -> None:
        for t in range(self.n):
            terms, fixed = self._sum(flows, t)
            self.program.row(terms, -most_out - fixed, most_in - fixed)


WINDOW = (("offtake_from", "06:00"), ("offtake_until", "18:00"))
