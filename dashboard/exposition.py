"""Families of numbers in Prometheus' text format, version 0.0.4."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

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
    up 1.0
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Found(families))
    return generate_latest(registry).decode("utf-8")


class _Found(Collector):
    """What one scrape found; the registry lives as long as the scrape."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Give the families in the library's own form."""
        for family in self._families:
            metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
            for sample in family.samples:
                metric.add_sample(family.name + sample.suffix, dict(sample.labels), sample.value)
            yield metric
