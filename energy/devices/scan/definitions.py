"""What SunSpec says of its models, as pysunspec2 ships it: names, offsets, types, scale factors, words.

The one place that knows the library, and only its data: the wire is ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sunspec2 import device, mb, mdef

from energy.devices.layout import ValueType

TYPES: Mapping[str, tuple[ValueType, int]] = {
    "int16": (ValueType.INT16, 0x8000),
    "uint16": (ValueType.UINT16, 0xFFFF),
    "count": (ValueType.UINT16, 0xFFFF),
    "acc16": (ValueType.UINT16, 0),
    "enum16": (ValueType.UINT16, 0xFFFF),
    "bitfield16": (ValueType.UINT16, 0xFFFF),
    "int32": (ValueType.INT32, 0x8000_0000),
    "uint32": (ValueType.UINT32, 0xFFFF_FFFF),
    "acc32": (ValueType.UINT32, 0),
    "enum32": (ValueType.UINT32, 0xFFFF_FFFF),
    "bitfield32": (ValueType.UINT32, 0xFFFF_FFFF),
    "int64": (ValueType.INT64, 0x8000_0000_0000_0000),
    "uint64": (ValueType.UINT64, 0xFFFF_FFFF_FFFF_FFFF),
    "acc64": (ValueType.UINT64, 0),
    "float32": (ValueType.FLOAT32, 0x7FC0_0000),
    "float64": (ValueType.FLOAT64, 0x7FF8_0000_0000_0000),
    "sunssf": (ValueType.INT16, 0x8000),
}
"""SunSpec's numbers in our types, with the pattern that says "not implemented" (SunSpec Device Information
Model Specification V1.1, section 4.2). An accumulator shows 0 for it."""
WORD_CHARACTERS_MAX = 80
"""What a register map takes as the word of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDefinition:
    """One point of a model: ``offset`` registers from the model's first, which holds the model's number.

    ``scale_factor`` is the name of the point that holds the power of ten, or the power itself.
    """

    name: str
    kind: str
    offset: int
    registers: int
    scale_factor: str | int | None
    words: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDefinition:
    """The points of a model's fixed part, and of a group that repeats behind it until the model ends.

    Points of the group count their offsets from the first group; each takes ``repeat_registers``, 0 where
    nothing repeats. What is nested deeper is left to itself.
    """

    model_id: int
    label: str
    points: Mapping[str, PointDefinition]
    repeated: Mapping[str, PointDefinition]
    repeat_registers: int


def source() -> str:
    """Name where the definitions come from."""
    return f"SunSpec's model definitions as pysunspec2 {version('pysunspec2')} ships them"


def definition_of(model_id: int) -> ModelDefinition | None:
    """Give a model's definition; None for a model that SunSpec does not publish (a manufacturer's own)."""
    # The library's own search would first look for the file in the working directory.
    path = Path(device.models_dir) / "json" / mdef.to_json_filename(model_id)
    if not path.is_file():
        return None
    group: dict[str, Any] = mdef.from_json_file(str(path))[mdef.GROUP]
    fixed = list(_points(group, 0))
    repeating = _repeating(group)
    repeated = [] if repeating is None else list(_points(repeating, _registers(fixed)))
    return ModelDefinition(
        model_id=model_id,
        label=str(group.get("label", group[mdef.NAME])),
        points={point.name: point for point in fixed},
        repeated={point.name: point for point in repeated},
        repeat_registers=_registers(repeated),
    )


def _repeating(group: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the one flat group behind the fixed part; None where it is not as simple as that."""
    groups: list[dict[str, Any]] = list(group.get(mdef.GROUPS) or ())
    if len(groups) != 1 or groups[0].get(mdef.GROUPS):
        return None
    return groups[0]


def _registers(points: Sequence[PointDefinition]) -> int:
    return sum(point.registers for point in points)


def _points(group: Mapping[str, Any], offset: int) -> Iterator[PointDefinition]:
    for point in group[mdef.POINTS]:
        kind = str(point[mdef.TYPE])
        size = point.get(mdef.SIZE)
        registers = int(size if size is not None else mb.point_type_info[kind].len)
        yield PointDefinition(
            name=str(point[mdef.NAME]),
            kind=kind,
            offset=offset,
            registers=registers,
            scale_factor=_scale_factor(point.get(mdef.SF)),
            words={int(symbol[mdef.VALUE]): _word(symbol) for symbol in point.get(mdef.SYMBOLS) or ()},
        )
        offset += registers


def _scale_factor(entry: object) -> str | int | None:
    if entry is None or isinstance(entry, int):
        return entry
    text = str(entry)
    return int(text) if text.lstrip("-").isdigit() else text


def _word(symbol: Mapping[str, Any]) -> str:
    return str(symbol[mdef.NAME]).lower().replace("_", " ")[:WORD_CHARACTERS_MAX]
