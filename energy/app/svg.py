"""Pictures as SVG text: axes, lines, points and a legend, readable on light and on dark paper.

A picture carries its own style, so a page only has to show it. It needs no library and no script.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 62, 92
LEGEND_PX = 7.2
"""Width of a letter in the legend, on average."""
STYLE = """
  svg { background: #ffffff; font: 13px sans-serif; }
  text { fill: #24292f; } .title { font-size: 16px; font-weight: 600; } .faint { fill: #57606a; }
  .grid { stroke: #d8dee4; } .axis { stroke: #57606a; } .zone { fill: #2e8b57; opacity: 0.13; }
  .guide { stroke: #57606a; stroke-dasharray: 5 4; fill: none; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; } text { fill: #e6edf3; } .faint { fill: #9da7b1; }
    .grid { stroke: #2d333b; } .axis { stroke: #9da7b1; } .guide { stroke: #9da7b1; } .zone { opacity: 0.25; }
  }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What runs along an edge: its words, its range, and where to write which number."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One course: points (x, y), a gap where y is None."""

    name: str
    colour: str
    points: Sequence[tuple[float, float | None]]
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A plot of lines over guides; ``zone`` is a range of y that is as it should be."""

    title: str
    subtitle: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    guides: Sequence[Sequence[tuple[float, float]]] = ()
    zone: tuple[float, float] | None = None


def drawn(chart: Chart) -> str:
    """Give the picture."""
    parts = [*_grid(chart), *_guides(chart)]
    for line in chart.lines:
        parts += _line(chart, line)
    parts += [
        text(LEFT, 24, chart.title, kind="title"),
        text(LEFT, 44, chart.subtitle, kind="faint"),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 42, chart.x.label, anchor="middle"),
        f'<g transform="rotate(-90 18 {(TOP + HEIGHT - BOTTOM) / 2})">'
        + text(18, (TOP + HEIGHT - BOTTOM) / 2, chart.y.label, anchor="middle")
        + "</g>",
        *legend({line.name: line.colour for line in chart.lines}, top=HEIGHT - 18),
    ]
    return document(parts, title=chart.title, width=WIDTH, height=HEIGHT)


def document(parts: Sequence[str], *, title: str, width: int, height: int) -> str:
    """Wrap shapes as an SVG document with the house's style."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    body = "\n".join(parts)
    return f"{head}\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n"


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> str:
    """Write words at a place."""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


def legend(names: Mapping[str, str], *, top: float) -> list[str]:
    """Write names beside their colours in one row."""
    shapes, left = [], float(LEFT)
    for name, colour in names.items():
        shapes.append(f'<rect x="{left:.0f}" y="{top - 10:.0f}" width="12" height="12" fill="{colour}"/>')
        shapes.append(text(left + 17, top, name))
        left += 34 + LEGEND_PX * len(name)
    return shapes


def round_ticks(high: float, *, count: int = 5) -> tuple[float, list[tuple[float, str]]]:
    """Give a round end at or above ``high`` and ticks from 0 to it.

    >>> round_ticks(17.3)
    (20.0, [(0.0, '0'), (5.0, '5'), (10.0, '10'), (15.0, '15'), (20.0, '20')])
    """
    size = 10.0 ** len(f"{int(high / count)}") if high >= count else 1.0
    while size > high:
        size /= 10.0
    step = next(
        factor * size / 100.0
        for factor in (1, 2, 5, 10, 20, 25, 50, 100, 200)
        if factor * size * count / 100.0 >= high
    )
    steps = int(-(-high // step))
    return step * steps, [(step * number, f"{step * number:,.6g}") for number in range(steps + 1)]


def _x(chart: Chart, value: float) -> float:
    share = (value - chart.x.low) / (chart.x.high - chart.x.low)
    return LEFT + share * (WIDTH - RIGHT - LEFT)


def _y(chart: Chart, value: float) -> float:
    share = (value - chart.y.low) / (chart.y.high - chart.y.low)
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _grid(chart: Chart) -> list[str]:
    low, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    shapes = []
    if chart.zone is not None:
        bottom, top = (_y(chart, value) for value in chart.zone)
        size = f'width="{right - LEFT}" height="{bottom - top:.1f}"'
        shapes.append(f'<rect class="zone" x="{LEFT}" y="{top:.1f}" {size}/>')
    for value, words in chart.y.ticks:
        y = _y(chart, value)
        shapes.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        shapes.append(text(LEFT - 8, y + 4, words, anchor="end"))
    for value, words in chart.x.ticks:
        x = _x(chart, value)
        shapes.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{low}" y2="{low + 5}"/>')
        shapes.append(text(x, low + 20, words, anchor="middle"))
    shapes.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{low}" y2="{low}"/>')
    return shapes


def _guides(chart: Chart) -> list[str]:
    return [
        f'<polyline class="guide" points="{_points(chart, [(x, y) for x, y in guide])}"/>'
        for guide in chart.guides
    ]


def _line(chart: Chart, line: Line) -> list[str]:
    width = 2.8 if line.wide else 1.6
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in line.points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    stroke = f'fill="none" stroke="{line.colour}" stroke-width="{width}"'
    shapes = [f'<polyline points="{_points(chart, run)}" {stroke}/>' for run in runs if len(run) > 1]
    dot = f'r="{1.2 * width:.1f}" fill="{line.colour}"'
    shapes += [
        f'<circle cx="{_x(chart, x):.1f}" cy="{_y(chart, y):.1f}" {dot}/>' for run in runs for x, y in run
    ]
    return shapes


def _points(chart: Chart, points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_x(chart, x):.1f},{_y(chart, y):.1f}" for x, y in points)
