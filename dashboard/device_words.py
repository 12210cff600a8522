"""A device's last setpoint link by link, and its score, as phrases: words and magnitudes, no bare sign."""

import math
from collections.abc import Iterator

from dashboard.devices import DeviceRow
from dashboard.language import Words
from dashboard.phrases import direction, outcome_code
from dashboard.states import command_words
from energy.conduct import FollowingState, Score

PERMILLE = 1000.0
Link = tuple[str, str, str]
"""The link's key, its name and what it says; ``limited`` and ``reason`` say it in technical English."""


def chain(words: Words, device: DeviceRow) -> list[Link]:
    """Say who wanted what, what limited it, what was sent, what the device holds and what is measured."""
    return [(key, words.text(f"chain.{key}"), text) for key, text in _links(words, device)]


def follows(words: Words, device: DeviceRow) -> str:
    """Say whether the power follows, and within what."""
    if device.conduct is None:
        return words.text("following.unknown")
    following = device.conduct.following
    said = words.code("following", following.state)
    if following.state is FollowingState.SETTLING and following.due_at is not None:
        return words.text("following.until", state=said, time=words.moment(following.due_at))
    return said


def score(words: Words, seconds: Score) -> str:
    """Say the share of the time that was followed; in words where nothing can be judged."""
    fraction = seconds.followed_fraction
    if fraction is None:
        return words.text("score.none" if seconds.asked_s == 0.0 else "score.not_judged")
    # Rounded down: what missed once has not followed all the time.
    return words.text("score.share", percent=words.plain(math.floor(PERMILLE * fraction) / 10.0))


def misses(words: Words, seconds: Score) -> str:
    """Say for how long what went wrong; empty where nothing did."""
    parts = {
        "not_followed": seconds.not_followed_s,
        "limited": seconds.limited_s,
        "refused": seconds.refused_s,
        "unreachable": seconds.unreachable_s,
    }
    return ", ".join(
        words.text(f"score.{name}", age=words.age(value_s))
        for name, value_s in parts.items()
        if value_s > 0.0
    )


def _links(words: Words, device: DeviceRow) -> Iterator[tuple[str, str]]:
    conduct, asset, outcome = device.conduct, device.row.asset, device.row.outcome
    point = asset.dispatch_point
    if conduct is None or point is None:
        yield "wanted", words.text("value.unknown")
        return
    if conduct.wanted_kw is not None:
        wanted = command_words(words, asset, point, conduct.wanted_kw)
        level = words.code("level", conduct.level) if conduct.level is not None else ""
        yield "wanted", f"{wanted} ({level})" if level else wanted
    if conduct.limited_by is not None:
        yield "limited", conduct.limited_by
    if conduct.sent_kw is None:
        yield "reason", conduct.reason
    else:
        yield "sent", command_words(words, asset, point, conduct.sent_kw)
    if outcome is not None and conduct.sent_kw is not None:
        held_kw = device.held_kw
        said = words.text(f"outcome.{outcome_code(outcome)}")
        yield "held", said if held_kw is None else f"{command_words(words, asset, point, held_kw)} ({said})"
    measured_kw = conduct.following.measured_kw
    yield (
        "measured",
        words.text("value.unknown")
        if measured_kw is None
        else words.text(
            "chain.within",
            power=words.power(measured_kw),
            word=direction(words, asset.kind, measured_kw),
            tolerance=words.power(conduct.following.tolerance_kw),
        ),
    )
