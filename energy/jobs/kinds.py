"""The registry of kinds of jobs: what each takes, and what runs it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from energy.errors import BadInput, Fault
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.job import fault
from energy.jobs.backtest import run_asset_backtest
from energy.jobs.report import run_report
from energy.region.loader import load_region
from energy.region.model import Region

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind; ``run`` gives what JSON can carry and raises BadInput with every fault of its parameters."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    run: Callable[[Region, SqliteReader, Parameters], dict[str, Any]]


KINDS: Mapping[str, Kind] = {
    "report": Kind(needed=("from", "to"), optional=("step",), run=run_report),
    "backtest": Kind(needed=("asset",), optional=("days",), run=run_asset_backtest),
}


def faults_of_order(kind: str, parameters: Parameters) -> Iterator[Fault]:
    """Find what is wrong with the kind and the parameters' names."""
    known = KINDS.get(kind)
    if known is None:
        yield fault("kind", kind, "no such kind of job", f"use one of: {', '.join(KINDS)}")
        return
    for name in known.needed:
        if name not in parameters:
            yield fault(name, None, f"{kind} needs it", "give it")
    for name in parameters.keys() - {*known.needed, *known.optional}:
        yield fault(name, parameters[name], f"{kind} knows no such parameter", "leave it out")


def run_job(kind: str, parameters: Parameters, region_name: str, folder: Path) -> dict[str, Any]:
    """Run a job on the record of a data folder.

    Raises:
        BadInput: with everything that is wrong with it.
        StoreUnavailable: the record cannot be read.
    """
    faults = [*faults_of_order(kind, parameters)]
    if faults:
        raise BadInput(faults)
    with open_reader(folder) as reader:
        return KINDS[kind].run(load_region(region_name), reader, parameters)
