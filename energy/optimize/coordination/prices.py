"""Prices between the parts of a region, and what they prove about the cost of any plan."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from energy.domain import FloatArray
from energy.optimize.coordination.components import Part
from energy.optimize.coordination.piece import Answer, Piece
from energy.optimize.highs.instance import Solution
from energy.optimize.highs.program import Mixed
from energy.optimize.matrix.form import BoolArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers


def net_cost_eur(layout: Layout, numbers: Numbers, row_dual: FloatArray, rows: BoolArray) -> FloatArray:
    """Give each column's cost less what its part of these rows earns at their duals; shape (columns,)."""
    shape = (layout.rows, layout.columns)
    parts = (numbers.coefficients, layout.row_index, layout.column_start)
    matrix = sparse.csc_array(parts, shape=shape)
    net: FloatArray = numbers.cost_eur - matrix.T @ np.where(rows, row_dual, 0.0)
    return net


def piece_of(part: Part, numbers: Numbers, net_eur: FloatArray, *, gap_eur: float) -> Piece:
    """Give a part as a program of its own, at the prices that ``net_eur`` has counted in."""
    return Piece(
        program=Mixed(
            cost_eur=net_eur[part.columns],
            lower=numbers.lower[part.columns],
            upper=numbers.upper[part.columns],
            row_lower=numbers.row_lower[part.rows],
            row_upper=numbers.row_upper[part.rows],
            column_start=part.column_start,
            row_index=part.row_index,
            coefficients=numbers.coefficients[part.place],
            offset_eur=0.0,
            binary=part.binary,
            exclusive=part.exclusive,
        ),
        gap_eur=gap_eur,
    )


def bound_eur(
    priced: Solution, net_eur: FloatArray, parts: Sequence[Part], answers: Sequence[Answer | None]
) -> float:
    """Give what no plan can cost less than, from a linear program and its parts at its prices.

    By weak duality each price vector gives a bound: what is bought at it, plus the least cost of each part
    (Geoffrion, Lagrangean relaxation for integer programming, 1974, doi:10.1007/BFb0120690). The linear
    program that made the prices has just this form, with its own share for each part, which is the least
    cost of the part as far as that was not restricted. So the least cost of the others takes the place of
    that share. A part without an answer counts with what it proves itself: minus infinity if it was
    restricted, which ``priced`` cannot tell, so the caller leaves such a bound out.
    """
    gains = [
        answer.bound_eur - float(net_eur[part.columns] @ priced.column[part.columns])
        for part, answer in zip(parts, answers, strict=True)
        if answer is not None
    ]
    return priced.bound_eur + float(np.sum(gains))
