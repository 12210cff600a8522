"""What was found wrong in the data: on the record of a region, or in a file."""

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from energy.forecast.judging.backtest_options import BERLIN, kind_of
from energy.forecast.judging.table import read_table
from energy.forecast.marks.listing import listed
from energy.forecast.marks.looking import marks_of
from energy.forecast.net_load import known_by
from energy.forecast.series import History, Kind, SeriesSpec
from energy.periods import parse_utc
from energy.planning.marked import marks_on
from energy.planning.past import Past, expected_assets, series_spec
from energy.ports import MeansSource
from energy.region.model import Region

Findings = dict[str, list[dict[str, object]]]


def faults_on_record(region: Region, record: MeansSource, *, known_at: datetime) -> Findings:
    """List by asset what was found in the past that forecasts look at; assets without findings are left out.

    Raises:
        StoreUnavailable: the record cannot be read.
    """
    past = Past(region, record)
    found: Findings = {}
    for asset in expected_assets(region):
        history = past.history(asset, known_at=known_at)
        findings = listed(history, marks_on(asset, series_spec(region, asset), history))
        if findings:
            found[asset.id] = findings
    return found


def faults_in_file(path: Path, target: str, *, kind: Kind | None, rated_kw: float | None) -> Findings:
    """List what was found in a column of a CSV.

    Raises:
        BadInput: with every fault of the file.
    """
    table = read_table(path, [target])
    spec = SeriesSpec(asset_id=target, kind=kind or kind_of(target), zone=BERLIN, rated_kw=rated_kw)
    history = History(start=table.start, value=table.columns[target], step_s=table.step_s)
    proved = known_by(spec, history.value, step_s=history.step_s)
    return {target: listed(history, marks_of(proved, history))}


def within(found: Findings, start: datetime | None, end: datetime | None) -> Findings:
    """Keep findings that touch [start, end)."""
    return {
        name: [
            item
            for item in items
            if (start is None or parse_utc(str(item["to"])) > start)
            and (end is None or parse_utc(str(item["from"])) < end)
        ]
        for name, items in found.items()
    }


def print_faults(found: Mapping[str, list[dict[str, object]]]) -> None:
    """Print a line a finding."""
    lines = [
        f"{name} {item['kind']} {item['from']} to {item['to']}: {_number(item['value'])} "
        f"(usual {_number(item['usual'])}); {item['why']}; {'left out' if item['kept_out'] else 'still used'}"
        for name, items in found.items()
        for item in items
    ]
    sys.stdout.write("\n".join(lines or ["nothing was found"]) + "\n")


def _number(value: object) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else "-"
