"""What a person sees of the models, puts back and trains by hand."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy.__main__ import app
from energy.backup.contents import models_of
from energy.domain import Authority, Rung, Status
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import parse_utc
from energy.planning.model_store import ModelStore
from energy.planning.past import expected_assets
from energy.planning.training import Training
from energy.region.loader import load_region
from tests.planning.invented_years import InventedRecord, day

REGION = load_region("musterstadt")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    load = next(asset for asset in expected_assets(REGION) if asset.id == "load")
    for number in (150, 151):
        record = InventedRecord()
        Training(REGION, record=record, store=ModelStore(folder)).run(load, known_at=day(number))
    return folder


def said(place: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["models", "musterstadt", "--data", str(place), *words])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def test_each_model_shows_how_it_came_to_be(place: Path) -> None:
    assert "load plain: " in said(place)
    shown = json.loads(said(place, "--json"))["models"][0]
    assert shown["asset_id"] == "load"
    assert {night["verdict"] for night in shown["nights"]} <= {"first", "accepted", "kept_old"}
    assert shown["nights"][0]["scores"]["candidate"]["mae_kw"] > 0.0


def test_a_model_is_put_back_with_a_reason_or_not_at_all(place: Path) -> None:
    assert "--reason" in said(place, "--rollback", "load", code=2)
    assert "no previous model" in said(place, "--rollback", "nobody", "--reason", "x", code=2)
    assert "no such asset" in said(place, "--rollback", "../models/load", "--reason", "x", code=2)
    assert "--reason" in said(place, "--rollback", "load", "--reason", "x" * 600, code=2)
    assert "rolled_back" not in said(place), "what is refused moves nothing"
    words = ("--rollback", "load", "--reason", "peaks missed", "--actor", "Anna Beispiel")
    assert "rolled_back" in said(place, *words)
    assert ModelStore(place).record("load", "plain").nights[0].actor == "Anna Beispiel"


def test_a_damaged_model_is_named_with_the_way_out(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place, tmp_path / "data")
    assert "cannot be used" not in said(folder)
    file = folder / "models" / "load.plain.model"
    file.write_bytes(file.read_bytes()[:-2000] + bytes(2000))
    assert "load plain: cannot be used" in said(folder)
    assert "--rollback load" in json.loads(said(folder, "--json"))["unusable"][0]["mend"]


def test_without_a_record_nothing_is_trained(place: Path) -> None:
    assert "no record to learn from" in said(place, "--train", code=1)


@pytest.fixture
def of_2020(tmp_path: Path) -> Path:
    """The record of a controller in simulated time; nothing is measured yet."""
    with SqliteRecord(tmp_path) as record:
        record.write_status(
            Status(
                at=parse_utc("2020-05-21T22:30Z"),
                rung=Rung.OPTIMAL,
                plan_id=None,
                authority=Authority.AUTOMATIC,
                alarms=(),
                simulated=True,
                speed=0.0,
                tick_ms=1.0,
            )
        )
        record.commit()
    return tmp_path


def test_training_by_hand_stands_at_the_moment_of_the_record(of_2020: Path) -> None:
    assert "load plain: too_short at 2020-05-21T22:30" in said(of_2020, "--train")
    assert "the record ends at 2020-05-21T22:30" in said(
        of_2020, "--train", "--at", "2026-05-21T22:30Z", code=2
    )


def test_a_past_that_was_too_short_earlier_in_the_night_is_no_turn(of_2020: Path) -> None:
    said(of_2020, "--train", "--at", "2020-05-21T22:15Z")
    assert "load plain: too_short at 2020-05-21T22:30" in said(of_2020, "--train")


def test_a_model_is_put_back_at_the_moment_of_the_record(place: Path, of_2020: Path) -> None:
    shutil.copytree(place / "models", of_2020 / "models")
    words = ("--rollback", "load", "--reason", "peaks missed")
    assert "rolled_back at 2020-05-21T22:30" in said(of_2020, *words)


def test_a_backup_takes_the_models_and_leaves_what_is_half_written(place: Path) -> None:
    (place / "models" / ".part-load").write_bytes(b"half")
    assert models_of(place) == [
        "models/load.plain.json",
        "models/load.plain.model",
        "models/load.plain.previous.model",
    ]
