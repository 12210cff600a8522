"""What the ledger proves of point-to-point tests: where each asset stands, and what a test has written."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from energy.canonical import decode, plain
from energy.commissioning import KIND, KIND_BEGUN, PastTest, Standing, is_beyond, past_test_of, standing_of
from energy.controller.memory import KINDS, Memory
from energy.devices.fingerprint import fingerprint
from energy.devices.register_map import RegisterMap
from energy.domain import Limit
from energy.ledger.reader import LedgerReader
from energy.region.model import Region


def begun_body(
    asset_id: str, digest: str, sent_kw: Sequence[float], limit: Limit | None
) -> Mapping[str, Any]:
    """Give the entry that says what a test is about to write, and which limit it found and keeps."""
    return {
        "asset_id": asset_id,
        "fingerprint": digest,
        "sent_kw": list(sent_kw),
        "limit": None if limit is None else plain(limit),
    }


def standings(region: Region, maps: Mapping[str, RegisterMap], ledger: LedgerReader) -> dict[str, Standing]:
    """Tell where every asset stands, by its id.

    Raises:
        RecordBroken: a protocol cannot be read.
    """
    tests: dict[str, list[PastTest]] = {}
    for entry in ledger.lasting(KIND):
        test = past_test_of(entry.body)
        tests.setdefault(test.asset_id, []).append(test)
    return {
        asset.id: standing_of(
            tests.get(asset.id, ()),
            asset_id=asset.id,
            fingerprint=fingerprint(asset, maps[asset.device.profile]),
        )
        for asset in region.assets
    }


def uncommissioned(region: Region, maps: Mapping[str, RegisterMap], ledger: LedgerReader) -> tuple[str, ...]:
    """Give the assets whose authority goes further than what their tests prove: they are only observed.

    Assets that take no command are not among them: nothing is ever written to those.
    """
    standing = standings(region, maps, ledger)
    return tuple(
        asset.id
        for asset in region.assets
        if asset.dispatch_point is not None
        and is_beyond(region.authority_of(asset), standing[asset.id].authority_max)
    )


def with_tests(memory: Memory, ledger: LedgerReader) -> Memory:
    """Add what tests wrote, or may have written, and which limits they found, since a controller last sent.

    Without it a value that a test left on a device would look like somebody else's limit.
    """
    known = [entry.sequence for kind in KINDS if (entry := ledger.last(kind)) is not None]
    sent = dict(memory.sent_kw)
    limits = {limit.target_id: limit for limit in memory.limits}
    for entry in ledger.lasting(KIND_BEGUN, after=max(known, default=0)):
        body = entry.body
        asset_id = str(body["asset_id"])
        values_kw = (*sent.get(asset_id, ()), *(float(value) for value in body["sent_kw"]))
        sent[asset_id] = tuple(dict.fromkeys(values_kw))
        if body["limit"] is not None:
            limits[asset_id] = decode(Limit, body["limit"])
    return dataclasses.replace(memory, sent_kw=sent, limits=tuple(limits.values()))
