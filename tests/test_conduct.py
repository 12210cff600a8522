"""A device's score: seconds that count once, and the share that was followed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.conduct import SCORE_FIELDS, Score

SECONDS = st.floats(min_value=0.0, max_value=1e6)
SCORES = st.builds(Score, **dict.fromkeys(SCORE_FIELDS, SECONDS))


def test_held_and_asked_are_sums_of_what_became_of_setpoints() -> None:
    score = Score(
        followed_s=60.0, settling_s=5.0, not_followed_s=4.0, unknown_s=3.0, limited_s=2.0, refused_s=1.0
    )
    assert score.held_s == 72.0
    assert score.asked_s == 75.0


def test_settling_and_unknown_count_neither_for_nor_against_a_device() -> None:
    score = Score(followed_s=90.0, unreachable_s=10.0)
    assert score.followed_fraction == pytest.approx(0.9)
    assert score.plus(Score(settling_s=500.0, unknown_s=500.0)).followed_fraction == pytest.approx(0.9)


def test_a_device_that_cannot_be_judged_has_no_share() -> None:
    assert Score().followed_fraction is None
    assert Score(settling_s=10.0, unknown_s=10.0).followed_fraction is None


@given(SCORES, SCORES)
def test_adding_two_spans_adds_every_second_and_the_share_stays_a_share(left: Score, right: Score) -> None:
    both = left.plus(right)
    assert both.asked_s == pytest.approx(left.asked_s + right.asked_s)
    fraction = both.followed_fraction
    assert fraction is None or 0.0 <= fraction <= 1.0 + 1e-9
