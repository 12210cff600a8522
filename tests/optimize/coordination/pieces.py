"""Pieces of work without a region: CHP units that may earn at a price and have to make heat."""

import numpy as np

from energy.optimize.coordination.components import components_of, parts_of
from energy.optimize.coordination.piece import Piece
from energy.optimize.coordination.prices import net_cost_eur, piece_of
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.search.directions import exclusive_pairs
from tests.optimize.coordination.towns import towns


def pieces_of(count, *, seed=3, periods=24):
    """Give the parts with whole numbers of a region of ``count`` towns, at prices of their own."""
    _region, problem = towns(count, seed=seed, periods=periods)
    layout = layout_of(problem)
    numbers = numbers_of(layout, problem)
    components = components_of(layout)
    dual = 0.02 * np.random.default_rng(seed).standard_normal(layout.rows) - 0.02
    net_eur = net_cost_eur(layout, numbers, dual, components.coupling)
    parts = parts_of(layout, components, components.with_binary.tolist(), exclusive_pairs(layout))
    pieces: list[Piece] = [piece_of(part, numbers, net_eur, gap_eur=1e-3) for part in parts]
    return pieces[:count]
