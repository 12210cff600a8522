"""Figures of a course: what the region does not say is not known, never 0."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from energy.evaluation.course import Course
from energy.evaluation.figures import figures_of
from energy.region.model import Region

START = datetime(2020, 5, 3, 22, tzinfo=UTC)


def course(region: Region) -> Course:
    """A town that imports 400 kW for an hour."""
    still = {"power_kw": np.zeros(4), "power_kw_available": np.zeros(4), "energy_kwh_backlog": np.zeros(4)}
    means = {asset.id: dict(still) for asset in region.assets}
    means[region.grid_point.id] = {"power_kw": np.full(4, 400.0)}
    return Course(start=START, means=means, ends={}, nominated_kw=np.zeros(4))


def test_co2_is_unknown_where_nothing_says_what_it_emits(tiny: Region) -> None:
    silent = replace(tiny, market=replace(tiny.market, import_co2_kg_per_kwh=0.0))
    assert figures_of(silent, course(silent))["co2_t"] is None


def test_co2_of_imports_is_their_energy_times_what_a_kwh_emits(tiny: Region) -> None:
    told = replace(tiny, market=replace(tiny.market, import_co2_kg_per_kwh=0.4))
    assert figures_of(told, course(told))["co2_t"] == pytest.approx(0.16)
