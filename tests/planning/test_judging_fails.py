"""A desk that cannot judge, or read the plan before, goes on planning, and says so."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from energy.domain import Forecast, Plan, Rung
from energy.errors import RecordBroken
from energy.historian.file_layout import LAYOUT
from energy.historian.preload import preload
from energy.historian.schema import FILE_NAME
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.market.day_ahead import DayAheadPrices
from energy.planning.desk import Desk
from energy.planning.models_at_hand import LearnedHere
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from energy.sqlite_file import open_reader as open_file
from tests.planning.test_child import NOW, request_of

REGION = load_region("musterstadt")


class Unjudgeable:
    """A record whose scored days cannot be told for a reason that nobody foresaw; until it can."""

    def __init__(self, reader: SqliteReader) -> None:
        self._reader = reader
        self.is_broken = True

    def scored_days(self, start: datetime, end: datetime) -> Sequence[datetime]:
        if self.is_broken:
            raise ValueError("operands could not be broadcast")
        return self._reader.scored_days(start, end)

    def forecasts_between(self, asset_id: str, start: datetime, end: datetime) -> Sequence[Forecast]:
        return self._reader.forecasts_between(asset_id, start, end)

    def shadows_between(self, asset_id: str, start: datetime, end: datetime) -> Sequence[Forecast]:
        return self._reader.shadows_between(asset_id, start, end)

    def plan_at(self, start: datetime) -> None:
        del start


class Forgetful(SqliteReader):
    """A record whose plans cannot be understood."""

    def plan_at(self, moment: datetime) -> Plan | None:
        raise RecordBroken(f"the plan in force at {moment} is none")


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SqliteReader]:
    with SqliteRecord(tmp_path) as record:
        preload(REGION, RegionHistory(REGION), record, start=NOW)
    with open_reader(tmp_path) as opened:
        yield opened


def test_what_goes_wrong_while_judging_ends_neither_planner_nor_plan(
    reader: SqliteReader,
) -> None:
    archive = Unjudgeable(reader)
    prices = DayAheadPrices(REGION, RegionHistory(REGION))
    desk = Desk(REGION, record=reader, prices=prices, models=LearnedHere(), archive=archive)
    desk.plan(request_of())
    desk.judge()
    told = [note for note in desk.plan(request_of(1)).notes if note.startswith("judging_failed: ValueError")]
    assert len(told) == 1
    archive.is_broken = False
    desk.plan(request_of(5))
    desk.judge()
    assert not [note for note in desk.plan(request_of(6)).notes if note.startswith("judging_failed")]


def test_a_plan_before_that_cannot_be_read_keeps_no_plan_from_being_made(
    reader: SqliteReader, tmp_path: Path
) -> None:
    del reader  # it has filled the folder
    prices = DayAheadPrices(REGION, RegionHistory(REGION))
    with Forgetful(open_file(tmp_path / FILE_NAME, LAYOUT)) as record:
        answer = Desk(REGION, record=record, prices=prices, models=LearnedHere()).plan(request_of())
    assert answer.plan.rung in {Rung.OPTIMAL, Rung.INCUMBENT}
    assert [note for note in answer.notes if note.startswith("planned_anew: the plan before cannot be read")]
