"""A backup is whole, made beside its writers, and restored only when every byte of it is right."""

import json
import shutil
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.app.clock import Stopwatch
from energy.app.data_folder import LOCK, only_controller
from energy.backup.contents import segments_of
from energy.backup.manifest import FILE_NAME, Manifest, read_manifest
from energy.backup.restoring import Restored, restore_backup
from energy.backup.taking import take_backup
from energy.controller.memory import BilledPeak, recall
from energy.domain import Point, Quality, Reading, Request, RequestKind
from energy.errors import BadInput, RecordBroken
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.reader import ledger_reader
from energy.ledger.writer import Ledger
from energy.mailbox import FILE_NAME as REQUESTS
from energy.mailbox import Mailbox, MailboxReader
from energy.region.loader import load_region
from tests.dashboard.day import NOW, prepare
from tests.ledger.sealed_ledger import sealed

WALL = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOWER_MAX = 5.0
"""A commit beside a backup takes at most this many times the one without, on a busy machine."""


def request(number: int, at: datetime = NOW, kind: RequestKind = RequestKind.SET) -> Request:
    return Request(
        request_id=f"r{number}",
        kind=kind,
        asset_id="battery",
        power_kw=100.0 if kind is RequestKind.SET else None,
        actor="A. Beck",
        reason="works at the substation",
        made_at=at,
        until=at + timedelta(hours=2),
    )


def tick_body(sequence: int, overrides: list[Request]) -> dict[str, object]:
    return {
        "input": {"limits": [], "outcomes": []},
        "output": {"decisions": [], "alarms": []},
        "request_sequence": sequence,
        "overrides": overrides,
        "billed_peak": {"period": 2020, "power_kw": 0.0},
        "sent_kw": {"battery": [100.0]},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a day, a taken and an unanswered request."""
    made = tmp_path / "data"
    made.mkdir()
    prepare(made)
    with Mailbox(made / REQUESTS) as mailbox:
        taken = mailbox.post(request(1))
        mailbox.post(request(2))
    with Ledger(made) as ledger:
        ledger.append("tick", NOW, tick_body(taken, [request(1)]))
    return made


def backup(folder: Path, out: Path) -> Manifest:
    region = load_region("musterstadt")
    return take_backup(
        region, folder=folder, out=out, made_at=WALL, watch=Stopwatch(), progress=lambda _done, _total: None
    )


def restore(backup_folder: Path, folder: Path, region_id: str | None = None) -> Restored:
    return restore_backup(
        backup_folder,
        folder=folder,
        gives_way=(LOCK,),
        region_id=region_id,
        wall_at=WALL,
        progress=lambda _done, _total: None,
    )


def answers(reader: SqliteReader) -> list[object]:
    """What a person asks: the present, the plan, its forecasts, a morning, prices, events."""
    start, end = NOW - timedelta(hours=6), NOW
    means = reader.means("load", Point.POWER_KW, start=start, end=end, known_at=end)
    plan = reader.plan_at(NOW)
    assert plan is not None
    return [
        reader.latest(),
        reader.latest_outcomes(),
        reader.status(),
        means.value.tolist(),
        plan.plan_id,
        [item.quantiles_kw.tolist() for item in reader.forecasts_at(NOW)],
        reader.published_prices(start=start, end=end, known_at=end).tolist(),
        reader.recent_events(100),
    ]


def test_a_restored_folder_answers_every_question_as_before(folder: Path, tmp_path: Path) -> None:
    manifest = backup(folder, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new")
    with open_reader(folder) as before, open_reader(tmp_path / "new") as after:
        assert repr(answers(before)) == repr(answers(after))
    with ledger_reader(tmp_path / "new") as ledger:
        ledger.verify(head=manifest.ledger.hash)
        assert ledger.recent(1)[0].kind == "restored"


def test_what_was_open_before_a_backup_is_not_in_force_after_it(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup")
    restored = restore(tmp_path / "backup", tmp_path / "new")
    assert [item.request_id for item in restored.dropped] == ["r1", "r2"]
    peak = BilledPeak(period=2020, power_kw=0.0)
    with Ledger(tmp_path / "new") as ledger, MailboxReader(tmp_path / "new" / REQUESTS) as mailbox:
        memory = recall(ledger, billed_peak=peak, power_kw_max=1e6)
        assert memory.overrides == ()
        assert memory.sent_kw == {"battery": (100.0,)}
        assert mailbox.requests_after(memory.request_sequence) == []
        with Mailbox(tmp_path / "new" / REQUESTS) as asking:
            number = asking.post(request(3))
        assert number > memory.request_sequence
        assert [item.request_id for _, item in mailbox.requests_after(memory.request_sequence)] == ["r3"]
        ledger.append("tick", NOW, tick_body(number, [request(3)]))
        assert recall(ledger, billed_peak=peak, power_kw_max=1e6).overrides == (request(3),)


def test_a_backup_beside_a_busy_writer_is_one_moment_of_it(folder: Path, tmp_path: Path) -> None:
    written: list[str] = []
    stop = threading.Event()

    def write() -> None:
        with Ledger(folder) as ledger:
            while not stop.is_set():
                written.append(ledger.append("note", NOW, {"number": len(written)}).hash)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifests = [backup(folder, tmp_path / f"b{number}") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    assert manifests[0].ledger.count < manifests[2].ledger.count
    for number, manifest in enumerate(manifests):
        with ledger_reader(tmp_path / f"b{number}") as copy:
            copy.verify(head=manifest.ledger.hash)
    with ledger_reader(folder) as ledger:
        for manifest in manifests:
            ledger.verify(head=manifest.ledger.hash)


def test_a_backup_does_not_hold_the_writer_up(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    at = NOW

    def commits(record: SqliteRecord, number: int) -> list[float]:
        nonlocal at
        seconds = []
        for _ in range(number):
            at += timedelta(seconds=5)
            readings = [
                Reading(
                    asset_id=f"a{place}",
                    point=Point.POWER_KW,
                    value=float(place),
                    quality=Quality.GOOD,
                    measured_at=at,
                )
                for place in range(100)
            ]
            begun = time.perf_counter()
            record.write_readings(readings)
            record.commit()
            seconds.append(time.perf_counter() - begun)
        return seconds

    with Ledger(_made(folder)), SqliteRecord(folder) as record:
        commits(record, 400)
        alone = commits(record, 50)
        done = threading.Event()

        def copy() -> None:
            for number in range(3):
                backup(folder, tmp_path / f"b{number}")
            done.set()

        copying = threading.Thread(target=copy)
        copying.start()
        beside: list[float] = []
        while not done.is_set():
            beside += commits(record, 5)
        copying.join()
    assert len(beside) >= 5
    assert statistics.median(beside) < SLOWER_MAX * statistics.median(alone)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_backup_is_refused_where_it_would_be_lost_or_would_destroy(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup")
    before = read_manifest(tmp_path / "backup")
    for out, says in (
        (tmp_path / "backup", "something lies there"),
        (folder / "backup", "in the data folder"),
        (tmp_path, "around it"),
    ):
        with pytest.raises(BadInput, match=says):
            backup(folder, out)
    with pytest.raises(BadInput, match="no record"):
        backup(tmp_path / "empty", tmp_path / "other")
    assert read_manifest(tmp_path / "backup") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


def test_a_damaged_source_leaves_no_backup(folder: Path, tmp_path: Path) -> None:
    path = folder / "telemetry.sqlite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\x55" * (len(content) - len(content) // 2)
    path.write_bytes(content)
    with pytest.raises(RecordBroken, match="damaged"):
        backup(folder, tmp_path / "backup")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data"]


def test_sealed_segments_come_along_and_the_chain_goes_on_through_them(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    sealed(folder)
    with Ledger(folder) as ledger:
        ledger.append("tick", NOW, tick_body(0, []))
    with SqliteRecord(folder):
        pass
    (folder / "ledger" / "being_made.partial").write_bytes(b"half")
    segments = segments_of(folder)
    assert segments
    manifest = backup(folder, tmp_path / "backup")
    assert {name for name in manifest.files if name.startswith("ledger/")} == set(segments)
    restore(tmp_path / "backup", tmp_path / "new")
    for name in segments:
        assert (tmp_path / "new" / name).read_bytes() == (folder / name).read_bytes()
    with ledger_reader(tmp_path / "new") as ledger:
        ledger.verify(head=manifest.ledger.hash)
        assert ledger.recent(1)[0].sequence == manifest.ledger.count + 1


def change_byte(folder: Path) -> None:
    path = folder / "telemetry.sqlite"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)


def cut(folder: Path) -> None:
    path = folder / "ledger.sqlite"
    path.write_bytes(path.read_bytes()[:-4096])


def lose(folder: Path) -> None:
    (folder / "ledger.sqlite").unlink()


def lose_manifest(folder: Path) -> None:
    (folder / FILE_NAME).unlink()


def foreign_manifest(folder: Path) -> None:
    (folder / FILE_NAME).write_text('{"name": "some other program"}', encoding="utf-8")


def edited(folder: Path, change: Callable[[Any], object]) -> None:
    path = folder / FILE_NAME
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def escape(folder: Path) -> None:
    edited(folder, lambda data: data["files"].update({"../evil": data["files"]["ledger.sqlite"]}))


def other_head(folder: Path) -> None:
    edited(folder, lambda data: data["ledger"].update({"hash": "0" * 64}))


def later_schema(folder: Path) -> None:
    edited(folder, lambda data: data["files"]["telemetry.sqlite"].update({"schema_version": 999}))


def no_ledger(folder: Path) -> None:
    edited(folder, lambda data: data["files"].pop("ledger.sqlite"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (change_byte, r"telemetry\.sqlite: backup: its SHA-256 is"),
        (cut, r"ledger\.sqlite: backup: \d+ bytes; the manifest says"),
        (lose, r"ledger\.sqlite: backup: it is missing"),
        (lose_manifest, r"manifest\.json: .*no whole backup"),
        (foreign_manifest, r"manifest\.json: .*no manifest of a backup"),
        (escape, "would leave the folder"),
        (other_head, r"ledger\.sqlite: .*chain"),
        (later_schema, r"telemetry\.sqlite: .*schema version 999"),
        (no_ledger, r"lists no ledger\.sqlite"),
    ],
)
def test_a_backup_that_is_not_whole_is_refused_with_file_and_mend(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], says: str
) -> None:
    backup(folder, tmp_path / "backup")
    spoil(tmp_path / "backup")
    with pytest.raises(BadInput, match=says) as refusal:
        restore(tmp_path / "backup", tmp_path / "new")
    assert "Mend: " in str(refusal.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


def test_a_backup_of_another_region_is_refused_where_one_is_named(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup")
    with pytest.raises(BadInput, match="the record of musterstadt, not of fichtelgebirge"):
        restore(tmp_path / "backup", tmp_path / "new", region_id="fichtelgebirge")


def test_a_folder_with_a_record_or_with_other_things_is_not_touched(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup")
    with pytest.raises(BadInput, match="a record lies there"):
        restore(tmp_path / "backup", folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="something lies there"):
        restore(tmp_path / "backup", tmp_path / "other")
    assert (tmp_path / "other" / "letter.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_holds_nothing_but_the_lock_gives_way(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup")
    with only_controller(tmp_path / "new"):
        restore(tmp_path / "backup", tmp_path / "new")
    with open_reader(tmp_path / "new") as reader:
        assert reader.status() is not None


def test_a_backup_restores_from_a_place_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup")
    shutil.copytree(tmp_path / "backup", tmp_path / "medium")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "medium").iterdir()}
    restore(tmp_path / "medium", tmp_path / "new")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "medium").iterdir()} == before
