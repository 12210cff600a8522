"""Draws how planning grows with assets and with steps, from what the benchmark wrote.

    make -s bench ONLY=optimize_growth > growth.jsonl
    python -m tools.draw_growth --figures growth.jsonl

Two pictures on logarithmic axes: HiGHS's own time, ours outside it, and the hand-built program's outside it.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from energy.app.svg import Axis, Chart, Line, drawn

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
PREFIX = "optimize.growth_s."
LINES = (
    ("run_s", "inside HiGHS", "#6b6b6b"),
    ("own_s", "ours outside HiGHS", "#b3452b"),
    ("problem_s", "checking the inputs", "#a9730f"),
    ("hand_own_s", "by hand outside HiGHS", "#2b5c8a"),
)
PERIODS, STEPS_ASSETS = 192, 100
Point = tuple[int, int]


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    points = points_of(arguments.figures.read_text(encoding="utf-8").splitlines())
    by_assets = {assets: seen for (assets, periods), seen in points.items() if periods == PERIODS}
    by_steps = {periods: seen for (assets, periods), seen in points.items() if assets == STEPS_ASSETS}
    for name, courses, words in (
        ("optimize_growth_assets", by_assets, f"assets, over {PERIODS} quarter hours"),
        ("optimize_growth_steps", by_steps, f"quarter hours, with {STEPS_ASSETS} assets"),
    ):
        (arguments.out / f"{name}.svg").write_text(drawn(chart_of(courses, words)), encoding="utf-8")


def points_of(lines: Sequence[str]) -> dict[Point, Mapping[str, float]]:
    """Read the figures of the growth by assets and periods; other lines are left alone."""
    found: dict[Point, Mapping[str, float]] = {}
    for line in lines:
        figure = json.loads(line)
        if figure["name"].startswith(PREFIX):
            assets, periods = figure["name"].removeprefix(PREFIX).split("x")
            found[int(assets), int(periods)] = figure
    return found


def chart_of(courses: Mapping[int, Mapping[str, float]], words: str) -> Chart:
    """Plot the seconds of each part against a size, both by their powers of ten."""
    sizes = sorted(courses)
    seconds = [courses[size][what] for size in sizes for what, _name, _colour in LINES]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    return Chart(
        title="A cold plan of the linear program",
        subtitle="processor seconds, logarithmic; the identical matrix on both sides",
        x=Axis(
            label=words,
            low=math.log10(sizes[0]),
            high=math.log10(sizes[-1]),
            ticks=[(math.log10(size), f"{size:,}") for size in sizes],
        ),
        y=Axis(
            label="s",
            low=float(low),
            high=float(high),
            ticks=[(float(power), f"{10.0**power:g}") for power in range(low, high + 1)],
        ),
        lines=[
            Line(
                name=name,
                colour=colour,
                points=[(math.log10(size), math.log10(courses[size][what])) for size in sizes],
                wide=what == "own_s",
            )
            for what, name, colour in LINES
        ],
    )


if __name__ == "__main__":
    main()
