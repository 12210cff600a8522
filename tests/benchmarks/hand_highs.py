"""The hand-built program in HiGHS: passed whole, or moved on by a quarter hour; its solution as arrays.

The quickest ways that highspy has are taken: arrays are passed as arrays, and its lists of numbers are read
element by element into an array of known size.
"""

from dataclasses import dataclass

import highspy
import numpy as np

from energy.domain import FloatArray
from tests.benchmarks.hand_built import Matrix, Places
from tests.benchmarks.hand_moving import Moving, balance_kw, moving_of
from tests.benchmarks.hand_sheet import IndexArray
from tests.benchmarks.region_family import BAND, Family, IntArray
from tests.benchmarks.region_state import State

OPTIONS = (
    ("output_flag", False),
    ("threads", 1),
    ("random_seed", 0),
    ("parallel", "off"),
    ("primal_feasibility_tolerance", 1e-7),
    ("dual_feasibility_tolerance", 1e-7),
)
"""As ``energy.optimize.highs.solver`` has them; everything else is HiGHS's own default on both sides."""
GOOD_ENDS = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """What the hand-built program reads: cost, columns, reduced costs, duals of the rows."""

    objective_eur: float
    gap: float
    column: FloatArray
    column_dual: FloatArray
    row_dual: FloatArray


class HandHighs:
    """One instance that stays alive."""

    def __init__(self, *, seconds_max: float, gap: float | None = None) -> None:
        self._highs = highspy.Highs()
        for name, value in OPTIONS:
            _expect(self._highs.setOptionValue(name, value))
        self._seconds_max = seconds_max
        self._mixed = gap is not None
        if gap is not None:
            self._highs.setOptionValue("mip_rel_gap", gap)

    def pass_matrix(self, matrix: Matrix) -> None:
        """Pass a whole program; with a gap its decisions are whole numbers."""
        whole = np.zeros(matrix.cost_eur.size, dtype=np.int32)
        if self._mixed:
            whole[matrix.binary] = int(highspy.HighsVarType.kInteger.value)
        status = self._highs.passModel(
            matrix.cost_eur.size,
            matrix.row_lower.size,
            matrix.index.size,
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            matrix.cost_eur,
            matrix.lower,
            matrix.upper,
            matrix.row_lower,
            matrix.row_upper,
            matrix.start,
            matrix.index,
            matrix.value,
            whole,
        )
        _expect(status)

    def change(self, moves: "Moves", f: Family, state: State) -> None:
        """Tell HiGHS what the planning that begins in this state changes."""
        h, m = self._highs, moving_of(f, state)
        cost_eur, lower, upper, row_lower, row_upper = moves.values(f, m, state)
        _expect(h.changeColsCost(moves.priced.size, moves.priced, cost_eur))
        _expect(h.changeColsBounds(moves.columns.size, moves.columns, lower, upper))
        _expect(h.changeRowsBounds(moves.rows.size, moves.rows, row_lower, row_upper))
        outside_kwh = moves.outside_kwh(m, f.periods)
        if outside_kwh is not None:
            none = np.zeros(outside_kwh.size)
            _expect(h.changeColsBounds(moves.outside.size, moves.outside, none, outside_kwh))

    def vectors(self) -> tuple[FloatArray, ...]:
        """Give costs and bounds as HiGHS has them."""
        lp = self._highs.getLp()
        vectors = (lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_)
        return tuple(np.array(vector) for vector in vectors)

    def solve(self) -> Solved:
        """Run, check how it ended, read."""
        h = self._highs
        _expect(h.setOptionValue("time_limit", h.getRunTime() + self._seconds_max))
        _expect(h.run())
        if h.getModelStatus() not in GOOD_ENDS:
            raise RuntimeError(h.modelStatusToString(h.getModelStatus()))
        solution, info = h.getSolution(), h.getInfo()
        return Solved(
            objective_eur=float(info.objective_function_value),
            gap=float(info.mip_gap) if self._mixed else 0.0,
            column=_array(solution.col_value),
            column_dual=_array(solution.col_dual),
            row_dual=_array(solution.row_dual),
        )


def _array(values: list[float]) -> FloatArray:
    return np.fromiter(values, dtype=np.float64, count=len(values))


def _expect(status: highspy.HighsStatus) -> None:
    if status == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS refused")


class Moves:
    """Which columns and rows a quarter hour changes, worked out once for a region."""

    def __init__(self, f: Family, places: Places) -> None:
        span, t = f.periods, np.arange(f.periods)
        at, row = places.columns, places.rows

        def columns(name: str, count: int, width: int, offset: int, periods: IntArray) -> IntArray:
            first = at[name] + np.arange(count)[:, None] * width * span + offset * span
            chosen: IntArray = (first + periods).ravel()
            return chosen

        batteries, sessions, networks = f.battery_kw.size, f.session_kw.size, f.chp_kw.size
        self.priced = _index(at["grid_point"] + np.arange(2 * span))
        self._chp_order = np.concatenate(places.chps)
        on = [
            (first + np.arange(chosen.size)[:, None] * 3 * span + t).ravel()
            for first, chosen in zip(places.chp_columns, places.chps, strict=True)
        ]
        last = np.array([span - 1])
        self.columns = _index(
            columns("source", f.source_at.size, 1, 0, t),
            columns("session", sessions, 3, 2, t),
            *on,
            columns("heat_load", networks, 1, 0, t),
            columns("battery", batteries, 5, 2, last),
            columns("store", networks, 3, 1, last),
        )
        self.outside = _index(
            columns("battery", batteries, 5, 3, t),
            columns("battery", batteries, 5, 4, t),
            columns("store", networks, 3, 2, t),
        )
        self._was_outside = True
        starts, stands = [], []
        for first, chosen in zip(places.chp_rows, places.chps, strict=True):
            size = 4 * span + max(0, span - max(1, int(f.downtime_periods[chosen[0]])) + 1)
            starts.append(first + np.arange(chosen.size) * size + 2 * span)
            stands.append(first + np.arange(chosen.size) * size + 4 * span)
        balances = (1 + f.transfer_kw_max.size + networks) * span
        self.rows = _index(
            np.arange(span, balances),
            row["battery"] + np.arange(batteries) * span,
            *starts,
            *stands,
            row["store"] + np.arange(networks) * span,
            row["grid_point"] + 2 * span + t,
        )

    def outside_kwh(self, m: Moving, span: int) -> FloatArray | None:
        """Give how far each store may be outside its band; None where that is nothing, now as before."""
        found = np.concatenate([m.battery_below_kwh, m.battery_above_kwh, m.store_above_kwh])
        is_outside = bool(found.any())
        changed, self._was_outside = is_outside or self._was_outside, is_outside
        return np.repeat(found, span) if changed else None

    def values(
        self, f: Family, m: Moving, state: State
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Give costs, bounds of columns, bounds of rows, in the order of the indices."""
        span = f.periods
        order = self._chp_order
        no_less, no_more = np.zeros(span), np.full(span, np.inf)
        lower = [
            np.zeros(m.available_kw.size),
            m.due_kwh.ravel(),
            m.on_min[order].ravel(),
            np.zeros(m.heat_kw.size),
            m.battery_end_kwh,
            m.store_end_kwh,
        ]
        upper = [
            m.available_kw.ravel(),
            m.arrived_kwh.ravel(),
            m.on_max[order].ravel(),
            m.heat_kw.ravel(),
            BAND[1] * f.battery_kwh,
            f.store_kwh,
        ]
        balance = -balance_kw(f, state)[1:].ravel()
        kept = m.kept_fraction * m.store_kwh
        running, free = m.running[order], np.full(order.size, np.inf)
        peak = np.full(span, m.billed_peak_kw)
        row_lower = [balance, m.battery_kwh, -running, -free, kept, -no_more]
        row_upper = [balance, m.battery_kwh, free, 1.0 - running, kept, no_less + peak]
        return (
            np.concatenate([m.import_eur, m.export_eur]),
            np.concatenate(lower),
            np.concatenate(upper),
            np.concatenate(row_lower),
            np.concatenate(row_upper),
        )


def _index(*parts: IntArray) -> IndexArray:
    return np.concatenate(parts).astype(np.int32)
