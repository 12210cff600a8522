"""The table of faults in docs/devices.md, each row a test: what the operator sees, where the device ends up.

One simulated run with the real controller; a battery under a standing request has each fault in a window of
its own, between two calm stretches.
"""

import re
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
import pytest_asyncio

from energy.app.data_folder import REQUESTS
from energy.app.headless import HeadlessSettings, Run, run_headless
from energy.devices.plant.faults import PLAIN, FaultDetail, FaultKind
from energy.domain import Applied, Outcome, Request, RequestKind
from energy.historian.sqlite_reader import open_reader
from energy.mailbox import Mailbox
from energy.periods import parse_utc
from energy.region.loader import load_region
from tests.closed_loop.ports import free_range
from tests.source_code import ROOT

START = parse_utc("2020-05-18T06:00Z")
ASSET = "battery"
ASKED_KW = 600.0
"""Its magnitude; charging and discharging in turn, so that the battery stays within its limits."""
WINDOW_MIN = 40
BEGINS_MIN, ENDS_MIN = 10, 28
REMOTE_POINT = """
  - name: remote
    table: holding
    address: 60
    type: uint16
    unit: "1"
    sign: as_ours
    access: read
    values: {0: local, 1: remote}
    plausible: {min: 0, max: 1}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault: alarms of which at least one must be seen, and what the device does at the fault's end.

    ``rests`` means its named safe state, 0 kW; ``follows`` what was asked; ``own`` whatever it did by itself.
    """

    kind: FaultKind
    sees: frozenset[str]
    ends: str
    detail: FaultDetail = PLAIN


SILENT = frozenset({"device_silent"})
ROWS = (
    Row(kind=FaultKind.SILENT, sees=SILENT, ends="rests"),
    Row(kind=FaultKind.SLOW, sees=SILENT, ends="rests"),
    Row(kind=FaultKind.RESET, sees=SILENT, ends="rests"),
    Row(kind=FaultKind.EXCEPTION, sees=SILENT, ends="rests"),
    Row(kind=FaultKind.SHORT, sees=SILENT, ends="rests"),
    Row(kind=FaultKind.GARBAGE, sees=frozenset({"reading_implausible"}), ends="rests"),
    Row(
        kind=FaultKind.NOT_A_NUMBER, sees=frozenset({"reading_missing", "reading_implausible"}), ends="rests"
    ),
    Row(kind=FaultKind.FROZEN, sees=frozenset({"reading_stale"}), ends="rests"),
    Row(kind=FaultKind.JUMPING, sees=frozenset({"reading_implausible"}), ends="rests"),
    Row(kind=FaultKind.WORDS_SWAPPED, sees=frozenset({"reading_implausible"}), ends="rests"),
    Row(kind=FaultKind.WRITE_REFUSED, sees=frozenset({"setpoint_rejected"}), ends="rests"),
    Row(
        kind=FaultKind.WRITE_IGNORED,
        sees=frozenset({"setpoint_limited", "setpoint_unreachable"}),
        ends="rests",
    ),
    Row(kind=FaultKind.REBOOTED, sees=SILENT, ends="follows", detail=FaultDetail(silent_s=150.0)),
    Row(kind=FaultKind.LOCAL, sees=frozenset({"device_local"}), ends="rests"),
)


@dataclass(slots=True, kw_only=True)
class Window:
    """What was seen of the battery, minute by minute of its window."""

    asked_kw: float
    power_kw: dict[int, float] = field(default_factory=dict)
    codes: dict[int, set[str]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """Alarms of other devices while the fault held."""
    outcomes: dict[int, Outcome] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Course:
    """All windows and what the run itself found."""

    windows: dict[FaultKind, Window]
    broken: list[str]
    applied: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    folder = tmp_path_factory.mktemp("faults")
    region = region_with_remote(folder / "region")
    loaded = load_region(str(region))
    windows: dict[FaultKind, Window] = {}

    async def between_ticks(run: Run, at: datetime) -> None:
        minute = round((at - START).total_seconds() / 60.0)
        number, inside = divmod(minute, WINDOW_MIN)
        if number >= len(ROWS):
            return
        row = ROWS[number]
        if inside == 0:
            windows[row.kind] = Window(asked_kw=ASKED_KW if number % 2 else -ASKED_KW)
            ask(run.folder, windows[row.kind].asked_kw, number=number, at=at)
        elif inside == BEGINS_MIN:
            until = at + timedelta(minutes=ENDS_MIN - BEGINS_MIN)
            await run.plant.set_fault(ASSET, row.kind, until=until, detail=row.detail)
        window = windows[row.kind]
        window.power_kw[inside] = (await run.plant.truth())[ASSET]["power_kw"]
        with open_reader(run.folder) as reader:
            status = reader.status()
            for outcome in reader.outcomes_between(at - timedelta(seconds=61), at):
                if outcome.setpoint.asset_id == ASSET:
                    window.outcomes[inside] = outcome
        alarms = () if status is None else status[0].alarms
        window.codes[inside] = {alarm.code for alarm in alarms if alarm.target_id == ASSET}
        if BEGINS_MIN < inside < ENDS_MIN:
            window.others |= {
                f"{alarm.target_id}: {alarm.code}"
                for alarm in alarms
                if alarm.target_id != ASSET and alarm.code.startswith(("device_", "reading_", "setpoint_"))
            }

    result = await run_headless(
        HeadlessSettings(
            region_name=str(region),
            region=loaded,
            start=START,
            days=len(ROWS) * WINDOW_MIN / 1440.0,
            seed=1,
            tick_s=60.0,
            folder=folder / "data",
            first_port=free_range(len(loaded.assets)),
        ),
        between_ticks=between_ticks,
    )
    return Course(windows=windows, broken=result["broken"], applied=result["setpoints"]["applied"])


def region_with_remote(folder: Path) -> Path:
    """Musterstadt with a battery that shows whether it is switched to local operation."""
    shutil.copytree(str(files("energy") / "regions" / "musterstadt"), folder)
    text = (folder / "region.yaml").read_text(encoding="utf-8")
    (folder / "region.yaml").write_text(text.replace("profile: generic_battery", "profile: field_battery"))
    profiles = folder / "profiles"
    profiles.mkdir(exist_ok=True)
    generic = files("energy") / "devices" / "profiles" / "generic_battery.yaml"
    (profiles / "field_battery.yaml").write_text(generic.read_text(encoding="utf-8") + REMOTE_POINT)
    return folder


def ask(folder: Path, power_kw: float, *, number: int, at: datetime) -> None:
    request = Request(
        request_id=f"row{number}",
        kind=RequestKind.SET,
        asset_id=ASSET,
        power_kw=power_kw,
        actor="test",
        reason="the table of faults",
        made_at=at,
        until=at + timedelta(minutes=WINDOW_MIN),
    )
    with Mailbox(folder / REQUESTS) as mailbox:
        mailbox.post(request)


@pytest.fixture(params=ROWS, ids=[row.kind.value for row in ROWS])
def row(request: pytest.FixtureRequest) -> Row:
    row: Row = request.param
    return row


def test_the_battery_follows_before_the_fault(course: Course, row: Row) -> None:
    window = course.windows[row.kind]
    assert window.power_kw[BEGINS_MIN] == pytest.approx(window.asked_kw, abs=1.0)


def test_the_operator_sees_it(course: Course, row: Row) -> None:
    window = course.windows[row.kind]
    seen = set().union(*(codes for minute, codes in window.codes.items() if BEGINS_MIN < minute <= ENDS_MIN))
    assert seen & row.sees, f"{row.kind}: {sorted(seen)}"


def test_the_device_ends_in_its_named_state(course: Course, row: Row) -> None:
    window = course.windows[row.kind]
    power_kw = window.power_kw[ENDS_MIN - 1]
    match row.ends:
        case "rests":
            assert power_kw == pytest.approx(0.0, abs=1.0), window.power_kw
        case "follows":
            assert power_kw == pytest.approx(window.asked_kw, abs=1.0), window.power_kw
        case _:
            raise AssertionError(row.ends)


def test_it_never_does_more_than_was_asked(course: Course, row: Row) -> None:
    window = course.windows[row.kind]
    most_kw = max(abs(power_kw) for minute, power_kw in window.power_kw.items() if minute >= BEGINS_MIN)
    assert most_kw <= ASKED_KW + 1.0, window.power_kw


def test_the_others_are_not_touched(course: Course, row: Row) -> None:
    assert not course.windows[row.kind].others


def test_it_follows_again_once_mended(course: Course, row: Row) -> None:
    window = course.windows[row.kind]
    assert window.power_kw[WINDOW_MIN - 1] == pytest.approx(window.asked_kw, abs=1.0), window.power_kw
    assert isinstance(window.outcomes[WINDOW_MIN - 1], Applied)


def test_no_invariant_breaks(course: Course) -> None:
    assert course.broken == []


def test_the_page_of_the_table_names_every_fault() -> None:
    page = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([a-z_]+)` \|", page, flags=re.MULTILINE))
    assert named >= {kind.value for kind in FaultKind}
    tested = {row.kind for row in ROWS} | {FaultKind.DRIFT}
    assert tested == set(FaultKind), "drift has a test of its own: test_drifting_meter.py"


def test_every_proof_that_the_page_names_is_a_test() -> None:
    page = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    proofs = re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`", page)
    assert len(proofs) > 15
    for path, name in proofs:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", source, flags=re.MULTILINE), f"{path}::{name}"
