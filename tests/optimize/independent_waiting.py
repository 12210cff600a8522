"""What can wait in the golden days' own programs: each arrival, or each block, by itself."""

from typing import Any

import numpy as np

from tests.optimize.independent_program import DT_H, DayParts, Terms


class Waiting(DayParts):
    """EV hub, flexible load."""

    def _waiting(self, asset: dict[str, Any], wait: int) -> None:
        """What arrives in a period may be drawn in it and in the ``wait`` periods after it, pair by pair."""
        p, demand = self.program, self._series(asset)
        draw = p.columns(0.0, asset["power_kw_max"], DT_H * self._fee(asset))
        drawn: list[Terms] = [{draw[t]: -DT_H} for t in range(self.n)]
        for arrival in range(self.n):
            last = min(self.n - 1, arrival + wait)
            part = p.columns(0.0, np.inf, n=last - arrival + 1)
            # What is due after the end of the day need not be drawn in it.
            due_inside = arrival + wait <= self.n - 1
            price = asset.get("unserved_eur_per_kwh", 2.0)
            missed = p.columns(0.0, np.inf, price if due_inside else 0.0, n=1)
            p.row({**dict.fromkeys(part, 1.0), missed[0]: 1.0}, *[DT_H * demand[arrival]] * 2)
            for place, column in enumerate(part):
                drawn[arrival + place][column] = 1.0
        for terms in drawn:
            p.row(terms, 0.0, 0.0)
        self.power[asset["id"]] = ([{j: 1.0} for j in draw], np.zeros(self.n))

    def add_ev_hub(self, asset: dict[str, Any]) -> None:
        self._waiting(asset, int(asset["dwell_h"] / DT_H) - 1)

    def _blocks(self, asset: dict[str, Any]) -> None:
        """Each block by itself: it begins in one of the periods open to it, or never at a price."""
        p, most, length = self.program, asset["power_kw_max"], round(asset["block_h"] / DT_H)
        wait, block_kwh = round(asset["shift_h"] / DT_H), asset["power_kw_max"] * asset["block_h"]
        state = self.day.states[asset["id"]]
        left = round(asset["block_h"] / DT_H - state["running_s"] / 900.0) if state["running_s"] else 0
        waiting = state["energy_kwh_backlog"] - left * DT_H * most
        arrived = waiting + np.cumsum(DT_H * self._series(asset))
        drawn: list[Terms] = [{} for _ in range(self.n)]
        for number in range(1, int(arrived[-2] / block_kwh) + 1):
            last_arrival = int(np.argmax(arrived >= number * block_kwh))
            latest = last_arrival + wait - length
            inside = range(max(last_arrival + 1, left), min(latest, self.n - 1) + 1)
            begin = p.columns(0.0, 1.0, whole=True, n=len(inside))
            price = asset["unserved_eur_per_kwh"] * block_kwh if latest < self.n else 0.0
            never = p.columns(0.0, 1.0, price, whole=True, n=1)
            p.row({**dict.fromkeys(begin, 1.0), never[0]: 1.0}, 1.0, 1.0)
            for column, first in zip(begin, inside, strict=True):
                for period in range(first, min(first + length, self.n)):
                    drawn[period][column] = most
                    p.cost[column] += DT_H * self._fee(asset)
        for terms in drawn:
            p.row(terms, -np.inf, most)
        self.power[asset["id"]] = (drawn, np.where(np.arange(self.n) < left, most, 0.0))

    def add_flexible_load(self, asset: dict[str, Any]) -> None:
        if asset["mode"] == "block":
            self._blocks(asset)
            return
        self._waiting(asset, int(asset["shift_h"] / DT_H) - 1 if asset["mode"] == "shift" else 0)
