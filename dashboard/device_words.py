"""A device's last setpoint link by link, and its score, as phrases: words and magnitudes, no bare sign."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.devices import DeviceRow
from dashboard.language import Words
from dashboard.phrases import direction, outcome_code
from dashboard.states import command_words
from energy.conduct import FollowingState, Score

PERMILLE = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a setpoint's chain; ``technical`` marks English that nobody translated."""

    name: str
    said: str
    technical: bool = False


def chain(words: Words, device: DeviceRow) -> list[Link]:
    """Say who wanted what, what limited it, what was sent, what the device holds and what is measured."""
    return list(_links(words, device))


def follows(words: Words, device: DeviceRow) -> str:
    """Say whether the power follows, and within what."""
    if device.conduct is None:
        return words.text("following.unknown")
    following = device.conduct.following
    said = words.code("following", following.state)
    if following.state is FollowingState.SETTLING and following.due_at is not None:
        return words.text("following.until", state=said, time=words.moment(following.due_at))
    return said


def why(words: Words, device: DeviceRow) -> Link | None:
    """Say what explains that it follows, or why nobody can tell; None where there is nothing to explain."""
    if device.conduct is None or not device.conduct.following.reason:
        return None
    return _translated(words, "", device.conduct.following.reason)


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


def _translated(words: Words, name: str, reason: str) -> Link:
    """Translate one of the controller's reasons; the words of others stay as they are."""
    key = f"rule.{re.sub(r'[^a-z]+', '_', reason)}"
    known = words.knows(key)
    return Link(name=name, said=words.text(key) if known else reason, technical=not known)


def _links(words: Words, device: DeviceRow) -> Iterator[Link]:
    def link(key: str, said: str) -> Link:
        return Link(name=words.text(f"chain.{key}"), said=said)

    conduct, asset, outcome = device.conduct, device.row.asset, device.row.outcome
    point = asset.dispatch_point
    if conduct is None or point is None:
        yield link("wanted", words.text("value.unknown"))
        return
    if conduct.wanted_kw is not None:
        wanted = command_words(words, asset, point, conduct.wanted_kw)
        level = words.code("level", conduct.level) if conduct.level is not None else ""
        yield link("wanted", f"{wanted} ({level})" if level else wanted)
    if conduct.limited_by is not None:
        yield _translated(words, words.text("chain.limited"), conduct.limited_by)
    if conduct.sent_kw is None:
        yield Link(name=words.text("chain.reason"), said=conduct.reason, technical=True)
    else:
        yield link("sent", command_words(words, asset, point, conduct.sent_kw))
    if outcome is not None and conduct.sent_kw is not None:
        held_kw = device.held_kw
        said = words.text(f"outcome.{outcome_code(outcome)}")
        held = "" if held_kw is None else command_words(words, asset, point, held_kw)
        yield link("held", f"{held} ({said})" if held else said)
    measured_kw = conduct.following.measured_kw
    if measured_kw is None:
        yield link("measured", words.text("value.unknown"))
        return
    power, word = words.power(measured_kw), direction(words, asset.kind, measured_kw)
    tolerance = words.power(conduct.following.tolerance_kw)
    yield link("measured", words.text("chain.within", power=power, word=word, tolerance=tolerance))
