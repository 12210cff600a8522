"""Draws the pictures of docs/evaluation.md as SVG from what ``energiewaage evaluate`` wrote.

    energiewaage evaluate REGION --json --series SERIES > verdict.json
    python -m tools.draw_evaluation --verdict verdict.json --series SERIES

Two pictures: what we pay more than perfect foresight, week by week and part by part; and the worst week's
exchange as nominated, as it was, and as foresight has it.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from energy.app.svg import document, text

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 360, 80, 40, 60
PARTS = {
    "imbalance": "#b3452b",
    "energy": "#2b5c8a",
    "capacity": "#6d4c9f",
    "fuel": "#a9730f",
    "co2": "#6b6b6b",
    "wear": "#2e7d4f",
    "starts": "#8a8a2b",
    "fees": "#3b8ea5",
    "shortfall": "#d01f5a",
    "end_stores": "#9c7a53",
}
LINES = (
    ("ours.nominated_kw", "nominated", "#9a9a9a"),
    ("ours.exchange_kw", "ours", "#b3452b"),
    ("perfect_foresight.exchange_kw", "perfect foresight", "#2b5c8a"),
)
TICKS = 5


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verdict", type=Path, required=True)
    parser.add_argument("--series", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    verdict = json.loads(arguments.verdict.readtext(encoding="utf-8"))
    known = [week for week in verdict["weeks"] if week["captured"] is not None]
    worst = min(known, key=lambda week: float(week["captured"]))
    rows = arguments.series / f"week_{worst['first_day'].replace('-', '')}.csv"
    (arguments.out / "evaluation_lost.svg").writetext(lost(verdict["weeks"]), encoding="utf-8")
    (arguments.out / "evaluation_worst_week.svg").writetext(
        exchange(rows, worst["first_day"]), encoding="utf-8"
    )


def lost(weeks: Sequence[dict[str, Any]]) -> str:
    """Stack what each week loses by part, gains below the line."""
    stacks = [[(part, week["lost_eur"]["by_part"].get(part, 0.0)) for part in PARTS] for week in weeks]
    top = max(sum(value for _, value in stack if value > 0.0) for stack in stacks)
    low = min(sum(value for _, value in stack if value < 0.0) for stack in stacks)
    scale = _Scale(low=low, high=top)
    step = (WIDTH - LEFT) / len(weeks)
    shapes = []
    for index, (week, stack) in enumerate(zip(weeks, stacks, strict=True)):
        left = LEFT + index * step + 0.15 * step
        up = down = 0.0
        for part, value in stack:
            begin = up if value > 0.0 else down
            shapes.append(_bar(scale, left, 0.5 * step, begin=begin, end=begin + value, colour=PARTS[part]))
            up, down = (up + value, down) if value > 0.0 else (up, down + value)
        shapes.append(text(left, HEIGHT - BOTTOM + 18, week["first_day"]))
        share = "none" if week["captured"] is None else f"{100.0 * week['captured']:.0f} % captured"
        shapes.append(text(left, HEIGHT - BOTTOM + 34, share))
    legend = list(PARTS.items())
    return _picture("EUR a week that we pay more than perfect foresight", scale, shapes, legend)


def exchange(path: Path, first_day: str) -> str:
    """Draw the exchange of one week, import upwards."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values = {name: [float(row[name]) / 1000.0 for row in rows] for name, _, _ in LINES}
    flat = [value for series in values.values() for value in series]
    scale = _Scale(low=min(flat), high=max(flat))
    shapes = []
    for name, _, colour in LINES:
        step = (WIDTH - LEFT) / len(rows)
        points = " ".join(f"{LEFT + i * step:.1f},{scale.y(v):.1f}" for i, v in enumerate(values[name]))
        shapes.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.2"/>')
    title = f"Exchange in MW, import upwards, week from {first_day}: the one of which least was captured"
    return _picture(title, scale, shapes, [(words, colour) for _, words, colour in LINES])


class _Scale:
    """From values to heights in the picture."""

    def __init__(self, *, low: float, high: float) -> None:
        self.low, self.high = min(0.0, low), max(0.0, high)
        self._height = HEIGHT - TOP - BOTTOM

    def y(self, value: float) -> float:
        """Give the height of a value."""
        return TOP + self._height * (self.high - value) / max(1e-9, self.high - self.low)

    def ticks(self) -> Iterator[float]:
        """Give a few values to write beside the axis."""
        for index in range(TICKS + 1):
            yield self.low + (self.high - self.low) * index / TICKS


def _bar(scale: _Scale, left: float, width: float, *, begin: float, end: float, colour: str) -> str:
    top, bottom = scale.y(max(begin, end)), scale.y(min(begin, end))
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}"'
    return f'<rect {place} fill="{colour}"/>'


def _picture(title: str, scale: _Scale, shapes: list[str], legend: list[tuple[str, str]]) -> str:
    axis = [
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{scale.y(tick):.1f}" y2="{scale.y(tick):.1f}" class="grid"/>'
        + text(4, scale.y(tick) + 4, f"{tick:,.0f}")
        for tick in scale.ticks()
    ]
    keys = [
        f'<rect x="{LEFT + index * 88}" y="{HEIGHT - 16}" width="10" height="10" fill="{colour}"/>'
        + text(LEFT + index * 88 + 14, HEIGHT - 7, words)
        for index, (words, colour) in enumerate(legend)
    ]
    parts = [*axis, *shapes, *keys, text(LEFT, 20, title)]
    return document(parts, title=title, width=WIDTH, height=HEIGHT)


if __name__ == "__main__":
    main()
