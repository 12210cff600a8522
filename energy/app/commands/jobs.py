"""Commands for jobs: ask the running controller a long question, and see what became of it."""

import getpass
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from energy.app.commands.options import AsJson, DataFolder, RegionName, moment, print_json
from energy.app.data_folder import REQUESTS, default_folder
from energy.app.refusal import bad_option
from energy.errors import BadInput, StoreUnavailable
from energy.job import Job, JobRequest, JobState
from energy.periods import format_utc

SILENT_S = 30.0
"""Six ticks of 5 s: a controller that has not written for so long takes no job."""
WAIT_S = 360.0
"""Four jobs of 60 s before it, its own, and some ticks."""
TAKEN_S = 15.0
"""Three ticks of 5 s: by then a running controller has taken it, as it does with a request."""
LOOK_S = 0.2
JobName = Annotated[str, typer.Argument(help="report, or backtest.", metavar="KIND")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(job)
    app.command()(jobs)


def job(
    region: RegionName,
    kind: JobName,
    asset: Annotated[str | None, typer.Argument(help="Of a backtest.", metavar="ASSET")] = None,
    *,
    start: Annotated[str | None, typer.Option("--from", help="Of a report, UTC.", metavar="T")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Of a report, UTC.", metavar="T")] = None,
    step: Annotated[str | None, typer.Option("--step", help="Of a report: hour or day.")] = None,
    days: Annotated[int | None, typer.Option("--days", help="Of a backtest: the last days.")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Post it and leave.")] = False,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Ask the running controller for a report or a backtest; a child of it answers within a minute."""
    from energy.app.report_view import print_report
    from energy.app.showing import with_progress
    from energy.jobs.kinds import faults_of_order
    from energy.mailbox import Mailbox
    from energy.region.loader import load_region

    checked = load_region(region)
    folder = data if data is not None else default_folder(checked.id)
    given = {
        "asset": asset,
        "from": format_utc(moment(start, "--from")) if start is not None else None,
        "to": format_utc(moment(end, "--to")) if end is not None else None,
        "step": step,
        "days": str(days) if days is not None else None,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    faults = [*faults_of_order(kind, parameters)]
    if faults:
        raise BadInput(faults)
    request = JobRequest(
        job_id=uuid4().hex,
        kind=kind,
        parameters=parameters,
        actor=getpass.getuser(),
        made_at=_controller_time(folder),
    )
    _require_room(folder)
    with Mailbox(folder / REQUESTS) as mailbox:
        number = mailbox.post_job(request)
    if no_wait:
        _show({"job": number, "state": "posted"}, f"job {number} is posted", as_json=as_json)
        return
    ended = with_progress(f"job {number}", lambda progress: _wait(folder, number, progress))
    if ended is None:
        typer.echo(
            f"job {number} is posted, but no controller has taken it within {TAKEN_S:.0f} s: the next one"
            f" that runs here does. See `energiewaage jobs {region}`",
            err=True,
        )
        raise typer.Exit(1)
    if not ended.state.is_over:
        typer.echo(
            f"job {number}: no answer within {WAIT_S:.0f} s; see `energiewaage jobs {region}`", err=True
        )
        raise typer.Exit(1)
    if ended.state is JobState.FAILED:
        typer.echo(f"job {number} failed: {ended.reason}", err=True)
        raise typer.Exit(1)
    answer = _result(folder, number)
    result = answer["result"]
    if not as_json and kind == "report" and isinstance(result, Mapping):
        print_report(result)
    else:
        print_json(answer)


def jobs(region: RegionName, *, data: DataFolder = None, as_json: AsJson = False) -> None:
    """List the newest jobs with their states, and their results with --json."""
    from energy.jobs.record import job_reader
    from energy.region.loader import load_region

    checked = load_region(region)
    folder = data if data is not None else default_folder(checked.id)
    with job_reader(folder) as reader:
        found = reader.newest()
        if as_json:
            print_json([{**_plain(item), "result": reader.result(item.number)} for item in found])
            return
    for item in found:
        words = [f"{item.number}", f"{item.state:8}", item.request.kind, *item.request.parameters.values()]
        if item.run_s is not None:
            words.append(f"{item.run_s:.1f} s")
        typer.echo("  ".join([*words, f"by {item.request.actor}", *([item.reason] if item.reason else [])]))


def _controller_time(folder: Path) -> datetime:
    """Give the running controller's time.

    Raises:
        BadInput: none runs on the folder.
    """
    from energy.app.clock import wall_now
    from energy.historian.sqlite_reader import open_reader

    with open_reader(folder) as reader:
        found = reader.status()
    if found is None or wall_now() - found[1] > timedelta(seconds=SILENT_S):
        limit = "no controller runs here, and jobs run beside one"
        raise bad_option("--data", str(folder), limit, "start it with `energiewaage run`, or name its folder")
    return found[0].at


def _require_room(folder: Path) -> None:
    """Refuse at once what the controller would refuse with its next tick.

    Raises:
        BadInput: the queue is full.
    """
    from energy.jobs.record import job_reader
    from energy.jobs.supervisor import FULL, QUEUE_MAX

    try:
        with job_reader(folder) as reader:
            waiting = len(reader.in_state(JobState.QUEUED))
    except StoreUnavailable:
        return
    if waiting >= QUEUE_MAX:
        raise bad_option("KIND", f"{waiting} jobs wait", FULL, "see `energiewaage jobs`, and ask again")


def _wait(folder: Path, number: int, progress: Callable[[int, int], None]) -> Job | None:
    """Give the job once it is over, or as it stands when time is up; None where nobody took it."""
    from energy.jobs.record import job_reader

    found: Job | None = None
    begun_s = time.monotonic()
    while (waited_s := time.monotonic() - begun_s) < WAIT_S:
        progress(int(waited_s), int(WAIT_S))
        try:
            with job_reader(folder) as reader:
                found = reader.job(number)
        except StoreUnavailable:
            found = None
        if found is not None and found.state.is_over:
            return found
        if found is None and waited_s > TAKEN_S:
            return None
        time.sleep(LOOK_S)
    return found


def _result(folder: Path, number: int) -> dict[str, object]:
    from energy.jobs.record import job_reader

    with job_reader(folder) as reader:
        found = reader.job(number)
        result = reader.result(number)
    return {**(_plain(found) if found is not None else {}), "result": result}


def _show(value: dict[str, object], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        typer.echo(text)


def _plain(item: Job) -> dict[str, object]:
    return {
        "job": item.number,
        "kind": item.request.kind,
        "parameters": dict(item.request.parameters),
        "actor": item.request.actor,
        "made_at": format_utc(item.request.made_at),
        "state": item.state,
        "reason": item.reason,
        "run_s": item.run_s,
    }
