"""A correction of a forecast is refused where it cannot be meant."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.canonical import canonical_bytes, decode, parse
from energy.correction import Correction
from energy.domain import Request, RequestKind
from energy.errors import BadInput
from energy.mailbox import Mailbox, MailboxReader

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
GIVEN = Correction(start=T0 + timedelta(hours=2), end=T0 + timedelta(hours=8), factor=0.8)
CORRECT = Request(
    request_id="c1",
    kind=RequestKind.CORRECT,
    asset_id="load",
    power_kw=None,
    actor="Leitstand Nord",
    reason="Schützenfest",
    made_at=T0,
    until=GIVEN.end,
    correction=GIVEN,
)
WITHDRAW = dataclasses.replace(
    CORRECT, request_id="w1", kind=RequestKind.WITHDRAW, until=None, correction=None, withdraws="c1"
)


def test_correction_and_withdrawal_pass_the_mailbox_as_they_were(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "requests.sqlite") as box:
        numbers = [box.post(CORRECT), box.post(WITHDRAW)]
    with MailboxReader(tmp_path / "requests.sqlite") as reader:
        assert reader.requests_after(0) == list(zip(numbers, [CORRECT, WITHDRAW], strict=True))


def test_a_request_of_before_forecasts_could_be_corrected_is_still_read() -> None:
    body = parse(canonical_bytes(dataclasses.replace(WITHDRAW, kind=RequestKind.RELEASE, withdraws=None)))
    del body["correction"], body["withdraws"]
    assert decode(Request, body).correction is None


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"factor": 5.1}, "factor"),
        ({"factor": -0.1}, "factor"),
        ({"factor": float("nan")}, "factor"),
        ({"factor": None}, "factor"),
        ({"offset_kw": 10.0}, "factor"),
        ({"factor": None, "offset_kw": float("inf")}, "offset_kw"),
        ({"factor": None, "offset_kw": 1e9}, "offset_kw"),
        ({"end": GIVEN.start}, "start, end"),
        ({"end": GIVEN.start + timedelta(days=15)}, "start, end"),
        ({"start": T0 - timedelta(hours=9), "end": T0}, "end"),
        ({"start": T0 + timedelta(days=30), "end": T0 + timedelta(days=32)}, "end"),
        ({"start": datetime(2020, 6, 1)}, "start"),  # noqa: DTZ001 - on purpose
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, change: dict[str, Any], place: str) -> None:
    wrong = dataclasses.replace(GIVEN, **change)
    request = dataclasses.replace(CORRECT, correction=wrong, until=max(T0 + timedelta(hours=1), T0))
    with Mailbox(tmp_path / "requests.sqlite") as box, pytest.raises(BadInput) as caught:
        box.post(request)
    assert place in {fault.place for fault in caught.value.faults}


@pytest.mark.parametrize("until", [None, T0, GIVEN.end + timedelta(seconds=1)])
def test_a_correction_ends_by_itself_no_later_than_its_interval(
    tmp_path: Path, until: datetime | None
) -> None:
    with Mailbox(tmp_path / "requests.sqlite") as box, pytest.raises(BadInput, match="until"):
        box.post(dataclasses.replace(CORRECT, until=until))


def test_all_faults_are_named_at_once_and_a_withdrawal_names_a_correction(tmp_path: Path) -> None:
    wrong = dataclasses.replace(GIVEN, factor=9.0, end=GIVEN.start)
    with Mailbox(tmp_path / "requests.sqlite") as box:
        with pytest.raises(BadInput) as caught:
            box.post(dataclasses.replace(CORRECT, correction=wrong, actor=" "))
        assert {"factor", "start, end", "actor"} <= {fault.place for fault in caught.value.faults}
        with pytest.raises(BadInput, match="withdraws"):
            box.post(dataclasses.replace(WITHDRAW, withdraws=None))
        with pytest.raises(BadInput, match="correction"):
            box.post(dataclasses.replace(CORRECT, correction=None))
