"""Which corrections of forecasts are open, as the ledger's last entry of the loop says."""

from collections.abc import Mapping, Sequence
from typing import Any

from energy.canonical import decode
from energy.domain import Request
from energy.ledger.reader import LedgerReader

LOOP_KINDS = ("tick", "hand_back")


def corrections_in(body: Mapping[str, Any]) -> tuple[Request, ...]:
    """Read them from an entry's body; ticks of before forecasts could be corrected have none.

    Raises:
        RecordBroken: the body cannot be understood.
    """
    return tuple(decode(Request, item) for item in body.get("corrections", ()))


def open_corrections(ledger: LedgerReader) -> tuple[Request, ...]:
    """Give the corrections that were open when the loop last decided.

    Raises:
        StoreUnavailable: the ledger cannot be read.
        RecordBroken: the entry cannot be understood.
    """
    entries = [entry for kind in LOOP_KINDS if (entry := ledger.last(kind)) is not None]
    last = max(entries, key=lambda entry: entry.sequence, default=None)
    return () if last is None else corrections_in(last.body)


def covering(requests: Sequence[Request]) -> dict[str, str]:
    """Say of each correction that a later one of its asset overlaps by which: that one counts there alone.

    Gives the newest such request's id by the id of the one it covers, wholly or in part. Those made at the
    same moment count in the order in which they were taken.
    """
    found: dict[str, str] = {}
    in_order = sorted(requests, key=lambda item: item.made_at)
    for place, later in enumerate(in_order):
        for earlier in in_order[:place]:
            one, other = earlier.correction, later.correction
            if one is None or other is None or earlier.asset_id != later.asset_id:
                continue
            if one.start < other.end and other.start < one.end:
                found[earlier.request_id] = later.request_id
    return found
