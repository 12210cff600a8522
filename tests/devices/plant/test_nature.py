"""Nature keeps each quarter hour's energy and does not depend on who asks when."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.devices.plant.nature import NOISE_FRACTION, SUBSTEP_S, RecordedNature, _polyline
from energy.periods import PERIOD_S
from energy.region.history import RegionHistory
from energy.region.model import Region
from tests.devices.plant.conftest import HISTORY_START, PERIODS


def nature_of(region: Region, *, seed: int = 1) -> RecordedNature:
    return RecordedNature(region, RegionHistory(region), seed=seed)


def day_s() -> np.ndarray:
    return HISTORY_START.timestamp() + SUBSTEP_S * (np.arange(PERIODS * PERIOD_S / SUBSTEP_S) + 0.5)


def test_each_quarter_hour_keeps_its_measured_mean_but_for_the_noise(region: Region) -> None:
    nature = nature_of(region)
    power_kw = nature.power_kw(day_s()).reshape(len(nature.asset_ids), PERIODS, -1)
    assert power_kw.mean(axis=2) == pytest.approx(nature.means_kw, rel=3e-3)


def test_night_is_night_and_generation_never_negative(region: Region) -> None:
    nature = nature_of(region)
    pv_kw = nature.power_kw(day_s())[nature.asset_ids.index("pv")].reshape(PERIODS, -1)
    dark = nature.means_kw[nature.asset_ids.index("pv")] == 0.0
    assert dark.any()
    assert (pv_kw[dark] == 0.0).all()
    assert (pv_kw >= 0.0).all()


def test_it_is_smooth_up_to_the_noise(region: Region) -> None:
    nature = nature_of(region)
    load_kw = nature.power_kw(day_s())[nature.asset_ids.index("load")]
    assert np.abs(np.diff(load_kw)).max() < 2.2 * NOISE_FRACTION * load_kw.max()


def test_noise_depends_on_seed_asset_and_time_alone(region: Region) -> None:
    times_s = day_s()
    together = nature_of(region).power_kw(times_s[1000:1100])
    one_by_one = [nature_of(region).power_kw(times_s[index : index + 1])[:, 0] for index in range(1000, 1100)]
    assert (together == np.array(one_by_one).T).all()
    load = nature_of(region).asset_ids.index("load")
    assert (nature_of(region, seed=2).power_kw(times_s[1000:1100])[load] != together[load]).all()


def test_a_gap_in_the_history_is_bridged(region: Region) -> None:
    path = region.folder / "history" / "measured.csv"
    lines = path.read_text().splitlines()
    lines[41] = lines[41].split(",")[0] + ",,,"
    path.write_text("\n".join(lines) + "\n")
    assert np.isfinite(nature_of(region).power_kw(day_s())).all()


@given(st.lists(st.floats(0.0, 1e4), min_size=1, max_size=12))
def test_straight_lines_keep_the_means_and_never_fall_below_zero(means: list[float]) -> None:
    means_kw = np.array([means])
    edges_kw, middles_kw = _polyline(means_kw)
    kept_kw = 0.25 * (edges_kw[:, :-1] + 2.0 * middles_kw + edges_kw[:, 1:])
    assert kept_kw == pytest.approx(means_kw, abs=1e-9)
    assert (edges_kw >= 0.0).all()
    assert (middles_kw >= -1e-9).all()


def test_the_span_of_the_history_is_known(region: Region) -> None:
    nature = nature_of(region)
    assert nature.end - nature.start == timedelta(days=1)
