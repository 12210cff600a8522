"""What a search for a plan has proven, beside what was asked of it."""

import math
from collections.abc import Iterator

from energy.optimize.highs.instance import GAP_NOISE

MISSED = "plan_gap_missed"
FAR_MISSED = "plan_gap_far_missed"
UNPROVEN = "plan_unproven"
FAR_TIMES = 10.0
"""So many times the gap asked for is far, for nobody's rounding ends there: of 32 plannings of the shipped
regions the worst ended at 2.6 times theirs (docs/optimisation.md)."""
GAP_USUAL = 1e-3
"""The gap that regions ask for where they say nothing: who asks for less is not far off sooner."""
STEPS_PER_FRACTION = 1e5
"""Proven gaps are told in thousandths of a percent."""


def notes_on_gap(proven: float | None, *, wanted: float) -> Iterator[str]:
    """Say where a plan is proven less near to the best than was asked for; nothing where it is near enough.

    Args:
        proven: relative gap that the search has proven, None where it has proven nothing.
        wanted: relative gap at which it was free to end.

    >>> list(notes_on_gap(0.0012, wanted=0.001))
    ['plan_gap_missed: proven 0.120 %, wanted 0.1 %']
    """
    wanted_words = f"wanted {100.0 * wanted:g} %"
    if proven is None:
        yield f"{UNPROVEN}: no distance from the best is proven, {wanted_words}"
    elif proven > wanted + GAP_NOISE:
        far = proven > FAR_TIMES * max(wanted, GAP_USUAL)
        # Rounded up: what is told to be proven must be proven.
        percent = 100.0 * math.ceil(proven * STEPS_PER_FRACTION) / STEPS_PER_FRACTION
        yield f"{FAR_MISSED if far else MISSED}: proven {percent:.3f} %, {wanted_words}"
