"""What a forger writes into the ledger is named with its file and entry; it never crashes who looks."""

from pathlib import Path
from typing import Any

import pytest

from energy.errors import RecordBroken
from energy.ledger.reader import ledger_reader
from energy.ledger.writer import Ledger
from tests.ledger.sealed_ledger import T0, sealed, tamper

WHOLE = {
    "first": 1,
    "last": 2,
    "previous_hash": "a",
    "last_hash": "b",
    "file_name": "000000000001-000000000002.jsonl.xz",
    "sha256": "c",
}


@pytest.mark.parametrize("kind", ["segment_sealed", "segment_removed"])
@pytest.mark.parametrize(
    "body",
    [{}, {"first": "x"}, {**WHOLE, "first": "1"}, {**WHOLE, "last": None}, {**WHOLE, "file_name": 7}],
)
def test_an_entry_that_tells_nonsense_of_a_segment_is_named(
    tmp_path: Path, kind: str, body: dict[str, Any]
) -> None:
    sealed(tmp_path / "ledger.sqlite")
    with Ledger(tmp_path) as ledger:
        forged = ledger.append(kind, T0, body)
        with pytest.raises(RecordBroken, match=f"entry {forged.sequence}: it says {kind}"):
            ledger.verify()


@pytest.mark.parametrize(
    "blocks",
    [
        "[[0, 4000000000000000000, 1, 6, []]]",
        "[[4000000000000000000, 10, 1, 6, []]]",
        "[[100000000000, 10, 1, 6, []]]",
        "[[-1, 10, 1, 6, []]]",
        "[[0, -1, 1, 6, []]]",
        "[[1e400, 10, 1, 6, []]]",
        "[]",
        "[" * 100_000,
    ],
)
def test_an_index_that_points_nowhere_is_named_and_takes_no_memory(tmp_path: Path, blocks: str) -> None:
    sealed(tmp_path / "ledger.sqlite")
    tamper(tmp_path / "ledger.sqlite", f"UPDATE segment SET blocks = '{blocks}'")  # noqa: S608 - the test's own words
    with ledger_reader(tmp_path) as reader, pytest.raises(RecordBroken, match="entry 1: "):
        reader.verify()


@pytest.mark.parametrize("statement", ["DELETE FROM format", "INSERT INTO format VALUES (7)"])
def test_a_file_that_does_not_say_what_its_hashes_cover_is_named(tmp_path: Path, statement: str) -> None:
    sealed(tmp_path / "ledger.sqlite")
    tamper(tmp_path / "ledger.sqlite", statement)
    with pytest.raises(RecordBroken, match="what its hashes cover"):
        ledger_reader(tmp_path)
