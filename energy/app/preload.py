"""How far a region's shipped history reaches, and whether that is enough."""

from datetime import datetime

from energy.errors import BadInput, Fault
from energy.periods import format_utc
from energy.region.history import RegionHistory
from energy.region.model import Region


def span_of(region: Region, history: RegionHistory) -> tuple[datetime, datetime]:
    """Give the first and the past-the-end moment that all series hold; the prices always exist."""
    spans = [history.magnitude_kw(asset.id) for asset in region.members if history.has(asset.id)]
    spans.append(history.price_eur_per_mwh())
    return max(series.start for series in spans), min(series.end for series in spans)


def require_history(region: Region, history: RegionHistory, *, start: datetime, end: datetime) -> None:
    """Check before anything runs that the measured past reaches over all of it.

    Raises:
        BadInput: it does not.
    """
    first, last = span_of(region, history)
    if first <= start < end <= last:
        return
    raise BadInput(
        [
            Fault(
                file=str(region.folder / "history"),
                line=None,
                place="--start, --days",
                value=f"{format_utc(start)} to {format_utc(end)}",
                limit=f"the history reaches from {format_utc(first)} to {format_utc(last)}",
                mend="choose --start and --days inside it",
            )
        ]
    )
