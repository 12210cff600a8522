"""The limit: an expert's own program for a region of the family, from plain arrays straight into HiGHS.

It makes the very matrix that the product makes, row for row and column for column, and uses nothing of
``energy.optimize``: whoever knew only this family, and had the time, would write it so. Columns are written
in compressed form at once, a block of equal assets at a time; in each column the balances come first. What
the next quarter hour changes are vectors, and only the elements that it does change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from energy.domain import FloatArray
from energy.periods import PERIOD_H
from tests.benchmarks.hand_moving import Moving, balance_kw, moving_of, place_of_network, structures_of
from tests.benchmarks.hand_sheet import Block, IndexArray, Shape, Sheet, chain, pair, rows_of
from tests.benchmarks.region_family import (
    BAND,
    CAPACITY_CHARGE_EUR_PER_KW,
    MUNICIPALITIES,
    Family,
    IntArray,
)
from tests.benchmarks.region_state import State

BREACH_EUR_PER_KWH = 200.0
WAY_BACK_EUR_PER_KWH_H = 1.0
UNSERVED_EV_EUR_PER_KWH = 2.0
UNSERVED_HEAT_EUR_PER_KWH = 10.0
SURPLUS_EUR_PER_KWH = 1.0
"""The five are written out here once more, as everything is: no number comes from the product."""
GRID_BALANCE, FIRST_FEEDER, FIRST_HEAT = 0, 1, 1 + MUNICIPALITIES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where the blocks begin: first columns, by name, and first rows, and the CHPs of each structure."""

    columns: dict[str, int]
    rows: dict[str, int]
    chps: tuple[IntArray, ...]
    chp_columns: tuple[int, ...]
    chp_rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """A whole linear program in compressed columns; ``binary`` names the columns of decisions."""

    start: IndexArray
    index: IndexArray
    value: FloatArray
    cost_eur: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    binary: IntArray
    places: Places


def matrix_of(f: Family, state: State) -> Matrix:
    """Make the whole program for the planning that begins in this state."""
    span, moving = f.periods, moving_of(f, state)
    structures = structures_of(f)
    shapes = _shapes(f, structures)
    balances = (FIRST_HEAT + f.chp_kw.size) * span
    sheet = Sheet(list(shapes.values()), balances)
    blocks = {name: sheet.block(shape) for name, shape in shapes.items()}
    sheet.row_lower[:balances] = sheet.row_upper[:balances] = -balance_kw(f, state).ravel()
    _battery(blocks["battery"], f, moving)
    _source(blocks["source"], f, moving)
    _session(blocks["session"], f, moving)
    for number, chosen in enumerate(structures):
        _chp(blocks[f"chp{number}"], f, moving, chosen)
    _heat(blocks, f, moving)
    _feeder(blocks["feeder"], f)
    _grid_point(blocks["grid_point"], f, moving)
    columns, rows = sheet.places(shapes)
    first = [columns[f"chp{number}"] for number in range(len(structures))]
    on = [
        (start + np.arange(chosen.size)[:, None] * 3 * span + np.arange(span)).ravel()
        for start, chosen in zip(first, structures, strict=True)
    ]
    return Matrix(
        start=sheet.start,
        index=sheet.index,
        value=sheet.value,
        cost_eur=sheet.cost,
        lower=sheet.lower,
        upper=sheet.upper,
        row_lower=sheet.row_lower,
        row_upper=sheet.row_upper,
        binary=np.concatenate(on),
        places=Places(
            columns=columns,
            rows=rows,
            chps=structures,
            chp_columns=tuple(first),
            chp_rows=tuple(rows[f"chp{number}"] for number in range(len(structures))),
        ),
    )


def _shapes(f: Family, structures: Sequence[IntArray]) -> dict[str, Shape]:
    span = f.periods
    one, two = np.ones(span, dtype=np.int32), np.full(span, 2, dtype=np.int32)
    linked = two.copy()
    linked[-1] = 1
    four, networks = np.full(span, 4, dtype=np.int32), f.chp_kw.size
    shapes = {
        "battery": Shape(
            f.battery_kw.size, 5 * span, span, np.concatenate([two, two, linked, linked, linked])
        ),
        "source": Shape(f.source_at.size, span, 0, one),
        "session": Shape(f.session_kw.size, 3 * span, span, np.concatenate([two, one, linked])),
    }
    for number, chosen in enumerate(structures):
        pattern = _chp_pattern(span, *_least_times(f, chosen))
        shapes[f"chp{number}"] = Shape(chosen.size, 3 * span, pattern.rows, pattern.counts)
    return shapes | {
        "heat_load": Shape(networks, span, 0, one),
        "boiler": Shape(networks, span, 0, one),
        "store": Shape(networks, 3 * span, span, np.concatenate([two, linked, linked])),
        "surplus": Shape(networks, span, 0, one),
        "feeder": Shape(MUNICIPALITIES, 3 * span, 0, np.concatenate([two, two, two])),
        "grid_point": Shape(
            1,
            4 * span + 1,
            3 * span,
            np.concatenate([four, four - 1, one, one, [np.int32(span)]]).astype(np.int32),
        ),
    }


def _battery(b: Block, f: Family, moving: Moving) -> None:
    span = f.periods
    own = b.first_row[:, None] + np.arange(span, dtype=np.int32)
    feeder = rows_of(f.battery_at, span, FIRST_FEEDER)
    at = pair(b, 0, (feeder, own), (1.0, -PERIOD_H * f.efficiency_charge[:, None]))
    at = pair(b, at, (feeder, own), (-1.0, PERIOD_H / f.efficiency_discharge[:, None]))
    at = chain(b, at, own, 1.0, -1.0)
    at = chain(b, at, own, -1.0, 1.0)
    chain(b, at, own, 1.0, -1.0)
    b.cost[:, span : 2 * span] = PERIOD_H * f.wear_eur_per_kwh[:, None]
    b.cost[:, 3 * span :] = PERIOD_H * WAY_BACK_EUR_PER_KWH_H
    b.upper[:, : 2 * span] = f.battery_kw[:, None]
    b.lower[:, 2 * span : 3 * span] = BAND[0] * f.battery_kwh[:, None]
    b.upper[:, 2 * span : 3 * span] = BAND[1] * f.battery_kwh[:, None]
    b.lower[:, 3 * span - 1] = moving.battery_end_kwh
    b.upper[:, 3 * span : 4 * span] = moving.battery_below_kwh[:, None]
    b.upper[:, 4 * span :] = moving.battery_above_kwh[:, None]
    b.row_lower[:, 0] = b.row_upper[:, 0] = moving.battery_kwh


def _source(b: Block, f: Family, moving: Moving) -> None:
    b.index[:], b.value[:] = rows_of(f.source_at, f.periods, FIRST_FEEDER), 1.0
    b.upper[:] = moving.available_kw


def _session(b: Block, f: Family, moving: Moving) -> None:
    span = f.periods
    own = b.first_row[:, None] + np.arange(span, dtype=np.int32)
    at = pair(b, 0, (rows_of(f.session_at, span, FIRST_FEEDER), own), (1.0, -PERIOD_H))
    b.index[:, at : at + span], b.value[:, at : at + span] = own, -1.0
    chain(b, at + span, own, 1.0, -1.0)
    b.cost[:, span : 2 * span] = UNSERVED_EV_EUR_PER_KWH
    b.upper[:, :span] = f.session_kw[:, None]
    b.lower[:, 2 * span :], b.upper[:, 2 * span :] = moving.due_kwh, moving.arrived_kwh


class ChpPattern(NamedTuple):
    """The entries of a CHP with given least times: rows from 0 within it, and their values where constant.

    ``least``, ``rated``, ``load`` point at the entries that depend on the machine.
    """

    rows: int
    counts: IndexArray
    row: IndexArray
    value: FloatArray
    least: IntArray
    rated: IntArray


def _least_times(f: Family, chosen: IntArray) -> tuple[int, int]:
    """Give both least times of CHPs that share them; a decision holds for a period at least."""
    return max(1, int(f.uptime_periods[chosen[0]])), max(1, int(f.downtime_periods[chosen[0]]))


@lru_cache(maxsize=64)
def _chp_pattern(span: int, up: int, down: int) -> ChpPattern:
    """Work the pattern out once for each pair of least times; the load's columns begin with two balances."""
    t = np.arange(span)
    rows = 4 * span + max(0, span - down + 1)
    on = [  # column, row, value
        (t, t, 0.0),
        (t, span + t, 0.0),
        (t, 2 * span + t, -1.0),
        (t[:-1], 2 * span + t[1:], 1.0),
        (t, 3 * span + t, -1.0),
        (t[: span - down], 4 * span + 1 + t[: span - down], 1.0),
    ]
    start = [(span + t, 2 * span + t, 1.0)]
    start += [(span + t[: span - k], 3 * span + t[k:], 1.0) for k in range(up)]
    for k in range(down):
        ends = t[: span - k] + k
        ends = ends[ends >= down - 1]
        start.append((span + ends - k, 4 * span + ends - down + 1, 1.0))
    load = [(2 * span + t, -2 + 0 * t, -1.0), (2 * span + t, -1 + 0 * t, 0.0)]
    load += [(2 * span + t, t, 1.0), (2 * span + t, span + t, 1.0)]
    parts = on + start + load
    column, row = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    value = np.concatenate([np.full(part[0].size, part[2]) for part in parts])
    order = np.lexsort((row, column))
    column, row, value = column[order], row[order], value[order]
    return ChpPattern(
        rows=rows,
        counts=np.bincount(column, minlength=3 * span).astype(np.int32),
        row=row.astype(np.int32),
        value=value,
        least=np.flatnonzero((column < span) & (row < span)),
        rated=np.flatnonzero((column < span) & (row >= span) & (row < 2 * span)),
    )


def _chp(b: Block, f: Family, moving: Moving, chosen: IntArray) -> None:
    span = f.periods
    pattern = _chp_pattern(span, *_least_times(f, chosen))
    np.add(b.first_row[:, None], pattern.row, out=b.index)
    b.value[:] = pattern.value
    b.value[:, pattern.least] = -f.chp_kw_least[chosen, None]
    b.value[:, pattern.rated] = -f.chp_kw[chosen, None]
    load = slice(pattern.row.size - 4 * span, None)
    b.index[:, load][:, 0::4] = rows_of(f.chp_at[chosen], span, FIRST_FEEDER)
    b.index[:, load][:, 1::4] = rows_of(place_of_network(f)[chosen], span, FIRST_HEAT)
    b.value[:, load][:, 1::4] = -f.heat_per_power[chosen, None]
    b.cost[:, span : 2 * span] = f.start_eur[chosen, None]
    b.cost[:, 2 * span :] = PERIOD_H * f.chp_eur_per_kwh[chosen, None]
    b.lower[:, :span], b.upper[:, :span] = moving.on_min[chosen], moving.on_max[chosen]
    b.upper[:, span : 2 * span] = 1.0
    b.upper[:, 2 * span :] = f.chp_kw[chosen, None]
    b.row_upper[:, :span] = np.inf
    b.row_lower[:, span : 2 * span] = -np.inf
    b.row_upper[:, 2 * span : 3 * span] = np.inf
    b.row_lower[:, 2 * span] = -moving.running[chosen]
    b.row_lower[:, 3 * span :] = -np.inf
    b.row_upper[:, 4 * span :] = 1.0
    b.row_upper[:, 4 * span] = 1.0 - moving.running[chosen]


def _heat(blocks: dict[str, Block], f: Family, moving: Moving) -> None:
    span = f.periods
    heat = rows_of(place_of_network(f), span, FIRST_HEAT)
    unserved, boiler, surplus = blocks["heat_load"], blocks["boiler"], blocks["surplus"]
    for b, sign, eur_per_kwh in (
        (unserved, -1.0, UNSERVED_HEAT_EUR_PER_KWH),
        (boiler, -1.0, f.boiler_eur_per_kwh[:, None]),
        (surplus, 1.0, SURPLUS_EUR_PER_KWH),
    ):
        b.index[:], b.value[:], b.cost[:] = heat, sign, PERIOD_H * eur_per_kwh
    unserved.upper[:] = moving.heat_kw
    boiler.upper[:] = f.boiler_kw[:, None]
    b = blocks["store"]
    own = b.first_row[:, None] + np.arange(span, dtype=np.int32)
    at = pair(b, 0, (heat, own), (1.0, -moving.kept_h))
    at = chain(b, at, own, 1.0, -moving.kept_fraction)
    chain(b, at, own, 1.0, -moving.kept_fraction)
    b.cost[:, 2 * span :] = PERIOD_H * WAY_BACK_EUR_PER_KWH_H
    b.lower[:, :span], b.upper[:, :span] = -f.store_kw[:, None], f.store_kw[:, None]
    b.upper[:, span : 2 * span] = f.store_kwh[:, None]
    b.lower[:, 2 * span - 1] = moving.store_end_kwh
    b.upper[:, 2 * span :] = moving.store_above_kwh[:, None]
    b.row_lower[:, 0] = b.row_upper[:, 0] = moving.kept_fraction * moving.store_kwh


def _feeder(b: Block, f: Family) -> None:
    span = f.periods
    rows = rows_of(np.zeros(MUNICIPALITIES, dtype=np.int64), span, GRID_BALANCE)
    own = rows_of(np.arange(MUNICIPALITIES), span, FIRST_FEEDER)
    at = pair(b, 0, (rows, own), (1.0, -1.0))
    at = pair(b, at, (rows, own), (1.0, -1.0))
    pair(b, at, (rows, own), (-1.0, 1.0))
    b.cost[:, span:] = PERIOD_H * BREACH_EUR_PER_KWH
    b.lower[:, :span], b.upper[:, :span] = -f.transfer_kw_max[:, None], f.transfer_kw_max[:, None]


def _grid_point(b: Block, f: Family, moving: Moving) -> None:
    span, t = f.periods, np.arange(f.periods, dtype=np.int32)
    own = int(b.first_row[0])
    index, value = b.index[0], b.value[0]
    for side, (row, sign) in enumerate(
        ((t, -1.0), (own + t, 1.0), (own + span + t, 1.0), (own + 2 * span + t, 1.0))
    ):
        index[side : 4 * span : 4], value[side : 4 * span : 4] = row, sign
    for side, (row, sign) in enumerate(((t, 1.0), (own + t, -1.0), (own + span + t, -1.0))):
        index[4 * span + side : 7 * span : 3], value[4 * span + side : 7 * span : 3] = row, sign
    for at, (first, sign) in enumerate(((0, -1.0), (span, 1.0), (2 * span, -1.0))):
        entries = slice((7 + at) * span, (8 + at) * span)
        index[entries], value[entries] = own + first + t, sign
    b.cost[0, :span], b.cost[0, span : 2 * span] = moving.import_eur, moving.export_eur
    b.cost[0, 2 * span : 4 * span] = PERIOD_H * BREACH_EUR_PER_KWH
    b.cost[0, 4 * span] = CAPACITY_CHARGE_EUR_PER_KW
    b.row_lower[0, :span], b.row_upper[0, :span] = -np.inf, f.import_kw_max
    b.row_lower[0, span : 2 * span], b.row_upper[0, span : 2 * span] = -f.export_kw_max, np.inf
    b.row_lower[0, 2 * span :], b.row_upper[0, 2 * span :] = -np.inf, moving.billed_peak_kw
