"""What passes between the controller and the planner's child process: one line of canonical JSON each way."""

from dataclasses import replace

from energy.canonical import canonical_bytes, decode, parse, plain
from energy.errors import NoPlan
from energy.ports import PlanAnswer, PlanRequest


def encode_request(request: PlanRequest) -> bytes:
    """Write a request as one line."""
    return canonical_bytes(request) + b"\n"


def decode_request(line: bytes) -> PlanRequest:
    """Read a request.

    Raises:
        RecordBroken: the line is none.
    """
    return decode(PlanRequest, parse(line))


def encode_answer(answer: PlanAnswer) -> bytes:
    """Write an answer as one line; seconds on the wall travel beside the plan."""
    return canonical_bytes({"answer": plain(answer), "wall_s": dict(answer.plan.wall_s)}) + b"\n"


def encode_refusal(reason: str) -> bytes:
    """Write as one line that there is no plan, and why."""
    return canonical_bytes({"no_plan": reason}) + b"\n"


def decode_answer(line: bytes) -> PlanAnswer:
    """Read an answer.

    Raises:
        NoPlan: the planner has none; the message is its reason.
        RecordBroken: the line is no answer.
    """
    data = parse(line)
    if "no_plan" in data:
        raise NoPlan(str(data["no_plan"]))
    answer = decode(PlanAnswer, data["answer"])
    return replace(answer, plan=replace(answer.plan, wall_s=data["wall_s"]))
