"""What the golden days' own programs are made of: columns, rows, and what each kind may use of a day."""

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from tests.optimize.cases import Day

DT_H = 0.25
Terms = dict[int, float]
Flows = dict[str, tuple[list[Terms], np.ndarray]]
"""By asset the terms of what it draws in each period, and the constant part."""


class Program:
    """Columns and rows, collected one by one."""

    def __init__(self) -> None:
        self.low: list[float] = []
        self.high: list[float] = []
        self.cost: list[float] = []
        self.whole: list[int] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.constant = 0.0

    def columns(self, low: Any, high: Any, cost: Any = 0.0, *, whole: bool = False, n: int = 96) -> range:
        first = len(self.low)
        for values, into in ((low, self.low), (high, self.high), (cost, self.cost)):
            into.extend(np.broadcast_to(np.asarray(values, dtype=float), (n,)).tolist())
        self.whole.extend([int(whole)] * n)
        return range(first, first + n)

    def row(self, terms: dict[int, float], low: float, high: float) -> None:
        self.rows.append((terms, low, high))

    def solve(self) -> tuple[float, np.ndarray]:
        data, index, pointer = [], [], [0]
        for terms, _low, _high in self.rows:
            index += list(terms)
            data += list(terms.values())
            pointer.append(len(index))
        matrix = csr_array((data, index, pointer), shape=(len(self.rows), len(self.low)))
        bounds = np.array([row[1:] for row in self.rows])
        found = milp(
            self.cost,
            integrality=self.whole,
            bounds=Bounds(self.low, self.high),
            constraints=LinearConstraint(matrix, bounds[:, 0], bounds[:, 1]),
            options={"mip_rel_gap": 1e-7, "time_limit": 120.0},
        )
        assert found.status == 0, found.message
        return float(found.fun) + self.constant, found.x


class DayParts:
    """A day's files and its program, for the kinds to add themselves to."""

    def __init__(self, day: Day, terminal: dict[str, float]) -> None:
        self.day, self.terminal = day, terminal
        self.market, self.wishes = day.plain["market"], day.plain.get("objective", {})
        self.price = day.series["price_eur_per_mwh"] / 1000.0
        self.n = self.price.size
        self.program = Program()
        self.power: Flows = {}
        self.heat: Flows = {}
        self.hydrogen: Flows = {}
        self.on: dict[str, range] = {}

    def _series(self, asset: dict[str, Any]) -> np.ndarray:
        return self.day.series[f"{asset['id']}_kw"]

    def _fee(self, asset: dict[str, Any]) -> float:
        return asset.get("fee_eur_per_kwh_drawn", 0.0)
