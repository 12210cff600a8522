"""A plan from files in words: what it costs by part, what could not be kept, what was unknown."""

from collections.abc import Iterator, Mapping
from typing import Any

CENT_EUR = 0.005
"""A part below half a cent is not shown."""


def plan_in_words(result: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines under a plan's cost; ``result`` is the plan as plain JSON values."""
    parts = {name: eur for name, eur in result["objective_parts_eur"].items() if abs(eur) >= CENT_EUR}
    width = max((len(name) for name in parts), default=0)
    for name, eur in parts.items():
        yield f"  {name:{width}} {eur:14,.2f} EUR"
    if result["gap"] is not None:
        yield f"no plan costs less by more than {100.0 * result['gap']:.3f} % (proven)"
    for breach in result["breaches"]:
        size = f"{breach['size']:,.2f} {breach['unit']}"
        yield f"not kept: {breach['name']} of {breach['asset_id']} by {size}, {breach['cost_eur']:,.2f} EUR"
    for note in result["notes"]:
        yield f"note: {note}"
