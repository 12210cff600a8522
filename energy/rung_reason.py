"""Why a forecast stands on its rung and not on a higher one, from what the planner and the training noted."""

from collections.abc import Sequence

PHYSICAL_KINDS = frozenset({"pv", "wind"})
ALWAYS_PROFILED = frozenset({"load", "heat_load", "ev_hub", "pumped_reservoir"})
"""Kinds that always have a standard profile: it is only left out once their own days say more."""
OTHER_VERSION = "another version"
REASONS = (
    *("top", "model_damaged", "model_other_version", "model_retired", "training_failed", "too_short"),
    *("never_trained", "model_does_not_fit", "model_lacks_weather"),
    *("physics_lacks_weather", "physics_lacks", "profile_outgrown", "profile_lacks", "too_little_measured"),
)
"""All that ``why_not_above`` can say."""
_BY_VERDICT = {"retired": "model_retired", "failed": "training_failed", "too_short": "too_short"}


def why_not_above(
    rung: str, *, asset_id: str, kind: str, notes: Sequence[str], verdict: str | None
) -> tuple[str, ...]:
    """Give one reason for each rung above that could have been, the topmost first; ``top`` where none could.

    Args:
        rung: what the forecast stands on.
        asset_id: whose forecast it is.
        kind: the asset's.
        notes: of the plan, as ``code@asset: detail``.
        verdict: how the last training of its model ended; None where it never was trained.

    >>> why_not_above("profile", asset_id="load", kind="load", notes=(), verdict="too_short")
    ('too_short',)
    """
    if rung == "learned":
        return ("top",)
    without_weather = any(note.startswith("planned_without_weather") for note in notes)
    reasons = [_why_not_learned(asset_id, notes, verdict, without_weather=without_weather)]
    if rung not in {"physical", "profile"}:
        reasons.append(_why_no_prior(kind, without_weather=without_weather))
    if rung == "flat":
        reasons.append("too_little_measured")
    return tuple(reasons)


def _why_not_learned(
    asset_id: str, notes: Sequence[str], verdict: str | None, *, without_weather: bool
) -> str:
    for note in notes:
        if note.startswith(f"model_unusable@{asset_id}:"):
            return "model_other_version" if OTHER_VERSION in note else "model_damaged"
    if verdict is None:
        return "never_trained"
    if verdict in _BY_VERDICT:
        return _BY_VERDICT[verdict]
    return "model_lacks_weather" if without_weather else "model_does_not_fit"


def _why_no_prior(kind: str, *, without_weather: bool) -> str:
    if kind in PHYSICAL_KINDS:
        return "physics_lacks_weather" if without_weather else "physics_lacks"
    return "profile_outgrown" if kind in ALWAYS_PROFILED else "profile_lacks"
