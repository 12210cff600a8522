"""What an import says of the file it was given: what counts, what does not and why, what was decided how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from energy.errors import Fault
from energy.periods import format_utc

REJECTED_SHOWN = 20
"""Rejected lines that a report shows; all are counted, and --rejected writes them all."""
LISTED_MAX = 20
"""Gaps and days that a report lists; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A line that does not count, as it stands in the file, with its fault."""

    line: int
    text: str
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class OddDay:
    """A local day whose number of quarter hours is not what its calendar says."""

    day: date
    quarter_hours: int
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found; counts are of lines of the file unless their name says otherwise."""

    file: str
    decided: Mapping[str, str]
    """What of the layout was told or found, and from where."""
    lines: int
    accepted: int
    without_value: int
    """Lines that are empty or marked as missing: they stay missing."""
    periods: int
    start: datetime | None
    end: datetime | None
    by_status: Mapping[str, int]
    rejected: Sequence[Rejected]
    duplicates_same: int
    duplicates_contradicting: int
    gaps: Sequence[tuple[datetime, datetime]]
    odd_days: Sequence[OddDay]
    footer_lines: int
    notes: Sequence[str] = ()
    already_recorded: int = 0
    already_recorded_differing: int = 0
    taken: int | None = None
    """Quarter hours that stand in the record as the file has them; None in a dry run."""
    rejected_file: str | None = None
    """Where all rejected lines were written; None where none was rejected, and in a dry run."""


def report_json(report: Report) -> dict[str, object]:
    """Give the report as plain values."""
    return {
        "file": report.file,
        "decided": dict(report.decided),
        "lines": report.lines,
        "accepted": report.accepted,
        "without_value": report.without_value,
        "quarter_hours": report.periods,
        "start": None if report.start is None else format_utc(report.start),
        "end": None if report.end is None else format_utc(report.end),
        "by_status": dict(report.by_status),
        "rejected": len(report.rejected),
        "rejected_file": report.rejected_file,
        "rejected_first": [
            {
                "line": item.line,
                "value": str(item.fault.value),
                "limit": item.fault.limit,
                "mend": item.fault.mend,
            }
            for item in report.rejected[:REJECTED_SHOWN]
        ],
        "duplicates_same": report.duplicates_same,
        "duplicates_contradicting": report.duplicates_contradicting,
        "gaps": [
            {"start": format_utc(start), "end": format_utc(end)} for start, end in report.gaps[:LISTED_MAX]
        ],
        "gaps_count": len(report.gaps),
        "odd_days": [
            {"day": odd.day.isoformat(), "quarter_hours": odd.quarter_hours, "expected": odd.expected}
            for odd in report.odd_days[:LISTED_MAX]
        ],
        "odd_days_count": len(report.odd_days),
        "footer_lines": report.footer_lines,
        "notes": list(report.notes),
        "already_recorded": report.already_recorded,
        "already_recorded_differing": report.already_recorded_differing,
        "taken": report.taken,
    }


def report_lines(report: Report) -> list[str]:
    """Give the report as lines for people."""
    span = (
        ""
        if report.start is None or report.end is None
        else f"{format_utc(report.start)} to {format_utc(report.end)}"
    )
    status = ", ".join(f"{count} {name}" for name, count in report.by_status.items())
    lines = [
        (
            f"{report.file}: {report.lines} lines of values, {report.accepted} accepted, "
            f"{len(report.rejected)} rejected"
        ),
        f"  {report.periods} quarter hours {span}".rstrip(),
        *(f"  {name}: {how}" for name, how in report.decided.items()),
        *([f"  status: {status}"] if status else []),
        (
            f"  duplicates: {report.duplicates_same} with the same value, "
            f"{report.duplicates_contradicting} contradicting"
        ),
        f"  gaps: {len(report.gaps)}",
        *(f"    {format_utc(start)} to {format_utc(end)}" for start, end in report.gaps[:LISTED_MAX]),
        f"  days with a wrong number of quarter hours: {len(report.odd_days)}",
        *(
            f"    {odd.day}: {odd.quarter_hours}, expected {odd.expected}"
            for odd in report.odd_days[:LISTED_MAX]
        ),
        (
            f"  in the record already: {report.already_recorded}, "
            f"{report.already_recorded_differing} with another value"
        ),
        *(f"  note: {note}" for note in report.notes),
        *(f"  {item.fault}" for item in report.rejected[:REJECTED_SHOWN]),
    ]
    if len(report.rejected) > REJECTED_SHOWN:
        lines.append(f"  ... and {len(report.rejected) - REJECTED_SHOWN} more rejected")
    if report.rejected_file is not None:
        lines.append(f"  all rejected lines, each with its fault: {report.rejected_file}")
    elif report.rejected:
        lines.append("  without --dry-run, all rejected lines are written to a file")
    taken = (
        "nothing written (dry run)"
        if report.taken is None
        else f"{report.taken} quarter hours stand in the record"
    )
    return [*lines, taken]
