"""A planner whose parent ended says nothing more."""

import os

from energy.planning.worker import sent


def test_an_answer_that_nobody_reads_any_more_ends_the_planner_without_a_word() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as answers:
        assert not sent(answers, b"{}\n")


def test_an_answer_is_sent_at_once() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as answers, os.fdopen(read, "rb") as stream:
        assert sent(answers, b"{}\n")
        assert stream.readline() == b"{}\n"
