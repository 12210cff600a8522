"""A backtest's report as pictures: whether the band keeps its word, and how the error grows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from energy.app.svg import Axis, Chart, Line, drawn, round_ticks
from energy.errors import BadInput, Fault

LABELS_MAX = 14
"""So many names of groups can be read along the axis; of more, only some are written."""
OURS = "#1f77c9"
RIVALS = {
    "operator": ("grid operator", "#2e9e5b"),
    "seasonal": ("seasonal rung", "#a06cd5"),
    "week": ("last week", "#d1602f"),
    "d1_known": ("day before, as known", "#8c8c8c"),
    "persistence": ("last value", "#c79a1b"),
}
GROUPS = {
    "by_lead_time": "from the gate to the period, hours",
    "by_hour": "hour of the local day",
    "by_month": "month",
}
BANDS = {"p05_p95": ("90 % band", OURS, 90.0), "p25_p75": ("50 % band", "#d1602f", 50.0)}
ZONE = (80.0, 97.0)
"""Where the 90 % band's coverage of a month or an hour is called good, in percent."""


def pictures_of(report: Mapping[str, Any]) -> dict[str, str]:
    """Give pictures by file name."""
    return {
        "reliability.svg": _reliability(report),
        "error_by_lead_time.svg": _errors(report, "by_lead_time", "Error by lead time"),
        "error_by_hour.svg": _errors(report, "by_hour", "Error by hour of the day"),
        "coverage_by_month.svg": _coverage(
            report, "by_month", "How much of the truth the bands held, by month"
        ),
        "coverage_by_hour.svg": _coverage(report, "by_hour", "How much of the truth the bands held, by hour"),
    }


def write_pictures(folder: Path, report: Mapping[str, Any]) -> None:
    """Write the pictures into a folder, which is made if it is not there.

    Raises:
        BadInput: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in pictures_of(report).items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        limit = f"cannot be written: {error.strerror}"
        mend = "name a folder that can be written"
        fault = Fault(
            file=str(folder), line=None, place="--pictures", value=str(folder), limit=limit, mend=mend
        )
        raise BadInput([fault]) from error


def _subtitle(report: Mapping[str, Any]) -> str:
    within = report["intraday"]
    how = f"every {within['every_h']} h" if within else f"day ahead, gate {report['gate']}"
    return f"{report['target']}, {report['from']} to {report['to']}, {how}, {report['n']:,} periods"


def _reliability(report: Mapping[str, Any]) -> str:
    points = [(float(name[1:]), _percent(share)) for name, share in report["reliability"].items()]
    ticks = [(float(share), f"{share} %") for share in (5, 25, 50, 75, 95)]
    return drawn(
        Chart(
            title="Reliability: on the dashed line a quantile keeps its word",
            subtitle=_subtitle(report),
            x=Axis(
                label="share of the truth that should lie below the quantile",
                low=0.0,
                high=100.0,
                ticks=ticks,
            ),
            y=Axis(label="share that did", low=0.0, high=100.0, ticks=ticks),
            lines=[Line(name="ours", colour=OURS, points=points, wide=True)],
            guides=[[(0.0, 0.0), (100.0, 100.0)]],
        )
    )


def _errors(report: Mapping[str, Any], group: str, title: str) -> str:
    scores = list(report[group].values())
    lines = [
        Line(
            name=name,
            colour=colour,
            points=[(place, score["mae_baselines"].get(key)) for place, score in enumerate(scores)],
        )
        for key, (name, colour) in RIVALS.items()
        if any(score["mae_baselines"].get(key) is not None for score in scores)
    ]
    ours = [(float(place), float(score["mae"])) for place, score in enumerate(scores)]
    lines.append(Line(name="ours", colour=OURS, points=ours, wide=True))
    highest = max(y for line in lines for _, y in line.points if y is not None)
    high, ticks = round_ticks(highest if highest > 0.0 else 1.0)
    unit = str(report["target"]).rpartition("_")[2]
    shown = {"kw": "kW", "mw": "MW", "gw": "GW"}.get(unit, unit)
    return drawn(
        Chart(
            title=f"{title}: mean absolute error in {shown}",
            subtitle=_subtitle(report),
            x=_groups(report, group),
            y=Axis(label=f"mean absolute error, {shown}", low=0.0, high=high, ticks=ticks),
            lines=lines,
        )
    )


def _coverage(report: Mapping[str, Any], group: str, title: str) -> str:
    scores = list(report[group].values())
    lines = [
        Line(
            name=f"{name} (green: good for the 90 % band)" if key == "p05_p95" else name,
            colour=colour,
            points=[(place, _percent(score["coverage"][key])) for place, score in enumerate(scores)],
            wide=True,
        )
        for key, (name, colour, _) in BANDS.items()
    ]
    ends = (-0.5, len(scores) - 0.5)
    ticks = [(float(share), f"{share} %") for share in (0, 25, 50, 75, 90, 100)]
    return drawn(
        Chart(
            title=title,
            subtitle=_subtitle(report),
            x=_groups(report, group),
            y=Axis(label="share of periods inside", low=0.0, high=100.0, ticks=ticks),
            lines=lines,
            guides=[[(end, nominal) for end in ends] for _, _, nominal in BANDS.values()],
            zone=ZONE,
        )
    )


def _groups(report: Mapping[str, Any], group: str) -> Axis:
    names = list(report[group])
    stride = -(-len(names) // LABELS_MAX)
    ticks = [(float(place), name) for place, name in enumerate(names) if place % stride == 0]
    return Axis(label=GROUPS[group], low=-0.5, high=len(names) - 0.5, ticks=ticks)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share
