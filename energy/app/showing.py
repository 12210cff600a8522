"""How results become text for people at a terminal, or files."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict, TypeVar

from rich.console import Console
from rich.progress import Progress

from energy.domain import Forecast
from energy.errors import BadInput, Fault
from energy.periods import format_utc

T = TypeVar("T")


class ForecastRow(TypedDict):
    """One asset's forecast as JSON carries it; quantiles are p05, p25, p50, p75, p95."""

    asset: str
    model: str
    issued_at: str
    known_at: str
    start: str
    rung: NotRequired[str]
    why_not_above: NotRequired[Sequence[str]]
    quantiles_kw: list[list[float]]


def forecast_rows(forecasts: Sequence[Forecast]) -> list[ForecastRow]:
    """Turn forecasts into plain rows."""
    return [
        ForecastRow(
            asset=item.asset_id,
            model=item.model,
            issued_at=format_utc(item.issued_at),
            known_at=format_utc(item.known_at),
            start=format_utc(item.start),
            quantiles_kw=item.quantiles_kw.round(3).tolist(),
        )
        for item in forecasts
    ]


def with_progress(what: str, work: Callable[[Callable[[int, int], None]], T]) -> T:
    """Run something long with a progress bar on standard error."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return work(progress)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all.

    Raises:
        BadInput: the place cannot be written.
    """
    write_text(path, json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n", option="--out")


def write_text(path: Path, text: str, *, option: str) -> None:
    """Write a file whole or not at all; ``option`` is what named it.

    Raises:
        BadInput: the place cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        fault = Fault(
            file=str(path),
            line=None,
            place=option,
            value=str(path),
            limit=f"cannot be written: {error.strerror}",
            mend="name a file in a folder that exists and can be written",
        )
        raise BadInput([fault]) from error


def print_summary(result: Mapping[str, object]) -> None:
    """Print a headless run's figures, one a line."""
    for name, value in result.items():
        if isinstance(value, Mapping):
            text = ", ".join(f"{key} {number}" for key, number in value.items())
        elif isinstance(value, list):
            text = "; ".join(str(item) for item in value)
        else:
            text = str(value)
        sys.stdout.write(f"{name:24} {text if text else '-'}\n")
