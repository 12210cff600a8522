"""Reads Prometheus' text format, strictly: written from its description, sharing no code with the writer."""

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(rf'({NAME})="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)')
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


@dataclass
class Read:
    """One family: its kind, help and samples by suffix and labels."""

    kind: str
    help: str
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        return self.samples["", tuple(sorted(labels.items()))]


def read_exposition(text: str) -> dict[str, Read]:
    """Give every family by its name; any breach of the format is an AssertionError."""
    assert text.endswith("\n")
    families: dict[str, Read] = {}
    helps: dict[str, str] = {}
    present = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, words = line[len("# HELP ") :].partition(" ")
            assert name not in helps, f"{name} comes twice"
            assert words, f"{name} has no help"
            helps[name] = words
        elif line.startswith("# TYPE "):
            present, kind = line[len("# TYPE ") :].split(" ")
            assert kind in SUFFIXES, line
            assert present not in families
            families[present] = Read(kind=kind, help=helps[present])
        else:
            _sample(families[present], present, line)
    for name, family in families.items():
        _check(name, family)
    return families


def _sample(family: Read, present: str, line: str) -> None:
    found = SAMPLE.fullmatch(line)
    assert found is not None, line
    name, labels, value = found.groups()
    assert name.startswith(present), f"{name} stands under {present}"
    suffix = name[len(present) :]
    assert suffix in SUFFIXES[family.kind], line
    pairs = LABEL.findall(labels) if labels else []
    assert "".join(f'{key}="{text}",' for key, text in pairs).rstrip(",") == (labels or ""), line
    place = suffix, tuple(sorted(pairs))
    assert place not in family.samples, f"{line} comes twice"
    family.samples[place] = float(value)


def _check(name: str, family: Read) -> None:
    if family.kind == "counter":
        assert name.endswith("_total"), name
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
