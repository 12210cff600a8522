"""Families of numbers in Prometheus' text format, version 0.0.4."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number; ``suffix`` is put to the family's name (``_bucket``, ``_sum``, ``_count``)."""

    value: float
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Numbers of one name."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]


def text_of(families: Iterable[Family]) -> str:
    """Write families; one without samples still says what it is.

    >>> up = Family(name="up", kind="gauge", help="It runs.", samples=[Sample(value=1.0)])
    >>> print(text_of([up]), end="")
    # HELP up It runs.
    # TYPE up gauge
    up 1
    """
    return "".join(line + "\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    escaped = family.help.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {family.name} {escaped}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
        shown = f"{{{labels}}}" if labels else ""
        yield f"{family.name}{sample.suffix}{shown} {_number(sample.value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0.0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
