"""The night's trainer for real: a process that ends with its parent, and leaves whole models behind."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from energy.errors import StoreUnavailable
from energy.historian.preload import preload
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import format_utc, parse_utc
from energy.planning.model_store import ModelStore
from energy.planning.night import train_assets
from energy.planning.past import expected_assets, series_spec
from energy.planning.trainer import ENDED
from energy.planning.trainer_child import TrainerChild
from energy.planning.training import due_assets
from energy.region.history import RegionHistory
from energy.region.loader import load_region

REGION = load_region("musterstadt")
NOW = parse_utc("2020-05-18T03:00Z")
NIGHT_S_MAX = 120.0


def worker_arguments(folder: Path) -> tuple[str, str, str]:
    return "musterstadt", str(folder), REGION.digest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("record")
    with SqliteRecord(made) as record:
        preload(REGION, RegionHistory(REGION), record, start=NOW)
    return made


@pytest.fixture
def trainer(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "energy.planning.trainer", "musterstadt", str(folder), REGION.digest]
    process = subprocess.Popen([*command, format_utc(NOW)], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_trainer_that_is_stopped_is_killed_after_its_time_and_told_of(folder: Path) -> None:
    child = TrainerChild(REGION, ModelStore(folder), worker_arguments(folder), seconds_max=0.5)
    pids = []
    for _ in range(3):
        child.begin_if_due(NOW)
        assert child.pid is not None
        pids.append(child.pid)
        os.kill(child.pid, signal.SIGSTOP)
        child.begin_if_due(NOW)
        assert child.pid == pids[-1], "it still has its time"
        time.sleep(0.6)
    assert len(set(pids)) == 3
    assert [pid for pid in pids[:-1] if is_alive(pid)] == []
    assert child.notes()[0].startswith("training_failed: 2 trainings in a row ended early")
    child.close()
    assert not is_alive(pids[-1])


def test_a_stopped_trainer_does_not_outlive_its_parent(folder: Path) -> None:
    source = (
        "import sys, time; from pathlib import Path;"
        "from energy.planning.model_store import ModelStore;"
        "from energy.planning.trainer_child import TrainerChild;"
        "from energy.region.loader import load_region;"
        "region = load_region('musterstadt'); folder = sys.argv[1];"
        "child = TrainerChild(region, ModelStore(Path(folder)), ('musterstadt', folder, region.digest));"
        f"from energy.periods import parse_utc; child.begin_if_due(parse_utc('{format_utc(NOW)}'));"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", source, str(folder)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(2.0)  # so long it takes to ask for the signal
    os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until_s = time.monotonic() + 10.0
    while is_alive(pid) and time.monotonic() < until_s:
        time.sleep(0.05)
    assert not is_alive(pid)


def only_whole_models(folder: Path) -> int:
    """Read everything that stands under a model's name."""
    store, found = ModelStore(folder), 0
    for asset in expected_assets(REGION):
        found += store.read(series_spec(REGION, asset), "plain") is not None
    return found


def test_a_trainer_ends_when_its_parent_lets_go(trainer: subprocess.Popen[bytes]) -> None:
    assert trainer.stdin is not None
    trainer.stdin.close()
    assert trainer.wait(timeout=30.0) == ENDED


def test_a_trainer_killed_at_any_moment_leaves_whole_models_and_the_others_their_turn(folder: Path) -> None:
    chance = random.Random(5)  # noqa: S311 (moments of death, no secrets)
    store = ModelStore(folder)
    for _ in range(4):
        if not due_assets(REGION, store, NOW):
            break
        child = TrainerChild(REGION, store, worker_arguments(folder))
        child.begin_if_due(NOW)
        assert child.pid is not None
        time.sleep(chance.uniform(1.0, 5.0))
        child.close()
        only_whole_models(folder)
    else:
        train_assets(REGION, folder, due_assets(REGION, store, NOW), known_at=NOW)
    assert due_assets(REGION, store, NOW) == ()
    ends = {record.nights[0].verdict for record in store.records()}
    assert ends <= {"first", "no_better", "failed"}
    assert not list(store.folder.glob(".part-*"))


def test_a_second_training_beside_the_first_is_refused(folder: Path) -> None:
    with ModelStore(folder).only_trainer(), pytest.raises(StoreUnavailable, match="another training runs"):
        train_assets(REGION, folder, (), known_at=NOW)


def test_a_trainer_finishes_a_whole_night(trainer: subprocess.Popen[bytes], folder: Path) -> None:
    assert trainer.wait(timeout=NIGHT_S_MAX) == 0
    assert due_assets(REGION, ModelStore(folder), NOW) == ()
