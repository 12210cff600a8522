"""The numbers of the region's matrix: prototypes filled in for all assets, or renewed where something moved.

Arrays are never written to once they are handed out: a renewal shares those that stay and replaces the
others, so that whoever compares two sets of numbers sees at once what may have changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.optimize.matrix.form import Form
from energy.optimize.matrix.group import Group
from energy.optimize.matrix.layout import ItemsByGroup, Layout, items_by_group, laid_out, signature_of
from energy.optimize.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """Everything that a re-solve may change."""

    cost_eur: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    coefficients: FloatArray
    offset_eur: float
    thetas: tuple[FloatArray, ...]
    """By group the parameters that all of it hangs on, shape (assets, elements)."""


class Tiler:
    """Keeps a region's matrix from problem to problem, so that the next one changes only what moved."""

    def __init__(self) -> None:
        self._kept: tuple[Layout, Numbers] | None = None

    def at(self, problem: Problem) -> tuple[Layout, Numbers]:
        """Give the matrix of a problem; its layout is the last one's as long as the structure is the same."""
        items = items_by_group(problem)
        layout, numbers = self._kept or (None, None)
        if layout is None or layout.periods != problem.periods or layout.signature != signature_of(items):
            layout, numbers = laid_out(problem, items), None
        self._kept = None
        numbers = renewed(layout, items, numbers)
        self._kept = layout, numbers
        return layout, numbers


class _Sheet:
    """The arrays while they are written; ``old`` are those that stay until one of their numbers moves."""

    def __init__(self, layout: Layout, old: Numbers | None) -> None:
        sizes = {
            "cost_eur": layout.columns,
            "lower": layout.columns,
            "upper": layout.columns,
            "row_lower": layout.rows,
            "row_upper": layout.rows,
            "coefficients": layout.row_index.size,
        }
        self.arrays: dict[str, FloatArray] = {
            name: np.empty(size) if old is None else getattr(old, name) for name, size in sizes.items()
        }
        self._shared = set() if old is None else set(sizes)

    def to_write(self, name: str) -> FloatArray:
        """Give an array of which a number is about to move; a shared one is copied first."""
        if name in self._shared:
            self._shared.remove(name)
            self.arrays[name] = self.arrays[name].copy()
        return self.arrays[name]


def numbers_of(layout: Layout, problem: Problem) -> Numbers:
    """Fill the layout with the problem's numbers."""
    return renewed(layout, items_by_group(problem), None)


def renewed(layout: Layout, items: ItemsByGroup, old: Numbers | None) -> Numbers:
    """Give the numbers of items that fit the layout, computing only what hangs on a parameter that moved."""
    sheet = _Sheet(layout, old)
    thetas: list[FloatArray] = []
    for number, (group, chosen) in enumerate(zip(layout.groups, items.values(), strict=True)):
        theta = group.prototype.theta(group.kind.parameters(chosen), assets=group.assets)
        moved = None if old is None else (theta != old.thetas[number]).any(axis=0)
        thetas.append(theta)
        if moved is not None and not moved.any():
            continue
        for name, form in _forms(group):
            if moved is None or (form.elements.size and moved[form.elements].any()):
                form.fill(_view(group, name, sheet.to_write(name)), theta)
    _balance(layout, thetas, sheet)
    return Numbers(**sheet.arrays, offset_eur=_offset_eur(layout, thetas), thetas=tuple(thetas))


def _forms(group: Group) -> Iterator[tuple[str, Form]]:
    p = group.prototype
    yield "cost_eur", p.cost
    yield "lower", p.lower
    yield "upper", p.upper
    yield "row_lower", p.row_lower
    yield "row_upper", p.row_upper
    yield "coefficients", p.coefficients


def _view(group: Group, name: str, array: FloatArray) -> FloatArray:
    """Give the group's part of an array, shape (assets, numbers)."""
    if name == "coefficients":
        return group.coefficients_of_group(array)
    return group.rows_of_group(array) if name.startswith("row_") else group.of_group(array)


def _balance(layout: Layout, thetas: Sequence[FloatArray], sheet: _Sheet) -> None:
    """Write the balances' right-hand sides: what must be met by what can be decided."""
    balance_kw = np.zeros((len(layout.balances), layout.periods))
    for group, theta in zip(layout.groups, thetas, strict=True):
        for entry, form in enumerate(group.prototype.balance_offset):
            if not form.is_zero:
                np.add.at(balance_kw, group.balance[:, entry], form.at(theta))
    right_hand = -balance_kw.ravel()
    for name in ("row_lower", "row_upper"):
        if not np.array_equal(sheet.arrays[name][: right_hand.size], right_hand):
            sheet.to_write(name)[: right_hand.size] = right_hand


def _offset_eur(layout: Layout, thetas: Sequence[FloatArray]) -> float:
    return float(
        sum(
            part.offset.at(theta).sum()
            for group, theta in zip(layout.groups, thetas, strict=True)
            for part in group.prototype.parts
            if not part.offset.is_zero
        )
    )
