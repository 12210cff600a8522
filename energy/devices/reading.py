"""Reads one line over a connection that stands: every block, and what each value is worth."""

from collections.abc import Sequence
from datetime import datetime

from energy.devices.line import Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.read_plan import ReadBlock
from energy.devices.sweep import Answer, Beside, Sweep
from energy.domain import Quality, Reading
from energy.errors import DeviceRefused, DeviceUnreachable


async def read_line(endpoint: ModbusEndpoint, line: Line, at: datetime, *, now_s: float) -> list[Reading]:
    """Read every block of a line; what could not be read is a communication error.

    A device that refuses a block is there all the same, and its other blocks count; one that does not answer
    is left alone until its backoff, which runs on ``now_s``, allows a try. Scale factors and what percentages
    count from are worth no more than their own block.
    """
    if (
        not _is_known(line, endpoint)
        and (unread := await _unrecognised(endpoint, line, at, now_s)) is not None
    ):
        return unread
    answers: list[Answer] = []
    refused: str | None = None
    for block in line.blocks:
        try:
            registers = await endpoint.read(line.unit, block.table, address=block.address, count=block.count)
        except DeviceRefused as error:
            refused = str(error)
            answers.append(None)
        except DeviceUnreachable as error:
            line.backoff.fail(now_s)
            line.note_failure(str(error), at)
            answers.extend([None] * (len(line.blocks) - len(answers)))
            return readings_of(line, answers, at)
        else:
            answers.append(registers)
    if not _is_known(line, endpoint):
        line.note_failure("the connection broke during the sweep: who answered its end is not known", at)
        return blank(line, line.blocks, at)
    line.note_answer()
    if refused is not None:
        line.note_failure(refused, at)
    else:
        line.note_success(at)
    return readings_of(line, answers, at)


def _is_known(line: Line, endpoint: ModbusEndpoint) -> bool:
    return line.identity.is_known(endpoint.connections)


async def _unrecognised(
    endpoint: ModbusEndpoint, line: Line, at: datetime, now_s: float
) -> list[Reading] | None:
    """Ask the device who it is; None where it is the right one, else what its sweep is worth."""
    try:
        fault = await line.identity.fault(endpoint, line.unit)
    except DeviceUnreachable as error:
        line.backoff.fail(now_s)
        line.note_failure(str(error), at)
        return blank(line, line.blocks, at)
    if fault is None:
        return None
    line.note_answer()
    line.note_failure(fault, at)
    return blank(line, line.blocks, at, quality=Quality.IMPLAUSIBLE)


def readings_of(line: Line, answers: Sequence[Answer], at: datetime) -> list[Reading]:
    """Make readings of a sweep's answers, one for each block, and remember what the device holds."""
    sweep, beside = line.decoder.read(answers)
    values, faults = sweep.values, sweep.faults
    if beside is not None and _is_stopped(line, beside, at):
        faults.update(dict.fromkeys(values, Quality.STALE))
        values.clear()
    _note_held(line, sweep, at)
    impossible = [point for point, quality in faults.items() if quality is Quality.IMPLAUSIBLE]
    if values or impossible:
        doubts = line.watch.judge(
            values,
            at_s=at.timestamp(),
            held_kw=line.held_kw,
            steps=line.decoder.steps(),
            impossible=impossible,
        )
        for point, quality in doubts.items():
            del values[point]
            faults[point] = quality
        for notice in line.watch.notices(doubts):
            line.log_notice(notice, at)
    else:
        line.watch.miss()
    asset_id, good = line.asset.id, Quality.GOOD
    readings = [
        Reading(asset_id=asset_id, point=point, value=value, quality=good, measured_at=at)
        for point, value in values.items()
    ]
    readings.extend(
        Reading(asset_id=asset_id, point=point, value=None, quality=quality, measured_at=at)
        for point, quality in faults.items()
    )
    return readings


def blank(
    line: Line, blocks: Sequence[ReadBlock], at: datetime, *, quality: Quality = Quality.COMM_ERROR
) -> list[Reading]:
    """Give no value for all of a line that was not heard, or not recognised; forget what it showed."""
    line.forget(at)
    return [
        Reading(
            asset_id=line.asset.id,
            point=slot.point,
            value=None,
            quality=quality,
            measured_at=at,
        )
        for block in blocks
        for slot in block.slots
    ]


def _is_stopped(line: Line, beside: Beside, at: datetime) -> bool:
    """Remember what stands in the steps' registers; tell whether the device's heartbeat stands still."""
    for step, number in beside.steps:
        line.note_raw(step, number)
    return line.pulse is not None and line.pulse.is_stopped(beside, at)


def _note_held(line: Line, sweep: Sweep, at: datetime) -> None:
    """Remember what the device holds in effect, and what decides whether it is written."""
    if line.command is not None:
        line.note_held(sweep.values.get(line.command.point.name), at)
    for point in line.shown_points:
        line.note_shown(point, sweep.values.get(point), sweep.faults.get(point, Quality.GOOD))
