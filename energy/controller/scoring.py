"""What one tick adds to every device's score, and its setpoint's chain: pure, from what the ledger holds.

A tick judges the setpoints of the tick before: what became of them, and whether the power follows by now.
"""

from collections.abc import Mapping

from energy.conduct import Conduct, Following, FollowingState, Score
from energy.controller.tick_input import TickInput, TickOutput
from energy.domain import Applied, Limited, Outcome, Rejected, Unreachable

UNWATCHED_TICKS = 2.0
"""A setpoint sent longer ago than this was not watched until now: nobody knows, so nothing is counted."""


def scores_of(tick: TickInput, output: TickOutput) -> Mapping[str, Score]:
    """Give by asset what the time since its last setpoint counts as; nothing where none was sent."""
    following = {item.asset_id: item for item in output.following}
    scores: dict[str, Score] = {}
    for outcome in tick.outcomes:
        asset_id = outcome.setpoint.asset_id
        elapsed_s = (tick.image.at - outcome.at).total_seconds()
        if asset_id in following and 0.0 < elapsed_s <= UNWATCHED_TICKS * tick.tick_s:
            scores[asset_id] = _score(outcome, following[asset_id], elapsed_s)
    return scores


def conduct_of(tick: TickInput, output: TickOutput) -> tuple[Conduct, ...]:
    """Give for each asset that can be commanded what was decided and whether it follows."""
    following = {item.asset_id: item for item in output.following}
    return tuple(
        Conduct(
            asset_id=decision.asset_id,
            at=tick.image.at,
            wanted_kw=decision.wanted_kw,
            level=decision.level,
            limited_by=decision.limited_by,
            sent_kw=None if decision.setpoint is None else decision.setpoint.power_kw,
            reason=decision.reason,
            following=following[decision.asset_id],
        )
        for decision in output.decisions
        if decision.asset_id in following
    )


def _score(outcome: Outcome, following: Following, elapsed_s: float) -> Score:
    match outcome:
        case Unreachable():
            return Score(unreachable_s=elapsed_s)
        case Rejected():
            return Score(refused_s=elapsed_s)
        case Limited():
            return Score(limited_s=elapsed_s)
        case Applied():
            return _score_of_held(following.state, elapsed_s)


def _score_of_held(state: FollowingState, elapsed_s: float) -> Score:
    match state:
        case FollowingState.FOLLOWED:
            return Score(followed_s=elapsed_s)
        case FollowingState.SETTLING:
            return Score(settling_s=elapsed_s)
        case FollowingState.NOT_FOLLOWED:
            return Score(not_followed_s=elapsed_s)
        case FollowingState.UNKNOWN:
            return Score(unknown_s=elapsed_s)
