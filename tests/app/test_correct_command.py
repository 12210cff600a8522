"""The planner's commands as a person types them."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from energy.__main__ import app
from energy.app.data_folder import LEDGER, REQUESTS
from energy.canonical import plain
from energy.controller.corrections import OPEN_PER_ASSET_MAX, Corrections
from energy.domain import Authority, Request, Rung, Status
from energy.errors import StoreUnavailable
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.writer import Ledger
from energy.mailbox import MailboxReader
from energy.region.loader import load_region
from tests.historian.test_judging import ANSWER

T0 = datetime(2020, 6, 2, 10, tzinfo=UTC)
INTERVAL = ("--from", "2020-06-02T12:00Z", "--to", "2020-06-02T18:00Z")


def folder_of(tmp_path: Path) -> Path:
    with SqliteRecord(tmp_path) as record:
        record.write_plan(ANSWER)
        record.write_status(
            Status(
                at=T0,
                rung=Rung.OPTIMAL,
                plan_id=None,
                authority=Authority.AUTOMATIC,
                alarms=(),
                simulated=True,
                speed=0.0,
                tick_ms=1.0,
            )
        )
    return tmp_path


def _posted(reader: MailboxReader, done: int) -> Sequence[tuple[int, Request]]:
    try:
        return reader.requests_after(done)
    except StoreUnavailable:  # it is just being made
        return ()


@contextmanager
def answering(folder: Path) -> Iterator[None]:
    """Answer requests as a controller does, in a thread of its own."""
    stop, begun = threading.Event(), threading.Event()

    def answer() -> None:
        region, desk, done = load_region("musterstadt"), Corrections(), 0
        with Ledger(folder / LEDGER) as ledger, MailboxReader(folder / REQUESTS) as reader:
            begun.set()
            while not stop.is_set():
                for number, request in _posted(reader, done):
                    done, text = number, desk.take(region, request, T0).text
                    ledger.append(
                        "request", T0, {"sequence": number, "request": plain(request), "answer": text}
                    )
                    ledger.append("tick", T0, {"corrections": [plain(item) for item in desk.open_at(T0)]})
                time.sleep(0.05)

    thread = threading.Thread(target=answer)
    thread.start()
    assert begun.wait(60.0)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def said(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def test_a_correction_is_made_listed_and_withdrawn(tmp_path: Path) -> None:
    place = ("--data", str(folder_of(tmp_path)))
    with answering(tmp_path):
        made = said(
            "correct", "musterstadt", "load", *INTERVAL, "--factor", "0.8", "--reason", "Fest", *place
        )
        assert "taken" in made
        listed = json.loads(said("correct", "musterstadt", "--list", "--json", *place))["corrections"]
        assert [item["correction"]["factor"] for item in listed] == [0.8]
        number = listed[0]["request_id"][:8]
        assert number in made
        assert number in said("correct", "musterstadt", "--list", *place)
        refused = said(
            *("correct", "musterstadt", "battery", *INTERVAL, "--offset-kw", "5", "--reason", "x", *place),
            code=2,
        )
        assert "not forecast" in refused
        assert "use one that is forecast: " in refused
        later = said("correct", "musterstadt", "load", *INTERVAL, "--offset-kw", "5", "--reason", "x", *place)
        numbers = [line.split()[0] for line in said("correct", "musterstadt", "--list", *place).splitlines()]
        assert f"covered by {numbers[1]}" in said("correct", "musterstadt", "--list", *place).splitlines()[0]
        assert numbers[1] in later
        said("correct", "musterstadt", "--withdraw", numbers[1], *place)
        assert "withdrawn" in said("correct", "musterstadt", "--withdraw", number, *place)
        assert "no correction" in said("correct", "musterstadt", "--list", *place)
        assert "no correction is open" in said("correct", "musterstadt", "--withdraw", number, *place, code=2)


def test_programs_get_the_answer_as_json_and_a_refusal_ends_with_two(tmp_path: Path) -> None:
    words = ("correct", "musterstadt", "load", *INTERVAL, "--reason", "x", "--data", str(folder_of(tmp_path)))
    with answering(tmp_path):
        made = json.loads(said(*words, "--factor", "0.8", "--json"))
        assert (made["is_refused"], made["asset_id"]) == (False, "load")
        for _ in range(OPEN_PER_ASSET_MAX - 1):
            said(*words, "--factor", "0.8")
        result = CliRunner().invoke(app, [*words, "--factor", "0.8", "--json"])
        assert (result.exit_code, json.loads(result.stdout)["is_refused"]) == (2, True)
        back = ("correct", "musterstadt", "--withdraw", made["request_id"], *words[-2:])
        assert json.loads(said(*back, "--json"))["answer"] == "withdrawn"


def test_what_an_asset_cannot_do_is_refused_with_what_it_can(tmp_path: Path) -> None:
    words = (*INTERVAL, "--reason", "x", "--data", str(folder_of(tmp_path)))
    assert "pv_park can be 7500 kW" in said(
        "correct", "musterstadt", "pv_park", "--offset-kw", "-99999", *words, code=2
    )
    assert "no such asset" in said("correct", "musterstadt", "nobody", "--factor", "0.8", *words, code=2)
    assert "with a point: 0.8" in said("correct", "musterstadt", "load", "--factor", "0,8", *words, code=2)
    short = ("--from", "2020-06-02T12:01Z", "--to", "2020-06-02T12:14Z", *words[4:])
    assert "no quarter hour" in said("correct", "musterstadt", "load", "--factor", "0.8", *short, code=2)


def test_what_is_missing_or_cannot_be_meant_is_told_at_once(tmp_path: Path) -> None:
    place = ("--data", str(folder_of(tmp_path)))
    missing = said("correct", "musterstadt", "load", "--factor", "0.8", *place, code=2)
    assert all(option in missing for option in ("--from", "--to", "--reason"))
    wrong = said(
        "correct", "musterstadt", "load", *INTERVAL, "--factor", "9", "--reason", " ", *place, code=2
    )
    assert "factor" in wrong
    assert "reason" in wrong
    nowhere = ("--data", str(tmp_path / "nowhere"))
    said("correct", "musterstadt", "load", *INTERVAL, "--factor", "1", "--reason", "x", *nowhere, code=1)


def test_the_leaderboard_is_printed_and_given_to_programs(tmp_path: Path) -> None:
    place = ("--data", str(folder_of(tmp_path)))
    assert "learned" in said("leaderboard", "musterstadt", *place)
    board = json.loads(said("leaderboard", "musterstadt", "--asset", "load", "--days", "7", "--json", *place))
    (row,) = board["rows"]
    assert (row["lead"], row["n"], row["cost_eur_per_day"]) == ("day_ahead", 96, None)
    assert timedelta(days=board["days"]) == timedelta(days=7)
    assert "no day has been scored" in said("leaderboard", "musterstadt", "--asset", "hydro", *place)
    said("leaderboard", "musterstadt", "--days", "8", *place, code=2)
    said("leaderboard", "musterstadt", "--asset", "nobody", *place, code=2)
