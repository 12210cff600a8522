"""A night's training keeps what is better, and what was there before stays at hand."""

from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

import numpy as np
import pytest

from energy.domain import FloatArray, Point
from energy.errors import StoreUnavailable
from energy.forecast.ladder import forecast
from energy.forecast.learned.model_file import StoredModel, model_bytes
from energy.periods import PERIOD, parse_utc
from energy.planning.inputs import Inputs
from energy.planning.model_store import ModelStore, Variant
from energy.planning.models_at_hand import StoredModels
from energy.planning.past import Expected, expected_assets, series_spec
from energy.planning.training import BEGUN, Training, due_assets, turn_of
from energy.planning.training_record import Night
from energy.ports import Means
from tests.planning.invented_years import Course, InventedRecord, day, region_of_loads, usual_kw

REGION = region_of_loads()
LOAD: Expected = next(asset for asset in expected_assets(REGION) if asset.id == "load")
SPEC = series_spec(REGION, LOAD)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path)


def trained(store: ModelStore, at: datetime, course: Course = usual_kw) -> Night:
    Training(REGION, record=InventedRecord(course), store=store).run(LOAD, known_at=at)
    return store.record("load", "plain").nights[0]


def nonsense(at: FloatArray) -> FloatArray:
    """The usual course, but before day 205 each day is the opposite of the one before."""
    turn = np.where(at // 96 % 2 == 0, 1.5, 0.6)
    return np.where((at >= 60 * 96) & (at < 205 * 96), turn * usual_kw(at), usual_kw(at))


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a model that learned 150 good days."""
    folder = tmp_path_factory.mktemp("taught")
    night = trained(ModelStore(folder), day(150))
    assert night.verdict == "first"
    return folder


@pytest.fixture
def copy(taught: Path, tmp_path: Path) -> ModelStore:
    (tmp_path / "models").mkdir()
    for path in (taught / "models").iterdir():
        (tmp_path / "models" / path.name).write_bytes(path.read_bytes())
    return ModelStore(tmp_path)


def test_the_first_model_must_beat_the_rung_below(taught: Path) -> None:
    night = ModelStore(taught).record("load", "plain").nights[0]
    assert night.days_judged >= 12
    assert night.scores["candidate"].pinball_kw < night.scores["below"].pinball_kw
    stored = ModelStore(taught).read(SPEC, "plain")
    assert stored is not None
    assert stored.twin is not None
    assert (stored.model.known_at - stored.twin.known_at).days == 14


def test_a_model_as_good_takes_its_place_the_next_night_and_the_old_one_stays_at_hand(
    copy: ModelStore,
) -> None:
    before = copy.read(SPEC, "plain")
    night = trained(copy, day(151))
    assert night.verdict == "accepted"
    assert set(night.scores) == {"candidate", "current", "below"}
    previous, current = copy.read(SPEC, "plain", "previous"), copy.read(SPEC, "plain")
    assert before is not None
    assert previous is not None
    assert current is not None
    assert model_bytes(previous) == model_bytes(before)
    assert current.model.known_at == day(151)


def test_a_candidate_that_learned_nonsense_is_not_kept(copy: ModelStore) -> None:
    before = copy.read(SPEC, "plain")
    night = trained(copy, day(219), nonsense)
    assert night.verdict == "kept_old"
    assert night.scores["candidate"].pinball_kw > night.scores["current"].pinball_kw
    after = copy.read(SPEC, "plain")
    assert before is not None
    assert after is not None
    assert model_bytes(after) == model_bytes(before)


def test_an_exchanged_meter_is_not_held_back_by_the_model_that_knew_the_old_one(copy: ModelStore) -> None:
    def doubled(at: FloatArray) -> FloatArray:
        return np.where(at >= 160 * 96, 2.0 * usual_kw(at), usual_kw(at))

    verdicts = [trained(copy, day(number), doubled).verdict for number in (174, 188)]
    assert verdicts[0] in {"accepted", "retired"}
    assert verdicts[1] in {"accepted", "first"}
    history = Inputs(REGION, InventedRecord(doubled)).history(LOAD, known_at=day(188))
    model = StoredModels(copy).model_for(SPEC, history)
    made = forecast(SPEC, model, history, issued_at=day(188), start=day(188))
    truth_kw = doubled(188 * 96 + 12.0 + np.arange(192))
    assert float(np.abs(made.quantiles_kw[2] - truth_kw).mean()) < 0.06 * float(truth_kw.mean())


def test_the_same_nights_give_the_same_bytes(taught: Path, tmp_path: Path) -> None:
    again = ModelStore(tmp_path)
    trained(again, day(150))
    name = "load.plain.model"
    assert (again.folder / name).read_bytes() == (taught / "models" / name).read_bytes()


def test_a_model_put_back_by_a_person_gives_way_only_to_a_better_one(copy: ModelStore) -> None:
    trained(copy, day(151))
    copy.put_back("load", "plain", at=day(151), actor="Anna Beispiel", reason="peaks missed")
    put_back = copy.read(SPEC, "plain")
    assert put_back is not None
    assert put_back.model.known_at == day(150)
    record = copy.record("load", "plain")
    assert (record.nights[0].actor, record.nights[0].reason) == ("Anna Beispiel", "peaks missed")
    assert trained(copy, day(152)).verdict == "kept_old"
    after = copy.read(SPEC, "plain")
    assert after is not None
    assert after.model.known_at == day(150)
    assert copy.record("load", "plain").must_win


def test_each_asset_has_its_turn_once_a_night(copy: ModelStore) -> None:
    assert LOAD not in due_assets(REGION, copy, day(150))
    assert LOAD in due_assets(REGION, copy, day(151))
    others = {asset.id for asset in expected_assets(REGION)} - {"load"}
    assert {asset.id for asset in due_assets(REGION, copy, day(150))} == others
    turns = [LOAD in turn_of(REGION, copy, day(151 + number)) for number in range(7)]
    assert sum(turns) == 1


def test_a_clock_that_was_ahead_for_a_while_leaves_no_night_out_afterwards(copy: ModelStore) -> None:
    ahead = Night(known_at=day(4000), verdict="failed", days=0)
    copy.note("load", "plain", ahead, must_win=False)
    assert LOAD in due_assets(REGION, copy, day(151))
    assert trained(copy, day(151)).known_at == day(151)
    assert LOAD not in due_assets(REGION, copy, day(151))


def test_a_night_whose_hour_comes_twice_or_never_trains_once(tmp_path: Path) -> None:
    """At 02:30 local by the region's choice: on 2022-03-27 there is none, on 2022-10-30 there are two."""
    region = replace(REGION, control=replace(REGION.control, trained_at=time(2, 30)))
    for first in (parse_utc("2022-03-26T12:00Z"), parse_utc("2022-10-29T12:00Z")):
        store, turns = ModelStore(tmp_path / f"{first:%m}"), []
        for quarter in range(96):
            at = first + quarter * PERIOD
            if quarter == 0 or LOAD in due_assets(region, store, at):
                turns.append(at)
                store.note("load", "plain", Night(known_at=at, verdict="too_short", days=0), must_win=False)
        assert len(turns) == 2, turns


class NoPast:
    """A record that cannot be understood, for one asset."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        del asset_id, point, start, end, known_at
        raise self._error

    def weather_at(self, source: str, known_at: datetime) -> None:
        del source, known_at


def test_a_past_that_cannot_be_read_through_leaves_the_others_their_turn(copy: ModelStore) -> None:
    Training(REGION, record=NoPast(ValueError("no grid")), store=copy).run(LOAD, known_at=day(151))
    night = copy.record("load", "plain").nights[0]
    assert (night.verdict, night.reason) == ("failed", "its past cannot be used: ValueError: no grid")
    assert LOAD not in due_assets(REGION, copy, day(151))
    assert copy.read(SPEC, "plain") is not None


class FullStore(ModelStore):
    """A folder with room for a record, not for a model."""

    def keep(self, stored: StoredModel, variant: Variant) -> None:
        del stored, variant
        raise StoreUnavailable(f"{self.folder}: No space left on device", may_be_full=True)


def test_a_model_that_finds_no_room_says_so_and_leaves_the_old_one(copy: ModelStore) -> None:
    before = copy.read(SPEC, "plain")
    full = FullStore(copy.folder.parent)
    with pytest.raises(StoreUnavailable, match="No space left"):
        trained(full, day(151))
    night = copy.record("load", "plain").nights[0]
    assert night.verdict == "failed"
    assert "No space left on device" in night.reason
    after = copy.read(SPEC, "plain")
    assert before is not None
    assert after is not None
    assert model_bytes(after) == model_bytes(before)


def test_a_record_that_is_away_for_now_costs_no_asset_its_night(copy: ModelStore) -> None:
    training = Training(REGION, record=NoPast(StoreUnavailable("busy")), store=copy)
    with pytest.raises(StoreUnavailable):
        training.run(LOAD, known_at=day(151))
    assert LOAD in due_assets(REGION, copy, day(151))


def test_an_upgraded_program_trains_anew_at_once_and_only_once(copy: ModelStore) -> None:
    trained(copy, day(151))
    night = copy.record("load", "plain").nights[0]
    assert LOAD not in due_assets(REGION, copy, day(151))
    of_before = night.model_copy(update={"learned_by": "0" * 32})
    copy.note("load", "plain", of_before, must_win=False)
    assert LOAD in due_assets(REGION, copy, day(151))
    trained(copy, day(151))
    assert LOAD not in due_assets(REGION, copy, day(151))


def test_a_night_that_was_cut_off_is_not_begun_again_before_the_next(copy: ModelStore) -> None:
    begun = Night(known_at=day(151), verdict="failed", days=151, reason=BEGUN)
    copy.note("load", "plain", begun, must_win=False)
    assert LOAD not in due_assets(REGION, copy, day(151))
    assert LOAD in due_assets(REGION, copy, day(152))


def test_a_planner_takes_up_a_model_when_it_appears_and_names_one_that_is_damaged(copy: ModelStore) -> None:
    models = StoredModels(copy)
    history = Inputs(REGION, InventedRecord()).history(LOAD, known_at=day(151))
    first = models.model_for(SPEC, history)
    assert first is not None
    assert models.model_for(SPEC, history) is first
    path = copy.folder / "load.plain.model"
    damaged = bytearray(path.read_bytes())
    damaged[-9] ^= 1
    path.unlink()
    path.write_bytes(bytes(damaged))
    assert models.model_for(SPEC, history) is None
    assert models.notes()[0].startswith("model_unusable@load: ")
    made = forecast(SPEC, None, history, issued_at=day(151), start=day(151))
    assert made.model in {"profile", "seasonal"}
    trained(copy, day(151))
    again = models.model_for(SPEC, history)
    assert again is not None
    assert again.known_at == day(151)
    assert models.notes() == ()


def test_a_model_of_another_series_is_refused(copy: ModelStore) -> None:
    history = Inputs(REGION, InventedRecord()).history(LOAD, known_at=day(151))
    models = StoredModels(copy)
    assert models.model_for(replace(SPEC, kind="heat"), history) is None
    assert "another series" in models.notes()[0]
