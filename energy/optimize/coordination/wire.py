"""Pieces and answers as bytes between a planner and its own workers: plain arrays, nothing that executes."""

import io
import struct
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.optimize.coordination.piece import Answer, Piece
from energy.optimize.highs.program import Exclusive, Mixed

HEAD = struct.Struct("<Q")
"""Every message is led by its length."""
MESSAGE_BYTES_MAX = 1_000_000_000


def write_message(stream: BinaryIO, message: bytes) -> None:
    """Write one message."""
    stream.write(HEAD.pack(len(message)))
    stream.write(message)
    stream.flush()


def read_message(stream: BinaryIO) -> bytes | None:
    """Read one message, waiting for it; None where the other side has gone, or talks nonsense."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (size,) = HEAD.unpack(head)
    if size > MESSAGE_BYTES_MAX:
        return None
    message = stream.read(size)
    return message if len(message) == size else None


def encode_piece(piece: Piece, seconds_max: float) -> bytes:
    """Give a piece and its time limit as bytes."""
    p = piece.program
    return _packed(
        np.array([p.offset_eur, piece.gap_eur, seconds_max]),
        *(p.cost_eur, p.lower, p.upper, p.row_lower, p.row_upper, p.coefficients),
        *(p.column_start, p.row_index, p.binary, p.exclusive.first, p.exclusive.second),
    )


def decode_piece(message: bytes) -> tuple[Piece, float]:
    """Read a piece and its time limit."""
    arrays = _unpacked(message)
    scalars, cost_eur, lower, upper, row_lower, row_upper, coefficients = arrays[:7]
    column_start, row_index, binary, first, second = (array.astype(np.int64) for array in arrays[7:])
    program = Mixed(
        cost_eur=cost_eur,
        lower=lower,
        upper=upper,
        row_lower=row_lower,
        row_upper=row_upper,
        column_start=column_start,
        row_index=row_index,
        coefficients=coefficients,
        offset_eur=float(scalars[0]),
        binary=binary,
        exclusive=Exclusive(first=first, second=second),
    )
    return Piece(program=program, gap_eur=float(scalars[1])), float(scalars[2])


def encode_answer(answer: Answer | None) -> bytes:
    """Give an answer as bytes; none is an empty message."""
    if answer is None:
        return b""
    solver = np.frombuffer(answer.solver.encode(), dtype=np.uint8)
    return _packed(np.array([answer.objective_eur, answer.bound_eur]), answer.column, solver)


def decode_answer(message: bytes) -> Answer | None:
    """Read an answer."""
    if not message:
        return None
    costs_eur, column, solver = _unpacked(message)
    return Answer(
        column=column,
        objective_eur=float(costs_eur[0]),
        bound_eur=float(costs_eur[1]),
        solver=solver.tobytes().decode(),
    )


def _packed(*arrays: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    for array in arrays:
        np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def _unpacked(message: bytes) -> Sequence[FloatArray]:
    stream, arrays = io.BytesIO(message), []
    while stream.tell() < len(message):
        arrays.append(np.load(stream, allow_pickle=False))
    return arrays
