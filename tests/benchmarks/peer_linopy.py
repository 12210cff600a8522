"""A region of the family stated in linopy, whole arrays at a time, solved by HiGHS in memory."""

import linopy
import numpy as np
import pandas as pd
import xarray as xr

from energy.domain import FloatArray
from energy.periods import PERIOD_H
from tests.benchmarks.hand_moving import KEPT_H
from tests.benchmarks.region_family import (
    BAND,
    CAPACITY_CHARGE_EUR_PER_KW,
    EXPORT_DISCOUNT_EUR_PER_KWH,
    IMPORT_SURCHARGE_EUR_PER_KWH,
    KEPT_FRACTION,
    MUNICIPALITIES,
    Family,
    IntArray,
)

TIME = "t"


def solve(f: Family, options: dict[str, object], *, mixed: bool) -> float:
    """State, solve and read; gives the cost in EUR."""
    model = _Statement(f, mixed=mixed).model
    model.solve("highs", io_api="direct", **options)
    for name in model.variables:
        _values = model.variables[name].solution.to_numpy()
    return float(model.objective.value)


class _Statement:
    """The model while it is stated."""

    def __init__(self, f: Family, *, mixed: bool) -> None:
        self.f, self.model = f, linopy.Model()
        self.time = pd.RangeIndex(f.periods, name=TIME)
        self.cost = 0
        self.drawn = 0  # by municipality
        self._batteries()
        self._sources()
        self._sessions()
        self._heat(mixed=mixed)
        self._grid()
        self.model.add_objective(self.cost)

    def _index(self, name: str, count: int) -> pd.RangeIndex:
        return pd.RangeIndex(count, name=name)

    def _scalars(self, values: FloatArray, index: pd.RangeIndex) -> xr.DataArray:
        return xr.DataArray(values, coords=[index])

    def _series(self, values: FloatArray, index: pd.RangeIndex) -> xr.DataArray:
        whole = np.broadcast_to(values, (len(index), self.f.periods))
        return xr.DataArray(whole, coords=[index, self.time])

    def _at(self, expression: linopy.LinearExpression, places: IntArray, index: pd.RangeIndex) -> None:
        groups = xr.DataArray(places, coords=[index], name="m")
        self.drawn = self.drawn + expression.groupby(groups).sum().reindex(m=range(MUNICIPALITIES))

    def _batteries(self) -> None:
        f, add = self.f, self.model.add_variables
        b = self._index("b", f.battery_kw.size)
        most = self._series(f.battery_kw[:, None], b)
        charge, discharge = add(0, most, name="charge"), add(0, most, name="discharge")
        least = np.repeat(BAND[0] * f.battery_kwh[:, None], f.periods, axis=1)
        least[:, -1] = f.battery_kwh_start
        upper = self._series(BAND[1] * f.battery_kwh[:, None], b)
        stored = add(self._series(least, b), upper, name="stored")
        start = np.zeros((len(b), f.periods))
        start[:, 0] = f.battery_kwh_start
        gain = PERIOD_H * self._scalars(f.efficiency_charge, b)
        drain = PERIOD_H / self._scalars(f.efficiency_discharge, b)
        self.model.add_constraints(
            stored - stored.shift({TIME: 1}) - gain * charge + drain * discharge == self._series(start, b),
            name="energy",
        )
        self.cost = self.cost + (PERIOD_H * self._scalars(f.wear_eur_per_kwh, b) * discharge).sum()
        self._at(charge - discharge, f.battery_at, b)

    def _sources(self) -> None:
        f = self.f
        r = self._index("r", f.source_at.size)
        fed = self.model.add_variables(0, self._series(f.available_kw[:, : f.periods], r), name="fed")
        self._at(-1 * fed, f.source_at, r)

    def _sessions(self) -> None:
        f = self.f
        e, t = self._index("e", f.session_kw.size), np.arange(f.periods)
        arrives = f.session_arrives[:, None]
        here = (t >= arrives) & (t < arrives + f.session_stays[:, None])
        draw = self.model.add_variables(0, self._series(f.session_kw[:, None] * here, e), name="draw")
        self.model.add_constraints(
            PERIOD_H * draw.sum(TIME) == self._scalars(f.session_kwh, e), name="session"
        )
        self._at(1 * draw, f.session_at, e)

    def _heat(self, *, mixed: bool) -> None:
        f, add = self.f, self.model.add_variables
        c = self._index("c", f.chp_kw.size)
        power = add(0, self._series(f.chp_kw[:, None], c), name="power")
        boiled = add(0, self._series(f.boiler_kw[:, None], c), name="boiled")
        flow_max = self._series(f.store_kw[:, None], c)
        flow = add(-flow_max, flow_max, name="flow")
        least, start = np.zeros((len(c), f.periods)), np.zeros((len(c), f.periods))
        least[:, -1], start[:, 0] = f.store_kwh_start, KEPT_FRACTION * f.store_kwh_start
        stored = add(self._series(least, c), self._series(f.store_kwh[:, None], c), name="heat_stored")
        demand = self._series(f.heat_kw[:, : f.periods], c)
        ratio = self._scalars(f.heat_per_power, c)
        self.model.add_constraints(ratio * power + boiled - flow == demand, name="heat")
        self.model.add_constraints(
            stored - KEPT_FRACTION * stored.shift({TIME: 1}) - KEPT_H * flow == self._series(start, c),
            name="kept",
        )
        self.cost = self.cost + (PERIOD_H * self._scalars(f.chp_eur_per_kwh, c) * power).sum()
        self.cost = self.cost + (PERIOD_H * self._scalars(f.boiler_eur_per_kwh, c) * boiled).sum()
        self._at(-1 * power, f.chp_at, c)
        if mixed:
            self._commitment(power, c)

    def _commitment(self, power: linopy.Variable, c: pd.RangeIndex) -> None:
        """Least load, starts, least times; every CHP has just been stopped."""
        f, m = self.f, self.model
        coords = [c, self.time]
        on = m.add_variables(binary=True, coords=coords, name="on")
        start = m.add_variables(0, 1, coords=coords, name="start")
        m.add_constraints(power - self._scalars(f.chp_kw, c) * on <= 0, name="rated")
        m.add_constraints(power - self._scalars(f.chp_kw_least, c) * on >= 0, name="least")
        m.add_constraints(start - on + on.shift({TIME: 1}) >= 0, name="begins")
        up, down = -1 * on + start, on + start.shift({TIME: -1}, fill_value=0)
        for k in range(1, int(f.uptime_periods.max())):
            counts = self._scalars((f.uptime_periods > k).astype(np.float64), c)
            up = up + counts * start.shift({TIME: k})
        m.add_constraints(up <= 0, name="up")
        # In a period before a start by no more than the least time down it stood.
        for k in range(2, int(f.downtime_periods.max()) + 1):
            counts = self._scalars((f.downtime_periods >= k).astype(np.float64), c)
            down = down + counts * start.shift({TIME: -k})
        m.add_constraints(down <= 1, name="down")
        stands = np.arange(f.periods) < f.downtime_periods[:, None]
        m.add_constraints(1 * on <= 0, name="stands", mask=xr.DataArray(stands, coords=coords))
        self.cost = self.cost + (self._scalars(f.start_eur, c) * start).sum()

    def _grid(self) -> None:
        f, m = self.f, self.model
        k = self._index("m", MUNICIPALITIES)
        cap = self._series(f.transfer_kw_max[:, None], k)
        flow = m.add_variables(-cap, cap, name="transfer")
        load = self._series(f.load_kw[:, : f.periods], k)
        m.add_constraints(flow - self.drawn == load, name="municipality")
        bought = m.add_variables(0, f.import_kw_max, coords=[self.time], name="import")
        sold = m.add_variables(0, f.export_kw_max, coords=[self.time], name="export")
        peak = m.add_variables(lower=0, name="peak")
        m.add_constraints(bought - sold - flow.sum("m") == 0, name="region")
        m.add_constraints(bought - peak <= 0, name="billed")
        market = xr.DataArray(f.market_eur_per_kwh[: f.periods], coords=[self.time])
        self.cost = self.cost + (PERIOD_H * (market + IMPORT_SURCHARGE_EUR_PER_KWH) * bought).sum()
        self.cost = self.cost - (PERIOD_H * (market - EXPORT_DISCOUNT_EUR_PER_KWH) * sold).sum()
        self.cost = self.cost + CAPACITY_CHARGE_EUR_PER_KW * peak
