"""Machines in the golden days' own programs: starts and stops force the periods after them."""

from typing import Any

import numpy as np

from tests.optimize.independent_program import DT_H, DayParts, Terms


class Machines(DayParts):
    """CHP, heat pump, electrolyser."""

    def _machine(self, asset: dict[str, Any]) -> tuple[range, range]:
        """Give columns of running and of load; a start and a stop force the periods after them."""
        p = self.program
        on = p.columns(0.0, 1.0, whole=True)
        load = p.columns(0.0, asset["power_kw_rated"])
        start = p.columns(0.0, 1.0, asset["start_eur"], whole=True)
        stop = p.columns(0.0, 1.0, whole=True)
        state = self.day.states[asset["id"]]
        before = 1.0 if state["running_s"] > 0.0 else 0.0
        for t in range(self.n):
            p.row({load[t]: 1.0, on[t]: -asset["power_kw_least"]}, 0.0, np.inf)
            p.row({load[t]: 1.0, on[t]: -asset["power_kw_rated"]}, -np.inf, 0.0)
            change = {on[t]: 1.0, start[t]: -1.0, stop[t]: 1.0}
            if t:
                p.row({**change, on[t - 1]: -1.0}, 0.0, 0.0)
            else:
                p.row(change, before, before)
            for s in range(t, min(self.n, t + round(asset["uptime_h_min"] / DT_H))):
                p.row({on[s]: 1.0, start[t]: -1.0}, 0.0, np.inf)
            for s in range(t, min(self.n, t + round(asset["downtime_h_min"] / DT_H))):
                p.row({on[s]: 1.0, stop[t]: 1.0}, -np.inf, 1.0)
        if before:
            for s in range(round((asset["uptime_h_min"] * 3600.0 - state["running_s"]) / 900.0)):
                p.low[on[s]] = 1.0
        self._ramp(asset, on, load)
        self.on[asset["id"]] = on
        return on, load

    def _ramp(self, asset: dict[str, Any], on: range, load: range) -> None:
        """Whoever runs in two periods moves by the ramp; at a switch the load is the least one."""
        p, rated, least = self.program, asset["power_kw_rated"], asset["power_kw_least"]
        ramp = asset["ramp_kw_per_s"] * 900.0
        state = self.day.states[asset["id"]]
        if ramp >= rated - least:
            return
        for t in range(1, self.n):
            # Slack by the whole range unless both run; at most the least load where only one does.
            for one, other in ((t, t - 1), (t - 1, t)):
                both = {on[t]: rated, on[t - 1]: rated}
                p.row({load[one]: 1.0, load[other]: -1.0, **both}, -np.inf, ramp + 2.0 * rated)
                p.row({load[one]: 1.0, on[other]: least - rated}, -np.inf, least)
        before = abs(state.get("power_kw", 0.0))
        if state["running_s"] > 0.0:
            p.high[load[0]] = max(least, before + ramp)
            if before > least:
                p.low[load[0]] = max(least, before - ramp)
            for t in range(int(np.ceil((before - least) / ramp))):
                p.low[on[t]] = 1.0
        else:
            p.high[load[0]] = least

    def _fuel_eur(self, asset: dict[str, Any]) -> float:
        eur_per_t = self.market.get("co2_eur_per_t", 0.0) + self.wishes.get("co2_weight_eur_per_t", 0.0)
        carbon = eur_per_t * asset["co2_kg_per_kwh_fuel"] / 1000.0
        return asset["fuel_eur_per_kwh"] + carbon

    def add_chp(self, asset: dict[str, Any]) -> None:
        on, load = self._machine(asset)
        span = asset["power_kw_rated"] - asset["power_kw_least"]
        heat = (asset["heat_kw_rated"] - asset["heat_kw_least"]) / span
        fuel = (asset["fuel_kw_rated"] - asset["fuel_kw_least"]) / span
        heat_0 = asset["heat_kw_least"] - heat * asset["power_kw_least"]
        fuel_0 = asset["fuel_kw_least"] - fuel * asset["power_kw_least"]
        for t in range(self.n):
            self.program.cost[on[t]] += DT_H * self._fuel_eur(asset) * fuel_0
            per_kwh = self._fuel_eur(asset) * fuel + asset["wear_eur_per_kwh"]
            self.program.cost[load[t]] += DT_H * per_kwh
        zeros = np.zeros(self.n)
        self.power[asset["id"]] = ([{j: -1.0} for j in load], zeros)
        self.heat[asset["id"]] = ([{on[t]: -heat_0, load[t]: -heat} for t in range(self.n)], zeros)

    def add_heat_pump(self, asset: dict[str, Any]) -> None:
        _on, load = self._machine(asset)
        warmth = self.day.series["temperature_c"]
        cop = np.clip(asset["cop_at_0_c"] + asset["cop_per_k"] * warmth, 1.0, asset["cop_max"])
        for column in load:
            self.program.cost[column] += DT_H * self._fee(asset)
        zeros = np.zeros(self.n)
        self.power[asset["id"]] = ([{j: 1.0} for j in load], zeros)
        self.heat[asset["id"]] = ([{load[t]: -cop[t]} for t in range(self.n)], zeros)

    def add_electrolyser(self, asset: dict[str, Any]) -> None:
        on, load = self._machine(asset)
        span = asset["power_kw_rated"] - asset["power_kw_least"]
        slope = (asset["hydrogen_kw_rated"] - asset["hydrogen_kw_least"]) / span
        at_0 = asset["hydrogen_kw_least"] - slope * asset["power_kw_least"]
        extra = self._more_than_the_chord(asset, on, load) if "power_kw_middle" in asset else [{}] * self.n
        standby = asset["power_kw_standby"]
        for t in range(self.n):
            self.program.cost[load[t]] += DT_H * (asset["wear_eur_per_kwh"] + self._fee(asset))
            self.program.cost[on[t]] -= DT_H * self._fee(asset) * standby
        self.program.constant += self.n * DT_H * self._fee(asset) * standby
        power = [{load[t]: 1.0, on[t]: -standby} for t in range(self.n)]
        self.power[asset["id"]] = (power, np.full(self.n, standby))
        made = [{on[t]: -at_0, load[t]: -slope, **extra[t]} for t in range(self.n)]
        self.hydrogen[asset["id"]] = (made, np.zeros(self.n))

    def _more_than_the_chord(self, asset: dict[str, Any], on: range, load: range) -> list[Terms]:
        """Give what a bent curve gives above the straight line: a tent, its side chosen by a whole number."""
        p, least, middle, rated = (
            self.program,
            asset["power_kw_least"],
            asset["power_kw_middle"],
            asset["power_kw_rated"],
        )
        chord = (asset["hydrogen_kw_rated"] - asset["hydrogen_kw_least"]) / (rated - least)
        height = asset["hydrogen_kw_middle"] - asset["hydrogen_kw_least"] - chord * (middle - least)
        tent, upper = p.columns(0.0, height), p.columns(0.0, 1.0, whole=True)
        rising, falling = height / (middle - least), height / (rated - middle)
        much = rising * rated + falling * rated
        for t in range(self.n):
            # Below the middle it is rising * (load - least * on), above it falling * (rated * on - load).
            below = {tent[t]: 1.0, load[t]: -rising, on[t]: rising * least}
            above = {tent[t]: 1.0, load[t]: falling, on[t]: -falling * rated}
            p.row(below, -np.inf, 0.0)
            p.row(above, -np.inf, 0.0)
            p.row({**below, upper[t]: much}, 0.0, np.inf)
            p.row({**above, upper[t]: -much}, -much, np.inf)
        return [{j: -1.0} for j in tent]
