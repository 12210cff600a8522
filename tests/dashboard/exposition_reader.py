"""Reads Prometheus' text format with the library's own parser, and holds it to Prometheus' conventions."""

from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

KINDS = {"histogram", "counter", "gauge"}


@dataclass
class Read:
    """One family: its kind, help and samples by suffix and labels."""

    kind: str
    help: str
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        return self.samples["", tuple(sorted(labels.items()))]


def read_exposition(text: str) -> dict[str, Read]:
    """Give every family by its name; any breach of the conventions is an AssertionError."""
    assert text.endswith("\n")
    families: dict[str, Read] = {}
    for metric in text_string_to_metric_families(text):
        assert metric.type in KINDS, metric
        assert metric.documentation, f"{metric.name} has no help"
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert name not in families, f"{name} comes twice"
        family = families[name] = Read(kind=metric.type, help=metric.documentation)
        for sample in metric.samples:
            place = sample.name.removeprefix(name), tuple(sorted(sample.labels.items()))
            assert place not in family.samples, f"{sample} comes twice"
            family.samples[place] = float(sample.value)
        _check(name, family)
    return families


def _check(name: str, family: Read) -> None:
    if family.kind == "counter":
        assert all(value >= 0.0 for value in family.samples.values())
    else:
        assert not name.endswith("_total"), name
    if family.kind == "histogram" and family.samples:
        buckets = [
            (dict(labels)["le"], value)
            for (suffix, labels), value in family.samples.items()
            if suffix == "_bucket"
        ]
        bounds = [float(bound) for bound, _ in buckets]
        counts = [value for _, value in buckets]
        assert bounds == sorted(bounds)
        assert counts == sorted(counts)
        assert buckets[-1] == ("+Inf", family.samples["_count", ()])
        assert ("_sum", ()) in family.samples
