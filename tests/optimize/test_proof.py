"""What is said of a plan that is proven less near to the best than was asked for."""

import pytest

from energy.optimize.proof import FAR_MISSED, MISSED, UNPROVEN, notes_on_gap


@pytest.mark.parametrize("proven", [0.0, 0.0009, 0.001])
def test_a_plan_that_is_near_enough_says_nothing(proven: float) -> None:
    assert list(notes_on_gap(proven, wanted=0.001)) == []


def test_both_figures_are_told_and_the_proven_one_is_never_rounded_down() -> None:
    assert list(notes_on_gap(0.0010001, wanted=0.001)) == [f"{MISSED}: proven 0.101 %, wanted 0.1 %"]
    assert list(notes_on_gap(2e-6, wanted=1e-6)) == [f"{MISSED}: proven 0.001 %, wanted 0.0001 %"]


@pytest.mark.parametrize(
    ("proven", "wanted", "code"),
    [(0.0099, 0.001, MISSED), (0.0101, 0.001, FAR_MISSED), (0.0099, 0.0, MISSED), (0.06, 0.05, MISSED)],
)
def test_only_ten_times_the_gap_asked_for_is_far(proven: float, wanted: float, code: str) -> None:
    (note,) = notes_on_gap(proven, wanted=wanted)
    assert note.partition(":")[0] == code


def test_what_proves_nothing_says_so() -> None:
    (note,) = notes_on_gap(None, wanted=0.001)
    assert note == f"{UNPROVEN}: no distance from the best is proven, wanted 0.1 %"
