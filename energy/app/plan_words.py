"""A plan from files in words: what it costs by part, what could not be kept, what was unknown."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from energy.optimize.cost import BILLED, WISHES

CENTS_PER_EUR = 100.0


def shown_eur(result: Mapping[str, Any]) -> dict[str, float]:
    """Give the parts in whole cents that add up to the whole in whole cents; those of 0 are left out.

    Each is rounded down, and what is then missing goes, a cent each, to those that lost most (largest
    remainder): no part is off by a cent or more.
    """
    exact = {name: CENTS_PER_EUR * eur for name, eur in result["objective_parts_eur"].items()}
    cents = {name: math.floor(value) for name, value in exact.items()}
    missing = round(sum(exact.values())) - sum(cents.values())
    for name in sorted(exact, key=lambda name: cents[name] - exact[name])[:missing]:
        cents[name] += 1
    return {name: count / CENTS_PER_EUR for name, count in cents.items() if count}


def plan_in_words(result: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines under a plan's cost; ``result`` is the plan as plain JSON values."""
    parts = shown_eur(result)
    yield f"{result['status']}: {sum(parts.values()):,.2f} EUR"
    width = max((len(name) for name in parts), default=0)
    for name, eur in parts.items():
        yield f"  {name:{width}} {eur:14,.2f} EUR"
    billed = [name for name in BILLED if name in parts]
    billed_eur, names = sum(parts[name] for name in billed), ", ".join(billed) or "nothing"
    yield f"of it {billed_eur:,.2f} EUR are billed ({names}); the rest values what no bill shows"
    if result["wishes_eur"]:
        wishes_eur = sum(parts.get(name, 0.0) for name in WISHES)
        yield f"of it {wishes_eur:,.2f} EUR are the region's own weights (wish_...)"
    if result["gap"] is not None:
        yield f"no plan costs less by more than {100.0 * result['gap']:.3f} % (proven)"
    for breach in result["breaches"]:
        size = f"{breach['size']:,.2f} {breach['unit']}"
        yield f"not kept: {breach['name']} of {breach['asset_id']} by {size}, {breach['cost_eur']:,.2f} EUR"
    for note in result["notes"]:
        yield f"note: {note}"
