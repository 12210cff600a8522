"""Says in plain words what a schema found wrong, for people who never read a schema.

pydantic names a fault by a type and a context; here each becomes a limit (what may stand there) and a mend.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic_core import ErrorDetails

MISSING = "missing"
UNKNOWN_KEY = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
UNION_TAG = frozenset({"union_tag_invalid", "union_tag_not_found"})
NO_SUCH_CHOICE = "there is no such choice"
_NUMBER = ("must be a number", "write it without quotes and with a decimal point, for example 12.5")
_WHOLE = ("must be a whole number", "write it without quotes and without a point, for example 502")
_GROUP = ("must be a group of 'key: value' lines", "indent its keys below it, or write {key: value}")
_FINITE = ("must be a finite number", "write the real value; there is no 'not a number' or infinity here")
_TIME = ("must be a time of day", 'write it in quotes, for example "13:00"')

_BY_TYPE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "float_type": _NUMBER,
        "float_parsing": _NUMBER,
        "int_type": _WHOLE,
        "int_parsing": _WHOLE,
        "int_from_float": _WHOLE,
        "finite_number": _FINITE,
        "bool_type": ("must be true or false", "write true or false, without quotes"),
        "bool_parsing": ("must be true or false", "write true or false, without quotes"),
        "string_type": ("must be text", "write text; put it in quotes if it looks like a number"),
        "list_type": ("must be a list", "begin each entry with '- ' on a line of its own"),
        "tuple_type": ("must be a list", "write the values as [first, second]"),
        "dict_type": _GROUP,
        "mapping_type": _GROUP,
        "dataclass_type": _GROUP,
        "model_type": _GROUP,
        "model_attributes_type": _GROUP,
        "time_type": _TIME,
        "time_parsing": _TIME,
        "invalid_key": ("a key must be text", "write the key as a word"),
    }
)

_BY_LIMIT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "greater_than": ("gt", "must be more than {}"),
        "greater_than_equal": ("ge", "must be at least {}"),
        "less_than": ("lt", "must be less than {}"),
        "less_than_equal": ("le", "must be at most {}"),
        "string_too_short": ("min_length", "must have at least {} characters"),
        "string_too_long": ("max_length", "must have at most {} characters"),
        "too_short": ("min_length", "must have at least {} entries"),
        "too_long": ("max_length", "must have at most {} entries"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a schema knows: its keys, and a sentence for each pattern that it describes."""

    keys: frozenset[str] = frozenset()
    patterns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def vocabulary_of(json_schema: Any) -> Vocabulary:
    """Collect the vocabulary of a JSON schema."""
    keys: set[str] = set()
    patterns: dict[str, str] = {}
    waiting = [json_schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            properties = node.get("properties")
            if isinstance(properties, dict):
                keys.update(properties)
            if isinstance(node.get("pattern"), str) and isinstance(node.get("description"), str):
                patterns[node["pattern"]] = node["description"]
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return Vocabulary(keys=frozenset(keys), patterns=patterns)


def in_plain_words(detail: ErrorDetails, vocabulary: Vocabulary) -> tuple[str, str]:
    """Give the limit and the mend for one of pydantic's faults."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in UNKNOWN_KEY:
        return _unknown_key(str(detail["loc"][-1]), vocabulary)
    if kind == MISSING:
        return "it is required", f"add '{detail['loc'][-1]}: ...'"
    if kind in UNION_TAG or kind in {"enum", "literal_error"}:
        return _choice(kind, context, detail["input"])
    if kind == "value_error":
        alone = isinstance(detail["input"], str)
        mend = "change the value to fit" if alone else "change the values to fit each other"
        return str(context.get("error", detail["msg"])), mend
    if kind in _BY_TYPE:
        limit, mend = _BY_TYPE[kind]
        if kind == "invalid_key" and isinstance(detail["input"], int | float):
            return limit, f"{mend}; if it is a number's decimals, write them with a point, not with a comma"
        comma = limit == _NUMBER[0] and _is_decimal_comma(detail["input"])
        return limit, "write the decimals with a point, not with a comma" if comma else mend
    fraction = kind == "less_than_equal" and context.get("le") == 1.0
    mend = "write a fraction: 0.95 is 95 %" if fraction else "change the value to fit"
    return _bound(detail, context, vocabulary), mend


def _bound(detail: ErrorDetails, context: Mapping[str, Any], vocabulary: Vocabulary) -> str:
    """Say what bounds the value: a number, a length or a form."""
    kind = detail["type"]
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return f"must be {vocabulary.patterns.get(pattern, f'text of the form {pattern}')}"
    if kind in _BY_LIMIT:
        name, sentence = _BY_LIMIT[kind]
        return sentence.format(_shown(context[name]))
    return detail["msg"]


def _unknown_key(key: str, vocabulary: Vocabulary) -> tuple[str, str]:
    close = difflib.get_close_matches(key, sorted(vocabulary.keys), n=1, cutoff=0.7)
    if close and close[0] != key:
        return "there is no such key here", f"did you mean '{close[0]}'? Else remove it"
    return "there is no such key here", "remove it, or move it to where it belongs"


def _choice(kind: str, context: Mapping[str, Any], value: object) -> tuple[str, str]:
    if kind == "union_tag_not_found":
        key = str(context["discriminator"]).strip("'")
        return "it is required: it says which kind of entry this is", f"add '{key}: ...'"
    shown = str(context.get("expected_tags", context.get("expected"))).replace(" or ", ", ")
    choices = [choice.strip("' ") for choice in shown.split(",")]
    if len(choices) == 1:
        return f"must be {choices[0]}", f"write {choices[0]}"
    wrong = context.get("tag", value)
    close = difflib.get_close_matches(str(wrong), choices, n=1, cutoff=0.7)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return NO_SUCH_CHOICE, f"{hint}choose one of: {', '.join(choices)}"


def _shown(number: Any) -> str:
    return f"{number:g}" if isinstance(number, float) and abs(number) < 1e6 else str(number)


def _is_decimal_comma(value: object) -> bool:
    return isinstance(value, str) and value.replace(",", "", 1).strip("+- ").isdecimal() and "," in value
