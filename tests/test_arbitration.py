"""Nested bounds: the higher level wins, and what it left no room for is reported with its size."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from energy.arbitration import ORDER, Claim, arbitrate
from energy.domain import Level

NAMEPLATE = (-200.0, 200.0)


def test_a_lower_wish_is_honoured_inside_the_higher_bounds() -> None:
    verdict = arbitrate(
        NAMEPLATE,
        [
            Claim(level=Level.PLAN, reason="plan", wanted_kw=150.0),
            Claim(level=Level.GRID_OPERATOR, reason="grid operator", power_kw_max=100.0),
        ],
    )
    assert (verdict.power_kw_min, verdict.power_kw_max) == (-200.0, 100.0)
    assert (verdict.wanted_kw, verdict.level) == (150.0, Level.PLAN)
    assert verdict.limited_by == "grid operator"
    assert verdict.violations == ()


def test_where_bounds_contradict_the_higher_level_wins_and_the_size_is_reported() -> None:
    verdict = arbitrate(
        NAMEPLATE,
        [
            Claim(level=Level.OPERATOR, reason="wants to charge", power_kw_min=80.0),
            Claim(level=Level.PROTECTION, reason="work", power_kw_min=0.0, power_kw_max=0.0),
        ],
    )
    assert (verdict.power_kw_min, verdict.power_kw_max) == (0.0, 0.0)
    assert [(item.level, item.size_kw) for item in verdict.violations] == [(Level.OPERATOR, 80.0)]


def test_a_limit_beyond_the_nameplate_goes_as_far_as_the_nameplate() -> None:
    verdict = arbitrate((0.0, 150.0), [Claim(level=Level.GRID_OPERATOR, reason="g", power_kw_max=-5.0)])
    assert (verdict.power_kw_min, verdict.power_kw_max) == (0.0, 0.0)
    assert verdict.violations[0].size_kw == 5.0


def test_a_claim_that_is_not_a_number_bounds_nothing_and_is_reported() -> None:
    verdict = arbitrate(NAMEPLATE, [Claim(level=Level.PLAN, reason="plan", wanted_kw=math.nan)])
    assert verdict.wanted_kw is None
    assert verdict.violations[0].size_kw == math.inf


numbers = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
claims = st.lists(
    st.builds(
        Claim,
        level=st.sampled_from(ORDER),
        reason=st.just("r"),
        power_kw_min=numbers,
        power_kw_max=numbers,
        wanted_kw=numbers,
    ),
    max_size=6,
)


@settings(deadline=None)
@given(claims=claims)
def test_bounds_never_leave_the_nameplate_and_never_cross(claims: list[Claim]) -> None:
    verdict = arbitrate(NAMEPLATE, claims)
    assert NAMEPLATE[0] <= verdict.power_kw_min <= verdict.power_kw_max <= NAMEPLATE[1]
    assert verdict.wanted_kw is None or math.isfinite(verdict.wanted_kw)


@settings(deadline=None)
@given(claims=claims, extra=st.floats(-300.0, 300.0))
def test_what_a_lower_level_says_never_moves_a_higher_bound_outwards(
    claims: list[Claim], extra: float
) -> None:
    before = arbitrate(NAMEPLATE, claims)
    after = arbitrate(NAMEPLATE, [*claims, Claim(level=Level.DEVICE_RULE, reason="last", power_kw_max=extra)])
    assert after.power_kw_min >= before.power_kw_min
    assert after.power_kw_max <= before.power_kw_max
