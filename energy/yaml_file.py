"""A YAML file that remembers on which line each of its values stands.

The one place that reads YAML: region files and register maps are checked against typed schemas here,
and every fault comes back with its file, line, value, limit and mend.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from energy.errors import BadInput, Fault

Place = tuple[str | int, ...]
T = TypeVar("T")
SIZE_BYTES_MAX = 2_000_000
"""A region file of 1,000 assets has about 400 kB; anything over this is not one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """The plain data of a file with the line of every place in it (first line is 1)."""

    path: Path
    data: Any
    lines: dict[Place, int]

    def line(self, place: Sequence[str | int]) -> int | None:
        """Give the line of a place, or of the nearest place around it."""
        key = tuple(place)
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def fault(self, place: Sequence[str | int], *, value: object, limit: str, mend: str) -> Fault:
        """Make a fault that points into this file."""
        name = ".".join(str(part) for part in place) or "(file)"
        return Fault(
            file=str(self.path), line=self.line(place), place=name, value=value, limit=limit, mend=mend
        )


def read_yaml(path: Path) -> YamlFile:
    """Read one file.

    Raises:
        BadInput: the file is missing, too large, not UTF-8, or not YAML, or it repeats a key.
    """
    text = _text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else None
        raise _bad(
            path,
            line,
            value=error.problem or "?",
            limit="not valid YAML",
            mend="check indentation, quotes and colons",
        ) from error
    except yaml.YAMLError as error:
        raise _bad(
            path, None, value=str(error), limit="not valid YAML", mend="save the file as UTF-8 text"
        ) from error
    if root is None:
        raise _bad(path, 1, value="", limit="the file is empty", mend="start from a shipped example")
    lines: dict[Place, int] = {}
    repeated: list[Fault] = []
    data = _plain(root, (), lines, repeated, path)
    if repeated:
        raise BadInput(repeated)
    return YamlFile(path=path, data=data, lines=lines)


def validate(file: YamlFile, schema: TypeAdapter[T]) -> T:
    """Check the file against a schema and give the typed value.

    Raises:
        BadInput: with every fault of the file.
    """
    try:
        return schema.validate_python(file.data)
    except ValidationError as error:
        raise BadInput([_fault_of(file, detail) for detail in error.errors()]) from error


def _text(path: Path) -> str:
    try:
        size_bytes = path.stat().st_size
        if size_bytes > SIZE_BYTES_MAX:
            raise _bad(
                path,
                None,
                value=f"{size_bytes} bytes",
                limit=f"at most {SIZE_BYTES_MAX} bytes",
                mend="split it",
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise _bad(
            path,
            None,
            value=error.strerror,
            limit="the file cannot be read",
            mend="check the path and its permissions",
        ) from error
    except UnicodeDecodeError as error:
        raise _bad(
            path, None, value=f"byte {error.start}", limit="not UTF-8 text", mend="save the file as UTF-8"
        ) from error


def _bad(path: Path, line: int | None, *, value: object, limit: str, mend: str) -> BadInput:
    return BadInput([Fault(file=str(path), line=line, place="(file)", value=value, limit=limit, mend=mend)])


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], faults: list[Fault], path: Path) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(key_node)
            inner = (*place, key if isinstance(key, int) else str(key))
            if key in result:
                line = key_node.start_mark.line + 1
                name = ".".join(map(str, inner))
                faults.append(
                    Fault(
                        file=str(path),
                        line=line,
                        place=name,
                        value=key,
                        limit="the key stands twice",
                        mend="keep one",
                    )
                )
            result[key] = _plain(value_node, inner, lines, faults, path)
            lines[inner] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*place, index), lines, faults, path) for index, item in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    finally:
        loader.dispose()


def _fault_of(file: YamlFile, detail: ErrorDetails) -> Fault:
    place = _place_in_file(file, detail["loc"])
    value = detail["input"]
    shown = (
        value if isinstance(value, str | int | float | bool) or value is None else f"a {type(value).__name__}"
    )
    if detail["type"] == "missing":
        return file.fault(place, value=None, limit="it is required", mend=f"add '{place[-1]}'")
    if detail["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return file.fault(
            place, value=shown, limit="no such key", mend=f"remove '{place[-1]}' or check its spelling"
        )
    return file.fault(place, value=shown, limit=detail["msg"], mend="change the value to fit")


def _place_in_file(file: YamlFile, location: Sequence[str | int]) -> Place:
    """Drop the parts of a schema location that stand for union tags, not for keys in the file."""
    place: Place = ()
    for index, part in enumerate(location):
        if (*place, part) in file.lines or index == len(location) - 1:
            place = (*place, part)
    return place
