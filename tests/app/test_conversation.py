"""A conversation survives that nobody hears it, and ends the test then."""

import asyncio
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from energy.app.conversation import Conversation, Interrupted, Pause, Unbreakable, mute
from energy.domain import Point


@pytest.fixture
def broken() -> Iterator[TextIO]:
    """A pipe whose reader is gone."""
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w", buffering=1) as out:
        yield out
        mute(out)


@pytest.fixture
def dead_terminal() -> Iterator[TextIO]:
    """A terminal whose other end is gone: writing to it gives errno 5."""
    ours, theirs = os.openpty()
    os.close(ours)
    with os.fdopen(theirs, "w", buffering=1) as out:
        yield out
        mute(out)


def conversation(out: TextIO) -> Conversation:
    return Conversation(Pause(asyncio.Event()), values={Point.POWER_KW: 0.0}, yes=True, out=out)


@pytest.mark.parametrize("name", ["broken", "dead_terminal"])
async def test_saying_into_the_void_ends_the_test_and_nothing_else(
    name: str, request: pytest.FixtureRequest
) -> None:
    talk = conversation(request.getfixturevalue(name))
    talk.say("are you there?")
    assert talk.pause.is_ended
    talk.table("point", rows=[("power_kw",)])
    with pytest.raises(Interrupted):
        await talk.wait(10.0, "silence")


@pytest.mark.parametrize("name", ["broken", "dead_terminal"])
async def test_a_bar_that_nobody_sees_ends_the_test(name: str, request: pytest.FixtureRequest) -> None:
    talk = conversation(request.getfixturevalue(name))
    talk.pause.end()
    with pytest.raises(Interrupted):
        await talk.wait(10.0, "silence")


async def test_agreeing_beforehand_does_not_count_where_nobody_hears_the_question(broken: TextIO) -> None:
    talk = conversation(broken)
    with pytest.raises(Interrupted):
        await talk.consents("Write this?")


async def test_what_must_be_done_waits_though_the_test_shall_end() -> None:
    pause = Pause(asyncio.Event(), speed=100.0)
    pause.end()
    await pause.sleep(1.0)


def test_a_log_line_into_the_void_ends_nothing(dead_terminal: TextIO) -> None:
    print("device_failing", file=Unbreakable(dead_terminal), flush=True)
