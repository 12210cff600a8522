"""The mailbox: what people ask reaches the controller once, whole and in order."""

import dataclasses
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from energy.canonical import canonical_bytes
from energy.domain import Request, RequestKind
from energy.errors import BadInput, RecordBroken
from energy.mailbox import REQUESTS_PER_TAKE_MAX, Mailbox, MailboxReader

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
SET = Request(
    request_id="r1",
    kind=RequestKind.SET,
    asset_id="battery",
    power_kw=-250.0,
    actor="Leitstand Nord",
    reason="Prüfung der Schaltanlage",
    made_at=T0,
    until=T0 + timedelta(hours=2),
)


def test_requests_are_taken_in_order_and_once(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    release = dataclasses.replace(SET, request_id="r2", kind=RequestKind.RELEASE, power_kw=None, until=None)
    with MailboxReader(path) as reader:
        assert reader.requests_after(0) == []
        with Mailbox(path) as box:
            numbers = [box.post(SET), box.post(release)]
            assert reader.requests_after(0) == list(zip(numbers, [SET, release], strict=True))
            assert reader.requests_after(numbers[0]) == [(numbers[1], release)]
            assert reader.requests_after(numbers[1]) == []


def test_posting_again_is_harmless_but_an_id_is_taken_once(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "requests.sqlite") as box:
        assert box.post(SET) == box.post(SET)
        with pytest.raises(BadInput, match="another request has it"):
            box.post(dataclasses.replace(SET, power_kw=1.0))
        assert box.post(dataclasses.replace(SET, request_id="r2")) > box.post(SET)


def test_one_take_is_bounded_and_the_rest_follows(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    count = REQUESTS_PER_TAKE_MAX + 3
    with Mailbox(path) as box, MailboxReader(path) as reader:
        for number in range(count):
            box.post(dataclasses.replace(SET, request_id=f"r{number}"))
        first = reader.requests_after(0)
        rest = reader.requests_after(first[-1][0])
    assert [request.request_id for _, request in (*first, *rest)] == [f"r{n}" for n in range(count)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"request_id": ""}, "request_id"),
        ({"actor": "  "}, "actor"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "\ud800"}, "reason"),
        ({"asset_id": "../etc"}, "asset_id"),
        ({"power_kw": float("nan")}, "power_kw"),
        ({"power_kw": float("inf")}, "power_kw"),
        ({"power_kw": 1e9}, "power_kw"),
        ({"power_kw": None}, "power_kw"),
        ({"kind": RequestKind.RELEASE}, "power_kw"),
        ({"until": None}, "until"),
        ({"until": T0}, "until"),
        ({"until": T0 + timedelta(hours=24, seconds=1)}, "until"),
        ({"made_at": T0.replace(tzinfo=None)}, "until"),
    ],
)
def test_a_wrong_request_is_refused_with_its_fault(
    tmp_path: Path, change: dict[str, Any], place: str
) -> None:
    path = tmp_path / "requests.sqlite"
    with Mailbox(path) as box, pytest.raises(BadInput) as caught:
        box.post(dataclasses.replace(SET, **change))
    assert place in {fault.place for fault in caught.value.faults}
    with MailboxReader(path) as reader:
        assert reader.requests_after(0) == []


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    wrong = dataclasses.replace(SET, actor="", reason="", power_kw=None, until=None)
    with Mailbox(tmp_path / "requests.sqlite") as box, pytest.raises(BadInput) as caught:
        box.post(wrong)
    assert [fault.place for fault in caught.value.faults] == ["actor", "reason", "power_kw", "until"]


def test_a_damaged_file_is_told_as_broken(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    path.write_bytes(b"no mailbox" * 1000)
    with MailboxReader(path) as reader, pytest.raises(RecordBroken, match=r"requests\.sqlite"):
        reader.requests_after(0)


def smuggle(path: Path, *bodies: bytes) -> None:
    """Write rows past the mailbox, as a foreign or broken program would."""
    with closing(sqlite3.connect(path)) as file, file:
        for body in bodies:
            file.execute("INSERT INTO request (request_id, body) VALUES (?, ?)", (uuid4().hex, body))


def test_what_is_no_request_is_told_once_and_holds_up_nothing(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    later = dataclasses.replace(SET, request_id="r2")
    never = dataclasses.replace(SET, request_id="r3", until=T0 + timedelta(days=400))
    bad = [b"{", b"\xff", b"[" * 100_000, b"{}", canonical_bytes(never)]
    with Mailbox(path) as box, MailboxReader(path) as reader, capture_logs() as logs:
        first = box.post(SET)
        smuggle(path, *bad)
        last = box.post(later)
        smuggle(path, *bad * (REQUESTS_PER_TAKE_MAX // 2))
        assert reader.requests_after(0) == [(first, SET), (last, later)]
        for _ in range(3):
            assert reader.requests_after(last) == []
        new = box.post(dataclasses.replace(SET, request_id="r4"))
        assert [number for number, _ in reader.requests_after(last)] == [new]
    assert {entry["event"] for entry in logs} == {"request_unreadable"}
    told = [entry["sequence"] for entry in logs]
    assert len(told) == len(set(told)) == len(bad) * (1 + REQUESTS_PER_TAKE_MAX // 2)


def test_a_file_made_anew_goes_on_above_the_numbers_used(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    with MailboxReader(path) as reader:
        with Mailbox(path) as box:
            for number in range(50):
                box.post(dataclasses.replace(SET, request_id=f"r{number}"))
        taken = reader.requests_after(0)[-1][0]
        for file in tmp_path.iterdir():
            file.unlink()
        assert reader.requests_after(taken) == []
        again = dataclasses.replace(SET, request_id="r1", made_at=T0 + timedelta(seconds=1))
        with Mailbox(path) as box:
            box.post(again)
        assert [request for _, request in reader.requests_after(taken)] == [again]


CHILD = """
import dataclasses, sys
from pathlib import Path
from datetime import UTC, datetime, timedelta
from energy.domain import Request, RequestKind
from energy.mailbox import Mailbox
name, at = sys.argv[2], datetime(2020, 6, 1, tzinfo=UTC)
with Mailbox(Path(sys.argv[1])) as box:
    for number in range(20):
        box.post(Request(request_id=f"{name}{number}", kind=RequestKind.HOLD, asset_id="pv", power_kw=None,
            actor=name, reason="test", made_at=at, until=at + timedelta(hours=1)))
"""


def test_several_processes_may_post_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    children = [subprocess.Popen([sys.executable, "-c", CHILD, str(path), name]) for name in "abc"]
    assert [child.wait() for child in children] == [0, 0, 0]
    with MailboxReader(path) as reader:
        assert len(reader.requests_after(0)) == 60
