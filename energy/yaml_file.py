"""A YAML file that remembers on which line each of its values stands.

The one place that reads YAML: region files and register maps are checked against typed schemas here,
and every fault comes back with its file, line, value, limit and mend.

Scalars follow YAML 1.2, where only ``true`` and ``false`` are truth values, ``13:00`` is text (YAML 1.1 would
make it 780) and ``NO`` is Norway. Anchors and aliases are refused: what stands in a place must be read there.
"""

import dataclasses
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from energy.errors import BadInput, Fault, InWords, reason_of, told
from energy.plain_words import MISSING, NO_SUCH_CHOICE, UNION_TAG, Vocabulary, in_plain_words, vocabulary_of

Place = tuple[str | int, ...]
T = TypeVar("T")
SIZE_BYTES_MAX = 2_000_000
"""A region file of 1,000 assets has about 400 kB; anything over this is not one."""
DEPTH_MAX = 20
"""Our deepest files have five levels."""
SHOWN_CHARACTERS_MAX = 120


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2 (the library itself stands at 1.1)."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(f"^(?:{_pattern})$"),
        ["" if first == "\0" else first for first in _first],
    )


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
        return Fault(
            file=str(self.path),
            line=self.line(place),
            place=self._name(place),
            value=value,
            limit=limit,
            mend=mend,
        )

    def _name(self, place: Sequence[str | int]) -> str:
        """Name a place for people: an entry of a list by its id, where it has one."""
        parts: list[str] = []
        node = self.data
        for part in place:
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                node = None
            own = node.get("id") if isinstance(part, int) and isinstance(node, dict) else None
            parts.append(own if isinstance(own, str) and own else str(part))
        return ".".join(parts) or "(file)"


def read_yaml(path: Path) -> YamlFile:
    """Read one file.

    Raises:
        BadInput: the file is missing, too large, not UTF-8, or not YAML, or it repeats a key.
    """
    text = _text(path)
    try:
        _check_shape(path, text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _bad(
            path,
            mark.line + 1 if mark is not None else None,
            value=error.problem or "?",
            limit="not valid YAML",
            mend="check this line and the one above: indentation (spaces, no tabs), quotes, 'key: value'",
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _bad(
            path, line, value=error.reason, limit="not valid YAML", mend="remove the character"
        ) from error
    if root is None:
        raise _bad(path, 1, value=None, limit="the file is empty", mend="start from a shipped example")
    reading = _Reading(path=path)
    data = reading.plain(root, ())
    if reading.faults:
        raise BadInput(reading.faults)
    return YamlFile(path=path, data=data, lines=reading.lines)


def validate(file: YamlFile, schema: TypeAdapter[T]) -> T:
    """Check the file against a schema and give the typed value.

    Raises:
        BadInput: with every fault of the file.
    """
    try:
        return schema.validate_python(file.data)
    except ValidationError as error:
        vocabulary = vocabulary_of(schema.json_schema())
        details = error.errors(include_url=False)
        faults = [_fault_of(file, detail, vocabulary) for detail in details]
        raise BadInput(_one_a_place(faults)) from error


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
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _bad(
            path,
            None,
            value=reason_of(error),
            limit="the file cannot be read",
            mend="check the path and its permissions",
        ) from error
    except UnicodeDecodeError as error:
        raise _bad(
            path, None, value=f"byte {error.start}", limit="not UTF-8 text", mend="save the file as UTF-8"
        ) from error


def _check_shape(path: Path, text: str) -> None:
    """Refuse what makes a small file large or endless, before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark is not None else None
        if isinstance(event, yaml.AliasEvent):
            raise _bad(
                path,
                line,
                value=f"*{event.anchor}",
                limit="aliases are not allowed",
                mend="write the values out",
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            raise _bad(
                path,
                line,
                value=f"{depth} levels",
                limit=f"at most {DEPTH_MAX}",
                mend="check the brackets and the indentation",
            )


def _bad(path: Path, line: int | None, *, value: object, limit: str, mend: str) -> BadInput:
    return BadInput([Fault(file=str(path), line=line, place="(file)", value=value, limit=limit, mend=mend)])


@dataclass(slots=True, kw_only=True)
class _Reading:
    """Turns nodes into plain data, keeping the line of each place and every fault on the way."""

    path: Path
    lines: dict[Place, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    loader: _Loader = field(default_factory=lambda: _Loader(""))

    def plain(self, node: yaml.Node, place: Place) -> Any:
        self.lines[place] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[Hashable, Any]:
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._add(
                    line,
                    place,
                    value=InWords("a list or group"),
                    limit="a key must be text",
                    mend="write a word",
                )
                continue
            key = self._scalar(key_node, place)
            inner = (*place, key if isinstance(key, int) and not isinstance(key, bool) else str(key))
            if key in result:
                self._add(line, inner, value=key, limit="the key stands twice", mend="keep one of them")
            result[key] = self.plain(value_node, inner)
            self.lines[inner] = line
        return result

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        # An explicit tag ("!!bool maybe") lets PyYAML fail in ways of its own; "\ud800" is no character.
        try:
            value = self.loader.construct_object(node, deep=True)
            str(value).encode()
        except (yaml.YAMLError, ValueError, OverflowError, LookupError, AttributeError):
            self._add(
                node.start_mark.line + 1,
                place,
                value=str(node.value)[:SHOWN_CHARACTERS_MAX],
                limit=f"cannot be read as {node.tag}",
                mend="write a plain number or text, without a tag",
            )
            return None
        return value

    def _add(self, line: int, place: Place, *, value: object, limit: str, mend: str) -> None:
        name = ".".join(map(str, place)) or "(file)"
        self.faults.append(
            Fault(file=str(self.path), line=line, place=name, value=value, limit=limit, mend=mend)
        )


def _fault_of(file: YamlFile, detail: ErrorDetails, vocabulary: Vocabulary) -> Fault:
    location, kind = detail["loc"], detail["type"]
    place = _place_in_file(file, location)
    value: object = _shown(detail["input"])
    if kind == MISSING:
        place, value = (*place, location[-1]), None
    elif kind in UNION_TAG:
        discriminator = str(detail["ctx"]["discriminator"]).strip("'")
        place, value = (*place, discriminator), _shown(detail["ctx"].get("tag"))
    limit, mend = in_plain_words(detail, vocabulary)
    return file.fault(place, value=value, limit=limit, mend=mend)


def _one_a_place(faults: Sequence[Fault]) -> list[Fault]:
    """Join what pydantic says of a value that may be a number or a word: once for each, of one mistake."""
    joined: dict[tuple[int | None, str], Fault] = {}
    rest: list[Fault] = []
    for fault in faults:
        key = (fault.line, fault.place)
        first = joined.setdefault(key, fault)
        if first is fault:
            continue
        if fault.limit != NO_SUCH_CHOICE or first.limit == NO_SUCH_CHOICE:
            rest.append(fault)
            continue
        mend = fault.mend if fault.mend.startswith("did you mean") else f"{first.mend}, or {fault.mend}"
        joined[key] = dataclasses.replace(first, limit=f"{first.limit}, or a word", mend=mend)
    return [*joined.values(), *rest]


def _shown(value: object) -> object:
    return value[:SHOWN_CHARACTERS_MAX] if isinstance(value, str) else value if value is None else told(value)


def _place_in_file(file: YamlFile, location: Sequence[str | int]) -> Place:
    """Drop the parts of a schema location that stand for union tags, not for keys in the file."""
    place: Place = ()
    for part in location:
        if (*place, part) in file.lines:
            place = (*place, part)
    return place
