"""Writes a register map as a person would: short entries on one line, patterns in hexadecimal."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from energy.devices.register_map import RegisterMap

FIRST_KEYS = ("schema_version", "product", "manufacturer", "source", "name", "table", "address", "type")
LINE_CHARACTERS_MAX = 100
PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
NOT_PLAIN = frozenset({"true", "false", "null"})


def yaml_of(content: RegisterMap, comment: Sequence[str]) -> str:
    """Give the map as the text of a file that the library reads; what stands at its default is left out."""
    lines = [f"# {line}" for line in comment]
    lines += _block(_plain(content), "")
    return "\n".join(lines) + "\n"


def _plain(item: object) -> object:
    """Turn dataclasses into dictionaries without what is at its default, and enumerations into words."""
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        fields = {
            field.name: _plain(getattr(item, field.name))
            for field in dataclasses.fields(item)
            if getattr(item, field.name) != field.default
        }
        first = [key for key in FIRST_KEYS if key in fields]
        return {key: fields[key] for key in [*first, *(key for key in fields if key not in first)]}
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, Mapping):
        return {key: _plain(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(value) for value in item]
    return item


def _block(item: object, indent: str) -> Iterator[str]:
    if isinstance(item, dict):
        for key, value in item.items():
            yield from _entry(f"{indent}{key}:", key, value, indent)
    elif isinstance(item, list):
        for value in item:
            flow = _flow(value)
            if not isinstance(value, dict) or len(flow) + len(indent) <= LINE_CHARACTERS_MAX:
                yield f"{indent}- {flow}"
                continue
            inner = list(_block(value, f"{indent}  "))
            yield f"{indent}- {inner[0].lstrip()}"
            yield from inner[1:]


def _entry(head: str, key: object, value: object, indent: str) -> Iterator[str]:
    flow = _flow(value, is_pattern=key == "not_implemented")
    long = len(head) + len(flow) > LINE_CHARACTERS_MAX
    nested = isinstance(value, dict | list) and bool(value)
    listed = isinstance(value, list) and any(isinstance(entry, dict) for entry in value)
    if nested and (long or listed):
        yield head
        yield from _block(value, f"{indent}  ")
    else:
        yield f"{head} {flow}"


def _flow(item: object, *, is_pattern: bool = False) -> str:
    if isinstance(item, dict):
        parts = (f"{key}: {_flow(value, is_pattern=key == 'not_implemented')}" for key, value in item.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(item, list):
        return "[" + ", ".join(_flow(value, is_pattern=is_pattern) for value in item) + "]"
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int) and is_pattern:
        return f"0x{item:X}"
    if isinstance(item, float):
        return repr(int(item)) if item.is_integer() and abs(item) < 1e15 else repr(item)
    if isinstance(item, int):
        return str(item)
    text = str(item)
    plain = PLAIN_WORD.fullmatch(text) and text.lower() not in NOT_PLAIN
    return text if plain else json.dumps(text, ensure_ascii=False)
