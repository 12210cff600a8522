"""What a kind of asset tells the compiler and the reader about its Pyomo prototype.

A prototype is a Pyomo model of ONE asset over the periods ``model.T``. Its Params are mutable, and each
coefficient, bound and right-hand side is a constant, or a constant plus a slope times ONE Param element;
ratios and products are derived before, in ``parameters``, for all assets at once. That is what lets one
compilation serve every asset of the kind, and it is checked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray

ItemT = TypeVar("ItemT")
COST_PREFIX = "cost_"
"""An Objective named cost_<part> is that named part of the costs, in EUR."""


class Carrier(StrEnum):
    """Which balance of an item a readout enters."""

    ELECTRICITY = "electricity"
    """That of the item's feeder; the region's for what has none."""
    HEAT = "heat"
    HYDROGEN = "hydrogen"
    MUNICIPALITY = "municipality"
    """The balance of the item's municipality, beside that of its feeder, where its exchange is limited."""
    FEEDER = "feeder"
    """The balance of the item that is the feeder: its flow leaves it, so it enters with -1."""
    RESERVE_UP = "reserve_up"
    RESERVE_DOWN = "reserve_down"
    """Headroom, either way."""
    OWN = "own"
    """The balance that the item is named after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRule:
    """What people call a bound; at zero it says nothing unless ``at_zero``."""

    name: str
    at_zero: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRule:
    """What people call a positive value of a variable; its size is the largest, or the ``total``."""

    name: str
    unit: str
    total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept from period to period: a balance by period, the content after it, what flows in or out.

    ``draws`` and ``feeds_in`` are power at the metering point, one to one; of both at most one is positive.
    """

    balance: str
    content: tuple[str, ...]
    draws: str
    feeds_in: str | None = None
    unserved: str | None = None

    @property
    def flows(self) -> tuple[str, ...]:
        """All that flows in or out."""
        return tuple(name for name in (self.draws, self.feeds_in, self.unserved) if name is not None)

    def opposed_to(self, flow: str) -> str | None:
        """Give the flow that stands still while this one is on."""
        return {self.draws: self.feeds_in, self.feeds_in: self.draws}.get(flow)


Piece = tuple[Callable[[int, int], Any], int]
"""A build of rows alone, and its integer key: its Vars and Params are named as the prototype's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind(Generic[ItemT]):
    """One kind of asset.

    ``build(periods, structure)`` states the prototype with an Expression ``power_kw`` (our sign), one
    Expression for each name of ``states``, and one Objective for each part of the costs. ``structure``
    gives the integer key of the prototype that an item needs. ``parameters`` gives what the Params stand for,
    for items of one structure: a scalar has shape (assets,), a series (assets, periods). ``balances`` says
    which readout enters the balance of which carrier, one balance a carrier. ``binary`` names variables that
    must be 0 or 1 in a period. ``exclusive`` names two variables of which at most one may be positive in a
    period; ``netted`` two whose common part can be taken off without any effect.
    """

    name: str
    build: Callable[[int, int], Any]
    parameters: Callable[[Sequence[ItemT]], Mapping[str, FloatArray]]
    structure: Callable[[ItemT], int] = lambda _item: 0
    base: Callable[[int], int] = lambda structure: structure
    """The structure whose build has all of a structure but the rows of its ``pieces``."""
    pieces: Callable[[int], tuple[Piece, ...]] = lambda _structure: ()
    """Rows with many variants, compiled by themselves: n and m of them instead of n * m prototypes."""
    balance_sign: float = 1.0
    """How readouts enter the balances: those of the grid point enter against the members'."""
    balances: tuple[tuple[str, Carrier], ...] = (("power_kw", Carrier.ELECTRICITY),)
    binary: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    kept: Kept | None = None
    """Of stores and what can wait: a plan then tells the prices at which they would act."""
    exclusive: tuple[str, str] | None = None
    netted: tuple[str, str] | None = None
    binding: Mapping[tuple[str, str], BindingRule] = field(default_factory=lambda: MappingProxyType({}))
    """By variable and side (lower, upper), or by constraint and "row"."""
    breaches: Mapping[str, BreachRule] = field(default_factory=lambda: MappingProxyType({}))

    def sign_in(self, carrier: Carrier) -> float:
        """Give the sign with which a readout enters the balance of a carrier."""
        return -self.balance_sign if carrier is Carrier.FEEDER else self.balance_sign


def new_prototype(periods: int, *, scalars: tuple[str, ...] = (), series: tuple[str, ...] = ()) -> Any:
    """Start a prototype with its periods ``T`` and its mutable Params."""
    model = pe.ConcreteModel()
    model.T = pe.RangeSet(0, periods - 1)
    for name in scalars:
        model.add_component(name, pe.Param(mutable=True, initialize=1.0))
    for name in series:
        model.add_component(name, pe.Param(model.T, mutable=True, initialize=1.0))
    return model


def scalars_of(values: Iterable[float]) -> FloatArray:
    """Gather one number of each asset, shape (assets,)."""
    return np.fromiter(values, dtype=np.float64)


def table_of(series: Iterable[FloatArray]) -> FloatArray:
    """Gather one series of each asset, shape (assets, periods)."""
    return np.array(list(series), dtype=np.float64)
