"""How much work a model may take: its size bounds the time, so the same history gives the same model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The size of one training.

    A short history gets fewer trees than ``trees_max`` (one for each ``samples_a_tree`` samples), so that
    they do not learn it by heart.
    """

    samples_max: int
    trees_max: int
    samples_a_tree: int
    learning_rate: float
    """Share of each tree's answer that is added (boosting's shrinkage)."""
    leaves_max: int
    draws: int
    """Sums of trees, each drawing features anew, that are averaged: the luck of one is a percent or two."""


FULL = Effort(
    samples_max=30_000, trees_max=240, samples_a_tree=90, learning_rate=0.06, leaves_max=24, draws=2
)
"""For a judge of one series: accuracy before time."""
LIVE = Effort(
    samples_max=30_000, trees_max=60, samples_a_tree=280, learning_rate=0.15, leaves_max=16, draws=1
)
"""For a whole region every night: a third of the time."""
