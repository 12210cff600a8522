"""How well a local day was measured, as all stores tell it."""

from datetime import date

from energy.domain import Quality
from energy.historian.instants import MS_PER_S
from energy.historian.limits import query_fault
from energy.historian.roll_ups import QualityRow
from energy.historian.schema import QUALITIES
from energy.ports import DayQuality


def days_asked(first: date, last: date, *, most: int) -> range:
    """Give the ordinals of the days [first, last].

    Raises:
        BadInput: there are more than ``most``.
    """
    days = range(first.toordinal(), last.toordinal() + 1)
    if len(days) > most:
        raise query_fault(
            "first, last",
            value=f"{len(days)} days",
            limit=f"at most {most} days a query",
            mend="ask for fewer days",
        )
    return days


def told(row: QualityRow, day: int, length_ms: int) -> DayQuality:
    """Give the quality of the day of an ordinal, of which ``length_ms`` have passed."""
    return DayQuality(
        day=date.fromordinal(day),
        length_s=length_ms / MS_PER_S,
        covered_s=row.covered_ms / MS_PER_S,
        samples={Quality(name): count for name, count in zip(QUALITIES, row.counts, strict=True)},
        gaps=row.gaps,
        longest_gap_s=row.longest_gap_ms / MS_PER_S,
    )
